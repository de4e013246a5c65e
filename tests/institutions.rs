//! docs/connectors.md, for institutions: its commands run in order, on a workbook and a platform of generated people,
//! and the manifest language accepts its recipes.

mod recipes;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;

use rust_xlsxwriter::Workbook;
use serde_json::{Value, json};

use crate::test_env::{Services, TestEnv};

const PAGES: [&str; 2] = ["docs/connectors.md", "docs/connectors.zh-CN.md"];
/// Content of the page's `password.txt`.
const PASSWORD: &str = "Akademie-2291";

pub fn read_page(path: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Returns a page's code blocks in one language, in order.
pub fn code_blocks<'p>(page: &'p str, language: &str) -> Vec<&'p str> {
    let begin = format!("```{language}\n");
    page.split(begin.as_str()).skip(1).map(|block| block.split("```").next().unwrap()).collect()
}

/// Runs a page's script in a directory and returns its output.
pub fn run_bash(dir: &Path, page: &str, script: &str) -> String {
    let programs = Path::new(env!("CARGO_BIN_EXE_huiliu")).parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let mut bash = Command::new("bash");
    bash.args(["-euxo", "pipefail", "-c", script]).current_dir(dir).env("PATH", path).env("HUILIU_LANG", "en");
    bash.env("HUILIU_ALLOW_NETWORKS", "127.0.0.0/8").env_remove("HUILIU_CONFIG");
    let out = bash.output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success(), "{page}: {}\n{said}", String::from_utf8_lossy(&out.stderr));
    said
}

/// Checks that every link of a page leads to a file.
pub fn check_links(page: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(page).parent().unwrap().to_owned();
    for link in read_page(page).split("](").skip(1).map(|l| l.split([')', '#']).next().unwrap().to_owned()) {
        assert!(link.is_empty() || folder.join(&link).exists(), "{page} links to {link}");
    }
}

/// Returns the name and ID number of a made-up person, with a valid check digit.
fn made_up_person(nth: usize) -> (String, String) {
    let name = ["王芳", "李建国", "张伟", "陈静", "赵磊", "金·哈斯"][nth % 6].to_owned();
    let body = format!("2201021975{:02}{:02}{:03}", nth % 12 + 1, nth % 28 + 1, nth + 1);
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: usize = body.bytes().zip(weights).map(|(digit, weight)| usize::from(digit - b'0') * weight).sum();
    (name, format!("{body}{}", ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'][sum % 11]))
}

/// Writes a workbook as offices do: a title above, a signature below, and one mistyped ID number.
fn write_workbook(file: &Path) {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write(0, 0, "2015年中小学教师培训记录表").unwrap();
    for (column, title) in ["序号", "姓名", "身份证号", "课程名称", "学时", "结业时间", "成绩"].iter().enumerate()
    {
        sheet.write(1, u16::try_from(column).unwrap(), *title).unwrap();
    }
    for nth in 0..20_usize {
        let row = u32::try_from(nth).unwrap() + 2;
        let (name, mut id) = made_up_person(nth);
        if nth == 19 {
            let digit = if id.ends_with('1') { "2" } else { "1" };
            id.replace_range(17.., digit);
        }
        sheet.write(row, 0, row - 1).unwrap();
        sheet.write(row, 1, name).unwrap().write(row, 2, id).unwrap();
        sheet.write(row, 3, ["技术支持的课堂导入", "网络教学平台的应用"][nth % 2]).unwrap();
        sheet.write(row, 4, [8, 12][nth % 2]).unwrap();
        sheet.write(row, 5, format!("2015年3月{}日", nth + 1)).unwrap();
        sheet.write(row, 6, ["A", "B", "C"][nth % 3]).unwrap();
    }
    sheet.write(22, 0, "填表人：办公室").unwrap();
    book.save(file).unwrap();
}

/// Starts a platform that gives two pages of learners to clients that have the key.
fn start_academy() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            std::thread::spawn(move || answer_client(client));
        }
    });
    url
}

fn answer_client(mut client: TcpStream) -> Option<()> {
    let lines = BufReader::new(client.try_clone().ok()?).lines().map_while(Result::ok);
    let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let let_in = head.iter().any(|l| l.eq_ignore_ascii_case(&format!("x-api-key: {PASSWORD}")));
    let asked = head.first()?.split(' ').nth(1)?;
    let numbers: std::ops::Range<usize> = match asked.contains("page=1&") {
        true => 0..1_000,
        false => 1_000..1_020,
    };
    let (status, body) = match let_in && asked.starts_with("/open/v1/learners?") {
        true => (
            "200 OK",
            json!({ "code": 0, "data": { "list": numbers.map(learner_json).collect::<Vec<_>>() } }).to_string(),
        ),
        false => ("401 Unauthorized", String::new()),
    };
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    client.write_all(format!("{head}{body}").as_bytes()).ok()
}

/// Returns a learner. Number 7 has no last day.
fn learner_json(nth: usize) -> Value {
    let (name, id) = made_up_person(nth % 999);
    let finished = if nth == 7 { "" } else { "2015-06-01 16:00:00" };
    json!({ "id": format!("L{nth}"), "updatedAt": "2015-06-02 08:00:00", "realName": name, "certNo": id, "courseCode": "C-1",
        "courseName": "信息技术基础", "studyMinutes": 450, "finishTime": finished, "score": "86.5" })
}

#[test]
fn the_commands_of_both_pages_run() {
    for page in PAGES {
        let house = TestEnv::new(Services::Sqlite);
        write_workbook(&house.dir.0.join("培训记录.xlsx"));
        std::fs::write(house.dir.0.join("password.txt"), format!("{PASSWORD}\n")).unwrap();
        let script = code_blocks(&read_page(page), "sh").concat().replace("https://platform.example", &start_academy());
        assert!(script.lines().count() > 25, "{page}");
        let said = run_bash(&house.dir.0, page, &script);
        for word in ["id_number.check_digit", "period_end.missing", "balanced"] {
            assert!(said.contains(word), "{page}: {word} is not in {said}");
        }
        let books = house.run_json(&["balance", "--json"]);
        let count = |name: &str| books[name].as_i64().unwrap();
        assert_eq!((count("received"), count("parked"), count("unread")), (1_040, 2, 0), "{page}: {books}");
        // The page's answer about results was used: those who failed have no hours.
        let listed = house.list_items(&["records", "list", "--limit", "19", "--json"]).to_string();
        for state in ["passed", "failed"] {
            assert!(listed.contains(&format!("\"{state}\"")), "{page}: {listed}");
        }
        check_links(page);
    }
}

/// Every code that the pages explain is a code that a record can have.
#[test]
fn both_pages_explain_the_same_codes_and_core_knows_them() {
    let core = [
        "values/src/id_number.rs",
        "values/src/name.rs",
        "values/src/hours.rs",
        "values/src/date.rs",
        "values/src/score.rs",
        "decode/src/record.rs",
        "decode/src/draft.rs",
        "decode/src/problem.rs",
        "decode/src/steps.rs",
        "store/src/delivery/persons.rs",
    ];
    let core: String = core.iter().map(|file| read_page(&format!("core/{file}"))).collect();
    let codes = PAGES.map(|page| {
        let text = read_page(page);
        let table = text.split("|---|---|---|\n").nth(1).unwrap().split("\n\n").next().unwrap().to_owned();
        let cells = table.lines().map(|line| line.split('|').nth(1).unwrap().to_owned());
        cells
            .flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>())
            .collect::<BTreeSet<_>>()
    });
    assert!(codes[0].len() > 15 && codes[0] == codes[1], "{codes:?}");
    for code in &codes[0] {
        let fault = code.rsplit('.').next().unwrap();
        assert!(core.contains(&format!("\"{fault}\"")) || core.contains(&format!("\"{code}\"")), "{code}");
    }
    // The phrases that the second table quotes exist.
    for (page, language) in PAGES.into_iter().zip(["en", "zh-CN"]) {
        let catalogue = crate::messages::load_catalogue(language).into_values().collect::<String>();
        let text = read_page(page);
        let table = text.split("|---|---|---|\n").nth(2).unwrap().to_owned();
        for line in table.lines().filter(|line| line.starts_with('|')) {
            for said in line.split('|').nth(1).unwrap().split('…').map(str::trim) {
                assert!(catalogue.contains(said), "{page}: nothing says {said:?}");
            }
        }
    }
}
