//! Help in the language of the locale. The catalogues hold the text of each command and option under an id made from
//! its name, and the texts that clap would otherwise generate.

use clap::{Arg, ArgAction, Command};

use crate::words::{label, language, sentence};

/// Returns the catalogue id of a command's text, such as `help-runs-list`, or of an option's, such as
/// `help-runs-list--limit`.
fn catalogue_id(path: &[String], arg: Option<&str>) -> String {
    let command = [&["help".to_owned()], path].concat().join("-");
    arg.map_or(command.clone(), |arg| format!("{command}--{}", arg.replace('_', "-")))
}

fn find_help_text(path: &[String], arg: Option<&str>) -> String {
    huiliu_messages::find_sentence(language(), &catalogue_id(path, arg)).unwrap_or_default()
}

/// Replaces clap's placeholders in a usage line with those of the locale's language.
pub fn localize_usage(usage: &str) -> String {
    let usage = usage.strip_prefix("Usage:").unwrap_or(usage).trim();
    let words = [("[OPTIONS]", "cli-help-usage-options"), ("<COMMAND>", "cli-help-usage-command")];
    words.into_iter().fold(usage.to_owned(), |usage, (word, id)| usage.replace(word, label(id)))
}

/// Puts a built command and its subcommands into the language of the locale. `path` holds the names of the commands
/// from the program, exclusive, to this one.
pub fn localize_command(mut command: Command, path: &mut Vec<String>) -> Command {
    let usage_line = localize_usage(&command.render_usage().to_string());
    let usage = label("cli-help-usage");
    let mut declared = 0;
    let template = format!("{{about-with-newline}}\n{usage}{{usage}}\n\n{{all-args}}{{after-help}}");
    let command = command
        .override_usage(usage_line)
        .help_template(template)
        .subcommand_help_heading(label("cli-help-commands"))
        .mut_args(|arg| {
            declared += 1;
            // Positional arguments stand in their order, then the command's own options, then those of every command.
            let place = arg.get_index().unwrap_or(if arg.is_global_set() { 1_000 } else { 100 } + declared);
            localize_arg(arg, path).display_order(place)
        })
        .mut_subcommands(|sub| {
            if sub.get_name() == "help" {
                return sub.about(label("cli-help-command-help"));
            }
            path.push(sub.get_name().to_owned());
            let sub = localize_command(sub, path);
            path.pop();
            sub
        });
    command.about(find_help_text(path, None))
}

fn localize_arg(arg: Arg, path: &[String]) -> Arg {
    let heading = label(if arg.is_positional() { "cli-help-arguments" } else { "cli-help-options" });
    let arg = arg.help_heading(heading);
    match arg.get_id().as_str() {
        "help" => return arg.help(label("cli-help-flag")).long_help(label("cli-help-flag")),
        "version" => return arg.help(label("cli-help-version")),
        _ => {}
    }
    let owner = if arg.is_global_set() { &[][..] } else { path };
    let mut told = find_help_text(owner, Some(arg.get_id().as_str()));
    let takes = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
    let defaults: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    let defaults = defaults.join(" ");
    if takes && !defaults.is_empty() {
        told += &sentence!("cli-help-default", value = defaults);
    }
    let allowed: Vec<_> = arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    if takes && !allowed.is_empty() {
        told += &sentence!("cli-help-allowed", values = allowed.join(label("cli-render-comma")));
    }
    if let Some(variable) = arg.get_env() {
        told += &sentence!("cli-help-variable", variable = variable.to_string_lossy());
    }
    arg.help(told).hide_default_value(true).hide_possible_values(true).hide_env(true)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn collect_ids(command: &Command, path: &mut Vec<String>, out: &mut BTreeSet<String>) {
        out.insert(catalogue_id(path, None));
        for arg in command.get_arguments() {
            let owner = if arg.is_global_set() { &[][..] } else { &path[..] };
            if !["help", "version"].contains(&arg.get_id().as_str()) {
                out.insert(catalogue_id(owner, Some(arg.get_id().as_str())));
            }
        }
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            path.push(sub.get_name().to_owned());
            collect_ids(sub, path, out);
            path.pop();
        }
    }

    #[test]
    fn every_command_and_option_is_described_in_both_languages() {
        let mut wanted = BTreeSet::new();
        collect_ids(&crate::cli::examples::build_command(), &mut vec![], &mut wanted);
        for language in ["en", "zh-CN"] {
            let file = format!("core/messages/locales/{language}/help.ftl");
            let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
            let said = text.lines().filter_map(|line| line.split_once(" = ")).map(|(id, _)| id.to_owned());
            assert_eq!(said.collect::<BTreeSet<_>>(), wanted, "{language}");
        }
    }
}
