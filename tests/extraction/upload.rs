//! Uploaded files: for a connector that reads nothing by itself, and for one that reads a folder.

use super::{Platform, Says, Site, records_json};

const PUSH: Says<'static> =
    Says { transport: "kind = \"push\"", stream: "format = { kind = \"json\", items = \"\" }", map: "" };

#[test]
fn files_are_handed_in_as_a_run_of_their_own() {
    let platform = Platform::start(|_| super::Answer::new(404, ""));
    let site = Site::new(&platform, &PUSH);
    let file = |name: &str, text: &str| {
        let path = site.house.dir.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (one, two) = (file("one.json", &records_json(0..3)), file("two.json", &records_json(2..6)));
    let pass = site.run_json(&["upload", "a", &one, &two, "--json"]);
    assert_eq!(
        (pass["balance"]["received"].as_i64(), pass["balance"]["inserted"].as_i64()),
        (Some(7), Some(6)),
        "{pass}"
    );
    assert_eq!(site.list_items(&["cursors", "list", "--json"]), serde_json::json!([]));
    assert_eq!(site.house.run_sql("SELECT count(*) FROM payload WHERE address = 'two.json'"), 1);
    // An unreadable file fails the run and is counted, and the others are read.
    let broken = file("broken.json", "[{");
    let out = site.run(&["upload", "a", &broken, &one, "--json"]);
    let pass: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!((out.status.code(), &pass["sources"][0]["failure"]["code"]), (Some(1), &"run.unread".into()), "{pass}");
    assert_eq!(
        (pass["balance"]["unread"].as_i64(), pass["balance"]["unchanged"].as_i64()),
        (Some(1), Some(3)),
        "{pass}"
    );
    for (args, code, words) in [
        (&["upload", "a", "nowhere.json"][..], 2, "cannot read the file"),
        (&["upload", "b", &one], 2, "no source"),
        (&["upload", "a", &one, "--stream", "others"], 2, "no stream"),
        (&["sync", "a"], 2, "huiliu upload"),
    ] {
        let out = site.run(args);
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.code() == Some(code) && said.contains(words), "{args:?}: {said}");
    }
    // A sync of all sources does not read this source.
    assert_eq!(site.sync(), (0, 0));
}

#[test]
fn a_connector_that_reads_a_folder_takes_its_own_files_only() {
    let platform = Platform::start(|_| super::Answer::new(404, ""));
    let transport = "kind = \"files\"\nnames = [\"list_*.json\"]";
    let site = Site::new(&platform, &Says { transport, ..PUSH });
    let folder = site.house.dir.0.join("drop");
    std::fs::create_dir_all(&folder).unwrap();
    site.write_source(&format!("folder = \"{}\"", folder.display()));
    std::fs::write(folder.join("list_1.json"), records_json(0..2)).unwrap();
    assert_eq!(site.sync(), (2, 2));
    let before = site.read_cursor();
    let named = |name: &str| {
        let path = site.house.dir.0.join(name);
        std::fs::write(&path, records_json(2..5)).unwrap();
        site.run(&["upload", "a", path.to_str().unwrap()])
    };
    assert_eq!(named("other.json").status.code(), Some(2));
    let out = named("list_0.json");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert_eq!(site.read_cursor(), before);
    assert_eq!(site.house.run_sql("SELECT count(*) FROM training_record"), 5);
    // An HTTP connector accepts no files.
    site.write_connector("p", &Says::default());
    let out = named("list_2.json");
    assert!(out.status.code() == Some(2) && String::from_utf8_lossy(&out.stderr).contains("accepts no files"));
}
