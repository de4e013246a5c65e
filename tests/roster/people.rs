//! Identity in rosters: records and rosters meet, teachers move, change their numbers, or wrongly share one.

use super::county::{BOTH, County, LI, QIAN, WANG, ZHAO};
use crate::test_env::Services;

const SCHOOL: &str = "2122000001,实验小学,220102,,,\n2122000002,第二小学,220113,,,\n";

fn teacher_line((id, name): (&str, &str), school: &str, rest: &str) -> String {
    format!("{name},{id},,,{school},,,{rest}\n")
}

/// Returns the counted and provisional units of the teacher with this ID number.
fn read_hours(county: &County, id: &str) -> (i64, i64) {
    let ledger = county.house.read_ledger();
    let (units, provisional, _) = ledger.get(id).copied().unwrap_or_default();
    (units, provisional)
}

#[test]
fn a_provisional_teacher_becomes_one_of_the_roster_with_number_and_hours() {
    for on in BOTH {
        let county = County::new(on, "roster-csv");
        county.drop_records("20141011", &[WANG, LI]);
        county.sync();
        let before = county.show_teacher(WANG.0, "2014-09-11").unwrap();
        assert_eq!((&before["origin"], &before["name"]), (&"provisional".into(), &serde_json::Value::Null));
        let had = read_hours(&county, WANG.0);
        assert!(had.0 + had.1 > 0);
        county.drop_schools("20140901", SCHOOL);
        // The ID number as it was first issued, with fifteen digits.
        county.drop_teachers("20140901", &teacher_line(("220102590911001", WANG.1), "2122000001", ",,,"));
        county.sync();
        let after = county.show_teacher(WANG.0, "2014-09-11").unwrap();
        assert_eq!((&after["origin"], &after["teacher"]), (&"roster".into(), &before["teacher"]));
        assert_eq!(read_hours(&county, WANG.0), had);
        // A record that comes after the roster meets its teacher.
        county.drop_teachers("20140911", &teacher_line(ZHAO, "2122000001", ",,,"));
        county.sync();
        let zhao = county.show_teacher(ZHAO.0, "2014-09-11").unwrap();
        county.drop_records("20141111", &[ZHAO]);
        county.sync();
        assert_eq!(county.show_teacher(ZHAO.0, "2014-09-11").unwrap()["teacher"], zhao["teacher"]);
        assert!(read_hours(&county, ZHAO.0) != (0, 0));
        let status = county.run_json(&["roster", "status"]);
        assert_eq!((&status["roster"], &status["provisional"]), (&2.into(), &1.into()), "{status}");
        assert_eq!(county.run_json(&["balance"])["teachers_due"], 0);
    }
}

#[test]
fn a_load_marks_whom_it_concerns() {
    let county = County::new(Services::Sqlite, "roster-csv");
    county.drop_schools("20140901", SCHOOL);
    county.drop_teachers("20140901", &teacher_line(WANG, "2122000001", ",,,"));
    county.sync();
    // One entry is spoiled. A roster load about its teacher recomputes it; a load about others does not.
    county.drop_records("20141011", &[WANG, LI]);
    county.sync();
    let spoil = "UPDATE credit_entry SET units = 1 WHERE teacher_id = (SELECT id FROM teacher WHERE origin = 'roster')";
    county.house.run_sql(spoil);
    county.drop_teachers("20140902", &teacher_line(ZHAO, "2122000001", ",,,"));
    county.sync();
    let spoilt = "SELECT count(*) FROM credit_entry WHERE units = 1 AND superseded_at IS NULL";
    assert_eq!(county.house.run_sql(spoilt), 1);
    county.drop_teachers("20140903", &teacher_line(WANG, "2122000001", "2001-09-01,,,"));
    county.sync();
    assert_eq!(county.house.run_sql(spoilt), 0);
}

#[test]
fn who_moves_leaves_a_dated_membership_behind() {
    for on in BOTH {
        let county = County::new(on, "roster-csv");
        county.drop_schools("20140901", SCHOOL);
        county.drop_teachers("20140901", &teacher_line(WANG, "2122000001", "1998-09-01,,,"));
        county.drop_teachers("20141001", &teacher_line(WANG, "2122000002", "2014-09-20,,,"));
        county.sync();
        let moved = ["2122000001 1998-09-01..2014-09-19 next", "2122000002 2014-09-20.. open"];
        assert_eq!(county.list_memberships(WANG.0), moved);
        let then = county.show_teacher(WANG.0, "2014-09-11").unwrap();
        assert_eq!(then["regions"][0]["name"], "南关区");
        // 九台 has become a district since; the school's row has the code of that time.
        assert_eq!(county.show_teacher(WANG.0, "2014-12-01").unwrap()["regions"][0]["name"], "九台区");
        // Memberships that overlap by the file's own dates are reported.
        county.drop_teachers("20141002", &teacher_line(WANG, "2122000001", "1998-09-01,2014-12-31,,"));
        county.sync();
        let both = ["2122000001 1998-09-01..2014-12-31 stated !", "2122000002 2014-09-20.. open !"];
        assert_eq!(county.list_memberships(WANG.0), both);
        assert_eq!(county.run_json(&["roster", "status"])["overlaps"], 2);
    }
}

#[test]
fn a_new_id_number_is_the_same_teacher() {
    for on in BOTH {
        let county = County::new(on, "roster-csv");
        county.drop_schools("20140901", SCHOOL);
        county.drop_records("20141011", &[(LI.0, ZHAO.1)]);
        county.sync();
        let before = county.show_teacher(LI.0, "2014-09-11").unwrap();
        county.drop_teachers("20140901", &teacher_line(ZHAO, "2122000001", &format!(",,{},", LI.0)));
        county.sync();
        let after = county.show_teacher(ZHAO.0, "2014-09-11").unwrap();
        assert_eq!(after["teacher"], before["teacher"]);
        let ended: Vec<bool> =
            after["identifiers"].as_array().unwrap().iter().map(|i| i["valid_to"].is_string()).collect();
        assert_eq!(ended, [true, false], "{after}");
        assert_eq!(county.show_teacher(LI.0, "2014-09-11").unwrap()["teacher"], before["teacher"]);
        // A row does not merge two teachers who are known to be different.
        county.drop_records("20141111", &[QIAN, WANG]);
        county.sync();
        county.drop_teachers("20140911", &teacher_line(QIAN, "2122000001", &format!(",,{},", WANG.0)));
        county.sync();
        assert_eq!(county.open_reasons(), ["former_id_number.other_teacher"]);
    }
}

#[test]
fn two_people_on_one_id_number_wait_until_it_is_corrected() {
    for on in BOTH {
        let county = County::new(on, "roster-csv");
        county.drop_schools("20140901", SCHOOL);
        let shared = teacher_line(WANG, "2122000001", ",,,")
            + &teacher_line((WANG.0, LI.1), "2122000002", ",,,")
            + &teacher_line(ZHAO, "2122000001", ",,,");
        county.drop_teachers("20140901", &shared);
        let balance = county.sync();
        assert_eq!((&balance["parked"], &balance["inserted"]), (&2.into(), &3.into()), "{balance}");
        assert_eq!(county.open_reasons(), ["id_number.shared"], "one letter of two rows");
        assert!(county.show_teacher(WANG.0, "2014-09-11").is_none());
        county.drop_teachers(
            "20140911",
            &(teacher_line(WANG, "2122000001", ",,,") + &teacher_line(LI, "2122000002", ",,,")),
        );
        county.sync();
        assert!(county.open_reasons().is_empty());
        assert_eq!(county.list_memberships(WANG.0), ["2122000001 .. open"]);
        // A conflict with the roster: the same number under another name, in the same version, from another file.
        county.drop_file(
            "county",
            "教师名册_20140911b.csv",
            &encoding_rs::GB18030
                .encode(&(super::county::TEACHERS.to_owned() + &teacher_line((LI.0, QIAN.1), "2122000001", ",,,")))
                .0,
        );
        county.sync();
        assert_eq!(county.open_reasons(), ["id_number.shared"]);
        assert_eq!(county.show_teacher(LI.0, "2014-09-11").unwrap()["name"], LI.1);
        // Another name in a newer version replaces the old name.
        county.drop_teachers("20140920", &teacher_line((LI.0, "李贰"), "2122000002", ",,,"));
        county.sync();
        assert_eq!(county.show_teacher(LI.0, "2014-09-11").unwrap()["name"], "李贰");
    }
}
