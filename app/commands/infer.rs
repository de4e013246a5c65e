//! `connectors infer`: a sample of a platform nobody has described yet, and what its manifest would say.

use std::path::PathBuf;

use huiliu_authoring::infer::write::Wording;
use huiliu_authoring::infer::{FieldGuess, Guess};
use huiliu_engine::operations::infer::{self, InferRequest, InferredManifest};

use crate::render::show;
use crate::settings::Settings;
use crate::table::table;
use crate::words::{both, guesses, say, tr};
use crate::{CliError, open};

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

pub async fn run(settings: &Settings, asked: &Asked, json: bool) -> Result<(), CliError> {
    let request = InferRequest {
        sample: &asked.sample,
        id: asked.id.as_deref(),
        out: asked.out.as_deref(),
        with_sample: asked.with_sample,
    };
    let inferred = infer::infer(&settings.engine, &open::program(), request, &wording).await?;
    show(json, &inferred, show_inferred);
    Ok(())
}

/// The words of the manifest's comments.
fn wording(name: &str, guess: &Guess) -> Wording<'static> {
    let preface = both!(
        "Guessed by `huiliu connectors infer` from {name}, {n} records. Beside each line is how sure it is, and why.\nLines that begin with `# ?` are questions: answer them before the connector is used.",
        "由 `huiliu connectors infer` 从 {name}（{n} 条记录）推断。每行后注明把握和依据。\n以 `# ?` 开头的行是问题，启用前请先回答。",
        n = guess.records
    );
    let over_http = tr(
        "the sample looks like an answer of an interface: to read it over HTTP, use kind = \"http\", and in the stream a request and:",
        "样例像是接口的应答；若经 HTTP 读取，请改用 kind = \"http\"，并在数据流中写明 request 和：",
    );
    Wording { preface, evidence: &guesses::evidence, question: &guesses::question, over_http: over_http.to_owned() }
}

fn show_inferred(inferred: &InferredManifest) {
    let InferredManifest { guess, sample, manifest, written } = inferred;
    show_guess(sample, guess);
    match written {
        Some(place) => say(&both!("written: {place}", "已写入：{place}", place = place.display())),
        None => say(&format!("\n{manifest}")),
    }
}

fn show_guess(name: &str, guess: &Guess) {
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
