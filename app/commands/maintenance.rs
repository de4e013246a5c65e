//! `migrate`, `backup`, `restore`, `keys rotate`, and the delivery of one batch alone.

use std::path::Path;

use huiliu_engine::database::Make;
use huiliu_engine::operations::Act;
use huiliu_engine::operations::maintenance::{self, Rotated};
use huiliu_engine::operations::restore::{self, Backup, Restored};

use crate::cli::Why;
use crate::render::show;
use crate::settings::Settings;
use crate::words::{both, note, say, tr};
use crate::{CliError, open};

pub async fn deliver_alone(settings: Settings, batch: i64) -> Result<(), CliError> {
    let runtime = open::runtime(&settings, Make::Nothing).await?;
    maintenance::deliver_alone(&runtime, batch).await?;
    runtime.close().await;
    Ok(())
}

pub async fn migrate(settings: Settings, json: bool) -> Result<(), CliError> {
    let migrated = maintenance::migrate(&settings.engine).await?;
    show(json, &migrated, |migrated| {
        say(if migrated.changed {
            tr("the schema is now current", "数据库结构已升级")
        } else {
            tr("the schema was current already", "数据库结构已是最新")
        });
    });
    open::note_made_key(migrated.made_key.as_deref());
    Ok(())
}

pub async fn back_up(settings: Settings, folder: &Path, json: bool) -> Result<(), CliError> {
    let backup = maintenance::back_up(&settings.engine, folder).await?;
    show(json, &backup, |backup| {
        say(&backup.file.display().to_string());
        note(&both!(
            "the key file {key} is not in it: keep a copy of it elsewhere; without it the backup cannot be read",
            "备份不含密钥文件 {key}：请另行保存其副本；没有它，备份无法读取",
            key = backup.key_file.display()
        ));
    });
    Ok(())
}

pub async fn restore(settings: Settings, backup: Backup, why: &Why, json: bool) -> Result<(), CliError> {
    let act = Act { actor: &settings.actor, because: why.because.as_deref().unwrap_or_default() };
    let restored = restore::restore(&settings.engine, act, &backup).await?;
    show(json, &restored, show_restored);
    Ok(())
}

fn show_restored(restored: &Restored) {
    let Restored { database, backup, migrated, replaced } = restored;
    say(&both!(
        "{database} is restored from {backup}",
        "已用 {backup} 恢复 {database}",
        database = database.display(),
        backup = backup.display()
    ));
    if *migrated {
        say(tr("its schema was older and is now current", "其结构较旧，已升级"));
    }
    if let Some(kept) = replaced {
        say(&both!(
            "the file it replaced is kept as {kept}; delete it when it is needed no longer",
            "原文件保存为 {kept}；不再需要时请删除",
            kept = kept.display()
        ));
    }
    note(tr(
        "each source goes on at the cursor of the backup: what came later is read again, and counts once",
        "每个来源从备份时的游标继续：此后收到的会重新读取，只计一次",
    ));
}

pub async fn rotate_keys(settings: Settings, json: bool) -> Result<(), CliError> {
    maintenance::check_rotation().map_err(CliError::from_operation)?;
    let opened = open::database(&settings, Make::Nothing).await?;
    let rotated = maintenance::rotate_keys(&settings.engine, &opened).await?;
    opened.close().await;
    show(json, &rotated, show_rotated);
    Ok(())
}

fn show_rotated(rotated: &Rotated) {
    let Rotated { generation, values, resumed, key_file, old_key_file } = rotated;
    if *resumed {
        say(tr("a rotation that had begun before is finished", "先前未完成的轮换已完成"));
    }
    say(&both!(
        "{values} values are sealed anew under generation {generation}; give every host {path}, and back it up",
        "{values} 个值已用第 {generation} 代密钥重新密封；请将 {path} 分发到每台主机并备份",
        path = key_file.display()
    ));
    note(&both!(
        "the old key is kept as {old}: backups made before need it; delete it together with the last of them",
        "旧密钥保存为 {old}：此前的备份需要它；请与最后一份旧备份一同删除",
        old = old_key_file.display()
    ));
}
