//! Exports: ordered, awaited, fetched, and deleted once landed. The id is part of the cursor, so that a process that
//! continues after an interruption waits for the same export.

use std::time::{Duration, Instant};

use crate::connector::Page;
use crate::failure::{Cause, Failure};
use crate::http::platform::{Question, RequestTarget};
use crate::http::web::Answer;
use crate::log_event::LogEvent;
use crate::pull::cursor::Cursor;
use crate::pull::listing::{HttpConnector, Listing};
use crate::pull::paging::PageParams;
use crate::pull::since;
use huiliu_decode::decode::{self, Outline};
use huiliu_decode::json;
use huiliu_decode::payload::Payload;
use huiliu_manifest::Request;
use huiliu_manifest::stream::Export;
use huiliu_messages::Message;

/// The state of an export, as a poll reports it.
enum State {
    /// It can be fetched, from a link if the answer has one.
    Ready(Option<String>),
    /// It is not ready yet; the state in the platform's word, if the answer has one.
    Working(Option<String>),
    /// It has failed, or no longer exists.
    Failed(Cause),
}

impl HttpConnector {
    /// Performs the next step of an export.
    pub(crate) async fn export_step(&self, listing: &Listing<'_>, export: &Export) -> Result<Page, Failure> {
        let stands = listing.stands;
        let Some(id) = stands.export.clone() else { return self.order_export(listing, export).await };
        if stands.fetched {
            return Ok(self.delete_export(listing, export, &id).await);
        }
        match self.wait_for_export(listing, export, &id).await? {
            State::Ready(link) => self.fetch_export(listing, export, &id, link.as_deref()).await,
            // An export that was ordered before an interruption may no longer exist.
            State::Failed(why) if !self.forget_order(&id).await => {
                let why = Message::new(&why).map_texts(|text| self.platform.secrets.hide_secrets(text));
                tracing::info!("{}", LogEvent::ExportGone { why });
                self.order_export(listing, export).await
            }
            State::Failed(why) => Err(Failure::fatal(why)),
            State::Working(state) => {
                let seconds = export.most_seconds.0;
                Err(Failure::fatal(match state {
                    Some(state) => Cause::ExportNotReady { state, seconds },
                    None => Cause::ExportNotTold { seconds },
                }))
            }
        }
    }

    async fn order_export(&self, listing: &Listing<'_>, export: &Export) -> Result<Page, Failure> {
        let (place, answer) = self.send_export_request(listing, &export.create, "", None).await?;
        let id = answer.as_ref().and_then(|answer| text_at(answer, &export.id)).ok_or_else(|| {
            Failure::retryable(Cause::ExportIdMissing { path: export.id.clone() }).with_place(place.as_str())
        })?;
        if id.len() > 1_000 || id.contains(char::is_control) {
            return Err(Failure::fatal(Cause::ExportIdNotPrintable).with_place(place));
        }
        self.ordered.lock().await.push(id.clone());
        let began = Some(listing.stands.began.unwrap_or_else(huiliu_values::calendar::today_in_shanghai));
        let cursor = Cursor { export: Some(id), began, ..listing.stands.clone() };
        Ok(Page { waiting: true, ..listing.make_page(place, Payload::default(), Ok(0), &cursor, false) })
    }

    /// Drops the id from those that this connector ordered, and returns whether it was among them.
    async fn forget_order(&self, id: &str) -> bool {
        let mut ordered = self.ordered.lock().await;
        let before = ordered.len();
        ordered.retain(|held| held != id);
        ordered.len() < before
    }

    async fn wait_for_export(&self, listing: &Listing<'_>, export: &Export, id: &str) -> Result<State, Failure> {
        let began = Instant::now();
        loop {
            let state = match self.send_export_request(listing, &export.poll, id, None).await {
                Ok((_, None)) => State::Working(None),
                Ok((place, Some(answer))) => read_state(export, &answer, &place)?,
                Err(Failure { cause: cause @ Cause::Status { .. }, .. }) => {
                    State::Failed(Cause::ExportGone { why: Box::new(cause) })
                }
                Err(failure) => return Err(failure),
            };
            let every = Duration::from_secs(export.every_seconds.0);
            if !matches!(state, State::Working(_))
                || began.elapsed() + every > Duration::from_secs(export.most_seconds.0)
            {
                return Ok(state);
            }
            tokio::time::sleep(every).await;
        }
    }

    async fn fetch_export(
        &self,
        listing: &Listing<'_>,
        export: &Export,
        id: &str,
        link: Option<&str>,
    ) -> Result<Page, Failure> {
        let (address, answer) = self.send_export_request(listing, &export.download, id, link).await?;
        let payload = answer.map(|answer| answer.payload).unwrap_or_default();
        let stream = listing.stream;
        let body = self.platform.endpoint.read_body(stream, &payload, &address).await?;
        let Outline { records, layout, .. } =
            decode::outline_payload(stream, &body, None).map_err(|e| Failure::from_decode_error(&address, e))?;
        let told = since::scan_records(stream, &body, None).map_err(|why| Failure::from_decode_error(&address, why))?;
        let highest = since::highest_number([listing.stands.highest.as_deref(), told.highest.as_deref()]);
        let here = Cursor { highest, ..listing.stands.clone() };
        drop(body);
        if export.delete.is_none() {
            return Ok(Page { layout, ..listing.make_last_page(address, payload, Ok(records), &here) });
        }
        let cursor = Cursor { fetched: true, ..here };
        Ok(Page { layout, ..listing.make_page(address, payload, Ok(records), &cursor, false) })
    }

    /// Deletes an export that has landed. A failure is only logged, because a leftover export does no harm.
    async fn delete_export(&self, listing: &Listing<'_>, export: &Export, id: &str) -> Page {
        if let Some(delete) = &export.delete
            && let Err(failure) = self.send_export_request(listing, delete, id, None).await
        {
            tracing::warn!("{}", LogEvent::ExportNotDeleted { why: failure.message() });
        }
        self.forget_order(id).await;
        let address = listing.page_address("", "deleted");
        Page { waiting: true, ..listing.make_last_page(address, Payload::default(), Ok(0), listing.stands) }
    }

    async fn send_export_request(
        &self,
        listing: &Listing<'_>,
        request: &Request,
        id: &str,
        link: Option<&str>,
    ) -> Result<(String, Option<Answer>), Failure> {
        let asked = PageParams::default();
        let values =
            |name: &str| if name == "export" { Some(id.to_owned()) } else { listing.lookup_value(name, &asked) };
        let path = crate::http::request::fill_request(request, &self.platform.endpoint, &|name| {
            values(name).or(Some("…".into()))
        })?
        .path;
        let place = self.platform.secrets.hide_secrets(&listing.page_address(&path, "first"));
        let leads = link.map_or(RequestTarget::Path, RequestTarget::Anywhere);
        // Of all these requests, only the download returns records.
        let is_records =
            listing.stream.export.as_ref().is_some_and(|export| std::ptr::eq(request, &raw const export.download));
        let table = listing.stream.format.web_page_layout().filter(|_| is_records);
        // With `since`, the start of the next pass may be computed from all records, so the answer must stay whole.
        let records_of = Some(listing.stream).filter(|stream| is_records && stream.since.is_none());
        let query = &listing.window.query;
        let question = Question { request, values: &values, query, leads, place: &place, table, records_of };
        let answer = self.platform.request_answer(&question).await?;
        Ok((place, answer))
    }
}

fn text_at(answer: &Answer, path: &str) -> Option<String> {
    json::read_texts(&answer.text()?, &[path]).ok()?.into_iter().next()?
}

fn read_state(export: &Export, answer: &Answer, place: &str) -> Result<State, Failure> {
    let state = text_at(answer, &export.state).ok_or_else(|| {
        Failure::retryable(Cause::ExportStateMissing { path: export.state.clone() }).with_place(place)
    })?;
    if export.failed.contains(&state) {
        return Ok(State::Failed(Cause::ExportFailed { state }));
    }
    if !export.ready.contains(&state) {
        return Ok(State::Working(Some(state)));
    }
    let Some(path) = &export.link else { return Ok(State::Ready(None)) };
    let link = text_at(answer, path)
        .ok_or_else(|| Failure::retryable(Cause::ExportAddressMissing { path: path.clone() }).with_place(place))?;
    Ok(State::Ready(Some(link)))
}
