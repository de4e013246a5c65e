//! The replay law: applying a plan does what the plan says to records, letters and teachers, and nothing else. A plan
//! that live traffic has overtaken is refused and changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use huiliu_engine::replay::{self, Applied, NewReplay, ReplayError, Watch};
use huiliu_store::Db;
use huiliu_store::admin::letters::LetterFilter;
use huiliu_store::delivery::dead_letters;
use huiliu_store::delivery::replays::{self, Effect, Item};
use huiliu_store::sql::schema;
use huiliu_values::{RecordOutcome, ReplayReads, ReplayState};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::office::Office;
use super::sent::{SentRecord, State, render_page, sent_strategy};
use crate::test_env::{Postgres, Scratch};

/// Some cases leave nothing to plan; with this many, 1,000 do.
const CASES: u32 = 1_100;

/// Introduces a mapping bug: the minutes are read from a field that only half of the versions have.
pub(super) fn break_mapping(manifest: &str) -> String {
    manifest.replace("{ path = \"studyMinutes\"", "{ path = \"oldMinutes\"")
}

/// Returns the page of a platform that is half-way through renaming a field.
pub(super) fn half_renamed_page(items: &[SentRecord]) -> String {
    let pages = items.iter().map(|item| {
        let one = render_page(std::slice::from_ref(item));
        let (from, to) = (one.find('[').unwrap() + 1, one.rfind(']').unwrap());
        let old = if (item.record + item.version) % 2 == 0 {
            format!("\"oldMinutes\":{},\"studyMinutes\"", item.minutes)
        } else {
            "\"studyMinutes\"".to_owned()
        };
        one[from..to].replace("\"studyMinutes\"", &old)
    });
    format!("{{\"code\":0,\"data\":{{\"items\":[{}]}}}}", pages.collect::<Vec<_>>().join(","))
}

/// Returns each teacher's counted and provisional hours, by the teacher's number and by the blind index as a plan
/// writes it.
pub(super) async fn hours_by_teacher(office: &Office) -> BTreeMap<String, (i64, i64)> {
    let rows = office
        .query_rows(
            "SELECT i.teacher_id, i.blind_index,
                    CAST(coalesce(sum(CASE WHEN e.outcome = 'counted' THEN e.units END), 0) AS bigint) AS counted,
                    CAST(coalesce(sum(CASE WHEN e.outcome = 'provisional' THEN e.units END), 0) AS bigint) AS provisional
             FROM teacher_identifier i LEFT JOIN credit_entry e ON e.teacher_id = i.teacher_id AND e.superseded_at IS NULL
             GROUP BY i.teacher_id, i.blind_index",
        )
        .await;
    let mut hours = BTreeMap::new();
    for row in &rows {
        let told = (row.int("counted").unwrap(), row.int("provisional").unwrap());
        let index: [u8; 32] = row.bytes("blind_index").unwrap().try_into().unwrap();
        hours.insert(row.int("teacher_id").unwrap().to_string(), told);
        hours.insert(replays::person_label(None, &index), told);
    }
    hours
}

async fn plan_replay(office: &Office) -> Result<(i64, Vec<Item>, Vec<Effect>), ReplayError> {
    let new =
        NewReplay { reads: ReplayReads::DeadLetters, filter: &LetterFilter::default(), actor: "law", approve_above: 0 };
    let id = replay::plan_replay(&office.context, new, Watch::default()).await?;
    let mut tx = office.db.begin_read_only().await.unwrap();
    let items = replays::list_items(&mut tx, id, 1_000).await.unwrap();
    let effects = replays::list_effects(&mut tx, id, 1_000).await.unwrap();
    Ok((id, items, effects))
}

/// How many cases ended in which way.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Tally {
    planned: u32,
    stale: u32,
    applied_after_live_traffic: u32,
    resolved: u32,
    teachers: u32,
}

async fn run_trial(office: &mut Office, pages: &[Vec<SentRecord>], live: &[SentRecord], cut: u32, tally: &mut Tally) {
    office.activate_changed_manifest(b"wrong", break_mapping).await;
    for (run, items) in pages.iter().enumerate() {
        for (batch, _) in office.land_page(run, &format!("page {run}"), &half_renamed_page(items), cut).await {
            office.deliver_batch(batch).await;
        }
    }
    office.settle_all().await;
    office.activate_again(b"right").await;
    let before = (office.take_picture().await, hours_by_teacher(office).await);
    let Ok((id, items, effects)) = plan_replay(office).await else {
        assert!(office.dead_letters().await.values().all(|l| l.state != "open"), "open letters, and nothing to plan");
        return;
    };
    assert_eq!((office.take_picture().await, hours_by_teacher(office).await), before, "a plan changed something");
    tally.planned += 1;
    if live.is_empty() {
        let ended = replay::apply_plan(&office.context, id, "law", Watch::default()).await.unwrap();
        assert_eq!(ended, Applied::Done, "nothing has moved");
        check_changes(office, &before.0.stored_records(), &before.1, (&items, &effects), tally).await;
    } else {
        for (batch, _) in office.land_page(0, "live", &half_renamed_page(live), cut).await {
            office.deliver_batch(batch).await;
        }
        office.settle_all().await;
        let between = (office.take_picture().await, hours_by_teacher(office).await);
        match replay::apply_plan(&office.context, id, "law", Watch::default()).await.unwrap() {
            Applied::Done => {
                tally.applied_after_live_traffic += 1;
                check_changes(office, &between.0.stored_records(), &between.1, (&items, &effects), tally).await;
            }
            Applied::Stale(moved) => {
                assert!(!moved.is_empty());
                assert_eq!(
                    (office.take_picture().await, hours_by_teacher(office).await),
                    between,
                    "a refused plan changed something"
                );
                assert!(matches!(
                    replay::apply_plan(&office.context, id, "law", Watch::default()).await,
                    Err(ReplayError::NotPlanned { state, .. }) if state == ReplayState::Stale
                ));
                tally.stale += 1;
                let Ok((id, items, effects)) = plan_replay(office).await else { return };
                assert_eq!(
                    replay::apply_plan(&office.context, id, "law", Watch::default()).await.unwrap(),
                    Applied::Done
                );
                check_changes(office, &between.0.stored_records(), &between.1, (&items, &effects), tally).await;
            }
        }
    }
    // Planning once more changes nothing: records that are still parked stay parked.
    if let Ok((_, items, effects)) = plan_replay(office).await {
        assert!(
            items.iter().all(|item| item.outcome == RecordOutcome::Parked) && effects.is_empty(),
            "{items:?} {effects:?}"
        );
    }
}

type Key = [u8; 16];

/// Checks that everything that was planned has changed, and nothing else.
pub(super) async fn check_changes(
    office: &Office,
    held: &BTreeMap<Key, Vec<String>>,
    had: &BTreeMap<String, (i64, i64)>,
    (items, effects): (&[Item], &[Effect]),
    tally: &mut Tally,
) {
    office.settle_all().await;
    office.check_books().await;
    let now = office.take_picture().await.stored_records();
    let changed: BTreeSet<Key> =
        now.iter().filter(|(key, row)| held.get(*key) != Some(row)).map(|(key, _)| *key).collect();
    let with = |outcomes: &[RecordOutcome]| -> BTreeSet<Key> {
        items.iter().filter(|i| outcomes.contains(&i.outcome)).filter_map(|i| i.record_key).collect()
    };
    assert_eq!(
        changed,
        with(&[RecordOutcome::Inserted, RecordOutcome::Updated]),
        "records that changed, and that were to change"
    );
    assert!(with(&[RecordOutcome::Inserted]).iter().all(|key| !held.contains_key(key)), "inserted over a row");
    tally.resolved += u32::try_from(items.iter().filter(|i| i.outcome != RecordOutcome::Parked).count()).unwrap();
    let letters = office.query_rows("SELECT id, record_id, replay_id FROM dead_letter").await;
    for letter in &letters {
        // Whether a letter is open follows from its sightings, which `check_books` checks.
        let id = letter.int("id").unwrap();
        if items.iter().any(|i| i.dead_letter == Some(id) && i.outcome != RecordOutcome::Parked) {
            assert!(letter.opt_int("record_id").unwrap().is_some() && letter.opt_int("replay_id").unwrap().is_some());
        }
    }
    let now = hours_by_teacher(office).await;
    let mut named = BTreeSet::new();
    for effect in effects {
        tally.teachers += 1;
        let was = had.get(&effect.person).copied().unwrap_or_default();
        assert_eq!((was.0, was.1), (effect.counted.before.0, effect.provisional.before.0), "{effect:?}");
        assert_eq!(now[&effect.person], (effect.counted.after.0, effect.provisional.after.0), "{effect:?}");
        named.insert(effect.person.clone());
    }
    for (person, hours) in now.iter().filter(|(person, _)| !person.starts_with("new:")) {
        let same = had.get(person).copied().unwrap_or_default() == *hours;
        let new = !had.contains_key(person);
        assert!(same || new || named.contains(person), "teacher {person} changed and was not to");
    }
}

pub(super) fn case_strategy() -> impl Strategy<Value = (Vec<Vec<SentRecord>>, Vec<SentRecord>, u32)> {
    let pages = proptest::collection::vec(proptest::collection::vec(sent_strategy(8), 1..10), 1..3);
    let live = prop_oneof![Just(vec![]), proptest::collection::vec(sent_strategy(8), 1..6)];
    (pages, live, 1u32..8)
}

fn run_trials(cases_wanted: u32, mut one: impl FnMut(&[Vec<SentRecord>], &[SentRecord], u32, &mut Tally)) -> Tally {
    let tally = std::cell::RefCell::new(Tally::default());
    let config = ProptestConfig { cases: cases_wanted, failure_persistence: None, ..ProptestConfig::default() };
    let one = std::cell::RefCell::new(&mut one);
    TestRunner::new(config)
        .run(&case_strategy(), |(pages, live, cut)| {
            (one.borrow_mut())(&pages, &live, cut, &mut tally.borrow_mut());
            Ok(())
        })
        .unwrap();
    let tally = *tally.borrow();
    println!("{tally:?}");
    tally
}

#[test]
fn a_plan_is_what_its_application_does() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let scratch = Scratch::new("replays");
    let template = scratch.0.join("template.db");
    let url = |path: &std::path::Path| format!("sqlite:{}", path.display());
    runtime.block_on(async {
        let db = Db::open(&url(&template), 1).await.unwrap();
        schema::migrate(&db).await.unwrap();
        db.close().await;
    });
    let tally = run_trials(CASES, |pages, live, cut, tally| {
        let file = scratch.0.join("case.db");
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", file.display()));
        }
        std::fs::copy(&template, &file).unwrap();
        runtime.block_on(async {
            let db = Db::open(&url(&file), 1).await.unwrap();
            let mut office = Office::open(db).await;
            run_trial(&mut office, pages, live, cut, tally).await;
            office.db.close().await;
        });
    });
    assert!(tally.planned >= 1_000 && tally.stale > 100 && tally.applied_after_live_traffic > 20, "{tally:?}");
    assert!(tally.resolved > 1_000 && tally.teachers > 800, "{tally:?}");
}

#[test]
fn a_plan_is_what_its_application_does_on_postgresql() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let postgres = Postgres::start();
    let db = runtime.block_on(async {
        let db = Db::open(&postgres.url(), 4).await.unwrap();
        schema::migrate(&db).await.unwrap();
        db
    });
    let tally = run_trials(60, |pages, live, cut, tally| {
        runtime.block_on(async {
            let mut office = super::concurrent::open_on_emptied(&db).await;
            run_trial(&mut office, pages, live, cut, tally).await;
        });
    });
    assert!(tally.planned > 40 && tally.stale > 5, "{tally:?}");
}

/// A corrected manifest finds other records in a payload than those found when it landed. Their places would confuse
/// them with each other, so neither a delivery nor a replay touches them.
#[test]
fn another_layout_is_refused() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let scratch = Scratch::new("layout");
        let mut office = super::open_on_file(&scratch).await;
        let of = |record, bad| SentRecord { record, version: 1, minutes: 45, learning: 80, bad, state: State::Valid };
        let items = [of(0, Some(super::sent::Bad::Name)), of(1, None)];
        let (one, other) = (render_page(&items), render_page(&[of(2, None), of(3, None), of(4, None)]));
        // Both lists in one page: the other manifest finds three more records.
        let both = one.replace(
            "\"data\":{",
            &format!("\"other\":{},\"data\":{{", &other[other.find("{\"items\"").unwrap()..other.len() - 1]),
        );
        let first = office.land_page(0, "page", &both, 10).await[0].0;
        office.deliver_batch(first).await;
        let second = office.land_page(0, "another page", &format!("{both} "), 10).await[0].0;
        let before = office.take_picture().await;
        office
            .activate_changed_manifest(b"other", |m| m.replace("items = \"data.items\"", "items = \"other.items\""))
            .await;
        let (_, items, effects) = plan_replay(&office).await.unwrap();
        assert!(items.iter().all(|i| i.outcome == RecordOutcome::Parked) && effects.is_empty(), "{items:?}");
        assert!(items[0].detail["unreadable"].to_string().contains("other records"), "{items:?}");
        let ended = huiliu_engine::deliver::deliver_batch(&office.context, second, false).await.unwrap();
        assert_eq!(ended, huiliu_engine::deliver::Delivered::Released);
        assert_eq!(office.take_picture().await, before);
        office.db.close().await;
    });
}

/// A person discards a letter while a replay about it is applied: either may come first, and the books are correct.
#[test]
fn a_decision_during_an_application_is_kept() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let postgres = Postgres::start();
    runtime.block_on(async {
        let db = Db::open(&postgres.url(), 6).await.unwrap();
        schema::migrate(&db).await.unwrap();
        let (mut done, mut refused) = (0, 0);
        for round in 0..40u64 {
            let mut office = super::concurrent::open_on_emptied(&db).await;
            office.activate_changed_manifest(b"wrong", break_mapping).await;
            let sent =
                |record| SentRecord { record, version: 1, minutes: 45, learning: 80, bad: None, state: State::Valid };
            let items: Vec<SentRecord> = (0..200).step_by(2).map(sent).collect();
            for (batch, _) in office.land_page(0, "page", &render_page(&items), 10).await {
                office.deliver_batch(batch).await;
            }
            office.activate_again(b"right").await;
            let (id, ..) = plan_replay(&office).await.unwrap();
            let letter = office.query_rows("SELECT max(id) AS id FROM dead_letter").await[0].int("id").unwrap();
            let decide = async {
                tokio::time::sleep(std::time::Duration::from_millis(round * round / 2)).await;
                let mut tx = office.db.begin().await.unwrap();
                let discarded = dead_letters::discard_letters(&mut tx, &[letter]).await.unwrap() == 1;
                tx.commit().await.unwrap();
                discarded
            };
            let (ended, discarded) =
                tokio::join!(replay::apply_plan(&office.context, id, "law", Watch::default()), decide);
            let applied = ended.unwrap() == Applied::Done;
            assert!(applied != discarded, "applied {applied}, discarded {discarded}");
            office.settle_all().await;
            office.check_books().await;
            *(if applied { &mut done } else { &mut refused }) += 1;
        }
        println!("{done} applied, {refused} refused");
        assert!(done > 0 && refused > 0, "{done} applied, {refused} refused: one of them never came first");
    });
}
