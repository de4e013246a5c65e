//! Writes a guess as the text of a manifest: a comment beside each line, and a question where nothing is certain.

use crate::infer::answers::{Answer, OpenQuestion};
use crate::infer::guess::{
    Evidence, FieldGuess, Guess, Key, Pass, Piece, Question, UnitGuess, UnmappedColumn, Version,
};
use crate::infer::layout::{Header, Layout, Paging, SuccessMark};
use crate::infer::marks::scale_ratio;
use huiliu_manifest::{Field, PassRule};

/// Requested number of records per page, if the platform is read page by page.
const PAGE_SIZE: u32 = 500;
/// Number of answers that the comment of a question shows.
const MAX_SHOWN_ANSWERS: usize = 3;
/// Markers that always end the records, although this sample has none of them.
const ALWAYS_ENDS: [&str; 1] = ["填表"];
/// Markers that are always skipped: records may follow such rows, and none must be lost.
const ALWAYS_SKIPPED: [&str; 2] = ["合计", "小计"];

/// Values of the manifest that are not guessed.
#[derive(Debug, Clone)]
pub struct Titles<'a> {
    /// The connector's id.
    pub id: &'a str,
    /// The sample's file name.
    pub sample: &'a str,
    /// The request that the sample was fetched with, if it came from a URL.
    pub request: Option<&'a RequestPath>,
}

/// A path and its query parameters, in clear text.
#[derive(Debug, Clone)]
pub struct RequestPath {
    /// Path below the platform's base URL.
    pub path: String,
    /// Names and values of the query parameters.
    pub query: Vec<(String, String)>,
}

/// Sentences for people, in the user's language.
#[allow(missing_docs, reason = "each is what its name says, in words")]
pub struct Wording<'a> {
    /// Lines at the top of the file.
    pub preface: String,
    pub evidence: &'a dyn Fn(&Evidence) -> String,
    pub question: &'a dyn Fn(&Question) -> String,
    /// A question with the lines that answer it.
    pub answered: &'a dyn Fn(&str, &str) -> String,
    /// A column that is not read, and what could be done with it.
    pub unread: &'a dyn Fn(&UnmappedColumn) -> String,
    /// Used for a sample that looks like an answer of an HTTP interface.
    pub over_http: String,
}

/// Writes the text of the manifest.
#[must_use]
pub fn write_manifest(guess: &Guess, titles: &Titles<'_>, words: &Wording<'_>) -> String {
    let mut lines: Vec<String> = words.preface.lines().map(|line| format!("# {line}")).collect();
    lines.push("manifest = 1".into());
    lines.push(format!("id = {}", quote_string(titles.id)));
    lines.push("version = 1".into());
    lines.push(format!("title_zh = {}", quote_string(titles.id)));
    lines.push(format!("title_en = {}", quote_string(titles.id)));
    let profile =
        format!("Guessed from one sample, {0}; not confirmed yet. 由样例 {0} 推断，尚未确认。", titles.sample);
    lines.push(format!("profile = {}", quote_string(&profile)));
    lines.push(String::new());
    lines.push("[transport]".into());
    write_transport(guess, titles, words, &mut lines);
    lines.push(String::new());
    lines.push("[[stream]]".into());
    write_stream(guess, titles, &mut lines);
    lines.push(String::new());
    lines.push("[stream.map]".into());
    write_map(guess, words, &mut lines);
    for column in &guess.others {
        lines.push(format!("# {}", to_one_line(&(words.unread)(column))));
    }
    for question in &guess.questions {
        lines.push(render_question(question, words));
    }
    lines.join("\n") + "\n"
}

pub(super) fn quote_string(text: &str) -> String {
    // A manifest is read and answered line by line, so a text never spans two. TOML has the escapes of JSON.
    serde_json::Value::String(text.to_owned()).to_string().replace('\u{7f}', "\\u007F")
}

/// Completes a manifest that lacks required fields by constants, so that its sample can be read. What a constant stands
/// for is not mapped.
#[must_use]
pub fn complete_manifest(manifest: &str, guess: &Guess) -> String {
    let mut lines = vec![manifest.trim_end().to_owned()];
    let mapping = manifest.split_once("[stream.map]").map_or("", |(_, mapping)| mapping);
    let maps = |field: &str| mapping.lines().any(|line| line.starts_with(&format!("{field} = ")));
    let mut add = |field: &str, line: String| {
        if !maps(field) {
            lines.push(format!("{field} = {line}"));
        }
    };
    let hours = guess
        .find_field(Field::Hours)
        .map_or("constant = \"1\"".to_owned(), |hours| format!("path = {}", quote_string(&hours.path)));
    add("hours", format!("{{ {hours}, unit = \"class_hour\" }}"));
    add("period_end", "{ constant = \"2020-01-01\" }".into());
    for field in ["name", "id_number", "course_code"] {
        add(field, "{ constant = \"-\" }".into());
    }
    lines.join("\n") + "\n"
}

/// Renders a question as a comment, with the lines that answer it.
#[must_use]
pub fn render_question(question: &OpenQuestion, words: &Wording<'_>) -> String {
    let lines = |answer: &Answer| -> Vec<String> {
        answer.lines.iter().filter(|line| !line.line.is_empty()).map(|line| line.line.clone()).collect()
    };
    let answers: Vec<String> = question.answers.iter().map(|answer| lines(answer).join("; ")).collect();
    let answers: Vec<String> = answers.into_iter().filter(|text| !text.is_empty()).take(MAX_SHOWN_ANSWERS).collect();
    let asked = (words.question)(&question.question);
    let text = if answers.is_empty() { asked } else { (words.answered)(&asked, &answers.join("  |  ")) };
    format!("# ? {}", to_one_line(&text))
}

fn quote_list<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let quoted: Vec<String> = texts.into_iter().map(quote_string).collect();
    format!("[{}]", quoted.join(", "))
}

/// Replaces control characters, so that a comment cannot break out of its line.
fn to_one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn write_transport(guess: &Guess, titles: &Titles<'_>, words: &Wording<'_>, lines: &mut Vec<String>) {
    if titles.request.is_some() {
        lines.push("kind = \"http\"".into());
        return;
    }
    lines.push("kind = \"files\"".into());
    lines.push(format!("names = {}", quote_list([file_pattern(titles.sample).as_str()])));
    if let Layout::Json { paging: Some(paging), .. } = &guess.layout {
        lines.push(format!("# ? {}", to_one_line(&words.over_http)));
        lines.push(format!("# ? page = {}", render_page(paging)));
    }
}

/// Returns a pattern for the sample's name and those of the files of other days.
fn file_pattern(name: &str) -> String {
    let (stem, end) = name.rsplit_once('.').map_or((name, String::new()), |(stem, end)| (stem, format!(".{end}")));
    let chars: Vec<char> = stem.chars().collect();
    let run = |at: usize| chars.iter().skip(at).take_while(|c| c.is_ascii_digit()).count();
    let first = (0..chars.len()).find(|at| run(*at) >= 4);
    let kept: String = chars.iter().take(first.unwrap_or(chars.len())).collect();
    format!("{kept}*{end}")
}

fn write_stream(guess: &Guess, titles: &Titles<'_>, lines: &mut Vec<String>) {
    let certified = guess.find_field(Field::CertificateNumber).is_some();
    lines.push("name = \"records\"".into());
    lines.push(format!("kind = \"{}\"", if certified { "certificate" } else { "course_completion" }));
    if let Some(request) = titles.request {
        lines.push(format!("request = {}", self::render_request(request)));
        if let Layout::Json { paging: Some(paging), .. } = &guess.layout {
            lines.push(format!("page = {}", render_page(paging)));
        }
    }
    lines.push(format!("format = {}", render_format(guess, titles.sample)));
    let Key { paths, unique } = &guess.record_key;
    let key = quote_list(paths.iter().map(String::as_str));
    let is_asked = guess.questions.iter().any(|open| matches!(open.question, Question::SharedKey { .. }));
    let doubt = if *unique || is_asked { "" } else { "  # ? not unique in the sample" };
    lines.push(format!("record_key = {key}{doubt}"));
    lines.push(match &guess.version {
        Version::Field { path } => format!("version = {{ from = \"field\", path = {} }}", quote_string(path)),
        Version::FileDate => "version = { from = \"file_date\" }".into(),
        Version::Landing => "version = { from = \"landing\" }".into(),
    });
    lines.push(format!("pass = {}", quote_string(pass_rule(guess).as_str())));
}

/// Returns the rule that decides that the teacher passed; without a sure sign it stays pending.
fn pass_rule(guess: &Guess) -> PassRule {
    match &guess.pass {
        Pass::Scores => PassRule::Scores,
        Pass::Words { words, .. } if levels_step(words).is_some() => PassRule::Result,
        Pass::Total { .. } => PassRule::Total,
        Pass::Words { .. } if guess.find_field(Field::ScoreTotal).is_some() => PassRule::Total,
        Pass::Words { .. } | Pass::Nothing => PassRule::Pending,
    }
}

/// Returns the step that maps words of a result, if all of them are known.
pub(super) fn levels_step(words: &[String]) -> Option<String> {
    let all = |known: &[&str]| words.iter().all(|word| known.contains(&word.trim().to_lowercase().as_str()));
    if all(&["优秀", "优", "良好", "良", "合格", "及格", "中", "不合格", "不及格", "差"]) {
        return Some("{ levels = \"grades\" }".into());
    }
    let (good, bad) = (
        ["合格", "及格", "通过", "是", "1", "true", "y", "yes"],
        ["不合格", "不及格", "未通过", "否", "0", "false", "n", "no"],
    );
    if all(&[good, bad].concat()) {
        return Some("{ levels = \"pass_fail\" }".into());
    }
    let becomes = |word: &String| {
        Some(match word.trim().to_lowercase().as_str() {
            "优秀" | "优" | "excellent" | "distinction" => "excellent",
            "pass" | "passed" | "合格" | "通过" | "已通过" | "qualified" | "良好" | "good" | "及格" | "p" | "merit"
            | "已合格" | "达标" | "已达标" | "结业" | "已结业" | "准予结业" | "√" | "✓" => "pass",
            "fail" | "failed" | "不合格" | "未通过" | "unqualified" | "不及格" | "f" | "未合格" | "未及格"
            | "不通过" | "不达标" | "未达标" | "没通过" | "未结业" | "不予结业" | "×" | "✗" => {
                "fail"
            }
            _ => return None,
        })
    };
    let pairs: Vec<String> = words
        .iter()
        .map(|word| Some(format!("{} = \"{}\"", quote_string(word), becomes(word)?)))
        .collect::<Option<_>>()?;
    Some(format!("{{ values = {{ values = {{ {} }} }} }}", pairs.join(", ")))
}

/// Renders a path with its query as a request.
fn render_request(asked: &RequestPath) -> String {
    let paging =
        ["page", "pageno", "pagenum", "pageindex", "size", "pagesize", "limit", "offset", "page_token", "page_size"];
    let own = asked.query.iter().filter(|(name, _)| !paging.contains(&name.to_lowercase().as_str()));
    let kept: Vec<String> = own
        .map(|(name, value)| format!("{} = {}", quote_string(name), quote_string(&value_or_secret(name, value))))
        .collect();
    match kept.is_empty() {
        true => quote_string(&asked.path),
        false => format!("{{ path = {}, query = {{ {} }} }}", quote_string(&asked.path), kept.join(", ")),
    }
}

/// Returns a query value, or a reference to a secret of the source if the name suggests one: manifests contain no
/// secrets.
fn value_or_secret(name: &str, value: &str) -> String {
    let small = name.to_lowercase();
    let secret = ["token", "key", "secret", "sign", "pass", "pwd", "auth", "ticket", "session", "credential", "sid"];
    match secret.iter().any(|word| small.contains(word)) {
        true => format!("${{secret.{}}}", small.replace(|c: char| !c.is_ascii_alphanumeric(), "_")),
        false => value.to_owned(),
    }
}

fn render_page(paging: &Paging) -> String {
    match paging {
        Paging::Token { next } => {
            format!("{{ by = \"token\", param = \"page_token\", next = {}, size = {PAGE_SIZE} }}", quote_string(next))
        }
        Paging::Link { next } => format!("{{ by = \"link\", next = {}, size = {PAGE_SIZE} }}", quote_string(next)),
        Paging::Number { page, size } => {
            let size_param =
                size.as_ref().map(|name| format!(", size_param = {}", quote_string(name))).unwrap_or_default();
            let page = quote_string(page.as_deref().unwrap_or("page"));
            format!("{{ by = \"number\", param = {page}{size_param}, size = {PAGE_SIZE} }}")
        }
    }
}

pub(super) fn render_format(guess: &Guess, sample: &str) -> String {
    let office = ["xls", "xlsx", "et"].iter().any(|end| sample.to_lowercase().ends_with(&format!(".{end}")));
    match &guess.layout {
        Layout::Json { items, verdict, encoding, .. } => {
            let items = if items.is_empty() { String::new() } else { format!(", items = {}", quote_string(items)) };
            let verdict = verdict.as_ref().map(|SuccessMark { path, value }| {
                format!(", ok_path = {}, ok_value = {}", quote_string(path), quote_string(value))
            });
            format!("{{ kind = \"json\"{items}{}{} }}", verdict.unwrap_or_default(), encoding_entry(encoding))
        }
        Layout::JsonLines { encoding } => format!("{{ kind = \"json_lines\"{} }}", encoding_entry(encoding)),
        Layout::Xml { root, item, encoding } => {
            let encoding = encoding_entry(encoding);
            format!("{{ kind = \"xml\", item = {}, root = {}{encoding} }}", quote_string(item), quote_string(root))
        }
        Layout::Workbook { sheets, header } => render_workbook(guess, sheets, header),
        Layout::Html { sheets, header, .. } => render_workbook(guess, sheets, header),
        // A text that a workbook's name hides is read as a sheet if its cells stand between tabs or commas.
        Layout::Delimited { delimiter: ',' | '\t', header, .. } if office => render_workbook(guess, "*", header),
        Layout::Delimited { encoding, delimiter, header } => {
            let encoding = declared_encoding(encoding);
            let separator = match delimiter {
                ',' => String::new(),
                '\t' => ", separator = \"tab\"".into(),
                other => format!(", separator = {}", quote_string(&other.to_string())),
            };
            format!(
                "{{ kind = \"csv\", encoding = {}{separator}, layout = {} }}",
                quote_string(encoding),
                render_layout(guess, header)
            )
        }
    }
}

/// Returns an encoding's name in manifests.
fn declared_encoding(encoding: &str) -> &str {
    if encoding.starts_with("utf-16") { "utf-16" } else { encoding }
}

fn encoding_entry(encoding: &str) -> String {
    if encoding == "utf-8" {
        String::new()
    } else {
        format!(", encoding = {}", quote_string(declared_encoding(encoding)))
    }
}

fn render_workbook(guess: &Guess, sheets: &str, header: &Header) -> String {
    let sheets = if sheets == "*" { String::new() } else { format!(", sheets = {}", quote_string(sheets)) };
    format!("{{ kind = \"workbook\"{sheets}, layout = {} }}", render_layout(guess, header))
}

/// Renders a layout; the header is found by names of required fields.
fn render_layout(guess: &Guess, header: &Header) -> String {
    let mut names: Vec<&str> = Vec::new();
    for field in [Field::IdNumber, Field::Name, Field::Hours, Field::PeriodEnd] {
        if let Some(path) = guess.find_field(field).map(|found| found.path.as_str())
            && !names.contains(&path)
        {
            names.push(path);
        }
    }
    names.truncate(3);
    let rows = if header.rows == 2 { ", header_rows = 2" } else { "" };
    let skipped = merge_markers(&header.skip_markers, &ALWAYS_SKIPPED);
    let ends = merge_markers(&header.end_markers, &ALWAYS_ENDS).into_iter().filter(|end| !skipped.contains(end));
    format!(
        "{{ header = {}{rows}, skip_markers = {}, end_markers = {} }}",
        quote_list(names),
        quote_list(skipped.clone()),
        quote_list(ends)
    )
}

/// Returns the markers found in the sample, then those that always apply.
fn merge_markers<'m>(met: &'m [String], always: &[&'m str]) -> Vec<&'m str> {
    let others = always.iter().copied().filter(|marker| !met.iter().any(|seen| seen == marker));
    met.iter().map(String::as_str).chain(others).collect()
}

fn write_map(guess: &Guess, words: &Wording<'_>, lines: &mut Vec<String>) {
    let used = pass_rule(guess);
    for field in &guess.fields {
        let why: Vec<String> = field.evidence.iter().map(|e| (words.evidence)(e)).collect();
        let comment = to_one_line(&format!("{} %: {}", field.confidence, why.join(", ")));
        let line = match field.field {
            "hours" => render_hours(field, guess.unit.as_ref()),
            "result" => render_result(guess, field, used),
            "score_total" if used != PassRule::Total => None,
            name => Some(format!("{name} = {}", render_field(field))),
        };
        lines.push(match line {
            Some(line) => format!("{line}  # {comment}"),
            None => format!("# ? {} = {}  # {comment}", field.field, quote_string(&field.path)),
        });
    }
}

fn render_field(field: &FieldGuess) -> String {
    let path = quote_string(&field.path);
    if let Some(other) = &field.joined {
        return format!("{{ join = {{ paths = {} }} }}", quote_list([field.path.as_str(), other]));
    }
    if let Some(full) = field.full_mark {
        let ratio = scale_ratio(full);
        return format!("{{ path = {path}, then = [{{ scale = {} }}] }}", quote_string(&ratio));
    }
    match &field.piece {
        None => path,
        Some(Piece { at, take }) => {
            format!(
                "{{ path = {path}, then = [{{ split = {{ at = {}, take = {take} }} }}, \"trim\"] }}",
                quote_string(at)
            )
        }
    }
}

fn render_hours(field: &FieldGuess, unit: Option<&UnitGuess>) -> Option<String> {
    let unit = unit?;
    let then = unit.suffix.as_ref().map(|s| format!(", then = [\"trim\", {{ strip_suffix = {} }}]", quote_string(s)));
    let word = unit.unit.as_str();
    let from = match &field.joined {
        Some(beside) => format!("join = {{ paths = {} }}", quote_list([field.path.as_str(), beside])),
        None => format!("path = {}", quote_string(&field.path)),
    };
    let stated = if unit.in_text { ", unit_in_text = true" } else { "" };
    Some(format!("hours = {{ {from}, unit = \"{word}\"{stated}{} }}", then.unwrap_or_default()))
}

fn render_result(guess: &Guess, field: &FieldGuess, used: PassRule) -> Option<String> {
    let Pass::Words { words, .. } = &guess.pass else { return None };
    let step = levels_step(words).filter(|_| used == PassRule::Result)?;
    Some(format!("result = {{ path = {}, then = [{step}] }}", quote_string(&field.path)))
}
