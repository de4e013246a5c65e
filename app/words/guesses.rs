//! Texts for guesses about a sample: why a column was chosen for a field, and which questions only a person can answer.

use huiliu_authoring::infer::{Evidence, Layout, Pass, Question, UnmappedColumn, Version};
use huiliu_manifest::Unit;

use super::{is_chinese, label, sentence};

/// Explains why a column was chosen for a field.
pub fn evidence_text(of: &Evidence) -> String {
    match of {
        Evidence::Named { word } => sentence!("cli-words-guesses-named", word),
        Evidence::NamedLike { word } => sentence!("cli-words-guesses-name", word),
        Evidence::Initials { word } => sentence!("cli-words-guesses-pinyin-initials", word),
        Evidence::CheckDigits { percent } => sentence!("cli-words-guesses-right-check-digit", percent),
        Evidence::Range { low, high } => sentence!("cli-words-guesses-numbers-from", low, high),
        Evidence::Rival { path } => sentence!("cli-words-guesses-but-could-meant-too", path),
        Evidence::FewRecords { records } => sentence!("cli-words-guesses-only-record", records),
        Evidence::OutOf { full } => sentence!("cli-words-guesses-out-points", full),
        Evidence::WithGivenName { path } => sentence!("cli-words-guesses-given-name-stands", path),
        Evidence::Gaps { percent } => sentence!("cli-words-guesses-empty", percent),
        plain => plain_evidence_label(plain).to_owned(),
    }
}

fn plain_evidence_label(of: &Evidence) -> &'static str {
    match of {
        Evidence::Dates => label("cli-words-guesses-dates"),
        Evidence::MonthsOnly => label("cli-words-guesses-months-without-day"),
        Evidence::People => label("cli-words-guesses-names-people"),
        Evidence::OnePerPerson => label("cli-words-guesses-one-name-per-id-number"),
        Evidence::Unique => label("cli-words-guesses-each-stands-once"),
        Evidence::OnlyOne => label("cli-words-guesses-only-such-column"),
        Evidence::Codes => label("cli-words-guesses-codes"),
        Evidence::Titles => label("cli-words-guesses-titles-come-again"),
        Evidence::Words => label("cli-words-guesses-words-field"),
        Evidence::ResultWords => label("cli-words-guesses-words-result"),
        Evidence::Paired => label("cli-words-guesses-goes-code-title-one-one"),
        Evidence::SchoolCodes => label("cli-words-guesses-school-codes"),
        Evidence::Phones => label("cli-words-guesses-phone-numbers"),
        Evidence::Births => label("cli-words-guesses-birth-dates-id-numbers"),
        Evidence::Running => label("cli-words-guesses-1-2-3"),
        Evidence::Numbers => label("cli-words-guesses-numbers"),
        Evidence::Periods => label("cli-words-guesses-first-last-day-one-cell"),
        Evidence::Durations => label("cli-words-guesses-hours-minutes-seconds"),
        Evidence::InOrder => label("cli-words-guesses-first-days-before-last-days"),
        Evidence::Reversed => label("cli-words-guesses-first-days-after-last-days"),
        Evidence::UnitInValues => label("cli-words-guesses-numbers-their-unit"),
        Evidence::TitleAsCode => label("cli-words-guesses-there-code-so-title-serves"),
        _ => "",
    }
}

/// Lists names as a sentence does.
fn list_names(names: &[String]) -> String {
    names.join(if is_chinese() { "、" } else { ", " })
}

/// Renders a question that only a person can answer.
pub fn question_text(of: &Question) -> String {
    match of {
        Question::Missing { field } => {
            sentence!("cli-words-guesses-which-column-none-surely", field)
        }
        Question::Unsure { field, path, confidence } => {
            sentence!("cli-words-guesses-is-the", path, field, confidence)
        }
        Question::Rival { field, path, other } => {
            sentence!("cli-words-guesses-read-from", field, path, other)
        }
        Question::Unit { path } => sentence!("cli-words-guesses-which-unit-minute-class-hour", path),
        Question::UnitNote { path, note } => sentence!("cli-words-guesses-unit-note", path, note),
        Question::OtherHours { paths } => sentence!("cli-words-guesses-other-hours", columns = list_names(paths)),
        Question::Product { paths } => sentence!("cli-words-guesses-product", columns = paths.join(" × ")),
        Question::Sum { paths } => sentence!("cli-words-guesses-sum", columns = paths.join(" + ")),
        Question::Withdrawn { path, words } => {
            sentence!("cli-words-guesses-withdrawn", path, words = list_names(words))
        }
        Question::PassMark { note } => sentence!("cli-words-guesses-pass-mark", note),
        Question::Scales { path, low, high } => sentence!("cli-words-guesses-scales", path, low, high),
        Question::Adjusted { path, other, seen } => {
            sentence!("cli-words-guesses-adjusted", path, other, seen = seen.join(" | "))
        }
        Question::Legend { path, note } => sentence!("cli-words-guesses-legend", path, note),
        Question::Blank { field, path, other } => sentence!("cli-words-guesses-blank", field, path, other),
        Question::SharedCode { path, title } => sentence!("cli-words-guesses-shared-code", path, title),
        Question::SharedKey { paths, others } => {
            sentence!("cli-words-guesses-shared-key", key = list_names(paths), columns = list_names(others))
        }
        Question::Lists { lists } => sentence!("cli-words-guesses-lists", lists = list_names(lists)),
        Question::Period { path } => sentence!("cli-words-guesses-first-last-day-one-cell-2", path),
        Question::BadIds { path } => sentence!("cli-words-guesses-id-numbers-masked-rounded-wrong", path),
        Question::MonthsOnly { path } => {
            sentence!("cli-words-guesses-names-day-month-ask-whole", path)
        }
        Question::Durations { path } => {
            sentence!("cli-words-guesses-written-hours-minutes-seconds-ask", path)
        }
        Question::Twin { path } => {
            sentence!("cli-words-guesses-two-columns-named-give-one", path)
        }
        Question::FullMark { path, full, exact: true } => {
            sentence!("cli-words-guesses-out-points-scaled-if-were", path, full)
        }
        Question::FullMark { path, full, exact: false } => {
            sentence!("cli-words-guesses-out-points-which-cannot-told", path, full)
        }
        Question::Odd { field, path, odd, .. } => {
            sentence!("cli-words-guesses-odd", field, path, odd = odd.join(" | "))
        }
        Question::Units { path, odd } => {
            sentence!("cli-words-guesses-several-units", path, odd = odd.join(" | "))
        }
        Question::Groups { groups, named_alike } => {
            let groups = groups.join(if is_chinese() { "；" } else { "; " });
            match named_alike {
                true => sentence!("cli-words-guesses-groups-named-alike", groups),
                false => sentence!("cli-words-guesses-groups", groups),
            }
        }
        Question::CalendarDays { path } => sentence!("cli-words-guesses-calendar-days", path),
        Question::NoYear { path, odd } => sentence!("cli-words-guesses-no-year", path, odd = odd.join(" | ")),
        Question::Layers { path } => sentence!("cli-words-guesses-layers", path),
        Question::Sheets { names } => {
            sentence!("cli-words-guesses-sheets-left", names = list_names(names))
        }
        Question::Pass { maybe } if maybe.is_empty() => {
            label("cli-words-guesses-nothing-says-whether-teacher-passed").to_owned()
        }
        Question::Pass { maybe } => {
            sentence!("cli-words-guesses-nothing-surely-says-whether-teacher", columns = list_names(maybe))
        }
    }
}

/// Adds to a question the lines of the manifest that answer it.
pub fn answered_text(question: &str, lines: &str) -> String {
    sentence!("cli-words-guesses-answered", question, lines)
}

/// Describes a column that is not read, and what could be done with it.
pub fn unread_text(column: &UnmappedColumn) -> String {
    let path = &column.path;
    match column.could_be {
        Some(field) => sentence!("cli-words-guesses-unread-identifying", path, field),
        None => sentence!("cli-words-guesses-unread", path),
    }
}

/// Returns the label of a unit of training time.
pub fn unit_label(of: Unit) -> &'static str {
    match of {
        Unit::Second => label("cli-words-guesses-seconds"),
        Unit::HalfDay => label("cli-words-guesses-half-days"),
        Unit::Minute => label("cli-words-guesses-minutes"),
        Unit::ClassHour => label("cli-words-guesses-class-hours"),
        Unit::Hour => label("cli-words-guesses-clock-hours"),
        Unit::Day => label("cli-words-guesses-days"),
        Unit::Credit => label("cli-words-guesses-credits"),
    }
}

/// Describes where the records are in the sample.
pub fn layout_text(layout: &Layout) -> String {
    let format = match layout {
        Layout::Workbook { .. } => label("cli-words-guesses-workbook"),
        Layout::Html { .. } => label("cli-words-guesses-html-table"),
        other => other.format_name(),
    };
    match layout {
        Layout::Json { items, .. } if items.is_empty() => sentence!("cli-words-guesses-list-itself", format),
        Layout::Json { items, .. } => sentence!("cli-words-guesses-list", format, items),
        Layout::JsonLines { .. } => format.to_owned(),
        Layout::Xml { root, item, .. } => sentence!("cli-words-guesses-in", format, item, root),
        Layout::Workbook { sheets, header } => {
            sentence!("cli-words-guesses-sheets-header-row", format, sheets, row = header.row)
        }
        Layout::Delimited { encoding, header, .. } | Layout::Html { encoding, header, .. } => {
            sentence!("cli-words-guesses-header-row", format, encoding, row = header.row)
        }
    }
}

/// Describes where a record's version comes from.
pub fn version_text(of: &Version) -> String {
    match of {
        Version::Field { path } => path.clone(),
        Version::FileDate => label("cli-words-guesses-day-file-name").to_owned(),
        Version::Landing => label("cli-words-guesses-what-landed-last-counts").to_owned(),
    }
}

/// Describes which columns say whether the teacher passed.
pub fn pass_text(of: &Pass) -> String {
    match of {
        Pass::Scores => label("cli-words-guesses-three-component-scores").to_owned(),
        Pass::Total { path } => sentence!("cli-words-guesses-total-score", path),
        Pass::Words { path, words } => format!("{path} ({})", words.join(", ")),
        Pass::Nothing => label("cli-words-guesses-nothing-sample").to_owned(),
    }
}
