//! Samples as offices and platforms send them, generated from a seed, each with its known content. The words of
//! headers, the layouts and the forms of values were chosen without looking at the words that `connectors infer` knows.

mod forms;

use std::collections::BTreeMap;

pub use forms::Form;

/// A small generator of random numbers (splitmix64), so that a seed names a sample for ever.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5DEE_CE66_D1CE_CAFE)
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<'t>(&mut self, all: &[&'t str]) -> &'t str {
        all[self.below(all.len())]
    }
}

/// One generated person. Nobody of that name and number is known to exist.
#[derive(Clone)]
pub struct Person {
    pub name: String,
    pub id_number: String,
    pub phone: String,
}

const SURNAMES: [&str; 24] = [
    "诸葛", "濮阳", "端木", "令狐", "万俟", "澹台", "宇文", "钟离", "鲍", "柴", "戚", "裘", "邬", "仇", "逄", "厍",
    "乜", "郗", "逯", "莘", "佘", "邰", "狄", "詹",
];
const GIVEN: [&str; 20] = [
    "沐宸", "知微", "望舒", "听澜", "砚清", "予安", "怀瑾", "星阑", "疏影", "云舒", "景行", "若谷", "思齐", "鹿鸣",
    "采薇", "静姝", "子衿", "维桢", "晏如", "攸宁",
];
const AREAS: [&str; 6] = ["220102", "220203", "220381", "222401", "220502", "220622"];

/// Returns an ID number with the right check digit.
pub fn id_number(dice: &mut Dice) -> String {
    let stem = format!(
        "{}{}{:02}{:02}{:03}",
        AREAS[dice.below(AREAS.len())],
        1962 + dice.below(36),
        1 + dice.below(12),
        1 + dice.below(28),
        700 + dice.below(290)
    );
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = stem.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("{stem}{}", char::from(b"10X98765432"[(sum % 11) as usize]))
}

pub fn person(dice: &mut Dice) -> Person {
    Person {
        name: format!("{}{}", dice.pick(&SURNAMES), dice.pick(&GIVEN)),
        id_number: id_number(dice),
        phone: format!("1{}{:09}", [33, 55, 77, 89][dice.below(4)], dice.below(1_000_000_000))
            .chars()
            .take(11)
            .collect(),
    }
}

/// What a row says, as a person would read it.
#[derive(Clone)]
pub struct Row {
    pub person: Person,
    pub course: String,
    pub code: Option<String>,
    /// In the unit of the sample, with at most one decimal.
    pub hours: String,
    /// YYYY-MM-DD.
    pub start: String,
    pub end: String,
    pub verdict: &'static str,
    pub score: usize,
    pub school: &'static str,
}

/// One column: its header, and how a row fills it.
#[derive(Clone)]
pub struct Column {
    pub header: String,
    pub fill: Fill,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fill {
    Number,
    Name,
    IdNumber,
    Course,
    Code,
    Hours,
    PlannedHours,
    Start,
    End,
    Period,
    Issued,
    School,
    Phone,
    Sex,
    Verdict,
    Score,
    Remark,
    Auditor,
    TeacherNumber,
}

/// How the cells of a sample write things.
#[derive(Clone, Copy)]
pub struct Manner {
    /// Which way dates are written.
    pub date: usize,
    /// Text after each number of hours.
    pub suffix: &'static str,
    /// Whether ID numbers stand after an apostrophe.
    pub apostrophe: bool,
}

/// A sample with its known content.
pub struct Sample {
    pub name: String,
    pub form: Form,
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
    pub manner: Manner,
    pub unit: &'static str,
    /// People in titles, notes, signatures and other sheets.
    pub others: Vec<Person>,
    pub bytes: Vec<u8>,
}

impl Sample {
    /// Generates the sample of a seed.
    pub fn generate(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let form = Form::ALL[seed as usize % Form::ALL.len()];
        let is_api = form.is_interface();
        let (columns, unit, suffix) = columns(&mut dice, is_api);
        let rows = rows(&mut dice, unit, &columns);
        let manner =
            Manner { date: dice.below(if is_api { 4 } else { 7 }), suffix, apostrophe: !is_api && dice.one_in(5) };
        let others = (0..4).map(|_| person(&mut dice)).collect();
        let mut sample = Self { name: String::new(), form, columns, rows, manner, unit, others, bytes: vec![] };
        sample.name = format!("s{seed}.{}", form.ending());
        sample.bytes = forms::render(&sample, &mut dice);
        sample
    }

    /// Returns which column each required field stands in.
    pub fn truth(&self) -> BTreeMap<&'static str, String> {
        let column = |fill| self.columns.iter().find(|column| column.fill == fill).map(|c| c.header.clone());
        let mut truth = BTreeMap::new();
        let mut set = |field, path: Option<String>| {
            if let Some(path) = path {
                truth.insert(field, path);
            }
        };
        set("name", column(Fill::Name));
        set("id_number", column(Fill::IdNumber));
        set("course_code", column(Fill::Code).or_else(|| column(Fill::Course)));
        set("hours", column(Fill::Hours));
        set("period_end", column(Fill::End).or_else(|| column(Fill::Period)));
        truth
    }

    /// Returns the text of a cell.
    pub fn cell(&self, row: usize, fill: Fill) -> String {
        let at = &self.rows[row];
        let date = |day: &str| write_date(day, self.manner.date);
        match fill {
            Fill::Number => (row + 1).to_string(),
            Fill::Name => at.person.name.clone(),
            Fill::IdNumber if self.manner.apostrophe => format!("'{}", at.person.id_number),
            Fill::IdNumber => at.person.id_number.clone(),
            Fill::Course => at.course.clone(),
            Fill::Code => at.code.clone().unwrap_or_default(),
            Fill::Hours => format!("{}{}", at.hours, self.manner.suffix),
            Fill::PlannedHours => "120".into(),
            Fill::Start => date(&at.start),
            Fill::End => date(&at.end),
            Fill::Period => format!("{}至{}", date(&at.start), date(&at.end)),
            Fill::Issued => date(&format!("{}-12-{:02}", &at.end[..4], 20 + row % 3)),
            Fill::School => at.school.into(),
            Fill::Phone => at.person.phone.clone(),
            Fill::Sex => ["男", "女"][row % 2].into(),
            Fill::Verdict => at.verdict.into(),
            Fill::Score => at.score.to_string(),
            Fill::Remark if row == 2 => format!("代{}老师", self.others[3].name),
            Fill::Remark => String::new(),
            Fill::Auditor => self.others[row % 2].name.clone(),
            Fill::TeacherNumber => format!("G{:05}", 10_211 + row * 37),
        }
    }
}

fn write_date(day: &str, manner: usize) -> String {
    let parts: Vec<u32> = day.split('-').map(|part| part.parse().unwrap()).collect();
    let [y, m, d] = parts[..] else { unreachable!("a day has three parts") };
    match manner {
        0 => day.into(),
        1 => format!("{y}{m:02}{d:02}"),
        2 => format!("{day} 17:30:00"),
        3 => format!("{y}/{m}/{d}"),
        4 => format!("{y}年{m}月{d}日"),
        5 => format!("{y}.{m:02}.{d:02}"),
        _ => format!("{y}/{m:02}/{d:02}"),
    }
}

/// Chooses columns, the unit of the hours, and the text after their numbers.
fn columns(dice: &mut Dice, is_api: bool) -> (Vec<Column>, &'static str, &'static str) {
    let hours = if is_api { INTERFACE_HOURS } else { OFFICE_HOURS };
    let (header, unit, suffix) = hours[dice.below(hours.len())];
    let mut fills = vec![];
    if dice.one_in(2) {
        fills.push(Fill::Number);
    }
    let (first, second) = if dice.one_in(4) { (Fill::IdNumber, Fill::Name) } else { (Fill::Name, Fill::IdNumber) };
    fills.push(first);
    if dice.one_in(3) {
        fills.push(Fill::Sex);
    }
    fills.push(second);
    for (fill, of) in [(Fill::School, 2), (Fill::Phone, 3), (Fill::TeacherNumber, 5), (Fill::Code, 4)] {
        if dice.one_in(of) {
            fills.push(fill);
        }
    }
    fills.push(Fill::Course);
    match dice.below(4) {
        0 if !is_api => fills.push(Fill::Period),
        1 => fills.extend([Fill::Start, Fill::End]),
        _ => fills.push(Fill::End),
    }
    if unit == "class_hour" && dice.one_in(4) {
        fills.push(Fill::PlannedHours);
    }
    fills.push(Fill::Hours);
    for (fill, of) in [(Fill::Score, 3), (Fill::Verdict, 2), (Fill::Issued, 5), (Fill::Remark, 3), (Fill::Auditor, 5)] {
        if dice.one_in(of) {
            fills.push(fill);
        }
    }
    let word = |dice: &mut Dice, fill| match fill {
        Fill::Hours => header,
        fill if is_api => dice.pick(interface_words(fill)),
        fill => dice.pick(office_words(fill)),
    };
    (fills.into_iter().map(|fill| Column { header: word(dice, fill).to_owned(), fill }).collect(), unit, suffix)
}

/// Headers of hours with their unit and the text after each number. An empty unit: nothing in the sample says it.
const OFFICE_HOURS: &[(&str, &str, &str)] = &[
    ("学时", "class_hour", ""),
    ("实得学时", "class_hour", ""),
    ("核定学时数", "class_hour", ""),
    ("计入继续教育学时", "class_hour", ""),
    ("培训获得学时*", "class_hour", ""),
    ("完成课时", "class_hour", ""),
    ("学时（节）", "class_hour", ""),
    ("累计学习（分钟）", "minute", ""),
    ("学习时长(小时)", "hour", ""),
    ("认定学时", "class_hour", "学时"),
    ("研修时长", "hour", "小时"),
    ("总课时", "class_hour", ""),
    ("培训学时数", "class_hour", ""),
    ("Credit Hours", "class_hour", ""),
    ("培训获得学分", "credit", ""),
];
const INTERFACE_HOURS: &[(&str, &str, &str)] = &[
    ("classHours", "class_hour", ""),
    ("xueshi", "class_hour", ""),
    ("studyMinutes", "minute", ""),
    ("period_hours", "", ""),
    ("durationSeconds", "second", ""),
    ("HDXS", "class_hour", ""),
    ("credit_period", "", ""),
];

fn office_words(fill: Fill) -> &'static [&'static str] {
    match fill {
        Fill::Number => &["序号", "编号", "No.", "#"],
        Fill::Name => &[
            "姓名",
            "参训教师",
            "学员",
            "教师姓名",
            "姓 名",
            "受训人姓名",
            "*姓名",
            "参培人员",
            "老师姓名",
            "接受培训人",
            "與會者姓名",
            "关联学员",
            "Trainee Name",
        ],
        Fill::IdNumber => &[
            "身份证号",
            "身份证件号码",
            "公民身份号码",
            "证件号码",
            "居民身份证",
            "身份证号（18位）",
            "ID号",
            "身份证\n号码",
            "身分證字號",
            "ID Card No.",
            "教师身份证号",
        ],
        Fill::Course => &[
            "课程名称",
            "研修主题",
            "培训项目",
            "培训班次",
            "所学课程",
            "项目（课程）名称",
            "培训内容",
            "班级名称",
            "关联课程",
            "课程名",
            "Course Title",
        ],
        Fill::Code => &["课程编码", "项目编号", "课程代码", "班次代码"],
        Fill::PlannedHours => &["计划学时", "应修学时", "规定学时", "方案学时"],
        Fill::Start => &["开班日期", "开始时间", "起始日期", "培训开始时间"],
        Fill::End => &[
            "结业日期",
            "结束时间",
            "完成日期",
            "培训结束时间",
            "截止日期",
            "结班时间",
            "办结日期",
            "结束培训日期",
            "培训日期",
            "End Date",
        ],
        Fill::Period => &["培训时间", "起止时间", "培训起止日期", "研修时段"],
        Fill::Issued => &["发证日期", "登记日期", "录入时间", "制证时间"],
        Fill::School => &["学校", "工作单位", "所在单位", "任教学校"],
        Fill::Phone => &["手机", "联系电话", "手机号码"],
        Fill::Sex => &["性别"],
        Fill::Verdict => &["考核结果", "是否合格", "结论", "考核等第", "结业情况"],
        Fill::Score => &["成绩", "总评成绩", "得分", "考试成绩"],
        Fill::Remark => &["备注", "说明"],
        Fill::Auditor => &["审核人", "经办人", "授课教师", "登记人"],
        Fill::TeacherNumber => &["工号", "教师编号", "继续教育编号"],
        Fill::Hours => &[""],
    }
}

fn interface_words(fill: Fill) -> &'static [&'static str] {
    match fill {
        Fill::Number => &["id", "rowNo", "seq"],
        Fill::Name => &["realName", "teacherName", "xm", "traineeName", "user_name", "JSXM", "xingming"],
        Fill::IdNumber => &["idCard", "sfzh", "certNo", "ZJHM", "identityNo", "id_card_number", "shenfenzheng"],
        Fill::Course => &["courseName", "kcmc", "projectTitle", "className", "XMMC", "subject_name"],
        Fill::Code => &["courseCode", "kcdm", "projectNo", "XMBH"],
        Fill::PlannedHours => &["planHours", "yxxs", "requiredHours"],
        Fill::Start => &["startDate", "kssj", "beginTime"],
        Fill::End => &["endDate", "jssj", "finishTime", "completedOn", "JYRQ", "graduate_date"],
        Fill::Issued => &["issueDate", "createTime", "updatedAt"],
        Fill::School => &["schoolName", "xxmc", "orgName"],
        Fill::Phone => &["mobile", "lxdh", "phone"],
        Fill::Sex => &["sex", "xb"],
        Fill::Verdict => &["result", "khjg", "passStatus"],
        Fill::Score => &["score", "cj", "totalScore"],
        Fill::Remark => &["remark", "bz"],
        Fill::Auditor => &["auditor", "shr", "lecturer"],
        Fill::TeacherNumber => &["teacherNo", "gh", "staffCode"],
        Fill::Period | Fill::Hours => &[""],
    }
}

const COURSES: [&str; 9] = [
    "义务教育新课标解读",
    "班主任工作坊",
    "数字素养提升（二期）",
    "小学数学大单元教学",
    "教师心理健康研修",
    "信息科技跨学科实践",
    "实验室安全专题",
    "乡村骨干教师跟岗",
    "家校共育案例研讨",
];
const SCHOOLS: [&str; 5] = ["松江路第二小学", "靖宇县第七中学", "长岭镇中心校", "明珠实验幼儿园", "师大附属学校"];

fn rows(dice: &mut Dice, unit: &str, columns: &[Column]) -> Vec<Row> {
    let coded = columns.iter().any(|column| column.fill == Fill::Code);
    let is_yes_no = columns.iter().any(|c| c.fill == Fill::Verdict && c.header == "是否合格");
    let words: [&'static str; 3] = if is_yes_no { ["是", "是", "否"] } else { ["合格", "优秀", "不合格"] };
    let n = 9 + dice.below(30);
    (0..n)
        .map(|_| {
            let course = dice.below(COURSES.len());
            let (y, m, d) = (2019 + dice.below(6), 1 + dice.below(11), 6 + dice.below(20));
            let hours = match unit {
                "minute" => (45 * (4 + dice.below(60))).to_string(),
                "second" => (2700 * (4 + dice.below(60))).to_string(),
                "hour" => format!("{}{}", 3 + dice.below(60), [".5", ""][dice.below(2)]),
                _ => (4 + dice.below(68)).to_string(),
            };
            Row {
                person: person(dice),
                course: COURSES[course].into(),
                code: coded.then(|| format!("XM{:04}", 2301 + course * 7)),
                hours,
                start: format!("{y}-{m:02}-{:02}", d - 3),
                end: format!("{y}-{m:02}-{d:02}"),
                verdict: words[dice.below(3)],
                score: 48 + dice.below(52),
                school: SCHOOLS[dice.below(SCHOOLS.len())],
            }
        })
        .collect()
}
