//! Settings in two steps: what was typed (defaults, file, environment, flags), then what can run.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use huiliu_engine::schedule::TEN_DAYS;
use huiliu_engine::settings::{NamedText, Settings as Engine, SourceSettings, schedule};
use huiliu_platform::http::guard::Networks;
use serde::Deserialize;

use crate::CliError;
use crate::cli::Globals;
use crate::words::{both, spoken};

/// What a settings file may hold; see `config/default.toml`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Typed {
    data_dir: Option<PathBuf>,
    database: Option<String>,
    queue: Option<String>,
    key_file: Option<PathBuf>,
    workers: Option<usize>,
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
}

const PACKS: [(&str, &str); 2] = [
    ("config/policy/jilin-2014.toml", include_str!("../config/policy/jilin-2014.toml")),
    ("config/policy/tisheng-2.0.toml", include_str!("../config/policy/tisheng-2.0.toml")),
];
const COURSES: &str = include_str!("../config/courses.toml");
const REGIONS: &str = include_str!("../config/regions.toml");
const MATCHING: &str = include_str!("../config/matching.toml");

impl Settings {
    /// Defaults, then the file, then `HUILIU_…`, then flags.
    pub fn read(globals: &Globals) -> Result<Self, CliError> {
        let mut typed = match &globals.config {
            Some(path) => read_file(path)?,
            None => Typed::default(),
        };
        from_environment(&mut typed)?;
        if let Some(dir) = &globals.data_dir {
            typed.data_dir = Some(dir.clone());
        }
        if let Some(url) = &globals.database {
            typed.database = Some(url.clone());
        }
        if let Some(url) = &globals.queue {
            typed.queue = Some(url.clone());
        }
        let data_dir = typed.data_dir.filter(|d| !d.as_os_str().is_empty()).unwrap_or_else(|| PathBuf::from("data"));
        let inside = |name: &str| format!("sqlite:{}", data_dir.join(name).display());
        let given = |text: Option<String>| text.filter(|t| !t.is_empty());
        let workers = typed.workers.unwrap_or(2);
        if workers == 0 || workers > 64 {
            return Err(CliError::usage(both!(
                "workers is {workers}; give a number from 1 to 64",
                "workers 为 {workers}；应为 1 至 64 的整数"
            )));
        }
        let lease_ms = typed.lease_ms.unwrap_or(30_000);
        if lease_ms < 200 {
            return Err(CliError::usage(both!(
                "lease_ms is {lease_ms}; give at least 200",
                "lease_ms 为 {lease_ms}；至少应为 200"
            )));
        }
        let database = given(typed.database).unwrap_or_else(|| inside("huiliu.db"));
        // With five times as many SQLite takes a sixth less CPU, and 27 MiB more.
        let usual = if database.starts_with("sqlite:") { 1_000 } else { 5_000 };
        let batch_records = typed.batch_records.filter(|n| *n > 0).unwrap_or(usual);
        let batch_records = u32::try_from(batch_records).ok().filter(|n| (1..=5_000).contains(n)).ok_or_else(|| {
            CliError::usage(both!(
                "batch_records is {batch_records}; give a number from 1 to 5,000, or 0 for as many as suit the database",
                "batch_records 为 {batch_records}；应为 1 至 5,000 的整数，或 0（由数据库决定）"
            ))
        })?;
        let engine = Engine {
            batch_records,
            database,
            queue: given(typed.queue).unwrap_or_else(|| inside("queue.db")),
            key_file: typed.key_file.filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| data_dir.join("root.key")),
            workers,
            lease_ms,
            timeout_ms: typed.timeout_ms.unwrap_or(30_000),
            packs: packs(typed.policy_files.unwrap_or_default())?,
            courses: text_or(typed.courses_file, "config/courses.toml", COURSES)?,
            matching: text_or(typed.matching_file, "config/matching.toml", MATCHING)?,
            regions: text_or(typed.regions_file, "config/regions.toml", REGIONS)?,
            manifests_dir: typed.manifests_dir.filter(|d| !d.as_os_str().is_empty()),
            networks: networks(typed.allow_networks.unwrap_or_default())?,
            sources: typed
                .source
                .into_iter()
                .map(|s| scheduled(s, globals.config.as_deref()))
                .collect::<Result<_, _>>()?,
            data_dir,
        };
        Ok(Self {
            engine: Arc::new(engine),
            config: globals.config.clone(),
            health: given(typed.health).map(|text| address(&text)).transpose()?,
            json_logs: json_logs(given(typed.log_format).as_deref())?,
        })
    }
}

fn address(text: &str) -> Result<SocketAddr, CliError> {
    text.parse().map_err(|_| {
        CliError::usage(both!(
            "health is {text:?}; give an address and a port, as 127.0.0.1:9464, or nothing",
            "health 为 {text:?}；应为地址和端口，如 127.0.0.1:9464，或留空"
        ))
    })
}

fn networks(texts: Vec<String>) -> Result<Networks, CliError> {
    Networks::parse(texts.iter().map(String::as_str)).map_err(|text| {
        CliError::usage(both!(
            "allow_networks has {text:?}; give networks as 10.1.0.0/16, or single addresses",
            "allow_networks 中有 {text:?}；应写网段（如 10.1.0.0/16）或单个地址"
        ))
    })
}

fn json_logs(text: Option<&str>) -> Result<bool, CliError> {
    match text {
        None | Some("text") => Ok(false),
        Some("json") => Ok(true),
        Some(other) => Err(CliError::usage(both!(
            "log_format is {other:?}; give \"text\" or \"json\"",
            "log_format 为 {other:?}；应为 \"text\" 或 \"json\""
        ))),
    }
}

/// The source with its schedule read.
fn scheduled(mut source: SourceSettings, file: Option<&Path>) -> Result<SourceSettings, CliError> {
    let text = source.typed_schedule.take().unwrap_or_else(|| TEN_DAYS.to_owned());
    source.schedule = schedule(&text).map_err(|e| {
        CliError::usage(both!(
            "{file}: source {name}: schedule {text:?}: {e}; give minute, hour, day of the month, month and day of the \
             week, as {TEN_DAYS:?}, or \"\" for never by itself",
            "{file}：来源 {name}：schedule {text:?}：{e}；请依次写分、时、日、月、星期，如 {TEN_DAYS:?}；\"\" 表示从不自动同步",
            file = file.unwrap_or(Path::new("")).display(),
            name = source.name,
            e = spoken(&e)
        ))
    })?;
    Ok(source)
}

fn read_file(path: &Path) -> Result<Typed, CliError> {
    let text = std::fs::read_to_string(path).map_err(|e| {
        CliError::usage(both!(
            "cannot read the settings file {path}: {e}; check --config",
            "无法读取设置文件 {path}：{e}；请检查 --config",
            path = path.display(),
            e = spoken(&e)
        ))
    })?;
    toml::from_str(&text).map_err(|e| {
        CliError::usage(both!("{path}: {e}", "设置文件 {path} 有误：{e}", path = path.display(), e = spoken(&e)))
    })
}

/// The rule packs of these files, or the ones built in.
pub fn packs(paths: Vec<PathBuf>) -> Result<Vec<NamedText>, CliError> {
    if paths.is_empty() {
        return Ok(PACKS.map(|(name, text)| NamedText { name: name.to_owned(), text: text.to_owned() }).into());
    }
    paths.into_iter().map(|path| text_or(Some(path), "", "")).collect()
}

pub fn text_or(path: Option<PathBuf>, name: &str, built_in: &str) -> Result<NamedText, CliError> {
    match path.filter(|p| !p.as_os_str().is_empty()) {
        None => Ok(NamedText { name: name.to_owned(), text: built_in.to_owned() }),
        Some(path) => std::fs::read_to_string(&path)
            .map(|text| NamedText { name: path.display().to_string(), text })
            .map_err(|e| {
                CliError::usage(both!(
                    "cannot read {path}: {e}",
                    "无法读取 {path}：{e}",
                    path = path.display(),
                    e = spoken(&e)
                ))
            }),
    }
}

fn from_environment(typed: &mut Typed) -> Result<(), CliError> {
    let text = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    let number = |name: &str| -> Result<Option<u64>, CliError> {
        text(name)
            .map(|v| {
                v.parse().map_err(|_| {
                    CliError::usage(both!("{name} is {v:?}; give a whole number", "{name} 为 {v:?}；应为整数"))
                })
            })
            .transpose()
    };
    macro_rules! take {
        ($field:ident, $value:expr) => {
            if let Some(value) = $value {
                typed.$field = Some(value.into());
            }
        };
    }
    take!(data_dir, text("HUILIU_DATA_DIR"));
    take!(database, text("HUILIU_DATABASE"));
    take!(queue, text("HUILIU_QUEUE"));
    take!(key_file, text("HUILIU_KEY_FILE"));
    take!(lease_ms, number("HUILIU_LEASE_MS")?);
    take!(timeout_ms, number("HUILIU_TIMEOUT_MS")?);
    take!(batch_records, number("HUILIU_BATCH_RECORDS")?);
    take!(courses_file, text("HUILIU_COURSES_FILE"));
    take!(regions_file, text("HUILIU_REGIONS_FILE"));
    take!(matching_file, text("HUILIU_MATCHING_FILE"));
    take!(manifests_dir, text("HUILIU_MANIFESTS_DIR"));
    take!(health, text("HUILIU_HEALTH"));
    take!(log_format, text("HUILIU_LOG_FORMAT"));
    if let Some(all) = text("HUILIU_POLICY_FILES") {
        typed.policy_files = Some(all.split(',').map(PathBuf::from).collect());
    }
    if let Some(all) = text("HUILIU_ALLOW_NETWORKS") {
        typed.allow_networks = Some(all.split(',').map(str::to_owned).collect());
    }
    if let Some(n) = number("HUILIU_WORKERS")? {
        typed.workers = usize::try_from(n).ok();
    }
    Ok(())
}
