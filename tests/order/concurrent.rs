//! The laws of order and books on PostgreSQL, with two deliveries and a settlement at the same time.

use std::time::Duration;

use huiliu_store::Db;
use huiliu_store::sql::schema;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::groups::deliver_in_groups;
use super::office::{Office, Picture};
use super::sent::{Bad, SentRecord, State, render_page, said_strategy};
use super::{deliver_in_order, resend_shuffled};
use crate::test_env::Postgres;

/// Empties all tables and opens an office on the database.
pub async fn open_on_emptied(db: &Db) -> Office {
    let tables = db
        .fetch_rows(
            "SELECT string_agg(tablename, ', ') AS names FROM pg_tables
             WHERE schemaname = current_schema() AND tablename NOT IN ('_sqlx_migrations', 'ledger_change')",
            vec![],
        )
        .await
        .unwrap();
    db.execute(&format!("TRUNCATE {} RESTART IDENTITY", tables[0].text("names").unwrap()), vec![]).await.unwrap();
    Office::open(db.clone()).await
}

/// Settles several times, so that letters are closed at various moments of a load that runs at the same time.
async fn settle_repeatedly(office: &Office) {
    for _ in 0..4 {
        office.settle_all().await;
    }
}

async fn deliver_two_at_a_time(db: &Db, pages: &[Vec<SentRecord>], cut: u32, order: &[(usize, usize)]) -> Picture {
    let office = open_on_emptied(db).await;
    let mut ids = vec![];
    for (i, items) in pages.iter().enumerate() {
        ids.extend(office.land_page(i, "page", &render_page(items), cut).await.into_iter().map(|(id, _)| id));
    }
    for (i, j) in order {
        let (first, second) = (ids[i % ids.len()], ids[j % ids.len()]);
        tokio::join!(office.deliver_batch(first), office.deliver_batch(second), settle_repeatedly(&office));
        office.check_books().await;
    }
    for pair in ids.chunks(2) {
        tokio::join!(
            office.deliver_batch(pair[0]),
            office.deliver_batch(pair[pair.len() - 1]),
            settle_repeatedly(&office)
        );
        office.check_books().await;
    }
    office.settle_all().await;
    office.check_books().await;
    office.check_entries().await;
    office.take_picture().await
}

/// A letter that a settlement is about to close is seen again, in a newer version or in the same bytes: the load is
/// between writing its letter and its sighting while the settlement passes.
async fn see_letter_while_it_closes(db: &Db, newer: bool) {
    let office = open_on_emptied(db).await;
    let of = |version, bad| {
        render_page(&[SentRecord { record: 1, version, minutes: 45, learning: 80, bad, state: State::Valid }])
    };
    let old = of(1, Some(Bad::Name));
    for page in [&old, &of(2, None)] {
        office.deliver_batch(office.land_page(0, "page", page, 1).await[0].0).await;
    }
    let once_more = if newer { of(3, Some(Bad::Minutes)) } else { old };
    let batch = office.land_page(1, "page", &once_more, 1).await[0].0;
    db.execute(
        "CREATE FUNCTION wait() RETURNS trigger AS 'BEGIN PERFORM pg_sleep(0.5); RETURN NEW; END' LANGUAGE plpgsql",
        vec![],
    )
    .await
    .unwrap();
    let trigger = "CREATE TRIGGER wait BEFORE INSERT ON dead_letter_sighting FOR EACH ROW EXECUTE FUNCTION wait()";
    db.execute(trigger, vec![]).await.unwrap();
    let settled = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        office.settle_all().await;
    };
    tokio::join!(office.deliver_batch(batch), settled);
    db.execute("DROP FUNCTION wait CASCADE", vec![]).await.unwrap();
    office.check_books().await;
    office.settle_all().await;
    office.check_books().await;
    let letters: Vec<_> = office.dead_letters().await.into_values().map(|l| (l.state, l.version)).collect();
    assert_eq!(letters, [if newer { ("open".into(), Some(3)) } else { ("closed".into(), Some(1)) }]);
}

#[test]
fn deliveries_at_the_same_time_do_not_change_the_result() {
    let postgres = Postgres::start_with("-c fsync=off -c full_page_writes=off");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let db = runtime.block_on(async {
        let db = Db::open(&postgres.url(), 4).await.unwrap();
        schema::migrate(&db).await.unwrap();
        see_letter_while_it_closes(&db, true).await;
        see_letter_while_it_closes(&db, false).await;
        db
    });
    let cases = std::env::var("HUILIU_LAW_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(40);
    let config = ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 64, ..ProptestConfig::default() };
    let all = proptest::collection::vec(said_strategy(4), 1..24);
    let shuffled = proptest::collection::vec(any::<prop::sample::Index>(), 0..40);
    let order = proptest::collection::vec((0usize..64, 0usize..64), 0..12);
    TestRunner::new(config)
        .run(&(all, shuffled, 1u32..12, 1usize..6, order), |(all, shuffled, cut, pages, order)| {
            let pages = resend_shuffled(&all, &shuffled, pages);
            let as_landed = runtime.block_on(deliver_in_order(&pages, 5_000, &[]));
            let many = runtime.block_on(deliver_two_at_a_time(&db, &pages, cut, &order));
            prop_assert_eq!(&as_landed, &many);
            let groups: Vec<(usize, u32)> = order.iter().map(|(i, j)| (*i, u32::try_from(*j).unwrap() + 1)).collect();
            let grouped = runtime.block_on(deliver_in_groups(Some(&db), &pages, &groups));
            prop_assert_eq!(as_landed, grouped);
            Ok(())
        })
        .unwrap();
    runtime.block_on(db.close());
}
