//! Payloads in the database: compressed, each sealed under its own key, large ones in pieces. The first piece is stored
//! in the payload's own row.

use std::io;

use crate::delivery::batch::ClaimedBatch;
use crate::sql::db::{Db, Tx};
use crate::sql::error::{StoreError, Unreadable};
use huiliu_decode::heavy::run_heavy;
use huiliu_decode::payload::Payload;
use huiliu_decode::text_window;
use huiliu_vault::keys::{Keys, OwnKey, WrappedKey};

/// Number of pieces fetched at once.
const FETCHED: usize = 8;

/// Identifies a piece in its seal. A payload of one piece has no piece number, as before pieces existed.
struct Place<'d> {
    digest: &'d [u8],
    /// How many pieces follow the first.
    more: i64,
}

impl Place<'_> {
    fn with_context<T>(&self, number: i64, use_it: impl FnOnce(&[&[u8]]) -> T) -> T {
        let (number, more) = (number.to_be_bytes(), self.more.to_be_bytes());
        let place: [&[u8]; 5] = [b"payload", b"sealed", self.digest, &number, &more];
        use_it(if self.more == 0 { &place[..3] } else { &place })
    }
}

/// A payload that is being stored.
#[derive(Debug)]
pub(crate) struct Sealed {
    own: OwnKey,
    /// Its own key, wrapped under the sealing key.
    pub wrapped: Vec<u8>,
    /// Its first piece, sealed.
    pub first: Vec<u8>,
    more: i64,
}

fn unreadable_bytes(why: io::Error) -> StoreError {
    StoreError::Unreadable(Unreadable::NewBytes { why })
}

/// Seals a payload's first piece under a new key.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn seal_first_piece(keys: &Keys, digest: &[u8], payload: &Payload) -> Result<Sealed, StoreError> {
    let more = i64::try_from(payload.piece_count()).unwrap_or(i64::MAX) - 1;
    let WrappedKey { own, wrapped } = keys.create_own_key(&[b"payload", b"sealed", digest])?;
    let first = payload.packed_pieces().next().transpose().map_err(unreadable_bytes)?.unwrap_or_default();
    let first = Place { digest, more }.with_context(0, |place| own.seal(place, &first))?;
    Ok(Sealed { own, wrapped, first, more })
}

/// Seals and inserts the pieces after the first.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn insert_remaining_pieces(
    tx: &mut Tx,
    id: i64,
    digest: &[u8],
    sealed: &Sealed,
    payload: &Payload,
) -> Result<(), StoreError> {
    if sealed.more == 0 {
        return Ok(());
    }
    for (number, piece) in (0..).zip(payload.packed_pieces()).skip(1) {
        let piece = piece.map_err(unreadable_bytes)?;
        let place = Place { digest, more: sealed.more };
        let piece = run_heavy(piece.len(), || place.with_context(number, |place| sealed.own.seal(place, &piece)))?;
        tx.execute(
            "INSERT INTO payload_piece (payload_id, number, sealed) VALUES ($1, $2, $3)",
            vec![id.into(), number.into(), piece.into()],
        )
        .await?;
    }
    Ok(())
}

/// Returns a relation `same (id)` of the payloads at an address that have the bytes of `original`, both SQL expressions. With
/// OR in one condition, PostgreSQL would read all payloads.
pub(crate) fn same_bytes(original: &str, address: &str) -> String {
    format!(
        "(SELECT p.id AS id FROM payload p WHERE p.id = {original} AND p.address = {address}
          UNION ALL SELECT p.id FROM payload p WHERE p.same_as = {original} AND p.address = {address}) AS same"
    )
}

/// A payload in the database, by which its bytes are opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPayload {
    /// Row id of the payload that holds the bytes.
    pub id: i64,
    /// The digest under which it was sealed.
    pub digest: Vec<u8>,
}

/// Opens the payload of a claimed batch. A payload that is read in windows and is large enough stays compressed.
///
/// # Errors
/// [`StoreError::Key`] if it cannot be opened with this key.
pub async fn open_payload(db: &Db, keys: &Keys, held: &ClaimedBatch, in_windows: bool) -> Result<Payload, StoreError> {
    let stored = StoredPayload { id: held.same_as.unwrap_or(held.payload_id), digest: held.digest.clone() };
    open_stored(db, keys, &stored, in_windows).await
}

/// Does the same as [`open_payload`] without a batch.
///
/// # Errors
/// [`StoreError::Key`] if it cannot be opened with this key.
pub async fn open_stored(
    db: &Db,
    keys: &Keys,
    stored: &StoredPayload,
    in_windows: bool,
) -> Result<Payload, StoreError> {
    let StoredPayload { id: kept, digest } = stored;
    let kept = *kept;
    let rows = db
        .fetch_rows(
            "SELECT wrapped_key, sealed, byte_count,
                    (SELECT count(*) FROM payload_piece WHERE payload_id = $1) AS pieces FROM payload WHERE id = $1",
            vec![kept.into()],
        )
        .await?;
    let mut row = rows.into_iter().next().ok_or_else(|| StoreError::Column { column: "payload.sealed".into() })?;
    let own = keys.open_own_key(&[b"payload", b"sealed", digest], &row.bytes("wrapped_key")?)?;
    let size = usize::try_from(row.int("byte_count")?).unwrap_or(0);
    let place = Place { digest, more: row.int("pieces")? };
    let mut opened = OpenedPieces { stays_packed: in_windows && size > text_window::LARGE, ..OpenedPieces::default() };
    let broken = |e: io::Error| StoreError::Unreadable(Unreadable::KeptBytes { payload: kept, why: e });
    opened.plain.reserve_exact(if opened.stays_packed { 0 } else { size });
    let first = row.take_bytes("sealed")?;
    opened.push(place.with_context(0, |place| own.open(place, first))?, size).map_err(broken)?;
    drop(row);
    for from in (1..=place.more).step_by(FETCHED) {
        let rows = db
            .fetch_rows(
                "SELECT number, sealed FROM payload_piece
                 WHERE payload_id = $1 AND number >= $2 AND number < $2 + $3 ORDER BY number",
                vec![kept.into(), from.into(), (FETCHED as i64).into()],
            )
            .await?;
        for mut row in rows {
            let (number, piece) = (row.int("number")?, row.take_bytes("sealed")?);
            opened.push(place.with_context(number, |place| own.open(place, piece))?, size).map_err(broken)?;
        }
    }
    opened.into_payload(size).map_err(broken)
}

/// The pieces that have been opened so far.
#[derive(Default)]
struct OpenedPieces {
    stays_packed: bool,
    frames: Vec<Vec<u8>>,
    plain: Vec<u8>,
}

impl OpenedPieces {
    fn push(&mut self, frame: Vec<u8>, size: usize) -> io::Result<()> {
        if self.stays_packed {
            self.frames.push(frame);
            return Ok(());
        }
        zstd::stream::copy_decode(frame.as_slice(), &mut self.plain)?;
        if self.plain.len() > size { Err(io::ErrorKind::InvalidData.into()) } else { Ok(()) }
    }

    fn into_payload(self, size: usize) -> io::Result<Payload> {
        match self.stays_packed {
            true => Ok(Payload::from_frames(self.frames, size)),
            false if self.plain.len() == size => Ok(self.plain.into()),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Payloads stored before pieces existed are one frame of any size.
    #[test]
    fn a_large_frame_is_opened_in_either_way() {
        let bytes = vec![b'7'; 5 << 20];
        for stays_packed in [false, true] {
            let mut opened = OpenedPieces { stays_packed, ..OpenedPieces::default() };
            opened.push(zstd::bulk::compress(&bytes, 1).unwrap(), bytes.len()).unwrap();
            let payload = opened.into_payload(bytes.len()).unwrap();
            assert!(payload.read_all().unwrap() == bytes && payload.as_plain().is_none() == stays_packed);
        }
        let mut opened = OpenedPieces::default();
        assert!(opened.push(zstd::bulk::compress(&bytes, 1).unwrap(), 9).is_err() && opened.into_payload(9).is_err());
    }

    #[test]
    fn a_piece_opens_in_its_own_place_only() {
        let keys = Keys::from_hex(&"5a".repeat(32)).unwrap();
        let payload = Payload::from(vec![0; huiliu_decode::payload::PIECE + 1]);
        let sealed = seal_first_piece(&keys, b"digest", &payload).unwrap();
        let opens = |more, number| {
            let place = Place { digest: b"digest", more };
            place.with_context(number, |place| sealed.own.open(place, sealed.first.clone())).is_ok()
        };
        assert!(sealed.more == 1 && opens(1, 0) && !opens(1, 1) && !opens(0, 0) && !opens(2, 0));
    }
}
