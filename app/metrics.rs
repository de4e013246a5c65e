//! A worker's metrics in Prometheus's text format. No label contains personal data.

use huiliu_engine::operations::health::Metrics;
use huiliu_store::admin::metrics::Figures;
use prometheus::{Encoder as _, IntGaugeVec, Opts, Registry, TextEncoder};

/// Name, label (empty for none), help text.
const GAUGES: &[(&str, &str, &str)] = &[
    ("batches", "state", "Batches by state."),
    ("records", "outcome", "Raw records received by their current outcome."),
    ("payloads_unread", "", "Payloads that cannot be decoded."),
    ("dead_letters_open", "", "Open dead letters."),
    (
        "claims_waiting",
        "state",
        "Claims without a teacher, by state: waiting for a person, for the roster, or to be examined.",
    ),
    ("lost_claims", "", "Claims on batches that were lost: workers that died or were paused."),
    ("oldest_waiting_seconds", "", "Age of the oldest batch that is not delivered."),
    ("settle_marks", "", "Blocks of teachers that wait to be settled."),
    ("verified_teachers_total", "", "Teachers whose entries workers have verified, all times added up."),
    (
        "verify_differences",
        "",
        "Fields of current entries that were not what the rules give when a worker looked last.",
    ),
    ("verify_oldest_seconds", "", "Age of the oldest verification: every teacher was verified since."),
    ("sync_runs", "state", "Sync runs by state."),
    ("last_success_timestamp_seconds", "source", "End of the source's last successful sync, Unix time."),
    ("never_succeeded", "source", "1 while a source with a schedule has had no successful sync."),
    ("schedule_failures", "source", "Consecutive failures of the source's syncs."),
];

/// Renders metrics in Prometheus's text format, including those of this process.
pub fn render_metrics(read: &Metrics) -> String {
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    encode_metrics(&read.figures, read.queue_depth.map(|n| number(n as u64)), number(read.write_conflicts))
}

fn encode_metrics(figures: &Figures, depth: Option<i64>, write_conflicts: i64) -> String {
    let registry = Registry::new();
    for (name, label, help) in GAUGES {
        let labels: &[&str] = if label.is_empty() { &[] } else { std::slice::from_ref(label) };
        let Some(gauge) = register_gauge(&registry, name, help, labels) else { continue };
        for figure in figures.iter().filter(|f| f.name == *name) {
            let values: &[&str] = if label.is_empty() { &[] } else { &[&figure.label] };
            gauge.with_label_values(values).set(figure.value);
        }
    }
    if let Some(depth) = depth
        && let Some(gauge) = register_gauge(&registry, "queue_depth", "Messages that wait in the queue.", &[])
    {
        gauge.with_label_values::<&str>(&[]).set(depth);
    }
    let help = "Work of this process that was done again because another transaction was in the way.";
    if let Some(gauge) = register_gauge(&registry, "write_conflicts_total", help, &[]) {
        gauge.with_label_values::<&str>(&[]).set(write_conflicts);
    }
    if let Some(build) = register_gauge(&registry, "build_info", "1; the version is the label.", &["version"]) {
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
    }
    let process = prometheus::process_collector::ProcessCollector::for_self();
    let _ = registry.register(Box::new(process));
    let mut text = Vec::new();
    let _ = TextEncoder::new().encode(&registry.gather(), &mut text);
    String::from_utf8(text).unwrap_or_default()
}

/// Registers a gauge. Returns `None` only if the name is invalid or already taken.
fn register_gauge(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> Option<IntGaugeVec> {
    let gauge = IntGaugeVec::new(Opts::new(name, help).namespace("huiliu"), labels).ok()?;
    registry.register(Box::new(gauge.clone())).ok()?;
    Some(gauge)
}
