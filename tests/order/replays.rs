//! The replay law: what a plan says is what its application does, to records, letters and teachers, and to nothing else;
//! a plan that live traffic has is_write_conflict is refused and changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use huiliu_engine::replay::{self, Applied, ReplayError};
use huiliu_store::Db;
use huiliu_store::delivery::replays::{self, Effect, Filter, Item};
use huiliu_store::sql::schema;
use huiliu_values::{RecordOutcome, ReplayState};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::office::Office;
use super::sent::{Sent, page, sent};
use crate::house::{Postgres, Scratch};

/// Not every case leaves something to plan: 1,000 do.
const CASES: u32 = 1_100;

/// A mapping bug: the minutes are looked for where only half of the versions have them.
fn mapped_wrong(manifest: &str) -> String {
    manifest.replace("{ path = \"studyMinutes\"", "{ path = \"oldMinutes\"")
}

/// The page of a platform that is half-way through renaming a field.
fn renamed(items: &[Sent]) -> String {
    let pages = items.iter().map(|item| {
        let one = page(std::slice::from_ref(item));
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

/// A teacher's counted and provisional hours, by the teacher's number, and by the blind index as a plan writes it.
async fn hours(office: &Office) -> BTreeMap<String, (i64, i64)> {
    let rows = office
        .rows(
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
        hours.insert(replays::person(None, &index), told);
    }
    hours
}

async fn plan(office: &Office) -> Result<(i64, Vec<Item>, Vec<Effect>), ReplayError> {
    let (_, never) = tokio::sync::watch::channel(false);
    let id = replay::plan(&office.context, &Filter::default(), "law", &never).await?;
    let mut tx = office.db.look().await.unwrap();
    let items = replays::items(&mut tx, id, 1_000).await.unwrap();
    let effects = replays::effects(&mut tx, id, 1_000).await.unwrap();
    Ok((id, items, effects))
}

/// What a case went through.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    planned: u32,
    stale: u32,
    overtaken_in_vain: u32,
    resolved: u32,
    teachers: u32,
}

async fn trial(office: &mut Office, pages: &[Vec<Sent>], live: &[Sent], cut: u32, tally: &mut Tally) {
    office.activate_changed(b"wrong", mapped_wrong).await;
    for (run, items) in pages.iter().enumerate() {
        for (batch, _) in office.land(run, &format!("page {run}"), &renamed(items), cut).await {
            office.deliver(batch).await;
        }
    }
    office.settle().await;
    office.activate(b"right").await;
    let before = (office.picture().await, hours(office).await);
    let Ok((id, items, effects)) = plan(office).await else {
        assert!(office.letters().await.values().all(|l| l.state != "open"), "open letters, and nothing to plan");
        return;
    };
    assert_eq!((office.picture().await, hours(office).await), before, "a plan changed something");
    tally.planned += 1;
    if live.is_empty() {
        let ended = replay::apply(&office.context, id, "law").await.unwrap();
        assert_eq!(ended, Applied::Done, "nothing has moved");
        check(office, &before.0.held(), &before.1, (&items, &effects), tally).await;
    } else {
        for (batch, _) in office.land(0, "live", &renamed(live), cut).await {
            office.deliver(batch).await;
        }
        office.settle().await;
        let between = (office.picture().await, hours(office).await);
        match replay::apply(&office.context, id, "law").await.unwrap() {
            Applied::Done => {
                tally.overtaken_in_vain += 1;
                check(office, &between.0.held(), &between.1, (&items, &effects), tally).await;
            }
            Applied::Stale(moved) => {
                assert!(!moved.is_empty());
                assert_eq!((office.picture().await, hours(office).await), between, "a refused plan changed something");
                assert!(matches!(
                    replay::apply(&office.context, id, "law").await,
                    Err(ReplayError::NotPlanned { state, .. }) if state == ReplayState::Stale
                ));
                tally.stale += 1;
                let Ok((id, items, effects)) = plan(office).await else { return };
                assert_eq!(replay::apply(&office.context, id, "law").await.unwrap(), Applied::Done);
                check(office, &between.0.held(), &between.1, (&items, &effects), tally).await;
            }
        }
    }
    // Once more changes nothing: whatever is still parked stays so.
    if let Ok((_, items, effects)) = plan(office).await {
        assert!(
            items.iter().all(|item| item.outcome == RecordOutcome::Parked) && effects.is_empty(),
            "{items:?} {effects:?}"
        );
    }
}

type Key = [u8; 16];

/// Only what was planned has changed, and all of it.
async fn check(
    office: &Office,
    held: &BTreeMap<Key, Vec<String>>,
    had: &BTreeMap<String, (i64, i64)>,
    (items, effects): (&[Item], &[Effect]),
    tally: &mut Tally,
) {
    office.settle().await;
    office.check_books().await;
    let now = office.picture().await.held();
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
    let letters = office.rows("SELECT id, record_id, replay_id FROM dead_letter").await;
    for letter in &letters {
        // Whether a letter is open follows from its sightings, which `check_books` looks at.
        let id = letter.int("id").unwrap();
        if items.iter().any(|i| i.dead_letter == id && i.outcome != RecordOutcome::Parked) {
            assert!(letter.opt_int("record_id").unwrap().is_some() && letter.opt_int("replay_id").unwrap().is_some());
        }
    }
    let now = hours(office).await;
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

fn cases() -> impl Strategy<Value = (Vec<Vec<Sent>>, Vec<Sent>, u32)> {
    let pages = proptest::collection::vec(proptest::collection::vec(sent(8), 1..10), 1..3);
    let live = prop_oneof![Just(vec![]), proptest::collection::vec(sent(8), 1..6)];
    (pages, live, 1u32..8)
}

fn run_trials(cases_wanted: u32, mut one: impl FnMut(&[Vec<Sent>], &[Sent], u32, &mut Tally)) -> Tally {
    let tally = std::cell::RefCell::new(Tally::default());
    let config = ProptestConfig { cases: cases_wanted, failure_persistence: None, ..ProptestConfig::default() };
    let one = std::cell::RefCell::new(&mut one);
    TestRunner::new(config)
        .run(&cases(), |(pages, live, cut)| {
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
            trial(&mut office, pages, live, cut, tally).await;
            office.db.close().await;
        });
    });
    assert!(tally.planned >= 1_000 && tally.stale > 100 && tally.overtaken_in_vain > 20, "{tally:?}");
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
            let mut office = super::concurrent::emptied(&db).await;
            trial(&mut office, pages, live, cut, tally).await;
        });
    });
    assert!(tally.planned > 40 && tally.stale > 5, "{tally:?}");
}

/// A corrected manifest that finds other records in a payload than were there when it landed: by their places they would be
/// mistaken for each other, so neither a delivery nor a replay touches them.
#[test]
fn another_layout_is_refused() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let scratch = Scratch::new("layout");
        let mut office = super::on_file(&scratch).await;
        let of = |record, bad| Sent { record, version: 1, minutes: 45, learning: 80, bad };
        let items = [of(0, Some(super::sent::Bad::Name)), of(1, None)];
        let (one, other) = (page(&items), page(&[of(2, None), of(3, None), of(4, None)]));
        // Both lists in one page: three more records stand where the other manifest looks.
        let both = one.replace(
            "\"data\":{",
            &format!("\"other\":{},\"data\":{{", &other[other.find("{\"items\"").unwrap()..other.len() - 1]),
        );
        let first = office.land(0, "page", &both, 10).await[0].0;
        office.deliver(first).await;
        let second = office.land(0, "another page", &format!("{both} "), 10).await[0].0;
        let before = office.picture().await;
        office.activate_changed(b"other", |m| m.replace("items = \"data.items\"", "items = \"other.items\"")).await;
        let (_, items, effects) = plan(&office).await.unwrap();
        assert!(items.iter().all(|i| i.outcome == RecordOutcome::Parked) && effects.is_empty(), "{items:?}");
        assert!(items[0].detail["unreadable"].as_str().unwrap().contains("other records"), "{items:?}");
        let ended = huiliu_engine::deliver::deliver(&office.context, second, false).await.unwrap();
        assert_eq!(ended, huiliu_engine::deliver::Delivered::Released);
        assert_eq!(office.picture().await, before);
        office.db.close().await;
    });
}

/// A person closes a letter while a replay that is about it is applied: either comes first, and the books are true.
#[test]
fn a_decision_during_an_application_is_kept() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let postgres = Postgres::start();
    runtime.block_on(async {
        let db = Db::open(&postgres.url(), 6).await.unwrap();
        schema::migrate(&db).await.unwrap();
        let (mut done, mut refused) = (0, 0);
        for round in 0..40u64 {
            let mut office = super::concurrent::emptied(&db).await;
            office.activate_changed(b"wrong", mapped_wrong).await;
            let sent = |record| Sent { record, version: 1, minutes: 45, learning: 80, bad: None };
            let items: Vec<Sent> = (0..200).step_by(2).map(sent).collect();
            for (batch, _) in office.land(0, "page", &page(&items), 10).await {
                office.deliver(batch).await;
            }
            office.activate(b"right").await;
            let (id, ..) = plan(&office).await.unwrap();
            let letter = office.rows("SELECT max(id) AS id FROM dead_letter").await[0].int("id").unwrap();
            let decide = async {
                tokio::time::sleep(std::time::Duration::from_millis(round * round / 2)).await;
                let mut tx = office.db.begin().await.unwrap();
                let discarded = huiliu_store::delivery::dead_letters::discard(&mut tx, letter).await.unwrap();
                tx.commit().await.unwrap();
                discarded
            };
            let (ended, discarded) = tokio::join!(replay::apply(&office.context, id, "law"), decide);
            let applied = ended.unwrap() == Applied::Done;
            assert!(applied != discarded, "applied {applied}, discarded {discarded}");
            office.settle().await;
            office.check_books().await;
            *(if applied { &mut done } else { &mut refused }) += 1;
        }
        println!("{done} applied, {refused} refused");
        assert!(done > 0 && refused > 0, "{done} applied, {refused} refused: one of them never came first");
    });
}
