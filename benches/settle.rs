//! Measures the cost of settling beside that of loading: `cargo bench --bench settle -- [RECORDS] [TEACHERS]`.
//!
//! Four programmes deliver CSV files into a throw-away PostgreSQL; half of the records are about a course that another
//! programme also reports. The load is measured with its settlement. Then the first settlement is repeated alone, with
//! no entries and every teacher marked; the ratio is its cost over the cost of the load without it. Then other rules are
//! registered that change every entry, and everybody is settled. Last, 1,000 late records in one file are loaded into that
//! ledger.
#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measurement prints what it finds, and fails loudly when it cannot go on"
)]

#[path = "machine.rs"]
mod machine;
#[path = "../tests/test_env.rs"]
#[allow(dead_code, reason = "the bench uses a part of the tests' house")]
mod test_env;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use machine::{Cost, SETTINGS, measure_command, run_psql};
use test_env::{Postgres, Services, TestEnv};

const PROGRAMMES: [&str; 4] = ["intel", "microsoft", "lego", "cmcc"];

const MANIFEST: &str = r#"manifest = 1
id = "ID"
version = 1
title_zh = "量"
title_en = "Measured"
profile = "Made for a measurement."

[transport]
kind = "files"
names = ["*.csv"]

[[stream]]
name = "records"
kind = "course_completion"
format = { kind = "csv", layout = { header = ["name", "id", "course"] } }
record_key = ["id", "course"]
version = { from = "landing" }
pass = "result"

[stream.map]
name = "name"
id_number = "id"
course_code = "course"
hours = { path = "hours", unit = "class_hour" }
period_end = "end"
result = "result"
"#;

/// Returns a made-up ID number with a valid check digit, unique for the first 4,000,000 people.
fn id_number(person: u64) -> String {
    let day = chrono::NaiveDate::from_ymd_opt(1960, 1, 1).unwrap() + chrono::Days::new(person / 400);
    let body = format!("220102{}{:03}", day.format("%Y%m%d"), 100 + person % 400);
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let check = b"10X98765432"[(sum % 11) as usize] as char;
    format!("{body}{check}")
}

/// Returns a programme's records as CSV, in the order of their numbers. Each teacher has some in every programme.
fn programme_rows(records: std::ops::Range<u64>, teachers: u64, programme: u64) -> String {
    let mut text = "name,id,course,hours,end,result\n".to_owned();
    for record in records.filter(|r| r % 4 == programme) {
        let (person, nth) = (record / 4 % teachers, record / 4 / teachers);
        // Every other programme also reports the course of the programme before it.
        let course = nth * 4 + programme - programme % 2;
        let result = if record % 50 == 7 { "fail" } else { "pass" };
        let hours = 4 + record % 20;
        let (month, day) = (1 + record % 12, 1 + record % 28);
        let _ = writeln!(
            text,
            "王{},{},C{course},{hours},2016-{month:02}-{day:02},{result}",
            person % 997,
            id_number(person)
        );
    }
    text
}

/// Replaces the number in each name by Han characters, because names may not contain digits.
fn names_in_han(text: &str) -> String {
    let mut lines = String::with_capacity(text.len());
    for line in text.lines() {
        let (name, rest) = line.split_once(',').unwrap_or((line, ""));
        let han = |c: char| {
            c.to_digit(10).map_or(c, |d| ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'][d as usize])
        };
        let name: String = if name == "name" { name.to_owned() } else { name.chars().map(han).collect() };
        lines.push_str(&name);
        lines.push(',');
        lines.push_str(rest);
        lines.push('\n');
    }
    lines
}

fn write_settings(house: &TestEnv, name: &str, pack: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let courses: String = (0..64)
        .map(|n| {
            let codes: Vec<String> = PROGRAMMES.iter().map(|p| format!("{p} = [\"C{n}\"]")).collect();
            format!("[[course]]\nid = \"S{n:02}\"\ntitle = \"课程 {n}\"\ncodes = {{ {} }}\n", codes.join(", "))
        })
        .collect();
    std::fs::write(house.dir.0.join("courses.toml"), courses).unwrap();
    let text = std::fs::read_to_string(root.join("config/policy/jilin-2014.toml")).unwrap();
    std::fs::write(house.dir.0.join(format!("{name}-pack.toml")), text.replace("version = 2", pack)).unwrap();
    let mut config = format!(
        "policy_files = [{:?}]\ncourses_file = {:?}\nmanifests_dir = {:?}\n",
        house.dir.0.join(format!("{name}-pack.toml")),
        house.dir.0.join("courses.toml"),
        house.dir.0.join("manifests")
    );
    for programme in PROGRAMMES {
        let folder = house.dir.0.join("manifests").join(programme);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("manifest.toml"), MANIFEST.replace("ID", programme)).unwrap();
        let _ = write!(
            config,
            "[[source]]\nname = \"{programme}\"\nconnector = \"{programme}\"\ninstitution_code = \"{programme}\"\nfolder = {:?}\nschedule = \"\"\n",
            house.dir.0.join(programme)
        );
    }
    let path = house.dir.0.join(format!("{name}.toml"));
    std::fs::write(&path, config).unwrap();
    path
}

/// Prints the CPU of client and server together, and the wall time.
fn print_cost(name: &str, cost: Cost) {
    println!("{name:<24} {:>7.2} s CPU, {:>6.2} s wall", cost.total_cpu(), cost.wall);
}

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|a| a.parse::<u64>().ok());
    let (records, teachers) = (numbers.next().unwrap_or(1_000_000), numbers.next().unwrap_or(271_600));
    let mut house = TestEnv::new(Services::Sqlite);
    house.postgres = Some(Postgres::start_with(SETTINGS));
    assert!(house.run(&["migrate"]).status.success());
    let postgres = house.postgres.as_ref().unwrap();
    let config = write_settings(&house, "first", "version = 2");
    let _ = write_settings(&house, "other", "version = 3");
    let other_pack = house.dir.0.join("other-pack.toml");
    for (n, programme) in (0..).zip(PROGRAMMES) {
        let folder = house.dir.0.join(programme);
        std::fs::create_dir_all(&folder).unwrap();
        // A file may have at most 64 MiB.
        for (part, from) in (0..records).step_by(2_000_000).enumerate() {
            let text = names_in_han(&programme_rows(from..records.min(from + 2_000_000), teachers, n));
            std::fs::write(folder.join(format!("{part}.csv")), text).unwrap();
        }
    }
    println!("{records} records of {teachers} teachers; PostgreSQL: {SETTINGS}");
    let with = |args: &[&str], config: &Path| {
        let mut command = house.command(args);
        command.arg("--config").arg(config);
        command
    };
    let load = measure_command(postgres, with(&["sync", "--all"], &config));
    let books = house.run_json(&["balance", "--json", "--config", config.to_str().unwrap()]);
    assert_eq!(
        (&books["balanced"], &books["complete"], &books["parked"]),
        (&true.into(), &true.into(), &0.into()),
        "{books}"
    );
    assert_eq!(books["inserted"], records);
    print_cost("load and settle", load);
    // The first settlement once more, alone: no entries yet, every teacher marked.
    let marks = "INSERT INTO recompute_mark (block, teachers) SELECT block, decode(repeat('ff', 128), 'hex')
                 FROM generate_series(0, (SELECT max(id) / 1024 FROM teacher)) AS block";
    run_psql(postgres, &["-c", "TRUNCATE credit_entry", "-c", marks]);
    let settle = measure_command(postgres, with(&["worker", "--until-done"], &config));
    print_cost("settle everybody", settle);
    println!("settle / load without it   {:>7.2}", settle.total_cpu() / (load.total_cpu() - settle.total_cpu()));
    let register = ["rules", "register", other_pack.to_str().unwrap(), "--because", "a measurement"];
    let again = measure_command(postgres, with(&register, &config));
    print_cost("under other rules", again);
    let rows_late: String = (0..1_000)
        .map(|n| n * (teachers / 1_000))
        .fold("name,id,course,hours,end,result\n".to_owned(), |text, person| {
            text + &format!("王{},{},LATE,8,2017-03-01,pass\n", person % 997, id_number(person))
        });
    let file = house.dir.0.join("late.csv");
    std::fs::write(&file, names_in_han(&rows_late)).unwrap();
    for n in 1..=3 {
        let late = measure_command(postgres, with(&["upload", "intel", file.to_str().unwrap()], &config));
        print_cost(&format!("1,000 late records, {n}"), late);
        std::fs::write(&file, names_in_han(&rows_late.replace(",8,", &format!(",{},", 8 + n)))).unwrap();
    }
}
