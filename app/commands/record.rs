//! `connectors record`: a page of a real platform becomes a sample without anybody real in it.

use std::path::{Path, PathBuf};

use huiliu_authoring::anonymize::{self, Counts, Disguise};
use huiliu_decode::unpacker::Unpacker;
use huiliu_decode::{Context, NO_EACH};
use huiliu_manifest::{Archive, Format, Manifest, Stream};
use huiliu_rules::policy::Policy;
use serde_json::json;

use super::authoring::{self, chosen, unreadable_sample};
use crate::Stop;
use crate::apart::Processes;
use crate::gate::{self, Expected};
use crate::settings::Settings;
use crate::words::{both, note, say, say_json, spoken};

/// What was asked.
pub struct Asked {
    /// A source of the settings, whose first page is taken.
    pub source: Option<String>,
    /// A file instead.
    pub sample: Option<PathBuf>,
    pub stream: Option<String>,
    /// The connector's folder.
    pub into: PathBuf,
}

/// What the sample is of.
struct Of<'a> {
    manifest: &'a Manifest,
    stream: &'a Stream,
    policy: &'a Policy,
}

pub async fn run(settings: Settings, asked: &Asked, json: bool) -> Result<(), Stop> {
    let package = gate::read_with(&asked.into, Expected::ToBeMade)?;
    let policy = gate::policy(&settings)?;
    let manifest = &package.manifest;
    let stream = chosen(manifest, asked.stream.as_deref())?;
    let (address, bytes) = match (&asked.source, &asked.sample) {
        (Some(source), _) => authoring::live(settings, manifest, stream, source).await?,
        (None, file) => authoring::sample(&package, stream, file.as_deref())?,
    };
    let of = Of { manifest, stream, policy: &policy };
    let (place, counts) = keep(&of, &asked.into, (&address, &bytes)).await?;
    if json {
        say_json(&json!({ "stream": stream.name, "written": place, "names": counts.names,
            "id_numbers": counts.id_numbers, "others": counts.others }));
        return Ok(());
    }
    let Counts { names, id_numbers, others } = counts;
    say(&both!(
        "wrote {place}: {names} names, {id_numbers} ID numbers and {others} other numbers and addresses are of nobody now",
        "已写入 {place}：{names} 个姓名、{id_numbers} 个身份证号、{others} 处其他号码和邮箱已换成虚构的",
        place = place.display()
    ));
    note(&both!(
        "what the manifest does not map was only searched for these people and for numbers: look through it before you pass it on; then `huiliu connectors test {folder} --accept`",
        "清单未映射的内容只查找了上述人员和号码：外传前请通读一遍；然后运行 `huiliu connectors test {folder} --accept`",
        folder = asked.into.display()
    ));
    Ok(())
}

/// Writes the sample under a hidden name, reads it again, and only then gives it its own.
async fn keep(of: &Of<'_>, into: &Path, (address, bytes): (&str, &[u8])) -> Result<(PathBuf, Counts), Stop> {
    let unpacker = Unpacker::new(Box::new(Processes));
    let keys = gate::no_keys()?;
    let unreadable = |why: String| unreadable_sample(address, &why);
    let before = unpacker.body(of.stream, bytes).await.map_err(|e| unreadable(e.to_string()))?;
    let cx = Context {
        manifest: of.manifest,
        stream: of.stream,
        policy: of.policy,
        keys: &keys,
        source_id: 1,
        address,
        each: &NO_EACH,
        landing: 1,
    };
    let seed = anonymize::seed().map_err(|e| Stop::failed(spoken(&e)))?;
    let refused = |fault: &anonymize::DisguiseFault| {
        Stop::failed(both!("{address}: {why}", "{address}：{why}", why = spoken(fault)))
    };
    let disguise = Disguise::new(cx, &before, &seed).map_err(|e| refused(&e))?;
    let made = disguise.page(of.stream, bytes).map_err(|e| refused(&e))?;
    let name = file_name(of.stream, address, bytes);
    let place = place(of, into, &disguise.file_name(&name));
    if place.exists() {
        return Err(Stop::usage(both!(
            "{place} is there already; move it away first",
            "{place} 已存在；请先移走",
            place = place.display()
        )));
    }
    let draft = place.with_file_name(format!(".{}.part", place.file_name().unwrap_or_default().to_string_lossy()));
    authoring::write(&draft, &made)?;
    let seen = std::fs::read(&draft).map_err(|e| Stop::failed(spoken(&e)))?;
    let verified = match unpacker.body(of.stream, &seen).await {
        Ok(after) => disguise.verify(cx, &before, (&after, &seen)).map_err(|e| refused(&e)),
        Err(e) => Err(unreadable(e.to_string())),
    };
    let kept = verified.and_then(|()| std::fs::rename(&draft, &place).map_err(|e| Stop::failed(spoken(&e))));
    if let Err(stop) = kept {
        // What may hold somebody is not left lying about.
        let _ = std::fs::remove_file(&draft);
        return Err(stop);
    }
    Ok((place, disguise.counts()))
}

/// In `samples/`, or in the stream's folder there if the manifest has several streams.
fn place(of: &Of<'_>, into: &Path, name: &str) -> PathBuf {
    let folder = if into.is_dir() { into } else { into.parent().unwrap_or(Path::new(".")) };
    let samples = folder.join("samples");
    if of.manifest.stream.len() > 1 { samples.join(&of.stream.name).join(name) } else { samples.join(name) }
}

/// A file keeps its name, for it can tell the version; a page is named after its stream.
fn file_name(stream: &Stream, address: &str, bytes: &[u8]) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    if address.contains('.') && !address.starts_with('.') && address.chars().all(plain) {
        return address.to_owned();
    }
    let ending = match &stream.format {
        _ if bytes.starts_with(b"PK\x03\x04") && matches!(stream.archive, Some(Archive::Zip { .. })) => "zip",
        Format::Json { .. } => "json",
        Format::JsonLines { .. } => "jsonl",
        Format::Xml { .. } => "xml",
        Format::Csv { .. } => "csv",
        Format::Workbook { .. } => "xlsx",
    };
    let packed = if bytes.starts_with(b"\x1f\x8b") { ".gz" } else { "" };
    format!("{}.{ending}{packed}", stream.name)
}
