//! Order laws: arrival order, batch cuts and resends do not change the result.

use std::collections::HashMap;
use std::sync::Arc;

use huiliu_core::deliver::{self, Delivered, Desk};
use huiliu_core::keys::Keys;
use huiliu_core::settle;
use huiliu_core::stages::{self, Context, Staged};
use huiliu_core::store::books::{self, Current, Landing, Source};
use huiliu_core::store::{Db, entries, schema};
use proptest::prelude::*;

use crate::house::Scratch;

/// One version of one record of one of three people, as the institution platform sends it.
#[derive(Debug, Clone)]
struct Sent {
    record: u8,
    version: u8,
    minutes: u16,
    person: u8,
    course: u8,
    learning: u8,
    bad: bool,
}

const PEOPLE: [(&str, &str); 3] =
    [("22010219590911001X", "王一"), ("220381197001011228", "李二"), ("220184197001011226", "张三")];

impl Sent {
    fn json(&self) -> String {
        let (id, name) = PEOPLE[usize::from(self.person) % 3];
        let name = if self.bad { "?" } else { name };
        format!(
            "{{\"id\":\"C{}\",\"version\":{},\"userName\":\"{name}\",\"idNo\":\"{id}\",\"courseCode\":\"TS-0{}\",\"studyMinutes\":{},\
             \"scores\":{{\"learning\":\"{}\",\"activity\":\"70\",\"artefact\":\"60\"}},\"finishTime\":\"2014-11-20\"}}",
            self.record,
            self.version,
            self.course % 4 + 1,
            self.minutes,
            self.learning
        )
    }
}

fn sent() -> impl Strategy<Value = Sent> {
    (0u8..6, 1u8..4, 1u16..2000, 30u8..100, 0u8..4).prop_map(|(record, version, minutes, learning, bad)| Sent {
        // A record stays its person's and its course's in all versions.
        record,
        version,
        minutes,
        person: record % 3,
        course: record / 2,
        learning,
        bad: bad == 0,
    })
}

/// What must not depend on the way the records came: the records, the current entries, the dead letters.
#[derive(Debug, PartialEq)]
struct Outcome {
    records: Vec<String>,
    entries: Vec<String>,
    letters: Vec<String>,
}

struct Office {
    desk: Desk,
    source: Source,
    run: i64,
    _scratch: Scratch,
}

impl Office {
    async fn open() -> Self {
        let scratch = Scratch::new("order");
        let db = Db::open(&format!("sqlite:{}", scratch.0.join("x.db").display()), 2).await.unwrap();
        schema::migrate(&db).await.unwrap();
        let keys = Keys::from_hex(&"77".repeat(32)).unwrap();
        let policy = crate::connectors::policy();
        let rules = entries::register_rules(&db, &keys, &policy).await.unwrap();
        let mut manifests = HashMap::new();
        for manifest in huiliu_connectors::all().unwrap() {
            let current = Current { kind: "manifest", name: &manifest.id, version: manifest.version, digest: b"1" };
            let activation = books::activate(&db, current).await.unwrap();
            manifests.insert(manifest.id.clone(), (manifest, activation));
        }
        let source = books::register_source(&db, "s", "institution", ("I", "i")).await.unwrap();
        let run = books::start_run(&db, &source, true).await.unwrap();
        let desk = Desk {
            db,
            keys,
            policy: Arc::new(policy),
            rules: Arc::new(rules),
            known: Arc::default(),
            manifests: Arc::new(manifests),
            lease_ms: 30_000,
            holder: "order".into(),
        };
        Self { desk, source, run, _scratch: scratch }
    }

    async fn land(&self, page: &[Sent], cut: u32) -> Vec<i64> {
        let bytes = body(page);
        let landing = Landing {
            source: &self.source,
            run: self.run,
            stream: "completions",
            address: "page",
            bytes: bytes.as_bytes(),
            records: Ok(u32::try_from(page.len()).unwrap()),
            batch_size: cut,
            cursor_at_start: None,
            cursor: None,
        };
        books::land(&self.desk.db, &self.desk.keys, &landing).await.unwrap()
    }

    async fn deliver(&self, batch: i64) {
        let done = deliver::deliver(&self.desk, batch, false).await.unwrap();
        assert!(matches!(done, Delivered::Done(_) | Delivered::NotOurs), "{done:?}");
    }

    async fn settle(&self) {
        settle::settle_all(&self.desk.db, &self.desk.policy, &self.desk.rules, &|_| {}).await.unwrap();
    }

    async fn texts(&self, sql: &str) -> Vec<String> {
        self.desk.db.rows(sql, vec![]).await.unwrap().iter().map(|r| r.text("t").unwrap()).collect()
    }

    async fn number(&self, sql: &str) -> i64 {
        self.desk.db.rows(sql, vec![]).await.unwrap()[0].int("n").unwrap()
    }

    async fn outcome(&self) -> Outcome {
        Outcome {
            records: self
                .texts(
                    "SELECT hex(record_key) || ' ' || source_version || ' ' || hex(content_digest) || ' ' || hours_units || ' '
                            || pass_state AS t FROM training_record ORDER BY record_key",
                )
                .await,
            entries: self
                .texts(
                    "SELECT hex(r.record_key) || ' ' || e.outcome || ' ' || e.units || ' ' || e.raw_hours AS t
                     FROM credit_entry e JOIN training_record r ON r.id = e.record_id
                     WHERE e.superseded_at IS NULL ORDER BY r.record_key",
                )
                .await,
            letters: self
                .texts(
                    "SELECT hex(letter_key) || ' ' || state || ' ' || source_version || ' ' || hex(raw_digest) || reasons AS t
                     FROM dead_letter ORDER BY letter_key",
                )
                .await,
        }
    }

    /// The books: each of these numbers must be nothing.
    async fn check_books(&self) {
        for (what, sql) in [
            (
                "batches whose outcomes are not their records",
                "SELECT count(*) AS n FROM batch WHERE state = 'done' AND record_count <>
                   inserted + updated + unchanged + superseded + skipped + parked + discarded",
            ),
            (
                "batches that count other dead letters than they have",
                "SELECT count(*) AS n FROM batch b WHERE parked <>
                   (SELECT count(*) FROM dead_letter_sighting s WHERE s.batch_id = b.id AND s.outcome = 'parked')",
            ),
            (
                "batches that think they hold other records than they do",
                "SELECT count(*) AS n FROM batch b WHERE
                   held - (SELECT coalesce(sum(l.records), 0) FROM batch_loss l WHERE l.batch_id = b.id)
                   <> (SELECT count(*) FROM training_record t WHERE t.batch_id = b.id)",
            ),
            (
                "records nobody inserted",
                "SELECT (SELECT count(*) FROM training_record) - (SELECT sum(inserted) FROM batch) AS n",
            ),
            (
                "letters that are open without a parked record, or closed with one",
                "SELECT count(*) AS n FROM dead_letter d WHERE (d.state = 'open') <>
                   EXISTS (SELECT 1 FROM dead_letter_sighting s WHERE s.letter_id = d.id AND s.outcome = 'parked')",
            ),
        ] {
            assert_eq!(self.number(sql).await, 0, "{what}");
        }
    }

    /// What a page's raw records are now, told by looking at each of them: (unchanged, superseded, parked).
    async fn told_one_by_one(&self, page: &[Sent]) -> (i64, i64, i64) {
        let (manifest, _) = &self.desk.manifests["institution"];
        let stream = manifest.stream("completions").unwrap();
        let (policy, keys, source_id) = (&*self.desk.policy, &self.desk.keys, self.source.id);
        let cx = Context { manifest, stream, policy, keys, source_id, address: "page" };
        let text = body(page);
        let mut told = (0, 0, 0);
        for staged in stages::run(cx, &text, (0, u32::MAX)).unwrap() {
            let key = match &staged {
                Staged::Clean(r) => r.record_key,
                Staged::Parked(p) => p.letter_key,
            };
            let sql = "SELECT source_version, content_digest FROM training_record WHERE record_key = $1";
            let held = self.desk.db.rows(sql, vec![key.to_vec().into()]).await.unwrap();
            let version = held.first().map(|r| r.int("source_version").unwrap());
            match staged {
                Staged::Clean(r)
                    if version == Some(r.source_version)
                        && held[0].bytes("content_digest").unwrap() == r.content_digest =>
                {
                    told.0 += 1;
                }
                Staged::Clean(_) => told.1 += 1,
                Staged::Parked(p) if version > p.source_version => told.1 += 1,
                Staged::Parked(_) => told.2 += 1,
            }
        }
        told
    }
}

fn body(page: &[Sent]) -> String {
    let items: Vec<String> = page.iter().map(Sent::json).collect();
    format!("{{\"code\":0,\"data\":{{\"items\":[{}]}}}}", items.join(","))
}

async fn load(pages: &[Vec<Sent>], cut: u32, order: &[usize]) -> (Office, Outcome) {
    let office = Office::open().await;
    let mut ids = vec![];
    for page in pages {
        ids.extend(office.land(page, cut).await);
    }
    for i in order {
        office.deliver(ids[i % ids.len()]).await;
    }
    for id in &ids {
        office.deliver(*id).await;
    }
    office.settle().await;
    office.check_books().await;
    let outcome = office.outcome().await;
    (office, outcome)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn arrival_order_cuts_and_resends_do_not_change_the_result(
        all in proptest::collection::vec(sent(), 1..24),
        shuffled in proptest::collection::vec(any::<prop::sample::Index>(), 0..40),
        cut in 1u32..6,
        pages in 1usize..6,
        order in proptest::collection::vec(0usize..64, 0..12),
    ) {
        runtime().block_on(async {
            let (_, one) = load(std::slice::from_ref(&all), 5_000, &[]).await;
            // Everything again in another order, some of it several times, in other pages and batches.
            let mut again: Vec<Sent> = shuffled.iter().map(|i| i.get(&all).clone()).collect();
            again.extend(all.iter().rev().cloned());
            let size = again.len().div_ceil(pages);
            let pages: Vec<Vec<Sent>> = again.chunks(size).map(<[Sent]>::to_vec).collect();
            let (office, many) = load(&pages, cut, &order).await;
            prop_assert_eq!(&one, &many);

            // And every page once more, byte for byte: nothing changes, and the outcomes are what each record is now.
            for page in &pages {
                let expected = office.told_one_by_one(page).await;
                let batches = office.land(page, cut).await;
                for batch in &batches {
                    office.deliver(*batch).await;
                }
                office.settle().await;
                let told = format!("SELECT sum(unchanged) || ' ' || sum(superseded) || ' ' || sum(parked) || ' '
                    || sum(inserted + updated + discarded) AS t FROM batch WHERE id IN ({})",
                    batches.iter().map(i64::to_string).collect::<Vec<_>>().join(", "));
                let (unchanged, superseded, parked) = expected;
                prop_assert_eq!(office.texts(&told).await, [format!("{unchanged} {superseded} {parked} 0")]);
            }
            office.check_books().await;
            prop_assert_eq!(&one, &office.outcome().await);
            Ok(())
        })?;
    }
}

#[test]
fn a_page_received_again_is_told_from_the_books_without_its_bytes() {
    runtime().block_on(async {
        let page: Vec<Sent> = (0..6)
            .map(|record| Sent {
                record,
                version: 1,
                minutes: 90,
                person: record % 3,
                course: record,
                learning: 80,
                bad: record == 5,
            })
            .collect();
        let (office, before) = load(std::slice::from_ref(&page), 4, &[]).await;
        // One record is outdone meanwhile; two batches know together that they still hold four.
        let newer = [Sent { version: 2, minutes: 135, ..page[0].clone() }];
        for batch in office.land(&newer, 4).await {
            office.deliver(batch).await;
        }
        // Whoever wanted to read the bytes again could not.
        office.desk.db.run("UPDATE payload SET sealed = zeroblob(9) WHERE same_as IS NULL", vec![]).await.unwrap();
        for batch in office.land(&page, 4).await {
            office.deliver(batch).await;
        }
        office.settle().await;
        office.check_books().await;
        let last = "SELECT unchanged || ' ' || superseded || ' ' || parked AS t FROM batch ORDER BY id DESC LIMIT 2";
        assert_eq!(office.texts(last).await, ["1 0 1", "3 1 0"]);
        assert_eq!(before.letters, office.outcome().await.letters);
        // Another cut cannot be told from the books: the batch is put back and says why.
        let batch = office.land(&page, 6).await[0];
        let done = deliver::deliver(&office.desk, batch, false).await.unwrap();
        assert_eq!(done, Delivered::Released);
    });
}
