//! The records that arrive in versions: training records and rows of a roster.

use huiliu_decode::sound_fields::Values;
use huiliu_decode::{RosterRow, TrainingRecord};
use huiliu_manifest::Kind;

/// A record that arrives in versions. The table stores the newest version of each.
pub trait Versioned {
    /// The table that stores it.
    const TABLE: &'static str;
    /// The column of its key.
    const KEY: &'static str;
    /// SQL expression for the teacher that a row `t` belongs to.
    const OWNER: &'static str;
    /// SQL expression for the person of a row `t`, which must not change between comparison and write.
    const PERSON: &'static str;

    /// Returns its key.
    fn key(&self) -> &[u8; 16];
    /// Returns the key that its dead letter would have.
    fn letter_key(&self) -> &[u8; 16];
    /// Returns its source version.
    fn source_version(&self) -> i64;
    /// Returns the digest of its content.
    fn content(&self) -> &[u8; 16];
    /// Returns the batch that it belongs to.
    fn batch(&self) -> i64;
    /// Returns its position in the payload, from 0.
    fn index(&self) -> u32;
    /// Returns where it stands in the payload, for people.
    fn address(&self) -> &str;
    /// Returns its values, by which it is recognised as the corrected version of a parked record.
    fn values(&self) -> Values<'_>;
}

impl Versioned for TrainingRecord<'_> {
    const TABLE: &'static str = "training_record";
    const KEY: &'static str = "record_key";
    const OWNER: &'static str = "(SELECT c.teacher_id FROM identity_claim c WHERE c.id = t.claim_id)";
    const PERSON: &'static str = "t.claim_id";

    fn key(&self) -> &[u8; 16] {
        &self.record_key
    }

    fn letter_key(&self) -> &[u8; 16] {
        &self.record_key
    }

    fn source_version(&self) -> i64 {
        self.source_version
    }

    fn content(&self) -> &[u8; 16] {
        &self.content_digest
    }

    fn batch(&self) -> i64 {
        self.batch
    }

    fn index(&self) -> u32 {
        self.index
    }

    fn address(&self) -> &str {
        &self.address
    }

    fn values(&self) -> Values<'_> {
        Values { kind: self.kind, draft: &self.texts }
    }
}

impl Versioned for RosterRow<'_> {
    const TABLE: &'static str = "roster_row";
    const KEY: &'static str = "row_key";
    const OWNER: &'static str = "t.teacher_id";
    const PERSON: &'static str = "0";

    fn key(&self) -> &[u8; 16] {
        &self.row_key
    }

    fn letter_key(&self) -> &[u8; 16] {
        &self.record_key
    }

    fn source_version(&self) -> i64 {
        self.source_version
    }

    fn content(&self) -> &[u8; 16] {
        &self.content_digest
    }

    fn batch(&self) -> i64 {
        self.batch
    }

    fn index(&self) -> u32 {
        self.index
    }

    fn address(&self) -> &str {
        &self.address
    }
    fn values(&self) -> Values<'_> {
        // Only rows of people are recognised, and all of them are alike.
        Values { kind: Kind::Teacher, draft: &self.texts }
    }
}
