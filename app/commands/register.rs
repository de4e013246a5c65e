//! `connectors register`, `versions`, `rollback`, `enable`, `disable`: connectors that come and go at run time.

use std::path::Path;

use huiliu_engine::database::Make;
use huiliu_engine::operations::connector_versions::{
    self, ConnectorEnabled, ConnectorVersions, DisabledConnector, Registration, RegistrationState, VersionShown,
};
use huiliu_engine::operations::{Act, RegistryAccess};

use super::authoring::{note_open_questions, show_checked};
use crate::cli::Why;
use crate::render::{moment, show};
use crate::settings::Settings;
use crate::table::table;
use crate::words::{both, origin, say, tr};
use crate::{CliError, open};

pub async fn register(settings: &Settings, path: &Path, why: Why, json: bool) -> Result<(), CliError> {
    let examined = connector_versions::examine(&settings.engine, &open::program(), path).await?;
    let registration = if examined.passes() {
        let opened = open::database(settings, Make::Files).await?;
        let act = Act { actor: &settings.actor, because: &why.because.unwrap_or_default() };
        let registration = connector_versions::register(&opened, act, examined).await?;
        opened.close().await;
        registration
    } else {
        // What is refused leaves no database behind.
        examined.registration(RegistrationState::Refused)
    };
    note_open_questions(&registration.open_questions);
    show(json, &registration, show_registration);
    if registration.state == RegistrationState::Refused {
        let words = tr(
            "nothing was registered: a sample does not give what is expected, see above",
            "未注册：有样例与预期结果不符，见上",
        );
        return Err(CliError::failed(words).with_code("connector.samples"));
    }
    Ok(())
}

fn show_registration(registration: &Registration) {
    let Registration { connector, version, state, samples, .. } = registration;
    show_checked(samples);
    match state {
        RegistrationState::Refused => {}
        RegistrationState::Registered => say(&both!(
            "connector {connector} version {version} is registered and in use",
            "连接器 {connector} 第 {version} 版已注册并启用"
        )),
        RegistrationState::Unchanged | RegistrationState::NotInUse => say(&both!(
            "connector {connector} version {version} is registered already with the same content; nothing was changed",
            "连接器 {connector} 第 {version} 版早已注册，内容相同；未作改动"
        )),
    }
    if *state == RegistrationState::NotInUse {
        say(&both!(
            "it is not in use; `huiliu connectors rollback {connector} --to {version} --because TEXT` takes it into use",
            "它未在使用；可用 `huiliu connectors rollback {connector} --to {version} --because 理由` 启用"
        ));
    }
}

pub async fn versions(settings: &Settings, id: &str, json: bool) -> Result<(), CliError> {
    let (opened, program) = (open::database(settings, Make::Nothing).await?, open::program());
    let access = RegistryAccess { opened: &opened, settings: &settings.engine, program: &program };
    let versions = connector_versions::versions(access, id).await?;
    opened.close().await;
    show(json, &versions, show_versions);
    Ok(())
}

fn show_versions(versions: &ConnectorVersions) {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let cells = |row: &VersionShown| {
        vec![
            row.version.to_string(),
            origin(row.origin).to_owned(),
            if row.in_use { tr("in use", "使用中") } else { "" }.to_owned(),
            row.registered_at.as_deref().map(moment).unwrap_or_default(),
            text(&row.registered_by),
            text(&row.because),
        ]
    };
    let heading =
        [tr("version", "版本"), tr("from", "来自"), "", tr("at", "时间"), tr("by", "操作人"), tr("because", "理由")];
    table(&heading, &versions.page.items.iter().map(cells).collect::<Vec<_>>());
    if let Some(DisabledConnector { by, because }) = &versions.disabled {
        say(&both!("disabled by {by}: {because}", "已由 {by} 停用：{because}"));
    }
}

/// A version that is to be used again.
pub struct Rollback {
    pub id: String,
    /// A version, or `built-in`.
    pub to: String,
    pub because: String,
}

pub async fn rollback(settings: &Settings, asked: &Rollback, json: bool) -> Result<(), CliError> {
    let (opened, program) = (open::database(settings, Make::Nothing).await?, open::program());
    let access = RegistryAccess { opened: &opened, settings: &settings.engine, program: &program };
    let Rollback { id, to, because } = asked;
    let act = Act { actor: &settings.actor, because };
    let rolled_back = connector_versions::rollback(access, act, id, to).await?;
    opened.close().await;
    show(json, &rolled_back, |rolled_back| {
        say(&if rolled_back.changed {
            both!("connector {id}: version {to} is in use", "连接器 {id}：现用版本 {to}")
        } else {
            both!("connector {id}: version {to} was in use already", "连接器 {id}：版本 {to} 本就在用")
        });
    });
    Ok(())
}

/// Whether a connector's sources are to be read.
pub struct Switch {
    pub id: String,
    pub enabled: bool,
    pub because: String,
}

pub async fn set_enabled(settings: &Settings, asked: &Switch, json: bool) -> Result<(), CliError> {
    let (opened, program) = (open::database(settings, Make::Nothing).await?, open::program());
    let access = RegistryAccess { opened: &opened, settings: &settings.engine, program: &program };
    let act = Act { actor: &settings.actor, because: &asked.because };
    let switched = connector_versions::set_enabled(access, act, &asked.id, asked.enabled).await?;
    opened.close().await;
    show(json, &switched, |switched| say(enabled_words(switched)));
    Ok(())
}

fn enabled_words(switched: &ConnectorEnabled) -> &'static str {
    match (switched.enabled, switched.changed) {
        (true, true) => tr("its sources are read again", "已恢复读取其来源"),
        (true, false) => tr("it was enabled already", "本已启用"),
        (false, true) => tr(
            "its sources are read no longer; what was received is still delivered",
            "不再读取其来源；已接收的仍会投递",
        ),
        (false, false) => tr("it was disabled already", "本已停用"),
    }
}
