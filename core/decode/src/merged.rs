//! Merged cells: a spreadsheet stores the text of a merged range in its first cell only, and shows it for all of them.

use std::collections::VecDeque;

/// Fills the cells below the first one of each merged range, row by row.
pub(super) struct MergedFill<T> {
    /// Merged ranges of more than one row, by their first row: first row, column, last row; from 0.
    ranges: VecDeque<[u32; 3]>,
    open: Vec<OpenRange<T>>,
}

struct OpenRange<T> {
    column: usize,
    last_row: u32,
    value: T,
}

/// A cell that may be in a merged range.
pub(super) trait MergedCell: Clone {
    /// Returns whether it has no text.
    fn is_blank(&self) -> bool;

    /// Marks it as one whose text stands for several rows.
    fn mark_merged(&mut self);
}

impl<T: MergedCell> MergedFill<T> {
    /// Makes a filler for ranges that begin in `first_row` or below it.
    pub(super) fn new(merged: &[[u32; 4]], first_row: u32) -> Self {
        let tall = merged.iter().filter(|[top, _, bottom, _]| bottom > top && *top >= first_row);
        let mut ranges: Vec<[u32; 3]> = tall.map(|[top, left, bottom, _]| [*top, *left, *bottom]).collect();
        ranges.sort_unstable();
        Self { ranges: ranges.into(), open: vec![] }
    }

    /// Returns whether there is nothing left to fill.
    pub(super) fn is_over(&self) -> bool {
        self.ranges.is_empty() && self.open.is_empty()
    }

    /// Fills the blank cells of the next row. Rows come in their order.
    pub(super) fn fill_row(&mut self, row: u32, cells: &mut Vec<T>, blank: &T) {
        self.open.retain(|range| range.last_row >= row);
        for range in &self.open {
            if cells.len() <= range.column {
                cells.resize(range.column + 1, blank.clone());
            }
            if let Some(cell) = cells.get_mut(range.column).filter(|cell| cell.is_blank()) {
                *cell = range.value.clone();
            }
        }
        while let Some([top, left, bottom]) = self.ranges.front().copied().filter(|[top, ..]| *top <= row) {
            self.ranges.pop_front();
            let cell = cells.get_mut(left as usize).filter(|cell| top == row && !cell.is_blank());
            if let Some(cell) = cell {
                cell.mark_merged();
                self.open.push(OpenRange { column: left as usize, last_row: bottom, value: cell.clone() });
            }
        }
    }
}
