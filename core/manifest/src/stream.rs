//! One kind of record of a source: how it is requested, decoded, identified and mapped.

use std::collections::BTreeMap;

use crate::format::{Archive, Format};
use crate::mapping::{Field, Map, Unit};
use crate::quality::{Contract, Expect, RowRule};
use crate::shape::{Within, choice, table, words};
use crate::transport::Request;

words! {
    /// What a record is. Only completions and certificates can carry credit; teachers, schools and memberships are rows of
    /// a roster.
    #[zh = "记录是什么。只有完成记录和证书可以认定学时；教师、学校与任职关系是名册的行"]
    pub enum Kind {
        /// Cumulative progress, sent every ten days: informs.
        #[zh = "累计进度（每十天上报），仅供参考"]
        "progress" => Progress,
        /// A course completed.
        #[zh = "完成一门课程"]
        "course_completion" => CourseCompletion,
        /// A project completed.
        #[zh = "完成一个培训项目"]
        "project_completion" => ProjectCompletion,
        /// A certificate of a programme.
        #[zh = "项目证书"]
        "certificate" => Certificate,
        /// An assessment sent by itself.
        #[zh = "单独上报的测评结果"]
        "assessment" => Assessment,
        /// A pre-test before training.
        #[zh = "训前诊断测评"]
        "diagnostic" => Diagnostic,
        /// An enrolment.
        #[zh = "报名"]
        "enrolment" => Enrolment,
        /// A teacher of a roster; where no school is mapped, a person who is on it once a membership says so.
        #[zh = "名册中的教师；未映射学校时，须另有任职关系才列入名册"]
        "teacher" => Teacher,
        /// A school of a roster.
        #[zh = "名册中的学校"]
        "school" => School,
        /// That a person of a stream of teachers belongs to a school, where a roster tells it apart.
        #[zh = "教师与学校的任职关系（名册单独给出时）"]
        "membership" => Membership,
    }
}

impl Kind {
    /// Whether its records are rows of a roster.
    #[must_use]
    pub fn is_roster(self) -> bool {
        matches!(self, Self::Teacher | Self::School | Self::Membership)
    }
}

/// Number of records per page.
pub type PageSize = Within<1, 5_000>;

choice! {
    /// How a listing is paged. A page that was seen before ends the pass with an error.
    #[zh = "如何翻页。出现重复的页时，同步报错并结束"]
    pub enum Paging by by {
        /// One answer is all.
        #[zh = "一次应答即全部"]
        none => None {}
        /// Pages have numbers.
        #[zh = "按页码"]
        number => Number {
            /// Query parameter of the page number; without it, write `${page}` where it goes.
            #[zh = "页码的查询参数；不写则在请求中用 ${page}"]
            param: Option<String>;
            /// Query parameter of the page size.
            #[zh = "每页条数的查询参数"]
            size_param: Option<String>;
            /// Records per page.
            #[zh = "每页条数"]
            size: PageSize;
            /// Number of the first page.
            #[zh = "首页页码"]
            first: Within<0, 1> = Within(1), "1";
            /// Path in the answer that tells how many records there are in all; without it a page with fewer records than
            /// asked is the last. While full pages come, a total that is reached is not believed; a pass with fewer records
            /// than the total says so, and the next one begins where it did.
            #[zh = "应答中总条数的路径；不写则以不满一页的为末页。平台仍在返回整页时，即使已达总条数也不停止；收到的少于总条数时，同步会指明，下次从原处再读"]
            total: Option<String>;
            /// Path in the answer that tells whether there is more: true, 1. An empty page is not the end then.
            #[zh = "应答中“是否还有更多”的路径：true 或 1 表示还有；此时空页不算结束"]
            has_more: Option<String>;
        }
        /// A page begins after so many records.
        #[zh = "按偏移量"]
        offset => Offset {
            /// Query parameter of the offset; without it, write `${offset}` where it goes.
            #[zh = "偏移量的查询参数；不写则在请求中用 ${offset}"]
            param: Option<String>;
            /// Query parameter of the page size.
            #[zh = "每页条数的查询参数"]
            size_param: Option<String>;
            /// Records per page.
            #[zh = "每页条数"]
            size: PageSize;
            /// Path in the answer that tells how many records there are in all; as of numbered pages.
            #[zh = "应答中总条数的路径；含义同按页码"]
            total: Option<String>;
        }
        /// A token leads to the next page.
        #[zh = "按令牌（游标）"]
        token => Token {
            /// Query parameter that carries it; without it, write `${token}` where it goes.
            #[zh = "携带令牌的查询参数；不写则在请求中用 ${token}"]
            param: Option<String>;
            /// Path of the next token in the answer; null, false, blank or absent ends the listing.
            #[zh = "应答中下一令牌的路径；null、false、空或缺失表示结束"]
            next: Option<String>;
            /// Header of the next token, where it is not in the body.
            #[zh = "下一令牌所在的应答头（不在正文时）"]
            next_header: Option<String>;
            /// Query parameter of the page size.
            #[zh = "每页条数的查询参数"]
            size_param: Option<String>;
            /// Records per page.
            #[zh = "每页条数"]
            size: PageSize;
        }
        /// A link leads to the next page, as OData's `@odata.nextLink`, xAPI's `more` or the header Link (RFC 8288). It must
        /// lead to the host of `base_url`.
        #[zh = "按链接，如 OData 的 @odata.nextLink、xAPI 的 more 或 Link 应答头；须指向 base_url 的主机"]
        link => Link {
            /// Path of the link in the answer; without it the header Link with rel="next" is read.
            #[zh = "应答中链接的路径；不写则读 Link 应答头中 rel=\"next\""]
            next: Option<String>;
            /// Query parameter of the page size, for the first page; the links carry it on.
            #[zh = "首页每页条数的查询参数，其后由链接携带"]
            size_param: Option<String>;
            /// Records per page.
            #[zh = "每页条数"]
            size: PageSize;
        }
        /// A field of the last record leads to the next page.
        #[zh = "按末条记录的字段"]
        last_record => LastRecord {
            /// Query parameter that carries it; without it, write `${token}` where it goes.
            #[zh = "携带该字段值的查询参数；不写则在请求中用 ${token}"]
            param: Option<String>;
            /// Path of the field in a record.
            #[zh = "记录中字段的路径"]
            path: String;
            /// Query parameter of the page size.
            #[zh = "每页条数的查询参数"]
            size_param: Option<String>;
            /// Records per page; a page with fewer is the last.
            #[zh = "每页条数；不满一页为末页"]
            size: PageSize;
        }
    }
}

words! {
    /// How moments are written in requests, in Asia/Shanghai.
    #[zh = "请求中时刻的写法（北京时间）"]
    pub enum MomentForm {
        /// 2014-09-01.
        #[zh = "2014-09-01"]
        "day" => Day,
        /// 20140901.
        #[zh = "20140901"]
        "day_digits" => DayDigits,
        /// 2014-09-01 00:00:00.
        #[zh = "2014-09-01 00:00:00"]
        "time" => Time,
        /// 2014-09-01T00:00:00+08:00.
        #[zh = "2014-09-01T00:00:00+08:00"]
        "rfc3339" => Rfc3339,
        /// Seconds since 1970.
        #[zh = "1970 年以来的秒数"]
        "seconds" => Seconds,
        /// Milliseconds since 1970.
        #[zh = "1970 年以来的毫秒数"]
        "milliseconds" => Milliseconds,
    }
}

choice! {
    /// How a platform is asked for what has changed. Without it every pass reads all.
    #[zh = "如何只请求有变化的部分。不写则每次全读"]
    pub enum Since by by {
        /// What has changed since a moment.
        #[zh = "只取某时刻以来的变化"]
        moment => Moment {
            /// Query parameter of the beginning; without it, write `${since}` where it goes.
            #[zh = "起点的查询参数；不写则在请求中用 ${since}"]
            param: Option<String>;
            /// Query parameter of the end, the day after the last; where two steps meet, a day is asked for twice.
            #[zh = "终点的查询参数（最后一天的次日）；前后两段相接的那天请求两次"]
            until_param: Option<String>;
            /// How moments are written.
            #[zh = "时刻的写法"]
            form: MomentForm = MomentForm::Day, "day";
            /// Days before the last pass that are asked for again, for rows that come late.
            #[zh = "向前多请求几天，以免漏掉迟到的记录"]
            lookback_days: Within<0, 3_650> = Within(1), "1";
            /// Days per step: the time is asked for in steps, for platforms that cap how deep a listing goes. Needs `begin`.
            #[zh = "分段请求时每段的天数（平台限制翻页深度时）；须写 begin"]
            step_days: Option<Within<1, 3_660>>;
            /// First day of a first pass. Without it a first pass has no beginning: `param` is left out, `${since}` is 1970.
            #[zh = "首次同步的起始日。不写则首次同步没有起点：不发送 param，${since} 为 1970 年"]
            begin: Option<chrono::NaiveDate>;
        }
        /// What has a higher number.
        #[zh = "只取编号更大的记录"]
        counter => Counter {
            /// Query parameter of the highest number seen; without it, write `${since}` where it goes.
            #[zh = "已见最大编号的查询参数；不写则在请求中用 ${since}"]
            param: Option<String>;
            /// Path of the number in a record.
            #[zh = "记录中编号的路径"]
            path: String;
        }
        /// The platform cannot be asked, but lists the newest first: a pass ends at the first page whose records are all
        /// older than the last pass began, less the days to look back.
        #[zh = "平台不支持筛选，但最新的在前：整页都早于上次同步（再向前若干天）时结束"]
        newest_first => NewestFirst {
            /// Path of the moment in a record.
            #[zh = "记录中时刻的路径"]
            path: String;
            /// Days to look back.
            #[zh = "向前多看几天"]
            lookback_days: Within<0, 3_650> = Within(1), "1";
        }
    }
}

choice! {
    /// The values of one fan-out.
    #[zh = "逐个取值请求"]
    pub enum Each by from {
        /// A list.
        #[zh = "固定列表"]
        list => List {
            /// What `${each.NAME}` calls it.
            #[zh = "在 ${each.名称} 中的名称"]
            name: String;
            /// The values.
            #[zh = "取值"]
            values: Vec<String>;
        }
        /// The records of another listing of the platform, as its classes: each with the fields that are named.
        #[zh = "平台的另一个列表（如班级），每条取若干字段"]
        parent => Parent {
            /// What `${each.NAME.FIELD}` calls it.
            #[zh = "在 ${each.名称.字段} 中的名称"]
            name: String;
            /// The listing, one JSON document.
            #[zh = "列表请求（JSON）"]
            request: Request;
            /// Path of its array.
            #[zh = "其中数组的路径"]
            items: String;
            /// Field → path in an item. The field `id` must be there; the values are taken in its order.
            #[zh = "字段 → 条目中的路径；须有 id，各条按 id 的顺序取用"]
            fields: BTreeMap<String, String>;
        }
    }
}

table! {
    /// An export that is ordered, waited for and then fetched.
    #[zh = "异步导出：申请、等待、下载"]
    pub struct Export {
        /// The order.
        #[zh = "申请"]
        create: Request;
        /// Path of the export's id in the answer; `${export}` then.
        #[zh = "应答中任务编号的路径；在其后的请求中写作 ${export}"]
        id: String;
        /// Asks how far it is.
        #[zh = "查询进度"]
        poll: Request;
        /// Path of the state in the answer.
        #[zh = "应答中状态的路径"]
        state: String;
        /// States in which it is ready.
        #[zh = "表示完成的状态"]
        ready: Vec<String>;
        /// States in which it has failed.
        #[zh = "表示失败的状态"]
        failed: Vec<String> = vec![], "[]";
        /// Seconds between two questions.
        #[zh = "两次查询的间隔秒数"]
        every_seconds: Within<1, 600> = Within(5), "5";
        /// Seconds after which it is given up.
        #[zh = "放弃前等待的秒数"]
        most_seconds: Within<1, 86_400> = Within(600), "600";
        /// Fetches it; the stream's format says what it is.
        #[zh = "下载；内容由 format 说明"]
        download: Request;
        /// Path in the answer to `poll` of the URL from which it is fetched instead. Another host is asked without
        /// credentials.
        #[zh = "poll 应答中下载网址的路径，代替 download 的路径；访问其他主机时不带凭证"]
        link: Option<String>;
        /// Deletes it, afterwards.
        #[zh = "下载后删除"]
        delete: Option<Request>;
    }
}

choice! {
    /// Where the source version comes from, which orders the versions of a record.
    #[zh = "记录版本取自何处，用来决定新旧"]
    pub enum VersionFrom by from {
        /// An integer or an instant in the record.
        #[zh = "记录中的整数或时刻"]
        field => Field {
            /// Its path.
            #[zh = "路径"]
            path: String;
        }
        /// The eight digits of the export date in the file's name.
        #[zh = "文件名中的八位导出日期"]
        file_date => FileDate {}
        /// The order in which payloads landed, where nothing in the record tells.
        #[zh = "以接收先后为准（记录中无从判断时）"]
        landing => Landing {}
    }
}

words! {
    /// What decides that the teacher passed.
    #[zh = "如何认定合格"]
    pub enum PassRule {
        /// The weighted total of the three component scores.
        #[zh = "三项成绩的加权总分"]
        "scores" => Scores,
        /// The total score.
        #[zh = "总成绩"]
        "total" => Total,
        /// The result in words.
        #[zh = "结果等级"]
        "result" => Result,
        /// The programme never assessed; the policy says what that counts for.
        #[zh = "该培训不测评；是否计入由规则决定"]
        "not_assessed" => NotAssessed,
        /// Nothing is decided yet.
        #[zh = "尚未决定"]
        "pending" => Pending,
    }
}

words! {
    /// By what a record's teacher is known.
    #[zh = "凭什么认定教师"]
    pub enum KnownBy {
        /// A valid ID number; a record without one is parked.
        #[zh = "有效的身份证号；没有的记录成为死信"]
        "id_number" => IdNumber,
        /// Whatever is told. A record without a valid ID number waits until the roster or a person says whose it is; map
        /// what there is: id_number as it comes, teacher_number, phone, birth_date, sex, school_code, school_name,
        /// region_code.
        #[zh = "凭所给的全部信息。没有有效身份证号的记录先等待，由名册或人工认定；请映射已有的字段：原样的 id_number、teacher_number、phone、birth_date、sex、school_code、school_name、region_code"]
        "any" => Any,
    }
}

words! {
    /// Who assessed.
    #[zh = "由谁测评"]
    pub enum Assessor {
        /// The training institution: 优秀, 合格, 不合格.
        #[zh = "培训机构：优秀、合格、不合格"]
        "institution" => Institution,
        /// The teacher's school: 优秀, 及格, 不及格.
        #[zh = "教师所在学校：优秀、及格、不及格"]
        "school" => School,
    }
}

table! {
    /// One kind of record of a source.
    #[zh = "来源的一种记录（数据流）"]
    pub struct Stream {
        /// Name within the connector.
        #[zh = "在连接器内的名称"]
        name: String;
        /// What its records are.
        #[zh = "记录是什么"]
        kind: Kind;
        /// How it is asked for (HTTP).
        #[zh = "如何请求（HTTP）"]
        request: Option<Request>;
        /// How it is paged (HTTP).
        #[zh = "如何翻页（HTTP）"]
        page: Paging = Paging::None {}, "none";
        /// How it is asked for what has changed (HTTP).
        #[zh = "如何只请求变化（HTTP）"]
        since: Option<Since>;
        /// It is asked for once for each value, or each combination of values (HTTP).
        #[zh = "对每个取值（或其组合）各请求一遍（HTTP）"]
        each: Vec<Each> = vec![], "[]";
        /// It is an export to be ordered (HTTP).
        #[zh = "须先申请的导出（HTTP）"]
        export: Option<Box<Export>>;
        /// How bytes become raw records.
        #[zh = "如何从字节读出记录"]
        format: Format;
        /// An archive in which payloads may come.
        #[zh = "原始载荷可能是何种压缩包"]
        archive: Option<Archive>;
        /// Which of the connector's files are this stream's, as patterns with one `*`; without it, all (files).
        #[zh = "连接器的哪些文件属于本数据流，可含一个 *；不写则全部（文件）"]
        files: Option<Vec<String>>;
        /// The raw fields that make a record the same record.
        #[zh = "哪些原始字段相同即为同一条记录"]
        record_key: Vec<String>;
        /// Where the source version comes from.
        #[zh = "版本取自何处"]
        version: VersionFrom;
        /// What decides that the teacher passed. Required of every stream but those of a roster.
        #[zh = "如何认定合格；除名册外必需"]
        pass: Option<PassRule>;
        /// Who assessed, where there is an assessment.
        #[zh = "由谁测评（有测评时）"]
        assessor: Assessor = Assessor::Institution, "institution";
        /// By what the teacher is known.
        #[zh = "凭什么认定教师"]
        known_by: KnownBy = KnownBy::IdNumber, "id_number";
        /// Canonical field → where it comes from.
        #[zh = "标准字段 → 取自何处"]
        map: Map;
        /// Rules about rows.
        #[zh = "行规则"]
        rows: Vec<RowRule> = vec![], "[]";
        /// When a batch is held for people to look at.
        #[zh = "何时把整个批次扣住，等人查看"]
        contract: Option<Contract>;
        /// What is expected of a whole pass.
        #[zh = "对一次同步的预期"]
        expect: Option<Expect>;
    }
}

impl Stream {
    /// Returns the unit of its hours; class hours if no unit is mapped.
    #[must_use]
    pub fn hours_unit(&self) -> &'static str {
        self.map.get(&Field::Hours).and_then(|rule| rule.unit).unwrap_or(Unit::ClassHour).as_str()
    }

    /// Returns the path under which a canonical field is shown: the path it is mapped from, or else its own name.
    #[must_use]
    pub fn raw_field(&self, field: Field) -> &str {
        self.map.get(&field).and_then(|rule| rule.display_path()).unwrap_or_else(|| field.code())
    }
}
