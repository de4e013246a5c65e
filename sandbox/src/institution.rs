//! The training institutions' platform: completions and progress as JSON.

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::Value;

use crate::World;
use crate::facts::{Facts, Stream};
use crate::text::{course_text, project_text, version_text};

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

#[derive(Serialize)]
struct Scores {
    learning: Value,
    activity: Value,
    artefact: Value,
}

/// One item of a listing.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Item {
    id: String,
    version: Value,
    user_name: Value,
    id_no: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    school_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_name: Option<String>,
    course_code: Value,
    course_name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cycle_end: Option<Value>,
    study_minutes: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    scores: Option<Scores>,
    #[serde(skip_serializing_if = "Option::is_none")]
    percent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finish_time: Option<Value>,
    updated_at: String,
}

/// Returns a text. If it is empty, returns it or null, because platforms do both.
fn text_value(text: String, null: bool) -> Value {
    if text.is_empty() && null { Value::Null } else { Value::String(text) }
}

/// Returns the text as a number if it is one, else as text.
fn number_value(written: String, null: bool) -> Value {
    written.parse().map_or_else(|_| text_value(written, null), Value::Number)
}

impl World {
    /// Returns the day in `updatedAt` of the item at a position of this platform's listing.
    pub(crate) fn updated_at_position(&self, stream: Stream, position: u64) -> NaiveDate {
        self.item_facts(stream, self.listing(stream).value_at(position)).updated_on()
    }

    /// Returns the item at a position of this platform's listing.
    pub(crate) fn item_at_position(&self, stream: Stream, position: u64) -> Item {
        let facts = self.item_facts(stream, self.listing(stream).value_at(position));
        let person = self.people.person(facts.person);
        let chance = self.roll(stream.stream_purpose(60), facts.index);
        let null = chance & 1 == 0;
        let numbers = !(chance >> 24).is_multiple_of(20);
        let as_sent = |written: String| if numbers { number_value(written, null) } else { text_value(written, null) };
        let mut item = Item {
            user_name: text_value(self.name_text(&facts, &person), null),
            id_no: text_value(self.id_text(&facts, &person), null),
            school_code: None,
            project_code: None,
            project_name: None,
            course_code: text_value(course_text(&facts, &format!("TS-{:02}", facts.course)), null),
            course_name: COURSES[(facts.course as usize - 1) % COURSES.len()],
            mode: None,
            cycle_end: None,
            study_minutes: as_sent(self.hours_text(&facts)),
            scores: None,
            percent: None,
            start_time: None,
            finish_time: None,
            updated_at: format!("{}T08:00:00+08:00", facts.updated_on()),
            version: as_sent(version_text(&facts)),
            id: facts.record.clone(),
        };
        if stream == Stream::Progress {
            item.cycle_end = Some(text_value(self.end_text(&facts), null));
            item.percent = Some(format!("{}%", 15 + 30 * facts.slot));
            return item;
        }
        item.school_code = Some(person.school_code);
        item.project_code = Some("TS2014");
        item.project_name = Some(project_text(&facts, "信息技术应用能力提升工程"));
        item.mode = Some(["online", "school", "classroom"][(chance >> 8) as usize % 3]);
        item.scores = Some(self.sent_scores(&facts, chance));
        item.start_time = Some(text_value(self.start_text(&facts), null));
        item.finish_time = Some(text_value(self.end_text(&facts), null));
        item
    }

    /// Returns the marks, mostly as text.
    fn sent_scores(&self, facts: &Facts, chance: u64) -> Scores {
        let null = chance & 2 == 0;
        let sent = |mark| match (chance >> 32) % 5 {
            0 => number_value(self.mark_text(facts, mark), null),
            _ => text_value(self.mark_text(facts, mark), null),
        };
        Scores { learning: sent(0), activity: sent(1), artefact: sent(2) }
    }
}
