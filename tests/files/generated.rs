//! Generated folders: whatever happens to their files between passes, no pass ends green with less than the truth.
//! `HUILIU_FOLDERS=500` generates more of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::{HEADER, MANIFEST, csv, set_modified};
use crate::test_env::{Services, TestEnv};

const PASSES: u64 = 4;

/// A generator of numbers that is the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// A file that is there, with its courses and hours.
#[derive(Clone)]
struct Written {
    rows: Vec<(String, u32)>,
    modified: u64,
    is_bad: bool,
}

/// A folder, what is in it, and what should be stored of it.
struct Folder {
    name: String,
    dir: PathBuf,
    random: Random,
    clock: u64,
    next: u64,
    files: BTreeMap<String, Written>,
    /// Files that changed since the last pass: when, and under which name.
    news: BTreeSet<(u64, String)>,
    /// Files that were touched or renamed since the last pass.
    touched: BTreeSet<String>,
    /// Files that were bad at a pass and are not mended.
    unread: BTreeSet<String>,
    has_foreign: bool,
    growing: Option<String>,
    truth: BTreeMap<String, u32>,
}

impl Folder {
    fn new(number: u64, dir: PathBuf) -> Self {
        std::fs::create_dir_all(&dir).unwrap();
        let (name, random) =
            (format!("s{number}"), Random(0x9E37_79B9_7F4A_7C15 ^ (number + 1).wrapping_mul(0xD1B5_4A32)));
        let (files, news, touched, unread, truth) = Default::default();
        let (has_foreign, growing) = (false, None);
        Self {
            name,
            dir,
            random,
            clock: 1_420_000_000,
            next: 0,
            files,
            news,
            touched,
            unread,
            has_foreign,
            growing,
            truth,
        }
    }

    /// A name that may come before or after all others.
    fn new_name(&mut self) -> String {
        self.next += 1;
        let prefixes = ["长春", "吉林", "a", "Z", "10_", "9_", "导出_2014093"];
        format!("{}{}.csv", prefixes[usize::try_from(self.random.below(7)).unwrap()], self.next)
    }

    fn new_rows(&mut self) -> Vec<(String, u32)> {
        self.next += 1;
        let (first, n) = (self.next, 1 + self.random.below(3));
        (0..n).map(|row| (format!("C{first}-{row}"), 10)).collect()
    }

    fn tick(&mut self) -> u64 {
        self.clock += 60;
        self.clock
    }

    fn write(&mut self, name: &str, written: Written) {
        let text = if written.is_bad { "Name;ID\nx;y\n".to_owned() } else { csv(written.rows.clone()) };
        let path = self.dir.join(name);
        std::fs::write(&path, text).unwrap();
        set_modified(&path, written.modified);
        self.news.retain(|(_, known)| known != name);
        self.news.insert((written.modified, name.to_owned()));
        self.files.insert(name.to_owned(), written);
    }

    /// Any file that has not changed since the last pass, and whether it may be bad.
    fn pick(&mut self, bad: bool) -> Option<String> {
        let news: BTreeSet<&String> = self.news.iter().map(|(_, name)| name).chain(&self.touched).collect();
        let old: Vec<&String> = self
            .files
            .iter()
            .filter(|(name, of)| of.is_bad == bad && !news.contains(name))
            .map(|(name, _)| name)
            .collect();
        if old.is_empty() {
            return None;
        }
        let at = self.random.below(old.len() as u64);
        Some(old[usize::try_from(at).unwrap()].clone())
    }

    fn act(&mut self) {
        let modified = self.tick();
        match self.random.below(13) {
            0..=2 => {
                let (name, rows) = (self.new_name(), self.new_rows());
                self.write(&name, Written { rows, modified, is_bad: false });
            }
            // Late, with an old time.
            3 => {
                let (name, rows) = (self.new_name(), self.new_rows());
                self.write(&name, Written { rows, modified: modified - 30_000_017, is_bad: false });
            }
            4 => self.change(modified, |rows, more| {
                rows.iter_mut().for_each(|row| row.1 += 1);
                rows.extend(more);
            }),
            // The same size, other bytes.
            5 => self.change(modified, |rows, _| rows.iter_mut().for_each(|row| row.1 = 10 + (row.1 + 1) % 80)),
            6 => self.correct(modified),
            7 => self.rename(),
            8 => {
                if let Some(name) = self.pick(false) {
                    let copy = self.new_name();
                    let written = Written { modified, ..self.files[&name].clone() };
                    self.write(&copy, written);
                }
            }
            9 => {
                if let Some(name) = self.pick(false) {
                    set_modified(&self.dir.join(&name), modified);
                    self.files.get_mut(&name).unwrap().modified = modified;
                    self.touched.insert(name);
                }
            }
            10 => {
                for name in ["~$a.csv", ".b.csv", "c.csv.part", "d.txt"] {
                    std::fs::write(self.dir.join(name), "x").unwrap();
                }
                self.has_foreign = true;
            }
            11 => match self.pick(true) {
                Some(name) => {
                    let rows = self.new_rows();
                    self.write(&name, Written { rows, modified, is_bad: false });
                }
                None => {
                    let name = self.new_name();
                    self.write(&name, Written { rows: vec![], modified, is_bad: true });
                }
            },
            _ => {
                if self.growing.is_none() {
                    let name = self.new_name();
                    std::fs::write(self.dir.join(&name), HEADER).unwrap();
                    self.growing = Some(name);
                }
            }
        }
    }

    /// Replaces a file by one with other rows.
    fn change(&mut self, modified: u64, change: impl FnOnce(&mut Vec<(String, u32)>, Vec<(String, u32)>)) {
        let Some(name) = self.pick(false) else { return };
        let (mut rows, more) = (self.files[&name].rows.clone(), self.new_rows());
        change(&mut rows, more);
        self.write(&name, Written { rows, modified, is_bad: false });
    }

    /// A new file says other hours of what an older one said.
    fn correct(&mut self, modified: u64) {
        let Some(name) = self.pick(false) else { return };
        let (correction, mut rows) = (self.new_name(), self.files[&name].rows.clone());
        rows.iter_mut().for_each(|row| row.1 += 3);
        self.write(&correction, Written { rows, modified, is_bad: false });
    }

    /// The time stays, so it says nothing new.
    fn rename(&mut self) {
        let Some(name) = self.pick(false) else { return };
        let to = self.new_name();
        // The date in a name says something.
        if name.starts_with("导出") || to.starts_with("导出") {
            return;
        }
        std::fs::rename(self.dir.join(&name), self.dir.join(&to)).unwrap();
        let written = self.files.remove(&name).unwrap();
        self.touched.insert(to.clone());
        self.files.insert(to, written);
    }

    /// Takes what the pass should have read into the truth.
    fn expect_news(&mut self) {
        self.touched.clear();
        for (_, name) in std::mem::take(&mut self.news) {
            let Written { rows, is_bad, .. } = &self.files[&name];
            if *is_bad {
                self.unread.insert(name);
            } else {
                self.unread.remove(&name);
                self.truth.extend(rows.iter().cloned());
            }
        }
    }

    /// Compares a pass with the truth.
    fn check(&self, report: &Value, stored: &BTreeMap<String, u32>) -> Vec<String> {
        let complete = report["complete"] == true;
        let green = report["state"] == "done" && complete && report["open_payloads"] == 0;
        let mut wrong = Vec::new();
        if green != (self.unread.is_empty() && self.growing.is_none()) {
            wrong.push(format!("green: {green}, unread {:?}, growing {:?}", self.unread, self.growing));
        }
        if *stored != self.truth {
            wrong.push(format!("stored {stored:?}\n  truth {:?}", self.truth));
        }
        if report["notes"].to_string().contains("run.files_left_out") != self.has_foreign {
            wrong.push(format!("foreign: {}", report["notes"]));
        }
        if wrong.is_empty() { wrong } else { vec![format!("{}: {}\n  {report}", self.name, wrong.join("; "))] }
    }
}

/// Number of rows that a growing file gets.
const GROWN: usize = 40;

/// Appends rows to files, and then only changes their times, until it is told to stop. Returns the rows of each.
struct Writer {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<Vec<(String, u32)>>,
}

impl Writer {
    fn start(paths: Vec<PathBuf>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut files: Vec<File> =
                paths.iter().map(|path| File::options().append(true).open(path).unwrap()).collect();
            let mut rows = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                let row = (rows.len() < GROWN).then(|| (format!("G{}", rows.len()), 7));
                for file in &mut files {
                    match &row {
                        Some((course, hours)) => {
                            writeln!(file, "王明明,220102197501010110,{course},{hours},2015-03-01").unwrap();
                        }
                        None => file.set_modified(std::time::SystemTime::now()).unwrap(),
                    }
                }
                rows.extend(row);
                std::thread::sleep(Duration::from_millis(25));
            }
            rows
        });
        Self { stop, thread }
    }

    fn stop(self) -> Vec<(String, u32)> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// Returns the hours of every stored course, by source.
fn stored_courses(house: &TestEnv) -> BTreeMap<String, BTreeMap<String, u32>> {
    let sql = "SELECT CAST(r.hours_units / 108000 AS bigint), s.name || ' ' || o.course_code
               FROM training_record r JOIN source s ON s.id = r.source_id JOIN offering o ON o.id = r.offering_id";
    let mut all: BTreeMap<String, BTreeMap<String, u32>> = BTreeMap::new();
    for (hours, text) in house.query_rows(sql) {
        let text = String::from_utf8(text).unwrap();
        let (source, course) = text.split_once(' ').unwrap();
        all.entry(source.to_owned()).or_default().insert(course.to_owned(), u32::try_from(hours).unwrap());
    }
    all
}

fn write_settings(house: &TestEnv, folders: &[Folder]) {
    let manifests = house.dir.0.join("manifests");
    std::fs::create_dir_all(manifests.join("county")).unwrap();
    std::fs::write(manifests.join("county/manifest.toml"), MANIFEST).unwrap();
    let source = |folder: &Folder| {
        format!(
            "[[source]]\nname = \"{}\"\nconnector = \"county\"\ninstitution_code = \"P\"\nfolder = {:?}\n",
            folder.name, folder.dir
        )
    };
    let sources: String = folders.iter().map(source).collect();
    std::fs::write(house.dir.0.join("huiliu.toml"), format!("manifests_dir = {manifests:?}\n{sources}")).unwrap();
}

#[test]
fn no_pass_over_generated_folders_ends_green_with_less_than_the_truth() {
    let count = std::env::var("HUILIU_FOLDERS").ok().map_or(40, |text| text.parse().unwrap());
    let house = TestEnv::new(Services::Sqlite);
    let mut folders: Vec<Folder> =
        (0..count).map(|number| Folder::new(number, house.dir.0.join(format!("in{number}")))).collect();
    write_settings(&house, &folders);
    let (mut wrong, mut green) = (Vec::new(), 0);
    for pass in 0..PASSES {
        for folder in &mut folders {
            (0..=folder.random.below(4)).for_each(|_| folder.act());
        }
        let growing = folders.iter().filter_map(|folder| folder.growing.as_ref().map(|name| folder.dir.join(name)));
        let writer = Writer::start(growing.collect());
        let config = house.dir.0.join("huiliu.toml");
        let out = house.command(&["sync", "--all", "--json", "--config", config.to_str().unwrap()]).output().unwrap();
        let grown = writer.stop();
        let told = String::from_utf8_lossy(&out.stderr).into_owned();
        let report: Value = serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {told}"));
        let stored = stored_courses(&house);
        for (folder, of) in folders.iter_mut().zip(report["sources"].as_array().unwrap()) {
            folder.expect_news();
            let found = folder.check(of, stored.get(&folder.name).unwrap_or(&BTreeMap::new()));
            green += usize::from(found.is_empty() && of["state"] == "done");
            wrong.extend(found.into_iter().map(|what| format!("pass {pass}: {what}")));
            // What was being written is whole now.
            if let Some(name) = folder.growing.take() {
                let modified = folder.tick();
                folder.write(&name, Written { rows: grown.clone(), modified, is_bad: false });
            }
        }
    }
    eprintln!("{count} folders, {PASSES} passes each, {green} green");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(green > usize::try_from(count).unwrap(), "only {green} passes ended green");
}
