//! Samples with bytes changed, cut, doubled and spliced, in everything that reads them: each is answered soon, without
//! a panic. The same under manifests that were changed themselves.

mod changes;
mod parsers;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use huiliu_authoring::infer;
use huiliu_decode::unpack::Task;
use huiliu_decode::{Body, Context, NO_EACH, decode};
use huiliu_manifest::{Manifest, Stream};
use huiliu_rules::policy::Policy;
use huiliu_vault::keys::Keys;
use proptest::prelude::*;

use crate::connectors::load_policy;
use changes::{apply_change, change_strategy, new_runner};

/// More time than any of these samples needs, unless its process reaches its limits.
const SOON: Duration = Duration::from_secs(30);

/// A sample and the manifest that reads it, or `None` if it is only for guessing.
struct Sample {
    manifest: Option<(String, usize)>,
    name: String,
    bytes: Vec<u8>,
}

impl AsRef<[u8]> for Sample {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

fn read_files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let mut files: Vec<_> = entries
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

/// Loads the samples of the connectors, of the templates, and of the tests of `infer`.
fn load_samples() -> Vec<Sample> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = vec![];
    for connector in huiliu_connectors::CONNECTORS {
        let manifest = Manifest::parse(connector.id, connector.manifest).unwrap();
        for sample in connector.samples {
            let stream = manifest.stream.iter().position(|stream| stream.name == sample.stream).unwrap();
            let manifest = Some((connector.manifest.to_owned(), stream));
            all.push(Sample { manifest, name: sample.address.to_owned(), bytes: sample.bytes.to_vec() });
        }
    }
    for kind in ["csv", "http-json", "http-xml", "push", "xlsx"] {
        let folder = root.join("app/templates").join(kind);
        let manifest = std::fs::read_to_string(folder.join("manifest.toml")).unwrap();
        for (name, bytes) in read_files(&folder.join("samples")) {
            all.push(Sample { manifest: Some((manifest.clone(), 0)), name, bytes });
        }
    }
    for corpus in ["seen", "unseen", "later"] {
        let of_corpus = read_files(&root.join("tests/infer").join(corpus)).into_iter();
        // The largest would take as long as all others together.
        let small = of_corpus.filter(|(name, bytes)| bytes.len() < 20_000 && !name.ends_with(".py"));
        all.extend(small.map(|(name, bytes)| Sample { manifest: None, name, bytes }));
    }
    assert!(all.len() > 40, "only {} samples", all.len());
    all
}

/// Unpacks in a child process, as the program does, because workbook readers take gigabytes for some of these. The
/// child may reach its limits, or panic in a foreign crate, but never in Huiliu's code.
fn unpack_in_child(task: &Task, bytes: &[u8]) -> Option<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_huiliu"));
    let command = command.arg("unpack").env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut to = child.stdin.take().unwrap();
    to.write_all(format!("{}\n", serde_json::to_string(task).unwrap()).as_bytes()).unwrap();
    to.write_all(bytes).unwrap();
    drop(to);
    let out = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(!told.contains("panicked at core/") && !told.contains("panicked at app/"), "{told}");
    out.status.success().then(|| String::from_utf8(out.stdout).unwrap())
}

/// Reads a payload from its bytes to its records. Whether and how it is refused does not matter here.
fn read_payload(manifest: &Manifest, stream: &Stream, rules: (&Policy, &Keys), (address, bytes): (&str, &[u8])) {
    let body = match Task::for_payload(stream, bytes) {
        Some(task) => match unpack_in_child(&task, bytes) {
            Some(parts) => Body::Parts(parts.into()),
            None => return,
        },
        None => match decode::decode_text(&stream.format, bytes) {
            Ok(text) => Body::Text(text),
            Err(_) => return,
        },
    };
    let (policy, keys) = rules;
    let cx = Context { manifest, stream, policy, keys, source_id: 1, address, each: &NO_EACH, landing: 1, batch: 0 };
    let counted = decode::outline_payload(stream, &body, None);
    let staged = huiliu_decode::run_stages(cx, &body, huiliu_decode::RecordRange::ALL);
    // Landing counts as many records as delivery finds.
    if let (Ok(counted), Ok(staged)) = (&counted, &staged) {
        assert_eq!(counted.records as usize, staged.len(), "{address}");
    }
}

fn guess_manifest(name: &str, bytes: &[u8]) {
    let unpacked = match infer::unpack_task(bytes).map(|task| unpack_in_child(&task, bytes)) {
        Some(None) => return,
        Some(Some(parts)) => Some(parts),
        None => None,
    };
    let _ = infer::guess_manifest(name, bytes, unpacked.as_deref());
}

#[test]
fn mutated_samples_are_answered() {
    let all = load_samples();
    let (policy, keys) = (load_policy(), Keys::from_hex(&"00".repeat(32)).unwrap());
    let manifests: Vec<Option<Manifest>> =
        all.iter().map(|s| s.manifest.as_ref().map(|(text, _)| Manifest::parse("m.toml", text).unwrap())).collect();
    let mutation = (0..all.len(), prop::collection::vec(change_strategy(), 1..5));
    new_runner(6_000, 21)
        .run(&mutation, |(nth, changes)| {
            let sample = &all[nth];
            let mut bytes = sample.bytes.clone();
            changes.iter().for_each(|change| apply_change(&mut bytes, change, &all));
            let began = Instant::now();
            match (&manifests[nth], &sample.manifest) {
                (Some(manifest), Some((_, stream))) => {
                    read_payload(manifest, &manifest.stream[*stream], (&policy, &keys), (&sample.name, &bytes));
                }
                _ => guess_manifest(&sample.name, &bytes),
            }
            prop_assert!(began.elapsed() < SOON, "{} took {:?}", sample.name, began.elapsed());
            Ok(())
        })
        .unwrap();
}

/// Texts and names of a manifest are swapped: if the result is still a manifest, it reads the sample.
#[test]
fn samples_are_answered_under_mutated_manifests() {
    let all: Vec<Sample> = load_samples().into_iter().filter(|sample| sample.manifest.is_some()).collect();
    let (policy, keys) = (load_policy(), Keys::from_hex(&"00".repeat(32)).unwrap());
    let whole = std::cell::Cell::new(0);
    let mutation = (0..all.len(), any::<prop::sample::Index>(), any::<prop::sample::Index>());
    new_runner(4_000, 22)
        .run(&mutation, |(nth, from, to)| {
            let sample = &all[nth];
            let Some((text, stream)) = &sample.manifest else { return Ok(()) };
            let quoted: Vec<&str> = text.split('"').collect();
            let mut pieces = quoted.clone();
            let inside = |index: &prop::sample::Index| index.index(quoted.len() / 2) * 2 + 1;
            pieces[inside(&to)] = quoted[inside(&from)];
            if let Ok(manifest) = Manifest::parse("m.toml", &pieces.join("\""))
                && let Some(stream) = manifest.stream.get(*stream)
            {
                whole.set(whole.get() + 1);
                let began = Instant::now();
                read_payload(&manifest, stream, (&policy, &keys), (&sample.name, &sample.bytes));
                prop_assert!(began.elapsed() < SOON, "{} took {:?}", sample.name, began.elapsed());
            }
            Ok(())
        })
        .unwrap();
    assert!(whole.get() > 1_000, "only {} manifests were whole", whole.get());
}
