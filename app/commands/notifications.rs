//! `notifications`: what people were told, and whether the channels work.

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::Span;
use huiliu_engine::operations::notifications::{self, ChannelTested};
use huiliu_store::admin::notifications::{Delivery, Notification};
use huiliu_values::DeliveryState;

use crate::cli::Notifications;
use crate::render::{format_moment, format_number, show_page};
use crate::settings::Settings;
use crate::table::print_table;
use crate::words::{label, localize_delivery, localize_event, localize_notification, message_text, sentence};
use crate::{CliError, open};

pub async fn run(settings: Settings, asked: Notifications, json: bool) -> Result<(), CliError> {
    match asked {
        Notifications::List { limit, before } => {
            let opened = open::open_database(&settings, MayCreate::Nothing).await?;
            let page = notifications::list(&opened, Span { after: before, limit }).await?;
            opened.close().await;
            show_page(json, &page, show_notifications);
            Ok(())
        }
        Notifications::Test => test_channels(&settings, json).await,
    }
}

async fn test_channels(settings: &Settings, json: bool) -> Result<(), CliError> {
    let opened = open::open_database(settings, MayCreate::Nothing).await?;
    let tested = notifications::test(&opened, &settings.engine).await?;
    opened.close().await;
    let failed = tested.items.iter().filter(|channel| !channel.sent).count();
    show_page(json, &tested, show_tested);
    if failed == 0 {
        return Ok(());
    }
    Err(CliError::failed(sentence!("cli-notifications-failed", n = failed)).with_code("channel.failed"))
}

fn show_tested(rows: &[ChannelTested]) {
    let cells = |of: &ChannelTested| {
        let ended = match of.sent {
            true => localize_delivery(DeliveryState::Sent),
            false => label("cli-notifications-not-sent"),
        };
        vec![of.channel.clone(), ended.to_owned(), of.error.as_ref().map(message_text).unwrap_or_default()]
    };
    let heading =
        [label("cli-notifications-channel"), label("cli-notifications-state"), label("cli-notifications-error")];
    print_table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
}

/// Shows one line for each delivery, and one for a notification that goes to nobody.
fn show_notifications(rows: &[Notification]) {
    let about = |of: &Notification| {
        vec![
            of.notification.to_string(),
            localize_notification(of.kind).to_owned(),
            of.source.clone().or_else(|| of.replay.map(|replay| replay.to_string())).unwrap_or_default(),
            format_number(of.number),
            format_moment(&of.began_at),
            of.ended_at.as_deref().map(format_moment).unwrap_or_default(),
        ]
    };
    let sent = |of: &Delivery| {
        let at = of.sent_at.as_ref().or(of.due_at.as_ref());
        vec![
            of.channel.clone(),
            localize_event(of.event).to_owned(),
            localize_delivery(of.state).to_owned(),
            at.map(|at| format_moment(at)).unwrap_or_default(),
            of.error.as_ref().map(message_text).unwrap_or_default(),
        ]
    };
    let mut lines = vec![];
    for row in rows {
        lines.extend(row.deliveries.iter().map(|delivery| [about(row), sent(delivery)].concat()));
        if row.deliveries.is_empty() {
            lines.push([about(row), vec![String::new(); 5]].concat());
        }
    }
    let heading = [
        label("cli-notifications-number"),
        label("cli-inbox-what"),
        label("cli-inbox-source"),
        label("cli-inbox-waiting"),
        label("cli-inbox-since"),
        label("cli-notifications-over"),
        label("cli-notifications-channel"),
        label("cli-notifications-says"),
        label("cli-notifications-state"),
        label("cli-notifications-at"),
        label("cli-notifications-error"),
    ];
    print_table(&heading, &lines);
}
