//! A part of a text, with the places of some of its records, so that each batch of them can be cut out of it.

use std::ops::Range;

use crate::RecordRange;
use crate::parts::{Head, Shown};

/// A part of a text, as [`crate::parts`] describes it, and where in it records stand.
#[derive(Debug)]
pub struct Excerpt {
    /// It.
    pub text: String,
    /// Where its records begin.
    begins: usize,
    places: Places,
}

/// Every so many records one's place is noted.
pub(super) const STRIDE: u32 = if cfg!(test) { 2 } else { 250 };

/// The place of a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Where the one before it ends.
    pub behind: usize,
    /// Where it begins.
    pub at: usize,
    /// The line it begins in, from 1.
    pub line: u64,
}

/// Where the records of an excerpt stand, before anything is put around them.
#[derive(Debug)]
pub(super) struct Places {
    /// The first record.
    pub first: u32,
    /// How many are in it.
    pub given: u32,
    /// All records of the payload, where they were counted.
    pub all: Option<u32>,
    /// Where the last record ends.
    pub end: usize,
    /// Of every [`STRIDE`]th record.
    pub marks: Vec<Place>,
    /// Whether each part must end with its line.
    pub ends_lines: bool,
    /// What stands above the records, and has to for whoever decodes them.
    pub above: String,
    /// What has to stand below the last.
    pub below: String,
}

impl Excerpt {
    /// Of these records.
    pub(super) fn new(mut text: String, places: Places) -> Self {
        let head = places.head_of(0..places.marks.len(), text.len() + places.below.len());
        // Where it stands: a second one would be as large.
        text.push_str(&places.below);
        text.insert_str(0, &head);
        Self { begins: head.len(), text, places }
    }

    /// Only the records of a range, and a few around them, with what stands above: whoever decodes them need not pass
    /// over the others.
    #[must_use]
    pub fn narrow(&self, range: RecordRange) -> Option<String> {
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
        Some(self.places.head_of(from..to, records.len() + last.len()) + records + last)
    }
}

impl Places {
    /// What stands before the records between some marks.
    fn head_of(&self, marks: Range<usize>, bytes: usize) -> String {
        let Self { first, given, above, .. } = self;
        let before = |mark: usize| u32::try_from(mark).unwrap_or(u32::MAX).saturating_mul(STRIDE).min(*given);
        let (before, behind) =
            (before(marks.start), if marks.end < self.marks.len() { before(marks.end) } else { *given });
        let records = self.all.filter(|_| behind == *given);
        let shown = Some(Shown { before: first + before, given: behind - before, records });
        let lines = 1 + above.bytes().filter(|b| *b == b'\n').count() as u64;
        let line = self.marks.get(marks.start).map_or(1, |place| place.line);
        Head { shown, lines: line.saturating_sub(lines), ..Head::default() }.line(above.len() + bytes) + above
    }
}
