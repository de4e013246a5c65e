//! An export: ordered, waited for, fetched, and deleted once it is landed. Its id stands in the cursor, so that whoever goes on
//! after a break waits for the same one.

use std::time::{Duration, Instant};

use crate::connector::Page;
use crate::failure::{Cause, Failure};
use crate::http::platform::{Leads, Question};
use crate::http::web::Answer;
use crate::pull::cursor::Cursor;
use crate::pull::listing::{HttpConnector, Listing};
use crate::pull::paging::Asked;
use crate::pull::since;
use huiliu_decode::payload::Payload;
use huiliu_decode::{decode, json};
use huiliu_manifest::Request;
use huiliu_manifest::stream::Export;

/// What a poll says.
enum State {
    /// It can be fetched, perhaps from a link.
    Ready(Option<String>),
    /// It takes its time; the state's word, if the answer has one.
    Working(Option<String>),
    /// It has failed, or is gone.
    Failed(Cause),
}

impl HttpConnector {
    /// The next step of an export.
    pub(crate) async fn export(&self, listing: &Listing<'_>, export: &Export) -> Result<Page, Failure> {
        let stands = listing.stands;
        let Some(id) = stands.export.clone() else { return self.order(listing, export).await };
        if stands.fetched {
            return Ok(self.delete(listing, export, &id).await);
        }
        match self.wait(listing, export, &id).await? {
            State::Ready(link) => self.fetch(listing, export, &id, link.as_deref()).await,
            // One that was ordered before a break may be gone by now.
            State::Failed(why) if !self.forget(&id).await => {
                tracing::info!(
                    "an export of an earlier pass is not to be had ({}); ordering another",
                    self.platform.secrets.hide(&why.to_string())
                );
                self.order(listing, export).await
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

    async fn order(&self, listing: &Listing<'_>, export: &Export) -> Result<Page, Failure> {
        let (place, answer) = self.ask_for(listing, &export.create, "", None).await?;
        let id = answer
            .as_ref()
            .and_then(|answer| text_at(answer, &export.id))
            .ok_or_else(|| Failure::passing(Cause::ExportIdMissing { path: export.id.clone() }).at(place.as_str()))?;
        if id.len() > 1_000 || id.contains(char::is_control) {
            return Err(Failure::fatal(Cause::ExportIdNotPrintable).at(place));
        }
        self.ordered.lock().await.push(id.clone());
        let began = Some(listing.stands.began.unwrap_or_else(huiliu_values::calendar::today));
        let cursor = Cursor { export: Some(id), began, ..listing.stands.clone() };
        Ok(Page { waiting: true, ..listing.made(place, Payload::default(), Ok(0), &cursor, false) })
    }

    /// Whether we had ordered it; from now on it counts as an old one.
    async fn forget(&self, id: &str) -> bool {
        let mut ordered = self.ordered.lock().await;
        let before = ordered.len();
        ordered.retain(|held| held != id);
        ordered.len() < before
    }

    async fn wait(&self, listing: &Listing<'_>, export: &Export, id: &str) -> Result<State, Failure> {
        let began = Instant::now();
        loop {
            let state = match self.ask_for(listing, &export.poll, id, None).await {
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

    async fn fetch(
        &self,
        listing: &Listing<'_>,
        export: &Export,
        id: &str,
        link: Option<&str>,
    ) -> Result<Page, Failure> {
        let (address, answer) = self.ask_for(listing, &export.download, id, link).await?;
        let payload = answer.map(|answer| answer.payload).unwrap_or_default();
        let stream = listing.stream;
        let body = self.platform.endpoint.read(stream, &payload, &address).await?;
        let records = decode::outline(stream, &body, None).map_err(|e| Failure::undecodable(&address, e))?.records;
        let told = since::told(stream, &body, None).map_err(|why| Failure::undecodable(&address, why))?;
        let highest = since::highest([listing.stands.highest.as_deref(), told.highest.as_deref()]);
        let here = Cursor { highest, ..listing.stands.clone() };
        drop(body);
        if export.delete.is_none() {
            return Ok(listing.ended(address, payload, Ok(records), &here));
        }
        let cursor = Cursor { fetched: true, ..here };
        Ok(listing.made(address, payload, Ok(records), &cursor, false))
    }

    /// What was landed is not needed there any more. If it stays, that harms nobody.
    async fn delete(&self, listing: &Listing<'_>, export: &Export, id: &str) -> Page {
        if let Some(delete) = &export.delete
            && let Err(failure) = self.ask_for(listing, delete, id, None).await
        {
            tracing::warn!("an export that was fetched is not deleted: {failure}");
        }
        self.forget(id).await;
        let address = listing.address("", "deleted");
        Page { waiting: true, ..listing.ended(address, Payload::default(), Ok(0), listing.stands) }
    }

    async fn ask_for(
        &self,
        listing: &Listing<'_>,
        request: &Request,
        id: &str,
        link: Option<&str>,
    ) -> Result<(String, Option<Answer>), Failure> {
        let asked = Asked::default();
        let values = |name: &str| if name == "export" { Some(id.to_owned()) } else { listing.value(name, &asked) };
        let path =
            crate::http::request::fill(request, &self.platform.endpoint, &|name| values(name).or(Some("…".into())))?
                .path;
        let place = self.platform.secrets.hide(&listing.address(&path, "first"));
        let leads = link.map_or(Leads::Path, Leads::Anywhere);
        // Only what is downloaded is records.
        let is_records =
            listing.stream.export.as_ref().is_some_and(|export| std::ptr::eq(request, &raw const export.download));
        let table = listing.stream.format.page_of().filter(|_| is_records);
        // Where the next pass begins may be read off all records.
        let records_of = Some(listing.stream).filter(|stream| is_records && stream.since.is_none());
        let query = &listing.window.query;
        let question = Question { request, values: &values, query, leads, place: &place, table, records_of };
        let answer = self.platform.ask(&question).await?;
        Ok((place, answer))
    }
}

fn text_at(answer: &Answer, path: &str) -> Option<String> {
    json::texts(&answer.text()?, &[path]).ok()?.into_iter().next()?
}

fn read_state(export: &Export, answer: &Answer, place: &str) -> Result<State, Failure> {
    let state = text_at(answer, &export.state)
        .ok_or_else(|| Failure::passing(Cause::ExportStateMissing { path: export.state.clone() }).at(place))?;
    if export.failed.contains(&state) {
        return Ok(State::Failed(Cause::ExportFailed { state }));
    }
    if !export.ready.contains(&state) {
        return Ok(State::Working(Some(state)));
    }
    let Some(path) = &export.link else { return Ok(State::Ready(None)) };
    let link = text_at(answer, path)
        .ok_or_else(|| Failure::passing(Cause::ExportAddressMissing { path: path.clone() }).at(place))?;
    Ok(State::Ready(Some(link)))
}
