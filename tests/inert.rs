//! What a terminal shows is inert: texts from outside reach no output with a character that acts on a terminal. Tested with
//! generated texts in every field, file name, sheet name, code, title, message of a platform and argument.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::extraction::{Answer, HTTP, JSON, Platform, Says, Site};
use crate::record::pages::build_workbook;
use crate::terminal::shown_on_terminal;
use crate::test_env::{Services, TestEnv, items_of};

/// Rows of the CSV file, of the JSON file and of each sheet, and files with odd names.
const ROWS: usize = 600;
const SHEET_ROWS: usize = 60;
const FILES: usize = 150;

/// Returns whether a character acts on a terminal; written apart from the program's own list.
fn is_active(c: char) -> bool {
    matches!(c, '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}'
        | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Makes texts of active characters and of what makes them dangerous. The same seed gives the same texts.
struct Texts {
    state: u64,
    made: usize,
}

impl Texts {
    fn new(seed: u64) -> Self {
        Self { state: seed, made: 0 }
    }

    fn next_number(&mut self, below: usize) -> usize {
        // SplitMix64.
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % below as u64).unwrap()
    }

    /// Returns a text in which at least one character is active and allowed.
    fn make(&mut self, is_allowed: impl Fn(char) -> bool) -> String {
        let active: Vec<char> = ('\0'..='\u{2069}').filter(|c| is_active(*c) && is_allowed(*c)).collect();
        let plain = ["[2J", "[31m", "]0;x\u{7}", "[8m", "王", "C-", "7", " ", "balanced", "✓", "课程", "\\n"];
        let mut text: String = active[self.next_number(active.len())].into();
        for _ in 0..self.next_number(5) {
            if self.next_number(2) == 0 {
                text.push(active[self.next_number(active.len())]);
            } else {
                text.push_str(plain[self.next_number(plain.len())]);
            }
        }
        text.retain(|c| !is_active(c) || is_allowed(c));
        self.made += 1;
        text
    }

    fn make_any(&mut self) -> String {
        self.make(|_| true)
    }

    /// Returns a text for a file name, of at most a hundred bytes.
    fn make_name(&mut self) -> String {
        self.make(|c| c != '\0').replace('/', "-")
    }

    /// Returns a name for a sheet: no more than 31 letters, and none that Excel refuses.
    fn make_sheet_name(&mut self) -> String {
        self.make_xml().replace(['[', ']', '\\', ':'], "-").chars().take(25).collect()
    }

    /// Returns a text that XML can hold.
    fn make_xml(&mut self) -> String {
        self.make(|c| c >= '\u{7f}')
    }
}

/// Panics if an output has an active character other than the line breaks that the program wrote.
fn assert_inert(what: &dyn std::fmt::Debug, text: &str) {
    let lines = text.lines().enumerate();
    let raw: Vec<_> = lines.filter(|(_, line)| line.contains(is_active)).take(3).collect();
    assert!(raw.is_empty() && !text.contains(['\r', '\t']), "{what:?}: {raw:?}");
}

fn check_output(what: &dyn std::fmt::Debug, out: Output) -> String {
    let [shown, noted] = [out.stdout, out.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert_inert(what, &shown);
    assert_inert(what, &noted);
    assert!(!noted.contains("panicked"), "{what:?}: {noted}");
    shown + &noted
}

const FIELDS: [&str; 12] = [
    "name",
    "id_number",
    "course_code",
    "course_title",
    "project_title",
    "role",
    "place",
    "certificate_number",
    "result",
    "period_end",
    "record_name",
    "hours",
];

fn manifest(id: &str, names: &str, format: &str) -> String {
    let map: String = FIELDS
        .iter()
        .map(|field| match *field {
            "hours" => "hours = { path = \"hours\", unit = \"class_hour\" }\n".to_owned(),
            field => format!("{field} = \"{field}\"\n"),
        })
        .collect();
    format!(
        "manifest = 1\nid = \"{id}\"\nversion = 1\ntitle_zh = \"县\"\ntitle_en = \"A county\"\nprofile = \"Made for a test.\"\n\
         [transport]\nkind = \"files\"\nnames = [\"{names}\"]\n[[stream]]\nname = \"records\"\nkind = \"course_completion\"\n\
         format = {format}\nrecord_key = [\"record_name\", \"course_code\"]\nversion = {{ from = \"landing\" }}\n\
         pass = \"not_assessed\"\n\
         contract = {{ new_field = \"report\", values = \"ignore\" }}\n[stream.map]\n{map}"
    )
}

/// Returns rows of good records in which one to four fields are hostile.
fn make_rows(texts: &mut Texts, rows: usize, make: fn(&mut Texts) -> String) -> Vec<Vec<String>> {
    let row = |n: usize| {
        let good = ["王明明", "220102197501010110", "C-1", "题", "项目", "教师", "长春", "Z-1", "", "2015-03-01"];
        let mut row: Vec<String> = good.iter().map(ToString::to_string).collect();
        row.extend([format!("R{n}"), "36".to_owned()]);
        // In every second row only texts that a record may hold freely, so that it is accepted.
        let free = [2, 3, 4, 5, 6, 7, 10];
        for at in free {
            row[at] += &make(texts);
        }
        if n % 2 == 1 {
            for at in [0, 1, 8, 9, 11] {
                row[at] += &make(texts);
            }
        }
        row
    };
    (0..rows).map(row).collect()
}

fn json_file(rows: &[Vec<String>], texts: &mut Texts) -> String {
    let object = |row: &Vec<String>, more: String| {
        let mut object: serde_json::Map<String, Value> =
            FIELDS.iter().zip(row).map(|(field, text)| ((*field).to_owned(), text.as_str().into())).collect();
        object.insert(more, 1.into());
        Value::Object(object)
    };
    // Each has a field of its own, so that names of fields are told too.
    let items: Vec<Value> = rows.iter().map(|row| object(row, texts.make_any())).collect();
    json!({ "items": items }).to_string()
}

fn csv_file(rows: &[Vec<String>]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(vec![]);
    writer.write_record(FIELDS).unwrap();
    rows.iter().for_each(|row| writer.write_record(row).unwrap());
    writer.into_inner().unwrap()
}

/// Fills the folders of three sources and returns the settings.
fn fill_folders(site: &Site, texts: &mut Texts) -> String {
    let dir = &site.house.dir.0;
    let layout = "layout = { header = [\"name\", \"id_number\", \"hours\"] }";
    let mut settings = String::new();
    for (id, ending, format) in [
        ("sheets", "xlsx", format!("{{ kind = \"workbook\", {layout} }}")),
        ("texts", "csv", format!("{{ kind = \"csv\", {layout} }}")),
        ("items", "json", "{ kind = \"json\", items = \"items\" }".to_owned()),
    ] {
        site.write_manifest(id, &manifest(id, &format!("*.{ending}"), &format));
        let folder = dir.join(format!("in-{id}"));
        std::fs::create_dir_all(&folder).unwrap();
        settings += &format!(
            "[[source]]\nname = \"{id}\"\nconnector = \"{id}\"\ninstitution_code = \"I\"\nfolder = {folder:?}\n"
        );
    }
    let rows = make_rows(texts, ROWS, Texts::make_any);
    std::fs::write(dir.join("in-texts").join("a.csv"), csv_file(&rows)).unwrap();
    let rows = make_rows(texts, ROWS / 2, Texts::make_any);
    std::fs::write(dir.join("in-items").join("a.json"), json_file(&rows, texts)).unwrap();
    fill_names(&dir.join("in-texts"), texts);
    let sheets: Vec<(String, Vec<Vec<String>>)> = (0..3)
        .map(|n| {
            let head = vec![FIELDS.map(str::to_owned).to_vec()];
            (format!("{n}{}", texts.make_sheet_name()), [head, make_rows(texts, SHEET_ROWS, Texts::make_xml)].concat())
        })
        .collect();
    let sheets: Vec<(&str, Vec<Vec<String>>)> = sheets.iter().map(|(name, rows)| (&name[..], rows.clone())).collect();
    std::fs::write(dir.join("in-sheets").join("a.xlsx"), build_workbook(&sheets)).unwrap();
    settings
}

/// Writes a file of good records, each with a field of its own.
fn put_new_fields(site: &Site, file: &str, texts: &mut Texts) {
    let row = |n: usize| {
        let texts = ["王明明", "220102197501010110", "C-1", "题", "项目", "教师", "长春", "Z-1", "", "2015-03-01"]
            .map(str::to_owned);
        [texts.to_vec(), vec![format!("{file}{n}"), "36".to_owned()]].concat()
    };
    let rows: Vec<Vec<String>> = (0..20).map(row).collect();
    std::fs::write(site.house.dir.0.join(format!("in-items/{file}.json")), json_file(&rows, texts)).unwrap();
}

/// Writes files with odd names: good ones, ones that cannot be decoded, and ones that fit no pattern.
fn fill_names(folder: &Path, texts: &mut Texts) {
    for n in 0..FILES {
        let name = texts.make_name();
        let (ending, text) = match n % 3 {
            0 => ("csv", csv_file(&make_rows(texts, 1, Texts::make_any))),
            1 => ("csv", format!("{};b\n1;2\n", texts.make_name()).into_bytes()),
            _ => ("doc", vec![]),
        };
        std::fs::write(folder.join(format!("{n}{name}.{ending}")), text).unwrap();
    }
}

/// Returns the numbers of a listing's rows.
fn numbers(site: &Site, listing: &[&str], key: &str) -> Vec<String> {
    let out = site.run(&[listing, &["--limit", "3", "--json"]].concat());
    assert!(out.status.success(), "{listing:?}: {}", String::from_utf8_lossy(&out.stderr));
    let page: Value = serde_json::from_slice(&out.stdout).unwrap();
    items_of(page).as_array().unwrap().iter().map(|row| row[key].to_string()).collect()
}

/// Acts on dead letters and payloads for hostile reasons, which the audit log keeps.
fn act_with_reasons(site: &Site, texts: &mut Texts) {
    for (listing, key, act) in [
        (["dead-letters", "list"], "dead_letter", ["dead-letters", "discard"]),
        (["payloads", "list"], "payload", ["payloads", "dismiss"]),
    ] {
        for number in numbers(site, &listing, key) {
            let because = format!("a{}", texts.make_name());
            let args = [&act[..], &[&number, "--because", &because]].concat();
            let out = site.run(&args);
            assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
            check_output(&args, out);
        }
    }
}

/// Lists all commands that show what came in.
fn questions(site: &Site) -> Vec<Vec<String>> {
    let of = |words: &str| words.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let mut all: Vec<Vec<String>> = [
        "records list --limit 2000",
        "dead-letters list --limit 2000",
        "runs list",
        "files list texts --limit 500",
        "payloads list --all --limit 500",
        "batches list",
        "balance",
        "audit --limit 500",
        "doctor",
        "teachers totals",
        "courses list",
        "courses unknown",
        "identity status",
        "identity queue",
        "schools list",
        "schedules list",
        "sources list",
        "missing list",
        "decisions list",
        "cursors list",
        "connectors list",
        "verify",
        "replay list",
    ]
    .iter()
    .map(|words| of(words))
    .collect();
    for (listing, key, show) in [
        ("records list", "record", "records show"),
        ("dead-letters list", "dead_letter", "dead-letters show"),
        ("runs list", "run", "runs show"),
        ("payloads list", "payload", "payloads show"),
    ] {
        let listing: Vec<&str> = listing.split(' ').collect();
        let found = numbers(site, &listing, key);
        assert!(!found.is_empty(), "{listing:?}");
        all.extend(found.iter().map(|number| of(&format!("{show} {number}"))));
    }
    all.push(of("teachers explain 1 --raw"));
    for (id, file) in [("texts", "in-texts/a.csv"), ("items", "in-items/a.json"), ("sheets", "in-sheets/a.xlsx")] {
        let [folder, sample] = [format!("manifests/{id}"), file.to_owned()].map(|p| site.house.dir.0.join(p));
        let [folder, sample] = [folder, sample].map(|path| path.display().to_string());
        all.push(of(&format!("connectors preview {folder} --sample {sample} --all")));
        all.push(of(&format!("connectors infer {sample}")));
    }
    all
}

/// Collects the active characters of all texts in a value.
fn collect_active(value: &Value, into: &mut BTreeSet<char>) {
    match value {
        Value::String(text) => into.extend(text.chars().filter(|c| is_active(*c))),
        Value::Array(items) => items.iter().for_each(|item| collect_active(item, into)),
        Value::Object(fields) => fields.values().for_each(|item| collect_active(item, into)),
        _ => {}
    }
}

#[test]
fn ten_thousand_hostile_texts_reach_no_output_raw() {
    let mut texts = Texts::new(16);
    let platform = Platform::start(|_| Answer::json("{}"));
    let site = Site::new(&platform, &Says::default());
    let settings = fill_folders(&site, &mut texts);
    site.write_settings(&settings);
    assert!(texts.made >= 10_000, "{}", texts.made);
    for (source, log) in [("texts", "text"), ("items", "json"), ("sheets", "text")] {
        let mut command = site.command(&["sync", source]);
        command.env("HUILIU_LOG", "debug").env("HUILIU_LOG_FORMAT", log);
        check_output(&source, command.output().unwrap());
    }
    // Fields that no earlier record had are named in the log.
    for (file, log) in [("b", "text"), ("c", "json")] {
        put_new_fields(&site, file, &mut texts);
        let mut command = site.command(&["sync", "items"]);
        let told = check_output(&log, command.env("HUILIU_LOG_FORMAT", log).output().unwrap());
        assert!(told.contains("\\u{"), "{told}");
    }
    act_with_reasons(&site, &mut texts);
    let (mut shown_escaped, mut in_json) = (0, BTreeSet::new());
    for question in questions(&site) {
        let args: Vec<&str> = question.iter().map(String::as_str).collect();
        for (language, columns) in [("en", ""), ("zh_CN.UTF-8", "90")] {
            let mut command = site.command(&args);
            let out = command.env("HUILIU_LANG", language).env("COLUMNS", columns).output().unwrap();
            let shown = check_output(&args, out);
            // A fault may be found and told; a command that is not understood would show nothing.
            assert!(!shown.contains("--help"), "{args:?}: {shown}");
            shown_escaped += shown.matches("\\u{").count();
        }
        let out = site.run(&[&args[..], &["--json"]].concat());
        let shown = String::from_utf8(out.stdout.clone()).unwrap();
        check_output(&args, out);
        for line in shown.lines() {
            collect_active(&serde_json::from_str(line).unwrap(), &mut in_json);
        }
    }
    // The texts were there, escaped in words and with their values in JSON.
    assert!(shown_escaped > 20_000, "{shown_escaped}");
    let expected = ['\u{1b}', '\u{7f}', '\u{9b}', '\u{2028}', '\u{202e}', '\u{2066}'];
    assert!(expected.iter().all(|c| in_json.contains(c)), "{in_json:?}");
    // A line break in a text makes no line of a listing.
    for (listing, headings) in [("records", 1), ("dead-letters", 0)] {
        let listing = [listing, "list", "--limit", "2000"];
        let out = site.run(&[&listing[..], &["--json"]].concat());
        let rows = items_of(serde_json::from_slice(&out.stdout).unwrap()).as_array().unwrap().len();
        let shown = String::from_utf8(site.run(&listing).stdout).unwrap();
        // Reasons of dead letters are indented.
        let lines = shown.lines().filter(|line| headings == 1 || !line.starts_with(' ')).count();
        assert!(rows > 300 && lines == rows + headings, "{listing:?}: {rows} rows in {lines} lines");
    }
}

#[test]
fn arguments_are_told_inert() {
    let house = TestEnv::new(Services::Sqlite);
    assert!(house.run(&["migrate"]).status.success());
    let mut texts = Texts::new(17);
    for n in 0..60 {
        let text = &*texts.make_name();
        let calls: [&[&str]; 10] = [
            &["sync", text],
            &[text],
            &["records", "list", "--limit", text],
            &["records", "list", "--source", text],
            &["runs", "show", text],
            &["--config", text, "doctor"],
            &["connectors", "show", text],
            &["connectors", "check", text],
            &["connectors", "explain", text],
            &["--nothing", text],
        ];
        let args = calls[n % calls.len()];
        for more in [&[][..], &["--json"]] {
            for language in ["en", "zh_CN.UTF-8"] {
                let args = [args, more].concat();
                let out = house.command(&args).env("HUILIU_LANG", language).output().unwrap();
                check_output(&args, out);
            }
        }
    }
}

#[test]
fn the_words_of_a_platform_are_told_inert() {
    let asked = Arc::new(AtomicUsize::new(0));
    let texts = Arc::new(Mutex::new(Texts::new(18)));
    let counted = asked.clone();
    let platform = Platform::start(move |_| {
        let n = counted.fetch_add(1, Ordering::SeqCst);
        let mut texts = texts.lock().unwrap();
        let words: String = (0..20).map(|_| texts.make_any()).collect();
        match n % 4 {
            0 => Answer::json(json!({ "error": { "message": words } }).to_string()).with_status(404),
            1 => Answer::json(json!({ "errorcode": words, "message": words }).to_string()),
            2 => Answer::new(403, words),
            _ => Answer::json(json!({ "items": words }).to_string()),
        }
    });
    let site = Site::new(&platform, &Says { transport: HTTP, stream: JSON, map: "" });
    let mut told = 0;
    for log in ["text", "json"] {
        for language in ["en", "zh_CN.UTF-8"] {
            for _ in 0..4 {
                let mut command = site.command(&["sync", "--all"]);
                command.env("HUILIU_LANG", language).env("HUILIU_LOG", "debug").env("HUILIU_LOG_FORMAT", log);
                told += usize::from(check_output(&log, command.output().unwrap()).contains("\\u{"));
            }
        }
    }
    assert!(asked.load(Ordering::SeqCst) >= 16 && told >= 8, "{told}");
    for args in [&["runs", "list"][..], &["doctor"], &["runs", "show", "1"], &["runs", "show", "2"]] {
        for more in [&[][..], &["--json"]] {
            let args = [args, more].concat();
            check_output(&args, site.run(&args));
        }
    }
}

#[test]
fn ids_of_match_are_told_inert() {
    let house = TestEnv::new(Services::Sqlite);
    let mut texts = Texts::new(19);
    let mut table = csv::Writer::from_writer(vec![]);
    table.write_record(["id", "given", "family", "born"]).unwrap();
    for n in 0..200 {
        let id = format!("{n}{}", texts.make_any());
        table
            .write_record([&id[..], &format!("Ann{}", n / 2), "Miller", &format!("1971-03-{:02}", n / 2 % 28 + 1)])
            .unwrap();
    }
    let (config, file) = (house.dir.0.join("m.toml"), house.dir.0.join("a.csv"));
    std::fs::write(&file, table.into_inner().unwrap()).unwrap();
    std::fs::write(
        &config,
        "id = \"id\"\n[roles]\ngiven_name = \"given\"\nfamily_name = \"family\"\nbirth_date = \"born\"\n",
    )
    .unwrap();
    let args = ["match", "--config", config.to_str().unwrap(), file.to_str().unwrap()];
    let out = house.run(&args);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let shown = String::from_utf8(out.stdout).unwrap();
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines.len() > 50, "{shown}");
    // Tabs stand between cells, and nowhere else. A line about a cluster has as many as it has people.
    let pairs = lines.iter().filter(|line| !line.starts_with("cluster"));
    assert!(pairs.clone().count() > 20 && pairs.clone().all(|line| line.matches('\t').count() == 4), "{shown}");
    assert_inert(&args, &shown.replace('\t', " "));
    check_output(&args, house.run(&[&args[..], &["--json"]].concat()));
}

#[test]
fn a_line_of_the_log_on_a_terminal_is_inert() {
    let mut texts = Texts::new(20);
    let platform = Platform::start(|_| Answer::json("{}"));
    let site = Site::new(&platform, &Says::default());
    let settings = fill_folders(&site, &mut texts);
    site.write_settings(&settings);
    std::fs::remove_file(site.house.dir.0.join("in-items/a.json")).unwrap();
    put_new_fields(&site, "a", &mut texts);
    check_output(&"sync", site.run(&["sync", "items"]));
    put_new_fields(&site, "b", &mut texts);
    let mut command = site.command(&["sync", "items"]);
    command.env("HUILIU_LOG", "debug");
    let seen = shown_on_terminal(command);
    // Colours and the line of progress are the program's own.
    let own = |c: char| matches!(c, '\u{1b}' | '\r' | '\n');
    let raw: String = seen.chars().filter(|c| is_active(*c) && !own(*c)).collect();
    assert!(raw.is_empty() && seen.contains("\\u{"), "{raw:?} in {seen}");
}
