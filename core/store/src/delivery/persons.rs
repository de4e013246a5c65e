//! Finds valid records whose key belongs to a record of another person: a row number used as a key, or a corrected ID
//! number. They wait for a person, unless the manifest says that its keys may change hands.

use std::collections::{HashMap, HashSet};

use crate::delivery::batch::{ClaimedBatch, Load};
use crate::delivery::classify::Classified;
use crate::delivery::confirm::{self, StreamState};
use crate::identity::identifiers::{self, Index};
use crate::sql::db::Tx;
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};
use huiliu_decode::{Expected, Parked, Problem, TrainingRecord};
use huiliu_vault::keys::Keys;

/// The valid records of a batch, classified, without those whose key belongs to another person.
#[derive(Debug)]
pub struct SiftedRecords<'l> {
    /// The records that can be loaded.
    pub classified: Classified<'l>,
    /// The others, as dead letters.
    pub parked: Vec<Parked<'l>>,
}

type Key = [u8; 16];

/// Classifies a batch's records. Locks nothing.
///
/// # Errors
/// [`StoreError`].
pub async fn sift_records<'l>(
    tx: &mut Tx,
    keys: &Keys,
    held: &ClaimedBatch,
    load: &'l Load<'_>,
) -> Result<SiftedRecords<'l>, StoreError> {
    let stream = confirm::read_stream_state(tx, load.held).await?;
    let clean = load.clean.iter().map(|record| &**record).collect();
    sift_in_state(tx, keys, held, load, clean, stream).await
}

/// Does the same for some of the records, in a stream whose state is known. A key must not stand in two batches.
pub(crate) async fn sift_in_state<'l>(
    tx: &mut Tx,
    keys: &Keys,
    held: &ClaimedBatch,
    load: &'l Load<'_>,
    clean: Vec<&'l TrainingRecord<'l>>,
    stream: StreamState,
) -> Result<SiftedRecords<'l>, StoreError> {
    if load.key_changes_hands {
        let classified = Classified::classify_in_state(tx, held, load, clean.into_iter(), stream).await?;
        return Ok(SiftedRecords { classified, parked: vec![] });
    }
    let (own, mut others) = split_shared_keys(tx, keys, held, &clean).await?;
    let mut classified = Classified::classify_in_state(tx, held, load, own.iter().copied(), stream).await?;
    let taken = find_taken_keys(tx, keys, held, &classified).await?;
    if !taken.is_empty() {
        let losing: Vec<&TrainingRecord<'l>> =
            own.into_iter().filter(|record| taken.contains(&record.record_key)).collect();
        classified.remove_keys(&taken, &losing);
        others.extend(losing);
    }
    let parked = others.into_iter().map(|record| record.to_parked(keys, vec![other_person_problem()])).collect();
    Ok(SiftedRecords { classified, parked })
}

fn other_person_problem() -> Problem {
    Problem::new("record_key.other_person".into(), "record_key", "", &Expected::SamePerson)
}

/// The person of a record, as far as it is compared.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    claim_key: Key,
    name: String,
    index: Option<Index>,
    teacher: Option<i64>,
}

impl Person {
    fn of_record(keys: &Keys, record: &TrainingRecord<'_>) -> Self {
        let index = record.id_number.as_ref().map(|id| identifiers::compute_index(keys, id.reveal()));
        Self { claim_key: record.claim_key, name: record.name_folded.clone(), index, teacher: None }
    }

    /// Parses the columns of [`PERSON`].
    pub fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            claim_key: row.bytes("claim_key")?.try_into().unwrap_or_default(),
            name: row.text("name")?,
            index: Index::try_from(row.bytes("blind_index")?).ok(),
            teacher: row.opt_int("teacher_id")?,
        })
    }

    /// Whether both are one person: the same ID number, the same name where one of them gives no ID number, or the same
    /// teacher by an earlier decision.
    pub fn is_same_as(&self, other: &Self) -> bool {
        let by_teacher = self.teacher.is_some() && self.teacher == other.teacher;
        let by_text = match (&self.index, &other.index) {
            (Some(index), Some(other)) => index == other,
            _ => self.name == other.name,
        };
        self.claim_key == other.claim_key || by_teacher || by_text
    }
}

const PERSON: &str =
    "c.claim_key AS claim_key, c.name_folded AS name, c.blind_index AS blind_index, c.teacher_id AS teacher_id";

/// Separates records whose key several people of the batch share: the key belongs to the person of the stored record,
/// or else to the first one in the payload.
async fn split_shared_keys<'l>(
    tx: &mut Tx,
    keys: &Keys,
    held: &ClaimedBatch,
    clean: &[&'l TrainingRecord<'l>],
) -> Result<(Vec<&'l TrainingRecord<'l>>, Vec<&'l TrainingRecord<'l>>), StoreError> {
    let mut first: HashMap<Key, &TrainingRecord<'_>> = HashMap::with_capacity(clean.len());
    let mut shared: HashSet<Key> = HashSet::new();
    for record in clean {
        let of_key = first.entry(record.record_key).or_insert(record);
        if of_key.claim_key != record.claim_key {
            shared.insert(record.record_key);
            if record.index < of_key.index {
                *of_key = record;
            }
        }
    }
    if shared.is_empty() {
        return Ok((clean.to_vec(), vec![]));
    }
    let mut owners: HashMap<Key, Person> =
        shared.iter().filter_map(|key| Some((*key, Person::of_record(keys, first.get(key)?)))).collect();
    let sql = format!(
        "SELECT incoming.record_key AS record_key, {PERSON} FROM {{rows}} {{join training_record t
           ON t.source_id = $1 AND t.stream = $2 AND t.record_key = incoming.record_key}}
         {{join identity_claim c ON c.id = t.claim_id}}"
    );
    let wanted = Rows::new().bytes("record_key", shared.iter().map(<[u8; 16]>::as_slice));
    let stored = tx.fetch_rows_with(&sql, vec![held.source_id.into(), held.stream.as_str().into()], wanted).await?;
    for row in &stored {
        owners.insert(row.bytes("record_key")?.try_into().unwrap_or_default(), Person::from_row(row)?);
    }
    let doubtful: Vec<&TrainingRecord<'_>> =
        clean.iter().copied().filter(|record| shared.contains(&record.record_key)).collect();
    let accepted = load_accepted(tx, held, &doubtful).await?;
    let teachers = load_teachers(tx, &doubtful).await?;
    let is_own = |record: &&&TrainingRecord<'_>| {
        owners.get(&record.record_key).is_none_or(|owner| {
            let teacher = teachers.get(&record.claim_key).copied();
            owner.is_same_as(&Person { teacher, ..Person::of_record(keys, record) })
        }) || is_accepted(&accepted, keys, record)
    };
    let (own, others): (Vec<_>, Vec<_>) = clean.iter().partition(is_own);
    Ok((own.into_iter().copied().collect(), others.into_iter().copied().collect()))
}

/// Finds the keys whose stored record belongs to another person than the batch's record, unless somebody has accepted
/// just this content.
async fn find_taken_keys(
    tx: &mut Tx,
    keys: &Keys,
    held: &ClaimedBatch,
    classified: &Classified<'_>,
) -> Result<HashSet<Key>, StoreError> {
    let compared = classified.list_other_contents();
    if compared.is_empty() {
        return Ok(HashSet::new());
    }
    let sql = format!(
        "SELECT incoming.ord AS ord, {PERSON}, mine.teacher_id AS incoming_teacher
         FROM {{rows}} {{join training_record t ON t.id = incoming.id}} {{join identity_claim c ON c.id = t.claim_id}}
         {{left join identity_claim mine ON mine.claim_key = incoming.claim_key}}
         WHERE c.claim_key <> incoming.claim_key"
    );
    let rows = Rows::new()
        .int("ord", (0i64..).take(compared.len()).map(Some))
        .int("id", compared.iter().map(|(row, _)| Some(*row)))
        .bytes("claim_key", compared.iter().map(|(_, record)| record.claim_key.as_slice()));
    let mut suspects: Vec<&TrainingRecord<'_>> = vec![];
    for row in tx.fetch_rows_with(&sql, vec![], rows).await? {
        let Some((_, record)) = usize::try_from(row.int("ord")?).ok().and_then(|ord| compared.get(ord)) else {
            continue;
        };
        let incoming = Person { teacher: row.opt_int("incoming_teacher")?, ..Person::of_record(keys, record) };
        if !Person::from_row(&row)?.is_same_as(&incoming) {
            suspects.push(record);
        }
    }
    if suspects.is_empty() {
        return Ok(HashSet::new());
    }
    let accepted = load_accepted(tx, held, &suspects).await?;
    let taken = suspects.iter().filter(|record| !is_accepted(&accepted, keys, record));
    Ok(taken.map(|record| record.record_key).collect())
}

/// Record key → digest of the raw record that somebody has accepted as another person's.
type Accepted = HashMap<Vec<u8>, Vec<u8>>;

fn is_accepted(accepted: &Accepted, keys: &Keys, record: &TrainingRecord<'_>) -> bool {
    accepted.get(record.record_key.as_slice()).is_some_and(|digest| *digest == record.digest_raw(keys))
}

async fn load_accepted(
    tx: &mut Tx,
    held: &ClaimedBatch,
    records: &[&TrainingRecord<'_>],
) -> Result<Accepted, StoreError> {
    let rows = tx
        .fetch_rows_with(
            "SELECT d.dead_letter_key AS record_key, d.accepted_digest AS digest FROM {rows} {join dead_letter d
               ON d.dead_letter_key = incoming.record_key AND d.source_id = $1 AND d.stream = $2}
             WHERE d.accepted_digest IS NOT NULL",
            vec![held.source_id.into(), held.stream.as_str().into()],
            Rows::new().bytes("record_key", records.iter().map(|record| record.record_key.as_slice())),
        )
        .await?;
    rows.iter().map(|row| Ok((row.bytes("record_key")?, row.bytes("digest")?))).collect()
}

/// Loads the teachers of the records' claims, as far as they are decided: claim key → teacher.
async fn load_teachers(tx: &mut Tx, records: &[&TrainingRecord<'_>]) -> Result<HashMap<Key, i64>, StoreError> {
    let rows = tx
        .fetch_rows_with(
            "SELECT c.claim_key AS claim_key, c.teacher_id AS teacher_id
             FROM {rows} {join identity_claim c ON c.claim_key = incoming.claim_key} WHERE c.teacher_id IS NOT NULL",
            vec![],
            Rows::new().bytes("claim_key", records.iter().map(|record| record.claim_key.as_slice())),
        )
        .await?;
    let pair = |row: &Row| Ok((row.bytes("claim_key")?.try_into().unwrap_or_default(), row.int("teacher_id")?));
    rows.iter().map(pair).collect()
}
