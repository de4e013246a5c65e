//! The commands, one file per family.

mod audit;
mod authoring;
mod batches;
mod connectors;
mod corrections;
mod courses;
mod cursors;
mod days;
mod dead_letters;
mod decisions;
mod demo;
mod doctor;
mod files;
mod health;
mod identity;
mod inbox;
mod infer;
mod layouts;
mod maintenance;
mod mapped_values;
mod matching;
mod missing;
mod notifications;
mod payloads;
mod planned;
mod plans;
mod progress;
mod receive;
mod record;
mod records;
mod reference;
mod register;
mod replay;
mod roster;
mod rule_versions;
mod rules;
mod runs;
mod schedules;
mod secrets;
mod sources;
mod suggestions;
mod sync;
mod teachers;
mod upload;
mod verify;
mod worker;

use huiliu_engine::ingest::PassStart;
use huiliu_engine::operations::restore::Backup;
use huiliu_engine::operations::sync::Selection;
use huiliu_platform::Days;

use crate::CliError;
use crate::cli::{Cli, Command, KeyCommands, Schedules};
use crate::settings::SettingsReading;
use crate::words::label;

/// Runs a command. `doctor` accepts invalid settings, and commands that describe the command line need none.
pub async fn run(cli: Cli, reading: SettingsReading) -> Result<(), CliError> {
    let json = cli.globals.json;
    match cli.command {
        Command::Doctor => return doctor::run(reading, json).await,
        Command::Completions { shell } => {
            reference::print_completions(shell);
            return Ok(());
        }
        Command::Man { folder } => return reference::write_man_pages(&folder),
        Command::CliPage => {
            reference::print_cli_page();
            return Ok(());
        }
        _ => {}
    }
    let settings = reading.into_settings()?;
    match cli.command {
        Command::Demo { records, seed, full, changed, calm } => {
            demo::run(settings, demo::DemoArgs { records, seed, full, changed, calm, json }).await
        }
        Command::Sync { source, all, full, since, until, land_only } => {
            let from = match since {
                Some(first) if until.is_some_and(|last| last < first) => {
                    return Err(CliError::usage(label("cli-commands-since-later-than-until-give")));
                }
                Some(first) => PassStart::Days(Days { first, last: until }),
                None if full => PassStart::Start,
                None => PassStart::Cursor,
            };
            let selection = Selection { names: source, all };
            sync::run(settings, sync::SyncArgs { selection, from, land_only, json }).await
        }
        Command::Upload { source, files, stream, land_only, plan, all, limit } => {
            let plan = plan.then_some(upload::PlanShown { all, limit });
            upload::run(settings, upload::UploadArgs { source, files, stream, land_only, plan, json }).await
        }
        Command::Receive { listen } => receive::run(settings, listen).await,
        Command::Cursors(asked) => cursors::run(settings, asked, json).await,
        Command::Worker { until_done } => worker::run(settings, until_done).await,
        Command::Schedules(Schedules::List) => schedules::list_schedules(settings, json).await,
        Command::Health => health::check_health(settings, json).await,
        Command::Backup { folder } => maintenance::back_up(settings, &folder, json).await,
        Command::Restore { backup, overwrite, why } => {
            maintenance::restore_backup(settings, Backup { file: backup, overwrite }, &why, json).await
        }
        Command::Keys(KeyCommands::Rotate) => maintenance::rotate_keys(settings, json).await,
        Command::Inbox => inbox::show_inbox(settings, json).await,
        Command::Notifications(asked) => notifications::run(settings, asked, json).await,
        Command::Migrate => maintenance::migrate_schema(settings, json).await,
        Command::DeliverAlone { batch } => maintenance::deliver_alone(settings, batch).await,
        Command::Runs(listing) => runs::run(settings, listing, json).await,
        Command::Match { left, right } => {
            // For `match`, the global `--config` is the file that describes the columns. The command uses no settings.
            let config = cli.globals.config.ok_or_else(matching::missing_config_error)?;
            matching::run(&matching::MatchArgs { config, left, right, json })
        }
        Command::Verify { teacher } => verify::run(settings, teacher, json).await,
        Command::Balance { run } => runs::check_balance(settings, run, json).await,
        Command::DeadLetters(asked) => dead_letters::run(settings, asked, json).await,
        Command::Corrections(asked) => corrections::run(settings, asked, json).await,
        Command::Missing(asked) => missing::run(settings, asked, json).await,
        Command::Files(asked) => files::run(settings, asked, json).await,
        Command::Payloads(asked) => payloads::run(settings, asked, json).await,
        Command::Batches(asked) => batches::run(settings, asked, json).await,
        Command::Replay(asked) => replay::run(settings, asked, json).await,
        Command::Audit { verify: true, .. } => audit::verify(settings, json).await,
        Command::Audit { of, span, .. } => audit::run(settings, of, span, json).await,
        Command::Records(listing) => records::run(settings, listing, json).await,
        Command::Teachers(asked) => teachers::run(settings, asked, json).await,
        Command::Rules(asked) => rules::run(settings, asked, json).await,
        Command::Courses(asked) => courses::run(settings, asked, json).await,
        Command::Decisions(asked) => decisions::run(settings, asked, json).await,
        Command::Identity(asked) => identity::run(settings, asked, json).await,
        Command::Roster(asked) => roster::run(settings, asked, json).await,
        Command::Schools(asked) => roster::run_schools(settings, asked, json).await,
        Command::Regions(asked) => roster::run_regions(&settings, &asked, json).await,
        Command::Ledger => records::print_ledger(settings).await,
        Command::Connectors(asked) => connectors::run(settings, asked, json).await,
        Command::Sources(asked) => sources::run(settings, asked, json).await,
        Command::Secrets(asked) => secrets::run(settings, asked, json).await,
        // These commands were handled in `main` or above.
        Command::Unpack | Command::Doctor | Command::Completions { .. } | Command::Man { .. } | Command::CliPage => {
            Ok(())
        }
    }
}
