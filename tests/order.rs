//! Order laws: arrival order, batch cuts and resends do not change the result.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use huiliu_core::deliver::{self, Delivered, Desk};
use huiliu_core::keys::Keys;
use huiliu_core::settle;
use huiliu_core::store::books::{self, Current, Landing};
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
}

const PEOPLE: [(&str, &str); 3] =
    [("22010219590911001X", "王一"), ("220381197001011228", "李二"), ("220184197001011226", "张三")];

impl Sent {
    fn json(&self) -> String {
        let (id, name) = PEOPLE[usize::from(self.person) % 3];
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
    (0u8..6, 1u8..4, 1u16..2000, 30u8..100).prop_map(|(record, version, minutes, learning)| Sent {
        // A record stays its person's and its course's in all versions.
        record,
        version,
        minutes,
        person: record % 3,
        course: record / 2,
        learning,
    })
}

type Outcome = (Vec<String>, BTreeMap<String, String>);

async fn load(batches: &[Vec<Sent>], cut: u32, order: &[usize]) -> Outcome {
    let scratch = Scratch::new("order");
    let db = Db::open(&format!("sqlite:{}", scratch.0.join("x.db").display()), 2).await.unwrap();
    schema::migrate(&db).await.unwrap();
    let keys = Keys::from_hex(&"77".repeat(32)).unwrap();
    let policy = crate::connectors::policy();
    let mut manifests = HashMap::new();
    let rules = entries::register_rules(&db, &keys, &policy).await.unwrap();
    for manifest in huiliu_connectors::all().unwrap() {
        let current = Current { kind: "manifest", name: &manifest.id, version: manifest.version, digest: b"1" };
        let activation = books::activate(&db, current).await.unwrap();
        manifests.insert(manifest.id.clone(), (manifest, activation));
    }
    let source = books::register_source(&db, "s", "institution", ("I", "i")).await.unwrap();
    let run = books::start_run(&db, &source, true).await.unwrap();
    let desk = Desk {
        db: db.clone(),
        keys: keys.clone(),
        policy: Arc::new(policy),
        rules: Arc::new(rules),
        known: Arc::default(),
        manifests: Arc::new(manifests),
        lease_ms: 30_000,
        holder: "order".into(),
    };
    let mut ids = vec![];
    for batch in batches {
        let items: Vec<String> = batch.iter().map(Sent::json).collect();
        let bytes = format!("{{\"code\":0,\"data\":{{\"items\":[{}]}}}}", items.join(","));
        let landing = Landing {
            source: &source,
            run,
            stream: "completions",
            address: "page",
            bytes: bytes.as_bytes(),
            records: Ok(u32::try_from(batch.len()).unwrap()),
            batch_size: cut,
            cursor_at_start: None,
            cursor: None,
        };
        ids.extend(books::land(&db, &keys, &landing).await.unwrap());
    }
    for i in order {
        let done = deliver::deliver(&desk, ids[i % ids.len()], false).await.unwrap();
        assert!(matches!(done, Delivered::Done(_) | Delivered::NotOurs), "{done:?}");
    }
    for id in &ids {
        deliver::deliver(&desk, *id, false).await.unwrap();
    }
    settle::settle_all(&db, &desk.policy, &desk.rules, &|_| {}).await.unwrap();
    let text = |rows: Vec<huiliu_core::store::Row>| rows.iter().map(|r| r.text("t").unwrap()).collect::<Vec<_>>();
    let records = text(
        db.rows(
            "SELECT hex(record_key) || ' ' || source_version || ' ' || hex(content_digest) || ' ' || hours_units || ' ' || pass_state AS t
             FROM training_record ORDER BY record_key",
            vec![],
        )
        .await
        .unwrap(),
    );
    let entries = text(
        db.rows(
            "SELECT hex(r.record_key) || '=' || e.outcome || ' ' || e.units || ' ' || e.raw_hours AS t
             FROM credit_entry e JOIN training_record r ON r.id = e.record_id WHERE e.superseded_at IS NULL",
            vec![],
        )
        .await
        .unwrap(),
    );
    db.close().await;
    let entries = entries.iter().filter_map(|e| e.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    (records, entries)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn arrival_order_cuts_and_resends_do_not_change_the_result(
        all in proptest::collection::vec(sent(), 1..24),
        shuffled in Just(()).prop_flat_map(|()| proptest::collection::vec(any::<prop::sample::Index>(), 0..40)),
        cut in 1u32..6,
        pages in 1usize..6,
        order in proptest::collection::vec(0usize..64, 0..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let one = runtime.block_on(load(std::slice::from_ref(&all), 5_000, &[]));
        // Everything again in another order, some of it several times, in other pages and batches.
        let mut again: Vec<Sent> = shuffled.iter().map(|i| i.get(&all).clone()).collect();
        again.extend(all.iter().rev().cloned());
        let size = again.len().div_ceil(pages);
        let pages: Vec<Vec<Sent>> = again.chunks(size).map(<[Sent]>::to_vec).collect();
        let many = runtime.block_on(load(&pages, cut, &order));
        prop_assert_eq!(one, many);
    }
}
