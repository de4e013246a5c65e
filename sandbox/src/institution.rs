//! The training institutions' platform: completions and progress as JSON.

use chrono::NaiveDate;
use serde::Serialize;

use crate::World;
use crate::facts::{Facts, Stream};
use crate::fault::Fault;
use crate::text::WrongHours;

const COURSES: [&str; 27] = [
    "多媒体教学环境认知与常用设备使用",
    "学科资源检索与获取",
    "素材的处理与加工",
    "多媒体课件制作",
    "学科软件的使用",
    "信息道德与信息安全",
    "简易多媒体教学环境下的学科教学",
    "交互多媒体环境下的学科教学",
    "学科教学资源支持下的课程教学",
    "技术支持的课堂导入",
    "技术支持的课堂讲授",
    "技术支持的学生技能训练与指导",
    "技术支持的总结与复习",
    "技术支持的教学评价",
    "网络教学平台的应用",
    "适用于移动设备的软件应用",
    "网络教学环境中的自主合作探究学习",
    "移动学习环境中的自主合作探究学习",
    "技术支持的探究学习任务设计",
    "技术支持的学习小组的组织与管理",
    "技术支持的学习过程监控",
    "技术支持的学习评价",
    "中小学教师信息技术应用能力标准解读",
    "教师工作坊与教师专业发展",
    "网络研修社区与教师专业发展",
    "移动学习与教师专业发展",
    "信息技术支持的校本研修",
];

/// A number, or what a platform writes in its place.
#[derive(Serialize)]
#[serde(untagged)]
enum Minutes {
    Number(i64),
    Text(&'static str),
}

#[derive(Serialize)]
struct Scores {
    learning: String,
    activity: String,
    artefact: String,
}

/// One item of a listing.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Item {
    id: String,
    version: u32,
    user_name: Option<String>,
    id_no: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    school_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_name: Option<&'static str>,
    course_code: Option<String>,
    course_name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cycle_end: Option<Option<String>>,
    study_minutes: Minutes,
    #[serde(skip_serializing_if = "Option::is_none")]
    scores: Option<Scores>,
    #[serde(skip_serializing_if = "Option::is_none")]
    percent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finish_time: Option<Option<String>>,
    updated_at: String,
}

fn tenths(mark: u32) -> String {
    match mark % 10 {
        0 => (mark / 10).to_string(),
        rest => format!("{}.{rest}", mark / 10),
    }
}

/// Empty text, or null: platforms do both.
fn missing(null: bool) -> Option<String> {
    (!null).then(String::new)
}

impl World {
    /// The day in `updatedAt` of what stands at a position of a listing of this platform.
    pub(crate) fn updated(&self, stream: Stream, position: u64) -> NaiveDate {
        self.facts(stream, self.listing(stream).at(position)).updated()
    }

    /// What stands at a position of a listing of this platform.
    pub(crate) fn item(&self, stream: Stream, position: u64) -> Item {
        let facts = self.facts(stream, self.listing(stream).at(position));
        let person = self.people.person(facts.person);
        let chance = self.roll(stream.purpose(60), facts.index);
        let null = chance & 1 == 0;
        let code =
            if facts.has(Fault::CourseMissing) { missing(null) } else { Some(format!("TS-{:02}", facts.course)) };
        let minutes = match self.wrong_hours(&facts, -45, 9_000_000) {
            None => Minutes::Number(i64::from(facts.amount)),
            Some(WrongHours::Number(number)) => Minutes::Number(number),
            Some(WrongHours::Text(text)) => Minutes::Text(text),
        };
        let nullable = |text: String| {
            if text.is_empty() { missing(null) } else { Some(text) }
        };
        let mut item = Item {
            user_name: nullable(self.name_text(&facts, &person)),
            id_no: nullable(self.id_text(&facts, &person)),
            school_code: None,
            project_code: None,
            project_name: None,
            course_code: code,
            course_name: COURSES[(facts.course as usize - 1) % COURSES.len()],
            mode: None,
            cycle_end: None,
            study_minutes: minutes,
            scores: None,
            percent: None,
            start_time: None,
            finish_time: None,
            updated_at: format!("{}T08:00:00+08:00", facts.updated()),
            version: facts.version,
            id: facts.record.clone(),
        };
        if stream == Stream::Progress {
            item.cycle_end = Some(end_text(&facts, null, facts.end.to_string()));
            item.percent = Some(format!("{}%", 15 + 30 * facts.slot));
            return item;
        }
        item.school_code = Some(person.school_code);
        item.project_code = Some("TS2014");
        item.project_name = Some("信息技术应用能力提升工程");
        item.mode = Some(["online", "school", "classroom"][(chance >> 8) as usize % 3]);
        item.scores = Some(scores(&facts));
        item.start_time = Some(format!("{} 09:00:00", facts.start));
        let end = match (chance >> 16) % 2 {
            0 => format!("{} 16:30:00", facts.end),
            _ => format!("{}T16:30:00+08:00", facts.end),
        };
        item.finish_time = Some(end_text(&facts, null, end));
        item
    }
}

fn end_text(facts: &Facts, null: bool, good: String) -> Option<String> {
    if facts.has(Fault::EndMissing) {
        missing(null)
    } else if facts.has(Fault::EndDate) {
        Some("2014-02-30".to_owned())
    } else {
        Some(good)
    }
}

fn scores(facts: &Facts) -> Scores {
    let [learning, activity, artefact] = facts.scores.map(tenths);
    Scores {
        learning: if facts.has(Fault::LearningRange) { "105".to_owned() } else { learning },
        activity: if facts.has(Fault::ActivityNumber) { "良好".to_owned() } else { activity },
        artefact,
    }
}
