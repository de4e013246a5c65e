//! The gate that a connector passes before it is taken into use: its manifest is whole, its rules convert its hours, and
//! its samples give what is expected.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use huiliu_authoring::gate::{played, variants};
use huiliu_decode::Body;
use huiliu_decode::unpacker::Unpacker;
use huiliu_manifest::{MAX_SAMPLES, Manifest, Sample, Stream, named_like};
use huiliu_matching::Weights;
use huiliu_rules::policy::Policy;
use huiliu_vault::keys::Keys;
use serde::Serialize;
use serde_json::Value;

use crate::apart::Processes;
use crate::settings::Settings;
use crate::words::{both, phrase, say, spoken};
use crate::{Stop, wire};

/// No manifest is as large as this, in bytes.
const MAX_MANIFEST: u64 = 1 << 20;

/// A connector as it lies in a folder: `manifest.toml`, `samples/` and `expected/`.
#[derive(Debug)]
pub struct Package {
    pub manifest: Manifest,
    /// The manifest's text.
    pub text: String,
    pub samples: Vec<Sample>,
}

/// What became of one sample.
#[derive(Debug, Serialize)]
pub struct Checked {
    pub connector: String,
    pub stream: String,
    pub sample: String,
    /// What was done to the sample; nothing for the sample itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<&'static str>,
    pub records: usize,
    pub ok: bool,
    pub differences: Vec<String>,
}

/// Takes a connector through the gate: one row for each sample. All of them must be `ok`.
///
/// # Errors
/// [`Stop`] when there is a unit that the rules do not convert, or a stream without a sample that has a record.
pub async fn gate(settings: &Settings, manifest: &Manifest, samples: &[Sample]) -> Result<Vec<Checked>, Stop> {
    let policy = policy(settings)?;
    wire::convertible(manifest, &policy, &settings.pack_names())?;
    if let Some(stream) = manifest.stream.iter().find(|stream| samples.iter().all(|s| s.stream != stream.name)) {
        return Err(Stop::usage(both!(
            "connector {connector}: stream {stream} has no sample; put a file as the platform gives it into samples/, and \
             what must come of it into expected/",
            "连接器 {connector}：数据流 {stream} 没有样例；请把平台给出的文件放入 samples/，把应得结果放入 expected/",
            connector = manifest.id,
            stream = stream.name
        )));
    }
    let mut rows = try_samples(manifest, samples, &policy).await?;
    let gives = |stream: &Stream| rows.iter().any(|row| row.stream == stream.name && (row.records > 0 || !row.ok));
    if let Some(stream) = manifest.stream.iter().find(|stream| !gives(stream)) {
        return Err(Stop::usage(both!(
            "connector {connector}: no sample of stream {stream} has a record, so nothing was tried; put a file with records \
             into samples/",
            "连接器 {connector}：数据流 {stream} 的样例中没有一条记录，等于没有检验；请在 samples/ 中放入有记录的文件",
            connector = manifest.id,
            stream = stream.name
        )));
    }
    // What a sample does not give, none of its variants can.
    if rows.iter().all(|row| row.ok) {
        rows.extend(try_variants(manifest, samples, &policy).await?);
    }
    Ok(rows)
}

/// Every sample as platforms, offices and networks spoil it: nothing wrong may come of it.
async fn try_variants(manifest: &Manifest, samples: &[Sample], policy: &Policy) -> Result<Vec<Checked>, Stop> {
    let keys = no_keys()?;
    let unpacker = Arc::new(Unpacker::new(Box::new(Processes)));
    let mut rows = Vec::new();
    for sample in samples {
        let Some(stream) = manifest.stream(&sample.stream) else { continue };
        let outcomes = async |bytes: &[u8]| {
            let body = unpacker.body(stream, bytes).await?;
            huiliu_authoring::gate::outcomes::outcomes(manifest, stream, policy, &keys, (&sample.address, &body))
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
        let played = played::rehearse(manifest, stream, (&sample.bytes, records), &unpacker).await;
        for (name, wrong) in played.map_err(|e| Stop::failed(phrase(&e).into_owned()))? {
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
pub fn no_keys() -> Result<Keys, Stop> {
    Keys::from_hex(&"00".repeat(32)).map_err(|e| Stop::failed(spoken(&e)))
}

/// The rules of the settings.
pub fn policy(settings: &Settings) -> Result<Policy, Stop> {
    let weights = Weights::read(&settings.matching.0, &settings.matching.1).map_err(|e| Stop::usage(spoken(&e)))?;
    Ok(Policy { weights, ..read_policy(&settings.packs, &settings.courses)? })
}

/// Rule packs and a crosswalk, each as its file's name and text.
pub fn read_policy(packs: &[(String, String)], courses: &(String, String)) -> Result<Policy, Stop> {
    let packs: Vec<(&str, &str)> = packs.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    Policy::parse(&packs, (&courses.0, &courses.1)).map_err(|e| Stop::usage(spoken(&e)))
}

/// Every sample through the stages of a manifest, against what is expected.
pub async fn try_samples(manifest: &Manifest, samples: &[Sample], policy: &Policy) -> Result<Vec<Checked>, Stop> {
    let keys = no_keys()?;
    let unpacker = Unpacker::new(Box::new(Processes));
    let mut rows = Vec::new();
    for sample in samples {
        let (records, differences) = match manifest.stream(&sample.stream) {
            Some(stream) => match unpacker.body(stream, &sample.bytes).await {
                Ok(body) => try_sample((manifest, stream), policy, &keys, (sample, &body)),
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
    (manifest, stream): (&Manifest, &Stream),
    policy: &Policy,
    keys: &Keys,
    (sample, body): (&Sample, &Body<'_>),
) -> (usize, Vec<String>) {
    let expected: Vec<Value> = match serde_json::from_str(&sample.expected) {
        Ok(expected) => expected,
        Err(e) => return (0, vec![format!("the expected results are not a JSON array: {e}")]),
    };
    match huiliu_authoring::gate::outcomes::outcomes(manifest, stream, policy, keys, (&sample.address, body)) {
        Ok(got) => (got.len(), huiliu_authoring::gate::outcomes::differences(&got, &expected)),
        Err(e) => (0, vec![e.to_string()]),
    }
}

/// Prints what became of samples.
pub fn show(rows: &[Checked]) {
    for row in rows {
        let mark = if row.ok { "✓" } else { "✗" };
        let records = both!("{n} records", "{n} 条记录", n = row.records);
        let variant = row.variant.map_or_else(String::new, |name| format!(" · {}", phrase(name)));
        say(&format!("{mark} {}/{}  {}{variant}  {records}", row.connector, row.stream, row.sample));
        row.differences.iter().for_each(|d| say(&format!("    {}", phrase(d))));
    }
}

/// Reads a connector from its folder, or from the manifest in it.
///
/// # Errors
/// [`Stop`] naming the file and what is expected.
pub fn read(path: &Path) -> Result<Package, Stop> {
    read_with(path, Expected::Read)
}

/// Whether the expected results are read, or are still to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    Read,
    ToBeMade,
}

/// See [`read`].
pub fn read_with(path: &Path, results: Expected) -> Result<Package, Stop> {
    let file = if path.is_dir() { path.join("manifest.toml") } else { path.to_owned() };
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
    if size_of(&file)? > MAX_MANIFEST {
        return Err(Stop::usage(both!(
            "{file} is larger than {MAX_MANIFEST} bytes; give a manifest, or the folder that holds one",
            "{file} 超过 {MAX_MANIFEST} 字节；请给出连接器清单，或其所在目录",
            file = file.display()
        )));
    }
    let text = std::fs::read_to_string(&file).map_err(|e| unreadable(&file, &e))?;
    let manifest = Manifest::parse(&file.display().to_string(), &text).map_err(|e| Stop::usage(spoken(&e)))?;
    let samples = samples(&folder, &manifest, results)?;
    Ok(Package { manifest, text, samples })
}

/// The bytes of a file; what is none, as a pipe or a device, would never end.
pub fn size_of(path: &Path) -> Result<u64, Stop> {
    let told = std::fs::metadata(path).map_err(|e| unreadable(path, &e))?;
    if told.is_file() {
        return Ok(told.len());
    }
    let path = path.display();
    Err(Stop::usage(both!("{path} is no regular file; give one", "{path} 不是普通文件；请给出普通文件")))
}

fn unreadable(path: &Path, e: &std::io::Error) -> Stop {
    Stop::usage(both!("cannot read {path}: {e}", "无法读取 {path}：{e}", path = path.display(), e = spoken(e)))
}

/// Every file in `samples/` with its expected results. A file in a folder named after a stream belongs to that stream.
fn samples(folder: &Path, manifest: &Manifest, results: Expected) -> Result<Vec<Sample>, Stop> {
    let (given, expected) = (folder.join("samples"), folder.join("expected"));
    let mut all = Vec::new();
    let mut bytes = 0;
    for path in files(&given)? {
        if path.is_dir() {
            let Some(stream) = path.file_name().and_then(OsStr::to_str).and_then(|name| manifest.stream(name)) else {
                return Err(no_stream(&path, manifest));
            };
            let beside = expected.join(&stream.name);
            for file in files(&path)? {
                all.push(sample(&file, &stream.name, (&beside, results), &mut bytes)?);
            }
        } else {
            let stream = stream_of(&path, manifest).ok_or_else(|| no_stream(&path, manifest))?;
            all.push(sample(&path, &stream.name, (&expected, results), &mut bytes)?);
        }
    }
    Ok(all)
}

/// What stands in a folder, by name; a folder that is not there is empty.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Stop> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        Err(e) => return Err(unreadable(folder, &e)),
    };
    let paths = entries.map(|entry| entry.map(|e| e.path()).map_err(|e| unreadable(folder, &e)));
    let mut paths = paths.collect::<Result<Vec<_>, _>>()?;
    paths.retain(|p| p.file_name().is_some_and(|name| !name.as_encoded_bytes().starts_with(b".")));
    paths.sort();
    Ok(paths)
}

/// The only stream, or the one after which a file is named, or the only one whose `files` take its name.
fn stream_of<'m>(path: &Path, manifest: &'m Manifest) -> Option<&'m Stream> {
    let stem = path.file_stem().and_then(OsStr::to_str)?;
    match &manifest.stream[..] {
        [only] => Some(only),
        many => many.iter().find(|s| s.name == stem).or_else(|| {
            let name = path.file_name().and_then(OsStr::to_str)?;
            let takes = |s: &&Stream| s.files.iter().flatten().any(|pattern| named_like(pattern, name));
            let mut taking = many.iter().filter(takes);
            taking.next().filter(|_| taking.next().is_none())
        }),
    }
}

fn no_stream(path: &Path, manifest: &Manifest) -> Stop {
    let streams: Vec<&str> = manifest.stream.iter().map(|s| s.name.as_str()).collect();
    Stop::usage(both!(
        "{path}: to which stream does it belong? put it into a folder named after one of {streams}",
        "{path}：无法判断属于哪个数据流；请放入以数据流命名的目录：{streams}",
        path = path.display(),
        streams = streams.join(", ")
    ))
}

fn sample(
    path: &Path,
    stream: &str,
    (expected, results): (&Path, Expected),
    total: &mut usize,
) -> Result<Sample, Stop> {
    // Looked at before it is read: what does not fit is not taken into memory.
    let size = size_of(path)?;
    *total = total.saturating_add(usize::try_from(size).unwrap_or(usize::MAX));
    if *total > MAX_SAMPLES {
        return Err(Stop::usage(both!(
            "{path}: the samples of one connector may hold {MAX_SAMPLES} bytes together; give fewer or smaller ones",
            "{path}：一个连接器的样例合计不得超过 {MAX_SAMPLES} 字节；请减少或缩小",
            path = path.display()
        )));
    }
    let bytes = std::fs::read(path).map_err(|e| unreadable(path, &e))?;
    let stem = path.file_stem().and_then(OsStr::to_str).unwrap_or_default();
    let file = expected.join(format!("{stem}.json"));
    let text = match results {
        Expected::Read => {
            size_of(&file)?;
            std::fs::read_to_string(&file).map_err(|e| unreadable(&file, &e))?
        }
        Expected::ToBeMade => "[]".to_owned(),
    };
    let address = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Sample { stream: stream.to_owned(), address, bytes, expected: text })
}
