//! Settings from the environment, and variables that look like settings but are unknown.

use std::collections::BTreeSet;
use std::path::PathBuf;

use huiliu_engine::settings::Settings as Engine;
use huiliu_engine::settings_problem::{NearestKey, SettingsProblem};
use huiliu_manifest::fault::find_nearest;

use super::RawSettings;

const PREFIX: &str = "HUILIU_";

/// All our variables except those that begin with `HUILIU_FAULT_`, which are for tests.
const KNOWN: [&str; 26] = [
    "HUILIU_ACTOR",
    "HUILIU_ALLOW_NETWORKS",
    "HUILIU_APPROVE_REPLAYS_ABOVE",
    "HUILIU_AUDIT_HEADS",
    "HUILIU_AUDIT_HEAD_URL",
    "HUILIU_BATCH_RECORDS",
    "HUILIU_CONFIG",
    "HUILIU_COURSES_FILE",
    "HUILIU_DATABASE",
    "HUILIU_DATA_DIR",
    "HUILIU_HEALTH",
    "HUILIU_KEY",
    "HUILIU_KEY_FILE",
    "HUILIU_LANG",
    "HUILIU_LEASE_MS",
    "HUILIU_LOG",
    "HUILIU_LOG_FORMAT",
    "HUILIU_MANIFESTS_DIR",
    "HUILIU_MATCHING_FILE",
    "HUILIU_MIN_FREE_MIB",
    "HUILIU_POLICY_FILES",
    "HUILIU_QUEUE",
    "HUILIU_REGIONS_FILE",
    "HUILIU_TIMEOUT_MS",
    "HUILIU_VERIFY_DAYS",
    "HUILIU_WORKERS",
];

/// Overrides settings with those of the environment. Ignores empty variables.
pub fn apply_environment(typed: &mut RawSettings, problems: &mut Vec<SettingsProblem>) {
    let text = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    let mut number = |name: &str| {
        let value = text(name)?;
        let parsed: Option<u64> = value.parse().ok();
        if parsed.is_none() {
            problems.push(SettingsProblem::NotANumber { variable: name.to_owned(), value });
        }
        parsed
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
    take!(audit_heads, text("HUILIU_AUDIT_HEADS"));
    take!(audit_head_url, text("HUILIU_AUDIT_HEAD_URL"));
    take!(lease_ms, number("HUILIU_LEASE_MS"));
    take!(timeout_ms, number("HUILIU_TIMEOUT_MS"));
    take!(batch_records, number("HUILIU_BATCH_RECORDS"));
    take!(workers, number("HUILIU_WORKERS"));
    take!(verify_days, number("HUILIU_VERIFY_DAYS"));
    take!(approve_replays_above, number("HUILIU_APPROVE_REPLAYS_ABOVE"));
    take!(min_free_mib, number("HUILIU_MIN_FREE_MIB"));
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
}

/// Returns the default actor: `HUILIU_ACTOR`, or the user of this process, by name or by number, and the host.
pub fn default_actor() -> String {
    let set = |name: &str| std::env::var(name).ok().filter(|v| !v.trim().is_empty());
    set("HUILIU_ACTOR").unwrap_or_else(|| {
        let number = || rustix::process::getuid().as_raw().to_string();
        let user = set("USER").or_else(|| set("LOGNAME")).unwrap_or_else(number);
        format!("{user}@{}", crate::open::host_name())
    })
}

/// Finds variables that begin with our prefix but that neither we nor a source read, sorted by name.
pub fn find_unknown_variables(settings: &Engine) -> Vec<SettingsProblem> {
    let mut read: BTreeSet<&str> = KNOWN.into();
    read.extend(settings.webhooks.iter().map(|webhook| webhook.secret_env.as_str()));
    read.extend(settings.mail.iter().map(|mail| mail.password_env.as_str()));
    for source in &settings.sources {
        read.insert(&source.password_env);
        read.extend(source.secrets_env.values().map(String::as_str));
    }
    let set: BTreeSet<String> = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect();
    let unread = set.into_iter().filter(|name| is_unknown_variable(name, &read));
    let problem = |variable: String| {
        let nearest = find_nearest(&variable, KNOWN).map(|name| NearestKey::Variable { name: name.to_owned() });
        SettingsProblem::UnknownVariable { variable, nearest }
    };
    unread.map(problem).collect()
}

fn is_unknown_variable(name: &str, read: &BTreeSet<&str>) -> bool {
    name.strip_prefix(PREFIX)
        .is_some_and(|rest| !read.contains(name) && !rest.starts_with("FAULT_") && !is_kubernetes_variable(rest))
}

/// Returns true for variables that Kubernetes sets in every container if there is a service called `huiliu` or
/// `huiliu-…`. Takes the name without our prefix.
fn is_kubernetes_variable(rest: &str) -> bool {
    let words: Vec<&str> = rest.split('_').collect();
    let port = words.iter().position(|word| *word == "PORT");
    rest.ends_with("SERVICE_HOST")
        || rest.contains("SERVICE_PORT")
        || port.is_some_and(|at| words.get(at + 1).is_none_or(|next| next.parse::<u16>().is_ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_a_cluster_and_of_tests_are_nobodys_mistake() {
        let read: BTreeSet<&str> = KNOWN.into();
        for name in [
            "HUILIU_KEY",
            "HUILIU_FAULT_SLOW_MS",
            "HUILIU_SERVICE_HOST",
            "HUILIU_SERVICE_PORT_HTTP",
            "HUILIU_PORT",
            "HUILIU_PORT_8701_TCP_ADDR",
            "HUILIU_WORKER_PORT_9464_TCP",
            "PATH",
        ] {
            assert!(!is_unknown_variable(name, &read), "{name}");
        }
        for name in ["HUILIU_WORKER", "HUILIU_DATABSE", "HUILIU_PORTS", "HUILIU_PORT_NAME"] {
            assert!(is_unknown_variable(name, &read), "{name}");
        }
    }
}
