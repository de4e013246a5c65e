//! `runs` and `balance`.

use huiliu_engine::database::Make;
use huiliu_engine::operations::runs::{self, RunShown};
use huiliu_store::admin::reports::{Balance, RunRow};

use crate::cli::Listing;
use crate::render::{balance_cells, balance_heading, moment, note_unread, show, show_page};
use crate::settings::Settings;
use crate::table::table;
use crate::words::{both, note, said, say, tr, word};
use crate::{CliError, open};

pub async fn balance(settings: Settings, run: Option<i64>, json: bool) -> Result<(), CliError> {
    let opened = open::database(&settings, Make::Nothing).await?;
    let balance = runs::balance(&opened, run).await?;
    opened.close().await;
    show(json, &balance, |balance| show_balance(run, balance));
    if balance.balanced { Ok(()) } else { Err(not_balanced()) }
}

fn not_balanced() -> CliError {
    CliError::failed(tr("the books are not balanced", "账目不平")).with_code("balance")
}

fn show_balance(run: Option<i64>, balance: &Balance) {
    let mut row = vec![run.map_or_else(|| tr("all runs", "全部同步").to_owned(), |r| r.to_string())];
    row.extend(balance_cells(balance));
    table(&balance_heading(tr("run", "同步")), &[row]);
    say(&format!(
        "\n  {} · {} · {} {}",
        if balance.balanced { tr("balanced", "账目平衡") } else { tr("NOT BALANCED", "账目不平") },
        if balance.complete { tr("complete", "已全部处理") } else { tr("not complete", "尚未全部处理") },
        balance.teachers_due,
        tr("teachers due", "名教师待结算"),
    ));
}

pub async fn run(settings: Settings, listing: Listing, json: bool) -> Result<(), CliError> {
    let opened = open::database(&settings, Make::Nothing).await?;
    match listing {
        Listing::List { of, span } => {
            let program = open::program();
            let access = open::access(&opened, &settings, &program);
            let page = runs::list(access, &of.filter(None, None), span.into()).await?;
            show_page(json, &page, list);
        }
        Listing::Show { id } => {
            let shown = runs::show(&opened, id).await?;
            show(json, &shown, show_run);
        }
    }
    opened.close().await;
    Ok(())
}

fn list(rows: &[RunRow]) {
    let cells = |r: &RunRow| {
        vec![
            r.run.to_string(),
            r.source.clone(),
            word(r.state.as_str()).to_owned(),
            if r.full { tr("full", "全量") } else { "" }.to_owned(),
            moment(&r.started_at),
            r.ended_at.as_deref().map(moment).unwrap_or_default(),
            r.failure.iter().chain(r.unmet.iter().flatten()).map(said).collect::<Vec<_>>().join(tr("; ", "；")),
        ]
    };
    let heading = [
        tr("run", "同步"),
        tr("source", "来源"),
        tr("state", "状态"),
        "",
        tr("started", "开始"),
        tr("ended", "结束"),
        tr("failure", "失败原因"),
    ];
    table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
}

fn show_run(shown: &RunShown) {
    list(std::slice::from_ref(&shown.run));
    note_unread(&shown.run.source, &shown.unread_payloads);
    for field in &shown.new_fields {
        note(&both!("new field: {field}", "新字段：{field}"));
    }
}
