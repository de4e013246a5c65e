//! `identity`: which teacher a record belongs to. Shows claims that wait for a person with their evidence, and makes
//! decisions, on request only as a plan.

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::Span;
use huiliu_engine::operations::decisions::Proposal;
use huiliu_engine::operations::identity;
use huiliu_matching::Doubt;
use huiliu_store::identity::queue::{CandidateRow, ClaimDetails, ClaimRecord, ClaimRow, ClaimSelection, Counts};
use huiliu_store::identity::rulings::Ruling;
use huiliu_store::ledger::decisions::Decision;

use super::decisions::decide_or_plan;
use crate::cli::{Identity, QueueState};
use crate::render::{format_number, show, show_page};
use crate::settings::Settings;
use crate::table::print_table;
use crate::words::acts::action_text;
use crate::words::matching::{doubt_label, evidence_text, format_bits, role_label};
use crate::words::{label, localize_address, localize_decider, localize_word, say, sentence};
use crate::{CliError, open};

pub async fn run(settings: Settings, asked: Identity, json: bool) -> Result<(), CliError> {
    let (ruling, how) = match asked {
        Identity::Status => return count_claims(&settings, json).await,
        Identity::Queue { state, span } => {
            return list_claims(&settings, select_claims(state), span.into(), json).await;
        }
        Identity::Show { claim } => return show_claim_details(&settings, claim, json).await,
        Identity::Accept { claim, teacher, mode } => (Ruling::Accept { claim, teacher }, mode),
        Identity::Reject { claim, teacher, mode } => (Ruling::Reject { claim, teacher }, mode),
        Identity::Merge { from, into, mode } => (Ruling::Merge { from, into }, mode),
    };
    decide_or_plan(&settings, &Proposal::Identity(ruling), &how, json).await
}

fn select_claims(state: QueueState) -> ClaimSelection {
    match state {
        QueueState::Potential => ClaimSelection::Potential,
        QueueState::None => ClaimSelection::None,
        QueueState::Contradicting => ClaimSelection::Contradicting,
    }
}

async fn count_claims(settings: &Settings, json: bool) -> Result<(), CliError> {
    let opened = open::open_database(settings, MayCreate::Nothing).await?;
    let counts = identity::status(&opened).await?;
    opened.close().await;
    show(json, &counts, show_counts);
    Ok(())
}

fn show_counts(counts: &Counts) {
    let heading = [
        label("cli-identity-definite"),
        label("cli-identity-potential"),
        label("cli-identity-none"),
        label("cli-identity-new"),
        label("cli-identity-contradicting"),
    ];
    let row = [counts.definite, counts.potential, counts.none, counts.new, counts.contradicting];
    print_table(&heading, &[row.map(format_number).to_vec()]);
}

async fn list_claims(settings: &Settings, which: ClaimSelection, span: Span, json: bool) -> Result<(), CliError> {
    let opened = open::open_database(settings, MayCreate::Nothing).await?;
    let page = identity::list(&opened, which, span).await?;
    opened.close().await;
    show_page(json, &page, show_claims);
    Ok(())
}

fn show_claims(claims: &[ClaimRow]) {
    let cells = |c: &ClaimRow| {
        let first = c.candidates.first();
        vec![
            c.claim.to_string(),
            c.name.clone(),
            localize_word(c.state.as_str()).to_owned(),
            format_number(c.records),
            c.teacher.or(first.map(|f| f.teacher)).map_or_else(String::new, |t| t.to_string()),
            first.and_then(|f| f.name.clone()).unwrap_or_default(),
            first.map_or_else(String::new, |f| format_bits(f.score)),
            c.candidates.len().to_string(),
            doubt_words(c.doubt.as_deref()),
        ]
    };
    let heading = [
        label("cli-identity-claim"),
        label("cli-identity-name"),
        label("cli-identity-state"),
        label("cli-identity-records"),
        label("cli-identity-teacher"),
        label("cli-identity-roster"),
        label("cli-identity-score"),
        label("cli-identity-candidates"),
        label("cli-identity-doubt"),
    ];
    print_table(&heading, &claims.iter().map(cells).collect::<Vec<_>>());
}

fn doubt_words(word: Option<&str>) -> String {
    let all = [Doubt::Rivals, Doubt::BetterName, Doubt::Crowded];
    let found = all.into_iter().find(|d| Some(d.as_str()) == word);
    found.map(|d| doubt_label(d).to_owned()).unwrap_or_default()
}

async fn show_claim_details(settings: &Settings, claim: i64, json: bool) -> Result<(), CliError> {
    let opened = open::open_database(settings, MayCreate::Nothing).await?;
    let shown = identity::show(&opened, claim).await?;
    opened.close().await;
    show(json, &shown, show_claim);
    Ok(())
}

fn show_claim(shown: &ClaimDetails) {
    let ClaimDetails { claim, contradicting, told, resting, decisions } = shown;
    say(&format!(
        "{} {}  {}  {}",
        label("cli-identity-claim"),
        claim.claim,
        claim.name,
        localize_word(claim.state.as_str())
    ));
    if let Some(teacher) = claim.teacher {
        say(&sentence!("cli-identity-teacher-2", teacher, by = localize_decider(&claim.decided_by)));
    }
    if claim.doubt.is_some() {
        say(&format!("  {}", doubt_words(claim.doubt.as_deref())));
    }
    if *contradicting {
        say(label("cli-identity-name-id-number-teacher-records"));
    }
    told.iter().for_each(|told| say(&format!("  {}  {}", role_label(told.role), told.text)));
    claim.candidates.iter().for_each(show_candidate);
    decisions.iter().for_each(show_decision);
    resting.iter().for_each(show_record);
}

fn show_decision(decided: &Decision) {
    let Decision { decision, actor, because, .. } = decided;
    let of = decided.teacher.map_or_else(String::new, |teacher| sentence!("cli-identity-teacher-3", teacher));
    say(&sentence!("cli-identity-decision", decision, kind = action_text(decided.kind.as_str()), of, actor, because));
}

fn show_record(r: &ClaimRecord) {
    say(&sentence!(
        "cli-identity-record-until",
        record = r.record,
        source = r.source,
        address = localize_address(&r.address),
        course = r.course,
        hours = r.hours,
        unit = localize_word(&r.unit),
        end = r.period_end
    ));
}

fn show_candidate(c: &CandidateRow) {
    let (name, school) = (c.name.as_deref().unwrap_or_default(), c.school.as_deref().unwrap_or_default());
    say(&sentence!("cli-identity-teacher-4", teacher = c.teacher, name, school, score = format_bits(c.score)));
    say(&format!("    {}", c.evidence.iter().map(evidence_text).collect::<Vec<_>>().join(" · ")));
}
