//! What plans have in common: sums in words first, then the first teachers by name, all of them only where asked for.

use huiliu_engine::recount::Change;
use huiliu_values::{BeforeAfter, ExactHours, Gains};

use crate::render::{count, hours};
use crate::table::table;
use crate::words::{counting, label, say, sentence};

/// How many teachers, or rows, a plan shows where nobody asks for more.
pub const SHOWN: usize = 10;

/// How many rows are shown: as many as was asked for, else the first.
pub fn shown(all: bool, limit: Option<usize>) -> usize {
    if all { usize::MAX } else { limit.unwrap_or(SHOWN) }
}

/// How hours change, each in a part of a sentence; nothing where they do not.
pub fn gains(gains: &Gains) -> Vec<String> {
    let Gains { gaining, gained, losing, lost, as_many } = *gains;
    let mut parts = Vec::new();
    if gaining > 0 {
        parts.push(counting!("cli-plans-gain", n = gaining, hours = hours(gained)));
    }
    if losing > 0 {
        parts.push(counting!("cli-plans-lose", n = losing, hours = hours(lost)));
    }
    if as_many > 0 {
        parts.push(counting!("cli-plans-as-many", n = as_many));
    }
    parts
}

/// Prints the parts of a summary as one sentence.
pub fn say_summary(parts: &[String]) {
    say(&format!("  {}", parts.join(label("cli-plans-separator"))));
}

/// A teacher in a plan.
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

/// Prints the first of the teachers, and says how many there are in all.
pub fn show_teachers(lines: impl ExactSizeIterator<Item = TeacherLine>, shown: usize, total: usize) {
    let cells = |line: TeacherLine| {
        vec![
            line.name.unwrap_or_else(|| label("cli-plans-no-name").to_owned()),
            line.id_number.unwrap_or_default(),
            line.number.map_or_else(|| label("cli-plans-new").to_owned(), |number| number.to_string()),
            pair(line.counted),
            pair(line.provisional),
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
    table(&heading, &rows);
    say_more(rows.len(), total);
}

/// Says of how many the shown ones are, and that `--all` shows the rest.
pub fn say_more(shown: usize, total: usize) {
    if shown < total {
        say(&format!("  {}", sentence!("cli-plans-more", shown = count(shown), total = count(total))));
    }
}

/// Hours before and after.
pub fn pair(BeforeAfter { before, after }: BeforeAfter<ExactHours>) -> String {
    if before == after { hours(before) } else { format!("{} → {}", hours(before), hours(after)) }
}
