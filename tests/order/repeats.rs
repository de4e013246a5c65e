//! The repeat law: bytes that came before may be counted from the books, but only with the result that reading them
//! gives.

use std::collections::{BTreeMap, BTreeSet};

use huiliu_engine::deliver::{self, Delivered};
use huiliu_store::delivery::batch::Outcomes;
use huiliu_store::delivery::dead_letters;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::model::Model;
use super::office::Office;
use super::open_on_file;
use super::sent::{Bad, SentRecord, State, render_page, sent_strategy};
use crate::test_env::Scratch;

#[derive(Debug, Clone)]
enum Step {
    /// A page lands, for the first time or again, at one of two addresses and with one of two batch sizes.
    Land {
        page: usize,
        other_address: bool,
        other_cut: bool,
    },
    /// One of the waiting batches is delivered.
    Deliver(usize),
    /// All of them are, in the order in which they landed.
    DeliverAll,
    Settle,
    /// The manifest is activated again, so no earlier delivery counts for later ones.
    Activate,
    /// A person discards one of the letters.
    Discard(usize),
}

fn step_strategy() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0usize..5, prop::bool::weighted(0.1), prop::bool::weighted(0.1))
            .prop_map(|(page, other_address, other_cut)| Step::Land { page, other_address, other_cut }),
        20 => any::<usize>().prop_map(Step::Deliver),
        6 => Just(Step::DeliverAll),
        3 => Just(Step::Settle),
        1 => Just(Step::Activate),
        1 => any::<usize>().prop_map(Step::Discard),
    ]
}

/// Generates a page's records. Some come twice in a row, as from a platform whose paging is faulty.
fn page_strategy() -> impl Strategy<Value = Vec<SentRecord>> {
    let item = (sent_strategy(12), prop::bool::weighted(0.1));
    proptest::collection::vec(item, 1..7)
        .prop_map(|items| items.into_iter().flat_map(|(item, twice)| vec![item; 1 + usize::from(twice)]).collect())
}

/// Generates pages that are one page as it changes: some of its records have newer versions or are gone, others were added, have
/// moved or stand there twice, and a few are anything.
fn changed_pages_strategy() -> impl Strategy<Value = Vec<Vec<SentRecord>>> {
    let change = (any::<prop::sample::Index>(), 0u8..9, 2u8..5, sent_strategy(12));
    let pages = proptest::collection::vec(proptest::collection::vec(change, 1..4), 1..4);
    let twin = prop::option::weighted(0.2, any::<prop::sample::Index>());
    (12u8..24, sent_strategy(12), twin, pages).prop_map(|(records, sent, twin, pages)| {
        let valid = |record, version| SentRecord { record, version, bad: None, ..sent.clone() };
        let mut first: Vec<SentRecord> = (0..records).map(|record| valid(record, 1)).collect();
        if let Some(twin) = twin {
            first.push(first[twin.index(first.len())].clone());
        }
        let changed = |changes: Vec<(prop::sample::Index, u8, u8, SentRecord)>| {
            let mut page = first.clone();
            for (place, kind, version, any) in changes {
                let place = place.index(page.len());
                match kind {
                    0..=3 => page[place] = valid(page[place].record, version),
                    4 => page.insert(place, valid(30, version)),
                    5 if page.len() > 1 => drop(page.remove(place)),
                    6 => page.swap(0, place),
                    7 => page.push(page[place].clone()),
                    _ => page[place] = any,
                }
            }
            page
        };
        std::iter::once(first.clone()).chain(pages.into_iter().map(changed)).collect()
    })
}

/// Where a batch comes from, to recognise the same bytes when they come again.
#[derive(Debug, Clone)]
struct Place {
    page: String,
    address: &'static str,
    range: huiliu_decode::RecordRange,
    /// Whether the same bytes had landed before.
    again: bool,
}

/// How often a repeat was counted from the books, and how often it was not although the bytes were the same: because
/// its records are elsewhere, or for another reason.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    told: u32,
    /// How often what a page had in common with an earlier one was counted from the books.
    in_part: u32,
    elsewhere: u32,
    otherwise: u32,
}

struct Trial {
    office: Office,
    model: Model,
    places: BTreeMap<i64, Place>,
    /// Delivered batches, with the activation under which they were delivered.
    done: BTreeMap<i64, i64>,
    waiting: Vec<i64>,
    /// Batches that were counted from the books, and those of which a part was. They keep no copies.
    told: BTreeSet<i64>,
    in_part: BTreeSet<i64>,
    tally: Tally,
}

impl Trial {
    async fn land_page(&mut self, page: &str, address: &'static str, cut: u32) {
        let again = self.places.values().any(|p| p.page == page);
        for (id, range) in self.office.land_page(self.places.len(), address, page, cut).await {
            self.places.insert(id, Place { page: page.to_owned(), address, range, again });
            self.waiting.push(id);
        }
    }

    /// Delivers a batch. A repeat is tried first with its payload made unreadable: it must succeed if the books
    /// suffice, and fail if they do not.
    async fn deliver_batch(&mut self, id: i64) {
        let place = self.places[&id].clone();
        let activation = self.office.activation();
        let same = |p: &Place| p.page == place.page && p.range == place.range && p.address == place.address;
        let earlier = self.done.iter().filter(|(b, of)| **b < id && **of == activation && same(&self.places[*b]));
        let comparable: Vec<i64> = earlier.map(|(b, _)| *b).collect();
        let confirmed = format!("SELECT count(*) AS n FROM confirmation WHERE batch_id > {id}");
        let is_between =
            self.waiting.iter().any(|waiting| *waiting < id) || self.office.query_count(&confirmed).await > 0;
        let is_counted = |b: &i64| self.told.contains(b) || self.in_part.contains(b);
        let is_known = |b: &&i64| !is_counted(b) || self.model.unchanged_elsewhere(**b) == 0;
        let latest = comparable.iter().rev().find(is_known);
        let tells = place.again && latest.is_some_and(|b| self.model.can_count_repeats(*b, id, is_between, &self.told));
        let kept = "SELECT p.same_as FROM payload p JOIN batch b ON b.payload_id = p.id WHERE b.id = $1";
        let kept = self.office.db.fetch_rows(kept, vec![id.into()]).await.unwrap();
        assert_eq!(kept[0].opt_int("same_as").unwrap().is_some(), place.again, "batch {id}: bytes are kept once");
        if place.again {
            // The office's own unpacker remembers what it has read before.
            let context = self.office.context_with_new_unpacker();
            self.toggle_byte_counts("1 - byte_count").await;
            let ended = deliver::deliver_batch(&context, id, false).await.unwrap();
            self.toggle_byte_counts("1 - byte_count").await;
            let tally = match (tells, comparable.is_empty()) {
                (true, _) => &mut self.tally.told,
                (false, false) => &mut self.tally.elsewhere,
                (false, true) => &mut self.tally.otherwise,
            };
            *tally += 1;
            let expected = if tells { matches!(ended, Delivered::Done(_)) } else { ended == Delivered::Released };
            assert!(expected, "batch {id}, told from the books {tells}: {ended:?}");
            if !tells {
                self.office.db.execute("UPDATE batch SET due_at = 0 WHERE id = $1", vec![id.into()]).await.unwrap();
                assert!(matches!(self.office.deliver_batch(id).await, Delivered::Done(_)));
            }
        } else {
            assert!(matches!(self.office.deliver_batch(id).await, Delivered::Done(_)));
        }
        self.model.deliver_batch(id, &self.office.decode_items(&place.page, place.range));
        self.done.insert(id, activation);
        self.told.extend(tells.then_some(id));
        let books = &self.office.check_books().await[&id];
        // Records of closed letters that the books count as superseded would be parked by reading, until the next
        // settlement.
        let settled =
            |o: Outcomes, parked: i64| Outcomes { parked: o.parked + parked, superseded: o.superseded - parked, ..o };
        assert_eq!(settled(books.outcomes, books.seen_superseded), self.model.outcomes_of_batch(id), "batch {id}");
        assert!(tells || books.seen_superseded == 0);
        if !tells {
            assert_eq!(books.elsewhere, self.model.unchanged_elsewhere(id), "batch {id}: elsewhere");
            let keeps = format!("SELECT count(*) AS n FROM batch_copy WHERE batch_id = {id}");
            if books.elsewhere > 0 && self.office.query_count(&keeps).await == 0 {
                self.in_part.insert(id);
                self.tally.in_part += 1;
            }
        }
    }

    /// Makes every payload's size, without which it cannot be unpacked, invalid, or valid again.
    async fn toggle_byte_counts(&self, size: &str) {
        self.office.db.execute(&format!("UPDATE payload SET byte_count = {size}"), vec![]).await.unwrap();
    }

    async fn settle_all(&mut self) {
        self.office.settle_all().await;
        self.model.settle_all();
        let books = self.office.check_books().await;
        for id in self.done.keys() {
            assert_eq!(books[id].outcomes, self.model.outcomes_of_batch(*id), "batch {id}");
        }
        assert_eq!(self.office.stored_records().await, self.model.stored_records());
        assert_eq!(self.office.dead_letters().await, self.model.dead_letters());
    }

    /// Discards a letter as a person would. Settles first, because the books may know of a superseded raw record
    /// earlier than reading would.
    async fn discard_letter(&mut self, which: usize) {
        self.settle_all().await;
        let open = self
            .office
            .query_rows("SELECT id, dead_letter_key FROM dead_letter WHERE state = 'open' ORDER BY id")
            .await;
        let Some(letter) = open.get(which % open.len().max(1)) else { return };
        let mut tx = self.office.db.begin().await.unwrap();
        let discarded = dead_letters::discard_letters(&mut tx, &[letter.int("id").unwrap()]).await.unwrap();
        assert_eq!(discarded, 1, "an open letter was not discarded");
        tx.commit().await.unwrap();
        self.model.discard_letter(letter.bytes("dead_letter_key").unwrap().try_into().unwrap());
        self.office.check_books().await;
    }
}

async fn follow_steps(pages: &[Vec<SentRecord>], cut: u32, steps: &[Step]) -> Tally {
    let scratch = Scratch::new("repeats");
    let office = open_on_file(&scratch).await;
    let mut trial = Trial {
        office,
        model: Model::default(),
        places: BTreeMap::new(),
        done: BTreeMap::new(),
        waiting: vec![],
        told: BTreeSet::new(),
        in_part: BTreeSet::new(),
        tally: Tally::default(),
    };
    let mut activations = 1u8;
    for step in steps {
        match step {
            Step::Land { page: which, other_address, other_cut } => {
                let address = if *other_address { "other" } else { "page" };
                trial.land_page(&render_page(&pages[which % pages.len()]), address, cut + u32::from(*other_cut)).await;
            }
            Step::Deliver(which) if !trial.waiting.is_empty() => {
                let id = trial.waiting.remove(which % trial.waiting.len());
                trial.deliver_batch(id).await;
            }
            Step::Deliver(_) => {}
            Step::DeliverAll => {
                for id in std::mem::take(&mut trial.waiting) {
                    trial.deliver_batch(id).await;
                }
            }
            Step::Settle => trial.settle_all().await,
            Step::Activate => {
                activations += 1;
                trial.office.activate_again(&[activations]).await;
            }
            Step::Discard(which) => trial.discard_letter(*which).await,
        }
    }
    for id in std::mem::take(&mut trial.waiting) {
        trial.deliver_batch(id).await;
    }
    trial.settle_all().await;
    trial.office.db.close().await;
    trial.tally
}

#[test]
fn repeated_bytes_are_counted_as_if_they_were_read() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = ProptestConfig { cases: 170, failure_persistence: None, ..ProptestConfig::default() };
    let pages = prop_oneof![1 => proptest::collection::vec(page_strategy(), 1..5), 2 => changed_pages_strategy()];
    let steps = proptest::collection::vec(step_strategy(), 1..40);
    let tallies = std::cell::RefCell::new(Vec::new());
    TestRunner::new(config)
        .run(&(pages, prop_oneof![1u32..5, Just(5_000)], steps), |(pages, cut, steps)| {
            tallies.borrow_mut().push(runtime.block_on(follow_steps(&pages, cut, &steps)));
            Ok(())
        })
        .unwrap();
    let sum = |of: fn(&Tally) -> u32| tallies.borrow().iter().map(of).sum::<u32>();
    let (told, elsewhere, otherwise) = (sum(|t| t.told), sum(|t| t.elsewhere), sum(|t| t.otherwise));
    let in_part = sum(|t| t.in_part);
    println!("told {told}, in part {in_part}, refused for records elsewhere {elsewhere}, otherwise {otherwise}");
    assert!(
        told > 100 && in_part > 25 && elsewhere > 10 && otherwise > 20,
        "told {told}, in part {in_part}, elsewhere {elsewhere}, otherwise {otherwise}"
    );
}

/// The page comes again, and its second half is delivered first: it confirms the good row of a record, so the bad row in the first
/// half, which landed before it, is not the newest word.
#[test]
fn a_repeated_bad_row_is_older_than_a_later_batch_that_is_delivered_already() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let sent = |record, bad| SentRecord { record, version: 1, minutes: 45, learning: 80, bad, state: State::Valid };
    let page = vec![sent(0, None), sent(10, Some(Bad::Name)), sent(0, None), sent(10, None), sent(1, None)];
    let land = || Step::Land { page: 0, other_address: false, other_cut: false };
    let steps = [land(), Step::DeliverAll, land(), Step::Deliver(1), Step::Deliver(0)];
    runtime.block_on(follow_steps(&[page], 3, &steps));
}
