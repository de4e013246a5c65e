//! What every connector must do, over HTTP or over a folder.

use std::sync::Arc;
use std::time::Duration;

use huiliu_authoring::gate::law::{Broken, broken, law};
use huiliu_authoring::gate::proxy::{Proxy, Spoiled};
use huiliu_engine::deliver::{self, DeliveryContext};
use huiliu_engine::ingest::{self, From, Ingest};
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

/// Makes the connector for an endpoint, anew each time: whoever resumes remembers nothing.
pub type Make<'a> = &'a (dyn Fn(Endpoint) -> Result<Arc<dyn Connector>, Failure> + Sync);

/// A page of a pass over one stream.
struct Step {
    /// The cursor with which the page was asked for; none at the beginning.
    cursor: Option<String>,
    page: Page,
}

/// Walks every stream to its end, resumes at every page, spoils answers in every way a platform does, and lands all of it
/// twice: the same cursor gives the same page, a spoiled answer is never taken for records and says what to do, the
/// password of the endpoint is in no text, and the second landing changes nothing.
///
/// # Errors
/// The law that does not hold.
pub async fn exercise_connector(
    make: Make<'_>,
    endpoint: &Endpoint,
    context: &DeliveryContext,
    queue: &Queue,
) -> Result<(), Broken> {
    let connector = make(endpoint.clone()).map_err(broken)?;
    for stream in &connector.manifest().stream {
        let told = |e: Broken| format!("stream {}: {e}", stream.name);
        let walk = walk_over(make, endpoint, stream).await.map_err(told)?;
        resume(make, endpoint, stream, &walk).await.map_err(told)?;
        if matches!(connector.manifest().transport, Transport::Http { .. }) {
            spoil(make, endpoint, stream).await.map_err(told)?;
        }
    }
    land_twice(connector.as_ref(), context, queue).await
}

fn redacted(text: &str, endpoint: &Endpoint) -> Result<(), Broken> {
    law(endpoint.password.is_empty() || !text.contains(&endpoint.password), format!("a secret is in {text:?}"))
}

async fn walk_over(make: Make<'_>, endpoint: &Endpoint, stream: &Stream) -> Result<Vec<Step>, Broken> {
    let connector = make(endpoint.clone()).map_err(broken)?;
    let (mut walk, mut cursor): (Vec<Step>, Option<String>) = (Vec::new(), None);
    loop {
        let page =
            connector.pull(stream, cursor.as_deref()).await.map_err(broken)?.ok_or("no page before the last one")?;
        redacted(&format!("{} {}", page.address, page.cursor), endpoint)?;
        law(page.records.is_ok(), format!("{}: {:?}", page.address, page.records))?;
        law(walk.iter().all(|step| step.page.address != page.address), format!("{} comes twice", page.address))?;
        let next = page.cursor.clone();
        let last = page.last;
        walk.push(Step { cursor: cursor.replace(next), page });
        if last {
            let few = matches!(connector.manifest().transport, Transport::Http { .. }) && walk.len() < 3;
            law(!few, format!("{} pages; give the platform more to be walked over", walk.len()))?;
            return Ok(walk);
        }
    }
}

async fn resume(make: Make<'_>, endpoint: &Endpoint, stream: &Stream, walk: &[Step]) -> Result<(), Broken> {
    for Step { cursor, page } in walk {
        let again = make(endpoint.clone()).map_err(broken)?.pull(stream, cursor.as_deref()).await.map_err(broken)?;
        same(page, again.as_ref())?;
    }
    Ok(())
}

fn same(page: &Page, again: Option<&Page>) -> Result<(), Broken> {
    let told = |p: &Page| (p.address.clone(), p.cursor.clone(), p.last, p.records.clone());
    let again = again.ok_or_else(|| format!("{}: no page the second time", page.address))?;
    law(told(page) == told(again), format!("{:?} the first time, {:?} the second", told(page), told(again)))?;
    law(page.payload == again.payload, format!("{}: other bytes the second time", page.address))
}

async fn spoil(make: Make<'_>, endpoint: &Endpoint, stream: &Stream) -> Result<(), Broken> {
    let proxy = Proxy::before(&endpoint.base_url).await.map_err(broken)?;
    let endpoint = Endpoint { base_url: proxy.url(), ..endpoint.clone() };
    // Pages can name the host that was asked.
    let walk = walk_over(make, &endpoint, stream).await?;
    let faults = [
        Spoiled::Status(401),
        Spoiled::Status(403),
        Spoiled::Status(429),
        Spoiled::Status(503),
        Spoiled::Cut,
        Spoiled::LoginPage,
        Spoiled::Body("<html>".into()),
        Spoiled::Body(vec![]),
    ];
    for (nth, fault) in faults.into_iter().enumerate() {
        let Step { cursor, page } = &walk[nth % walk.len()];
        let connector = make(endpoint.clone()).map_err(broken)?;
        proxy.spoil(fault.clone());
        let told = |what: &str| format!("{fault:?}: {what}");
        let failure = match connector.pull(stream, cursor.as_deref()).await {
            Err(failure) => failure,
            Ok(page) => return Err(told(&format!("taken for a page of {:?}", page.map(|p| p.records)))),
        };
        law(proxy.spent(), told("not asked for"))?;
        redacted(&format!("{failure:?} {failure}"), &endpoint)?;
        let sentence = failure.to_string();
        law(!sentence.is_empty() && sentence.len() < 1_000, told("said nothing, or too much"))?;
        match &fault {
            Spoiled::Status(403) => law(failure.retry.is_none(), told("worth trying again"))?,
            Spoiled::Status(401) => {}
            Spoiled::Status(_) => law(failure.retry == Some(Duration::from_secs(7)), told("does not wait as asked"))?,
            _ => law(failure.retry.is_some(), told("not worth trying again"))?,
        }
        // The platform has recovered: the same cursor, the same connector.
        let again = connector.pull(stream, cursor.as_deref()).await.map_err(broken)?;
        same(page, again.as_ref()).map_err(|e| told(&e))?;
    }
    let connector = make(endpoint.clone()).map_err(broken)?;
    proxy.spoil(Spoiled::Body(empty(&stream.format)));
    let page = connector.pull(stream, None).await.map_err(broken)?.ok_or("an empty page is no page")?;
    law(page.records == Ok(0) && page.last, format!("an empty page gave {:?}", page.records))
}

/// The body of a page without records.
fn empty(format: &Format) -> Vec<u8> {
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
        // No page is a workbook: they come as files.
        Format::Workbook { .. } => String::new(),
    };
    text.into_bytes()
}

async fn land_twice(connector: &dyn Connector, context: &DeliveryContext, queue: &Queue) -> Result<(), Broken> {
    let id = connector.manifest().id.clone();
    let source =
        runs::register_source(&context.db, &id, &id, Institution { code: &id, name: &id }).await.map_err(broken)?;
    let keys = schema::check_key(&context.db, &context.keys).await.map_err(broken)?;
    source_lease::plan(&context.db, source.id, "", None).await.map_err(broken)?;
    let turn = schedule::take(&context.db, source.id, 30_000, "exercise", false).await.map_err(broken)?;
    let claim = turn.as_ref().ok_or("nobody holds the source, and it cannot be taken")?.claim;
    let (_tell, stop) = tokio::sync::watch::channel(false);
    let cx = Ingest {
        db: &context.db,
        keys: &keys,
        queue: Some(queue),
        batch_records: 5_000,
        progress: &|_| {},
        stop: &stop,
    };
    let mut runs = Vec::new();
    for _ in 0..2 {
        let report = ingest::sync(cx, &source, claim, connector, From::Start).await.map_err(broken)?;
        law(report.failure.is_none(), format!("{:?}", report.failure))?;
        loop {
            let due = batches::unnotified(&context.db, 100).await.map_err(broken)?;
            if due.is_empty() {
                break;
            }
            for batch in due {
                deliver::deliver(context, batch, false).await.map_err(broken)?;
            }
        }
        runs.push(reports::balance(&context.db, RunRange::one(report.run)).await.map_err(broken)?);
    }
    let (first, second) = (&runs[0], &runs[1]);
    law(first.balanced && second.balanced && first.inserted > 0, format!("{first:?}"))?;
    law(second.received == first.received, format!("{} received, then {}", first.received, second.received))?;
    law(second.inserted + second.updated == 0, format!("the second landing changed something: {second:?}"))
}
