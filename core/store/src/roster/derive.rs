//! Derives teachers, memberships and schools from the stored rows. They are recomputed for everybody whom a load
//! concerns; nothing is accumulated.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;

use crate::ledger::marks;
use crate::roster::write::Personal;
use crate::sql::db::Tx;
use crate::sql::error::{Kept, StoreError};
use crate::sql::rows::{Row, Rows};
use huiliu_rules::roster::school::kind_of;
use huiliu_rules::roster::timeline::{DateSpan, RowOrder, RowStatement, build_spans};
use huiliu_values::id_number::Sex;
use huiliu_values::{IdNumber, PersonName, RosterKind};
use huiliu_vault::keys::Keys;

/// The derived values of one teacher.
struct Derived {
    teacher_id: i64,
    name: String,
    name_folded: String,
    sex: &'static str,
    birth_date: String,
    contested: bool,
    /// Earlier names, folded, as a JSON list.
    former_names: Option<String>,
}

/// A membership, or a name of a school, to be written.
struct Line<'a, T> {
    owner: T,
    span: &'a DateSpan<Vec<String>>,
    row: &'a Row,
}

/// The schools at which a teacher has been.
struct Posts {
    teacher_id: i64,
    spans: Vec<DateSpan<Vec<String>>>,
}

/// Derives teachers and their memberships again.
///
/// # Errors
/// [`StoreError`].
pub(super) async fn derive_teachers(tx: &mut Tx, keys: &Keys, ids: &[i64]) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let of = || Rows::new().int("teacher_id", ids.iter().copied().map(Some));
    let lock = "SELECT t.id AS id FROM teacher t WHERE t.id IN (SELECT teacher_id FROM {rows}) ORDER BY t.id {lock}";
    tx.fetch_rows_with(lock, vec![], of()).await?;
    let rows = tx
        .fetch_rows_with(
            "SELECT r.teacher_id AS teacher_id, r.id AS id, r.kind AS kind, r.source_id AS source_id, r.stream AS stream,
                    r.source_version AS source_version, r.row_key AS row_key, r.name_digest AS name_digest, r.as_of AS as_of,
                    r.school_code AS school_code, r.span_from AS span_from, r.span_to AS span_to, r.position AS position,
                    r.stage AS stage, r.sealed AS sealed
             FROM {rows} {join roster_row r ON r.teacher_id = incoming.teacher_id}",
            vec![],
            of(),
        )
        .await?;
    let mut of_teacher: BTreeMap<i64, Vec<&Row>> = ids.iter().map(|id| (*id, vec![])).collect();
    for row in &rows {
        of_teacher.entry(row.int("teacher_id")?).or_default().push(row);
    }
    let mut derived = Vec::with_capacity(of_teacher.len());
    let mut posts = Vec::new();
    for (teacher, rows) in &of_teacher {
        derived.extend(derive_person(keys, *teacher, rows)?);
        posts.push(Posts { teacher_id: *teacher, spans: compute_spans(rows, &["school_code"])? });
    }
    write_teachers(tx, &derived).await?;
    let by_id: HashMap<i64, &Row> =
        rows.iter().map(|row| Ok((row.int("id")?, row))).collect::<Result<_, StoreError>>()?;
    write_memberships(tx, &posts, &by_id, &of).await?;
    // Recompute what depends on the roster: the hours, and the claims that may be about these teachers.
    marks::add_marks_of_kind(tx, marks::MATCH, ids.iter().copied()).await?;
    marks::add_marks(tx, ids.iter().copied()).await
}

/// How new a row is.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RowAge {
    /// Day of its statement.
    pub as_of: String,
    pub version: i64,
    pub row_key: Vec<u8>,
}

/// Derives a teacher from the newest row, by day, version and key. Returns `None` without rows about the person.
fn derive_person(keys: &Keys, teacher_id: i64, rows: &[&Row]) -> Result<Option<Derived>, StoreError> {
    let mut newest: Option<(RowAge, Personal)> = None;
    let mut former = BTreeSet::new();
    let mut names: HashMap<(i64, String, i64), BTreeSet<Vec<u8>>> = HashMap::new();
    for row in
        rows.iter().filter(|row| row.parse_text("kind").is_ok_and(|kind: RosterKind| kind == RosterKind::Teacher))
    {
        let version = row.int("source_version")?;
        let age = RowAge { as_of: row.text("as_of")?, version, row_key: row.bytes("row_key")? };
        let personal = Personal::open(keys, &age.row_key, &row.bytes("sealed")?)?;
        let before = personal.former_name.as_deref().and_then(|name| PersonName::parse(name).ok());
        former.extend(before.map(|name| name.fold_for_comparison()));
        let of_version = (row.int("source_id")?, row.text("stream")?, version);
        names.entry(of_version).or_default().extend(row.opt_bytes("name_digest")?);
        if newest.as_ref().is_none_or(|(before, _)| age > *before) {
            newest = Some((age, personal));
        }
    }
    let Some((_, personal)) = newest else { return Ok(None) };
    let unreadable = StoreError::unreadable_value(Kept::RosterRow);
    let id = IdNumber::parse(&personal.id_number).map_err(|e| unreadable(&e))?;
    let name = PersonName::parse(&personal.name).map_err(|e| unreadable(&e))?;
    Ok(Some(Derived {
        teacher_id,
        name_folded: name.fold_for_comparison(),
        name: personal.name,
        sex: match id.sex() {
            Sex::Male => "male",
            Sex::Female => "female",
        },
        birth_date: id.birth_date().to_string(),
        contested: names.values().any(|names| names.len() > 1),
        former_names: (!former.is_empty()).then(|| serde_json::json!(former).to_string()),
    }))
}

/// Computes the spans of what rows say in these columns. Rows that are null in the first column are ignored.
fn compute_spans(rows: &[&Row], columns: &[&str]) -> Result<Vec<DateSpan<Vec<String>>>, StoreError> {
    let day = |row: &Row, name: &str| {
        let day = row.opt_text(name)?.map(|text| text.parse::<NaiveDate>());
        day.transpose().map_err(|e| StoreError::Column { column: format!("{name}: {e}") })
    };
    let mut stated = Vec::with_capacity(rows.len());
    for row in rows {
        let what: Vec<Option<String>> = columns.iter().map(|name| row.opt_text(name)).collect::<Result<_, _>>()?;
        if what.first().is_none_or(Option::is_none) {
            continue;
        }
        stated.push(RowStatement {
            what: what.into_iter().map(Option::unwrap_or_default).collect(),
            from: day(row, "span_from")?,
            to: day(row, "span_to")?,
            as_of: day(row, "as_of")?.unwrap_or_default(),
            order: RowOrder { version: row.int("source_version")?, key: row.bytes("row_key")? },
            row: row.int("id")?,
        });
    }
    Ok(build_spans(stated))
}

async fn write_teachers(tx: &mut Tx, derived: &[Derived]) -> Result<(), StoreError> {
    let rows = Rows::new()
        .int("id", derived.iter().map(|d| Some(d.teacher_id)))
        .text("name", derived.iter().map(|d| Some(d.name.as_str())))
        .text("name_folded", derived.iter().map(|d| Some(d.name_folded.as_str())))
        .text("sex", derived.iter().map(|d| Some(d.sex)))
        .text("birth_date", derived.iter().map(|d| Some(d.birth_date.as_str())))
        .int("contested", derived.iter().map(|d| Some(d.contested.into())))
        .text("former_names", derived.iter().map(|d| d.former_names.as_deref()));
    if !derived.is_empty() {
        tx.execute_with(
            "UPDATE teacher SET origin = 'roster', name = incoming.name, name_folded = incoming.name_folded,
               sex = incoming.sex, birth_date = incoming.birth_date, contested = incoming.contested,
               former_names = incoming.former_names
             FROM {rows} WHERE teacher.id = incoming.id",
            vec![],
            rows,
        )
        .await?;
    }
    Ok(())
}

async fn write_memberships(
    tx: &mut Tx,
    posts: &[Posts],
    rows: &HashMap<i64, &Row>,
    of: &(dyn Fn() -> Rows<'static> + Sync),
) -> Result<(), StoreError> {
    tx.execute_with("DELETE FROM membership WHERE teacher_id IN (SELECT teacher_id FROM {rows})", vec![], of()).await?;
    let mut lines = Vec::new();
    for Posts { teacher_id, spans } in posts {
        for span in spans {
            let row = rows.get(&span.row).ok_or_else(|| StoreError::Column { column: "roster_row.id".into() })?;
            lines.push(Line { owner: *teacher_id, span, row });
        }
    }
    let texts = |name: &str| lines.iter().map(|line| line.row.opt_text(name)).collect::<Result<Vec<_>, _>>();
    let (positions, stages) = (texts("position")?, texts("stage")?);
    let days = Days::from_spans(lines.iter().map(|line| line.span));
    let relation = Rows::new()
        .int("teacher_id", lines.iter().map(|line| Some(line.owner)))
        .text("school_code", lines.iter().map(|line| line.span.what.first().map(String::as_str)))
        .text("position", positions.iter().map(Option::as_deref))
        .text("stage", stages.iter().map(Option::as_deref));
    tx.insert_rows("membership", days.add_columns(relation, lines.iter().map(|line| line.span))).await
}

/// The first and last days of spans, as texts.
struct Days(Vec<(Option<String>, Option<String>)>);

impl Days {
    fn from_spans<'s>(spans: impl Iterator<Item = &'s DateSpan<Vec<String>>>) -> Self {
        let text = |day: Option<NaiveDate>| day.map(|day| day.to_string());
        Self(spans.map(|span| (text(span.from), text(span.to))).collect())
    }

    fn add_columns<'r>(
        &'r self,
        rows: Rows<'r>,
        spans: impl Iterator<Item = &'r DateSpan<Vec<String>>> + Clone,
    ) -> Rows<'r> {
        rows.text("valid_from", self.0.iter().map(|(from, _)| from.as_deref()))
            .text("valid_to", self.0.iter().map(|(_, to)| to.as_deref()))
            .text("ended_by", spans.clone().map(|span| Some(span.end.as_str())))
            .int("overlapping", spans.clone().map(|span| Some(span.overlaps.into())))
            .int("row_id", spans.map(|span| Some(span.row)))
    }
}

/// Derives schools and their names again.
///
/// # Errors
/// [`StoreError`].
pub(super) async fn derive_schools(tx: &mut Tx, codes: &BTreeSet<String>) -> Result<(), StoreError> {
    if codes.is_empty() {
        return Ok(());
    }
    let of = || Rows::new().text("code", codes.iter().map(|code| Some(code.as_str())));
    let rows = tx
        .fetch_rows_with(
            "SELECT r.school_code AS code, r.id AS id, r.school_name AS school_name, r.region_code AS region_code,
                    r.successor_code AS successor_code, r.span_from AS span_from, r.span_to AS span_to, r.as_of AS as_of,
                    r.source_version AS source_version, r.row_key AS row_key
             FROM {rows} {join roster_row r ON r.school_code = incoming.code AND r.kind = 'school'}
             ORDER BY r.as_of, r.source_version, r.row_key",
            vec![],
            of(),
        )
        .await?;
    let mut of_school: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
    for row in &rows {
        of_school.entry(row.text("code")?).or_default().push(row);
    }
    let successors: Vec<Option<String>> = of_school
        .values()
        .map(|rows| rows.last().map_or(Ok(None), |row| row.opt_text("successor_code")))
        .collect::<Result<_, _>>()?;
    let relation = Rows::new()
        .text("code", of_school.keys().map(|code| Some(code.as_str())))
        .text("kind", of_school.keys().map(|code| Some(kind_of(code).unwrap_or("other"))))
        .text("successor_code", successors.iter().map(Option::as_deref));
    tx.execute_with(
        "INSERT INTO school (code, kind, successor_code) SELECT code, kind, successor_code FROM {rows} WHERE true
         ON CONFLICT (code) DO UPDATE SET successor_code = excluded.successor_code",
        vec![],
        relation,
    )
    .await?;
    tx.execute_with("DELETE FROM school_name WHERE school_code IN (SELECT code FROM {rows})", vec![], of()).await?;
    let mut named = Vec::new();
    for (code, rows) in &of_school {
        named.extend(
            compute_spans(rows, &["school_name", "region_code"])?.into_iter().map(|span| (code.as_str(), span)),
        );
    }
    let days = Days::from_spans(named.iter().map(|(_, span)| span));
    let region = |span: &'_ DateSpan<Vec<String>>| span.what.get(1).filter(|region| !region.is_empty()).cloned();
    let regions: Vec<Option<String>> = named.iter().map(|(_, span)| region(span)).collect();
    let relation = Rows::new()
        .text("school_code", named.iter().map(|(code, _)| Some(*code)))
        .text("name", named.iter().map(|(_, span)| span.what.first().map(String::as_str)))
        .text("region_code", regions.iter().map(Option::as_deref));
    tx.insert_rows("school_name", days.add_columns(relation, named.iter().map(|(_, span)| span))).await
}
