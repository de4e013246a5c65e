//! `connectors test`, `preview`, `new`: from a description of a platform to a connector that can be registered.

use std::path::{Path, PathBuf};

use huiliu_decode::preview::{self, Preview};
use huiliu_decode::{Context, NO_EACH};
use huiliu_manifest::{Manifest, Stream};
use huiliu_platform::Page;

use huiliu_decode::unpacker::Unpacker;
use serde_json::{Value, json};

use crate::apart::Processes;
use crate::cli::Template;
use crate::gate::{self, Expected, Package};
use crate::settings::Settings;
use crate::words::{both, expected, note, phrase, say, say_json, spoken, table, tr};
use crate::{Stop, wire};

/// The manifest alone: is it whole, and do the rules convert its hours?
pub fn check(settings: &Settings, path: &Path, json: bool) -> Result<(), Stop> {
    let package = gate::read_with(path, Expected::ToBeMade)?;
    wire::convertible(&package.manifest, &gate::policy(settings)?, &settings.pack_names())?;
    let Manifest { id, stream, .. } = &package.manifest;
    open_questions(&package);
    if json {
        say_json(
            &json!({ "connector": id, "streams": stream.iter().map(|s| &s.name).collect::<Vec<_>>(), "ok": true }),
        );
    } else {
        say(&both!("✓ {id}: the manifest is whole", "✓ {id}：清单无误"));
    }
    Ok(())
}

/// Samples against their expected results, then every variant of them.
pub async fn test(settings: &Settings, path: &Path, accept: bool, json: bool) -> Result<(), Stop> {
    if accept {
        accept_results(settings, path).await?;
    }
    let package = gate::read(path)?;
    open_questions(&package);
    let rows = gate::gate(settings, &package.manifest, &package.samples).await?;
    if json {
        say_json(&rows);
    } else {
        gate::show(&rows);
    }
    if rows.iter().all(|row| row.ok) {
        return Ok(());
    }
    Err(Stop::failed(tr(
        "a sample or a variant of one does not give what it must, see above; if the results are right, write them with --accept",
        "有样例或其变体的结果不符，见上；如结果无误，可用 --accept 写入",
    )))
}

/// What a guess has left to a person stands in its manifest as `# ?`: as long as it does, whoever uses it is told.
pub fn open_questions(package: &Package) {
    let asks = |line: &str| line.starts_with("# ?") || line.contains("  # ?");
    let open = package.text.lines().zip(1..).filter(|(line, _)| asks(line));
    let lines: Vec<String> = open.map(|(_, number): (_, usize)| number.to_string()).collect();
    if !lines.is_empty() {
        note(&both!(
            "manifest.toml: questions are open in the lines {lines}; answer them, then take out their `# ?`",
            "manifest.toml：第 {lines} 行仍有未答的问题；回答后请删去其 `# ?`",
            lines = lines.join(", ")
        ));
    }
}

/// Writes what comes of each sample into `expected/`: for a person to read before it is relied on.
async fn accept_results(settings: &Settings, path: &Path) -> Result<(), Stop> {
    let package = gate::read_with(path, Expected::ToBeMade)?;
    let (policy, keys) = (gate::policy(settings)?, gate::no_keys()?);
    let unpacker = Unpacker::new(Box::new(Processes));
    for sample in &package.samples {
        let Some(stream) = package.manifest.stream(&sample.stream) else { continue };
        let read = async {
            let body = unpacker.body(stream, &sample.bytes).await?;
            huiliu_authoring::gate::outcomes::outcomes(
                &package.manifest,
                stream,
                &policy,
                &keys,
                (&sample.address, &body),
            )
        };
        let outcomes = read.await.map_err(|e| unreadable_sample(&sample.address, &e.to_string()))?;
        let file = results_file(path, &package, (&sample.stream, &sample.address));
        stays_within(path, &file)?;
        write(&file, lines(&outcomes).as_bytes())?;
        let parked = outcomes.iter().filter(|outcome| outcome.get("parked").is_some()).count();
        note(&both!(
            "wrote {file}: {parked} of {all} records are dead letters; read it before you rely on it",
            "已写入 {file}：{all} 条记录中有 {parked} 条转入待处理；使用前请核对",
            file = file.display(),
            all = outcomes.len()
        ));
    }
    Ok(())
}

/// Refuses to write through a symbolic link, which could lead out of the connector's folder.
fn stays_within(path: &Path, file: &Path) -> Result<(), Stop> {
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new(".")) };
    let below = file.ancestors().take_while(|place| *place != folder);
    let is_link = |place: &&Path| std::fs::symlink_metadata(place).is_ok_and(|told| told.is_symlink());
    let Some(link) = below.into_iter().find(is_link) else { return Ok(()) };
    let link = link.display();
    Err(Stop::usage(both!(
        "{link} is a symbolic link, and nothing is written through one; put a folder or file in its place",
        "{link} 是符号链接，不会通过它写入；请换成普通目录或文件"
    )))
}

/// A line for each outcome, so that differences show in a review.
fn lines(outcomes: &[Value]) -> String {
    let rows: Vec<String> = outcomes.iter().map(|outcome| format!("  {outcome}")).collect();
    if rows.is_empty() { "[]\n".to_owned() } else { format!("[\n{}\n]\n", rows.join(",\n")) }
}

/// Where the expected results of a sample stand.
fn results_file(path: &Path, package: &Package, (stream, address): (&str, &str)) -> PathBuf {
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new(".")) };
    let stem = Path::new(address).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let own = folder.join("samples").join(stream).join(address).exists();
    let beside = if own && package.manifest.stream.len() > 1 {
        folder.join("expected").join(stream)
    } else {
        folder.join("expected")
    };
    beside.join(format!("{stem}.json"))
}

pub(super) fn unreadable_sample(address: &str, why: &str) -> Stop {
    Stop::failed(both!("{address} cannot be read: {why}", "{address} 无法读取：{why}", why = phrase(why)))
}

pub fn write(file: &Path, bytes: &[u8]) -> Result<(), Stop> {
    let written =
        std::fs::create_dir_all(file.parent().unwrap_or(Path::new("."))).and_then(|()| std::fs::write(file, bytes));
    written.map_err(|e| {
        Stop::usage(both!("cannot write {file}: {e}", "无法写入 {file}：{e}", file = file.display(), e = spoken(&e)))
    })
}

/// What `preview` looks at.
#[derive(Debug)]
pub struct Look {
    pub path: PathBuf,
    pub stream: Option<String>,
    pub sample: Option<PathBuf>,
    pub source: Option<String>,
    pub limit: u32,
}

/// Raw record, mapped record and problems, side by side: of a sample, or of the platform's first page.
pub async fn preview(settings: Settings, look: Look, json: bool) -> Result<(), Stop> {
    let package = gate::read_with(&look.path, Expected::ToBeMade)?;
    let policy = gate::policy(&settings)?;
    wire::convertible(&package.manifest, &policy, &settings.pack_names())?;
    let stream = chosen(&package.manifest, look.stream.as_deref())?;
    let page = match &look.source {
        Some(source) => live(settings, &package.manifest, stream, source).await?,
        None => sample(&package, stream, look.sample.as_deref())?,
    };
    let keys = gate::no_keys()?;
    let unpacker = Unpacker::new(Box::new(Processes));
    let (address, bytes) = &page;
    let cx = Context {
        manifest: &package.manifest,
        stream,
        policy: &policy,
        keys: &keys,
        source_id: 1,
        address,
        each: &NO_EACH,
        landing: 1,
    };
    let body = unpacker.body(stream, bytes).await.map_err(|e| unreadable_sample(address, &e.to_string()))?;
    let records = preview::preview(cx, &body, look.limit).map_err(|e| unreadable_sample(address, &e.to_string()))?;
    if json {
        say_json(&json!({ "stream": stream.name, "address": address, "bytes": bytes.len(), "records": records }));
    } else {
        say(&both!("{address}: {n} bytes", "{address}：{n} 字节", n = bytes.len()));
        records.iter().for_each(show);
    }
    Ok(())
}

pub(super) fn chosen<'m>(manifest: &'m Manifest, name: Option<&str>) -> Result<&'m Stream, Stop> {
    let found = match name {
        None => manifest.stream.first(),
        Some(name) => manifest.stream(name),
    };
    found.ok_or_else(|| {
        let streams: Vec<&str> = manifest.stream.iter().map(|s| s.name.as_str()).collect();
        Stop::usage(both!(
            "there is no stream {:?}; there are {}",
            "没有数据流 {:?}；现有 {}",
            name.unwrap_or_default(),
            streams.join(", ")
        ))
    })
}

pub(super) fn sample(package: &Package, stream: &Stream, given: Option<&Path>) -> Result<(String, Vec<u8>), Stop> {
    if let Some(file) = given {
        gate::size_of(file)?;
        let bytes = std::fs::read(file).map_err(|e| {
            Stop::usage(both!("cannot read {file}: {e}", "无法读取 {file}：{e}", file = file.display(), e = spoken(&e)))
        })?;
        return Ok((file.file_name().unwrap_or_default().to_string_lossy().into_owned(), bytes));
    }
    let found = package.samples.iter().find(|sample| sample.stream == stream.name);
    found.map(|sample| (sample.address.clone(), sample.bytes.clone())).ok_or_else(|| {
        Stop::usage(both!(
            "stream {stream} has no sample; give one with --sample FILE, or a source with --source NAME",
            "数据流 {stream} 没有样例；请用 --sample 文件 或 --source 来源 指定",
            stream = stream.name
        ))
    })
}

/// The first page of a source, read by this manifest. Nothing is landed.
pub(super) async fn live(
    settings: Settings,
    manifest: &Manifest,
    stream: &Stream,
    name: &str,
) -> Result<(String, Vec<u8>), Stop> {
    let house = wire::open(settings, wire::Make::Files).await?;
    let known = house.known();
    let Some(source) = known.sources.iter().find(|s| s.name == name).cloned() else {
        return Err(Stop::usage(both!(
            "there is no source {name:?}; see `huiliu sources list`",
            "没有来源 {name:?}；请看 `huiliu sources list`"
        )));
    };
    let connector = house.connector(&house.recipe_for_any(&source)?, manifest.clone())?;
    let mut page = connector.pull(stream, None).await.map_err(|e| Stop::failed(spoken(&e)))?;
    // An export is waited for.
    while let Some(Page { waiting: true, last: false, cursor, .. }) = &page {
        page = connector.pull(stream, Some(cursor)).await.map_err(|e| Stop::failed(spoken(&e)))?;
    }
    house.close().await;
    let Page { address, payload, .. } =
        page.ok_or_else(|| Stop::failed(both!("source {name} has nothing to read", "来源 {name} 没有可读取的内容")))?;
    let bytes = payload.whole().map_err(|e| Stop::failed(spoken(&e)))?.into_owned();
    Ok((address, bytes))
}

fn show(record: &Preview) {
    let outcome = match record.outcome {
        "clean" => tr("clean", "可用"),
        "parked" => tr("parked", "待处理"),
        _ => tr("skipped", "略过"),
    };
    let hours =
        record.class_hours.as_ref().map_or_else(String::new, |h| format!(" · {h} {}", tr("class hours", "学时")));
    let because = record.because.as_ref().map_or_else(String::new, |why| format!(" · {why}"));
    say(&format!("\n── {} · {outcome}{hours}{because}\n{}\n", record.address, record.raw));
    let rows: Vec<Vec<String>> = record
        .fields
        .iter()
        .map(|m| vec![m.field.to_owned(), m.path.clone(), m.text.clone().unwrap_or_else(|| "–".to_owned())])
        .collect();
    table(&[tr("field", "字段"), tr("from", "取自"), tr("text", "内容")], &rows);
    for p in &record.problems {
        say(&format!(
            "  ✗ {} {}={:?} ({}{})",
            p.code,
            p.source_field,
            p.seen,
            tr("expected: ", "应为："),
            expected(&p.code, &p.expected)
        ));
    }
}

/// Writes a connector that passes its own test, to be made one's own.
pub fn new(name: &str, from: Template, out: Option<PathBuf>, json: bool) -> Result<(), Stop> {
    let folder = out.unwrap_or_else(|| PathBuf::from(name));
    if folder.exists() {
        return Err(Stop::usage(both!(
            "{folder} is there already; give another place with --out",
            "{folder} 已存在；请用 --out 指定其他位置",
            folder = folder.display()
        )));
    }
    let own = |(file, bytes): &(&str, &[u8])| match std::str::from_utf8(bytes) {
        Ok(text) if *file == "manifest.toml" => {
            let text = text.replace("id = \"template\"", &format!("id = \"{name}\""));
            Manifest::parse(file, &text).map_err(|e| Stop::usage(spoken(&e)))?;
            Ok(text.into_bytes())
        }
        _ => Ok(bytes.to_vec()),
    };
    let files: Vec<Vec<u8>> = from.files().iter().map(own).collect::<Result<_, Stop>>()?;
    for ((file, _), bytes) in from.files().iter().zip(files) {
        write(&folder.join(file), &bytes)?;
    }
    let shown = folder.display().to_string();
    if json {
        say_json(&json!({ "connector": name, "folder": shown }));
    } else {
        say(&both!(
            "wrote {shown}; next: `huiliu connectors preview {shown}`, change manifest.toml and samples/, `huiliu connectors test {shown} --accept`, `huiliu connectors register {shown}`",
            "已写入 {shown}；接下来：`huiliu connectors preview {shown}`，修改 manifest.toml 与 samples/，`huiliu connectors test {shown} --accept`，`huiliu connectors register {shown}`"
        ));
    }
    Ok(())
}
