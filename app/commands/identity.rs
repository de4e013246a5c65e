//! `identity`: whose records are whose. Claims that wait for somebody, the evidence, and what people decide, a plan first.

use huiliu_engine::database::Make;
use huiliu_engine::operations::Span;
use huiliu_engine::operations::decisions::Proposal;
use huiliu_engine::operations::identity;
use huiliu_matching::Doubt;
use huiliu_store::identity::queue::{CandidateRow, Counts, Resting, Shown, Waiting, Which};
use huiliu_store::identity::rulings::Ruling;
use huiliu_store::ledger::decisions::Decision;

use super::decisions::decide;
use crate::cli::{Identity, Kept};
use crate::render::{show, show_page};
use crate::settings::Settings;
use crate::table::table;
use crate::words::matching::{bits, doubt, evidence, role};
use crate::words::{address, both, say, tr, word};
use crate::{CliError, open};

pub async fn run(settings: Settings, asked: Identity, json: bool) -> Result<(), CliError> {
    let (ruling, how) = match asked {
        Identity::Status => return status(&settings, json).await,
        Identity::Queue { state, span } => return list(&settings, which(state), span.into(), json).await,
        Identity::Show { claim } => return show_one(&settings, claim, json).await,
        Identity::Accept { claim, teacher, mode } => (Ruling::Accept { claim, teacher }, mode),
        Identity::Reject { claim, teacher, mode } => (Ruling::Reject { claim, teacher }, mode),
        Identity::Merge { from, into, mode } => (Ruling::Merge { from, into }, mode),
    };
    decide(&settings, &Proposal::Identity(ruling), &how, json).await
}

fn which(state: Kept) -> Which {
    match state {
        Kept::Potential => Which::Potential,
        Kept::None => Which::None,
        Kept::Contradicting => Which::Contradicting,
    }
}

async fn status(settings: &Settings, json: bool) -> Result<(), CliError> {
    let opened = open::database(settings, Make::Nothing).await?;
    let counts = identity::status(&opened).await?;
    opened.close().await;
    show(json, &counts, show_counts);
    Ok(())
}

fn show_counts(counts: &Counts) {
    let heading = [
        tr("definite", "确定"),
        tr("potential", "待定"),
        tr("none", "无"),
        tr("new", "未查"),
        tr("contradicting", "姓名矛盾"),
    ];
    let row = [counts.definite, counts.potential, counts.none, counts.new, counts.contradicting];
    table(&heading, &[row.iter().map(ToString::to_string).collect()]);
}

async fn list(settings: &Settings, which: Which, span: Span, json: bool) -> Result<(), CliError> {
    let opened = open::database(settings, Make::Nothing).await?;
    let page = identity::list(&opened, which, span).await?;
    opened.close().await;
    show_page(json, &page, show_claims);
    Ok(())
}

fn show_claims(claims: &[Waiting]) {
    let cells = |c: &Waiting| {
        let first = c.candidates.first();
        vec![
            c.claim.to_string(),
            c.name.clone(),
            word(c.state.as_str()).to_owned(),
            c.records.to_string(),
            c.teacher.or(first.map(|f| f.teacher)).map_or_else(String::new, |t| t.to_string()),
            first.and_then(|f| f.name.clone()).unwrap_or_default(),
            first.map_or_else(String::new, |f| bits(f.score)),
            c.candidates.len().to_string(),
            doubt_words(c.doubt.as_deref()),
        ]
    };
    let heading = [
        tr("claim", "声明"),
        tr("name", "姓名"),
        tr("state", "状态"),
        tr("records", "记录"),
        tr("teacher", "教师"),
        tr("on the roster", "名册姓名"),
        tr("score", "得分"),
        tr("candidates", "候选"),
        tr("doubt", "疑点"),
    ];
    table(&heading, &claims.iter().map(cells).collect::<Vec<_>>());
}

fn doubt_words(word: Option<&str>) -> String {
    let all = [Doubt::Rivals, Doubt::BetterName, Doubt::Crowded];
    let found = all.into_iter().find(|d| Some(d.as_str()) == word);
    found.map(|d| doubt(d).to_owned()).unwrap_or_default()
}

async fn show_one(settings: &Settings, claim: i64, json: bool) -> Result<(), CliError> {
    let opened = open::database(settings, Make::Nothing).await?;
    let shown = identity::show(&opened, claim).await?;
    opened.close().await;
    show(json, &shown, show_claim);
    Ok(())
}

fn show_claim(shown: &Shown) {
    let Shown { claim, contradicting, told, resting, decisions } = shown;
    say(&format!("{} {}  {}  {}", tr("claim", "声明"), claim.claim, claim.name, word(claim.state.as_str())));
    if let Some(teacher) = claim.teacher {
        say(&both!("  of teacher {teacher} by {by}", "  属于教师 {teacher}，依据 {by}", by = word(&claim.decided_by)));
    }
    if claim.doubt.is_some() {
        say(&format!("  {}", doubt_words(claim.doubt.as_deref())));
    }
    if *contradicting {
        say(tr(
            "  the name is not that of the ID number's teacher: its records count nowhere",
            "  姓名与该身份证号的教师不符：其记录不计",
        ));
    }
    told.iter().for_each(|(of, text)| say(&format!("  {}  {text}", role(*of))));
    claim.candidates.iter().for_each(show_candidate);
    decisions.iter().for_each(show_decision);
    resting.iter().for_each(show_record);
}

fn show_decision(decided: &Decision) {
    let Decision { decision, actor, because, .. } = decided;
    let of = decided.teacher.map_or_else(String::new, |teacher| both!("teacher {teacher}", "教师 {teacher}"));
    say(&both!(
        "  decision {decision}: {kind} {of} by {actor}: {because}",
        "  决定 {decision}：{kind} {of}，{actor}：{because}",
        kind = decided.kind.as_str()
    ));
}

fn show_record(r: &Resting) {
    let (hours, unit) = &r.hours;
    say(&both!(
        "  record {record}: {source}, {address}: {course}, {hours} {unit}, until {end}",
        "  记录 {record}：{source}，{address}：{course}，{hours} {unit}，至 {end}",
        record = r.record,
        source = r.source,
        address = address(&r.address),
        course = r.course,
        unit = word(unit),
        end = r.period_end
    ));
}

fn show_candidate(c: &CandidateRow) {
    let (name, school) = (c.name.as_deref().unwrap_or_default(), c.school.as_deref().unwrap_or_default());
    say(&both!(
        "  teacher {teacher} {name} {school}: {score}",
        "  教师 {teacher} {name} {school}：{score}",
        teacher = c.teacher,
        score = bits(c.score)
    ));
    say(&format!("    {}", c.evidence.iter().map(evidence).collect::<Vec<_>>().join(" · ")));
}
