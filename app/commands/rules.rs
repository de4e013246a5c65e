//! `rules`: shows the packs in use and what they leave open, checks packs, and shows whose hours other packs would
//! change.

use std::path::PathBuf;

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::rules::{self, OpenQuestion, PackShown, RuleShown, RuleSide, RulesChecked, RulesDiff};
use huiliu_engine::recount::{Change, Totals};
use huiliu_values::{BeforeAfter, ExactHours};

use super::decisions::show_changes;
use super::{plans, rule_versions};
use crate::cli::Rules;
use crate::render::{format_hours, format_unsigned, show, show_page};
use crate::settings::{self, Settings};
use crate::table::print_table;
use crate::words::{label, localize_word, localize_wording, rule_name, say, sentence};
use crate::{CliError, open};

/// How many teachers a result contains by default.
pub(super) const DEFAULT_TEACHERS: usize = 50;

pub async fn run(settings: Settings, asked: Rules, json: bool) -> Result<(), CliError> {
    let engine = &settings.engine;
    match asked {
        Rules::List => show_page(json, &rules::list(engine).await?, show_packs),
        Rules::Show { pack } => show_page(json, &rules::show(engine, pack.as_deref()).await?, show_rules),
        Rules::Settings => show_page(json, &rules::settings(engine).await?, show_questions),
        Rules::Register { files, no_activate, how } => {
            return rule_versions::register_files(&settings, files, !no_activate, &how, json).await;
        }
        Rules::Activate { versions, how } => {
            return rule_versions::activate_versions(&settings, &versions, &how, json).await;
        }
        Rules::Rollback { name, how } => return rule_versions::roll_back(&settings, name, &how, json).await,
        Rules::Retire { name, how } => return rule_versions::retire_pack(&settings, &name, &how, json).await,
        Rules::Versions { name } => return rule_versions::list_versions(&settings, name.as_deref(), json).await,
        Rules::Check { files, courses } => show(json, &check_packs(&settings, files, courses)?, show_checked),
        Rules::Diff { before, after, all, limit } => {
            let sides = BeforeAfter::new(parse_side(&before)?, parse_side(&after)?);
            let told = if all { usize::MAX } else { limit.unwrap_or(DEFAULT_TEACHERS) };
            let shown = plans::row_limit(all, limit);
            show(json, &diff_rules(&settings, &sides, told).await?, |diff| show_diff(diff, shown));
        }
    }
    Ok(())
}

fn show_packs(packs: &[PackShown]) {
    let cells = |p: &PackShown| {
        vec![
            format!("{}@{}", p.pack, p.version),
            format!("{} … {}", p.from, p.to),
            p.jurisdiction.clone(),
            p.stated.to_string(),
            p.adopted.to_string(),
            p.assumed.to_string(),
            p.title.clone(),
        ]
    };
    let heading = [
        label("cli-rules-pack"),
        label("cli-rules-what-ends"),
        label("cli-rules-jurisdiction"),
        localize_word("stated"),
        localize_word("adopted"),
        localize_word("assumed"),
        label("cli-rules-title"),
    ];
    print_table(&heading, &packs.iter().map(cells).collect::<Vec<_>>());
}

fn show_rules(rules: &[RuleShown]) {
    for r in rules {
        let amount = r.units_per_one.map(|n| format!(" × {n} / 108000")).unwrap_or_default();
        let name = format!("{}@{} {}", r.pack, r.version, r.rule);
        say(&format!("{}{amount}", rule_name(&name)));
        let told = sentence!(
            "cli-render-labelled",
            what = localize_word(r.basis.as_str()),
            text = localize_wording(&r.source)
        );
        say(&format!("    {told}"));
    }
}

fn show_questions(questions: &[OpenQuestion]) {
    for q in questions {
        say(&sentence!("cli-render-labelled", what = q.setting, text = q.choices.join(" | ")));
        for chosen in &q.packs {
            let source = localize_wording(&chosen.source);
            let text = format!("{} = {}", chosen.pack, chosen.value);
            let told = sentence!("cli-render-aside", text, aside = localize_word(chosen.basis.as_str()));
            say(&format!("    {told} {source}"));
        }
    }
}

fn check_packs(settings: &Settings, files: Vec<PathBuf>, courses: Option<PathBuf>) -> Result<RulesChecked, CliError> {
    let packs = settings::load_packs(files)?;
    let courses = courses.map(|path| settings::load_text_or(Some(path), "", "")).transpose()?;
    Ok(rules::check(&settings.engine, &packs, courses.as_ref())?)
}

fn show_checked(RulesChecked { packs, rules, courses }: &RulesChecked) {
    say(&sentence!("cli-rules-packs-rules-courses-nothing-wrong", packs, rules, courses));
}

/// Parses one side of `rules diff`: `current`, or files of rule packs separated by commas.
fn parse_side(text: &str) -> Result<RuleSide, CliError> {
    if text == "current" {
        return Ok(RuleSide::Current);
    }
    Ok(RuleSide::Packs(settings::load_packs(text.split(',').map(PathBuf::from).collect())?))
}

async fn diff_rules(settings: &Settings, sides: &BeforeAfter<RuleSide>, limit: usize) -> Result<RulesDiff, CliError> {
    let opened = open::open_database(settings, MayCreate::Nothing).await?;
    let diff = rules::diff(&settings.engine, &opened, sides, limit).await?;
    opened.close().await;
    Ok(diff)
}

fn show_diff(diff: &RulesDiff, shown: usize) {
    show_effect(&diff.totals, &diff.teachers, shown);
}

/// Shows whose hours other rules change, and the sums over all teachers.
pub(super) fn show_effect(totals: &Totals, changes: &[Change], shown: usize) {
    let concerned = usize::try_from(totals.hours_change + totals.reasons_change).unwrap_or(usize::MAX);
    if concerned == 0 {
        return say(&sentence!(
            "cli-rules-nothing-would-change-both-give",
            teachers = format_unsigned(totals.teachers)
        ));
    }
    show_changes(&totals.gains, changes, concerned, shown);
    let both_sums = |counted: ExactHours, provisional: ExactHours| {
        format!("{} + {}", format_hours(counted), format_hours(provisional))
    };
    let was = both_sums(totals.counted.before, totals.provisional.before);
    let is = both_sums(totals.counted.after, totals.provisional.after);
    let [teachers, hours_change, reasons_change] =
        [totals.teachers, totals.hours_change, totals.reasons_change].map(format_unsigned);
    say(&sentence!("cli-rules-teachers-would-other-hours-same", teachers, hours_change, reasons_change, was, is));
}
