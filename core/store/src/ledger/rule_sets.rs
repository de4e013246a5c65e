//! The rules in force, as versioned objects: rule packs, the crosswalk, the matching weights and the regions. A set of
//! versions becomes the rules in force by an activation, never because a process starts.

use schemars::JsonSchema;
use serde::Serialize;

use crate::admin::audit::Author;
use crate::sql::db::{Db, Tx};
use crate::sql::error::{StoreError, Unreadable};
use crate::sql::rows::{Row, Rows, Value};

/// What a rule object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    /// A rule pack.
    Pack,
    /// The crosswalk of courses.
    Courses,
    /// The weights by which people are matched.
    Matching,
    /// The regions: who reports to whom.
    Regions,
}

impl ObjectKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Pack, Self::Courses, Self::Matching, Self::Regions];

    /// Returns the word used in tables. The three kinds of which there is one object each have it as their name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pack => "pack",
            Self::Courses => "courses",
            Self::Matching => "matching",
            Self::Regions => "regions",
        }
    }
}

/// One version of a rule object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleObject {
    /// Row id.
    pub id: i64,
    /// What it is.
    pub kind: ObjectKind,
    /// The pack's name; otherwise the kind.
    pub name: String,
    /// The version's number.
    pub version: i64,
    /// Digest of the parsed content.
    pub digest: Vec<u8>,
    /// The text of the file.
    pub text: String,
    /// When it was registered, microseconds UTC.
    pub registered_at: i64,
    /// The person who registered it, or the process that seeded the database.
    pub registered_by: String,
    /// The reason for registering it.
    pub because: String,
}

const OBJECT: &str = "SELECT o.id AS id, o.kind AS kind, o.name AS name, o.version AS version, o.digest AS digest,
    o.content AS content, o.registered_at AS registered_at, o.registered_by AS registered_by, o.because AS because
    FROM rule_object o";

fn parse_object(row: &Row) -> Result<RuleObject, StoreError> {
    let (kind, name, version) = (row.text("kind")?, row.text("name")?, row.int("version")?);
    let known = ObjectKind::ALL.into_iter().find(|of| of.as_str() == kind);
    Ok(RuleObject {
        id: row.int("id")?,
        // A newer program has rules that this one does not know. Going on without them would give wrong hours.
        kind: known.ok_or_else(|| {
            StoreError::Unreadable(Unreadable::RuleObject { name: name.clone(), version, kind: kind.clone() })
        })?,
        name,
        version,
        digest: row.bytes("digest")?,
        text: row.text("content")?,
        registered_at: row.int("registered_at")?,
        registered_by: row.text("registered_by")?,
        because: row.text("because")?,
    })
}

/// Lists the versions of all objects, or of one, by name; the newest version first.
///
/// # Errors
/// [`StoreError`].
pub async fn list_objects(db: &Db, name: Option<&str>) -> Result<Vec<RuleObject>, StoreError> {
    let sql = format!("{OBJECT} WHERE ($1 = '' OR o.name = $1) ORDER BY o.name, o.version DESC");
    db.fetch_rows(&sql, vec![name.unwrap_or_default().into()]).await?.iter().map(parse_object).collect()
}

/// Lists the objects of an activation by kind and name.
///
/// # Errors
/// [`StoreError`]; [`Unreadable::RuleObject`] if a newer program has activated an object that this one does not know.
pub async fn list_activated(tx: &mut Tx, activation: i64) -> Result<Vec<RuleObject>, StoreError> {
    let sql = format!(
        "{OBJECT} JOIN rule_set s ON s.object_id = o.id WHERE s.activation = $1 ORDER BY
         CASE o.kind WHEN 'pack' THEN 0 ELSE 1 END, o.kind, o.name"
    );
    tx.fetch_rows(&sql, vec![activation.into()]).await?.iter().map(parse_object).collect()
}

/// An activation of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleActivation {
    /// Its number.
    pub activation: i64,
    /// The activation that it replaced; 0 if it is the first.
    pub replaced: i64,
    /// When, microseconds UTC.
    pub at: i64,
    /// The person who activated it, or the process that seeded the database.
    pub by: String,
    /// The reason.
    pub because: String,
}

/// Finds an activation of rules by its number.
///
/// # Errors
/// [`StoreError`].
pub async fn find_activation(tx: &mut Tx, activation: i64) -> Result<Option<RuleActivation>, StoreError> {
    let sql = "SELECT r.activation AS activation, r.replaced AS replaced, a.at AS at, r.activated_by AS activated_by,
               r.because AS because FROM rule_activation r JOIN activation a ON a.id = r.activation WHERE r.activation = $1";
    let rows = tx.fetch_rows(sql, vec![activation.into()]).await?;
    let found = |row: &Row| {
        Ok(RuleActivation {
            activation: row.int("activation")?,
            replaced: row.int("replaced")?,
            at: row.int("at")?,
            by: row.text("activated_by")?,
            because: row.text("because")?,
        })
    };
    rows.first().map(found).transpose()
}

/// The newest activation of rules of a release that did not store the rules themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerActivation {
    /// Its number.
    pub activation: i64,
    /// Keyed digest of the texts of the rules.
    pub digest: Vec<u8>,
}

/// Finds the newest activation of rules of an earlier release.
///
/// # Errors
/// [`StoreError`].
pub async fn find_former_activation(tx: &mut Tx) -> Result<Option<FormerActivation>, StoreError> {
    let sql = "SELECT id, digest FROM activation WHERE kind = 'rules' ORDER BY id DESC LIMIT 1";
    let rows = tx.fetch_rows(sql, vec![]).await?;
    let found = |row: &Row| Ok(FormerActivation { activation: row.int("id")?, digest: row.bytes("digest")? });
    rows.first().map(found).transpose()
}

/// Begins a change of the rules. Until the transaction ends, nobody else registers or activates.
///
/// # Errors
/// [`StoreError`].
pub async fn begin_change(db: &Db) -> Result<Tx, StoreError> {
    let mut tx = db.begin().await?;
    tx.lock_table("activation").await?;
    Ok(tx)
}

/// A version to store.
#[derive(Debug, Clone, Copy)]
pub struct NewObject<'a> {
    /// What it is.
    pub kind: ObjectKind,
    /// The pack's name; otherwise the kind.
    pub name: &'a str,
    /// The version's number.
    pub version: i64,
    /// Digest of the parsed content.
    pub digest: &'a [u8],
    /// The text of the file.
    pub text: &'a str,
}

/// Stores a version and returns its row id. A version with this name, number and digest is stored once. Called within a
/// change.
///
/// # Errors
/// [`StoreError`], also if the number means another content.
pub async fn add_object(tx: &mut Tx, new: NewObject<'_>, author: Author<'_>) -> Result<i64, StoreError> {
    let held = tx
        .fetch_rows(
            "SELECT id FROM rule_object WHERE name = $1 AND version = $2 AND digest = $3",
            vec![new.name.into(), new.version.into(), new.digest.into()],
        )
        .await?;
    if let Some(row) = held.first() {
        return row.int("id");
    }
    let rows = tx
        .fetch_rows(
            "INSERT INTO rule_object (kind, name, version, digest, content, registered_at, registered_by, because)
             VALUES ($1, $2, $3, $4, $5, {now}, $6, $7) RETURNING id",
            vec![
                new.kind.as_str().into(),
                new.name.into(),
                new.version.into(),
                new.digest.into(),
                Value::Verbatim(new.text.to_owned()),
                author.actor.into(),
                author.because.into(),
            ],
        )
        .await?;
    rows.first().ok_or_else(|| StoreError::Column { column: "rule_object.id".into() })?.int("id")
}

/// A set of rules that becomes the rules in force.
#[derive(Debug, Clone, Copy)]
pub struct NewRuleSet<'a> {
    /// Row ids of its objects.
    pub objects: &'a [i64],
    /// Digest of all their digests.
    pub digest: &'a [u8],
    /// The activation that it replaces; 0 if there is none.
    pub replaces: i64,
    /// The activation of an earlier release that had the same rules, if it keeps its number.
    pub keeps: Option<i64>,
}

/// Writes a set of rules and returns its activation number. Called within a change;
/// [`crate::ledger::fence::raise_number`] then makes it the rules in force.
///
/// # Errors
/// [`StoreError`].
pub async fn add_set(tx: &mut Tx, new: NewRuleSet<'_>, author: Author<'_>) -> Result<i64, StoreError> {
    let activation = match new.keeps {
        Some(activation) => activation,
        None => {
            let sql =
                "INSERT INTO activation (kind, name, version, digest, at) VALUES ('rules', 'rules', $1, $2, {now})
                       RETURNING id";
            let version = i64::try_from(new.objects.len()).unwrap_or(0);
            let made = tx.fetch_rows(sql, vec![version.into(), new.digest.into()]).await?;
            made.first().ok_or_else(|| StoreError::Column { column: "activation.id".into() })?.int("id")?
        }
    };
    tx.execute(
        "INSERT INTO rule_activation (activation, replaced, activated_by, because) VALUES ($1, $2, $3, $4)",
        vec![activation.into(), new.replaces.into(), author.actor.into(), author.because.into()],
    )
    .await?;
    let rows = Rows::new()
        .int("activation", new.objects.iter().map(|_| Some(activation)))
        .int("object_id", new.objects.iter().copied().map(Some));
    tx.insert_rows("rule_set", rows).await?;
    Ok(activation)
}
