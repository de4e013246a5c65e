//! Teachers as the rosters of counties describe them.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use super::error::{NotFound, OperationError};
use super::regions::{self, RegionRow};
use super::teachers::{self, TeacherSelector};
use crate::database::OpenDatabase;
use crate::program::Program;
use crate::settings::Settings;
use crate::{active_rules, registry, rule_files};
use huiliu_manifest::Manifest;
use huiliu_rules::policy::Policy;
use huiliu_rules::roster::exemption::{Exemption, check_exemption};
use huiliu_store::roster::report::{self, MembershipRow, RosterStream, Status, TeacherRow};
use huiliu_values::Sex;

/// Whether a teacher's age exempts from the assessment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AgeExemption {
    /// Whether the teacher is exempt.
    pub exempt: bool,
    /// The day for which this was computed.
    pub as_of: NaiveDate,
    /// Age in full years on that day; zero before birth.
    pub age: u32,
    /// The day on which the age limit is reached; null if it is beyond the calendar.
    pub from: Option<NaiveDate>,
}

impl From<Exemption> for AgeExemption {
    fn from(Exemption { exempt, as_of, age, from }: Exemption) -> Self {
        Self { exempt, as_of, age, from }
    }
}

/// A teacher in the roster, as of a day.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RosterTeacher {
    /// What the roster says.
    #[serde(flatten)]
    pub teacher: TeacherRow,
    /// Age exemption. Absent if sex or birth date is unknown, or if no rule pack exempts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exemption: Option<AgeExemption>,
    /// The day of exemption and regions.
    pub on: NaiveDate,
    /// The reporting chain of the teacher's school on that day, its own region first.
    pub regions: Vec<RegionRow>,
}

/// Shows one teacher as of a day.
///
/// # Errors
/// [`OperationError::NotFound`] if it does not exist; [`OperationError::Rules`] if the rules cannot be used.
pub async fn show(
    settings: &Settings,
    opened: &OpenDatabase,
    which: &TeacherSelector,
    on: NaiveDate,
) -> Result<RosterTeacher, OperationError> {
    let settings = active_rules::apply_active(settings, &opened.db).await?;
    let (tree, policy) = (regions::load_tree(&settings)?, rule_files::load_policy(&settings)?);
    let number = teachers::find_teacher(opened, which).await?;
    let row = report::load_teacher(&opened.db, &opened.keys, number).await?;
    let teacher = row.ok_or(NotFound::Teacher { teacher: number })?;
    let membership = teacher.memberships.iter().rev().find(|membership| is_in_force(membership, on));
    let region = membership.and_then(|membership| membership.region.as_deref());
    let regions = regions::reporting_chain(&tree, region, on);
    Ok(RosterTeacher { exemption: compute_age_exemption(&policy, &teacher, on), on, regions, teacher })
}

/// Returns whether a membership is in force on a day.
pub(super) fn is_in_force(membership: &MembershipRow, on: NaiveDate) -> bool {
    is_within_span(membership.from.as_deref(), membership.to.as_deref(), on)
}

/// Returns whether a day is within a span, both ends included. A missing end is unbounded.
pub(super) fn is_within_span(from: Option<&str>, to: Option<&str>, on: NaiveDate) -> bool {
    // Days are stored as YYYY-MM-DD and therefore sort as text.
    let on = on.to_string();
    from.is_none_or(|from| from <= on.as_str()) && to.is_none_or(|to| to >= on.as_str())
}

/// Computes the age exemption on a day, with the age limits of that day's rule pack.
fn compute_age_exemption(policy: &Policy, teacher: &TeacherRow, on: NaiveDate) -> Option<AgeExemption> {
    let limits = policy.nearest_pack(on)?.exempt?.limits;
    let sex = if teacher.sex.as_deref()? == "male" { Sex::Male } else { Sex::Female };
    let birth = teacher.birth_date.as_deref()?.parse().ok()?;
    Some(check_exemption(sex, birth, limits, on).into())
}

/// Counts teachers and schools, and the waiting rows with their reasons.
///
/// # Errors
/// [`OperationError::Registry`] if a manifest of the settings cannot be read.
pub async fn status(settings: &Settings, program: &Program, opened: &OpenDatabase) -> Result<Status, OperationError> {
    let base = registry::load_base_manifests(settings, program)?;
    let mut streams: Vec<RosterStream> = base.values().flat_map(|found| list_roster_streams(&found.manifest)).collect();
    let registered = huiliu_store::admin::registry::read_registry(&opened.db).await?;
    for version in &registered.in_use {
        // A manifest that this program cannot read does not deliver rows either.
        if let Ok(manifest) = Manifest::parse("manifest.toml", &version.manifest) {
            streams.extend(list_roster_streams(&manifest));
        }
    }
    Ok(report::read_status(&opened.db, &streams).await?)
}

/// Returns the roster streams of a manifest.
fn list_roster_streams(manifest: &Manifest) -> Vec<RosterStream> {
    let rosters = manifest.stream.iter().filter(|stream| stream.kind.is_roster());
    rosters.map(|stream| RosterStream { connector: manifest.id.clone(), stream: stream.name.clone() }).collect()
}
