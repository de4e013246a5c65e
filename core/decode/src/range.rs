//! Which of a payload's records are meant.

/// Some of a payload's records that stand behind each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecordRange {
    /// Index of the first of them in the payload, from 0.
    pub first: u32,
    /// How many they are; fewer, where the payload ends before.
    pub count: u32,
}

impl RecordRange {
    /// Every record.
    pub const ALL: Self = Self::new(0, u32::MAX);
    /// No record.
    pub const NONE: Self = Self::new(0, 0);

    /// So many records from this index on.
    #[must_use]
    pub const fn new(first: u32, count: u32) -> Self {
        Self { first, count }
    }

    /// The index behind the last of them.
    #[must_use]
    pub const fn end(self) -> u32 {
        self.first.saturating_add(self.count)
    }

    /// Whether the record with this index is one of them.
    #[must_use]
    pub const fn contains(self, index: u32) -> bool {
        index >= self.first && index - self.first < self.count
    }

    /// Those of them that stand at the index `start` or behind it, with indices that count from there.
    #[must_use]
    pub const fn relative_to(self, start: u32) -> Self {
        let first = self.first.saturating_sub(start);
        Self::new(first, self.end().saturating_sub(start) - first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_relative_to_a_record_leaves_those_before_it_out() {
        let range = RecordRange::new(3, 4);
        assert_eq!((0..9).filter(|index| range.contains(*index)).collect::<Vec<_>>(), [3, 4, 5, 6]);
        assert_eq!(range.relative_to(2), RecordRange::new(1, 4));
        assert_eq!(range.relative_to(5), RecordRange::new(0, 2));
        assert_eq!(range.relative_to(8), RecordRange::NONE);
        assert_eq!(RecordRange::ALL.relative_to(7), RecordRange::new(0, u32::MAX - 7));
    }
}
