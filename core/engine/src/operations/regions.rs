//! To whom counties and schools report: the reporting tree of the settings. It needs no database.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use super::error::{NotFound, OperationError};
use super::page::Page;
use crate::rule_files::{self, RuleFileError};
use crate::settings::Settings;
use huiliu_rules::roster::regions::{Region, Regions};

/// A region for one span of days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RegionRow {
    /// Six characters: GB/T 2260, or the project's own.
    pub code: String,
    /// Name.
    pub name: String,
    /// `province`, `prefecture`, `direct` or `county`.
    pub tier: &'static str,
    /// First day.
    pub from: NaiveDate,
    /// Last day; without it, in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<NaiveDate>,
    /// Code of the region it reports to; only the province has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reports_to: Option<String>,
    /// The code that took its place the day after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub successor: Option<String>,
}

impl From<&Region> for RegionRow {
    fn from(region: &Region) -> Self {
        Self {
            code: region.code.clone(),
            name: region.name.clone(),
            tier: region.tier.as_str(),
            from: region.from,
            to: region.to,
            reports_to: region.reports_to.clone(),
            successor: region.successor.clone(),
        }
    }
}

/// A region: every row of its code, or to whom it reports on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RegionShown {
    /// The code that was asked for.
    pub code: String,
    /// The day that was asked for.
    pub on: Option<NaiveDate>,
    /// Without a day, every row of the code, in the order of time; with one, the row of that day first, then to whom it
    /// reports, the province last.
    pub rows: Vec<RegionRow>,
}

/// The rows in force on a day, by code.
///
/// # Errors
/// [`OperationError::Rules`].
pub fn list(settings: &Settings, on: NaiveDate) -> Result<Page<RegionRow>, OperationError> {
    Ok(Page::whole(tree(settings)?.on(on).into_iter().map(RegionRow::from).collect()))
}

/// One region.
///
/// # Errors
/// [`OperationError::NotFound`], [`OperationError::Rules`].
pub fn show(settings: &Settings, code: &str, on: Option<NaiveDate>) -> Result<RegionShown, OperationError> {
    let tree = tree(settings)?;
    let rows = match on {
        Some(on) => chain(&tree, Some(code), on),
        None => tree.of(code).into_iter().map(RegionRow::from).collect(),
    };
    if rows.is_empty() {
        return Err(NotFound::Region { region: code.to_owned() }.into());
    }
    Ok(RegionShown { code: code.to_owned(), on, rows })
}

/// The reporting tree of the settings.
pub(super) fn tree(settings: &Settings) -> Result<Regions, OperationError> {
    Ok(rule_files::regions(settings).map_err(RuleFileError::Regions)?)
}

/// To whom a code reports on a day: its own row first, the province last.
pub(super) fn chain(tree: &Regions, code: Option<&str>, on: NaiveDate) -> Vec<RegionRow> {
    let chain = code.map(|code| tree.chain(code, on)).unwrap_or_default();
    chain.into_iter().map(RegionRow::from).collect()
}
