//! `sync`, and what `demo` shares with it: ingest several sources while this process delivers, then settle.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use huiliu_engine::ingest::{self, From, Ingest, RunReport};
use huiliu_engine::schedule::{self, Schedule, Turn};
use huiliu_manifest::Transport;
use huiliu_platform::Connector;
use huiliu_store::admin::reports::{self, Balance, UnreadRow};
use huiliu_store::delivery::batches;
use huiliu_store::intake::runs::{self, Source};
use huiliu_store::intake::source_lease::{self, Ended};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::Stop;
use crate::registry::{Known, Recipe};
use crate::settings::{Settings, SourceSettings};
use crate::wire::{self, House, Make};
use crate::words::{both, note, phrase, say, say_json, spoken, table, tr};

/// One source's share of a pass.
#[derive(Debug, Serialize)]
pub struct SourceReport {
    pub source: String,
    pub connector: String,
    pub run: i64,
    pub state: String,
    pub failure: Option<String>,
    #[serde(flatten)]
    pub balance: Balance,
    pub unread_payloads: Vec<UnreadRow>,
}

/// A pass over several sources.
#[derive(Debug, Serialize)]
pub struct Pass {
    pub balance: Balance,
    pub connectors: Vec<SourceReport>,
    pub seconds: f64,
    /// Whether something was given up for now that should have been delivered.
    #[serde(skip)]
    pub stuck: bool,
    /// What was not as the manifests expect.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unmet: Vec<String>,
}

/// What was asked of `sync`.
#[derive(Debug)]
pub struct Asked {
    pub names: Vec<String>,
    pub all: bool,
    pub from: From,
    pub land_only: bool,
    pub json: bool,
}

pub async fn run(settings: Settings, asked: Asked) -> Result<(), Stop> {
    let Asked { names, all, from, land_only, json } = asked;
    // What is registered in the store is only known once it is open; it is not made for a name that cannot be there.
    if !wire::is_there(&settings) {
        choose(&settings.sources, &names, all)?;
    }
    let house = wire::open(settings, Make::Files).await?;
    let known = house.known();
    let mut chosen = choose(&known.sources, &names, all)?;
    if all {
        skip_disabled(&known, &mut chosen)?;
        // What is handed in is not read.
        let manifests = house.desk.manifests.now();
        let is_push = |s: &SourceSettings| {
            manifests.get(&s.connector).is_some_and(|(manifest, _)| matches!(manifest.transport, Transport::Push {}))
        };
        chosen.retain(|source| !is_push(source));
    }
    let pass = pass(&house, &chosen, Pace { from, land_only, expected: None }).await?;
    show(&pass, json);
    house.close().await;
    verdict(&pass)
}

/// The sources that are asked for.
pub fn choose(sources: &[SourceSettings], names: &[String], all: bool) -> Result<Vec<SourceSettings>, Stop> {
    if sources.is_empty() {
        return Err(Stop::usage(tr(
            "no source is configured; add [[source]] to a settings file and give it with --config, or register one with \
             `huiliu sources add`",
            "没有配置来源；请在设置文件中添加 [[source]] 并用 --config 指定该文件，或用 `huiliu sources add` 注册",
        )));
    }
    for name in names {
        if !sources.iter().any(|s| s.name == *name) {
            let known: Vec<&str> = sources.iter().map(|s| s.name.as_str()).collect();
            return Err(Stop::usage(both!(
                "no source {name:?}; there are {known}",
                "没有来源 {name:?}；现有 {known}",
                known = known.join(", ")
            )));
        }
    }
    Ok(sources.iter().filter(|s| all || names.contains(&s.name)).cloned().collect())
}

/// Of all sources those of disabled connectors are left out, and it is told; nothing left is a failure.
fn skip_disabled(known: &Known, chosen: &mut Vec<SourceSettings>) -> Result<(), Stop> {
    let mut last = None;
    chosen.retain(|source| match known.may_read(&source.connector) {
        Ok(()) => true,
        Err(stop) => {
            note(&both!("{}: not read: {}", "{}：未读取：{}", source.name, stop.message));
            last = Some(stop);
            false
        }
    });
    match last {
        Some(stop) if chosen.is_empty() => Err(stop),
        _ => Ok(()),
    }
}

/// How a pass is made. `expected` is only for the progress bar.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    pub from: From,
    pub land_only: bool,
    pub expected: Option<u64>,
}

/// Ingests the sources one after the other while this process delivers; then settles.
pub async fn pass(house: &House, sources: &[SourceSettings], pace: Pace) -> Result<Pass, Stop> {
    let mut lines = Vec::new();
    for settings in sources {
        lines.push(Line::open(house, settings).await?);
    }
    pass_over(house, lines, pace).await
}

/// [`pass`] over lines that are open already.
pub async fn pass_over(house: &House, lines: Vec<Line>, pace: Pace) -> Result<Pass, Stop> {
    let started = Instant::now();
    let ready = take_all(house, lines).await?;
    let told = told_to_stop()?;
    let bar = bar(pace.expected);
    let (stop, stopped) = watch::channel(false);
    let worker = tokio::spawn({
        let house = house.clone();
        async move { if pace.land_only { Ok(()) } else { house.work(stopped).await } }
    });
    let progress = |records: u32| bar.inc(u64::from(records));
    let mut runs = Vec::new();
    for (line, turn) in ready {
        let (report, _) = line.read(house, turn, pace.from, (&told, &progress)).await?;
        runs.push((line.source, report));
    }
    let ids: Vec<i64> = runs.iter().map(|(_, r)| r.run).collect();
    bar.set_message(tr("delivering", "投递中"));
    while !pace.land_only && !*told.borrow() && house.any_waiting(&ids).await? {
        if worker.is_finished() {
            return Err(match worker.await {
                Ok(Err(stop)) => stop,
                _ => Stop::failed(tr("the worker ended before its work", "工作进程提前结束")),
            });
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    let _ = stop.send(true);
    let mut unmet: Vec<String> = Vec::new();
    bar.set_message(tr("settling", "结算中"));
    if *told.borrow() {
        let _ = tokio::time::timeout(wire::PATIENCE, worker).await;
        batches::release_all(&house.desk.db, &house.desk.holder).await?;
    } else if !pace.land_only {
        house.settle_patiently().await?;
        unmet = house.judge().await?.into_iter().filter(|(run, _)| ids.contains(run)).map(|(_, what)| what).collect();
        worker.abort();
    }
    bar.finish_and_clear();
    let mut connectors = Vec::new();
    for (source, report) in runs {
        connectors.push(SourceReport {
            source: source.name.clone(),
            connector: source.connector.clone(),
            run: report.run,
            state: if report.failure.is_some() { "failed" } else { "done" }.into(),
            failure: report.failure.map(|f| f.text),
            balance: reports::balance(&house.desk.db, (report.run, report.run)).await?,
            unread_payloads: reports::unread(&house.desk.db, report.run).await?,
        });
    }
    let balance = Balance::total(connectors.iter().map(|c: &SourceReport| &c.balance));
    let stuck = !pace.land_only && !*told.borrow() && balance.pending > 0;
    Ok(Pass { balance, connectors, seconds: started.elapsed().as_secs_f64(), stuck, unmet })
}

/// A source that can be read: in the books, with its schedule, and with its connector.
pub struct Line {
    pub source: Source,
    /// What its connector was made of.
    pub recipe: Recipe,
    connector: Arc<dyn Connector>,
}

impl Line {
    /// Writes the source and its schedule into the books.
    pub async fn open(house: &House, settings: &SourceSettings) -> Result<Self, Stop> {
        house.known().may_read(&settings.connector)?;
        let (recipe, manifest) = house.recipe(settings)?;
        let connector = house.connector(&recipe, manifest)?;
        Self::over(house, recipe, connector).await
    }

    /// Of a source that is read through this connector.
    pub async fn over(house: &House, recipe: Recipe, connector: Arc<dyn Connector>) -> Result<Self, Stop> {
        let settings = &recipe.source;
        let db = &house.desk.db;
        let institution = (settings.institution_code.as_str(), settings.institution_name.as_str());
        let source = runs::register_source(db, &settings.name, &settings.connector, institution).await?;
        if source.connector != settings.connector {
            return Err(Stop::usage(both!(
                "source {name} is in the books with connector {booked}, the settings say {now}; give the new one another name",
                "来源 {name} 已按连接器 {booked} 登记，而设置中为 {now}；请为新来源另取名称",
                name = source.name,
                booked = source.connector,
                now = settings.connector
            )));
        }
        let schedule = settings.schedule.as_ref();
        let now = source_lease::now(db).await?;
        let next = schedule.and_then(|s| s.next_after(now));
        source_lease::plan(db, source.id, schedule.map_or("", Schedule::text), next).await?;
        Ok(Self { source, recipe, connector })
    }

    /// Takes its turn, if nobody else has it.
    pub async fn take(&self, house: &House, only_due: bool) -> Result<Option<Turn>, Stop> {
        let desk = &house.desk;
        Ok(schedule::take(&desk.db, self.source.id, desk.lease_ms, &desk.holder, only_due).await?)
    }

    /// Somebody else has its turn.
    pub fn busy(&self) -> Stop {
        Stop::failed(both!(
            "source {name} is being read by another process; see `huiliu schedules list`, and try again when it has ended",
            "来源 {name} 正由另一个进程同步；请看 `huiliu schedules list`，待其结束后再试",
            name = self.source.name
        ))
    }

    /// Reads it to its end, or until told to stop, and gives the turn back. Says when it is read next, in microseconds UTC.
    pub async fn read(
        &self,
        house: &House,
        turn: Turn,
        from: From,
        (stop, progress): (&watch::Receiver<bool>, &(dyn Fn(u32) + Sync)),
    ) -> Result<(RunReport, Option<i64>), Stop> {
        let cx = Ingest {
            db: &house.desk.db,
            keys: &house.desk.keys,
            bell: Some(&house.bell),
            batch_records: house.settings.batch_records,
            progress,
            stop,
        };
        let read = ingest::sync(cx, (&self.source, turn.claim), self.connector.as_ref(), from).await;
        let ended = read.as_ref().map_or(Ended::Failed, |report| report.ended);
        // What was handed in says nothing about when the source is to be read.
        let ended = if from == From::Handed { Ended::Stopped } else { ended };
        let next = turn.end(ended, self.recipe.source.schedule.as_ref()).await?;
        Ok((read?, next))
    }
}

/// Takes the turn of every source, or of none.
async fn take_all(house: &House, lines: Vec<Line>) -> Result<Vec<(Line, Turn)>, Stop> {
    let mut ready: Vec<(Line, Turn)> = Vec::new();
    for line in lines {
        if let Some(turn) = line.take(house, false).await? {
            ready.push((line, turn));
            continue;
        }
        for (_, turn) in ready {
            turn.end(Ended::Stopped, None).await?;
        }
        return Err(line.busy());
    }
    Ok(ready)
}

/// Turns true at Ctrl-C or SIGTERM.
pub fn told_to_stop() -> Result<watch::Receiver<bool>, Stop> {
    let (tell, told) = watch::channel(false);
    let mut terminated = signal(SignalKind::terminate()).map_err(|e| Stop::failed(spoken(&e)))?;
    let mut interrupted = signal(SignalKind::interrupt()).map_err(|e| Stop::failed(spoken(&e)))?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminated.recv() => (),
            _ = interrupted.recv() => (),
        }
        let _ = tell.send(true);
        // Whoever asks later is told too.
        tell.closed().await;
    });
    Ok(told)
}

fn bar(expected: Option<u64>) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    }
    let bar = ProgressBar::new(expected.unwrap_or(0));
    let style = ProgressStyle::with_template("{spinner} {msg} {human_pos}/{human_len} {per_sec} {elapsed}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(tr("reading", "读取中"));
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// 12345 → 12,345.
pub fn grouped(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    if n < 0 { format!("-{out}") } else { out }
}

/// A row of a balance table.
pub fn balance_cells(b: &Balance) -> Vec<String> {
    [
        b.received,
        b.inserted,
        b.updated,
        b.unchanged,
        b.superseded,
        b.skipped,
        b.parked,
        b.discarded,
        b.pending,
        b.unread,
    ]
    .iter()
    .map(|n| grouped(*n))
    .collect()
}

/// The heading of a balance table, after the first column.
pub fn balance_heading(first: &'static str) -> Vec<&'static str> {
    vec![
        first,
        tr("received", "收到"),
        tr("inserted", "新增"),
        tr("updated", "更新"),
        tr("unchanged", "未变"),
        tr("superseded", "过时"),
        tr("skipped", "略过"),
        tr("parked", "待处理"),
        tr("discarded", "已作废"),
        tr("pending", "未投递"),
        tr("unread", "不可读"),
    ]
}

/// Prints a pass.
pub fn show(pass: &Pass, json: bool) {
    if json {
        say_json(pass);
        return;
    }
    let mut rows: Vec<Vec<String>> = Vec::new();
    for c in &pass.connectors {
        let mut row = vec![c.source.clone()];
        row.extend(balance_cells(&c.balance));
        rows.push(row);
    }
    let mut row = vec![tr("total", "合计").to_owned()];
    row.extend(balance_cells(&pass.balance));
    rows.push(row);
    table(&balance_heading(tr("source", "来源")), &rows);
    for c in pass.connectors.iter().filter(|c| c.failure.is_some()) {
        note(&format!(
            "{}{}: {}",
            tr("failed: ", "失败："),
            c.source,
            phrase(c.failure.as_deref().unwrap_or_default())
        ));
    }
    for c in &pass.connectors {
        note_unread(&c.source, &c.unread_payloads);
    }
    let state = |ok: bool, yes: &'static str, no: &'static str| if ok { yes } else { no };
    say(&format!(
        "\n  {} · {} · {} {} · {:.1} s",
        state(pass.balance.balanced, tr("balanced", "账目平衡"), tr("NOT BALANCED", "账目不平")),
        state(pass.balance.complete, tr("complete", "已全部处理"), tr("not complete", "尚未全部处理")),
        grouped(pass.balance.teachers_due),
        tr("teachers due", "名教师待结算"),
        pass.seconds
    ));
}

/// Which payloads cannot be read, and why.
pub fn note_unread(source: &str, payloads: &[UnreadRow]) {
    for UnreadRow { stream, payload, reason } in payloads {
        note(&both!(
            "unread: {source}/{stream}  {payload}: {reason}",
            "不可读：{source}/{stream}  {payload}：{reason}",
            payload = phrase(payload),
            reason = phrase(reason)
        ));
    }
}

/// 0, or why not.
pub fn verdict(pass: &Pass) -> Result<(), Stop> {
    if !pass.balance.balanced {
        return Err(Stop::failed(tr(
            "the books are not balanced; this is a fault of Huiliu, please report it with `huiliu runs list --json`",
            "账目不平；这是汇流的错误，请附上 `huiliu runs list --json` 的输出报告问题",
        )));
    }
    if let Some(c) = pass.connectors.iter().find(|c| c.failure.is_some()) {
        return Err(Stop::failed(both!(
            "source {}: the run failed, what came before is kept: {}",
            "来源 {}：同步失败，此前收到的已保留：{}",
            c.source,
            phrase(c.failure.as_deref().unwrap_or_default())
        )));
    }
    if !pass.unmet.is_empty() {
        return Err(Stop::failed(both!(
            "not as expected, what came is kept: {}",
            "与预期不符，已收到的保留：{}",
            pass.unmet.iter().map(|what| phrase(what)).collect::<Vec<_>>().join("; ")
        )));
    }
    if pass.stuck {
        return Err(Stop::failed(both!(
            "{n} raw records are not delivered: they are tried again later, or wait for a person; see `huiliu batches list`",
            "有 {n} 条原始记录尚未投递：稍后重试，或等待人工处理；请看 `huiliu batches list`",
            n = pass.balance.pending
        )));
    }
    Ok(())
}
