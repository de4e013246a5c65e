//! `roster`, `schools` and `regions`: teachers and schools as counties list them, and the authorities they report to.

use chrono::NaiveDate;
use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::regions::{self, RegionRow};
use huiliu_engine::operations::roster::{self, AgeExemption, RosterTeacher};
use huiliu_engine::operations::schools::{self, SchoolShown, SchoolSpan};
use huiliu_store::roster::report::{Identifier, MembershipRow, Status};
use huiliu_values::calendar::today_in_shanghai;

use super::teachers;
use crate::cli::{RegionCommands, Roster, Schools};
use crate::render::{format_number, show, show_page};
use crate::settings::Settings;
use crate::table::print_table;
use crate::words::{label, localize_address, localize_word, say, sentence};
use crate::{CliError, open};

pub async fn run(settings: Settings, asked: Roster, json: bool) -> Result<(), CliError> {
    match asked {
        Roster::Show { teacher, on } => {
            show_one_teacher(&settings, &teacher, on.unwrap_or_else(today_in_shanghai), json).await
        }
        Roster::Status => {
            let opened = open::open_database(&settings, MayCreate::Nothing).await?;
            let status = roster::status(&settings.engine, &open::build_program(), &opened).await?;
            opened.close().await;
            show(json, &status, show_status);
            Ok(())
        }
    }
}

async fn show_one_teacher(settings: &Settings, teacher: &str, on: NaiveDate, json: bool) -> Result<(), CliError> {
    let which = teachers::parse_teacher(teacher)?;
    let opened = open::open_database(settings, MayCreate::Nothing).await?;
    let shown = roster::show(&settings.engine, &opened, &which, on).await?;
    opened.close().await;
    show(json, &shown, show_teacher);
    Ok(())
}

fn show_teacher(shown: &RosterTeacher) {
    let row = &shown.teacher;
    let name = row.name.as_deref().unwrap_or_default();
    say(&sentence!("cli-roster-heading", teacher = row.teacher, name, origin = localize_word(&row.origin)));
    if let (Some(sex), Some(birth)) = (&row.sex, &row.birth_date) {
        say(&sentence!("cli-roster-born", sex = localize_word(sex), birth));
    }
    if row.contested {
        say(label("cli-roster-id-number-two-names-rows"));
    }
    row.identifiers.iter().for_each(show_identifier);
    shown.exemption.iter().for_each(show_exemption);
    show_memberships(&row.memberships);
    let chain: Vec<String> = shown.regions.iter().map(|region| format!("{} {}", region.code, region.name)).collect();
    if !chain.is_empty() {
        say(&sentence!("cli-roster-reports", on = shown.on, chain = chain.join(" → ")));
    }
}

fn show_identifier(identifier: &Identifier) {
    let ended =
        identifier.valid_to.as_ref().map(|to| format!("  {} {to}", label("cli-roster-until"))).unwrap_or_default();
    say(&format!("  {} {}{ended}", localize_word(&identifier.kind), identifier.value));
}

fn show_exemption(AgeExemption { exempt, as_of, age, .. }: &AgeExemption) {
    say(&match exempt {
        true => sentence!("cli-roster-years-old-outside-assessment", age, as_of),
        false => sentence!("cli-roster-years-old-assessed", age, as_of),
    });
}

fn show_memberships(memberships: &[MembershipRow]) {
    if memberships.is_empty() {
        return;
    }
    let cells = |m: &MembershipRow| {
        vec![
            m.school.clone(),
            m.school_name.clone().unwrap_or_default(),
            m.from.clone().unwrap_or_default(),
            m.to.clone().unwrap_or_default(),
            ending_text(&m.ended_by, m.overlaps),
            m.lineage.source.clone(),
            localize_address(&m.lineage.address).into_owned(),
        ]
    };
    let heading = [
        label("cli-roster-school"),
        label("cli-roster-name"),
        label("cli-roster-from"),
        label("cli-roster-to"),
        "",
        label("cli-roster-source"),
        label("cli-roster-address"),
    ];
    print_table(&heading, &memberships.iter().map(cells).collect::<Vec<_>>());
}

fn ending_text(ended_by: &str, overlaps: bool) -> String {
    let ended = match ended_by {
        "next" => label("cli-roster-ended-next"),
        _ => "",
    };
    let overlap = if overlaps { label("cli-roster-overlaps") } else { "" };
    [ended, overlap].iter().filter(|text| !text.is_empty()).copied().collect::<Vec<_>>().join(label("cli-render-comma"))
}

fn show_status(status: &Status) {
    for (words, n) in [
        (label("cli-roster-teachers-roster"), status.roster),
        (label("cli-roster-teachers-known-from-records-only"), status.provisional),
        (label("cli-roster-roster-without-school"), status.without_school),
        (label("cli-roster-id-numbers-two-names-one"), status.contested),
        (label("cli-roster-memberships-overlap"), status.overlaps),
        (label("cli-roster-schools"), status.schools),
        (label("cli-roster-rows-wait-school-person"), status.waiting_by_itself),
    ] {
        say(&sentence!("cli-roster-count", words, n = format_number(n)));
    }
    if !status.waiting.is_empty() {
        let cells = |(code, n): (&String, &i64)| vec![code.clone(), format_number(*n)];
        print_table(
            &[label("cli-roster-waiting-reason"), label("cli-roster-rows")],
            &status.waiting.iter().map(cells).collect::<Vec<_>>(),
        );
    }
}

pub async fn run_schools(settings: Settings, asked: Schools, json: bool) -> Result<(), CliError> {
    let opened = open::open_database(&settings, MayCreate::Nothing).await?;
    match asked {
        Schools::List { limit, after } => {
            let page =
                schools::list(&settings.engine, &opened, &SchoolSpan { after, limit }, today_in_shanghai()).await?;
            show_page(json, &page, show_schools);
        }
        Schools::Show { code, on } => {
            let shown = schools::show(&settings.engine, &opened, &code, on.unwrap_or_else(today_in_shanghai)).await?;
            show(json, &shown, |shown| show_schools(std::slice::from_ref(shown)));
        }
    }
    opened.close().await;
    Ok(())
}

fn show_schools(schools: &[SchoolShown]) {
    let mut cells = Vec::new();
    for SchoolShown { school, regions } in schools {
        let chain: Vec<&str> = regions.iter().map(|region| region.name.as_str()).collect();
        for name in &school.names {
            cells.push(vec![
                school.school.clone(),
                name.name.clone(),
                localize_word(&school.kind).to_owned(),
                name.from.clone().unwrap_or_default(),
                name.to.clone().unwrap_or_default(),
                ending_text(&name.ended_by, name.overlaps),
                format_number(school.teachers),
                chain.join(" → "),
                school.successor.clone().unwrap_or_default(),
            ]);
        }
    }
    let heading = [
        label("cli-roster-school"),
        label("cli-roster-name"),
        label("cli-roster-kind"),
        label("cli-roster-from"),
        label("cli-roster-to"),
        "",
        label("cli-roster-teachers"),
        label("cli-roster-reports-2"),
        label("cli-roster-successor"),
    ];
    print_table(&heading, &cells);
}

/// Runs `regions`. Needs no database, because the tree of regions comes from a file.
pub async fn run_regions(settings: &Settings, asked: &RegionCommands, json: bool) -> Result<(), CliError> {
    match asked {
        RegionCommands::List { on } => {
            let page = regions::list(&settings.engine, on.unwrap_or_else(today_in_shanghai)).await?;
            show_page(json, &page, show_regions);
        }
        RegionCommands::Show { code, on } => {
            let shown = regions::show(&settings.engine, code, *on).await?;
            show(json, &shown, |shown| show_regions(&shown.rows));
        }
    }
    Ok(())
}

fn show_regions(rows: &[RegionRow]) {
    let cells = |row: &RegionRow| {
        vec![
            row.code.clone(),
            row.name.clone(),
            localize_word(row.tier).to_owned(),
            row.reports_to.clone().unwrap_or_default(),
            row.from.to_string(),
            row.to.map(|to| to.to_string()).unwrap_or_default(),
            row.successor.clone().unwrap_or_default(),
        ]
    };
    let heading = [
        label("cli-roster-region"),
        label("cli-roster-name"),
        label("cli-roster-tier"),
        label("cli-roster-reports-3"),
        label("cli-roster-from"),
        label("cli-roster-to"),
        label("cli-roster-successor"),
    ];
    print_table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
}
