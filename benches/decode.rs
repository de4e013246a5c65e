//! Measures decode, map and validate through a manifest, on one thread, side by side with a decoder written by hand for
//! the same records: `cargo bench --bench decode`. Prints records per CPU second as the median of the runs and their
//! spread. The ratio compares runs that are next to each other.
//!
//! Both fill the same draft and build the same training record from it; they differ only in how they fill the draft.
//! For workbooks the CPU of the unpacking process is counted too, and there is no decoder by hand.
#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measurement prints what it finds, and fails loudly when it cannot go on"
)]

use std::borrow::Cow;

use huiliu_decode::identity::Identity;
use huiliu_decode::{Body, Context, Draft, NO_EACH, RawRecord, StageResult, decode, record, unpack};
use huiliu_manifest::Manifest;
use huiliu_rules::policy::{Policy, RuleFile};
use huiliu_vault::keys::Keys;
use serde::Deserialize;

/// Records in a page: the default number of a page.
const RECORDS: u32 = 4_000;
/// Pages in a run.
const PAGES: usize = 10;
const RUNS: usize = 15;

/// Returns the CPU seconds of this thread so far.
fn cpu_seconds() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer lives through the call.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Runs `work` once per page and returns records per CPU second.
fn measure_rate(work: &mut dyn FnMut() -> usize) -> f64 {
    let begun = cpu_seconds();
    let records: usize = (0..PAGES).map(|_| work()).sum();
    records as f64 / (cpu_seconds() - begun)
}

/// Runs both decoders in turn, so that a temporary slowdown of the machine affects both. The ratio is that of each pair
/// of runs.
fn compare_decoders(format: &str, mut ours: impl FnMut() -> usize, mut by_hand: impl FnMut() -> usize) {
    assert_eq!([ours(), by_hand()], [RECORDS as usize; 2], "every record is a clean one");
    let pairs: Vec<(f64, f64)> = (0..RUNS).map(|_| (measure_rate(&mut ours), measure_rate(&mut by_hand))).collect();
    let ours = format_spread(pairs.iter().map(|pair| pair.0), 0);
    let peer = format_spread(pairs.iter().map(|pair| pair.1), 0);
    let ratio = format_spread(pairs.iter().map(|(ours, peer)| peer / ours), 2);
    println!("{format:9} {ours} records/s   by hand {peer}   {ratio} × its CPU");
}

/// Formats the median, the minimum and the maximum.
fn format_spread(values: impl Iterator<Item = f64>, digits: usize) -> String {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    format!("{:.digits$} ({:.digits$} … {:.digits$})", values[values.len() / 2], values[0], values[values.len() - 1])
}

/// Returns a valid ID number, different for each `n`.
fn id_number(n: u32) -> String {
    let body = format!("220102{}{:02}{:02}{:03}", 1950 + n % 45, 1 + n / 45 % 12, 1 + n / 540 % 28, n / 15_120 % 1_000);
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("{body}{}", b"10X98765432"[sum as usize % 11] as char)
}

fn person_name(n: u32) -> String {
    let (family, given) = (["王", "李", "张", "刘", "陈"], ["伟", "芳", "娜", "敏", "静", "丽", "强", "磊"]);
    format!("{}{}{}", family[n as usize % 5], given[n as usize / 5 % 8], given[n as usize / 40 % 8])
}

fn json_page() -> String {
    let item = |n| {
        format!(
            r#"{{"id":"R{n}","userName":"{}","idNo":"{}","schoolCode":"2122000001","projectCode":"TS2014","projectName":"信息技术应用能力提升工程","courseCode":"C-{:03}","courseName":"信息技术支持的课堂导入","mode":"网络研修","studyMinutes":{},"startTime":"2014-09-01 08:00:00","finishTime":"2014-09-11 16:30:00","scores":{{"learning":86.5,"activity":"90","artefact":72}},"version":3}}"#,
            person_name(n),
            id_number(n),
            n % 200,
            45 * (n % 60 + 1)
        )
    };
    let items: Vec<String> = (0..RECORDS).map(item).collect();
    format!(r#"{{"code":0,"data":{{"next_page_token":null,"items":[{}]}}}}"#, items.join(","))
}

fn xml_page() -> String {
    let item = |n| {
        format!(
            r#"<record id="R{n}" version="3"><name>{}</name><idcard>{}</idcard><role>学科教师</role><course code="ITF-{:02}">英特尔未来教育基础课程</course><place>长春</place><days>{}</days><start>2008-07-01</start><end>2008-07-05</end><certificate>ZS{n}</certificate></record>"#,
            person_name(n),
            id_number(n),
            n % 20,
            n % 9 + 1
        )
    };
    let items: Vec<String> = (0..RECORDS).map(item).collect();
    format!(r#"<?xml version="1.0" encoding="UTF-8"?><records>{}</records>"#, items.concat())
}

fn csv_page() -> Vec<u8> {
    let mut text = String::from("姓名,身份证号,学校标识码,课程编号,课程名称,培训学时,结业时间,证书编号\r\n");
    for n in 0..RECORDS {
        text += &format!(
            "{},{},2122000001,YD-{:02},中小学教师信息技术能力培训,{}学时,2014年9月11日,ZS{n}\r\n",
            person_name(n),
            id_number(n),
            n % 20,
            n % 60 + 1
        );
    }
    encoding_rs::GB18030.encode(&text).0.into_owned()
}

fn build_workbook() -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet().set_name("第1期").unwrap();
    let person = ["姓名", "身份证号", "学校标识码"];
    let training = ["课程编号", "课程名称", "培训基地", "开始日期", "结束日期", "天数"];
    let plain = rust_xlsxwriter::Format::new();
    sheet.merge_range(0, 0, 0, 2, "学员信息", &plain).unwrap();
    sheet.merge_range(0, 3, 0, 8, "培训信息", &plain).unwrap();
    sheet.write(0, 9, "证书编号").unwrap();
    for (at, title) in (0u16..).zip(person.iter().chain(&training)) {
        sheet.write(1, at, *title).unwrap();
    }
    for n in 0..RECORDS {
        let texts = [
            person_name(n),
            id_number(n),
            "2122000001".into(),
            format!("LG-{:02}", n % 20),
            "乐高技术教育".into(),
            "东北师范大学".into(),
            "2015-07-01".into(),
            "2015-07-04".into(),
        ];
        for (at, text) in (0u16..).zip(&texts) {
            sheet.write(n + 2, at, text).unwrap();
        }
        sheet.write(n + 2, 8, n % 9 + 1).unwrap();
        sheet.write(n + 2, 9, format!("ZS{n}")).unwrap();
    }
    book.save_to_buffer().unwrap()
}

fn count_clean(staged: &[StageResult<'_>]) -> usize {
    for staged in staged {
        if let StageResult::Parked(parked) = staged {
            panic!("{}: {:?}", parked.address, parked.problems);
        }
    }
    staged.len()
}

/// Builds a training record from what a decoder by hand has: the draft, and the parts of its key and version. Returns 1
/// if it is valid, else 0.
fn build_by_hand<'a>(
    cx: Context<'a>,
    index: u32,
    raw: &'a str,
    draft: Draft<'a>,
    key: &[&[u8]],
    version: i64,
) -> usize {
    let raw = RawRecord::new(index, Cow::Borrowed(raw), vec![]);
    let source = cx.source_id.to_be_bytes();
    let parts: Vec<&[u8]> =
        [b"record".as_slice(), &source, cx.stream.name.as_bytes()].into_iter().chain(key.iter().copied()).collect();
    let identity = Identity { record_key: Some(cx.keys.short_digest(&parts)), source_version: Ok(version) };
    usize::from(std::hint::black_box(record::from_draft(cx, &raw, draft, identity)).is_ok())
}

fn borrow_text(text: &str) -> Option<Cow<'_, str>> {
    Some(Cow::Borrowed(text))
}

#[derive(Deserialize)]
struct Page<'a> {
    code: i64,
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    items: Vec<&'a serde_json::value::RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    id: &'a str,
    user_name: &'a str,
    id_no: &'a str,
    school_code: &'a str,
    project_code: &'a str,
    project_name: &'a str,
    course_code: &'a str,
    course_name: &'a str,
    mode: &'a str,
    #[serde(borrow)]
    study_minutes: &'a serde_json::value::RawValue,
    start_time: &'a str,
    finish_time: &'a str,
    #[serde(borrow)]
    scores: Scores<'a>,
    version: i64,
}

#[derive(Deserialize)]
struct Scores<'a> {
    #[serde(borrow)]
    learning: &'a serde_json::value::RawValue,
    #[serde(borrow)]
    activity: &'a serde_json::value::RawValue,
    #[serde(borrow)]
    artefact: &'a serde_json::value::RawValue,
}

fn decode_json_by_hand(cx: Context<'_>, page: &str) -> usize {
    let page: Page<'_> = serde_json::from_str(page).unwrap();
    assert_eq!(page.code, 0);
    let number = |raw: &serde_json::value::RawValue| Some(Cow::Owned(raw.get().trim_matches('"').to_owned()));
    let one = |(index, raw): (u32, &serde_json::value::RawValue)| {
        let item: Item<'_> = serde_json::from_str(raw.get()).unwrap();
        let draft = Draft {
            record_name: borrow_text(item.id),
            name: borrow_text(item.user_name),
            id_number: borrow_text(item.id_no),
            school_code: borrow_text(item.school_code),
            project_code: borrow_text(item.project_code),
            project_title: borrow_text(item.project_name),
            course_code: borrow_text(item.course_code),
            course_title: borrow_text(item.course_name),
            mode: borrow_text(item.mode),
            hours: number(item.study_minutes),
            period_start: borrow_text(item.start_time),
            period_end: borrow_text(item.finish_time),
            score_learning: number(item.scores.learning),
            score_activity: number(item.scores.activity),
            score_artefact: number(item.scores.artefact),
            delivery_code: borrow_text("3"),
            category_code: borrow_text("20"),
            ..Draft::default()
        };
        build_by_hand(cx, index, raw.get(), draft, &[item.id.as_bytes()], item.version)
    };
    (0u32..).zip(page.data.items).map(one).sum()
}

fn decode_xml_by_hand(cx: Context<'_>, page: &str) -> usize {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(page);
    let (mut good, mut index, mut start) = (0, 0, 0);
    let (mut draft, mut id, mut version, mut field) = (Draft::default(), String::new(), 0, String::new());
    loop {
        let before = usize::try_from(reader.buffer_position()).unwrap();
        match reader.read_event().unwrap() {
            Event::Start(e) => {
                field = e.local_name().as_ref().to_owned();
                for attribute in e.attributes().map(Result::unwrap) {
                    let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).unwrap().into_owned();
                    match (field.as_str(), attribute.key.local_name().as_ref()) {
                        ("record", "id") => id = value,
                        ("record", "version") => version = value.parse().unwrap(),
                        ("course", "code") => draft.course_code = Some(Cow::Owned(value)),
                        _ => {}
                    }
                }
                if field == "record" {
                    start = before;
                }
            }
            Event::Text(words) => {
                let words = Some(Cow::Owned(words.xml10_content().into_owned()));
                match field.as_str() {
                    "name" => draft.name = words,
                    "idcard" => draft.id_number = words,
                    "role" => draft.role = words,
                    "course" => draft.course_title = words,
                    "place" => draft.place = words,
                    "days" => draft.hours = words,
                    "start" => draft.period_start = words,
                    "end" => draft.period_end = words,
                    "certificate" => draft.certificate_number = words,
                    _ => {}
                }
            }
            Event::End(e) if e.local_name().as_ref() == "record" => {
                let mut whole = std::mem::take(&mut draft);
                whole.record_name = Some(Cow::Owned(id.clone()));
                whole.project_code = borrow_text("ITF");
                whole.project_title = borrow_text("英特尔未来教育");
                whole.delivery_code = borrow_text("2");
                whole.category_code = borrow_text("10");
                let after = usize::try_from(reader.buffer_position()).unwrap();
                good += build_by_hand(cx, index, &page[start..after], whole, &[id.as_bytes()], version);
                index += 1;
            }
            Event::Eof => return good,
            _ => {}
        }
    }
}

fn decode_csv_by_hand(cx: Context<'_>, bytes: &[u8]) -> usize {
    let page = encoding_rs::GB18030.decode_without_bom_handling_and_without_replacement(bytes).unwrap();
    let mut reader = ::csv::Reader::from_reader(page.as_bytes());
    let one = |(index, row): (u32, ::csv::StringRecord)| {
        let cell = |at: usize| Some(Cow::Owned(row[at].to_owned()));
        let draft = Draft {
            name: cell(0),
            id_number: cell(1),
            school_code: cell(2),
            course_code: cell(3),
            course_title: cell(4),
            hours: Some(Cow::Owned(row[5].trim_end_matches("学时").to_owned())),
            period_end: cell(6),
            certificate_number: cell(7),
            project_code: borrow_text("CMCC"),
            project_title: borrow_text("中国移动中小学教师信息技术能力培训"),
            delivery_code: borrow_text("9"),
            category_code: borrow_text("10"),
            ..Draft::default()
        };
        build_by_hand(cx, index, &row[0], draft, &[row[1].as_bytes(), row[3].as_bytes()], 20_141_011)
    };
    (0u32..).zip(reader.records().map(Result::unwrap)).map(one).sum()
}

fn main() {
    let read = |path: &str| std::fs::read_to_string(path).unwrap();
    let (rules, courses) = (read("config/policy/jilin-2014.toml"), read("config/courses.toml"));
    let policy =
        Policy::parse(&[RuleFile { name: "rules", text: &rules }], RuleFile { name: "courses", text: &courses })
            .unwrap();
    let keys = Keys::from_hex(&"00".repeat(32)).unwrap();
    let manifests: Vec<Manifest> = huiliu_connectors::parse_all().unwrap();
    let of = |id: &str, address: &'static str| {
        let manifest = manifests.iter().find(|m| m.id == id).unwrap();
        Context {
            manifest,
            stream: &manifest.stream[0],
            policy: &policy,
            keys: &keys,
            source_id: 1,
            address,
            each: &NO_EACH,
            landing: 1,
            batch: 0,
        }
    };
    let through = |cx: Context<'_>, bytes: &[u8]| {
        let body = Body::Text(decode::decode_text(&cx.stream.format, bytes).unwrap());
        count_clean(&std::hint::black_box(
            huiliu_decode::run_stages(cx, &body, huiliu_decode::RecordRange::ALL).unwrap(),
        ))
    };
    println!("{PAGES} pages of {RECORDS} records a run, {RUNS} runs, one thread; median (least … most)");
    let (cx, page) = (of("institution", "page"), json_page());
    compare_decoders("JSON", || through(cx, page.as_bytes()), || decode_json_by_hand(cx, &page));
    let (cx, page) = (of("intel", "page"), xml_page());
    compare_decoders("XML", || through(cx, page.as_bytes()), || decode_xml_by_hand(cx, &page));
    let (cx, page) = (of("cmcc", "CMCC_20141011.csv"), csv_page());
    compare_decoders("CSV", || through(cx, &page), || decode_csv_by_hand(cx, &page));
    let (cx, book) = (of("lego", "LEGO_20150710.xlsx"), build_workbook());
    let task = unpack::Task::for_payload(cx.stream, &book).unwrap();
    let mut read = || {
        let body = Body::Parts(unpack::unpack(&task, &book).unwrap().into());
        count_clean(&huiliu_decode::run_stages(cx, &body, huiliu_decode::RecordRange::ALL).unwrap())
    };
    assert_eq!(read(), RECORDS as usize, "every row is a clean one");
    println!("workbook  {} rows/s", format_spread((0..RUNS).map(|_| measure_rate(&mut read)), 0));
}
