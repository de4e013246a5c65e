//! Notifications: what people were told, and whether the channels work.

use schemars::JsonSchema;
use serde::Serialize;

use super::error::OperationError;
use super::page::{Page, Span};
use crate::database::OpenDatabase;
use crate::notifications::Channels;
use crate::settings::Settings;
use huiliu_messages::Message;
use huiliu_store::admin::notifications::{self, Notification};
use huiliu_store::intake::source_lease;

/// How a test of one channel ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ChannelTested {
    /// The channel: `mail`, or `webhook` and its name.
    pub channel: String,
    /// Whether it took the test.
    pub sent: bool,
    /// Why not.
    pub error: Option<Message>,
}

/// Lists what people were told, the newest first.
///
/// # Errors
/// [`OperationError::Store`] if the database fails.
pub async fn list(opened: &OpenDatabase, span: Span) -> Result<Page<Notification>, OperationError> {
    let rows = notifications::list_notifications(&opened.db, span.after, span.limit_plus_one()).await?;
    let page = Page::from_rows(rows, span.limit, |row| row.notification.to_string());
    Ok(page.counted(notifications::count_notifications(&opened.db)).await?)
}

/// Sends a test over every channel of the settings.
///
/// # Errors
/// [`OperationError::NoChannel`] if the settings name none.
pub async fn test(opened: &OpenDatabase, settings: &Settings) -> Result<Page<ChannelTested>, OperationError> {
    let channels = Channels::from_settings(settings);
    let names = channels.names();
    if names.is_empty() {
        return Err(OperationError::NoChannel);
    }
    let now = source_lease::fetch_now(&opened.db).await?;
    let mut tested = Vec::with_capacity(names.len());
    for channel in names {
        let sent = channels.send_test(&channel, now).await;
        tested.push(ChannelTested { channel, sent: sent.is_ok(), error: sent.err().map(|why| Message::new(&why)) });
    }
    Ok(Page::from_all(tested))
}
