//! The vocabulary that platforms of the field use: Chinese with variants, and English. Full pinyin and pinyin initials
//! are derived from the Chinese (domain notes §2.6 and §3.8).

use huiliu_manifest::Field;

/// Meanings of a column. Meanings that a manifest cannot map are included, because they rule out the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each variant's terms below say what it is")]
pub enum Meaning {
    /// A canonical field.
    Field(Field),
    /// When the platform changed the record, or the record's version number.
    Version,
    /// 学分. Used as hours if there are no other hours.
    Credit,
    /// What a course is worth or requires, not what the teacher earned.
    PlannedHours,
    /// First and last day in one cell.
    Period,
    Year,
    RowNumber,
    Phone,
    Sex,
    BirthDate,
    Age,
    IdKind,
    PersonCode,
    /// A person other than the trained teacher.
    OtherPerson,
    SchoolName,
    Institution,
    Region,
    Subject,
    Rank,
    IssueDate,
    /// A time other than the start and end of the training: registration, examination, login.
    OtherTime,
    /// A score that is not part of the result: pre-test, ranking.
    OtherScore,
    OtherCount,
    Price,
    State,
    Remark,
    Email,
}

/// The words of one meaning.
#[derive(Debug)]
pub(super) struct Term {
    pub meaning: Meaning,
    /// Words without punctuation, separated by spaces. A trailing question mark means that the word often means
    /// something else.
    pub chinese: &'static str,
    /// Phrases in lower case, separated by commas.
    pub english: &'static str,
}

const fn field(field: Field, chinese: &'static str, english: &'static str) -> Term {
    Term { meaning: Meaning::Field(field), chinese, english }
}

const fn other(meaning: Meaning, chinese: &'static str, english: &'static str) -> Term {
    Term { meaning, chinese, english }
}

/// The vocabulary.
pub(super) const TERMS: &[Term] = &[
    field(
        Field::Name,
        "姓名 教师姓名 学员姓名 学员 教师? 老师姓名 参训教师 参训教师姓名 参训学员 参训人员 参训人 参训人姓名 受训教师 受训人 培训对象 \
         人员姓名 用户姓名 真实姓名 学习者 学习者姓名 学生姓名 学生 名字? 本人姓名 培训教师姓名 教职工姓名 职工姓名 员工姓名 会员姓名",
        "name, user name, real name, full name, person name, teacher name, student name, trainee name, trainee, learner, \
         learner name, member name, staff name, employee name, display name, participant, participant name, nick name, \
         name cn, chinese name, attendee, attendee name, teacher?, cn name, xm name",
    ),
    field(
        Field::IdNumber,
        "身份证号 身份证号码 身份证 身份证件号 身份证件号码 证件号码 证件号 居民身份证号 居民身份证号码 公民身份号码 公民身份证号码 \
         身份号码 证件编号? 教师身份证号 学员身份证号 有效证件号码 有效证件号 身份证明号码 身份证编号",
        "id card, id card no, id no, identity no, identity card, identity card no, id card code, credential no, \
         credentials no, cert id no, citizen id, citizen no, national id, national id no, person id no, identity?, \
         identification no, identification?, resident id, resident id no, document no?, id document no, cred no, \
         card id?, id code, identity code, cn id, id num, idcard num, ssn, citizen id no, prc id",
    ),
    field(
        Field::SchoolCode,
        "学校标识码 学校代码 学校编码 学校编号 单位代码? 机构标识码 学校机构标识码 单位编码? 单位编号? 所在学校代码 学校识别码 机构代码?",
        "school code, school id, school no, org code, unit code, organization code, organisation code, dept code, \
         school identifier, institution code",
    ),
    field(
        Field::ProjectCode,
        "项目编号 项目代码 培训项目编号 培训项目代码 项目编码 计划编号 培训班编号 班级编号 培训计划编号 班次编号",
        "project code, project id, project no, program code, programme code, program id, plan code, plan no, class code?, \
         plan id, class no?, class id?",
    ),
    field(
        Field::ProjectTitle,
        "项目名称 培训项目名称 培训项目 项目 培训名称 计划名称 培训班名称 培训班 班级名称 班级 培训计划 培训班次 班次名称 培训主题 所属项目 研修班名称 研修班 研修计划 研修项目 研修项目名称 培训班次名称",
        "project name, project title, project?, program name, program title, programme name, programme title, program?, \
         programme, plan name, training project, class name?, training name?, training program",
    ),
    field(
        Field::CourseCode,
        "课程编号 课程代码 课程编码 课程号 课程标识 课程序列号 模块编号 课程编号代码 科目代码 课件编号",
        "course code, course no, course id, lesson code, lesson id, module code?, module id, course key, course number code, \
         subject code?, curriculum code, curriculum id, course ref",
    ),
    field(
        Field::CourseTitle,
        "课程名称 课程 课程标题 课程名 培训课程 课程题目 所学课程 学习课程 选修课程 培训课程名称 模块名称 培训内容? 课程主题 学习内容? 讲座题目 讲座名称 讲座 研修主题 研修课题 研修内容 专题名称 专题 科目? 课名 学习课程名称 培训专题 题目? 主题? 标题? \
         课程模块 研修课程 培训科目?",
        "course name, course title, course, lesson name, lesson title, module name, module title, training course, \
         course subject, curriculum name, curriculum, training title?, training topic?, topic?",
    ),
    field(
        Field::Role,
        "角色 学员角色 参训角色 人员类别 学员类别 身份? 参训身份 学员类型 教师类型? 岗位?",
        "role, role name, user role, trainee type, learner role, participant role",
    ),
    field(
        Field::Mode,
        "培训方式 培训形式 研修方式 学习方式 研修形式 授课方式 培训模式 学习形式 授课形式 教学方式",
        "mode?, training mode, study mode, delivery mode, training method, learn mode, teaching mode, training form, modality, format?",
    ),
    field(
        Field::DeliveryCode,
        "培训方式码 培训方式代码 培训方式? 培训形式?",
        "delivery code, mode code, training mode code",
    ),
    field(
        Field::CategoryCode,
        "培训类别码 培训类别代码 培训级别码 培训类别? 培训级别? 培训层次?",
        "category code, training category, training level, category?, training level code, level code",
    ),
    field(
        Field::Required,
        "课程性质 修读性质 必修选修 必选修 课程类别? 选课类型 学习性质",
        "required?, is required, compulsory, course nature, elective?, course type?, is compulsory",
    ),
    field(Field::Tier, "课程级别 课程层次 培训等级 级别? 班次级别 课程等级", "tier, course tier, course level"),
    field(
        Field::Place,
        "培训地点 地点 培训基地 培训地 上课地点 基地? 学习中心 研修地点 培训场所 基地学校 举办地点",
        "place, location, venue, site, training place, training site, training base, city?, training venue, address?",
    ),
    field(
        Field::Hours,
        "学时 课时 学时数 课时数 获得学时 认定学时 培训学时 学习学时 实得学时 实际学时 完成学时 已获学时 取得学时 培训获得学时 登记学时 \
         折算学时 有效学时 培训课时 已修学时 已完成学时 学习课时 学习时长 培训时长 在线时长 观看时长 累计时长 时长 学习时间? 有效时长 \
         累计学时 累计学习时长 学习分钟数 分钟数 学习小时数 小时数 培训天数 天数 实训天数 培训时数 时数 在线学习时长 认证学时 本次学时 授予学时 \
         核定学时 计入学时 继续教育学时 学习时数 研修学时 参训天数 面授天数 完成课时 总学时? 学时合计 合计学时",
        "hours, study hours, class hours, class hour, period?, periods?, credit hours, credit hour, training hours, \
         learning hours, minutes, study minutes, learn minutes, duration, study duration, learn duration, \
         training duration, days, training days, hour?, course hours?, study time?, learning time?, learn time?, \
         earned hours, hours earned, completed hours, hours completed, contact hours, study period, study days, \
         time spent?, minutes spent, watch minutes, total minutes?, total hours?, gained period, gain period, duration minutes, duration hours, \
         duration days, duration min, learning minutes, online minutes, study min, awarded hours, hours awarded, hrs, \
         lesson hours?, learn hours, get hours, obtain hours, actual hours, class periods, learning duration, mins",
    ),
    field(
        Field::PeriodStart,
        "开始时间 开始日期 培训开始时间 培训开始日期 起始时间 起始日期 开班时间 开班日期 开课时间 开课日期 学习开始时间 入学时间 开始 \
         培训起始时间 培训起始日期 开始学习时间 课程开始时间 起日 起 始 培训起始日 起始日 研修起始时间 研修开始时间 报到日期 开学日期 开训日期",
        "start date, start time, begin date, begin time, start, begin, started at, start at, from date, from?, date from, \
         training start, period start, start day, begin at, started, started on, commencement date, start dt, time start",
    ),
    field(
        Field::PeriodEnd,
        "结束时间 结束日期 完成时间 完成日期 结业时间 结业日期 培训结束时间 培训结束日期 终止时间 截止时间? 截止日期? 学习结束时间 结束 \
         学习完成时间 培训完成时间 培训完成日期 结课时间 结课日期 终止日期 完成学习时间 课程完成时间 结训日期 结训时间 完成? 培训时间? 培训日期? \
         修完时间 修完日期 毕业时间 毕业日期 通过时间? 通过日期 止日 止 讫 培训截止日 结束日 研修结束时间 讲座日期 讲座时间 活动日期 上课日期 学完时间 课程结束时间",
        "end date, end time, finish date, finish time, complete date, complete time, completion date, completion time, \
         completed at, completed on, finished at, end, finish, ended at, end at, to date, date to, to?, until?, period end, \
         training end, end day, complete at, completed, finished, finished on, training date?, date completed, \
         course end date, pass date, pass time, passed at, graduate date, graduation date, completed date, \
         completed time, finished date, end dt, time end",
    ),
    field(
        Field::CertificateNumber,
        "证书编号 证书号 证书号码 结业证书编号 合格证书编号 合格证编号 结业证编号 证书编码 结业证号 合格证书号 学时证明编号 培训证书编号 证明编号",
        "certificate no, certificate number, cert no, certificate code, cert code, certificate, certificate id, cert id, \
         diploma no, credential certificate no, certification no",
    ),
    field(
        Field::ScoreLearning,
        "课程学习成绩 课程学习 课程学习得分 课程学习分 网络课程成绩 课程学习分数 学习成绩",
        "score learning, learning score, scores learning, course score part, course learning score, study score",
    ),
    field(
        Field::ScoreActivity,
        "研修活动成绩 研修活动 研修活动得分 活动成绩 研修活动分 研修活动分数 活动得分",
        "score activity, activity score, scores activity, activities score, workshop score",
    ),
    field(
        Field::ScoreArtefact,
        "应用成果成绩 应用成果 应用成果得分 成果成绩 信息技术应用成果 应用成果分 成果得分 应用成果分数 技术应用成果",
        "score artefact, artefact score, scores artefact, artifact score, achievement score, product score, work score",
    ),
    field(
        Field::RecordName,
        "记录编号 记录号 流水号 业务编号 主键 唯一标识 记录标识 数据编号 学习记录编号 业务流水号 记录主键 数据标识 学时记录编号 登记编号?",
        "id?, record id, record no, record key, uuid, guid, row id, serial id, transaction id, uid?, pk, object id, \
         statement id, record code, completion id, enrollment id, enrolment id, result id, unique id, business id, biz id, \
         oid, key?, log id, source id, reg no, registration no, record number, ref no, seq no id, event id, statement",
    ),
    other(
        Meaning::Version,
        "更新时间 修改时间 最后修改时间 最后更新时间 版本 版本号 变更时间 最近更新时间 更新日期 数据更新时间 修改日期 时间戳?",
        "version, row version, stored, date last modified, update time, updated at, modified at, update date, modify time, last modified, \
         last update time, updated, modified, gmt modified, revision, last updated, timestamp?, modified time, modify date, \
         modified on, updated on, update at, last update, mtime, lastmod, change time, updated time, etag",
    ),
    field(
        Field::ScoreTotal,
        "成绩 总成绩 总分 得分 分数 综合成绩 考核成绩 结业成绩 最终成绩 考试成绩 培训成绩 总评成绩 考核得分 考试分数 考试得分 总得分 综合得分 \
         课程成绩 综合评分 结业考核成绩 测评成绩 总评",
        "score, total score, final score, final grade, grade?, total?, grade score, exam score, mark, marks, points, result score, total mark, \
         overall score, test score, course score",
    ),
    field(
        Field::Result,
        "结果 考核结果 等级 成绩等级 考核等级 是否合格 合格? 是否通过 培训结果 结业结果 评定等级 测评等级 评价等级 等第 学习结果 是否结业 \
         考核等次 等次 评定等次 结业等级 结业考核 结业情况 考核情况 考核结论 综合评定 评定结果 是否完成 结论 合格情况 学习评价 通过情况 培训考核结果",
        "result, grade?, level?, pass, passed, is pass, is passed, pass state, pass status, pass flag, evaluation, outcome, \
         qualified, final grade, grade level, assessment, is qualified, exam result, final result, verdict, completion status",
    ),
    other(
        Meaning::Credit,
        "学分 获得学分 学分数 认定学分 培训学分 培训获得学分 折算学分 所得学分 实得学分 累计学分 总学分",
        "credit, credits, score credit, earned credit, credit points, credits earned, credit score, training credits",
    ),
    other(
        Meaning::PlannedHours,
        "应修学时 计划学时 要求学时 课程学时 课程总学时 规定学时 标准学时 应完成学时 计划课时 课程时长? 视频时长 课程总时长 应学学时 额定学时 \
         项目总学时? 总课时 项目学时 课程课时 要求时长 必修学时 选修学时",
        "planned hours, required hours, total period?, period total?, total hours?, total minutes?, full hours, standard hours, all hours, course total hours, plan hours, required minutes, planned minutes, video duration, \
         course duration, target hours, nominal hours, expected hours, total course hours, course length, required period",
    ),
    other(
        Meaning::Period,
        "起止时间 起止日期 培训起止时间 培训起止日期 学习起止时间 培训时段 培训周期 学习周期 起止",
        "date range, training period, time range",
    ),
    other(
        Meaning::Year,
        "年度 培训年度 年份 学年 所属年度 学期 年?",
        "year, training year, annual, school year, academic year, term, fiscal year",
    ),
    other(
        Meaning::RowNumber,
        "序号 编号? 行号 序? 顺序号 学号? 排序",
        "no, index, seq, serial, serial no, row no, row, sequence, sort, order no, line no, rn, seq no, rownum, rank no",
    ),
    other(
        Meaning::Phone,
        "手机 手机号 手机号码 联系电话 电话 联系方式 电话号码 移动电话 教师手机 办公电话 联系手机 学员手机 固定电话 注册手机",
        "phone, mobile, mobile phone, phone no, tel, telephone, mobile no, contact phone, cell phone, cellphone, phone num, contact?",
    ),
    other(Meaning::Sex, "性别 性别码 男女", "sex, gender, gender code, sex code"),
    other(
        Meaning::BirthDate,
        "出生日期 出生年月 出生年月日 生日 出生时间",
        "birth date, birthday, date of birth, birth, dob, born",
    ),
    other(Meaning::Age, "年龄 教龄", "age, teaching age, seniority"),
    other(
        Meaning::IdKind,
        "证件类型 身份证件类型 身份证件类型码 证件类别 证件种类",
        "id type, card type, credential type, cert type, certificate type, document type, id kind, id card type, identity type",
    ),
    other(
        Meaning::PersonCode,
        "工号 教师编号 学员编号 用户编号 人员编号 教师号 账号 用户名 登录名 学习账号 登录账号 继教号 继续教育号 教师代码 职工号 学员账号 学籍号 \
         用户账号 会员号 教师资格证号 教师资格证号码 资格证号?",
        "user id, user uid, student uid, teacher uid, person uid, user open id, user no, person id, teacher id, teacher no, student id, student no, account, login, login name, user code, \
         staff no, employee no, member id, trainee id, learner id, trainee no, employee id, open id, account name, \
         teacher code, user account, person code, staff id, job no, person no",
    ),
    other(
        Meaning::OtherPerson,
        "校长姓名 校长 任课教师 授课教师 主讲教师 主讲人 班主任 联系人 负责人 填表人 填报人 审核人 指导教师 辅导教师 导师 专家 授课专家 课程教师 \
         任课老师 授课老师 培训师 主讲 经办人 操作人 录入人 推荐人 联络员 坊主 校长签字 授课人 讲师 辅导员 助教 项目负责人 创建人 审批人 导师姓名",
        "principal, principal name, instructor, instructor name, lecturer, lecturer name, tutor, tutor name, contact name, \
         contact person, head teacher, operator, creator, created by, updated by, speaker, coach, mentor, expert, \
         course teacher, reviewer, approver, mentor name, trainer, trainer name, head name, manager, auditor, headmaster, \
         modified by, author, advisor, class teacher, facilitator, presenter",
    ),
    other(
        Meaning::SchoolName,
        "学校 学校名称 单位 单位名称 工作单位 所在单位 所在学校 任教学校 任职学校 所属学校 所属单位 学员单位 教师单位 单位全称 学校全称 所在部门 部门? \
         工作单位名称 现任教学校",
        "school, school name, org name, organization, organisation, unit name, work unit, company, employer, org, unit?, \
         department, dept name, organization name, workplace, affiliation, dept",
    ),
    other(
        Meaning::Institution,
        "培训机构 培训机构名称 培训单位 承训机构 承办单位 主办单位 培训机构代码 承训单位 举办单位 施训机构 机构名称 颁发机构 发证机构 发证单位 平台? \
         平台名称 来源? 组织单位 来源平台 数据来源",
        "institution, institution name, provider, provider name, vendor, training institution, training org, platform, \
         organizer, issuer, source?, agency, training provider, platform name, host?, sponsor, issued by",
    ),
    other(
        Meaning::Region,
        "地区 区县 县区 市州 所在地区 行政区划 行政区划代码 所属区域 区域 市? 县? 省? 所在市 所在县 所在区县 省份 地市 城市 区? 市县 所属地区 县市区 \
         所属区县 片区 所属市",
        "region, region code, area, area code, county, district, province, district code, region name, county name, prefecture, \
         province name, city name, area name, city code",
    ),
    other(
        Meaning::Subject,
        "学科 任教学科 学段 任教学段 所教学科 年级 任教年级 专业 学段学科 教学学科 科目",
        "subject, stage, grade subject, teaching subject, discipline, school stage, major, subject name",
    ),
    other(
        Meaning::Rank,
        "职称 职务 专业技术职务 学历 政治面貌 民族 技术职称 行政职务 现任职务 学位 岗位类别 职级",
        "title rank, job title, position, rank, education, nation, ethnicity, post, professional title, degree, duty",
    ),
    other(
        Meaning::IssueDate,
        "发证日期 发证时间 颁发日期 颁证日期 颁发时间 证书日期 制证日期 签发日期 打印日期 认定时间 认定日期 登记日期 登记时间 审核时间 审核日期 发放日期 制表日期",
        "issue date, issued at, issue time, award date, certificate date, issued on, issued, award time, cert date, audit time, \
         approve time, issuance date, approved at",
    ),
    other(
        Meaning::OtherTime,
        "考试时间 报名时间 报名日期 注册时间 最后登录时间 选课时间 创建时间 提交时间 登录时间 入库时间 导出时间 上报时间 推送时间 加入时间 测评时间 \
         参加工作时间 任教时间 入职时间 最近学习时间 缴费时间",
        "exam time, exam date, register time, registered at, login time, last login, create time, created at, gmt create, \
         submit time, created, create date, enroll time, enrolled at, export time, push time, join time, last access, \
         creation date, enrol date, enroll date, signup time, test date, insert time, submitted at, hire date, create at, \
         enrolled on, created on, received at, registration date, last study time",
    ),
    other(
        Meaning::OtherScore,
        "前测成绩 诊断成绩 平时成绩 排名 前测得分 作业成绩 初测成绩 摸底成绩 及格分 及格线 满分 合格线 课前测成绩 满意度 测验成绩 作业得分 得分率 正确率 \
         期中成绩 出勤率 完成率 考勤成绩 学习进度 进度 讨论成绩",
        "pre score, pretest score, pre test score, rank score, pass mark, full score, full mark, quiz score, homework score, \
         ranking, pretest, pass score, max score, passing score, progress, diagnostic score, baseline score, satisfaction, \
         pre test, attendance rate, completion rate, rate, percent, score max, score full",
    ),
    other(
        Meaning::OtherCount,
        "发帖数 评论数 作业数 登录次数 学习次数 讨论数 活动数 人数 课程数 考试次数 补考次数 观看次数 学员数 发言数 课程数量 作业提交数 点赞数 期次 批次 \
         期数 届",
        "posts, comments, homework count, login count, study count, post count, comment count, attempts, course count, times, \
         visits, attempt count, exam count, batch, batch no, session?, sessions?, reply count, cohort",
    ),
    other(
        Meaning::Price,
        "单价 学费 费用 金额 培训费 收费 价格 缴费金额 培训费用 订单号 订单编号",
        "price, fee, amount, cost, tuition, unit price, charge, order id, order no, payment",
    ),
    other(
        Meaning::State,
        "状态 学习状态 审核状态 数据状态 删除标记 有效标志 课程状态 是否有效 是否删除 启用状态 操作? 操作类型",
        "status, state, deleted, is deleted, enabled, valid, flag, study status, audit status, del flag, is valid, active, \
         operation, op type, learn status, data status, study state, verb, type?",
    ),
    other(
        Meaning::Remark,
        "备注 说明? 备注说明 附注 评语 签名 签字 学员签名 签收 描述 教师签名 本人签字",
        "remark, remarks, note, notes, memo, comment, description, desc, url, link, extra, avatar, photo, attachment, signature, cover",
    ),
    other(Meaning::Email, "邮箱 电子邮箱 电子邮件 邮件", "email, e mail, mail, email address"),
];
