//! An example for every command, shown at the end of its help and in `docs/cli.md`.

use clap::{Command, CommandFactory as _};

use super::Cli;
use super::help::localize_command;
use crate::words::label;

/// Each command with an example line.
const EXAMPLES: &[(&str, &str)] = &[
    ("demo", "huiliu demo --records 30000"),
    ("sync", "huiliu sync --all"),
    ("upload", "huiliu upload county-office 2014-10.xlsx --plan"),
    ("receive", "huiliu receive --listen 127.0.0.1:8701"),
    ("cursors list", "huiliu cursors list intel"),
    (
        "cursors set",
        r#"huiliu cursors set intel completions --to '{"since":"2014-09-01"}' --because "the platform sent it anew""#,
    ),
    ("cursors reset", r#"huiliu cursors reset intel --because "the platform has corrected old records""#),
    ("worker", "huiliu worker --until-done"),
    ("schedules list", "huiliu schedules list"),
    ("health", "huiliu health"),
    ("backup", "huiliu backup /var/backups/huiliu"),
    (
        "restore",
        r#"huiliu restore /var/backups/huiliu/huiliu-20141010T020000000Z.db --overwrite --because "the disk has failed""#,
    ),
    ("keys rotate", "huiliu keys rotate"),
    ("migrate", "huiliu migrate"),
    ("runs list", "huiliu runs list --limit 10"),
    ("runs show", "huiliu runs show 12"),
    ("balance", "huiliu balance --run 12"),
    ("verify", "huiliu verify --teacher 76"),
    ("dead-letters groups", "huiliu dead-letters groups --source county --run 12"),
    ("inbox", "huiliu inbox"),
    ("notifications list", "huiliu notifications list --limit 20"),
    ("notifications test", "huiliu notifications test"),
    ("dead-letters list", "huiliu dead-letters list --connector cmcc --code id_number.check_digit"),
    ("dead-letters show", "huiliu dead-letters show 7"),
    (
        "dead-letters accept",
        r#"huiliu dead-letters accept 7 --because "the platform corrected the ID number of record 4711""#,
    ),
    (
        "dead-letters close",
        r#"huiliu dead-letters close --source county --because "corrected in the list of October" --plan"#,
    ),
    ("dead-letters discard", r#"huiliu dead-letters discard 7 --because "a test record of the platform""#),
    ("dead-letters reopen", r#"huiliu dead-letters reopen 7 --because "it is another teacher""#),
    ("missing list", "huiliu missing list --source county-office"),
    (
        "missing withdraw",
        r#"huiliu missing withdraw 512 513 --because "the office took them back, letter of 2014-11-03""#,
    ),
    (
        "missing keep",
        r#"huiliu missing keep --source county-office --stream completions --because "the export was cut short""#,
    ),
    ("files list", "huiliu files list county-office --state failed"),
    ("payloads list", "huiliu payloads list --source county-office"),
    ("payloads show", "huiliu payloads show 91"),
    ("payloads retry", "huiliu payloads retry 91 --plan"),
    ("payloads dismiss", r#"huiliu payloads dismiss 91 --because "the office sent an empty file by mistake""#),
    ("payloads reopen", r#"huiliu payloads reopen 91 --because "the file was not empty after all""#),
    ("batches list", "huiliu batches list --quarantined"),
    ("batches release", r#"huiliu batches release 31 --because "the program is upgraded""#),
    ("replay plan", "huiliu replay plan --connector cmcc --code hours.number"),
    ("replay approve", r#"huiliu replay approve 3 --because "checked with the institution""#),
    ("replay close", r#"huiliu replay close 3 --because "the institution sends them again""#),
    ("replay apply", "huiliu replay apply 3"),
    ("replay undo", "huiliu replay undo 3"),
    ("replay list", "huiliu replay list"),
    ("replay show", "huiliu replay show 3 --limit 20"),
    ("audit", r#"huiliu audit --action dead_letter.discard --text "test rows""#),
    ("records list", "huiliu records list --source intel --limit 20"),
    ("records show", "huiliu records show 512"),
    ("teachers totals", "huiliu teachers totals --on 2018-12-31"),
    ("teachers explain", "huiliu teachers explain 76 --raw"),
    ("rules list", "huiliu rules list"),
    ("rules show", "huiliu rules show jilin-2014"),
    ("rules settings", "huiliu rules settings"),
    ("rules check", "huiliu rules check county.toml --courses courses.toml"),
    ("rules diff", "huiliu rules diff current jilin-2015.toml"),
    ("rules register", r#"huiliu rules register jilin-2015.toml --because "notice of 2015-03-02" --plan"#),
    ("rules activate", r#"huiliu rules activate jilin-2014 3 courses 4 --because "notice of 2015-03-02""#),
    ("rules rollback", r#"huiliu rules rollback --because "the notice was withdrawn""#),
    ("rules retire", r#"huiliu rules retire jilin-2015 --because "the notice was withdrawn" --plan"#),
    ("rules versions", "huiliu rules versions jilin-2014"),
    (
        "corrections add",
        r#"huiliu corrections add --cause 12 --set unit=分钟 --because "the platform wrote the unit wrongly, letter of 2014-11-03""#,
    ),
    (
        "corrections accept",
        r#"huiliu corrections accept 7 --teacher 12 --because "the school has confirmed the ID number""#,
    ),
    ("corrections export", "huiliu corrections export county --run 12 --to county-2014-11.xlsx"),
    ("corrections import", "huiliu corrections import county county-2014-11.xlsx --plan"),
    ("corrections list", "huiliu corrections list --source county"),
    (
        "corrections map",
        r#"huiliu corrections map 7 --set level=合格 --because "the platform uses a new code, letter of 2014-11-03""#,
    ),
    ("corrections mapped", "huiliu corrections mapped --source county"),
    ("corrections unmap", r#"huiliu corrections unmap 2 --because "the platform uses the code for something else""#),
    ("corrections withdraw", r#"huiliu corrections withdraw 3 --because "the teacher was right""#),
    ("courses list", "huiliu courses list"),
    ("courses unknown", "huiliu courses unknown"),
    ("courses equate", r#"huiliu courses equate intel TE-07 C-003 --because "the same syllabus" --plan"#),
    ("decisions list", "huiliu decisions list --teacher 76"),
    ("decisions revoke", r#"huiliu decisions revoke 512 --because "somebody else took the course" --plan"#),
    ("decisions grade", r#"huiliu decisions grade 512 excellent --because "appeal of 2014-11-03""#),
    ("decisions keep", r#"huiliu decisions keep 512 --because "the other one is a copy""#),
    ("decisions undo", r#"huiliu decisions undo 4 --because "decided by mistake""#),
    ("identity status", "huiliu identity status"),
    ("identity queue", "huiliu identity queue --state potential"),
    ("identity show", "huiliu identity show 9"),
    ("identity accept", r#"huiliu identity accept 9 76 --because "confirmed by the school" --plan"#),
    ("identity reject", r#"huiliu identity reject 9 76 --because "another person of that name""#),
    ("identity merge", r#"huiliu identity merge 120 76 --because "a mistyped ID number""#),
    ("roster show", "huiliu roster show 76 --on 2016-09-01"),
    ("roster status", "huiliu roster status"),
    ("schools list", "huiliu schools list --limit 20"),
    ("schools show", "huiliu schools show 2122000001"),
    ("regions list", "huiliu regions list --on 2014-09-01"),
    ("regions show", "huiliu regions show 220100"),
    ("connectors list", "huiliu connectors list"),
    ("connectors show", "huiliu connectors show cmcc"),
    ("connectors check", "huiliu connectors check county-office"),
    ("connectors new", "huiliu connectors new county-office --from xlsx"),
    ("connectors test", "huiliu connectors test county-office"),
    ("connectors preview", "huiliu connectors preview county-office --limit 5"),
    ("connectors explain", "huiliu connectors explain stream.page"),
    ("connectors infer", "huiliu connectors infer 2014-10.xlsx --out county-office"),
    ("connectors record", "huiliu connectors record intel --into county-office"),
    ("connectors register", r#"huiliu connectors register county-office --because "the county's new sheet""#),
    ("connectors versions", "huiliu connectors versions county-office"),
    (
        "connectors rollback",
        r#"huiliu connectors rollback county-office --to 1 --because "version 2 reads the wrong column""#,
    ),
    ("connectors enable", r#"huiliu connectors enable intel --because "the platform is repaired""#),
    ("connectors disable", r#"huiliu connectors disable intel --because "the platform sends wrong hours""#),
    ("sources list", "huiliu sources list"),
    (
        "sources add",
        "huiliu sources add county-office --connector cmcc --institution-code 220104 --folder /srv/dropped",
    ),
    ("sources set", r#"huiliu sources set county-office --schedule "0 2 * * 1""#),
    ("sources release", r#"huiliu sources release county-office --because "the clock was a day ahead""#),
    ("sources remove", r#"huiliu sources remove county-office --because "it has moved to another platform""#),
    ("secrets list", "huiliu secrets list"),
    ("secrets set", "huiliu secrets set intel password < password.txt"),
    ("secrets remove", "huiliu secrets remove intel password"),
    ("match", "huiliu match --config columns.toml office.csv roster.csv"),
    ("doctor", "huiliu doctor --config /etc/huiliu/huiliu.toml"),
    ("completions", "huiliu completions bash > /etc/bash_completion.d/huiliu"),
    ("man", "huiliu man /usr/local/share/man/man1"),
];

/// Builds the command line, with an example at the end of each command's help. A command with subcommands shows the
/// example of its first subcommand.
pub fn build_command() -> Command {
    build_localized(Cli::command())
}

/// Builds the command line for man pages and completions: without the subcommand `help` of every command, which only
/// repeats the others, and in clap's words.
pub fn build_documented_command() -> Command {
    build_localized(without_help_commands(Cli::command()))
}

fn build_localized(command: Command) -> Command {
    // Otherwise the help calls the program by the name with which it was started.
    let mut command = add_examples(command, &mut Vec::new()).bin_name("huiliu");
    command.build();
    localize_command(command, &mut Vec::new())
}

fn without_help_commands(command: Command) -> Command {
    command.disable_help_subcommand(true).mut_subcommands(without_help_commands)
}

fn add_examples(command: Command, path: &mut Vec<String>) -> Command {
    let command = match find_example(path) {
        Some(example) => command.after_help(format!("{}\n  {example}", label("cli-help-example"))),
        None => command,
    };
    command.mut_subcommands(|sub| {
        path.push(sub.get_name().to_owned());
        let sub = add_examples(sub, path);
        path.pop();
        sub
    })
}

/// Finds the example of a command, or of its first subcommand.
fn find_example(path: &[String]) -> Option<&'static str> {
    let path = path.join(" ");
    let of = |name: &str| path.is_empty() || name == path || name.starts_with(&format!("{path} "));
    EXAMPLES.iter().find(|(name, _)| of(name)).map(|(_, example)| *example)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Splits a line into words as a shell does, and drops redirections.
    fn split_words(line: &str) -> Vec<String> {
        let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
        for c in line.chars() {
            match (quote, c) {
                (None, '<' | '>') => break,
                (None, ' ') => words.extend(word.take()),
                (None, '"' | '\'') => {
                    quote = Some(c);
                    word.get_or_insert_default();
                }
                (Some(open), c) if c == open => quote = None,
                (_, c) => word.get_or_insert_default().push(c),
            }
        }
        words.extend(word);
        words
    }

    fn collect_commands(command: &Command, path: &str, all: &mut Vec<String>) {
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
            let path = format!("{path} {}", sub.get_name()).trim().to_owned();
            if sub.has_subcommands() { collect_commands(sub, &path, all) } else { all.push(path) }
        }
    }

    #[test]
    fn every_command_has_an_example_that_is_its_own() {
        let mut all = Vec::new();
        collect_commands(&Cli::command(), "", &mut all);
        assert!(all.len() > 60, "{all:?}");
        let with_example: Vec<&str> = EXAMPLES.iter().map(|(name, _)| *name).collect();
        let mut sorted = (all.clone(), with_example.clone());
        sorted.0.sort_unstable();
        sorted.1.sort_unstable();
        assert_eq!(sorted.0, sorted.1);
        for (name, example) in EXAMPLES {
            let parsed = build_command().try_get_matches_from(split_words(example));
            let parsed = parsed.unwrap_or_else(|e| panic!("{example}: {e}"));
            let (mut path, mut at) = (Vec::new(), &parsed);
            while let Some((sub, below)) = at.subcommand() {
                path.push(sub);
                at = below;
            }
            assert_eq!(path.join(" "), *name, "{example}");
        }
    }

    #[test]
    fn quotes_keep_words_together() {
        assert_eq!(split_words(r#"a 'b "c' "" d < e"#), ["a", "b \"c", "", "d"]);
    }
}
