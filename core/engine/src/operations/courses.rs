//! The course crosswalk, and the courses it does not know. Decisions about courses are made by
//! [`super::decisions::decide`].

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use schemars::JsonSchema;
use serde::Serialize;

use super::error::OperationError;
use super::page::Page;
use crate::active_rules;
use crate::database::OpenDatabase;
use crate::recount;
use crate::rule_files;
use crate::settings::Settings;
use huiliu_rules::policy::courses::{Course, Series, Theme};
use huiliu_rules::policy::similar::title_similarity;
use huiliu_rules::policy::{Crosswalk, Policy};
use huiliu_store::ledger::courses::{self, SourceCourse};
use huiliu_values::ExactHours;
use huiliu_values::text::fold_course;

/// The least similarity of titles for a suggestion, in thousandths.
const ALIKE: u32 = 400;

/// A canonical course.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CourseShown {
    /// The canonical id.
    pub course: String,
    /// The title of the course.
    pub title: String,
    /// The theme of the course standard.
    pub theme: Option<String>,
    /// The series of the theme: `teaching`, `learning` or `profession`. Empty without a theme.
    pub series: &'static str,
    /// The most class hours for which the course is recognised.
    pub most: Option<ExactHours>,
}

impl CourseShown {
    fn from_course(course: &Course, themes: &[Theme]) -> Self {
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

/// Lists canonical courses by id. Includes people's decisions only if a database is given.
///
/// # Errors
/// [`OperationError::Rules`] if the rules cannot be used.
pub async fn list(settings: &Settings, opened: Option<&OpenDatabase>) -> Result<Page<CourseShown>, OperationError> {
    let policy = match opened {
        None => rule_files::load_policy(settings)?,
        Some(opened) => load_policy_in_force(settings, opened).await?,
    };
    let Crosswalk { courses, themes, .. } = &policy.crosswalk;
    Ok(Page::from_all(courses.values().map(|course| CourseShown::from_course(course, themes)).collect()))
}

/// Loads the rules in force, with people's decisions about courses.
async fn load_policy_in_force(settings: &Settings, opened: &OpenDatabase) -> Result<Policy, OperationError> {
    let settings = active_rules::apply_active(settings, &opened.db).await?;
    Ok(recount::policy_in_force(&opened.db, rule_files::load_policy(&settings)?).await?)
}

/// A course of a source that the crosswalk does not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnknownCourse {
    /// The id of the connector.
    pub connector: String,
    /// The course code on the platform, in the spelling that most of its records have.
    pub code: String,
    /// One of the titles that the platform has sent.
    pub title: Option<String>,
    /// Number of its records, in all spellings.
    pub records: i64,
    /// The canonical course with the most similar title, if it is similar enough.
    pub suggested: Option<SuggestedCourse>,
}

/// A canonical course that may be the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SuggestedCourse {
    /// The canonical id.
    pub course: String,
    /// The title of the canonical course.
    pub title: String,
    /// The similarity of the titles, in thousandths.
    pub alike_per_mille: u32,
}

/// Lists the courses of sources that the crosswalk does not know, with suggestions by title.
///
/// # Errors
/// [`OperationError::Rules`] if the rules cannot be used.
pub async fn unknown(settings: &Settings, opened: &OpenDatabase) -> Result<Page<UnknownCourse>, OperationError> {
    let policy = load_policy_in_force(settings, opened).await?;
    let named = merge_spellings(courses::list_named_courses(&opened.db).await?);
    let unknown = named.into_iter().filter(|course| policy.canonical_course(&course.connector, &course.code).is_none());
    let shown = |SourceCourse { connector, code, title, records }: SourceCourse| {
        let suggested = suggest_course(&policy.crosswalk, title.as_deref().unwrap_or(&code));
        UnknownCourse { connector, code, title, records, suggested }
    };
    Ok(Page::from_all(unknown.map(shown).collect()))
}

/// Merges the courses whose codes differ only in how they are typed. The spelling with the most records stands for all.
fn merge_spellings(named: Vec<SourceCourse>) -> Vec<SourceCourse> {
    let mut merged: BTreeMap<(String, String), SpellingCount> = BTreeMap::new();
    for course in named {
        let key = (course.connector.clone(), fold_course(&course.code).into_owned());
        match merged.entry(key) {
            Entry::Vacant(place) => {
                let most = course.records;
                place.insert(SpellingCount { course, most });
            }
            Entry::Occupied(mut place) => place.get_mut().add_spelling(course),
        }
    }
    merged.into_values().map(|counted| counted.course).collect()
}

/// A course with the records of all its spellings.
struct SpellingCount {
    course: SourceCourse,
    /// Number of records of the spelling that is shown.
    most: i64,
}

impl SpellingCount {
    fn add_spelling(&mut self, other: SourceCourse) {
        let records = self.course.records + other.records;
        let title = self.course.title.take();
        if other.records > self.most {
            self.most = other.records;
            self.course = SourceCourse { title: other.title.or(title), ..other };
        } else {
            self.course.title = title.or(other.title);
        }
        self.course.records = records;
    }
}

/// Suggests the canonical course with the most similar title. If several are equally similar, takes the smallest id.
fn suggest_course(crosswalk: &Crosswalk, title: &str) -> Option<SuggestedCourse> {
    let alike = crosswalk.courses.values().map(|course| (course, title_similarity(title, &course.title)));
    let best = alike.filter(|(_, alike)| *alike >= ALIKE).max_by_key(|(course, alike)| (*alike, Reverse(&course.id)));
    let (course, alike_per_mille) = best?;
    Some(SuggestedCourse { course: course.id.to_string(), title: course.title.clone(), alike_per_mille })
}
