//! Candidates for the corrected versions of dead letters' records, and the choice among them.

use std::collections::BTreeMap;

use super::PAGE;
use super::receipt::Receipt;
use crate::delivery::dead_letters::{self, StoredRank};
use crate::sql::db::Tx;
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};
use huiliu_values::DeadLetterState;

/// A good record that may be the corrected version of a dead letter's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The dead letter.
    pub letter: i64,
    /// Where the letter's record was received last.
    pub letter_receipt: Receipt,
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
    /// Whether its key was received for the first time after the letter's record.
    pub is_new: bool,
    /// Whether it stood where the faulty row stood.
    pub same_place: bool,
    /// What was decided of it.
    pub state: CandidateState,
}

/// What was decided of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CandidateState {
    /// Nothing yet.
    Noticed,
    /// It is the corrected version of the letter's record.
    Accepted,
    /// A person has said that it is another record.
    Rejected,
}

/// Loads the candidates of open dead letters, and those of other letters that share a record with them. A candidate is newer than
/// everything that is parked of its letter, and was received in another list.
///
/// # Errors
/// [`StoreError`].
pub async fn load_candidates(tx: &mut Tx, letters: &[i64]) -> Result<Vec<Candidate>, StoreError> {
    if letters.is_empty() {
        return Ok(vec![]);
    }
    let rows = tx
        .fetch_rows_with(
            "SELECT DISTINCT o.dead_letter_id AS letter, o.record_key AS record_key, o.batch_id AS batch_id,
                    o.address AS address, o.source_version AS source_version, o.row_index AS row_index,
                    CASE WHEN o.letter_batch_id = lb.id THEN o.is_new ELSE 0 END AS is_new, o.same_place AS same_place,
                    o.state AS state, t.id AS record_id, lp.id AS letter_payload, lp.run_id AS letter_run,
                    lp.address AS letter_file, p.id AS payload_id, p.run_id AS run_id, p.address AS file
             FROM {rows} {join letter_successor c ON c.dead_letter_id = incoming.id}
             {join dead_letter mine ON mine.id = c.dead_letter_id}
             {join letter_successor o ON o.record_key = c.record_key}
             {join dead_letter d ON d.id = o.dead_letter_id AND d.source_id = mine.source_id AND d.stream = mine.stream}
             {join batch b ON b.id = o.batch_id} {join payload p ON p.id = b.payload_id}
             {left join training_record t ON t.record_key = o.record_key AND t.source_id = d.source_id AND t.stream = d.stream}
             {join batch lb ON lb.id = (SELECT max(g.batch_id) FROM dead_letter_sighting g WHERE g.dead_letter_id = d.id)}
             {join payload lp ON lp.id = lb.payload_id}
             WHERE o.state = 'accepted' OR d.state = 'open' AND lp.id < p.id AND NOT EXISTS (SELECT 1
               FROM dead_letter_sighting g WHERE g.dead_letter_id = d.id AND g.outcome = 'parked' AND (g.source_version IS NULL
                 OR (g.source_version, g.batch_id, g.record_index) >= (o.source_version, o.batch_id, o.row_index)))",
            vec![],
            Rows::new().int("id", letters.iter().copied().map(Some)),
        )
        .await?;
    let mut candidates = Vec::with_capacity(rows.len());
    for row in &rows {
        let candidate = parse_candidate(row)?;
        let receipt = Receipt { payload: row.int("payload_id")?, run: row.int("run_id")?, file: row.text("file")? };
        if candidate.state == CandidateState::Accepted || !candidate.letter_receipt.is_one_list_with(&receipt) {
            candidates.push(candidate);
        }
    }
    Ok(candidates)
}

fn parse_candidate(row: &Row) -> Result<Candidate, StoreError> {
    let (version, batch, index) = (row.int("source_version")?, row.int("batch_id")?, row.int("row_index")?);
    Ok(Candidate {
        letter: row.int("letter")?,
        letter_receipt: Receipt {
            payload: row.int("letter_payload")?,
            run: row.int("letter_run")?,
            file: row.text("letter_file")?,
        },
        record_key: row.bytes("record_key")?,
        record: row.opt_int("record_id")?,
        batch,
        address: row.text("address")?,
        rank: (version, batch, index),
        is_new: row.int("is_new")? == 1,
        same_place: row.int("same_place")? == 1,
        state: match row.text("state")?.as_str() {
            "accepted" => CandidateState::Accepted,
            "rejected" => CandidateState::Rejected,
            _ => CandidateState::Noticed,
        },
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

/// Locks dead letters, and loads their states by number. Numbers that do not exist are left out.
///
/// # Errors
/// [`StoreError`].
pub async fn load_states(tx: &mut Tx, letters: &[i64]) -> Result<BTreeMap<i64, DeadLetterState>, StoreError> {
    dead_letters::lock_dead_letters(tx, letters).await?;
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
pub async fn list_letters_with_candidates(tx: &mut Tx, source: &str, after: i64) -> Result<Vec<i64>, StoreError> {
    let rows = tx
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
/// It is a record whose key was never received before the letter's record; among several such records, the one in the letter's own
/// place. Of two letters of one list with the same record, only the one in whose place it stands has it, unless it was accepted
/// for one of them. A record that was there before is no probable successor: it may be a namesake's.
#[must_use]
pub fn choose_successors(candidates: &[Candidate]) -> BTreeMap<i64, &Candidate> {
    let mut of_letter: BTreeMap<i64, Vec<&Candidate>> = BTreeMap::new();
    let mut of_record: BTreeMap<&[u8], Vec<&Candidate>> = BTreeMap::new();
    for candidate in candidates.iter().filter(|of| of.state != CandidateState::Rejected) {
        of_record.entry(&candidate.record_key).or_default().push(candidate);
        if candidate.state == CandidateState::Noticed && candidate.is_new {
            of_letter.entry(candidate.letter).or_default().push(candidate);
        }
    }
    let is_shared = |chosen: &Candidate| {
        let rivals = of_record.get(chosen.record_key.as_slice()).into_iter().flatten();
        rivals.into_iter().any(|rival| {
            let is_rival =
                rival.letter != chosen.letter && rival.letter_receipt.is_one_list_with(&chosen.letter_receipt);
            let is_nearer = rival.same_place || !chosen.same_place || rival.state == CandidateState::Accepted;
            is_rival && is_nearer
        })
    };
    let mut chosen = BTreeMap::new();
    for (letter, of) in of_letter {
        let in_place: Vec<&Candidate> = of.iter().copied().filter(|candidate| candidate.same_place).collect();
        let only = match (of.as_slice(), in_place.as_slice()) {
            ([only], _) | (_, [only]) => *only,
            _ => continue,
        };
        if !is_shared(only) {
            chosen.insert(letter, only);
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(letter: i64, record: u8, is_new: bool, same_place: bool) -> Candidate {
        Candidate {
            letter,
            letter_receipt: Receipt { payload: 1, run: 1, file: String::new() },
            record_key: vec![record],
            record: None,
            batch: 9,
            address: String::new(),
            rank: (0, 9, 0),
            is_new,
            same_place,
            state: CandidateState::Noticed,
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
    fn a_record_that_was_there_before_is_none() {
        assert_eq!(chosen(&[candidate(1, 1, false, false)]), []);
        assert_eq!(chosen(&[candidate(1, 1, false, true)]), []);
    }

    #[test]
    fn one_record_is_not_two_rows_of_one_list() {
        assert_eq!(chosen(&[candidate(1, 1, true, false), candidate(2, 1, true, false)]), []);
        assert_eq!(chosen(&[candidate(1, 1, true, true), candidate(2, 1, true, false)]), [(1, 1)]);
        let receipt = Receipt { payload: 2, run: 2, file: String::new() };
        let later = Candidate { letter_receipt: receipt, ..candidate(2, 1, true, false) };
        assert_eq!(chosen(&[candidate(1, 1, true, false), later]), [(1, 1), (2, 1)]);
    }

    #[test]
    fn a_record_that_was_accepted_for_one_row_is_not_another_row_of_that_list() {
        let accepted = Candidate { state: CandidateState::Accepted, ..candidate(1, 1, true, true) };
        assert_eq!(chosen(&[accepted, candidate(2, 1, true, true)]), []);
    }

    #[test]
    fn a_rejected_record_is_none() {
        let rejected = Candidate { state: CandidateState::Rejected, ..candidate(1, 1, true, true) };
        assert_eq!(chosen(&[rejected]), []);
    }
}
