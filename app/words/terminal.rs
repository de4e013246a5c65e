//! The only code that writes to standard output and standard error. What it writes is inert: characters that act on a
//! terminal are escaped here, whoever wrote the text.

use std::fmt::{self, Debug};
use std::io::{IsTerminal as _, Write};
use std::sync::OnceLock;

use huiliu_decode::id_mask::mask_id_numbers;
use huiliu_messages::{escape_json, escape_line, escape_lines, hide_url_credentials};
use huiliu_values::calendar::format_instant;
use tracing::field::Field;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::fmt::time::FormatTime;

use super::language;

static JSON_LOG: OnceLock<bool> = OnceLock::new();

/// Prints one line on standard output. Line breaks and tabs in it are escaped too, except that a line break before it leaves a
/// line blank. Ignores errors such as a closed pipe.
pub fn say(line: &str) {
    let line = line.strip_prefix('\n').map_or(line, |rest| {
        write_line(std::io::stdout(), "");
        rest
    });
    write_line(std::io::stdout(), &hide_url_credentials(&escape_line(line)));
}

/// Prints cells as one line on standard output, with tabs between them. A tab within a cell is escaped.
pub fn say_cells(cells: &[&str]) {
    let cells: Vec<_> = cells.iter().map(|cell| escape_line(cell)).collect();
    write_line(std::io::stdout(), &hide_url_credentials(&cells.join("\t")));
}

/// Prints a text of several lines on standard output. Only for texts whose line breaks are ours.
pub fn say_lines(text: &str) {
    write_line(std::io::stdout(), &hide_url_credentials(&escape_lines(text)));
}

/// Prints a document that programs read, such as a manifest: unchanged in a pipe or a file, escaped on a terminal.
pub fn say_document(text: &str) {
    if std::io::stdout().is_terminal() {
        say_lines(&text.replace("\r\n", "\n"));
    } else {
        write_line(std::io::stdout(), text);
    }
}

/// Prints the help of a command on standard output. Styles (`ESC [ … m`) stay, because clap writes them.
pub fn say_help(help: &str) {
    let mut parts = help.split("\u{1b}[");
    let mut inert = parts.next().map(escape_lines).unwrap_or_default().into_owned();
    for part in parts {
        let style = part.split_once('m').filter(|(style, _)| style.bytes().all(|b| b.is_ascii_digit() || b == b';'));
        let (style, rest) =
            style.map_or((r"\u{1b}[".to_owned(), part), |(style, rest)| (format!("\u{1b}[{style}m"), rest));
        inert.push_str(&style);
        inert.push_str(&escape_lines(rest));
    }
    write_line(std::io::stdout(), &inert);
}

/// Prints a value as one line of JSON. Active characters are escaped as `\u202e`, so the value stays the same.
pub fn say_json<T: serde::Serialize>(value: &T) {
    let json = serde_json::to_string(value).unwrap_or_default();
    write_line(std::io::stdout(), &hide_url_credentials(&escape_json(&json)));
}

/// Prints one line on standard error, as a JSON log entry if the log is JSON.
pub fn note(line: &str) {
    note_at("INFO", &escape_line(line));
}

/// Prints a text of several lines on standard error, as one JSON log entry if the log is JSON. Only for texts whose line
/// breaks are ours.
pub fn note_lines(text: &str) {
    note_at("INFO", &escape_lines(text));
}

/// Prints why the program ends on standard error, as a JSON log entry of level ERROR if the log is JSON. An error can
/// have several lines, such as all faults of a manifest.
pub fn note_error(text: &str) {
    note_at("ERROR", &escape_lines(text));
}

fn note_at(level: &str, inert: &str) {
    let inert = &discreet(inert);
    if JSON_LOG.get() == Some(&true) {
        let at = format_instant(chrono::Utc::now().timestamp_micros());
        note_json(&serde_json::json!({
            "timestamp": at, "level": level, "fields": { "message": inert }, "target": "huiliu"
        }));
    } else {
        write_line(std::io::stderr(), inert);
    }
}

/// Prints a value as one line of JSON on standard error.
pub fn note_json(value: &serde_json::Value) {
    write_line(std::io::stderr(), &escape_json(&discreet(&value.to_string())));
}

fn write_line(mut to: impl Write, line: &str) {
    let _ = writeln!(to, "{line}");
}

/// Returns a text as it may stand in a log or an error: without ID numbers, and without passwords in URLs.
fn discreet(text: &str) -> String {
    mask_id_numbers(&hide_url_credentials(text)).into_owned()
}

/// Starts the log on standard error, as text or as one JSON object per line. HUILIU_LOG is the filter; without it, the
/// log has warnings, and for a process that runs unattended also what it does.
pub fn begin_log(json: bool, runs_alone: bool) {
    let _ = JSON_LOG.set(json);
    huiliu_messages::set_log_language(language());
    let own = if runs_alone { "huiliu=info," } else { "" };
    let default = format!("warn,{own}apalis=off,apalis_core=off,sqlx=off");
    let filter = EnvFilter::try_from_env("HUILIU_LOG").unwrap_or_else(|_| default.into());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_timer(ShanghaiTime);
    if json {
        log.json().with_writer(|| JsonLog).with_span_list(false).init();
    } else {
        let fields = debug_fn(write_field).delimited(" ");
        log.with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal()).fmt_fields(fields).init();
    }
}

/// Writes one field of a line of the log.
fn write_field(writer: &mut Writer<'_>, field: &Field, value: &dyn Debug) -> fmt::Result {
    let text = discreet(&format!("{value:?}"));
    let inert = escape_line(&text);
    match field.name() {
        "message" => writer.write_str(&inert),
        name => write!(writer, "{name}={inert}"),
    }
}

/// Standard error for the log as JSON. The log writes each entry by one call.
struct JsonLog;

impl Write for JsonLog {
    fn write(&mut self, entry: &[u8]) -> std::io::Result<usize> {
        let text = discreet(&String::from_utf8_lossy(entry));
        writeln!(std::io::stderr(), "{}", escape_json(text.trim_end_matches('\n')))?;
        Ok(entry.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}

/// The clock of the log: Asia/Shanghai, as in every other output.
struct ShanghaiTime;

impl FormatTime for ShanghaiTime {
    fn format_time(&self, w: &mut Writer<'_>) -> fmt::Result {
        w.write_str(&format_instant(chrono::Utc::now().timestamp_micros()))
    }
}
