//! Outcomes and states, each with the one spelling that tables, JSON and metrics use.

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
            /// Every spelling, in order.
            pub const SPELLINGS: &'static [&'static str] = <Self as VariantNames>::VARIANTS;

            /// The spelling in tables and JSON.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                self.into()
            }
        }
    )+};
}

spelled! {
    /// Whether a teacher passed, as far as a record tells.
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

    /// What became of a record in a teacher's ledger.
    EntryOutcome {
        /// Its hours count.
        Counted,
        /// Its hours count until the province decides.
        Provisional,
        /// Another record of the same training counts.
        Duplicate,
        /// The teacher has not passed.
        NotPassed,
        /// No rule lets it count.
        NotCounted,
        /// The name on it is not that of the ID number's teacher.
        NameContradicts,
        /// Its certificate was revoked.
        Revoked,
        /// The teacher was absent too much.
        Absent,
        /// A cap leaves none of its hours.
        Capped,
    }

    /// What became of a raw record at delivery or in a replay.
    RecordOutcome {
        /// A new training record.
        Inserted,
        /// A newer version of a training record.
        Updated,
        /// The version that is stored already.
        Unchanged,
        /// Older than the version that is stored.
        Superseded,
        /// Left out by a rule of the manifest.
        Skipped,
        /// Kept as a dead letter.
        Parked,
        /// A dead letter that a person has closed for good.
        Discarded,
        /// No longer parked when a replay looked again; never stored.
        Gone,
    }

    /// How far a batch is.
    BatchState {
        /// To be delivered.
        Due,
        /// Being delivered by a worker.
        Claimed,
        /// Delivered.
        Done,
        /// Set aside until a person releases it.
        Quarantined,
    }

    /// How far a run is.
    RunState {
        /// Reading its source.
        Running,
        /// Read to the end.
        Done,
        /// Ended early by what went wrong.
        Failed,
        /// Ended early by whoever asked for it. A table says `failed`, and why.
        Stopped,
    }

    /// What is to be done about a dead letter.
    DeadLetterState {
        /// Waits for a person, a replay or a newer version.
        Open,
        /// Replayed, or superseded by a newer version.
        Closed,
        /// Closed for good by a person.
        Discarded,
    }

    /// How far a replay is.
    ReplayState {
        /// Being planned.
        Planning,
        /// Planned, and not applied.
        Planned,
        /// Applied.
        Applied,
        /// Not applicable any more: something moved since it was planned.
        Stale,
    }

    /// What a row of a roster is about.
    RosterKind {
        /// A teacher.
        Teacher,
        /// A school.
        School,
        /// A teacher's time at a school.
        Membership,
    }

    /// What becomes current at a moment: each change of it is an activation.
    ActivationKind {
        /// A connector's manifest.
        Manifest,
        /// The rules.
        Rules,
    }

    /// What a preview says of a raw record.
    PreviewOutcome {
        /// It can be used.
        Clean,
        /// It would be kept as a dead letter.
        Parked,
        /// A rule of the manifest leaves it out.
        Skipped,
    }

    /// How sure it is whose an identity claim is.
    ClaimState {
        /// A teacher's, by a rule or a decision.
        Definite,
        /// Perhaps a teacher's; a person decides.
        Potential,
        /// Nobody's yet.
        None,
        /// Not looked at yet.
        New,
    }
}

impl EntryOutcome {
    /// Whether its hours count, for good or provisionally.
    #[must_use]
    pub fn counts(self) -> bool {
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
