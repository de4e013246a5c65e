//! The bytes of a page or file as received: whole, or packed while they come in, where whoever reads them can do so in
//! windows ([`crate::text_window`]).

use std::borrow::Cow;
use std::io::{self, Read};
use std::sync::OnceLock;

use encoding_rs::{DecoderResult, UTF_8};

/// The most bytes that are packed, and sealed, as one.
pub const PIECE: usize = 1 << 20;
/// Packing is to cost little: payloads are text, which packs well at the first level already.
const LEVEL: i32 = 1;
/// Bytes that are read at once.
const STEP: usize = 64 << 10;

/// Bytes as received.
#[derive(Debug, Clone)]
pub enum Payload {
    /// As they came.
    Plain(Vec<u8>),
    /// Packed, each frame by itself.
    Packed(Frames),
}

/// Packed bytes.
#[derive(Debug, Clone, Default)]
pub struct Frames {
    frames: Vec<Vec<u8>>,
    /// What they unpack to, in bytes.
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
            _ => self.len() == other.len() && self.whole().ok() == other.whole().ok(),
        }
    }
}

impl Payload {
    /// What already stands packed; `len` is what it unpacks to, in bytes.
    #[must_use]
    pub fn of_frames(frames: Vec<Vec<u8>>, len: usize) -> Self {
        Self::Packed(Frames { frames, len, is_utf8: OnceLock::new() })
    }

    /// How many bytes it has, unpacked.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Plain(bytes) => bytes.len(),
            Self::Packed(packed) => packed.len,
        }
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its bytes, where they stand as they came.
    #[must_use]
    pub fn plain(&self) -> Option<&[u8]> {
        match self {
            Self::Plain(bytes) => Some(bytes),
            Self::Packed(_) => None,
        }
    }

    /// Reads it from its beginning.
    ///
    /// # Errors
    /// When there is no memory to unpack in.
    pub fn reader(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(match self {
            Self::Plain(bytes) => Box::new(bytes.as_slice()),
            Self::Packed(packed) => Box::new(zstd::Decoder::new(Chain { frames: &packed.frames, at: 0 })?),
        })
    }

    /// All bytes at once.
    ///
    /// # Errors
    /// When they do not unpack to what was packed.
    pub fn whole(&self) -> io::Result<Cow<'_, [u8]>> {
        if let Some(bytes) = self.plain() {
            return Ok(Cow::Borrowed(bytes));
        }
        let mut bytes = Vec::with_capacity(self.len());
        self.reader()?.read_to_end(&mut bytes)?;
        Ok(Cow::Owned(bytes))
    }

    /// Gives all its bytes, in order, step by step.
    ///
    /// # Errors
    /// When they do not unpack.
    pub fn each(&self, mut take: impl FnMut(&[u8])) -> io::Result<()> {
        if let Some(bytes) = self.plain() {
            take(bytes);
            return Ok(());
        }
        let (mut reader, mut bytes) = (self.reader()?, vec![0; STEP]);
        loop {
            match reader.read(&mut bytes)? {
                0 => return Ok(()),
                read => take(bytes.get(..read).unwrap_or_default()),
            }
        }
    }

    /// Its beginning, at most so many bytes of it.
    ///
    /// # Errors
    /// Those of reading it.
    pub fn beginning(&self, most: usize) -> io::Result<Cow<'_, [u8]>> {
        if let Some(bytes) = self.plain() {
            return Ok(Cow::Borrowed(bytes.get(..most).unwrap_or(bytes)));
        }
        let mut bytes = vec![];
        self.reader()?.take(most as u64).read_to_end(&mut bytes)?;
        Ok(Cow::Owned(bytes))
    }

    /// How many [`Payload::pieces`] there are.
    #[must_use]
    pub fn piece_count(&self) -> usize {
        match self {
            Self::Plain(bytes) => bytes.len().div_ceil(PIECE).max(1),
            Self::Packed(packed) => packed.frames.len(),
        }
    }

    /// It in packed pieces of at most [`PIECE`] bytes, in order.
    pub fn pieces(&self) -> Box<dyn Iterator<Item = io::Result<Cow<'_, [u8]>>> + Send + '_> {
        match self {
            // Nothing is one piece, too.
            Self::Plain(bytes) if bytes.is_empty() => Box::new(std::iter::once(packed(&[]).map(Cow::Owned))),
            Self::Plain(bytes) => Box::new(bytes.chunks(PIECE).map(|chunk| packed(chunk).map(Cow::Owned))),
            Self::Packed(packed) => Box::new(packed.frames.iter().map(|frame| Ok(Cow::Borrowed(frame.as_slice())))),
        }
    }

    /// Whether it is well-formed UTF-8; looked at once.
    ///
    /// # Errors
    /// Those of reading it.
    pub fn is_utf8(&self) -> io::Result<bool> {
        let Self::Packed(packed) = self else { return Ok(std::str::from_utf8(&self.whole()?).is_ok()) };
        if let Some(known) = packed.is_utf8.get() {
            return Ok(*known);
        }
        let found = is_utf8(self.reader()?)?;
        Ok(*packed.is_utf8.get_or_init(|| found))
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

fn packed(bytes: &[u8]) -> io::Result<Vec<u8>> {
    zstd::bulk::compress(bytes, LEVEL)
}

/// One frame after the other.
struct Chain<'f> {
    frames: &'f [Vec<u8>],
    at: usize,
}

impl Read for Chain<'_> {
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

/// Takes bytes as they come in.
#[derive(Debug, Default)]
pub struct Packer {
    /// Not packed yet.
    plain: Vec<u8>,
    frames: Vec<Vec<u8>>,
    /// What the frames unpack to, in bytes.
    len: usize,
    /// More bytes than so many are packed; never without it.
    above: Option<usize>,
    is_packing: bool,
}

impl Packer {
    /// Which packs more bytes than so many, or keeps them all as they come; `size` is how many will come, if that is known.
    #[must_use]
    pub fn new(above: Option<usize>, size: usize) -> Self {
        let mut made = Self { above, ..Self::default() };
        made.is_packing = made.packs(size);
        made.plain.reserve_exact(if made.is_packing { PIECE } else { size });
        made
    }

    /// Whether so many bytes are packed.
    #[must_use]
    pub fn packs(&self, size: usize) -> bool {
        self.above.is_some_and(|above| size > above)
    }

    /// Takes what comes next.
    ///
    /// # Errors
    /// When it cannot be packed.
    pub fn push(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        if !self.is_packing && self.packs(self.plain.len() + bytes.len()) {
            self.is_packing = true;
            let before = std::mem::replace(&mut self.plain, Vec::with_capacity(PIECE));
            self.push(&before)?;
        }
        while self.is_packing && self.plain.len() + bytes.len() > PIECE {
            let (now, later) = bytes.split_at(PIECE - self.plain.len());
            self.plain.extend_from_slice(now);
            self.pack()?;
            bytes = later;
        }
        self.plain.extend_from_slice(bytes);
        Ok(())
    }

    fn pack(&mut self) -> io::Result<()> {
        self.frames.push(packed(&self.plain)?);
        self.len += self.plain.len();
        self.plain.clear();
        Ok(())
    }

    /// How many bytes came.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len + self.plain.len()
    }

    /// Whether none came.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What came.
    ///
    /// # Errors
    /// When it cannot be packed.
    pub fn finish(mut self) -> io::Result<Payload> {
        if !self.is_packing {
            return Ok(Payload::Plain(self.plain));
        }
        if !self.plain.is_empty() || self.frames.is_empty() {
            self.pack()?;
        }
        Ok(Payload::of_frames(self.frames, self.len))
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
            let (packed, plain) = (packer.finish().unwrap(), Payload::from(bytes.clone()));
            assert!(packed == plain && packed.len() == len && packed.is_utf8().unwrap(), "{len}");
            assert_eq!(packed.plain().is_none(), told > 2 || len > 2 * PIECE, "{len}");
            let pieces = |payload: &Payload| payload.pieces().map(|p| p.unwrap().into_owned()).collect::<Vec<_>>();
            assert_eq!(pieces(&packed), pieces(&plain), "{len}");
            assert_eq!(pieces(&packed).len(), len.div_ceil(PIECE).max(1));
            assert_eq!(Payload::of_frames(pieces(&packed), len).whole().unwrap(), bytes);
        }
        let mut packer = Packer::new(Some(0), 0);
        packer.push(&"汇".repeat(PIECE).into_bytes()[..3 * PIECE - 1]).unwrap();
        assert!(!packer.finish().unwrap().is_utf8().unwrap());
    }
}
