//! Connectors registered at run time: their versions, and which one is in use. Every act is one transaction, with its
//! entry in the audit log, and raises the number that workers look at.

use crate::admin::audit::Author;
use crate::admin::sealing;
use crate::admin::sources::{self, SecretRow, SourceRow};
use crate::intake::runs::{self, Current};
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Value};
use huiliu_manifest::Sample;
use huiliu_vault::keys::Keys;

/// The number of the last change.
///
/// # Errors
/// [`StoreError`].
pub async fn number(db: &Db) -> Result<i64, StoreError> {
    first_int(&db.rows("SELECT number FROM registry_change WHERE id = 1", vec![]).await?)
}

fn first_int(rows: &[Row]) -> Result<i64, StoreError> {
    rows.first().ok_or_else(|| StoreError::Column { column: "registry_change.number".into() })?.int("number")
}

/// Begins an act: until the transaction ends nobody else changes anything, and no manifest is activated.
///
/// # Errors
/// [`StoreError`].
pub async fn begin(db: &Db) -> Result<Tx, StoreError> {
    let mut tx = db.begin().await?;
    tx.run("UPDATE registry_change SET number = number + 1 WHERE id = 1", vec![]).await?;
    Ok(tx)
}

/// A version of a connector in the store, without its samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Connector id.
    pub connector: String,
    /// The manifest's version.
    pub version: i64,
    /// Keyed digest of manifest and samples.
    pub digest: Vec<u8>,
    /// The manifest's text.
    pub manifest: String,
    /// When, microseconds UTC.
    pub registered_at: i64,
    /// By whom.
    pub registered_by: String,
    /// Why.
    pub because: String,
}

const VERSION: &str = "v.connector, v.version, v.digest, v.manifest, v.registered_at, v.registered_by, v.because FROM connector_version v";

fn version(row: &Row) -> Result<Version, StoreError> {
    Ok(Version {
        connector: row.text("connector")?,
        version: row.int("version")?,
        digest: row.bytes("digest")?,
        manifest: row.text("manifest")?,
        registered_at: row.int("registered_at")?,
        registered_by: row.text("registered_by")?,
        because: row.text("because")?,
    })
}

/// What was decided about a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// Connector id.
    pub connector: String,
    /// The version in use; none: the one that comes with the program.
    pub version: Option<i64>,
    /// Whether its sources are read.
    pub enabled: bool,
    /// When, microseconds UTC.
    pub at: i64,
    /// By whom.
    pub by: String,
    /// Why.
    pub because: String,
}

/// All that is registered, as of one moment; of the versions only those in use.
#[derive(Debug, Clone, Default)]
pub struct Registered {
    /// The number of the last change.
    pub number: i64,
    /// Decisions, by connector.
    pub decided: Vec<Decided>,
    /// Versions in use.
    pub in_use: Vec<Version>,
    /// Sources, by name.
    pub sources: Vec<SourceRow>,
    /// Secrets, by source and name.
    pub secrets: Vec<SecretRow>,
}

/// Reads all that is registered, in one state of the database.
///
/// # Errors
/// [`StoreError`].
pub async fn read(db: &Db) -> Result<Registered, StoreError> {
    let mut tx = db.look().await?;
    let number = first_int(&tx.rows("SELECT number FROM registry_change WHERE id = 1", vec![]).await?)?;
    let decided = tx.rows("SELECT * FROM connector_use ORDER BY connector", vec![]).await?;
    let sql = format!(
        "SELECT {VERSION} JOIN connector_use u ON u.connector = v.connector AND u.version = v.version ORDER BY v.connector"
    );
    let in_use = tx.rows(&sql, vec![]).await?;
    let source_rows = tx.rows("SELECT * FROM registered_source ORDER BY name", vec![]).await?;
    let secret_rows = tx.rows("SELECT * FROM source_secret ORDER BY source, name", vec![]).await?;
    Ok(Registered {
        number,
        decided: decided.iter().map(decision).collect::<Result<_, _>>()?,
        in_use: in_use.iter().map(version).collect::<Result<_, _>>()?,
        sources: source_rows.iter().map(sources::source).collect::<Result<_, _>>()?,
        secrets: secret_rows.iter().map(sources::secret).collect::<Result<_, _>>()?,
    })
}

fn decision(row: &Row) -> Result<Decided, StoreError> {
    Ok(Decided {
        connector: row.text("connector")?,
        version: row.opt_int("version")?,
        enabled: row.int("enabled")? == 1,
        at: row.int("decided_at")?,
        by: row.text("decided_by")?,
        because: row.text("because")?,
    })
}

/// Makes manifests current and gives their activation numbers, in order; none when something was registered since
/// `number`: a process that is late must not make an older manifest current again.
///
/// # Errors
/// [`StoreError`].
pub async fn activate(db: &Db, number: i64, all: &[Current<'_>]) -> Result<Option<Vec<i64>>, StoreError> {
    let mut tx = db.begin().await?;
    let rows = tx.rows("SELECT number FROM registry_change WHERE id = 1 {share}", vec![]).await?;
    if first_int(&rows)? != number {
        return Ok(None);
    }
    let mut activations = Vec::with_capacity(all.len());
    for current in all {
        activations.push(runs::activate_in(&mut tx, *current).await?);
    }
    tx.commit().await?;
    Ok(Some(activations))
}

/// Every stored version of a connector, the newest first.
///
/// # Errors
/// [`StoreError`].
pub async fn versions(db: &Db, connector: &str) -> Result<Vec<Version>, StoreError> {
    let sql = format!("SELECT {VERSION} WHERE v.connector = $1 ORDER BY v.version DESC");
    db.rows(&sql, vec![connector.into()]).await?.iter().map(version).collect()
}

/// The digest of a stored version, and the highest version stored of the connector; read in an act.
///
/// # Errors
/// [`StoreError`].
pub async fn stored(tx: &mut Tx, connector: &str, version: i64) -> Result<(Option<Vec<u8>>, Option<i64>), StoreError> {
    let highest =
        tx.rows("SELECT max(version) AS top FROM connector_version WHERE connector = $1", vec![connector.into()]);
    let highest = highest.await?.first().map_or(Ok(None), |r| r.opt_int("top"))?;
    let held = tx
        .rows(
            "SELECT digest FROM connector_version WHERE connector = $1 AND version = $2",
            vec![connector.into(), version.into()],
        )
        .await?;
    Ok((held.first().map(|r| r.bytes("digest")).transpose()?, highest))
}

/// A version to be stored.
#[derive(Debug, Clone, Copy)]
pub struct NewVersion<'a> {
    /// Connector id.
    pub connector: &'a str,
    /// The manifest's version.
    pub version: i64,
    /// [`crate::admin::samples::content_digest`] of what follows.
    pub digest: &'a [u8],
    /// The manifest's text.
    pub manifest: &'a str,
    /// What it has passed.
    pub samples: &'a [Sample],
}

const SAMPLES: [&[u8]; 2] = [b"connector_version", b"samples"];

/// Stores a version.
///
/// # Errors
/// [`StoreError`].
pub async fn add_version(tx: &mut Tx, keys: &Keys, new: NewVersion<'_>, author: Author<'_>) -> Result<(), StoreError> {
    let packed = crate::admin::samples::pack(new.samples)?;
    let (wrapped, sealed) = keys.seal_large(&[SAMPLES[0], SAMPLES[1], new.digest], &packed)?;
    sealing::hold(tx, keys).await?;
    tx.run(
        "INSERT INTO connector_version (connector, version, digest, manifest, wrapped_key, samples, registered_at,
                                        registered_by, because)
         VALUES ($1, $2, $3, $4, $5, $6, {now}, $7, $8)",
        vec![
            new.connector.into(),
            new.version.into(),
            new.digest.into(),
            new.manifest.into(),
            wrapped.into(),
            sealed.into(),
            author.actor.into(),
            author.because.into(),
        ],
    )
    .await?;
    Ok(())
}

/// The samples of a stored version; none when it is not stored.
///
/// # Errors
/// [`StoreError::Key`] when they do not open with these keys.
pub async fn samples(db: &Db, keys: &Keys, connector: &str, version: i64) -> Result<Option<Vec<Sample>>, StoreError> {
    let rows = db
        .rows(
            "SELECT digest, wrapped_key, samples FROM connector_version WHERE connector = $1 AND version = $2",
            vec![connector.into(), version.into()],
        )
        .await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let digest = row.bytes("digest")?;
    let place = [SAMPLES[0], SAMPLES[1], &digest];
    let packed = keys.open_large(&place, &row.bytes("wrapped_key")?, row.bytes("samples")?)?;
    crate::admin::samples::unpack(&packed).map(Some)
}

/// What changes about the use of a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The version in use; none: the one that comes with the program.
    Version(Option<i64>),
    /// Whether its sources are read.
    Enabled(bool),
}

/// Changes the use of a connector from now on.
///
/// # Errors
/// [`StoreError`].
pub async fn decide(tx: &mut Tx, connector: &str, change: Change, author: Author<'_>) -> Result<(), StoreError> {
    let (version, enabled) = match change {
        Change::Version(version) => (Some(version), None),
        Change::Enabled(enabled) => (None, Some(enabled)),
    };
    let number = |v: Option<i64>| v.map_or(Value::Null, Value::Int);
    tx.run(
        "INSERT INTO connector_use (connector, version, enabled, decided_at, decided_by, because)
         VALUES ($1, $2, $3, {now}, $6, $7)
         ON CONFLICT (connector) DO UPDATE SET
           version = CASE WHEN $4 = 1 THEN excluded.version ELSE connector_use.version END,
           enabled = CASE WHEN $5 = 1 THEN excluded.enabled ELSE connector_use.enabled END,
           decided_at = excluded.decided_at, decided_by = excluded.decided_by, because = excluded.because",
        vec![
            connector.into(),
            number(version.flatten()),
            i64::from(enabled.unwrap_or(true)).into(),
            i64::from(version.is_some()).into(),
            i64::from(enabled.is_some()).into(),
            author.actor.into(),
            author.because.into(),
        ],
    )
    .await?;
    Ok(())
}

/// What was decided about a connector; read in an act.
///
/// # Errors
/// [`StoreError`].
pub async fn decided(tx: &mut Tx, connector: &str) -> Result<Option<Decided>, StoreError> {
    let rows = tx.rows("SELECT * FROM connector_use WHERE connector = $1", vec![connector.into()]).await?;
    rows.first().map(decision).transpose()
}
