//! Shows the plan of an upload to people: rows, teachers, hours.

use huiliu_engine::upload_plan::{People, Plan, Teacher};
use huiliu_store::roster::known::KnownMembership;
use huiliu_values::{BeforeAfter, ExactHours};

use super::{layouts, plans};
use crate::render::{format_hours, format_number, format_unsigned, reasons_text, say_only_a_plan};
use crate::table::print_table;
use crate::words::{counting, label, localize_address, localize_word, message_text, note, say, sentence};

/// Prints a plan: totals first, then the first teachers. Parked rows are listed only if `all` is set.
pub fn show_plan(plan: &Plan, all: bool, most: usize) {
    let records = counting!(
        "cli-planned-records",
        n = plan.balance.received,
        outcomes = outcomes_text(plan),
        source = plan.source.as_str()
    );
    say(&records);
    for why in &plan.undelivered {
        let reason = why.why.as_ref().map_or_else(String::new, message_text);
        note(&sentence!("cli-planned-would-delivered", file = why.file, reason));
    }
    layouts::show_landed(&plan.layout);
    if !plan.changes {
        return say(label("cli-planned-nothing-would-change-all-held"));
    }
    let mut parts = plans::gain_texts(&plan.hours.gains);
    parts.extend(people_texts(&plan.people));
    if plan.taken_up > 0 {
        parts.push(counting!("cli-planned-rows-waited-would-go", n = plan.taken_up));
    }
    if !parts.is_empty() {
        plans::say_summary(&parts);
    }
    show_hours(plan);
    show_parked(plan, all, most);
    show_teachers(plan, most);
    say_only_a_plan();
}

/// Describes the outcomes of the raw records: `50 inserted, 8 parked`.
fn outcomes_text(plan: &Plan) -> String {
    let b = &plan.balance;
    let of = [
        (b.inserted, label("cli-render-inserted")),
        (b.updated, label("cli-render-updated")),
        (b.unchanged, label("cli-render-unchanged")),
        (b.superseded, label("cli-render-superseded")),
        (b.skipped, label("cli-render-skipped")),
        (b.withdrawn, label("cli-render-withdrawn")),
        (b.parked, label("cli-render-parked")),
        (b.discarded, label("cli-render-discarded")),
        (b.pending, label("cli-render-pending")),
        (b.unread, label("cli-render-unread")),
    ];
    let said = |(n, outcome): &(i64, &str)| sentence!("cli-render-of-outcome", n = format_number(*n), outcome);
    of.iter().filter(|(n, _)| *n > 0).map(said).collect::<Vec<_>>().join(label("cli-render-comma"))
}

/// Prints the total hours of the teachers concerned, before and after.
fn show_hours(plan: &Plan) {
    let h = &plan.hours;
    if h.hours_change + h.reasons_change == 0 {
        return;
    }
    let both_sums = |counted: ExactHours, provisional: ExactHours| {
        format!("{} + {}", format_hours(counted), format_hours(provisional))
    };
    let before = both_sums(h.counted.before, h.provisional.before);
    let after = both_sums(h.counted.after, h.provisional.after);
    say(&counting!("cli-planned-hours-in-all", n = h.hours_change + h.reasons_change, before = before, after = after));
}

fn show_parked(plan: &Plan, all: bool, most: usize) {
    if plan.parked.reasons.is_empty() {
        return;
    }
    let cells = |(code, n): (&String, &u64)| vec![code.clone(), format_unsigned(*n)];
    say("");
    print_table(
        &[label("cli-planned-would-wait-reason"), label("cli-planned-rows")],
        &plan.parked.reasons.iter().map(cells).collect::<Vec<_>>(),
    );
    let shown = if all { most } else { 0 };
    for row in plan.parked.rows.iter().take(shown) {
        say(&format!("  {}  {}", localize_address(&row.address), reasons_text(&row.reasons)));
    }
    if shown == 0 {
        say(&format!("  {}", label("cli-planned-parked-more")));
    }
}

fn show_teachers(plan: &Plan, most: usize) {
    let shown = &plan.teachers[..plan.teachers.len().min(most)];
    if !shown.is_empty() {
        say("");
    }
    for teacher in shown {
        let new = || label("cli-planned-new-teacher").to_owned();
        let who = teacher.teacher.map_or_else(new, |number| sentence!("cli-planned-teacher", number));
        let name = teacher.called.as_deref().unwrap_or(label("cli-plans-no-name"));
        let who = sentence!("cli-planned-who", name, id_number = teacher.id_number, who);
        match &change_texts(teacher)[..] {
            [] => say(&format!("  {who}")),
            [change] => say(&format!("  {}", sentence!("cli-planned-who-changes", who, change))),
            changes => {
                say(&format!("  {who}"));
                changes.iter().for_each(|line| say(&format!("    {line}")));
            }
        }
    }
    plans::say_more(shown.len(), usize::try_from(plan.teachers_changing).unwrap_or(usize::MAX));
}

fn change_texts(teacher: &Teacher) -> Vec<String> {
    let text = |name: &str, of: &Option<BeforeAfter<Option<String>>>| {
        let said = |text: &Option<String>| localize_word(text.as_deref().unwrap_or("—")).to_owned();
        of.as_ref().map(|pair| change_text(name, &said(&pair.before), &said(&pair.after)))
    };
    let on_roster = teacher.on_roster.map(|_| label("cli-planned-roster-from-then").to_owned());
    let contested = teacher.contested.map(|contested| {
        let words = if contested.after {
            label("cli-planned-id-number-two-names-then")
        } else {
            label("cli-planned-id-number-one-name-again")
        };
        words.to_owned()
    });
    let posts = |posts: &[KnownMembership]| {
        let day = |day: &Option<String>| day.clone().unwrap_or_else(|| "…".to_owned());
        let post = |p: &KnownMembership| {
            sentence!("cli-planned-post", school = p.school, from = day(&p.from), to = day(&p.to))
        };
        let separator = label("cli-render-comma");
        if posts.is_empty() { "—".to_owned() } else { posts.iter().map(post).collect::<Vec<_>>().join(separator) }
    };
    let moved = teacher.memberships.as_ref();
    let moved = moved.map(|m| change_text(label("cli-planned-schools"), &posts(&m.before), &posts(&m.after)));
    let entries = teacher.hours.map(|h| counting!("cli-planned-entries", n = h.entries_changed));
    let hours = teacher.hours.map(|h| {
        let provisional = h.provisional;
        let counted =
            change_text(label("cli-plans-counted"), &format_hours(h.counted.before), &format_hours(h.counted.after));
        let is_provisional = provisional.before != ExactHours(0) || provisional.after != ExactHours(0);
        let provisional = change_text(
            label("cli-plans-provisional"),
            &format_hours(provisional.before),
            &format_hours(provisional.after),
        );
        [Some(counted), Some(provisional).filter(|_| is_provisional), entries.clone()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(label("cli-plans-separator"))
    });
    let exempt = teacher.hours.map(|h| h.exempt_entries).filter(|exempt| exempt.before != exempt.after);
    let exempt = exempt
        .map(|exempt| change_text(label("cli-planned-exempt"), &exempt.before.to_string(), &exempt.after.to_string()));
    [
        on_roster,
        text(label("cli-planned-name"), &teacher.name),
        text(label("cli-planned-sex"), &teacher.sex),
        text(label("cli-planned-born"), &teacher.birth_date),
        contested,
        moved,
        hours,
        exempt,
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Renders a value before and after: `name: 王芳 → 王芬`.
fn change_text(what: &str, before: &str, after: &str) -> String {
    sentence!("cli-planned-changed", what, before, after)
}

/// Describes how many teachers' data would change, one phrase per kind of change.
fn people_texts(people: &People) -> Vec<String> {
    let People { new, on_roster, renamed, contested, sex, birth_date, moved } = *people;
    let mut parts = Vec::new();
    let mut tell = |n: u64, words: String| {
        if n > 0 {
            parts.push(words);
        }
    };
    tell(new, counting!("cli-planned-new-teachers", n = new));
    tell(on_roster, counting!("cli-planned-on-roster", n = on_roster));
    tell(renamed, counting!("cli-planned-renamed", n = renamed));
    tell(contested, counting!("cli-planned-contested", n = contested));
    tell(sex, counting!("cli-planned-other-sex", n = sex));
    tell(birth_date, counting!("cli-planned-other-birth-date", n = birth_date));
    tell(moved, counting!("cli-planned-moved", n = moved));
    parts
}
