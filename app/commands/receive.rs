//! `receive`: a small door through which platforms hand in payloads themselves, over HTTP.
//!
//! `POST /push/SOURCE/STREAM` with the payload as its body. It is landed as `upload` lands a file, in a run of its own; worker
//! processes deliver it. Every answer is JSON; what is refused is told in both languages.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http_body_util::BodyExt as _;
use huiliu_decode::payload::{Packer, Payload};
use huiliu_decode::text_window;
use huiliu_engine::ingest::From;
use huiliu_engine::schedule::Turn;
use huiliu_manifest::{Manifest, Stream, Transport};
use huiliu_platform::files::handed::HandedConnector;
use huiliu_platform::push_auth::{self, DoorFault, Handed, Proof};
use huiliu_store::StoreFault;
use huiliu_store::intake::pushed::{self, Pushed};
use huiliu_store::sql::schema;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use super::sync::{Line, told_to_stop};
use crate::Stop;
use crate::registry::Recipe;
use crate::settings::Settings;
use crate::wire::{self, House, Make};
use crate::words::{Both, both, in_both, note, spoken};

/// The largest payload, in bytes.
const MAX_BODY: usize = 64 << 20;
/// How long a sender may take over it.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long one waits for its turn: a source lands one payload at a time.
const TURN: Duration = Duration::from_secs(20);
/// Payloads that are held at a time.
const AT_ONCE: usize = 4;
/// The secret of a source that senders know.
const SECRET: &str = "push";

/// What every request is answered with.
#[derive(Clone)]
struct Door {
    house: House,
    room: Arc<Semaphore>,
    stop: watch::Receiver<bool>,
}

/// Why nothing was taken.
struct Refused {
    status: StatusCode,
    code: &'static str,
    why: Both,
    /// The run in which it was landed all the same.
    run: Option<i64>,
}

impl Refused {
    fn new(status: StatusCode, code: &'static str, why: Both) -> Self {
        Self { status, code, why, run: None }
    }

    /// Something here, which may pass.
    fn later(why: &str) -> Self {
        tracing::warn!("nothing taken: {why}");
        let why =
            in_both!("it cannot be taken just now; send it again, with the same key", "暂时无法接收；请用同一键重发");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "later", why)
    }
}

impl std::convert::From<Stop> for Refused {
    fn from(stop: Stop) -> Self {
        Self::later(&stop.message)
    }
}

impl std::convert::From<StoreFault> for Refused {
    fn from(fault: StoreFault) -> Self {
        Self::later(&spoken(&fault))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = json!({ "code": self.code, "en": self.why.english, "zh": self.why.chinese, "run": self.run });
        let mut answer =
            (self.status, [(header::CONTENT_TYPE, "application/json")], format!("{body}\n")).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            answer.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("5"));
        }
        answer
    }
}

/// Listens until told to stop, or until the key has been rotated.
pub async fn run(settings: Settings, address: SocketAddr) -> Result<(), Stop> {
    let stop = told_to_stop()?;
    let house = wire::open(settings, Make::Files).await?;
    let listener = TcpListener::bind(address).await.map_err(|e| {
        Stop::usage(both!(
            "cannot listen at {address}: {e}; give another address with --listen",
            "无法在 {address} 上监听：{e}；请用 --listen 指定其他地址",
            e = spoken(&e)
        ))
    })?;
    let address = listener.local_addr().unwrap_or(address);
    let door = Door { house: house.clone(), room: Arc::new(Semaphore::new(AT_ONCE)), stop: stop.clone() };
    let routes = Router::new()
        .route("/push/{source}", post(take_only))
        .route("/push/{source}/{stream}", post(take_for))
        .with_state(door);
    note(&both!(
        "payloads are taken at http://{address}/push/SOURCE/STREAM",
        "接收地址：http://{address}/push/来源/数据流"
    ));
    let mut told = stop.clone();
    let served = axum::serve(listener, routes).with_graceful_shutdown(async move {
        let _ = told.wait_for(|stop| *stop).await;
    });
    let ended = tokio::select! {
        served = served => served.map_err(|e| Stop::failed(spoken(&e))),
        rotated = until_rotated(&house) => Err(rotated),
    };
    house.close().await;
    ended
}

/// Nothing is sealed under a retired key; whoever starts it again gives it the new one.
async fn until_rotated(house: &House) -> Stop {
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        match schema::check_key(&house.desk.db, &house.desk.keys).await {
            Ok(keys) if keys.current() == house.desk.keys.current() => {}
            Ok(_) => return StoreFault::KeyRetired.into(),
            Err(fault @ (StoreFault::KeyGeneration(_) | StoreFault::WrongKey)) => return fault.into(),
            Err(e) => tracing::warn!(error = %e, "the database does not answer; trying again"),
        }
    }
}

async fn take_only(
    State(door): State<Door>,
    Path(source): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    answer(&door, (&source, None), path, (&headers, body)).await
}

async fn take_for(
    State(door): State<Door>,
    Path((source, stream)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    answer(&door, (&source, Some(&stream)), path, (&headers, body)).await
}

async fn answer(door: &Door, to: (&str, Option<&str>), path: &str, sent: (&HeaderMap, Body)) -> Response {
    match take(door, to, path, sent).await {
        Ok(Pushed { run, records, .. }) => {
            let body = json!({ "run": run, "records": records });
            (StatusCode::ACCEPTED, [(header::CONTENT_TYPE, "application/json")], format!("{body}\n")).into_response()
        }
        Err(refused) => refused.into_response(),
    }
}

/// The life of a payload that is handed in: proven, then taken in its turn, unless it is here already.
async fn take(
    door: &Door,
    (source, stream): (&str, Option<&str>),
    path: &str,
    (headers, body): (&HeaderMap, Body),
) -> Result<Pushed, Refused> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let key = text("idempotency-key").unwrap_or_default();
    push_auth::check_key(key).map_err(refused)?;
    let _room = door.room.try_acquire().map_err(|_| Refused::later("payloads of others are being taken"))?;
    door.house.refresh().await?;
    let known = known(door, source);
    let of = known.as_ref().ok().and_then(|(_, manifest)| chosen(manifest, stream).ok());
    let packer = of.map_or_else(Packer::default, |stream| text_window::packer(stream, 0));
    let read = tokio::time::timeout(PATIENCE, received(body, packer)).await;
    let payload = read.map_err(|_| too_slow())?.ok_or_else(too_large)?;
    let (recipe, manifest) = known.map_err(refused)?;
    let secret = recipe.secrets().remove(SECRET).unwrap_or_default();
    let bearer = text("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let proof = match (bearer, text("huiliu-timestamp"), text("huiliu-signature")) {
        (Some(sent), None, None) => Proof::Bearer(sent),
        (None, Some(timestamp), Some(signature)) => Proof::Signature { timestamp, signature },
        _ => return Err(refused(DoorFault::Secret)),
    };
    let handed = Handed { path, key, body: &payload };
    push_auth::check(&secret, proof, handed, chrono::Utc::now().timestamp()).map_err(refused)?;
    door.house.known().may_read(&recipe.source.connector).map_err(|_| disabled())?;
    let stream = chosen(&manifest, stream)?.name.clone();
    land(door, recipe, manifest, (&stream, key, payload)).await
}

/// A body, unless it is too large or breaks off.
async fn received(mut body: Body, mut packer: Packer) -> Option<Payload> {
    while let Some(frame) = body.frame().await {
        let Ok(bytes) = frame.ok()?.into_data() else { continue };
        if packer.len() + bytes.len() > MAX_BODY {
            return None;
        }
        packer.push(&bytes).ok()?;
    }
    packer.finish().ok()
}

/// The source, if payloads are handed in for it. Who does not know its secret is not told whether there is one.
fn known(door: &Door, name: &str) -> Result<(Recipe, Manifest), DoorFault> {
    let known = door.house.known();
    let source = known.sources.iter().find(|source| source.name == name).ok_or(DoorFault::Secret)?;
    let (recipe, manifest) = door.house.recipe(source).map_err(|_| DoorFault::Secret)?;
    if matches!(manifest.transport, Transport::Push {}) { Ok((recipe, manifest)) } else { Err(DoorFault::Secret) }
}

fn chosen<'m>(manifest: &'m Manifest, name: Option<&str>) -> Result<&'m Stream, Refused> {
    let chosen = match (name, &manifest.stream[..]) {
        (Some(name), _) => manifest.stream(name),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    match (chosen, &manifest.stream) {
        (Some(stream), _) => Ok(stream),
        (None, all) => {
            let all = all.iter().map(|stream| stream.name.as_str()).collect::<Vec<_>>().join(", ");
            let why = in_both!(
                "no such stream; there are {all}: send it to /push/SOURCE/STREAM",
                "没有该数据流；现有 {all}：请发送到 /push/来源/数据流"
            );
            Err(Refused::new(StatusCode::NOT_FOUND, "stream", why))
        }
    }
}

/// Lands it in the source's turn, if its key is new. What is answered is read from the books, the first time as any other.
async fn land(
    door: &Door,
    recipe: Recipe,
    manifest: Manifest,
    (stream, key, payload): (&str, &str, Payload),
) -> Result<Pushed, Refused> {
    let house = &door.house;
    let (db, keys) = (&house.desk.db, &house.desk.keys);
    let unpacker = Arc::clone(&house.desk.unpacker);
    let digest = pushed::digest(keys, stream, &payload).map_err(|e| Refused::later(&e.to_string()))?;
    let handed = HandedConnector::sent(manifest, stream, (key, payload), unpacker);
    let line = Line::over(house, recipe, Arc::new(handed.map_err(|e| Refused::later(&e.text))?)).await?;
    let turn = turn(house, &line).await?;
    let find = || pushed::find(db, (line.source.id, stream), (key, &digest));
    if let Some(before) = find().await? {
        turn.end(huiliu_store::intake::source_lease::Ended::Stopped, None).await?;
        return told(before);
    }
    let (report, _) = line.read(house, turn, From::Handed, (&door.stop, &|_| {})).await?;
    if let Some(failure) = report.failure {
        return Err(Refused::later(&failure.text));
    }
    match find().await? {
        Some(landed) => told(landed),
        None => Err(Refused::later("it was landed, and it is not found in the books")),
    }
}

async fn turn(house: &House, line: &Line) -> Result<Turn, Refused> {
    let until = tokio::time::Instant::now() + TURN;
    loop {
        if let Some(turn) = line.take(house, false).await? {
            return Ok(turn);
        }
        if tokio::time::Instant::now() > until {
            return Err(Refused::later("another process has the source's turn"));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What the sender is told of what stands in the books.
fn told(pushed: Pushed) -> Result<Pushed, Refused> {
    if !pushed.is_same {
        let why = in_both!(
            "another payload was handed in with this idempotency key; give each payload a key of its own",
            "此幂等键已用于另一份内容；请为每份内容使用不同的键"
        );
        return Err(Refused { run: Some(pushed.run), ..Refused::new(StatusCode::CONFLICT, "key", why) });
    }
    match &pushed.fault {
        None => Ok(pushed),
        Some(fault) => {
            let (english, chinese) = (fault, crate::words::in_chinese(fault));
            let why = Both {
                english: format!("it is kept, and cannot be read: {english}; mend it, and send it with another key"),
                chinese: format!("已保存，但无法读取：{chinese}；请改正后用另一个键发送"),
            };
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            Err(Refused { run: Some(pushed.run), ..Refused::new(status, "unreadable", why) })
        }
    }
}

fn refused(fault: DoorFault) -> Refused {
    let (status, code) = match fault {
        DoorFault::Secret => (StatusCode::UNAUTHORIZED, "secret"),
        DoorFault::Time => (StatusCode::UNAUTHORIZED, "time"),
        DoorFault::Key => (StatusCode::BAD_REQUEST, "key"),
    };
    let english = fault.to_string();
    let chinese = crate::words::in_chinese(&english).into_owned();
    Refused::new(status, code, Both { english, chinese })
}

fn too_slow() -> Refused {
    let why = in_both!(
        "the body did not come within {s} s; send it in parts",
        "{s} 秒内未收到全部内容；请分批发送",
        s = PATIENCE.as_secs()
    );
    Refused::new(StatusCode::REQUEST_TIMEOUT, "slow", why)
}

fn too_large() -> Refused {
    let why = in_both!(
        "the body has more than {MAX_BODY} bytes, or broke off; send it in parts",
        "内容超过 {MAX_BODY} 字节或中断；请分批发送"
    );
    Refused::new(StatusCode::PAYLOAD_TOO_LARGE, "size", why)
}

fn disabled() -> Refused {
    let why = in_both!(
        "the connector of this source is disabled; ask whoever runs Huiliu",
        "该来源的连接器已停用；请联系汇流的管理人员"
    );
    Refused::new(StatusCode::FORBIDDEN, "disabled", why)
}
