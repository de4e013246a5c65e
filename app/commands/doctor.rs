//! `doctor`: what was looked at, and how it stands.

use huiliu_engine::operations::doctor::{self, ConnectorFound, Detail, Finding, Part, SourceFinding};
use huiliu_engine::registry::Origin;

use crate::render::show;
use crate::settings::Reading;
use crate::words::{both, origin, phrase, say, spoken, tr};
use crate::{CliError, open};

pub async fn run(reading: Reading, json: bool) -> Result<(), CliError> {
    let (settings, read) = reading.parts();
    let findings = doctor::examine(&settings.engine, &open::program(), read).await?;
    show(json, &findings, |findings| findings.items.iter().for_each(show_finding));
    if findings.ok {
        Ok(())
    } else {
        Err(CliError::usage(tr("something is not in order, see above", "存在问题，见上")).with_code("doctor"))
    }
}

fn show_finding(finding: &Finding) {
    let mark = match (finding.ok, finding.warning) {
        (true, false) => "✓",
        (true, true) => "!",
        (false, _) => "✗",
    };
    say(&format!("{mark} {}: {}", name(finding.what), detail(&finding.detail)));
}

fn name(part: Part) -> &'static str {
    match part {
        Part::Settings => tr("settings", "设置"),
        Part::Environment => tr("environment", "环境变量"),
        Part::Connectors => tr("connectors", "连接器"),
        Part::Sources => tr("sources", "来源"),
        Part::Source => tr("source", "来源"),
        Part::Database => tr("database", "数据库"),
        Part::Schema => tr("schema", "数据库结构"),
        Part::Key => tr("key", "密钥"),
        Part::KeyFile => tr("key file", "密钥文件"),
        Part::Orphans => tr("orphans", "无主的行"),
        Part::Queue => tr("queue", "队列"),
    }
}

fn detail(detail: &Detail) -> String {
    match detail {
        Detail::DataDir(dir) => dir.display().to_string(),
        Detail::Connectors { in_use, disabled, unusable } => connectors(in_use, disabled, unusable),
        Detail::Database(kind) => (*kind).to_owned(),
        Detail::Schema(state) => phrase(&format!("{state:?}")).into_owned(),
        Detail::KeyFile(path) => both!(
            "{path} (back it up: a lost key is lost data)",
            "{path}（请备份：密钥丢失即数据丢失）",
            path = path.display()
        ),
        Detail::Readable { path, mode } => both!(
            "others can read {path} (mode {mode}); `chmod 600 {path}`",
            "其他用户可以读取 {path}（权限 {mode}）；请执行 `chmod 600 {path}`",
            path = path.display()
        ),
        Detail::Orphans(counts) if counts.is_empty() => tr("none", "无").to_owned(),
        Detail::Orphans(counts) => {
            counts.iter().map(|of| format!("{} {}", of.count, phrase(&of.rows))).collect::<Vec<_>>().join(", ")
        }
        Detail::Queue { place, waiting } => both!("{place} ({waiting} waiting)", "{place}（{waiting} 条等待中）"),
        Detail::Sources(0) => tr("none", "无").to_owned(),
        Detail::Sources(number) => number.to_string(),
        Detail::Setting(finding) => spoken(&finding.problem),
        Detail::Source(finding) => source(finding),
        Detail::NotExamined => tr(
            "not looked at: the settings file says where it is, and cannot be read",
            "未检查：其位置写在设置文件中，而设置文件无法读取",
        )
        .to_owned(),
        Detail::Failed(error) => spoken(error),
    }
}

/// The source, where it stands, and what is wrong with it.
fn source(SourceFinding { source, file, problem, .. }: &SourceFinding) -> String {
    let problem = spoken(problem);
    match file {
        Some(file) => both!("{source} in {file}: {problem}", "{file} 中的 {source}：{problem}", file = file.display()),
        None => both!(
            "{source} (registered; change it with `huiliu sources set {source}`): {problem}",
            "{source}（已注册；用 `huiliu sources set {source}` 修改）：{problem}"
        ),
    }
}

fn connectors(in_use: &[ConnectorFound], disabled: &[String], unusable: &[String]) -> String {
    let told = |of: &ConnectorFound| match of.origin {
        Origin::BuiltIn => of.connector.clone(),
        other => format!("{} {} ({})", of.connector, of.version, origin(other)),
    };
    let mut all: Vec<String> = in_use.iter().map(told).collect();
    all.extend(disabled.iter().map(|id| format!("{id} {}", tr("disabled", "已停用"))));
    all.extend(unusable.iter().map(|of| match of.split_once(": ") {
        Some((which, why)) => both!("{which} cannot be used: {why}", "{which} 无法使用：{why}"),
        None => of.clone(),
    }));
    all.join(", ")
}
