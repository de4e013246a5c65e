//! Conformance of connectors, over HTTP or over a folder.

use std::sync::Arc;
use std::time::Duration;

use huiliu_authoring::gate::law::{Broken, check_law, to_broken};
use huiliu_authoring::gate::proxy::{Proxy, SpoiledAnswer};
use huiliu_engine::deliver::{self, DeliveryContext};
use huiliu_engine::ingest::{self, Ingest, PassStart};
use huiliu_engine::schedule;
use huiliu_manifest::format::Encoding;
use huiliu_manifest::{Format, Stream, Transport};
use huiliu_platform::{Connector, Endpoint, Failure, Page};
use huiliu_queue::Queue;
use huiliu_store::admin::reports;
use huiliu_store::delivery::batches;
use huiliu_store::intake::runs::{self, Institution, RunRange};
use huiliu_store::intake::source_lease;
use huiliu_store::sql::schema;

/// Creates the connector for an endpoint. Each call makes a new one, so that resuming cannot rely on memory.
pub type Make<'a> = &'a (dyn Fn(Endpoint) -> Result<Arc<dyn Connector>, Failure> + Sync);

/// A page of one pass over a stream.
struct Step {
    /// The cursor that the page was requested with; `None` at the beginning.
    cursor: Option<String>,
    page: Page,
}

/// Walks every stream to its end, resumes at every page, corrupts answers in every way that platforms do, and lands
/// everything twice. Checks that the same cursor gives the same page, that a corrupted answer is never taken for
/// records and its failure says what to do, that the endpoint's password is in no text, and that the second landing
/// changes nothing.
///
/// # Errors
/// The law that is broken.
pub async fn exercise_connector(
    make: Make<'_>,
    endpoint: &Endpoint,
    context: &DeliveryContext,
    queue: &Queue,
) -> Result<(), Broken> {
    let connector = make(endpoint.clone()).map_err(to_broken)?;
    for stream in &connector.manifest().stream {
        let told = |e: Broken| format!("stream {}: {e}", stream.name);
        let walk = walk_over(make, endpoint, stream).await.map_err(told)?;
        check_resume(make, endpoint, stream, &walk).await.map_err(told)?;
        if matches!(connector.manifest().transport, Transport::Http { .. }) {
            check_spoiled_answers(make, endpoint, stream).await.map_err(told)?;
        }
    }
    land_twice(connector.as_ref(), context, queue).await
}

fn check_redacted(text: &str, endpoint: &Endpoint) -> Result<(), Broken> {
    check_law(endpoint.password.is_empty() || !text.contains(&endpoint.password), format!("a secret is in {text:?}"))
}

async fn walk_over(make: Make<'_>, endpoint: &Endpoint, stream: &Stream) -> Result<Vec<Step>, Broken> {
    let connector = make(endpoint.clone()).map_err(to_broken)?;
    let (mut walk, mut cursor): (Vec<Step>, Option<String>) = (Vec::new(), None);
    loop {
        let page =
            connector.pull(stream, cursor.as_deref()).await.map_err(to_broken)?.ok_or("no page before the last one")?;
        check_redacted(&format!("{} {}", page.address, page.cursor), endpoint)?;
        check_law(page.records.is_ok(), format!("{}: {:?}", page.address, page.records))?;
        check_law(walk.iter().all(|step| step.page.address != page.address), format!("{} comes twice", page.address))?;
        let next = page.cursor.clone();
        let last = page.last;
        walk.push(Step { cursor: cursor.replace(next), page });
        if last {
            let few = matches!(connector.manifest().transport, Transport::Http { .. }) && walk.len() < 3;
            check_law(!few, format!("{} pages; give the platform more to be walked over", walk.len()))?;
            return Ok(walk);
        }
    }
}

async fn check_resume(make: Make<'_>, endpoint: &Endpoint, stream: &Stream, walk: &[Step]) -> Result<(), Broken> {
    for Step { cursor, page } in walk {
        let again =
            make(endpoint.clone()).map_err(to_broken)?.pull(stream, cursor.as_deref()).await.map_err(to_broken)?;
        check_same_page(page, again.as_ref())?;
    }
    Ok(())
}

fn check_same_page(page: &Page, again: Option<&Page>) -> Result<(), Broken> {
    let told = |p: &Page| (p.address.clone(), p.cursor.clone(), p.last, p.records.clone());
    let again = again.ok_or_else(|| format!("{}: no page the second time", page.address))?;
    check_law(told(page) == told(again), format!("{:?} the first time, {:?} the second", told(page), told(again)))?;
    check_law(page.payload == again.payload, format!("{}: other bytes the second time", page.address))
}

async fn check_spoiled_answers(make: Make<'_>, endpoint: &Endpoint, stream: &Stream) -> Result<(), Broken> {
    let proxy = Proxy::start_before(&endpoint.base_url).await.map_err(to_broken)?;
    let endpoint = Endpoint { base_url: proxy.url(), ..endpoint.clone() };
    // Walk again through the proxy, because pages can name the host that was asked.
    let walk = walk_over(make, &endpoint, stream).await?;
    let faults = [
        SpoiledAnswer::Status(401),
        SpoiledAnswer::Status(403),
        SpoiledAnswer::Status(429),
        SpoiledAnswer::Status(503),
        SpoiledAnswer::Cut,
        SpoiledAnswer::LoginPage,
        SpoiledAnswer::Body("<html>".into()),
        SpoiledAnswer::Body(vec![]),
    ];
    for (nth, fault) in faults.into_iter().enumerate() {
        let Step { cursor, page } = &walk[nth % walk.len()];
        let connector = make(endpoint.clone()).map_err(to_broken)?;
        proxy.spoil_next(fault.clone());
        let told = |what: &str| format!("{fault:?}: {what}");
        let failure = match connector.pull(stream, cursor.as_deref()).await {
            Err(failure) => failure,
            Ok(page) => return Err(told(&format!("taken for a page of {:?}", page.map(|p| p.records)))),
        };
        check_law(proxy.is_spent(), told("not asked for"))?;
        check_redacted(&format!("{failure:?} {failure}"), &endpoint)?;
        let sentence = failure.to_string();
        check_law(!sentence.is_empty() && sentence.len() < 1_000, told("said nothing, or too much"))?;
        match &fault {
            SpoiledAnswer::Status(403) => check_law(failure.retry.is_none(), told("worth trying again"))?,
            SpoiledAnswer::Status(401) => {}
            SpoiledAnswer::Status(_) => {
                check_law(failure.retry == Some(Duration::from_secs(7)), told("does not wait as asked"))?
            }
            _ => check_law(failure.retry.is_some(), told("not worth trying again"))?,
        }
        // The platform has recovered: ask again with the same cursor and the same connector.
        let again = connector.pull(stream, cursor.as_deref()).await.map_err(to_broken)?;
        check_same_page(page, again.as_ref()).map_err(|e| told(&e))?;
    }
    let connector = make(endpoint.clone()).map_err(to_broken)?;
    proxy.spoil_next(SpoiledAnswer::Body(empty_body(&stream.format)));
    let page = connector.pull(stream, None).await.map_err(to_broken)?.ok_or("an empty page is no page")?;
    check_law(page.records == Ok(0) && page.last, format!("an empty page gave {:?}", page.records))
}

/// Builds the body of a page without records.
fn empty_body(format: &Format) -> Vec<u8> {
    let text = match format {
        Format::Json { items, ok_path, ok_value, .. } => {
            let mut answer = serde_json::json!({});
            let mut put = |path: &str, value: serde_json::Value| {
                let mut place = &mut answer;
                for name in path.split('.') {
                    place = &mut place[name];
                }
                *place = value;
            };
            put(items, serde_json::json!([]));
            if let (Some(path), Some(value)) = (ok_path, ok_value) {
                put(path, serde_json::from_str(value).unwrap_or_else(|_| value.as_str().into()));
            }
            answer.to_string()
        }
        Format::Csv { encoding: Encoding::Gb18030, layout, .. } => {
            return encoding_rs::GB18030.encode(&layout.header.join(",")).0.into_owned();
        }
        Format::Xml { root, .. } => format!("<{root}></{root}>"),
        Format::Csv { layout, .. } => layout.header.join(","),
        Format::JsonLines { .. } => String::new(),
        // Workbooks come as files, never as pages.
        Format::Workbook { .. } => String::new(),
    };
    text.into_bytes()
}

async fn land_twice(connector: &dyn Connector, context: &DeliveryContext, queue: &Queue) -> Result<(), Broken> {
    let id = connector.manifest().id.clone();
    let source =
        runs::register_source(&context.db, &id, &id, Institution { code: &id, name: &id }).await.map_err(to_broken)?;
    let keys = schema::check_key(&context.db, &context.keys).await.map_err(to_broken)?;
    source_lease::save_schedule(&context.db, source.id, "", None).await.map_err(to_broken)?;
    let turn =
        schedule::take_source_lease(&context.db, source.id, 30_000, "exercise", false).await.map_err(to_broken)?;
    let claim = turn.as_ref().ok_or("nobody holds the source, and it cannot be taken")?.claim;
    let (_tell, stop) = tokio::sync::watch::channel(false);
    let cx = Ingest {
        db: &context.db,
        keys: &keys,
        queue: Some(queue),
        batch_records: 5_000,
        progress: &|_| {},
        stop: &stop,
        room: None,
    };
    let mut runs = Vec::new();
    for _ in 0..2 {
        let report = ingest::sync_source(cx, &source, claim, connector, PassStart::Start).await.map_err(to_broken)?;
        check_law(report.failure.is_none(), format!("{:?}", report.failure))?;
        loop {
            let due = batches::list_due(&context.db, 100).await.map_err(to_broken)?;
            if due.is_empty() {
                break;
            }
            for batch in due {
                deliver::deliver_batch(context, batch, false).await.map_err(to_broken)?;
            }
        }
        runs.push(reports::read_balance(&context.db, RunRange::single(report.run)).await.map_err(to_broken)?);
    }
    let (first, second) = (&runs[0], &runs[1]);
    check_law(first.balanced && second.balanced && first.inserted > 0, format!("{first:?}"))?;
    check_law(second.received == first.received, format!("{} received, then {}", first.received, second.received))?;
    check_law(second.inserted + second.updated == 0, format!("the second landing changed something: {second:?}"))
}
