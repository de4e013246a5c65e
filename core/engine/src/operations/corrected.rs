//! Dead letters whose records were probably corrected under another key: says by what, closes them, and opens them again.

use std::collections::BTreeMap;

use huiliu_messages::said_in_english;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::act::{Act, AuditEntry};
use super::decisions::Mode;
use super::error::{NotFound, OperationError};
use super::filters;
use super::registry_access::RegistryAccess;
use crate::conflicts::Retries;
use crate::database::OpenDatabase;
use huiliu_store::admin::filter::RowFilter;
use huiliu_store::admin::letters::LetterRow;
use huiliu_store::delivery::successors::{self, AcceptedSuccessor, Candidate, CandidateState};
use huiliu_store::{StoreError, Tx};
use huiliu_values::DeadLetterState;

/// The most letters that an audit entry names; it gives the number of all.
const MAX_NAMED: usize = 1_000;

/// Why dead letters are neither closed nor opened again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum CorrectedRefused {
    /// No record was found that the letter's record was probably corrected to.
    #[serde(rename = "dead_letter.not_corrected")]
    NotCorrected { dead_letter: i64 },
    /// Several records may be the corrected one.
    #[serde(rename = "dead_letter.ambiguous")]
    Ambiguous { dead_letter: i64, candidates: usize },
    /// No dead letter of the source has a record that it was probably corrected to.
    #[serde(rename = "dead_letter.nothing_corrected")]
    Nothing { source: String },
    /// The letter was not closed by a corrected record.
    #[serde(rename = "dead_letter.not_closed")]
    NotClosed { dead_letter: i64 },
}

said_in_english!(CorrectedRefused);

impl CorrectedRefused {
    /// Returns a stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotCorrected { .. } => "dead_letter.not_corrected",
            Self::Ambiguous { .. } => "dead_letter.ambiguous",
            Self::Nothing { .. } => "dead_letter.nothing_corrected",
            Self::NotClosed { .. } => "dead_letter.not_closed",
        }
    }

    /// Returns whether the user must change the request; always true.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        true
    }
}

/// The record that a dead letter's record was corrected to, or probably was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CorrectedBy {
    /// Number of the training record; `null` for a row of a roster.
    pub record: Option<i64>,
    /// Number of the batch that received it.
    pub batch: i64,
    /// Where it stands: page item or file line.
    pub address: String,
    /// Who closed the letter by it: a person, or a manifest such as `county@3`; `null` while it is open.
    pub accepted_by: Option<String>,
    /// Why, if a person did.
    pub because: Option<String>,
}

impl CorrectedBy {
    fn from_candidate(of: &Candidate) -> Self {
        let address = of.address.clone();
        Self { record: of.record, batch: of.batch, address, accepted_by: None, because: None }
    }

    fn from_accepted(of: AcceptedSuccessor) -> Self {
        let AcceptedSuccessor { record, batch, address, by, because, .. } = of;
        Self { record, batch, address, accepted_by: Some(by), because }
    }
}

/// A dead letter, and the record that it was corrected to.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LetterShown {
    /// The dead letter.
    #[serde(flatten)]
    pub letter: LetterRow,
    /// The record that its record was corrected to, or probably was.
    pub corrected_by: Option<CorrectedBy>,
    /// Where it is open: all records that may be the corrected one.
    pub candidates: Vec<CorrectedBy>,
}

/// Adds to dead letters by what they were probably corrected.
pub(super) async fn add_corrections(
    opened: &OpenDatabase,
    letters: Vec<LetterRow>,
) -> Result<Vec<LetterShown>, StoreError> {
    let in_state = |wanted: fn(DeadLetterState) -> bool| {
        letters.iter().filter(|row| wanted(row.state)).map(|row| row.dead_letter).collect::<Vec<_>>()
    };
    let mut tx = opened.db.begin_read_only().await?;
    let found = successors::load_candidates(&mut tx, &in_state(|state| state == DeadLetterState::Open)).await?;
    let accepted = successors::load_accepted(&mut tx, &in_state(|state| state == DeadLetterState::Closed)).await?;
    let mut accepted: BTreeMap<i64, AcceptedSuccessor> = accepted.into_iter().map(|of| (of.letter, of)).collect();
    let chosen = successors::choose_successors(&found);
    let mut of_letter: BTreeMap<i64, Vec<CorrectedBy>> = BTreeMap::new();
    for of in found.iter().filter(|of| of.state == CandidateState::Noticed) {
        of_letter.entry(of.letter).or_default().push(CorrectedBy::from_candidate(of));
    }
    let shown = letters.into_iter().map(|letter| {
        let number = letter.dead_letter;
        let corrected_by = match chosen.get(&number) {
            Some(candidate) => Some(CorrectedBy::from_candidate(candidate)),
            None => accepted.remove(&number).map(CorrectedBy::from_accepted),
        };
        LetterShown { letter, corrected_by, candidates: of_letter.remove(&number).unwrap_or_default() }
    });
    Ok(shown.collect())
}

/// Which dead letters to close.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LetterSelection {
    /// These. Each must have been corrected.
    Numbers(Vec<i64>),
    /// This one, by the training record of this number.
    ByRecord {
        /// Number of the letter.
        dead_letter: i64,
        /// Number of the record.
        record: i64,
    },
    /// All of a source that were probably corrected.
    Source(String),
}

/// A dead letter that was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ClosedLetter {
    /// The letter's number.
    pub dead_letter: i64,
    /// The record that it was corrected to.
    pub corrected_by: CorrectedBy,
}

/// Dead letters that were closed because their records were corrected, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ClosedLetters {
    /// Whether this is only a plan, with nothing changed.
    pub planned: bool,
    /// The letters, by number.
    pub dead_letters: Vec<ClosedLetter>,
    /// Number of raw records that count as superseded from now on.
    pub raw_records: usize,
}

/// Closes dead letters whose records were corrected under another key, or only returns which. Their raw records count as
/// superseded. [`reopen`] takes that back.
///
/// # Errors
/// [`NotFound::DeadLetter`]; [`CorrectedRefused`]; [`OperationError::Filter`] if there is no such source.
pub async fn close(
    access: RegistryAccess<'_>,
    act: Act<'_>,
    mode: Mode,
    selection: &LetterSelection,
) -> Result<ClosedLetters, OperationError> {
    let mut retries = Retries::default();
    loop {
        match try_closing(access, act, mode, selection).await {
            Err(OperationError::Store(fault)) if retries.try_again(&fault) => {}
            closed => return closed,
        }
    }
}

async fn try_closing(
    access: RegistryAccess<'_>,
    act: Act<'_>,
    mode: Mode,
    selection: &LetterSelection,
) -> Result<ClosedLetters, OperationError> {
    let opened = access.opened;
    let mut done = ClosedLetters { planned: mode == Mode::Plan, dead_letters: vec![], raw_records: 0 };
    let mut tx = opened.db.begin().await?;
    match selection {
        LetterSelection::Numbers(numbers) => {
            let candidates = load_named(&mut tx, numbers).await?;
            let chosen = choose_named(numbers, &candidates)?;
            close_chosen(&mut tx, act, &chosen, &mut done).await?;
        }
        LetterSelection::ByRecord { dead_letter, record } => {
            let candidates = load_named(&mut tx, &[*dead_letter]).await?;
            let is_named = |of: &&Candidate| of.letter == *dead_letter && of.record == Some(*record);
            let named = candidates.iter().find(is_named);
            let named = named.ok_or(CorrectedRefused::NotCorrected { dead_letter: *dead_letter })?;
            close_chosen(&mut tx, act, &[(*dead_letter, named)].into(), &mut done).await?;
        }
        LetterSelection::Source(source) => {
            let of = RowFilter { source: Some(source.clone()), ..RowFilter::default() };
            filters::check_filter(access, &of).await?;
            let mut after = 0;
            loop {
                let letters = successors::list_letters_with_candidates(&mut tx, source, after).await?;
                let Some(last) = letters.last() else { break };
                after = *last;
                let candidates = load_named(&mut tx, &letters).await?;
                let mut chosen = successors::choose_successors(&candidates);
                chosen.retain(|letter, _| letters.binary_search(letter).is_ok());
                close_chosen(&mut tx, act, &chosen, &mut done).await?;
            }
            if done.dead_letters.is_empty() {
                return Err(CorrectedRefused::Nothing { source: source.clone() }.into());
            }
        }
    }
    if mode == Mode::Plan {
        tx.roll_back().await?;
        return Ok(done);
    }
    let numbers: Vec<i64> = done.dead_letters.iter().map(|of| of.dead_letter).collect();
    let object = match (&numbers[..], selection) {
        ([number], _) => format!("dead letter {number}"),
        (_, LetterSelection::Source(source)) => format!("source {source}"),
        _ => "dead letter".to_owned(),
    };
    let detail = json!({ "count": numbers.len(), "dead_letters": numbers.iter().take(MAX_NAMED).collect::<Vec<_>>() });
    act.commit_with_audit(tx, opened, AuditEntry { action: "dead_letter.close", object, detail }).await?;
    Ok(done)
}

/// Loads the candidates of dead letters, all of which must be open, and locks the letters.
async fn load_named(tx: &mut Tx, numbers: &[i64]) -> Result<Vec<Candidate>, OperationError> {
    let states = successors::load_states(tx, numbers).await?;
    for number in numbers {
        match states.get(number) {
            None => return Err(NotFound::DeadLetter { dead_letter: *number }.into()),
            Some(DeadLetterState::Open) => {}
            Some(_) => return Err(OperationError::DeadLetterNotOpen { dead_letter: *number }),
        }
    }
    Ok(successors::load_candidates(tx, numbers).await?)
}

/// Chooses the successor of each dead letter that a person names. Such a letter may also have a single candidate that is not
/// probable by itself, or that was rejected before.
fn choose_named<'c>(
    numbers: &[i64],
    candidates: &'c [Candidate],
) -> Result<BTreeMap<i64, &'c Candidate>, CorrectedRefused> {
    let probable = successors::choose_successors(candidates);
    let mut chosen = BTreeMap::new();
    for number in numbers {
        let in_state = |state: CandidateState| -> Vec<&Candidate> {
            candidates.iter().filter(|of| of.letter == *number && of.state == state).collect()
        };
        let (noticed, rejected) = (in_state(CandidateState::Noticed), in_state(CandidateState::Rejected));
        let successor = match (probable.get(number), noticed.as_slice(), rejected.as_slice()) {
            (Some(successor), ..) => *successor,
            (None, [only], _) | (None, [], [only]) => *only,
            (None, [], _) => return Err(CorrectedRefused::NotCorrected { dead_letter: *number }),
            (None, several, _) => {
                return Err(CorrectedRefused::Ambiguous { dead_letter: *number, candidates: several.len() });
            }
        };
        chosen.insert(*number, successor);
    }
    Ok(chosen)
}

async fn close_chosen(
    tx: &mut Tx,
    act: Act<'_>,
    chosen: &BTreeMap<i64, &Candidate>,
    done: &mut ClosedLetters,
) -> Result<(), OperationError> {
    if chosen.is_empty() {
        return Ok(());
    }
    let closed = |(letter, of): (&i64, &&Candidate)| ClosedLetter {
        dead_letter: *letter,
        corrected_by: CorrectedBy::from_candidate(of),
    };
    done.dead_letters.extend(chosen.iter().map(closed));
    done.raw_records += successors::accept_successors(tx, chosen, act.actor, act.because).await?;
    Ok(())
}

/// A dead letter that is open again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Reopened {
    /// The letter's number.
    pub dead_letter: i64,
    /// Always `open`.
    pub state: DeadLetterState,
}

/// Opens a dead letter again that a corrected record has closed. That record closes it no more, unless a person says so.
///
/// # Errors
/// [`CorrectedRefused::NotClosed`].
pub async fn reopen(opened: &OpenDatabase, act: Act<'_>, dead_letter: i64) -> Result<Reopened, OperationError> {
    let mut tx = opened.db.begin().await?;
    if !successors::reject_successor(&mut tx, dead_letter, act.actor, act.because).await? {
        return Err(CorrectedRefused::NotClosed { dead_letter }.into());
    }
    let entry = AuditEntry::new("dead_letter.reopen", format!("dead letter {dead_letter}"));
    act.commit_with_audit(tx, opened, entry).await?;
    Ok(Reopened { dead_letter, state: DeadLetterState::Open })
}
