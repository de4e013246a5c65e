//! `payloads`: payloads that could not be decoded, and how that ends.

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::Act;
use huiliu_engine::operations::payloads::{self, PayloadsDecided, Retried, Retry, RetryOutcome};
use huiliu_store::intake::unread::{UnreadFilter, UnreadPayload};
use huiliu_values::UnreadState;

use crate::cli::{Payloads, UnreadStateArg};
use crate::render::{format_moment, format_number, say_only_a_plan, show, show_page};
use crate::settings::Settings;
use crate::words::{counting, label, localize_address, message_text, say, sentence};
use crate::{CliError, open};

pub async fn run(settings: Settings, asked: Payloads, json: bool) -> Result<(), CliError> {
    match asked {
        Payloads::List { source, stream, state, all, span } => {
            let state = (!all).then_some(state.into());
            let of = UnreadFilter { source, stream, state, ..UnreadFilter::default() };
            let opened = open::open_database(&settings, MayCreate::Nothing).await?;
            let program = open::build_program();
            let access = open::registry_access(&opened, &settings, &program);
            let page = payloads::list(access, &of, span.into()).await?;
            opened.close().await;
            show_page(json, &page, |rows| rows.iter().for_each(show_payload));
            Ok(())
        }
        Payloads::Show { id } => {
            let opened = open::open_database(&settings, MayCreate::Nothing).await?;
            let payload = payloads::show(&opened, id).await?;
            opened.close().await;
            show(json, &payload, show_payload);
            Ok(())
        }
        Payloads::Retry { ids, plan, park } => {
            let how = match (plan, park) {
                (true, _) => Retry::Plan,
                (_, true) => Retry::Park,
                _ => Retry::Deliver,
            };
            retry(&settings, &ids, how, json).await
        }
        Payloads::Dismiss { ids, because } => decide(&settings, &ids, UnreadState::Dismissed, &because, json).await,
        Payloads::Reopen { ids, because } => decide(&settings, &ids, UnreadState::Open, &because, json).await,
    }
}

impl From<UnreadStateArg> for UnreadState {
    fn from(state: UnreadStateArg) -> Self {
        match state {
            UnreadStateArg::Open => Self::Open,
            UnreadStateArg::Read => Self::Read,
            UnreadStateArg::Dismissed => Self::Dismissed,
        }
    }
}

fn show_payload(row: &UnreadPayload) {
    say(&format!(
        "{}  {}/{}  {}  {}  {}",
        row.payload,
        row.source,
        row.stream,
        localize_address(&row.address),
        format_moment(&row.received_at),
        state_text(row)
    ));
    if let Some(reason) = &row.reason {
        say(&format!("    {}", message_text(reason)));
    }
    if row.undelivered > 0 {
        say(&format!("    {}", counting!("cli-payloads-undelivered", n = row.undelivered)));
    }
    if row.awaiting > 0 {
        say(&format!("    {}", counting!("cli-payloads-awaiting", n = row.awaiting, payload = row.payload)));
    }
}

/// Says what became of a payload, and by whom.
fn state_text(row: &UnreadPayload) -> String {
    let by = row.ended_by.as_deref().unwrap_or_default();
    match (row.state, row.read_as) {
        (UnreadState::Open, _) => label("cli-payloads-open").to_owned(),
        (UnreadState::Dismissed, _) => {
            sentence!("cli-payloads-dismissed-by", by, because = row.because.as_deref().unwrap_or_default())
        }
        (UnreadState::Read, Some(payload)) if payload != row.payload => {
            sentence!("cli-payloads-read-as", payload)
        }
        (UnreadState::Read, _) => label("cli-payloads-read").to_owned(),
    }
}

async fn retry(settings: &Settings, ids: &[i64], how: Retry, json: bool) -> Result<(), CliError> {
    let runtime = open::start_runtime(settings, MayCreate::Nothing).await?;
    let act = Act { actor: &settings.actor, because: "" };
    let retried = payloads::retry(&runtime, act, how, ids).await?;
    runtime.close().await;
    show(json, &retried, show_retried);
    if retried.failed == 0 {
        return Ok(());
    }
    Err(CliError::failed(counting!("cli-payloads-still-unread", n = retried.failed)).with_code("payload.unread"))
}

fn show_retried(retried: &Retried) {
    for RetryOutcome { payload, address, records, awaiting, undelivered, reason, .. } in &retried.payloads {
        let told = match (records, awaiting, reason) {
            (Some(records), Some(awaiting), _) => sentence!(
                "cli-payloads-parked",
                records = format_number(i64::from(*records)),
                awaiting = format_number(*awaiting)
            ),
            (Some(records), None, _) => sentence!("cli-payloads-records", records = format_number(i64::from(*records))),
            (None, _, Some(reason)) => message_text(reason),
            (None, _, None) => String::new(),
        };
        say(&format!("{payload}  {}  {told}", localize_address(address)));
        if *undelivered > 0 {
            say(&format!("    {}", counting!("cli-payloads-undelivered", n = *undelivered)));
        }
    }
    if retried.planned {
        say_only_a_plan();
    }
    let parked: Vec<String> = retried
        .payloads
        .iter()
        .filter(|of| of.awaiting.is_some_and(|n| n > 0))
        .map(|of| format!("--payload {}", of.payload))
        .collect();
    if !parked.is_empty() {
        say(&sentence!("cli-payloads-replay-next", payloads = parked.join(" ")));
    }
}

async fn decide(settings: &Settings, ids: &[i64], to: UnreadState, because: &str, json: bool) -> Result<(), CliError> {
    let opened = open::open_database(settings, MayCreate::Nothing).await?;
    let act = Act { actor: &settings.actor, because };
    let decided = match to {
        UnreadState::Open => payloads::reopen(&opened, act, ids).await?,
        _ => payloads::dismiss(&opened, act, ids).await?,
    };
    opened.close().await;
    show(json, &decided, say_decided);
    Ok(())
}

fn say_decided(decided: &PayloadsDecided) {
    let n = decided.payloads.len();
    say(&match decided.state {
        UnreadState::Open => counting!("cli-payloads-reopened", n = n),
        _ => counting!("cli-payloads-dismissed", n = n),
    });
}
