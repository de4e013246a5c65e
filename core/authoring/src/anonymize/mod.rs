//! Turns a page or file of a real platform into a sample that anyone may read: every person whom the manifest maps is
//! replaced by a generated one, consistently; words that the manifest does not read are masked, because they may name
//! anybody; what it reads stays. A page where that is impossible is refused.

mod lookalike;
mod pack;
mod people;
mod rewrite;
mod runs;
mod search;
mod unread;

use std::cell::Cell;
use std::collections::HashSet;

use crate::gate::difference::Difference;
use huiliu_messages::said_in_english;
use serde::Serialize;
use serde_json::Value;

use huiliu_decode::decode::{self, DecodeError, RawRecord};
use huiliu_decode::problem::BrokenRecord;
use huiliu_decode::{Body, Context, Place, Plan, RecordRange, draft};
use huiliu_manifest::{Field, Format, Stream, VersionFrom};

use people::PersonGenerator;
use runs::{Run, Script};
use search::{Kind, KnownPeople, OriginalCounts, RunReplacement};
use unread::ReadTexts;

pub use rewrite::{needs_rewriting, write_as_xlsx};

/// Why a page cannot become a sample. Each text says what to do; none names a person.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum AnonymizeError {
    /// A record cannot be read to its end.
    #[serde(rename = "anonymize.broken")]
    Broken {
        /// Address of the record.
        address: String,
        /// The reader's error.
        why: BrokenRecord,
    },
    /// The workbook cannot be written again.
    #[serde(rename = "anonymize.workbook")]
    Workbook,
    /// The system provides no random numbers.
    #[serde(rename = "anonymize.random")]
    Random {
        /// The system's error.
        why: String,
    },
    /// The text cannot be written in the encoding it came in.
    #[serde(rename = "anonymize.encoding")]
    Encoding {
        /// Name of the encoding.
        encoding: &'static str,
    },
    /// An original person is still in the result.
    #[serde(rename = "anonymize.left")]
    Left {
        /// Address of the record or archive member.
        address: String,
    },
    /// The anonymized page decodes to something else.
    #[serde(rename = "anonymize.differs")]
    Differs {
        /// The first difference.
        difference: Difference,
    },
    /// The page cannot be decoded.
    #[serde(untagged)]
    Decode(DecodeError),
}

said_in_english!(AnonymizeError);

impl From<DecodeError> for AnonymizeError {
    fn from(fault: DecodeError) -> Self {
        Self::Decode(fault)
    }
}

/// How many originals were replaced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Names that the manifest maps, each counted once.
    pub names: usize,
    /// ID numbers that the manifest maps, each counted once.
    pub id_numbers: usize,
    /// Places where something else was replaced: telephone numbers, e-mail addresses, long numbers.
    pub others: usize,
}

/// Returns a random seed, which is not stored anywhere.
///
/// # Errors
/// [`AnonymizeError::Random`].
pub fn random_seed() -> Result<[u8; 32], AnonymizeError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|e| AnonymizeError::Random { why: e.to_string() })?;
    Ok(seed)
}

/// The people of one page and their replacements.
#[derive(Debug)]
pub struct Anonymizer<'s> {
    known: KnownPeople,
    /// Values whose digits the manifest uses, such as dates and versions; they stay.
    kept: HashSet<String>,
    /// Texts that the manifest reads; letters of all others are masked.
    read: ReadTexts,
    chance: PersonGenerator<'s>,
    others: Cell<usize>,
}

impl<'s> Anonymizer<'s> {
    /// Collects the people that a manifest finds in a page. Without the seed nobody can reverse the replacement.
    ///
    /// # Errors
    /// [`AnonymizeError`] if a record cannot be read.
    pub fn new(cx: Context<'_>, body: &Body<'_>, seed: &'s [u8; 32]) -> Result<Self, AnonymizeError> {
        let plan = Plan::new(cx.stream);
        let mut people = People::default();
        let mut read = ReadTexts::new(&cx.stream.format, body)?;
        let persons: Vec<usize> = person_slots(&plan).collect();
        for record in decode::decode_records(&cx.stream.format, body, &plan.paths, RecordRange::ALL)? {
            if let Some(why) = record.broken {
                let address = RawRecord { broken: None, ..record }.format_address(cx.address);
                return Err(AnonymizeError::Broken { address, why });
            }
            people.add_record(cx, &plan, &record);
            read.add_record(&record, &persons);
        }
        let chance = PersonGenerator(seed);
        let known = KnownPeople::new(&people.names, &people.id_numbers, chance);
        let kept = people.kept.into_iter().filter(|text| !known.is_original(text)).collect();
        Ok(Self { known, kept, read, chance, others: Cell::new(0) })
    }

    /// Returns the page with everyone replaced, in its own form: encoding, escapes, archive and workbook.
    ///
    /// # Errors
    /// [`AnonymizeError`].
    pub fn anonymize_page(&self, stream: &Stream, bytes: &[u8]) -> Result<Vec<u8>, AnonymizeError> {
        pack::anonymize_payload(self, stream, bytes)
    }

    /// Returns a file name with everyone replaced.
    #[must_use]
    pub fn anonymize_file_name(&self, name: &str) -> String {
        self.anonymize_value(name, false)
    }

    /// Returns how many originals were found so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let OriginalCounts { names, id_numbers } = self.known.count_originals();
        Counts { names, id_numbers, others: self.others.get() }
    }

    /// Checks that the anonymized page contains no original person and means what the original means. `bytes` is the
    /// anonymized page as written, `after` the same page as read again.
    ///
    /// # Errors
    /// [`AnonymizeError::Left`] and [`AnonymizeError::Differs`].
    pub fn verify(
        &self,
        cx: Context<'_>,
        before: &Body<'_>,
        after: &Body<'_>,
        bytes: &[u8],
    ) -> Result<(), AnonymizeError> {
        let outcomes = |body: &Body<'_>| {
            crate::gate::outcomes::sample_outcomes(cx.manifest, cx.stream, cx.policy, cx.keys, cx.address, body)
        };
        let (was, is) = (outcomes(before)?, outcomes(after)?);
        let nameless = |outcomes: Vec<Value>| outcomes.into_iter().map(without_name).collect::<Vec<_>>();
        if let Some(difference) =
            crate::gate::outcomes::list_differences(&nameless(is), &nameless(was)).into_iter().next()
        {
            return Err(AnonymizeError::Differs { difference });
        }
        let plan = Plan::new(cx.stream);
        let left = |address: String| AnonymizeError::Left { address };
        for record in decode::decode_records(&cx.stream.format, after, &plan.paths, RecordRange::ALL)? {
            let mut person = person_slots(&plan).filter_map(|slot| record.texts.get(slot)?.as_deref());
            if person.any(|text| self.known.is_original(text)) || self.contains_original(&record.raw) {
                return Err(left(record.format_address(cx.address)));
            }
        }
        for part in after.split_parts()? {
            if self.contains_original(part.text) {
                return Err(left(part.head.format_address(cx.address)));
            }
        }
        match pack::find_leaking_member(bytes, |text| self.contains_original(text)) {
            Some(member) => Err(left(format!("{} › {member}", cx.address))),
            None => Ok(()),
        }
    }

    /// Returns whether a text contains an original, even with escaped characters.
    fn contains_original(&self, text: &str) -> bool {
        let plain: Vec<char> = runs::unescape_all(text).into_iter().map(search::fold_char).collect();
        self.known.contains_original(&plain)
    }

    /// Replaces everyone in a text of some format, and masks what the manifest does not read. Unchanged parts keep their
    /// bytes.
    fn anonymize_text(&self, text: &str, script: Script) -> String {
        self.replace_runs(text, script, true)
    }

    /// Replaces known people and numbers in a text whose other words stay.
    fn replace_known(&self, text: &str, script: Script) -> String {
        self.replace_runs(text, script, false)
    }

    fn replace_runs(&self, text: &str, script: Script, masks: bool) -> String {
        let mut out = String::with_capacity(text.len());
        let mut written = 0;
        for run in runs::split_runs(text, script) {
            let mut made = self.replace_run(&run, script);
            if masks {
                self.read.mask_run(&run, &mut made, script, self.chance);
            }
            self.count_others(&made.found);
            for (atom, becomes) in run.atoms.iter().zip(made.texts) {
                let Some(becomes) = becomes else { continue };
                out.push_str(text.get(written..atom.at.start).unwrap_or_default());
                let source = text.get(atom.at.clone()).unwrap_or_default();
                becomes.chars().for_each(|c| runs::write_char(&mut out, source, c, script));
                written = atom.at.end;
            }
        }
        out.push_str(text.get(written..).unwrap_or_default());
        out
    }

    /// Replaces everyone in one value.
    fn replace_run(&self, run: &Run, script: Script) -> RunReplacement {
        let chars: Vec<char> = run.atoms.iter().map(|atom| atom.read).collect();
        let whole: String = chars.iter().collect();
        // A GUID in an attribute is not a person's number.
        let kept = run.attribute && whole.starts_with('{') || self.kept.contains(whole.trim());
        // A workbook may store a long number as 2.2010219590911E+17.
        let expanded = Some(&whole).filter(|_| script == Script::Sheet && run.element == "v");
        if let Some(digits) = expanded.and_then(|text| search::expand_exponent(text)) {
            let kept = self.kept.contains(&digits);
            let becomes = self.anonymize_value(&digits, kept);
            return RunReplacement::of_whole(chars.len(), (becomes != digits).then_some(becomes));
        }
        search::anonymize_chars(&chars, &self.known, self.chance, kept)
    }

    fn anonymize_value(&self, text: &str, kept: bool) -> String {
        let chars: Vec<char> = text.chars().collect();
        let made = search::anonymize_chars(&chars, &self.known, self.chance, kept);
        chars.iter().zip(made.texts).map(|(c, becomes)| becomes.unwrap_or_else(|| c.to_string())).collect()
    }

    fn count_others(&self, found: &[Kind]) {
        self.others.set(self.others.get() + found.iter().filter(|kind| **kind == Kind::Other).count());
    }
}

/// Returns how text of the format is written; `None` for workbooks, which are not text.
fn script_of(format: &Format) -> Option<Script> {
    match format {
        Format::Json { .. } | Format::JsonLines { .. } => Some(Script::Json),
        Format::Xml { .. } => Some(Script::Markup),
        Format::Csv { separator, .. } => Some(Script::Cells(separator.0)),
        Format::Workbook { .. } => None,
    }
}

/// Returns the slots of a record that hold a person's name or ID number.
fn person_slots<'p>(plan: &'p Plan<'_>) -> impl Iterator<Item = usize> + 'p {
    let person = plan.fields.iter().filter(|mapped| {
        matches!(mapped.field, Field::Name | Field::IdNumber | Field::FormerName | Field::FormerIdNumber)
    });
    person.flat_map(|mapped| &mapped.places).filter_map(|place| match place {
        Place::Slot(slot) => Some(*slot),
        Place::Around(_) => None,
    })
}

/// Persons found in a page's records, and values to keep.
#[derive(Debug, Default)]
struct People {
    names: HashSet<String>,
    id_numbers: HashSet<String>,
    kept: HashSet<String>,
}

impl People {
    fn add_record<'a>(&mut self, cx: Context<'a>, plan: &Plan<'a>, record: &RawRecord<'a>) {
        let draft = draft::map_record(cx, plan, record);
        let version = match cx.stream.version {
            VersionFrom::Field { .. } => plan.version,
            VersionFrom::FileDate {} | VersionFrom::Landing {} => None,
        };
        let text = |slot: usize| record.texts.get(slot)?.as_deref();
        self.kept.extend(version.and_then(text).map(|text| text.trim().to_owned()));
        for mapped in &plan.fields {
            let slots = mapped.places.iter().filter_map(|place| match place {
                Place::Slot(slot) => text(*slot),
                Place::Around(_) => None,
            });
            let texts = slots.map(str::trim).filter(|text| !text.is_empty());
            match mapped.field {
                Field::Name => add_originals(&mut self.names, texts.collect(), draft.name.as_deref()),
                Field::IdNumber => add_originals(&mut self.id_numbers, texts.collect(), draft.id_number.as_deref()),
                Field::FormerName => {
                    add_originals(&mut self.names, texts.collect(), draft.roster.former_name.as_deref())
                }
                Field::FormerIdNumber => {
                    add_originals(&mut self.id_numbers, texts.collect(), draft.roster.former_id_number.as_deref());
                }
                // These identify the person at the platform and mean nothing else, so they are not kept.
                Field::RecordName | Field::CertificateNumber | Field::TeacherNumber | Field::Phone => {}
                _ => self.kept.extend(texts.map(str::to_owned)),
            }
        }
    }
}

/// Adds the original: the piece that the manifest cuts out of a text, or else the texts themselves.
fn add_originals(all: &mut HashSet<String>, texts: Vec<&str>, mapped: Option<&str>) {
    let piece =
        mapped.map(str::trim).filter(|piece| !piece.is_empty() && texts.iter().any(|text| text.contains(piece)));
    match piece {
        Some(piece) => {
            all.insert(piece.to_owned());
        }
        None => all.extend(texts.into_iter().map(str::to_owned)),
    }
}

/// Removes the person's name and birth date from an outcome.
fn without_name(mut outcome: Value) -> Value {
    if let Some(clean) = outcome.get_mut("clean").and_then(Value::as_object_mut) {
        clean.remove("name");
        // It is derived from the ID number.
        clean.remove("birth_date");
    }
    outcome
}
