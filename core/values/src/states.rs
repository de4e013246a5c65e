//! Outcomes and states, each with a single spelling that tables, JSON and metrics use.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantNames};

/// Defines enums whose variants are spelled in snake case everywhere.
macro_rules! spelled {
    ($($(#[$about:meta])* $name:ident { $($(#[$variant_about:meta])* $variant:ident,)+ })+) => {$(
        $(#[$about])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, EnumString,
            IntoStaticStr, VariantNames,
        )]
        #[serde(rename_all = "snake_case")]
        #[strum(serialize_all = "snake_case")]
        pub enum $name { $($(#[$variant_about])* $variant,)+ }

        impl $name {
            /// Every spelling, in the order of the variants.
            pub const SPELLINGS: &'static [&'static str] = <Self as VariantNames>::VARIANTS;

            /// Returns the spelling in tables and JSON.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                self.into()
            }
        }
    )+};
}

spelled! {
    /// Whether a teacher passed a training, as far as the record says.
    PassState {
        /// Assessed and passed.
        Passed,
        /// Assessed and failed.
        Failed,
        /// Never assessed.
        NotAssessed,
        /// Not decided yet.
        Pending,
    }

    /// Result of a record in a teacher's ledger.
    EntryOutcome {
        /// Its hours count.
        Counted,
        /// Its hours count until the province decides.
        Provisional,
        /// Another record of the same training counts instead.
        Duplicate,
        /// The teacher has not passed.
        NotPassed,
        /// No rule lets the record count.
        NotCounted,
        /// The name on the record is not the name of the teacher with its ID number.
        NameContradicts,
        /// The certificate was revoked.
        Revoked,
        /// The source took the record back.
        Withdrawn,
        /// A newer version of the record cannot be used, and the rules do not count the older one meanwhile.
        Disputed,
        /// The teacher was absent too often.
        Absent,
        /// A cap leaves none of the hours.
        Capped,
    }

    /// Result of a raw record at delivery or in a replay.
    RecordOutcome {
        /// A new training record was stored.
        Inserted,
        /// A newer version of a training record was stored.
        Updated,
        /// This version was stored already.
        Unchanged,
        /// A newer version was stored already.
        Superseded,
        /// A rule of the manifest skipped the record.
        Skipped,
        /// The raw record takes a record back.
        Withdrawn,
        /// The record is kept as a dead letter.
        Parked,
        /// The record is a dead letter that a person has closed for good.
        Discarded,
        /// The record was no longer parked when a replay looked again; never stored.
        Gone,
    }

    /// What a replay reads again.
    ReplayReads {
        /// Raw records that wait in dead letters.
        DeadLetters,
        /// Stored records, from the raw records that they came from.
        Records,
    }

    /// Progress of a batch.
    BatchState {
        /// Waiting to be delivered.
        Due,
        /// Being delivered by a worker.
        Claimed,
        /// Delivered.
        Done,
        /// Set aside until a person releases it.
        Quarantined,
    }

    /// Progress of a run.
    RunState {
        /// Reading its source.
        Running,
        /// Has read its source to the end.
        Done,
        /// Ended early by an error.
        Failed,
        /// Ended early by the person who started it. Tables store `failed`, with the reason.
        Stopped,
    }

    /// Whether a dead letter still needs action.
    DeadLetterState {
        /// Waits for a person, a replay or a newer version.
        Open,
        /// Replayed, or superseded by a newer version.
        Closed,
        /// Closed for good by a person.
        Discarded,
    }

    /// Where on its way a raw record failed.
    Stage {
        /// The row itself: it cannot be read, or a rule of the manifest keeps it back.
        Read,
        /// A value of the row is missing or not allowed.
        Validate,
        /// The row contradicts the roster or another record, or names somebody or something that is not known.
        Match,
    }

    /// Who can remove the cause of a dead letter.
    Responsible {
        /// The institution, by correcting its data.
        Institution,
        /// An administrator, by the manifest, the rules, the roster or a decision.
        Administrator,
        /// Operations, by the network, the disk, a schedule or a restart.
        Operations,
    }

    /// What waits for a person.
    WaitingKind {
        /// Syncs of a source that have failed since it last succeeded.
        SourceFailed,
        /// A source whose sync is due for more than an hour, and nobody runs it.
        SourceLate,
        /// Files that could not be fetched.
        FileFailed,
        /// Batches that are held until somebody releases them.
        BatchQuarantined,
        /// Payloads that could not be decoded.
        PayloadUnread,
        /// Open dead letters.
        DeadLetter,
        /// Open dead letters of which the corrected record has probably come.
        LetterCandidate,
        /// Records of which a newer version cannot be used, or was left out.
        RecordDisputed,
        /// Records of which two contents came as one version.
        RecordFlagged,
        /// Records that are not in the newest whole of their stream.
        RecordMissing,
        /// Claims that probably belong to a teacher.
        ClaimPotential,
        /// Claims whose ID number is a teacher's, and whose name is not.
        NameContradicts,
        /// Replays that a second person must approve.
        ReplayUnapproved,
        /// Replays of which some steps are applied.
        ReplayUnfinished,
        /// Entries of the ledger that are not what rules, decisions and records give.
        LedgerDiffers,
    }

    /// What people are told of.
    NotificationKind {
        /// A sync of a source has failed.
        SourceFailed,
        /// The sync of a source is due for more than an hour, and nobody runs it.
        SourceLate,
        /// Batches are held until somebody releases them.
        BatchQuarantined,
        /// Payloads could not be decoded.
        PayloadUnread,
        /// A tenth or more of the last sync's records could not be used, and at least 20.
        ManyDeadLetters,
        /// A second person must approve a replay.
        ReplayUnapproved,
        /// Entries of the ledger are not what rules, decisions and records give.
        LedgerDiffers,
    }

    /// What is said of a cause.
    NotificationEvent {
        /// It has begun.
        Began,
        /// It is over.
        Ended,
    }

    /// How far a notification has come on its way to a channel.
    DeliveryState {
        /// It will be sent.
        Due,
        /// It was taken.
        Sent,
        /// All attempts of three days have failed.
        GivenUp,
    }

    /// What becomes of a row of a correction sheet that is handed in.
    SheetRowOutcome {
        /// Corrected, and its dead letter is closed.
        Closed,
        /// Corrected, and still something is wrong.
        StillOpen,
        /// It has corrections, which are not made yet.
        Corrected,
        /// It has no corrections.
        Unchanged,
        /// Its dead letter is not open any more.
        NotOpen,
        /// What the row stands for is not what it was when the sheet was exported: its record came again with another content, or
        /// has a dead letter now.
        Outdated,
        /// A corrected cell has no reliable value.
        Doubtful,
        /// What was received cannot be read now, so there is nothing to compare it with.
        Unreadable,
        /// The same row stands above.
        Repeated,
        /// Its dead letter belongs to another source.
        OtherSource,
        /// What stands in its hidden column names nothing that is known.
        Unknown,
        /// Nothing stands in its hidden column: a new row.
        NoNumber,
        /// It is as received and has no open dead letter: a row of a sheet with all rows.
        NotFaulty,
        /// It has no open dead letter, and was changed. The changes are not taken.
        NotFaultyChanged,
    }

    /// Progress of a replay.
    ReplayState {
        /// Being planned.
        Planning,
        /// Planned, and not applied.
        Planned,
        /// Carried out as planned.
        Applied,
        /// No longer applicable, because something changed since it was planned.
        Stale,
    }

    /// Why a second person must approve a replay.
    ApprovalReason {
        /// It has more raw records than one person may apply alone.
        Records,
        /// A record of it has a certificate.
        Certificate,
    }

    /// Why an undo leaves a raw record as the replay has made it.
    KeptBecause {
        /// Something newer has changed the record since.
        Newer,
        /// The same content, or its page, was received again since.
        ReceivedAgain,
        /// Its stream has received older versions since, which may have lost to this one.
        Overtaken,
        /// A person has decided about the record since.
        Decided,
        /// A person has discarded its dead letter, or it was received anew.
        LetterChanged,
        /// It is a row of the roster.
        RosterRow,
        /// An earlier release applied it, and did not keep what was there before.
        EarlierRelease,
    }

    /// Type of a roster row.
    RosterKind {
        /// A row about a teacher.
        Teacher,
        /// A row about a school.
        School,
        /// A row about a teacher's time at a school.
        Membership,
    }

    /// What an activation makes current.
    ActivationKind {
        /// A connector's manifest.
        Manifest,
        /// All rule packs together.
        Rules,
    }

    /// Result of a raw record in a preview.
    PreviewOutcome {
        /// The record can be used.
        Clean,
        /// The record would be kept as a dead letter.
        Parked,
        /// A rule of the manifest skips the record.
        Skipped,
        /// The record takes a record back.
        Withdrawn,
    }

    /// What is decided about a record that is missing from the newest whole of its stream.
    MissingState {
        /// Nothing yet; it counts.
        Open,
        /// It counts no longer.
        Withdrawn,
        /// It counts all the same.
        Kept,
    }

    /// What became of a file of a source.
    FileState {
        /// It was seen and not read yet.
        Due,
        /// It was read.
        Read,
        /// Its bytes and its time are those of a file that was read under another name.
        Copy,
        /// It was not read, because somebody set the cursor behind it.
        Passed,
        /// It was being written; the next pass looks again.
        Growing,
        /// It could not be fetched, or not be decoded.
        Failed,
        /// Its name is not that of a file to be read.
        LeftOut,
        /// It is no longer there.
        Gone,
    }

    /// What became of a payload that could not be decoded.
    UnreadState {
        /// Nothing yet.
        Open,
        /// It was decoded later, or a newer one was in its place.
        Read,
        /// A person has said that nothing in it is wanted.
        Dismissed,
    }

    /// How certain it is which teacher an identity claim belongs to.
    ClaimState {
        /// It belongs to a teacher, by a rule or a decision.
        Definite,
        /// It may belong to a teacher; a person decides.
        Potential,
        /// It belongs to no known teacher yet.
        None,
        /// It has not been examined yet.
        New,
    }
}

impl WaitingKind {
    /// All kinds, in the order in which they are listed.
    pub const ALL: [Self; 15] = [
        Self::SourceFailed,
        Self::SourceLate,
        Self::FileFailed,
        Self::BatchQuarantined,
        Self::PayloadUnread,
        Self::DeadLetter,
        Self::LetterCandidate,
        Self::RecordDisputed,
        Self::RecordFlagged,
        Self::RecordMissing,
        Self::ClaimPotential,
        Self::NameContradicts,
        Self::ReplayUnapproved,
        Self::ReplayUnfinished,
        Self::LedgerDiffers,
    ];
}

impl NotificationKind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::SourceFailed,
        Self::SourceLate,
        Self::BatchQuarantined,
        Self::PayloadUnread,
        Self::ManyDeadLetters,
        Self::ReplayUnapproved,
        Self::LedgerDiffers,
    ];
}

impl EntryOutcome {
    /// Returns whether the hours count, finally or provisionally.
    #[must_use]
    pub fn counts_hours(self) -> bool {
        matches!(self, Self::Counted | Self::Provisional)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_serves_tables_and_json() {
        for word in EntryOutcome::SPELLINGS {
            let parsed: EntryOutcome = word.parse().unwrap();
            assert_eq!(parsed.as_str(), *word);
            assert_eq!(serde_json::to_value(parsed).unwrap(), *word);
        }
        assert_eq!(PassState::NotAssessed.as_str(), "not_assessed");
        assert!("Counted".parse::<EntryOutcome>().is_err());
    }
}
