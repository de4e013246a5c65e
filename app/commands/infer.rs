//! `connectors infer`: guesses a manifest from a sample of a platform that has none yet.

use std::path::PathBuf;

use huiliu_authoring::infer::write::Wording;
use huiliu_authoring::infer::{FieldGuess, Guess};
use huiliu_engine::operations::infer::{self, InferRequest, InferredManifest};

use crate::render::show;
use crate::settings::Settings;
use crate::table::print_table;
use crate::words::{guesses, label, say, sentence};
use crate::{CliError, open};

/// Arguments of `connectors infer`.
pub struct InferArgs {
    /// A file or an http(s) URL.
    pub sample: String,
    /// Folder that the manifest is written to. Without it, the manifest is printed.
    pub out: Option<PathBuf>,
    /// The connector's id. Without it, the id is made from the sample's name.
    pub id: Option<String>,
    /// True if the sample is kept beside the manifest.
    pub with_sample: bool,
}

pub async fn run(settings: &Settings, asked: &InferArgs, json: bool) -> Result<(), CliError> {
    let request = InferRequest {
        sample: &asked.sample,
        id: asked.id.as_deref(),
        out: asked.out.as_deref(),
        with_sample: asked.with_sample,
    };
    let inferred = infer::infer(&settings.engine, &open::build_program(), request, &build_wording).await?;
    show(json, &inferred, show_inferred);
    Ok(())
}

/// Builds the texts of the manifest's comments in the language of the locale.
fn build_wording(name: &str, guess: &Guess) -> Wording<'static> {
    let preface = sentence!("cli-infer-guessed-huiliu-connectors-infer-from", name, n = guess.records);
    let over_http = label("cli-infer-sample-looks-like-answer-interface");
    Wording {
        preface,
        evidence: &guesses::evidence_text,
        question: &guesses::question_text,
        over_http: over_http.to_owned(),
    }
}

fn show_inferred(inferred: &InferredManifest) {
    let InferredManifest { guess, sample, manifest, written } = inferred;
    show_guess(sample, guess);
    match written {
        Some(place) => say(&sentence!("cli-infer-written", where = place.display())),
        None => say(&format!("\n{manifest}")),
    }
}

fn show_guess(name: &str, guess: &Guess) {
    say(&sentence!("cli-infer-records-looked", name, where = guesses::layout_text(&guess.layout), n = guess.records));
    let row = |field: &FieldGuess| {
        let why: Vec<String> = field.evidence.iter().map(guesses::evidence_text).collect();
        let (sure, why) = (format!("{} %", field.confidence), why.join(label("cli-infer-text")));
        vec![field.field.to_owned(), field.path.clone(), sure, why, field.examples.join(" | ")]
    };
    print_table(
        &[
            label("cli-infer-field"),
            label("cli-infer-column"),
            label("cli-infer-confidence"),
            label("cli-infer-evidence"),
            label("cli-infer-examples"),
        ],
        &guess.fields.iter().map(row).collect::<Vec<_>>(),
    );
    if let Some(unit) = &guess.unit {
        let (word, sure) = (guesses::unit_label(unit.unit), unit.confidence);
        say(&sentence!("cli-infer-hours", word, sure));
    }
    let (version, pass) = (guesses::version_text(&guess.version), guesses::pass_text(&guess.pass));
    say(&sentence!("cli-infer-version", version));
    say(&sentence!("cli-infer-passed", pass));
    let key = guess.record_key.paths.join(", ");
    say(&sentence!("cli-infer-same-record", key));
    for question in &guess.questions {
        say(&format!("? {}", guesses::question_text(question)));
    }
}
