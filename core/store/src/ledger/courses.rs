//! Courses as the sources name them, and whose records are of one.

use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::Value;

/// A course of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The connector.
    pub connector: String,
    /// The code there.
    pub code: String,
    /// A title that it has had.
    pub title: Option<String>,
    /// Records of it.
    pub records: i64,
}

/// Every course that records which can carry credit are of.
///
/// # Errors
/// [`StoreError`].
pub async fn named(db: &Db) -> Result<Vec<Named>, StoreError> {
    let rows = db
        .rows(
            "SELECT s.connector AS connector, r.course_code AS code, max(r.course_title) AS title, count(*) AS records
             FROM training_record r JOIN source s ON s.id = r.source_id
             WHERE r.kind IN ('course_completion', 'project_completion', 'certificate')
             GROUP BY s.connector, r.course_code ORDER BY s.connector, r.course_code",
            vec![],
        )
        .await?;
    rows.iter()
        .map(|r| {
            Ok(Named {
                connector: r.text("connector")?,
                code: r.text("code")?,
                title: r.opt_text("title")?,
                records: r.int("records")?,
            })
        })
        .collect()
}

/// Teachers with a record of a course.
///
/// # Errors
/// [`StoreError`].
pub async fn teachers(tx: &mut Tx, connector: &str, code: &str) -> Result<Vec<i64>, StoreError> {
    let rows = tx
        .rows(
            "SELECT DISTINCT c.teacher_id AS teacher_id
             FROM training_record r JOIN source s ON s.id = r.source_id JOIN claim c ON c.id = r.claim_id
             WHERE s.connector = $1 AND r.course_code = $2 AND c.teacher_id IS NOT NULL ORDER BY c.teacher_id",
            vec![Value::from(connector), Value::from(code)],
        )
        .await?;
    rows.iter().map(|r| r.int("teacher_id")).collect()
}
