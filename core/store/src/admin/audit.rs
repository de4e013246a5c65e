//! The audit log. It is append-only, and a keyed hash binds each entry to the one before, so that changes are noticed.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::admin::filter::{self, Conditions};
use crate::sql::attached::AuditHead;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Value};
use huiliu_values::calendar::format_instant;
use huiliu_vault::keys::Keys;

/// One entry of the audit log.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Entry {
    /// Number of the entry.
    pub entry: i64,
    /// When it was made, RFC 3339.
    pub at: String,
    /// Who acted: user and host, or the name that an administrator gave.
    pub actor: String,
    /// What was done, such as `replay.apply`.
    pub action: String,
    /// What it was done to, such as `replay 7`.
    pub object: String,
    /// Details, including the reason.
    pub detail: serde_json::Value,
}

/// Who acts, and why.
#[derive(Debug, Clone, Copy)]
pub struct Author<'a> {
    /// User and host, or a given name.
    pub actor: &'a str,
    /// The reason.
    pub because: &'a str,
}

/// An entry to append.
#[derive(Debug, Clone, Copy)]
pub struct NewEntry<'a> {
    /// Who acts: user and host, or the name that an administrator gave.
    pub actor: &'a str,
    /// What is done, such as `replay.apply`.
    pub action: &'a str,
    /// What it is done to, such as `replay 7`.
    pub object: &'a str,
    /// Details, as the text of a JSON object.
    pub detail: &'a str,
}

fn compute_hash(keys: &Keys, previous: &[u8], at: i64, text: [&str; 4]) -> [u8; 32] {
    let text = text.map(str::as_bytes);
    keys.digest(&[b"audit", previous, &at.to_be_bytes(), text[0], text[1], text[2], text[3]])
}

/// Appends an entry. It takes effect only if the transaction is committed.
///
/// # Errors
/// [`StoreError`].
pub async fn append_entry(tx: &mut Tx, keys: &Keys, new: NewEntry<'_>) -> Result<(), StoreError> {
    // What is hashed is what is stored.
    let [actor, action, object, detail] =
        [new.actor, new.action, new.object, new.detail].map(|text| tx.clean_text(text).into_owned());
    let [actor, action, object, detail] = [&*actor, &*action, &*object, &*detail];
    tx.lock_table("audit").await?;
    let now = tx.fetch_rows("SELECT {now} AS at", vec![]).await?;
    let at = now.first().map_or(Ok(0), |r| r.int("at"))?;
    let last = tx.fetch_rows("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1", vec![]).await?;
    let (number, previous) = match last.first() {
        Some(row) => (row.int("id")?, row.bytes("hash")?),
        None => (0, Vec::new()),
    };
    let hash = compute_hash(keys, &previous, at, [actor, action, object, detail]);
    // A number that somebody put in at the very end leaves none for this entry, which the database then refuses.
    let number = number.saturating_add(1);
    tx.execute(
        "INSERT INTO audit (id, at, actor, action, object, detail, previous_hash, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        vec![
            number.into(),
            at.into(),
            actor.into(),
            action.into(),
            object.into(),
            detail.into(),
            previous.into(),
            hash.to_vec().into(),
        ],
    )
    .await?;
    tx.note_head(AuditHead { at, entry: number, hash: hash.to_vec() });
    Ok(())
}

fn parse_entry(row: &Row) -> Result<Entry, StoreError> {
    let detail = row.text("detail")?;
    Ok(Entry {
        entry: row.int("id")?,
        at: format_instant(row.int("at")?),
        actor: row.text("actor")?,
        action: row.text("action")?,
        object: row.text("object")?,
        // If the detail was changed by hand and is not JSON, show it as text.
        detail: serde_json::from_str(&detail).unwrap_or(serde_json::Value::String(detail)),
    })
}

/// Selects entries. All given conditions must match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryFilter {
    /// Entries by this actor.
    pub actor: Option<String>,
    /// Entries with this action, such as `replay.apply`, or with any action of a kind, such as `replay`.
    pub action: Option<String>,
    /// Entries about this subject, such as `replay 7`, or about any subject of a kind, such as `replay`.
    pub object: Option<String>,
    /// Entries with this text in their detail, such as a part of a reason.
    pub text: Option<String>,
    /// Entries made at this instant or later, microseconds UTC.
    pub since: Option<i64>,
    /// Entries made before this instant, microseconds UTC.
    pub until: Option<i64>,
}

const OF_ACTION: &str = "(action = ? OR substr(action, 1, length(?) + 1) = ? || '.')";
const OF_OBJECT: &str = "(object = ? OR substr(object, 1, length(?) + 1) = ? || ' ')";

/// Returns the pattern of a text inside JSON.
fn to_pattern(text: &str) -> Value {
    let json = serde_json::Value::from(text).to_string();
    let inner = json.trim_start_matches('"').strip_suffix('"').unwrap_or_default();
    let escaped = inner.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{escaped}%").into()
}

impl EntryFilter {
    fn conditions(&self, args: Vec<Value>) -> Conditions {
        let mut more = Conditions::new(args);
        more.add_if_some("actor = ?", self.actor.as_deref().map(Value::from));
        more.add_if_some(OF_ACTION, self.action.as_deref().map(Value::from));
        more.add_if_some(OF_OBJECT, self.object.as_deref().map(Value::from));
        more.add_if_some("lower(detail) LIKE lower(?) ESCAPE '!'", self.text.as_deref().map(to_pattern));
        more.add_if_some("at >= ?", self.since.map(Value::from));
        more.add_if_some("at < ?", self.until.map(Value::from));
        more
    }
}

/// Lists the entries after a number, oldest first.
///
/// # Errors
/// [`StoreError`].
pub async fn list(db: &Db, of: &EntryFilter, after: i64, limit: i64) -> Result<Vec<Entry>, StoreError> {
    let more = of.conditions(vec![after.into(), limit.into()]);
    let sql = "SELECT id, at, actor, action, object, detail FROM audit WHERE id > $1";
    db.fetch_rows(&format!("{sql}{} ORDER BY id LIMIT $2", more.sql), more.args)
        .await?
        .iter()
        .map(parse_entry)
        .collect()
}

/// Counts the entries that the filter selects.
///
/// # Errors
/// [`StoreError`].
pub async fn count_entries(db: &Db, of: &EntryFilter) -> Result<i64, StoreError> {
    let more = of.conditions(vec![]);
    filter::fetch_count(db, &format!("SELECT count(*) AS n FROM audit WHERE 1 = 1{}", more.sql), more.args).await
}

/// Lists the names of all actors in the log.
///
/// # Errors
/// [`StoreError`].
pub async fn actors(db: &Db) -> Result<Vec<String>, StoreError> {
    let rows = db.fetch_rows("SELECT DISTINCT actor FROM audit ORDER BY actor", vec![]).await?;
    rows.iter().map(|row| row.text("actor")).collect()
}

/// Lists the actions in the log.
///
/// # Errors
/// [`StoreError`].
pub async fn actions(db: &Db) -> Result<Vec<String>, StoreError> {
    let rows = db.fetch_rows("SELECT DISTINCT action FROM audit ORDER BY action", vec![]).await?;
    rows.iter().map(|row| row.text("action")).collect()
}

/// What the log itself shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChainCheck {
    /// The number of entries, whatever their numbers.
    pub entries: i64,
    /// The first entry that was changed, or before which one is missing.
    pub first_broken: Option<i64>,
    /// Numbers below 1, which no entry has; the first of them.
    pub odd: Vec<i64>,
    /// Which of the given heads are not in the log as they are given.
    pub lost_heads: Vec<AuditHead>,
}

/// Number of odd entries that are told.
const MAX_ODD: i64 = 10;

/// Follows the chain from its beginning to its end, and compares it with heads that were kept outside the database. Only they
/// show that the last entries were deleted.
///
/// # Errors
/// [`StoreError`].
pub async fn check_chain(db: &Db, keys: &Keys, heads: &[AuditHead]) -> Result<ChainCheck, StoreError> {
    let mut expected: HashMap<i64, Vec<&AuditHead>> = HashMap::new();
    for head in heads {
        expected.entry(head.entry).or_default().push(head);
    }
    let mut found = ChainCheck::default();
    let odd = "SELECT id FROM audit WHERE id < 1 ORDER BY id LIMIT $1";
    let odd = db.fetch_rows(odd, vec![MAX_ODD.into()]).await?;
    found.odd = odd.iter().map(|row| row.int("id")).collect::<Result<_, _>>()?;
    found.entries = filter::fetch_count(db, "SELECT count(*) AS n FROM audit", vec![]).await?;
    let (mut after, mut previous) = (0, Vec::new());
    loop {
        let rows = db
            .fetch_rows(
                "SELECT id, at, actor, action, object, detail, previous_hash, hash FROM audit WHERE id > $1 ORDER BY id LIMIT 1000",
                vec![after.into()],
            )
            .await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            let (entry, hash) = (parse_entry(row)?, row.bytes("hash")?);
            let whole = after.checked_add(1) == Some(entry.entry) && row.bytes("previous_hash")? == previous;
            let detail = row.text("detail")?;
            let text = [&*entry.actor, &*entry.action, &*entry.object, &*detail];
            let is_sound = whole && compute_hash(keys, &previous, row.int("at")?, text) == hash.as_slice();
            if !is_sound {
                found.first_broken.get_or_insert(entry.entry);
            }
            if let Some(all) = expected.remove(&entry.entry) {
                found.lost_heads.extend(all.into_iter().filter(|head| head.hash != hash).cloned());
            }
            (after, previous) = (entry.entry, hash);
        }
        if after == i64::MAX {
            break;
        }
    }
    found.lost_heads.extend(expected.into_values().flatten().cloned());
    found.lost_heads.sort_by_key(|head| head.entry);
    Ok(found)
}

/// Returns the newest entry; `None` if the log is empty.
///
/// # Errors
/// [`StoreError`].
pub async fn find_head(db: &Db) -> Result<Option<AuditHead>, StoreError> {
    let rows = db.fetch_rows("SELECT at, id, hash FROM audit ORDER BY id DESC LIMIT 1", vec![]).await?;
    let head = |row: &Row| Ok(AuditHead { at: row.int("at")?, entry: row.int("id")?, hash: row.bytes("hash")? });
    rows.first().map(head).transpose()
}
