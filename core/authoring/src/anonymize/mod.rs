//! A page or file of a real platform becomes a sample that anybody may read: every person in it is replaced by a generated
//! one, the same one everywhere, and nothing else changes. What cannot be made so is refused.

mod pack;
mod people;
mod runs;
mod search;

use std::cell::Cell;
use std::collections::HashSet;

use huiliu_messages::said_in_english;
use serde::Serialize;
use serde_json::Value;

use huiliu_decode::decode::{self, DecodeError, RawRecord};
use huiliu_decode::problem::BrokenRecord;
use huiliu_decode::{Body, Context, Place, Plan, RecordRange, draft};
use huiliu_manifest::{Field, Format, Stream, VersionFrom};

use people::Chance;
use runs::Script;
use search::{Kind, Known};

/// Why a page cannot become a sample. Each text says what to do, and none names anybody.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum AnonymizeError {
    /// One record cannot be read to its end.
    #[serde(rename = "disguise.broken")]
    Broken {
        /// Where it stands.
        address: String,
        /// Why.
        why: BrokenRecord,
    },
    /// No workbook that can be written again.
    #[serde(rename = "disguise.workbook")]
    Workbook,
    /// The system gives no random numbers.
    #[serde(rename = "disguise.random")]
    Random {
        /// Why.
        why: String,
    },
    /// Sheets that the manifest does not read.
    #[serde(rename = "disguise.sheets")]
    Sheets {
        /// Their names.
        sheets: String,
    },
    /// A text that cannot be written as it came.
    #[serde(rename = "disguise.encoding")]
    Encoding {
        /// The encoding.
        encoding: &'static str,
    },
    /// Somebody is still there.
    #[serde(rename = "disguise.left")]
    Left {
        /// Where.
        address: String,
    },
    /// The disguised page means something else.
    #[serde(rename = "disguise.differs")]
    Differs {
        /// The first difference.
        difference: String,
    },
    /// It cannot be read.
    #[serde(untagged)]
    Decode(DecodeError),
}

said_in_english!(AnonymizeError);

impl From<DecodeError> for AnonymizeError {
    fn from(fault: DecodeError) -> Self {
        Self::Decode(fault)
    }
}

/// How many of the originals were put aside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Names that the manifest maps, each counted once.
    pub names: usize,
    /// ID numbers that the manifest maps, each counted once.
    pub id_numbers: usize,
    /// Places where anything else was replaced: numbers of telephones, e-mail addresses, long numbers.
    pub others: usize,
}

/// A seed that nobody knows; it is not kept.
///
/// # Errors
/// [`AnonymizeError::Random`].
pub fn seed() -> Result<[u8; 32], AnonymizeError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|e| AnonymizeError::Random { why: e.to_string() })?;
    Ok(seed)
}

/// The people of one page, and who comes in their place.
#[derive(Debug)]
pub struct Anonymizer<'s> {
    known: Known,
    /// Values whose digits mean something to the manifest, as days and versions.
    kept: HashSet<String>,
    chance: Chance<'s>,
    others: Cell<usize>,
}

impl<'s> Anonymizer<'s> {
    /// Of the people that a manifest finds in a page. Without the seed nobody can find the way back.
    ///
    /// # Errors
    /// [`AnonymizeError`] when not every record can be read.
    pub fn new(cx: Context<'_>, body: &Body<'_>, seed: &'s [u8; 32]) -> Result<Self, AnonymizeError> {
        let plan = Plan::new(cx.stream);
        let mut people = People::default();
        for record in decode::decode(&cx.stream.format, body, &plan.paths, RecordRange::ALL)? {
            if let Some(why) = record.broken {
                let address = RawRecord { broken: None, ..record }.address(cx.address);
                return Err(AnonymizeError::Broken { address, why });
            }
            people.meet(cx, &plan, &record);
        }
        let chance = Chance(seed);
        let known = Known::new(&people.names, &people.id_numbers, chance);
        let kept = people.kept.into_iter().filter(|text| !known.is(text)).collect();
        Ok(Self { known, kept, chance, others: Cell::new(0) })
    }

    /// The page with everybody replaced, in its own form: encoding, escapes, archive and workbook.
    ///
    /// # Errors
    /// [`AnonymizeError`].
    pub fn page(&self, stream: &Stream, bytes: &[u8]) -> Result<Vec<u8>, AnonymizeError> {
        pack::page(self, stream, bytes)
    }

    /// A file's name with everybody replaced.
    #[must_use]
    pub fn file_name(&self, name: &str) -> String {
        self.value(name, false)
    }

    /// What has been found.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let (names, id_numbers) = self.known.counts();
        Counts { names, id_numbers, others: self.others.get() }
    }

    /// Whether the disguised page holds nobody any more, and means what the original means. `bytes` are the disguised
    /// page as it was written, `after` the same, read.
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
            crate::gate::outcomes::outcomes(cx.manifest, cx.stream, cx.policy, cx.keys, cx.address, body)
        };
        let (was, is) = (outcomes(before)?, outcomes(after)?);
        let nameless = |outcomes: Vec<Value>| outcomes.into_iter().map(nameless).collect::<Vec<_>>();
        if let Some(difference) = crate::gate::outcomes::differences(&nameless(is), &nameless(was)).into_iter().next() {
            return Err(AnonymizeError::Differs { difference });
        }
        let plan = Plan::new(cx.stream);
        let left = |address: String| AnonymizeError::Left { address };
        for record in decode::decode(&cx.stream.format, after, &plan.paths, RecordRange::ALL)? {
            let mut person = person_slots(&plan).filter_map(|slot| record.texts.get(slot)?.as_deref());
            if person.any(|text| self.known.is(text)) || self.stands_in(&record.raw) {
                return Err(left(record.address(cx.address)));
            }
        }
        for part in after.parts()? {
            if self.stands_in(part.text) {
                return Err(left(part.head.address(cx.address)));
            }
        }
        match pack::whoever_is_left(bytes, |text| self.stands_in(text)) {
            Some(member) => Err(left(format!("{} › {member}", cx.address))),
            None => Ok(()),
        }
    }

    /// Whether an original stands in a text, however its characters are escaped.
    fn stands_in(&self, text: &str) -> bool {
        let plain: Vec<char> = runs::unescaped(text).into_iter().map(search::fold).collect();
        self.known.stands_in(&plain)
    }

    /// A text of a format with everybody replaced. What stays keeps its bytes.
    fn text(&self, text: &str, script: Script) -> String {
        let mut out = String::with_capacity(text.len());
        let mut written = 0;
        for run in runs::runs(text, script) {
            let chars: Vec<char> = run.atoms.iter().map(|atom| atom.read).collect();
            let whole: String = chars.iter().collect();
            // A GUID in an attribute is nobody's number.
            let kept = run.attribute && whole.starts_with('{') || self.kept.contains(whole.trim());
            let made = search::disguise(&chars, &self.known, self.chance, kept);
            self.count(&made.found);
            for (atom, becomes) in run.atoms.iter().zip(made.texts) {
                let Some(becomes) = becomes else { continue };
                out.push_str(text.get(written..atom.at.start).unwrap_or_default());
                let source = text.get(atom.at.clone()).unwrap_or_default();
                becomes.chars().for_each(|c| runs::write(&mut out, source, c, script));
                written = atom.at.end;
            }
        }
        out.push_str(text.get(written..).unwrap_or_default());
        out
    }

    fn value(&self, text: &str, kept: bool) -> String {
        let chars: Vec<char> = text.chars().collect();
        let made = search::disguise(&chars, &self.known, self.chance, kept);
        chars.iter().zip(made.texts).map(|(c, becomes)| becomes.unwrap_or_else(|| c.to_string())).collect()
    }

    fn count(&self, found: &[Kind]) {
        self.others.set(self.others.get() + found.iter().filter(|kind| **kind == Kind::Other).count());
    }
}

/// How the text of a format is written; a workbook is no text.
fn script(format: &Format) -> Option<Script> {
    match format {
        Format::Json { .. } | Format::JsonLines { .. } => Some(Script::Json),
        Format::Xml { .. } => Some(Script::Markup),
        Format::Csv { separator, .. } => Some(Script::Cells(separator.0)),
        Format::Workbook { .. } => None,
    }
}

/// Where persons stand in a record.
fn person_slots<'p>(plan: &'p Plan<'_>) -> impl Iterator<Item = usize> + 'p {
    let person = plan.fields.iter().filter(|mapped| {
        matches!(mapped.field, Field::Name | Field::IdNumber | Field::FormerName | Field::FormerIdNumber)
    });
    person.flat_map(|mapped| &mapped.places).filter_map(|place| match place {
        Place::Slot(slot) => Some(*slot),
        Place::Around(_) => None,
    })
}

/// What the records of a page tell.
#[derive(Debug, Default)]
struct People {
    names: HashSet<String>,
    id_numbers: HashSet<String>,
    kept: HashSet<String>,
}

impl People {
    fn meet<'a>(&mut self, cx: Context<'a>, plan: &Plan<'a>, record: &RawRecord<'a>) {
        let draft = draft::map(cx, plan, record);
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
                Field::Name => originals(&mut self.names, texts.collect(), draft.name.as_deref()),
                Field::IdNumber => originals(&mut self.id_numbers, texts.collect(), draft.id_number.as_deref()),
                Field::FormerName => originals(&mut self.names, texts.collect(), draft.roster.former_name.as_deref()),
                Field::FormerIdNumber => {
                    originals(&mut self.id_numbers, texts.collect(), draft.roster.former_id_number.as_deref());
                }
                // They tell who it is at the platform, and mean nothing else.
                Field::RecordName | Field::CertificateNumber | Field::TeacherNumber | Field::Phone => {}
                _ => self.kept.extend(texts.map(str::to_owned)),
            }
        }
    }
}

/// A piece that the manifest cuts out of a text is the original, else the texts themselves are.
fn originals(all: &mut HashSet<String>, texts: Vec<&str>, mapped: Option<&str>) {
    let piece =
        mapped.map(str::trim).filter(|piece| !piece.is_empty() && texts.iter().any(|text| text.contains(piece)));
    match piece {
        Some(piece) => {
            all.insert(piece.to_owned());
        }
        None => all.extend(texts.into_iter().map(str::to_owned)),
    }
}

/// An outcome without the person's name.
fn nameless(mut outcome: Value) -> Value {
    if let Some(clean) = outcome.get_mut("clean").and_then(Value::as_object_mut) {
        clean.remove("name");
        // It is the ID number's.
        clean.remove("birth_date");
    }
    outcome
}
