//! `worker`: delivers, settles, sweeps, and reads the sources whose moment has come.

use std::sync::Arc;
use std::time::{Duration, Instant};

use huiliu_engine::ingest::From;
use huiliu_engine::schedule::Turn;
use huiliu_manifest::Transport;
use huiliu_store::StoreFault;
use huiliu_store::delivery::batches;
use huiliu_store::intake::source_lease::{self, Ended};
use huiliu_store::sql::schema;
use huiliu_values::calendar::instant;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::Instrument as _;

use super::sync::{Line, told_to_stop};
use crate::registry::Known;
use crate::settings::Settings;
use crate::wire::{self, House, Make};
use crate::words::{note, spoken, tr};
use crate::{Stop, health};

pub async fn run(settings: Settings, until_done: bool) -> Result<(), Stop> {
    let told = told_to_stop()?;
    let house = wire::open(settings, Make::Files).await?;
    let lines = Lines::open(&house).await?;
    if let Some(address) = house.settings.health {
        tokio::spawn(health::serve(health::listen(address).await?, house.clone()));
    }
    let (stop, stopped) = watch::channel(false);
    let mut work = tokio::spawn({
        let (house, stopped) = (house.clone(), stopped.clone());
        async move { house.work(stopped).await }
    });
    let mut reading = tokio::spawn(follow_schedules(house.clone(), lines, stopped.clone()));
    note(tr("worker started; stop it with Ctrl-C or SIGTERM", "工作进程已启动；用 Ctrl-C 或 SIGTERM 停止"));
    let result = tokio::select! {
        ended = &mut work => ended.unwrap_or_else(|e| Err(Stop::failed(spoken(&e)))),
        done = tend(&house, until_done) => done,
        () = told_so(told) => Ok(()),
    };
    let _ = stop.send(true);
    let until = tokio::time::Instant::now() + wire::PATIENCE;
    let _ = tokio::time::timeout_at(until, &mut reading).await;
    if !work.is_finished() {
        let _ = tokio::time::timeout_at(until, &mut work).await;
    }
    match tokio::time::timeout(Duration::from_secs(5), batches::release_all(&house.desk.db, &house.desk.holder)).await {
        Ok(Ok(0)) => {}
        Ok(Ok(n)) => tracing::info!(batches = n, "put back what was not finished"),
        Ok(Err(e)) => tracing::warn!(error = %e, "claims not given back; their leases run out"),
        Err(_) => tracing::warn!("claims not given back in time; their leases run out"),
    }
    let _ = tokio::time::timeout(Duration::from_secs(2), house.close()).await;
    result
}

async fn told_so(mut told: watch::Receiver<bool>) {
    let _ = told.wait_for(|told| *told).await;
}

/// How soon a source that could not be made ready is tried again.
const AGAIN: Duration = Duration::from_secs(60);

/// The sources that this worker reads, kept up with what is registered.
struct Lines {
    all: Vec<Arc<Line>>,
    /// The registry's number that they follow.
    number: i64,
    /// When one could not be made ready.
    failed: Option<Instant>,
}

impl Lines {
    /// Every source, written into the books with its schedule; one of the settings that cannot be read is told at once.
    async fn open(house: &House) -> Result<Self, Stop> {
        let mut lines = Self { all: vec![], number: -1, failed: None };
        let known = house.known();
        for (source, stop) in lines.follow(house, &known).await {
            let ours = house.settings.sources.iter().any(|s| s.name == source);
            if ours && known.unreadable(connector_of(&known, &source)).is_none() {
                return Err(stop);
            }
            tracing::warn!(source, error = stop.message, "the source cannot be read");
        }
        Ok(lines)
    }

    /// Takes up what was registered since.
    async fn keep_up(&mut self, house: &House) {
        let known = house.known();
        if known.number == self.number && self.failed.is_none_or(|at| at.elapsed() < AGAIN) {
            return;
        }
        for (source, stop) in self.follow(house, &known).await {
            tracing::warn!(source, error = stop.message, "the source cannot be read; trying again");
        }
    }

    /// Makes a line of each source whose connector is enabled; those that are as they were are kept. Gives those that
    /// could not be made.
    async fn follow(&mut self, house: &House, known: &Known) -> Vec<(String, Stop)> {
        let (mut all, mut failed) = (Vec::new(), Vec::new());
        for source in &known.sources {
            if known.may_read(&source.connector).is_err() {
                tracing::info!(
                    source = source.name,
                    connector = source.connector,
                    "not read: its connector is disabled"
                );
                continue;
            }
            let made = house.recipe(source).ok();
            if made.as_ref().is_some_and(|(_, manifest)| matches!(manifest.transport, Transport::Push {})) {
                continue;
            }
            let recipe = made.map(|(recipe, _)| recipe);
            match self.all.iter().find(|line| recipe.as_ref() == Some(&line.recipe)) {
                Some(same) => all.push(same.clone()),
                None => match Line::open(house, source).await {
                    Ok(line) => all.push(Arc::new(line)),
                    Err(stop) => failed.push((source.name.clone(), stop)),
                },
            }
        }
        self.failed = (!failed.is_empty()).then(Instant::now);
        (self.all, self.number) = (all, known.number);
        failed
    }
}

fn connector_of<'k>(known: &'k Known, source: &str) -> &'k str {
    known.sources.iter().find(|s| s.name == source).map_or("", |s| &s.connector)
}

/// Reads the sources whose moment has come, as many at a time as batches are delivered.
async fn follow_schedules(house: House, mut lines: Lines, mut stop: watch::Receiver<bool>) {
    let mut reading = JoinSet::new();
    while tokio::time::timeout(Duration::from_secs(1), stop.wait_for(|stop| *stop)).await.is_err() {
        while reading.try_join_next().is_some() {}
        let due = source_lease::due(&house.desk.db).await.unwrap_or_else(|e| {
            tracing::warn!(error = %e, "the schedules cannot be read; trying again");
            vec![]
        });
        // Nothing is read as it was registered before.
        if !due.is_empty()
            && let Err(e) = house.refresh().await
        {
            tracing::warn!(error = %e, "what is registered cannot be looked at; trying again");
            continue;
        }
        lines.keep_up(&house).await;
        let room = house.settings.workers.saturating_sub(reading.len());
        for line in due.iter().filter_map(|name| lines.all.iter().find(|l| l.source.name == *name)).take(room) {
            match line.take(&house, true).await {
                Ok(Some(turn)) => {
                    reading.spawn(read(house.clone(), line.clone(), turn, stop.clone()));
                }
                Ok(None) => {}
                Err(e) => tracing::warn!(source = line.source.name, error = e.message, "no turn; trying again"),
            }
        }
    }
    while reading.join_next().await.is_some() {}
}

async fn read(house: House, line: Arc<Line>, turn: Turn, stop: watch::Receiver<bool>) {
    let failures = turn.claim.failures;
    let span = tracing::error_span!("sync", source = line.source.name);
    async {
        tracing::info!("the sync begins, as its schedule says");
        match line.read(&house, turn, From::Cursor, (&stop, &|_| {})).await {
            Ok((report, next)) => {
                let (run, next) = (report.run, next.map(instant).unwrap_or_default());
                match (report.ended, report.failure) {
                    (Ended::Failed, Some(f)) => {
                        tracing::warn!(run, next, failures = failures + 1, "the sync failed: {}; trying again", f.text);
                    }
                    (ended, _) => tracing::info!(run, next, ?ended, "the sync ended"),
                }
            }
            Err(e) => tracing::warn!(error = e.message, "the sync broke off; trying again"),
        }
    }
    .instrument(span)
    .await;
}

/// Settles when nothing is due, and at the latest every half minute; ends when all is done, if asked to, and when the key
/// has been rotated.
async fn tend(house: &House, until_done: bool) -> Result<(), Stop> {
    let (mut settled, mut looked, mut worked) = (Instant::now(), Instant::now(), true);
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let waiting = match batches::any_waiting(&house.desk.db, (0, i64::MAX)).await {
            Ok(waiting) => waiting,
            Err(e) => {
                tracing::warn!(error = %e, "the database does not answer; trying again");
                continue;
            }
        };
        if looked.elapsed() > Duration::from_secs(5) {
            looked = Instant::now();
            match schema::check_key(&house.desk.db, &house.desk.keys).await {
                Ok(keys) if keys.current() == house.desk.keys.current() => {}
                Ok(_) => return Err(StoreFault::KeyRetired.into()),
                Err(fault @ (StoreFault::KeyGeneration(_) | StoreFault::WrongKey)) => return Err(fault.into()),
                Err(e) => tracing::warn!(error = %e, "the database does not answer; trying again"),
            }
        }
        worked |= waiting;
        if (waiting || !worked) && settled.elapsed() < Duration::from_secs(30) {
            continue;
        }
        if let Err(e) = house.judge().await {
            tracing::warn!(error = %e.message, "passes not judged; trying again");
        }
        match house.settle().await {
            // A block that another process holds, or one that was killed, was left out.
            Ok(_)
                if !waiting
                    && until_done
                    && huiliu_store::settlement::due(&house.desk.db).await.is_ok_and(|left| left == 0) =>
            {
                return Ok(());
            }
            Ok(_) => (settled, worked) = (Instant::now(), waiting || until_done),
            Err(e) => tracing::warn!(error = %e.message, "not settled; trying again"),
        }
    }
}
