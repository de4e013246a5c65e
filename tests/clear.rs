//! No ID number and no password stands anywhere in the clear: not in the database, wherever a number was put, and in no
//! output, error or log. Tested with the real program on both databases.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;

use rust_xlsxwriter::Workbook;

use crate::missing::{Ended, Office};
use crate::test_env::{Services, items_of};

const MANIFEST: &str = r#"
manifest = 1
id = "county"
version = 1
title_zh = "县"
title_en = "A county"
profile = "Made up for a test."
[transport]
kind = "files"
names = ["*.csv", "*.xlsx", "*.zip"]
[[stream]]
name = "records"
files = ["*.csv"]
kind = "course_completion"
format = { kind = "csv", layout = { header = ["姓名", "身份证号", "学时"] } }
record_key = ["身份证号", "课程"]
version = { from = "landing" }
pass = "not_assessed"
[stream.map]
name = "姓名"
id_number = "身份证号"
record_name = "记录"
course_code = "课程"
course_title = "课程名称"
project_code = "项目"
project_title = "项目名称"
role = "角色"
mode = "方式"
place = "地点"
certificate_number = "证书"
hours = { path = "学时", unit = "class_hour" }
period_end = "结业日期"
[[stream]]
name = "archives"
files = ["*.zip"]
kind = "course_completion"
format = { kind = "csv", layout = { header = ["姓名", "身份证号", "学时"] } }
archive = { kind = "zip", members = "*.csv" }
record_key = ["身份证号", "课程"]
version = { from = "landing" }
pass = "not_assessed"
[stream.map]
name = "姓名"
id_number = "身份证号"
course_code = "课程"
hours = { path = "学时", unit = "class_hour" }
period_end = "结业日期"
[[stream]]
name = "books"
files = ["*.xlsx"]
kind = "course_completion"
format = { kind = "workbook", layout = { header = ["姓名", "身份证号", "学时"] } }
record_key = ["身份证号", "课程"]
version = { from = "landing" }
pass = "not_assessed"
[stream.map]
name = "姓名"
id_number = "身份证号"
course_code = "课程"
hours = { path = "学时", unit = "class_hour" }
period_end = "结业日期"
"#;

const HEADER: &str = "姓名,身份证号,记录,课程,课程名称,项目,项目名称,角色,方式,地点,证书,学时,结业日期\n";
const FIELDS: [&str; 9] = ["记录", "课程", "课程名称", "项目", "项目名称", "角色", "方式", "地点", "证书"];

/// Returns the nth valid ID number.
fn id_number(n: u32) -> String {
    let body = format!("22010219{:02}0101{:03}", 60 + n / 100, n % 100);
    format!("{body}{}", huiliu_values::check_character(&body).unwrap())
}

/// The numbers that were put somewhere, and where.
#[derive(Default)]
struct Planted(Vec<(String, String)>);

impl Planted {
    /// Makes a number for a place.
    fn plant(&mut self, place: &str) -> String {
        let number = id_number(u32::try_from(self.0.len()).unwrap());
        self.0.push((number.clone(), place.to_owned()));
        number
    }

    /// Panics if a text holds one of the numbers.
    fn assert_not_in(&self, text: &[u8], what: &str) {
        for (number, place) in &self.0 {
            let found = text.windows(number.len()).position(|part| part == number.as_bytes());
            let around = found.map(|at| String::from_utf8_lossy(&text[at.saturating_sub(80)..at + 20]).into_owned());
            assert!(found.is_none(), "{what} holds the number of {place}: {around:?}");
        }
    }
}

/// Panics if the database holds one of the numbers.
fn assert_not_stored(office: &Office, planted: &Planted) {
    let house = &office.house;
    if house.postgres.is_none() {
        for name in ["huiliu.db", "huiliu.db-wal", "queue.db", "queue.db-wal"] {
            let bytes = std::fs::read(house.dir.0.join("data").join(name)).unwrap_or_default();
            planted.assert_not_in(&bytes, name);
        }
        return;
    }
    let columns = "SELECT count(*) OVER (), table_name || '.' || column_name FROM information_schema.columns
                   WHERE table_schema = 'public' AND data_type IN ('text', 'character varying', 'jsonb', 'json')";
    let mut seen = 0;
    for (_, name) in house.query_rows(columns) {
        let name = String::from_utf8(name).unwrap();
        let (table, column) = name.split_once('.').unwrap();
        let all = format!("SELECT 1::bigint, coalesce(string_agg({column}::text, ' '), '') FROM {table}");
        for (_, text) in house.query_rows(&all) {
            seen += text.len();
            planted.assert_not_in(&text, &name);
        }
    }
    assert!(seen > 10_000, "only {seen} bytes were looked at");
}

fn put(office: &Office, name: &str, bytes: impl AsRef<[u8]>) {
    std::fs::write(office.house.dir.0.join("in").join(name), bytes).unwrap();
}

/// Returns an archive with one member.
fn archive(member: &str, text: &str) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(vec![]));
    zip.start_file(member, zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(text.as_bytes()).unwrap();
    zip.finish().unwrap().into_inner()
}

/// Returns a workbook with one sheet.
fn workbook(sheet: &str, rows: &[[&str; 5]]) -> Vec<u8> {
    let mut book = Workbook::new();
    let page = book.add_worksheet();
    page.set_name(sheet).unwrap();
    let header = [["姓名", "身份证号", "课程", "学时", "结业日期"]];
    for (at, row) in (0u32..).zip(header.iter().chain(rows)) {
        page.write_row(at, 0, *row).unwrap();
    }
    book.save_to_buffer().unwrap()
}

#[test]
fn no_id_number_is_stored_or_told_wherever_it_stands() {
    for on in [Services::Sqlite, Services::Postgres] {
        let mut office = Office::new(on, MANIFEST, "folder = \"{folder}\"");
        office.house.env.push(("HUILIU_LOG".into(), "debug,sqlx=off,h2=off".into()));
        let mut planted = Planted::default();
        let own = planted.plant("the person");
        // In every field of a record, and in fields that then park it.
        let row = |person: &str, fields: &[String], hours: &str| {
            format!("王明明,{person},{},{hours},2015-03-01\n", fields.join(","))
        };
        let plain: Vec<String> = FIELDS.iter().map(|field| format!("{field}-1")).collect();
        let mut rows = row(&own, &plain, "36");
        for (at, field) in FIELDS.iter().enumerate() {
            let mut fields = plain.clone();
            fields[1] = format!("C-{at}");
            fields[at] = format!("{field} {}", planted.plant(field));
            rows += &row(&own, &fields, "36");
        }
        let hours = planted.plant("the hours");
        rows += &row(&own, &plain.iter().map(|text| format!("{text}2")).collect::<Vec<_>>(), &hours);
        let (one, other) = (planted.plant("a file name"), planted.plant("another file name"));
        put(&office, &format!("名单_{one}.csv"), HEADER.to_owned() + &rows);
        put(&office, &format!("名单_{other}.csv"), HEADER.to_owned() + &row(&own, &plain, "40"));
        let foreign = planted.plant("a foreign file name");
        put(&office, &format!("{foreign}.txt"), "x");
        let broken = planted.plant("a broken file name");
        put(&office, &format!("{broken}.xlsx"), "no workbook");
        let sheet = planted.plant("a sheet name");
        let course = planted.plant("a course in a workbook");
        let book = workbook(
            &format!("表{sheet}"),
            &[["李明", &own, &course, "36", "2015-03-01"], ["李明", &own, "C-9", "x", "2015-03-01"]],
        );
        put(&office, "book.xlsx", book);
        let member = planted.plant("a member of an archive");
        let rows = [row(&own, &plain, "36"), row(&own, &plain, "x")].concat();
        put(&office, "archive.zip", archive(&format!("{member}.csv"), &(HEADER.to_owned() + &rows)));
        let link = planted.plant("the name of a link");
        std::os::unix::fs::symlink("/etc/passwd", office.house.dir.0.join("in").join(format!("{link}.csv"))).unwrap();
        let large = planted.plant("the name of a file that is too large");
        let place = office.house.dir.0.join("in").join(format!("{large}.csv"));
        std::fs::File::create(&place).unwrap().set_len(65 << 20).unwrap();
        let mut told = String::new();
        let mut run = |args: &[&str]| {
            let Ended { told: more, .. } = office.run(args);
            told += &more;
        };
        run(&["sync", "county"]);
        run(&["sync", "county", "--json"]);
        // Handed in, under a name with a number, and planned.
        let upload = office.house.dir.0.join(format!("{}.csv", planted.plant("an uploaded file name")));
        std::fs::write(&upload, HEADER.to_owned() + &row(&own, &plain, "12")).unwrap();
        let upload = upload.to_str().unwrap();
        for more in [&["--plan"][..], &[]] {
            let args = [&["upload", "county", "--stream", "records", upload], more].concat();
            // The command line is not the program's word.
            let Ended { told: more, .. } = office.run(&args);
            told += &more;
        }
        let mut run = |args: &[&str]| {
            let Ended { told: more, .. } = office.run(args);
            told += &more;
        };
        // What people write themselves.
        let (why, who) = (planted.plant("a reason"), planted.plant("an actor"));
        let because = format!("by {why}, see https://u:{why}@h/x");
        let to = ["cursors", "set", "county", "archives", "--to", "{\"after\":\"z.zip\"}", "--because", &because];
        let who = format!("teacher {who}");
        run(&[&to[..], &["--actor", &who]].concat());
        for args in [
            &["runs", "list"][..],
            &["runs", "show", "1"],
            &["files", "list", "county"],
            &["payloads", "list"],
            &["dead-letters", "list"],
            &["records", "list"],
            &["batches", "list"],
            &["cursors", "list"],
            &["audit"],
            &["doctor"],
            &["balance"],
            &["verify"],
        ] {
            run(args);
            run(&[args, &["--json"]].concat());
        }
        planted.assert_not_in(told.as_bytes(), "an output");
        assert_not_stored(&office, &planted);
        // Two files that differ only in the number are two files, and both were read.
        let files = items_of(office.run_json_quietly(&["files", "list", "county", "--stream", "records"]));
        let read = files.as_array().unwrap().iter().filter(|row| row["state"] == "read");
        let names: BTreeSet<&str> = read.map(|row| row["name"].as_str().unwrap()).collect();
        assert_eq!(names.len(), 2, "{files}");
        assert!(names.iter().all(|name| name.starts_with("名单_22***************")), "{names:?}");
        assert_eq!(office.house.run_sql("SELECT count(*) FROM training_record"), 12, "{told}");
        let masked = "SELECT count(*) FROM training_record_readable WHERE course_title LIKE '%22***************%'";
        assert_eq!(office.house.run_sql(masked), 1);
        // They are known the next time.
        let again = office.run_json_quietly(&["files", "list", "county", "--state", "left-out"]);
        assert_eq!(items_of(again).as_array().unwrap().len(), 2);
        let before = office.house.run_sql("SELECT count(*) FROM payload");
        office.run(&["sync", "county"]);
        assert_eq!(office.house.run_sql("SELECT count(*) FROM payload"), before);
    }
}

impl Office {
    /// Runs a command without its log, and returns its JSON.
    fn run_json_quietly(&self, args: &[&str]) -> serde_json::Value {
        let mut command = self.house.command(&[args, &["--json"]].concat());
        command.env("HUILIU_CONFIG", self.house.dir.0.join("huiliu.toml")).env("HUILIU_LOG", "error");
        let out = command.output().unwrap();
        serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{args:?}: {e}"))
    }
}

/// The same passwords are in addresses, in settings that cannot be read, and in files that are no TOML.
#[test]
fn no_password_is_told_wherever_it_stands() {
    const PASSWORD: &str = "geheim4711";
    let office = Office::new(Services::Sqlite, MANIFEST, "folder = \"{folder}\"");
    let dir = office.house.dir.0.clone();
    let good = std::fs::read_to_string(dir.join("huiliu.toml")).unwrap();
    let login = format!("user:{PASSWORD}@127.0.0.1:9");
    let mut told = String::new();
    let mut run = |args: &[&str], env: &[(&str, &str)]| {
        let mut command = office.house.command(args);
        command.env("HUILIU_CONFIG", dir.join("huiliu.toml")).env("HUILIU_LOG", "debug,sqlx=off");
        let out = command.envs(env.iter().copied()).output().unwrap();
        let said = [out.stdout, out.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        assert!(!said.contains(PASSWORD), "{args:?}: {said}");
        told += &said;
        (out.status.code(), said)
    };
    // A source whose address holds it is refused, and told where it belongs.
    let source = "[[source]]\nname = \"web\"\nconnector = \"intel\"\ninstitution_code = \"A\"\n";
    std::fs::write(dir.join("huiliu.toml"), format!("{good}{source}base_url = \"http://{login}/\"\n")).unwrap();
    for args in [&["sources", "list"][..], &["sources", "list", "--json"], &["doctor"], &["doctor", "--json"]] {
        run(args, &[]);
    }
    let (code, said) = run(&["sync", "web"], &[]);
    assert!(code != Some(0) && said.contains("holds a user or a password"), "{said}");
    assert!(run(&["doctor"], &[]).1.contains("holds a user or a password"));
    std::fs::write(dir.join("huiliu.toml"), &good).unwrap();
    let address = format!("https://{login}/x");
    let add = ["sources", "add", "w", "--connector", "intel", "--institution-code", "A", "--base-url", &address];
    assert_ne!(run(&add, &[]).0, Some(0));
    // Servers that do not answer, and addresses that are none.
    for database in
        [format!("postgres://{login}/huiliu"), format!("mysql://{login}/x"), format!("postgres://u:{PASSWORD}/w@h")]
    {
        for args in [&["doctor"][..], &["migrate"], &["sync", "--all"], &["doctor", "--json"]] {
            assert_ne!(run(args, &[("HUILIU_DATABASE", &database)]).0, Some(0), "{database}");
        }
    }
    for queue in [format!("redis://{login}/0"), format!("amqp://{login}/0")] {
        for args in [&["doctor"][..], &["doctor", "--json"], &["worker", "--once"]] {
            run(args, &[("HUILIU_QUEUE", &queue)]);
        }
    }
    run(&["connectors", "infer", &format!("http://{login}/a.csv")], &[]);
    run(&["connectors", "infer", &format!("http://{login}:x/a.csv")], &[]);
    // Files of settings that cannot be read tell the place and what is expected there, never the line.
    for line in [
        format!("password = \"{PASSWORD}"),
        format!("batch_records = \"{PASSWORD}\""),
        format!("password = {PASSWORD}"),
        PASSWORD.to_owned(),
        format!("database = [\"{PASSWORD}\"]"),
        format!("key_file = {{ a = \"{PASSWORD}\" }}"),
    ] {
        std::fs::write(dir.join("huiliu.toml"), format!("{line}\n{good}")).unwrap();
        for args in [&["sync", "--all"][..], &["doctor"], &["doctor", "--json"]] {
            let (code, said) = run(args, &[]);
            assert!(code != Some(0) && said.contains("huiliu.toml"), "{line}: {said}");
        }
    }
    std::fs::write(dir.join("huiliu.toml"), &good).unwrap();
    let broken = dir.join("broken.toml");
    for text in
        [format!("a = \"{PASSWORD}"), format!("id = [\"{PASSWORD}\"]\n[roles]\nname = 1\n"), PASSWORD.to_owned()]
    {
        std::fs::write(&broken, &text).unwrap();
        let file = broken.to_str().unwrap();
        for args in
            [&["rules", "check", file][..], &["connectors", "check", file], &["match", "--config", file, "a.csv"]]
        {
            let (code, said) = run(args, &[]);
            assert!(code != Some(0) && said.contains("broken.toml"), "{args:?}: {said}");
        }
    }
    assert!(told.contains("***@"), "{told}");
    let stored = std::fs::read(Path::new(&dir).join("data/huiliu.db")).unwrap();
    assert!(!stored.windows(PASSWORD.len()).any(|part| part == PASSWORD.as_bytes()));
}
