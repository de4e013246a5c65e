//! A guess as the text of a manifest: a comment beside each line, and a question where nothing is sure.

use crate::infer::guess::{Evidence, FieldGuess, Guess, Key, Pass, Piece, Question, UnitGuess, Version};
use crate::infer::layout::{Header, Layout, Paging};
use huiliu_manifest::{Field, PassRule};

/// Records per page that are asked for, where the platform is asked page by page.
const PAGE_SIZE: u32 = 500;
/// What ends the records of a table in any year, though this sample had none of it.
const ALWAYS_ENDS: [&str; 1] = ["填表"];
/// What stands between them, or below: what follows it may be records, and none of them must be lost.
const ALWAYS_SKIPPED: [&str; 2] = ["合计", "小计"];

/// What a manifest says beside what was guessed.
#[derive(Debug, Clone)]
pub struct Titles<'a> {
    /// The connector's id.
    pub id: &'a str,
    /// The sample's name.
    pub sample: &'a str,
    /// What was asked for it, if it came from a URL.
    pub request: Option<&'a Asked>,
}

/// A path and the parameters of its query, in clear text.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The path.
    pub path: String,
    /// The parameters.
    pub query: Vec<(String, String)>,
}

/// The words for people, in the language of whoever asked.
#[allow(missing_docs, reason = "each is what its name says, in words")]
pub struct Wording<'a> {
    /// Lines above everything.
    pub preface: String,
    pub evidence: &'a dyn Fn(&Evidence) -> String,
    pub question: &'a dyn Fn(&Question) -> String,
    /// For a sample that seems to be an answer of an interface.
    pub over_http: String,
}

/// The text of the manifest.
#[must_use]
pub fn manifest(guess: &Guess, titles: &Titles<'_>, words: &Wording<'_>) -> String {
    let mut lines: Vec<String> = words.preface.lines().map(|line| format!("# {line}")).collect();
    lines.push("manifest = 1".into());
    lines.push(format!("id = {}", quoted(titles.id)));
    lines.push("version = 1".into());
    lines.push(format!("title_zh = {}", quoted(titles.id)));
    lines.push(format!("title_en = {}", quoted(titles.id)));
    let profile = format!("Guessed from one sample, {}; confirmed by nobody yet.", titles.sample);
    lines.push(format!("profile = {}", quoted(&profile)));
    lines.push(String::new());
    lines.push("[transport]".into());
    transport(guess, titles, words, &mut lines);
    lines.push(String::new());
    lines.push("[[stream]]".into());
    stream(guess, titles, &mut lines);
    lines.push(String::new());
    lines.push("[stream.map]".into());
    map(guess, words, &mut lines);
    for question in &guess.questions {
        lines.push(format!("# ? {}", one_line(&(words.question)(question))));
    }
    lines.join("\n") + "\n"
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn list<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let quoted: Vec<String> = texts.into_iter().map(quoted).collect();
    format!("[{}]", quoted.join(", "))
}

/// Comments must not break out of their line.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn transport(guess: &Guess, titles: &Titles<'_>, words: &Wording<'_>, lines: &mut Vec<String>) {
    if titles.request.is_some() {
        lines.push("kind = \"http\"".into());
        return;
    }
    lines.push("kind = \"files\"".into());
    lines.push(format!("names = {}", list([pattern(titles.sample).as_str()])));
    if let Layout::Json { paging: Some(paging), .. } = &guess.layout {
        lines.push(format!("# ? {}", one_line(&words.over_http)));
        lines.push(format!("# ? page = {}", page(paging)));
    }
}

/// The name of the sample and of the files of other days.
fn pattern(name: &str) -> String {
    let (stem, end) = name.rsplit_once('.').map_or((name, String::new()), |(stem, end)| (stem, format!(".{end}")));
    let chars: Vec<char> = stem.chars().collect();
    let run = |at: usize| chars.iter().skip(at).take_while(|c| c.is_ascii_digit()).count();
    let first = (0..chars.len()).find(|at| run(*at) >= 4);
    let kept: String = chars.iter().take(first.unwrap_or(chars.len())).collect();
    format!("{kept}*{end}")
}

fn stream(guess: &Guess, titles: &Titles<'_>, lines: &mut Vec<String>) {
    let certified = guess.field(Field::CertificateNumber).is_some();
    lines.push("name = \"records\"".into());
    lines.push(format!("kind = \"{}\"", if certified { "certificate" } else { "course_completion" }));
    if let Some(request) = titles.request {
        lines.push(format!("request = {}", self::request(request)));
        if let Layout::Json { paging: Some(paging), .. } = &guess.layout {
            lines.push(format!("page = {}", page(paging)));
        }
    }
    lines.push(format!("format = {}", format(guess, titles.sample)));
    let Key { paths, unique } = &guess.record_key;
    let key = list(paths.iter().map(String::as_str));
    let doubt = if *unique { "" } else { "  # ? not unique in the sample" };
    lines.push(format!("record_key = {key}{doubt}"));
    lines.push(match &guess.version {
        Version::Field { path } => format!("version = {{ from = \"field\", path = {} }}", quoted(path)),
        Version::FileDate => "version = { from = \"file_date\" }".into(),
        Version::Landing => "version = { from = \"landing\" }".into(),
    });
    lines.push(format!("pass = {}", quoted(pass(guess).as_str())));
}

/// What decides that the teacher passed; nothing is decided by a guess.
fn pass(guess: &Guess) -> PassRule {
    match &guess.pass {
        Pass::Scores => PassRule::Scores,
        Pass::Words { words, .. } if levels(words).is_some() => PassRule::Result,
        Pass::Total { .. } => PassRule::Total,
        Pass::Words { .. } if guess.field(Field::ScoreTotal).is_some() => PassRule::Total,
        Pass::Words { .. } | Pass::Nothing => PassRule::Pending,
    }
}

/// The step by which words of a result become ours, if all of them are known.
fn levels(words: &[String]) -> Option<String> {
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
            "pass" | "passed" | "合格" | "通过" | "已通过" | "qualified" | "良好" | "good" | "及格" | "p" | "merit" => {
                "pass"
            }
            "fail" | "failed" | "不合格" | "未通过" | "unqualified" | "不及格" | "f" => "fail",
            _ => return None,
        })
    };
    let pairs: Vec<String> =
        words.iter().map(|word| Some(format!("{} = \"{}\"", quoted(word), becomes(word)?))).collect::<Option<_>>()?;
    Some(format!("{{ values = {{ values = {{ {} }} }} }}", pairs.join(", ")))
}

/// A path with its query, as a request.
fn request(asked: &Asked) -> String {
    let paging =
        ["page", "pageno", "pagenum", "pageindex", "size", "pagesize", "limit", "offset", "page_token", "page_size"];
    let own = asked.query.iter().filter(|(name, _)| !paging.contains(&name.to_lowercase().as_str()));
    let kept: Vec<String> =
        own.map(|(name, value)| format!("{} = {}", quoted(name), quoted(&unless_secret(name, value)))).collect();
    match kept.is_empty() {
        true => quoted(&asked.path),
        false => format!("{{ path = {}, query = {{ {} }} }}", quoted(&asked.path), kept.join(", ")),
    }
}

/// A value of a query, or where a secret of the source goes: a manifest holds none.
fn unless_secret(name: &str, value: &str) -> String {
    let small = name.to_lowercase();
    let secret = ["token", "key", "secret", "sign", "pass", "pwd", "auth", "ticket", "session", "credential", "sid"];
    match secret.iter().any(|word| small.contains(word)) {
        true => format!("${{secret.{}}}", small.replace(|c: char| !c.is_ascii_alphanumeric(), "_")),
        false => value.to_owned(),
    }
}

fn page(paging: &Paging) -> String {
    match paging {
        Paging::Token { next } => {
            format!("{{ by = \"token\", param = \"page_token\", next = {}, size = {PAGE_SIZE} }}", quoted(next))
        }
        Paging::Link { next } => format!("{{ by = \"link\", next = {}, size = {PAGE_SIZE} }}", quoted(next)),
        Paging::Number { page, size } => {
            let size_param = size.as_ref().map(|name| format!(", size_param = {}", quoted(name))).unwrap_or_default();
            let page = quoted(page.as_deref().unwrap_or("page"));
            format!("{{ by = \"number\", param = {page}{size_param}, size = {PAGE_SIZE} }}")
        }
    }
}

fn format(guess: &Guess, sample: &str) -> String {
    let office = ["xls", "xlsx", "et"].iter().any(|end| sample.to_lowercase().ends_with(&format!(".{end}")));
    match &guess.layout {
        Layout::Json { items, verdict, encoding, .. } => {
            let items = if items.is_empty() { String::new() } else { format!(", items = {}", quoted(items)) };
            let verdict = verdict
                .as_ref()
                .map(|(path, value)| format!(", ok_path = {}, ok_value = {}", quoted(path), quoted(value)));
            format!("{{ kind = \"json\"{items}{}{} }}", verdict.unwrap_or_default(), other_than_utf8(encoding))
        }
        Layout::JsonLines { encoding } => format!("{{ kind = \"json_lines\"{} }}", other_than_utf8(encoding)),
        Layout::Xml { root, item, encoding } => {
            let encoding = other_than_utf8(encoding);
            format!("{{ kind = \"xml\", item = {}, root = {}{encoding} }}", quoted(item), quoted(root))
        }
        Layout::Workbook { sheets, header } => workbook(guess, sheets, header),
        Layout::Html { sheets, header, .. } => workbook(guess, sheets, header),
        Layout::Delimited { header, .. } if office => workbook(guess, "*", header),
        Layout::Delimited { encoding, delimiter, header } => {
            let encoding = declared(encoding);
            let separator = match delimiter {
                ',' => String::new(),
                '\t' => ", separator = \"tab\"".into(),
                other => format!(", separator = {}", quoted(&other.to_string())),
            };
            format!(
                "{{ kind = \"csv\", encoding = {}{separator}, layout = {} }}",
                quoted(encoding),
                layout(guess, header)
            )
        }
    }
}

/// An encoding as manifests call it.
fn declared(encoding: &str) -> &str {
    if encoding.starts_with("utf-16") { "utf-16" } else { encoding }
}

fn other_than_utf8(encoding: &str) -> String {
    if encoding == "utf-8" { String::new() } else { format!(", encoding = {}", quoted(declared(encoding))) }
}

fn workbook(guess: &Guess, sheets: &str, header: &Header) -> String {
    let sheets = if sheets == "*" { String::new() } else { format!(", sheets = {}", quoted(sheets)) };
    format!("{{ kind = \"workbook\"{sheets}, layout = {} }}", layout(guess, header))
}

/// The header is found by what every record needs.
fn layout(guess: &Guess, header: &Header) -> String {
    let mut names: Vec<&str> = Vec::new();
    for field in [Field::IdNumber, Field::Name, Field::Hours, Field::PeriodEnd] {
        if let Some(path) = guess.field(field).map(|found| found.path.as_str())
            && !names.contains(&path)
        {
            names.push(path);
        }
    }
    names.truncate(3);
    let rows = if header.rows == 2 { ", header_rows = 2" } else { "" };
    let skipped = with(&header.skip_markers, &ALWAYS_SKIPPED);
    let ends = with(&header.end_markers, &ALWAYS_ENDS).into_iter().filter(|end| !skipped.contains(end));
    format!(
        "{{ header = {}{rows}, skip_markers = {}, end_markers = {} }}",
        list(names),
        list(skipped.clone()),
        list(ends)
    )
}

/// The markers that were met, and these.
fn with<'m>(met: &'m [String], always: &[&'m str]) -> Vec<&'m str> {
    let others = always.iter().copied().filter(|marker| !met.iter().any(|seen| seen == marker));
    met.iter().map(String::as_str).chain(others).collect()
}

fn map(guess: &Guess, words: &Wording<'_>, lines: &mut Vec<String>) {
    let used = pass(guess);
    for field in &guess.fields {
        let why: Vec<String> = field.evidence.iter().map(|e| (words.evidence)(e)).collect();
        let comment = one_line(&format!("{} %: {}", field.confidence, why.join(", ")));
        let line = match field.field {
            "hours" => hours(field, guess.unit.as_ref()),
            "result" => result(guess, field, used),
            "score_total" if used != PassRule::Total => None,
            name => Some(format!("{name} = {}", whole_or_piece(field))),
        };
        lines.push(match line {
            Some(line) => format!("{line}  # {comment}"),
            None => format!("# ? {} = {}  # {comment}", field.field, quoted(&field.path)),
        });
    }
}

fn whole_or_piece(field: &FieldGuess) -> String {
    let path = quoted(&field.path);
    if let Some(other) = &field.joined {
        return format!("{{ join = {{ paths = {} }} }}", list([field.path.as_str(), other]));
    }
    if let Some(full) = field.full_mark {
        let ratio = if full == 1 { "100".to_owned() } else { format!("100/{full}") };
        return format!("{{ path = {path}, then = [{{ scale = {} }}] }}", quoted(&ratio));
    }
    match &field.piece {
        None => path,
        Some(Piece { at, take }) => {
            format!("{{ path = {path}, then = [{{ split = {{ at = {}, take = {take} }} }}, \"trim\"] }}", quoted(at))
        }
    }
}

fn hours(field: &FieldGuess, unit: Option<&UnitGuess>) -> Option<String> {
    let unit = unit?;
    let then = unit.suffix.as_ref().map(|s| format!(", then = [\"trim\", {{ strip_suffix = {} }}]", quoted(s)));
    let (path, word) = (quoted(&field.path), unit.unit.as_str());
    Some(format!("hours = {{ path = {path}, unit = \"{word}\"{} }}", then.unwrap_or_default()))
}

fn result(guess: &Guess, field: &FieldGuess, used: PassRule) -> Option<String> {
    let Pass::Words { words, .. } = &guess.pass else { return None };
    let step = levels(words).filter(|_| used == PassRule::Result)?;
    Some(format!("result = {{ path = {}, then = [{step}] }}", quoted(&field.path)))
}
