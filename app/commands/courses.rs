//! `courses`: the crosswalk, what it does not know, and what people decide about it.

use huiliu_engine::recount;
use huiliu_rules::policy::similar::likeness;
use huiliu_rules::policy::{Crosswalk, Policy};
use huiliu_store::ledger::courses::{self, Named};
use huiliu_store::ledger::decisions::Verdict;
use serde_json::json;

use super::rulings::{self, Mode};
use crate::cli::Courses;
use crate::settings::Settings;
use crate::wire::{self, Books, House, Make};
use crate::words::{both, say_json, table, tr};
use crate::{Stop, gate};

/// Titles less alike than this are not suggested, in thousandths.
const ALIKE: u32 = 400;

pub async fn run(settings: Settings, asked: Courses, json: bool) -> Result<(), Stop> {
    match asked {
        Courses::List => list(settings, json).await,
        Courses::Unknown => unknown(settings, json).await,
        Courses::Equate { connector, code, course, mode } => {
            equate(settings, (&connector, &code, &course), Mode::of(&mode), json).await
        }
    }
}

/// The crosswalk in use: the file's, with what people decided.
async fn in_use(settings: &Settings, books: Option<&Books>) -> Result<Policy, Stop> {
    let policy = gate::policy(settings)?;
    let decided = match books {
        Some(books) => recount::with_decisions(&books.db, &policy).await?,
        None => None,
    };
    Ok(decided.unwrap_or(policy))
}

async fn list(settings: Settings, json: bool) -> Result<(), Stop> {
    let books =
        if wire::is_there(&settings) { Some(Books::open(settings.clone(), Make::Nothing).await?) } else { None };
    let Crosswalk { courses, themes, .. } = in_use(&settings, books.as_ref()).await?.crosswalk;
    if let Some(books) = books {
        books.close().await;
    }
    let series = |theme: Option<&str>| {
        let found = themes.iter().find(|t| Some(t.id.as_str()) == theme);
        found.map(|t| t.series.as_str()).unwrap_or_default()
    };
    let hours = |most: Option<i64>| most.map(super::inspect::hours).unwrap_or_default();
    if json {
        let row = |c: &huiliu_rules::policy::courses::Course| json!({ "course": &*c.id, "title": c.title, "theme": c.theme, "series": series(c.theme.as_deref()), "most_units": c.most });
        say_json(&courses.values().map(row).collect::<Vec<_>>());
        return Ok(());
    }
    let cells = |c: &huiliu_rules::policy::courses::Course| {
        let theme = c.theme.clone().unwrap_or_default();
        vec![c.id.to_string(), c.title.clone(), theme, series(c.theme.as_deref()).to_owned(), hours(c.most)]
    };
    let heading = [
        tr("course", "课程"),
        tr("title", "名称"),
        tr("theme", "主题"),
        tr("series", "系列"),
        tr("hours at most", "最多学时"),
    ];
    table(&heading, &courses.values().map(cells).collect::<Vec<_>>());
    Ok(())
}

/// A canonical course, its title, and how alike it is, in thousandths.
type Suggested<'c> = (&'c str, &'c str, u32);

/// The canonical course with the most alike title, and how alike.
fn suggestion<'c>(crosswalk: &'c Crosswalk, title: &str) -> Option<Suggested<'c>> {
    let alike = crosswalk.courses.values().map(|c| (&*c.id, c.title.as_str(), likeness(title, &c.title)));
    alike.filter(|(.., n)| *n >= ALIKE).max_by_key(|(id, _, n)| (*n, std::cmp::Reverse(*id)))
}

async fn unknown(settings: Settings, json: bool) -> Result<(), Stop> {
    let books = Books::open(settings.clone(), Make::Nothing).await?;
    let crosswalk = in_use(&settings, Some(&books)).await?.crosswalk;
    let named = courses::named(&books.db).await?;
    books.close().await;
    let known = |n: &Named| crosswalk.canonical(&n.connector, &n.code).is_some();
    let rows: Vec<(&Named, Option<Suggested<'_>>)> = named
        .iter()
        .filter(|n| !known(n))
        .map(|n| (n, suggestion(&crosswalk, n.title.as_deref().unwrap_or(&n.code))))
        .collect();
    if json {
        let row = |(n, found): &(&Named, Option<Suggested<'_>>)| {
            json!({
                "connector": n.connector, "code": n.code, "title": n.title, "records": n.records,
                "suggested": found.map(|(id, title, alike)| json!({ "course": id, "title": title, "alike_per_mille": alike })),
            })
        };
        say_json(&rows.iter().map(row).collect::<Vec<_>>());
        return Ok(());
    }
    let cells = |(n, found): &(&Named, Option<Suggested<'_>>)| {
        let suggested = found.map(|(id, title, alike)| format!("{id} {title} ({} %)", alike / 10));
        vec![
            n.connector.clone(),
            n.code.clone(),
            n.title.clone().unwrap_or_default(),
            n.records.to_string(),
            suggested.unwrap_or_default(),
        ]
    };
    let heading = [
        tr("connector", "连接器"),
        tr("code", "代码"),
        tr("title", "名称"),
        tr("records", "记录数"),
        tr("suggested", "建议"),
    ];
    table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
    Ok(())
}

async fn equate(
    settings: Settings,
    (connector, code, course): (&str, &str, &str),
    mode: Mode<'_>,
    json: bool,
) -> Result<(), Stop> {
    let house = wire::open(settings, Make::Nothing).await?;
    let course = Some(course).filter(|course| *course != "none");
    if let Some(id) = course.filter(|id| house.desk.policy.crosswalk.course(id).is_none()) {
        return Err(Stop::usage(both!(
            "there is no course {id:?}; see `huiliu courses list`",
            "没有课程 {id:?}；请看 `huiliu courses list`"
        )));
    }
    let House { desk, .. } = &house;
    let before = recount::with_decisions(&desk.db, &desk.policy).await?.unwrap_or_else(|| (*desk.policy).clone());
    let mut after = before.clone();
    after.crosswalk.decide(connector, code, course);
    let verdict = Verdict {
        kind: "course.equate",
        teacher: None,
        claim: None,
        record: None,
        detail: json!({ "connector": connector, "code": code, "course": course }),
    };
    rulings::ruled(&house, rulings::Ruling { verdict, before: &before, after: &after }, mode, json).await
}
