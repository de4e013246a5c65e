//! The law of reading again: stored records that are read again under a corrected manifest are, with the dead letters replayed,
//! what they would be if the manifest had been right from the beginning. The plan says so before, and an undo takes it back.

use huiliu_engine::replay::{self, Applied, NewReplay, ReplayError, Watch};
use huiliu_store::Db;
use huiliu_store::admin::letters::LetterFilter;
use huiliu_store::delivery::replays::{self, Effect, Item};
use huiliu_store::sql::schema;
use huiliu_values::ReplayReads;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::office::Office;
use super::replays::{Tally, check_changes, hours_by_teacher};
use super::sent::{SentRecord, render_page, said_strategy, sent_strategy};
use super::undo::describe;
use crate::test_env::{Postgres, Scratch};

/// What is wrong in the first manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    /// The minutes are read as hours, so that some are too many to be accepted.
    Unit,
    /// Each version of a record is taken for a record of its own.
    Key,
    /// Rows are taken that should be left out, and those that take a record back for records.
    Rows,
    /// No row is too long to be accepted.
    Limit,
}

fn break_manifest(bug: Bug, manifest: &str) -> String {
    match bug {
        Bug::Unit => manifest.replace("unit = \"minute\"", "unit = \"hour\""),
        Bug::Key => manifest.replacen("record_key = [\"id\"]", "record_key = [\"id\", \"version\"]", 1),
        Bug::Rows => manifest.replace("path = \"state\"", "path = \"noState\""),
        Bug::Limit => manifest.replace("{ path = \"studyMinutes\"", "{ path = \"version\""),
    }
}

async fn deliver(office: &Office, pages: &[Vec<SentRecord>], address: &str, cut: u32) {
    for (run, items) in pages.iter().enumerate() {
        for (batch, _) in office.land_page(run, &format!("{address} {run}"), &render_page(items), cut).await {
            office.deliver_batch(batch).await;
        }
    }
    office.settle_all().await;
}

async fn plan(office: &Office, reads: ReplayReads) -> Option<(i64, Vec<Item>, Vec<Effect>)> {
    let filter = LetterFilter { source: None, ..LetterFilter::default() };
    let new = NewReplay { reads, filter: &filter, actor: "law", approve_above: 0 };
    let id = match replay::plan_replay(&office.context, new, Watch::default()).await {
        Ok(id) => id,
        Err(ReplayError::Nothing | ReplayError::NoRecords) => return None,
        Err(fault) => panic!("{fault}"),
    };
    let mut tx = office.db.begin_read_only().await.unwrap();
    let items = replays::list_items(&mut tx, id, 1_000).await.unwrap();
    Some((id, items, replays::list_effects(&mut tx, id, 1_000).await.unwrap()))
}

async fn apply(office: &Office, id: i64) -> Applied {
    replay::apply_plan(&office.context, id, "law", Watch::default()).await.unwrap()
}

/// How many cases ended in which way.
#[derive(Debug, Default, Clone, Copy)]
struct Ended {
    as_if_right: u32,
    undone: u32,
    kept: u32,
    stale: u32,
    after_live_traffic: u32,
    records: usize,
}

struct Case {
    bug: Bug,
    pages: Vec<Vec<SentRecord>>,
    live: Vec<SentRecord>,
    cut: u32,
}

async fn run_trial(office: &mut Office, other: &mut Office, case: &Case, ended: &mut Ended) {
    let Case { bug, pages, live, cut } = case;
    office.activate_changed_manifest(b"wrong", |text| break_manifest(*bug, text)).await;
    deliver(office, pages, "page", *cut).await;
    office.activate_again(b"right").await;
    let before = describe(office).await;
    let (records, had) = (office.take_picture().await.stored_records(), hours_by_teacher(office).await);
    let Some((id, items, effects)) = plan(office, ReplayReads::Records).await else { return };
    assert_eq!(describe(office).await, before, "a plan changed something");
    ended.records += items.len();
    if !live.is_empty() {
        deliver(office, std::slice::from_ref(live), "live", *cut).await;
        let between = describe(office).await;
        match apply(office, id).await {
            Applied::Done => ended.after_live_traffic += 1,
            Applied::Stale(moved) => {
                assert!(!moved.is_empty());
                assert_eq!(describe(office).await, between, "a refused plan changed something");
                ended.stale += 1;
            }
        }
        office.settle_all().await;
        office.check_books().await;
        office.check_entries().await;
        return;
    }
    assert_eq!(apply(office, id).await, Applied::Done, "nothing has moved");
    check_changes(office, &records, &had, (&items, &effects), &mut Tally::default()).await;
    office.check_entries().await;
    let again = plan(office, ReplayReads::Records).await;
    assert!(again.is_none_or(|(_, items, effects)| items.is_empty() && effects.is_empty()), "once is enough");

    if !items.is_empty() {
        let undo = replay::plan_undo(&office.context, id, "law", 0, Watch::default()).await.unwrap();
        let sums = replays::sums(&mut office.db.begin_read_only().await.unwrap(), undo).await.unwrap();
        // A letter that was discarded or closed by now stays as it is.
        ended.kept += u32::from(sums.kept > 0);
        if sums.kept == 0 {
            let applied = describe(office).await;
            assert_eq!(apply(office, undo).await, Applied::Done, "nothing has moved");
            office.settle_all().await;
            office.check_books().await;
            office.check_entries().await;
            assert_eq!(describe(office).await, before, "with the undone replay, and without it: {items:?}");
            ended.undone += 1;
            let (id, ..) = plan(office, ReplayReads::Records).await.unwrap();
            assert_eq!(apply(office, id).await, Applied::Done);
            office.settle_all().await;
            assert_eq!(describe(office).await[..2], applied[..2], "applied once more");
        }
    }
    // Under the wrong manifest, rows to be left out have taken the place of others, which are not brought back.
    if *bug != Bug::Rows && *bug != Bug::Limit {
        if let Some((id, ..)) = plan(office, ReplayReads::DeadLetters).await {
            apply(office, id).await;
            office.settle_all().await;
        }
        other.activate_again(b"right").await;
        deliver(other, pages, "page", *cut).await;
        let (now, right) = (office.take_picture().await, other.take_picture().await);
        assert_eq!(now.stored_records(), right.stored_records(), "as if the manifest had always been right");
        ended.as_if_right += 1;
    }
}

fn case_strategy() -> impl Strategy<Value = Case> {
    let bug = prop_oneof![
        3 => Just(Bug::Unit),
        2 => Just(Bug::Key),
        1 => Just(Bug::Rows),
        1 => Just(Bug::Limit)
    ];
    bug.prop_flat_map(|bug| {
        let sent = if bug == Bug::Rows { said_strategy(8).boxed() } else { sent_strategy(8).boxed() };
        let pages = proptest::collection::vec(proptest::collection::vec(sent, 1..10), 1..3);
        let live = prop_oneof![2 => Just(vec![]), 1 => proptest::collection::vec(sent_strategy(8), 1..6)];
        (pages, live, 1u32..8).prop_map(move |(pages, live, cut)| Case { bug, pages, live, cut })
    })
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { bug, pages, live, cut } = self;
        write!(f, "{bug:?}, {pages:?}, live {live:?}, cut {cut}")
    }
}

#[test]
fn records_that_are_read_again_are_as_if_the_manifest_had_been_right() {
    let cases = std::env::var("HUILIU_LAW_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(60);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let scratch = Scratch::new("reread");
    let url = |name: &str| format!("sqlite:{}", scratch.0.join(name).display());
    runtime.block_on(async {
        let db = Db::open(&url("template.db"), 1).await.unwrap();
        schema::migrate(&db).await.unwrap();
        db.close().await;
    });
    let ended = std::cell::Cell::new(Ended::default());
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new(config)
        .run(&case_strategy(), |case| {
            for name in ["with.db", "right.db"] {
                for end in ["", "-wal", "-shm"] {
                    let _ = std::fs::remove_file(scratch.0.join(format!("{name}{end}")));
                }
                std::fs::copy(scratch.0.join("template.db"), scratch.0.join(name)).unwrap();
            }
            runtime.block_on(async {
                let mut office = Office::open(Db::open(&url("with.db"), 1).await.unwrap()).await;
                let mut other = Office::open(Db::open(&url("right.db"), 1).await.unwrap()).await;
                let mut counted = ended.get();
                run_trial(&mut office, &mut other, &case, &mut counted).await;
                ended.set(counted);
                office.db.close().await;
                other.db.close().await;
            });
            Ok(())
        })
        .unwrap();
    let ended = ended.get();
    println!("{ended:?}");
    assert!(ended.as_if_right > cases / 5 && ended.undone > cases / 5 && ended.records > 60, "{ended:?}");
    assert!(ended.stale > 0 && ended.after_live_traffic > 0, "{ended:?}");
}

#[test]
fn records_are_read_again_on_postgresql() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (postgres, right) = (Postgres::start(), Postgres::start());
    let open = async |of: &Postgres| {
        let db = Db::open(&of.url(), 4).await.unwrap();
        schema::migrate(&db).await.unwrap();
        db
    };
    let (db, other_db) = runtime.block_on(async { (open(&postgres).await, open(&right).await) });
    let ended = std::cell::Cell::new(Ended::default());
    let config = ProptestConfig { cases: 25, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new(config)
        .run(&case_strategy(), |case| {
            runtime.block_on(async {
                let mut office = super::concurrent::open_on_emptied(&db).await;
                let mut other = super::concurrent::open_on_emptied(&other_db).await;
                let mut counted = ended.get();
                run_trial(&mut office, &mut other, &case, &mut counted).await;
                ended.set(counted);
            });
            Ok(())
        })
        .unwrap();
    let ended = ended.get();
    println!("{ended:?}");
    assert!(ended.undone > 3 && ended.stale + ended.after_live_traffic > 0 && ended.records > 15, "{ended:?}");
}
