//! What files would do that are handed in, for people: rows, teachers, hours.

use huiliu_engine::upload_plan::{People, Plan, Teacher};
use huiliu_store::roster::known::KnownMembership;
use huiliu_values::{BeforeAfter, ExactHours};

use crate::render::{balance_cells, balance_heading, hours, reasons, say_only_a_plan};
use crate::table::table;
use crate::words::{address, label, note, said, say, sentence, word};

/// Prints a plan.
pub fn show_plan(plan: &Plan) {
    let mut cells = vec![plan.source.clone()];
    cells.extend(balance_cells(&plan.balance));
    table(&balance_heading(label("cli-planned-source")), &[cells]);
    for why in &plan.undelivered {
        let reason = why.why.as_ref().map_or_else(String::new, said);
        note(&sentence!("cli-planned-would-delivered", file = why.file, reason));
    }
    if plan.taken_up > 0 {
        say(&sentence!("cli-planned-rows-waited-would-go", taken_up = plan.taken_up));
    }
    show_parked(plan);
    show_teachers(&plan.teachers);
    show_people(&plan.people);
    let h = &plan.hours;
    let both_sums =
        |counted: ExactHours, provisional: ExactHours| format!("{} + {}", hours(counted), hours(provisional));
    say(&sentence!(
        "cli-planned-teachers-concerned-would-other-hours",
        teachers = h.teachers,
        hours_change = h.hours_change,
        reasons_change = h.reasons_change,
        before = both_sums(h.counted.before, h.provisional.before),
        after = both_sums(h.counted.after, h.provisional.after)
    ));
    if plan.changes {
        say_only_a_plan();
    } else {
        say(label("cli-planned-nothing-would-change-all-held"));
    }
}

fn show_parked(plan: &Plan) {
    if plan.parked.reasons.is_empty() {
        return;
    }
    let cells = |(code, n): (&String, &u64)| vec![code.clone(), n.to_string()];
    say("");
    table(
        &[label("cli-planned-would-wait-reason"), label("cli-planned-rows")],
        &plan.parked.reasons.iter().map(cells).collect::<Vec<_>>(),
    );
    for row in &plan.parked.rows {
        say(&format!("  {}  {}", address(&row.address), reasons(&row.reasons)));
    }
}

fn show_teachers(teachers: &[Teacher]) {
    for teacher in teachers {
        let number = teacher.teacher.map_or_else(|| label("cli-planned-new").to_owned(), |number| number.to_string());
        say(&format!("\n{} {number}: {}", label("cli-planned-teacher"), teacher.id_number));
        changes(teacher).iter().for_each(|line| say(&format!("  {line}")));
    }
}

fn changes(teacher: &Teacher) -> Vec<String> {
    let text = |name: &str, of: &Option<BeforeAfter<Option<String>>>| {
        let said = |text: &Option<String>| word(text.as_deref().unwrap_or("—")).to_owned();
        of.as_ref().map(|pair| format!("{name}: {} → {}", said(&pair.before), said(&pair.after)))
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
        let post = |p: &KnownMembership| format!("{} ({} – {})", p.school, day(&p.from), day(&p.to));
        if posts.is_empty() { "—".to_owned() } else { posts.iter().map(post).collect::<Vec<_>>().join(", ") }
    };
    let moved = teacher.memberships.as_ref();
    let moved = moved.map(|m| format!("{}: {} → {}", label("cli-planned-schools"), posts(&m.before), posts(&m.after)));
    let hours = teacher.hours.map(|h| {
        sentence!(
            "cli-planned-hours-counted-provisional-entries-change",
            before = hours(h.counted.before),
            before_2 = hours(h.provisional.before),
            after = hours(h.counted.after),
            after_2 = hours(h.provisional.after),
            entries_changed = h.entries_changed,
            before_3 = h.exempt_entries.before,
            after_3 = h.exempt_entries.after
        )
    });
    [
        on_roster,
        text(label("cli-planned-name"), &teacher.name),
        text(label("cli-planned-sex"), &teacher.sex),
        text(label("cli-planned-born"), &teacher.birth_date),
        contested,
        moved,
        hours,
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn show_people(people: &People) {
    let People { new, on_roster, renamed, contested, sex, birth_date, moved } = people;
    say(&sentence!(
        "cli-planned-new-teachers-come-onto-roster",
        new,
        on_roster,
        renamed,
        contested,
        sex,
        birth_date,
        moved
    ));
}
