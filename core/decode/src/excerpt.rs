//! A part of a large text and the positions of some of its records, so that a batch of records can be cut out of it.

use std::ops::Range;

use crate::RecordRange;
use crate::accounting::TableCount;
use crate::parts::{Head, RecordSpan};

/// A part of a text, in the form that [`crate::parts`] describes, and the positions of records in it.
#[derive(Debug)]
pub struct Excerpt {
    /// The part, with its head.
    pub text: String,
    /// Byte offset in `text` of the first byte after the head.
    begins: usize,
    places: Places,
}

/// The position of every `STRIDE`th record is noted.
pub(super) const STRIDE: u32 = if cfg!(test) { 2 } else { 250 };

/// Position of a record; offsets are in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Offset of the end of the record before it.
    pub behind: usize,
    /// Offset of its first byte.
    pub at: usize,
    /// Line that it begins in, from 1.
    pub line: u64,
}

/// Positions of the records in an excerpt, counted before the head is added.
#[derive(Debug)]
pub(super) struct Places {
    /// Index in the payload of the excerpt's first record.
    pub first: u32,
    /// Number of records in the excerpt.
    pub given: u32,
    /// Number of records in the whole payload, if they were counted.
    pub all: Option<u32>,
    /// Offset of the end of the last record.
    pub end: usize,
    /// Position of every [`STRIDE`]th record.
    pub marks: Vec<Place>,
    /// Whether each range that is cut out must end with a line break.
    pub ends_lines: bool,
    /// Text above the records that a decoder needs before them.
    pub above: String,
    /// Text that must follow the last record.
    pub below: String,
    /// Rows that change how the rows after them are read, in their order.
    pub changes: Vec<Change>,
    /// What the rows were taken for, if all of them were read.
    pub count: Option<TableCount>,
}

/// A row that changes how the rows after it are read, such as a second header.
#[derive(Debug, Clone)]
pub(super) struct Change {
    /// Offset of its end.
    pub behind: usize,
    /// The row, and blank lines above it.
    pub text: String,
}

impl Excerpt {
    /// Makes an excerpt of a text and the positions of its records.
    pub(super) fn new(mut text: String, places: Places) -> Self {
        let count = places.count.clone();
        let head = places.build_head(0..places.marks.len(), text.len() + places.below.len(), count);
        // Adds head and tail in place: a copy of the text would double the memory.
        text.push_str(&places.below);
        text.insert_str(0, &head);
        Self { begins: head.len(), text, places }
    }

    /// Cuts out the records of a range, with a few records around them and the text above, so that a decoder need not
    /// read through the other records. Returns `None` if the excerpt does not contain the range.
    #[must_use]
    pub fn cut_out(&self, range: RecordRange) -> Option<String> {
        let Places { marks, ends_lines, below, .. } = &self.places;
        let of = |record: u32| record.checked_sub(self.places.first);
        let from = (of(range.first)? / STRIDE) as usize;
        let to = (of(range.first.checked_add(range.count)?)?.div_ceil(STRIDE) as usize).min(marks.len());
        let (place, end) = (marks.get(from)?, marks.get(to).map_or(self.places.end, |next| next.behind));
        let records = self.text.get(self.begins + place.at..self.begins + end)?;
        let last = match marks.get(to) {
            None => below.as_str(),
            Some(_) if !ends_lines => below,
            Some(_) if records.ends_with('\n') => "",
            Some(_) => "\n",
        };
        Some(self.places.build_head(from..to, records.len() + last.len(), None) + records + last)
    }
}

impl Places {
    /// Builds the head, and the text above, for the records between two marks; `bytes` is the length of these records
    /// and what follows them.
    fn build_head(&self, marks: Range<usize>, bytes: usize, count: Option<TableCount>) -> String {
        let Self { first, given, .. } = self;
        // Without records in the text, all changes are above the next one.
        let begins = self.marks.get(marks.start).map_or(0, |place| place.at);
        let changes = self.changes.iter().filter(|change| change.behind <= begins).map(|change| change.text.as_str());
        let above: String = std::iter::once(self.above.as_str()).chain(changes).collect();
        let before = |mark: usize| u32::try_from(mark).unwrap_or(u32::MAX).saturating_mul(STRIDE).min(*given);
        let (before, behind) =
            (before(marks.start), if marks.end < self.marks.len() { before(marks.end) } else { *given });
        let records = self.all.filter(|_| behind == *given);
        let shown = Some(RecordSpan { before: first + before, given: behind - before, records });
        let lines = 1 + above.bytes().filter(|b| *b == b'\n').count() as u64;
        let line = self.marks.get(marks.start).map_or(1, |place| place.line);
        let head = Head { shown, lines: line.saturating_sub(lines), count, ..Head::default() };
        head.into_json_line(above.len() + bytes) + &above
    }
}
