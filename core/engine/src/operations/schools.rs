//! Schools as counties keep them, and to whom they report.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use super::error::{NotFound, OperationError};
use super::page::Page;
use super::regions::{self, RegionRow};
use super::roster::between;
use crate::database::OpenDatabase;
use crate::settings::Settings;
use huiliu_rules::roster::regions::Regions;
use huiliu_store::roster::report::{self, NameRow, SchoolRow};

/// A school, and to whom it reports on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SchoolShown {
    /// The school.
    #[serde(flatten)]
    pub school: SchoolRow,
    /// To whom it reports, its own region first.
    pub regions: Vec<RegionRow>,
}

impl SchoolShown {
    fn of(school: SchoolRow, tree: &Regions, on: NaiveDate) -> Self {
        Self { regions: regions::chain(tree, region(&school, on), on), school }
    }
}

/// The school's region on a day; where no row holds then, the last one's.
fn region(school: &SchoolRow, on: NaiveDate) -> Option<&str> {
    let holds = |name: &&NameRow| between(name.from.as_deref(), name.to.as_deref(), on);
    school.names.iter().rev().find(holds).or(school.names.last())?.region.as_deref()
}

/// Which schools are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchoolSpan {
    /// After this code; empty: from the beginning.
    pub after: String,
    /// At most this many.
    pub limit: i64,
}

/// Schools, by code, and to whom they report on a day.
///
/// # Errors
/// [`OperationError::Rules`].
pub async fn list(
    settings: &Settings,
    opened: &OpenDatabase,
    span: &SchoolSpan,
    on: NaiveDate,
) -> Result<Page<SchoolShown>, OperationError> {
    let tree = regions::tree(settings)?;
    let rows = report::schools(&opened.db, None, &span.after, span.limit.saturating_add(1)).await?;
    let shown = rows.into_iter().map(|row| SchoolShown::of(row, &tree, on)).collect();
    Ok(Page::part(shown, span.limit, |shown: &SchoolShown| shown.school.school.clone()))
}

/// One school, and to whom it reports on a day.
///
/// # Errors
/// [`OperationError::NotFound`], [`OperationError::Rules`].
pub async fn show(
    settings: &Settings,
    opened: &OpenDatabase,
    code: &str,
    on: NaiveDate,
) -> Result<SchoolShown, OperationError> {
    let tree = regions::tree(settings)?;
    let rows = report::schools(&opened.db, Some(code), "", 1).await?;
    let school = rows.into_iter().next().ok_or_else(|| NotFound::School { school: code.to_owned() })?;
    Ok(SchoolShown::of(school, &tree, on))
}
