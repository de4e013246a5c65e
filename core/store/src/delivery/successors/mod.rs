//! Finds the corrected versions of parked records that have another key than the faulty ones, as where the key holds a
//! damaged ID number, and closes the dead letters by them.
//!
//! A load compares its records with the open dead letters of earlier lists of the stream by their sound fields, and notes
//! each match. A match alone closes nothing: [`choose_successors`] finds the letters with exactly one probable
//! successor, and a person or the manifest accepts it. From then on the record supersedes the letter's sightings as a
//! newer version under the same key does.

mod candidates;
mod close;
mod find;
mod receipt;

pub use candidates::{
    AcceptedSuccessor, Candidate, CandidateState, choose_successors, list_letters_with_candidates, load_accepted,
    load_candidates, load_states,
};
pub use close::{ClosingStream, accept_successors, close_by_manifests, reject_successor};
pub use find::{KnownRecords, end_search, list_letter_batches, list_searches, search_batch};
pub(crate) use find::{note_successors, queue_later_batches};
pub use receipt::Receipt;

/// Letters per query.
const PAGE: i64 = 1_000;
