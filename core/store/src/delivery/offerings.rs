//! Offerings: what the records of a source have in common, such as course, project, role, mode, place and unit. Each stands
//! once, and thousands of records point to it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::delivery::known::OfferingCache;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::Rows;
use huiliu_decode::TrainingRecord;
use huiliu_manifest::Kind;
use huiliu_vault::keys::Keys;

/// The columns of an offering, in their order.
const COLUMNS: [&str; 15] = [
    "kind",
    "course_code",
    "course_title",
    "canonical_course",
    "project_code",
    "project_title",
    "category_code",
    "role",
    "mode",
    "delivery_code",
    "required",
    "tier",
    "place",
    "hours_unit",
    "assessor",
];

/// The texts of an offering, in the order of [`COLUMNS`].
type Texts<'r> = [Option<&'r str>; 15];

fn texts_of<'r>(record: &'r TrainingRecord<'_>) -> Texts<'r> {
    let texts = &record.texts;
    let trim = |text: &'r Option<std::borrow::Cow<'_, str>>| text.as_deref().map(str::trim);
    [
        Some(record.kind.as_str()),
        trim(&texts.course_code),
        trim(&texts.course_title),
        record.canonical_course,
        trim(&texts.project_code),
        trim(&texts.project_title),
        trim(&texts.category_code),
        trim(&texts.role),
        trim(&texts.mode),
        trim(&texts.delivery_code),
        record.required,
        record.tier,
        trim(&texts.place),
        Some(record.hours_unit),
        record.stated_result().map(|_| record.assessor.as_str()),
    ]
}

/// Digests an offering. An absent text is not an empty one.
fn digest(keys: &Keys, texts: &Texts<'_>) -> [u8; 16] {
    let present: Vec<u8> = texts.iter().map(|text| u8::from(text.is_some())).collect();
    let mut parts: Vec<&[u8]> = vec![b"offering", &present];
    parts.extend(texts.iter().map(|text| text.unwrap_or_default().as_bytes()));
    keys.short_digest(&parts)
}

/// Returns the offering of each record. Creates missing ones.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn find_or_make_offerings(
    tx: &mut Tx,
    keys: &Keys,
    cache: &Mutex<OfferingCache>,
    source: i64,
    records: &[&TrainingRecord<'_>],
) -> Result<Vec<i64>, StoreError> {
    let mut number: HashMap<Texts<'_>, usize> = HashMap::new();
    let mut distinct: Vec<Texts<'_>> = vec![];
    let mut of_records = Vec::with_capacity(records.len());
    for record in records {
        let texts = texts_of(record);
        of_records.push(*number.entry(texts).or_insert_with(|| {
            distinct.push(texts);
            distinct.len() - 1
        }));
    }
    let digests: Vec<[u8; 16]> = distinct.iter().map(|texts| digest(keys, texts)).collect();
    let mut known: HashMap<[u8; 16], i64> = {
        let cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
        digests.iter().filter_map(|digest| Some((*digest, cache.get(source, digest)?))).collect()
    };
    if known.len() < digests.len() {
        let found = look_up(tx, source, &digests, &known).await?;
        cache.lock().unwrap_or_else(PoisonError::into_inner).insert_found(source, &found);
        known.extend(found);
    }
    let mut missing: Vec<usize> = (0..distinct.len()).filter(|nth| !known.contains_key(&digests[*nth])).collect();
    if !missing.is_empty() {
        // In one order, so that two loads with the same offerings do not wait for each other in a circle.
        missing.sort_unstable_by_key(|nth| digests[*nth]);
        insert(tx, source, &missing, &digests, &distinct).await?;
        let found = look_up(tx, source, &digests, &known).await?;
        known.extend(found);
    }
    let id = |nth: usize| known.get(&digests[nth]).copied();
    let lost = || StoreError::Column { column: "offering.id".into() };
    of_records.into_iter().map(|nth| id(nth).ok_or_else(lost)).collect()
}

/// Lists the course codes that a source has given to exactly this title in records of a kind, the newest code first. It reads the
/// offerings of the source, not its records, so a code that only earlier versions of records had is listed too.
///
/// # Errors
/// [`StoreError`].
pub async fn list_codes_of_title(
    db: &Db,
    source: i64,
    kind: Kind,
    title: &str,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT course_code FROM offering WHERE source_id = $1 AND kind = $2 AND course_title = $3
               GROUP BY course_code ORDER BY min(id) DESC LIMIT $4";
    let rows = db.fetch_rows(sql, vec![source.into(), kind.as_str().into(), title.into(), limit.into()]).await?;
    rows.iter().map(|row| row.text("course_code")).collect()
}

async fn look_up(
    tx: &mut Tx,
    source: i64,
    digests: &[[u8; 16]],
    known: &HashMap<[u8; 16], i64>,
) -> Result<HashMap<[u8; 16], i64>, StoreError> {
    let wanted: Vec<&[u8; 16]> = digests.iter().filter(|digest| !known.contains_key(*digest)).collect();
    let found = tx
        .fetch_rows_with(
            "SELECT o.id AS id, o.digest AS digest
             FROM {rows} {join offering o ON o.source_id = $1 AND o.digest = incoming.digest}",
            vec![source.into()],
            Rows::new().bytes("digest", wanted.into_iter().map(<[u8; 16]>::as_slice)),
        )
        .await?;
    let mut ids = HashMap::with_capacity(found.len());
    for row in &found {
        if let Ok(digest) = <[u8; 16]>::try_from(row.bytes("digest")?) {
            ids.insert(digest, row.int("id")?);
        }
    }
    Ok(ids)
}

/// Inserts offerings. One that another load has created at the same moment is left as it is.
async fn insert(
    tx: &mut Tx,
    source: i64,
    nths: &[usize],
    digests: &[[u8; 16]],
    distinct: &[Texts<'_>],
) -> Result<(), StoreError> {
    let mut rows = Rows::new().bytes("digest", nths.iter().map(|nth| digests[*nth].as_slice()));
    for (at, column) in COLUMNS.into_iter().enumerate() {
        rows = rows.text(column, nths.iter().map(|nth| distinct[*nth][at]));
    }
    let columns = COLUMNS.join(", ");
    let sql = format!(
        "INSERT INTO offering (source_id, digest, {columns}) SELECT CAST($1 AS INTEGER), digest, {columns} FROM {{rows}}
         WHERE true ON CONFLICT (source_id, digest) DO NOTHING"
    );
    tx.execute_with(&sql, vec![source.into()], rows).await?;
    Ok(())
}
