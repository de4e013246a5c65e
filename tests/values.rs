//! Values that are none, columns and batches that cannot be trusted, and connectors that cannot be right: real files, read
//! by the real program.

use std::io::Write as _;

use huiliu_values::check_character;
use serde_json::Value;

use crate::test_env::{Services, TestEnv, items_of};

const BOTH: [Services; 2] = [Services::Sqlite, Services::Postgres];

const HEAD: &str = "姓名,身份证号,课程,学时,成绩,结束,方式,证书";
const MAP: &str = "name = \"姓名\"\nid_number = \"身份证号\"\ncourse_code = \"课程\"\nhours = { path = \"学时\", unit = \"class_hour\" }\n\
                   score_total = \"成绩\"\nperiod_end = \"结束\"\nmode = \"方式\"\ncertificate_number = \"证书\"\n";
const CSV: &str = "format = { kind = \"csv\", layout = { header = [\"姓名\", \"身份证号\"] } }";
const BOOK: &str = "format = { kind = \"workbook\", layout = { header = [\"姓名\", \"身份证号\"] } }";

fn manifest_text(id: &str, format: &str, key: &str, map: &str) -> String {
    format!(
        "manifest = 1\nid = \"{id}\"\nversion = 1\ntitle_zh = \"测试\"\ntitle_en = \"Test\"\nprofile = \"Made for a test.\"\n\n\
         [transport]\nkind = \"files\"\nnames = [\"*\"]\n\n[[stream]]\nname = \"records\"\nkind = \"course_completion\"\n\
         {format}\nrecord_key = {key}\nversion = {{ from = \"landing\" }}\npass = \"total\"\n\n[stream.map]\n{map}"
    )
}

/// A house with folders, each a source of a connector of the same name.
pub struct Folders(pub TestEnv);

impl Folders {
    pub fn new(on: Services, sources: &[(&str, &str)]) -> Self {
        let house = TestEnv::new(on);
        let mut settings = format!("manifests_dir = \"{}\"\n", house.dir.0.join("manifests").display());
        for (name, manifest) in sources {
            let folder = house.dir.0.join("manifests").join(name);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::create_dir_all(house.dir.0.join("in").join(name)).unwrap();
            std::fs::write(folder.join("manifest.toml"), manifest).unwrap();
            settings += &format!(
                "[[source]]\nname = \"{name}\"\nconnector = \"{name}\"\ninstitution_code = \"I\"\nfolder = \"{}\"\n",
                house.dir.0.join("in").join(name).display()
            );
        }
        std::fs::write(house.dir.0.join("huiliu.toml"), settings).unwrap();
        let folders = Self(house);
        assert_eq!(folders.run(&["migrate"]).0, Some(0));
        folders
    }

    pub fn put(&self, source: &str, file: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.0.dir.0.join("in").join(source).join(file), content).unwrap();
    }

    /// Runs the program and returns its exit code and what it said.
    pub fn run(&self, args: &[&str]) -> (Option<i32>, String) {
        let out = self.0.command(args).env("HUILIU_CONFIG", self.0.dir.0.join("huiliu.toml")).output().unwrap();
        (out.status.code(), String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned())
    }

    pub fn list(&self, args: &[&str]) -> Vec<Value> {
        let args = [args, &["--limit", "100000", "--json"]].concat();
        let out = self.0.command(&args).env("HUILIU_CONFIG", self.0.dir.0.join("huiliu.toml")).output().unwrap();
        let page = serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{args:?}: {out:?}"));
        items_of(page).as_array().unwrap().clone()
    }

    /// Returns source and reason of every quarantined batch.
    fn quarantined(&self) -> Vec<(String, String, String)> {
        let rows = self.list(&["batches", "list", "--quarantined"]);
        let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
        rows.iter()
            .map(|row| {
                let why = row["last_error"]["message"].as_str().unwrap_or_default().to_owned();
                (text(row, "source"), row["batch"].to_string(), why)
            })
            .collect()
    }
}

/// Makes a valid ID number of an invented person.
pub fn id_number(person: usize) -> String {
    let body = format!("2201021970{:02}{:02}{:03}", 1 + person % 12, 1 + person % 28, 100 + person);
    format!("{body}{}", check_character(&body).unwrap())
}

fn name(person: usize) -> String {
    let family = ["王", "李", "张", "刘", "陈"][person % 5];
    let given = ["伟", "芳", "敏", "静", "丽", "强", "磊"][person % 7];
    format!("{family}{given}")
}

fn csv(rows: impl IntoIterator<Item = String>) -> String {
    rows.into_iter().fold(format!("{HEAD}\n"), |text, row| text + &row + "\n")
}

#[test]
fn a_text_that_is_no_value_has_its_reason_or_its_meaning() {
    const CLEAN: &str = "";
    let id = |n: usize| id_number(n);
    // Columns of a row: name, ID number, course, hours, score, last day, mode, certificate; then the reasons.
    let rows: Vec<([String; 8], &str)> = [
        (["王伟", "", "C1", "10", "85", "2014-09-01", "无", "nan"], CLEAN),
        (["王芳（曾用名：王小芳）", "", "C1", "10", "85", "2014-09-01", "-", "待定"], CLEAN),
        (["李和平", "", "C1", "10", "85", "2014-09-01", "NULL", "／"], CLEAN),
        (["张三", "", "C1", "10", "85", "2014-09-01", "线上", ""], CLEAN),
        (["nan", "", "C1", "10", "85", "2014-09-01", "", ""], "name.placeholder"),
        (["None", "", "nan", "10", "85", "2014-09-01", "", ""], "course_code.placeholder name.placeholder"),
        (["同上", "", "C1", "10", "85", "2014-09-01", "", ""], "name.ditto"),
        (["〃", "", "\"\"\"\"", "10", "85", "2014-09-01", "", ""], "course_code.ditto name.ditto"),
        (["王伟", "无", "C1", "10", "85", "2014-09-01", "", ""], "id_number.placeholder"),
        (
            ["王伟", "", "C1", "待定", "N/A", "NaT", "", ""],
            "hours.placeholder period_end.placeholder score.total.placeholder",
        ),
        (["王伟", "", "C1", "#REF!", "85", "暂无", "同上", ""], "hours.placeholder mode.ditto period_end.placeholder"),
        (["王伟、李强", "", "C1", "10", "85", "2014-09-01", "", ""], "name.several"),
        (["王伟/李强", "", "C1", "10", "85", "2014-09-01", "", ""], "name.several"),
        (["【调出】王伟", "", "C1", "10", "85", "2014-09-01", "", ""], "name.note"),
        (["王*", "", "C1", "10", "85", "2014-09-01", "", ""], "name.character"),
        (["王\u{E5CF}", "", "C1", "10", "85", "2014-09-01", "", ""], "name.character"),
        (["张三(示例)", "", "C1", "10", "85", "2014-09-01", "", ""], "name.example"),
        (["姓名", "", "C1", "10", "85", "2014-09-01", "", ""], "name.example"),
        (["王伟", "11010519491231002X", "C1", "10", "85", "2014-09-01", "", ""], "id_number.example"),
        (["王伟", "440524188001010014", "C1", "10", "85", "2014-09-01", "", ""], "id_number.example"),
        (["王伟", "34052419800101001X", "C1", "10", "85", "2014-09-01", "", ""], "id_number.example"),
        (["张三", "110101199003077424", "C1", "10", "85", "2014-09-01", "", ""], "id_number.example"),
        (["王伟", "1.10101E+17", "C1", "10", "85", "2014-09-01", "", ""], "id_number.damaged"),
        (
            ["王伟", "22010219590911001X、222401198010102228", "C1", "10", "85", "2014-09-01", "", ""],
            "id_number.several",
        ),
        (["例：王伟", "", "C1", "10", "85", "2014-09-01", "", ""], "row.example"),
        (["王伟", "", "小 计", "30", "85", "2014-09-01", "", ""], "row.sum"),
        (["王伟", "", "全部课程", "30", "85", "2014-09-01", "", ""], "row.sum"),
    ]
    .into_iter()
    .enumerate()
    .map(|(n, (cells, reasons))| {
        let mut cells = cells.map(str::to_owned);
        if cells[1].is_empty() {
            cells[1] = id(n);
        }
        (cells, reasons)
    })
    .collect();
    let house = Folders::new(Services::Sqlite, &[("t", &manifest_text("t", CSV, "[\"身份证号\", \"课程\"]", MAP))]);
    house.put("t", "a.csv", csv(rows.iter().map(|(cells, _)| cells.join(","))));
    let (code, said) = house.run(&["sync", "t"]);
    assert_eq!(code, Some(0), "{said}");
    let letters = house.list(&["dead-letters", "list"]);
    for (line, (cells, reasons)) in (2..).zip(&rows) {
        let letter = letters.iter().find(|letter| letter["address"] == format!("a.csv line {line}"));
        let codes = letter.map_or_else(Vec::new, |letter| {
            letter["reasons"].as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap()).collect()
        });
        assert_eq!(codes.join(" "), *reasons, "line {line}: {cells:?}");
    }
    let records = house.list(&["records", "list"]);
    assert_eq!(records.len(), 4, "{records:?}");
    let all = Value::from(records).to_string();
    assert!(
        all.contains("\"王芳\"") && !all.contains("曾用名") && !all.contains("nan") && !all.contains("待定"),
        "{all}"
    );
    // People are told what to do, in both languages.
    for (language, words) in [("en", "write the value into the cell"), ("zh_CN.UTF-8", "不能用“同上”之类的记号")]
    {
        let out =
            house.0.command(&["dead-letters", "list", "--code", "name.ditto"]).env("HUILIU_LANG", language).output();
        let said = String::from_utf8(out.unwrap().stdout).unwrap();
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn a_column_of_damaged_id_numbers_is_trusted_in_none() {
    for on in BOTH {
        let house = Folders::new(on, &[("t", &manifest_text("t", CSV, "[\"身份证号\", \"课程\"]", MAP))]);
        // A spreadsheet replaced the last three digits by zeros; some numbers are valid all the same.
        let rows = (0..40).map(|n| format!("{},{}000,C1,10,85,2014-09-01,线上,Z{n}", name(n), &id_number(n)[..15]));
        house.put("t", "a.csv", csv(rows));
        let (code, said) = house.run(&["sync", "t"]);
        assert_eq!(code, Some(1), "{said}");
        let held = house.quarantined();
        let [(_, batch, why)] = &held[..] else { panic!("{held:?}") };
        for words in ["ID numbers in field 身份证号 were damaged", "a.csv line 2: 22", "column kept as text"] {
            assert!(why.contains(words), "{words} is not in {why}");
        }
        assert_eq!(house.list(&["records", "list"]).len(), 0);
        // One damaged number among sound ones holds nothing.
        let rows = (0..9).map(|n| {
            let id = if n == 3 { "220102198207020000".to_owned() } else { id_number(n) };
            format!("{},{id},C2,10,85,2014-09-01,线上,Y{n}", name(n))
        });
        house.put("t", "b.csv", csv(rows));
        house.run(&["sync", "t"]);
        assert_eq!((house.list(&["records", "list"]).len(), house.quarantined().len()), (8, 1));
        let (code, said) = house.run(&["batches", "release", batch, "--because", "it is as it is"]);
        assert_eq!(code, Some(0), "{said}");
        house.run(&["worker", "--until-done"]);
        assert_eq!(house.quarantined().len(), 0);
        assert!(house.list(&["dead-letters", "list"]).len() > 30);
    }
}

#[test]
fn utf8_is_never_read_as_gb18030() {
    let gb = CSV.replace("kind = \"csv\"", "kind = \"csv\", encoding = \"gb18030\"");
    let of = |id: &str| manifest_text(id, &gb, "[\"身份证号\", \"课程\"]", MAP);
    let house = Folders::new(Services::Sqlite, &[("plain", &of("plain")), ("mixed", &of("mixed"))]);
    let encode = |text: &str| encoding_rs::GB18030.encode(text).0.into_owned();
    let rows = |from: usize, to: usize| {
        (from..to)
            .map(|n| format!("{},{},课堂导入,10,85,2014-09-01,线上,Z{n}", name(n), id_number(n)))
            .collect::<Vec<_>>()
    };
    house.put("plain", "2014.csv", encode(&csv(rows(0, 6))));
    house.put("plain", "2015.csv", csv(rows(6, 12)));
    house.put("mixed", "a.csv", [encode(&csv(rows(0, 6))), (rows(6, 9).join("\n") + "\n").into_bytes()].concat());
    let (code, said) = house.run(&["sync", "plain"]);
    assert_eq!(code, Some(0), "{said}");
    let records = house.list(&["records", "list"]);
    assert_eq!(records.len(), 12);
    assert!(!Value::from(records.clone()).to_string().contains('鐜'), "{records:?}");
    let run = house.run(&["runs", "show", "1"]).1;
    assert!(run.contains("2015.csv") && run.contains("was read as UTF-8") && !run.contains("2014.csv: the"), "{run}");
    let (_, said) = house.run(&["sync", "mixed"]);
    assert!(said.contains("line 8 is in UTF-8") && said.contains("not complete"), "{said}");
    assert_eq!(house.list(&["records", "list"]).len(), 12);
}

#[test]
fn a_batch_whose_values_drift_waits_for_a_person() {
    let sources = ["hours", "words", "blanks", "scores", "courses", "calm", "small", "told"];
    for on in BOTH {
        let texts = sources.map(|id| {
            let text = manifest_text(id, CSV, "[\"身份证号\", \"课程\"]", MAP);
            let contract = "pass = \"total\"\ncontract = { values = \"ignore\" }";
            if id == "told" { text.replace("pass = \"total\"", contract) } else { text }
        });
        let house = Folders::new(on, &std::array::from_fn::<_, 8, _>(|n| (sources[n], &*texts[n])));
        // Hours, score, mode and certificate of each record: before and after.
        let file = |course: &str, people: std::ops::Range<usize>, cells: &dyn Fn(usize) -> String| {
            csv(people.map(|n| format!("{},{},{course}{},{}", name(n), id_number(n), n % 6, cells(n))))
        };
        let usual = |n: usize| format!("{},{},2014-09-01,{},Z{n}", 10 * (1 + n % 4), 60 + n, ["线上", "线下"][n % 2]);
        for source in sources {
            house.put(source, "1.csv", file("C", 0..30, &usual));
        }
        let (code, said) = house.run(&["sync", "--all"]);
        assert_eq!(code, Some(0), "{said}");
        let minutes = |n: usize| format!("{},{},2014-09-01,线上,Z{n}", 450 * (1 + n % 4), 60 + n);
        house.put("hours", "2.csv", file("C", 0..30, &minutes));
        house.put("told", "2.csv", file("C", 0..30, &minutes));
        house.put("small", "2.csv", file("C", 0..10, &minutes));
        house.put("words", "2.csv", file("C", 30..60, &|n| format!("10,{},2014-10-01,A{},Z{n}", 30 + n, n % 2)));
        house.put("blanks", "2.csv", file("C", 30..60, &|n| format!("10,{},2014-10-01,线上,", 30 + n)));
        house.put("scores", "2.csv", file("C", 30..60, &|n| format!("10,{},2014-10-01,线上,Z{n}", n % 5)));
        // Other courses have other hours, and one office writes a mode in its own way.
        house.put("courses", "2.csv", file("D", 30..60, &|n| format!("90,{},2014-10-01,集中面授,Z{n}", 30 + n)));
        let calm = |n: usize| {
            format!("{},{},2014-10-01,{},Z{n}", 20 + n % 7, 40 + n % 60, if n < 34 { "混合" } else { "线上" })
        };
        house.put("calm", "2.csv", file("C", 30..60, &calm));
        let (code, said) = house.run(&["sync", "--all"]);
        assert!(code == Some(1) && said.contains("wait for a person"), "{said}");
        let held = house.quarantined();
        let named: Vec<&str> = held.iter().map(|(source, ..)| source.as_str()).collect();
        assert_eq!(named, ["hours", "words", "blanks", "scores"], "{held:?}");
        for (source, words) in [
            ("hours", &["field 学时 of 30 of 30 records", "450 class hours instead of 30", "2.csv line 2"][..]),
            ("words", &["field 方式 of 30 of 30 records", "A0", "线上"]),
            ("blanks", &["field 证书 is blank in 30 of 30 records", "none of 30 records before"]),
            ("scores", &["the median of field 成绩 is", "in 30 records before"]),
        ] {
            let why = &held.iter().find(|(of, ..)| of == source).unwrap().2;
            words.iter().for_each(|word| assert!(why.contains(word), "{source}: {word} is not in {why}"));
        }
        // What a person accepts is usual from then on.
        for (_, batch, _) in &held {
            assert_eq!(house.run(&["batches", "release", batch, "--because", "it is as it is"]).0, Some(0));
        }
        house.run(&["worker", "--until-done"]);
        house.put("words", "3.csv", file("C", 60..90, &|n| format!("10,85,2014-11-01,A{},Z{n}", n % 2)));
        house.put("hours", "3.csv", file("C", 0..30, &minutes).replace("2014-09-01", "2014-09-02"));
        let (code, said) = house.run(&["sync", "--all"]);
        assert_eq!((code, house.quarantined().len()), (Some(0), 0), "{said}");
        // Another version of the manifest reads other values.
        let place = house.0.dir.0.join("manifests/calm/manifest.toml");
        let text = std::fs::read_to_string(&place).unwrap();
        let text = text.replace("version = 1\ntitle", "version = 2\ntitle").replace("class_hour", "minute");
        std::fs::write(&place, text).unwrap();
        house.put("calm", "3.csv", file("C", 30..60, &usual));
        let (code, said) = house.run(&["sync", "calm"]);
        assert_eq!((code, house.quarantined().len()), (Some(0), 0), "{said}");
    }
}

#[test]
fn the_gate_refuses_what_cannot_be_right() {
    let house = TestEnv::new(Services::Sqlite);
    assert!(house.run(&["migrate"]).status.success());
    let id_and_course = "[\"身份证号\", \"课程\"]";
    let any = MAP.replace("id_number = \"身份证号\"\n", "teacher_number = \"身份证号\"\n");
    let with_any = |text: String| text.replace("pass = \"total\"", "pass = \"total\"\nknown_by = \"any\"");
    let sound = manifest_text("gate", CSV, id_and_course, MAP);
    let rows = |n: usize| format!("{},{},C{},10,85,2014-09-01,线上,Z{n}", name(n), id_number(n), n % 2);
    let sample = csv((0..8).map(rows));
    let cases: Vec<(&str, String, String, &[&str])> = vec![
        ("sound", sound.clone(), sample.clone(), &[]),
        (
            "open_unit",
            format!("{sound}# ? in which unit is 学时: minute or hour?\n"),
            sample.clone(),
            &["manifest.toml line 29", "in which unit is 学时", "remove its `# ?`"],
        ),
        (
            "open_field",
            format!("{sound}# ? period_end 是 结束，还是 开始？\n"),
            sample.clone(),
            &["line 29", "period_end"],
        ),
        ("open_other", format!("{sound}# ? course_title is read from 课程; or from 方式?\n"), sample.clone(), &[]),
        (
            "none",
            sound.clone(),
            sample.replace(",85,", ",优秀,"),
            &["none of the 8 records in the samples of stream records", "score.total.number"],
        ),
        (
            "no_person",
            with_any(manifest_text("gate", CSV, "[\"课程\", \"结束\"]", &any)),
            sample.clone(),
            &["stream.records.record_key is 课程, 结束", "such as 身份证号, 课程, 结束"],
        ),
        (
            "rows",
            manifest_text("gate", CSV, "[\"序号\"]", MAP),
            sample.clone(),
            &["stream.records.record_key uses 序号"],
        ),
        (
            "shared",
            manifest_text("gate", CSV, "[\"期次\"]", MAP),
            sample.replace("证书\n", "证书,期次\n").replace("Z", "一,Z"),
            &["records of different people have the same key", "sample.csv line 2 and sample.csv line 3"],
        ),
    ];
    for (case, manifest, sample, words) in cases {
        let sample = if case == "shared" {
            let mut lines = sample.lines().map(|line| line.replace("一,", "")).collect::<Vec<_>>();
            lines.iter_mut().skip(1).for_each(|line| line.push_str(",一"));
            lines.join("\n") + "\n"
        } else {
            sample
        };
        let folder = house.dir.0.join(case);
        std::fs::create_dir_all(folder.join("samples")).unwrap();
        let manifest = manifest.replace("id = \"gate\"", &format!("id = \"gate-{}\"", case.replace('_', "-")));
        std::fs::write(folder.join("manifest.toml"), manifest).unwrap();
        std::fs::write(folder.join("samples/sample.csv"), sample).unwrap();
        let place = folder.to_str().unwrap();
        let run = |args: &[&str]| {
            let out = house.run(args);
            (out.status.code(), String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned())
        };
        let tested = run(&["connectors", "test", place, "--accept"]);
        let empty = folder.join("expected");
        if !empty.join("sample.json").exists() {
            std::fs::create_dir_all(&empty).unwrap();
            std::fs::write(empty.join("sample.json"), "[]").unwrap();
        }
        let registered = run(&["connectors", "register", place]);
        for (act, (code, said)) in [("test", tested), ("register", registered)] {
            assert_eq!(code == Some(0), words.is_empty(), "{case}: {act}: {code:?} {said}");
            words.iter().for_each(|word| assert!(said.contains(word), "{case}: {act}: {word} is not in {said}"));
        }
    }
}

/// Packs a workbook of one sheet with these rows of XML.
fn workbook(rows: &str) -> Vec<u8> {
    let files = [
        ("[Content_Types].xml", r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>"#.to_owned()),
        ("_rels/.rels", r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#.to_owned()),
        ("xl/workbook.xml", r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="s" sheetId="1" r:id="a"/></sheets></workbook>"#.to_owned()),
        ("xl/_rels/workbook.xml.rels", r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="a" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#.to_owned()),
        ("xl/worksheets/sheet1.xml", format!(r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>"#)),
    ];
    zip_files(&files.each_ref().map(|(name, text)| (*name, text.as_bytes())))
}

fn zip_files(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(vec![]));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, content) in files {
        archive.start_file(*name, stored).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn two_rows_of_one_number_are_both_read_and_two_members_of_one_name_are_told() {
    let zipped = format!("{CSV}\narchive = {{ kind = \"zip\", members = \"*.csv\" }}");
    let key = "[\"身份证号\", \"课程\"]";
    let house = Folders::new(
        Services::Sqlite,
        &[("rows", &manifest_text("rows", BOOK, key, MAP)), ("members", &manifest_text("members", &zipped, key, MAP))],
    );
    let row = |number: u32, cells: &[&str]| {
        let cells: String = cells
            .iter()
            .zip('A'..)
            .filter(|(text, _)| !text.is_empty())
            .map(|(text, column)| format!("<c r=\"{column}{number}\" t=\"inlineStr\"><is><t>{text}</t></is></c>"))
            .collect();
        format!("<row r=\"{number}\">{cells}</row>")
    };
    let record = |n: usize| {
        let (name, id) = (name(n), id_number(n));
        [name, id, "C1".into(), "10".into(), "85".into(), "2014-09-01".into(), "线上".into(), format!("Z{n}")]
    };
    let of = |number: u32, n: usize| row(number, &record(n).each_ref().map(String::as_str));
    let head: Vec<&str> = HEAD.split(',').collect();
    house.put("rows", "a.xlsx", workbook(&[row(1, &head), of(2, 0), of(3, 1), of(3, 2), of(3, 3), of(4, 4)].concat()));
    let (code, said) = house.run(&["sync", "rows"]);
    assert_eq!((code, house.list(&["records", "list"]).len()), (Some(0), 5), "{said}");
    let file = |n: usize| csv([record(n).join(",")]);
    let mut bytes = zip_files(&[("a.csv", file(0).as_bytes()), ("b.csv", file(1).as_bytes())]);
    let text = b"b.csv";
    while let Some(at) = bytes.windows(text.len()).position(|window| window == text) {
        bytes[at] = b'a';
    }
    house.put("members", "a.zip", bytes);
    let (_, said) = house.run(&["sync", "members"]);
    assert!(said.contains("two files named a.csv") && said.contains("not complete"), "{said}");
}
