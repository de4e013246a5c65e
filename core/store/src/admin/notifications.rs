//! Notifications: causes that people are told of, and what was sent to whom.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::admin::filter;
use crate::admin::waiting::{self, Waiting};
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};
use huiliu_messages::Message;
use huiliu_values::calendar::format_instant;
use huiliu_values::{DeliveryState, NotificationEvent, NotificationKind, WaitingKind};

/// A delivery that was taken is tried again after this time if its process dies, in microseconds.
const TAKEN: i64 = 120_000_000;
/// Deliveries taken at once: with the patience for a channel, they are sent before anybody else may take them.
const AT_ONCE: i64 = 8;
/// The first pause after a failed attempt, in microseconds; each further one is twice as long.
const FIRST_PAUSE: i64 = 30_000_000;
/// The longest pause, in microseconds.
const LONGEST_PAUSE: i64 = 3_600_000_000;
/// How long attempts go on, in microseconds: three days.
const GIVEN_UP_AFTER: i64 = 259_200_000_000;

/// A cause that holds now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// What it is.
    pub kind: NotificationKind,
    /// The source that it is about; empty if it is about none.
    pub source: String,
    /// The replay that it is about; 0 if it is about none.
    pub replay: i64,
    /// How many there are.
    pub number: i64,
}

/// What a cause is about: two with the same are one.
type About = (NotificationKind, String, i64);

impl Cause {
    fn about(&self) -> About {
        (self.kind, self.source.clone(), self.replay)
    }
}

/// A cause that people were told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Notification {
    /// Its number.
    pub notification: i64,
    /// What it is about.
    pub kind: NotificationKind,
    /// The source that it is about; null if it is about none.
    pub source: Option<String>,
    /// The replay that it is about; null if it is about none.
    pub replay: Option<i64>,
    /// How many there were when it began.
    pub number: i64,
    /// When it began, RFC 3339.
    pub began_at: String,
    /// When it was over, RFC 3339; null if it still holds.
    pub ended_at: Option<String>,
    /// What was sent to whom, or will be.
    pub deliveries: Vec<Delivery>,
}

/// What is sent of a cause to one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Delivery {
    /// Whether it says that the cause began, or that it is over.
    pub event: NotificationEvent,
    /// The channel: `mail`, or the address of a webhook.
    pub channel: String,
    /// Whether it was sent.
    pub state: DeliveryState,
    /// Attempts so far.
    pub attempts: i64,
    /// When it was sent, RFC 3339.
    pub sent_at: Option<String>,
    /// When the next attempt is due, RFC 3339.
    pub due_at: Option<String>,
    /// Why the last attempt failed.
    pub error: Option<Message>,
}

/// A delivery that this process is to make.
#[derive(Debug, Clone)]
pub struct DueDelivery {
    /// Number of the notification.
    pub notification: i64,
    /// What it is about.
    pub kind: NotificationKind,
    /// The source that it is about; empty if it is about none.
    pub source: String,
    /// The replay that it is about; 0 if it is about none.
    pub replay: i64,
    /// How many there were.
    pub number: i64,
    /// When the cause began.
    pub began_at: String,
    /// When it was over.
    pub ended_at: Option<String>,
    /// What it says.
    pub event: NotificationEvent,
    /// To which channel.
    pub channel: String,
}

/// Finds the causes that hold now.
async fn find_causes(tx: &mut Tx) -> Result<Vec<Cause>, StoreError> {
    let mut causes = vec![];
    for kind in NotificationKind::ALL {
        match waiting_kind(kind) {
            Some(waits) => {
                let of = |Waiting { source, waiting, .. }| Cause {
                    kind,
                    source: source.unwrap_or_default(),
                    replay: 0,
                    number: waiting,
                };
                causes.extend(waiting::list_kind(tx, waits).await?.into_iter().map(of));
            }
            None if kind == NotificationKind::ReplayUnapproved => causes.extend(find_unapproved(tx, kind).await?),
            None => causes.extend(find_many_letters(tx, kind).await?),
        }
    }
    Ok(causes)
}

/// Returns what is counted for each source; `None` if the causes are found in another way.
fn waiting_kind(kind: NotificationKind) -> Option<WaitingKind> {
    match kind {
        NotificationKind::SourceFailed => Some(WaitingKind::SourceFailed),
        NotificationKind::SourceLate => Some(WaitingKind::SourceLate),
        NotificationKind::BatchQuarantined => Some(WaitingKind::BatchQuarantined),
        NotificationKind::PayloadUnread => Some(WaitingKind::PayloadUnread),
        NotificationKind::ManyDeadLetters | NotificationKind::ReplayUnapproved => None,
        NotificationKind::LedgerDiffers => Some(WaitingKind::LedgerDiffers),
    }
}

/// Finds the replays that a second person must approve, each of which is a cause of its own.
async fn find_unapproved(tx: &mut Tx, kind: NotificationKind) -> Result<Vec<Cause>, StoreError> {
    let sql =
        "SELECT id FROM replay WHERE state = 'planned' AND approval IS NOT NULL AND approved_by IS NULL ORDER BY id";
    let cause = |row: &Row| Ok(Cause { kind, source: String::new(), replay: row.int("id")?, number: 1 });
    tx.fetch_rows(sql, vec![]).await?.iter().map(cause).collect()
}

/// Finds sources of whose last completed sync a tenth of the records or more were parked, and at least 20. What a person has
/// parked until a replay does not count.
async fn find_many_letters(tx: &mut Tx, kind: NotificationKind) -> Result<Vec<Cause>, StoreError> {
    let rows = tx
        .fetch_rows(
            "SELECT s.name AS source, CAST(sum(b.parked) AS bigint) AS number
             FROM source s JOIN batch b ON b.run_id = (SELECT max(r.id) FROM sync_run r WHERE r.source_id = s.id AND r.state = 'done'
               AND (SELECT 1 FROM batch o WHERE o.run_id = r.id LIMIT 1) IS NOT NULL) AND b.awaits_replay = 0
             GROUP BY s.name HAVING sum(b.parked) >= 20 AND sum(b.parked) * 10 >= sum(b.record_count) ORDER BY s.name",
            vec![],
        )
        .await?;
    let cause = |row: &Row| Ok(Cause { kind, source: row.text("source")?, replay: 0, number: row.int("number")? });
    rows.iter().map(cause).collect()
}

/// Finds which causes hold now, and stores which began and which are over, each with what is to be sent to the channels. One
/// process at a time: two that look at different moments would end what has begun meanwhile.
///
/// # Errors
/// [`StoreError`].
pub async fn store_causes(db: &Db, channels: &[String]) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    tx.take_advisory_lock("notifications", 0).await?;
    let causes = find_causes(&mut tx).await?;
    let open = open_causes(&mut tx).await?;
    let now: BTreeSet<About> = causes.iter().map(Cause::about).collect();
    let began: Vec<&Cause> = causes.iter().filter(|of| !open.contains_key(&of.about())).collect();
    let over: Vec<i64> = open.iter().filter(|(about, _)| !now.contains(about)).map(|(_, id)| *id).collect();
    if began.is_empty() && over.is_empty() {
        return Ok(());
    }
    let rows = Rows::new()
        .text("kind", began.iter().map(|of| Some(of.kind.as_str())))
        .text("source", began.iter().map(|of| Some(of.source.as_str())))
        .int("replay_id", began.iter().map(|of| Some(of.replay)))
        .int("number", began.iter().map(|of| Some(of.number)));
    // Another process may have seen the same.
    let sql = "INSERT INTO notification (kind, source, replay_id, number, began_at)
               SELECT kind, source, replay_id, number, {now} FROM {rows} WHERE true
               ON CONFLICT (kind, source, replay_id) WHERE ended_at IS NULL DO NOTHING RETURNING id";
    let began = if began.is_empty() { vec![] } else { tx.fetch_rows_with(sql, vec![], rows).await? };
    let sql = "UPDATE notification SET ended_at = {now} WHERE id IN (SELECT id FROM {rows}) AND ended_at IS NULL RETURNING id";
    let rows = Rows::new().int("id", over.iter().copied().map(Some));
    let ended = if over.is_empty() { vec![] } else { tx.fetch_rows_with(sql, vec![], rows).await? };
    for (event, rows) in [(NotificationEvent::Began, began), (NotificationEvent::Ended, ended)] {
        let ids: Vec<i64> = rows.iter().map(|row| row.int("id")).collect::<Result<_, _>>()?;
        add_deliveries(&mut tx, event, &ids, channels).await?;
    }
    tx.commit().await
}

async fn open_causes(tx: &mut Tx) -> Result<BTreeMap<About, i64>, StoreError> {
    let rows =
        tx.fetch_rows("SELECT id, kind, source, replay_id FROM notification WHERE ended_at IS NULL", vec![]).await?;
    let open = |row: &Row| Ok(((row.parse_text("kind")?, row.text("source")?, row.int("replay_id")?), row.int("id")?));
    rows.iter().map(open).collect()
}

async fn add_deliveries(
    tx: &mut Tx,
    event: NotificationEvent,
    notifications: &[i64],
    channels: &[String],
) -> Result<(), StoreError> {
    let all = || notifications.iter().flat_map(|id| channels.iter().map(move |channel| (*id, channel.as_str())));
    if all().next().is_none() {
        return Ok(());
    }
    let rows = Rows::new()
        .int("notification_id", all().map(|(id, _)| Some(id)))
        .text("channel", all().map(|(_, channel)| Some(channel)));
    let sql = "INSERT INTO notification_delivery (notification_id, event, channel, state, due_at)
               SELECT notification_id, $1, channel, 'due', {now} FROM {rows}";
    tx.execute_with(sql, vec![event.as_str().into()], rows).await?;
    Ok(())
}

/// Takes some deliveries that are due to these channels. What says that a cause is over waits for what said that it began.
///
/// # Errors
/// [`StoreError`].
pub async fn take_due(db: &Db, channels: &[String]) -> Result<Vec<DueDelivery>, StoreError> {
    if channels.is_empty() {
        return Ok(vec![]);
    }
    let mut tx = db.begin().await?;
    let rows = Rows::new().text("channel", channels.iter().map(|channel| Some(channel.as_str())));
    let taken = tx
        .fetch_rows_with(
            "UPDATE notification_delivery SET due_at = {now} + $1, attempts = attempts + 1
             WHERE (notification_id, event, channel) IN (SELECT d.notification_id, d.event, d.channel FROM notification_delivery d
               WHERE d.state = 'due' AND d.due_at <= {now} AND d.channel IN (SELECT channel FROM {rows})
                 AND (d.event = 'began' OR NOT EXISTS (SELECT 1 FROM notification_delivery e
                   WHERE e.notification_id = d.notification_id AND e.channel = d.channel AND e.event = 'began' AND e.state = 'due'))
               ORDER BY d.due_at LIMIT $2) AND state = 'due' AND due_at <= {now}
             RETURNING notification_id, event, channel",
            vec![TAKEN.into(), AT_ONCE.into()],
            rows,
        )
        .await?;
    tx.commit().await?;
    let mut tx = db.begin_read_only().await?;
    let ids = Rows::new().int("id", taken.iter().filter_map(|row| row.int("notification_id").ok()).map(Some));
    let told = tx
        .fetch_rows_with(
            "SELECT id, kind, source, replay_id, number, began_at, ended_at FROM notification WHERE id IN (SELECT id FROM {rows})",
            vec![],
            ids,
        )
        .await?;
    let of = |id: i64| told.iter().find(|row| row.int("id").is_ok_and(|found| found == id));
    let mut due = Vec::with_capacity(taken.len());
    for row in &taken {
        let notification = row.int("notification_id")?;
        let Some(about) = of(notification) else { continue };
        due.push(DueDelivery {
            notification,
            kind: about.parse_text("kind")?,
            source: about.text("source")?,
            replay: about.int("replay_id")?,
            number: about.int("number")?,
            began_at: format_instant(about.int("began_at")?),
            ended_at: about.opt_int("ended_at")?.map(format_instant),
            event: row.parse_text("event")?,
            channel: row.text("channel")?,
        });
    }
    Ok(due)
}

/// Stores how an attempt ended. After a failure the delivery is due again later, for three days.
///
/// # Errors
/// [`StoreError`].
pub async fn note_attempt(db: &Db, of: &DueDelivery, failure: Option<&Message>) -> Result<(), StoreError> {
    let at = || vec![of.notification.into(), of.event.as_str().into(), of.channel.as_str().into()];
    const THIS: &str = "notification_id = $1 AND event = $2 AND channel = $3 AND state = 'due'";
    let Some(failure) = failure else {
        let sql =
            format!("UPDATE notification_delivery SET state = 'sent', sent_at = {{now}}, error = NULL WHERE {THIS}");
        db.execute(&sql, at()).await?;
        return Ok(());
    };
    let mut tx = db.begin().await?;
    let sql = format!("SELECT attempts FROM notification_delivery WHERE {THIS} {{lock}}");
    let attempts = tx.fetch_rows(&sql, at()).await?.first().map_or(Ok(1), |row| row.int("attempts"))?;
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(20);
    let first = crate::faults::notify_ms().map_or(FIRST_PAUSE, |ms| i64::try_from(ms).unwrap_or(0) * 1_000);
    let pause = first.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
    let sql = format!(
        "UPDATE notification_delivery SET error = $4, due_at = {{now}} + $5,
           state = CASE WHEN {{now}} - (SELECT CASE WHEN $2 = 'began' THEN n.began_at ELSE coalesce(n.ended_at, n.began_at) END
             FROM notification n WHERE n.id = $1) > $6 THEN 'given_up' ELSE 'due' END WHERE {THIS}"
    );
    let more = vec![failure.to_stored().into(), pause.into(), GIVEN_UP_AFTER.into()];
    tx.execute(&sql, [at(), more].concat()).await?;
    tx.commit().await
}

/// Lists notifications, the newest first, before a number.
///
/// # Errors
/// [`StoreError`].
pub async fn list_notifications(db: &Db, before: i64, limit: i64) -> Result<Vec<Notification>, StoreError> {
    let mut tx = db.begin_read_only().await?;
    let sql = "SELECT id, kind, source, replay_id, number, began_at, ended_at FROM notification WHERE $1 = 0 OR id < $1
               ORDER BY id DESC LIMIT $2";
    let rows = tx.fetch_rows(sql, vec![before.into(), limit.into()]).await?;
    let ids: Vec<i64> = rows.iter().map(|row| row.int("id")).collect::<Result<_, _>>()?;
    let mut deliveries = load_deliveries(&mut tx, &ids).await?;
    let notification = |row: &Row| {
        let id = row.int("id")?;
        Ok(Notification {
            notification: id,
            kind: row.parse_text("kind")?,
            source: Some(row.text("source")?).filter(|source| !source.is_empty()),
            replay: Some(row.int("replay_id")?).filter(|replay| *replay > 0),
            number: row.int("number")?,
            began_at: format_instant(row.int("began_at")?),
            ended_at: row.opt_int("ended_at")?.map(format_instant),
            deliveries: deliveries.remove(&id).unwrap_or_default(),
        })
    };
    rows.iter().map(notification).collect()
}

async fn load_deliveries(tx: &mut Tx, ids: &[i64]) -> Result<BTreeMap<i64, Vec<Delivery>>, StoreError> {
    let mut deliveries: BTreeMap<i64, Vec<Delivery>> = BTreeMap::new();
    let rows = tx
        .fetch_rows_with(
            "SELECT notification_id, event, channel, state, attempts, due_at, sent_at, error FROM notification_delivery
             WHERE notification_id IN (SELECT id FROM {rows}) ORDER BY notification_id, event, channel",
            vec![],
            Rows::new().int("id", ids.iter().copied().map(Some)),
        )
        .await?;
    for row in &rows {
        let state = row.parse_text("state")?;
        deliveries.entry(row.int("notification_id")?).or_default().push(Delivery {
            event: row.parse_text("event")?,
            channel: row.text("channel")?,
            state,
            attempts: row.int("attempts")?,
            sent_at: row.opt_int("sent_at")?.map(format_instant),
            due_at: (state == DeliveryState::Due).then(|| row.int("due_at").map(format_instant)).transpose()?,
            error: row.opt_text("error")?.map(|text| Message::parse_stored(&text)),
        });
    }
    Ok(deliveries)
}

/// Counts the notifications.
///
/// # Errors
/// [`StoreError`].
pub async fn count_notifications(db: &Db) -> Result<i64, StoreError> {
    filter::fetch_count(db, "SELECT count(*) AS n FROM notification", vec![]).await
}
