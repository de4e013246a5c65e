//! The gate that a connector passes before it is taken into use: its rules convert its hours, and its samples, and every
//! variant of them, give what is expected.

use std::sync::Arc;

use huiliu_messages::{SystemError, said_in_english};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::gate::{outcomes, played, variants};
use huiliu_decode::Body;
use huiliu_decode::unpacker::Unpacker;
use huiliu_manifest::{Manifest, Sample, Stream};
use huiliu_rules::policy::Policy;
use huiliu_vault::keys::{KeyError, Keys};

/// What the gate tries a connector with.
#[derive(Debug, Clone, Copy)]
pub struct Trial<'a> {
    /// The manifest.
    pub manifest: &'a Manifest,
    /// The rules that must convert its hours.
    pub policy: &'a Policy,
    /// The files of those rules, for messages.
    pub rule_files: &'a str,
    /// Reads what is more than text.
    pub unpacker: &'a Arc<Unpacker>,
}

/// Why a connector is not tried to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum GateError {
    /// The rules do not convert a stream's unit of hours.
    #[serde(rename = "gate.unit")]
    Unit {
        /// The files of the rules.
        rule_files: String,
        /// The unit.
        unit: String,
        /// The connector.
        connector: String,
        /// The stream.
        stream: String,
    },
    /// A stream has no sample.
    #[serde(rename = "gate.no_sample")]
    NoSample {
        /// The connector.
        connector: String,
        /// The stream.
        stream: String,
    },
    /// The samples of a stream hold no record.
    #[serde(rename = "gate.no_record")]
    NoRecord {
        /// The connector.
        connector: String,
        /// The stream.
        stream: String,
    },
    /// The platform of a sample could not be played on loopback.
    #[serde(rename = "gate.played")]
    Played { why: SystemError },
    /// The keys for what is never stored could not be made.
    #[serde(untagged)]
    Key(KeyError),
}

said_in_english!(GateError);

impl From<KeyError> for GateError {
    fn from(fault: KeyError) -> Self {
        Self::Key(fault)
    }
}

/// What became of one sample.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Checked {
    /// The connector.
    pub connector: String,
    /// The stream.
    pub stream: String,
    /// The sample's page or file name.
    pub sample: String,
    /// What was done to the sample; nothing for the sample itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<&'static str>,
    /// Records found in it.
    pub records: usize,
    /// Whether it gives what it must.
    pub ok: bool,
    /// Where it does not, in words.
    pub differences: Vec<String>,
}

/// Whether the rules convert the hours of every stream of a manifest.
///
/// # Errors
/// [`GateError::Unit`].
pub fn convertible(manifest: &Manifest, policy: &Policy, rule_files: &str) -> Result<(), GateError> {
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

/// Takes a connector through the gate: one row for each sample. All of them must be `ok`.
///
/// # Errors
/// [`GateError`] when there is a unit that the rules do not convert, or a stream without a sample that has a record.
pub async fn pass(trial: Trial<'_>, samples: &[Sample]) -> Result<Vec<Checked>, GateError> {
    let manifest = trial.manifest;
    convertible(manifest, trial.policy, trial.rule_files)?;
    if let Some(stream) = manifest.stream.iter().find(|stream| samples.iter().all(|s| s.stream != stream.name)) {
        return Err(GateError::NoSample { connector: manifest.id.clone(), stream: stream.name.clone() });
    }
    let mut rows = try_samples(trial, samples).await?;
    let gives = |stream: &Stream| rows.iter().any(|row| row.stream == stream.name && (row.records > 0 || !row.ok));
    if let Some(stream) = manifest.stream.iter().find(|stream| !gives(stream)) {
        return Err(GateError::NoRecord { connector: manifest.id.clone(), stream: stream.name.clone() });
    }
    // What a sample does not give, none of its variants can.
    if rows.iter().all(|row| row.ok) {
        rows.extend(try_variants(trial, samples).await?);
    }
    Ok(rows)
}

/// Every sample as platforms, offices and networks spoil it: nothing wrong may come of it.
async fn try_variants(trial: Trial<'_>, samples: &[Sample]) -> Result<Vec<Checked>, GateError> {
    let Trial { manifest, policy, unpacker, .. } = trial;
    let keys = no_keys()?;
    let mut rows = Vec::new();
    for sample in samples {
        let Some(stream) = manifest.stream(&sample.stream) else { continue };
        let outcomes = async |bytes: &[u8]| {
            let body = unpacker.body(stream, bytes).await?;
            outcomes::outcomes(manifest, stream, policy, &keys, &sample.address, &body)
        };
        let Ok(of_sample) = outcomes(&sample.bytes).await else { continue };
        for variant in variants::variants(stream, &sample.bytes) {
            let got = outcomes(&variant.bytes).await;
            let wrong = variants::judge(variant.must, &of_sample, &got);
            rows.push(Checked {
                connector: manifest.id.clone(),
                stream: sample.stream.clone(),
                sample: sample.address.clone(),
                variant: Some(variant.name),
                records: got.map_or(0, |got| got.len()),
                ok: wrong.is_none(),
                differences: wrong.into_iter().collect(),
            });
        }
        let records = u32::try_from(of_sample.len()).unwrap_or(u32::MAX);
        let played = played::rehearse(manifest, stream, &sample.bytes, records, unpacker).await;
        for (name, wrong) in played.map_err(|why| GateError::Played { why })? {
            rows.push(Checked {
                connector: manifest.id.clone(),
                stream: sample.stream.clone(),
                sample: sample.address.clone(),
                variant: Some(name),
                records: of_sample.len(),
                ok: wrong.is_ok(),
                differences: wrong.err().into_iter().collect(),
            });
        }
    }
    Ok(rows)
}

/// Keys for what is never stored: only equality within one sample depends on them.
///
/// # Errors
/// [`KeyError`], never.
pub fn no_keys() -> Result<Keys, KeyError> {
    Keys::from_hex(&"00".repeat(32))
}

/// Every sample through the stages of a manifest, against what is expected.
///
/// # Errors
/// [`GateError::Key`].
pub async fn try_samples(trial: Trial<'_>, samples: &[Sample]) -> Result<Vec<Checked>, GateError> {
    let Trial { manifest, policy, unpacker, .. } = trial;
    let keys = no_keys()?;
    let mut rows = Vec::new();
    for sample in samples {
        let (records, differences) = match manifest.stream(&sample.stream) {
            Some(stream) => match unpacker.body(stream, &sample.bytes).await {
                Ok(body) => try_sample(manifest, stream, policy, &keys, sample, &body),
                Err(e) => (0, vec![e.to_string()]),
            },
            None => (0, vec![format!("the manifest has no stream {}", sample.stream)]),
        };
        rows.push(Checked {
            connector: manifest.id.clone(),
            stream: sample.stream.clone(),
            sample: sample.address.clone(),
            variant: None,
            records,
            ok: differences.is_empty(),
            differences,
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
) -> (usize, Vec<String>) {
    let expected: Vec<Value> = match serde_json::from_str(&sample.expected) {
        Ok(expected) => expected,
        Err(e) => return (0, vec![format!("the expected results are not a JSON array: {e}")]),
    };
    match outcomes::outcomes(manifest, stream, policy, keys, &sample.address, body) {
        Ok(got) => (got.len(), outcomes::differences(&got, &expected)),
        Err(e) => (0, vec![e.to_string()]),
    }
}
