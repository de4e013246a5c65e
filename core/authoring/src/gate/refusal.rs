//! Why the gate refuses a connector although its samples give the expected results.

use huiliu_messages::said_in_english;
use serde::Serialize;

/// Why a connector cannot be right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum Refusal {
    /// Nothing in the samples of a stream is accepted.
    #[serde(rename = "gate.nothing_accepted")]
    NothingAccepted {
        connector: String,
        stream: String,
        /// File name of the first sample.
        sample: String,
        /// Number of records in all samples of the stream.
        records: usize,
        /// The reason codes of the first records.
        reasons: Vec<String>,
    },
    /// The record key has nothing of the person, so that the records of one course would replace each other.
    #[serde(rename = "gate.key_without_person")]
    KeyWithoutPerson {
        connector: String,
        /// Where in the manifest.
        place: String,
        key: Vec<String>,
        /// A key that tells records apart.
        suggestion: Vec<String>,
    },
    /// The record key is a number that every file begins anew.
    #[serde(rename = "gate.key_of_rows")]
    KeyOfRows {
        connector: String,
        /// Where in the manifest.
        place: String,
        column: String,
        /// A key that tells records apart.
        suggestion: Vec<String>,
    },
    /// Records of different people have the same record key.
    #[serde(rename = "gate.key_shared")]
    KeyShared {
        connector: String,
        /// Where in the manifest.
        place: String,
        key: Vec<String>,
        /// Address of a record.
        one: String,
        /// Address of another person's record with the same key.
        other: String,
    },
    /// A question about a field that every record needs is still open.
    #[serde(rename = "gate.open_question")]
    OpenQuestion {
        connector: String,
        /// Line of the manifest, from 1.
        line: usize,
        question: String,
    },
}

said_in_english!(Refusal);
