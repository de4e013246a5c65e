//! `courses`: the crosswalk, courses that it does not know, and decisions about it.

use huiliu_engine::database::{self, MayCreate};
use huiliu_engine::operations::courses::{self, CourseShown, SuggestedCourse, UnknownCourse};
use huiliu_engine::operations::decisions::Proposal;
use huiliu_store::ledger::decisions::CourseDecision;

use super::decisions;
use crate::cli::Courses;
use crate::render::{format_hours, format_number, show_page};
use crate::settings::Settings;
use crate::table::print_table;
use crate::words::label;
use crate::{CliError, open};

pub async fn run(settings: Settings, asked: Courses, json: bool) -> Result<(), CliError> {
    match asked {
        Courses::List => list_courses(&settings, json).await,
        Courses::Unknown => list_unknown_courses(&settings, json).await,
        Courses::Equate { connector, code, course, mode } => {
            let course = Some(course).filter(|course| course != "none");
            let proposal = Proposal::Equate(CourseDecision { connector, code, course });
            decisions::decide_or_plan(&settings, &proposal, &mode, json).await
        }
    }
}

async fn list_courses(settings: &Settings, json: bool) -> Result<(), CliError> {
    let there = database::database_exists(&settings.engine);
    let opened = if there { Some(open::open_database(settings, MayCreate::Nothing).await?) } else { None };
    let page = courses::list(&settings.engine, opened.as_ref()).await?;
    if let Some(opened) = opened {
        opened.close().await;
    }
    show_page(json, &page, show_courses);
    Ok(())
}

fn show_courses(courses: &[CourseShown]) {
    let cells = |c: &CourseShown| {
        let most = c.most.map(format_hours).unwrap_or_default();
        vec![
            c.course.clone(),
            c.title.clone(),
            c.theme.clone().unwrap_or_default(),
            series_label(c.series).to_owned(),
            most,
        ]
    };
    let heading = [
        label("cli-courses-course"),
        label("cli-courses-title"),
        label("cli-courses-theme"),
        label("cli-courses-series"),
        label("cli-courses-hours-most"),
    ];
    print_table(&heading, &courses.iter().map(cells).collect::<Vec<_>>());
}

/// Returns the label for a series of the course standard.
fn series_label(series: &str) -> &str {
    match series {
        "teaching" => label("cli-courses-series-teaching"),
        "learning" => label("cli-courses-series-learning"),
        "profession" => label("cli-courses-series-profession"),
        other => other,
    }
}

async fn list_unknown_courses(settings: &Settings, json: bool) -> Result<(), CliError> {
    let opened = open::open_database(settings, MayCreate::Nothing).await?;
    let page = courses::unknown(&settings.engine, &opened).await?;
    opened.close().await;
    show_page(json, &page, show_unknown);
    Ok(())
}

fn show_unknown(courses: &[UnknownCourse]) {
    let cells = |c: &UnknownCourse| {
        let suggested = |SuggestedCourse { course, title, alike_per_mille }: &SuggestedCourse| {
            format!("{course} {title} ({} %)", alike_per_mille / 10)
        };
        vec![
            c.connector.clone(),
            c.code.clone(),
            c.title.clone().unwrap_or_default(),
            format_number(c.records),
            c.suggested.as_ref().map(suggested).unwrap_or_default(),
        ]
    };
    let heading = [
        label("cli-courses-connector"),
        label("cli-courses-code"),
        label("cli-courses-title"),
        label("cli-courses-records"),
        label("cli-courses-suggested"),
    ];
    print_table(&heading, &courses.iter().map(cells).collect::<Vec<_>>());
}
