//! Generated layouts: every row is counted once, and every record is read, parked or told. `HUILIU_LAYOUTS=200` makes that
//! many.

use std::collections::BTreeMap;

use rust_xlsxwriter::Workbook;
use serde_json::Value;

use super::layout_site;
use crate::extraction::folder::put_file;

/// Layouts in a run of all tests.
const LAYOUTS: u64 = 40;
/// The columns of a table, in the order of its first header.
const COLUMNS: [&str; 7] = ["id", "v", "name", "idno", "course", "hours", "end"];
const ANOTHER_ORDER: [&str; 7] = ["course", "end", "id", "hours", "v", "idno", "name"];

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn is_lucky(&mut self, percent: u64) -> bool {
        self.roll(100) < percent
    }
}

/// Rows of a sheet as they are written, and what they must be taken for.
#[derive(Default)]
struct Sheet {
    name: String,
    is_hidden: bool,
    rows: Vec<Vec<String>>,
    /// First and last row, and column, of merged cells.
    merged: Vec<(usize, usize, usize)>,
    records: u64,
    suspects: u64,
    /// Records in a sheet that is not read.
    likely: u64,
    /// Sum of the hours of the records.
    hours: u64,
}

/// Returns an ID number that nobody has, another one for each `n`.
fn id_number(n: u64) -> String {
    let body = format!("220102{}{:02}{:02}{:03}", 1950 + n % 45, 1 + n / 45 % 12, 1 + n / 540 % 28, n / 15_120 % 1_000);
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("{body}{}", b"10X98765432"[sum as usize % 11] as char)
}

impl Sheet {
    fn push(&mut self, cells: &[&str]) {
        self.rows.push(cells.iter().map(|cell| (*cell).to_owned()).collect());
    }

    /// Adds a record and returns its hours.
    fn push_record(&mut self, n: u64, columns: &[&str]) -> u64 {
        let hours = 1 + n % 7;
        let cell = |column: &&str| match *column {
            "id" => format!("R{n}"),
            "v" => "1".to_owned(),
            "name" => "王一".to_owned(),
            "idno" => id_number(n),
            // Some begin as markers do.
            "course" => ["合计算法", "小计算机", "课程标准", "备注"][n as usize % 4].to_owned(),
            "hours" => hours.to_string(),
            _ => "2014-09-11".to_owned(),
        };
        self.rows.push(columns.iter().map(cell).collect());
        hours
    }

    fn push_records(&mut self, dice: &mut Dice, next: &mut u64, columns: &[&str]) {
        for _ in 0..=dice.roll(5) {
            self.hours += self.push_record(*next, columns);
            self.records += 1;
            *next += 1;
            match dice.roll(8) {
                0 => self.push(&[]),
                1 => self.push(&["小计", "", "", "", "", "12"]),
                2 => self.push(&["", "", "小计:"]),
                _ => {}
            }
        }
    }

    /// A table with everything that offices put around it.
    fn fill(&mut self, dice: &mut Dice, next: &mut u64) {
        for _ in 0..dice.roll(4) {
            let title = ["教师培训登记表", "单位：某校", "", "填报日期 2014-09-30"][dice.roll(4) as usize];
            self.push(&[title]);
        }
        let mut columns = if dice.is_lucky(30) { ANOTHER_ORDER } else { COLUMNS };
        self.push(&columns);
        self.push_records(dice, next, &columns);
        while dice.is_lucky(40) {
            if dice.is_lucky(50) {
                columns = if columns == COLUMNS { ANOTHER_ORDER } else { COLUMNS };
            }
            self.push(&columns);
            self.push_records(dice, next, &columns);
        }
        if dice.is_lucky(20) {
            self.push(&["name", "hours", "v"]);
            self.push_suspects(dice, next, &columns);
        } else if dice.is_lucky(60) {
            self.push(&["合计", "", "", "", "", "99"]);
            self.push(&["填表人：李四", "", "", "审核人：赵五"]);
            if dice.is_lucky(40) {
                self.push(&[]);
                self.push(&["学校", "人数"]);
                self.push(&["某校", "12"]);
            }
            if dice.is_lucky(40) {
                self.push_suspects(dice, next, &columns);
            }
            if dice.is_lucky(30) {
                self.push(&columns);
                self.push_records(dice, next, &columns);
            }
        }
    }

    fn push_suspects(&mut self, dice: &mut Dice, next: &mut u64, columns: &[&str]) {
        for _ in 0..=dice.roll(3) {
            self.push_record(*next, columns);
            self.suspects += 1;
            *next += 1;
        }
    }

    /// The number of rows down to the last one with a text.
    fn row_count(&self) -> u64 {
        let is_filled = |row: &Vec<String>| row.iter().any(|cell| !cell.is_empty());
        self.rows.iter().rposition(is_filled).map_or(0, |last| last as u64 + 1)
    }
}

/// A generated file.
struct File {
    name: String,
    sheets: Vec<Sheet>,
}

fn make_file(nth: u64, dice: &mut Dice, next: &mut u64) -> File {
    let kind = ["csv", "html", "xlsx"][nth as usize % 3];
    let ending = if kind == "html" { "xls" } else { kind };
    let name = format!("{nth:04}.{ending}");
    let named = |name: &str| Sheet { name: name.to_owned(), ..Sheet::default() };
    let mut sheets = vec![named(if kind == "xlsx" { "数据1" } else { "" })];
    sheets[0].fill(dice, next);
    if kind == "html" && dice.is_lucky(50) {
        let mut other = named("");
        other.fill(dice, next);
        sheets.push(other);
    }
    if kind == "xlsx" {
        if dice.is_lucky(50) {
            let mut other = named("数据2");
            other.is_hidden = dice.is_lucky(50);
            other.fill(dice, next);
            sheets.push(other);
        }
        if dice.is_lucky(40) {
            let mut other = named("附表");
            other.is_hidden = dice.is_lucky(30);
            other.fill(dice, next);
            other.likely = other.records + other.suspects;
            sheets.insert(0, Sheet { records: 0, suspects: 0, hours: 0, ..other });
        }
        if dice.is_lucky(40) {
            let mut notes = named("数据说明");
            notes.push(&["填报说明"]);
            notes.push(&[]);
            notes.push(&["一", "按要求填写"]);
            sheets.push(notes);
        }
        sheets.push(named("Sheet9"));
        sheets.iter_mut().for_each(|sheet| merge_names(sheet, dice));
    }
    File { name, sheets }
}

/// Merges the names of two records below each other, which are the same.
fn merge_names(sheet: &mut Sheet, dice: &mut Dice) {
    let column = |row: &Vec<String>| row.iter().position(|cell| cell == "王一").filter(|_| row.len() == COLUMNS.len());
    let mut at = 0;
    while at + 1 < sheet.rows.len() {
        let columns = (column(&sheet.rows[at]), column(&sheet.rows[at + 1]));
        if let (Some(first), Some(second)) = columns
            && first == second
            && dice.is_lucky(30)
        {
            sheet.rows[at + 1][first].clear();
            sheet.merged.push((at, at + 1, first));
            at += 1;
        }
        at += 1;
    }
}

fn write_file(file: &File) -> Vec<u8> {
    if file.name.ends_with(".csv") {
        let line = |row: &Vec<String>| row.join(",") + "\n";
        return file.sheets[0].rows.iter().map(line).collect::<String>().into_bytes();
    }
    if file.name.ends_with(".xls") {
        let cell = |cell: &String| format!("<td>{cell}</td>");
        let row = |row: &Vec<String>| format!("<tr>{}</tr>", row.iter().map(cell).collect::<String>());
        let table = |sheet: &Sheet| format!("<table>{}</table>", sheet.rows.iter().map(row).collect::<String>());
        return format!("<html><body>{}</body></html>", file.sheets.iter().map(table).collect::<String>()).into_bytes();
    }
    let mut book = Workbook::new();
    for sheet in &file.sheets {
        let page = book.add_worksheet();
        page.set_name(&sheet.name).unwrap().set_hidden(sheet.is_hidden);
        for (row, cells) in (0..).zip(&sheet.rows) {
            for (column, text) in (0..).zip(cells).filter(|(_, text)| !text.is_empty()) {
                page.write_string(row, column, text).unwrap();
            }
        }
        for (top, bottom, column) in &sheet.merged {
            let at = |n: &usize| u32::try_from(*n).unwrap();
            let column = u16::try_from(*column).unwrap();
            let text = sheet.rows[*top][usize::from(column)].as_str();
            page.merge_range(at(top), column, at(bottom), column, text, &rust_xlsxwriter::Format::new()).unwrap();
        }
    }
    let first = file.sheets.iter().position(|sheet| !sheet.is_hidden).unwrap();
    book.worksheet_from_index(first).unwrap().set_active(true);
    book.save_to_buffer().unwrap()
}

fn of(table: &Value, name: &str) -> u64 {
    table[name].as_u64().unwrap()
}

fn check_table(file: &File, sheet: &Sheet, table: &Value) {
    let place = format!("{} {} {:?}: {table}", file.name, sheet.name, sheet.rows);
    let marked: u64 = table["marked"].as_object().into_iter().flatten().map(|(_, n)| n.as_u64().unwrap()).sum();
    let parts = ["titles", "headers", "records", "suspects", "blank", "below", "unread"];
    assert_eq!(parts.iter().map(|part| of(table, part)).sum::<u64>() + marked, of(table, "rows"), "{place}");
    assert_eq!(of(table, "rows"), sheet.row_count(), "{place}");
    assert_eq!(
        [of(table, "records"), of(table, "suspects"), of(table, "likely")],
        [sheet.records, sheet.suspects, sheet.likely],
        "{place}"
    );
    assert_eq!(table.get("hidden").is_some(), sheet.is_hidden, "{place}");
}

#[test]
fn rows_of_generated_layouts_are_counted_once_and_no_record_is_lost() {
    let many = std::env::var("HUILIU_LAYOUTS").ok().and_then(|text| text.parse().ok()).unwrap_or(LAYOUTS);
    let (mut dice, mut next) = (Dice(20_141_130), 0);
    let files: Vec<File> = (0..many).map(|nth| make_file(nth, &mut dice, &mut next)).collect();
    let layout =
        "layout = { header = [\"id\", \"name\", \"idno\"], end_markers = [\"合计\"], skip_markers = [\"小计\"] }";
    for (ending, format) in [
        ("*.csv", format!("{{ kind = \"csv\", {layout} }}")),
        ("*", format!("{{ kind = \"workbook\", sheets = \"数据*\", {layout} }}")),
    ] {
        let site = layout_site(ending, &format);
        let ours: Vec<&File> = files.iter().filter(|file| file.name.ends_with(".csv") == (ending == "*.csv")).collect();
        ours.iter().for_each(|file| put_file(&site, &file.name, write_file(file)));
        let out = site.run(&["sync", "a", "--json"]);
        let pass: Value = serde_json::from_slice(&out.stdout).unwrap();
        let sheets = || ours.iter().flat_map(|file| &file.sheets);
        let sum = |of: fn(&Sheet) -> u64| sheets().map(of).sum::<u64>();
        let (records, suspects, likely) = (sum(|s| s.records), sum(|s| s.suspects), sum(|s| s.likely));
        let balance = &pass["balance"];
        assert_eq!(
            [&balance["inserted"], &balance["parked"]].map(|n| n.as_u64().unwrap()),
            [records, suspects],
            "{pass}"
        );
        assert_eq!(of(&balance["layout"], "likely"), likely, "{pass}");
        assert_eq!(
            (balance["complete"].as_bool(), out.status.code()),
            (Some(likely == 0), Some(i32::from(likely > 0)))
        );
        let hours = site.house.run_sql("SELECT CAST(sum(raw_hours) AS INTEGER) FROM training_record");
        assert_eq!(u64::try_from(hours).unwrap(), sum(|s| s.hours), "no value is taken from another column");
        let shown = site.run_json(&["runs", "show", "1", "--json"]);
        let mut tables: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        for table in shown["layout"].as_array().unwrap() {
            tables.entry(table["payload"].as_str().unwrap()).or_default().push(table);
        }
        for file in ours {
            let found = &tables[file.name.as_str()];
            assert_eq!(found.len(), file.sheets.len(), "{}: {found:?}", file.name);
            file.sheets.iter().zip(found).for_each(|(sheet, table)| check_table(file, sheet, table));
        }
    }
}
