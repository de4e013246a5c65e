//! How a record compares with the stored row of its key, and what is done then.

use huiliu_values::RecordOutcome;

/// How a record compares with the stored row of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// There is no row.
    New,
    /// The record is newer than the row.
    Newer {
        /// The row.
        row: i64,
        /// Whether the record is newer only because it landed later.
        tied: bool,
    },
    /// The content of the row again, by a newer landing. The row must store that, because a dead letter of the record
    /// is open, or the record was withdrawn, left out or missing.
    Moved {
        /// The row.
        row: i64,
    },
    /// The content of the row again, by a newer landing.
    Confirmed,
    /// The content of the row, which already stands for a newer landing.
    Same,
    /// The record is older than the row.
    Older {
        /// The row.
        row: i64,
        /// Whether the row is newer only because it landed later.
        tied: bool,
    },
}

impl Verdict {
    /// Returns the row whose content is overwritten, if any.
    #[must_use]
    pub fn overwritten_row(self) -> Option<i64> {
        if let Self::Newer { row, .. } = self { Some(row) } else { None }
    }

    /// Returns the row that is changed, if any.
    pub(crate) fn locked_row(self) -> Option<i64> {
        match self {
            Self::Newer { row, .. } | Self::Moved { row } => Some(row),
            _ => None,
        }
    }

    /// Returns true if the record's content is written.
    #[must_use]
    pub fn is_written(self) -> bool {
        matches!(self, Self::New | Self::Newer { .. })
    }

    /// Returns true if the record is older than the row.
    #[must_use]
    pub fn is_older(self) -> bool {
        matches!(self, Self::Older { .. })
    }

    /// Returns the outcome that is counted for the raw record.
    #[must_use]
    pub fn outcome(self) -> RecordOutcome {
        match self {
            Self::New => RecordOutcome::Inserted,
            Self::Newer { .. } => RecordOutcome::Updated,
            Self::Moved { .. } | Self::Confirmed | Self::Same => RecordOutcome::Unchanged,
            Self::Older { .. } => RecordOutcome::Superseded,
        }
    }
}
