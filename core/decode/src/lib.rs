//! decode → map → validate: pure functions over one batch. Results are (values, problems), never a failure half-way.

pub(crate) mod cells;
pub mod contract;
pub mod csv;
pub mod decode;
pub mod draft;
pub mod excerpt;
mod faults;
pub mod html;
pub mod identity;
pub mod json;
pub mod names;
pub mod parts;
pub mod payload;
pub mod preview;
pub mod problem;
pub mod range;
pub mod record;
pub mod roster;
mod rows;
mod steps;
pub mod table;
pub mod text_window;
pub mod unpack;
pub mod unpacker;
pub mod window;
pub mod workbook;
pub mod xml;

use std::borrow::Cow;
use std::collections::BTreeMap;

use huiliu_manifest::quality::Act;
use huiliu_manifest::{Field, Manifest, Rule, Stream, VersionFrom};
use huiliu_rules::policy::Policy;
use huiliu_vault::keys::Keys;

pub use decode::{DecodeError, RawRecord};
pub use draft::Draft;
pub use parts::Body;
pub use problem::{Expected, Problem};
pub use range::RecordRange;
pub use record::TrainingRecord;
pub use roster::RosterRow;

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
    /// What the payload was asked for with: the values of the stream's fan-out, by name.
    pub each: &'a BTreeMap<String, String>,
    /// The payload's place in the order of landing.
    pub landing: i64,
}

/// No fan-out.
pub static NO_EACH: BTreeMap<String, String> = BTreeMap::new();

/// Where a text is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// In the record: the place in [`Plan::paths`].
    Slot(usize),
    /// Around it, as `$file`.
    Around(&'a str),
}

/// A canonical field, the rule it is mapped by, and where the rule's texts are.
#[derive(Debug)]
pub struct Mapped<'a> {
    /// The field.
    pub field: Field,
    /// Its rule.
    pub rule: &'a Rule,
    /// Where its texts are, in the rule's order.
    pub places: Vec<Place<'a>>,
}

/// The raw paths a stream reads, each once, and who wants which.
#[derive(Debug)]
pub struct Plan<'a> {
    /// The paths; a raw record's texts stand in this order.
    pub paths: Vec<&'a str>,
    /// The map.
    pub fields: Vec<Mapped<'a>>,
    /// The fields that make the record key.
    pub record_key: Vec<Place<'a>>,
    /// Place of the source version, where it is a field.
    pub version: Option<usize>,
    /// The fields of the conditions of the rules about rows, rule after rule.
    pub conditions: Vec<Place<'a>>,
}

impl<'a> Plan<'a> {
    /// The plan of a stream.
    #[must_use]
    pub fn new(stream: &'a Stream) -> Self {
        let mut paths: Vec<&str> = Vec::new();
        let mut slot = |path: &'a str| {
            paths.iter().position(|p| *p == path).unwrap_or_else(|| {
                paths.push(path);
                paths.len() - 1
            })
        };
        let mut place = |path: &'a String| match path.starts_with('$') {
            true => Place::Around(path.as_str()),
            false => Place::Slot(slot(path)),
        };
        let fields = stream
            .map
            .iter()
            .map(|(field, rule)| Mapped { field: *field, rule, places: rule.paths().map(&mut place).collect() })
            .collect();
        let record_key = stream.record_key.iter().map(&mut place).collect();
        let conditions = stream.rows.iter().flat_map(|rule| &rule.when).map(|c| place(&c.path)).collect();
        let version = match &stream.version {
            VersionFrom::Field { path } => Some(slot(path)),
            VersionFrom::FileDate {} | VersionFrom::Landing {} => None,
        };
        Self { paths, fields, record_key, version, conditions }
    }
}

/// One raw record after all stages.
#[derive(Debug)]
pub enum Staged<'a> {
    /// A clean record.
    Clean(Box<TrainingRecord<'a>>),
    /// A clean row of a roster.
    Roster(Box<RosterRow<'a>>),
    /// What could not be used, with every reason.
    Parked(Parked<'a>),
    /// What the manifest's rules about rows leave out: its position in the payload, and why.
    Skipped(u32, &'a str),
}

/// A raw record that could not become a training record or a row of a roster.
#[derive(Debug, Clone)]
pub struct Parked<'a> {
    /// Position in the payload, from 0.
    pub index: u32,
    /// Where a person finds it: page item, file line or row of a sheet.
    pub address: String,
    /// The source's own name of the record, if it has one.
    pub record_name: Option<String>,
    /// Keyed by the record key when the source names its records, else by the raw bytes.
    pub letter_key: [u8; 16],
    /// Orders versions of the same record, where it can be told.
    pub source_version: Option<i64>,
    /// Keyed digest of the raw bytes.
    pub raw_digest: [u8; 16],
    /// As received.
    pub raw: Cow<'a, str>,
    /// Every reason.
    pub problems: Vec<Problem>,
}

/// Takes the records of a range of a payload through all stages.
///
/// # Errors
/// [`DecodeError`] when the payload as a whole cannot be read.
pub fn run<'a>(cx: Context<'a>, body: &'a Body<'_>, range: RecordRange) -> Result<Vec<Staged<'a>>, DecodeError> {
    let plan = Plan::new(cx.stream);
    let raw = decode::decode(&cx.stream.format, body, &plan.paths, range)?;
    Ok(raw.into_iter().map(|record| stage_one(cx, &plan, record)).collect())
}

fn stage_one<'a>(cx: Context<'a>, plan: &Plan<'a>, raw: RawRecord<'a>) -> Staged<'a> {
    crate::faults::abort_on(&raw.raw);
    let rule = if raw.broken.is_none() { rows::rule(cx, plan, &raw) } else { None };
    if let Some(rule) = rule.filter(|rule| rule.act == Act::Skip) {
        return Staged::Skipped(raw.index, &rule.because);
    }
    let draft = draft::map(cx, plan, &raw);
    let record_name = draft.record_name.clone();
    let identity = identity::identity(cx, plan, &raw, &draft);
    let (record_key, source_version) = (identity.record_key, identity.source_version.as_ref().ok().copied());
    let read = match cx.stream.kind.is_roster() {
        true => roster::from_draft(cx, &raw, &draft, identity).map(|row| Staged::Roster(Box::new(row))),
        false => record::from_draft(cx, &raw, draft, identity).map(|record| Staged::Clean(Box::new(record))),
    };
    let read = match rule {
        Some(rule) => Err(read.err().into_iter().flatten().chain([Problem::by_rule(rule)]).collect()),
        None => read,
    };
    match read {
        Ok(staged) => staged,
        Err(mut problems) => {
            for problem in &mut problems {
                let slot = plan.paths.iter().position(|path| *path == problem.source_field);
                problem.cell = slot.and_then(|slot| raw.cell_address(cx.address, slot));
            }
            let raw_digest = cx.keys.short_digest(&[b"raw", raw.raw.as_bytes()]);
            Staged::Parked(Parked {
                index: raw.index,
                address: raw.address(cx.address),
                record_name: record_name.map(|name| draft::redacted(&name)),
                letter_key: record_key.unwrap_or(raw_digest),
                source_version,
                raw_digest,
                raw: raw.raw,
                problems,
            })
        }
    }
}
