//! Teachers as counties keep them.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use super::error::{NotFound, OperationError};
use super::regions::{self, RegionRow};
use super::teachers::{self, WhichTeacher};
use crate::database::OpenDatabase;
use crate::program::Program;
use crate::settings::Settings;
use crate::{registry, rule_files};
use huiliu_manifest::Manifest;
use huiliu_rules::policy::Policy;
use huiliu_rules::roster::exemption::{Exemption, exemption};
use huiliu_store::roster::report::{self, MembershipRow, RosterStream, Status, TeacherRow};
use huiliu_values::Sex;

/// Whether a teacher's age is outside the assessment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AgeExemption {
    /// Whether it is.
    pub exempt: bool,
    /// The day as of which it was told.
    pub as_of: NaiveDate,
    /// Full years on that day; zero before birth.
    pub age: u32,
    /// The day on which the limit is reached; none beyond the calendar.
    pub from: Option<NaiveDate>,
}

impl From<Exemption> for AgeExemption {
    fn from(Exemption { exempt, as_of, age, from }: Exemption) -> Self {
        Self { exempt, as_of, age, from }
    }
}

/// A teacher as the roster has it, and what follows on a day.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RosterTeacher {
    /// The teacher.
    #[serde(flatten)]
    pub teacher: TeacherRow,
    /// Age exemption; nothing where sex or birth date is not known, or no rule pack exempts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exemption: Option<AgeExemption>,
    /// The day.
    pub on: NaiveDate,
    /// To whom the teacher's school reports then, its own region first.
    pub regions: Vec<RegionRow>,
}

/// One teacher as of a day.
///
/// # Errors
/// [`OperationError::NotFound`], [`OperationError::Rules`].
pub async fn show(
    settings: &Settings,
    opened: &OpenDatabase,
    which: &WhichTeacher,
    on: NaiveDate,
) -> Result<RosterTeacher, OperationError> {
    let (tree, policy) = (regions::tree(settings)?, rule_files::policy(settings)?);
    let number = teachers::find(opened, which).await?;
    let row = report::teacher(&opened.db, &opened.keys, number).await?;
    let teacher = row.ok_or(NotFound::Teacher { teacher: number })?;
    let membership = teacher.memberships.iter().rev().find(|membership| holds(membership, on));
    let region = membership.and_then(|membership| membership.region.as_deref());
    let regions = regions::chain(&tree, region, on);
    Ok(RosterTeacher { exemption: exempt(&policy, &teacher, on), on, regions, teacher })
}

/// Whether a membership holds on a day.
pub(super) fn holds(membership: &MembershipRow, on: NaiveDate) -> bool {
    between(membership.from.as_deref(), membership.to.as_deref(), on)
}

/// Whether a day lies in a span; what is not given bounds nothing.
pub(super) fn between(from: Option<&str>, to: Option<&str>, on: NaiveDate) -> bool {
    // Days are kept as YYYY-MM-DD, and sort as texts.
    let on = on.to_string();
    from.is_none_or(|from| from <= on.as_str()) && to.is_none_or(|to| to >= on.as_str())
}

/// As of the day itself, with the limits of the rule pack of that day.
fn exempt(policy: &Policy, teacher: &TeacherRow, on: NaiveDate) -> Option<AgeExemption> {
    let limits = policy.nearest(on)?.exempt?.limits;
    let sex = if teacher.sex.as_deref()? == "male" { Sex::Male } else { Sex::Female };
    let birth = teacher.birth_date.as_deref()?.parse().ok()?;
    Some(exemption(sex, birth, limits, on).into())
}

/// How many teachers and schools there are, and which rows wait and why.
///
/// # Errors
/// [`OperationError::Registry`].
pub async fn status(settings: &Settings, program: &Program, opened: &OpenDatabase) -> Result<Status, OperationError> {
    let base = registry::base(settings, program)?;
    let mut streams: Vec<RosterStream> = base.values().flat_map(|found| rosters(&found.manifest)).collect();
    let registered = huiliu_store::admin::registry::read(&opened.db).await?;
    for version in &registered.in_use {
        // Of a manifest that this program cannot read it delivers nothing either.
        if let Ok(manifest) = Manifest::parse("manifest.toml", &version.manifest) {
            streams.extend(rosters(&manifest));
        }
    }
    Ok(report::status(&opened.db, &streams).await?)
}

/// The streams of rosters, with their connector.
fn rosters(manifest: &Manifest) -> Vec<RosterStream> {
    let rosters = manifest.stream.iter().filter(|stream| stream.kind.is_roster());
    rosters.map(|stream| RosterStream { connector: manifest.id.clone(), stream: stream.name.clone() }).collect()
}
