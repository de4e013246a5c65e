//! The recipes of docs/connectors.md: the manifest language accepts each, and those about files do what they say.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use rust_xlsxwriter::Workbook;
use serde_json::Value;

use super::{PAGES, code_blocks, made_up_person, read_page};
use crate::test_env::{Services, TestEnv};

/// Puts a recipe into a manifest of its kind: the template of workbooks, or that of JSON over HTTP.
fn complete_recipe(recipe: &toml::Table) -> toml::Table {
    let given = recipe.get("stream").map(first_table).unwrap_or_default();
    let transport = recipe.get("transport").and_then(toml::Value::as_table).cloned().unwrap_or_default();
    let over_http = transport.get("kind").and_then(toml::Value::as_str) == Some("http")
        || ["request", "page", "since", "each", "export"].iter().any(|key| given.contains_key(*key));
    let kind = if over_http { "http-json" } else { "xlsx" };
    let mut whole: toml::Table = read_page(&format!("app/templates/{kind}/manifest.toml")).parse().unwrap();
    let mut stream = first_table(&whole["stream"]);
    if given.contains_key("export") {
        stream.remove("request");
        stream.remove("page");
    }
    if given.contains_key("pass") {
        stream["map"].as_table_mut().unwrap().remove("result");
    }
    for (key, value) in given {
        match (key.as_str(), &value) {
            ("map", toml::Value::Table(fields)) => {
                stream["map"].as_table_mut().unwrap().extend(fields.clone());
            }
            _ => {
                stream.insert(key, value);
            }
        }
    }
    if !transport.is_empty() {
        whole.insert("transport".to_owned(), transport.into());
    }
    whole.insert("stream".to_owned(), vec![toml::Value::Table(stream)].into());
    whole
}

/// Returns the first of a list of tables, or the only one.
fn first_table(value: &toml::Value) -> toml::Table {
    let table = value.as_array().map_or(Some(value), |all| all.first());
    table.and_then(toml::Value::as_table).cloned().unwrap_or_default()
}

#[test]
fn every_recipe_is_taken_and_both_pages_have_the_same() {
    let house = TestEnv::new(Services::Sqlite);
    let recipes = PAGES.map(|page| {
        let tables = |text: &&str| text.parse::<toml::Table>().unwrap_or_else(|e| panic!("{page}: {text}: {e}"));
        code_blocks(&read_page(page), "toml").iter().map(tables).collect::<Vec<_>>()
    });
    assert!(recipes[0].len() >= 18);
    assert_eq!(recipes[0], recipes[1]);
    for recipe in &recipes[0] {
        let folder = house.dir.0.join("recipe");
        std::fs::create_dir_all(&folder).unwrap();
        let text = toml::to_string(&complete_recipe(recipe)).unwrap();
        std::fs::write(folder.join("manifest.toml"), &text).unwrap();
        let out = house.run(&["connectors", "check", folder.to_str().unwrap()]);
        assert!(out.status.success(), "{}{text}", String::from_utf8_lossy(&out.stderr));
    }
}

/// The columns of one sheet with something for every recipe, and its two rows; the second is voided.
const COLUMNS: [(&str, [&str; 2]); 8] = [
    ("学分", ["2", "2"]),
    ("学时", ["8", "8"]),
    ("课程编号", ["", ""]),
    ("课程名称", ["技术支持的课堂导入", "技术支持的课堂讲授"]),
    ("结业时间", ["2015年3月1日", "2015年3月1日"]),
    ("成绩", ["优秀", "合格"]),
    ("考核结果", ["合格", "合格"]),
    ("状态", ["正常", "作废"]),
];

/// Returns the sheet's cells, header first, in the form that the recipe is about.
fn sheet_cells(recipe: &str) -> Vec<Vec<String>> {
    let two = recipe.contains("header_rows = 2");
    let below = |name: &str| two && ["学时", "结业时间"].contains(&name);
    let called = |name: &str| match name {
        "姓名" if recipe.contains("学员姓名") => "学员姓名".to_owned(),
        "学时" if recipe.contains("认定学时") => "认定学时".to_owned(),
        _ => name.to_owned(),
    };
    let names: Vec<&str> = ["姓名", "身份证号"].into_iter().chain(COLUMNS.iter().map(|(name, _)| *name)).collect();
    let upper = |name: &&str| if below(name) { "培训情况".to_owned() } else { called(name) };
    let mut rows = vec![names.iter().map(upper).collect::<Vec<_>>()];
    if two {
        rows.push(names.iter().map(|name| if below(name) { (*name).to_owned() } else { String::new() }).collect());
    }
    for nth in 0..2 {
        let (name, id) = made_up_person(nth);
        let value = |(name, values): &(&str, [&str; 2])| match *name {
            "成绩" if recipe.contains("100/150") => "129".to_owned(),
            _ => values[nth].to_owned(),
        };
        rows.push([name, id].into_iter().chain(COLUMNS.iter().map(value)).collect());
    }
    rows
}

/// Writes a sample for a recipe about files: a workbook, or CSV in an archive.
fn write_sample(dir: &Path, recipe: &str) -> PathBuf {
    let rows = sheet_cells(recipe);
    if !recipe.contains("zip") {
        let (file, mut book) = (dir.join("样例.xlsx"), Workbook::new());
        let sheet = book.add_worksheet();
        for (row, cells) in (0..).zip(&rows) {
            for (column, cell) in (0..).zip(cells) {
                sheet.write(row, column, cell).unwrap();
            }
        }
        book.save(&file).unwrap();
        return file;
    }
    let file = dir.join("样例.zip");
    let text: String = rows.iter().map(|cells| format!("{}\r\n", cells.join(","))).collect();
    let mut archive = zip::ZipWriter::new(std::fs::File::create(&file).unwrap());
    archive.start_file("2015.csv", zip::write::SimpleFileOptions::default()).unwrap();
    archive.write_all(&encoding_rs::GB18030.encode(&text).0).unwrap();
    archive.finish().unwrap();
    file
}

/// Text in the recipe → the field of the first record that shows its effect, and the value there.
const RECIPE_EFFECTS: [(&str, &str, &str); 8] = [
    ("学分", "hours", "900"),
    ("header_rows = 2", "period_end", "2015年3月1日"),
    ("认定学时", "hours", "8"),
    ("gb18030", "name", "王芳"),
    ("状态", "hours", "8"),
    ("考核结果", "result", "pass"),
    ("100/150", "score_total", "86"),
    ("first_of", "course_code", "技术支持的课堂导入"),
];

#[test]
fn recipes_about_files_do_what_they_say() {
    let house = TestEnv::new(Services::Sqlite);
    let page = read_page(PAGES[0]);
    for (mark, field, text) in RECIPE_EFFECTS {
        let recipe = *code_blocks(&page, "toml").iter().find(|recipe| recipe.contains(mark)).expect(mark);
        let folder = house.dir.0.join(format!("at-work-{field}-{text}"));
        std::fs::create_dir_all(&folder).unwrap();
        let manifest = toml::to_string(&complete_recipe(&recipe.parse().unwrap())).unwrap();
        std::fs::write(folder.join("manifest.toml"), &manifest).unwrap();
        let (place, file) = (folder.to_str().unwrap(), write_sample(&folder, recipe));
        let shown = house.run_json(&["connectors", "preview", place, "--sample", file.to_str().unwrap(), "--json"]);
        let records = shown["records"].as_array().unwrap();
        let fields = records[0]["fields"].as_array().unwrap();
        let found = fields.iter().find(|f| f["field"] == field).map_or(&Value::Null, |f| &f["text"]);
        assert!(records[0]["outcome"] == "clean" && found == text, "{recipe}: {shown}");
        let second = if mark == "状态" { "withdrawn" } else { "clean" };
        assert_eq!(records[1]["outcome"], second, "{recipe}: {shown}");
    }
}
