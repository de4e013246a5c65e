//! A county with its files, and the commands of Huiliu that read them.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::Value;

use crate::test_env::{Services, TestEnv};

/// Made-up people: ID number and name.
pub const WANG: (&str, &str) = ("22010219590911001X", "王一");
pub const LI: (&str, &str) = ("220203197812030225", "李二");
pub const ZHAO: (&str, &str) = ("220581198502280149", "赵三");
pub const QIAN: (&str, &str) = ("220113199001010139", "钱四");

pub const SCHOOLS: &str = "学校标识码,学校名称,行政区划代码,启用日期,停用日期,承继学校标识码\n";
pub const TEACHERS: &str =
    "姓名,身份证号,性别,出生日期,学校标识码,教师编号,联系电话,到校日期,离校日期,原身份证号,曾用名\n";

pub struct County {
    pub house: TestEnv,
    config: String,
}

impl County {
    pub fn new(on: Services, connector: &str) -> Self {
        Self::with_settings(on, connector, "")
    }

    /// Creates a county with more settings above the sources.
    pub fn with_settings(on: Services, connector: &str, settings: &str) -> Self {
        let house = TestEnv::new(on);
        let folder = |name: &str| {
            let folder = house.dir.0.join(name);
            std::fs::create_dir_all(&folder).unwrap();
            folder.display().to_string()
        };
        let source = |name: &str, connector: &str| {
            let folder = folder(name);
            format!(
                "[[source]]\nname = \"{name}\"\nconnector = \"{connector}\"\ninstitution_code = \"{name}\"\nfolder = \"{folder}\"\n"
            )
        };
        let text = format!("{settings}\n{}{}", source("county", connector), source("courses", "cmcc"));
        let file = house.dir.0.join("huiliu.toml");
        std::fs::write(&file, text).unwrap();
        // Creates the database and its key, which commands that only read do not.
        let county = Self { config: file.display().to_string(), house };
        county.run_json(&["migrate"]);
        county
    }

    pub fn drop_file(&self, source: &str, name: &str, bytes: &[u8]) {
        std::fs::write(self.house.dir.0.join(source).join(name), bytes).unwrap();
    }

    pub fn run_json(&self, args: &[&str]) -> Value {
        self.house.run_json(&[args, &["--json", "--config", &self.config]].concat())
    }

    pub fn list_items(&self, args: &[&str]) -> Value {
        crate::test_env::items_of(self.run_json(args))
    }

    pub fn run_text(&self, args: &[&str]) -> String {
        let out = self.house.run(&[args, &["--config", &self.config]].concat());
        assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    }

    pub fn run_refused(&self, args: &[&str]) -> String {
        let out = self.house.run(&[args, &["--config", &self.config]].concat());
        assert!(!out.status.success(), "{args:?} went through");
        String::from_utf8_lossy(&out.stderr).into_owned()
    }

    /// Syncs everything and returns its balance. The books must balance.
    pub fn sync(&self) -> Value {
        let pass = self.run_json(&["sync", "--all"]);
        let balance = self.run_json(&["balance"]);
        assert!(balance["balanced"] == true && balance["complete"] == true, "{balance}");
        pass["balance"].clone()
    }

    /// Drops a file of schools of a day, in the form in which the county's office saves it.
    pub fn drop_schools(&self, day: &str, lines: &str) {
        let text = format!("某县学校名册\n{SCHOOLS}{lines}填表人：\n");
        self.drop_file("county", &format!("学校名册_{day}.csv"), &encoding_rs::GB18030.encode(&text).0);
    }

    /// Drops a file of teachers of a day.
    pub fn drop_teachers(&self, day: &str, lines: &str) {
        let text = format!("某县教师名册\n{TEACHERS}{lines}填表人：\n");
        self.drop_file("county", &format!("教师名册_{day}.csv"), &encoding_rs::GB18030.encode(&text).0);
    }

    /// Drops a file with a training record of 20 class hours for each person.
    pub fn drop_records(&self, day: &str, people: &[(&str, &str)]) {
        let mut text = "姓名,身份证号,学校标识码,课程编号,课程名称,培训学时,结业时间,证书编号\n".to_owned();
        for (id, name) in people {
            text += &format!("{name},{id},2122000001,CM-01,课程,20学时,2014-09-11,Z-{}\n", &id[10..]);
        }
        self.drop_file("courses", &format!("CMCC_{day}_001.csv"), &encoding_rs::GB18030.encode(&text).0);
    }

    /// Returns what `roster show` says about an ID number, or `None` if it fails.
    pub fn show_teacher(&self, id_number: &str, on: &str) -> Option<Value> {
        let args = ["roster", "show", "-", "--on", on, "--json", "--config", &self.config];
        let mut child = self.house.command(&args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(id_number.as_bytes()).unwrap();
        let out = child.wait_with_output().unwrap();
        out.status.success().then(|| serde_json::from_slice(&out.stdout).unwrap())
    }

    /// Returns school, first and last day, and kind of end of each membership; ` !` marks an overlap.
    pub fn list_memberships(&self, id_number: &str) -> Vec<String> {
        let teacher = self.show_teacher(id_number, "2015-01-01").unwrap();
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let post = |m: &Value| {
            let mark = if m["overlaps"] == true { " !" } else { "" };
            format!("{} {}..{} {}{mark}", text(&m["school"]), text(&m["from"]), text(&m["to"]), text(&m["ended_by"]))
        };
        teacher["memberships"].as_array().unwrap().iter().map(post).collect()
    }

    /// Returns the reason codes of every open dead letter, sorted.
    pub fn open_reasons(&self) -> Vec<String> {
        let letters = self.list_items(&["dead-letters", "list"]);
        let codes = |letter: &Value| {
            let codes = letter["reasons"].as_array().unwrap().iter().map(|r| r["code"].as_str().unwrap().to_owned());
            codes.collect::<Vec<_>>().join(" ")
        };
        let mut all: Vec<String> = letters.as_array().unwrap().iter().map(codes).collect();
        all.sort();
        all
    }
}

/// Both databases.
pub const BOTH: [Services; 2] = [Services::Sqlite, Services::Postgres];
