//! Settings in two steps: what was typed (defaults, file, environment, flags), then what can run.

mod environment;
mod settings_file;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use huiliu_engine::schedule::TEN_DAYS;
use huiliu_engine::settings::{NamedText, Settings as Engine, SourceSettings, parse_schedule};
use huiliu_engine::settings_problem::{SettingsProblem, SettingsRead};
use huiliu_platform::http::guard::Networks;
use serde::Deserialize;

use crate::CliError;
use crate::cli::Globals;

/// What a settings file may hold; see `config/default.toml`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Typed {
    data_dir: Option<PathBuf>,
    database: Option<String>,
    queue: Option<String>,
    key_file: Option<PathBuf>,
    workers: Option<u64>,
    lease_ms: Option<u64>,
    timeout_ms: Option<u64>,
    batch_records: Option<u64>,
    policy_files: Option<Vec<PathBuf>>,
    courses_file: Option<PathBuf>,
    regions_file: Option<PathBuf>,
    matching_file: Option<PathBuf>,
    manifests_dir: Option<PathBuf>,
    health: Option<String>,
    log_format: Option<String>,
    allow_networks: Option<Vec<String>>,
    source: Vec<SourceSettings>,
}

/// What can run, and how this program shows itself.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What the engine runs by.
    pub engine: Arc<Engine>,
    /// The settings file, for child processes.
    pub config: Option<PathBuf>,
    /// Where a worker answers about its health, if anywhere.
    pub health: Option<SocketAddr>,
    /// Whether the log is JSON.
    pub json_logs: bool,
    /// Who acts, for the audit log.
    pub actor: String,
}

const DEFAULT_WORKERS: u64 = 2;
const DEFAULT_LEASE_MS: u64 = 30_000;
const PACKS: [(&str, &str); 2] = [
    ("config/policy/jilin-2014.toml", include_str!("../config/policy/jilin-2014.toml")),
    ("config/policy/tisheng-2.0.toml", include_str!("../config/policy/tisheng-2.0.toml")),
];
const COURSES: &str = include_str!("../config/courses.toml");
const REGIONS: &str = include_str!("../config/regions.toml");
const MATCHING: &str = include_str!("../config/matching.toml");

impl Settings {
    /// Defaults, then the file, then `HUILIU_…`, then flags. What is wrong is collected, and what was typed there is left
    /// out: whoever works with the settings asks [`Reading::settings`].
    pub fn read(globals: &Globals) -> Reading {
        let mut read = SettingsRead { file: globals.config.clone(), ..SettingsRead::default() };
        let mut typed = globals.config.as_deref().map_or_else(Typed::default, |path| read_file(path, &mut read));
        environment::take(&mut typed, &mut read.problems);
        if let Some(dir) = &globals.data_dir {
            typed.data_dir = Some(dir.clone());
        }
        if let Some(url) = &globals.database {
            typed.database = Some(url.clone());
        }
        if let Some(url) = &globals.queue {
            typed.queue = Some(url.clone());
        }
        let settings = resolve(typed, globals, &mut read.problems);
        read.problems.extend(environment::unknown(&settings.engine.sources));
        Reading { settings, read }
    }
}

/// The settings, and all that is wrong with them.
pub struct Reading {
    settings: Settings,
    read: SettingsRead,
}

impl Reading {
    /// The settings; the first thing that is wrong with them where something is.
    pub fn settings(self) -> Result<Settings, CliError> {
        match self.read.problems.iter().find(|problem| problem.is_fatal()) {
            Some(problem) => Err(CliError::from_settings(problem)),
            None => Ok(self.settings),
        }
    }

    /// What could be read, and what is wrong, for whoever examines it.
    pub fn parts(self) -> (Settings, SettingsRead) {
        (self.settings, self.read)
    }

    /// Whether the log is JSON.
    pub fn json_logs(&self) -> bool {
        self.settings.json_logs
    }
}

/// What can run, of what was typed.
fn resolve(typed: Typed, globals: &Globals, problems: &mut Vec<SettingsProblem>) -> Settings {
    let data_dir = typed.data_dir.filter(|d| !d.as_os_str().is_empty()).unwrap_or_else(|| PathBuf::from("data"));
    let inside = |name: &str| format!("sqlite:{}", data_dir.join(name).display());
    let given = |text: Option<String>| text.filter(|t| !t.is_empty());
    let database = given(typed.database).unwrap_or_else(|| inside("huiliu.db"));
    let engine = Engine {
        workers: workers(typed.workers, problems),
        lease_ms: lease_ms(typed.lease_ms, problems),
        batch_records: batch_records(typed.batch_records, &database, problems),
        database,
        queue: given(typed.queue).unwrap_or_else(|| inside("queue.db")),
        key_file: typed.key_file.filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| data_dir.join("root.key")),
        timeout_ms: typed.timeout_ms.unwrap_or(30_000),
        packs: kept(packs(typed.policy_files.unwrap_or_default()), problems).unwrap_or_else(built_in_packs),
        courses: named_or(typed.courses_file, "config/courses.toml", COURSES, problems),
        matching: named_or(typed.matching_file, "config/matching.toml", MATCHING, problems),
        regions: named_or(typed.regions_file, "config/regions.toml", REGIONS, problems),
        manifests_dir: typed.manifests_dir.filter(|d| !d.as_os_str().is_empty()),
        networks: kept(networks(&typed.allow_networks.unwrap_or_default()), problems).unwrap_or_default(),
        sources: typed.source.into_iter().map(|s| scheduled(s, globals.config.as_deref(), problems)).collect(),
        data_dir,
    };
    Settings {
        engine: Arc::new(engine),
        config: globals.config.clone(),
        health: given(typed.health).and_then(|text| kept(address(text), problems)),
        actor: globals.actor.clone().unwrap_or_else(environment::actor),
        json_logs: kept(json_logs(given(typed.log_format)), problems).unwrap_or_default(),
    }
}

/// What was read; else what is wrong is kept.
fn kept<T>(read: Result<T, SettingsProblem>, problems: &mut Vec<SettingsProblem>) -> Option<T> {
    read.map_err(|problem| problems.push(problem)).ok()
}

fn workers(typed: Option<u64>, problems: &mut Vec<SettingsProblem>) -> usize {
    let workers = typed.unwrap_or(DEFAULT_WORKERS);
    let in_range = usize::try_from(workers).ok().filter(|n| (1..=64).contains(n));
    kept(in_range.ok_or(SettingsProblem::Workers { given: workers }), problems).unwrap_or(1)
}

fn lease_ms(typed: Option<u64>, problems: &mut Vec<SettingsProblem>) -> u64 {
    let lease_ms = typed.unwrap_or(DEFAULT_LEASE_MS);
    if lease_ms < 200 {
        problems.push(SettingsProblem::Lease { given: lease_ms });
        return DEFAULT_LEASE_MS;
    }
    lease_ms
}

fn batch_records(typed: Option<u64>, database: &str, problems: &mut Vec<SettingsProblem>) -> u32 {
    // With five times as many SQLite takes a sixth less CPU, and 27 MiB more.
    let usual = if database.starts_with("sqlite:") { 1_000 } else { 5_000 };
    let Some(typed) = typed.filter(|n| *n > 0) else { return usual };
    let in_range = u32::try_from(typed).ok().filter(|n| (1..=5_000).contains(n));
    kept(in_range.ok_or(SettingsProblem::BatchRecords { given: typed }), problems).unwrap_or(usual)
}

fn address(text: String) -> Result<SocketAddr, SettingsProblem> {
    text.parse().map_err(|_| SettingsProblem::Health { given: text })
}

fn networks(texts: &[String]) -> Result<Networks, SettingsProblem> {
    Networks::parse(texts.iter().map(String::as_str)).map_err(|given| SettingsProblem::Networks { given })
}

fn json_logs(text: Option<String>) -> Result<bool, SettingsProblem> {
    match text.as_deref() {
        None | Some("text") => Ok(false),
        Some("json") => Ok(true),
        Some(other) => Err(SettingsProblem::LogFormat { given: other.to_owned() }),
    }
}

/// The source with its schedule read; without one where it cannot be read.
fn scheduled(mut source: SourceSettings, file: Option<&Path>, problems: &mut Vec<SettingsProblem>) -> SourceSettings {
    let text = source.typed_schedule.take().unwrap_or_else(|| TEN_DAYS.to_owned());
    let read = parse_schedule(&text).map_err(|why| SettingsProblem::Schedule {
        file: file.unwrap_or(Path::new("")).to_owned(),
        source_name: source.name.clone(),
        schedule: text,
        why,
    });
    source.schedule = kept(read, problems).flatten();
    source
}

/// The settings file, without what is wrong in it.
fn read_file(path: &Path, read: &mut SettingsRead) -> Typed {
    let file = path.to_owned();
    match std::fs::read_to_string(path) {
        Ok(text) => settings_file::read(path, &text, read),
        Err(why) => {
            read.file_unusable = true;
            read.problems.push(SettingsProblem::FileUnreadable { file, why });
            Typed::default()
        }
    }
}

fn built_in_packs() -> Vec<NamedText> {
    PACKS.map(|(name, text)| NamedText { name: name.to_owned(), text: text.to_owned() }).into()
}

/// The rule packs of these files, or the ones built in.
pub fn packs(paths: Vec<PathBuf>) -> Result<Vec<NamedText>, SettingsProblem> {
    if paths.is_empty() {
        return Ok(built_in_packs());
    }
    paths.into_iter().map(|path| text_or(Some(path), "", "")).collect()
}

pub fn text_or(path: Option<PathBuf>, name: &str, built_in: &str) -> Result<NamedText, SettingsProblem> {
    match path.filter(|p| !p.as_os_str().is_empty()) {
        None => Ok(NamedText { name: name.to_owned(), text: built_in.to_owned() }),
        Some(file) => match std::fs::read_to_string(&file) {
            Ok(text) => Ok(NamedText { name: file.display().to_string(), text }),
            Err(why) => Err(SettingsProblem::NamedFile { file, why }),
        },
    }
}

fn named_or(path: Option<PathBuf>, name: &str, built_in: &str, problems: &mut Vec<SettingsProblem>) -> NamedText {
    let own = || NamedText { name: name.to_owned(), text: built_in.to_owned() };
    kept(text_or(path, name, built_in), problems).unwrap_or_else(own)
}
