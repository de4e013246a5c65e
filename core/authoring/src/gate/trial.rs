//! The gate that a connector passes before it is used: the rules convert its hours, and its samples and all their
//! variants give the expected results.

use std::sync::Arc;

use huiliu_messages::{Message, SystemError, said_in_english};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::gate::difference::Difference;
use crate::gate::played::Rehearsal;
use crate::gate::questions::OpenQuestion;
use crate::gate::refusal::Refusal;
use crate::gate::{keys, outcomes, played, questions, variants};
use huiliu_decode::unpacker::Unpacker;
use huiliu_decode::{Body, Context, RecordRange, StageResult};
use huiliu_manifest::{Manifest, Sample, Stream};
use huiliu_rules::policy::Policy;
use huiliu_vault::keys::{KeyError, Keys};

/// The connector under test and what it is tested with.
#[derive(Debug, Clone, Copy)]
pub struct Trial<'a> {
    /// The manifest under test.
    pub manifest: &'a Manifest,
    /// The rules that must convert its hours.
    pub policy: &'a Policy,
    /// File names of those rules, for messages.
    pub rule_files: &'a str,
    /// Unpacks workbooks and archives.
    pub unpacker: &'a Arc<Unpacker>,
}

/// Why a connector's trial stopped early.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum GateError {
    /// The rules do not convert a stream's unit of hours.
    #[serde(rename = "gate.unit")]
    Unit {
        /// The files of the rules.
        rule_files: String,
        unit: String,
        connector: String,
        stream: String,
    },
    /// A stream has no sample.
    #[serde(rename = "gate.no_sample")]
    NoSample { connector: String, stream: String },
    /// The samples of a stream hold no record.
    #[serde(rename = "gate.no_record")]
    NoRecord { connector: String, stream: String },
    /// The platform of a sample could not be simulated on loopback.
    #[serde(rename = "gate.played")]
    Played { why: SystemError },
    /// The connector cannot be right.
    #[serde(untagged)]
    Refused(Box<Refusal>),
    /// The throwaway keys could not be made.
    #[serde(untagged)]
    Key(KeyError),
}

said_in_english!(GateError);

impl From<Refusal> for GateError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<KeyError> for GateError {
    fn from(fault: KeyError) -> Self {
        Self::Key(fault)
    }
}

/// The result of testing one sample or variant.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Checked {
    /// The connector's id.
    pub connector: String,
    /// The stream's name.
    pub stream: String,
    /// The sample's page or file name.
    pub sample: String,
    /// What was done to the sample; absent for the sample itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<Message>,
    /// Number of records found in it.
    pub records: usize,
    /// Whether it gives the expected results.
    pub ok: bool,
    /// Where it does not, in words.
    pub differences: Vec<Message>,
}

/// Checks that the rules convert the hours of every stream of a manifest.
///
/// # Errors
/// [`GateError::Unit`].
pub fn check_units(manifest: &Manifest, policy: &Policy, rule_files: &str) -> Result<(), GateError> {
    match manifest.stream.iter().find(|s| !policy.knows_unit(s.hours_unit())) {
        None => Ok(()),
        Some(stream) => Err(GateError::Unit {
            rule_files: rule_files.to_owned(),
            unit: stream.hours_unit().to_owned(),
            connector: manifest.id.clone(),
            stream: stream.name.clone(),
        }),
    }
}

/// Checks that no question about a field that every record needs is open in the manifest's text.
///
/// # Errors
/// [`Refusal::OpenQuestion`] with the first one.
pub fn check_questions(manifest: &Manifest, text: &str) -> Result<(), GateError> {
    match questions::list_blocking(manifest, text).into_iter().next() {
        None => Ok(()),
        Some(OpenQuestion { line, text }) => {
            Err(Refusal::OpenQuestion { connector: manifest.id.clone(), line, question: text }.into())
        }
    }
}

/// Takes a connector through the gate and returns a row for each sample; all must be `ok`.
///
/// # Errors
/// [`GateError`] if the rules do not convert a unit, a record key cannot tell records apart, or a stream has no sample
/// with a record that is accepted.
pub async fn run_gate(trial: Trial<'_>, samples: &[Sample]) -> Result<Vec<Checked>, GateError> {
    let manifest = trial.manifest;
    check_units(manifest, trial.policy, trial.rule_files)?;
    keys::check_keys(manifest)?;
    if let Some(stream) = manifest.stream.iter().find(|stream| samples.iter().all(|s| s.stream != stream.name)) {
        return Err(GateError::NoSample { connector: manifest.id.clone(), stream: stream.name.clone() });
    }
    let mut rows = try_samples(trial, samples).await?;
    let gives = |stream: &Stream| rows.iter().any(|row| row.stream == stream.name && (row.records > 0 || !row.ok));
    if let Some(stream) = manifest.stream.iter().find(|stream| !gives(stream)) {
        return Err(GateError::NoRecord { connector: manifest.id.clone(), stream: stream.name.clone() });
    }
    // If a sample fails, its variants would only repeat the failure.
    if rows.iter().all(|row| row.ok) {
        check_acceptance(trial, samples).await?;
        rows.extend(try_variants(trial, samples).await?);
    }
    Ok(rows)
}

/// What becomes of the samples of a stream.
#[derive(Default)]
struct Acceptance {
    sample: String,
    records: usize,
    accepted: usize,
    reasons: Vec<String>,
}

/// Checks that something in the samples of every stream is accepted, and that no record key is shared by different
/// people.
async fn check_acceptance(trial: Trial<'_>, samples: &[Sample]) -> Result<(), GateError> {
    let Trial { manifest, policy, unpacker, .. } = trial;
    let keys = throwaway_keys()?;
    for stream in &manifest.stream {
        let mut told = Acceptance::default();
        for sample in samples.iter().filter(|sample| sample.stream == stream.name) {
            // A sample that cannot be read is expected to be refused.
            let Ok(body) = unpacker.prepare_body(stream, &sample.bytes).await else { continue };
            let (each, address) = (&huiliu_decode::NO_EACH, sample.address.as_str());
            let cx =
                Context { manifest, stream, policy, keys: &keys, source_id: 1, address, each, landing: 1, batch: 0 };
            let Ok(staged) = huiliu_decode::run_stages(cx, &body, RecordRange::ALL) else { continue };
            told.add_sample(address, &staged);
            let changes_hands = stream.key_changes_hands == Some(true);
            if let Some((one, other)) = keys::find_shared_key(&staged).filter(|_| !changes_hands) {
                let (connector, key) = (manifest.id.clone(), stream.record_key.clone());
                let place = format!("stream.{}.record_key", stream.name);
                return Err(Refusal::KeyShared { connector, place, key, one, other }.into());
            }
        }
        told.check(manifest, stream)?;
    }
    Ok(())
}

impl Acceptance {
    fn add_sample(&mut self, address: &str, staged: &[StageResult<'_>]) {
        if self.sample.is_empty() {
            address.clone_into(&mut self.sample);
        }
        self.records += staged.len();
        for staged in staged {
            match staged {
                StageResult::Clean(_) | StageResult::Roster(_) | StageResult::Withdrawn(_) => self.accepted += 1,
                StageResult::Skipped(_) => {}
                StageResult::Parked(parked) => {
                    let new = parked.problems.iter().filter(|p| !self.reasons.contains(&p.code));
                    let new: Vec<String> = new.map(|problem| problem.code.clone()).collect();
                    self.reasons.extend(new);
                    self.reasons.truncate(5);
                }
            }
        }
    }

    fn check(self, manifest: &Manifest, stream: &Stream) -> Result<(), GateError> {
        if self.accepted > 0 || self.records == 0 {
            return Ok(());
        }
        let (connector, stream) = (manifest.id.clone(), stream.name.clone());
        let Self { sample, records, reasons, .. } = self;
        Err(Refusal::NothingAccepted { connector, stream, sample, records, reasons }.into())
    }
}

/// Tests every sample as platforms, offices and networks spoil it: no wrong record may result.
async fn try_variants(trial: Trial<'_>, samples: &[Sample]) -> Result<Vec<Checked>, GateError> {
    let Trial { manifest, policy, unpacker, .. } = trial;
    let keys = throwaway_keys()?;
    let mut rows = Vec::new();
    for sample in samples {
        let Some(stream) = manifest.find_stream(&sample.stream) else { continue };
        let outcomes = async |bytes: &[u8]| {
            let body = unpacker.prepare_body(stream, bytes).await?;
            outcomes::sample_outcomes(manifest, stream, policy, &keys, &sample.address, &body)
        };
        let Ok(of_sample) = outcomes(&sample.bytes).await else { continue };
        for variant in variants::make_variants(stream, &sample.bytes) {
            let got = outcomes(&variant.bytes).await;
            let wrong = variants::find_violation(variant.must, &of_sample, &got);
            rows.push(Checked {
                connector: manifest.id.clone(),
                stream: sample.stream.clone(),
                sample: sample.address.clone(),
                variant: Some(Message::new(&variant.name)),
                records: got.map_or(0, |got| got.len()),
                ok: wrong.is_none(),
                differences: wrong.iter().map(Message::new).collect(),
            });
        }
        let records = u32::try_from(of_sample.len()).unwrap_or(u32::MAX);
        let played = played::rehearse_stream(manifest, stream, &sample.bytes, records, unpacker).await;
        for Rehearsal { name, result } in played.map_err(|why| GateError::Played { why })? {
            rows.push(Checked {
                connector: manifest.id.clone(),
                stream: sample.stream.clone(),
                sample: sample.address.clone(),
                variant: Some(Message::new(&name)),
                records: of_sample.len(),
                ok: result.is_ok(),
                differences: result.err().iter().map(Message::new).collect(),
            });
        }
    }
    Ok(rows)
}

/// Returns fixed keys for data that is never stored: only equality within one sample depends on them.
///
/// # Errors
/// [`KeyError`]; never happens.
pub fn throwaway_keys() -> Result<Keys, KeyError> {
    Keys::from_hex(&"00".repeat(32))
}

/// Runs every sample through the stages of a manifest and compares the outcomes with the expected ones.
///
/// # Errors
/// [`GateError::Key`].
pub async fn try_samples(trial: Trial<'_>, samples: &[Sample]) -> Result<Vec<Checked>, GateError> {
    let Trial { manifest, policy, unpacker, .. } = trial;
    let keys = throwaway_keys()?;
    let mut rows = Vec::new();
    for sample in samples {
        let (records, differences) = match manifest.find_stream(&sample.stream) {
            Some(stream) => match unpacker.prepare_body(stream, &sample.bytes).await {
                Ok(body) => try_sample(manifest, stream, policy, &keys, sample, &body),
                Err(why) => (0, vec![Difference::Refused { why }]),
            },
            None => (0, vec![Difference::NoStream { stream: sample.stream.clone() }]),
        };
        rows.push(Checked {
            connector: manifest.id.clone(),
            stream: sample.stream.clone(),
            sample: sample.address.clone(),
            variant: None,
            records,
            ok: differences.is_empty(),
            differences: differences.iter().map(Message::new).collect(),
        });
    }
    Ok(rows)
}

fn try_sample(
    manifest: &Manifest,
    stream: &Stream,
    policy: &Policy,
    keys: &Keys,
    sample: &Sample,
    body: &Body<'_>,
) -> (usize, Vec<Difference>) {
    let expected: Vec<Value> = match serde_json::from_str(&sample.expected) {
        Ok(expected) => expected,
        Err(e) => return (0, vec![Difference::ExpectedResults { why: e.to_string() }]),
    };
    match outcomes::sample_outcomes(manifest, stream, policy, keys, &sample.address, body) {
        Ok(got) => (got.len(), outcomes::list_differences(&got, &expected)),
        Err(why) => (0, vec![Difference::Refused { why }]),
    }
}
