//! Sources registered at run time, and the sealed secrets of sources. Written within a change, see
//! [`crate::admin::registry::begin_change`].

use schemars::JsonSchema;
use serde::Serialize;

use crate::admin::sealing;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Value};
use huiliu_values::calendar::format_instant;
use huiliu_vault::keys::Keys;

/// A source that is registered in the database, not in the settings file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceRow {
    /// Name of the source.
    pub name: String,
    /// Connector id.
    pub connector: String,
    /// Code of the institution that is responsible for its data.
    pub institution_code: String,
    /// Name of that institution.
    pub institution_name: String,
    /// Base URL, for HTTP.
    pub base_url: String,
    /// User, client id or application id, for HTTP.
    pub user: String,
    /// Folder of dropped files.
    pub folder: String,
    /// Cron expression in Asia/Shanghai; empty if the source is never read automatically.
    pub schedule: String,
    /// Settings for the manifest, as a JSON object of strings.
    pub settings: String,
    /// When it was last set, microseconds UTC. The store writes it.
    pub set_at: i64,
    /// The person who set it.
    pub set_by: String,
}

/// A sealed secret of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRow {
    /// Name of the source.
    pub source: String,
    /// Name of the secret, such as `password`.
    pub name: String,
    /// The sealed value; [`open_secret`] opens it.
    pub sealed: Vec<u8>,
    /// When it was set, microseconds UTC.
    pub set_at: i64,
    /// The person who set it.
    pub set_by: String,
}

pub(crate) fn parse_source(row: &Row) -> Result<SourceRow, StoreError> {
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

pub(crate) fn parse_secret(row: &Row) -> Result<SecretRow, StoreError> {
    Ok(SecretRow {
        source: row.text("source")?,
        name: row.text("name")?,
        sealed: row.bytes("sealed")?,
        set_at: row.int("set_at")?,
        set_by: row.text("set_by")?,
    })
}

/// The connector and institution that the database has for a source.
#[derive(Debug)]
pub struct KnownSource {
    /// Id of the connector.
    pub connector: String,
    /// Code of the institution.
    pub institution: String,
}

/// Returns what the database has for a source; `None` if the source was never read.
///
/// # Errors
/// [`StoreError`].
pub async fn find_known_source(tx: &mut Tx, source: &str) -> Result<Option<KnownSource>, StoreError> {
    let rows = tx
        .fetch_rows(
            "SELECT s.connector, i.code FROM source s JOIN institution i ON i.id = s.institution_id WHERE s.name = $1",
            vec![source.into()],
        )
        .await?;
    let known = |row: &Row| Ok(KnownSource { connector: row.text("connector")?, institution: row.text("code")? });
    rows.first().map(known).transpose()
}

/// Finds a registered source by name. Called within a change.
///
/// # Errors
/// [`StoreError`].
pub async fn find_registered_source(tx: &mut Tx, name: &str) -> Result<Option<SourceRow>, StoreError> {
    let rows = tx.fetch_rows("SELECT * FROM registered_source WHERE name = $1", vec![name.into()]).await?;
    rows.first().map(parse_source).transpose()
}

/// Writes a source. It replaces the registered source of the same name, if there is one.
///
/// # Errors
/// [`StoreError`].
pub async fn put_source(tx: &mut Tx, row: &SourceRow) -> Result<(), StoreError> {
    tx.execute("DELETE FROM registered_source WHERE name = $1", vec![row.name.as_str().into()]).await?;
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
    tx.execute(
        "INSERT INTO registered_source (name, connector, institution_code, institution_name, base_url, user_name, folder,
                                        schedule, settings, set_at, set_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, {now}, $10)",
        // The program reads them again as they are.
        texts.into_iter().map(|text| Value::Verbatim(text.clone())).collect(),
    )
    .await?;
    Ok(())
}

/// Removes a registered source. What it has landed stays. Its secrets and its schedule are removed too, unless the
/// settings file has a source of the same name. Returns false if it is not registered.
///
/// # Errors
/// [`StoreError`].
pub async fn remove_source(tx: &mut Tx, name: &str, in_settings: bool) -> Result<bool, StoreError> {
    let removed = tx.execute("DELETE FROM registered_source WHERE name = $1", vec![name.into()]).await?;
    // A source in the settings file has the same schedule and secrets.
    if removed == 1 && !in_settings {
        tx.execute("DELETE FROM source_secret WHERE source = $1", vec![name.into()]).await?;
        tx.execute(
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

/// Seals a secret of a source. It replaces the secret of the same name, if there is one.
///
/// # Errors
/// [`StoreError::KeyRetired`] if the key was rotated since this process started.
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
    sealing::require_current(tx, keys).await?;
    tx.execute(
        "INSERT INTO source_secret (secret_key, source, name, sealed, set_at, set_by) VALUES ($1, $2, $3, $4, {now}, $5)
         ON CONFLICT (secret_key) DO UPDATE SET
           sealed = excluded.sealed, set_at = excluded.set_at, set_by = excluded.set_by",
        vec![key.to_vec().into(), source.into(), name.into(), sealed.into(), actor.into()],
    )
    .await?;
    Ok(())
}

/// Removes a secret. Returns false if there is none.
///
/// # Errors
/// [`StoreError`].
pub async fn remove_secret(tx: &mut Tx, source: &str, name: &str) -> Result<bool, StoreError> {
    let sql = "DELETE FROM source_secret WHERE source = $1 AND name = $2";
    Ok(tx.execute(sql, vec![source.into(), name.into()]).await? == 1)
}

/// Opens a secret.
///
/// # Errors
/// [`StoreError::Key`] if it cannot be opened with these keys.
pub fn open_secret(keys: &Keys, row: &SecretRow) -> Result<String, StoreError> {
    let key = secret_key(keys, &row.source, &row.name);
    let plain = keys.open(&[SECRET[0], SECRET[1], &key], &row.sealed)?;
    String::from_utf8(plain).map_err(|_| StoreError::Column { column: "source_secret.sealed".into() })
}

/// A secret in a listing, without its value.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SecretListing {
    /// Name of the source.
    pub source: String,
    /// Name of the secret.
    pub name: String,
    /// When it was set, RFC 3339.
    pub set_at: String,
    /// The person who set it.
    pub set_by: String,
    /// Generation of the sealing key that it is sealed with.
    pub generation: u8,
}

/// Lists all secrets without their values, sorted by source and name.
///
/// # Errors
/// [`StoreError`].
pub async fn list_secrets(db: &Db) -> Result<Vec<SecretListing>, StoreError> {
    let rows = db.fetch_rows("SELECT * FROM source_secret ORDER BY source, name", vec![]).await?;
    rows.iter()
        .map(|row| {
            let SecretRow { source, name, sealed, set_at, set_by } = parse_secret(row)?;
            let generation = sealed.first().copied().unwrap_or(0);
            Ok(SecretListing { source, name, set_at: format_instant(set_at), set_by, generation })
        })
        .collect()
}
