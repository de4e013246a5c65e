//! The registry of connectors: their versions, and which version is in use. Every change is one transaction with its
//! audit entry, and raises the number by which workers notice changes.

use crate::admin::audit::Author;
use crate::admin::sealing;
use crate::admin::sources::{self, SecretRow, SourceRow};
use crate::intake::runs::{self, NewActivation};
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Value};
use huiliu_manifest::Sample;
use huiliu_vault::keys::{Keys, SealedLarge};

/// Returns the number of the last change.
///
/// # Errors
/// [`StoreError`].
pub async fn read_number(db: &Db) -> Result<i64, StoreError> {
    first_int(&db.fetch_rows("SELECT number FROM registry_change WHERE id = 1", vec![]).await?)
}

fn first_int(rows: &[Row]) -> Result<i64, StoreError> {
    rows.first().ok_or_else(|| StoreError::Column { column: "registry_change.number".into() })?.int("number")
}

/// Begins a change. Until the transaction ends, no other change is made and no manifest is activated.
///
/// # Errors
/// [`StoreError`].
pub async fn begin_change(db: &Db) -> Result<Tx, StoreError> {
    let mut tx = db.begin().await?;
    tx.execute("UPDATE registry_change SET number = number + 1 WHERE id = 1", vec![]).await?;
    Ok(tx)
}

/// A stored version of a connector, without its samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Connector id.
    pub connector: String,
    /// Version of the manifest.
    pub version: i64,
    /// Keyed digest of manifest and samples.
    pub digest: Vec<u8>,
    /// Text of the manifest.
    pub manifest: String,
    /// When it was registered, microseconds UTC.
    pub registered_at: i64,
    /// The person who registered it.
    pub registered_by: String,
    /// The reason for registering it.
    pub because: String,
}

const VERSION: &str = "v.connector, v.version, v.digest, v.manifest, v.registered_at, v.registered_by, v.because FROM connector_version v";

fn parse_version(row: &Row) -> Result<Version, StoreError> {
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

/// The decision about the use of a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorUse {
    /// Connector id.
    pub connector: String,
    /// The version in use; `None` for the one built into the program.
    pub version: Option<i64>,
    /// Whether its sources are read.
    pub enabled: bool,
    /// When it was decided, microseconds UTC.
    pub at: i64,
    /// The person who decided.
    pub by: String,
    /// The reason.
    pub because: String,
}

/// The whole registry at one moment, with only those versions that are in use.
#[derive(Debug, Clone, Default)]
pub struct Registered {
    /// The number of the last change.
    pub number: i64,
    /// Decisions about connectors, sorted by connector.
    pub decided: Vec<ConnectorUse>,
    /// Versions in use, sorted by connector.
    pub in_use: Vec<Version>,
    /// Registered sources, sorted by name.
    pub sources: Vec<SourceRow>,
    /// Secrets, sorted by source and name.
    pub secrets: Vec<SecretRow>,
}

/// Reads the whole registry in one snapshot.
///
/// # Errors
/// [`StoreError`].
pub async fn read_registry(db: &Db) -> Result<Registered, StoreError> {
    let mut tx = db.begin_read_only().await?;
    let number = first_int(&tx.fetch_rows("SELECT number FROM registry_change WHERE id = 1", vec![]).await?)?;
    let decided = tx.fetch_rows("SELECT * FROM connector_use ORDER BY connector", vec![]).await?;
    let sql = format!(
        "SELECT {VERSION} JOIN connector_use u ON u.connector = v.connector AND u.version = v.version ORDER BY v.connector"
    );
    let in_use = tx.fetch_rows(&sql, vec![]).await?;
    let source_rows = tx.fetch_rows("SELECT * FROM registered_source ORDER BY name", vec![]).await?;
    let secret_rows = tx.fetch_rows("SELECT * FROM source_secret ORDER BY source, name", vec![]).await?;
    Ok(Registered {
        number,
        decided: decided.iter().map(parse_use).collect::<Result<_, _>>()?,
        in_use: in_use.iter().map(parse_version).collect::<Result<_, _>>()?,
        sources: source_rows.iter().map(sources::parse_source).collect::<Result<_, _>>()?,
        secrets: secret_rows.iter().map(sources::parse_secret).collect::<Result<_, _>>()?,
    })
}

fn parse_use(row: &Row) -> Result<ConnectorUse, StoreError> {
    Ok(ConnectorUse {
        connector: row.text("connector")?,
        version: row.opt_int("version")?,
        enabled: row.int("enabled")? == 1,
        at: row.int("decided_at")?,
        by: row.text("decided_by")?,
        because: row.text("because")?,
    })
}

/// Makes manifests current and returns their activation numbers, in order. Returns `None` if the registry has changed
/// since `number`, because a late process must not reactivate an older manifest.
///
/// # Errors
/// [`StoreError`].
pub async fn activate_manifests(
    db: &Db,
    number: i64,
    all: &[NewActivation<'_>],
) -> Result<Option<Vec<i64>>, StoreError> {
    let mut tx = db.begin().await?;
    let rows = tx.fetch_rows("SELECT number FROM registry_change WHERE id = 1 {share}", vec![]).await?;
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

/// The digest of a manifest as an earlier release stored it, and as it is stored now.
#[derive(Debug, Clone, Copy)]
pub struct RestatedDigest<'a> {
    /// Connector id.
    pub connector: &'a str,
    /// The digest that an earlier release would have stored.
    pub former: &'a [u8],
    /// The digest of the same manifest now.
    pub now: &'a [u8],
}

/// Replaces digests of current manifests that an earlier release stored in its own form, so that the same manifests keep
/// their activation numbers.
///
/// # Errors
/// [`StoreError`].
pub async fn restate_digests(db: &Db, all: &[RestatedDigest<'_>]) -> Result<(), StoreError> {
    let rows = db.fetch_rows("SELECT DISTINCT digest FROM activation WHERE kind = 'manifest'", vec![]).await?;
    let held = rows.iter().map(|row| row.bytes("digest")).collect::<Result<Vec<_>, _>>()?;
    for of in all.iter().filter(|of| held.iter().any(|digest| digest == of.former)) {
        let sql = "UPDATE activation SET digest = $3 WHERE kind = 'manifest' AND name = $1 AND digest = $2
                   AND id = (SELECT max(id) FROM activation WHERE kind = 'manifest' AND name = $1)";
        db.execute(sql, vec![of.connector.into(), of.former.into(), of.now.into()]).await?;
    }
    Ok(())
}

/// Lists all stored versions of a connector, newest first.
///
/// # Errors
/// [`StoreError`].
pub async fn list_versions(db: &Db, connector: &str) -> Result<Vec<Version>, StoreError> {
    let sql = format!("SELECT {VERSION} WHERE v.connector = $1 ORDER BY v.version DESC");
    db.fetch_rows(&sql, vec![connector.into()]).await?.iter().map(parse_version).collect()
}

/// What is stored of a connector, as [`find_stored_version`] finds it.
#[derive(Debug)]
pub struct StoredVersion {
    /// Digest of the version, if it is stored.
    pub digest: Option<Vec<u8>>,
    /// The highest stored version of the connector.
    pub highest: Option<i64>,
}

/// Returns the digest of a stored version, and the highest stored version of the connector. Called within a change.
///
/// # Errors
/// [`StoreError`].
pub async fn find_stored_version(tx: &mut Tx, connector: &str, version: i64) -> Result<StoredVersion, StoreError> {
    let highest =
        tx.fetch_rows("SELECT max(version) AS top FROM connector_version WHERE connector = $1", vec![connector.into()]);
    let highest = highest.await?.first().map_or(Ok(None), |r| r.opt_int("top"))?;
    let held = tx
        .fetch_rows(
            "SELECT digest FROM connector_version WHERE connector = $1 AND version = $2",
            vec![connector.into(), version.into()],
        )
        .await?;
    let digest = held.first().map(|r| r.bytes("digest")).transpose()?;
    Ok(StoredVersion { digest, highest })
}

/// A version to store.
#[derive(Debug, Clone, Copy)]
pub struct NewVersion<'a> {
    /// Connector id.
    pub connector: &'a str,
    /// Version of the manifest.
    pub version: i64,
    /// [`crate::admin::samples::content_digest`] of manifest and samples.
    pub digest: &'a [u8],
    /// Text of the manifest.
    pub manifest: &'a str,
    /// The samples that it has passed.
    pub samples: &'a [Sample],
}

const SAMPLES: [&[u8]; 2] = [b"connector_version", b"samples"];

/// Stores a version with its samples, sealed.
///
/// # Errors
/// [`StoreError`].
pub async fn add_version(tx: &mut Tx, keys: &Keys, new: NewVersion<'_>, author: Author<'_>) -> Result<(), StoreError> {
    let packed = crate::admin::samples::pack_samples(new.samples)?;
    let SealedLarge { wrapped, sealed } = keys.seal_large(&[SAMPLES[0], SAMPLES[1], new.digest], &packed)?;
    sealing::require_current(tx, keys).await?;
    tx.execute(
        "INSERT INTO connector_version (connector, version, digest, manifest, wrapped_key, samples, registered_at,
                                        registered_by, because)
         VALUES ($1, $2, $3, $4, $5, $6, {now}, $7, $8)",
        vec![
            new.connector.into(),
            new.version.into(),
            new.digest.into(),
            Value::Verbatim(new.manifest.to_owned()),
            wrapped.into(),
            sealed.into(),
            author.actor.into(),
            author.because.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Returns the samples of a stored version; `None` if the version is not stored.
///
/// # Errors
/// [`StoreError::Key`] if they cannot be opened with these keys.
pub async fn load_samples(
    db: &Db,
    keys: &Keys,
    connector: &str,
    version: i64,
) -> Result<Option<Vec<Sample>>, StoreError> {
    let rows = db
        .fetch_rows(
            "SELECT digest, wrapped_key, samples FROM connector_version WHERE connector = $1 AND version = $2",
            vec![connector.into(), version.into()],
        )
        .await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let digest = row.bytes("digest")?;
    let place = [SAMPLES[0], SAMPLES[1], &digest];
    let packed = keys.open_large(&place, &row.bytes("wrapped_key")?, row.bytes("samples")?)?;
    crate::admin::samples::unpack_samples(&packed).map(Some)
}

/// A change to the use of a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The version in use; `None` for the one built into the program.
    Version(Option<i64>),
    /// Whether its sources are read.
    Enabled(bool),
}

/// Changes the use of a connector.
///
/// # Errors
/// [`StoreError`].
pub async fn change_use(tx: &mut Tx, connector: &str, change: Change, author: Author<'_>) -> Result<(), StoreError> {
    let (version, enabled) = match change {
        Change::Version(version) => (Some(version), None),
        Change::Enabled(enabled) => (None, Some(enabled)),
    };
    let number = |v: Option<i64>| v.map_or(Value::Null, Value::Int);
    tx.execute(
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

/// Finds the decision about the use of a connector. Called within a change.
///
/// # Errors
/// [`StoreError`].
pub async fn find_use(tx: &mut Tx, connector: &str) -> Result<Option<ConnectorUse>, StoreError> {
    let rows = tx.fetch_rows("SELECT * FROM connector_use WHERE connector = $1", vec![connector.into()]).await?;
    rows.first().map(parse_use).transpose()
}
