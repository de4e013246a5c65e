//! Settings in two steps: first the values as typed (defaults, file, environment, flags), then the checked settings
//! that the program runs with.

mod environment;
mod settings_file;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use huiliu_engine::schedule::TEN_DAYS;
use huiliu_engine::settings::{
    MailSettings, NamedText, Settings as Engine, SourceSettings, WebhookSettings, parse_schedule,
};
use huiliu_engine::settings_problem::{SettingsProblem, SettingsRead};
use huiliu_platform::http::guard::Networks;
use serde::Deserialize;

use crate::CliError;
use crate::cli::Globals;

/// The keys of a settings file; see `config/default.toml`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawSettings {
    data_dir: Option<PathBuf>,
    database: Option<String>,
    queue: Option<String>,
    key_file: Option<PathBuf>,
    audit_heads: Option<PathBuf>,
    audit_head_url: Option<String>,
    workers: Option<u64>,
    lease_ms: Option<u64>,
    timeout_ms: Option<u64>,
    batch_records: Option<u64>,
    verify_days: Option<u64>,
    approve_replays_above: Option<u64>,
    min_free_mib: Option<u64>,
    policy_files: Option<Vec<PathBuf>>,
    courses_file: Option<PathBuf>,
    regions_file: Option<PathBuf>,
    matching_file: Option<PathBuf>,
    manifests_dir: Option<PathBuf>,
    health: Option<String>,
    log_format: Option<String>,
    allow_networks: Option<Vec<String>>,
    webhook: Vec<WebhookSettings>,
    mail: Option<MailSettings>,
    source: Vec<SourceSettings>,
}

/// The checked settings: those of the engine, and those of this program.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The settings of the engine.
    pub engine: Arc<Engine>,
    /// The settings file, for child processes.
    pub config: Option<PathBuf>,
    /// The address of a worker's health endpoints, if any.
    pub health: Option<SocketAddr>,
    /// True if the log is written as JSON.
    pub json_logs: bool,
    /// The actor that the audit log names.
    pub actor: String,
}

const DEFAULT_WORKERS: u64 = 2;
const DEFAULT_LEASE_MS: u64 = 30_000;
const DEFAULT_VERIFY_DAYS: u32 = 30;
/// Four payloads of the largest size at once, in MiB.
const DEFAULT_MIN_FREE_MIB: u64 = 256;
const PACKS: [(&str, &str); 2] = [
    ("config/policy/jilin-2014.toml", include_str!("../config/policy/jilin-2014.toml")),
    ("config/policy/tisheng-2.0.toml", include_str!("../config/policy/tisheng-2.0.toml")),
];
const COURSES: &str = include_str!("../config/courses.toml");
const REGIONS: &str = include_str!("../config/regions.toml");
const MATCHING: &str = include_str!("../config/matching.toml");

impl Settings {
    /// Reads the settings: defaults, then the file, then `HUILIU_…`, then flags. Collects all problems and leaves out
    /// the values they concern. [`SettingsReading::into_settings`] refuses settings with fatal problems.
    pub fn read(globals: &Globals) -> SettingsReading {
        let mut read = SettingsRead { file: globals.config.clone(), ..SettingsRead::default() };
        let mut typed = globals.config.as_deref().map_or_else(RawSettings::default, |path| read_file(path, &mut read));
        environment::apply_environment(&mut typed, &mut read.problems);
        if let Some(dir) = &globals.data_dir {
            typed.data_dir = Some(dir.clone());
        }
        if let Some(url) = &globals.database {
            typed.database = Some(url.clone());
        }
        if let Some(url) = &globals.queue {
            typed.queue = Some(url.clone());
        }
        let settings = resolve_settings(typed, globals, &mut read.problems);
        read.problems.extend(environment::find_unknown_variables(&settings.engine));
        SettingsReading { settings, read }
    }
}

/// The settings, and all problems found in them.
pub struct SettingsReading {
    settings: Settings,
    read: SettingsRead,
}

impl SettingsReading {
    /// Returns the settings, or the first fatal problem.
    pub fn into_settings(self) -> Result<Settings, CliError> {
        match self.read.problems.iter().find(|problem| problem.is_fatal()) {
            Some(problem) => Err(CliError::from_settings(problem)),
            None => Ok(self.settings),
        }
    }

    /// Returns the usable settings and everything that was found while reading them, for `doctor`.
    pub fn into_parts(self) -> (Settings, SettingsRead) {
        (self.settings, self.read)
    }

    /// Returns true if the log is written as JSON.
    pub fn json_logs(&self) -> bool {
        self.settings.json_logs
    }
}

/// Turns the typed values into checked settings. Collects problems and replaces invalid values with valid ones.
fn resolve_settings(typed: RawSettings, globals: &Globals, problems: &mut Vec<SettingsProblem>) -> Settings {
    let data_dir = typed.data_dir.filter(|d| !d.as_os_str().is_empty()).unwrap_or_else(|| PathBuf::from("data"));
    let inside = |name: &str| format!("sqlite:{}", data_dir.join(name).display());
    let given = |text: Option<String>| text.filter(|t| !t.is_empty());
    let database = given(typed.database).unwrap_or_else(|| inside("huiliu.db"));
    let engine = Engine {
        workers: check_workers(typed.workers, problems),
        lease_ms: check_lease_ms(typed.lease_ms, problems),
        batch_records: check_batch_records(typed.batch_records, &database, problems),
        verify_days: check_verify_days(typed.verify_days, problems),
        approve_replays_above: typed.approve_replays_above.unwrap_or(0),
        min_free_mib: typed.min_free_mib.unwrap_or(DEFAULT_MIN_FREE_MIB),
        database,
        queue: given(typed.queue).unwrap_or_else(|| inside("queue.db")),
        key_file: typed.key_file.filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| data_dir.join("root.key")),
        audit_heads: typed
            .audit_heads
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or_else(|| data_dir.join("audit-heads.log")),
        audit_head_url: typed.audit_head_url.unwrap_or_default(),
        timeout_ms: typed.timeout_ms.unwrap_or(30_000),
        packs: ok_or_note(load_packs(typed.policy_files.unwrap_or_default()), problems).unwrap_or_else(built_in_packs),
        courses: load_named_or(typed.courses_file, "config/courses.toml", COURSES, problems),
        matching: load_named_or(typed.matching_file, "config/matching.toml", MATCHING, problems),
        regions: load_named_or(typed.regions_file, "config/regions.toml", REGIONS, problems),
        manifests_dir: typed.manifests_dir.filter(|d| !d.as_os_str().is_empty()),
        networks: ok_or_note(parse_networks(&typed.allow_networks.unwrap_or_default()), problems).unwrap_or_default(),
        webhooks: check_webhooks(typed.webhook, problems),
        mail: typed.mail,
        sources: typed
            .source
            .into_iter()
            .map(|s| parse_source_schedule(s, globals.config.as_deref(), problems))
            .collect(),
        data_dir,
    };
    Settings {
        engine: Arc::new(engine),
        config: globals.config.clone(),
        health: given(typed.health).and_then(|text| ok_or_note(parse_health_address(text), problems)),
        actor: globals.actor.clone().unwrap_or_else(environment::default_actor),
        json_logs: ok_or_note(parse_log_format(given(typed.log_format)), problems).unwrap_or_default(),
    }
}

/// Returns the value; adds the problem to `problems` if there is none.
fn ok_or_note<T>(read: Result<T, SettingsProblem>, problems: &mut Vec<SettingsProblem>) -> Option<T> {
    read.map_err(|problem| problems.push(problem)).ok()
}

fn check_workers(typed: Option<u64>, problems: &mut Vec<SettingsProblem>) -> usize {
    let workers = typed.unwrap_or(DEFAULT_WORKERS);
    let in_range = usize::try_from(workers).ok().filter(|n| (1..=64).contains(n));
    ok_or_note(in_range.ok_or(SettingsProblem::Workers { given: workers }), problems).unwrap_or(1)
}

fn check_lease_ms(typed: Option<u64>, problems: &mut Vec<SettingsProblem>) -> u64 {
    let lease_ms = typed.unwrap_or(DEFAULT_LEASE_MS);
    if lease_ms < 200 {
        problems.push(SettingsProblem::Lease { given: lease_ms });
        return DEFAULT_LEASE_MS;
    }
    lease_ms
}

fn check_batch_records(typed: Option<u64>, database: &str, problems: &mut Vec<SettingsProblem>) -> u32 {
    // With five times as many records per batch, SQLite takes a sixth less CPU and 27 MiB more memory.
    let usual = if database.starts_with("sqlite:") { 1_000 } else { 5_000 };
    let Some(typed) = typed.filter(|n| *n > 0) else { return usual };
    let in_range = u32::try_from(typed).ok().filter(|n| (1..=5_000).contains(n));
    ok_or_note(in_range.ok_or(SettingsProblem::BatchRecords { given: typed }), problems).unwrap_or(usual)
}

fn check_verify_days(typed: Option<u64>, problems: &mut Vec<SettingsProblem>) -> u32 {
    let Some(typed) = typed else { return DEFAULT_VERIFY_DAYS };
    let in_range = u32::try_from(typed).ok().filter(|days| *days <= 3_650);
    ok_or_note(in_range.ok_or(SettingsProblem::VerifyDays { given: typed }), problems).unwrap_or(DEFAULT_VERIFY_DAYS)
}

fn check_webhooks(typed: Vec<WebhookSettings>, problems: &mut Vec<SettingsProblem>) -> Vec<WebhookSettings> {
    let mut named = BTreeSet::new();
    let mut webhooks = vec![];
    for webhook in typed {
        if named.insert(webhook.name.clone()) {
            webhooks.push(webhook);
        } else {
            problems.push(SettingsProblem::WebhookName { name: webhook.name });
        }
    }
    webhooks
}

fn parse_health_address(text: String) -> Result<SocketAddr, SettingsProblem> {
    text.parse().map_err(|_| SettingsProblem::Health { given: text })
}

fn parse_networks(texts: &[String]) -> Result<Networks, SettingsProblem> {
    Networks::parse(texts.iter().map(String::as_str)).map_err(|given| SettingsProblem::Networks { given })
}

fn parse_log_format(text: Option<String>) -> Result<bool, SettingsProblem> {
    match text.as_deref() {
        None | Some("text") => Ok(false),
        Some("json") => Ok(true),
        Some(other) => Err(SettingsProblem::LogFormat { given: other.to_owned() }),
    }
}

/// Parses the schedule of a source, by default every ten days. A schedule that cannot be parsed is left out.
fn parse_source_schedule(
    mut source: SourceSettings,
    file: Option<&Path>,
    problems: &mut Vec<SettingsProblem>,
) -> SourceSettings {
    let text = source.typed_schedule.take().unwrap_or_else(|| TEN_DAYS.to_owned());
    let read = parse_schedule(&text).map_err(|why| SettingsProblem::Schedule {
        file: file.unwrap_or(Path::new("")).to_owned(),
        source_name: source.name.clone(),
        schedule: text,
        why,
    });
    source.schedule = ok_or_note(read, problems).flatten();
    source
}

/// Reads the settings file without its invalid entries.
fn read_file(path: &Path, read: &mut SettingsRead) -> RawSettings {
    let file = path.to_owned();
    match std::fs::read_to_string(path) {
        Ok(text) => settings_file::parse_settings(path, &text, read),
        Err(why) => {
            read.file_unusable = true;
            read.problems.push(SettingsProblem::FileUnreadable { file, why });
            RawSettings::default()
        }
    }
}

fn built_in_packs() -> Vec<NamedText> {
    PACKS.map(|(name, text)| NamedText { name: name.to_owned(), text: text.to_owned(), built_in: true }).into()
}

/// Loads the rule packs of these files, or the built-in ones if there are none.
pub fn load_packs(paths: Vec<PathBuf>) -> Result<Vec<NamedText>, SettingsProblem> {
    if paths.is_empty() {
        return Ok(built_in_packs());
    }
    paths.into_iter().map(|path| load_text_or(Some(path), "", "")).collect()
}

pub fn load_text_or(path: Option<PathBuf>, name: &str, built_in: &str) -> Result<NamedText, SettingsProblem> {
    match path.filter(|p| !p.as_os_str().is_empty()) {
        None => Ok(NamedText { name: name.to_owned(), text: built_in.to_owned(), built_in: true }),
        Some(file) => match std::fs::read_to_string(&file) {
            Ok(text) => Ok(NamedText { name: file.display().to_string(), text, built_in: false }),
            Err(why) => Err(SettingsProblem::NamedFile { file, why }),
        },
    }
}

fn load_named_or(path: Option<PathBuf>, name: &str, built_in: &str, problems: &mut Vec<SettingsProblem>) -> NamedText {
    let own = || NamedText { name: name.to_owned(), text: built_in.to_owned(), built_in: true };
    ok_or_note(load_text_or(path, name, built_in), problems).unwrap_or_else(own)
}
