//! The causes of dead letters. Each stands once, a letter points to the set of its causes, and thousands of letters share a
//! set.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::Rows;
use huiliu_decode::Problem;
use huiliu_decode::cause::Cause;
use huiliu_vault::keys::Keys;

/// Letters of earlier programs that are looked at in one transaction.
const LETTERS: i64 = 1_000;

type Digest = [u8; 16];

/// The causes of one stream.
struct StreamCauses<'k> {
    keys: &'k Keys,
    source: i64,
    stream: &'k str,
}

impl StreamCauses<'_> {
    fn digest_cause(&self, cause: &Cause) -> Digest {
        let parts: [&[u8]; 6] = [
            b"cause",
            &self.source.to_be_bytes(),
            self.stream.as_bytes(),
            cause.code.as_bytes(),
            cause.source_field.as_bytes(),
            cause.shape.as_bytes(),
        ];
        self.keys.short_digest(&parts)
    }

    fn digest_set(&self, causes: &BTreeMap<Digest, Cause>) -> Digest {
        let source = self.source.to_be_bytes();
        let parts = [b"cause set".as_slice(), &source, self.stream.as_bytes()].into_iter();
        self.keys.short_digest(&parts.chain(causes.keys().map(Digest::as_slice)).collect::<Vec<_>>())
    }
}

/// Returns the set of causes of each list of problems. Creates missing causes and sets.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn find_or_make_sets(
    tx: &mut Tx,
    keys: &Keys,
    source: i64,
    stream: &str,
    problems: impl Iterator<Item = &[Problem]>,
) -> Result<Vec<i64>, StoreError> {
    let of = StreamCauses { keys, source, stream };
    let mut sets: BTreeMap<Digest, BTreeMap<Digest, Cause>> = BTreeMap::new();
    let mut of_letters = vec![];
    for problems in problems {
        let causes: BTreeSet<Cause> = problems.iter().map(Cause::of_problem).collect();
        let causes: BTreeMap<Digest, Cause> =
            causes.into_iter().map(|cause| (of.digest_cause(&cause), cause)).collect();
        let digest = of.digest_set(&causes);
        sets.entry(digest).or_insert(causes);
        of_letters.push(digest);
    }
    let mut known = look_up(tx, "cause_set", sets.keys()).await?;
    sets.retain(|digest, _| !known.contains_key(digest));
    if !sets.is_empty() {
        known.extend(insert_sets(tx, &of, &sets).await?);
    }
    let lost = || StoreError::Column { column: "cause_set.id".into() };
    of_letters.into_iter().map(|digest| known.get(&digest).copied().ok_or_else(lost)).collect()
}

async fn look_up(
    tx: &mut Tx,
    table: &str,
    digests: impl Iterator<Item = &Digest>,
) -> Result<HashMap<Digest, i64>, StoreError> {
    let sql =
        format!("SELECT t.id AS id, t.digest AS digest FROM {{rows}} {{join {table} t ON t.digest = incoming.digest}}");
    let wanted = Rows::new().bytes("digest", digests.map(Digest::as_slice));
    let mut ids = HashMap::new();
    for row in &tx.fetch_rows_with(&sql, vec![], wanted).await? {
        if let Ok(digest) = Digest::try_from(row.bytes("digest")?) {
            ids.insert(digest, row.int("id")?);
        }
    }
    Ok(ids)
}

/// Inserts sets and their causes, in the order of their digests. Those that another load has created at the same moment are
/// left as they are.
async fn insert_sets(
    tx: &mut Tx,
    of: &StreamCauses<'_>,
    sets: &BTreeMap<Digest, BTreeMap<Digest, Cause>>,
) -> Result<HashMap<Digest, i64>, StoreError> {
    let causes: BTreeMap<&Digest, &Cause> = sets.values().flatten().collect();
    let rows = Rows::new()
        .bytes("digest", causes.keys().map(|digest| digest.as_slice()))
        .text("stage", causes.values().map(|cause| Some(cause.stage.as_str())))
        .text("code", causes.values().map(|cause| Some(cause.code.as_str())))
        .text("source_field", causes.values().map(|cause| Some(cause.source_field.as_str())))
        .text("shape", causes.values().map(|cause| Some(cause.shape.as_str())));
    tx.execute_with(
        "INSERT INTO cause (source_id, stream, digest, stage, code, source_field, shape)
         SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT), digest, stage, code, source_field, shape FROM {rows}
         WHERE true ON CONFLICT (digest) DO NOTHING",
        vec![of.source.into(), of.stream.into()],
        rows,
    )
    .await?;
    let rows = Rows::new().bytes("digest", sets.keys().map(Digest::as_slice));
    let sql = "INSERT INTO cause_set (digest) SELECT digest FROM {rows} WHERE true ON CONFLICT (digest) DO NOTHING";
    tx.execute_with(sql, vec![], rows).await?;
    let cause_ids = look_up(tx, "cause", causes.into_keys()).await?;
    let set_ids = look_up(tx, "cause_set", sets.keys()).await?;
    let pairs = || sets.iter().flat_map(|(set, causes)| causes.keys().map(move |cause| (set, cause)));
    let rows = Rows::new()
        .int("cause_set_id", pairs().map(|(set, _)| set_ids.get(set).copied()))
        .int("cause_id", pairs().map(|(_, cause)| cause_ids.get(cause).copied()));
    tx.execute_with(
        "INSERT INTO cause_set_member (cause_set_id, cause_id) SELECT cause_set_id, cause_id FROM {rows}
         WHERE true ON CONFLICT (cause_set_id, cause_id) DO NOTHING",
        vec![],
        rows,
    )
    .await?;
    Ok(set_ids)
}

/// The number of a letter whose causes are not known yet, and its problems.
type UnsortedLetter = (i64, Vec<Problem>);

/// Finds the causes of letters that a program without causes has written.
///
/// # Errors
/// [`StoreError`]; what was found before it stays.
pub async fn sort_letters(db: &Db, keys: &Keys) -> Result<(), StoreError> {
    loop {
        let mut tx = db.begin().await?;
        let sql =
            "SELECT id, source_id, stream, reasons FROM dead_letter WHERE cause_set_id IS NULL ORDER BY id LIMIT $1";
        let rows = tx.fetch_rows(sql, vec![LETTERS.into()]).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let mut streams: BTreeMap<(i64, String), Vec<UnsortedLetter>> = BTreeMap::new();
        for row in &rows {
            let letter = (row.int("id")?, Problem::from_stored(&row.text("reasons")?));
            streams.entry((row.int("source_id")?, row.text("stream")?)).or_default().push(letter);
        }
        for ((source, stream), letters) in streams {
            let problems = letters.iter().map(|(_, problems)| problems.as_slice());
            let sets = find_or_make_sets(&mut tx, keys, source, &stream, problems).await?;
            let rows = Rows::new()
                .int("id", letters.iter().map(|(letter, _)| Some(*letter)))
                .int("cause_set_id", sets.into_iter().map(Some));
            tx.execute_with(
                "UPDATE dead_letter SET cause_set_id = incoming.cause_set_id FROM {rows}
                 WHERE dead_letter.id = incoming.id AND dead_letter.cause_set_id IS NULL",
                vec![],
                rows,
            )
            .await?;
        }
        tx.commit().await?;
    }
}
