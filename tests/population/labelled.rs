//! A labelled population handed in as files, and its ledger beside the truth.
#![allow(dead_code, reason = "the bench uses a part of it")]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use huiliu_sandbox::population::{Credit, SOURCES, Training};
use serde_json::Value;
use sqlx::Connection as _;

use crate::house::House;

/// What a platform's manifest differs in: kind of record, what decides, names of files, format, unit.
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

/// What rows have to tell people apart by where ID numbers are damaged.
const ANY: &str = "teacher_number = \"teacher_number\"\nbirth_date = \"birth_date\"\nsex = \"sex\"\nphone = \"phone\"\n\
                   school_name = \"school\"\nregion_code = \"region\"\n";

fn manifest(id: &str, [kind, pass, names, format, unit]: [&str; 5], any: bool) -> String {
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
    /// Writes files, manifests and settings, and makes the schema. A record without a valid ID number is parked, or looked
    /// for by anything that is told.
    pub fn write(house: &House, training: Training, known_by_any: bool) -> Self {
        let files = house.dir.0.join("population");
        let credit = training.write(&files).unwrap();
        let manifests = house.dir.0.join("manifests");
        for (id, what) in PLATFORMS {
            std::fs::create_dir_all(manifests.join(id)).unwrap();
            std::fs::write(manifests.join(id).join("manifest.toml"), manifest(id, what, known_by_any)).unwrap();
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

    /// The ledger beside the truth.
    pub fn compare(&self, house: &House) -> Verdict {
        let truth = Truth::read(&self.files.join("truth.jsonl"), self.roster);
        let ledger = ledger(house);
        let mut verdict = truth.judge(&ledger, &entries(house));
        truth.find(&ledger, &meant(house), &mut verdict);
        verdict
    }
}

/// What the ledger says of one record: teacher, record, outcome, units, and the record it duplicates.
type Entry = (i64, String, String, i64, Option<String>);

fn entries(house: &House) -> Vec<Entry> {
    asked(
        house,
        "SELECT e.teacher_id, r.certificate_number, e.outcome, e.units, d.certificate_number
                     FROM credit_entry e JOIN training_record r ON r.id = e.record_id
                     LEFT JOIN training_record d ON d.id = e.duplicate_of WHERE e.superseded_at IS NULL",
    )
}

/// Whose a record is, and who is among the candidates: teacher, record, state of the claim.
fn meant(house: &House) -> Vec<(i64, String, String)> {
    asked(
        house,
        "SELECT x.teacher_id, r.certificate_number, c.state FROM training_record r JOIN claim c ON c.id = r.claim_id
         JOIN (SELECT id AS claim_id, teacher_id FROM claim WHERE teacher_id IS NOT NULL
               UNION SELECT claim_id, teacher_id FROM candidate) x ON x.claim_id = c.id",
    )
}

fn asked<T>(house: &House, statement: &'static str) -> Vec<T>
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

/// Teacher → ID number, units, provisional units.
pub fn ledger(house: &House) -> HashMap<i64, (String, u64, u64)> {
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

struct Labelling {
    person: u64,
    training: u64,
    outcome: String,
}

struct Truth {
    /// Whoever has a lower number is on the roster.
    roster: u64,
    records: HashMap<String, Labelling>,
    /// ID number → person, units, provisional units.
    people: HashMap<String, (u64, u64, u64)>,
}

impl Truth {
    fn read(path: &Path, roster: u64) -> Self {
        let mut truth = Self { roster, records: HashMap::new(), people: HashMap::new() };
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let v: Value = serde_json::from_str(line).unwrap();
            let (text, number) =
                (|key: &str| v[key].as_str().unwrap().to_owned(), |key: &str| v[key].as_u64().unwrap());
            match v["kind"].as_str().unwrap() {
                "record" => {
                    let (person, training, outcome) = (number("person"), number("training"), text("outcome"));
                    truth.records.insert(text("record"), Labelling { person, training, outcome });
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

    /// Of how many records of people on the roster the right one is the teacher, or among the candidates.
    fn find(&self, ledger: &HashMap<i64, (String, u64, u64)>, meant: &[(i64, String, String)], verdict: &mut Verdict) {
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

    fn judge(&self, ledger: &HashMap<i64, (String, u64, u64)>, entries: &[Entry]) -> Verdict {
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

/// How far the ledger is the truth.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Records of the truth, and entries of the ledger.
    pub records: usize,
    pub entries: usize,
    /// Duplicates by the truth, by the ledger, and those of the ledger that are duplicates of what the ledger says.
    pub labelled: usize,
    pub told: usize,
    pub right: usize,
    /// Entries with another outcome than the truth's.
    pub other_outcome: usize,
    /// Teachers who are credited with hours of another's record.
    pub wrongly_credited: usize,
    /// People whose hours are not the truth's.
    pub other_hours: usize,
    /// Records about people on the roster; of how many of them the right one is found, and is the teacher.
    pub on_roster: usize,
    pub found: usize,
    pub definite: usize,
}
