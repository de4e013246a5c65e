//! `connectors infer`: guesses a manifest from a sample of a platform that has none yet.

use std::io::{IsTerminal as _, Read as _};
use std::path::PathBuf;

use huiliu_authoring::infer::write::Wording;
use huiliu_authoring::infer::{FieldGuess, Guess, OpenQuestion};
use huiliu_engine::operations::infer::{self, InferRequest, InferredManifest, SourceOf};
use rustix::termios::{self, LocalModes, OptionalActions};

use super::authoring::runtime_for;
use crate::render::show;
use crate::settings::Settings;
use crate::table::print_table;
use crate::words::{guesses, label, message_text, note, say, say_lines, sentence};
use crate::{CliError, open};

/// Arguments of `connectors infer`.
pub struct InferArgs {
    /// A file or an http(s) URL.
    pub sample: String,
    /// The source with whose credentials the sample is fetched.
    pub source: Option<String>,
    /// Folder that the manifest is written to. Without it, the manifest is printed.
    pub out: Option<PathBuf>,
    /// The connector's id. Without it, the id is made from the sample's name.
    pub id: Option<String>,
    /// True if the sample is kept beside the manifest.
    pub with_sample: bool,
}

pub async fn run(settings: &Settings, asked: &InferArgs, json: bool) -> Result<(), CliError> {
    let runtime = runtime_for(settings, asked.source.as_deref()).await?;
    let source = runtime.as_ref().zip(asked.source.as_deref()).map(|(runtime, name)| SourceOf { runtime, name });
    let request = InferRequest {
        source,
        sample: &asked.sample,
        id: asked.id.as_deref(),
        out: asked.out.as_deref(),
        with_sample: asked.with_sample,
    };
    let asks = !json && std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let ask = |question: &OpenQuestion| if asks { ask_on_terminal(question) } else { None };
    let inferred = infer::infer(&settings.engine, &open::build_program(), request, &build_wording, &ask).await?;
    if let Some(runtime) = &runtime {
        runtime.close().await;
    }
    show(json, &inferred, show_inferred);
    if let Some(why) = &inferred.sample_refused {
        note(&sentence!("cli-infer-sample-refused", why = message_text(why)));
    }
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
        answered: &guesses::answered_text,
        unread: &guesses::unread_text,
        over_http: over_http.to_owned(),
    }
}

fn show_inferred(inferred: &InferredManifest) {
    let InferredManifest { guess, sample, manifest, written, sample_written, .. } = inferred;
    show_guess(sample, guess);
    match written {
        Some(place) => say(&sentence!("cli-infer-written", where = place.display())),
        None => say_lines(&format!("\n{manifest}")),
    }
    if let Some(place) = sample_written {
        say(&sentence!("cli-infer-sample-kept", where = place.display()));
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
    for column in &guess.others {
        say(&format!("- {}", guesses::unread_text(column)));
    }
    for question in &guess.questions {
        say(&format!("? {}", guesses::question_text(&question.question)));
        for answer in &question.answers {
            let lines: Vec<&str> =
                answer.lines.iter().map(|line| line.line.as_str()).filter(|l| !l.is_empty()).collect();
            say(&format!("    {}", lines.join("; ")));
        }
    }
}

/// Asks a question that one key answers. Any key but the numbers shown leaves it open.
fn ask_on_terminal(question: &OpenQuestion) -> Option<usize> {
    say(&format!("? {}", guesses::question_text(&question.question)));
    for (answer, nth) in question.answers.iter().zip(1..) {
        let lines: Vec<&str> = answer.lines.iter().map(|line| line.line.as_str()).filter(|l| !l.is_empty()).collect();
        say(&format!("  {nth}  {}", lines.join("; ")));
    }
    say(label("cli-infer-one-key"));
    let key = read_key()?;
    let chosen = usize::try_from(char::from(key).to_digit(10)?).ok()?.checked_sub(1)?;
    (chosen < question.answers.len()).then_some(chosen)
}

/// Reads one key without waiting for a line.
fn read_key() -> Option<u8> {
    let input = std::io::stdin();
    let before = termios::tcgetattr(&input).ok()?;
    let mut raw = before.clone();
    raw.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
    termios::tcsetattr(&input, OptionalActions::Now, &raw).ok()?;
    let mut key = [0];
    let read = input.lock().read(&mut key);
    // The terminal is as it was, whatever was read.
    let _ = termios::tcsetattr(&input, OptionalActions::Now, &before);
    read.ok().filter(|count| *count == 1).map(|_| key[0])
}
