//! `backup` and `keys rotate`: what keeps the data and its keys.

use std::path::Path;

use huiliu_store::admin::sealing;
use huiliu_store::sql::schema;
use huiliu_store::{Db, StoreFault};

use crate::settings::Settings;
use crate::wire::{self, Books, Make};
use crate::words::{both, note, say, say_json, spoken, tr};
use crate::{Stop, keyfile};

/// A consistent copy of the embedded database in a folder, under a name that says when.
pub async fn backup(settings: Settings, folder: &Path, json: bool) -> Result<(), Stop> {
    let db = wire::open_database(&settings, Make::Nothing).await?;
    if let Db::Pg { .. } = db {
        return Err(Stop::usage(tr(
            "this database is PostgreSQL: back it up with `pg_dump --format=custom`, see docs/operations.md",
            "此数据库为 PostgreSQL：请用 `pg_dump --format=custom` 备份，见 docs/operations.zh-CN.md",
        )));
    }
    schema::require_current(&db).await?;
    let name = format!("huiliu-{}.db", chrono::Utc::now().format("%Y%m%dT%H%M%S%3fZ"));
    let (part, whole) = (folder.join(format!(".{name}.part")), folder.join(&name));
    let unwritable = |why: String| {
        Stop::usage(both!(
            "cannot write a backup in {folder}: {why}; give a writable folder with room for a copy of the database",
            "无法在 {folder} 中写入备份：{why}；请指定可写且空间足够的目录",
            folder = folder.display()
        ))
    };
    std::fs::create_dir_all(folder).map_err(|e| unwritable(spoken(&e)))?;
    let copied = schema::backup(&db, &part.display().to_string()).await.map_err(|e| spoken(&e));
    let kept = copied.and_then(|()| {
        let named = std::fs::File::open(&part).and_then(|f| f.sync_all()).and_then(|()| std::fs::rename(&part, &whole));
        named.and_then(|()| keyfile::sync_folder(&whole)).map_err(|e| spoken(&e))
    });
    db.close().await;
    if let Err(why) = kept {
        let _ = std::fs::remove_file(&part);
        return Err(unwritable(why));
    }
    let bytes = std::fs::metadata(&whole).map_or(0, |m| m.len());
    if json {
        say_json(
            &serde_json::json!({ "file": whole, "bytes": bytes, "key_included": false, "key_file": settings.key_file }),
        );
    } else {
        say(&whole.display().to_string());
        note(&both!(
            "the key file {key} is not in it: keep a copy of it elsewhere; without it the backup cannot be read",
            "备份不含密钥文件 {key}：请另行保存其副本；没有它，备份无法读取",
            key = settings.key_file.display()
        ));
    }
    Ok(())
}

/// Another sealing key: everything sealed is sealed anew, then the old key opens nothing any more. Stopped in between, it
/// goes on when it is called again.
pub async fn rotate(settings: Settings, json: bool) -> Result<(), Stop> {
    if keyfile::from_environment().is_some() {
        return Err(Stop::usage(tr(
            "the key stands in HUILIU_KEY, which cannot be rewritten; write it to a file, name that with HUILIU_KEY_FILE, and rotate again",
            "密钥在 HUILIU_KEY 中，无法改写；请写入文件并用 HUILIU_KEY_FILE 指明，再行轮换",
        )));
    }
    let books = Books::open(settings, Make::Nothing).await?;
    let path = &books.settings.key_file;
    // Two at once would make two keys for one generation.
    let _only = keyfile::lock(path)?;
    let mut ring = keyfile::read(path)?;
    let unrotated = ring.clone();
    let resumed = ring.generations().len() > 1;
    if !resumed {
        let generation = ring.add().map_err(|e| Stop::usage(spoken(&e)))?;
        keyfile::keep(path, &before(path, generation))?;
        keyfile::replace(path, &ring)?;
    }
    let keys = ring.keys().map_err(|e| Stop::usage(spoken(&e)))?;
    if let Err(fault) = sealing::begin(&books.db, &keys).await {
        // Begun elsewhere with another key: ours has sealed nothing, and must not look as if it had.
        if !resumed && matches!(fault, StoreFault::KeyGeneration(_)) {
            keyfile::replace(path, &unrotated)?;
        }
        return Err(fault.into());
    }
    let sealed = sealing::seal_anew(&books.db, &keys, &|n| tracing::info!(values = n, "sealed anew")).await?;
    sealing::finish(&books.db).await?;
    ring.keep_newest();
    keyfile::replace(path, &ring)?;
    books.close().await;
    let (generation, old) = (keys.current(), before(path, keys.current()));
    if json {
        say_json(
            &serde_json::json!({ "generation": generation, "values": sealed, "resumed": resumed, "old_key_file": old }),
        );
        return Ok(());
    }
    if resumed {
        say(tr("a rotation that had begun before is finished", "先前未完成的轮换已完成"));
    }
    say(&both!(
        "{sealed} values are sealed anew under generation {generation}; give every host {path}, and back it up",
        "{sealed} 个值已用第 {generation} 代密钥重新密封；请将 {path} 分发到每台主机并备份",
        path = path.display()
    ));
    note(&both!(
        "the old key is kept as {old}: backups made before need it; delete it together with the last of them",
        "旧密钥保存为 {old}：此前的备份需要它；请与最后一份旧备份一同删除",
        old = old.display()
    ));
    Ok(())
}

/// Where the key file of before a generation is kept.
fn before(path: &Path, generation: u8) -> std::path::PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{name}.before-{generation}"))
}
