//! One kind of record of a source: how it is requested, decoded, identified and mapped.

use std::collections::BTreeMap;

use crate::format::{Archive, Format};
use crate::mapping::{Field, Map, Unit};
use crate::quality::{Contract, Expect, RowRule};
use crate::shape::{Within, choice, table, words};
use crate::transport::Request;

words! {
    /// What a record is. Only completions and certificates can give credit; teachers, schools and memberships are rows
    /// of a roster.
    #[zh = "记录是什么。只有完成记录和证书可以认定学时；教师、学校与任职关系是名册的行"]
    pub enum Kind {
        /// Cumulative progress, sent every ten days; for information only.
        #[zh = "累计进度（每十天上报），仅供参考"]
        "progress" => Progress,
        /// A completed course.
        #[zh = "完成一门课程"]
        "course_completion" => CourseCompletion,
        /// A completed project.
        #[zh = "完成一个培训项目"]
        "project_completion" => ProjectCompletion,
        /// A certificate of a programme.
        #[zh = "项目证书"]
        "certificate" => Certificate,
        /// An assessment that is sent separately.
        #[zh = "单独上报的测评结果"]
        "assessment" => Assessment,
        /// A pre-test before training.
        #[zh = "训前诊断测评"]
        "diagnostic" => Diagnostic,
        /// An enrolment.
        #[zh = "报名"]
        "enrolment" => Enrolment,
        /// A teacher of a roster; if no school is mapped, the person is on the roster only with a membership.
        #[zh = "名册中的教师；未映射学校时，须另有任职关系才列入名册"]
        "teacher" => Teacher,
        /// A school of a roster.
        #[zh = "名册中的学校"]
        "school" => School,
        /// A teacher's membership of a school, where the roster gives memberships separately.
        #[zh = "教师在学校的任职关系（名册单独列出任职关系时）"]
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
    /// How a listing is paged. If a page repeats, the pass ends with an error.
    #[zh = "如何翻页。出现重复的页时，本次同步报错并结束"]
    pub enum Paging by by {
        /// No paging: one answer has all records.
        #[zh = "不翻页：一次应答即为全部记录"]
        none => None {}
        /// By page number.
        #[zh = "按页码"]
        number => Number {
            /// Query parameter of the page number; without it, write `${page}` in the request.
            #[zh = "页码的查询参数；不写则在请求中用 ${page}"]
            param: Option<String>;
            /// Query parameter of the page size.
            #[zh = "每页条数的查询参数"]
            size_param: Option<String>;
            /// Records per page.
            #[zh = "每页条数"]
            size: PageSize;
            /// Path in the answer of the page size that the platform used, where it gives no more than so many. With it, a
            /// page with fewer records is the last. Leave it out if the platform only repeats the requested size.
            #[zh = "应答中平台实际采用的每页条数的路径（平台限制每页条数时）。写了此键，不满该条数的页为末页。平台只是照抄请求的条数时不要写"]
            actual_size: Option<String>;
            /// Number of the first page.
            #[zh = "首页页码"]
            first: Within<0, 1> = Within(1), "1";
            /// Path in the answer of the total number of records. Without it and without `actual_size` and `has_more`,
            /// reading continues until a page is empty, because a platform may give fewer records per page than
            /// requested. As long as the platform returns full pages, reading continues, even if the total is reached.
            /// If fewer records are received than the total, the pass reports it, and the next pass starts from the
            /// same place.
            #[zh = "应答中总条数的路径。此键与 actual_size、has_more 都不写时，一直读到空页为止，因为平台每页给出的可能少于请求的条数。只要平台仍返回整页，即使已达总条数也继续读取。收到的少于总条数时，同步会提示，下次同步从同一处重新读取"]
            total: Option<String>;
            /// Header of the total number of records, such as X-Total-Count, if it is not in the body.
            #[zh = "总条数所在的应答头，如 X-Total-Count（总条数不在正文中时）"]
            total_header: Option<String>;
            /// Path in the answer of the flag for more pages: true or 1. With it, an empty page does not end the
            /// listing.
            #[zh = "应答中“是否还有下一页”的路径：true 或 1 表示还有。写了此键，空页不算结束"]
            has_more: Option<String>;
        }
        /// By offset: the number of records before the page.
        #[zh = "按偏移量，即该页之前的记录数"]
        offset => Offset {
            /// Query parameter of the offset; without it, write `${offset}` in the request.
            #[zh = "偏移量的查询参数；不写则在请求中用 ${offset}"]
            param: Option<String>;
            /// Query parameter of the page size.
            #[zh = "每页条数的查询参数"]
            size_param: Option<String>;
            /// Records per page.
            #[zh = "每页条数"]
            size: PageSize;
            /// Path in the answer of the page size that the platform used; it works as for `by = "number"`.
            #[zh = "应答中平台实际采用的每页条数的路径；作用与 by = \"number\" 时相同"]
            actual_size: Option<String>;
            /// Path in the answer of the total number of records; it works as for `by = "number"`.
            #[zh = "应答中总条数的路径；作用与 by = \"number\" 时相同"]
            total: Option<String>;
            /// Header of the total number of records, such as X-Total-Count, if it is not in the body.
            #[zh = "总条数所在的应答头，如 X-Total-Count（总条数不在正文中时）"]
            total_header: Option<String>;
            /// Path in the answer of the flag for more pages; it works as for `by = "number"`.
            #[zh = "应答中“是否还有下一页”的路径；作用与 by = \"number\" 时相同"]
            has_more: Option<String>;
        }
        /// By token: each answer has the token of the next page.
        #[zh = "按令牌：每次应答给出下一页的令牌"]
        token => Token {
            /// Query parameter of the token; without it, write `${token}` in the request.
            #[zh = "携带令牌的查询参数；不写则在请求中用 ${token}"]
            param: Option<String>;
            /// Path of the next token in the answer; if it is null, false, blank or absent, the listing ends.
            #[zh = "应答中下一页令牌的路径；为 null、false、空或没有，表示结束"]
            next: Option<String>;
            /// Header of the next token, if the token is not in the body.
            #[zh = "下一页令牌所在的应答头（令牌不在正文中时）"]
            next_header: Option<String>;
            /// Query parameter of the page size.
            #[zh = "每页条数的查询参数"]
            size_param: Option<String>;
            /// Records per page.
            #[zh = "每页条数"]
            size: PageSize;
            /// Path in the answer of the total number of records. If fewer records are received, the pass reports it, and
            /// the next pass starts from the same place.
            #[zh = "应答中总条数的路径。收到的少于总条数时，同步会提示，下次同步从同一处重新读取"]
            total: Option<String>;
            /// Header of the total number of records, such as X-Total-Count, if it is not in the body.
            #[zh = "总条数所在的应答头，如 X-Total-Count（总条数不在正文中时）"]
            total_header: Option<String>;
            /// Path in the answer of the flag for more pages: true or 1. Without it, the token alone decides. If the flag
            /// says that there is more, but there is no token, the pass ends with an error.
            #[zh = "应答中“是否还有下一页”的路径：true 或 1 表示还有。不写则只看令牌。表示还有而没有令牌时，本次同步报错并结束"]
            has_more: Option<String>;
            /// Tokens that mean the end of the listing, such as \"0\" or \"-1\".
            #[zh = "表示列表结束的令牌，如 \"0\"、\"-1\""]
            end: Vec<String> = vec![], "[]";
        }
        /// By link: each answer has the link to the next page, such as OData's `@odata.nextLink`, xAPI's `more` or the
        /// header Link (RFC 8288). The link must lead to the host of `base_url`.
        #[zh = "按链接：每次应答给出下一页的链接，如 OData 的 @odata.nextLink、xAPI 的 more 或 Link 应答头（RFC 8288）。链接须指向 base_url 的主机"]
        link => Link {
            /// Path of the link in the answer; without it, the header Link with rel="next" is used.
            #[zh = "应答中链接的路径；不写则取 Link 应答头中 rel=\"next\" 的链接"]
            next: Option<String>;
            /// Query parameter of the page size, for the first page; afterwards the links contain it.
            #[zh = "请求首页时每页条数的查询参数；其后已含在链接中"]
            size_param: Option<String>;
            /// Records per page.
            #[zh = "每页条数"]
            size: PageSize;
            /// Path in the answer of the total number of records. If fewer records are received, the pass reports it, and
            /// the next pass starts from the same place.
            #[zh = "应答中总条数的路径。收到的少于总条数时，同步会提示，下次同步从同一处重新读取"]
            total: Option<String>;
            /// Header of the total number of records, such as X-Total-Count, if it is not in the body.
            #[zh = "总条数所在的应答头，如 X-Total-Count（总条数不在正文中时）"]
            total_header: Option<String>;
        }
        /// By a field of the last record, from which the next page continues.
        #[zh = "按本页末条记录的某个字段，下一页由此继续"]
        last_record => LastRecord {
            /// Query parameter of the field's value; without it, write `${token}` in the request.
            #[zh = "携带该字段值的查询参数；不写则在请求中用 ${token}"]
            param: Option<String>;
            /// Path of the field in a record.
            #[zh = "记录中字段的路径"]
            path: String;
            /// Query parameter of the page size.
            #[zh = "每页条数的查询参数"]
            size_param: Option<String>;
            /// Records per page. Reading continues until a page is empty.
            #[zh = "每页条数。一直读到空页为止"]
            size: PageSize;
            /// Path in the answer of the page size that the platform used; it works as for `by = "number"`.
            #[zh = "应答中平台实际采用的每页条数的路径；作用与 by = \"number\" 时相同"]
            actual_size: Option<String>;
            /// Path in the answer of the total number of records. If fewer records are received, the pass reports it, and
            /// the next pass starts from the same place.
            #[zh = "应答中总条数的路径。收到的少于总条数时，同步会提示，下次同步从同一处重新读取"]
            total: Option<String>;
            /// Header of the total number of records, such as X-Total-Count, if it is not in the body.
            #[zh = "总条数所在的应答头，如 X-Total-Count（总条数不在正文中时）"]
            total_header: Option<String>;
            /// Path in the answer of the flag for more pages; it works as for `by = "number"`.
            #[zh = "应答中“是否还有下一页”的路径；作用与 by = \"number\" 时相同"]
            has_more: Option<String>;
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
    /// How to request only what has changed. Without it, every pass reads everything.
    #[zh = "如何只请求有变化的部分。不写则每次同步全部读取"]
    pub enum Since by by {
        /// Only what has changed since a moment.
        #[zh = "只取某时刻以来的变化"]
        moment => Moment {
            /// Query parameter of the beginning; without it, write `${since}` in the request.
            #[zh = "起点的查询参数；不写则在请求中用 ${since}"]
            param: Option<String>;
            /// Query parameter of the end, which is the day after the last day; two steps overlap by one day.
            #[zh = "终点的查询参数，即最后一天的次日；前后两段重叠一天"]
            until_param: Option<String>;
            /// How moments are written.
            #[zh = "时刻的写法"]
            form: MomentForm = MomentForm::Day, "day";
            /// Days before the last pass that are requested again, because records can arrive late.
            #[zh = "上次同步之前的若干天再请求一遍，以免漏掉迟到的记录"]
            lookback_days: Within<0, 3_650> = Within(1), "1";
            /// Days per step, for platforms that limit the number of pages: the time is requested in steps. Needs
            /// `begin`.
            #[zh = "分段请求时每段的天数，用于限制翻页页数的平台；须写 begin"]
            step_days: Option<Within<1, 3_660>>;
            /// First day of the first pass. Without it, the first pass has no beginning: `param` is left out,
            /// `${since}` is 1970.
            #[zh = "首次同步的起始日。不写则首次同步没有起点：不发送 param，${since} 为 1970 年"]
            begin: Option<chrono::NaiveDate>;
        }
        /// Only records with a higher number.
        #[zh = "只取编号更大的记录"]
        counter => Counter {
            /// Query parameter of the highest number received; without it, write `${since}` in the request.
            #[zh = "已收到的最大编号的查询参数；不写则在请求中用 ${since}"]
            param: Option<String>;
            /// Path of the number in a record.
            #[zh = "记录中编号的路径"]
            path: String;
            /// How far below the highest number received the next pass begins, because a platform can give a number
            /// before it saves the record, and then save another one first.
            #[zh = "下次同步从已收到的最大编号减去此数处开始，因为平台可能先给出编号，而记录后保存"]
            lookback: Within<0, 1_000_000_000> = Within(100), "100";
        }
        /// The platform cannot filter but lists the newest records first: a pass ends at the first page whose records
        /// are all older than the beginning of the last pass, minus `lookback_days`.
        #[zh = "平台不支持筛选，但最新的记录在前：遇到整页都早于上次同步开始时间（再减去 lookback_days）的页即结束"]
        newest_first => NewestFirst {
            /// Path of the moment in a record.
            #[zh = "记录中时刻的路径"]
            path: String;
            /// Days before the last pass that are read again.
            #[zh = "上次同步之前再多读几天"]
            lookback_days: Within<0, 3_650> = Within(1), "1";
        }
    }
}

choice! {
    /// The values for each of which the stream is requested.
    #[zh = "数据流对每个取值各请求一遍；取值从何而来"]
    pub enum Each by from {
        /// A fixed list.
        #[zh = "固定的列表"]
        list => List {
            /// NAME in `${each.NAME}`.
            #[zh = "${each.名称} 中的名称"]
            name: String;
            /// The values; the stream is requested once for each.
            #[zh = "取值"]
            values: Vec<String>;
        }
        /// The items of another listing of the platform, such as its classes; `fields` says which fields are taken.
        #[zh = "平台另一个列表中的各项（如班级）；取哪些字段由 fields 规定"]
        parent => Parent {
            /// NAME in `${each.NAME.FIELD}`.
            #[zh = "${each.名称.字段} 中的名称"]
            name: String;
            /// The request for a page of the listing, which is a JSON document.
            #[zh = "列表每一页的请求；应答为一个 JSON 文档"]
            request: Request;
            /// How the listing is paged. If it is not paged but an answer says that there are more pages, the pass ends
            /// with an error, and so it does if fewer items are received than the platform counts.
            #[zh = "列表如何翻页。没有翻页而应答表示还有更多页，或收到的项少于平台所称的总数，本次同步报错并结束"]
            page: Paging = Paging::None {}, "none";
            /// Path that has `ok_value` in a successful answer.
            #[zh = "成功应答中须等于 ok_value 的路径"]
            ok_path: Option<String>;
            /// The value at `ok_path` in a successful answer.
            #[zh = "成功应答中 ok_path 处的值"]
            ok_value: Option<String>;
            /// Path of the array in the listing.
            #[zh = "列表中数组的路径"]
            items: String;
            /// Field → path in an item. The field `id` is required; the items are used in its order.
            #[zh = "字段 → 条目中的路径；须有字段 id，各条目按 id 的顺序取用"]
            fields: BTreeMap<String, String>;
        }
    }
}

table! {
    /// An asynchronous export: it is requested, waited for and then downloaded.
    #[zh = "异步导出：先申请，再等待，最后下载"]
    pub struct Export {
        /// Request that starts the export.
        #[zh = "申请导出的请求"]
        create: Request;
        /// Path of the export's id in the answer; later requests write it as `${export}`.
        #[zh = "应答中导出任务编号的路径；其后的请求中写作 ${export}"]
        id: String;
        /// Request for the state of the export.
        #[zh = "查询导出状态的请求"]
        poll: Request;
        /// Path of the state in the answer.
        #[zh = "应答中状态的路径"]
        state: String;
        /// States that mean the export is ready.
        #[zh = "表示导出已完成的状态"]
        ready: Vec<String>;
        /// States that mean the export has failed.
        #[zh = "表示导出失败的状态"]
        failed: Vec<String> = vec![], "[]";
        /// Seconds between two requests for the state.
        #[zh = "两次查询的间隔秒数"]
        every_seconds: Within<1, 600> = Within(5), "5";
        /// Maximum number of seconds to wait in one pass.
        #[zh = "一次同步最多等待的秒数"]
        most_seconds: Within<1, 86_400> = Within(600), "600";
        /// Request that downloads the export; the stream's `format` describes the content.
        #[zh = "下载导出的请求；内容的格式由数据流的 format 规定"]
        download: Request;
        /// Path in the answer to `poll` of a URL that replaces the path of `download`. Requests to another host have no
        /// credentials.
        #[zh = "poll 应答中下载网址的路径；该网址代替 download 的路径。访问其他主机时不带凭据"]
        link: Option<String>;
        /// Request that deletes the export after the download.
        #[zh = "下载之后删除导出的请求"]
        delete: Option<Request>;
    }
}

choice! {
    /// Where the version of a record comes from. It decides which of two versions is newer.
    #[zh = "记录的版本取自何处；据此判断新旧"]
    pub enum VersionFrom by from {
        /// An integer or a time in the record.
        #[zh = "记录中的整数或时刻"]
        field => Field {
            /// Path of the field.
            #[zh = "字段的路径"]
            path: String;
        }
        /// The eight digits of the export date in the file's name.
        #[zh = "文件名中的八位导出日期"]
        file_date => FileDate {}
        /// The order in which payloads were received, if nothing in the record says which is newer.
        #[zh = "接收的先后（记录中没有可以判断新旧的字段时）"]
        landing => Landing {}
    }
}

words! {
    /// What decides whether the teacher passed.
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
        /// The training is not assessed; the rules decide whether it counts.
        #[zh = "该培训不测评；是否计入由规则决定"]
        "not_assessed" => NotAssessed,
        /// Nothing is decided yet.
        #[zh = "尚未决定"]
        "pending" => Pending,
    }
}

words! {
    /// How the teacher of a record is identified.
    #[zh = "凭什么认定记录是哪位教师的"]
    pub enum KnownBy {
        /// A valid ID number; a record without one is parked.
        #[zh = "有效的身份证号；没有的记录成为死信"]
        "id_number" => IdNumber,
        /// Everything the source gives. A record without a valid ID number waits until the roster or a person decides
        /// whose it is. Map what the source has: id_number (unchanged), teacher_number, phone, birth_date, sex,
        /// school_code, school_name, region_code.
        #[zh = "来源所给的全部信息。没有有效身份证号的记录先等待，由名册或人工认定。请映射来源已有的字段：id_number（保持原样）、teacher_number、phone、birth_date、sex、school_code、school_name、region_code"]
        "any" => Any,
    }
}

words! {
    /// What is done with dead letters whose records were probably corrected.
    #[zh = "记录可能已改正的死信如何处理"]
    pub enum WhenCorrected {
        /// A person is asked. Until somebody has decided, they stay open.
        #[zh = "询问。在有人决定之前，仍待处理"]
        "ask" => Ask,
        /// They close, if exactly one record is probably the corrected one.
        #[zh = "如恰有一条记录可能是改正后的记录，则关闭"]
        "close" => Close,
    }
}

words! {
    /// What is done with records that a whole pass no longer shows.
    #[zh = "完整的一遍中不再出现的记录如何处理"]
    pub enum WhenMissing {
        /// A person is asked. Until somebody has decided, they count.
        #[zh = "询问。在有人决定之前，仍然计入"]
        "ask" => Ask,
        /// They count no longer. A person is asked all the same if more than a tenth of the stream's records is missing
        /// at once.
        #[zh = "不再计入。但一次缺少的记录超过本数据流的十分之一时，仍先询问"]
        "withdraw" => Withdraw,
    }
}

words! {
    /// Who assessed the teacher.
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
    /// A stream: one kind of record of a source.
    #[zh = "数据流：来源的一种记录"]
    pub struct Stream {
        /// Name within the connector.
        #[zh = "在连接器内的名称"]
        name: String;
        /// What its records are.
        #[zh = "记录是什么"]
        kind: Kind;
        /// How it is requested (HTTP).
        #[zh = "如何请求（HTTP）"]
        request: Option<Request>;
        /// How it is paged (HTTP).
        #[zh = "如何翻页（HTTP）"]
        page: Paging = Paging::None {}, "none";
        /// How only changes are requested (HTTP).
        #[zh = "如何只请求有变化的部分（HTTP）"]
        since: Option<Since>;
        /// The values for each of which the stream is requested, or each combination of them (HTTP).
        #[zh = "对每个取值或其组合各请求一遍（HTTP）"]
        each: Vec<Each> = vec![], "[]";
        /// The export that must be requested first (HTTP).
        #[zh = "须先申请的导出（HTTP）"]
        export: Option<Box<Export>>;
        /// How raw records are read from the payload.
        #[zh = "如何从原始载荷读出原始记录"]
        format: Format;
        /// Archive format in which payloads can come.
        #[zh = "原始载荷可能采用的压缩包格式"]
        archive: Option<Archive>;
        /// Name patterns of this stream's files, each with at most one `*`; without it, all files of the connector
        /// (files).
        #[zh = "本数据流的文件的名称模式，每个可含一个 *；不写则为连接器的全部文件（从文件读取时）"]
        files: Option<Vec<String>>;
        /// The raw fields that identify a record: records with equal values are the same record.
        #[zh = "用来识别记录的原始字段：这些字段都相同，即为同一条记录"]
        record_key: Vec<String>;
        /// Whether a newer version of a record may be about another person, as where the platform's own ids of records
        /// are the key. Otherwise such a version is parked until a person accepts it.
        #[zh = "同一标识的新版本是否可以属于另一人，例如以平台自己的记录编号为标识时。否则这样的新版本成为死信，等人确认"]
        key_changes_hands: Option<bool>;
        /// Where the version of a record comes from.
        #[zh = "记录的版本取自何处"]
        version: VersionFrom;
        /// Whether the stream is whole each time: every pass lists all its records; of files, those with the newest date
        /// in their names are the whole, so `version` must be `file_date`. Who is missing from a whole is told then.
        #[zh = "数据流是否每次都完整：每次同步都列出全部记录；从文件读取时，文件名中日期最新的那些文件合为一个整体，因此 version 须为 file_date。写了此键，就会告知整体中缺少哪些记录"]
        complete: bool = false, "false";
        /// With `complete`: what is done with records that are missing; by default `ask`.
        #[zh = "与 complete 同用：缺少的记录如何处理；不写则为 ask"]
        missing: Option<WhenMissing>;
        /// What is done with a dead letter whose record was probably corrected under another key, because the key holds the
        /// faulty value, such as an ID number.
        #[zh = "死信的记录可能已在另一记录键下改正时（例如记录键中含有填错的身份证号）如何处理"]
        corrected: WhenCorrected = WhenCorrected::Ask, "ask";
        /// What decides whether the teacher passed. Required, except for rosters.
        #[zh = "如何认定合格；除名册外必需"]
        pass: Option<PassRule>;
        /// Who assessed the teacher, if there is an assessment.
        #[zh = "由谁测评（有测评时）"]
        assessor: Assessor = Assessor::Institution, "institution";
        /// How the teacher is identified.
        #[zh = "凭什么认定记录是哪位教师的"]
        known_by: KnownBy = KnownBy::IdNumber, "id_number";
        /// Canonical field → where it comes from.
        #[zh = "标准字段 → 取自何处"]
        map: Map;
        /// Rules about rows.
        #[zh = "行规则"]
        rows: Vec<RowRule> = vec![], "[]";
        /// When a batch is quarantined until a person reviews it.
        #[zh = "何时隔离整个批次，等人查看"]
        contract: Option<Contract>;
        /// What is expected of a whole pass.
        #[zh = "对一次同步的预期"]
        expect: Option<Expect>;
    }
}

impl Stream {
    /// Returns whether its records have the name of their file.
    #[must_use]
    pub fn reads_file_name(&self) -> bool {
        let paths = self.map.values().flat_map(|rule| rule.paths()).chain(&self.record_key);
        paths.into_iter().any(|path| path == "$file")
    }

    /// Returns the unit of its hours; class hours if no unit is mapped.
    #[must_use]
    pub fn hours_unit(&self) -> &'static str {
        self.map.get(&Field::Hours).and_then(|rule| rule.unit).unwrap_or(Unit::ClassHour).as_str()
    }

    /// Returns whether the texts of its hours may state units of their own.
    #[must_use]
    pub fn has_units_in_text(&self) -> bool {
        self.map.get(&Field::Hours).is_some_and(|rule| rule.unit_in_text)
    }

    /// Returns the path under which a canonical field is shown: the path it is mapped from, or else its own name.
    #[must_use]
    pub fn raw_field(&self, field: Field) -> &str {
        self.map.get(&field).and_then(|rule| rule.display_path()).unwrap_or_else(|| field.code())
    }
}
