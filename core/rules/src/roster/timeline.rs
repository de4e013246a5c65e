//! Derives spans of days from what rows state: where a teacher belongs, and what a school is called. Pure. The result
//! does not depend on the order of the rows.

use chrono::NaiveDate;

/// The statement of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowStatement<T> {
    /// What holds during the span: the school, or name and division.
    pub what: T,
    /// First day, if the row gives one.
    pub from: Option<NaiveDate>,
    /// Last day, if the row gives one.
    pub to: Option<NaiveDate>,
    /// The date of the row's statement.
    pub as_of: NaiveDate,
    /// Orders rows of the same date.
    pub order: RowOrder,
    /// Number of the row.
    pub row: i64,
}

/// The order of rows of the same date: by version, then by key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowOrder {
    /// Version of the row.
    pub version: i64,
    /// Key of the row.
    pub key: Vec<u8>,
}

/// Why a span ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The span has not ended.
    Open,
    /// A row states the last day.
    RowStatement,
    /// The next span begins; no row states an end.
    Next,
}

impl End {
    /// Returns the word used in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::RowStatement => "stated",
            Self::Next => "next",
        }
    }
}

/// A span of days during which the same holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateSpan<T> {
    /// What holds during the span.
    pub what: T,
    /// First day; `None` if no row states a beginning.
    pub from: Option<NaiveDate>,
    /// Last day; `None` while the span is open.
    pub to: Option<NaiveDate>,
    /// Why it ends.
    pub end: End,
    /// Whether the rows state days in common with another span. Both spans are kept and marked.
    pub overlaps: bool,
    /// Number of the latest row that states it.
    pub row: i64,
}

/// Builds the spans, in order. Rows that state the same for adjoining days form one span, whose end is that of the
/// newest of them. The next span ends a span without a stated end; if no day of it would remain, the next span
/// replaces it. Two spans whose rows state days in common are both kept and marked.
#[must_use]
pub fn build_spans<T: Clone + Eq>(mut stated: Vec<RowStatement<T>>) -> Vec<DateSpan<T>> {
    stated.sort_by_cached_key(|row| (first_known_day(row), statement_order(row)));
    let mut spans: Vec<(DateSpan<T>, Said)> = Vec::with_capacity(stated.len());
    for row in stated {
        let (begins, said) = (first_known_day(&row), statement_order(&row));
        let end = if row.to.is_some() { End::RowStatement } else { End::Open };
        if let Some((last, before)) =
            spans.last_mut().filter(|(last, _)| last.what == row.what && is_continued(last, begins))
        {
            if said > *before {
                (last.to, last.end, last.row, *before) = (row.to, end, row.row, said);
            }
            continue;
        }
        let eve = begins.pred_opt().unwrap_or(begins);
        while let Some((last, _)) = spans.last_mut().filter(|(last, _)| last.end == End::Open) {
            if last.from.is_none_or(|from| from <= eve) {
                (last.to, last.end) = (Some(eve), End::Next);
                break;
            }
            spans.pop();
        }
        let earlier = spans.iter_mut().rev().find(|(span, _)| span.to.is_none_or(|to| to >= begins));
        let overlaps = earlier.map(|(span, _)| span.overlaps = true).is_some();
        // No beginning is stated, but it cannot be before the earlier spans.
        let from = if spans.is_empty() { row.from } else { Some(begins) };
        spans.push((DateSpan { what: row.what, from, to: row.to, end, overlaps, row: row.row }, said));
    }
    spans.into_iter().map(|(span, _)| span).collect()
}

/// The order of statements: by date, then by row.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Said {
    as_of: NaiveDate,
    row: RowOrder,
}

fn statement_order<T>(row: &RowStatement<T>) -> Said {
    Said { as_of: row.as_of, row: row.order.clone() }
}

/// Returns the day from which a row's statement is used: its first day, or else the date of the statement, but not
/// after the row's last day.
fn first_known_day<T>(row: &RowStatement<T>) -> NaiveDate {
    row.from.unwrap_or_else(|| row.to.map_or(row.as_of, |to| to.min(row.as_of)))
}

/// Whether a span that begins on this day continues the last one.
fn is_continued<T>(last: &DateSpan<T>, begins: NaiveDate) -> bool {
    last.to.and_then(|to| to.succ_opt()).is_none_or(|after| begins <= after)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(what: u8, from: Option<&str>, to: Option<&str>, as_of: &str, version: i64) -> RowStatement<u8> {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap_or_default();
        RowStatement {
            what,
            from: from.map(day),
            to: to.map(day),
            as_of: day(as_of),
            order: RowOrder { version, key: vec![what] },
            row: version,
        }
    }

    fn show_spans(rows: Vec<RowStatement<u8>>) -> Vec<String> {
        let text = |day: Option<NaiveDate>| day.map_or_else(String::new, |d| d.to_string());
        let one = |s: DateSpan<u8>| {
            let mark = if s.overlaps { " !" } else { "" };
            format!("{} {}..{} {}{mark}", s.what, text(s.from), text(s.to), s.end.as_str())
        };
        build_spans(rows).into_iter().map(one).collect()
    }

    #[test]
    fn moving_ends_the_membership_the_day_before() {
        let moved =
            vec![row(2, Some("2014-09-01"), None, "2014-10-01", 2), row(1, Some("2010-09-01"), None, "2014-01-01", 1)];
        assert_eq!(show_spans(moved), ["1 2010-09-01..2014-08-31 next", "2 2014-09-01.. open"]);
        let undated = vec![row(1, None, None, "2014-01-01", 1), row(2, None, None, "2014-10-01", 2)];
        assert_eq!(show_spans(undated), ["1 ..2014-09-30 next", "2 2014-10-01.. open"]);
    }

    #[test]
    fn a_correction_replaces_what_it_corrects() {
        let corrected =
            vec![row(1, Some("2010-09-01"), None, "2014-01-01", 1), row(2, Some("2010-09-01"), None, "2014-10-01", 2)];
        assert_eq!(show_spans(corrected), ["2 2010-09-01.. open"]);
    }

    #[test]
    fn stated_overlaps_are_kept_and_marked() {
        let both = vec![
            row(1, Some("2010-09-01"), Some("2014-12-31"), "2014-01-01", 1),
            row(2, Some("2014-09-01"), None, "2014-10-01", 2),
        ];
        assert_eq!(show_spans(both), ["1 2010-09-01..2014-12-31 stated !", "2 2014-09-01.. open !"]);
    }

    #[test]
    fn equal_statements_of_two_sources_are_one_span() {
        let twice =
            vec![row(1, None, None, "2014-01-01", 1), row(1, Some("2012-09-01"), Some("2015-07-31"), "2015-09-01", 2)];
        assert_eq!(show_spans(twice), ["1 2012-09-01..2015-07-31 stated"]);
        let left =
            vec![row(1, None, Some("2011-07-31"), "2014-01-01", 1), row(2, Some("2012-09-01"), None, "2014-01-01", 2)];
        assert_eq!(show_spans(left), ["1 ..2011-07-31 stated", "2 2012-09-01.. open"]);
        let back = vec![
            row(1, Some("2010-09-01"), None, "2010-09-01", 1),
            row(2, Some("2012-09-01"), None, "2012-09-01", 2),
            row(1, Some("2013-09-01"), None, "2013-09-01", 3),
        ];
        let expected = ["1 2010-09-01..2012-08-31 next", "2 2012-09-01..2013-08-31 next", "1 2013-09-01.. open"];
        assert_eq!(show_spans(back), expected);
    }

    fn rows() -> impl Strategy<Value = Vec<RowStatement<u8>>> {
        let one = (0u8..4, proptest::option::of(0i64..400), proptest::option::of(0i64..400), 0i64..400, 0i64..9);
        proptest::collection::vec(one, 0..7).prop_map(|rows| {
            let day = |n: i64| NaiveDate::from_ymd_opt(2014, 1, 1).unwrap_or_default() + chrono::Duration::days(n);
            let mut nth = 0;
            rows.into_iter()
                .map(|(what, from, to, as_of, version)| {
                    nth += 1;
                    let from = from.map(day);
                    let to = to.map(day).filter(|to| from.is_none_or(|from| *to >= from));
                    RowStatement {
                        what,
                        from,
                        to,
                        as_of: day(as_of),
                        order: RowOrder { version, key: vec![nth] },
                        row: nth.into(),
                    }
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn order_of_arrival_does_not_matter(rows in rows(), seed: u64) {
            let mut other = rows.clone();
            let n = other.len().max(1);
            other.rotate_left(usize::try_from(seed).unwrap_or(0) % n);
            other.reverse();
            prop_assert_eq!(build_spans(rows), build_spans(other));
        }

        #[test]
        fn overlaps_are_marked_and_no_span_is_empty(rows in rows()) {
            let spans = build_spans(rows);
            for (nth, a) in spans.iter().enumerate() {
                prop_assert!(a.from.zip(a.to).is_none_or(|(from, to)| from <= to), "{:?}", a);
                for b in &spans[nth + 1..] {
                    let apart = a.to.zip(b.from).is_some_and(|(to, from)| to < from);
                    prop_assert!(apart || (a.overlaps || b.overlaps), "{:?} {:?}", a, b);
                }
            }
        }
    }
}
