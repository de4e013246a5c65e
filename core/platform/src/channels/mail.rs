//! Sends mail over SMTP.

use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

use super::{ChannelError, tell_all};

/// A mail server, and the people to write to.
#[derive(Clone)]
pub struct MailServer {
    /// `smtps://HOST:465`, `smtp://HOST:587?tls=required`, or `smtp://HOST:25` without encryption.
    pub url: String,
    /// The user of the server; empty if it asks for none.
    pub user: String,
    /// The user's password.
    pub password: String,
    /// The sender's address.
    pub from: String,
    /// The addresses to write to.
    pub to: Vec<String>,
}

/// A letter.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'l> {
    /// One line.
    pub subject: &'l str,
    /// Plain text.
    pub body: &'l str,
}

/// Sends a letter to all addresses at once. The operator's mail server may be at any address.
///
/// # Errors
/// [`ChannelError`] if the server does not take it in time.
pub async fn send_mail(server: &MailServer, letter: Letter<'_>, timeout: Duration) -> Result<(), ChannelError> {
    let message = build_message(server, letter)?;
    let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&server.url)
        .map_err(|e| ChannelError::Url { why: tell_all(&e) })?
        .timeout(Some(timeout));
    let transport = if server.user.is_empty() {
        transport
    } else {
        transport.credentials(Credentials::new(server.user.clone(), server.password.clone()))
    };
    match tokio::time::timeout(timeout, transport.build().send(message)).await {
        Err(_) => Err(ChannelError::Timeout { seconds: timeout.as_secs() }),
        Ok(Err(e)) => Err(ChannelError::Mail { why: tell_all(&e) }),
        Ok(Ok(_)) => Ok(()),
    }
}

fn build_message(server: &MailServer, letter: Letter<'_>) -> Result<Message, ChannelError> {
    let address =
        |text: &str| text.parse::<Mailbox>().map_err(|_| ChannelError::MailAddress { given: text.to_owned() });
    let mut message = Message::builder().from(address(&server.from)?).subject(letter.subject);
    for to in &server.to {
        message = message.to(address(to)?);
    }
    let message = message.header(ContentType::TEXT_PLAIN).body(letter.body.to_owned());
    message.map_err(|e| ChannelError::Mail { why: tell_all(&e) })
}
