//! `roster`, `schools` and `regions`: teachers and schools as counties keep them, and to whom these report.

use chrono::NaiveDate;
use huiliu_manifest::Manifest;
use huiliu_rules::policy::Policy;
use huiliu_rules::roster::exemption::{Exemption, exemption};
use huiliu_rules::roster::regions::{Region, Regions};
use huiliu_store::roster::report::{self, MembershipRow, NameRow, SchoolRow, Status, TeacherRow};
use huiliu_values::calendar::today;
use huiliu_values::id_number::Sex;
use serde::Serialize;

use super::teachers;
use crate::cli::{Roster, Schools, Tree};
use crate::settings::Settings;
use crate::wire::{Books, Make};
use crate::words::{address, both, say, say_json, spoken, table, tr, word};
use crate::{Stop, gate};

/// The reporting tree of the settings, checked.
pub fn regions(settings: &Settings) -> Result<Regions, Stop> {
    Regions::parse(&settings.regions.0, &settings.regions.1).map_err(|fault| Stop::usage(spoken(&fault)))
}

pub async fn run(settings: Settings, asked: Roster, json: bool) -> Result<(), Stop> {
    match asked {
        Roster::Show { teacher, on } => show(settings, &teacher, on.unwrap_or_else(today), json).await,
        Roster::Status => status(settings, json).await,
    }
}

/// Age exemption, as it is shown.
#[derive(Debug, Serialize)]
struct Exempt {
    exempt: bool,
    as_of: NaiveDate,
    age: u32,
    from: Option<NaiveDate>,
}

impl From<Exemption> for Exempt {
    fn from(of: Exemption) -> Self {
        Self { exempt: of.exempt, as_of: of.as_of, age: of.age, from: of.from }
    }
}

/// A region of a chain, as it is shown.
#[derive(Debug, Serialize)]
struct Link<'r> {
    code: &'r str,
    name: &'r str,
    tier: &'static str,
    from: NaiveDate,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reports_to: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    successor: Option<&'r str>,
}

impl<'r> From<&'r Region> for Link<'r> {
    fn from(row: &'r Region) -> Self {
        Self {
            code: &row.code,
            name: &row.name,
            tier: row.tier.as_str(),
            from: row.from,
            to: row.to,
            reports_to: row.reports_to.as_deref(),
            successor: row.successor.as_deref(),
        }
    }
}

/// What is shown of a teacher beside the rows.
#[derive(Debug, Serialize)]
struct Shown<'r> {
    #[serde(flatten)]
    teacher: &'r TeacherRow,
    #[serde(skip_serializing_if = "Option::is_none")]
    exemption: Option<Exempt>,
    on: NaiveDate,
    regions: Vec<Link<'r>>,
}

async fn show(settings: Settings, teacher: &str, on: NaiveDate, json: bool) -> Result<(), Stop> {
    let (tree, policy) = (regions(&settings)?, gate::policy(&settings)?);
    let books = Books::open(settings, Make::Nothing).await?;
    let id = teachers::who(&books, teacher).await?;
    let row = report::teacher(&books.db, &books.keys, id).await?;
    let row = row.ok_or_else(|| Stop::usage(both!("there is no teacher {id}", "没有教师 {id}")))?;
    let region = row.memberships.iter().rev().find(|m| holds(m, on)).and_then(|m| m.region.clone());
    let chain = region.map(|code| tree.chain(&code, on)).unwrap_or_default();
    let shown = Shown {
        exemption: exempt(&policy, &row, on),
        on,
        regions: chain.into_iter().map(Link::from).collect(),
        teacher: &row,
    };
    if json {
        say_json(&shown);
    } else {
        tell(&shown);
    }
    books.close().await;
    Ok(())
}

/// Whether a membership holds on a day.
pub(super) fn holds(membership: &MembershipRow, on: NaiveDate) -> bool {
    let on = on.to_string();
    membership.from.as_ref().is_none_or(|from| *from <= on) && membership.to.as_ref().is_none_or(|to| *to >= on)
}

/// As of the day itself, with the limits of the rule pack of that day.
fn exempt(policy: &Policy, row: &TeacherRow, on: NaiveDate) -> Option<Exempt> {
    let limits = policy.nearest(on)?.exempt?.limits;
    let sex = if row.sex.as_deref()? == "male" { Sex::Male } else { Sex::Female };
    let birth = row.birth_date.as_deref()?.parse().ok()?;
    Some(exemption(sex, birth, limits, on).into())
}

fn tell(shown: &Shown<'_>) {
    let row = shown.teacher;
    let name = row.name.as_deref().unwrap_or_default();
    say(&format!("{} {}: {name}  {}", tr("teacher", "教师"), row.teacher, word(&row.origin)));
    if let (Some(sex), Some(birth)) = (&row.sex, &row.birth_date) {
        say(&format!("  {}, {} {birth}", word(sex), tr("born", "出生于")));
    }
    if row.contested {
        say(tr("  the ID number has two names in rows of one version", "  同一版本的名册中，此身份证号有两个姓名"));
    }
    for identifier in &row.identifiers {
        let ended = identifier.valid_to.as_ref().map(|to| format!("  {} {to}", tr("until", "至"))).unwrap_or_default();
        say(&format!("  {} {}{ended}", word(&identifier.kind), identifier.value));
    }
    if let Some(exempt) = &shown.exemption {
        let (age, as_of) = (exempt.age, exempt.as_of);
        say(&match exempt.exempt {
            true => {
                both!("  {age} years old on {as_of}: outside the assessment", "  {as_of} 年满 {age} 周岁：不列入测评")
            }
            false => both!("  {age} years old on {as_of}: assessed", "  {as_of} 年满 {age} 周岁：列入测评"),
        });
    }
    let cells = |m: &MembershipRow| {
        vec![
            m.school.clone(),
            m.school_name.clone().unwrap_or_default(),
            m.from.clone().unwrap_or_default(),
            m.to.clone().unwrap_or_default(),
            ending(&m.ended_by, m.overlaps),
            m.lineage.source.clone(),
            address(&m.lineage.address).into_owned(),
        ]
    };
    let heading = [
        tr("school", "学校"),
        tr("name", "名称"),
        tr("from", "起"),
        tr("to", "止"),
        "",
        tr("source", "来源"),
        tr("address", "出处"),
    ];
    table(&heading, &row.memberships.iter().map(cells).collect::<Vec<_>>());
    let chain: Vec<String> = shown.regions.iter().map(|link| format!("{} {}", link.code, link.name)).collect();
    if !chain.is_empty() {
        say(&format!("  {} {}: {}", tr("reports on", "上报关系"), shown.on, chain.join(" → ")));
    }
}

fn ending(ended_by: &str, overlaps: bool) -> String {
    let ended = match ended_by {
        "next" => tr("ended by the next", "由后一段终止"),
        _ => "",
    };
    let overlap = if overlaps { tr("overlaps", "时间重叠") } else { "" };
    [ended, overlap].iter().filter(|text| !text.is_empty()).copied().collect::<Vec<_>>().join(", ")
}

async fn status(settings: Settings, json: bool) -> Result<(), Stop> {
    let base = crate::registry::base(&settings)?;
    let mut streams = rosters(base.values().map(|found| &found.manifest));
    let books = Books::open(settings, Make::Nothing).await?;
    let registered = huiliu_store::admin::registry::read(&books.db).await?;
    for version in &registered.in_use {
        if let Ok(manifest) = Manifest::parse("manifest.toml", &version.manifest) {
            streams.extend(rosters(std::iter::once(&manifest)));
        }
    }
    let status = report::status(&books.db, &streams).await?;
    if json {
        say_json(&status);
    } else {
        tell_status(&status);
    }
    books.close().await;
    Ok(())
}

/// The streams of rosters, with their connectors.
fn rosters<'m>(manifests: impl Iterator<Item = &'m Manifest>) -> Vec<(String, String)> {
    let of = |manifest: &'m Manifest| {
        let rosters = manifest.stream.iter().filter(|stream| stream.kind.is_roster());
        rosters.map(|stream| (manifest.id.clone(), stream.name.clone())).collect::<Vec<_>>()
    };
    manifests.flat_map(of).collect()
}

fn tell_status(status: &Status) {
    for (words, n) in [
        (tr("teachers on the roster", "在册教师"), status.roster),
        (tr("teachers known from records only", "仅见于培训记录的教师"), status.provisional),
        (tr("on the roster without a school", "在册而无现任学校"), status.without_school),
        (tr("ID numbers with two names in one version", "同一版本中有两个姓名的身份证号"), status.contested),
        (tr("memberships that overlap", "时间重叠的任职"), status.overlaps),
        (tr("schools", "学校"), status.schools),
        (tr("rows that wait for a school or a person", "等待学校或人员的行"), status.waiting_by_itself),
    ] {
        say(&format!("  {words}: {n}"));
    }
    if !status.waiting.is_empty() {
        let cells = |(code, n): (&String, &i64)| vec![code.clone(), n.to_string()];
        table(
            &[tr("waiting, by reason", "待处理，按原因"), tr("rows", "行数")],
            &status.waiting.iter().map(cells).collect::<Vec<_>>(),
        );
    }
}

pub async fn schools(settings: Settings, asked: Schools, json: bool) -> Result<(), Stop> {
    let tree = regions(&settings)?;
    let books = Books::open(settings, Make::Nothing).await?;
    let rows = match &asked {
        Schools::List { limit, after } => report::schools(&books.db, None, after, *limit).await?,
        Schools::Show { code, .. } => {
            let rows = report::schools(&books.db, Some(code), "", 1).await?;
            if rows.is_empty() {
                return Err(Stop::usage(both!("there is no school {code}", "没有学校 {code}")));
            }
            rows
        }
    };
    let on = match &asked {
        Schools::Show { on: Some(on), .. } => *on,
        _ => today(),
    };
    if json {
        let with_chain = |row: &SchoolRow| {
            let chain: Vec<Link<'_>> =
                region_on(row, on).map(|c| tree.chain(c, on)).unwrap_or_default().into_iter().map(Link::from).collect();
            let mut shown = serde_json::to_value(row).unwrap_or_default();
            shown["regions"] = serde_json::to_value(chain).unwrap_or_default();
            shown
        };
        say_json(&rows.iter().map(with_chain).collect::<Vec<_>>());
    } else {
        tell_schools(&rows, &tree, on);
    }
    books.close().await;
    Ok(())
}

fn region_on(row: &SchoolRow, on: NaiveDate) -> Option<&str> {
    let on = on.to_string();
    let holds = |name: &&NameRow| {
        name.from.as_ref().is_none_or(|from| *from <= on) && name.to.as_ref().is_none_or(|to| *to >= on)
    };
    row.names.iter().rev().find(holds).or(row.names.last())?.region.as_deref()
}

fn tell_schools(rows: &[SchoolRow], tree: &Regions, on: NaiveDate) {
    let mut cells = Vec::new();
    for row in rows {
        let chain = region_on(row, on).map(|code| tree.chain(code, on)).unwrap_or_default();
        let chain: Vec<&str> = chain.iter().map(|region| region.name.as_str()).collect();
        for name in &row.names {
            cells.push(vec![
                row.school.clone(),
                name.name.clone(),
                word(&row.kind).to_owned(),
                name.from.clone().unwrap_or_default(),
                name.to.clone().unwrap_or_default(),
                ending(&name.ended_by, name.overlaps),
                row.teachers.to_string(),
                chain.join(" → "),
                row.successor.clone().unwrap_or_default(),
            ]);
        }
    }
    let heading = [
        tr("school", "学校"),
        tr("name", "名称"),
        tr("kind", "类别"),
        tr("from", "起"),
        tr("to", "止"),
        "",
        tr("teachers", "教师"),
        tr("reports to", "上报"),
        tr("successor", "承继"),
    ];
    table(&heading, &cells);
}

/// Needs no database: the tree is a file.
pub fn tree(settings: &Settings, asked: &Tree, json: bool) -> Result<(), Stop> {
    let tree = regions(settings)?;
    let rows: Vec<&Region> = match asked {
        Tree::List { on } => tree.on(on.unwrap_or_else(today)),
        Tree::Show { code, on } => {
            let rows = on.map_or_else(|| tree.of(code), |on| tree.chain(code, on));
            if rows.is_empty() {
                return Err(Stop::usage(both!(
                    "there is no region {code}; see `huiliu regions list`",
                    "没有区划 {code}；请看 `huiliu regions list`"
                )));
            }
            rows
        }
    };
    if json {
        say_json(&rows.into_iter().map(Link::from).collect::<Vec<_>>());
        return Ok(());
    }
    let cells = |row: &&Region| {
        vec![
            row.code.clone(),
            row.name.clone(),
            word(row.tier.as_str()).to_owned(),
            row.reports_to.clone().unwrap_or_default(),
            row.from.to_string(),
            row.to.map(|to| to.to_string()).unwrap_or_default(),
            row.successor.clone().unwrap_or_default(),
        ]
    };
    let heading = [
        tr("region", "区划"),
        tr("name", "名称"),
        tr("tier", "层级"),
        tr("reports to", "上级"),
        tr("from", "起"),
        tr("to", "止"),
        tr("successor", "承继"),
    ];
    table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
    Ok(())
}
