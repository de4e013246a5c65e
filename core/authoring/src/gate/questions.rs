//! Finds questions of a guess that nobody has answered, about fields that every record needs.

use huiliu_manifest::{Field, Kind, KnownBy, Manifest, PassRule, Stream};

/// A question that stands in a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenQuestion {
    /// Its line, from 1.
    pub line: usize,
    /// Its words.
    pub text: String,
}

/// Returns the open questions of a manifest's text. Inference marks what a person must decide with `# ?`.
#[must_use]
pub fn list_questions(text: &str) -> Vec<OpenQuestion> {
    let question = |line: &str| {
        let at = if line.starts_with("# ?") { 0 } else { line.find("  # ?")? + 2 };
        Some(line.get(at + 3..)?.trim().to_owned())
    };
    let lines = text.lines().zip(1..);
    lines.filter_map(|(line, number)| Some(OpenQuestion { line: number, text: question(line)? })).collect()
}

/// Returns the open questions about fields that every record of a stream needs. Whatever their language, questions name
/// the field, or the column that it is read from.
#[must_use]
pub fn list_blocking(manifest: &Manifest, text: &str) -> Vec<OpenQuestion> {
    let mut questions = list_questions(text);
    questions.retain(|question| manifest.stream.iter().any(|stream| concerns_needed(stream, &question.text)));
    questions
}

fn concerns_needed(stream: &Stream, question: &str) -> bool {
    let needed = needed_fields(stream);
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words: Vec<&str> = question.split(|c| !is_word(c)).filter(|word| !word.is_empty()).collect();
    if words.contains(&"record_key") {
        return true;
    }
    let named: Vec<Field> = Field::ALL.iter().copied().filter(|field| words.contains(&field.as_str())).collect();
    if !named.is_empty() {
        return named.iter().any(|field| needed.contains(field));
    }
    let mentions = |path: &str| {
        // A question is one line, whatever the path has.
        let path: String = path.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        if path.chars().all(is_word) { words.contains(&path.as_str()) } else { question.contains(&path) }
    };
    needed.iter().filter_map(|field| stream.map.get(field)).any(|rule| rule.paths().any(|path| mentions(path)))
}

/// Returns the fields without which no record of a stream can be used.
fn needed_fields(stream: &Stream) -> Vec<Field> {
    let mut needed = match stream.kind {
        Kind::School => vec![Field::SchoolCode, Field::SchoolName],
        Kind::Membership => vec![Field::TeacherRef],
        Kind::Teacher => vec![Field::Name, Field::IdNumber],
        Kind::Assessment => vec![Field::Name, Field::IdNumber, Field::PeriodEnd],
        _ => vec![Field::Name, Field::IdNumber, Field::CourseCode, Field::Hours, Field::PeriodEnd],
    };
    if stream.known_by == KnownBy::Any {
        needed.retain(|field| *field != Field::IdNumber);
    }
    needed.extend(match stream.pass {
        Some(PassRule::Scores) => vec![Field::ScoreLearning, Field::ScoreActivity, Field::ScoreArtefact],
        Some(PassRule::Total) => vec![Field::ScoreTotal],
        Some(PassRule::Result) => vec![Field::Result],
        Some(PassRule::NotAssessed | PassRule::Pending) | None => vec![],
    });
    needed
}
