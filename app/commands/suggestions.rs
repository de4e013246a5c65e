//! Suggestions of dead letters: shows them, and accepts one.

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::Act;
use huiliu_engine::operations::suggestions::{self, Suggestion, SuggestionAccepted, WantedSuggestion};

use crate::cli::SuggestionArgs;
use crate::render::show;
use crate::settings::Settings;
use crate::words::{counting, label, message_text, say, sentence};
use crate::{CliError, open};

pub async fn accept(
    settings: &Settings,
    letter: i64,
    wanted: &SuggestionArgs,
    because: Option<&str>,
    json: bool,
) -> Result<(), CliError> {
    let runtime = open::start_runtime(settings, MayCreate::Nothing).await?;
    let because = because.unwrap_or_else(|| label("cli-suggestions-accepted"));
    let act = Act { actor: &settings.actor, because };
    let wanted = match wanted {
        SuggestionArgs { teacher: Some(teacher), .. } => WantedSuggestion::Teacher(*teacher),
        SuggestionArgs { course, .. } => WantedSuggestion::Course(course.as_deref().unwrap_or_default()),
    };
    let accepted = suggestions::accept(&runtime, act, letter, wanted).await?;
    runtime.close().await;
    show(json, &accepted, |of: &SuggestionAccepted| {
        say(&counting!("cli-corrections-made", n = 1, selected = format!("--letter {}", of.dead_letter)));
    });
    Ok(())
}

/// Shows the suggestions of a dead letter, each with the command that accepts it.
pub(super) fn show_suggestions(letter: i64, suggestions: &[Suggestion]) {
    if suggestions.is_empty() {
        return;
    }
    say("");
    say(label("cli-suggestions"));
    for suggestion in suggestions {
        let (what, why, option) = match suggestion {
            Suggestion::Teacher { field, value, teacher, name, why } => {
                let what = sentence!("cli-suggestions-teacher", field, value, teacher, name);
                (what, why, format!("--teacher {teacher}"))
            }
            Suggestion::Course { field, value, title, why } => {
                // A platform chose the code, and a person may paste the line into a shell.
                let option = format!("--course='{}'", value.replace('\'', r"'\''"));
                (sentence!("cli-suggestions-course", field, value, title), why, option)
            }
        };
        say(&format!("    {what}"));
        say(&format!("      {}", message_text(why)));
        say(&format!("      huiliu corrections accept {letter} {option}"));
    }
}
