//! Channels to people: webhooks and mail, as the operator names them.

mod mail;
mod webhook;

pub use mail::{Letter, MailServer, send_mail};
pub use webhook::{SignedNote, Webhook, post_signed};

use huiliu_messages::said_in_english;
use serde::Serialize;

/// Why a channel did not take what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum ChannelError {
    /// The address of a webhook cannot be parsed, or is not HTTP.
    #[serde(rename = "channel.url")]
    Url { why: String },
    /// The host has an address that may not be connected to.
    #[serde(rename = "channel.not_public")]
    NotPublic { why: String },
    /// No answer came in time.
    #[serde(rename = "channel.timeout")]
    Timeout { seconds: u64 },
    /// There is no connection.
    #[serde(rename = "channel.unreachable")]
    Unreachable { why: String },
    /// The answer is not one of success.
    #[serde(rename = "channel.status")]
    Status { status: u16 },
    /// The address of a person cannot be parsed.
    #[serde(rename = "channel.mail_address")]
    MailAddress { given: String },
    /// The mail server did not take it.
    #[serde(rename = "channel.mail")]
    Mail { why: String },
}

said_in_english!(ChannelError);

/// Returns an error with everything that is behind it.
fn tell_all(why: &dyn std::error::Error) -> String {
    let mut told = why.to_string();
    let mut behind = why.source();
    while let Some(cause) = behind {
        told = format!("{told}: {cause}");
        behind = cause.source();
    }
    told
}
