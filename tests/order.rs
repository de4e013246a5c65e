//! Order laws: arrival order, batch cuts, resends and interleaving do not change the result, and the books are true after
//! every step.

mod concurrent;
mod model;
mod office;
mod repeats;
mod replays;
mod sent;

use huiliu_store::Db;
use huiliu_store::sql::schema;
use proptest::prelude::*;

use self::model::Model;
use self::office::{Office, Picture};
use self::sent::{Sent, page, sent};
use crate::house::Scratch;

/// An office on a SQLite file of its own.
async fn on_file(scratch: &Scratch) -> Office {
    let db = Db::open(&format!("sqlite:{}", scratch.0.join("x.db").display()), 2).await.unwrap();
    schema::migrate(&db).await.unwrap();
    Office::open(db).await
}

/// Everything in one page and one batch. This must be what the model says.
async fn at_once(all: &[Sent]) -> Picture {
    let scratch = Scratch::new("order");
    let office = on_file(&scratch).await;
    let (mut model, bytes) = (Model::default(), page(all));
    for (id, range) in office.land(0, "page", &bytes, 5_000).await {
        office.deliver(id).await;
        model.deliver(id, office.activation(), &office.staged(&bytes, range));
    }
    office.settle().await;
    model.settle();
    office.check_books().await;
    assert_eq!(office.held().await, model.held());
    assert_eq!(office.letters().await, model.letters());
    let picture = office.picture().await;
    office.db.close().await;
    picture
}

/// Many pages and batches in some order; the entries are settled in between where `order` says 0 modulo 4.
async fn bit_by_bit(pages: &[Vec<Sent>], cut: u32, order: &[usize]) -> Picture {
    let scratch = Scratch::new("order");
    let office = on_file(&scratch).await;
    let mut ids = vec![];
    for (i, items) in pages.iter().enumerate() {
        ids.extend(office.land(i, "page", &page(items), cut).await.into_iter().map(|(id, _)| id));
    }
    for i in order {
        office.deliver(ids[i % ids.len()]).await;
        office.check_books().await;
        if i % 4 == 0 {
            office.settle().await;
            office.check_books().await;
        }
    }
    for id in &ids {
        office.deliver(*id).await;
        office.check_books().await;
    }
    office.settle().await;
    office.check_books().await;
    let picture = office.picture().await;
    office.db.close().await;
    picture
}

/// Everything again in another order, some of it several times, in other pages.
fn again(all: &[Sent], shuffled: &[prop::sample::Index], pages: usize) -> Vec<Vec<Sent>> {
    let mut again: Vec<Sent> = shuffled.iter().map(|i| i.get(all).clone()).collect();
    again.extend(all.iter().rev().cloned());
    let size = again.len().div_ceil(pages);
    again.chunks(size).map(<[Sent]>::to_vec).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn arrival_order_cuts_and_resends_do_not_change_the_result(
        all in proptest::collection::vec(sent(6), 1..24),
        shuffled in proptest::collection::vec(any::<prop::sample::Index>(), 0..40),
        cut in 1u32..6,
        pages in 1usize..6,
        order in proptest::collection::vec(0usize..64, 0..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let one = runtime.block_on(at_once(&all));
        let many = runtime.block_on(bit_by_bit(&again(&all, &shuffled, pages), cut, &order));
        prop_assert_eq!(one, many);
    }
}

/// A platform corrects whom a record is about: the hours go from the one to the other.
#[test]
fn a_newer_version_about_somebody_else_takes_the_hours_along() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let scratch = Scratch::new("order");
        let office = on_file(&scratch).await;
        let of = |version| page(&[Sent { record: 0, version, minutes: 45, learning: 80, bad: None }]);
        let corrected = of(2).replace("22010219590911001X", "220381197001011228").replace("王一", "李二");
        for bytes in [of(1), corrected] {
            for (batch, _) in office.land(0, "page", &bytes, 10).await {
                office.deliver(batch).await;
            }
            office.settle().await;
        }
        let counted = "SELECT count(*) AS n FROM credit_entry WHERE superseded_at IS NULL AND units > 0";
        assert_eq!(office.count(counted).await, 1, "one record, counted for one teacher");
        office.db.close().await;
    });
}
