//! Payloads that could not be decoded: lists them, decodes them again, and dismisses them.

use huiliu_messages::{Message, said_in_english};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::act::{Act, AuditEntry};
use super::error::{NotFound, OperationError};
use super::filters;
use super::page::{Page, Span};
use super::registry_access::RegistryAccess;
use crate::database::OpenDatabase;
use crate::deliver;
use crate::runtime::Runtime;
use huiliu_decode::accounting::PayloadLayout;
use huiliu_decode::correction_mark::{self, NoRecords};
use huiliu_decode::decode::{self, DecodeError, Outline};
use huiliu_decode::unpack::UnpackError;
use huiliu_decode::unpacker::RequestedRecords;
use huiliu_decode::{draft, text_window};
use huiliu_store::intake::unread::{self, RetriedPayload, UnreadFilter, UnreadPayload};
use huiliu_store::intake::{layouts, payloads};
use huiliu_values::UnreadState;

/// Maximum length of a text in a reason, in characters, because parsers quote their input.
const MAX_TEXT: usize = 1_000;

/// Why unread payloads stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum PayloadRefused {
    /// The payload was read well since.
    #[serde(rename = "payload.read")]
    Read { payload: i64 },
    /// The payload is not open, so it cannot be dismissed.
    #[serde(rename = "payload.not_open")]
    NotOpen { payload: i64 },
    /// The payload is not dismissed, so it cannot be opened again.
    #[serde(rename = "payload.not_dismissed")]
    NotDismissed { payload: i64 },
    /// The connector of the payload, or its stream, does not exist any more.
    #[serde(rename = "payload.no_stream")]
    NoStream { payload: i64, connector: String, stream: String },
    /// The process that unpacks payloads cannot be started.
    #[serde(rename = "payload.no_process")]
    NoProcess { why: Message },
}

said_in_english!(PayloadRefused);

impl PayloadRefused {
    /// Returns a stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "payload.read",
            Self::NotOpen { .. } => "payload.not_open",
            Self::NotDismissed { .. } => "payload.not_dismissed",
            Self::NoStream { .. } => "payload.no_stream",
            Self::NoProcess { .. } => "payload.no_process",
        }
    }

    /// Returns whether the user must change the request.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        !matches!(self, Self::NoProcess { .. })
    }
}

/// Lists unread payloads by number.
///
/// # Errors
/// [`OperationError::Filter`] if the filter names something that does not exist.
pub async fn list(
    access: RegistryAccess<'_>,
    of: &UnreadFilter,
    span: Span,
) -> Result<Page<UnreadPayload>, OperationError> {
    filters::check_source_and_stream(access, of.source.as_deref(), of.stream.as_deref()).await?;
    let db = &access.opened.db;
    let rows = unread::list_unread_payloads(db, of, span.after, span.limit_plus_one()).await?;
    let page = Page::from_rows(rows, span.limit, |row| row.payload.to_string());
    Ok(page.counted(unread::count_unread_payloads(db, of)).await?)
}

/// Shows one payload that could not be decoded, in any state.
///
/// # Errors
/// [`OperationError::NotFound`] if there is none of this number.
pub async fn show(opened: &OpenDatabase, payload: i64) -> Result<UnreadPayload, OperationError> {
    let of = UnreadFilter { payload: Some(payload), ..UnreadFilter::default() };
    let found = unread::list_unread_payloads(&opened.db, &of, 0, 1).await?.pop();
    found.ok_or_else(|| NotFound::Payload { payload }.into())
}

/// What came of decoding one payload again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RetryOutcome {
    /// Number of the payload.
    pub payload: i64,
    /// Page or file name.
    pub address: String,
    /// Its state afterwards; under a plan, the state that it would have.
    pub state: UnreadState,
    /// Number of raw records in it, if it can be decoded.
    pub records: Option<u32>,
    /// Number of them that are parked until a replay; null unless that was asked for.
    pub awaiting: Option<i64>,
    /// Number of them that are not delivered yet: a worker takes them up, or they break the stream's contract and are held.
    pub undelivered: i64,
    /// Why it still cannot be decoded.
    pub reason: Option<Message>,
}

/// What is done with payloads that can be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Nothing: only returns what would come of it.
    Plan,
    /// Their records count nothing yet. Those that are sound are parked until a replay, which can be planned, approved and undone.
    Park,
    /// Their records are delivered.
    Deliver,
}

/// What came of decoding payloads again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Retried {
    /// Whether this is only a plan, with nothing changed.
    pub planned: bool,
    /// The payloads, by number.
    pub payloads: Vec<RetryOutcome>,
    /// Number of payloads that still cannot be decoded.
    pub failed: usize,
}

/// Decodes payloads again, under today's manifests and by this program, and delivers their records; or only returns what would
/// come of it, or parks them. Their records count in the runs that received them, and by the time at which they were received.
///
/// # Errors
/// [`NotFound::Payload`]; [`PayloadRefused`].
pub async fn retry(runtime: &Runtime, act: Act<'_>, how: Retry, payloads: &[i64]) -> Result<Retried, OperationError> {
    let known = unread::load_retried(&runtime.delivery.db, payloads).await?;
    require_all(&known, payloads)?;
    if let Some(read) = known.iter().find(|of| of.state == UnreadState::Read) {
        return Err(PayloadRefused::Read { payload: read.payload }.into());
    }
    let mut done = Retried { planned: how == Retry::Plan, payloads: vec![], failed: 0 };
    for of in &known {
        let outcome = retry_one(runtime, act, how, of).await?;
        done.failed += usize::from(outcome.records.is_none());
        done.payloads.push(outcome);
    }
    if how != Retry::Plan {
        // What is older than stored records ends with the settlement.
        runtime.settle_and_wait().await?;
        let read: Vec<i64> = done.payloads.iter().filter(|of| of.records.is_some()).map(|of| of.payload).collect();
        let uncounted = unread::count_uncounted(&runtime.delivery.db, &read).await?;
        for outcome in &mut done.payloads {
            if let Some(of) = uncounted.get(&outcome.payload) {
                outcome.undelivered = of.undelivered;
                outcome.awaiting = (how == Retry::Park).then_some(of.awaiting);
            }
        }
    }
    Ok(done)
}

/// Refuses a number that is none of an unread payload.
fn require_all(known: &[RetriedPayload], payloads: &[i64]) -> Result<(), NotFound> {
    let unknown = payloads.iter().copied().find(|id| !known.iter().any(|of| of.payload == *id));
    unknown.map_or(Ok(()), |payload| Err(NotFound::Payload { payload }))
}

async fn retry_one(
    runtime: &Runtime,
    act: Act<'_>,
    how: Retry,
    of: &RetriedPayload,
) -> Result<RetryOutcome, OperationError> {
    let (payload, address) = (of.payload, of.address.clone());
    match decode_again(runtime, of).await? {
        Ok(Outline { records, layout, .. }) => {
            let outcome = RetryOutcome {
                payload,
                address,
                state: UnreadState::Read,
                records: Some(records),
                awaiting: None,
                undelivered: 0,
                reason: None,
            };
            if how != Retry::Plan {
                land_again(runtime, act, how, of, &Recounted { records, layout }).await?;
            }
            Ok(outcome)
        }
        Err(reason) => {
            if how != Retry::Plan {
                let mut tx = runtime.delivery.db.begin().await?;
                unread::save_reason(&mut tx, payload, &reason).await?;
                tx.commit().await?;
            }
            Ok(RetryOutcome {
                payload,
                address,
                state: of.state,
                records: None,
                awaiting: None,
                undelivered: 0,
                reason: Some(reason),
            })
        }
    }
}

/// Counts the records of a payload, as when it landed; or says why it cannot be decoded.
async fn decode_again(runtime: &Runtime, of: &RetriedPayload) -> Result<Result<Outline, Message>, OperationError> {
    let manifests = runtime.delivery.manifests.current();
    let stream = manifests.get(&of.connector).and_then(|active| active.manifest.find_stream(&of.stream));
    let Some(stream) = stream else {
        let (payload, connector, stream) = (of.payload, of.connector.clone(), of.stream.clone());
        return Err(PayloadRefused::NoStream { payload, connector, stream }.into());
    };
    let (db, keys) = (&runtime.delivery.db, &runtime.delivery.keys);
    let bytes = payloads::open_stored(db, keys, &of.stored, text_window::has_windows(stream)).await?;
    let unpacker = &runtime.delivery.unpacker;
    let body = unpacker.prepare_payload(stream, &bytes, RequestedRecords::Count).await;
    if correction_mark::is_marked(unpacker, stream, &bytes, body.as_ref().ok()).await {
        return Ok(Err(Message::new(&NoRecords::CorrectionSheet)));
    }
    match body.and_then(|body| decode::outline_payload(stream, &body, None)) {
        Err(DecodeError::Unpack(UnpackError::Start { why })) => {
            Err(PayloadRefused::NoProcess { why: Message::new(&why) }.into())
        }
        read => Ok(read.map_err(|e| Message::new(&e).map_texts(|text| draft::mask_text(text, MAX_TEXT)))),
    }
}

/// What is in a payload that can be decoded now.
struct Recounted {
    records: u32,
    layout: PayloadLayout,
}

/// Makes batches of a payload and delivers them.
async fn land_again(
    runtime: &Runtime,
    act: Act<'_>,
    how: Retry,
    of: &RetriedPayload,
    counted: &Recounted,
) -> Result<(), OperationError> {
    let Recounted { records, layout } = counted;
    let (db, keys, most) = (&runtime.delivery.db, &runtime.delivery.keys, runtime.settings.batch_records);
    let mut tx = db.begin().await?;
    let landed = unread::land_retried(&mut tx, of, *records, (most, how == Retry::Park), act.to_author()).await?;
    let Some(batches) = landed else { return Err(PayloadRefused::Read { payload: of.payload }.into()) };
    layouts::insert_tables(&mut tx, &[(of.payload, layout)]).await?;
    let object = format!("payload {}", of.payload);
    let action = if how == Retry::Park { "payload.park" } else { "payload.retry" };
    act.append_audit(&mut tx, keys, AuditEntry { action, object, detail: json!({ "records": records }) }).await?;
    tx.commit().await?;
    for batch in batches {
        // What cannot be delivered now waits for a worker, and counts as pending.
        deliver::deliver_with_retries(&runtime.delivery, batch).await?;
    }
    Ok(())
}

/// Payloads that were dismissed, or opened again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PayloadsDecided {
    /// Their numbers.
    pub payloads: Vec<i64>,
    /// Their state: `dismissed` or `open`.
    pub state: UnreadState,
}

/// Dismisses open payloads: nothing in them is wanted. [`reopen`] takes that back.
///
/// # Errors
/// [`NotFound::Payload`]; [`PayloadRefused::NotOpen`].
pub async fn dismiss(opened: &OpenDatabase, act: Act<'_>, payloads: &[i64]) -> Result<PayloadsDecided, OperationError> {
    decide(opened, act, payloads, UnreadState::Dismissed).await
}

/// Opens dismissed payloads again.
///
/// # Errors
/// [`NotFound::Payload`]; [`PayloadRefused::NotDismissed`].
pub async fn reopen(opened: &OpenDatabase, act: Act<'_>, payloads: &[i64]) -> Result<PayloadsDecided, OperationError> {
    decide(opened, act, payloads, UnreadState::Open).await
}

async fn decide(
    opened: &OpenDatabase,
    act: Act<'_>,
    payloads: &[i64],
    to: UnreadState,
) -> Result<PayloadsDecided, OperationError> {
    require_all(&unread::load_retried(&opened.db, payloads).await?, payloads)?;
    let mut tx = opened.db.begin().await?;
    let decided = unread::dismiss_payloads(&mut tx, payloads, to, act.to_author()).await?;
    if let Some(payload) = payloads.iter().copied().find(|id| !decided.contains(id)) {
        tx.roll_back().await?;
        let refused = match to {
            UnreadState::Open => PayloadRefused::NotDismissed { payload },
            UnreadState::Dismissed | UnreadState::Read => PayloadRefused::NotOpen { payload },
        };
        return Err(refused.into());
    }
    let action = if to == UnreadState::Dismissed { "payload.dismiss" } else { "payload.reopen" };
    let object = match decided[..] {
        [payload] => format!("payload {payload}"),
        _ => "payload".to_owned(),
    };
    let entry = AuditEntry { action, object, detail: json!({ "payloads": decided }) };
    act.commit_with_audit(tx, opened, entry).await?;
    Ok(PayloadsDecided { payloads: decided, state: to })
}
