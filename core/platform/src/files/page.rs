//! Turns a received file into a page.

use crate::connector::Page;
use crate::failure::{Cause, Failure};
use huiliu_decode::accounting::PayloadLayout;
use huiliu_decode::correction_mark::{self, NoRecords};
use huiliu_decode::decode::{self, DecodeError};
use huiliu_decode::payload::Payload;
use huiliu_decode::unpack::UnpackError;
use huiliu_decode::unpacker::{RequestedRecords, Unpacker};
use huiliu_decode::{draft, text_window};
use huiliu_manifest::Stream;
use huiliu_messages::Message;

/// Maximum length of a text in a failure, in characters, because parsers quote their input.
const MAX_TEXT: usize = 1_000;

/// Stores the bytes of a whole file as a payload, compressed where the stream's format allows it.
pub(crate) fn pack_file(stream: &Stream, name: &str, bytes: Vec<u8>) -> Result<Payload, Failure> {
    text_window::pack_payload(stream, bytes)
        .map_err(|e| Failure::retryable(Cause::FileNotPacked { file: name.to_owned(), why: e.into() }))
}

/// Makes a page of a file: with the number of its records, or with the reason why it cannot be read. `cursor` is the
/// position after it; `last` ends the pass.
pub(crate) async fn file_page(
    unpacker: &Unpacker,
    stream: &Stream,
    name: &str,
    payload: Payload,
    cursor: String,
    last: bool,
) -> Result<Page, Failure> {
    let body = unpacker.prepare_payload(stream, &payload, RequestedRecords::Count).await;
    let is_sheet = correction_mark::is_marked(unpacker, stream, &payload, body.as_ref().ok()).await;
    let read = body.and_then(|body| decode::outline_payload(stream, &body, None));
    if is_sheet {
        let (records, layout) = (Err(Message::new(&NoRecords::CorrectionSheet)), PayloadLayout::default());
        return Ok(Page {
            address: name.to_owned(),
            payload,
            records,
            layout,
            each: None,
            cursor,
            last,
            waiting: false,
        });
    }
    let layout = read.as_ref().map(|outline| outline.layout.clone()).unwrap_or_default();
    let records = match read {
        // The unpacking process could not start; that says nothing about the file.
        Err(DecodeError::Unpack(UnpackError::Start { why })) => {
            return Err(Failure::retryable(Cause::NoProcess { why }).with_place(name));
        }
        read => read
            .map(|outline| outline.records)
            .map_err(|e| Message::new(&e).map_texts(|text| draft::mask_text(text, MAX_TEXT))),
    };
    Ok(Page { address: name.to_owned(), payload, records, layout, each: None, cursor, last, waiting: false })
}
