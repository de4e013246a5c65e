//! What files would do that are handed in, for people: rows, teachers, hours.

use huiliu_engine::upload_plan::{People, Plan, Teacher};
use huiliu_store::roster::known::Post;
use huiliu_values::{BeforeAfter, ExactHours};

use crate::render::{balance_cells, balance_heading, hours, reasons, say_only_a_plan};
use crate::table::table;
use crate::words::{address, both, note, phrase, say, tr, word};

/// Prints a plan.
pub fn show_plan(plan: &Plan) {
    let mut cells = vec![plan.source.clone()];
    cells.extend(balance_cells(&plan.balance));
    table(&balance_heading(tr("source", "来源")), &[cells]);
    for why in &plan.undelivered {
        note(&both!("would not be delivered: {}", "不会被投递：{}", phrase(why)));
    }
    if plan.taken_up > 0 {
        say(&both!("\n  {} rows that have waited would go in", "\n  有 {} 行此前等待的数据将随之入库", plan.taken_up));
    }
    show_parked(plan);
    show_teachers(&plan.teachers);
    show_people(&plan.people);
    let h = &plan.hours;
    let both_sums =
        |counted: ExactHours, provisional: ExactHours| format!("{} + {}", hours(counted), hours(provisional));
    say(&both!(
        "  of {} teachers concerned {} would have other hours, {} the same hours for other reasons; \
         counted + provisional of these: {} → {}",
        "  涉及教师 {} 名：{} 名学时会变化，{} 名学时不变而依据变化；其认定 + 暂认：{} → {}",
        h.teachers,
        h.hours_change,
        h.reasons_change,
        both_sums(h.counted.before, h.provisional.before),
        both_sums(h.counted.after, h.provisional.after)
    ));
    if plan.changes {
        say_only_a_plan();
    } else {
        say(tr(
            "\n  nothing would change: all of it is held already, and need not be handed in",
            "\n  不会有任何变化：这些内容均已入库，无需递交",
        ));
    }
}

fn show_parked(plan: &Plan) {
    if plan.parked.reasons.is_empty() {
        return;
    }
    let cells = |(code, n): (&String, &u64)| vec![code.clone(), n.to_string()];
    say("");
    table(
        &[tr("would wait, by reason", "将待处理，按原因"), tr("rows", "行数")],
        &plan.parked.reasons.iter().map(cells).collect::<Vec<_>>(),
    );
    for row in &plan.parked.rows {
        say(&format!("  {}  {}", address(&row.address), reasons(&row.reasons)));
    }
}

fn show_teachers(teachers: &[Teacher]) {
    for teacher in teachers {
        let number = teacher.teacher.map_or_else(|| tr("new", "新").to_owned(), |number| number.to_string());
        say(&format!("\n{} {number}: {}", tr("teacher", "教师"), teacher.id_number));
        changes(teacher).iter().for_each(|line| say(&format!("  {line}")));
    }
}

fn changes(teacher: &Teacher) -> Vec<String> {
    let text = |name: &str, of: &Option<BeforeAfter<Option<String>>>| {
        let said = |text: &Option<String>| word(text.as_deref().unwrap_or("—")).to_owned();
        of.as_ref().map(|pair| format!("{name}: {} → {}", said(&pair.before), said(&pair.after)))
    };
    let on_roster = teacher.on_roster.map(|_| tr("on the roster from then on", "由此入册").to_owned());
    let contested = teacher.contested.map(|contested| {
        let words = if contested.after {
            tr("its ID number has two names then", "此身份证号届时有两个姓名")
        } else {
            tr("its ID number has one name again", "此身份证号恢复为一个姓名")
        };
        words.to_owned()
    });
    let posts = |posts: &[Post]| {
        let day = |day: &Option<String>| day.clone().unwrap_or_else(|| "…".to_owned());
        let post = |p: &Post| format!("{} ({} – {})", p.school, day(&p.from), day(&p.to));
        if posts.is_empty() { "—".to_owned() } else { posts.iter().map(post).collect::<Vec<_>>().join(", ") }
    };
    let moved = teacher.memberships.as_ref();
    let moved = moved.map(|m| format!("{}: {} → {}", tr("schools", "学校"), posts(&m.before), posts(&m.after)));
    let hours = teacher.hours.map(|h| {
        both!(
            "hours: {} + {} → {} + {} (counted + provisional); {} entries change, {} → {} count by age",
            "学时：{} + {} → {} + {}（认定 + 暂认）；{} 条认定变化，因年龄计入 {} → {} 条",
            hours(h.counted.before),
            hours(h.provisional.before),
            hours(h.counted.after),
            hours(h.provisional.after),
            h.entries_changed,
            h.exempt_entries.before,
            h.exempt_entries.after
        )
    });
    [
        on_roster,
        text(tr("name", "姓名"), &teacher.name),
        text(tr("sex", "性别"), &teacher.sex),
        text(tr("born", "出生日期"), &teacher.birth_date),
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
    say(&both!(
        "\n  {new} new teachers, {on_roster} come onto the roster, {renamed} renamed, {contested} with two names on one ID number, \
         {sex} of another sex, {birth_date} with another birth date, {moved} with other schools",
        "\n  新教师 {new} 名，入册 {on_roster} 名，改名 {renamed} 名，一号两名 {contested} 名，性别变化 {sex} 名，\
         出生日期变化 {birth_date} 名，学校变化 {moved} 名"
    ));
}
