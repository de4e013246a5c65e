//! decode → map → validate: pure functions over one batch. Results are (values, problems), never a failure half-way.

pub mod csv;
pub mod decode;
pub mod draft;
pub mod json;
pub mod record;
pub mod xml;

use crate::keys::Keys;
use crate::manifest::{Manifest, Stream};
use crate::policy::Policy;

pub use decode::{DecodeFault, RawRecord};
pub use draft::{Draft, Problem};
pub use record::TrainingRecord;

/// What the stages need to know besides the bytes.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The connector's manifest.
    pub manifest: &'a Manifest,
    /// The stream the batch belongs to.
    pub stream: &'a Stream,
    /// Rules.
    pub policy: &'a Policy,
    /// Keys for record, claim and content digests.
    pub keys: &'a Keys,
    /// The source the batch belongs to.
    pub source_id: i64,
    /// Page or file name.
    pub address: &'a str,
}

/// One raw record after all stages.
#[derive(Debug)]
pub enum Staged {
    /// A clean record.
    Clean(Box<TrainingRecord>),
    /// What could not be used, with every reason.
    Parked(Parked),
}

/// A raw record that could not become a training record.
#[derive(Debug)]
pub struct Parked {
    /// Position in the payload, from 0.
    pub index: u32,
    /// Where a person finds it: page item or file line.
    pub address: String,
    /// The source's own name of the record, if it has one.
    pub record_name: Option<String>,
    /// Keyed by the record key when the source names its records, else by the raw bytes.
    pub letter_key: [u8; 16],
    /// As received.
    pub raw: String,
    /// Every reason.
    pub problems: Vec<Problem>,
}

/// Takes a range of a payload through all stages.
///
/// # Errors
/// [`DecodeFault`] when the payload as a whole cannot be read.
pub fn run(cx: Context<'_>, bytes: &[u8], first: u32, count: u32) -> Result<Vec<Staged>, DecodeFault> {
    let raw = decode::decode(&cx.stream.format, bytes, first, count)?;
    Ok(raw.into_iter().map(|record| stage_one(cx, record)).collect())
}

fn stage_one(cx: Context<'_>, raw: RawRecord) -> Staged {
    crate::faults::abort_on(&raw.raw);
    let draft = draft::map(cx, &raw);
    match record::from_draft(cx, &raw, &draft) {
        Ok(record) => Staged::Clean(Box::new(record)),
        Err(problems) => {
            let letter_key = record::record_key(cx, &raw, &draft)
                .unwrap_or_else(|| cx.keys.short_digest(&[b"raw", raw.raw.as_bytes()]));
            Staged::Parked(Parked {
                index: raw.index,
                address: raw.address(cx.address),
                record_name: draft.record_name.clone(),
                letter_key,
                raw: raw.raw,
                problems,
            })
        }
    }
}
