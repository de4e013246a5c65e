//! Reads a payload as text in chunks, each decompressed and decoded by itself.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding};

use crate::decode::{self, DecodeError};
use crate::json_mask::Masker;
use crate::payload::Payload;
use crate::utf8_lines::Utf8Lines;

/// Number of bytes that are decoded at once.
pub(super) const STEP: usize = 64 << 10;

/// Decodes a payload to text, chunk by chunk.
pub(super) struct Chunks<'p> {
    reader: Box<dyn Read + 'p>,
    encoding: &'static Encoding,
    decoder: Decoder,
    bytes: Vec<u8>,
    /// The range of `bytes` that is not decoded yet.
    left: std::ops::Range<usize>,
    /// Number of bytes decoded so far, including the byte order mark.
    decoded: usize,
    /// Text that is the end mark of DOS unless more text follows.
    held: String,
    /// Masks what JSON does not have in the text that [`Bytes`] reads.
    masker: Option<Masker>,
    /// Looks for lines of UTF-8 if the text is in GB18030.
    utf8_lines: Option<Utf8Lines>,
    is_over: bool,
}

fn unreadable_error(e: &io::Error) -> DecodeError {
    DecodeError::Payload { why: e.into() }
}

impl<'p> Chunks<'p> {
    /// Opens a payload, and determines its encoding.
    ///
    /// # Errors
    /// Returns [`DecodeError::Payload`] if the payload cannot be read.
    pub(super) fn from_payload(payload: &'p Payload, declared: huiliu_manifest::Encoding) -> Result<Self, DecodeError> {
        let mut reader = payload.open_reader().map_err(|e| unreadable_error(&e))?;
        let (mut bytes, mut held) = (vec![0; STEP], 0);
        // A byte order mark has at most three bytes.
        while held < 3 {
            let read = reader.read(&mut bytes[held..]).map_err(|e| unreadable_error(&e))?;
            held += read;
            if read == 0 {
                break;
            }
        }
        let is_utf8 = || payload.is_utf8().map_err(|e| unreadable_error(&e));
        let (encoding, skip) = match (Encoding::for_bom(&bytes[..held]), declared) {
            (Some(marked), _) => marked,
            (None, huiliu_manifest::Encoding::Auto) if is_utf8()? => (encoding_rs::UTF_8, 0),
            (None, huiliu_manifest::Encoding::Auto) => (encoding_rs::GB18030, 0),
            (None, huiliu_manifest::Encoding::Gb18030)
                if payload.has_wide_utf8().map_err(|e| unreadable_error(&e))? =>
            {
                (encoding_rs::UTF_8, 0)
            }
            (None, declared) => decode::detect_encoding(declared, &[]),
        };
        let decoder = encoding.new_decoder_without_bom_handling();
        Ok(Self {
            reader,
            encoding,
            decoder,
            bytes,
            left: skip..held,
            decoded: skip,
            held: String::new(),
            masker: None,
            utf8_lines: (encoding == encoding_rs::GB18030).then(Utf8Lines::default),
            is_over: false,
        })
    }

    /// Masks in the text of [`Chunks::byte_reader`] what JSON does not have.
    pub(super) fn with_masks(self) -> Self {
        Self { masker: Some(Masker::default()), ..self }
    }

    /// Appends the next chunk of text. Returns false at the end of the payload.
    ///
    /// # Errors
    /// Returns [`DecodeError::Encoding`] for malformed bytes, [`DecodeError::TwoEncodings`] for a line in another
    /// encoding, and [`DecodeError::Payload`] if the payload cannot be read.
    pub(super) fn read_more(&mut self, out: &mut String) -> Result<bool, DecodeError> {
        if self.is_over {
            return Ok(false);
        }
        if self.left.is_empty() {
            self.left = 0..self.reader.read(&mut self.bytes).map_err(|e| unreadable_error(&e))?;
            self.is_over = self.left.is_empty();
        }
        let bytes = self.bytes.get(self.left.clone()).unwrap_or_default();
        let from = out.len();
        out.push_str(&self.held);
        out.reserve(self.decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(STEP * 4));
        let (result, read) = self.decoder.decode_to_string_without_replacement(bytes, out, self.is_over);
        self.decoded += read;
        if let Some(lines) = &mut self.utf8_lines {
            lines.push(bytes)?;
            if self.is_over {
                lines.finish()?;
            }
        }
        self.left = 0..0;
        if let DecoderResult::Malformed(bad, behind) = result {
            let offset = self.decoded.saturating_sub(usize::from(bad) + usize::from(behind));
            return Err(DecodeError::Encoding { encoding: self.encoding.name().to_lowercase(), offset });
        }
        let end = out.get(from..).map_or("", |new| decode::split_end_mark(new).1).len();
        self.held = out.split_off(out.len() - end);
        Ok(!self.is_over)
    }

    /// Returns a reader of the text as bytes. If reading fails, the cause is stored in `fault`.
    pub(super) fn byte_reader<'c>(&'c mut self, fault: &'c mut Option<DecodeError>) -> Bytes<'c, 'p> {
        Bytes { chunks: self, text: String::new(), at: 0, fault }
    }
}

/// Reads decoded text as bytes.
pub(super) struct Bytes<'c, 'p> {
    chunks: &'c mut Chunks<'p>,
    text: String,
    at: usize,
    fault: &'c mut Option<DecodeError>,
}

impl Read for Bytes<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.text.len() {
            self.text.clear();
            self.at = 0;
            let more = self.chunks.read_more(&mut self.text).map_err(|fault| {
                *self.fault = Some(fault);
                io::Error::other("no text")
            })?;
            if let Some(masker) = &mut self.chunks.masker {
                let text = std::mem::take(&mut self.text);
                masker.push(&text, &mut self.text);
                if !more {
                    masker.finish(&mut self.text);
                }
            }
            if !more && self.text.is_empty() {
                return Ok(0);
            }
        }
        let read = self.text.as_bytes().get(self.at..).unwrap_or_default().read(out)?;
        self.at += read;
        Ok(read)
    }
}
