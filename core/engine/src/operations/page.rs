//! A part of a listing.

use schemars::JsonSchema;
use serde::Serialize;

/// Which part of a listing is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// After this number; 0: from the beginning.
    pub after: i64,
    /// At most this many.
    pub limit: i64,
}

impl Span {
    /// One more than is asked for tells whether there are more.
    pub(crate) fn one_more(self) -> i64 {
        self.limit.saturating_add(1)
    }
}

/// A part of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "PageOf{T}")]
pub struct Page<T> {
    /// In the listing's order.
    pub items: Vec<T>,
    /// What `--after` takes for the next part; nothing after the last.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// The whole of a listing.
    #[must_use]
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }

    /// The part that was asked for, out of at most one row more.
    pub(crate) fn part(mut rows: Vec<T>, limit: i64, key: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(0);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(key) } else { None };
        Self { items: rows, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_part_begins_after_the_last_row() {
        let page = |rows: &[i64], limit| Page::part(rows.to_vec(), limit, |n| n.to_string());
        assert_eq!(page(&[1, 2, 3], 2), Page { items: vec![1, 2], next: Some("2".into()) });
        assert_eq!(page(&[1, 2], 2), Page::whole(vec![1, 2]));
        assert_eq!(page(&[1], 0), Page::whole(vec![]));
    }
}
