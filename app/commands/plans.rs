//! Shared parts of plans: totals first, then the first teachers by name. All teachers are shown only on request.

use huiliu_engine::recount::Change;
use huiliu_values::{BeforeAfter, ExactHours, Gains};

use crate::render::{format_count, format_hours};
use crate::table::print_table;
use crate::words::{counting, label, say, sentence};

/// How many teachers or rows a plan shows by default.
pub const DEFAULT_SHOWN: usize = 10;

/// Returns how many rows are shown: all, the given limit, or [`DEFAULT_SHOWN`].
pub fn row_limit(all: bool, limit: Option<usize>) -> usize {
    if all { usize::MAX } else { limit.unwrap_or(DEFAULT_SHOWN) }
}

/// Describes how hours change, one phrase per kind of change. Empty if nothing changes.
pub fn gain_texts(gains: &Gains) -> Vec<String> {
    let Gains { gaining, gained, losing, lost, as_many } = *gains;
    let mut parts = Vec::new();
    if gaining > 0 {
        parts.push(counting!("cli-plans-gain", n = gaining, hours = format_hours(gained)));
    }
    if losing > 0 {
        parts.push(counting!("cli-plans-lose", n = losing, hours = format_hours(lost)));
    }
    if as_many > 0 {
        parts.push(counting!("cli-plans-as-many", n = as_many));
    }
    parts
}

/// Prints the phrases of a summary in one line.
pub fn say_summary(parts: &[String]) {
    say(&format!("  {}", parts.join(label("cli-plans-separator"))));
}

/// One teacher of a plan.
pub struct TeacherLine {
    pub number: Option<i64>,
    pub name: Option<String>,
    pub id_number: Option<String>,
    pub counted: BeforeAfter<ExactHours>,
    pub provisional: BeforeAfter<ExactHours>,
    pub entries_changed: String,
}

impl From<&Change> for TeacherLine {
    fn from(change: &Change) -> Self {
        Self {
            number: Some(change.teacher),
            name: change.name.clone(),
            id_number: change.id_number.clone(),
            counted: change.counted,
            provisional: change.provisional,
            entries_changed: change.entries_changed.to_string(),
        }
    }
}

/// Prints the first teachers, and how many there are in total.
pub fn show_teachers(lines: impl ExactSizeIterator<Item = TeacherLine>, shown: usize, total: usize) {
    let cells = |line: TeacherLine| {
        vec![
            line.name.unwrap_or_else(|| label("cli-plans-no-name").to_owned()),
            line.id_number.unwrap_or_default(),
            line.number.map_or_else(|| label("cli-plans-new").to_owned(), |number| number.to_string()),
            before_after_text(line.counted),
            before_after_text(line.provisional),
            line.entries_changed,
        ]
    };
    let heading = [
        label("cli-plans-name"),
        label("cli-plans-id-number"),
        label("cli-plans-teacher"),
        label("cli-plans-counted"),
        label("cli-plans-provisional"),
        label("cli-plans-entries-change"),
    ];
    let rows: Vec<Vec<String>> = lines.take(shown).map(cells).collect();
    if rows.is_empty() {
        return;
    }
    say("");
    print_table(&heading, &rows);
    say_more(rows.len(), total);
}

/// If not all are shown, says how many there are in total and that `--all` shows the rest.
pub fn say_more(shown: usize, total: usize) {
    if shown < total {
        say(&format!("  {}", sentence!("cli-plans-more", shown = format_count(shown), total = format_count(total))));
    }
}

/// Formats hours before and after; one number if they are equal.
pub fn before_after_text(BeforeAfter { before, after }: BeforeAfter<ExactHours>) -> String {
    if before == after { format_hours(before) } else { format!("{} → {}", format_hours(before), format_hours(after)) }
}
