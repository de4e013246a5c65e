//! The order and books laws on PostgreSQL, with two deliveries and a settling at the same time.

use huiliu_core::store::{Db, schema};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::office::{Office, Picture};
use super::sent::{Sent, page, sent};
use super::{again, at_once};
use crate::house::Postgres;

/// An office in a database whose tables were emptied.
async fn emptied(db: &Db) -> Office {
    let tables = db
        .rows(
            "SELECT string_agg(tablename, ', ') AS names FROM pg_tables
             WHERE schemaname = current_schema() AND tablename <> '_sqlx_migrations'",
            vec![],
        )
        .await
        .unwrap();
    db.run(&format!("TRUNCATE {} RESTART IDENTITY", tables[0].text("names").unwrap()), vec![]).await.unwrap();
    Office::open(db.clone()).await
}

async fn two_at_a_time(db: &Db, pages: &[Vec<Sent>], cut: u32, order: &[(usize, usize)]) -> Picture {
    let office = emptied(db).await;
    let mut ids = vec![];
    for (i, items) in pages.iter().enumerate() {
        ids.extend(office.land(i, "page", &page(items), cut).await.into_iter().map(|(id, _)| id));
    }
    for (i, j) in order {
        let (first, second) = (ids[i % ids.len()], ids[j % ids.len()]);
        tokio::join!(office.deliver(first), office.deliver(second), office.settle());
        office.check_books().await;
    }
    for pair in ids.chunks(2) {
        tokio::join!(office.deliver(pair[0]), office.deliver(pair[pair.len() - 1]), office.settle());
        office.check_books().await;
    }
    office.settle().await;
    office.check_books().await;
    office.picture().await
}

#[test]
fn deliveries_at_the_same_time_do_not_change_the_result() {
    let postgres = Postgres::start_with("-c fsync=off -c full_page_writes=off");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let db = runtime.block_on(async {
        let db = Db::open(&postgres.url(), 4).await.unwrap();
        schema::migrate(&db).await.unwrap();
        db
    });
    let cases = std::env::var("HUILIU_LAW_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(60);
    let config = ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 64, ..ProptestConfig::default() };
    let all = proptest::collection::vec(sent(6), 1..24);
    let shuffled = proptest::collection::vec(any::<prop::sample::Index>(), 0..40);
    let order = proptest::collection::vec((0usize..64, 0usize..64), 0..12);
    TestRunner::new(config)
        .run(&(all, shuffled, 1u32..12, 1usize..6, order), |(all, shuffled, cut, pages, order)| {
            let one = runtime.block_on(at_once(&all));
            let many = runtime.block_on(two_at_a_time(&db, &again(&all, &shuffled, pages), cut, &order));
            prop_assert_eq!(one, many);
            Ok(())
        })
        .unwrap();
    runtime.block_on(db.close());
}
