//! The forms of generated samples: workbooks, texts, web pages named as workbooks, and answers of interfaces.

use rust_xlsxwriter::{Format, Note, Workbook, Worksheet};
use serde_json::{Map, Value, json};

use super::{Dice, Fill, Sample};

/// A form of a sample.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    Workbook,
    TitledWorkbook,
    SchoolSheets,
    TwoRowHeader,
    Csv,
    Gb18030,
    TabText,
    SemicolonNamedXls,
    HtmlNamedXls,
    CsvWithFoot,
    JsonPage,
    JsonNested,
    JsonLines,
    Xml,
}

impl Form {
    pub const ALL: [Self; 14] = [
        Self::Workbook,
        Self::JsonPage,
        Self::Csv,
        Self::TitledWorkbook,
        Self::HtmlNamedXls,
        Self::SchoolSheets,
        Self::Xml,
        Self::Gb18030,
        Self::TwoRowHeader,
        Self::SemicolonNamedXls,
        Self::JsonLines,
        Self::CsvWithFoot,
        Self::JsonNested,
        Self::TabText,
    ];

    /// Whether it is an answer of an interface, with names of fields in Latin letters.
    pub fn is_interface(self) -> bool {
        matches!(self, Self::JsonPage | Self::JsonNested | Self::JsonLines | Self::Xml)
    }

    pub fn ending(self) -> &'static str {
        match self {
            Self::Workbook | Self::TitledWorkbook | Self::SchoolSheets | Self::TwoRowHeader => "xlsx",
            Self::Csv | Self::Gb18030 | Self::CsvWithFoot => "csv",
            Self::TabText => "txt",
            Self::SemicolonNamedXls | Self::HtmlNamedXls => "xls",
            Self::JsonPage | Self::JsonNested => "json",
            Self::JsonLines => "jsonl",
            Self::Xml => "xml",
        }
    }
}

/// Renders the sample's bytes.
pub fn render(sample: &Sample, dice: &mut Dice) -> Vec<u8> {
    match sample.form {
        Form::Workbook => workbook(sample, dice, 0),
        Form::TitledWorkbook => {
            let titles = 1 + dice.below(3);
            workbook(sample, dice, titles)
        }
        Form::SchoolSheets => school_sheets(sample, dice),
        Form::TwoRowHeader => two_row_header(sample),
        Form::Csv => format!("\u{FEFF}{}", delimited(sample, ",", 0)).into_bytes(),
        Form::Gb18030 => {
            let titles = dice.below(2);
            encoding_rs::GB18030.encode(&delimited(sample, ",", titles)).0.into_owned()
        }
        Form::TabText => delimited(sample, "\t", 0).into_bytes(),
        Form::SemicolonNamedXls => delimited(sample, ";", 0).into_bytes(),
        Form::CsvWithFoot => csv_with_foot(sample).into_bytes(),
        Form::HtmlNamedXls => html(sample, dice).into_bytes(),
        Form::JsonPage => json_page(sample, dice).into_bytes(),
        Form::JsonNested => json_nested(sample).into_bytes(),
        Form::JsonLines => objects(sample).iter().map(|object| format!("{object}\n")).collect::<String>().into_bytes(),
        Form::Xml => xml(sample).into_bytes(),
    }
}

fn title(sample: &Sample) -> String {
    format!("{}研修学时登记表 填报人：{} 电话{}", 2021, sample.others[0].name, sample.others[0].phone)
}

fn signature(sample: &Sample) -> String {
    format!("校长：{}　　经手：{}", sample.others[1].name, sample.others[2].name)
}

fn put_cell(sheet: &mut Worksheet, at: (u32, u16), text: &str, fill: Fill) {
    let is_number = matches!(fill, Fill::Number | Fill::Hours | Fill::PlannedHours | Fill::Score);
    match text.parse::<f64>() {
        Ok(number) if is_number => sheet.write_number(at.0, at.1, number).unwrap(),
        _ if text.is_empty() => sheet,
        _ => sheet.write_string(at.0, at.1, text).unwrap(),
    };
}

fn put_header(sheet: &mut Worksheet, sample: &Sample, at: u32) {
    for (x, column) in sample.columns.iter().enumerate() {
        sheet.write_string(at, x as u16, &column.header).unwrap();
    }
}

fn put_rows(sheet: &mut Worksheet, sample: &Sample, from: u32, rows: &[usize]) {
    for (y, row) in rows.iter().enumerate() {
        for (x, column) in sample.columns.iter().enumerate() {
            put_cell(sheet, (from + y as u32, x as u16), &sample.cell(*row, column.fill), column.fill);
        }
    }
}

fn workbook(sample: &Sample, dice: &mut Dice, titles: usize) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let wide = sample.columns.len() as u16 - 1;
    for at in 0..titles {
        let text = match at {
            0 => title(sample),
            1 => format!("说明：学时由{}核对，请勿删除本行", sample.others[3].name),
            _ => "填报单位（盖章）：                年   月   日".to_owned(),
        };
        sheet.merge_range(at as u32, 0, at as u32, wide, &text, &Format::new()).unwrap();
    }
    put_header(sheet, sample, titles as u32);
    let rows: Vec<usize> = (0..sample.rows.len()).collect();
    put_rows(sheet, sample, titles as u32 + 1, &rows);
    let end = (titles + 1 + rows.len()) as u32;
    if titles > 0 && dice.one_in(2) {
        sheet.write_string(end, 0, "合计").unwrap();
        sheet.write_string(end + 1, 0, signature(sample)).unwrap();
    }
    sheet.insert_note(titles as u32 + 1, 0, &Note::new(format!("已与{}核实", sample.others[2].name))).unwrap();
    book.save_to_buffer().unwrap()
}

/// One sheet per school, with a cover before them.
fn school_sheets(sample: &Sample, dice: &mut Dice) -> Vec<u8> {
    let mut book = Workbook::new();
    if dice.one_in(2) {
        let cover = book.add_worksheet().set_name("封面").unwrap();
        cover.write_string(2, 1, title(sample)).unwrap();
        cover.write_string(4, 1, format!("联系人 {} {}", sample.others[1].name, sample.others[1].id_number)).unwrap();
    }
    let all: Vec<usize> = (0..sample.rows.len()).collect();
    let sheets = 2 + dice.below(2);
    let names = ["南湖校区", "一中", "实验小学（本部）"];
    for (at, rows) in all.chunks(all.len().div_ceil(sheets)).enumerate() {
        let sheet = book.add_worksheet().set_name(names[at]).unwrap();
        put_header(sheet, sample, 0);
        put_rows(sheet, sample, 1, rows);
    }
    book.save_to_buffer().unwrap()
}

/// A header of two rows: the upper one groups the columns of hours, or all of them.
fn two_row_header(sample: &Sample) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let middle = Format::new();
    let of_training =
        |fill: Fill| matches!(fill, Fill::Course | Fill::Hours | Fill::PlannedHours | Fill::End | Fill::Start);
    let mut at = 0;
    while at < sample.columns.len() {
        let mut end = at;
        while end + 1 < sample.columns.len()
            && of_training(sample.columns[at].fill)
            && of_training(sample.columns[end + 1].fill)
        {
            end += 1;
        }
        if end > at {
            sheet.merge_range(0, at as u16, 0, end as u16, "培训情况", &middle).unwrap();
            for x in at..=end {
                sheet.write_string(1, x as u16, &sample.columns[x].header).unwrap();
            }
        } else {
            sheet.merge_range(0, at as u16, 1, at as u16, &sample.columns[at].header, &middle).unwrap();
        }
        at = end + 1;
    }
    let rows: Vec<usize> = (0..sample.rows.len()).collect();
    put_rows(sheet, sample, 2, &rows);
    book.save_to_buffer().unwrap()
}

fn quote(text: &str, separator: &str) -> String {
    if text.contains(separator) || text.contains(['\n', '"']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

fn line(cells: impl Iterator<Item = String>, separator: &str) -> String {
    cells.map(|cell| quote(&cell, separator)).collect::<Vec<_>>().join(separator) + "\r\n"
}

fn delimited(sample: &Sample, separator: &str, titles: usize) -> String {
    let mut text = String::new();
    if titles > 0 {
        text += &line([title(sample)].into_iter(), separator);
    }
    text += &line(sample.columns.iter().map(|column| column.header.clone()), separator);
    for row in 0..sample.rows.len() {
        text += &line(sample.columns.iter().map(|column| sample.cell(row, column.fill)), separator);
    }
    text
}

fn csv_with_foot(sample: &Sample) -> String {
    let empty = ",".repeat(sample.columns.len() - 1);
    format!("{}合计{empty}\r\n{}{empty}\r\n", delimited(sample, ",", 1), quote(&signature(sample), ","))
}

fn html(sample: &Sample, dice: &mut Dice) -> String {
    let mut text = String::from("<html><head><meta charset=\"utf-8\"></head><body>");
    if dice.one_in(2) {
        text += &format!("<table><tr><td>{}</td></tr></table>", title(sample));
    }
    text += "<table border=1><tr>";
    sample.columns.iter().for_each(|column| text += &format!("<th>{}</th>", column.header));
    text += "</tr>";
    for row in 0..sample.rows.len() {
        text += "<tr>";
        for column in &sample.columns {
            text += &format!("<td>{}</td>", sample.cell(row, column.fill));
        }
        text += "</tr>\n";
    }
    text + &format!("</table><!-- {} --></body></html>", signature(sample))
}

fn objects(sample: &Sample) -> Vec<Value> {
    (0..sample.rows.len())
        .map(|row| {
            let entries = sample.columns.iter().map(|column| {
                let text = sample.cell(row, column.fill);
                let number = matches!(column.fill, Fill::Number | Fill::Hours | Fill::PlannedHours | Fill::Score);
                let value = match text.parse::<i64>() {
                    Ok(n) if number => json!(n),
                    _ => json!(text),
                };
                (column.header.clone(), value)
            });
            Value::Object(entries.collect::<Map<_, _>>())
        })
        .collect()
}

fn json_page(sample: &Sample, dice: &mut Dice) -> String {
    let list = objects(sample);
    let operator = json!({"operator": sample.others[0].name, "contact": sample.others[0].phone});
    match dice.below(3) {
        0 => json!({"code": 0, "msg": "ok", "data": {"total": list.len(), "list": list}, "meta": operator}).to_string(),
        1 => json!({"success": true, "rows": list, "by": operator}).to_string(),
        _ => json!(list).to_string(),
    }
}

/// Person and training in objects of their own.
fn json_nested(sample: &Sample) -> String {
    json!({"status": "success", "result": {"pageNo": 1, "pageSize": 50, "records": objects(sample)}}).to_string()
}

fn xml(sample: &Sample) -> String {
    let mut text =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<export><by>{}</by><list>\n", sample.others[0].name);
    for row in 0..sample.rows.len() {
        text += "<record>";
        for column in &sample.columns {
            let tag = column.header.replace('*', "");
            text += &format!("<{tag}>{}</{tag}>", sample.cell(row, column.fill));
        }
        text += "</record>\n";
    }
    text + "</list></export>"
}
