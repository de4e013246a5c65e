//! Samples of other programs, and hostile ones, in `connectors infer`.

mod answers;
mod doubts;
mod generated;
mod hostile;
mod shapes;

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use huiliu_manifest::Manifest;
use serde_json::Value;

use crate::test_env::{Services, TestEnv};

const REQUIRED: [&str; 5] = ["name", "id_number", "course_code", "hours", "period_end"];

/// A sample with its known content.
struct Sample {
    file: PathBuf,
    name: String,
    unit: String,
    records: u64,
    fields: BTreeMap<String, String>,
}

/// Loads the samples of a folder beside this file, each with its truth.
fn load_samples(folder: &str) -> Vec<Sample> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/infer").join(folder);
    let mut found = vec![];
    for entry in std::fs::read_dir(folder).unwrap() {
        let truth = entry.unwrap().path();
        let Some(file) = truth.to_str().unwrap().strip_suffix(".truth.json") else { continue };
        let v: Value = serde_json::from_str(&std::fs::read_to_string(&truth).unwrap()).unwrap();
        let fields = v["fields"].as_object().unwrap();
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        found.push(Sample {
            file: file.into(),
            name: Path::new(file).file_name().unwrap().to_str().unwrap().to_owned(),
            unit: text(&v["unit"]),
            records: v["records"].as_u64().unwrap(),
            fields: fields.iter().map(|(field, path)| (field.clone(), text(path))).collect(),
        });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn strip_spaces(text: &str) -> String {
    text.split_whitespace().collect()
}

/// Returns what is wrong with a guess: required fields that are not right, and wrong fields that it called sure.
fn judge_guess(sample: &Sample, guess: &Value) -> (Vec<String>, Vec<String>) {
    let (mut missing, mut wrong) = (vec![], vec![]);
    let right = |field: &str, path: &str| {
        sample.fields.get(field).is_some_and(|truth| strip_spaces(truth) == strip_spaces(path))
    };
    for field in guess["fields"].as_array().unwrap() {
        let (name, path) = (field["field"].as_str().unwrap(), field["path"].as_str().unwrap());
        let sure = field["confidence"].as_u64().unwrap();
        if !right(name, path) && sure > 90 {
            wrong.push(format!("{}: {name} is {path}, {sure} %", sample.name));
        }
    }
    for field in REQUIRED {
        let guessed = guess["fields"].as_array().unwrap().iter().find(|f| f["field"] == field);
        let path = guessed.map_or("", |f| f["path"].as_str().unwrap());
        if !right(field, path) {
            missing.push(format!("{}: {field} is {path:?}, expected {:?}", sample.name, sample.fields.get(field)));
        }
    }
    let unit = guess["unit"]["unit"].as_str().unwrap_or_default();
    if unit != sample.unit {
        missing.push(format!("{}: the unit is {unit:?}, expected {}", sample.name, sample.unit));
        if guess["unit"]["confidence"].as_u64().is_some_and(|sure| sure > 90) {
            wrong.push(format!("{}: the unit {unit}", sample.name));
        }
    }
    (missing, wrong)
}

/// Checks that at least `least` samples have every required field right, and that nothing wrong was called sure.
fn check_right_in_at_least(folder: &str, least: usize) {
    let house = TestEnv::new(Services::Sqlite);
    let all = load_samples(folder);
    assert!(all.len() >= 20, "{folder}");
    let (mut not_right, mut surely_wrong, mut right) = (vec![], vec![], 0);
    for sample in &all {
        let guess = house.run_json(&["connectors", "infer", sample.file.to_str().unwrap(), "--json"]);
        let (missing, wrong) = judge_guess(sample, &guess);
        right += usize::from(missing.is_empty());
        not_right.extend(missing);
        surely_wrong.extend(wrong);
    }
    assert!(surely_wrong.is_empty(), "{}", surely_wrong.join("\n"));
    assert!(right >= least, "{right} of {}:\n{}", all.len(), not_right.join("\n"));
}

#[test]
fn every_required_field_is_right_in_eighteen_of_twenty_samples() {
    check_right_in_at_least("seen", 18);
}

#[test]
fn every_required_field_is_right_in_samples_written_after_the_guesser() {
    check_right_in_at_least("unseen", 18);
}

#[test]
fn every_required_field_is_right_in_most_of_twenty_five_later_samples() {
    check_right_in_at_least("later", 24);
}

#[test]
fn every_required_field_is_right_in_most_of_twenty_four_samples_written_blind() {
    check_right_in_at_least("blind", 18);
}

/// A manifest that is registered without editing may leave records out as dead letters, but it reads none wrongly: each
/// has the hours and the last day of its row, and a result only if the row has one.
#[test]
fn what_is_read_without_editing_is_as_the_rows_say() {
    let house = TestEnv::new(Services::Sqlite);
    let (mut wrong, mut registered, mut read) = (vec![], 0, 0);
    for sample in load_samples("blind") {
        let id = sample.name.split('_').next().unwrap().to_owned();
        let out = house.dir.0.join("inferred").join(&id);
        let (file, place) = (sample.file.to_str().unwrap(), out.to_str().unwrap());
        house.run_json(&["connectors", "infer", file, "--out", place, "--id", &id, "--with-sample", "--json"]);
        house.run(&["connectors", "test", place, "--accept", "--json"]);
        if !house.run(&["connectors", "register", place, "--because", "inferred"]).status.success() {
            continue;
        }
        registered += 1;
        house.run_json(&[
            "sources",
            "add",
            &id,
            "--connector",
            &id,
            "--institution-code",
            "T",
            "--schedule",
            "",
            "--json",
        ]);
        house.run(&["upload", &id, file]);
        let truth = std::fs::read_to_string(format!("{file}.truth.json")).unwrap();
        let truth: Value = serde_json::from_str(&truth).unwrap();
        let rows = truth["rows"].as_array().unwrap();
        let records = house.list_items(&["records", "list", "--limit", "10000", "--json"]);
        for record in records.as_array().unwrap().iter().filter(|record| record["source"] == id.as_str()) {
            read += 1;
            let is_of = |row: &Value| {
                let hours = format!("{} {}", row["hours"], sample.unit);
                let result = match record["pass_state"].as_str().unwrap() {
                    "passed" => ["pass", "excellent"].contains(&row["verdict"].as_str().unwrap()),
                    "failed" => row["verdict"] == "fail",
                    _ => true,
                };
                strip_spaces(row["name"].as_str().unwrap()) == strip_spaces(record["name"].as_str().unwrap())
                    && record["raw_hours"] == hours.as_str()
                    && record["period_end"] == row["end"]
                    && result
            };
            if !rows.iter().any(is_of) {
                wrong.push(format!("{id}: {record}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    // The gate refuses those with an open question about a required field.
    assert!(registered >= 10 && read >= 200, "{registered} registered, {read} records read");
}

/// Confirms what a manifest guesses: whoever knows the platform finds it right and deletes the questions, without which
/// the gate would refuse some. Returns false if the hours are only asked about.
fn confirm_guess(folder: &Path) -> bool {
    let file = folder.join("manifest.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let kept: String = text.split_inclusive('\n').filter(|line| !line.starts_with("# ?")).collect();
    let has_hours = kept.lines().any(|line| line.starts_with("hours = "));
    std::fs::write(file, kept).unwrap();
    has_hours
}

/// Infers a manifest for each sample of a folder, takes it unedited but for its questions through preview, test and
/// registration, and syncs the sample. Returns how many were registered and read completely, with every record inserted and none parked, and
/// what happened to the others.
fn sync_inferred(folder: &str) -> (usize, Vec<String>) {
    let house = TestEnv::new(Services::Sqlite);
    let drop = house.dir.0.join("drop");
    let (mut config, mut expected, mut others) = (String::new(), BTreeMap::new(), vec![]);
    for sample in load_samples(folder) {
        let id = sample.name.split('.').next().unwrap().to_lowercase();
        let (out, from) = (house.dir.0.join("inferred").join(&id), drop.join(&id));
        let (file, place) = (sample.file.to_str().unwrap(), out.to_str().unwrap());
        house.run_json(&["connectors", "infer", file, "--out", place, "--id", &id, "--with-sample", "--json"]);
        let is_asked = !confirm_guess(&out);
        if is_asked {
            others.push(format!("{}: a required field is asked about", sample.name));
            continue;
        }
        let preview = house.run_json(&["connectors", "preview", place, "--json", "--limit", "50"]);
        let records = preview["records"].as_array().unwrap();
        assert!(records.iter().all(|record| record["outcome"] == "clean"), "{}: {preview}", sample.name);
        house.run(&["connectors", "test", place, "--accept", "--json"]);
        let registered = house.run(&["connectors", "register", place, "--because", "inferred", "--json"]);
        if !registered.status.success() {
            others.push(format!("{}: {}", sample.name, String::from_utf8_lossy(&registered.stderr)));
            continue;
        }
        std::fs::create_dir_all(&from).unwrap();
        std::fs::copy(&sample.file, from.join(&sample.name)).unwrap();
        config.push_str(&format!(
            "[[source]]\nname = \"{id}\"\nconnector = \"{id}\"\ninstitution_code = \"A\"\nfolder = \"{}\"\n",
            from.display()
        ));
        expected.insert(id, sample.records);
    }
    let file = house.dir.0.join("huiliu.toml");
    std::fs::write(&file, config).unwrap();
    // Some may be unreadable; the exit code then says so.
    let out = house.run(&["sync", "--all", "--json", "--config", file.to_str().unwrap()]);
    let pass: Value =
        serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&out.stderr)));
    let mut whole = 0;
    for row in pass["sources"].as_array().unwrap() {
        if row["inserted"].as_u64() == Some(expected[row["source"].as_str().unwrap()]) && row["parked"] == 0 {
            whole += 1;
        } else {
            others.push(row.to_string());
        }
    }
    (whole, others)
}

#[test]
fn inferred_manifests_are_registered_and_read_without_editing() {
    for (folder, least) in [("seen", 19), ("unseen", 19), ("later", 24)] {
        let (whole, others) = sync_inferred(folder);
        assert!(whole >= least, "{folder}: {whole}\n{}", others.join("\n"));
    }
}

fn guess_of(house: &TestEnv, name: &str, text: &str) -> Value {
    let file = house.dir.0.join(name);
    std::fs::write(&file, text).unwrap();
    house.run_json(&["connectors", "infer", file.to_str().unwrap(), "--json"])
}

/// A column whose name contradicts its values is never surely taken by its name.
#[test]
fn a_name_alone_is_never_believed() {
    let house = TestEnv::new(Services::Sqlite);
    let ids = ["22010219590911001X", "220381197001011228", "222401198010102228", "220502196002290012"];
    let people = ["王芳", "李建国", "金·哈斯", "张伟"];
    let birth = ["1959-09-11", "1970-01-01", "1980-10-10", "1960-02-29"];
    let schools = ["长春市第八中学", "延吉市新兴小学", "通化县实验幼儿园", "榆树市秀水镇中心校"];
    let table = |header: &str, row: &dyn Fn(usize) -> String| {
        let rows: Vec<String> = (0..4).map(row).collect();
        format!("{header}\n{}\n", rows.join("\n"))
    };
    let traps: [(&str, String, &str); 6] = [
        (
            "schools under 姓名",
            table("姓名,身份证号,课程名称,学时,完成时间", &|i| {
                format!("{},{},课堂导入技术,{},2015-03-0{}", schools[i], ids[i], 8 + i, i + 1)
            }),
            "name",
        ),
        (
            "birth dates under 完成时间",
            table("姓名,身份证号,课程名称,学时,完成时间", &|i| {
                format!("{},{},课堂导入技术,{},{}", people[i], ids[i], 8 + i, birth[i])
            }),
            "period_end",
        ),
        (
            "phones under 学时",
            table("姓名,身份证号,课程名称,学时,完成时间", &|i| {
                format!("{},{},课堂导入技术,1380000123{i},2015-03-0{}", people[i], ids[i], i + 1)
            }),
            "hours",
        ),
        (
            "numbers that are no ID numbers",
            table("姓名,身份证号,课程名称,学时,完成时间", &|i| {
                format!("{},22010219590911{:04},课堂导入技术,{},2015-03-0{}", people[i], 13 * i, 8 + i, i + 1)
            }),
            "id_number",
        ),
        (
            "only the principal's number",
            table("校长姓名,校长身份证号,课程名称,学时,完成时间", &|i| {
                format!("{},{},课堂导入技术,{},2015-03-0{}", people[i], ids[i], 8 + i, i + 1)
            }),
            "name",
        ),
        (
            "first days after last days",
            table("姓名,身份证号,课程名称,学时,开始时间,结束时间", &|i| {
                format!("{},{},课堂导入技术,{},2015-06-0{},2015-03-0{}", people[i], ids[i], 8 + i, i + 1, i + 1)
            }),
            "period_end",
        ),
    ];
    for (what, text, field) in &traps {
        let guess = guess_of(&house, "trap.csv", text);
        let found = guess["fields"].as_array().unwrap().iter().find(|f| f["field"] == *field);
        let sure = found.map_or(0, |f| f["confidence"].as_u64().unwrap());
        assert!(sure <= 60, "{what}: {sure} %: {guess}");
        assert!(!guess["questions"].as_array().unwrap().is_empty(), "{what}: {guess}");
    }
}

#[test]
fn what_is_not_sure_is_a_question_in_the_manifest() {
    let house = TestEnv::new(Services::Sqlite);
    let text = "姓名,身份证号,课程名称,时长,完成时间\n王芳,22010219590911001X,课堂导入,30,2015-03-01\n\
                李建国,220381197001011228,课堂导入,40,2015-03-02\n";
    let guess = guess_of(&house, "sample.csv", text);
    assert!(guess["questions"].to_string().contains("\"unit\""), "{guess}");
    let manifest = guess["manifest"].as_str().unwrap();
    assert!(manifest.contains("# ? hours = \"时长\""), "{manifest}");
    assert!(!manifest.contains("\nhours"), "an unsure unit is mapped: {manifest}");
    assert!(manifest.contains("pass = \"pending\""), "{manifest}");
}

#[test]
fn no_person_is_shown_and_nothing_is_overwritten() {
    let house = TestEnv::new(Services::Sqlite);
    let sample = load_samples("seen").into_iter().find(|s| s.name.ends_with("a02_bare.json")).unwrap();
    let text = std::fs::read_to_string(&sample.file).unwrap();
    let people: Vec<Value> = serde_json::from_str(&text).unwrap();
    let out = house.dir.0.join("inferred");
    let args = ["connectors", "infer", sample.file.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let first = house.run(&args);
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let manifest = std::fs::read_to_string(out.join("manifest.toml")).unwrap();
    let shown = String::from_utf8_lossy(&first.stdout).into_owned() + &manifest;
    for person in &people {
        for field in ["identity_card", "real_name"] {
            assert!(!shown.contains(person[field].as_str().unwrap()), "{field} of a person is shown");
        }
    }
    assert!(!out.join("samples").exists(), "the sample is kept only when that is asked for");
    let again = house.run(&args);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("give another folder"));
    let kept = house.dir.0.join("kept");
    let args = ["connectors", "infer", args[2], "--out", kept.to_str().unwrap(), "--with-sample", "--json"];
    house.run_json(&args);
    let sample = std::fs::read_to_string(kept.join("samples/a02_bare.json")).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Value>>(&sample).unwrap().len(), people.len());
    for person in &people {
        for field in ["identity_card", "real_name"] {
            assert!(!sample.contains(person[field].as_str().unwrap()), "{field} of a person is in the sample");
        }
    }
}

#[test]
fn a_sample_is_fetched_from_a_url() {
    let house = TestEnv::new(Services::Sqlite);
    let sample = load_samples("seen").into_iter().find(|s| s.name == "a09_odata.json").unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let body = std::fs::read(&sample.file).unwrap();
    let server = std::thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        let mut asked = [0; 2_048];
        let read = peer.read(&mut asked).unwrap();
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\ncontent-type: application/json\r\n\r\n", body.len());
        peer.write_all(&[head.as_bytes(), &body].concat()).unwrap();
        String::from_utf8_lossy(&asked[..read]).into_owned()
    });
    let url = format!("http://{address}/odata/TrainingRecords?area=2201&page=1&accessToken=hush");
    let guess = house.run_json(&["connectors", "infer", &url, "--id", "odata", "--json"]);
    assert!(server.join().unwrap().starts_with("GET /odata/TrainingRecords?area=2201&page=1&accessToken=hush "));
    let (missing, _) = judge_guess(&sample, &guess);
    assert!(missing.is_empty(), "{missing:?}");
    let text = guess["manifest"].as_str().unwrap();
    for line in [
        "kind = \"http\"",
        "request = { path = \"/odata/TrainingRecords\", query = { \"area\" = \"2201\", \"accessToken\" = \"${secret.accesstoken}\" } }",
        "page = { by = \"link\", next = \"'@odata.nextLink'\", size = 500 }",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
    assert!(!guess.to_string().contains("hush"), "a secret of the URL is in the guess");
    Manifest::parse("manifest.toml", text).unwrap();
}

#[test]
fn an_encoding_other_than_utf_8_is_declared() {
    let house = TestEnv::new(Services::Sqlite);
    for name in ["a10_chinese.json", "a06_lines.jsonl", "a08_namespaces.xml"] {
        let sample = load_samples("seen").into_iter().find(|s| s.name == name).unwrap();
        let text = std::fs::read_to_string(&sample.file).unwrap();
        let (bytes, _, lost) = encoding_rs::GB18030.encode(&text);
        assert!(!lost && std::str::from_utf8(&bytes).is_err(), "{name}");
        let (file, out) = (house.dir.0.join(name), house.dir.0.join(format!("of_{name}")));
        std::fs::write(&file, bytes).unwrap();
        let (file, out) = (file.to_str().unwrap(), out.to_str().unwrap());
        let guess = house.run_json(&["connectors", "infer", file, "--out", out, "--with-sample", "--json"]);
        let manifest = guess["manifest"].as_str().unwrap();
        assert!(manifest.contains("encoding = \"gb18030\""), "{manifest}");
        let (missing, wrong) = judge_guess(&sample, &guess);
        assert!(missing.is_empty() && wrong.is_empty(), "{missing:?} {wrong:?}");
        let preview = house.run_json(&["connectors", "preview", out, "--json", "--limit", "50"]);
        let records = preview["records"].as_array().unwrap();
        assert!(!records.is_empty() && records.iter().all(|record| record["outcome"] == "clean"), "{preview}");
    }
}
