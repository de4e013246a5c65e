//! Descriptions of the command line: `docs/cli.md`, man pages, completions. All are generated from the definitions in
//! `cli`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Arg, Command};
use clap_complete::Shell;

use crate::CliError;
use crate::cli::examples;
use crate::words::{say, say_document, sentence, system_error_text};

/// Prints the completion script of a shell.
pub fn print_completions(shell: Shell) {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut examples::build_documented_command(), "huiliu", &mut script);
    say_document(String::from_utf8_lossy(&script).trim_end());
}

/// Writes a man page for each command into a folder.
pub fn write_man_pages(folder: &Path) -> Result<(), CliError> {
    let unwritable = |e: std::io::Error| {
        CliError::usage(sentence!(
            "cli-reference-cannot-write-man-pages-give",
            folder = folder.display(),
            e = system_error_text(&e)
        ))
    };
    std::fs::create_dir_all(folder).map_err(unwritable)?;
    clap_mangen::generate_to(examples::build_documented_command(), folder).map_err(unwritable)?;
    let pages = count_pages(folder).map_err(unwritable)?;
    say(&sentence!("cli-reference-pages", pages, folder = folder.display()));
    Ok(())
}

fn count_pages(folder: &Path) -> std::io::Result<usize> {
    let names: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    let is_ours = |path: &&PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("huiliu") && name.ends_with(".1")
    };
    Ok(names.iter().filter(is_ours).count())
}

/// Prints `docs/cli.md`.
pub fn print_cli_page() {
    let mut command = examples::build_command();
    command.build();
    let mut text = String::from(
        "# The command line\n\nMade from the program by `UPDATE=1 cargo test --test main -- cli::`; do not edit it. `huiliu COMMAND --help` \
         shows the same.\n\n## huiliu\n",
    );
    write_description(&command, &mut text);
    write_subcommands(&command, &mut text);
    say_document(text.trim_end());
}

fn write_subcommands(command: &Command, text: &mut String) {
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
        let level = if sub.has_subcommands() || command.get_name() == "huiliu" { "##" } else { "###" };
        let _ = writeln!(text, "\n{level} {}", sub.get_bin_name().unwrap_or(sub.get_name()));
        write_description(sub, text);
        write_subcommands(sub, text);
    }
}

/// Writes what a command does, its usage, its arguments, and an example.
fn write_description(command: &Command, text: &mut String) {
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    let usage = command.clone().render_usage().to_string();
    let _ = writeln!(text, "\n{}\n\n```text\n{}\n```", escape_cell(&about), usage.trim_start_matches("Usage: ").trim());
    let is_top = command.get_name() == "huiliu";
    let rows: Vec<String> = command
        .get_arguments()
        .filter(|arg| !arg.is_hide_set() && (is_top || !arg.is_global_set()))
        .filter(|arg| !["help", "version"].contains(&arg.get_id().as_str()))
        .map(argument_row)
        .collect();
    if !rows.is_empty() {
        let _ = writeln!(text, "\n| argument | meaning |\n|---|---|\n{}", rows.join("\n"));
    }
    if let Some(example) = command.get_after_help().filter(|_| !command.has_subcommands()) {
        let example = example.to_string();
        let line = example.lines().nth(1).unwrap_or_default().trim();
        let _ = writeln!(text, "\n```text\n{line}\n```");
    }
}

fn argument_row(arg: &Arg) -> String {
    let values: Vec<String> = arg.get_value_names().unwrap_or_default().iter().map(ToString::to_string).collect();
    let takes = arg.get_action().takes_values();
    let name = match arg.get_long() {
        Some(long) if takes => format!("--{long} {}", values.join(" ")),
        Some(long) => format!("--{long}"),
        None => values.join(" "),
    };
    // The help text includes defaults and choices.
    let mut meaning = arg.get_help().map(ToString::to_string).unwrap_or_default();
    if arg.is_required_set() && arg.get_long().is_some() {
        meaning.push_str(" (required)");
    }
    format!("| `{name}` | {} |", escape_cell(meaning.trim()))
}

/// Escapes a text for a cell of a Markdown table.
fn escape_cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
