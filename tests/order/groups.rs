//! Batches that are committed together: they come out as if one after the other, and one that must not be loaded falls out
//! alone.

use huiliu_engine::deliver::{self, Delivered};
use huiliu_engine::deliver_group::{LIMITS, deliver_group};
use huiliu_store::Db;
use proptest::prelude::*;

use super::concurrent::open_on_emptied;
use super::office::{Office, Picture};
use super::sent::{Bad, SentRecord, State, render_page, said_strategy};
use super::{deliver_in_order, open_on_file, resend_shuffled};
use crate::test_env::Scratch;

/// Delivers pages in groups, from some page on and of some size each, then the rest in groups too.
pub async fn deliver_in_groups(db: Option<&Db>, pages: &[Vec<SentRecord>], groups: &[(usize, u32)]) -> Picture {
    let scratch = Scratch::new("order");
    let office = match db {
        Some(db) => open_on_emptied(db).await,
        None => open_on_file(&scratch).await,
    };
    let mut ids = vec![];
    for (i, items) in pages.iter().enumerate() {
        ids.extend(office.land_page(i, "page", &render_page(items), 5_000).await.into_iter().map(|(id, _)| id));
    }
    let rest: Vec<(usize, u32)> = (0..ids.len()).map(|i| (i, 12)).collect();
    for (nth, group) in groups.chunks(2).chain(rest.chunks(2)).enumerate() {
        let of = |nth: usize| group.get(nth).map(|(i, records)| (ids[i % ids.len()], *records));
        let one = async {
            if let Some((batch, records)) = of(0) {
                office.deliver_group(batch, records).await;
            }
        };
        let other = async {
            if let Some((batch, records)) = of(1) {
                office.deliver_group(batch, records).await;
            }
        };
        if db.is_some() {
            tokio::join!(one, other);
        } else {
            one.await;
            other.await;
        }
        office.check_books().await;
        if nth % 3 == 0 {
            office.settle_all().await;
            office.check_books().await;
        }
    }
    office.settle_all().await;
    office.check_books().await;
    office.check_entries().await;
    assert_eq!(office.count_confirmations().await, 0, "kept although everything is delivered");
    let picture = office.take_picture().await;
    if db.is_none() {
        office.db.close().await;
    }
    picture
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, ..ProptestConfig::default() })]

    /// Batches that are committed together come out as if one after the other, wherever the groups are cut.
    #[test]
    fn groups_of_batches_do_not_change_the_result(
        all in proptest::collection::vec(said_strategy(6), 1..24),
        shuffled in proptest::collection::vec(any::<prop::sample::Index>(), 0..40),
        pages in 2usize..14,
        again in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
        groups in proptest::collection::vec((0usize..64, 1u32..64), 0..8),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut pages = resend_shuffled(&all, &shuffled, pages);
        // The same bytes come again, and may be counted from the books.
        let repeated: Vec<_> = again.iter().map(|page| page.get(&pages).clone()).collect();
        pages.extend(repeated);
        let as_landed = runtime.block_on(deliver_in_order(&pages, 5_000, &[]));
        let grouped = runtime.block_on(deliver_in_groups(None, &pages, &groups));
        prop_assert_eq!(as_landed, grouped);
    }
}

const GOOD: SentRecord =
    SentRecord { record: 0, version: 1, minutes: 45, learning: 80, bad: None, state: State::Valid };

/// Lands five pages of two records each; `third` changes those of the third page. Returns the batches.
async fn land_five_pages(office: &Office, third: impl Fn(SentRecord) -> SentRecord) -> Vec<i64> {
    let mut batches = vec![];
    for page in 0..5u8 {
        let records = [2 * page, 2 * page + 1].map(|record| SentRecord { record, ..GOOD });
        let records = if page == 2 { records.map(&third) } else { records };
        let landed = office.land_page(0, &format!("page {page}"), &render_page(&records), 5_000).await;
        batches.extend(landed.into_iter().map(|(batch, _)| batch));
    }
    batches
}

async fn list_states(office: &Office) -> Vec<String> {
    let rows = office.query_rows("SELECT state FROM batch ORDER BY id").await;
    rows.iter().map(|row| row.text("state").unwrap()).collect()
}

/// One page breaks the stream's contract: it is set aside, and the four others are committed together.
#[test]
fn a_batch_that_breaks_its_contract_is_set_aside_alone() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let scratch = Scratch::new("order");
        let mut office = open_on_file(&scratch).await;
        let contract = "contract = { hold_above_percent = 20, hold_from_records = 2 }\nrecord_key = ";
        office.activate_changed_manifest(b"contract", |text| text.replacen("record_key = ", contract, 1)).await;
        let batches = land_five_pages(&office, |record| SentRecord { bad: Some(Bad::Minutes), ..record }).await;
        let done = deliver_group(&office.context, batches[0], LIMITS).await.unwrap();
        assert_eq!((done.claimed, done.together), (5, 4));
        assert_eq!(list_states(&office).await, ["done", "done", "quarantined", "done", "done"]);
        office.check_books().await;
        office.db.close().await;
    });
}

/// Another process takes one batch while the group is loaded: nothing of the group is written, and each of the others is
/// then delivered by itself.
#[test]
fn a_batch_that_loses_its_claim_falls_out_alone() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let scratch = Scratch::new("order");
        let office = open_on_file(&scratch).await;
        let batches = land_five_pages(&office, |record| record).await;
        let taken = format!(
            "CREATE TRIGGER taken AFTER INSERT ON training_record WHEN (SELECT epoch FROM batch WHERE id = {0}) = 1
             BEGIN UPDATE batch SET epoch = epoch + 1 WHERE id = {0}; END",
            batches[2]
        );
        office.db.execute(&taken, vec![]).await.unwrap();
        let done = deliver_group(&office.context, batches[0], LIMITS).await.unwrap();
        assert_eq!((done.claimed, done.together), (5, 0));
        assert_eq!(list_states(&office).await, ["done", "done", "claimed", "done", "done"]);
        assert_eq!(office.query_count("SELECT count(*) AS n FROM training_record").await, 8);
        office.check_books().await;
        office.db.close().await;
    });
}

/// What is new of a page may be too little to be compared by itself.
#[test]
fn a_page_that_has_changed_in_part_is_judged_as_a_whole() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let scratch = Scratch::new("order");
        let office = open_on_file(&scratch).await;
        let records = |from: u8, to: u8| (from..to).map(|record| SentRecord { record, ..GOOD });
        let known: Vec<SentRecord> = records(0, 30).collect();
        let page: Vec<SentRecord> = records(100, 112).collect();
        let other_unit = records(120, 138).map(|record| SentRecord { minutes: 45 * 45, ..record });
        let changed: Vec<SentRecord> = page.iter().cloned().chain(other_unit).collect();
        let grown: Vec<SentRecord> = page.iter().cloned().chain(records(120, 124)).collect();
        let mut ended = vec![];
        for (address, page) in [("others", &known), ("page", &page), ("page", &changed), ("page", &grown)] {
            for (batch, _) in office.land_page(0, address, &render_page(page), 5_000).await {
                let delivered = deliver::deliver_batch(&office.context, batch, false).await.unwrap();
                ended.push(matches!(delivered, Delivered::Done(_)));
            }
        }
        assert_eq!(ended, [true, true, false, true]);
        assert_eq!(list_states(&office).await, ["done", "done", "quarantined", "done"]);
        office.check_books().await;
        office.db.close().await;
    });
}
