//! The bytes of a page or file as received: plain, or compressed while they come in. Compressed payloads can be read in
//! windows ([`crate::text_window`]).

use std::borrow::Cow;
use std::io::{self, Read};
use std::sync::OnceLock;

use encoding_rs::{DecoderResult, UTF_8};

use crate::decode;

/// Maximum number of bytes that are compressed, and sealed, as one piece.
pub const PIECE: usize = 1 << 20;
/// Compression level of zstd. It should cost little, and payloads are text, which compresses well at the first level.
const LEVEL: i32 = 1;
/// Number of bytes that are read at once.
const STEP: usize = 64 << 10;

/// The bytes of a payload as received.
#[derive(Debug, Clone)]
pub enum Payload {
    /// Not compressed.
    Plain(Vec<u8>),
    /// Compressed in independent frames.
    Packed(Frames),
}

/// Compressed bytes, in frames that can be decompressed independently.
#[derive(Debug, Clone, Default)]
pub struct Frames {
    frames: Vec<Vec<u8>>,
    /// Uncompressed length in bytes.
    len: usize,
    is_utf8: OnceLock<bool>,
}

impl Default for Payload {
    fn default() -> Self {
        Self::Plain(vec![])
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Plain(bytes)
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Plain(a), Self::Plain(b)) => a == b,
            _ => self.len() == other.len() && self.read_all().ok() == other.read_all().ok(),
        }
    }
}

impl Payload {
    /// Wraps frames that are already compressed; `len` is their uncompressed length in bytes.
    #[must_use]
    pub fn from_frames(frames: Vec<Vec<u8>>, len: usize) -> Self {
        Self::Packed(Frames { frames, len, is_utf8: OnceLock::new() })
    }

    /// Returns the uncompressed length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Plain(bytes) => bytes.len(),
            Self::Packed(packed) => packed.len,
        }
    }

    /// Returns whether the payload has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the bytes if they are not compressed.
    #[must_use]
    pub fn as_plain(&self) -> Option<&[u8]> {
        match self {
            Self::Plain(bytes) => Some(bytes),
            Self::Packed(_) => None,
        }
    }

    /// Returns a reader of the uncompressed bytes, from the beginning.
    ///
    /// # Errors
    /// Fails if there is no memory for decompression.
    pub fn open_reader(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(match self {
            Self::Plain(bytes) => Box::new(bytes.as_slice()),
            Self::Packed(packed) => Box::new(zstd::Decoder::new(FrameReader { frames: &packed.frames, at: 0 })?),
        })
    }

    /// Returns all uncompressed bytes at once.
    ///
    /// # Errors
    /// Fails if the frames cannot be decompressed.
    pub fn read_all(&self) -> io::Result<Cow<'_, [u8]>> {
        if let Some(bytes) = self.as_plain() {
            return Ok(Cow::Borrowed(bytes));
        }
        let mut bytes = Vec::with_capacity(self.len());
        self.open_reader()?.read_to_end(&mut bytes)?;
        Ok(Cow::Owned(bytes))
    }

    /// Passes all uncompressed bytes to `take`, in order and chunk by chunk.
    ///
    /// # Errors
    /// Fails if the frames cannot be decompressed.
    pub fn for_each_chunk(&self, mut take: impl FnMut(&[u8])) -> io::Result<()> {
        if let Some(bytes) = self.as_plain() {
            take(bytes);
            return Ok(());
        }
        let (mut reader, mut bytes) = (self.open_reader()?, vec![0; STEP]);
        loop {
            match reader.read(&mut bytes)? {
                0 => return Ok(()),
                read => take(bytes.get(..read).unwrap_or_default()),
            }
        }
    }

    /// Returns the first bytes, at most `most`.
    ///
    /// # Errors
    /// Fails if the payload cannot be read.
    pub fn read_beginning(&self, most: usize) -> io::Result<Cow<'_, [u8]>> {
        if let Some(bytes) = self.as_plain() {
            return Ok(Cow::Borrowed(bytes.get(..most).unwrap_or(bytes)));
        }
        let mut bytes = vec![];
        self.open_reader()?.take(most as u64).read_to_end(&mut bytes)?;
        Ok(Cow::Owned(bytes))
    }

    /// Returns the number of [`Payload::packed_pieces`].
    #[must_use]
    pub fn piece_count(&self) -> usize {
        match self {
            Self::Plain(bytes) => bytes.len().div_ceil(PIECE).max(1),
            Self::Packed(packed) => packed.frames.len(),
        }
    }

    /// Returns the payload as compressed pieces of at most [`PIECE`] uncompressed bytes, in order.
    pub fn packed_pieces(&self) -> Box<dyn Iterator<Item = io::Result<Cow<'_, [u8]>>> + Send + '_> {
        match self {
            // An empty payload is one piece, too.
            Self::Plain(bytes) if bytes.is_empty() => Box::new(std::iter::once(compress_piece(&[]).map(Cow::Owned))),
            Self::Plain(bytes) => Box::new(bytes.chunks(PIECE).map(|chunk| compress_piece(chunk).map(Cow::Owned))),
            Self::Packed(packed) => Box::new(packed.frames.iter().map(|frame| Ok(Cow::Borrowed(frame.as_slice())))),
        }
    }

    /// Returns whether the bytes are well-formed UTF-8. The answer for a compressed payload is cached.
    ///
    /// # Errors
    /// Fails if the payload cannot be read.
    pub fn is_utf8(&self) -> io::Result<bool> {
        let Self::Packed(packed) = self else { return Ok(std::str::from_utf8(&self.read_all()?).is_ok()) };
        if let Some(known) = packed.is_utf8.get() {
            return Ok(*known);
        }
        let found = is_utf8(self.open_reader()?)?;
        Ok(*packed.is_utf8.get_or_init(|| found))
    }

    /// Returns whether the bytes are UTF-8 although GB18030 is declared, see [`decode::has_wide_utf8`]. Compressed
    /// payloads are so large that no text in GB18030 is UTF-8 by chance.
    ///
    /// # Errors
    /// Fails if the payload cannot be read.
    pub fn has_wide_utf8(&self) -> io::Result<bool> {
        match self {
            Self::Plain(bytes) => Ok(decode::has_wide_utf8(bytes)),
            Self::Packed(_) => self.is_utf8(),
        }
    }
}

fn is_utf8(mut reader: Box<dyn Read + '_>) -> io::Result<bool> {
    let mut decoder = UTF_8.new_decoder_without_bom_handling();
    let (mut bytes, mut text) = (vec![0; STEP], String::with_capacity(4 * STEP));
    loop {
        let read = reader.read(&mut bytes)?;
        text.clear();
        match decoder.decode_to_string_without_replacement(&bytes[..read], &mut text, read == 0) {
            (DecoderResult::InputEmpty, _) if read == 0 => return Ok(true),
            (DecoderResult::InputEmpty, _) => {}
            _ => return Ok(false),
        }
    }
}

/// Compresses at most [`PIECE`] bytes to a frame of [`Payload::from_frames`].
///
/// # Errors
/// Fails if there is no memory for compression.
pub fn compress_piece(bytes: &[u8]) -> io::Result<Vec<u8>> {
    zstd::bulk::compress(bytes, LEVEL)
}

/// Reads one frame after the other.
struct FrameReader<'f> {
    frames: &'f [Vec<u8>],
    at: usize,
}

impl Read for FrameReader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while let Some((first, rest)) = self.frames.split_first() {
            let read = first.get(self.at..).unwrap_or_default().read(out)?;
            if read > 0 || out.is_empty() {
                self.at += read;
                return Ok(read);
            }
            (self.frames, self.at) = (rest, 0);
        }
        Ok(0)
    }
}

/// Builds a [`Payload`] from bytes as they come in.
#[derive(Debug, Default)]
pub struct Packer {
    /// Bytes that are not compressed yet.
    plain: Vec<u8>,
    frames: Vec<Vec<u8>>,
    /// Uncompressed length of the frames, in bytes.
    len: usize,
    /// The payload is compressed if it has more than this number of bytes; never if `None`.
    above: Option<usize>,
    is_packing: bool,
}

impl Packer {
    /// Makes a packer that compresses a payload of more than `above` bytes; without `above` it keeps all bytes as they
    /// come. `size` is the number of bytes to come, if it is known, else 0.
    #[must_use]
    pub fn new(above: Option<usize>, size: usize) -> Self {
        let mut made = Self { above, ..Self::default() };
        made.is_packing = made.must_pack(size);
        made.plain.reserve_exact(if made.is_packing { PIECE } else { size });
        made
    }

    /// Returns whether a payload of `size` bytes is compressed.
    #[must_use]
    pub fn must_pack(&self, size: usize) -> bool {
        self.above.is_some_and(|above| size > above)
    }

    /// Appends the next bytes.
    ///
    /// # Errors
    /// Fails if they cannot be compressed.
    pub fn push(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        if !self.is_packing && self.must_pack(self.plain.len() + bytes.len()) {
            self.is_packing = true;
            let before = std::mem::replace(&mut self.plain, Vec::with_capacity(PIECE));
            self.push(&before)?;
        }
        while self.is_packing && self.plain.len() + bytes.len() > PIECE {
            let (now, later) = bytes.split_at(PIECE - self.plain.len());
            self.plain.extend_from_slice(now);
            self.pack_frame()?;
            bytes = later;
        }
        self.plain.extend_from_slice(bytes);
        Ok(())
    }

    fn pack_frame(&mut self) -> io::Result<()> {
        self.frames.push(compress_piece(&self.plain)?);
        self.len += self.plain.len();
        self.plain.clear();
        Ok(())
    }

    /// Returns the number of bytes received so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len + self.plain.len()
    }

    /// Returns whether no bytes were received.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the payload with all bytes that were received.
    ///
    /// # Errors
    /// Fails if the last bytes cannot be compressed.
    pub fn into_payload(mut self) -> io::Result<Payload> {
        if !self.is_packing {
            return Ok(Payload::Plain(self.plain));
        }
        if !self.plain.is_empty() || self.frames.is_empty() {
            self.pack_frame()?;
        }
        Ok(Payload::from_frames(self.frames, self.len))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_what_came() {
        for (len, told) in
            [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 7].into_iter().zip([0, 9].into_iter().cycle())
        {
            let bytes: Vec<u8> = (0..len).map(|n| b'a' + u8::try_from(n / 1_000 % 26).unwrap()).collect();
            let mut packer = Packer::new(Some(2 * PIECE), told * PIECE);
            bytes.chunks(70_001).for_each(|part| packer.push(part).unwrap());
            assert_eq!(packer.len(), len);
            let (packed, plain) = (packer.into_payload().unwrap(), Payload::from(bytes.clone()));
            assert!(packed == plain && packed.len() == len && packed.is_utf8().unwrap(), "{len}");
            assert_eq!(packed.as_plain().is_none(), told > 2 || len > 2 * PIECE, "{len}");
            let pieces =
                |payload: &Payload| payload.packed_pieces().map(|p| p.unwrap().into_owned()).collect::<Vec<_>>();
            assert_eq!(pieces(&packed), pieces(&plain), "{len}");
            assert_eq!(pieces(&packed).len(), len.div_ceil(PIECE).max(1));
            assert_eq!(Payload::from_frames(pieces(&packed), len).read_all().unwrap(), bytes);
        }
        let mut packer = Packer::new(Some(0), 0);
        packer.push(&"汇".repeat(PIECE).into_bytes()[..3 * PIECE - 1]).unwrap();
        assert!(!packer.into_payload().unwrap().is_utf8().unwrap());
    }
}
