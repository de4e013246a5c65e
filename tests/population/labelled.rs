//! A labelled population, loaded as files, and the comparison of its ledger with the truth.
#![allow(dead_code, reason = "the bench uses a part of it")]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use huiliu_sandbox::population::{Credit, SOURCES, Training};
use serde_json::Value;
use sqlx::Connection as _;

use crate::test_env::TestEnv;

/// What differs between the platforms' manifests: kind of record, pass rule, file names, format, unit.
const PLATFORMS: [(&str, [&str; 5]); 5] = [
    ("intel", ["certificate", "not_assessed", "*.csv", "kind = \"csv\", layout = { header = [\"record\"] }", "day"]),
    ("microsoft", ["certificate", "not_assessed", "*.json", "kind = \"json\", items = \"items\"", "day"]),
    (
        "lego",
        ["certificate", "not_assessed", "*.xlsx", "kind = \"workbook\", layout = { header = [\"record\"] }", "day"],
    ),
    (
        "cmcc",
        [
            "certificate",
            "not_assessed",
            "*.csv",
            "kind = \"csv\", encoding = \"gb18030\", layout = { header = [\"record\"] }",
            "class_hour",
        ],
    ),
    ("institution", ["course_completion", "scores", "*.json", "kind = \"json\", items = \"items\"", "minute"]),
];

/// Fields by which rows identify people if ID numbers are damaged.
const ANY: &str = "teacher_number = \"teacher_number\"\nbirth_date = \"birth_date\"\nsex = \"sex\"\nphone = \"phone\"\n\
                   school_name = \"school\"\nregion_code = \"region\"\n";

fn manifest_text(id: &str, [kind, pass, names, format, unit]: [&str; 5], any: bool) -> String {
    let (known_by, any) = if any { ("known_by = \"any\"", ANY) } else { ("", "") };
    let scores = if pass == "scores" {
        "score_learning = \"learning\"\nscore_activity = \"activity\"\nscore_artefact = \"artefact\"\n"
    } else {
        ""
    };
    format!(
        r#"manifest = 1
id = "{id}"
version = 1
title_zh = "量"
title_en = "Measured"
profile = "The labelled population's."

[transport]
kind = "files"
names = ["{names}"]

[[stream]]
name = "records"
kind = "{kind}"
format = {{ {format} }}
record_key = ["record"]
version = {{ from = "field", path = "version" }}
pass = "{pass}"
{known_by}

[stream.map]
record_name = "record"
name = "name"
id_number = "id_number"
school_code = "school_code"
course_code = "course"
role = "role"
hours = {{ path = "amount", unit = "{unit}" }}
period_start = "start"
period_end = "end"
certificate_number = "record"
{scores}{any}"#
    )
}

/// The population in a house: its files, its truth, and the settings that name them.
pub struct Labelled {
    pub config: String,
    pub credit: Credit,
    pub files: PathBuf,
    roster: u64,
}

impl Labelled {
    /// Writes files, manifests and settings, and creates the schema. A record without a valid ID number is parked, or
    /// with `known_by_any` identified by its other fields.
    pub fn write_files(house: &TestEnv, training: Training, known_by_any: bool) -> Self {
        let files = house.dir.0.join("population");
        let credit = training.write_files(&files).unwrap();
        let manifests = house.dir.0.join("manifests");
        for (id, what) in PLATFORMS {
            std::fs::create_dir_all(manifests.join(id)).unwrap();
            std::fs::write(manifests.join(id).join("manifest.toml"), manifest_text(id, what, known_by_any)).unwrap();
        }
        let mut settings = format!("manifests_dir = {manifests:?}\n");
        let roster = ("roster", "roster-csv");
        for (name, connector) in [roster].into_iter().chain(SOURCES.map(|s| (s.name, s.connector))) {
            let folder = files.join(name);
            let _ = write!(
                settings,
                "[[source]]\nname = \"{name}\"\nconnector = \"{connector}\"\ninstitution_code = \"{name}\"\n\
                 folder = {folder:?}\nschedule = \"\"\n"
            );
        }
        let config = house.dir.0.join("population.toml");
        std::fs::write(&config, settings).unwrap();
        let labelled =
            Self { config: config.display().to_string(), credit, files, roster: training.population.teachers };
        assert!(house.run(&["migrate", "--config", &labelled.config]).status.success());
        labelled
    }

    /// Compares the ledger with the truth.
    pub fn compare_with_truth(&self, house: &TestEnv) -> Verdict {
        let truth = Truth::from_file(&self.files.join("truth.jsonl"), self.roster);
        let ledger = read_ledger(house);
        let mut verdict = truth.judge_ledger(&ledger, &query_entries(house));
        truth.count_found(&ledger, &query_meant(house), &mut verdict);
        verdict
    }
}

/// An entry of the ledger: teacher, record, outcome, units, and the record that it duplicates.
type Entry = (i64, String, String, i64, Option<String>);

fn query_entries(house: &TestEnv) -> Vec<Entry> {
    query_all(
        house,
        "SELECT e.teacher_id, r.certificate_number, e.outcome, e.units, d.certificate_number
                     FROM credit_entry e JOIN training_record r ON r.id = e.record_id
                     LEFT JOIN training_record d ON d.id = e.duplicate_of WHERE e.superseded_at IS NULL",
    )
}

/// Returns each record's teacher and candidates: teacher, record, state of the claim.
fn query_meant(house: &TestEnv) -> Vec<(i64, String, String)> {
    query_all(
        house,
        "SELECT x.teacher_id, r.certificate_number, c.state FROM training_record r JOIN identity_claim c ON c.id = r.claim_id
         JOIN (SELECT id AS claim_id, teacher_id FROM identity_claim WHERE teacher_id IS NOT NULL
               UNION SELECT claim_id, teacher_id FROM candidate) x ON x.claim_id = c.id",
    )
}

fn query_all<T>(house: &TestEnv, statement: &'static str) -> Vec<T>
where
    T: for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow> + for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow>,
    T: Send + Unpin,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        if let Some(postgres) = &house.postgres {
            let mut connection = sqlx::PgConnection::connect(&postgres.url()).await.unwrap();
            return sqlx::query_as(statement).fetch_all(&mut connection).await.unwrap();
        }
        let url = format!("sqlite:{}", house.dir.0.join("data/huiliu.db").display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        sqlx::query_as(statement).fetch_all(&mut connection).await.unwrap()
    })
}

/// Returns teacher → ID number, units, provisional units.
pub fn read_ledger(house: &TestEnv) -> HashMap<i64, (String, u64, u64)> {
    let out = house.run(&["ledger"]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let line = |line: &str| {
        let v: Value = serde_json::from_str(line).unwrap();
        let units = |key: &str| v[key]["units"].as_u64().unwrap();
        let id = v["id_number"].as_str().unwrap().to_owned();
        (v["teacher"].as_i64().unwrap(), (id, units("counted"), units("provisional")))
    };
    String::from_utf8(out.stdout).unwrap().lines().map(line).collect()
}

struct RecordLabel {
    person: u64,
    training: u64,
    outcome: String,
}

struct Truth {
    /// Number of people on the roster; their numbers are below it.
    roster: u64,
    records: HashMap<String, RecordLabel>,
    /// ID number → person, units, provisional units.
    people: HashMap<String, (u64, u64, u64)>,
}

impl Truth {
    fn from_file(path: &Path, roster: u64) -> Self {
        let mut truth = Self { roster, records: HashMap::new(), people: HashMap::new() };
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let v: Value = serde_json::from_str(line).unwrap();
            let (text, number) =
                (|key: &str| v[key].as_str().unwrap().to_owned(), |key: &str| v[key].as_u64().unwrap());
            match v["kind"].as_str().unwrap() {
                "record" => {
                    let (person, training, outcome) = (number("person"), number("training"), text("outcome"));
                    truth.records.insert(text("record"), RecordLabel { person, training, outcome });
                }
                "person" => {
                    let hours = (number("person"), number("units"), number("provisional_units"));
                    assert!(truth.people.insert(text("id_number"), hours).is_none(), "an ID number of two people");
                }
                _ => {}
            }
        }
        truth
    }

    /// Counts the records of people on the roster whose right teacher is the match, or among the candidates.
    fn count_found(
        &self,
        ledger: &HashMap<i64, (String, u64, u64)>,
        meant: &[(i64, String, String)],
        verdict: &mut Verdict,
    ) {
        let mut found: HashMap<&str, bool> = HashMap::new();
        for (teacher, record, state) in meant {
            let whose = ledger.get(teacher).and_then(|(id, ..)| self.people.get(id)).map(|(person, ..)| *person);
            let label = &self.records[record];
            if whose == Some(label.person) && label.person < self.roster {
                *found.entry(record).or_default() |= state == "definite";
            }
        }
        (verdict.found, verdict.definite) = (found.len(), found.values().filter(|definite| **definite).count());
    }

    fn judge_ledger(&self, ledger: &HashMap<i64, (String, u64, u64)>, entries: &[Entry]) -> Verdict {
        let whose = |teacher: i64| ledger.get(&teacher).and_then(|(id, ..)| self.people.get(id)).map(|(p, ..)| *p);
        let mut verdict = Verdict {
            records: self.records.len(),
            entries: entries.len(),
            labelled: self.records.values().filter(|l| l.outcome == "duplicate").count(),
            ..Verdict::default()
        };
        let mut wrong: Vec<i64> = vec![];
        for (teacher, record, outcome, units, of) in entries {
            let label = &self.records[record];
            if *units > 0 && whose(*teacher) != Some(label.person) {
                wrong.push(*teacher);
            }
            verdict.other_outcome += usize::from(*outcome != label.outcome);
            if let Some(of) = of {
                let of = &self.records[of];
                let same = (of.person, of.training) == (label.person, label.training);
                verdict.told += 1;
                verdict.right += usize::from(same && label.outcome == "duplicate");
            }
        }
        wrong.sort_unstable();
        wrong.dedup();
        verdict.on_roster = self.records.values().filter(|l| l.person < self.roster).count();
        verdict.wrongly_credited = wrong.len();
        let hours: HashMap<&str, (u64, u64)> =
            ledger.values().map(|(id, units, provisional)| (id.as_str(), (*units, *provisional))).collect();
        let other = |(id, (_, units, provisional)): &(&String, &(u64, u64, u64))| {
            hours.get(id.as_str()).copied().unwrap_or_default() != (*units, *provisional)
        };
        verdict.other_hours = self.people.iter().filter(other).count();
        verdict
    }
}

/// How far the ledger agrees with the truth.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Number of records in the truth, and of entries in the ledger.
    pub records: usize,
    pub entries: usize,
    /// Duplicates by the truth, duplicates by the ledger, and those of the ledger that are right.
    pub labelled: usize,
    pub told: usize,
    pub right: usize,
    /// Entries whose outcome differs from the truth.
    pub other_outcome: usize,
    /// Teachers who are credited with hours of another person's record.
    pub wrongly_credited: usize,
    /// People whose hours differ from the truth.
    pub other_hours: usize,
    /// Records about people on the roster; of these, those whose right teacher is found, and is the definite match.
    pub on_roster: usize,
    pub found: usize,
    pub definite: usize,
}
