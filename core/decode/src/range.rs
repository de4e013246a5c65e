//! A range of a payload's records.

/// A contiguous range of a payload's records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecordRange {
    /// Index of the range's first record in the payload, from 0.
    pub first: u32,
    /// Number of records; the range has fewer if the payload ends earlier.
    pub count: u32,
}

impl RecordRange {
    /// Every record of a payload.
    pub const ALL: Self = Self::new(0, u32::MAX);
    /// No record; used to count records without keeping any.
    pub const NONE: Self = Self::new(0, 0);

    /// Makes the range of `count` records from the index `first`.
    #[must_use]
    pub const fn new(first: u32, count: u32) -> Self {
        Self { first, count }
    }

    /// Returns the index after the last record.
    #[must_use]
    pub const fn end(self) -> u32 {
        self.first.saturating_add(self.count)
    }

    /// Returns whether the range contains the record with this index.
    #[must_use]
    pub const fn contains(self, index: u32) -> bool {
        index >= self.first && index - self.first < self.count
    }

    /// Returns the part of the range from the index `start` on, with indices counted from `start`.
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
