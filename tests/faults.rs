//! Kills, pauses and restarts: no record is lost or counted twice, no innocent batch is quarantined, and the one batch
//! that kills its process is.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use huiliu_sandbox::{CLIENT, Options, SECRET, Sandbox, World};
use sqlx::Row as _;

use crate::test_env::{Services, TestEnv, Truth};

/// The faults injected into the workers, the database and the queue.
#[derive(Debug, Clone, Copy, Default)]
struct Faults {
    kills: u32,
    zombies: u32,
    restarts: u32,
    /// How often all of Redis is flushed.
    flushes: u32,
    /// How often Redis is killed and started again.
    redis_kills: u32,
    /// How many minutes Redis is away.
    minutes_without_redis: u32,
    /// Whether the workers' clocks are ten minutes fast or slow.
    skewed: bool,
    skip_epoch: bool,
    records: u64,
    /// A record whose batch aborts every process that reads it.
    killer: Option<&'static str>,
    /// How long a worker waits before each commit, in milliseconds, so that kills and pauses meet work in progress.
    slow_ms: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Kill,
    Zombie,
    RestartDatabase,
    Flush,
    KillRedis,
    RedisAway,
}

impl Faults {
    /// Returns all faults, each kind spread evenly over the whole run.
    fn plan_faults(&self) -> Vec<Fault> {
        let kinds = [
            (Fault::Kill, self.kills),
            (Fault::Zombie, self.zombies),
            (Fault::RestartDatabase, self.restarts),
            (Fault::Flush, self.flushes),
            (Fault::KillRedis, self.redis_kills),
            (Fault::RedisAway, self.minutes_without_redis),
        ];
        let mut plan: Vec<(u32, Fault)> = kinds
            .into_iter()
            .flat_map(|(fault, n)| (0..n).map(move |i| ((2 * i + 1) * 100_000 / (2 * n), fault)))
            .collect();
        plan.sort_by_key(|(place, _)| *place);
        plan.into_iter().map(|(_, fault)| fault).collect()
    }
}

const LEASE_MS: u64 = 1_500;
const LEFT: &str = "SELECT count(*) FROM batch WHERE state IN ('due', 'claimed')";

struct WorkerCrew<'a> {
    house: &'a TestEnv,
    faults: Faults,
    workers: Vec<Child>,
    workers_started: usize,
    seed: u64,
}

impl WorkerCrew<'_> {
    fn next_random(&mut self, n: u64) -> u64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % n
    }

    fn start_worker(&mut self) {
        let mut command: Command = self.house.command(&["worker"]);
        if let Some(killer) = self.faults.killer {
            command.env("HUILIU_FAULT_ABORT_ON", killer);
        }
        if self.faults.skip_epoch {
            command.env("HUILIU_FAULT_SKIP_EPOCH", "1");
        }
        if self.faults.skewed {
            let clock = ["+10m", "-10m", "+0"][self.workers_started % 3];
            command.env("LD_PRELOAD", find_faketime()).env("FAKETIME", clock).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        }
        self.workers_started += 1;
        let worker = command
            .env("HUILIU_FAULT_SLOW_MS", self.faults.slow_ms.to_string())
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        self.workers.push(worker);
    }

    fn replace_dead_workers(&mut self) {
        self.workers.retain_mut(|w| w.try_wait().unwrap().is_none());
        while self.workers.len() < 4 {
            self.start_worker();
        }
    }

    fn send_signal(&self, worker: usize, signal: i32) {
        let pid = i32::try_from(self.workers[worker].id()).unwrap();
        // SAFETY: the process is our own child and has not been waited for.
        unsafe { libc::kill(pid, signal) };
    }
}

impl Drop for WorkerCrew<'_> {
    fn drop(&mut self) {
        for worker in &mut self.workers {
            let _ = worker.kill();
            let _ = worker.wait();
        }
    }
}

fn write_settings(house: &TestEnv, sandbox: &Sandbox, drop_dir: &std::path::Path) -> String {
    let mut text = String::new();
    for connector in ["institution", "intel", "cmcc", "lego", "microsoft"] {
        text += &format!(
            "[[source]]\nname = \"demo-{connector}\"\nconnector = \"{connector}\"\ninstitution_code = \"{connector}\"\nbase_url = \"{}\"\nuser = \"{CLIENT}\"\npassword_env = \"SANDBOX_SECRET\"\nfolder = \"{}\"\n",
            sandbox.base_url(),
            drop_dir.display()
        );
    }
    let file = house.dir.0.join("huiliu.toml");
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

async fn query_count(house: &TestEnv, sql: &str) -> i64 {
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    match &house.postgres {
        Some(pg) => {
            let pool = sqlx::PgPool::connect(&pg.url()).await.unwrap();
            sqlx::query(sql).fetch_one(&pool).await.unwrap().get(0)
        }
        None => {
            let url = format!("sqlite:{}?mode=rwc", house.dir.0.join("data/huiliu.db").display());
            let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
            let n = sqlx::query(sql).fetch_one(&pool).await.unwrap().get(0);
            pool.close().await;
            n
        }
    }
}

/// Pauses a worker that holds claims until others have taken its batches, then lets it continue. Returns false if it
/// held none, or if nobody could take them because it was paused in the middle of a commit.
fn make_zombie(crew: &WorkerCrew<'_>, runtime: &tokio::runtime::Runtime, victim: usize) -> bool {
    crew.send_signal(victim, libc::SIGSTOP);
    // After a moment, none of its statements is in progress any more.
    std::thread::sleep(Duration::from_millis(50));
    let held =
        format!("SELECT count(*) FROM batch WHERE state = 'claimed' AND holder LIKE '%:{}'", crew.workers[victim].id());
    let claims = || runtime.block_on(query_count(crew.house, &held));
    let held_some = claims() > 0;
    let deadline = Instant::now() + Duration::from_secs(8);
    while held_some && claims() > 0 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(100));
    }
    let taken_up = held_some && claims() == 0;
    if taken_up {
        // The others finish these batches first, so that the zombie is really too late and not just in between.
        std::thread::sleep(Duration::from_millis(700));
    }
    crew.send_signal(victim, libc::SIGCONT);
    taken_up
}

/// Returns the library that gives a process its own clock.
fn find_faketime() -> PathBuf {
    let found = std::fs::read_dir("/usr/lib")
        .unwrap()
        .filter_map(Result::ok)
        .map(|e| e.path().join("faketime/libfaketime.so.1"))
        .find(|p| p.exists());
    found.expect("libfaketime is not installed; run the tests with `bash tests/run`, which installs it")
}

/// The progress of the load, sampled while faults are injected.
struct Progress {
    left: i64,
    moved: Instant,
    longest_pause: Duration,
}

impl Progress {
    /// Notes how many batches are left, and for how long none was finished.
    fn note_left(&mut self, left: i64) {
        if left != self.left {
            (self.left, self.moved) = (left, Instant::now());
        }
        self.longest_pause = self.longest_pause.max(self.moved.elapsed());
    }
}

/// Injects the planned faults while the workers work, then waits for the end. Returns the longest time in which no
/// batch was finished.
fn inject_faults(crew: &mut WorkerCrew<'_>, runtime: &tokio::runtime::Runtime) -> Result<Duration, String> {
    let deadline = Instant::now() + Duration::from_secs(1_500);
    let house = crew.house;
    let left = || runtime.block_on(query_count(house, LEFT));
    let mut progress = Progress { left: left(), moved: Instant::now(), longest_pause: Duration::ZERO };
    crew.replace_dead_workers();
    for fault in crew.faults.plan_faults() {
        let mut happened = false;
        while !happened {
            if Instant::now() > deadline || progress.left == 0 {
                return Err(format!(
                    "the faults were not all injected: {fault:?} found {} batches left",
                    progress.left
                ));
            }
            std::thread::sleep(Duration::from_millis(60 + crew.next_random(160)));
            crew.replace_dead_workers();
            progress.note_left(left());
            let victim = usize::try_from(crew.next_random(4)).unwrap();
            happened = match fault {
                Fault::Kill => {
                    crew.send_signal(victim, libc::SIGKILL);
                    true
                }
                Fault::Zombie => {
                    // Long enough after its start for the worker to hold a claim.
                    std::thread::sleep(Duration::from_millis(500));
                    crew.workers[victim].try_wait().unwrap().is_none() && make_zombie(crew, runtime, victim)
                }
                Fault::RestartDatabase => {
                    house.postgres.as_ref().unwrap().restart_immediately();
                    true
                }
                Fault::Flush => house.redis.as_ref().unwrap().run_command(&["FLUSHALL"]) == "OK\n",
                Fault::KillRedis => {
                    house.redis.as_ref().unwrap().kill_server();
                    house.redis.as_ref().unwrap().start_server();
                    true
                }
                Fault::RedisAway => {
                    house.redis.as_ref().unwrap().kill_server();
                    for _ in 0..60 {
                        std::thread::sleep(Duration::from_secs(1));
                        progress.note_left(left());
                    }
                    house.redis.as_ref().unwrap().start_server();
                    true
                }
            };
        }
    }
    while progress.left > 0 {
        if Instant::now() > deadline {
            return Err("the load did not end".into());
        }
        std::thread::sleep(Duration::from_millis(300));
        crew.replace_dead_workers();
        progress.note_left(left());
    }
    Ok(progress.longest_pause)
}

/// Runs one load under the faults and returns what is wrong afterwards.
fn load_under_faults(on: Services, faults: Faults) -> Result<(), String> {
    let mut house = TestEnv::new(on);
    for (key, value) in
        [("HUILIU_BATCH_RECORDS", "20"), ("SANDBOX_SECRET", SECRET), ("HUILIU_LEASE_MS", &LEASE_MS.to_string())]
    {
        house.env.push((key.into(), value.into()));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let options = Options { seed: 3, records: faults.records, faults: true, changed_percent: 0 };
    let (drop_dir, truth_file) = (house.dir.0.join("drop"), house.dir.0.join("truth.jsonl"));
    let sandbox = runtime.block_on(Sandbox::start(options, &drop_dir)).unwrap();
    World::new(options).write_truth(&truth_file).unwrap();
    let config = write_settings(&house, &sandbox, &drop_dir);
    assert!(house.run(&["migrate"]).status.success());
    let landed = house.run_json(&["sync", "--all", "--land-only", "--config", &config, "--json"]);
    assert_eq!(landed["balance"]["pending"].as_u64(), Some(faults.records));

    let mut crew = WorkerCrew { house: &house, faults, workers: vec![], workers_started: 0, seed: 42 };
    let still = inject_faults(&mut crew, &runtime)?;
    println!("longest time without a batch done: {still:?}");
    if still > Duration::from_secs(60) {
        return Err(format!("for {still:?} nothing was done"));
    }
    crew.replace_dead_workers();
    drop(crew);
    let wrong = |what: &str, got: i64, want: i64| {
        if got == want { Ok(()) } else { Err(format!("{what}: {got}, expected {want}")) }
    };
    let quarantined = runtime.block_on(query_count(&house, "SELECT count(*) FROM batch WHERE state = 'quarantined'"));
    wrong("quarantined batches", quarantined, i64::from(faults.killer.is_some()))?;
    if faults.killer.is_some() {
        // The killer is fixed: its batch is released, and this time nothing ends the process.
        let set_aside = house.list_items(&["batches", "list", "--quarantined", "--json"]);
        let batch = set_aside[0]["batch"].to_string();
        let released = house.run(&["batches", "release", &batch, "--because", "the parser is mended"]);
        assert!(released.status.success(), "{}", String::from_utf8_lossy(&released.stderr));
        assert_eq!(house.run(&["batches", "release", &batch, "--because", "again"]).status.code(), Some(2));
    }
    let done = house.run(&["worker", "--until-done"]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));

    let truth = Truth::from_file(&truth_file);
    let told = house.run(&["balance", "--json"]);
    if !told.status.success() {
        return Err(format!("the books: {}", String::from_utf8_lossy(&told.stdout)));
    }
    let balance: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    let n = |k: &str| balance[k].as_i64().unwrap();
    if balance["balanced"] != true || balance["complete"] != true {
        return Err(format!("the books: {balance}"));
    }
    wrong("received", n("received"), i64::try_from(faults.records).unwrap())?;
    let held = runtime.block_on(query_count(&house, "SELECT count(*) FROM training_record"));
    wrong("records held", held, truth.totals["distinct_good_records"].as_i64().unwrap())?;
    wrong("inserted, against the records held", n("inserted"), held)?;
    let seen = runtime.block_on(query_count(&house, "SELECT count(*) FROM dead_letter_sighting"));
    wrong("bad rows seen", seen, truth.totals["bad"].as_i64().unwrap())?;
    if house.open_dead_letters() != truth.letters {
        return Err("the dead letters differ from the truth".into());
    }
    if house.read_ledger() != truth.ledger {
        return Err("the hours differ from the truth".into());
    }
    Ok(())
}

const STORM: Faults = Faults {
    kills: 200,
    zombies: 20,
    restarts: 0,
    flushes: 0,
    redis_kills: 0,
    minutes_without_redis: 0,
    skewed: false,
    skip_epoch: false,
    records: 36_000,
    killer: Some("\"C00000005\""),
    slow_ms: 500,
};

#[test]
fn a_storm_on_sqlite_loses_nothing_and_counts_nothing_twice() {
    assert_eq!(load_under_faults(Services::Sqlite, STORM), Ok(()));
}

#[test]
fn a_storm_on_postgresql_loses_nothing_and_counts_nothing_twice() {
    assert_eq!(load_under_faults(Services::Postgres, Faults { restarts: 5, ..STORM }), Ok(()));
}

#[test]
fn a_storm_on_redis_too_loses_nothing_and_counts_nothing_twice() {
    let faults = Faults {
        restarts: 5,
        flushes: 20,
        redis_kills: 10,
        minutes_without_redis: 2,
        skewed: true,
        records: 90_000,
        ..STORM
    };
    assert_eq!(load_under_faults(Services::PostgresAndRedis, faults), Ok(()));
}

#[test]
fn without_the_epoch_check_zombies_are_noticed() {
    let faults = Faults { zombies: 4, skip_epoch: true, records: 8_000, slow_ms: 700, ..Faults::default() };
    let told = load_under_faults(Services::Postgres, faults);
    assert!(told.is_err_and(|e| !e.contains("injected")), "the fence is out and nothing was noticed");
    assert_eq!(load_under_faults(Services::Postgres, Faults { skip_epoch: false, ..faults }), Ok(()));
}

/// Twenty workers die at once with forty batches, under the default lease of thirty seconds.
#[test]
fn a_dead_workers_batches_are_taken_up_within_a_minute() {
    let mut house = TestEnv::new(Services::PostgresAndRedis);
    house.env.push(("SANDBOX_SECRET".into(), SECRET.into()));
    house.env.push(("HUILIU_BATCH_RECORDS".into(), "25".into()));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let options = Options { seed: 4, records: 1_000, faults: false, changed_percent: 0 };
    let drop_dir = house.dir.0.join("drop");
    let sandbox = runtime.block_on(Sandbox::start(options, &drop_dir)).unwrap();
    let config = write_settings(&house, &sandbox, &drop_dir);
    assert!(house.run(&["migrate"]).status.success());
    assert!(house.run(&["sync", "--all", "--land-only", "--config", &config]).status.success());
    let number = |sql: &str| runtime.block_on(query_count(&house, sql));
    let batches = number("SELECT count(*) FROM batch");
    let start = |slow_ms: &str| {
        let mut command = house.command(&["worker"]);
        command.env("HUILIU_FAULT_SLOW_MS", slow_ms).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap()
    };
    let mut doomed: Vec<Child> = (0..20).map(|_| start("600000")).collect();
    let held = "SELECT count(*) FROM batch WHERE state = 'claimed'";
    let patience = Instant::now() + Duration::from_secs(60);
    while number(held) < batches.min(40) && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(200));
    }
    let claims = number(held);
    assert!(claims >= 30, "only {claims} claims are held");
    for worker in &mut doomed {
        worker.kill().unwrap();
        worker.wait().unwrap();
    }
    let died = Instant::now();
    let mut survivors = [start("0"), start("0")];
    let mut last = Duration::ZERO;
    while number(held) > 0 && died.elapsed() < Duration::from_secs(90) {
        last = died.elapsed();
        std::thread::sleep(Duration::from_millis(200));
    }
    for worker in &mut survivors {
        worker.kill().unwrap();
        worker.wait().unwrap();
    }
    println!("{claims} batches of dead workers, the last taken up after {last:?}");
    assert!(last < Duration::from_secs(60), "taken up only after {last:?}");
}
