//! Where a pushed payload stays while it comes in: its last bytes in memory, all others compressed and sealed in a file that
//! has no name and whose key is kept nowhere. Whatever ends the process, nothing of it is left.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use huiliu_decode::heavy::run_heavy;
use huiliu_decode::payload::{PIECE, Packer, Payload, compress_piece};
use huiliu_vault::keys::{OwnKey, hex_encode};

/// What the place of a piece begins with.
const PLACE: &[u8] = b"push spool";
/// What the name of a file begins and ends with, for the moment in which it has one.
const NAME: (&str, &str) = ("push-", ".part");

/// A payload that is coming in.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    /// The bytes that are in no piece yet, at most [`PIECE`].
    tail: Vec<u8>,
    file: Option<SpoolFile>,
    /// Number of bytes so far.
    len: usize,
}

#[derive(Debug)]
struct SpoolFile {
    file: File,
    key: OwnKey,
    /// Length of each sealed piece.
    pieces: Vec<usize>,
}

impl Spool {
    /// Makes an empty spool that writes into this folder if it has to.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), tail: vec![], file: None, len: 0 }
    }

    /// Returns the number of bytes so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns whether no bytes have come yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends the next bytes.
    ///
    /// # Errors
    /// Errors of the disk.
    pub fn push(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        self.len += bytes.len();
        while self.tail.len() + bytes.len() > PIECE {
            let (now, later) = bytes.split_at(PIECE - self.tail.len());
            self.tail.extend_from_slice(now);
            run_heavy(PIECE, || self.write_piece())?;
            bytes = later;
        }
        self.tail.extend_from_slice(bytes);
        Ok(())
    }

    fn write_piece(&mut self) -> io::Result<()> {
        let spooled = match &mut self.file {
            Some(spooled) => spooled,
            empty => empty.insert(SpoolFile::create(&self.folder)?),
        };
        spooled.append(&self.tail)?;
        self.tail.clear();
        Ok(())
    }

    /// Returns the payload with all bytes that have come, packed as `packer` says.
    ///
    /// # Errors
    /// Errors of the disk.
    pub fn into_payload(self, mut packer: Packer) -> io::Result<Payload> {
        run_heavy(self.len, || {
            let Some(spooled) = self.file else {
                packer.push(&self.tail)?;
                return packer.into_payload();
            };
            let mut frames = spooled.read_frames()?;
            frames.push(compress_piece(&self.tail)?);
            let packed = Payload::from_frames(frames, self.len);
            if packer.must_pack(self.len) { Ok(packed) } else { Ok(packed.read_all()?.into_owned().into()) }
        })
    }
}

impl SpoolFile {
    fn create(folder: &Path) -> io::Result<Self> {
        let key = OwnKey::generate().map_err(io::Error::other)?;
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|e| io::Error::other(e.to_string()))?;
        let (before, after) = NAME;
        let path = folder.join(format!("{before}{}{after}", hex_encode(&random)));
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        // A file without a name is gone when it is closed, however the process ends.
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        Ok(Self { file, key, pieces: vec![] })
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let sealed = self
            .key
            .seal(&[PLACE, &self.pieces.len().to_be_bytes()], &compress_piece(bytes)?)
            .map_err(io::Error::other)?;
        self.file.write_all(&sealed)?;
        self.pieces.push(sealed.len());
        Ok(())
    }

    fn read_frames(mut self) -> io::Result<Vec<Vec<u8>>> {
        self.file.rewind()?;
        let mut frames = Vec::with_capacity(self.pieces.len() + 1);
        for (nth, length) in self.pieces.iter().enumerate() {
            let mut sealed = vec![0; *length];
            self.file.read_exact(&mut sealed)?;
            frames.push(self.key.open(&[PLACE, &nth.to_be_bytes()], sealed).map_err(io::Error::other)?);
        }
        Ok(frames)
    }
}

/// Removes what a process left that was killed in the moment in which its file had a name.
pub fn sweep_spools(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let (before, after) = NAME;
    for entry in entries.filter_map(Result::ok) {
        let is_ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(before) && name.ends_with(after));
        if is_ours && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spooled_is_what_came_and_nothing_readable_is_on_disk() {
        let folder = std::env::temp_dir().join(format!("huiliu-spool-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for (len, above) in [(0, None), (9, None), (PIECE, None), (PIECE + 1, None), (3 * PIECE + 7, Some(PIECE))] {
            let bytes: Vec<u8> = (0..len).map(|n| b'a' + u8::try_from(n / 1_000 % 26).unwrap()).collect();
            let mut spool = Spool::new(&folder);
            bytes.chunks(70_001).for_each(|part| spool.push(part).unwrap());
            assert_eq!(spool.len(), len);
            assert_eq!(spool.file.is_some(), len > PIECE);
            if let Some(spooled) = &mut spool.file {
                let mut written = vec![];
                spooled.file.rewind().unwrap();
                spooled.file.read_to_end(&mut written).unwrap();
                let frame = compress_piece(&bytes[..PIECE]).unwrap();
                assert!(!written.is_empty() && !written.windows(64).any(|part| frame.windows(64).any(|of| of == part)));
            }
            assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
            let payload = spool.into_payload(Packer::new(above, 0)).unwrap();
            assert_eq!(payload.as_plain().is_none(), above.is_some());
            assert!(payload.read_all().unwrap() == bytes && payload.piece_count() == len.div_ceil(PIECE).max(1));
        }
        std::fs::write(folder.join("push-00.part"), "").unwrap();
        std::fs::write(folder.join("other.part"), "").unwrap();
        sweep_spools(&folder);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
