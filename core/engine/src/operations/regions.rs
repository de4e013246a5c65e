//! Regions: which county and school reports to whom, from the reporting tree in force, or from that of the settings where
//! there is no database.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use super::error::{NotFound, OperationError};
use super::page::Page;
use crate::active_rules;
use crate::rule_files::{self, RuleFileError};
use crate::settings::Settings;
use huiliu_rules::roster::regions::{Region, Regions};

/// A region during a span of days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RegionRow {
    /// Code of six characters: from GB/T 2260, or the project's own.
    pub code: String,
    /// The region's name.
    pub name: String,
    /// `province`, `prefecture`, `direct` or `county`.
    pub tier: &'static str,
    /// The first day.
    pub from: NaiveDate,
    /// The last day. Absent while the row is in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<NaiveDate>,
    /// Code of the region it reports to. Absent for the province only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reports_to: Option<String>,
    /// The code that replaced it the day after the last day.
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

/// A region: all rows of its code, or its reporting chain on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RegionShown {
    /// The code that was requested.
    pub code: String,
    /// The day that was requested.
    pub on: Option<NaiveDate>,
    /// Without a day, all rows of the code in chronological order. With a day, the row of that day, then the regions
    /// it reports to, up to the province.
    pub rows: Vec<RegionRow>,
}

/// Lists the rows in force on a day, by code.
///
/// # Errors
/// [`OperationError::Rules`] if the rules cannot be used.
pub async fn list(settings: &Settings, on: NaiveDate) -> Result<Page<RegionRow>, OperationError> {
    let settings = active_rules::find_active(settings).await?;
    Ok(Page::from_all(load_tree(&settings)?.rows_on(on).into_iter().map(RegionRow::from).collect()))
}

/// Shows one region.
///
/// # Errors
/// [`OperationError::NotFound`] if it does not exist; [`OperationError::Rules`] if the rules cannot be used.
pub async fn show(settings: &Settings, code: &str, on: Option<NaiveDate>) -> Result<RegionShown, OperationError> {
    let tree = load_tree(&active_rules::find_active(settings).await?)?;
    let rows = match on {
        Some(on) => reporting_chain(&tree, Some(code), on),
        None => tree.rows_of(code).into_iter().map(RegionRow::from).collect(),
    };
    if rows.is_empty() {
        return Err(NotFound::Region { region: code.to_owned() }.into());
    }
    Ok(RegionShown { code: code.to_owned(), on, rows })
}

/// Parses the reporting tree of these settings.
pub(super) fn load_tree(settings: &Settings) -> Result<Regions, OperationError> {
    Ok(rule_files::load_regions(settings).map_err(RuleFileError::Regions)?)
}

/// Returns the reporting chain of a code on a day: its own row first, the province last.
pub(super) fn reporting_chain(tree: &Regions, code: Option<&str>, on: NaiveDate) -> Vec<RegionRow> {
    let chain = code.map(|code| tree.reporting_chain(code, on)).unwrap_or_default();
    chain.into_iter().map(RegionRow::from).collect()
}
