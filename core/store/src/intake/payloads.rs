//! Payloads in the database: packed, sealed under a key of their own, the large ones in pieces. The first piece stands with
//! the payload itself.

use std::io;

use crate::delivery::batch::ClaimedBatch;
use crate::sql::db::{Db, Tx};
use crate::sql::error::{StoreError, Unreadable};
use huiliu_decode::payload::Payload;
use huiliu_decode::text_window;
use huiliu_vault::keys::{Keys, OwnKey};

/// Pieces that are fetched at once.
const FETCHED: usize = 8;

/// Where a piece stands. A payload of one piece knows no number, as payloads did not before they had pieces.
struct Place<'d> {
    digest: &'d [u8],
    /// How many there are besides the first.
    more: i64,
}

impl Place<'_> {
    fn with<T>(&self, number: i64, use_it: impl FnOnce(&[&[u8]]) -> T) -> T {
        let (number, more) = (number.to_be_bytes(), self.more.to_be_bytes());
        let place: [&[u8]; 5] = [b"payload", b"sealed", self.digest, &number, &more];
        use_it(if self.more == 0 { &place[..3] } else { &place })
    }
}

/// A payload that is being landed.
#[derive(Debug)]
pub(crate) struct Sealed {
    own: OwnKey,
    /// Its key, wrapped.
    pub wrapped: Vec<u8>,
    /// Its first piece.
    pub first: Vec<u8>,
    more: i64,
}

fn unreadable(why: io::Error) -> StoreError {
    StoreError::Unreadable(Unreadable::NewBytes { why })
}

/// Seals a payload's first piece.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn seal(keys: &Keys, digest: &[u8], payload: &Payload) -> Result<Sealed, StoreError> {
    let more = i64::try_from(payload.piece_count()).unwrap_or(i64::MAX) - 1;
    let (own, wrapped) = keys.own_key(&[b"payload", b"sealed", digest])?;
    let first = payload.pieces().next().transpose().map_err(unreadable)?.unwrap_or_default();
    let first = Place { digest, more }.with(0, |place| own.seal(place, &first))?;
    Ok(Sealed { own, wrapped, first, more })
}

/// Seals and writes the pieces behind the first.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn put_rest(
    tx: &mut Tx,
    id: i64,
    digest: &[u8],
    sealed: &Sealed,
    payload: &Payload,
) -> Result<(), StoreError> {
    if sealed.more == 0 {
        return Ok(());
    }
    for (number, piece) in (0..).zip(payload.pieces()).skip(1) {
        let piece = piece.map_err(unreadable)?;
        let place = Place { digest, more: sealed.more };
        let piece = place.with(number, |place| sealed.own.seal(place, &piece))?;
        tx.run(
            "INSERT INTO payload_piece (payload_id, number, sealed) VALUES ($1, $2, $3)",
            vec![id.into(), number.into(), piece.into()],
        )
        .await?;
    }
    Ok(())
}

/// The payload of a held batch, opened; it stays packed where it is to be read in windows and is large enough for that.
///
/// # Errors
/// [`StoreError::Key`] when it does not open with this key.
pub async fn open(db: &Db, keys: &Keys, held: &ClaimedBatch, in_windows: bool) -> Result<Payload, StoreError> {
    let kept = held.same_as.unwrap_or(held.payload_id);
    let rows = db
        .rows(
            "SELECT wrapped_key, sealed, byte_count,
                    (SELECT count(*) FROM payload_piece WHERE payload_id = $1) AS pieces FROM payload WHERE id = $1",
            vec![kept.into()],
        )
        .await?;
    let mut row = rows.into_iter().next().ok_or_else(|| StoreError::Column { column: "payload.sealed".into() })?;
    let own = keys.open_own_key(&[b"payload", b"sealed", &held.digest], &row.bytes("wrapped_key")?)?;
    let size = usize::try_from(row.int("byte_count")?).unwrap_or(0);
    let place = Place { digest: &held.digest, more: row.int("pieces")? };
    let mut opened = Opened { stays_packed: in_windows && size > text_window::LARGE, ..Opened::default() };
    let broken = |e: io::Error| StoreError::Unreadable(Unreadable::KeptBytes { payload: kept, why: e });
    opened.plain.reserve_exact(if opened.stays_packed { 0 } else { size });
    let first = row.take_bytes("sealed")?;
    opened.push(place.with(0, |place| own.open(place, first))?, size).map_err(broken)?;
    drop(row);
    for from in (1..=place.more).step_by(FETCHED) {
        let rows = db
            .rows(
                "SELECT number, sealed FROM payload_piece
                 WHERE payload_id = $1 AND number >= $2 AND number < $2 + $3 ORDER BY number",
                vec![kept.into(), from.into(), (FETCHED as i64).into()],
            )
            .await?;
        for mut row in rows {
            let (number, piece) = (row.int("number")?, row.take_bytes("sealed")?);
            opened.push(place.with(number, |place| own.open(place, piece))?, size).map_err(broken)?;
        }
    }
    opened.finish(size).map_err(broken)
}

/// What was opened so far.
#[derive(Default)]
struct Opened {
    stays_packed: bool,
    frames: Vec<Vec<u8>>,
    plain: Vec<u8>,
}

impl Opened {
    fn push(&mut self, frame: Vec<u8>, size: usize) -> io::Result<()> {
        if self.stays_packed {
            self.frames.push(frame);
            return Ok(());
        }
        zstd::stream::copy_decode(frame.as_slice(), &mut self.plain)?;
        if self.plain.len() > size { Err(io::ErrorKind::InvalidData.into()) } else { Ok(()) }
    }

    fn finish(self, size: usize) -> io::Result<Payload> {
        match self.stays_packed {
            true => Ok(Payload::of_frames(self.frames, size)),
            false if self.plain.len() == size => Ok(self.plain.into()),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Payloads landed before there were pieces are one frame of any size.
    #[test]
    fn a_large_frame_is_opened_in_either_way() {
        let bytes = vec![b'7'; 5 << 20];
        for stays_packed in [false, true] {
            let mut opened = Opened { stays_packed, ..Opened::default() };
            opened.push(zstd::bulk::compress(&bytes, 1).unwrap(), bytes.len()).unwrap();
            let payload = opened.finish(bytes.len()).unwrap();
            assert!(payload.whole().unwrap() == bytes && payload.plain().is_none() == stays_packed);
        }
        let mut opened = Opened::default();
        assert!(opened.push(zstd::bulk::compress(&bytes, 1).unwrap(), 9).is_err() && opened.finish(9).is_err());
    }

    #[test]
    fn a_piece_opens_in_its_own_place_only() {
        let keys = Keys::from_hex(&"5a".repeat(32)).unwrap();
        let payload = Payload::from(vec![0; huiliu_decode::payload::PIECE + 1]);
        let sealed = seal(&keys, b"digest", &payload).unwrap();
        let opens = |more, number| {
            let place = Place { digest: b"digest", more };
            place.with(number, |place| sealed.own.open(place, sealed.first.clone())).is_ok()
        };
        assert!(sealed.more == 1 && opens(1, 0) && !opens(1, 1) && !opens(0, 0) && !opens(2, 0));
    }
}
