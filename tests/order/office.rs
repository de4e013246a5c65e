//! A database with one source, in which a test lands pages and delivers batches, and whose books it can check.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use huiliu_decode::unpacker::Unpacker;
use huiliu_decode::{Body, Context, Problem, RecordRange, StageResult, decode};
use huiliu_engine::active_rules::RuleFollower;
use huiliu_engine::deliver::{self, Delivered, DeliveryContext};
use huiliu_engine::deliver_group::{LIMITS, deliver_group};
use huiliu_engine::manifests::{ActiveManifest, Manifests};
use huiliu_engine::settle;
use huiliu_manifest::Manifest;
use huiliu_store::admin::{books as books_of_batches, reports};
use huiliu_store::delivery::batch::Outcomes;
use huiliu_store::delivery::batches::GroupLimits;
use huiliu_store::delivery::successors;
use huiliu_store::intake::landing::{self, NewPayload, StreamPass};
use huiliu_store::intake::runs::{self, NewActivation, Source};
use huiliu_store::intake::source_lease::{self, SourceClaim};
use huiliu_store::ledger::status::{self, StatusCause};
use huiliu_store::ledger::{compare, entries};
use huiliu_store::sql::schema;
use huiliu_store::{Db, Row};
use huiliu_vault::keys::Keys;

use super::model::{Item, Key, Letter};
use huiliu_values::ActivationKind;

pub struct Office {
    pub db: Db,
    pub context: DeliveryContext,
    source: Source,
    claim: SourceClaim,
    pub runs: [i64; 2],
}

/// What the office does with rows of these states.
const ROW_RULES: &str = r#"rows = [
  { when = [{ path = "state", is = ["void"] }], act = "withdraw", because = "void" },
  { when = [{ path = "state", is = ["draft"] }], act = "skip", because = "draft" },
]
"#;

/// The state that must not depend on the order of arrival.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Picture {
    records: BTreeMap<Key, Vec<String>>,
    entries: BTreeMap<Key, String>,
    letters: BTreeMap<Key, Letter>,
    sightings: BTreeSet<(Key, Option<i64>, String)>,
    /// What is said of the stored records since.
    statuses: BTreeMap<Key, String>,
    /// Dead letters with the keys of records that may be their corrected ones.
    successors: BTreeSet<(Key, Key)>,
}

impl Picture {
    /// Returns record key → what the record says.
    pub fn stored_records(&self) -> BTreeMap<Key, Vec<String>> {
        self.records.clone()
    }

    /// Leaves out the dead letters of which no raw record is known any more: each was resolved, or made by a replay that was undone.
    pub fn without_ended_letters(mut self) -> Self {
        let Self { letters, sightings, .. } = &mut self;
        letters.retain(|key, _| sightings.iter().any(|(of, ..)| of == key));
        self
    }

    /// Leaves out the dead letters: only what counts is left, and what is said of it.
    pub fn without_letters(mut self) -> Self {
        self.letters.clear();
        self.sightings.clear();
        self.successors.clear();
        self
    }

    /// Leaves out why records are parked: a replay that does not help writes the reasons of today's manifest.
    pub fn without_reasons(mut self) -> Self {
        for letter in self.letters.values_mut() {
            letter.reasons.clear();
        }
        self
    }

    /// Returns how many records may be the corrected ones of dead letters.
    pub fn count_successors(&self) -> usize {
        self.successors.len()
    }
}

/// A batch's counters, with the numbers that the other tables give for them.
#[derive(Debug)]
pub struct Books {
    pub outcomes: Outcomes,
    pub elsewhere: i64,
    pub seen_superseded: i64,
}

fn read_key(row: &Row, name: &str) -> Key {
    row.bytes(name).unwrap().try_into().unwrap()
}

fn new_unpacker() -> Arc<Unpacker> {
    Arc::new(Unpacker::new(Box::new(crate::connectors::InProcessUnpacker)))
}

impl Office {
    /// Returns the office's context with an unpacker that has read nothing yet.
    pub fn context_with_new_unpacker(&self) -> DeliveryContext {
        DeliveryContext { unpacker: new_unpacker(), ..self.context.clone() }
    }

    pub async fn open(db: Db) -> Self {
        let keys = Keys::from_hex(&"77".repeat(32)).unwrap();
        let keys = schema::check_key(&db, &keys).await.unwrap();
        let policy = crate::connectors::load_policy();
        let rules = entries::register_rules(&db, &keys, &policy).await.unwrap();
        let source =
            runs::register_source(&db, "s", "institution", runs::Institution { code: "I", name: "i" }).await.unwrap();
        source_lease::save_schedule(&db, source.id, "", None).await.unwrap();
        let claim = source_lease::claim_source(&db, source.id, 86_400_000, "order", false).await.unwrap().unwrap();
        let first = runs::start_run(&db, &source, true).await.unwrap();
        let runs = [first, runs::start_run(&db, &source, true).await.unwrap()];
        let context = DeliveryContext {
            db: db.clone(),
            keys,
            rules: RuleFollower::fixed(policy, rules, crate::connectors::load_regions()),
            known: Arc::default(),
            manifests: Manifests::default(),
            unpacker: new_unpacker(),
            lease_ms: 30_000,
            holder: "order".into(),
        };
        let mut office = Self { db, context, source, claim, runs };
        office.activate_again(b"1").await;
        office
    }

    /// Activates the same manifest again, under a later activation if `digest` differs.
    pub async fn activate_again(&mut self, digest: &[u8]) {
        self.activate_changed_manifest(digest, |text| text.to_owned()).await;
    }

    /// Activates the institution's manifest as `change` rewrites it.
    pub async fn activate_changed_manifest(&mut self, digest: &[u8], change: impl Fn(&str) -> String) {
        let shipped = huiliu_connectors::CONNECTORS.iter().find(|c| c.id == "institution").unwrap();
        let text = shipped.manifest.replacen("record_key = ", &format!("{ROW_RULES}record_key = "), 1);
        let manifest = Manifest::parse("institution/manifest.toml", &change(&text)).unwrap();
        let current = NewActivation {
            kind: ActivationKind::Manifest,
            name: &manifest.id,
            version: manifest.version_number(),
            digest,
        };
        let activation = runs::activate_current(&self.db, current).await.unwrap();
        self.context.manifests =
            Manifests::new([(manifest.id.clone(), ActiveManifest { manifest, activation })].into());
    }

    pub fn activation(&self) -> i64 {
        self.context.manifests.current()["institution"].activation
    }

    /// Lands a page and returns its batches with their ranges.
    pub async fn land_page(&self, run: usize, address: &str, page: &str, cut: u32) -> Vec<(i64, RecordRange)> {
        let records = u32::try_from(self.decode_items(page, RecordRange::ALL).len()).unwrap();
        let pass = StreamPass {
            source: &self.source,
            claim: self.claim,
            run: self.runs[run % 2],
            stream: "completions",
            cursor_at_start: None,
        };
        let bytes = page.as_bytes().to_vec().into();
        let page = [NewPayload::new(address, &bytes, Ok(records))];
        let ids = landing::land_payloads(&self.db, &self.context.keys, pass, &page, cut).await.unwrap();
        let ranges = (0..records).step_by(cut as usize).map(|first| RecordRange::new(first, cut.min(records - first)));
        ids.into_iter().zip(ranges).collect()
    }

    /// Decodes a range of a page as the stages do, without reading any table.
    pub fn decode_items(&self, page: &str, range: RecordRange) -> Vec<Item> {
        let manifests = self.context.manifests.current();
        let manifest = &manifests["institution"].manifest;
        let stream = manifest.find_stream("completions").unwrap();
        let rules = self.context.rules.current();
        let (policy, keys) = (&rules.policy, &self.context.keys);
        let cx = Context {
            manifest,
            stream,
            policy,
            keys,
            source_id: self.source.id,
            address: "",
            each: &huiliu_decode::NO_EACH,
            landing: 1,
            batch: 0,
        };
        let text = Body::Text(decode::decode_text(&stream.format, page.as_bytes()).unwrap());
        let item = |staged: StageResult<'_>| match staged {
            StageResult::Clean(r) => {
                Item::Good { key: r.record_key, version: r.source_version, digest: r.content_digest }
            }
            StageResult::Roster(_) => unreachable!("these manifests are of training"),
            StageResult::Skipped(..) | StageResult::Withdrawn(..) => Item::Said,
            StageResult::Parked(p) => Item::Bad {
                key: p.dead_letter_key,
                version: p.source_version,
                reasons: Problem::to_stored(&p.problems),
            },
        };
        huiliu_decode::run_stages(cx, &text, range).unwrap().into_iter().map(item).collect()
    }

    /// Delivers a batch that is ready or already done.
    pub async fn deliver_batch(&self, batch: i64) -> Delivered {
        let done = deliver::deliver_batch(&self.context, batch, false).await.unwrap();
        assert!(matches!(done, Delivered::Done(_) | Delivered::NotClaimed), "batch {batch}: {done:?}");
        done
    }

    /// Delivers a batch with small ones that landed after it, as workers do, of `records` records in all at most.
    pub async fn deliver_group(&self, batch: i64, records: u32) -> usize {
        let limits = GroupLimits { records, ..LIMITS };
        let done = deliver_group(&self.context, batch, limits).await.unwrap();
        assert!(matches!(done.asked, Delivered::Done(_) | Delivered::NotClaimed), "batch {batch}: {done:?}");
        assert!(done.claimed < 2 || done.together == done.claimed, "batch {batch}: {done:?}");
        done.together
    }

    /// Returns how many confirmations are kept for batches that are not delivered yet.
    pub async fn count_confirmations(&self) -> i64 {
        self.query_count("SELECT count(*) AS n FROM confirmation").await
    }

    pub async fn settle_all(&self) {
        settle::settle_all(&self.context, &|_| {}).await.unwrap();
    }

    /// Checks that no parked sighting is older than the stored version of its record.
    async fn check_nothing_is_left_open(&self) {
        let left = "SELECT count(*) AS n FROM dead_letter d JOIN dead_letter_sighting s ON s.dead_letter_id = d.id
            JOIN training_record t ON t.record_key = d.dead_letter_key AND t.source_id = d.source_id AND t.stream = d.stream
            WHERE d.state = 'open' AND s.outcome = 'parked' AND d.reasons NOT LIKE '%record_key.other_person%'
              AND (s.source_version, s.batch_id, s.record_index)
                < (t.source_version, coalesce(t.confirmed_batch, t.batch_id), coalesce(t.confirmed_row, t.row_index))";
        assert_eq!(self.query_count(left).await, 0);
    }

    pub async fn query_rows(&self, sql: &str) -> Vec<Row> {
        self.db.fetch_rows(sql, vec![]).await.unwrap()
    }

    pub async fn dead_letters(&self) -> BTreeMap<Key, Letter> {
        let letter = |r: &Row| Letter {
            state: r.text("state").unwrap(),
            version: r.opt_int("source_version").unwrap(),
            reasons: r.text("reasons").unwrap(),
        };
        let rows = self.query_rows("SELECT dead_letter_key, state, source_version, reasons FROM dead_letter").await;
        rows.iter().map(|r| (read_key(r, "dead_letter_key"), letter(r))).collect()
    }

    /// Returns record key → version and content digest of every stored record.
    pub async fn stored_records(&self) -> BTreeMap<Key, (i64, Key)> {
        let rows = self.query_rows("SELECT record_key, source_version, content_digest FROM training_record").await;
        let held = |r: &Row| (r.int("source_version").unwrap(), read_key(r, "content_digest"));
        rows.iter().map(|r| (read_key(r, "record_key"), held(r))).collect()
    }

    pub async fn take_picture(&self) -> Picture {
        let mut picture = Picture { letters: self.dead_letters().await, ..Picture::default() };
        for r in self
            .query_rows(
                "SELECT r.record_key, r.source_version, r.content_digest, r.hours_units, r.raw_hours, r.pass_state,
                        r.score_learning, r.grade
                 FROM training_record r WHERE r.grade IS NOT NULL AND r.merged_into IS NULL",
            )
            .await
        {
            let mut told: Vec<String> =
                ["source_version", "hours_units", "score_learning"].map(|n| r.int(n).unwrap().to_string()).into();
            told.extend(["raw_hours", "pass_state", "grade"].map(|n| r.text(n).unwrap()));
            told.push(format!("{:?}", read_key(&r, "content_digest")));
            assert_eq!(picture.records.insert(read_key(&r, "record_key"), told), None, "one record, one assessment");
        }
        for r in self
            .query_rows(
                "SELECT r.record_key, e.outcome, e.units, e.raw_hours
                 FROM credit_entry e JOIN training_record r ON r.id = e.record_id WHERE e.superseded_at IS NULL",
            )
            .await
        {
            let told =
                format!("{} {} {}", r.text("outcome").unwrap(), r.int("units").unwrap(), r.text("raw_hours").unwrap());
            assert_eq!(picture.entries.insert(read_key(&r, "record_key"), told), None, "one record, one current entry");
        }
        for r in self
            .query_rows(
                "SELECT d.dead_letter_key, s.source_version, s.outcome
                 FROM dead_letter_sighting s JOIN dead_letter d ON d.id = s.dead_letter_id",
            )
            .await
        {
            let version = r.opt_int("source_version").unwrap();
            picture.sightings.insert((read_key(&r, "dead_letter_key"), version, r.text("outcome").unwrap()));
        }
        let letters = self.query_rows("SELECT id, dead_letter_key FROM dead_letter WHERE state = 'open'").await;
        let keys: BTreeMap<i64, Key> =
            letters.iter().map(|r| (r.int("id").unwrap(), read_key(r, "dead_letter_key"))).collect();
        let ids: Vec<i64> = keys.keys().copied().collect();
        let mut tx = self.db.begin_read_only().await.unwrap();
        for candidate in successors::load_candidates(&mut tx, &ids).await.unwrap() {
            picture.successors.insert((keys[&candidate.letter], candidate.record_key.try_into().unwrap()));
        }
        drop(tx);
        picture.statuses = self.list_statuses().await;
        picture
    }

    /// Checks after a settlement that every stored entry is the one derived now, and that no letter is left to be closed.
    pub async fn check_entries(&self) {
        self.check_nothing_is_left_open().await;
        let teachers = self.query_rows("SELECT id FROM teacher ORDER BY id").await;
        let teachers: Vec<i64> = teachers.iter().map(|r| r.int("id").unwrap()).collect();
        let rules = self.context.rules.current();
        let mut tx = self.db.begin_read_only().await.unwrap();
        let compared = compare::compare_teachers(&mut tx, &rules.policy, &rules.rules, &teachers).await.unwrap();
        assert_eq!(compared.differences, []);
    }

    /// Returns record key → why the record is withdrawn or disputed.
    async fn list_statuses(&self) -> BTreeMap<Key, String> {
        let rows = self.query_rows("SELECT id, record_key FROM training_record").await;
        let ids: Vec<i64> = rows.iter().map(|r| r.int("id").unwrap()).collect();
        let causes = status::load_statuses(&mut self.db.begin_read_only().await.unwrap(), &ids).await.unwrap();
        let told = |cause: &StatusCause| match cause {
            StatusCause::Withdrawn { .. } => "withdrawn",
            StatusCause::Skipped { .. } => "skipped",
            StatusCause::Parked { .. } => "parked",
        };
        let of = |r: &Row| Some((read_key(r, "record_key"), told(causes.get(&r.int("id").ok()?)?).to_owned()));
        rows.iter().filter_map(of).collect()
    }

    /// Checks the books law and returns every batch's books.
    pub async fn check_books(&self) -> BTreeMap<i64, Books> {
        let rows = self
            .query_rows(
                "SELECT b.id, b.record_count, b.state, b.inserted, b.updated, b.unchanged, b.superseded, b.skipped, b.withdrawn, b.parked,
                        b.discarded, b.held, b.elsewhere,
                        (SELECT CAST(coalesce(sum(l.records), 0) AS bigint) FROM batch_loss l WHERE l.batch_id = b.id) AS loss,
                        (SELECT count(*) FROM training_record t WHERE t.batch_id = b.id AND t.merged_into IS NULL) AS owned,
                        (SELECT count(*) FROM dead_letter_sighting s WHERE s.batch_id = b.id AND s.outcome = 'parked') AS seen_parked,
                        (SELECT count(*) FROM dead_letter_sighting s WHERE s.batch_id = b.id AND s.outcome = 'superseded') AS seen_superseded,
                        (SELECT count(*) FROM dead_letter_sighting s WHERE s.batch_id = b.id AND s.outcome = 'discarded') AS seen_discarded
                 FROM batch b",
            )
            .await;
        let mut books = BTreeMap::new();
        for row in &rows {
            let n = |name: &str| row.int(name).unwrap();
            let told = format!("batch {}", n("id"));
            let counters =
                ["inserted", "updated", "unchanged", "superseded", "skipped", "withdrawn", "parked", "discarded"];
            let sum: i64 = counters.map(n).iter().sum();
            let done = row.text("state").unwrap() == "done";
            assert_eq!(sum, if done { n("record_count") } else { 0 }, "{told}: outcomes");
            assert_eq!(n("parked"), n("seen_parked"), "{told}: parked");
            assert_eq!(n("discarded"), n("seen_discarded"), "{told}: discarded");
            assert!(n("superseded") >= n("seen_superseded"), "{told}: superseded");
            assert_eq!(n("held") - n("loss"), n("owned"), "{told}: held less lost");
            assert!(n("elsewhere") <= n("unchanged"), "{told}: elsewhere");
            let outcomes = Outcomes {
                inserted: n("inserted"),
                updated: n("updated"),
                unchanged: n("unchanged"),
                superseded: n("superseded"),
                skipped: n("skipped"),
                withdrawn: n("withdrawn"),
                parked: n("parked"),
                discarded: n("discarded"),
            };
            let of_batch = Books { outcomes, elsewhere: n("elsewhere"), seen_superseded: n("seen_superseded") };
            books.insert(n("id"), of_batch);
        }
        let differing = books_of_batches::compare_batches(&self.db, runs::RunRange::ALL, 10).await.unwrap();
        assert_eq!(differing.differing_batches, 0, "{:?}", differing.differences);
        let mut inserted = 0;
        for run in self.runs {
            let balance = reports::read_balance(&self.db, runs::RunRange::single(run)).await.unwrap();
            assert!(balance.balanced, "run {run}: {balance:?}");
            inserted += balance.inserted;
        }
        // A row that counts no more may have been inserted by one batch, and updated by the one that was read again.
        let ended = "SELECT count(DISTINCT t.id) AS n FROM replay_record k JOIN training_record t ON t.id = k.record_id
                     WHERE k.ended_as = 'updated' AND t.merged_into = t.id";
        assert_eq!(
            inserted - self.query_count(ended).await,
            self.query_count(
                "SELECT count(*) AS n FROM training_record WHERE merged_into IS NULL OR merged_into <> id"
            )
            .await,
            "inserted, once each, but for what was undone"
        );
        // A letter is open as long as a raw record counts as parked for it.
        let untrue = "SELECT count(*) AS n FROM dead_letter d WHERE (d.state = 'open') <>
            EXISTS (SELECT 1 FROM dead_letter_sighting s WHERE s.dead_letter_id = d.id AND s.outcome = 'parked')";
        assert_eq!(self.query_count(untrue).await, 0, "letters whose state is not what their sightings say");
        books
    }

    pub async fn query_count(&self, sql: &str) -> i64 {
        self.query_rows(sql).await[0].int("n").unwrap()
    }
}
