//! The key file: read, made once, rewritten whole.

use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use huiliu_store::Db;
use huiliu_store::sql::schema;
use huiliu_vault::keyring::Keyring;
use huiliu_vault::keys;

use crate::Stop;
use crate::settings::Settings;
use crate::wire::{Make, make_folder};
use crate::words::{both, note, spoken, tr};

/// HUILIU_KEY, if it is set.
pub fn from_environment() -> Option<String> {
    std::env::var("HUILIU_KEY").ok().filter(|text| !text.is_empty())
}

/// The keys of HUILIU_KEY, or of the key file; made only for a database that has none yet, and by a command that may.
pub async fn open(settings: &Settings, db: &Db, (empty, may): (bool, Make)) -> Result<Keyring, Stop> {
    if let Some(text) = from_environment() {
        return Keyring::parse(&text).map_err(|e| Stop::usage(format!("HUILIU_KEY: {}", spoken(&e))));
    }
    let path = &settings.key_file;
    if !path.exists() {
        if !empty && schema::has_key(db).await? {
            return Err(Stop::usage(both!(
                "the root key file {path} is missing and this database was made with one; put it back, or name it with HUILIU_KEY_FILE",
                "缺少根密钥文件 {path}，而此数据库是用根密钥建立的；请放回该文件，或用 HUILIU_KEY_FILE 指明",
                path = path.display()
            )));
        }
        if may == Make::Nothing {
            return Err(Stop::usage(both!(
                "there is no root key {path} yet, and none was made; check --data-dir, or make one with `huiliu migrate`",
                "尚无根密钥 {path}，也未新建；请检查 --data-dir，或运行 `huiliu migrate` 生成",
                path = path.display()
            )));
        }
        make(path)?;
    }
    read(path)
}

/// Makes the key of a database that has none, unless there is one.
pub async fn make_if_none(settings: &Settings, db: &Db) -> Result<(), Stop> {
    let there = from_environment().is_some() || settings.key_file.exists();
    if there || schema::has_key(db).await? { Ok(()) } else { make(&settings.key_file) }
}

/// Who but the owner may read the key file: its mode, if anybody.
pub fn readable_by_others(path: &Path) -> Option<u32> {
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

/// The keys of a key file.
pub fn read(path: &Path) -> Result<Keyring, Stop> {
    let text = std::fs::read_to_string(path).map_err(|e| {
        Stop::usage(both!(
            "cannot read the root key {path}: {e}",
            "无法读取根密钥 {path}：{e}",
            path = path.display(),
            e = spoken(&e)
        ))
    })?;
    Keyring::parse(&text).map_err(|e| Stop::usage(format!("{}: {}", path.display(), spoken(&e))))
}

/// Makes a root key. Of several processes that begin at once one makes it, and the others use it.
fn make(path: &Path) -> Result<(), Stop> {
    let hex = keys::new_root().map_err(|e| Stop::usage(spoken(&e)))?;
    if let Some(dir) = path.parent() {
        make_folder(dir)?;
    }
    let whole = beside(path, &hex).map_err(|e| unwritable(path, &e))?;
    let made = std::fs::hard_link(&whole, path);
    let _ = std::fs::remove_file(&whole);
    match made {
        Ok(()) => {
            let words = tr(
                "made a root key; back it up, a lost key is lost data: ",
                "已生成根密钥，请备份，密钥丢失即数据丢失：",
            );
            note(&format!("{words}{}", path.display()));
            Ok(())
        }
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(unwritable(path, &e)),
    }
}

/// Puts other keys in the place of a key file, whole or not at all.
pub fn replace(path: &Path, ring: &Keyring) -> Result<(), Stop> {
    let whole = beside(path, ring.text().trim_end()).map_err(|e| unwritable(path, &e))?;
    std::fs::rename(&whole, path).and_then(|()| sync_folder(path)).map_err(|e| unwritable(path, &e))
}

/// Keeps every other rotation of this key file out until it is dropped.
pub fn lock(path: &Path) -> Result<std::fs::File, Stop> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let file = std::fs::File::create(path.with_file_name(format!(".{name}.rotating")));
    let file = file.map_err(|e| unwritable(path, &e))?;
    file.try_lock().map_err(|_| {
        Stop::failed(both!(
            "{path} is being rotated by another process; wait until it has ended",
            "另一个进程正在轮换 {path}；请等它结束",
            path = path.display()
        ))
    })?;
    Ok(file)
}

/// A name for the same file in the same folder, durable, before anything takes its place.
pub fn keep(path: &Path, copy: &Path) -> Result<(), Stop> {
    match std::fs::hard_link(path, copy).and_then(|()| sync_folder(path)) {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(unwritable(copy, &e)),
        _ => Ok(()),
    }
}

/// Writes a file of our own beside another one, readable by us alone.
fn beside(path: &Path, text: &str) -> std::io::Result<std::path::PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let whole = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let _ = std::fs::remove_file(&whole);
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&whole)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    Ok(whole)
}

/// Makes a new name in a file's folder durable.
pub fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder)?.sync_all()
}

fn unwritable(path: &Path, e: &std::io::Error) -> Stop {
    Stop::usage(both!(
        "cannot write the root key {path}: {e}",
        "无法写入根密钥 {path}：{e}",
        path = path.display(),
        e = spoken(e)
    ))
}
