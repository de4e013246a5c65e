//! Spans of days out of what rows state: where a teacher belongs, and what a school is called. Pure; the order in which rows
//! are given decides nothing.

use chrono::NaiveDate;

/// What one row states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated<T> {
    /// What holds in the span: the school, or name and division.
    pub what: T,
    /// First day, where it is told.
    pub from: Option<NaiveDate>,
    /// Last day, where it is told.
    pub to: Option<NaiveDate>,
    /// Day from which the row says so.
    pub as_of: NaiveDate,
    /// Version of the row and a key, for an order where days are the same.
    pub order: (i64, Vec<u8>),
    /// The row.
    pub row: i64,
}

/// How a span ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It has not ended.
    Open,
    /// A row tells the day.
    Stated,
    /// The next span begins; no row tells an end.
    Next,
}

impl End {
    /// The word in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Stated => "stated",
            Self::Next => "next",
        }
    }
}

/// A span of days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span<T> {
    /// What holds.
    pub what: T,
    /// First day; none where nobody tells a beginning.
    pub from: Option<NaiveDate>,
    /// Last day; none while it is open.
    pub to: Option<NaiveDate>,
    /// How it ends.
    pub end: End,
    /// Whether rows state that it overlaps with another one: both are kept, and shown as such.
    pub overlaps: bool,
    /// The row that says so, the latest of them.
    pub row: i64,
}

/// The spans, in order. Rows that say the same of adjoining days are one span, which ends as the newest of them says. A span
/// without an end is ended by the next one, and says so; where that leaves no day of it, the next one corrects it. Two spans
/// whose rows state days in common both stay and are marked.
#[must_use]
pub fn spans<T: Clone + Eq>(mut stated: Vec<Stated<T>>) -> Vec<Span<T>> {
    stated.sort_by_cached_key(|row| (begins(row), said(row)));
    let mut spans: Vec<(Span<T>, Said)> = Vec::with_capacity(stated.len());
    for row in stated {
        let (begins, said) = (begins(&row), said(&row));
        let end = if row.to.is_some() { End::Stated } else { End::Open };
        if let Some((last, before)) =
            spans.last_mut().filter(|(last, _)| last.what == row.what && adjoins(last, begins))
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
        // Who came when is not told, but not before somebody else was there.
        let from = if spans.is_empty() { row.from } else { Some(begins) };
        spans.push((Span { what: row.what, from, to: row.to, end, overlaps, row: row.row }, said));
    }
    spans.into_iter().map(|(span, _)| span).collect()
}

/// When something was said: day, version, key.
type Said = (NaiveDate, (i64, Vec<u8>));

fn said<T>(row: &Stated<T>) -> Said {
    (row.as_of, row.order.clone())
}

/// The day from which a row is about something: its first day, else the day on which it was known, if it had not ended by then.
fn begins<T>(row: &Stated<T>) -> NaiveDate {
    row.from.unwrap_or_else(|| row.to.map_or(row.as_of, |to| to.min(row.as_of)))
}

/// Whether a span that begins on this day goes on with another.
fn adjoins<T>(last: &Span<T>, begins: NaiveDate) -> bool {
    last.to.and_then(|to| to.succ_opt()).is_none_or(|after| begins <= after)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(what: u8, from: Option<&str>, to: Option<&str>, as_of: &str, version: i64) -> Stated<u8> {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap_or_default();
        Stated {
            what,
            from: from.map(day),
            to: to.map(day),
            as_of: day(as_of),
            order: (version, vec![what]),
            row: version,
        }
    }

    fn told(rows: Vec<Stated<u8>>) -> Vec<String> {
        let text = |day: Option<NaiveDate>| day.map_or_else(String::new, |d| d.to_string());
        let one = |s: Span<u8>| {
            let mark = if s.overlaps { " !" } else { "" };
            format!("{} {}..{} {}{mark}", s.what, text(s.from), text(s.to), s.end.as_str())
        };
        spans(rows).into_iter().map(one).collect()
    }

    #[test]
    fn who_moves_leaves_the_day_before() {
        let moved =
            vec![row(2, Some("2014-09-01"), None, "2014-10-01", 2), row(1, Some("2010-09-01"), None, "2014-01-01", 1)];
        assert_eq!(told(moved), ["1 2010-09-01..2014-08-31 next", "2 2014-09-01.. open"]);
        let undated = vec![row(1, None, None, "2014-01-01", 1), row(2, None, None, "2014-10-01", 2)];
        assert_eq!(told(undated), ["1 ..2014-09-30 next", "2 2014-10-01.. open"]);
    }

    #[test]
    fn a_correction_leaves_nothing_of_what_it_corrects() {
        let corrected =
            vec![row(1, Some("2010-09-01"), None, "2014-01-01", 1), row(2, Some("2010-09-01"), None, "2014-10-01", 2)];
        assert_eq!(told(corrected), ["2 2010-09-01.. open"]);
    }

    #[test]
    fn stated_overlaps_stay_and_are_marked() {
        let both = vec![
            row(1, Some("2010-09-01"), Some("2014-12-31"), "2014-01-01", 1),
            row(2, Some("2014-09-01"), None, "2014-10-01", 2),
        ];
        assert_eq!(told(both), ["1 2010-09-01..2014-12-31 stated !", "2 2014-09-01.. open !"]);
    }

    #[test]
    fn two_sources_that_say_the_same_are_one_span() {
        let twice =
            vec![row(1, None, None, "2014-01-01", 1), row(1, Some("2012-09-01"), Some("2015-07-31"), "2015-09-01", 2)];
        assert_eq!(told(twice), ["1 2012-09-01..2015-07-31 stated"]);
        let left =
            vec![row(1, None, Some("2011-07-31"), "2014-01-01", 1), row(2, Some("2012-09-01"), None, "2014-01-01", 2)];
        assert_eq!(told(left), ["1 ..2011-07-31 stated", "2 2012-09-01.. open"]);
        let back = vec![
            row(1, Some("2010-09-01"), None, "2010-09-01", 1),
            row(2, Some("2012-09-01"), None, "2012-09-01", 2),
            row(1, Some("2013-09-01"), None, "2013-09-01", 3),
        ];
        let expected = ["1 2010-09-01..2012-08-31 next", "2 2012-09-01..2013-08-31 next", "1 2013-09-01.. open"];
        assert_eq!(told(back), expected);
    }

    fn rows() -> impl Strategy<Value = Vec<Stated<u8>>> {
        let one = (0u8..4, proptest::option::of(0i64..400), proptest::option::of(0i64..400), 0i64..400, 0i64..9);
        proptest::collection::vec(one, 0..7).prop_map(|rows| {
            let day = |n: i64| NaiveDate::from_ymd_opt(2014, 1, 1).unwrap_or_default() + chrono::Duration::days(n);
            let mut nth = 0;
            rows.into_iter()
                .map(|(what, from, to, as_of, version)| {
                    nth += 1;
                    let from = from.map(day);
                    let to = to.map(day).filter(|to| from.is_none_or(|from| *to >= from));
                    Stated { what, from, to, as_of: day(as_of), order: (version, vec![nth]), row: nth.into() }
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn the_order_of_arrival_decides_nothing(rows in rows(), seed: u64) {
            let mut other = rows.clone();
            let n = other.len().max(1);
            other.rotate_left(usize::try_from(seed).unwrap_or(0) % n);
            other.reverse();
            prop_assert_eq!(spans(rows), spans(other));
        }

        #[test]
        fn no_overlap_is_silent_and_no_span_is_empty(rows in rows()) {
            let spans = spans(rows);
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
