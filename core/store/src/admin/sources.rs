//! Sources registered at run time, and the sealed secrets of sources. Written in an act of [`crate::admin::registry::begin`].

use schemars::JsonSchema;
use serde::Serialize;

use crate::admin::sealing;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::Row;
use huiliu_values::calendar::instant;
use huiliu_vault::keys::Keys;

/// A source that stands in no settings file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceRow {
    /// Name.
    pub name: String,
    /// Connector id.
    pub connector: String,
    /// Code of the institution that answers for its data.
    pub institution_code: String,
    /// Its name.
    pub institution_name: String,
    /// Base URL (HTTP).
    pub base_url: String,
    /// User, client id or application id (HTTP).
    pub user: String,
    /// Folder of dropped files.
    pub folder: String,
    /// Cron expression in Asia/Shanghai; empty: never by itself.
    pub schedule: String,
    /// A JSON object of texts, for the manifest.
    pub settings: String,
    /// When it was last set, microseconds UTC; the store writes it.
    pub set_at: i64,
    /// By whom.
    pub set_by: String,
}

/// A sealed secret of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRow {
    /// Source name.
    pub source: String,
    /// Its name, as `password`.
    pub name: String,
    /// Sealed; [`open_secret`] opens it.
    pub sealed: Vec<u8>,
    /// When it was set, microseconds UTC.
    pub set_at: i64,
    /// By whom.
    pub set_by: String,
}

pub(crate) fn source(row: &Row) -> Result<SourceRow, StoreError> {
    Ok(SourceRow {
        name: row.text("name")?,
        connector: row.text("connector")?,
        institution_code: row.text("institution_code")?,
        institution_name: row.text("institution_name")?,
        base_url: row.text("base_url")?,
        user: row.text("user_name")?,
        folder: row.text("folder")?,
        schedule: row.text("schedule")?,
        settings: row.text("settings")?,
        set_at: row.int("set_at")?,
        set_by: row.text("set_by")?,
    })
}

pub(crate) fn secret(row: &Row) -> Result<SecretRow, StoreError> {
    Ok(SecretRow {
        source: row.text("source")?,
        name: row.text("name")?,
        sealed: row.bytes("sealed")?,
        set_at: row.int("set_at")?,
        set_by: row.text("set_by")?,
    })
}

/// Connector and institution code under which a source stands in the books, if it does.
///
/// # Errors
/// [`StoreError`].
pub async fn booked(tx: &mut Tx, source: &str) -> Result<Option<(String, String)>, StoreError> {
    let rows = tx
        .rows(
            "SELECT s.connector, i.code FROM source s JOIN institution i ON i.id = s.institution_id WHERE s.name = $1",
            vec![source.into()],
        )
        .await?;
    rows.first().map(|r| Ok((r.text("connector")?, r.text("code")?))).transpose()
}

/// The registered source of that name; read in an act.
///
/// # Errors
/// [`StoreError`].
pub async fn registered_source(tx: &mut Tx, name: &str) -> Result<Option<SourceRow>, StoreError> {
    let rows = tx.rows("SELECT * FROM registered_source WHERE name = $1", vec![name.into()]).await?;
    rows.first().map(source).transpose()
}

/// Writes a source, in the place of the one of that name if there is one.
///
/// # Errors
/// [`StoreError`].
pub async fn put_source(tx: &mut Tx, row: &SourceRow) -> Result<(), StoreError> {
    tx.run("DELETE FROM registered_source WHERE name = $1", vec![row.name.as_str().into()]).await?;
    let texts = [
        &row.name,
        &row.connector,
        &row.institution_code,
        &row.institution_name,
        &row.base_url,
        &row.user,
        &row.folder,
        &row.schedule,
        &row.settings,
        &row.set_by,
    ];
    tx.run(
        "INSERT INTO registered_source (name, connector, institution_code, institution_name, base_url, user_name, folder,
                                        schedule, settings, set_at, set_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, {now}, $10)",
        texts.into_iter().map(|text| text.as_str().into()).collect(),
    )
    .await?;
    Ok(())
}

/// Takes a source away, and its moments with it; what it has landed stays. False when it is not registered.
///
/// # Errors
/// [`StoreError`].
pub async fn remove_source(tx: &mut Tx, name: &str, in_settings: bool) -> Result<bool, StoreError> {
    let removed = tx.run("DELETE FROM registered_source WHERE name = $1", vec![name.into()]).await?;
    // The one of the settings file has the same moments and the same secrets.
    if removed == 1 && !in_settings {
        tx.run("DELETE FROM source_secret WHERE source = $1", vec![name.into()]).await?;
        tx.run(
            "UPDATE schedule SET expression = '', next_at = NULL
             WHERE source_id IN (SELECT id FROM source WHERE name = $1)",
            vec![name.into()],
        )
        .await?;
    }
    Ok(removed == 1)
}

const SECRET: [&[u8]; 2] = [b"source_secret", b"sealed"];

fn secret_key(keys: &Keys, source: &str, name: &str) -> [u8; 16] {
    keys.short_digest(&[b"source secret", source.as_bytes(), name.as_bytes()])
}

/// Seals a secret of a source, in the place of the one of that name if there is one.
///
/// # Errors
/// [`StoreError::KeyRetired`] when the key was rotated since we began.
pub async fn set_secret(
    tx: &mut Tx,
    keys: &Keys,
    source: &str,
    name: &str,
    value: &str,
    actor: &str,
) -> Result<(), StoreError> {
    let key = secret_key(keys, source, name);
    let sealed = keys.seal(&[SECRET[0], SECRET[1], &key], value.as_bytes())?;
    sealing::hold(tx, keys).await?;
    tx.run(
        "INSERT INTO source_secret (secret_key, source, name, sealed, set_at, set_by) VALUES ($1, $2, $3, $4, {now}, $5)
         ON CONFLICT (secret_key) DO UPDATE SET
           sealed = excluded.sealed, set_at = excluded.set_at, set_by = excluded.set_by",
        vec![key.to_vec().into(), source.into(), name.into(), sealed.into(), actor.into()],
    )
    .await?;
    Ok(())
}

/// Takes a secret away; false when there is none.
///
/// # Errors
/// [`StoreError`].
pub async fn remove_secret(tx: &mut Tx, source: &str, name: &str) -> Result<bool, StoreError> {
    let sql = "DELETE FROM source_secret WHERE source = $1 AND name = $2";
    Ok(tx.run(sql, vec![source.into(), name.into()]).await? == 1)
}

/// Opens a secret.
///
/// # Errors
/// [`StoreError::Key`] when it does not open with these keys.
pub fn open_secret(keys: &Keys, row: &SecretRow) -> Result<String, StoreError> {
    let key = secret_key(keys, &row.source, &row.name);
    let plain = keys.open(&[SECRET[0], SECRET[1], &key], &row.sealed)?;
    String::from_utf8(plain).map_err(|_| StoreError::Column { column: "source_secret.sealed".into() })
}

/// A secret in a listing: what it is, never its value.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SecretTold {
    /// Source name.
    pub source: String,
    /// Its name.
    pub name: String,
    /// When it was set, RFC 3339.
    pub set_at: String,
    /// By whom.
    pub set_by: String,
    /// Generation of the sealing key.
    pub generation: u8,
}

/// Every secret, by source and name, without its value.
///
/// # Errors
/// [`StoreError`].
pub async fn secrets(db: &Db) -> Result<Vec<SecretTold>, StoreError> {
    let rows = db.rows("SELECT * FROM source_secret ORDER BY source, name", vec![]).await?;
    rows.iter()
        .map(|row| {
            let SecretRow { source, name, sealed, set_at, set_by } = secret(row)?;
            let generation = sealed.first().copied().unwrap_or(0);
            Ok(SecretTold { source, name, set_at: instant(set_at), set_by, generation })
        })
        .collect()
}
