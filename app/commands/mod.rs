//! One file per family of commands.

mod authoring;
mod connectors;
mod courses;
mod cursors;
mod decide;
mod demo;
mod health;
mod identity;
mod infer;
mod inspect;
mod keep;
mod matching;
mod operate;
mod planned;
mod receive;
mod record;
mod register;
mod replay;
mod roster;
mod rules;
mod rulings;
mod schedules;
mod secrets;
mod sources;
mod sync;
mod teachers;
mod upload;
mod worker;

use huiliu_engine::ingest::From;
use huiliu_platform::Days;

use crate::Stop;
use crate::cli::{Cli, Command, Connectors, KeyWork, Schedules};
use crate::settings::Settings;
use crate::words::tr;

/// Runs what was asked.
pub async fn run(cli: Cli, settings: Settings) -> Result<(), Stop> {
    let json = cli.globals.json;
    match cli.command {
        Command::Demo { records, seed, full, changed, calm } => {
            demo::run(settings, demo::Asked { records, seed, full, changed, calm, json }).await
        }
        Command::Sync { source, all, full, since, until, land_only } => {
            let from = match since {
                Some(first) if until.is_some_and(|last| last < first) => {
                    return Err(Stop::usage(tr(
                        "--since is later than --until; give the first day, and the last",
                        "--since 晚于 --until；请先写首日，再写末日",
                    )));
                }
                Some(first) => From::Days(Days { first, last: until }),
                None if full => From::Start,
                None => From::Cursor,
            };
            sync::run(settings, sync::Asked { names: source, all, from, land_only, json }).await
        }
        Command::Upload { source, files, stream, land_only, plan, limit } => {
            let plan = plan.then_some(limit);
            upload::run(settings, upload::Asked { source, files, stream, land_only, plan, json }).await
        }
        Command::Receive { listen } => receive::run(settings, listen).await,
        Command::Cursors(asked) => cursors::run(settings, asked, json).await,
        Command::Worker { until_done } => worker::run(settings, until_done).await,
        Command::Schedules(Schedules::List) => schedules::list(settings, json).await,
        Command::Health => health::ask(settings, json).await,
        Command::Backup { folder } => keep::backup(settings, &folder, json).await,
        Command::Keys(KeyWork::Rotate) => keep::rotate(settings, json).await,
        Command::Migrate => operate::migrate(settings, json).await,
        Command::Doctor => operate::doctor(settings, json).await,
        Command::DeliverAlone { batch } => operate::deliver_alone(settings, batch).await,
        Command::Runs(listing) => inspect::runs(settings, listing, json).await,
        Command::Match { left, right } => {
            // Global `--config` is this command's own: it needs no settings.
            let config = cli.globals.config.ok_or_else(matching::config_missing)?;
            matching::run(&matching::Asked { config, left, right, json })
        }
        Command::Balance { run } => inspect::balance(settings, run, json).await,
        Command::DeadLetters(asked) => inspect::dead_letters(settings, asked, json).await,
        Command::Batches(asked) => decide::batches(settings, asked, json).await,
        Command::Replay(asked) => replay::run(settings, asked, json).await,
        Command::Audit(span) => decide::audit_log(settings, span, json).await,
        Command::Records(listing) => inspect::records(settings, listing, json).await,
        Command::Teachers(asked) => teachers::run(settings, asked, json).await,
        Command::Rules(asked) => rules::run(settings, asked, json).await,
        Command::Courses(asked) => courses::run(settings, asked, json).await,
        Command::Decisions(asked) => rulings::run(settings, asked, json).await,
        Command::Identity(asked) => identity::run(settings, asked, json).await,
        Command::Roster(asked) => roster::run(settings, asked, json).await,
        Command::Schools(asked) => roster::schools(settings, asked, json).await,
        Command::Regions(asked) => roster::tree(&settings, &asked, json),
        Command::Ledger => inspect::ledger(settings).await,
        Command::Connectors(Connectors::Infer { sample, out, id, with_sample }) => {
            infer::run(&infer::Asked { sample, out, id, with_sample }, &settings.networks, json).await
        }
        Command::Connectors(Connectors::Record { source, stream, sample, into }) => {
            record::run(settings, &record::Asked { source, sample, stream, into }, json).await
        }
        Command::Connectors(asked) => connectors::run(settings, asked, json).await,
        Command::Sources(asked) => sources::run(settings, asked, json).await,
        Command::Secrets(asked) => secrets::run(settings, asked, json).await,
        // `main` has gone another way.
        Command::Unpack => Ok(()),
    }
}
