//! Every store and every queue conforms, and workers survive a queue that is away or misused.

use std::time::{Duration, Instant};

use huiliu_queue::{Notice, Queue};
use huiliu_store::Db;
use huiliu_store::sql::schema;
use huiliu_testkit::{exercise_queue, exercise_store};
use huiliu_vault::keys::Keys;

use crate::test_env::{Postgres, Redis, Scratch, Services, TestEnv};

fn new_runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn exercise_db(url: &str) {
    new_runtime().block_on(async {
        let db = Db::open(url, 4).await.unwrap();
        schema::migrate(&db).await.unwrap();
        let keys = Keys::from_hex(&"5a".repeat(32)).unwrap();
        assert_eq!(exercise_store(&db, &keys).await, Ok(()));
        db.close().await;
    });
}

#[test]
fn the_embedded_store_conforms() {
    let scratch = Scratch::new("store");
    exercise_db(&format!("sqlite:{}", scratch.0.join("x.db").display()));
}

#[test]
fn the_postgresql_store_conforms() {
    exercise_db(&Postgres::start().url());
}

#[test]
fn the_embedded_queue_conforms() {
    let scratch = Scratch::new("queue");
    new_runtime().block_on(async {
        let queue = Queue::open(&format!("sqlite:{}", scratch.0.join("q.db").display()), "").await.unwrap();
        assert_eq!(exercise_queue(&queue).await, Ok(()));
    });
}

#[test]
fn the_redis_queue_conforms() {
    let redis = Redis::start();
    new_runtime().block_on(async {
        let queue = Queue::open(&redis.url(), "exercise").await.unwrap();
        assert_eq!(exercise_queue(&queue).await, Ok(()));
    });
}

#[test]
fn strangers_in_our_place_are_set_aside() {
    let redis = Redis::start();
    new_runtime().block_on(async {
        let queue = Queue::open(&redis.url(), "strangers").await.unwrap();
        redis.fill_list("huiliu:strangers:notices", 8_000);
        assert_eq!(
            queue.notify(&[Notice::new(1, 1)]).await.unwrap(),
            0,
            "a place that strangers have filled takes nothing"
        );
        queue.set_aside_foreign_data().await.unwrap();
        assert_eq!(queue.depth().await.unwrap(), 0);
        assert_eq!(exercise_queue(&queue).await, Ok(()));
        // A value of another kind under Huiliu's key, then foreign messages among Huiliu's own.
        redis.run_command(&["SET", "huiliu:strangers:notices", "x"]);
        queue.set_aside_foreign_data().await.unwrap();
        redis.fill_list("huiliu:strangers:notices", 400);
        assert_eq!(exercise_queue(&queue).await, Ok(()));
    });
    assert_eq!(redis.run_command(&["KEYS", "huiliu:strangers:notices:aside:*"]).lines().count(), 2);
}

#[test]
fn a_redis_that_is_not_there_or_refuses_ends_the_start() {
    let redis = Redis::start();
    let mut house = TestEnv::new(Services::Sqlite);
    assert!(house.run(&["migrate"]).status.success());
    let wrong_password = redis.url().replace(&redis.password, "wrong");
    for (url, words) in [("redis://:secret@127.0.0.1:1/0", "cannot open the queue"), (&wrong_password, "password")] {
        house.env = vec![("HUILIU_QUEUE".into(), url.into())];
        let started = Instant::now();
        let out = house.run(&["worker", "--until-done"]);
        let told = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(2), "{told}");
        assert!(told.contains(words) && !told.contains("secret") && !told.contains(&redis.password), "{told}");
        assert!(started.elapsed() < Duration::from_secs(15));
    }
}
