//! Explains errors of the command line in the language of the locale.

use std::io::IsTerminal as _;

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::CliError;
use crate::words::{is_chinese, label, note, note_lines, say_help, sentence};

/// Prints what is wrong with the command line, or the requested help, and exits.
pub fn report_and_exit(error: &Error) -> ! {
    let shows_help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    if shows_help {
        print_help(error);
    }
    // Nothing was parsed, so the option is looked for among the arguments as they are.
    if std::env::args_os().any(|arg| arg == "--json") {
        CliError::usage(describe_mistake(error)).print_error(true);
        std::process::exit(error.exit_code());
    }
    note(&sentence!("cli-mistake-told", lines = describe_mistake(error)));
    if let Some(usage) = context_text(error, ContextKind::Usage) {
        note_lines(&format!("\n{}{}", label("cli-help-usage"), super::help::localize_usage(usage.trim())));
    }
    note(label("cli-mistake-help"));
    std::process::exit(error.exit_code());
}

/// Prints the help or the version. clap ends every heading with a half-width colon.
fn print_help(error: &Error) -> ! {
    let rendered = error.render();
    let is_styled = !error.use_stderr() && std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let mut text = if is_styled { rendered.ansi().to_string() } else { rendered.to_string() };
    if is_chinese() {
        for heading in [label("cli-help-commands"), label("cli-help-arguments"), label("cli-help-options")] {
            text = text.replace(&format!("{heading}:"), &format!("{heading}："));
        }
    }
    if error.use_stderr() {
        note_lines(text.trim_end());
    } else {
        say_help(text.trim_end());
    }
    std::process::exit(error.exit_code());
}

fn describe_mistake(error: &Error) -> String {
    let of = |kind| context_text(error, kind).unwrap_or_default();
    let argument = of(ContextKind::InvalidArg);
    let value = of(ContextKind::InvalidValue);
    match error.kind() {
        ErrorKind::UnknownArgument if !argument.starts_with('-') => sentence!("cli-mistake-surplus-argument", argument),
        ErrorKind::UnknownArgument => match context_text(error, ContextKind::SuggestedArg) {
            Some(suggested) => sentence!("cli-mistake-unknown-argument-suggested", argument, suggested),
            None => sentence!("cli-mistake-unknown-argument", argument),
        },
        ErrorKind::InvalidSubcommand => {
            let command = of(ContextKind::InvalidSubcommand);
            match context_text(error, ContextKind::SuggestedSubcommand) {
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
            sentence!("cli-mistake-value", argument, value, why = explain_bad_value(error))
        }
        _ => sentence!("cli-mistake-other", why = error.kind()),
    }
}

/// Explains why a value was rejected. Errors about numbers come from clap and the standard library and are put into our
/// words; other texts come from our own parsers and are kept.
fn explain_bad_value(error: &Error) -> String {
    let Some(source) = std::error::Error::source(error) else { return String::new() };
    if source.is::<std::num::ParseIntError>() {
        return label("cli-mistake-not-a-number").to_owned();
    }
    if source.is::<std::net::AddrParseError>() {
        return label("cli-mistake-not-an-address").to_owned();
    }
    let told = source.to_string();
    match told.split_once(" is not in ").and_then(|(_, range)| range.split_once("..=")) {
        Some((from, to)) => sentence!("cli-mistake-out-of-range", from, to),
        None => told,
    }
}

/// Returns one part of clap's error context as text.
fn context_text(error: &Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => Some(texts.join(label("cli-render-comma"))),
        ContextValue::StyledStr(text) => Some(text.to_string()),
        ContextValue::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
