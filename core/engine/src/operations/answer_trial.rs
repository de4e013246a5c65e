//! Tries the answers that `connectors infer` would offer on the sample: one under which no record is accepted, or under
//! which the hours are no usual amounts, is not offered, and neither is one with the same effect as another.

use crate::active_rules;
use crate::program::Program;
use crate::rule_files;
use crate::settings::Settings;
use huiliu_authoring::gate::trial::{self, GateError};
use huiliu_authoring::infer::answers::MAX_ANSWERS;
use huiliu_authoring::infer::trial::write_trial;
use huiliu_authoring::infer::{Answer, Guess};
use huiliu_decode::record::TrainingRecord;
use huiliu_decode::{Body, Context, NO_EACH, RecordRange, StageResult, run_stages};
use huiliu_manifest::{Field, Manifest};
use huiliu_rules::policy::Policy;
use huiliu_values::Hours;
use huiliu_vault::keys::Keys;

use super::error::OperationError;

/// Number of records that an answer is tried on.
const TRIED: u32 = 500;
/// The largest amount of one training that is usual, in class hours; a five-year cycle has 360.
const MOST_CLASS_HOURS: i64 = 720;
/// Parts of a class hour below which half of the trainings would be, if the unit is too small.
const LEAST_PART: i64 = 4;

/// A sample that answers are tried on.
#[derive(Debug, Clone, Copy)]
pub(super) struct TriedSample<'a> {
    pub name: &'a str,
    pub bytes: &'a [u8],
}

/// What an answer makes of the sample.
struct Effect {
    /// What each record then says, or why it is parked.
    records: Vec<String>,
    accepted: usize,
    /// The hours of the accepted records, in ascending order, if the answer is about them.
    hours: Vec<i64>,
}

impl Effect {
    fn is_usual(&self) -> bool {
        let (most, median) = (self.hours.last(), self.hours.get(self.hours.len() / 2));
        most.is_none_or(|most| *most <= MOST_CLASS_HOURS * Hours::UNITS_PER_CLASS_HOUR)
            && median.is_none_or(|median| *median >= Hours::UNITS_PER_CLASS_HOUR / LEAST_PART)
    }
}

/// Removes the answers that give no usable values, and those with the same effect as an earlier one.
///
/// # Errors
/// [`OperationError`] if the rules cannot be read.
pub(super) async fn remove_useless_answers(
    settings: &Settings,
    program: &Program,
    sample: TriedSample<'_>,
    guess: &mut Guess,
) -> Result<(), OperationError> {
    if guess.questions.iter().all(|question| question.answers.is_empty()) {
        return Ok(());
    }
    let settings = &active_rules::find_active(settings).await?;
    let policy = rule_files::load_policy(settings)?;
    let keys = trial::throwaway_keys().map_err(GateError::from)?;
    let mut body: Option<Body<'_>> = None;
    let mut questions = std::mem::take(&mut guess.questions);
    for question in &mut questions {
        let (mut kept, mut effects): (Vec<Answer>, Vec<Vec<String>>) = (vec![], vec![]);
        for answer in std::mem::take(&mut question.answers) {
            let Ok(manifest) = Manifest::parse("trial.toml", &write_trial(guess, sample.name, &answer)) else {
                // Without a header nothing can be tried.
                kept.push(answer);
                continue;
            };
            // The gate refuses a unit that the rules do not convert.
            let Some(stream) = manifest.stream.first().filter(|stream| policy.knows_unit(stream.hours_unit())) else {
                continue;
            };
            if body.is_none() {
                body = program.unpacker.prepare_body(stream, sample.bytes).await.ok();
            }
            let Some(body) = &body else {
                kept.push(answer);
                continue;
            };
            let effect = find_effect(&manifest, body, Rules { policy: &policy, keys: &keys }, &answer);
            if effect.accepted > 0 && effect.is_usual() && !effects.contains(&effect.records) {
                effects.push(effect.records);
                kept.push(answer);
            }
        }
        kept.truncate(MAX_ANSWERS);
        question.answers = kept;
    }
    guess.questions = questions;
    Ok(())
}

/// The rules and keys that a trial runs under.
#[derive(Clone, Copy)]
struct Rules<'a> {
    policy: &'a Policy,
    keys: &'a Keys,
}

fn find_effect(manifest: &Manifest, body: &Body<'_>, rules: Rules<'_>, answer: &Answer) -> Effect {
    let mut effect = Effect { records: vec![], accepted: 0, hours: vec![] };
    let Some(stream) = manifest.stream.first() else { return effect };
    let cx = Context {
        manifest,
        stream,
        policy: rules.policy,
        keys: rules.keys,
        source_id: 1,
        address: "trial",
        each: &NO_EACH,
        landing: 1,
        batch: 0,
    };
    let is_about_hours = answer.lines.iter().any(|line| line.key == Field::Hours.as_str());
    for staged in run_stages(cx, body, RecordRange::new(0, TRIED)).unwrap_or_default() {
        effect.records.push(match staged {
            StageResult::Clean(record) => {
                effect.accepted += 1;
                if is_about_hours {
                    effect.hours.push(record.hours.units());
                }
                describe_record(&record)
            }
            StageResult::Parked(parked) => {
                let codes: Vec<&str> = parked.problems.iter().map(|problem| problem.code.as_ref()).collect();
                codes.join(" ")
            }
            _ => String::new(),
        });
    }
    effect.hours.sort_unstable();
    effect
}

/// Returns everything that an answer can decide about a record.
fn describe_record(record: &TrainingRecord<'_>) -> String {
    let texts = &record.texts;
    format!(
        "{:?}",
        (
            (record.claim_key, record.name.display(), &texts.course_code, &texts.course_title),
            (record.hours.units(), &record.period_start, &record.period_end),
            (record.pass_state, &record.assessment, record.grade_in_words),
        )
    )
}
