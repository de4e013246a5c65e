//! Marks of groups: the teachers with a record of a course, or with a record that ends within days, or with a claim under
//! another name, or with a record that dead letters or notices are about. Who they are is found only after the change that concerns them has been committed, so that a record that
//! is loaded at the same time is either found or settled after the change.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::ledger::{courses, marks};
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};

/// Records looked at per statement, and claims.
const WINDOW: i64 = 50_000;
const LOCK: (&str, i64) = ("group_mark", 0);

/// A group of teachers whom a change may concern.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Those with a record of a course as a connector's sources name it.
    Course {
        /// Id of the connector.
        connector: String,
        /// The course's code at the source.
        code: String,
    },
    /// Those with a record that ends on one of these days.
    Days {
        /// The first day.
        first: NaiveDate,
        /// The last day.
        last: NaiveDate,
    },
    /// Those with a claim by ID number under a name that is not the teacher's only one.
    Names,
    /// Those with a record that the dead letters and notices of a batch are about.
    Batch(i64),
    /// Those with the record that a dead letter is about.
    Letter(i64),
}

/// Marks groups. Takes effect with the commit.
///
/// # Errors
/// [`StoreError`].
pub async fn mark_groups(tx: &mut Tx, groups: &BTreeSet<Group>) -> Result<(), StoreError> {
    let days: Vec<Option<[String; 2]>> = groups
        .iter()
        .map(|group| match group {
            Group::Days { first, last } => Some([first.to_string(), last.to_string()]),
            _ => None,
        })
        .collect();
    let course = |part: fn(&Group) -> Option<&str>| groups.iter().map(part);
    let day = |n: usize| days.iter().map(move |days| days.as_ref().map(|days| days[n].as_str()));
    let rows = Rows::new()
        .text(
            "kind",
            groups.iter().map(|group| {
                Some(match group {
                    Group::Course { .. } => "course",
                    Group::Days { .. } => "days",
                    Group::Names => "names",
                    Group::Batch(_) => "batch",
                    Group::Letter(_) => "letter",
                })
            }),
        )
        .text(
            "connector",
            course(|group| if let Group::Course { connector, .. } = group { Some(connector) } else { None }),
        )
        .text("course_code", course(|group| if let Group::Course { code, .. } = group { Some(code) } else { None }))
        .text("first_day", day(0))
        .text("last_day", day(1))
        .int(
            "number",
            groups.iter().map(|group| match group {
                Group::Batch(number) | Group::Letter(number) => Some(*number),
                _ => None,
            }),
        );
    tx.insert_rows("group_mark", rows).await
}

/// Counts the marks of groups that no settlement has turned into marks of teachers yet.
///
/// # Errors
/// [`StoreError`].
pub async fn count_groups(db: &Db) -> Result<i64, StoreError> {
    let rows = db.fetch_rows("SELECT count(*) AS n FROM group_mark", vec![]).await?;
    rows.first().map_or(Ok(0), |row| row.int("n"))
}

/// Returns which of these teachers belong to a group whose mark no settlement has turned into marks of teachers yet.
///
/// # Errors
/// [`StoreError`].
pub async fn concerned_among(tx: &mut Tx, teachers: &BTreeSet<i64>) -> Result<BTreeSet<i64>, StoreError> {
    if teachers.is_empty() {
        return Ok(BTreeSet::new());
    }
    let sql = "SELECT DISTINCT c.teacher_id AS teacher_id FROM {rows} {join identity_claim c ON c.teacher_id = incoming.teacher_id}
         WHERE EXISTS (SELECT 1 FROM group_mark g WHERE g.kind = 'names') OR EXISTS (
           SELECT 1 FROM training_record r JOIN source s ON s.id = r.source_id JOIN offering o ON o.id = r.offering_id
           JOIN group_mark g ON (g.connector = s.connector AND g.course_code = o.course_code)
                             OR (r.period_end >= g.first_day AND r.period_end <= g.last_day)
           WHERE r.claim_id = c.id)
         OR EXISTS (
           SELECT 1 FROM group_mark g JOIN record_notice n ON n.batch_id = g.number JOIN training_record r
             ON r.record_key = n.record_key AND r.source_id = n.source_id AND r.stream = n.stream
           WHERE g.kind = 'batch' AND r.claim_id = c.id)
         OR EXISTS (
           SELECT 1 FROM group_mark g JOIN dead_letter_sighting i ON i.batch_id = g.number
           JOIN dead_letter d ON d.id = i.dead_letter_id JOIN training_record r
             ON r.record_key = d.dead_letter_key AND r.source_id = d.source_id AND r.stream = d.stream
           WHERE g.kind = 'batch' AND r.claim_id = c.id)
         OR EXISTS (
           SELECT 1 FROM group_mark g JOIN dead_letter d ON d.id = g.number JOIN training_record r
             ON r.record_key = d.dead_letter_key AND r.source_id = d.source_id AND r.stream = d.stream
           WHERE g.kind = 'letter' AND r.claim_id = c.id)";
    let rows =
        tx.fetch_rows_with(sql, vec![], Rows::new().int("teacher_id", teachers.iter().copied().map(Some))).await?;
    rows.iter().map(|row| row.int("teacher_id")).collect()
}

/// The group marks that one transaction turns into marks of teachers.
#[derive(Default)]
struct TakenGroups {
    ids: Vec<i64>,
    courses: Vec<[String; 2]>,
    days: Vec<[String; 2]>,
    names: bool,
    batches: Vec<i64>,
    letters: Vec<i64>,
}

impl TakenGroups {
    fn from_rows(rows: &[Row]) -> Result<Self, StoreError> {
        let mut taken = Self::default();
        for row in rows {
            taken.ids.push(row.int("id")?);
            match row.text("kind")?.as_str() {
                "course" => taken.courses.push([row.text("connector")?, row.text("course_code")?]),
                "days" => taken.days.push([row.text("first_day")?, row.text("last_day")?]),
                "batch" => taken.batches.push(row.int("number")?),
                "letter" => taken.letters.push(row.int("number")?),
                _ => taken.names = true,
            }
        }
        Ok(taken)
    }
}

/// Turns the marks of groups into marks of teachers, window by window, in one transaction. Does nothing if another process
/// is doing it.
///
/// # Errors
/// [`StoreError`]; the groups stay marked then.
pub async fn expand_groups(db: &Db) -> Result<(), StoreError> {
    if count_groups(db).await? == 0 {
        return Ok(());
    }
    let mut tx = db.begin().await?;
    if !tx.try_advisory_lock(LOCK.0, LOCK.1).await? {
        return tx.roll_back().await;
    }
    let sql = "SELECT id, kind, connector, course_code, first_day, last_day, number FROM group_mark
               ORDER BY id LIMIT 10000";
    let taken = TakenGroups::from_rows(&tx.fetch_rows(sql, vec![]).await?)?;
    expand_records(&mut tx, &taken).await?;
    if taken.names {
        expand_names(&mut tx).await?;
    }
    for (of, numbers) in [(OF_NOTICES, &taken.batches), (OF_SIGHTINGS, &taken.batches), (OF_LETTERS, &taken.letters)] {
        if !numbers.is_empty() {
            let rows = Rows::new().int("number", numbers.iter().copied().map(Some));
            let found = tx.fetch_rows_with(&format!("{of} {OWNERS}"), vec![], rows).await?;
            marks::add_marks_of_rows(&mut tx, &found).await?;
        }
    }
    tx.execute_with(
        "DELETE FROM group_mark WHERE id IN (SELECT id FROM {rows})",
        vec![],
        Rows::new().int("id", taken.ids.iter().copied().map(Some)),
    )
    .await?;
    tx.commit().await
}

const OF_NOTICES: &str =
    "SELECT DISTINCT c.teacher_id AS teacher_id FROM {rows} {join record_notice s ON s.batch_id = incoming.number}
     {join training_record t ON t.record_key = s.record_key AND t.source_id = s.source_id AND t.stream = s.stream}";
const OF_SIGHTINGS: &str =
    "SELECT DISTINCT c.teacher_id AS teacher_id FROM {rows} {join dead_letter_sighting s ON s.batch_id = incoming.number}
     {join dead_letter d ON d.id = s.dead_letter_id}
     {join training_record t ON t.record_key = d.dead_letter_key AND t.source_id = d.source_id AND t.stream = d.stream}";
const OF_LETTERS: &str =
    "SELECT DISTINCT c.teacher_id AS teacher_id FROM {rows} {join dead_letter d ON d.id = incoming.number}
     {join training_record t ON t.record_key = d.dead_letter_key AND t.source_id = d.source_id AND t.stream = d.stream}";
const OWNERS: &str = "{join identity_claim c ON c.id = t.claim_id} WHERE c.teacher_id IS NOT NULL";

async fn expand_records(tx: &mut Tx, taken: &TakenGroups) -> Result<(), StoreError> {
    const OF_RECORD: &str =
        "SELECT DISTINCT c.teacher_id AS teacher_id FROM training_record r JOIN offering o ON o.id = r.offering_id
        JOIN source s ON s.id = r.source_id JOIN identity_claim c ON c.id = r.claim_id
        WHERE r.id > $1 AND r.id <= $2 AND c.teacher_id IS NOT NULL AND";
    let last = last_id(tx, "training_record").await?;
    let column = |pairs: &'_ [[String; 2]], n: usize| pairs.iter().map(|pair| pair[n].clone()).collect::<Vec<_>>();
    let courses = list_spellings(tx, &taken.courses).await?;
    let (connectors, codes) = (column(&courses, 0), column(&courses, 1));
    let (firsts, lasts) = (column(&taken.days, 0), column(&taken.days, 1));
    let mut after = 0;
    while after < last {
        let window = vec![after.into(), (after + WINDOW).into()];
        if !courses.is_empty() {
            let sql =
                format!("{OF_RECORD} (s.connector, o.course_code) IN (SELECT connector, course_code FROM {{rows}})");
            let rows = Rows::new()
                .text("connector", connectors.iter().map(|text| Some(text.as_str())))
                .text("course_code", codes.iter().map(|text| Some(text.as_str())));
            let found = tx.fetch_rows_with(&sql, window.clone(), rows).await?;
            marks::add_marks_of_rows(tx, &found).await?;
        }
        if !taken.days.is_empty() {
            let sql = format!(
                "{OF_RECORD} EXISTS (SELECT 1 FROM {{rows}} WHERE r.period_end >= incoming.first_day
                 AND r.period_end <= incoming.last_day)"
            );
            let rows = Rows::new()
                .text("first_day", firsts.iter().map(|text| Some(text.as_str())))
                .text("last_day", lasts.iter().map(|text| Some(text.as_str())));
            let found = tx.fetch_rows_with(&sql, window, rows).await?;
            marks::add_marks_of_rows(tx, &found).await?;
        }
        after += WINDOW;
    }
    Ok(())
}

/// Returns connector and code of these courses as records have them, however they are typed.
async fn list_spellings(tx: &mut Tx, marked: &[[String; 2]]) -> Result<Vec<[String; 2]>, StoreError> {
    let mut of_connector: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for [connector, code] in marked {
        of_connector.entry(connector).or_default().push(code);
    }
    let mut found = vec![];
    for (connector, codes) in of_connector {
        let spellings = courses::list_all_spellings(tx, connector, &codes).await?;
        found.extend(spellings.into_iter().map(|code| [connector.to_owned(), code]));
    }
    Ok(found)
}

/// Marks the teachers of claims by ID number whose name is not the roster's, or not that of another claim.
async fn expand_names(tx: &mut Tx) -> Result<(), StoreError> {
    let last = last_id(tx, "identity_claim").await?;
    let mut after = 0;
    while after < last {
        let sql =
            "SELECT DISTINCT c.teacher_id AS teacher_id FROM identity_claim c JOIN teacher t ON t.id = c.teacher_id
            WHERE c.id > $1 AND c.id <= $2 AND (t.name_folded <> c.name_folded OR EXISTS
              (SELECT 1 FROM identity_claim o WHERE o.teacher_id = c.teacher_id AND o.name_folded <> c.name_folded))";
        let found = tx.fetch_rows(sql, vec![after.into(), (after + WINDOW).into()]).await?;
        marks::add_marks_of_rows(tx, &found).await?;
        after += WINDOW;
    }
    Ok(())
}

async fn last_id(tx: &mut Tx, table: &str) -> Result<i64, StoreError> {
    let rows = tx.fetch_rows(&format!("SELECT coalesce(max(id), 0) AS id FROM {table}"), vec![]).await?;
    rows.first().map_or(Ok(0), |row| row.int("id"))
}
