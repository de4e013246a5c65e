//! A folder is no door: what is no regular file is told, left, and never waited for, and no link leads out, whoever puts it
//! there and when. Tested with the real program.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::{lchown, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{Folder, courses};
use crate::missing::Ended;
use crate::test_env::{Services, items_of};

/// A user who is neither root nor the user of this process.
const NOBODY: u32 = 65_534;

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Makes a folder whose commands end within a minute.
fn bounded_folder(on: Services) -> Folder {
    let mut folder = Folder::new(on);
    // `timeout` ends with 124, or with 137 if it has to kill.
    folder.office.house.env.push(("HUILIU_LOG".into(), "error".into()));
    folder.office.house.prefix = ["timeout", "-k", "5", "60"].map(str::to_owned).into();
    folder
}

fn make_pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

impl Folder {
    /// Returns name → code of the reason of the entries that are left out.
    fn left_out(&self) -> BTreeMap<String, String> {
        let rows = items_of(self.office.run_json(&["files", "list", "county", "--state", "left-out"]));
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        rows.as_array().unwrap().iter().map(|row| (text(&row["name"]), text(&row["reason"]["code"]))).collect()
    }

    fn count_records(&self, of: &str) -> i64 {
        self.office
            .house
            .run_sql(&format!("SELECT count(*) FROM training_record_readable WHERE course_code LIKE '{of}%'"))
    }
}

#[test]
fn what_is_no_file_is_told_and_bars_nothing() {
    for on in [Services::Sqlite, Services::Postgres] {
        let folder = bounded_folder(on);
        folder.put("a.csv", &courses("A", 2, 36));
        folder.put("z.csv", &courses("Z", 3, 36));
        let outside = folder.office.house.dir.0.join("outside.csv");
        std::fs::write(&outside, courses("SECRET", 1, 36)).unwrap();
        make_pipe(&folder.path("pipe.csv"));
        symlink("/etc/passwd", folder.path("passwd.csv")).unwrap();
        symlink(&outside, folder.path("link.csv")).unwrap();
        symlink("nowhere", folder.path("broken.csv")).unwrap();
        std::fs::create_dir(folder.path("folder.csv")).unwrap();
        std::fs::create_dir(folder.path("done")).unwrap();
        let _socket = UnixListener::bind(folder.path("socket.csv")).unwrap();
        let mut expected = BTreeMap::from([
            ("pipe.csv", "file.pipe"),
            ("passwd.csv", "file.link"),
            ("link.csv", "file.link"),
            ("broken.csv", "file.link"),
            ("folder.csv", "file.directory"),
            ("done", "file.folder"),
            ("socket.csv", "file.socket"),
        ]);
        if is_root() {
            // A name for a file that is not theirs.
            let foreign = folder.office.house.dir.0.join("foreign.csv");
            std::fs::write(&foreign, courses("SECRET", 1, 36)).unwrap();
            lchown(&foreign, Some(NOBODY), None).unwrap();
            std::fs::hard_link(&foreign, folder.path("other-name.csv")).unwrap();
            assert!(
                Command::new("mknod").arg(folder.path("zero.csv")).args(["c", "1", "5"]).status().unwrap().success()
            );
            expected.extend([("other-name.csv", "file.other_name"), ("zero.csv", "file.device")]);
        }
        let Ended { ok, told } = folder.office.run(&["sync", "county"]);
        assert!(ok && told.contains("not regular files") && told.contains("broken.csv"), "{told}");
        let left = folder.left_out();
        let left: BTreeMap<&str, &str> = left.iter().map(|(name, code)| (name.as_str(), code.as_str())).collect();
        assert_eq!(left, expected);
        assert_eq!((folder.count_records("A"), folder.count_records("Z"), folder.count_records("SECRET")), (2, 3, 0));
        assert!(folder.office.run(&["runs", "show", "1"]).told.contains("broken.csv"));
        let told = folder.office.run(&["doctor"]).told;
        assert!(told.contains("passwd.csv") && !told.contains("county: done"), "{told}");
        assert_eq!(folder.sync(&[]), (0, true));
        // What is something else under the same name is told as that, and a file that comes in its place is read.
        for name in ["pipe.csv", "link.csv"] {
            std::fs::remove_file(folder.path(name)).unwrap();
        }
        symlink("nowhere", folder.path("pipe.csv")).unwrap();
        folder.put("link.csv", &courses("L", 1, 36));
        assert_eq!((folder.sync(&[]).0, folder.left_out()["pipe.csv"].as_str()), (1, "file.link"));
        assert_eq!(folder.state("link.csv"), "read");
    }
}

#[test]
fn a_file_that_is_too_large_bars_none_behind_it_and_is_never_green() {
    for on in [Services::Sqlite, Services::Postgres] {
        let folder = bounded_folder(on);
        folder.put("a.csv", &courses("A", 2, 36));
        File::create(folder.path("m.csv")).unwrap().set_len((64 << 20) + 1).unwrap();
        folder.put("z.csv", &courses("Z", 3, 36));
        for _ in 0..2 {
            let told = folder.fail();
            assert!(told.contains("m.csv has 67,108,865 bytes, at most 67,108,864"), "{told}");
        }
        assert_eq!((folder.count_records("A"), folder.count_records("Z")), (2, 3));
        assert_eq!((folder.state("m.csv"), folder.state("z.csv")), ("failed".into(), "read".into()));
        assert!(folder.office.run(&["runs", "show", "2"]).told.contains("67,108,865 bytes"));
        assert!(folder.office.run(&["doctor"]).told.contains("m.csv"));
        // Handed in, it is refused before the others are read.
        let paths = ["z.csv", "m.csv"].map(|name| folder.path(name).display().to_string());
        let Ended { ok, told } = folder.office.run(&["upload", "county", &paths[0], &paths[1]]);
        assert!(!ok && told.contains("67,108,865 bytes") && told.contains("nothing was uploaded"), "{told}");
    }
}

/// Runs `change` again and again on another thread, while `run` runs.
fn while_changing(change: impl Fn() + Send + 'static, run: impl FnOnce()) {
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let changer = std::thread::spawn(move || {
        while !stopped.load(Ordering::Relaxed) {
            change();
        }
    });
    run();
    stop.store(true, Ordering::Relaxed);
    changer.join().unwrap();
}

#[test]
fn a_link_that_is_swapped_in_between_listing_and_reading_leads_nowhere() {
    let folder = bounded_folder(Services::Sqlite);
    let outside = folder.office.house.dir.0.join("outside.csv");
    std::fs::write(&outside, courses("SECRET", 1, 36)).unwrap();
    for (n, name) in ["a.csv", "c.csv"].into_iter().enumerate() {
        folder.put(name, &courses(name, n + 1, 36));
    }
    // The pass has something to do between listing and reading it.
    folder.put("0.csv", &courses("LONG", 20_000, 36));
    for name in ["0.csv", "a.csv", "c.csv"] {
        super::set_modified(&folder.path(name), 1_400_000_000);
    }
    let (path, spare) = (folder.path("swapped.csv"), folder.path("swapped.tmp"));
    let swap = move || {
        std::fs::write(&spare, courses("GOOD", 1, 36)).unwrap();
        super::set_modified(&spare, 1_500_000_000);
        std::fs::rename(&spare, &path).unwrap();
        std::thread::sleep(Duration::from_millis(3));
        symlink(&outside, &spare).unwrap();
        std::fs::rename(&spare, &path).unwrap();
        std::thread::sleep(Duration::from_millis(3));
    };
    let mut ends = BTreeMap::new();
    while_changing(swap, || {
        for pass in 0..12 {
            let more: &[&str] = if pass == 0 { &[] } else { &["--full"] };
            let Ended { ok, told } = folder.office.run(&[&["sync", "county"], more].concat());
            *ends.entry(ok).or_insert(0) += 1;
            assert!(ok || told.contains("swapped.csv"), "{told}");
            assert_eq!(folder.count_records("SECRET"), 0, "pass {pass}: {told}");
        }
    });
    assert_eq!((folder.count_records("LONG"), folder.count_records("c.csv")), (20_000, 2), "{ends:?}");
    // Once it is quiet, what stands there counts.
    let _ = std::fs::remove_file(folder.path("swapped.csv"));
    folder.put("swapped.csv", &courses("QUIET", 1, 36));
    folder.sync(&[]);
    assert_eq!((folder.state("swapped.csv"), folder.count_records("QUIET")), ("read".into(), 1));
}

/// A link of root or of the program's own user says where the folder is. One of somebody else does not, whenever it comes.
#[test]
fn a_folder_that_is_swapped_for_a_link_leads_nowhere() {
    let folder = bounded_folder(Services::Sqlite);
    let at = |name: &str| folder.office.house.dir.0.join(name);
    let (place, away, outside, link) = (at("in"), at("in.away"), at("outside"), at("link"));
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("x.csv"), courses("SECRET", 1, 36)).unwrap();
    folder.put("a.csv", &courses("A", 2, 36));
    std::fs::rename(&place, &away).unwrap();
    symlink(&away, &place).unwrap();
    assert_eq!(folder.sync(&[]), (2, true), "one's own link");
    std::fs::remove_file(&place).unwrap();
    std::fs::rename(&away, &place).unwrap();
    if !is_root() {
        // Nobody else's link can be made.
        return;
    }
    symlink(&outside, &link).unwrap();
    lchown(&link, Some(NOBODY), None).unwrap();
    std::fs::rename(&place, &away).unwrap();
    std::fs::rename(&link, &place).unwrap();
    let told = folder.fail();
    assert!(told.contains("symbolic link") && told.contains("cannot read the folder"), "{told}");
    assert!(folder.office.run(&["doctor"]).told.contains("there is a symbolic link that is not followed"));
    // A folder on the way is as good a door.
    let settings = at("huiliu.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::create_dir(outside.join("below")).unwrap();
    std::fs::write(&settings, text.replace("/in\"", "/in/below\"")).unwrap();
    assert!(folder.fail().contains("symbolic link"));
    std::fs::write(&settings, text).unwrap();
    std::fs::rename(&place, &link).unwrap();
    std::fs::rename(&away, &place).unwrap();
    let swap = move || {
        std::fs::rename(&place, &away).unwrap();
        std::fs::rename(&link, &place).unwrap();
        std::thread::sleep(Duration::from_millis(2));
        std::fs::rename(&place, &link).unwrap();
        std::fs::rename(&away, &place).unwrap();
        std::thread::sleep(Duration::from_millis(4));
    };
    let mut good = 0;
    while_changing(swap, || {
        for _ in 0..20 {
            good += usize::from(folder.office.run(&["sync", "county", "--full"]).ok);
        }
    });
    assert_eq!((folder.count_records("SECRET"), folder.count_records("A")), (0, 2), "{good} of 20 passes");
    assert!(good > 0, "no pass met the folder");
}

/// A pipe where a file is named, on the command line or in settings, is told and not waited for.
#[test]
fn a_pipe_is_waited_for_nowhere() {
    let folder = bounded_folder(Services::Sqlite);
    let at = |name: &str| folder.office.house.dir.0.join(name).display().to_string();
    let (pipe, good) = (at("pipe.csv"), at("good.csv"));
    make_pipe(Path::new(&pipe));
    std::fs::write(&good, courses("A", 1, 36)).unwrap();
    let manifest = at("manifests/county/manifest.toml");
    let columns = at("columns.toml");
    std::fs::write(&columns, "id = \"身份证号\"\n[roles]\nname = \"姓名\"\n").unwrap();
    for args in [
        &["upload", "county", &pipe][..],
        &["upload", "county", "/dev/zero"],
        &["upload", "county", &at("in")],
        &["connectors", "infer", &pipe],
        &["connectors", "preview", &manifest, "--sample", &pipe],
        &["connectors", "check", &pipe],
        &["match", "--config", &columns, &pipe],
        &["match", "--config", &pipe, &good],
    ] {
        let out = folder.office.house.command(args).env("HUILIU_CONFIG", at("huiliu.toml")).output().unwrap();
        let told = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(matches!(out.status.code(), Some(1 | 2)), "{args:?}: {:?} {told}", out.status);
        let words = ["not a file", "not a regular file", "a file was expected", "is a directory"];
        assert!(words.iter().any(|words| told.contains(words)), "{args:?}: {told}");
    }
    // A link that a person names is followed.
    let link = at("link.csv");
    symlink(&good, &link).unwrap();
    assert!(folder.office.run(&["upload", "county", &link]).ok);
    assert_eq!(folder.count_records("A"), 1);
    let settings = std::fs::read_to_string(at("huiliu.toml")).unwrap();
    std::fs::write(at("huiliu.toml"), format!("{settings}password_file = {pipe:?}\n")).unwrap();
    let told = folder.office.run(&["doctor"]).told;
    assert!(told.contains("it is a pipe, a socket or a device"), "{told}");
    std::fs::write(at("huiliu.toml"), settings).unwrap();
    std::fs::create_dir(at("manifests/other")).unwrap();
    make_pipe(Path::new(&at("manifests/other/manifest.toml")));
    let told = folder.fail();
    assert!(told.contains("manifests/other/manifest.toml") && told.contains("not a file"), "{told}");
}
