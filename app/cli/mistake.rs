//! What is wrong with a command line, in Chinese: clap says it in English only.

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::words::{chinese, label, note, sentence};

/// Says what is wrong and ends the program, or shows the help that was asked for.
pub fn tell(error: &Error) -> ! {
    let shows_help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    if shows_help || !chinese() {
        error.exit();
    }
    note(&sentence!("cli-mistake-told", what = what(error)));
    if let Some(usage) = said(error, ContextKind::Usage) {
        note(&format!("\n{}{}", label("cli-help-usage"), super::help::usage_in_words(usage.trim())));
    }
    note(label("cli-mistake-help"));
    std::process::exit(error.exit_code());
}

fn what(error: &Error) -> String {
    let of = |kind| said(error, kind).unwrap_or_default();
    let argument = of(ContextKind::InvalidArg);
    let value = of(ContextKind::InvalidValue);
    match error.kind() {
        ErrorKind::UnknownArgument => match said(error, ContextKind::SuggestedArg) {
            Some(suggested) => sentence!("cli-mistake-unknown-argument-suggested", argument, suggested),
            None => sentence!("cli-mistake-unknown-argument", argument),
        },
        ErrorKind::InvalidSubcommand => {
            let command = of(ContextKind::InvalidSubcommand);
            match said(error, ContextKind::SuggestedSubcommand) {
                Some(suggested) => sentence!("cli-mistake-unknown-command-suggested", command, suggested),
                None => sentence!("cli-mistake-unknown-command", command),
            }
        }
        ErrorKind::MissingSubcommand => {
            sentence!("cli-mistake-missing-command", commands = of(ContextKind::ValidSubcommand))
        }
        ErrorKind::MissingRequiredArgument => sentence!("cli-mistake-missing-argument", argument),
        ErrorKind::ArgumentConflict => {
            sentence!("cli-mistake-conflict", argument, other = of(ContextKind::PriorArg))
        }
        ErrorKind::InvalidValue if value.is_empty() => sentence!("cli-mistake-no-value", argument),
        ErrorKind::InvalidValue => {
            sentence!("cli-mistake-value-not-allowed", argument, value, allowed = of(ContextKind::ValidValue))
        }
        ErrorKind::ValueValidation => {
            sentence!("cli-mistake-value", argument, value, why = reason(error))
        }
        _ => sentence!("cli-mistake-other", why = error.kind()),
    }
}

/// Why a value cannot be used: of a number as clap and the standard library tell it, else in our own words.
fn reason(error: &Error) -> String {
    let Some(source) = std::error::Error::source(error) else { return String::new() };
    if source.is::<std::num::ParseIntError>() {
        return label("cli-mistake-not-a-number").to_owned();
    }
    let told = source.to_string();
    match told.split_once(" is not in ").and_then(|(_, range)| range.split_once("..=")) {
        Some((from, to)) => sentence!("cli-mistake-out-of-range", from, to),
        None => told,
    }
}

/// What clap knows of a mistake, as text.
fn said(error: &Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => Some(texts.join("、")),
        ContextValue::StyledStr(text) => Some(text.to_string()),
        ContextValue::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
