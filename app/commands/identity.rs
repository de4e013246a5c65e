//! `identity`: whose records are whose. Claims that wait for somebody, the evidence, and what people decide, a plan first.

use huiliu_engine::recount;
use huiliu_matching::Doubt;
use huiliu_rules::policy::Policy;
use huiliu_store::identity::queue::{self, CandidateRow, Shown, Waiting, Which};
use huiliu_store::identity::rulings::{self, Refused, Rules, Ruling};
use huiliu_store::ledger::decisions::{By, Decision};
use huiliu_store::{Db, Tx};

use super::decide::actor;
use super::rulings::{Mode, finish, in_force};
use crate::Stop;
use crate::cli::{Identity, Kept};
use crate::settings::Settings;
use crate::wire::{self, Books, House, Make};
use crate::words::matching::{bits, doubt, evidence, role};
use crate::words::{both, say, say_json, table, tr, word};

pub async fn run(settings: Settings, asked: Identity, json: bool) -> Result<(), Stop> {
    match asked {
        Identity::Status => status(settings, json).await,
        Identity::Queue { state, span } => list(settings, state, (span.after, span.limit), json).await,
        Identity::Show { claim } => show(settings, claim, json).await,
        Identity::Accept { claim, teacher, mode } => {
            rule(settings, Ruling::Accept { claim, teacher }, Mode::of(&mode), json).await
        }
        Identity::Reject { claim, teacher, mode } => {
            rule(settings, Ruling::Reject { claim, teacher }, Mode::of(&mode), json).await
        }
        Identity::Merge { from, into, mode } => {
            rule(settings, Ruling::Merge { from, into }, Mode::of(&mode), json).await
        }
    }
}

async fn status(settings: Settings, json: bool) -> Result<(), Stop> {
    let books = Books::open(settings, Make::Nothing).await?;
    let counts = queue::counts(&books.db).await?;
    if json {
        say_json(&counts);
    } else {
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
    books.close().await;
    Ok(())
}

async fn list(settings: Settings, state: Kept, (after, limit): (i64, i64), json: bool) -> Result<(), Stop> {
    let books = Books::open(settings, Make::Nothing).await?;
    let which = match state {
        Kept::Potential => Which::Potential,
        Kept::None => Which::None,
        Kept::Contradicting => Which::Contradicting,
    };
    let claims = queue::list(&books.db, which, after, limit).await?;
    if json {
        say_json(&claims);
    } else {
        let cells = |c: &Waiting| {
            let first = c.candidates.first();
            vec![
                c.claim.to_string(),
                c.name.clone(),
                word(&c.state).to_owned(),
                c.records.to_string(),
                c.teacher.or(first.map(|f| f.teacher)).map_or_else(String::new, |t| t.to_string()),
                first.and_then(|f| f.name.clone()).unwrap_or_default(),
                first.map_or_else(String::new, |f| bits(f.score)),
                c.candidates.len().to_string(),
                why(c.doubt.as_deref()),
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
    books.close().await;
    Ok(())
}

fn why(word: Option<&str>) -> String {
    let all = [Doubt::Rivals, Doubt::BetterName, Doubt::Crowded];
    let found = all.into_iter().find(|d| Some(d.as_str()) == word);
    found.map(|d| doubt(d).to_owned()).unwrap_or_default()
}

async fn show(settings: Settings, claim: i64, json: bool) -> Result<(), Stop> {
    let books = Books::open(settings, Make::Nothing).await?;
    let Some(shown) = queue::show(&books.db, &books.keys, claim).await? else { return Err(no_claim(claim)) };
    if json {
        say_json(&shown);
    } else {
        tell(&shown);
    }
    books.close().await;
    Ok(())
}

fn no_claim(claim: i64) -> Stop {
    Stop::usage(both!(
        "there is no claim {claim}; see `huiliu identity queue`",
        "没有声明 {claim}；请看 `huiliu identity queue`"
    ))
}

fn tell(shown: &Shown) {
    let Shown { claim, contradicting, told, resting, decisions } = shown;
    say(&format!("{} {}  {}  {}", tr("claim", "声明"), claim.claim, claim.name, word(&claim.state)));
    if let Some(teacher) = claim.teacher {
        say(&both!("  of teacher {teacher} by {by}", "  属于教师 {teacher}，依据 {by}", by = word(&claim.decided_by)));
    }
    if let Some(doubt) = claim.doubt.as_deref() {
        say(&format!("  {}", why(Some(doubt))));
    }
    if *contradicting {
        say(tr(
            "  the name is not that of the ID number's teacher: its records count nowhere",
            "  姓名与该身份证号的教师不符：其记录不计",
        ));
    }
    told.iter().for_each(|(of, text)| say(&format!("  {}  {text}", role(*of))));
    claim.candidates.iter().for_each(candidate);
    for decision in decisions {
        let Decision { decision, kind, actor, because, .. } = decision;
        let of = decision_teacher(shown, *decision);
        say(&both!(
            "  decision {decision}: {kind} {of} by {actor}: {because}",
            "  决定 {decision}：{kind} {of}，{actor}：{because}"
        ));
    }
    for r in resting {
        let (hours, unit) = &r.hours;
        say(&both!(
            "  record {record}: {source}, {address}: {course}, {hours} {unit}, until {end}",
            "  记录 {record}：{source}，{address}：{course}，{hours} {unit}，至 {end}",
            record = r.record,
            source = r.source,
            address = crate::words::address(&r.address),
            course = r.course,
            unit = word(unit),
            end = r.period_end
        ));
    }
}

fn decision_teacher(shown: &Shown, number: i64) -> String {
    let of = shown.decisions.iter().find(|d| d.decision == number).and_then(|d| d.teacher);
    of.map_or_else(String::new, |teacher| both!("teacher {teacher}", "教师 {teacher}"))
}

fn candidate(c: &CandidateRow) {
    let (name, school) = (c.name.as_deref().unwrap_or_default(), c.school.as_deref().unwrap_or_default());
    say(&both!(
        "  teacher {teacher} {name} {school}: {score}",
        "  教师 {teacher} {name} {school}：{score}",
        teacher = c.teacher,
        score = bits(c.score)
    ));
    say(&format!("    {}", c.evidence.iter().map(evidence).collect::<Vec<_>>().join(" · ")));
}

/// Decides, or only says what would change.
async fn rule(settings: Settings, ruling: Ruling, mode: Mode<'_>, json: bool) -> Result<(), Stop> {
    let house = wire::open(settings, Make::Nothing).await?;
    let policy = in_force(&house).await?;
    let desk = &house.desk;
    let mut tx = desk.db.begin().await?;
    let by = actor();
    let rules = Rules { keys: &desk.keys, weights: &policy.weights };
    let by = By { actor: &by, because: mode.because };
    let (number, teachers) = rulings::rule(&mut tx, rules, ruling, by).await?.map_err(refused)?;
    conclude((&house, &policy), tx, (number, &teachers), mode, json).await
}

/// Takes a decision about identity back, or only says what would change.
pub async fn undo(
    (house, policy): (&House, &Policy),
    mut tx: Tx,
    decision: &Decision,
    mode: Mode<'_>,
    json: bool,
) -> Result<(), Stop> {
    let desk = &house.desk;
    let by = actor();
    let rules = Rules { keys: &desk.keys, weights: &policy.weights };
    let by = By { actor: &by, because: mode.because };
    let teachers = rulings::undo(&mut tx, rules, decision, by).await?.map_err(refused)?;
    conclude((house, policy), tx, (decision.decision, &teachers), mode, json).await
}

/// What it does to the hours of these teachers.
async fn conclude(
    (house, policy): (&House, &Policy),
    mut tx: Tx,
    (number, teachers): (i64, &[i64]),
    mode: Mode<'_>,
    json: bool,
) -> Result<(), Stop> {
    let was = known_now(&house.desk.db, teachers).await?;
    let is = recount::known(&mut tx, teachers).await?;
    let changes = recount::between((policy, &was), (policy, &is));
    finish(house, tx, (number, &changes), mode, json).await
}

/// What is known of these teachers without what is about to be decided.
async fn known_now(db: &Db, teachers: &[i64]) -> Result<recount::Known, Stop> {
    let mut look = db.look().await?;
    Ok(recount::known(&mut look, teachers).await?)
}

fn refused(refused: Refused) -> Stop {
    match refused {
        Refused::NoClaim(claim) => no_claim(claim),
        Refused::NoTeacher(teacher) => Stop::usage(both!("there is no teacher {teacher}", "没有教师 {teacher}")),
        Refused::Itself => Stop::usage(tr("a teacher cannot be merged into itself", "不能将教师并入其自身").to_owned()),
        Refused::Already(decision) => {
            Stop::usage(both!("decision {decision} says so already", "决定 {decision} 已作此认定"))
        }
        Refused::OnRoster(teacher) => Stop::usage(both!(
            "teacher {teacher} is on the roster, and is whom the roster says; give the former ID number there instead",
            "教师 {teacher} 在名册中，以名册为准；请在名册中填写原身份证号"
        )),
        Refused::Later(decision) => Stop::usage(both!(
            "decision {decision} has moved the same numbers since; take it back first",
            "决定 {decision} 其后又移动了同一号码；请先撤回该决定"
        )),
    }
}
