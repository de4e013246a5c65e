//! Candidates for the corrected versions of dead letters' records, and the choice among them.

use std::collections::BTreeMap;

use super::PAGE;
use crate::delivery::dead_letters::StoredRank;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};
use huiliu_values::DeadLetterState;

/// A good record that may be the corrected version of a dead letter's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The dead letter.
    pub letter: i64,
    /// The payload in which the letter's record was received last.
    pub letter_payload: i64,
    /// Key of the record.
    pub record_key: Vec<u8>,
    /// Its number, if it is a training record.
    pub record: Option<i64>,
    /// The batch that received it.
    pub batch: i64,
    /// Where it stood there.
    pub address: String,
    /// Its rank among versions.
    pub rank: StoredRank,
    /// Whether that batch stored it, rather than received it again.
    pub is_new: bool,
    /// Whether it stood where the faulty row stood.
    pub same_place: bool,
    /// Whether a person has said that it is another record.
    pub is_rejected: bool,
}

/// Loads the candidates of open dead letters, and of the other open letters that share a candidate with them. A candidate is
/// newer than what is parked of its letter.
///
/// # Errors
/// [`StoreError`].
pub async fn load_candidates(tx: &mut Tx, letters: &[i64]) -> Result<Vec<Candidate>, StoreError> {
    if letters.is_empty() {
        return Ok(vec![]);
    }
    let rows = tx
        .fetch_rows_with(
            "SELECT DISTINCT o.dead_letter_id AS letter, lb.payload_id AS letter_payload, o.record_key AS record_key,
                    o.batch_id AS batch_id, o.address AS address, o.source_version AS source_version,
                    o.row_index AS row_index, o.is_new AS is_new, o.same_place AS same_place, o.state AS state,
                    t.id AS record_id
             FROM {rows} {join letter_successor c ON c.dead_letter_id = incoming.id}
             {join dead_letter mine ON mine.id = c.dead_letter_id}
             {join letter_successor o ON o.record_key = c.record_key}
             {join dead_letter d ON d.id = o.dead_letter_id AND d.source_id = mine.source_id AND d.stream = mine.stream}
             {join batch b ON b.id = o.batch_id}
             {left join training_record t ON t.record_key = o.record_key AND t.source_id = d.source_id AND t.stream = d.stream}
             {join batch lb ON lb.id = (SELECT max(g.batch_id) FROM dead_letter_sighting g
               WHERE g.dead_letter_id = d.id AND g.outcome = 'parked')}
             WHERE d.state = 'open' AND o.state <> 'beside' AND lb.payload_id < b.payload_id",
            vec![],
            Rows::new().int("id", letters.iter().copied().map(Some)),
        )
        .await?;
    rows.iter().map(parse_candidate).collect()
}

fn parse_candidate(row: &Row) -> Result<Candidate, StoreError> {
    let (version, batch, index) = (row.int("source_version")?, row.int("batch_id")?, row.int("row_index")?);
    Ok(Candidate {
        letter: row.int("letter")?,
        letter_payload: row.int("letter_payload")?,
        record_key: row.bytes("record_key")?,
        record: row.opt_int("record_id")?,
        batch,
        address: row.text("address")?,
        rank: (version, batch, index),
        is_new: row.int("is_new")? == 1,
        same_place: row.int("same_place")? == 1,
        is_rejected: row.text("state")? == "rejected",
    })
}

/// How a dead letter was closed by its successor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedSuccessor {
    /// The dead letter.
    pub letter: i64,
    /// Number of the record, if it is a training record.
    pub record: Option<i64>,
    /// The batch that received it.
    pub batch: i64,
    /// Where the record stood there.
    pub address: String,
    /// Who accepted it: a person, or a manifest such as `county@3`.
    pub by: String,
    /// Why, if a person did.
    pub because: Option<String>,
}

/// Loads the accepted successors of dead letters.
///
/// # Errors
/// [`StoreError`].
pub async fn load_accepted(tx: &mut Tx, letters: &[i64]) -> Result<Vec<AcceptedSuccessor>, StoreError> {
    if letters.is_empty() {
        return Ok(vec![]);
    }
    let rows = tx
        .fetch_rows_with(
            "SELECT c.dead_letter_id AS letter, c.batch_id AS batch_id, c.address AS address, c.decided_by AS decided_by,
                    c.because AS because, t.id AS record_id
             FROM {rows} {join letter_successor c ON c.dead_letter_id = incoming.id AND c.state = 'accepted'}
             {join dead_letter d ON d.id = c.dead_letter_id}
             {left join training_record t ON t.record_key = c.record_key AND t.source_id = d.source_id AND t.stream = d.stream}",
            vec![],
            Rows::new().int("id", letters.iter().copied().map(Some)),
        )
        .await?;
    let accepted = |row: &Row| {
        Ok(AcceptedSuccessor {
            letter: row.int("letter")?,
            record: row.opt_int("record_id")?,
            batch: row.int("batch_id")?,
            address: row.text("address")?,
            by: row.text("decided_by")?,
            because: row.opt_text("because")?,
        })
    };
    rows.iter().map(accepted).collect()
}

/// Loads the states of dead letters, by number. Numbers that do not exist are left out.
///
/// # Errors
/// [`StoreError`].
pub async fn load_states(tx: &mut Tx, letters: &[i64]) -> Result<BTreeMap<i64, DeadLetterState>, StoreError> {
    let rows = tx
        .fetch_rows_with(
            "SELECT d.id AS id, d.state AS state FROM {rows} {join dead_letter d ON d.id = incoming.id}",
            vec![],
            Rows::new().int("id", letters.iter().copied().map(Some)),
        )
        .await?;
    rows.iter().map(|row| Ok((row.int("id")?, row.parse_text("state")?))).collect()
}

/// Lists open dead letters of a source that have candidates, after a number: at most a thousand.
///
/// # Errors
/// [`StoreError`].
pub async fn list_letters_with_candidates(db: &Db, source: &str, after: i64) -> Result<Vec<i64>, StoreError> {
    let rows = db
        .fetch_rows(
            "SELECT d.id AS id FROM dead_letter d JOIN source s ON s.id = d.source_id
             WHERE d.state = 'open' AND s.name = $1 AND d.id > $2
               AND EXISTS (SELECT 1 FROM letter_successor c WHERE c.dead_letter_id = d.id AND c.state = 'noticed')
             ORDER BY d.id LIMIT $3",
            vec![source.into(), after.into(), PAGE.into()],
        )
        .await?;
    rows.iter().map(|row| row.int("id")).collect()
}

/// Chooses the probable successor of each letter, if there is exactly one.
///
/// A record that was stored since the letter is preferred to one that was there before and came again; among several, the
/// one in the letter's own place. A record that was there before counts only in that place, and if it was not beside the
/// letter in its payload. Of two letters of one payload
/// with the same record, only the one in whose place it stands has it.
#[must_use]
pub fn choose_successors(candidates: &[Candidate]) -> BTreeMap<i64, &Candidate> {
    let mut of_letter: BTreeMap<i64, Vec<&Candidate>> = BTreeMap::new();
    let mut of_record: BTreeMap<&[u8], Vec<&Candidate>> = BTreeMap::new();
    for candidate in candidates.iter().filter(|candidate| !candidate.is_rejected) {
        of_letter.entry(candidate.letter).or_default().push(candidate);
        of_record.entry(&candidate.record_key).or_default().push(candidate);
    }
    let is_shared = |chosen: &Candidate| {
        let rivals = of_record.get(chosen.record_key.as_slice()).into_iter().flatten();
        rivals.into_iter().any(|rival| {
            let is_rival = rival.letter != chosen.letter && rival.letter_payload == chosen.letter_payload;
            is_rival && (rival.same_place || !chosen.same_place)
        })
    };
    let choose = |of: &[&'_ Candidate]| -> Option<usize> {
        let places = |wanted: &dyn Fn(&Candidate) -> bool| -> Vec<usize> {
            (0..of.len()).filter(|nth| wanted(of[*nth])).collect()
        };
        let new = places(&|candidate| candidate.is_new);
        let in_place = match new.len() {
            0 => places(&|candidate| candidate.same_place),
            1 => new,
            _ => places(&|candidate| candidate.is_new && candidate.same_place),
        };
        if let [only] = in_place.as_slice() { Some(*only) } else { None }
    };
    of_letter
        .into_iter()
        .filter_map(|(letter, of)| Some((letter, of[choose(&of)?])))
        .filter(|(_, chosen)| !is_shared(chosen))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(letter: i64, record: u8, is_new: bool, same_place: bool) -> Candidate {
        Candidate {
            letter,
            letter_payload: 1,
            record_key: vec![record],
            record: None,
            batch: 9,
            address: String::new(),
            rank: (0, 9, 0),
            is_new,
            same_place,
            is_rejected: false,
        }
    }

    fn chosen(candidates: &[Candidate]) -> Vec<(i64, u8)> {
        choose_successors(candidates).iter().map(|(letter, of)| (*letter, of.record_key[0])).collect()
    }

    #[test]
    fn one_new_record_is_the_successor() {
        assert_eq!(chosen(&[candidate(1, 1, true, false), candidate(1, 2, false, true)]), [(1, 1)]);
    }

    #[test]
    fn among_several_the_place_decides() {
        assert_eq!(chosen(&[candidate(1, 1, true, false), candidate(1, 2, true, true)]), [(1, 2)]);
        assert_eq!(chosen(&[candidate(1, 1, true, false), candidate(1, 2, true, false)]), []);
    }

    #[test]
    fn a_record_that_was_there_before_counts_in_its_place_only() {
        assert_eq!(chosen(&[candidate(1, 1, false, false)]), []);
        assert_eq!(chosen(&[candidate(1, 1, false, true)]), [(1, 1)]);
    }

    #[test]
    fn one_record_is_not_two_rows_of_one_payload() {
        assert_eq!(chosen(&[candidate(1, 1, true, false), candidate(2, 1, true, false)]), []);
        assert_eq!(chosen(&[candidate(1, 1, true, true), candidate(2, 1, true, false)]), [(1, 1)]);
        let later = Candidate { letter_payload: 2, ..candidate(2, 1, true, false) };
        assert_eq!(chosen(&[candidate(1, 1, true, false), later]), [(1, 1), (2, 1)]);
    }

    #[test]
    fn a_rejected_record_is_none() {
        assert_eq!(chosen(&[Candidate { is_rejected: true, ..candidate(1, 1, true, true) }]), []);
    }
}
