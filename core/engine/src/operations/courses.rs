//! The crosswalk of courses, and what it does not know. What is decided about it is [`super::decisions::decide`]'s.

use std::cmp::Reverse;

use schemars::JsonSchema;
use serde::Serialize;

use super::error::OperationError;
use super::page::Page;
use crate::database::OpenDatabase;
use crate::recount;
use crate::rule_files;
use crate::settings::Settings;
use huiliu_rules::policy::Crosswalk;
use huiliu_rules::policy::courses::{Course, Series, Theme};
use huiliu_rules::policy::similar::likeness;
use huiliu_store::ledger::courses::{self, Named};
use huiliu_values::ExactHours;

/// Titles less alike than this are not suggested, in thousandths.
const ALIKE: u32 = 400;

/// A canonical course.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CourseShown {
    /// Canonical id.
    pub course: String,
    /// Its title.
    pub title: String,
    /// Theme of the course standard.
    pub theme: Option<String>,
    /// Series of the theme: `teaching`, `learning`, `profession`; empty without a theme.
    pub series: &'static str,
    /// Class hours that it is recognised with at most.
    pub most: Option<ExactHours>,
}

impl CourseShown {
    fn of(course: &Course, themes: &[Theme]) -> Self {
        let theme = themes.iter().find(|theme| Some(theme.id.as_str()) == course.theme.as_deref());
        Self {
            course: course.id.to_string(),
            title: course.title.clone(),
            theme: course.theme.clone(),
            series: theme.map(|theme| theme.series).map(Series::as_str).unwrap_or_default(),
            most: course.most.map(ExactHours),
        }
    }
}

/// Canonical courses, by id. Without a database nobody has decided anything about them.
///
/// # Errors
/// [`OperationError::Rules`].
pub async fn list(settings: &Settings, opened: Option<&OpenDatabase>) -> Result<Page<CourseShown>, OperationError> {
    let mut policy = rule_files::policy(settings)?;
    if let Some(opened) = opened {
        policy = recount::in_force(&opened.db, policy).await?;
    }
    let Crosswalk { courses, themes, .. } = &policy.crosswalk;
    Ok(Page::whole(courses.values().map(|course| CourseShown::of(course, themes)).collect()))
}

/// A course of a source that the crosswalk does not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnknownCourse {
    /// The connector.
    pub connector: String,
    /// The code there.
    pub code: String,
    /// A title that it has had.
    pub title: Option<String>,
    /// Records of it.
    pub records: i64,
    /// The canonical course with the most alike title, if one is alike enough.
    pub suggested: Option<SuggestedCourse>,
}

/// A canonical course that may be meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SuggestedCourse {
    /// Canonical id.
    pub course: String,
    /// Its title.
    pub title: String,
    /// How alike the titles are, in thousandths.
    pub alike_per_mille: u32,
}

/// Courses of sources that the crosswalk does not know, with suggestions by title.
///
/// # Errors
/// [`OperationError::Rules`].
pub async fn unknown(settings: &Settings, opened: &OpenDatabase) -> Result<Page<UnknownCourse>, OperationError> {
    let policy = recount::in_force(&opened.db, rule_files::policy(settings)?).await?;
    let named = courses::named(&opened.db).await?;
    let unknown = named.into_iter().filter(|course| policy.canonical_course(&course.connector, &course.code).is_none());
    let shown = |Named { connector, code, title, records }: Named| {
        let suggested = suggestion(&policy.crosswalk, title.as_deref().unwrap_or(&code));
        UnknownCourse { connector, code, title, records, suggested }
    };
    Ok(Page::whole(unknown.map(shown).collect()))
}

/// The canonical course with the most alike title; of equally alike ones the first.
fn suggestion(crosswalk: &Crosswalk, title: &str) -> Option<SuggestedCourse> {
    let alike = crosswalk.courses.values().map(|course| (course, likeness(title, &course.title)));
    let best = alike.filter(|(_, alike)| *alike >= ALIKE).max_by_key(|(course, alike)| (*alike, Reverse(&course.id)));
    let (course, alike_per_mille) = best?;
    Some(SuggestedCourse { course: course.id.to_string(), title: course.title.clone(), alike_per_mille })
}
