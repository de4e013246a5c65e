//! `migrate`, `backup`, `restore`, `keys rotate`, and the delivery of one batch in a process of its own.

use std::path::Path;

use huiliu_engine::database::MayCreate;
use huiliu_engine::operations::Act;
use huiliu_engine::operations::maintenance::{self, Rotated};
use huiliu_engine::operations::restore::{self, Backup, Restored};

use crate::cli::ReasonArgs;
use crate::render::show;
use crate::settings::Settings;
use crate::words::{label, note, say, sentence};
use crate::{CliError, open};

pub async fn deliver_alone(settings: Settings, batch: i64) -> Result<(), CliError> {
    let runtime = open::start_runtime(&settings, MayCreate::Nothing).await?;
    maintenance::deliver_alone(&runtime, batch).await?;
    runtime.close().await;
    Ok(())
}

pub async fn migrate_schema(settings: Settings, json: bool) -> Result<(), CliError> {
    let migrated = maintenance::migrate(&settings.engine).await?;
    show(json, &migrated, |migrated| {
        say(if migrated.changed {
            label("cli-maintenance-schema-now-current")
        } else {
            label("cli-maintenance-schema-was-current-already")
        });
    });
    open::note_made_key(migrated.made_key.as_deref());
    Ok(())
}

pub async fn back_up(settings: Settings, folder: &Path, json: bool) -> Result<(), CliError> {
    let backup = maintenance::back_up(&settings.engine, folder).await?;
    show(json, &backup, |backup| {
        say(&backup.file.display().to_string());
        note(&sentence!("cli-maintenance-key-file-keep-copy-elsewhere", key = backup.key_file.display()));
    });
    Ok(())
}

pub async fn restore_backup(settings: Settings, backup: Backup, why: &ReasonArgs, json: bool) -> Result<(), CliError> {
    let act = Act { actor: &settings.actor, because: why.because.as_deref().unwrap_or_default() };
    let restored = restore::restore(&settings.engine, act, &backup).await?;
    show(json, &restored, show_restored);
    Ok(())
}

fn show_restored(restored: &Restored) {
    let Restored { database, backup, migrated, replaced } = restored;
    say(&sentence!("cli-maintenance-restored-from", database = database.display(), backup = backup.display()));
    if *migrated {
        say(label("cli-maintenance-schema-was-older-now-current"));
    }
    if let Some(kept) = replaced {
        say(&sentence!("cli-maintenance-file-replaced-kept-delete-when", kept = kept.display()));
    }
    note(label("cli-maintenance-each-source-goes-cursor-backup"));
}

pub async fn rotate_keys(settings: Settings, json: bool) -> Result<(), CliError> {
    maintenance::check_rotation().map_err(CliError::from_operation)?;
    let opened = open::open_database(&settings, MayCreate::Nothing).await?;
    let rotated = maintenance::rotate_keys(&settings.engine, &opened).await?;
    opened.close().await;
    show(json, &rotated, show_rotated);
    Ok(())
}

fn show_rotated(rotated: &Rotated) {
    let Rotated { generation, values, resumed, key_file, old_key_file } = rotated;
    if *resumed {
        say(label("cli-maintenance-rotation-had-begun-before-finished"));
    }
    say(&sentence!(
        "cli-maintenance-values-sealed-anew-under-generation",
        values,
        generation,
        path = key_file.display()
    ));
    note(&sentence!("cli-maintenance-old-key-kept-backups-made", old = old_key_file.display()));
}
