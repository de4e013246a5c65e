//! `rules`: the packs in use, what they leave open, whether a pack can be used, and whose hours another one would change.

use std::path::{Path, PathBuf};

use huiliu_engine::recount::{self, Change, Totals};
use huiliu_rules::policy::settings::{QUESTIONS, Question};
use huiliu_rules::policy::{Policy, Rule};
use huiliu_values::Basis;
use serde_json::json;

use super::inspect::hours;
use crate::cli::Rules;
use crate::settings::{self, Settings};
use crate::wire::{Books, Make};
use crate::words::{both, say, say_json, spoken, table, tr, word};
use crate::{Stop, gate};

pub async fn run(settings: Settings, asked: Rules, json: bool) -> Result<(), Stop> {
    match asked {
        Rules::List => list(&gate::policy(&settings)?, json),
        Rules::Show { pack } => show(&gate::policy(&settings)?, pack.as_deref(), json)?,
        Rules::Settings => questions(&gate::policy(&settings)?, json),
        Rules::Check { files, courses } => check(&settings, files, courses, json)?,
        Rules::Diff { before, after, limit } => return diff(settings, (&before, &after), limit, json).await,
    }
    Ok(())
}

fn list(policy: &Policy, json: bool) {
    let of = |basis: Basis, name: &str| policy.rules.iter().filter(|r| r.pack == name && r.basis == basis).count();
    let rows: Vec<serde_json::Value> = policy
        .packs
        .iter()
        .map(|p| {
            json!({
                "pack": p.name, "version": p.version, "title": p.title, "jurisdiction": p.jurisdiction,
                "from": p.from, "to": p.to, "stated": of(Basis::Stated, &p.name),
                "adopted": of(Basis::Adopted, &p.name), "assumed": of(Basis::Assumed, &p.name),
            })
        })
        .collect();
    if json {
        return say_json(&rows);
    }
    let cells = |p: &huiliu_rules::policy::Pack| {
        vec![
            format!("{}@{}", p.name, p.version),
            format!("{} … {}", p.from, p.to),
            p.jurisdiction.clone(),
            of(Basis::Stated, &p.name).to_string(),
            of(Basis::Adopted, &p.name).to_string(),
            of(Basis::Assumed, &p.name).to_string(),
            p.title.clone(),
        ]
    };
    let heading = [
        tr("pack", "规则包"),
        tr("for what ends", "适用于结束日在"),
        tr("jurisdiction", "区划"),
        word("stated"),
        word("adopted"),
        word("assumed"),
        tr("title", "名称"),
    ];
    table(&heading, &policy.packs.iter().map(cells).collect::<Vec<_>>());
}

fn show(policy: &Policy, pack: Option<&str>, json: bool) -> Result<(), Stop> {
    let wanted = |rule: &&Rule| pack.is_none_or(|name| rule.pack == name);
    let rules: Vec<&Rule> = policy.rules.iter().filter(wanted).collect();
    if rules.is_empty() {
        let names = policy.packs.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ");
        let pack = pack.unwrap_or_default();
        return Err(Stop::usage(both!(
            "there is no rule pack {pack:?}; there are {names}",
            "没有规则包 {pack:?}；现有 {names}"
        )));
    }
    if json {
        let row = |r: &&Rule| {
            json!({
                "pack": r.pack, "version": r.version, "rule": r.name, "unit": r.unit, "units_per_one": r.units_per_one,
                "basis": r.basis.as_str(), "source": r.source,
            })
        };
        say_json(&rules.iter().map(row).collect::<Vec<_>>());
    } else {
        for r in rules {
            let amount = r.units_per_one.map(|n| format!(" × {n} / 108000")).unwrap_or_default();
            say(&format!("{}@{} {}{amount}", r.pack, r.version, r.name));
            say(&format!("    {}: {}", word(r.basis.as_str()), r.source));
        }
    }
    Ok(())
}

/// Every open question, and what each pack chose.
fn questions(policy: &Policy, json: bool) {
    let chosen = |q: &Question| -> Vec<(String, &Rule)> {
        let name = format!("setting.{}", q.name);
        let rules = policy.rules.iter().filter(|r| r.name == name);
        rules.map(|r| (format!("{}@{}", r.pack, r.version), r)).collect()
    };
    let value = |pack: &str, q: &Question| {
        let of = policy.packs.iter().find(|p| format!("{}@{}", p.name, p.version) == pack);
        of.and_then(|p| p.chosen.get(q.name)).copied().unwrap_or_default()
    };
    if json {
        let row = |q: &Question| {
            let packs: Vec<_> = chosen(q)
                .iter()
                .map(|(pack, r)| {
                    json!({ "pack": pack, "value": value(pack, q), "basis": r.basis.as_str(), "source": r.source })
                })
                .collect();
            json!({ "setting": q.name, "choices": q.choices, "why": q.why, "why_zh": q.why_zh, "packs": packs })
        };
        return say_json(&QUESTIONS.iter().map(row).collect::<Vec<_>>());
    }
    for q in QUESTIONS {
        say(&format!("{}: {}", q.name, q.choices.join(" | ")));
        for (pack, rule) in chosen(q) {
            let source = if rule.source == q.why { tr(q.why, q.why_zh) } else { &rule.source };
            say(&format!("    {pack} = {}  ({}) {source}", value(&pack, q), word(rule.basis.as_str())));
        }
    }
}

fn check(settings: &Settings, files: Vec<PathBuf>, courses: Option<PathBuf>, json: bool) -> Result<(), Stop> {
    let packs = settings::packs(files)?;
    let courses = match courses {
        Some(path) => (path.display().to_string(), read(&path)?),
        None => settings.courses.clone(),
    };
    let policy = gate::read_policy(&packs, &courses)?;
    let (rules, courses) = (policy.rules.len() - 1, policy.crosswalk.courses.len());
    if json {
        say_json(&json!({ "packs": policy.packs.len(), "rules": rules, "courses": courses }));
    } else {
        let packs = policy.packs.len();
        say(&both!(
            "{packs} packs, {rules} rules, {courses} courses: nothing wrong",
            "{packs} 个规则包，{rules} 条规则，{courses} 门课程：没有问题"
        ));
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, Stop> {
    std::fs::read_to_string(path).map_err(|e| {
        Stop::usage(both!("cannot read {path}: {e}", "无法读取 {path}：{e}", path = path.display(), e = spoken(&e)))
    })
}

/// `current`, or files of rule packs with commas between.
fn side(settings: &Settings, text: &str) -> Result<Policy, Stop> {
    if text == "current" {
        return gate::policy(settings);
    }
    let packs = settings::packs(text.split(',').map(PathBuf::from).collect())?;
    gate::read_policy(&packs, &settings.courses)
}

async fn diff(settings: Settings, (before, after): (&str, &str), limit: usize, json: bool) -> Result<(), Stop> {
    let (before, after) = (side(&settings, before)?, side(&settings, after)?);
    let books = Books::open(settings, Make::Nothing).await?;
    let mut changes: Vec<Change> = vec![];
    let totals = recount::compare(&books.db, &before, &after, &mut |change| {
        if changes.len() < limit {
            changes.push(change);
        }
    })
    .await?;
    if json {
        say_json(&json!({ "totals": totals, "teachers": changes }));
    } else {
        told(&totals, &changes);
    }
    books.close().await;
    Ok(())
}

fn told(totals: &Totals, changes: &[Change]) {
    changed(changes);
    let Totals { teachers, hours_change, reasons_change, counted_units: c, provisional_units: p } = totals;
    let (was, is) = (format!("{} + {}", hours(c.0), hours(p.0)), format!("{} + {}", hours(c.1), hours(p.1)));
    say(&both!(
        "\n  of {teachers} teachers {hours_change} would have other hours, {reasons_change} the same hours for other reasons; \
         counted + provisional: {was} → {is}",
        "\n  {teachers} 名教师中，{hours_change} 名学时会变化，{reasons_change} 名学时不变而依据变化；认定 + 暂认：{was} → {is}"
    ));
}

/// Teachers, with their hours before and after.
pub fn changed(changes: &[Change]) {
    let pair = |(a, b): (i64, i64)| if a == b { hours(a) } else { format!("{} → {}", hours(a), hours(b)) };
    let cells = |c: &Change| {
        vec![c.teacher.to_string(), pair(c.counted_units), pair(c.provisional_units), c.entries_changed.to_string()]
    };
    let heading = [
        tr("teacher", "教师"),
        tr("counted", "认定"),
        tr("provisional", "暂认"),
        tr("entries that change", "变化的认定"),
    ];
    if changes.is_empty() {
        say(tr("  nobody's entries change", "  没有教师的认定会变化"));
    } else {
        table(&heading, &changes.iter().map(cells).collect::<Vec<_>>());
    }
}
