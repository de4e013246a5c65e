//! Tells people of causes: each once when it begins, and once when it is over, over every channel of the settings.
//!
//! The database keeps what is to be sent. Any process may send it; what fails is tried again later, for three days.

use std::time::Duration;

use huiliu_messages::{Language, Message};
use huiliu_platform::channels::{self, ChannelError, Letter, MailServer, SignedNote, Webhook};
use huiliu_platform::http::guard::Networks;
use huiliu_store::admin::notifications::{self, DueDelivery};
use huiliu_store::{Db, StoreError};
use huiliu_values::calendar::format_instant;
use huiliu_values::{NotificationEvent, NotificationKind};
use serde::Serialize;
use serde_json::json;

use crate::settings::{MailSettings, Settings, WebhookSettings};
use crate::source_secrets::MAX_PASSWORD_FILE;

/// How often causes are looked for.
const PAUSE: Duration = Duration::from_secs(30);
/// How long a channel may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The channel of the mail server.
const MAIL: &str = "mail";

/// Why nothing could be sent over a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum NotSent {
    /// Its secret or password is in no environment variable of that name.
    #[serde(rename = "channel.secret_env")]
    SecretEnv { variable: String },
    /// Its secret or password cannot be read from the file.
    #[serde(rename = "channel.secret_file")]
    SecretFile { file: String },
    /// A webhook has no secret.
    #[serde(rename = "channel.no_secret")]
    NoSecret { name: String },
    /// The channel did not take it.
    #[serde(untagged)]
    Channel(ChannelError),
}

/// A cause in words.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
enum Said<'s> {
    #[serde(rename = "notification.source_failed")]
    SourceFailed { source: &'s str, number: i64, event: NotificationEvent },
    #[serde(rename = "notification.source_late")]
    SourceLate { source: &'s str, event: NotificationEvent },
    #[serde(rename = "notification.batch_quarantined")]
    BatchQuarantined { source: &'s str, number: i64, event: NotificationEvent },
    #[serde(rename = "notification.payload_unread")]
    PayloadUnread { source: &'s str, number: i64, event: NotificationEvent },
    #[serde(rename = "notification.many_dead_letters")]
    ManyDeadLetters { source: &'s str, number: i64, event: NotificationEvent },
    #[serde(rename = "notification.replay_unapproved")]
    ReplayUnapproved { replay: i64, event: NotificationEvent },
    #[serde(rename = "notification.ledger_differs")]
    LedgerDiffers { number: i64, event: NotificationEvent },
    #[serde(rename = "notification.test")]
    Test {},
}

impl<'s> Said<'s> {
    fn new(of: &'s DueDelivery) -> Self {
        let (source, number, event) = (of.source.as_str(), of.number, of.event);
        match of.kind {
            NotificationKind::SourceFailed => Self::SourceFailed { source, number, event },
            NotificationKind::SourceLate => Self::SourceLate { source, event },
            NotificationKind::BatchQuarantined => Self::BatchQuarantined { source, number, event },
            NotificationKind::PayloadUnread => Self::PayloadUnread { source, number, event },
            NotificationKind::ManyDeadLetters => Self::ManyDeadLetters { source, number, event },
            NotificationKind::ReplayUnapproved => Self::ReplayUnapproved { replay: of.replay, event },
            NotificationKind::LedgerDiffers => Self::LedgerDiffers { number, event },
        }
    }
}

/// Something to send: its words in both languages, and its fields.
struct Note {
    id: String,
    en: String,
    zh: String,
    fields: serde_json::Value,
}

impl Note {
    fn new(id: String, said: &Said<'_>, fields: serde_json::Value) -> Self {
        let message = Message::new(said);
        let say = |language| message.to_sentence(language);
        Self { id, en: say(Language::English), zh: say(Language::Chinese), fields }
    }

    fn of_delivery(of: &DueDelivery) -> Self {
        let source = Some(&of.source).filter(|source| !source.is_empty());
        let replay = Some(of.replay).filter(|replay| *replay > 0);
        let fields = json!({
            "notification": of.notification, "kind": of.kind, "event": of.event, "source": source, "replay": replay,
            "number": of.number, "began_at": of.began_at, "ended_at": of.ended_at,
        });
        Self::new(format!("notification-{}-{}", of.notification, of.event.as_str()), &Said::new(of), fields)
    }

    /// Returns the body for webhooks.
    fn to_json(&self, now: i64) -> String {
        let kind = self.fields.get("kind").and_then(serde_json::Value::as_str).unwrap_or("test");
        let timestamp = format_instant(now);
        json!({ "type": kind, "timestamp": timestamp, "data": self.fields, "text": { "en": self.en, "zh": self.zh } })
            .to_string()
    }
}

/// The channels of the settings.
#[derive(Debug, Clone, Copy)]
pub struct Channels<'c> {
    webhooks: &'c [WebhookSettings],
    mail: Option<&'c MailSettings>,
    networks: &'c Networks,
}

impl<'c> Channels<'c> {
    /// Takes the channels from the settings.
    #[must_use]
    pub fn from_settings(settings: &'c Settings) -> Self {
        Self { webhooks: &settings.webhooks, mail: settings.mail.as_ref(), networks: &settings.networks }
    }

    /// Returns the names of all channels.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let webhooks = self.webhooks.iter().map(channel_name);
        webhooks.chain(self.mail.map(|_| MAIL.to_owned())).collect()
    }

    /// Sends a test over one channel.
    ///
    /// # Errors
    /// [`NotSent`].
    pub async fn send_test(&self, channel: &str, now: i64) -> Result<(), NotSent> {
        let fields = json!({ "kind": "test" });
        self.send(channel, &Note::new(format!("test-{now}"), &Said::Test {}, fields), now).await
    }

    async fn send(&self, channel: &str, note: &Note, now: i64) -> Result<(), NotSent> {
        if let Some(mail) = self.mail.filter(|_| channel == MAIL) {
            let password = read_secret(&mail.password_env, &mail.password_file)?.unwrap_or_default();
            let (url, user, from, to) = (mail.server.clone(), mail.user.clone(), mail.from.clone(), mail.to.clone());
            let subject = format!("[Huiliu 汇流] {}", note.zh);
            let body = format!("{}\n\n{}\n", note.zh, note.en);
            let letter = Letter { subject: &subject, body: &body };
            let server = MailServer { url, user, password, from, to };
            return channels::send_mail(&server, letter, PATIENCE).await.map_err(NotSent::Channel);
        }
        let Some(hook) = self.webhooks.iter().find(|hook| channel_name(hook) == channel) else { return Ok(()) };
        let secret = read_secret(&hook.secret_env, &hook.secret_file)?;
        let secret = secret.ok_or_else(|| NotSent::NoSecret { name: hook.name.clone() })?;
        let body = note.to_json(now);
        let signed = SignedNote { id: &note.id, timestamp: now / 1_000_000, body: &body };
        let hook = Webhook { url: hook.url.clone(), secret };
        channels::post_signed(&hook, signed, PATIENCE, self.networks).await.map_err(NotSent::Channel)
    }
}

fn channel_name(hook: &WebhookSettings) -> String {
    format!("webhook {}", hook.name)
}

/// Returns the content of the variable or the first line of the file; `None` if neither is named.
fn read_secret(variable: &str, file: &std::path::Path) -> Result<Option<String>, NotSent> {
    if !file.as_os_str().is_empty() {
        let told = || NotSent::SecretFile { file: file.display().to_string() };
        let text = huiliu_files::read_given_text(file, MAX_PASSWORD_FILE).map_err(|_| told())?;
        let line = text.lines().next().filter(|line| !line.is_empty());
        return line.map(|line| Some(line.to_owned())).ok_or_else(told);
    }
    if variable.is_empty() {
        return Ok(None);
    }
    let set = std::env::var(variable).ok().filter(|value| !value.is_empty());
    set.map(Some).ok_or_else(|| NotSent::SecretEnv { variable: variable.to_owned() })
}

/// Returns how often causes are looked for.
#[must_use]
pub fn pause() -> Duration {
    huiliu_store::faults::notify_ms().map_or(PAUSE, Duration::from_millis)
}

/// Stores which causes hold now, and sends what is due. Returns how many deliveries failed.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn notify(db: &Db, channels: Channels<'_>) -> Result<usize, StoreError> {
    let names = channels.names();
    if names.is_empty() {
        return Ok(0);
    }
    notifications::store_causes(db, &names).await?;
    let mut failed = 0;
    loop {
        let due = notifications::take_due(db, &names).await?;
        for of in &due {
            let now = huiliu_store::intake::source_lease::fetch_now(db).await?;
            let sent = channels.send(&of.channel, &Note::of_delivery(of), now).await;
            failed += usize::from(sent.is_err());
            let failure = sent.err().map(|why| Message::new(&why));
            notifications::note_attempt(db, of, failure.as_ref()).await?;
        }
        if due.is_empty() || failed > 0 {
            return Ok(failed);
        }
    }
}
