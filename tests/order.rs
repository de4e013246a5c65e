//! Order laws: arrival order, batch cuts, resends and interleaving do not change the result, and the books are correct
//! after every step.

mod concurrent;
mod groups;
mod model;
mod office;
mod parked;
mod rekeyed;
mod repeats;
mod replays;
mod reread;
mod sent;
mod undo;

use huiliu_store::Db;
use huiliu_store::sql::schema;
use proptest::prelude::*;

use self::model::Model;
use self::office::{Office, Picture};
use self::sent::{Bad, SentRecord, State, render_page, said_strategy};
use crate::test_env::Scratch;

/// Opens an office on a SQLite file of its own.
async fn open_on_file(scratch: &Scratch) -> Office {
    let db = Db::open(&format!("sqlite:{}", scratch.0.join("x.db").display()), 2).await.unwrap();
    schema::migrate(&db).await.unwrap();
    Office::open(db).await
}

/// Delivers everything in one page and one batch. The result must be what the model says.
async fn deliver_at_once(all: &[SentRecord]) -> Picture {
    let scratch = Scratch::new("order");
    let office = open_on_file(&scratch).await;
    let (mut model, bytes) = (Model::default(), render_page(all));
    for (id, range) in office.land_page(0, "page", &bytes, 5_000).await {
        office.deliver_batch(id).await;
        model.deliver_batch(id, &office.decode_items(&bytes, range));
    }
    office.settle_all().await;
    model.settle_all();
    office.check_books().await;
    assert_eq!(office.stored_records().await, model.stored_records());
    assert_eq!(office.dead_letters().await, model.dead_letters());
    let picture = office.take_picture().await;
    office.db.close().await;
    picture
}

/// Delivers many pages and batches in some order, then the rest in the order of landing. Settles after each number of
/// `order` that is divisible by 4.
async fn deliver_in_order(pages: &[Vec<SentRecord>], cut: u32, order: &[usize]) -> Picture {
    let scratch = Scratch::new("order");
    let office = open_on_file(&scratch).await;
    let mut ids = vec![];
    for (i, items) in pages.iter().enumerate() {
        ids.extend(office.land_page(i, "page", &render_page(items), cut).await.into_iter().map(|(id, _)| id));
    }
    for i in order {
        office.deliver_batch(ids[i % ids.len()]).await;
        office.check_books().await;
        if i % 4 == 0 {
            office.settle_all().await;
            office.check_books().await;
        }
    }
    for id in &ids {
        office.deliver_batch(*id).await;
        office.check_books().await;
    }
    office.settle_all().await;
    office.check_books().await;
    office.check_entries().await;
    assert_eq!(office.count_confirmations().await, 0, "kept although everything is delivered");
    let picture = office.take_picture().await;
    office.db.close().await;
    picture
}

/// Cuts everything into other pages, in another order, with some records several times.
fn resend_shuffled(all: &[SentRecord], shuffled: &[prop::sample::Index], pages: usize) -> Vec<Vec<SentRecord>> {
    let mut again: Vec<SentRecord> = shuffled.iter().map(|i| i.get(all).clone()).collect();
    again.extend(all.iter().rev().cloned());
    let size = again.len().div_ceil(pages);
    again.chunks(size).map(<[SentRecord]>::to_vec).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// What landed last is the newest word, whatever is delivered first and however it is cut into batches.
    #[test]
    fn the_order_of_delivery_and_cuts_do_not_change_the_result(
        all in proptest::collection::vec(said_strategy(6), 1..24),
        shuffled in proptest::collection::vec(any::<prop::sample::Index>(), 0..40),
        cut in 1u32..6,
        pages in 1usize..6,
        order in proptest::collection::vec(0usize..64, 0..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(deliver_at_once(&all));
        let pages = resend_shuffled(&all, &shuffled, pages);
        let as_landed = runtime.block_on(deliver_in_order(&pages, 5_000, &[]));
        let many = runtime.block_on(deliver_in_order(&pages, cut, &order));
        prop_assert_eq!(as_landed, many);
    }
}

/// Lands pages, some of them again, and delivers each at once. With `reread`, no repetition is counted from the books.
async fn deliver_pages(pages: &[Vec<SentRecord>], order: &[usize], cut: u32, reread: bool) -> Picture {
    let scratch = Scratch::new("order");
    let mut office = open_on_file(&scratch).await;
    for (nth, page) in order.iter().enumerate() {
        if reread {
            office.activate_again(&nth.to_be_bytes()).await;
        }
        for (batch, _) in office.land_page(0, "page", &render_page(&pages[page % pages.len()]), cut).await {
            office.deliver_batch(batch).await;
        }
        if nth % 3 == 0 {
            office.settle_all().await;
        }
    }
    office.settle_all().await;
    office.check_books().await;
    office.check_entries().await;
    let picture = office.take_picture().await;
    office.db.close().await;
    picture
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Withdrawals and rows left out hold as if repeated bytes were always read again.
    #[test]
    fn repeated_bytes_withdraw_as_if_they_were_read(
        pages in proptest::collection::vec(proptest::collection::vec(said_strategy(5), 1..4), 2..5),
        order in proptest::collection::vec(0usize..8, 2..14),
        cut in 1u32..3,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let from_books = runtime.block_on(deliver_pages(&pages, &order, cut, false));
        let reread = runtime.block_on(deliver_pages(&pages, &order, cut, true));
        prop_assert_eq!(from_books, reread);
    }
}

/// Pages that come again and again in turn: what one says of a record, the other takes back.
#[test]
fn repeated_bytes_in_turn_dispute_as_if_they_were_read() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let good = SentRecord { record: 0, version: 2, minutes: 45, learning: 80, bad: None, state: State::Valid };
    let draft = SentRecord { state: State::Draft, ..good.clone() };
    let faulty = SentRecord { bad: Some(Bad::Minutes), ..good.clone() };
    let other = SentRecord { record: 1, ..good.clone() };
    for pages in [[vec![good.clone()], vec![draft, other]], [vec![good], vec![faulty]]] {
        for order in [&[0, 1, 0, 1, 0, 1][..], &[1, 0, 1], &[1, 0, 1, 0, 1, 1, 0, 0]] {
            let from_books = runtime.block_on(deliver_pages(&pages, order, 5, false));
            let reread = runtime.block_on(deliver_pages(&pages, order, 5, true));
            assert_eq!(from_books, reread, "{order:?}");
        }
    }
}

/// A faulty row and its corrected one are found in either order of delivery, and so are the rows beside them.
#[test]
fn a_corrected_record_is_found_whichever_is_delivered_first() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let good = SentRecord { record: 0, version: 2, minutes: 45, learning: 80, bad: None, state: State::Valid };
    let pages = [
        vec![SentRecord { version: 1, bad: Some(Bad::Id), ..good.clone() }, SentRecord { record: 1, ..good.clone() }],
        vec![SentRecord { record: 1, ..good.clone() }, good],
    ];
    let as_landed = runtime.block_on(deliver_in_order(&pages, 5, &[]));
    assert_eq!(as_landed.count_successors(), 1);
    for (cut, order) in [(5, &[1][..]), (1, &[3, 0, 2]), (1, &[2, 3]), (1, &[3, 1, 2, 0])] {
        assert_eq!(runtime.block_on(deliver_in_order(&pages, cut, order)), as_landed, "{cut} {order:?}");
    }
}

/// A platform corrects which person a record is about: the hours move from the first person to the second.
#[test]
fn a_newer_version_about_somebody_else_takes_the_hours_along() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let scratch = Scratch::new("order");
        let mut office = open_on_file(&scratch).await;
        let may_change = |text: &str| text.replace("record_key = ", "key_changes_hands = true\nrecord_key = ");
        office.activate_changed_manifest(b"2", may_change).await;
        let of = |version| {
            render_page(&[SentRecord { record: 0, version, minutes: 45, learning: 80, bad: None, state: State::Valid }])
        };
        let corrected = of(2).replace("22010219590911001X", "220381197001011228").replace("王一", "李二");
        for bytes in [of(1), corrected] {
            for (batch, _) in office.land_page(0, "page", &bytes, 10).await {
                office.deliver_batch(batch).await;
            }
            office.settle_all().await;
        }
        let counted = "SELECT count(*) AS n FROM credit_entry WHERE superseded_at IS NULL AND units > 0";
        assert_eq!(office.query_count(counted).await, 1, "one record, counted for one teacher");
        office.db.close().await;
    });
}
