//! Disks that are full, nearly full, or fail.

use std::time::Duration;

use super::{Running, SmallDisk, count_said, limit_file_size, wait_until, without_size_signal};
use crate::extraction::receive::{open_with, push_site, push_site_at};
use crate::extraction::{Platform, Says, Site, page_of_records, records_json};
use crate::test_env::Services;

const NO_ROOM: &str = "until there is room on the disk";
const ROOM: &str = "there is room on the disk again";
const RECORDS: &str = "SELECT count(*) FROM training_record";
const PAYLOADS: &str = "SELECT count(*) FROM payload";
const DOOR: [&str; 3] = ["receive", "--listen", "127.0.0.1:0"];

/// Returns how many raw records a site has received, and how many are in its ledger's records.
fn count_records(site: &Site) -> (i64, i64) {
    let books = site.run_json(&["balance", "--json"]);
    (books["received"].as_i64().unwrap(), books["inserted"].as_i64().unwrap())
}

/// Returns records with 900 KiB in each that no compression makes small.
fn bulky_records(numbers: std::ops::Range<usize>) -> String {
    const BULK: usize = 900 << 10;
    let mut state = 7_u64;
    let mut filled = String::new();
    for part in records_json(numbers).split_inclusive('{') {
        filled += part;
        if !part.ends_with('{') {
            continue;
        }
        let mut filler = String::with_capacity(BULK);
        while filler.len() < BULK {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            filler += &format!("{:08x}", state >> 32);
        }
        filled += &format!("\"filler\": \"{filler}\", ");
    }
    filled
}

#[test]
fn a_full_disk_is_survived() {
    let (mut site, disk) = push_site_at(Services::Sqlite, |site| SmallDisk::mount(site, 80));
    site.house.env.push(("HUILIU_MIN_FREE_MIB".to_owned(), "0".to_owned()));
    site.house.env.push(("HUILIU_LEASE_MS".to_owned(), "1000".to_owned()));
    let mut door = open_with(site.command(&DOOR));
    let mut worker = Running::start(site.command(&["worker"]));
    assert_eq!(door.post_with_bearer("one", &records_json(0..3)).0, 202);
    wait_until("three records", || count_records(&site) == (3, 3));

    let ballast = disk.add_ballast(80);
    let large = bulky_records(3..23);
    for _ in 0..2 {
        let (status, told) = door.post_with_bearer("large", &large);
        assert_eq!((status, &told["code"], &told["status"]), (507, &"room".into(), &507.into()), "{told}");
        std::thread::sleep(Duration::from_millis(2_500));
    }
    assert_eq!(count_records(&site), (3, 3));
    assert!(door.child.try_wait().unwrap().is_none() && worker.is_running(), "{}", worker.said.lock().unwrap());

    std::fs::remove_file(ballast).unwrap();
    wait_until("the payload is taken", || door.post_with_bearer("large", &large).0 == 202);
    assert_eq!(door.post_with_bearer("after", &records_json(23..25)).0, 202);
    wait_until("25 records", || count_records(&site) == (25, 25));
    assert_eq!(
        (count_said(&door.said, NO_ROOM), count_said(&door.said, ROOM)),
        (1, 1),
        "{}",
        door.said.lock().unwrap()
    );
    assert!(worker.is_running());
}

#[test]
fn below_the_free_space_of_the_settings_nothing_lands() {
    let (mut site, disk) = push_site_at(Services::Sqlite, |site| SmallDisk::mount(site, 64));
    site.house.env.push(("HUILIU_MIN_FREE_MIB".to_owned(), "32".to_owned()));
    let door = open_with(site.command(&DOOR));
    assert_eq!(door.post_with_bearer("one", &records_json(0..3)).0, 202);
    let ballast = disk.add_ballast(44);
    for _ in 0..2 {
        let (status, told) = door.post_with_bearer("two", &records_json(3..4));
        assert_eq!((status, &told["code"]), (507, &"room".into()), "{told}");
    }
    let worker = Running::start(site.command(&["worker"]));
    wait_until("the worker says so", || count_said(&worker.said, NO_ROOM) == 1);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(count_records(&site), (3, 0));

    std::fs::remove_file(ballast).unwrap();
    assert_eq!(door.post_with_bearer("two", &records_json(3..4)).0, 202);
    wait_until("four records", || count_records(&site) == (4, 4));
    for said in [&door.said, &worker.said] {
        assert_eq!((count_said(said, NO_ROOM), count_said(said, ROOM)), (1, 1), "{}", said.lock().unwrap());
    }
    assert!(worker.said.lock().unwrap().contains("min_free_mib asks for 32"));
}

#[test]
fn a_sync_waits_for_room() {
    let platform = Platform::start(|_| page_of_records(0..3, ""));
    let mut site = Site::new(&platform, &Says::default());
    let disk = SmallDisk::mount(&mut site, 64);
    site.house.env.push(("HUILIU_MIN_FREE_MIB".to_owned(), "32".to_owned()));
    let ballast = disk.add_ballast(44);
    let mut sync = Running::start(site.command(&["sync", "--all"]));
    wait_until("the sync says so", || count_said(&sync.said, NO_ROOM) == 1);
    std::thread::sleep(Duration::from_secs(2));
    assert!(sync.is_running() && platform.requests().is_empty());
    std::fs::remove_file(ballast).unwrap();
    assert!(sync.child.wait().unwrap().success(), "{}", sync.said.lock().unwrap());
    assert_eq!(count_records(&site), (3, 3));
}

#[test]
fn a_disk_that_fails_is_survived() {
    let mut site = push_site(Services::Sqlite);
    site.house.env.push(("HUILIU_LEASE_MS".to_owned(), "1000".to_owned()));
    let door = open_with(without_size_signal(&site.command(&DOOR)));
    let mut worker = Running::start(without_size_signal(&site.command(&["worker"])));
    assert_eq!(door.post_with_bearer("one", &records_json(0..2)).0, 202);
    wait_until("two records", || site.house.run_sql(RECORDS) == 2);

    limit_file_size(&door.child, "4096");
    for _ in 0..3 {
        let (status, told) = door.post_with_bearer("two", &records_json(2..4));
        assert!([503, 507].contains(&status), "{status} {told}");
    }
    limit_file_size(&door.child, "unlimited");
    limit_file_size(&worker.child, "4096");
    wait_until("the payload is taken", || door.post_with_bearer("two", &records_json(2..4)).0 == 202);
    // Long enough for every loop of the worker to meet the limit.
    std::thread::sleep(Duration::from_secs(4));
    assert!(worker.is_running() && site.house.run_sql(RECORDS) == 2, "{}", worker.said.lock().unwrap());
    limit_file_size(&worker.child, "unlimited");
    wait_until("four records", || site.house.run_sql(RECORDS) == 4);
    assert_eq!(site.house.run_sql(PAYLOADS), 2);
    assert!(worker.is_running());
}

/// A server whose disk is full refuses to write with the code 53100. Here a trigger does, because a test cannot fill the disk
/// of its server without stopping it.
#[test]
fn a_full_disk_of_the_server_is_survived() {
    let mut site = push_site(Services::Postgres);
    site.house.env.push(("HUILIU_LEASE_MS".to_owned(), "1000".to_owned()));
    let mut door = open_with(site.command(&DOOR));
    let mut worker = Running::start(site.command(&["worker"]));
    assert_eq!(door.post_with_bearer("one", &records_json(0..3)).0, 202);
    wait_until("three records", || count_records(&site) == (3, 3));
    site.house.run_sql(
        "CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$",
    );
    for table in ["payload", "training_record"] {
        site.house.run_sql(&format!(
            "CREATE TRIGGER disk_full BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION disk_full()"
        ));
    }
    for _ in 0..2 {
        let (status, told) = door.post_with_bearer("two", &records_json(3..6));
        assert_eq!(status, 507, "{told}");
    }
    site.house.run_sql("DROP TRIGGER disk_full ON payload");
    wait_until("the push", || door.post_with_bearer("two", &records_json(3..6)).0 == 202);
    // The batch is tried again until its records can be written.
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(count_records(&site).1, 3);
    site.house.run_sql("DROP TRIGGER disk_full ON training_record");
    wait_until("six records", || count_records(&site) == (6, 6));
    assert!(door.child.try_wait().unwrap().is_none() && worker.is_running(), "{}", worker.said.lock().unwrap());
    wait_until("the teacher is settled", || site.run_json(&["balance", "--json"])["complete"] == true);
}
