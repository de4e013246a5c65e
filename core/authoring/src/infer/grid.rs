//! Reads rows of cells with a header somewhere among them: title lines above, signature lines below.

use std::collections::BTreeMap;

use crate::infer::layout::{Header, Layout};
use crate::infer::sniff::Text;
use crate::infer::table::{Column, MAX_COLUMNS, MAX_ROWS, Table, examined_part};
use crate::infer::{BrokenSample, InferError, SampleForm, content, names, unit};
use huiliu_decode::html;
use huiliu_decode::parts::Body;
use huiliu_decode::table::unwrap_formula_text;
use huiliu_values::text::is_invisible;

/// Number of rows searched for a header.
const MAX_HEADER_ROW: usize = 40;
/// Number of rows read from a sheet or text.
const ROWS_READ: usize = 5_000;
/// Words that begin a row of sums, between the records or below them.
const SUMS: &[&str] = &["合计", "总计", "共计", "小计", "本页", "统计"];
/// Words that begin the lines below the records.
const ENDS: &str = "填表 制表 填报 负责人 审核 经办 单位负责 主管 备注 注: 注： 说明 联系 单位( 单位（ 盖章 以上 打印 校长签 领导 报送 (以下 （以下 \
    以下空白";
/// Length of the marker, in characters, for a remark below the sums that begins with none of those words; long enough
/// that no record begins with it.
const REMARK_MARKER_CHARS: usize = 24;
/// Minimum of Han characters in a remark; longer than a name.
const MIN_REMARK_HAN: usize = 6;
/// What stands in a row of units beside the units.
const LABELS: &str = "分 单位 % / - — 年月日 年/月/日 年-月-日 yyyy-mm-dd 个 文本";
/// Number of texts outside the records that are kept, and their length in characters.
const MAX_NOTES: usize = 300;
const MAX_NOTE_CHARS: usize = 300;
/// Minimum of known names in a header.
const MIN_KNOWN_NAMES: usize = 2;

/// The cells of a sheet, an HTML table or a text.
#[derive(Debug, Default)]
pub(super) struct Grid {
    pub rows: Vec<Row>,
    /// Merged cells: first row, first column, last row, last column, counted from 0.
    pub merged: Vec<[u32; 4]>,
}

#[derive(Debug, Default)]
pub(super) struct Row {
    /// Row number from 1, as a spreadsheet shows it.
    pub number: u32,
    pub cells: Vec<Option<String>>,
}

/// Returns the tables of a text with separated cells.
pub(super) fn tables_of_text(text: &Text) -> Result<Vec<Table>, InferError> {
    let delimiter = detect_delimiter(&text.text);
    let separator = u8::try_from(delimiter).unwrap_or(b',');
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(text.text.as_bytes());
    let mut grid = Grid::default();
    for record in reader.records().take(ROWS_READ) {
        let record = record
            .map_err(|e| InferError::Broken { format: SampleForm::Csv, why: BrokenSample::from_parser_error(&e) })?;
        let number = record.position().map_or(0, |p| u32::try_from(p.line()).unwrap_or(u32::MAX));
        let cells = record.iter().take(MAX_COLUMNS).map(trimmed_text).collect();
        grid.rows.push(Row { number, cells });
    }
    let encoding = text.encoding.to_owned();
    let table = find_table(&grid, names_of_text, |header| Layout::Delimited { encoding, delimiter, header });
    Ok(table.into_iter().collect())
}

/// Returns the tables of a web page.
pub(super) fn tables_of_page(text: &Text) -> Vec<Table> {
    let pages = html::extract_tables(&text.text);
    let several = pages.len() > 1;
    let sheets = pages.into_iter().zip(1..).map(|(page, nth)| {
        let examined = |cell: Option<String>| cell.map(|text| examined_part(&text).to_owned());
        let row = |(cells, number): (Vec<Option<String>>, u32)| Row {
            number,
            cells: cells.into_iter().map(examined).collect(),
        };
        let rows = page.rows.into_iter().take(ROWS_READ).zip(1..).map(row).collect();
        let grid = Grid { rows, merged: page.merged };
        let encoding = text.encoding.to_owned();
        let name = if several { format!("table {nth}") } else { "*".to_owned() };
        let sheets = name.clone();
        Sheet::read(name, &grid, |header| Layout::Html { encoding, sheets, header })
    });
    merge_by_header(sheets.collect())
}

/// Returns the tables of an unpacked workbook's sheets.
pub(super) fn tables_of_workbook(unpacked: &str) -> Result<Vec<Table>, InferError> {
    let body = Body::Parts(unpacked.to_owned().into());
    let parts = body
        .split_parts()
        .map_err(|e| InferError::Broken { format: SampleForm::Workbook, why: BrokenSample::Unpacked(e) })?;
    let mut sheets = Vec::new();
    for part in parts {
        let rows = part.text.lines().take(ROWS_READ).filter_map(parse_sheet_row).collect();
        let name = part.head.sheet.as_deref().unwrap_or_default().to_owned();
        let grid = Grid { rows, merged: part.head.merged.clone() };
        let pattern = name.clone();
        sheets.push(Sheet::read(name, &grid, |header| Layout::Workbook { sheets: pattern, header }));
    }
    Ok(merge_by_header(sheets))
}

fn parse_sheet_row(line: &str) -> Option<Row> {
    let (number, json) = line.split_once('\t')?;
    let cells: Vec<serde_json::Value> = serde_json::from_str(json).ok()?;
    let text = |cell: &serde_json::Value| match cell {
        serde_json::Value::String(text) => trimmed_text(text),
        serde_json::Value::Number(number) => Some(number.to_string()),
        serde_json::Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    };
    Some(Row { number: number.parse().ok()?, cells: cells.iter().take(MAX_COLUMNS).map(text).collect() })
}

fn without_spaces(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !is_invisible(*c)).collect()
}

fn trimmed_text(text: &str) -> Option<String> {
    let text = unwrap_formula_text(text).trim();
    (!text.is_empty()).then(|| examined_part(text).to_owned())
}

/// A workbook's sheet.
struct Sheet {
    name: String,
    /// Its table, if it has a header.
    table: Option<Table>,
    /// Its texts, if it has none.
    notes: Vec<String>,
}

impl Sheet {
    fn read(name: String, grid: &Grid, layout: impl FnOnce(Header) -> Layout) -> Self {
        let table = find_table(grid, names_of_sheet, layout);
        let notes = if table.is_none() { list_notes(grid, 0, 0, &[]) } else { vec![] };
        Self { name, table, notes }
    }
}

/// Merges sheets with the same columns, in any order, into one table: that of the sheet with most records, under a pattern
/// that matches all of them and no sheet with another table. A sheet without a table, such as a cover, is left out by the
/// reader; the pattern matches none of them if it can.
fn merge_by_header(sheets: Vec<Sheet>) -> Vec<Table> {
    let others: Vec<String> =
        sheets.iter().filter(|sheet| sheet.table.is_none()).map(|sheet| sheet.name.clone()).collect();
    let mut groups: BTreeMap<Vec<String>, Vec<(String, Table)>> = BTreeMap::new();
    let notes: Vec<String> = sheets.iter().flat_map(|sheet| sheet.notes.clone()).collect();
    for Sheet { name, table, .. } in sheets {
        if let Some(mut table) = table {
            table.notes.extend(notes.iter().cloned());
            let mut header: Vec<String> = table.columns.iter().map(|c| c.path.clone()).collect();
            header.sort();
            groups.entry(header).or_default().push((name, table));
        }
    }
    let all: Vec<Vec<String>> = groups.values().map(|g| g.iter().map(|(name, _)| name.clone()).collect()).collect();
    let mut tables = Vec::new();
    for (at, group) in groups.into_values().enumerate() {
        let names: Vec<&str> = group.iter().map(|(name, _)| name.as_str()).collect();
        let foreign = all.iter().enumerate().filter(|(other, _)| *other != at).flat_map(|(_, names)| names);
        let mut pattern = sheet_pattern(&names, foreign.clone().chain(&others));
        if !names.iter().all(|of| huiliu_manifest::matches_name_pattern(&pattern, of)) {
            pattern = sheet_pattern(&names, foreign);
        }
        let is_read = |name: &str| huiliu_manifest::matches_name_pattern(&pattern, name.trim());
        let rows: usize = group.iter().filter(|(name, _)| is_read(name)).map(|(_, table)| table.rows).sum();
        let left_out = all.iter().flatten().filter(|name| !is_read(name)).cloned().collect();
        // The table must be one that the pattern matches.
        let best = (0..group.len()).max_by_key(|at| (is_read(&group[*at].0), group[*at].1.rows));
        let mut group: Vec<(String, Option<Table>)> =
            group.into_iter().map(|(name, table)| (name, Some(table))).collect();
        let best = best.and_then(|at| group.get_mut(at)?.1.take());
        if let Some(mut table) = best {
            let others = group.into_iter().filter(|(name, _)| is_read(name)).filter_map(|(_, table)| table);
            others.for_each(|other| table.append(other));
            table.rows_elsewhere = rows.saturating_sub(table.rows);
            table.left_out = left_out;
            if let Layout::Workbook { sheets, .. } | Layout::Html { sheets, .. } = &mut table.layout {
                *sheets = pattern;
            }
            tables.push(table);
        }
    }
    tables
}

/// Returns a pattern with one `*` that matches these names and none of the others; otherwise the first name.
fn sheet_pattern<'n>(names: &[&str], others: impl Iterator<Item = &'n String> + Clone) -> String {
    let first = names.first().copied().unwrap_or("*");
    if names.len() < 2 {
        // A class or year in the name will differ next time.
        let digits = first.find(|c: char| c.is_numeric() || "一二三四五六七八九十".contains(c));
        let stem = digits.map(|at| format!("{}*", first.get(..at).unwrap_or_default()));
        let free = |p: &String| !others.clone().any(|o| huiliu_manifest::matches_name_pattern(p, o));
        return if others.clone().next().is_none() { "*".into() } else { stem.filter(free).unwrap_or(first.into()) };
    }
    let common = |a: &str, b: &str| a.chars().zip(b.chars()).take_while(|(x, y)| x == y).count();
    let reversed = |text: &str| text.chars().rev().collect::<String>();
    let head = names.iter().map(|name| common(first, name)).min().unwrap_or(0);
    let tail = names.iter().map(|name| common(&reversed(first), &reversed(name))).min().unwrap_or(0);
    let shortest = names.iter().map(|name| name.chars().count()).min().unwrap_or(0);
    let tail = tail.min(shortest.saturating_sub(head));
    let begin: String = first.chars().take(head).collect();
    let end: String = first.chars().skip(first.chars().count() - tail).collect();
    let pattern = format!("{begin}*{end}");
    if others.clone().any(|other| huiliu_manifest::matches_name_pattern(&pattern, other)) {
        first.to_owned()
    } else {
        pattern
    }
}

/// Detects the separator of cells: the character that occurs equally often in the most lines.
fn detect_delimiter(text: &str) -> char {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(MAX_HEADER_ROW).collect();
    let agree = |delimiter: char| {
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for line in &lines {
            *counts.entry(line.matches(delimiter).count()).or_default() += 1;
        }
        counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, lines)| lines * count.min(3)).max().unwrap_or(0)
    };
    [',', '\t', ';', '|'].into_iter().rev().max_by_key(|d| agree(*d)).unwrap_or(',')
}

/// How the decoder of a format names a header's columns.
type Naming = fn(&Grid, usize, u8) -> Vec<Vec<String>>;

fn names_of_text(grid: &Grid, at: usize, rows: u8) -> Vec<Vec<String>> {
    // Text formats have one header row.
    if rows != 1 {
        return vec![];
    }
    let row = grid.rows.get(at).map(|row| row.cells.as_slice()).unwrap_or_default();
    // A line break within a cell is no part of its name.
    row.iter().map(|cell| cell.iter().map(|text| single_spaced(text)).collect()).collect()
}

fn single_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn names_of_sheet(grid: &Grid, at: usize, rows: u8) -> Vec<Vec<String>> {
    let texts = |row: &Row| -> Vec<String> {
        let text = |cell: &Option<String>| cell.as_deref().map(single_spaced).unwrap_or_default();
        row.cells.iter().map(text).collect()
    };
    let Some(row) = grid.rows.get(at) else { return vec![] };
    let mut upper = texts(row);
    if rows == 1 {
        return upper.into_iter().map(|name| Some(name).filter(|n| !n.is_empty()).into_iter().collect()).collect();
    }
    let Some(lower) = grid.rows.get(at + 1).filter(|lower| lower.number == row.number + 1) else { return vec![] };
    spread_merged(&mut upper, row.number, grid);
    let mut lower_texts = texts(lower);
    // A third row may be below a cell of the second that is merged: then its name is that of several columns.
    spread_merged(&mut lower_texts, lower.number, grid);
    let lower = lower_texts;
    let of = |names: &[String], at: usize| names.get(at).cloned().filter(|n| !n.is_empty());
    (0..upper.len().max(lower.len())).map(|at| of(&upper, at).into_iter().chain(of(&lower, at)).collect()).collect()
}

/// Copies the text of a merged cell into every column that it covers.
fn spread_merged(texts: &mut Vec<String>, row: u32, grid: &Grid) {
    for [_, left, _, right] in grid.merged.iter().filter(|[top, ..]| top.saturating_add(1) == row) {
        let (left, right) = (*left as usize, *right as usize);
        let Some(text) = texts.get(left).filter(|text| !text.is_empty() && right < MAX_COLUMNS).cloned() else {
            continue;
        };
        if texts.len() <= right {
            texts.resize(right + 1, String::new());
        }
        texts[left..=right].fill(text);
    }
}

/// Returns the table of a grid, if it has a header: the rows with the most known column names that have records below
/// them.
fn find_table(grid: &Grid, naming: Naming, layout: impl FnOnce(Header) -> Layout) -> Option<Table> {
    let mut best: Option<(usize, usize, u8)> = None;
    for at in 0..grid.rows.len().min(MAX_HEADER_ROW) {
        for rows in [1, 2] {
            let known = count_known_names(grid, &naming(grid, at, rows), at, rows);
            // A title above a single row of names looks like a header of two rows.
            let better = |(most, _, high): (usize, usize, u8)| known > most || (known == most && rows < high);
            if known >= MIN_KNOWN_NAMES && best.is_none_or(better) {
                best = Some((known, at, rows));
            }
        }
    }
    let (_, at, rows) = best?;
    let names = naming(grid, at, rows);
    let (mut records, mut header) = read_body(grid, at, rows, &names);
    let layered = if rows == 2 { find_third_row(grid, at, &records) } else { vec![] };
    if !layered.is_empty() {
        let first = records.remove(0);
        header.skip_markers.push(first_text(first));
    }
    if records.is_empty() {
        return None;
    }
    let units = take_unit_row(&mut records, &mut header);
    let notes = list_notes(grid, at, rows, &records);
    let mut table = build_table(&names, &records, layout(header));
    table.notes = notes;
    for (at, unit) in units.iter().flat_map(|row| row.cells.iter().enumerate()) {
        let column = place_of(&names, at).and_then(|place| table.columns.get_mut(place));
        if let (Some(unit), Some(leaf)) = (unit, column.and_then(|column| column.words.last_mut())) {
            // What stands below a name belongs to it, as in brackets behind it.
            leaf.push_str(&format!("({})", bare_unit(unit)));
        }
    }
    table.layered = layered.iter().filter_map(|at| place_of(&names, *at)).collect();
    Some(table)
}

/// Returns a text without brackets around it.
fn bare_unit(text: &str) -> &str {
    let text = text.trim();
    let inner = text.strip_prefix(['(', '（', '[']).and_then(|rest| rest.strip_suffix([')', '）', ']']));
    inner.unwrap_or(text).trim()
}

/// Takes the row of units out of the records, if the first of them is one: `(小时)` below 学时.
fn take_unit_row<'g>(records: &mut Vec<&'g Row>, header: &mut Header) -> Option<&'g Row> {
    let is_unit = |text: &String| unit::unit_of_word(bare_unit(text)).is_some();
    let is_label = |text: &String| {
        is_unit(text)
            || bare_unit(text).len() < text.trim().len()
            || LABELS.split_whitespace().any(|of| of == text.trim())
    };
    let is_row = |row: &Row| {
        let texts = || row.cells.iter().flatten();
        texts().all(is_label) && texts().any(|text| is_unit(text) || text.trim() == "分")
    };
    let first = records.first().copied().filter(|row| is_row(row) && records.len() > 1)?;
    records.remove(0);
    let marker = first_text(first);
    if !header.skip_markers.contains(&marker) {
        header.skip_markers.push(marker);
    }
    Some(first)
}

/// Returns the texts above, between and below the records.
fn list_notes(grid: &Grid, at: usize, rows: u8, records: &[&Row]) -> Vec<String> {
    let read: std::collections::HashSet<u32> = records.iter().map(|row| row.number).collect();
    let is_header = |index: &usize| (at..at + usize::from(rows)).contains(index);
    let others = grid.rows.iter().enumerate().filter(|(index, row)| !is_header(index) && !read.contains(&row.number));
    let texts = others.flat_map(|(_, row)| row.cells.iter().flatten());
    texts.take(MAX_NOTES).map(|text| text.chars().take(MAX_NOTE_CHARS).collect()).collect()
}

/// Returns the columns that have a text in a third row of the header: the first row below has only words, all of them
/// under cells that are merged over several columns, and the rows below it have other things there.
fn find_third_row(grid: &Grid, at: usize, records: &[&Row]) -> Vec<usize> {
    let Some(number) = grid.rows.get(at).map(|row| row.number) else { return vec![] };
    let [first, second, ..] = records else { return vec![] };
    if first.number != number.saturating_add(2) {
        return vec![];
    }
    let filled = |row: &Row| -> Vec<usize> { (0..row.cells.len()).filter(|at| row.cells[*at].is_some()).collect() };
    let words = filled(first);
    let is_word = |at: &usize| {
        let text = first.cells[*at].as_deref().unwrap_or_default();
        !content::is_datum(text) && text.chars().count() <= 12
    };
    let is_sparse = words.len() * 2 <= filled(second).len();
    // The second row of the header is merged over them.
    let merged = |at: &usize| {
        grid.merged.iter().any(|[top, left, _, right]| {
            *top == number && left < right && (*left as usize..=*right as usize).contains(at)
        })
    };
    if is_sparse && words.len() > 1 && words.iter().all(|at| is_word(at) && merged(at)) { words } else { vec![] }
}

/// Returns which of a table's columns stands at a place of the grid.
fn place_of(names: &[Vec<String>], at: usize) -> Option<usize> {
    names.get(at).filter(|name| !name.is_empty())?;
    Some(names.iter().take(at).filter(|name| !name.is_empty()).count())
}

/// Returns whether a cell is a completed form line such as `填报单位：长春市第一中学`; such lines are above a header.
fn is_filled_in(cell: &str) -> bool {
    cell.trim().split_once(['：', ':']).is_some_and(|(name, filled)| !name.is_empty() && !filled.trim().is_empty())
}

/// Counts the known names, if the rows look like a header.
fn count_known_names(grid: &Grid, names: &[Vec<String>], at: usize, rows: u8) -> usize {
    let mut cells = grid.rows.iter().skip(at).take(usize::from(rows)).flat_map(|row| row.cells.iter().flatten());
    let form = |row: &Row| row.cells.iter().flatten().any(|cell| is_filled_in(cell));
    if cells.any(|cell| content::is_datum(cell)) || (rows == 2 && grid.rows.get(at).is_some_and(form)) {
        return 0;
    }
    // A repeated name is a title over several columns, or a second header.
    let mut seen: Vec<&[String]> = Vec::new();
    for name in names.iter().filter(|name| !name.is_empty() && names::is_known(name)) {
        if !seen.contains(&name.as_slice()) {
            seen.push(name);
        }
    }
    seen.len()
}

/// The kind of a row below a header.
enum BodyRow {
    Record,
    /// A sum or a repeated header, with its first word.
    Between(String),
    /// A line for signatures or remarks, with its first word.
    Line(String),
}

fn first_text(row: &Row) -> String {
    row.cells.iter().flatten().next().map(|text| without_spaces(text)).unwrap_or_default()
}

/// Returns whether a row is a single text of several words. A number (as in a row left blank) or a word that a record
/// can begin with would end the table of another file too early.
fn is_remark(row: &Row) -> bool {
    row.cells.iter().flatten().count() == 1
        && first_text(row).chars().filter(|c| names::is_han(*c)).count() >= MIN_REMARK_HAN
}

/// Returns the marker of a remark. What is filled in behind a colon may be somebody's name, so it is no part of it.
fn remark_marker(text: &str) -> String {
    let label = text.split(['：', ':']).next().unwrap_or_default();
    let label = if label.chars().count() > 1 { label } else { text };
    label.chars().take(REMARK_MARKER_CHARS).collect()
}

fn classify_row(row: &Row, names: &[Vec<String>]) -> Option<BodyRow> {
    let width = names.iter().filter(|name| !name.is_empty()).count();
    let texts: Vec<String> = row.cells.iter().flatten().map(|text| without_spaces(text)).collect();
    let first = texts.first()?;
    let sparse = texts.len() * 2 <= width.max(4);
    let sum = SUMS.iter().find(|word| first.starts_with(**word));
    let line = ENDS.split_whitespace().find(|word| first.starts_with(word));
    let name = |at: usize| names.get(at).and_then(|name| name.last()).map(|name| without_spaces(name));
    let again = texts.len() > 1
        && row
            .cells
            .iter()
            .enumerate()
            .all(|(at, cell)| cell.as_ref().is_none_or(|c| name(at) == Some(without_spaces(c))));
    Some(match (sum, line) {
        _ if again => BodyRow::Between(first.clone()),
        (Some(word), _) if sparse => BodyRow::Between((*word).to_owned()),
        (_, Some(word)) if sparse => BodyRow::Line(word.to_owned()),
        _ => BodyRow::Record,
    })
}

/// Returns the records below a header of `rows` rows that starts at `at`, and the markers that begin rows below and
/// between them. Rows below a signature line are not records, unless full records follow: then the line is between
/// records, as sums are.
fn read_body<'g>(grid: &'g Grid, at: usize, rows: u8, names: &[Vec<String>]) -> (Vec<&'g Row>, Header) {
    let width = names.iter().filter(|name| !name.is_empty()).count();
    let full = |row: &&Row| row.cells.iter().flatten().count() * 2 > width.max(4);
    let is_record = |row: &Row| matches!(classify_row(row, names), Some(BodyRow::Record));
    let all = || grid.rows.iter().skip(at + usize::from(rows));
    let last = all().rfind(|row| full(row) && is_record(row)).map_or(0, |row| row.number);
    let mut header =
        Header { row: grid.rows.get(at).map_or(0, |row| row.number), rows, end_markers: vec![], skip_markers: vec![] };
    let (mut records, mut summed) = (Vec::new(), false);
    for row in all() {
        let Some(seen) = classify_row(row, names) else { continue };
        let (marker, to) = match seen {
            BodyRow::Between(word) => {
                summed = true;
                (word, &mut header.skip_markers)
            }
            BodyRow::Line(word) if row.number < last => (word, &mut header.skip_markers),
            BodyRow::Line(word) => (word, &mut header.end_markers),
            // A remark below the sums that begins with no known word.
            BodyRow::Record if summed && row.number > last && is_remark(row) && header.end_markers.is_empty() => {
                (remark_marker(&first_text(row)), &mut header.end_markers)
            }
            BodyRow::Record => {
                if records.len() < MAX_ROWS && header.end_markers.is_empty() {
                    records.push(row);
                }
                continue;
            }
        };
        if !to.contains(&marker) {
            to.push(marker);
        }
    }
    (records, header)
}

fn build_table(names: &[Vec<String>], records: &[&Row], layout: Layout) -> Table {
    // Spaces in a header are ignored.
    let paths: Vec<String> = names.iter().map(|name| without_spaces(&name.join("/"))).collect();
    let columns =
        names.iter().zip(&paths).enumerate().filter(|(_, (name, _))| !name.is_empty()).map(|(at, (name, path))| {
            let values = records.iter().map(|row| row.cells.get(at).cloned().flatten()).collect();
            let twin = paths.iter().filter(|other| *other == path).count() > 1;
            Column { path: path.clone(), words: name.clone(), values, twin }
        });
    let unnamed = names.iter().enumerate().filter(|(_, name)| name.concat().is_empty());
    let unnamed = unnamed.map(|(at, _)| records.iter().map(|row| row.cells.get(at).cloned().flatten()).collect());
    Table {
        layout,
        columns: columns.collect(),
        rows: records.len(),
        rows_elsewhere: 0,
        left_out: vec![],
        layered: vec![],
        notes: vec![],
        unnamed: unnamed.collect(),
    }
}
