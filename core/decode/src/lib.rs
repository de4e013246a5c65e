//! Pure functions that decode, map and validate one batch. They return values and problems together and never fail
//! half-way.

pub mod accounting;
pub mod cause;
pub(crate) mod cells;
mod chunks;
pub mod contract;
pub mod correction_mark;
pub mod csv;
pub mod decode;
pub mod difference;
pub mod draft;
pub mod drift;
pub mod excerpt;
mod faults;
pub mod heavy;
mod hours;
pub mod html;
pub mod id_mask;
pub mod identity;
pub mod json;
mod json_mask;
mod key_value;
mod merged;
pub mod names;
pub mod parts;
pub mod payload;
pub mod preview;
pub mod problem;
pub mod range;
pub mod record;
pub mod roster;
mod rows;
pub mod sent;
pub mod sound_fields;
mod stand_ins;
mod steps;
pub mod subject;
pub mod table;
pub mod text_window;
pub mod unpack;
pub mod unpacker;
mod utf8_lines;
pub mod value_statistics;
pub mod window;
pub mod workbook;
pub mod xml;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::identity::KeyForm;
use huiliu_manifest::quality::Act;
use huiliu_manifest::{Field, Manifest, Rule, Stream, VersionFrom};
use huiliu_rules::policy::Policy;
use huiliu_values::IdNumber;
use huiliu_vault::keys::Keys;

pub use decode::{DecodeError, RawRecord};
pub use draft::Draft;
pub use parts::Body;
pub use problem::{Expected, Problem};
pub use range::RecordRange;
pub use record::TrainingRecord;
pub use roster::RosterRow;
pub use sound_fields::SoundFields;

/// Everything the stages need besides the payload's bytes.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Manifest of the connector.
    pub manifest: &'a Manifest,
    /// Stream that the batch belongs to.
    pub stream: &'a Stream,
    /// Rules for hours, grades and roster values, read from the rule packs.
    pub policy: &'a Policy,
    /// Keys for record, claim and content digests.
    pub keys: &'a Keys,
    /// Source that the batch belongs to.
    pub source_id: i64,
    /// Page or file name.
    pub address: &'a str,
    /// Values of the stream's fan-out that the payload was requested with, by name.
    pub each: &'a BTreeMap<String, String>,
    /// Sequence number of the payload in the order of landing.
    pub landing: i64,
    /// Number of the batch that the records belong to; 0 outside a delivery.
    pub batch: i64,
}

/// The fan-out values of a payload that was requested without a fan-out.
pub static NO_EACH: BTreeMap<String, String> = BTreeMap::new();

/// Where a text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// A field of the record: its index in [`Plan::paths`].
    Slot(usize),
    /// A value from outside the record, such as `$file`.
    Around(&'a str),
}

/// A canonical field, the rule that maps it, and the places of the rule's texts.
#[derive(Debug)]
pub struct Mapped<'a> {
    /// Canonical field that the rule fills.
    pub field: Field,
    /// Mapping rule from the manifest.
    pub rule: &'a Rule,
    /// Places of the rule's texts, in the rule's order.
    pub places: Vec<Place<'a>>,
    /// Whether the rule is a path alone.
    pub is_plain: bool,
}

/// The raw paths that a stream reads, each listed once, and what each is used for.
#[derive(Debug)]
pub struct Plan<'a> {
    /// Raw paths; the texts of a raw record are in this order.
    pub paths: Vec<&'a str>,
    /// Mapped canonical fields.
    pub fields: Vec<Mapped<'a>>,
    /// Fields that make up the record key.
    pub record_key: Vec<Place<'a>>,
    /// Index in `paths` of the source version, if the version is a field.
    pub version: Option<usize>,
    /// For each row rule, the fields that make up the key of the record that it withdraws; none if that is the row's own.
    pub withdraws: Vec<Vec<Place<'a>>>,
    /// Fields compared by the conditions of the row rules, one rule after the other.
    pub conditions: Vec<Place<'a>>,
}

impl<'a> Plan<'a> {
    /// Builds the plan of a stream.
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
            .map(|(field, rule)| Mapped {
                field: *field,
                rule,
                places: rule.paths().map(&mut place).collect(),
                is_plain: rule.plain_path().is_some(),
            })
            .collect();
        let record_key = stream.record_key.iter().map(&mut place).collect();
        let withdraws = stream.rows.iter().map(|rule| rule.withdraws.iter().map(&mut place).collect()).collect();
        let conditions = stream.rows.iter().flat_map(|rule| &rule.when).map(|c| place(&c.path)).collect();
        let version = match &stream.version {
            VersionFrom::Field { path } => Some(slot(path)),
            VersionFrom::FileDate {} | VersionFrom::Landing {} => None,
        };
        Self { paths, fields, record_key, version, withdraws, conditions }
    }

    /// Returns the index of a raw field in [`Plan::paths`].
    #[must_use]
    pub fn find_slot(&self, field: &str) -> Option<usize> {
        self.paths.iter().position(|path| *path == field)
    }
}

/// The result of one raw record after all stages.
#[derive(Debug)]
pub enum StageResult<'a> {
    /// A clean training record.
    Clean(Box<TrainingRecord<'a>>),
    /// A clean roster row.
    Roster(Box<RosterRow<'a>>),
    /// A record that cannot be used, with every reason.
    Parked(Parked<'a>),
    /// A row that the manifest's row rules skip.
    Skipped(Skipped<'a>),
    /// A row that takes a record back.
    Withdrawn(Withdrawn<'a>),
}

impl StageResult<'_> {
    /// Returns the raw record's position in the payload, from 0.
    #[must_use]
    pub fn index(&self) -> u32 {
        match self {
            Self::Clean(record) => record.index,
            Self::Roster(row) => row.index,
            Self::Parked(parked) => parked.index,
            Self::Skipped(skipped) => skipped.index,
            Self::Withdrawn(withdrawn) => withdrawn.index,
        }
    }
}

/// A raw record that a row rule of the manifest skips.
#[derive(Debug, Clone)]
pub struct Skipped<'a> {
    /// Batch that it belongs to.
    pub batch: i64,
    /// Position in the payload, from 0.
    pub index: u32,
    /// Address for people.
    pub address: String,
    /// The rule's reason.
    pub because: &'a str,
    /// Keyed hash of the fields that identify the record, if it is a training record and all of them are present.
    pub record_key: Option<[u8; 16]>,
    /// Orders versions of the same record; `None` if the version cannot be determined.
    pub source_version: Option<i64>,
}

/// A raw record that takes a training record back.
#[derive(Debug, Clone)]
pub struct Withdrawn<'a> {
    /// Batch that it belongs to.
    pub batch: i64,
    /// Position in the payload, from 0.
    pub index: u32,
    /// Address for people.
    pub address: String,
    /// The rule's reason.
    pub because: &'a str,
    /// The key of the record that is taken back.
    pub record_key: [u8; 16],
    /// Orders it among the versions of that record.
    pub source_version: i64,
}

/// A raw record that could not become a training record or a roster row.
#[derive(Debug, Clone)]
pub struct Parked<'a> {
    /// Batch that it belongs to.
    pub batch: i64,
    /// Position in the payload, from 0.
    pub index: u32,
    /// Address for people: item of a page, line of a file or row of a sheet.
    pub address: String,
    /// The source's own name for the record, if it has one.
    pub record_name: Option<String>,
    /// Keyed digest of the record key if the source names its records, otherwise of the raw bytes.
    pub dead_letter_key: [u8; 16],
    /// Orders versions of the same record; `None` if the version cannot be determined.
    pub source_version: Option<i64>,
    /// Keyed digest of the raw bytes.
    pub raw_digest: [u8; 16],
    /// The record's text as received.
    pub raw: Cow<'a, str>,
    /// Every reason why the record is parked.
    pub problems: Vec<Problem>,
    /// What its corrected version has in common with it, if that tells it from other records.
    pub sound_fields: Option<SoundFields>,
    /// The person's ID number, if it can be read.
    pub id_number: Option<IdNumber>,
}

impl Parked<'_> {
    /// Returns whether nothing is wrong with the record, and a person has parked it until a replay.
    #[must_use]
    pub fn awaits_replay(&self) -> bool {
        self.problems.iter().any(Problem::says_awaiting)
    }
}

/// Runs the records of a range of a payload through all stages.
///
/// # Errors
/// Returns [`DecodeError`] if the payload as a whole cannot be read.
pub fn run_stages<'a>(
    cx: Context<'a>,
    body: &'a Body<'_>,
    range: RecordRange,
) -> Result<Vec<StageResult<'a>>, DecodeError> {
    let plan = Plan::new(cx.stream);
    let raw = decode::decode_records(&cx.stream.format, body, &plan.paths, range)?;
    Ok(heavy::run_heavy(body.len(), || raw.into_iter().map(|record| stage_record(cx, &plan, record)).collect()))
}

/// Parks those raw records of a range of a payload that `is_sound` selects by their position, until a replay.
///
/// # Errors
/// Returns [`DecodeError`] if the payload as a whole cannot be read.
pub fn park_sound<'a>(
    cx: Context<'a>,
    body: &'a Body<'_>,
    range: RecordRange,
    is_sound: impl Fn(u32) -> bool,
) -> Result<Vec<Parked<'a>>, DecodeError> {
    let plan = Plan::new(cx.stream);
    let mut raw = decode::decode_records(&cx.stream.format, body, &plan.paths, range)?;
    raw.retain(|record| is_sound(record.index));
    let park = |record| park_record(cx, &plan, record, vec![Problem::awaits_replay(cx.landing)]);
    Ok(heavy::run_heavy(body.len(), || raw.into_iter().map(park).collect()))
}

/// Runs raw records through all stages with other values in the place of those received. `replaced` returns the raw fields and values
/// of a record; an empty value stands for none. Records of the range without any are left out.
///
/// # Errors
/// Returns [`DecodeError`] if the payload as a whole cannot be read.
pub fn run_corrected<'a, 'v>(
    cx: Context<'a>,
    body: &'a Body<'_>,
    range: RecordRange,
    replaced: impl Fn(&RawRecord<'_>, &Plan<'_>) -> Vec<(&'v str, &'v str)>,
) -> Result<Vec<StageResult<'a>>, DecodeError> {
    let plan = Plan::new(cx.stream);
    let mut raw = decode::decode_records(&cx.stream.format, body, &plan.paths, range)?;
    raw.retain_mut(|record| {
        let values = replaced(record, &plan);
        for (field, value) in &values {
            let Some(slot) = plan.find_slot(field) else { continue };
            if let Some(text) = record.texts.get_mut(slot) {
                *text = (!value.trim().is_empty()).then(|| Cow::Owned((*value).to_owned()));
            }
            // How the cell stored its value says nothing about the corrected one.
            if let Some(cell) = record.cells.get_mut(slot) {
                *cell = None;
            }
        }
        !values.is_empty()
    });
    Ok(heavy::run_heavy(body.len(), || raw.into_iter().map(|record| stage_record(cx, &plan, record)).collect()))
}

/// A raw record whose key changed when key fields began to be compared by value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rekeyed {
    /// The key that programs up to schema 20 gave it.
    pub old: [u8; 16],
    /// Its key.
    pub new: [u8; 16],
}

/// Lists the records of a range of a payload that have another key than under programs up to schema 20.
///
/// # Errors
/// Returns [`DecodeError`] if the payload as a whole cannot be read.
pub fn list_rekeyed(cx: Context<'_>, body: &Body<'_>, range: RecordRange) -> Result<Vec<Rekeyed>, DecodeError> {
    let plan = Plan::new(cx.stream);
    let raw = decode::decode_records(&cx.stream.format, body, &plan.paths, range)?;
    let changed = |record: &RawRecord<'_>| {
        let draft = draft::map_record(cx, &plan, record);
        let key = |form| identity::compute_record_key(cx, &plan.record_key, record, &draft, form);
        let (old, new) = key(KeyForm::Text).zip(key(KeyForm::Value))?;
        (old != new).then_some(Rekeyed { old, new })
    };
    Ok(raw.iter().filter(|record| record.broken.is_none()).filter_map(changed).collect())
}

/// Names the cell that a record has no key for, if a key field is not mapped and its cell has no value of its own.
fn explain_missing_key(plan: &Plan<'_>, raw: &RawRecord<'_>, problems: &mut [Problem]) {
    let slots = plan.record_key.iter().filter_map(|place| match place {
        Place::Slot(slot) if !raw.stored_kind(*slot).is_value() => Some(*slot),
        _ => None,
    });
    let odd = slots.filter_map(|slot| Some((slot, draft::Doubt::of_slot(raw, slot)?))).next();
    let problem = problems.iter_mut().find(|problem| problem.code == "record_key.missing");
    if let Some(((slot, doubt), problem)) = odd.zip(problem) {
        *problem = Problem::new(problem.code.clone(), plan.paths[slot], &doubt.seen, &doubt.expected);
    }
}

/// Computes the keyed digest of a raw record.
#[must_use]
pub fn digest_raw(keys: &Keys, raw: &str) -> [u8; 16] {
    keys.short_digest(&[b"raw", raw.as_bytes()])
}

fn stage_record<'a>(cx: Context<'a>, plan: &Plan<'a>, raw: RawRecord<'a>) -> StageResult<'a> {
    read_record(cx, plan, &raw).unwrap_or_else(|problems| StageResult::Parked(park_record(cx, plan, raw, problems)))
}

/// Maps and validates a raw record, or lists why it cannot be used.
fn read_record<'a>(cx: Context<'a>, plan: &Plan<'a>, raw: &RawRecord<'a>) -> Result<StageResult<'a>, Vec<Problem>> {
    crate::faults::abort_if_injected(&raw.raw);
    let odd = rows::find_odd_condition(plan, raw);
    let rule = if raw.broken.is_none() && odd.is_none() { rows::find_rule(cx, plan, raw) } else { None };
    if let Some(rule) = rule.filter(|rule| rule.act == Act::Skip && cx.stream.kind.is_roster()) {
        let address = raw.format_address(cx.address);
        return Ok(StageResult::Skipped(Skipped {
            batch: cx.batch,
            index: raw.index,
            address,
            because: &rule.because,
            record_key: None,
            source_version: None,
        }));
    }
    let draft = draft::map_record(cx, plan, raw);
    let identity = identity::build_identity(cx, plan, raw, &draft);
    let (record_key, source_version) = (identity.record_key, identity.source_version.as_ref().ok().copied());
    let read = match rule.map(|rule| (rule.act, rule)) {
        Some((Act::Skip, rule)) => Ok(StageResult::Skipped(Skipped {
            batch: cx.batch,
            index: raw.index,
            address: raw.format_address(cx.address),
            because: &rule.because,
            record_key,
            source_version,
        })),
        Some((Act::Withdraw, rule)) => {
            rows::build_withdrawal(cx, plan, raw, &draft, identity, rule).map(StageResult::Withdrawn)
        }
        of_rule => {
            let read = match cx.stream.kind.is_roster() {
                true => roster::from_draft(cx, raw, draft, identity).map(|row| StageResult::Roster(Box::new(row))),
                false => {
                    record::from_draft(cx, raw, draft, identity).map(|record| StageResult::Clean(Box::new(record)))
                }
            };
            match of_rule {
                Some((_, rule)) => Err(read.err().into_iter().flatten().chain([Problem::by_rule(rule)]).collect()),
                None => read,
            }
        }
    };
    match odd {
        Some(problem) => Err(read.err().into_iter().flatten().chain([problem]).collect()),
        None => read,
    }
}

/// Parks a raw record for these reasons.
fn park_record<'a>(cx: Context<'a>, plan: &Plan<'a>, raw: RawRecord<'a>, mut problems: Vec<Problem>) -> Parked<'a> {
    explain_missing_key(plan, &raw, &mut problems);
    // Mapped once more, because the record was built from the first draft.
    let draft = draft::map_record(cx, plan, &raw);
    let identity = identity::build_identity(cx, plan, &raw, &draft);
    let sound_fields = SoundFields::of_parked(cx, &draft, &problems);
    let id_number = draft.field(Field::IdNumber).and_then(|text| IdNumber::parse(text).ok());
    for problem in &mut problems {
        let slot = plan.paths.iter().position(|path| *path == problem.source_field);
        problem.cell = slot.and_then(|slot| raw.cell_address(cx.address, slot));
    }
    let raw_digest = digest_raw(cx.keys, &raw.raw);
    Parked {
        batch: cx.batch,
        index: raw.index,
        address: raw.format_address(cx.address),
        record_name: draft.record_name.as_deref().map(draft::redact_text),
        dead_letter_key: identity.record_key.unwrap_or(raw_digest),
        source_version: identity.source_version.ok(),
        raw_digest,
        raw: raw.raw,
        problems,
        sound_fields,
        id_number,
    }
}
