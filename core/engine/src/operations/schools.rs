//! Schools as the rosters of counties describe them, with their reporting chains.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use super::error::{NotFound, OperationError};
use super::page::Page;
use super::regions::{self, RegionRow};
use super::roster::is_within_span;
use crate::database::OpenDatabase;
use crate::settings::Settings;
use huiliu_rules::roster::regions::Regions;
use huiliu_store::roster::report::{self, NameRow, SchoolRow};

/// A school with its reporting chain on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SchoolShown {
    /// What the roster says.
    #[serde(flatten)]
    pub school: SchoolRow,
    /// The reporting chain, its own region first.
    pub regions: Vec<RegionRow>,
}

impl SchoolShown {
    fn new(school: SchoolRow, tree: &Regions, on: NaiveDate) -> Self {
        Self { regions: regions::reporting_chain(tree, region_on(&school, on), on), school }
    }
}

/// Returns the school's region on a day. If no row is in force then, returns the last row's region.
fn region_on(school: &SchoolRow, on: NaiveDate) -> Option<&str> {
    let holds = |name: &&NameRow| is_within_span(name.from.as_deref(), name.to.as_deref(), on);
    school.names.iter().rev().find(holds).or(school.names.last())?.region.as_deref()
}

/// Which part of the list of schools is requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchoolSpan {
    /// Return schools after this code; empty starts at the beginning.
    pub after: String,
    /// Return at most this many schools.
    pub limit: i64,
}

/// Lists schools by code, with their reporting chains on a day.
///
/// # Errors
/// [`OperationError::Rules`] if the rules cannot be used.
pub async fn list(
    settings: &Settings,
    opened: &OpenDatabase,
    span: &SchoolSpan,
    on: NaiveDate,
) -> Result<Page<SchoolShown>, OperationError> {
    let tree = regions::load_tree(settings)?;
    let rows = report::list_schools(&opened.db, None, &span.after, span.limit.saturating_add(1)).await?;
    let shown = rows.into_iter().map(|row| SchoolShown::new(row, &tree, on)).collect();
    let page = Page::from_rows(shown, span.limit, |shown: &SchoolShown| shown.school.school.clone());
    Ok(page.counted(report::count_schools(&opened.db)).await?)
}

/// Shows one school with its reporting chain on a day.
///
/// # Errors
/// [`OperationError::NotFound`] if it does not exist; [`OperationError::Rules`] if the rules cannot be used.
pub async fn show(
    settings: &Settings,
    opened: &OpenDatabase,
    code: &str,
    on: NaiveDate,
) -> Result<SchoolShown, OperationError> {
    let tree = regions::load_tree(settings)?;
    let rows = report::list_schools(&opened.db, Some(code), "", 1).await?;
    let school = rows.into_iter().next().ok_or_else(|| NotFound::School { school: code.to_owned() })?;
    Ok(SchoolShown::new(school, &tree, on))
}
