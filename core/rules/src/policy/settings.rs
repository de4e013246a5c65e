//! Questions that the documents leave open: each is a named setting with a default and the reason for it. A rule pack
//! may choose otherwise.

use huiliu_messages::Wording;

/// A question that the documents leave open.
#[derive(Debug)]
pub struct Question {
    /// Its name under `[setting.…]`.
    pub name: &'static str,
    /// The possible choices; the first is the default.
    pub choices: &'static [&'static str],
    /// The reason for the default, in English.
    pub why: Wording,
}

impl Question {
    /// Returns the question with a name.
    #[must_use]
    pub fn find_by_name(name: &str) -> Option<&'static Self> {
        QUESTIONS.iter().find(|q| q.name == name)
    }
}

/// All open questions.
pub const QUESTIONS: &[Question] = &[
    Question {
        name: "band_edge",
        choices: &["upper", "lower"],
        why: Wording::both(
            "80 and 60 belong to two bands; the upper one favours the teacher, and schools treat a pass mark the same way",
            "80 分和 60 分同属两个等次；归入较高等次有利于教师，也符合及格线的惯例",
        ),
    },
    Question {
        name: "band_rounding",
        choices: &["none", "half_up"],
        why: Wording::both(
            "a total is graded without rounding; rounding first would let 59.5 pass, which no document states",
            "总分按原值定等：先四舍五入会使 59.5 分合格，而文件没有这样规定",
        ),
    },
    Question {
        name: "missing_component",
        choices: &["wait", "fail", "renormalise"],
        why: Wording::both(
            "a record without one of its three scores waits as a dead letter, because a fail or a guess would be hard to undo",
            "三项成绩缺一项的记录作为死信等待：判不合格或猜测都难以挽回",
        ),
    },
    Question {
        name: "without_school_grade",
        choices: &["institution", "pending"],
        why: Wording::both(
            "most platforms never send a school's grade; until one arrives, the institution's grade counts",
            "多数平台不报送学校评定等级；在收到之前以培训机构的等级为准",
        ),
    },
    Question {
        name: "age_as_of",
        choices: &["period_end", "period_start", "year_end", "cycle_start"],
        why: Wording::both(
            "the document names no day; every record has the last day of its training",
            "文件未指明年龄的计算日期；培训结束日是每条记录都有的日期",
        ),
    },
    Question {
        name: "hours_window",
        choices: &["cycle", "rolling"],
        why: Wording::both(
            "“every five years” is read as fixed cycles, so that teachers know when one ends",
            "“每五年”按固定周期理解，便于告知教师周期的截止日",
        ),
    },
    Question {
        name: "lower_resend",
        choices: &["newest"],
        why: Wording::both(
            "a platform that sends less than before has corrected its data; the version decides, not the order of arrival",
            "平台重报较少的数据视为更正；以数据版本而不以到达先后为准",
        ),
    },
    Question {
        name: "withdrawn_record",
        choices: &["not_counted"],
        why: Wording::both(
            "a platform that takes a record back has corrected its data; its newer word counts, like that of a lower resend",
            "平台撤回记录视为更正；与重报较少的数据一样，以其最新的说法为准",
        ),
    },
    Question {
        name: "disputed_record",
        choices: &["counted", "not_counted"],
        why: Wording::both(
            "hours that were granted stay until the newer version of their record can be read or a person has decided; they are listed as disputed",
            "已认定的学时在该记录的新版本可以读取或有人作出决定之前予以保留，并列为存疑",
        ),
    },
    Question {
        name: "failed_course_hours",
        choices: &["none", "provisional"],
        why: Wording::both(
            "the document counts the hours of teachers who passed; it does not mention those who failed, so their hours do not count",
            "文件规定合格教师的学时计入；未提及不合格者，故不计入",
        ),
    },
    Question {
        name: "legacy_certificate",
        choices: &["module", "whole"],
        why: Wording::both(
            "a certificate of an older programme stands for its own course, not for all required hours",
            "已有项目的证书只代表其本身的课程，不代替全部应修学时",
        ),
    },
    Question {
        name: "moved_teacher",
        choices: &["at_period_end", "at_cycle_end"],
        why: Wording::both(
            "the county where a teacher worked when a training ended has paid for it",
            "培训结束时教师所在的县承担了该次培训",
        ),
    },
    Question {
        name: "above_course_maximum",
        choices: &["cut", "refuse", "keep"],
        why: Wording::both(
            "hours above a course's recognised maximum are cut, and the cut is shown",
            "超出课程认定学时的部分予以扣减，并予以说明",
        ),
    },
    Question {
        name: "same_course_two_institutions",
        choices: &["once", "each"],
        why: Wording::both(
            "nobody is to be trained twice for the same thing, whichever institution trains",
            "避免重复培训，不论由哪个机构培训",
        ),
    },
];
