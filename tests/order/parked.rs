//! The parking law: sound records that are parked until a replay change nothing before it. The replay makes of them what their
//! delivery would have made, and its undo leaves them parked as they were.

use huiliu_decode::RecordRange;
use huiliu_engine::replay::{self, Applied, NewReplay, ReplayError, Watch};
use huiliu_store::Db;
use huiliu_store::admin::letters::LetterFilter;
use huiliu_store::delivery::replays;
use huiliu_store::sql::schema;
use huiliu_values::ReplayReads;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::model::Item;
use super::office::Office;
use super::replays::{break_mapping, half_renamed_page, hours_by_teacher};
use super::sent::{SentRecord, State, said_strategy};
use super::undo::describe;
use crate::test_env::Scratch;

/// What is delivered before, what is parked, and what comes between replay and undo.
#[derive(Debug, Clone)]
struct Case {
    before: Vec<Vec<SentRecord>>,
    parked: Vec<SentRecord>,
    live: Vec<SentRecord>,
    cut: u32,
    /// Whether the replay reads what is parked with a wrong manifest, under which half of it cannot be used.
    wrong: bool,
}

/// How many cases ended in which way.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    replayed: u32,
    changed_hours: u32,
    undone: u32,
    kept_something: u32,
}

async fn deliver(office: &Office, run: usize, address: &str, items: &[SentRecord], cut: u32) {
    if !items.is_empty() {
        for (batch, _) in office.land_page(run, address, &half_renamed_page(items), cut).await {
            office.deliver_batch(batch).await;
        }
    }
    office.settle_all().await;
}

/// Lands a page of which the sound records await a replay, and returns its payload's number.
async fn park(office: &Office, items: &[SentRecord], cut: u32) -> i64 {
    let landed = office.land_page(1, "parked", &half_renamed_page(items), cut).await;
    for (batch, _) in &landed {
        let sql = "UPDATE batch SET awaits_replay = 1 WHERE id = $1";
        office.db.execute(sql, vec![(*batch).into()]).await.unwrap();
    }
    for (batch, _) in &landed {
        office.deliver_batch(*batch).await;
    }
    office.settle_all().await;
    office.query_rows("SELECT max(payload_id) AS id FROM batch").await[0].int("id").unwrap()
}

/// What a record counts, and what is said of it.
async fn counted(office: &Office) -> Vec<String> {
    let picture = office.take_picture().await.without_letters();
    // The number of a teacher depends on who came first.
    let hours = hours_by_teacher(office).await.into_iter();
    let hours: Vec<_> = hours.filter(|(who, hours)| who.starts_with("new:") && *hours != (0, 0)).collect();
    vec![format!("{picture:?}"), format!("{hours:?}")]
}

async fn run_trial([one, delivered, faulty, waiting]: &mut [Office; 4], case: &Case, tally: &mut Tally) {
    let Case { before, parked, live, cut, wrong } = case;
    for office in [&*one, &*delivered, &*faulty, &*waiting] {
        for (run, items) in before.iter().enumerate() {
            deliver(office, run, &format!("page {run}"), items, *cut).await;
        }
    }
    let payload = park(one, parked, *cut).await;
    one.check_books().await;
    one.check_entries().await;
    let is_faulty = |sent: &&SentRecord| {
        let read = one.decode_items(&half_renamed_page(&[(*sent).clone()]), RecordRange::ALL);
        matches!(read[..], [Item::Bad { .. }])
    };
    let bad: Vec<SentRecord> = parked.iter().filter(is_faulty).cloned().collect();
    deliver(faulty, 1, "parked", &bad, *cut).await;
    assert_eq!(counted(one).await, counted(faulty).await, "parked, and without the sound records");
    park(waiting, parked, *cut).await;
    if *wrong {
        for office in [&mut *one, &mut *delivered, &mut *waiting] {
            office.activate_changed_manifest(b"wrong", break_mapping).await;
        }
    }
    let filter = LetterFilter { payloads: vec![payload], ..LetterFilter::default() };
    let new = NewReplay { reads: ReplayReads::DeadLetters, filter: &filter, actor: "law", approve_above: 0 };
    let had = hours_by_teacher(one).await;
    let planned = match replay::plan_replay(&one.context, new, Watch::default()).await {
        Ok(planned) => planned,
        // All of them are older than what is stored.
        Err(ReplayError::Nothing) => return,
        Err(fault) => panic!("{fault}"),
    };
    let effects = replays::list_effects(&mut one.db.begin_read_only().await.unwrap(), planned, 100).await.unwrap();
    assert_eq!(replay::apply_plan(&one.context, planned, "law", Watch::default()).await.unwrap(), Applied::Done);
    one.settle_all().await;
    one.check_books().await;
    one.check_entries().await;
    deliver(delivered, 1, "parked", parked, *cut).await;
    assert_eq!(counted(one).await, counted(delivered).await, "replayed, and delivered at once");
    let have = hours_by_teacher(one).await;
    for of in &effects {
        assert_eq!(had.get(&of.person).copied().unwrap_or_default(), (of.counted.before.0, of.provisional.before.0));
        assert_eq!(have[&of.person], (of.counted.after.0, of.provisional.after.0), "{of:?}");
    }
    for (person, hours) in &had {
        let named = person.starts_with("new:") || effects.iter().any(|of| of.person == *person);
        assert!(named || have[person] == *hours, "teacher {person} changed and was not to");
    }
    tally.replayed += 1;
    tally.changed_hours += u32::from(!effects.is_empty());
    for office in [&*one, &*waiting] {
        deliver(office, 0, "live", live, *cut).await;
    }
    let undo = match replay::plan_undo(&one.context, planned, "law", 0, Watch::default()).await {
        Ok(undo) => undo,
        // All of them had been faulty before, and stayed parked.
        Err(ReplayError::NotApplied { .. }) => {
            assert_eq!(
                describe(one).await,
                describe(waiting).await,
                "with a replay that changed nothing, and without it"
            );
            return;
        }
        Err(fault) => panic!("{fault}"),
    };
    let kept = replays::sums(&mut one.db.begin_read_only().await.unwrap(), undo).await.unwrap().kept;
    assert_eq!(replay::apply_plan(&one.context, undo, "law", Watch::default()).await.unwrap(), Applied::Done);
    one.settle_all().await;
    one.check_books().await;
    one.check_entries().await;
    if kept > 0 {
        assert!(!live.is_empty(), "nothing came since, and something stays");
        tally.kept_something += 1;
        return;
    }
    assert_eq!(describe(one).await, describe(waiting).await, "with the undone replay, and without it");
    tally.undone += 1;
}

fn case_strategy() -> impl Strategy<Value = Case> {
    let page = |most| proptest::collection::vec(said_strategy(8), 1..most);
    let live = prop_oneof![Just(vec![]), page(5)];
    let case = (proptest::collection::vec(page(8), 0..3), page(10), live, 1u32..8, proptest::bool::weighted(0.3));
    case.prop_map(|(mut before, mut parked, live, cut, wrong)| {
        // The wrong manifest would read other dead letters, too.
        before.iter_mut().filter(|_| wrong).for_each(|page| page.retain(|sent| sent.bad.is_none()));
        // An older version ends by itself, also if a rule leaves it out. Delivered at once, such a row would still end what a row
        // left out before said.
        let newest = |sent: &SentRecord| {
            before.iter().flatten().filter(|of| of.record == sent.record).map(|of| of.version).max()
        };
        parked.retain(|sent| sent.state != State::Draft || newest(sent).is_none_or(|newest| sent.version >= newest));
        Case { before, parked, live, cut, wrong }
    })
    .prop_filter("something is parked", |case| !case.parked.is_empty())
}

#[test]
fn parked_records_change_nothing_until_they_are_replayed() {
    let cases = std::env::var("HUILIU_LAW_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(60);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let scratch = Scratch::new("parked");
    let url = |name: &str| format!("sqlite:{}", scratch.0.join(name).display());
    runtime.block_on(async {
        let db = Db::open(&url("template.db"), 1).await.unwrap();
        schema::migrate(&db).await.unwrap();
        db.close().await;
    });
    let tally = std::cell::Cell::new(Tally::default());
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new(config)
        .run(&case_strategy(), |case| {
            runtime.block_on(async {
                let open = async |name: &str| {
                    for end in ["", "-wal", "-shm"] {
                        let _ = std::fs::remove_file(scratch.0.join(format!("{name}{end}")));
                    }
                    std::fs::copy(scratch.0.join("template.db"), scratch.0.join(name)).unwrap();
                    Office::open(Db::open(&url(name), 1).await.unwrap()).await
                };
                let mut offices =
                    [open("one.db").await, open("two.db").await, open("three.db").await, open("four.db").await];
                let mut counted = tally.get();
                run_trial(&mut offices, &case, &mut counted).await;
                tally.set(counted);
                for office in &offices {
                    office.db.close().await;
                }
            });
            Ok(())
        })
        .unwrap();
    let tally = tally.get();
    println!("{tally:?}");
    assert!(tally.replayed > cases / 2 && tally.changed_hours > cases / 4, "{tally:?}");
    assert!(tally.undone > cases / 4 && tally.kept_something > 0, "{tally:?}");
}

/// Two payloads take one record back. What the later replay has found of the earlier one must not be lost or come back.
#[test]
fn what_two_replays_say_of_a_record_is_undone_in_their_order() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for (first, second) in [(5, 3), (3, 5)] {
            let scratch = Scratch::new("parked-two");
            let office = super::open_on_file(&scratch).await;
            let sent = |version, state| SentRecord { record: 1, version, minutes: 45, learning: 80, bad: None, state };
            deliver(&office, 0, "page", &[sent(1, State::Valid)], 5).await;
            let counted_first = counted(&office).await;
            let payloads = [
                park(&office, &[sent(first, State::Void)], 5).await,
                park(&office, &[sent(second, State::Void)], 5).await,
            ];
            let mut applied = vec![];
            for payload in payloads {
                let filter = LetterFilter { payloads: vec![payload], ..LetterFilter::default() };
                let new =
                    NewReplay { reads: ReplayReads::DeadLetters, filter: &filter, actor: "law", approve_above: 0 };
                applied.push(replay::plan_replay(&office.context, new, Watch::default()).await.unwrap());
                apply(&office, applied[applied.len() - 1]).await;
                assert_ne!(counted(&office).await, counted_first, "taken back");
            }
            let undo = async |of: i64| {
                let undo = replay::plan_undo(&office.context, of, "law", 0, Watch::default()).await.unwrap();
                let kept = replays::sums(&mut office.db.begin_read_only().await.unwrap(), undo).await.unwrap().kept;
                apply(&office, undo).await;
                kept
            };
            assert_eq!(undo(applied[0]).await, 1, "the later replay rests on it");
            assert_ne!(counted(&office).await, counted_first, "still taken back");
            for of in [applied[1], applied[0]] {
                assert_eq!(undo(of).await, 0);
                office.check_entries().await;
            }
            assert_eq!(counted(&office).await, counted_first, "nobody takes it back");
            office.db.close().await;
        }
    });
}

async fn apply(office: &Office, replay: i64) {
    assert_eq!(replay::apply_plan(&office.context, replay, "law", Watch::default()).await.unwrap(), Applied::Done);
    office.settle_all().await;
}
