//! `connectors infer`: a sample of a platform nobody has described yet, and what its manifest would say.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use huiliu_authoring::infer::write::{self, Titles, Wording};
use huiliu_authoring::infer::{self, FieldGuess, Guess, MAX_SAMPLE};
use huiliu_decode::unpacker::Apart as _;
use huiliu_platform::http::guard::Networks;
use huiliu_platform::sample;

use crate::Stop;
use crate::apart::Processes;
use crate::words::{both, guesses, phrase, say, say_json, spoken, table, tr};

/// The longest wait for a sample.
const WAIT: Duration = Duration::from_secs(30);

/// What was asked.
pub struct Asked {
    /// A file or an http(s) URL.
    pub sample: String,
    /// Where the manifest is written.
    pub out: Option<PathBuf>,
    /// The connector's id.
    pub id: Option<String>,
    /// Whether the sample is kept beside the manifest.
    pub with_sample: bool,
}

pub async fn run(asked: &Asked, networks: &Networks, json: bool) -> Result<(), Stop> {
    let (name, bytes) = read(&asked.sample, networks).await?;
    let unpacked = match infer::task(&bytes) {
        Some(task) => Some(
            Processes
                .unpack(&task, &bytes)
                .await
                .map_err(|e| Stop::failed(both!("{name}: {why}", "{name}：{why}", why = phrase(&e.to_string()))))?,
        ),
        None => None,
    };
    // Only a file is named by its day.
    let dated = if asked.sample.contains("://") { "" } else { name.as_str() };
    let guess = infer::guess(dated, &bytes, unpacked.as_deref())
        .map_err(|e| Stop::failed(both!("{name}: {why}", "{name}：{why}", why = spoken(&e))))?;
    let text = manifest(asked, &name, &guess)?;
    let written = match &asked.out {
        Some(folder) => Some(keep(asked, folder, (&name, &bytes), &text)?),
        None => None,
    };
    if json {
        let mut answer = serde_json::to_value(&guess).unwrap_or_default();
        answer["manifest"] = serde_json::json!(text);
        answer["written"] = serde_json::json!(written);
        say_json(&answer);
        return Ok(());
    }
    show(&name, &guess);
    match written {
        Some(place) => say(&both!("written: {place}", "已写入：{place}", place = place.display())),
        None => say(&format!("\n{text}")),
    }
    Ok(())
}

/// The manifest's text.
fn manifest(asked: &Asked, name: &str, guess: &Guess) -> Result<String, Stop> {
    let id = match &asked.id {
        Some(id) => id.clone(),
        None => id_of(name),
    };
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    if id.is_empty() || id.len() > 60 || !id.chars().all(plain) {
        return Err(Stop::usage(both!(
            "{id:?} is no connector id; give 1 to 60 small letters, digits, - and _",
            "{id:?} 不能作连接器编号；请用 1 至 60 个小写字母、数字、- 和 _"
        )));
    }
    let url = asked.sample.contains("://").then(|| reqwest::Url::parse(&asked.sample).ok()).flatten();
    let request = url.map(|url| write::Asked {
        path: url.path().to_owned(),
        query: url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect(),
    });
    let preface = both!(
        "Guessed by `huiliu connectors infer` from {name}, {n} records. Beside each line is how sure it is, and why.\nLines that begin with `# ?` are questions: answer them before the connector is used.",
        "由 `huiliu connectors infer` 从 {name}（{n} 条记录）推断。每行后注明把握和依据。\n以 `# ?` 开头的行是问题，启用前请先回答。",
        n = guess.records
    );
    let over_http = tr(
        "the sample looks like an answer of an interface: to read it over HTTP, use kind = \"http\", and in the stream a request and:",
        "样例像是接口的应答；若经 HTTP 读取，请改用 kind = \"http\"，并在数据流中写明 request 和：",
    );
    let words = Wording {
        preface,
        evidence: &guesses::evidence,
        question: &guesses::question,
        over_http: over_http.to_owned(),
    };
    Ok(write::manifest(guess, &Titles { id: &id, sample: name, request: request.as_ref() }, &words))
}

/// A connector's id made from a sample's name.
fn id_of(name: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let letters: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).take(60).collect();
    let id = letters.trim_matches('_');
    if id.is_empty() { "platform".to_owned() } else { id.to_owned() }
}

/// Writes the manifest, and the sample where that was asked for. Nothing that is there is overwritten.
fn keep(asked: &Asked, folder: &Path, (name, bytes): (&str, &[u8]), text: &str) -> Result<PathBuf, Stop> {
    let place = folder.join("manifest.toml");
    let failed = |at: &Path, e: &std::io::Error| {
        let (at, why) = (at.display(), phrase(&e.to_string()).into_owned());
        Stop::failed(both!(
            "cannot write {at}: {why}; give another folder with --out",
            "无法写入 {at}：{why}；请用 --out 指定另一目录"
        ))
    };
    let create = |at: &Path, content: &[u8]| {
        let new = std::fs::OpenOptions::new().write(true).create_new(true).open(at);
        new.and_then(|mut file| file.write_all(content)).map_err(|e| failed(at, &e))
    };
    std::fs::create_dir_all(folder).map_err(|e| failed(folder, &e))?;
    create(&place, text.as_bytes())?;
    if asked.with_sample {
        let samples = folder.join("samples");
        std::fs::create_dir_all(&samples).map_err(|e| failed(&samples, &e))?;
        create(&samples.join(name), bytes)?;
    }
    Ok(place)
}

/// The sample's name and bytes.
async fn read(place: &str, networks: &Networks) -> Result<(String, Vec<u8>), Stop> {
    if place.starts_with("http://") || place.starts_with("https://") {
        let fetched = sample(place, WAIT, networks).await.map_err(|e| Stop::failed(spoken(&e)))?;
        let path = place.split(['?', '#']).next().unwrap_or(place);
        return Ok((path.rsplit('/').next().unwrap_or(path).to_owned(), fetched));
    }
    let unreadable = |why: &dyn std::fmt::Display| {
        let why = phrase(&why.to_string()).into_owned();
        Stop::usage(both!(
            "cannot read {place}: {why}; give a file, or a URL that begins with http:// or https://",
            "无法读取 {place}：{why}；请给出文件，或以 http:// 或 https:// 开头的网址"
        ))
    };
    let told = std::fs::metadata(place).map_err(|e| unreadable(&e))?;
    let size = usize::try_from(told.len()).unwrap_or(usize::MAX);
    if size > MAX_SAMPLE {
        let why = spoken(&infer::InferFault::TooLarge { found: size, most: MAX_SAMPLE });
        return Err(Stop::failed(both!("{place}: {why}", "{place}：{why}")));
    }
    let bytes = std::fs::read(place).map_err(|e| unreadable(&e))?;
    let name = Path::new(place).file_name().map_or_else(|| place.to_owned(), |n| n.to_string_lossy().into_owned());
    Ok((name, bytes))
}

fn show(name: &str, guess: &Guess) {
    say(&both!(
        "{name}: {place}; {n} records looked at",
        "{name}：{place}；看了 {n} 条记录",
        place = guesses::place(&guess.layout),
        n = guess.records
    ));
    let row = |field: &FieldGuess| {
        let why: Vec<String> = field.evidence.iter().map(guesses::evidence).collect();
        let (sure, why) = (format!("{} %", field.confidence), why.join(tr(", ", "，")));
        vec![field.field.to_owned(), field.path.clone(), sure, why, field.examples.join(" | ")]
    };
    table(
        &[
            tr("field", "字段"),
            tr("column", "列"),
            tr("confidence", "把握"),
            tr("evidence", "依据"),
            tr("examples", "示例"),
        ],
        &guess.fields.iter().map(row).collect::<Vec<_>>(),
    );
    if let Some(unit) = &guess.unit {
        let (word, sure) = (guesses::unit(unit.unit), unit.confidence);
        say(&both!("hours are {word} ({sure} %)", "学时的单位：{word}（{sure} %）"));
    }
    let (version, pass) = (guesses::version(&guess.version), guesses::pass(&guess.pass));
    say(&both!("version: {version}", "版本：{version}"));
    say(&both!("passed by: {pass}", "合格依据：{pass}"));
    let key = guess.record_key.paths.join(", ");
    say(&both!("the same record: {key}", "同一记录：{key}"));
    for question in &guess.questions {
        say(&format!("? {}", guesses::question(question)));
    }
}
