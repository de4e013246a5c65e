//! Pages of listings.

use std::future::Future;

use schemars::JsonSchema;
use serde::Serialize;

use huiliu_store::StoreError;

/// Which part of a listing is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Return rows after this number; 0 starts at the beginning.
    pub after: i64,
    /// Return at most this many rows.
    pub limit: i64,
}

impl Span {
    /// Returns `limit` + 1: one row beyond the limit shows that there are more.
    pub(crate) fn limit_plus_one(self) -> i64 {
        self.limit.saturating_add(1)
    }
}

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "PageOf{T}")]
pub struct Page<T> {
    /// The rows, in the listing's order.
    pub items: Vec<T>,
    /// The value of `--after` for the next page; null on the last page.
    pub next: Option<String>,
    /// Total number of rows under the same filter; only if the listing continues after this page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
}

impl<T> Page<T> {
    /// Builds the only page of a listing that has all rows.
    #[must_use]
    pub fn from_all(items: Vec<T>) -> Self {
        Self { items, next: None, total: None }
    }

    /// Builds a page from at most `limit` + 1 rows. A surplus row is dropped and sets `next`.
    pub(crate) fn from_rows(mut rows: Vec<T>, limit: i64, key: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(0);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(key) } else { None };
        Self { items: rows, next, total: None }
    }

    /// Adds the total number of rows, which is counted only if the listing continues after this page.
    pub(crate) async fn counted(
        mut self,
        count: impl Future<Output = Result<i64, StoreError>>,
    ) -> Result<Self, StoreError> {
        if self.next.is_some() {
            self.total = Some(count.await?);
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_part_begins_after_the_last_row() {
        let page = |rows: &[i64], limit| Page::from_rows(rows.to_vec(), limit, |n| n.to_string());
        assert_eq!(page(&[1, 2, 3], 2), Page { items: vec![1, 2], next: Some("2".into()), total: None });
        assert_eq!(page(&[1, 2], 2), Page { items: vec![1, 2], next: None, total: None });
        assert_eq!(page(&[1], 0).items, Vec::<i64>::new());
    }
}
