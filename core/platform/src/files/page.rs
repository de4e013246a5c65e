//! A file that has come, as a page.

use crate::connector::Page;
use crate::failure::{Cause, Failure};
use huiliu_decode::decode::{self, DecodeError};
use huiliu_decode::payload::Payload;
use huiliu_decode::unpack::UnpackError;
use huiliu_decode::unpacker::{Ask, Unpacker};
use huiliu_decode::{draft, text_window};
use huiliu_manifest::Stream;
use huiliu_messages::Message;

/// The most characters of a text in a failure: parsers quote what they meet.
const MAX_TEXT: usize = 1_000;

/// A file that came as a whole.
pub(crate) fn kept(stream: &Stream, name: &str, bytes: Vec<u8>) -> Result<Payload, Failure> {
    text_window::kept(stream, bytes)
        .map_err(|e| Failure::passing(Cause::FileNotPacked { file: name.to_owned(), why: e.into() }))
}

/// A file as a page: counted, or with the reason why it cannot be read. `cursor` stands behind it; `last` ends the
/// pass.
pub(crate) async fn file_page(
    unpacker: &Unpacker,
    stream: &Stream,
    name: &str,
    payload: Payload,
    cursor: String,
    last: bool,
) -> Result<Page, Failure> {
    let read = match unpacker.read(stream, &payload, Ask::Count).await {
        Ok(body) => decode::outline(stream, &body, None),
        Err(fault) => Err(fault),
    };
    let records = match read {
        // The file is not to blame.
        Err(DecodeError::Unpack(UnpackError::Start { why })) => {
            return Err(Failure::passing(Cause::NoProcess { why }).at(name));
        }
        read => read
            .map(|outline| outline.records)
            .map_err(|e| Message::new(&e).map_texts(|text| draft::masked(text, MAX_TEXT))),
    };
    Ok(Page { address: name.to_owned(), payload, records, each: None, cursor, last, waiting: false })
}
