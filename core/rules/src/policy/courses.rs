//! The crosswalk: maps each programme's courses to canonical courses. Courses are the same only through it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use crate::policy::fault::Reading;
use crate::policy::problem::PolicyProblem;
use huiliu_values::Hours;
use huiliu_values::text::fold_course;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CourseFile {
    #[serde(default = "default_version")]
    version: u32,
    #[serde(default)]
    theme: Vec<Spanned<Theme>>,
    course: Vec<Spanned<CourseRule>>,
}

fn default_version() -> u32 {
    1
}

/// A theme of the course standard (教师厅函〔2014〕7号).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Theme {
    /// Its code, such as `T11`.
    pub id: String,
    /// Its title, such as 素材的处理与加工.
    pub title: String,
    /// The series it belongs to: `teaching` 优化课堂教学, `learning` 转变学习方式, `profession` 支持教师专业发展.
    pub series: Series,
}

/// The three series of the course standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Series {
    /// 应用信息技术优化课堂教学.
    Teaching,
    /// 应用信息技术转变学习方式.
    Learning,
    /// 应用信息技术支持教师专业发展.
    Profession,
}

impl Series {
    /// Returns the word used in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Teaching => "teaching",
            Self::Learning => "learning",
            Self::Profession => "profession",
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CourseRule {
    id: String,
    title: String,
    theme: Option<String>,
    /// Maximum class hours with which it is recognised.
    hours: Option<String>,
    /// Id of the canonical course that it is the same as.
    same_as: Option<String>,
    #[serde(default)]
    codes: BTreeMap<String, Vec<String>>,
}

/// One canonical course.
#[derive(Debug, Clone)]
pub struct Course {
    /// Its canonical id.
    pub id: Arc<str>,
    /// Its title, as shown to people.
    pub title: String,
    /// Code of its theme in the course standard.
    pub theme: Option<String>,
    /// Maximum hours with which it is recognised, in units of 1/108,000 class hour.
    pub most: Option<i64>,
}

/// The crosswalk, checked and ready for use.
#[derive(Debug, Clone, Default)]
pub struct Crosswalk {
    /// Version of the course file.
    pub version: u32,
    /// Canonical courses by id, without those that are the same as another.
    pub courses: BTreeMap<String, Course>,
    /// Themes of the course standard.
    pub themes: Vec<Theme>,
    /// Connector → its course code, folded for comparison → id of the canonical course.
    codes: HashMap<String, HashMap<String, Arc<str>>>,
    /// Ids of courses that are the same as another → that course's id.
    aliases: HashMap<String, Arc<str>>,
}

impl Crosswalk {
    /// Returns the id of the canonical course of a connector's code, however the code is typed ([`fold_course`]).
    #[must_use]
    pub fn canonical_id(&self, connector: &str, code: &str) -> Option<&Arc<str>> {
        self.codes.get(connector)?.get(&*fold_course(code))
    }

    /// Returns the course of an id, also if the id is the same as another course.
    #[must_use]
    pub fn find_course(&self, id: &str) -> Option<&Course> {
        self.courses.get(self.aliases.get(id).map_or(id, |of| of))
    }

    /// Returns every code that the crosswalk maps: connector, code, id of the canonical course.
    pub fn mapped_codes(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.codes.iter().flat_map(|(connector, codes)| {
            codes.iter().map(move |(code, id)| (connector.as_str(), code.as_str(), &**id))
        })
    }

    /// Applies a person's decision, which overrides the file: the code is this course, or none.
    pub fn override_course(&mut self, connector: &str, code: &str, course: Option<&str>) {
        let known = course.and_then(|id| self.find_course(id)).map(|c| Arc::clone(&c.id));
        let codes = self.codes.entry(connector.to_owned()).or_default();
        match known {
            Some(id) => codes.insert(fold_course(code).into_owned(), id),
            None => codes.remove(&*fold_course(code)),
        };
    }
}

/// Checks a course file and builds the crosswalk.
pub(super) fn build_crosswalk(reading: &mut Reading<'_>) -> Option<Crosswalk> {
    let file: CourseFile = reading.parse_toml()?;
    let ids: HashMap<&str, &CourseRule> = file.course.iter().map(|c| (&*c.get_ref().id, c.get_ref())).collect();
    let mut made = Crosswalk { version: file.version, ..Crosswalk::default() };
    for theme in &file.theme {
        if made.themes.iter().any(|t| t.id == theme.get_ref().id) {
            reading.add_fault(theme.span().start, &theme.get_ref().id, PolicyProblem::Twice);
        }
        made.themes.push(theme.get_ref().clone());
    }
    let mut declared: Vec<&str> = Vec::with_capacity(file.course.len());
    let mut given: HashSet<(&String, &String)> = HashSet::new();
    for spanned in &file.course {
        let (of, at) = (spanned.get_ref(), spanned.span().start);
        if declared.contains(&&*of.id) {
            reading.add_fault(at, &of.id, PolicyProblem::Twice);
        }
        declared.push(&of.id);
        let root = resolve_same_as(&ids, of).unwrap_or_else(|why| {
            reading.add_fault(at, &of.id, why);
            of
        });
        let id: Arc<str> = root.id.as_str().into();
        for (connector, codes) in &of.codes {
            for code in codes {
                let key = fold_course(code).into_owned();
                let other = made.codes.entry(connector.clone()).or_default().insert(key, Arc::clone(&id));
                // Two spellings of a code are allowed, for the same course only.
                if other.is_some_and(|other| other != id) | !given.insert((connector, code)) {
                    reading.add_fault(at, &of.id, PolicyProblem::CodeTaken { taken: format!("{connector}/{code}") });
                }
            }
        }
        if !std::ptr::eq(root, of) {
            made.aliases.insert(of.id.clone(), id);
            continue;
        }
        if let Some(theme) = of.theme.as_deref().filter(|theme| !made.themes.iter().any(|t| t.id == **theme)) {
            reading.add_fault(at, &of.id, PolicyProblem::NoTheme { theme: theme.to_owned() });
        }
        let most =
            of.hours.as_deref().map(|text| Hours::from_amount(text, Hours::UNITS_PER_CLASS_HOUR).map(Hours::units));
        if matches!(most, Some(Err(_) | Ok(0))) {
            reading.add_fault(at, &of.id, PolicyProblem::CourseHours);
        }
        let most = most.and_then(Result::ok);
        let course = Course { id, title: of.title.clone(), theme: of.theme.clone(), most };
        made.courses.insert(of.id.clone(), course);
    }
    Some(made)
}

/// Follows `same_as` to the course that is not the same as another.
fn resolve_same_as<'c>(
    ids: &HashMap<&str, &'c CourseRule>,
    of: &'c CourseRule,
) -> Result<&'c CourseRule, PolicyProblem> {
    let (mut at, mut way) = (of, vec![of.id.as_str()]);
    while let Some(next) = at.same_as.as_deref() {
        at = ids.get(next).ok_or_else(|| PolicyProblem::NoCourse { course: next.to_owned() })?;
        if way.contains(&next) {
            return Err(PolicyProblem::SameAsRound { way: format!("{} → {next}", way.join(" → ")) });
        }
        way.push(next);
    }
    Ok(at)
}
