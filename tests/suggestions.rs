//! What an open dead letter's raw record probably means, and accepting it.

use std::process::Output;

use huiliu_values::id_slips::{IdSlip, find_slips};
use serde_json::Value;

use crate::operations::assert_fits_schema;
use crate::test_env::Services;
use crate::values::{Folders, id_number};

const BOTH: [Services; 2] = [Services::Sqlite, Services::Postgres];
const ROSTER: &str = include_str!("../connectors/roster-csv/manifest.toml");

/// `id_number` is how the ID number is mapped.
fn manifest(id_number: &str) -> String {
    format!(
        "manifest = 1\nid = \"county\"\nversion = 1\ntitle_zh = \"测试\"\ntitle_en = \"Test\"\nprofile = \"Made for a test.\"\n\n\
         [transport]\nkind = \"files\"\nnames = [\"*.csv\"]\n\n[[stream]]\nname = \"records\"\nkind = \"course_completion\"\n\
         format = {{ kind = \"csv\", layout = {{ header = [\"编号\", \"姓名\"] }} }}\nrecord_key = [\"编号\"]\n\
         version = {{ from = \"landing\" }}\npass = \"total\"\n\n[stream.map]\nrecord_name = \"编号\"\nname = \"姓名\"\n\
         id_number = {id_number}\ncourse_code = \"课程\"\ncourse_title = \"课程名称\"\n\
         hours = {{ path = \"学时\", unit = \"class_hour\" }}\nscore_total = \"成绩\"\nperiod_end = \"结束\"\n"
    )
}

/// A row of a county's list.
struct Row<'r> {
    record: &'r str,
    name: &'r str,
    id: &'r str,
    course: &'r str,
    title: &'r str,
    hours: &'r str,
}

const ROW: Row<'static> = Row { record: "", name: "", id: "", course: "C1", title: "教学设计", hours: "10" };

struct County(Folders);

impl County {
    fn new(on: Services, id_number: &str) -> Self {
        Self(Folders::new(on, &[("county", &manifest(id_number)), ("roster-csv", ROSTER)]))
    }

    fn sync(&self, file: &str, rows: &[Row<'_>]) {
        let line = |of: &Row<'_>| {
            let Row { record, name, id, course, title, hours } = of;
            format!("{record},{name},{id},{course},{title},{hours},85,2014-09-01\n")
        };
        let text: String = rows.iter().map(line).collect();
        self.0.put("county", file, format!("编号,姓名,身份证号,课程,课程名称,学时,成绩,结束\n{text}"));
        let (code, said) = self.0.run(&["sync", "county"]);
        assert_eq!(code, Some(0), "{said}");
    }

    fn output(&self, language: &str, args: &[&str]) -> Output {
        let config = self.0.0.dir.0.join("huiliu.toml");
        self.0.0.command(args).env("HUILIU_CONFIG", config).env("HUILIU_LANG", language).output().unwrap()
    }

    fn said_in(&self, language: &str, args: &[&str]) -> String {
        let out = self.output(language, args);
        assert!(out.status.success(), "{args:?}: {out:?}");
        String::from_utf8(out.stdout).unwrap()
    }

    fn ask(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.said_in("en", &[args, &["--json"]].concat())).unwrap()
    }

    fn letter(&self, record: &str) -> String {
        let letters = self.0.list(&["dead-letters", "list"]);
        let letter = letters.iter().find(|of| of["record"] == record);
        letter.unwrap_or_else(|| panic!("no letter of {record}: {letters:?}"))["dead_letter"].to_string()
    }

    fn show(&self, letter: &str) -> Value {
        let shown = self.ask(&["dead-letters", "show", letter]);
        assert_fits_schema("dead_letters.show", &shown);
        shown
    }

    /// The teachers and courses that are suggested for a record.
    fn suggested(&self, record: &str) -> Vec<String> {
        let shown = self.show(&self.letter(record));
        let of = |suggestion: &Value| match suggestion["kind"].as_str().unwrap() {
            "teacher" => suggestion["teacher"].to_string(),
            _ => suggestion["value"].as_str().unwrap().to_owned(),
        };
        shown["suggestions"].as_array().unwrap().iter().map(of).collect()
    }

    fn accept(&self, letter: &str, option: &[&str]) -> Value {
        let accepted = self.ask(&[&["corrections", "accept", letter], option, &["--because", "asked"]].concat());
        assert_fits_schema("suggestions.accept", &accepted);
        accepted
    }

    /// Replays a letter and returns its state after that.
    fn replay(&self, letter: &str) -> String {
        let plan = self.ask(&["replay", "plan", "--letter", letter]);
        self.ask(&["replay", "apply", &plan["replay"].to_string()]);
        self.show(letter)["state"].as_str().unwrap().to_owned()
    }

    fn teacher_of(&self, record_of: &str) -> String {
        self.teachers_of(record_of)[0].to_string()
    }

    fn teachers_of(&self, name: &str) -> Vec<i64> {
        let sql =
            format!("SELECT DISTINCT teacher_id, name FROM identity_claim WHERE name = '{name}' ORDER BY teacher_id");
        self.0.0.query_rows(&sql).into_iter().map(|(teacher, _)| teacher).collect()
    }

    fn units_of(&self, teacher: &str) -> i64 {
        self.0.0.run_sql(&format!(
            "SELECT CAST(coalesce(sum(units), 0) AS bigint) FROM credit_entry WHERE teacher_id = {teacher} AND superseded_at IS NULL"
        ))
    }

    /// Expects a refusal in both languages that names these.
    fn refused(&self, args: &[&str], words: &[&str]) {
        for language in ["en", "zh_CN.UTF-8"] {
            let out = self.output(language, args);
            let said = String::from_utf8_lossy(&out.stderr).into_owned();
            assert_eq!(out.status.code(), Some(2), "{args:?}: {said}");
            for word in words {
                assert!(said.contains(word), "{args:?}: {word:?} is not in {said}");
            }
        }
    }
}

/// Changes the characters of a number.
fn typed(number: &str, slip: impl Fn(&mut Vec<char>)) -> String {
    let mut chars: Vec<char> = number.chars().collect();
    slip(&mut chars);
    assert_ne!(chars.iter().collect::<String>(), number);
    chars.into_iter().collect()
}

/// Writes another digit.
fn replaced(number: &str) -> String {
    typed(number, |of| of[15] = if of[15] == '9' { '8' } else { '9' })
}

#[test]
fn the_teacher_of_a_mistyped_number_is_suggested_accepted_and_gets_the_hours() {
    for on in BOTH {
        let county = County::new(on, "\"身份证号\"");
        let numbers: Vec<String> = (0..7).map(id_number).collect();
        let names = ["赵一", "钱二", "孙三", "李四", "周五", "阿卜杜拉·买买提", "郑七"];
        let good = |nth: usize| Row {
            record: ["G0", "G1", "G2", "G3", "G4", "G5", "G6"][nth],
            name: names[nth],
            id: &numbers[nth],
            ..ROW
        };
        county.sync("good.csv", &[0, 1, 2, 3, 4, 5, 6].map(good));
        let slips = [
            replaced(&numbers[0]),
            typed(&numbers[1], |of| of.swap(12, 13)),
            typed(&numbers[2], |of| {
                of.remove(7);
            }),
            typed(&numbers[3], |of| of.insert(9, '5')),
            typed(&numbers[4], |of| (of[2], of[4]) = ('O', 'o')),
            replaced(&numbers[5]),
            numbers[6].replace('0', "O").replace('1', "l"),
        ];
        let bad = |record, name, id| Row { record, name, id, course: "C2", ..ROW };
        county.sync(
            "bad.csv",
            &[
                bad("B0", "赵一", &slips[0]),
                bad("B1", "钱二", &slips[1]),
                bad("B2", "孙三", &slips[2]),
                bad("B3", "李四", &slips[3]),
                bad("B4", "周五", &slips[4]),
                // Written otherwise, and the same name.
                bad("B5", "阿卜杜拉买买提", &slips[5]),
                bad("B6", "郑七", &slips[6]),
                // Another name, one that cannot be read, and a number that is nobody's.
                bad("N0", "赵二", &slips[0]),
                bad("N1", "赵一?", &slips[0]),
                bad("N2", "赵一", &replaced(&id_number(9))),
                // Two slips.
                bad("N3", "赵一", &typed(&slips[0], |of| of[12] = if of[12] == '0' { '2' } else { '0' })),
            ],
        );
        for (nth, name) in names.iter().enumerate() {
            let teacher = county.teacher_of(name);
            assert_eq!(county.suggested(&format!("B{nth}")), [teacher], "{on:?}: {name}");
        }
        for record in ["N0", "N1", "N2", "N3"] {
            assert_eq!(county.suggested(record), Vec::<String>::new(), "{on:?}: {record}");
        }

        let (letter, teacher) = (county.letter("B0"), county.teacher_of("赵一"));
        let shown = county.show(&letter);
        let suggestion = &shown["suggestions"][0];
        assert_eq!((&suggestion["field"], &suggestion["name"]), (&"身份证号".into(), &"赵一".into()));
        assert!(suggestion["value"].as_str().unwrap().starts_with("22****"), "{suggestion}");
        assert_eq!(suggestion["why"]["slip"]["code"], "id_slip.replaced");
        let before = county.units_of(&teacher);
        county.refused(&["corrections", "accept", &letter, "--teacher", "999999"], &["999999", &teacher, &letter]);
        county.refused(&["corrections", "accept", &letter, "--course", "C1"], &[&letter, "corrections add"]);
        county.refused(&["corrections", "accept", &county.letter("N0"), "--teacher", &teacher], &["corrections add"]);
        county.refused(&["corrections", "accept", "999999", "--teacher", &teacher], &["999999"]);
        county.refused(&["corrections", "accept", &letter], &["--teacher", "--course"]);
        county.refused(&["corrections", "accept", &letter, "--teacher", "1", "--course", "C1"], &["--course"]);
        assert_eq!(county.0.0.run_sql("SELECT count(*) FROM correction"), 0);

        let accepted = county.accept(&letter, &["--teacher", &teacher]);
        assert_eq!(accepted["accepted"], *suggestion);
        let corrections = county.0.list(&["corrections", "list", "--letter", &letter]);
        assert_eq!((corrections.len(), &corrections[0]["field"]), (1, &"身份证号".into()));
        let corrected = county.show(&letter);
        assert_eq!(corrected["state"], "open");
        let act = corrected["history"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(
            (&act["action"], &act["detail"]["suggestion"]["teacher"]),
            (&"dead_letter.correct".into(), &suggestion["teacher"]),
            "{act}"
        );
        assert_eq!(county.replay(&letter), "closed", "{on:?}");
        assert!(county.units_of(&teacher) > before, "{on:?}");
        assert_eq!(county.teachers_of("赵一").len(), 1);
        let closed = county.show(&letter);
        assert_eq!(closed["suggestions"], serde_json::json!([]));
        county.refused(&["corrections", "accept", &letter, "--teacher", &teacher], &[&letter]);
        // Without a reason, that it was a suggestion is the reason.
        let (letter, teacher) = (county.letter("B4"), county.teacher_of("周五"));
        let with_letters = county.said_in("en", &["dead-letters", "show", &letter]);
        county.ask(&["corrections", "accept", &letter, "--teacher", &teacher]);
        assert_eq!(
            county.0.list(&["corrections", "list", "--letter", &letter])[0]["because"],
            "a suggestion was accepted"
        );
        assert_eq!(county.replay(&letter), "closed", "{on:?}");

        // No ID number in anything that was said.
        let audit = county.said_in("en", &["audit"]);
        let mut said = vec![
            with_letters,
            shown.to_string(),
            accepted.to_string(),
            corrected.to_string(),
            closed.to_string(),
            audit,
        ];
        for record in ["B1", "B2", "B3", "B5", "B6"] {
            let letter = county.letter(record);
            said.push(county.show(&letter).to_string());
            for (language, why) in [("en", "by a slip"), ("zh_CN.UTF-8", "笔误")] {
                let told = county.said_in(language, &["dead-letters", "show", &letter]);
                assert!(told.contains(why) && told.contains(&format!("accept {letter} --teacher ")), "{told}");
                said.push(told);
            }
        }
        let numbers = numbers.iter().chain(&slips);
        for (number, said) in numbers.flat_map(|number| said.iter().map(move |said| (number, said))) {
            assert!(!said.contains(number.as_str()), "{number} is in {said}");
        }
        assert!(county.0.run(&["balance"]).0 == Some(0));
    }
}

#[test]
fn several_teachers_are_listed_and_only_one_whom_the_letter_may_mean_is_accepted() {
    for on in BOTH {
        let county = County::new(on, "\"身份证号\"");
        let first = id_number(1);
        let damaged = replaced(&first);
        // Somebody else of the same name whose number differs from the damaged one by a slip, too.
        let other = find_slips(&damaged)
            .into_iter()
            .find(|(number, slip)| number.reveal() != first && *slip == IdSlip::Replaced);
        let second = other.unwrap().0.reveal().to_owned();
        county.sync(
            "good.csv",
            &[
                Row { record: "G1", name: "王伟", id: &first, ..ROW },
                Row { record: "G2", name: "王伟", id: &second, ..ROW },
                Row { record: "G3", name: "王伟", id: &id_number(5), ..ROW },
            ],
        );
        county.sync("bad.csv", &[Row { record: "B1", name: "王伟", id: &damaged, course: "C2", ..ROW }]);
        let letter = county.letter("B1");
        let suggested = county.suggested("B1");
        let all = county.teachers_of("王伟");
        assert_eq!((suggested.len(), all.len()), (2, 3), "{on:?}");
        let third = all.iter().map(i64::to_string).find(|of| !suggested.contains(of)).unwrap();
        county.refused(&["corrections", "accept", &letter, "--teacher", &third], &[&suggested[0], &suggested[1]]);
        let before = suggested.iter().map(|teacher| county.units_of(teacher)).collect::<Vec<_>>();
        county.accept(&letter, &["--teacher", &suggested[1]]);
        assert_eq!(county.replay(&letter), "closed", "{on:?}");
        assert_eq!(county.units_of(&suggested[0]), before[0]);
        assert!(county.units_of(&suggested[1]) > before[1]);
    }
}

#[test]
fn nobody_is_suggested_whose_name_is_disputed() {
    for on in BOTH {
        let county = County::new(on, "\"身份证号\"");
        let number = id_number(1);
        county.sync(
            "good.csv",
            &[
                Row { record: "G1", name: "孙三", id: &number, ..ROW },
                // A person must decide whose number it is.
                Row { record: "G2", name: "王五", id: &number, course: "C2", ..ROW },
            ],
        );
        let damaged = replaced(&number);
        let bad = |record, name| Row { record, name, id: &damaged, course: "C3", ..ROW };
        county.sync("bad.csv", &[bad("B1", "孙三"), bad("B2", "王五")]);
        for record in ["B1", "B2"] {
            assert_eq!(county.suggested(record), Vec::<String>::new(), "{on:?}: {record}");
        }
    }
}

#[test]
fn a_teacher_of_the_roster_is_suggested_by_the_name_of_the_roster() {
    for on in BOTH {
        let county = County::new(on, "\"身份证号\"");
        let (one, two) = (id_number(1), id_number(2));
        county.0.put(
            "roster-csv",
            "schools_20140901.csv",
            "学校标识码,学校名称,行政区划代码,启用日期\n2122000001,实验小学,220102,1998-09-01\n",
        );
        county.0.put(
            "roster-csv",
            "teachers_20140901.csv",
            format!("教师编号,姓名,身份证号,学校标识码\nT-001,丁一,{one},2122000001\nT-002,马二,{two},2122000001\n"),
        );
        let (code, said) = county.0.run(&["sync", "roster-csv"]);
        assert_eq!(code, Some(0), "{said}");
        county.sync(
            "bad.csv",
            &[
                // A record says that somebody of another name has this number; the roster decides.
                Row { record: "G2", name: "牛二", id: &two, ..ROW },
                Row { record: "B1", name: "丁一", id: &replaced(&one), ..ROW },
                Row { record: "B2", name: "马二", id: &replaced(&two), course: "C2", ..ROW },
                Row { record: "B3", name: "牛二", id: &replaced(&two), course: "C2", ..ROW },
            ],
        );
        assert_eq!((county.suggested("B1").len(), county.suggested("B2").len()), (1, 1), "{on:?}");
        assert_eq!(county.suggested("B3"), Vec::<String>::new(), "{on:?}");
        let (letter, teacher) = (county.letter("B1"), county.suggested("B1").swap_remove(0));
        county.accept(&letter, &["--teacher", &teacher]);
        assert_eq!(county.replay(&letter), "closed", "{on:?}");
        assert!(county.units_of(&teacher) > 0, "{on:?}");
    }
}

#[test]
fn the_course_of_a_known_title_is_suggested_accepted_and_replayed() {
    for on in BOTH {
        let county = County::new(on, "\"身份证号\"");
        let (one, two) = (id_number(1), id_number(2));
        let good = |record, course, title| Row { record, name: "赵一", id: &one, course, title, ..ROW };
        county.sync(
            "good.csv",
            &[good("G1", "C1", "教学设计"), good("G2", "C2", "微课制作"), good("G3", "it's", "引号")],
        );
        county.sync("good_2.csv", &[good("G4", "C9", "微课制作")]);
        let damaged = replaced(&two);
        let bad = |record, course, title| Row { record, name: "钱二", id: &two, course, title, ..ROW };
        county.sync(
            "bad.csv",
            &[
                Row { record: "G5", name: "钱二", id: &two, title: "教学设计", ..ROW },
                bad("B1", "", "教学设计"),
                bad("B2", "无", "微课制作"),
                bad("B3", "", "教学设计（二）"),
                bad("B4", "", ""),
                bad("B5", "", "引号"),
                Row { record: "B6", name: "钱二", id: &damaged, course: "", title: "微课制作", ..ROW },
            ],
        );
        assert_eq!(county.suggested("B1"), ["C1"], "{on:?}");
        assert_eq!(county.suggested("B2"), ["C9", "C2"], "{on:?}: the newest first");
        for record in ["B3", "B4"] {
            assert_eq!(county.suggested(record), Vec::<String>::new(), "{on:?}: {record}");
        }
        let (letter, teacher) = (county.letter("B1"), county.teacher_of("钱二"));
        county.refused(&["corrections", "accept", &letter, "--course", "C2"], &["C2", "C1", &letter]);
        county.refused(&["corrections", "accept", &county.letter("B3"), "--course", "C1"], &["corrections add"]);
        county.accept(&letter, &["--course", "C1"]);
        assert_eq!(county.replay(&letter), "closed", "{on:?}");
        let stored = format!(
            "SELECT count(*) FROM dead_letter d JOIN training_record r ON r.id = d.record_id JOIN offering o ON o.id = r.offering_id
             WHERE d.id = {letter} AND o.course_code = 'C1'"
        );
        assert_eq!(county.0.0.run_sql(&stored), 1, "{on:?}");
        // What a platform calls its courses is no command of the shell.
        let quoted = county.letter("B5");
        let told = county.said_in("en", &["dead-letters", "show", &quoted]);
        assert!(told.contains(&format!(r"accept {quoted} --course='it'\''s'")), "{told}");
        // One row with two faults needs both.
        let letter = county.letter("B6");
        assert_eq!(county.suggested("B6"), [teacher.as_str(), "C9", "C2"], "{on:?}");
        county.accept(&letter, &["--course", "C2"]);
        assert_eq!(county.replay(&letter), "open", "{on:?}");
        county.accept(&letter, &["--teacher", &teacher]);
        assert_eq!(county.replay(&letter), "closed", "{on:?}");
        assert!(county.0.run(&["balance"]).0 == Some(0));
    }
}

#[test]
fn nothing_is_suggested_where_the_number_is_no_raw_field_as_it_stands() {
    let county = County::new(Services::Sqlite, "{ first_of = [\"身份证号\", \"编号\"] }");
    let number = id_number(1);
    county.sync(
        "list.csv",
        &[
            Row { record: "G1", name: "赵一", id: &number, ..ROW },
            Row { record: "B1", name: "赵一", id: &replaced(&number), course: "C2", ..ROW },
        ],
    );
    assert_eq!(county.suggested("B1"), Vec::<String>::new());
}
