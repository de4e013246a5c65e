//! Courses as the sources name them, and the teachers with records of a course.

use std::collections::HashSet;

use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Rows, Value};
use huiliu_values::text::fold_course;

/// A course as the sources of a connector name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceCourse {
    /// Id of the connector.
    pub connector: String,
    /// The course's code at the source.
    pub code: String,
    /// One of the titles that records give it.
    pub title: Option<String>,
    /// Number of records of the course.
    pub records: i64,
}

/// Lists every course that has a record of a kind that can carry credit.
///
/// # Errors
/// [`StoreError`].
pub async fn list_named_courses(db: &Db) -> Result<Vec<SourceCourse>, StoreError> {
    let rows = db
        .fetch_rows(
            "SELECT s.connector AS connector, o.course_code AS code, max(o.course_title) AS title, CAST(sum(r.records) AS bigint) AS records
             FROM (SELECT offering_id, count(*) AS records FROM training_record WHERE merged_into IS NULL GROUP BY offering_id) AS r
             JOIN offering o ON o.id = r.offering_id JOIN source s ON s.id = o.source_id
             WHERE o.kind IN ('course_completion', 'project_completion', 'certificate')
             GROUP BY s.connector, o.course_code ORDER BY s.connector, o.course_code",
            vec![],
        )
        .await?;
    rows.iter()
        .map(|r| {
            Ok(SourceCourse {
                connector: r.text("connector")?,
                code: r.text("code")?,
                title: r.opt_text("title")?,
                records: r.int("records")?,
            })
        })
        .collect()
}

/// Lists the teachers with a record of a course, however its code is typed.
///
/// # Errors
/// [`StoreError`].
pub async fn list_teachers(tx: &mut Tx, connector: &str, code: &str) -> Result<Vec<i64>, StoreError> {
    let spellings = list_spellings(tx, connector, code).await?;
    if spellings.is_empty() {
        return Ok(vec![]);
    }
    let rows = tx
        .fetch_rows_with(
            "SELECT DISTINCT c.teacher_id AS teacher_id
             FROM training_record r JOIN identity_claim c ON c.id = r.claim_id
             WHERE r.offering_id IN (SELECT o.id FROM offering o JOIN source s ON s.id = o.source_id
               WHERE s.connector = $1 AND o.course_code IN (SELECT code FROM {rows})) AND c.teacher_id IS NOT NULL
             ORDER BY c.teacher_id",
            vec![Value::from(connector)],
            Rows::new().text("code", spellings.iter().map(|code| Some(code.as_str()))),
        )
        .await?;
    rows.iter().map(|r| r.int("teacher_id")).collect()
}

/// Lists the codes of a connector's records that are the same as a code for comparison. No database folds texts as
/// [`fold_course`] does, so the codes are compared here; a connector has some thousands.
async fn list_spellings(tx: &mut Tx, connector: &str, code: &str) -> Result<Vec<String>, StoreError> {
    list_all_spellings(tx, connector, &[code]).await
}

/// Lists the codes of a connector's records that are the same as any of these for comparison.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn list_all_spellings(
    tx: &mut Tx,
    connector: &str,
    wanted: &[&str],
) -> Result<Vec<String>, StoreError> {
    let rows = tx
        .fetch_rows(
            "SELECT DISTINCT o.course_code AS code FROM offering o JOIN source s ON s.id = o.source_id
             WHERE s.connector = $1",
            vec![Value::from(connector)],
        )
        .await?;
    let folded: HashSet<_> = wanted.iter().map(|code| fold_course(code)).collect();
    let codes = rows.iter().map(|r| r.text("code")).collect::<Result<Vec<_>, _>>()?;
    Ok(codes.into_iter().filter(|code| folded.contains(&fold_course(code))).collect())
}
