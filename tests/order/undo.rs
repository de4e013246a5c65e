//! The undo law: a replay that is taken back leaves everything as if it had never been, or says what rests on it. What came
//! in between is as it would be without the replay.

use huiliu_engine::replay::{self, Applied, NewReplay, ReplayError, Watch};
use huiliu_store::Db;
use huiliu_store::admin::letters::LetterFilter;
use huiliu_store::delivery::replays;
use huiliu_store::sql::schema;
use huiliu_values::ReplayReads;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::office::Office;
use super::replays::{break_mapping, half_renamed_page, hours_by_teacher};
use super::sent::{SentRecord, State, said_strategy};
use crate::test_env::Scratch;

/// How many cases ended in which way.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    undone: u32,
    undone_after_live_traffic: u32,
    kept_something: u32,
    records: u32,
}

/// Delivers pages under a wrong manifest, and activates the right one.
async fn deliver_under_wrong(office: &mut Office, pages: &[Vec<SentRecord>], cut: u32) {
    office.activate_changed_manifest(b"wrong", break_mapping).await;
    for (run, items) in pages.iter().enumerate() {
        deliver(office, run, &format!("page {run}"), items, cut).await;
    }
    office.settle_all().await;
    office.activate_again(b"right").await;
}

async fn deliver(office: &Office, run: usize, address: &str, items: &[SentRecord], cut: u32) {
    for (batch, _) in office.land_page(run, address, &half_renamed_page(items), cut).await {
        office.deliver_batch(batch).await;
    }
}

async fn deliver_live(office: &Office, live: &[SentRecord], cut: u32) {
    if !live.is_empty() {
        deliver(office, 0, "live", live, cut).await;
        office.settle_all().await;
    }
}

/// What must be the same with a replay that was undone as without it.
pub(super) async fn describe(office: &Office) -> Vec<String> {
    let picture = office.take_picture().await.without_reasons().without_ended_letters();
    let hours = hours_by_teacher(office).await;
    // A teacher whom the replay made is left, without hours.
    let hours: Vec<_> = hours.into_iter().filter(|(who, hours)| who.starts_with("new:") && *hours != (0, 0)).collect();
    let mut told = vec![format!("{picture:?}"), format!("{hours:?}")];
    told.extend(office.check_books().await.iter().map(|(batch, books)| format!("batch {batch}: {books:?}")));
    told
}

async fn run_trial(
    office: &mut Office,
    other: &mut Office,
    (pages, live, cut): (&[Vec<SentRecord>], &[SentRecord], u32),
    tally: &mut Tally,
) {
    deliver_under_wrong(office, pages, cut).await;
    let new =
        NewReplay { reads: ReplayReads::DeadLetters, filter: &LetterFilter::default(), actor: "law", approve_above: 0 };
    let Ok(id) = replay::plan_replay(&office.context, new, Watch::default()).await else { return };
    assert_eq!(replay::apply_plan(&office.context, id, "law", Watch::default()).await.unwrap(), Applied::Done);
    office.settle_all().await;
    deliver_live(office, live, cut).await;
    let before = describe(office).await;
    let undo = match replay::plan_undo(&office.context, id, "law", 0, Watch::default()).await {
        Ok(undo) => undo,
        // All of them had stayed parked.
        Err(ReplayError::NotApplied { .. }) => return,
        Err(fault) => panic!("{fault}"),
    };
    assert_eq!(describe(office).await, before, "a plan changed something");
    let shown = replays::list_replays(&office.db, Some(undo), 0, 1).await.unwrap().remove(0);
    let sums = replays::sums(&mut office.db.begin_read_only().await.unwrap(), undo).await.unwrap();
    let ended = replay::apply_plan(&office.context, undo, "law", Watch::default()).await.unwrap();
    assert_eq!(ended, Applied::Done, "nothing has moved");
    office.settle_all().await;
    office.check_books().await;
    office.check_entries().await;
    let again = replay::plan_undo(&office.context, id, "law", 0, Watch::default()).await;
    let all_stays = sums.kept == shown.outcomes.values().sum::<i64>();
    assert!(all_stays && again.is_ok() || matches!(again, Err(ReplayError::UndoneAlready { .. })), "{again:?}");
    let again = replay::plan_undo(&office.context, undo, "law", 0, Watch::default()).await;
    assert!(matches!(again, Err(ReplayError::UndoOfUndo { .. })), "{again:?}");
    if sums.kept > 0 {
        assert!(!live.is_empty(), "nothing came since, and something stays: {shown:?}");
        tally.kept_something += 1;
        return;
    }
    deliver_under_wrong(other, pages, cut).await;
    deliver_live(other, live, cut).await;
    assert_eq!(describe(office).await, describe(other).await, "with the undone replay, and without it");
    tally.undone += 1;
    tally.undone_after_live_traffic += u32::from(!live.is_empty());
    tally.records += u32::try_from(shown.outcomes.values().sum::<i64>()).unwrap();
}

/// Pages, what comes after the replay, and the size of a batch. Some rows take a record back or are left out.
fn case_strategy() -> impl Strategy<Value = (Vec<Vec<SentRecord>>, Vec<SentRecord>, u32)> {
    let page = |most| proptest::collection::vec(said_strategy(8), 1..most);
    (proptest::collection::vec(page(10), 1..3), prop_oneof![Just(vec![]), page(6)], 1u32..8)
}

#[test]
fn an_undone_replay_leaves_nothing_behind() {
    let cases = std::env::var("HUILIU_LAW_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(60);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let scratch = Scratch::new("undo");
    let url = |name: &str| format!("sqlite:{}", scratch.0.join(name).display());
    runtime.block_on(async {
        let db = Db::open(&url("template.db"), 1).await.unwrap();
        schema::migrate(&db).await.unwrap();
        db.close().await;
    });
    let tally = std::cell::Cell::new(Tally::default());
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new(config)
        .run(&case_strategy(), |(pages, live, cut)| {
            for name in ["with.db", "without.db"] {
                for end in ["", "-wal", "-shm"] {
                    let _ = std::fs::remove_file(scratch.0.join(format!("{name}{end}")));
                }
                std::fs::copy(scratch.0.join("template.db"), scratch.0.join(name)).unwrap();
            }
            runtime.block_on(async {
                let mut office = Office::open(Db::open(&url("with.db"), 1).await.unwrap()).await;
                let mut other = Office::open(Db::open(&url("without.db"), 1).await.unwrap()).await;
                let mut counted = tally.get();
                run_trial(&mut office, &mut other, (&pages, &live, cut), &mut counted).await;
                tally.set(counted);
                office.db.close().await;
                other.db.close().await;
            });
            Ok(())
        })
        .unwrap();
    let tally = tally.get();
    println!("{tally:?}");
    assert!(tally.undone > cases / 3 && tally.undone_after_live_traffic > 0 && tally.kept_something > 0, "{tally:?}");
}

#[test]
fn a_version_that_comes_again_after_another_one_is_undone() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (scratch, other) = (Scratch::new("undo-again"), Scratch::new("undo-again-without"));
        let (mut office, mut other) = (super::open_on_file(&scratch).await, super::open_on_file(&other).await);
        let sent =
            |minutes| SentRecord { record: 1, version: 2, minutes, learning: 80, bad: None, state: State::Valid };
        let mut tally = Tally::default();
        let pages = [vec![sent(45), sent(46), sent(45)]];
        run_trial(&mut office, &mut other, (&pages, &[], 3), &mut tally).await;
        assert_eq!(tally.undone, 1);
    });
}

/// A later replay rests on what an earlier one has made, although the earlier one had selected its raw record too. Only the
/// later one can be undone, and then the earlier one.
#[test]
fn replays_are_undone_in_their_order() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let scratch = Scratch::new("undo-order");
        let mut office = super::open_on_file(&scratch).await;
        office
            .activate_changed_manifest(b"none", |m| m.replace("{ path = \"studyMinutes\"", "{ path = \"noMinutes\""))
            .await;
        let sent =
            |version| SentRecord { record: 1, version, minutes: 45, learning: 80, bad: None, state: State::Valid };
        deliver(&office, 0, "page", &[sent(1), sent(2)], 10).await;
        office.settle_all().await;
        let before = describe(&office).await;
        let replay = async |office: &Office| {
            let new = NewReplay {
                reads: ReplayReads::DeadLetters,
                filter: &LetterFilter::default(),
                actor: "law",
                approve_above: 0,
            };
            let id = replay::plan_replay(&office.context, new, Watch::default()).await.unwrap();
            assert_eq!(replay::apply_plan(&office.context, id, "law", Watch::default()).await.unwrap(), Applied::Done);
            office.settle_all().await;
            id
        };
        let undo = async |office: &Office, id: i64| {
            let undo = replay::plan_undo(&office.context, id, "law", 0, Watch::default()).await.unwrap();
            let sums = replays::sums(&mut office.db.begin_read_only().await.unwrap(), undo).await.unwrap();
            (undo, sums.kept)
        };
        // Only one of the two versions can be read, then both.
        office.activate_changed_manifest(b"wrong", break_mapping).await;
        let earlier = replay(&office).await;
        let between = describe(&office).await;
        office.activate_again(b"right").await;
        let later = replay(&office).await;
        assert_eq!(undo(&office, earlier).await.1, 1, "the later replay rests on it");
        for (id, then) in [(later, between), (earlier, before)] {
            let (undo, kept) = undo(&office, id).await;
            assert_eq!(kept, 0, "nothing rests on replay {id}");
            assert_eq!(
                replay::apply_plan(&office.context, undo, "law", Watch::default()).await.unwrap(),
                Applied::Done
            );
            office.settle_all().await;
            office.check_entries().await;
            assert_eq!(describe(&office).await, then, "after the undo of replay {id}");
        }
        office.db.close().await;
    });
}
