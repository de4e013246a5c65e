//! The environment of one test: the binary, a data directory, and a PostgreSQL cluster or a Redis if the test needs
//! one.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use sqlx::{Connection as _, Row as _};

/// Returns the class-hour units before and after a change.
pub fn units_before_after(hours: &Value) -> [i64; 2] {
    ["before", "after"].map(|when| hours[when]["units"].as_i64().unwrap_or_else(|| panic!("no hours: {hours}")))
}

/// Returns the rows of a listing. Panics if the value is not a page of a listing.
pub fn items_of(page: Value) -> Value {
    assert!(page["items"].is_array() && page.get("next").is_some(), "no listing: {page}");
    page["items"].clone()
}

/// A temporary directory, removed when the value is dropped.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Self {
        let stamp = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
        let path = std::env::temp_dir().join(format!("huiliu-{name}-{}-{stamp}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A throw-away PostgreSQL cluster on a free loopback port.
pub struct Postgres {
    dir: Scratch,
    bin: PathBuf,
    port: u16,
    settings: &'static str,
}

fn command_as_postgres(program: &Path) -> Command {
    // initdb refuses to run as root.
    let root = Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout.starts_with(b"0\n"));
    if root {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

impl Postgres {
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// Starts a cluster with server settings, written as `-c name=value …`.
    pub fn start_with(settings: &'static str) -> Self {
        let bin = std::fs::read_dir("/usr/lib/postgresql")
            .expect("PostgreSQL is not installed; run the tests with `bash tests/run`, which installs it")
            .filter_map(Result::ok)
            .map(|e| e.path().join("bin"))
            .filter(|p| p.join("initdb").exists())
            .max()
            .expect("PostgreSQL's initdb is missing; run the tests with `bash tests/run`");
        let dir = Scratch::new("pg");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let _ = Command::new("chown").arg("postgres").arg(&dir.0).status();
        let cluster = Self { dir, bin, port, settings };
        let made = command_as_postgres(&cluster.bin.join("initdb"))
            .args(["-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8", "-D"])
            .arg(cluster.data_dir())
            .current_dir("/")
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        cluster.run_pg_ctl(&["start"]);
        cluster
    }

    fn data_dir(&self) -> PathBuf {
        self.dir.0.join("data")
    }

    fn run_pg_ctl(&self, verb: &[&str]) {
        // Twenty workers at once open more connections than the 100 that a server allows by default. What a test kills is
        // the server, never the machine, so nothing needs to reach the disk.
        let options = format!(
            "-p {} -k {} -c listen_addresses=127.0.0.1 -c max_connections=400 -c fsync=off {}",
            self.port,
            self.dir.0.display(),
            self.settings
        );
        let status = command_as_postgres(&self.bin.join("pg_ctl"))
            .args(["-w", "-t", "60", "-o", &options, "-l"])
            .arg(self.dir.0.join("log"))
            .arg("-D")
            .arg(self.data_dir())
            .args(verb)
            .current_dir("/")
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "pg_ctl {verb:?}");
    }

    /// Stops the server as a power cut would, and starts it again.
    pub fn restart_immediately(&self) {
        self.run_pg_ctl(&["stop", "-m", "immediate"]);
        self.run_pg_ctl(&["start"]);
    }

    /// Returns the postmaster's process id.
    #[allow(dead_code, reason = "for the bench")]
    pub fn pid(&self) -> String {
        let text = std::fs::read_to_string(self.data_dir().join("postmaster.pid")).unwrap();
        text.lines().next().unwrap_or_default().trim().to_owned()
    }

    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = command_as_postgres(&self.bin.join("pg_ctl"))
            .args(["-m", "immediate", "-D"])
            .arg(self.data_dir())
            .arg("stop")
            .current_dir("/")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

/// A throw-away Redis with a password, on a free loopback port.
pub struct Redis {
    dir: Scratch,
    port: u16,
    pub password: String,
    server: std::cell::RefCell<Option<std::process::Child>>,
}

#[allow(dead_code, reason = "the bench uses a part of it")]
impl Redis {
    pub fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let redis = Self {
            dir: Scratch::new("redis"),
            port,
            password: "throw-away".into(),
            server: std::cell::RefCell::new(None),
        };
        redis.start_server();
        redis
    }

    /// Starts the server and waits until it answers. Call it only while no server runs.
    pub fn start_server(&self) {
        let server = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--requirepass", &self.password])
            .args(["--port", &self.port.to_string(), "--dir"])
            .arg(&self.dir.0)
            .stdout(Stdio::null())
            .spawn()
            .expect("Redis is not installed; run the tests with `bash tests/run`, which installs it");
        *self.server.borrow_mut() = Some(server);
        for _ in 0..200 {
            if self.try_command(&["PING"]).as_deref() == Some("PONG\n") {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("Redis does not start");
    }

    /// Kills the server as a power cut would. Everything in it is lost.
    pub fn kill_server(&self) {
        if let Some(mut server) = self.server.borrow_mut().take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }

    fn try_command(&self, args: &[&str]) -> Option<String> {
        let out = Command::new("redis-cli")
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "--no-auth-warning", "-a", &self.password])
            .args(args)
            .output()
            .ok()?;
        out.status.success().then(|| String::from_utf8_lossy(&out.stdout).into_owned())
    }

    /// Runs a redis-cli command and returns its output. Panics if it fails.
    pub fn run_command(&self, args: &[&str]) -> String {
        self.try_command(args).unwrap_or_else(|| panic!("redis-cli {args:?}"))
    }

    /// Appends messages that are not Huiliu's to a list.
    pub fn fill_list(&self, list: &str, messages: u32) {
        let script = "for i = 1, tonumber(ARGV[1]) do redis.call('RPUSH', KEYS[1], 'foreign ' .. i) end";
        self.run_command(&["EVAL", script, "1", list, &messages.to_string()]);
    }

    pub fn url(&self) -> String {
        format!("redis://:{}@127.0.0.1:{}/0", self.password, self.port)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill_server();
    }
}

/// The database and the queue that a test runs on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Services {
    Sqlite,
    Postgres,
    PostgresAndRedis,
}

/// The program with its data directory, database and queue.
pub struct TestEnv {
    pub dir: Scratch,
    pub postgres: Option<Postgres>,
    pub redis: Option<Redis>,
    pub env: Vec<(String, String)>,
    /// A program that runs the program, with its arguments.
    pub prefix: Vec<String>,
}

impl TestEnv {
    pub fn new(on: Services) -> Self {
        let postgres = (on != Services::Sqlite).then(Postgres::start);
        let redis = (on == Services::PostgresAndRedis).then(Redis::start);
        Self { dir: Scratch::new("house"), postgres, redis, env: vec![], prefix: vec![] }
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let line: Vec<&str> = self.prefix.iter().map(String::as_str).chain([env!("CARGO_BIN_EXE_huiliu")]).collect();
        let mut command = Command::new(line[0]);
        command
            .args(&line[1..])
            .args(args)
            .env("HUILIU_DATA_DIR", self.dir.0.join("data"))
            .env("HUILIU_LANG", "en")
            // The platforms of the tests are on this host.
            .env("HUILIU_ALLOW_NETWORKS", "127.0.0.0/8")
            .env_remove("HUILIU_CONFIG");
        if let Some(postgres) = &self.postgres {
            command.env("HUILIU_DATABASE", postgres.url());
        }
        if let Some(redis) = &self.redis {
            command.env("HUILIU_QUEUE", redis.url());
        }
        command.envs(self.env.iter().map(|(k, v)| (k, v)));
        command.stdin(Stdio::null());
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs the binary, expects exit 0, and parses its output.
    pub fn run_json(&self, args: &[&str]) -> Value {
        let out = self.run(args);
        assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
        serde_json::from_slice(&out.stdout)
            .unwrap_or_else(|e| panic!("{args:?}: {e}: {}", String::from_utf8_lossy(&out.stdout)))
    }

    /// Runs a listing, expects exit 0, and returns its rows.
    pub fn list_items(&self, args: &[&str]) -> Value {
        items_of(self.run_json(args))
    }

    /// Runs a query in the store and returns its rows: a number, and a text or bytes.
    pub fn query_rows(&self, statement: &str) -> Vec<(i64, Vec<u8>)> {
        let statement = sqlx::AssertSqlSafe(statement.to_owned());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            if let Some(pg) = &self.postgres {
                let mut connection = sqlx::PgConnection::connect(&pg.url()).await.unwrap();
                let rows = sqlx::query(statement).fetch_all(&mut connection).await.unwrap();
                return rows.iter().map(|r| (r.get(0), r.try_get_unchecked(1).unwrap())).collect();
            }
            let url = format!("sqlite:{}", self.dir.0.join("data/huiliu.db").display());
            let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
            let rows = sqlx::query(statement).fetch_all(&mut connection).await.unwrap();
            let pairs = rows.iter().map(|r| (r.get(0), r.try_get_unchecked(1).unwrap())).collect();
            connection.close().await.unwrap();
            pairs
        })
    }

    /// Runs a statement in the store and returns the first column of its first row, or 0.
    pub fn run_sql(&self, statement: &str) -> i64 {
        let statement = sqlx::AssertSqlSafe(statement.to_owned());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let number =
                |row: Option<Result<Option<i64>, sqlx::Error>>| row.and_then(Result::ok).flatten().unwrap_or(0);
            if let Some(pg) = &self.postgres {
                let mut connection = sqlx::PgConnection::connect(&pg.url()).await.unwrap();
                let row = sqlx::query(statement).fetch_optional(&mut connection).await.unwrap();
                return number(row.map(|r| r.try_get_unchecked(0)));
            }
            let url = format!("sqlite:{}", self.dir.0.join("data/huiliu.db").display());
            let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
            let row = sqlx::query(statement).fetch_optional(&mut connection).await.unwrap();
            let number = number(row.map(|r| r.try_get_unchecked(0)));
            connection.close().await.unwrap();
            number
        })
    }

    /// Says whether another process holds the write lock of SQLite.
    pub fn is_locked(&self) -> bool {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let url = format!("sqlite:{}", self.dir.0.join("data/huiliu.db").display());
            let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
            sqlx::query("PRAGMA busy_timeout = 0").execute(&mut connection).await.unwrap();
            let locked = sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await.is_err();
            connection.close().await.unwrap();
            locked
        })
    }

    /// Returns seconds since 1970 by the clock of this host, which is also the database's.
    pub fn unix_seconds(&self) -> u64 {
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
    }

    /// Returns ID number → (final units, provisional units, duplicates).
    pub fn read_ledger(&self) -> BTreeMap<String, (i64, i64, i64)> {
        let out = self.run(&["ledger"]);
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout)
            .unwrap()
            .lines()
            .map(|line| {
                let v: Value = serde_json::from_str(line).unwrap();
                let n = |k: &str| v[k].as_i64().unwrap();
                let hours = |k: &str| v[k]["units"].as_i64().unwrap();
                (v["id_number"].as_str().unwrap().to_owned(), (hours("counted"), hours("provisional"), n("duplicates")))
            })
            .collect()
    }

    /// Returns the number of the nth teacher in the order of numbers, from 0. The numbers themselves have gaps: two
    /// loads that meet the same new teachers draw numbers for all of them, and one of the two has already created them.
    pub fn nth_teacher(&self, place: usize) -> i64 {
        self.run_sql(&format!("SELECT id FROM teacher ORDER BY id LIMIT 1 OFFSET {place}"))
    }

    /// Returns (source, address in a file or record on a platform, sorted reason codes) of every open dead letter.
    pub fn open_dead_letters(&self) -> Vec<(String, String, Vec<String>)> {
        let rows = self.list_items(&["dead-letters", "list", "--limit", "100000000", "--json"]);
        let mut letters: Vec<_> = rows
            .as_array()
            .unwrap()
            .iter()
            .map(|r| {
                let mut codes: Vec<String> =
                    r["reasons"].as_array().unwrap().iter().map(|p| p["code"].as_str().unwrap().to_owned()).collect();
                codes.sort();
                let source = r["source"].as_str().unwrap().trim_start_matches("demo-").to_owned();
                let in_files = ["cmcc", "lego"].contains(&source.as_str());
                let place = if in_files { r["address"].as_str() } else { r["record"].as_str() };
                (source, place.unwrap_or_default().to_owned(), codes)
            })
            .collect();
        letters.sort();
        letters
    }
}

/// The result that the sandbox says a correct import gives.
pub struct Truth {
    pub ledger: BTreeMap<String, (i64, i64, i64)>,
    pub letters: Vec<(String, String, Vec<String>)>,
    pub totals: Value,
}

impl Truth {
    pub fn from_file(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let mut truth = Self { ledger: BTreeMap::new(), letters: vec![], totals: Value::Null };
        let mut duplicates: BTreeMap<String, i64> = BTreeMap::new();
        for line in text.lines() {
            let v: Value = serde_json::from_str(line).unwrap();
            let s = |k: &str| v[k].as_str().unwrap_or_default().to_owned();
            match v["kind"].as_str().unwrap() {
                "teacher" => {
                    let units = (v["units"].as_i64().unwrap(), v["provisional_units"].as_i64().unwrap(), 0);
                    truth.ledger.insert(s("id_number"), units);
                }
                "duplicate" => *duplicates.entry(s("id_number")).or_default() += 1,
                "bad" => {
                    let place = match s("platform").as_str() {
                        "cmcc" => format!("{} line {}", s("file"), v["line"]),
                        "lego" => format!("{} › {} row {}", s("file"), s("sheet"), v["row"]),
                        _ => s("record"),
                    };
                    let mut codes: Vec<String> =
                        v["reasons"].as_array().unwrap().iter().map(|c| c.as_str().unwrap().to_owned()).collect();
                    codes.sort();
                    truth.letters.push((s("platform"), place, codes));
                }
                "totals" => truth.totals = v,
                _ => {}
            }
        }
        for (id, n) in duplicates {
            truth.ledger.get_mut(&id).unwrap().2 = n;
        }
        truth.letters.sort();
        truth
    }
}
