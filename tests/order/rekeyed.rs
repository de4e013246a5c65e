//! Records that an earlier release stored under other keys are brought together, and the books say how many became one.

use huiliu_decode::{Body, Context, RecordRange, Rekeyed, decode};
use huiliu_engine::rekey;
use huiliu_store::Db;
use huiliu_store::delivery::rekey::RekeyTotals;
use huiliu_store::sql::schema;

use super::concurrent::open_on_emptied;
use super::office::Office;
use super::open_on_file;
use super::sent::{Bad, SentRecord, State, render_page};
use crate::test_env::{Postgres, Scratch};

/// Writes the record's id in full width, which an earlier release took for another record.
fn widen_id(page: &str, record: u8) -> String {
    page.replace(&format!("\"C{record}\""), &format!("\"Ｃ{record}\""))
}

fn rekeyed_records(office: &Office, page: &str) -> Vec<Rekeyed> {
    let manifests = office.context.manifests.current();
    let manifest = &manifests["institution"].manifest;
    let stream = manifest.find_stream("completions").unwrap();
    let rules = office.context.rules.current();
    let (policy, keys) = (&rules.policy, &office.context.keys);
    let each = &huiliu_decode::NO_EACH;
    let cx = Context { manifest, stream, policy, keys, source_id: 1, address: "", each, landing: 1, batch: 0 };
    let text = Body::Text(decode::decode_text(&stream.format, page.as_bytes()).unwrap());
    huiliu_decode::list_rekeyed(cx, &text, RecordRange::ALL).unwrap()
}

/// Lands and delivers a page, and gives its record or dead letter the key that an earlier release gave it. A record
/// that has the key already is put aside meanwhile.
async fn deliver_as_before(office: &Office, page: &str) {
    let [Rekeyed { old, new }] = rekeyed_records(office, page)[..] else { panic!("no other key: {page}") };
    let put = |from: [u8; 16], to: [u8; 16]| async move {
        let sql = "UPDATE training_record SET record_key = $2 WHERE record_key = $1";
        office.db.execute(sql, vec![from.as_slice().into(), to.as_slice().into()]).await.unwrap();
    };
    put(new, [7; 16]).await;
    for (batch, _) in office.land_page(0, "page", page, 10).await {
        office.deliver_batch(batch).await;
    }
    put(new, old).await;
    put([7; 16], new).await;
    let place = |key: [u8; 16]| [b"dead_letter".to_vec(), b"raw_sealed".to_vec(), key.to_vec()];
    let letters = "SELECT id, raw_sealed FROM dead_letter WHERE dead_letter_key = $1";
    for letter in office.db.fetch_rows(letters, vec![new.as_slice().into()]).await.unwrap() {
        let (from, to) = (place(new), place(old));
        let keys = &office.context.keys;
        let raw = keys.open(&from.each_ref().map(Vec::as_slice), &letter.bytes("raw_sealed").unwrap()).unwrap();
        let sealed = keys.seal(&to.each_ref().map(Vec::as_slice), &raw).unwrap();
        let sql = "UPDATE dead_letter SET dead_letter_key = $2, raw_sealed = $3 WHERE id = $1";
        let args = vec![letter.int("id").unwrap().into(), old.as_slice().into(), sealed.into()];
        office.db.execute(sql, args).await.unwrap();
    }
}

async fn records_become_one(office: Office) {
    let of = |record, version, minutes, bad| {
        render_page(&[SentRecord { record, version, minutes, learning: 80, bad, state: State::Valid }])
    };
    // Record 0: twice, the later one is newer. Record 1: twice, the earlier one is newer. Record 2: only the old key.
    office.deliver_batch(office.land_page(0, "page", &of(0, 1, 45, None), 10).await[0].0).await;
    deliver_as_before(&office, &widen_id(&of(0, 2, 90, None), 0)).await;
    office.deliver_batch(office.land_page(0, "page", &of(1, 2, 45, None), 10).await[0].0).await;
    deliver_as_before(&office, &widen_id(&of(1, 1, 90, None), 1)).await;
    deliver_as_before(&office, &widen_id(&of(2, 1, 45, None), 2)).await;
    // Record 3 is a dead letter under its old key.
    deliver_as_before(&office, &widen_id(&of(3, 1, 45, Some(Bad::Name)), 3)).await;
    office.settle_all().await;
    let due = "INSERT INTO rekey_due (source_id, stream) VALUES (1, 'completions')";
    office.db.execute(due, vec![]).await.unwrap();
    let entries = "SELECT count(*) AS n FROM credit_entry WHERE superseded_at IS NULL";
    assert_eq!(office.query_count(entries).await, 5, "the records of an earlier release");

    let totals = rekey::rekey_due_streams(&office.context).await.unwrap();
    // Two records and the letter get other keys by name; the later record 0 takes the key of the earlier one.
    assert_eq!(totals, RekeyTotals { rekeyed: 3, merged: 2, ..RekeyTotals::default() });
    office.settle_all().await;
    assert_eq!(office.query_count(entries).await, 3, "each training once");
    let units =
        "SELECT e.units AS n FROM credit_entry e WHERE e.superseded_at IS NULL AND e.units > 0 ORDER BY e.units DESC";
    assert_eq!(office.query_count(units).await, 2 * 108_000, "the newer version of record 0");
    office.check_books().await;
    let written = "SELECT count(*) AS n FROM audit WHERE action = 'records.rekey'";
    assert_eq!(office.query_count(written).await, 1);
    // Nothing is due any more, and a good version of record 3 closes its letter.
    assert_eq!(rekey::rekey_due_streams(&office.context).await.unwrap(), RekeyTotals::default());
    office.deliver_batch(office.land_page(0, "page", &of(3, 2, 45, None), 10).await[0].0).await;
    office.settle_all().await;
    assert!(office.dead_letters().await.values().all(|letter| letter.state == "closed"));
    office.check_books().await;
    office.db.close().await;
}

#[test]
fn records_under_earlier_keys_become_one() {
    let postgres = Postgres::start();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let scratch = Scratch::new("rekeyed");
        records_become_one(open_on_file(&scratch).await).await;
        let db = Db::open(&postgres.url(), 4).await.unwrap();
        schema::migrate(&db).await.unwrap();
        records_become_one(open_on_emptied(&db).await).await;
    });
}
