//! Rows that wait: for a school, for a correction, for a manifest.

use super::county::{BOTH, County, LI, QIAN, WANG, ZHAO};
use crate::test_env::Services;

#[test]
fn rows_of_an_unknown_school_go_in_by_themselves_when_it_comes() {
    for on in BOTH {
        let county = County::new(on, "roster-csv");
        county.drop_schools("20140901", "2122000001,实验小学,220102,,,\n");
        let row = |(id, name): (&str, &str), school: &str| format!("{name},{id},,,{school},,,,,,\n");
        let (known, unknown) = (row(WANG, "2122000001"), row(LI, "2122000002") + &row(ZHAO, "2122000003"));
        county.drop_teachers("20140901", &(known + &unknown + &row(ZHAO, "2122000002")));
        let balance = county.sync();
        assert_eq!((&balance["inserted"], &balance["parked"]), (&2.into(), &3.into()), "{balance}");
        assert_eq!(county.open_reasons(), ["school_code.unknown", "school_code.unknown"]);
        let status = county.run_json(&["roster", "status"]);
        assert_eq!((&status["waiting"]["school_code.unknown"], &status["waiting_by_itself"]), (&2.into(), &2.into()));
        assert!(county.show_teacher(LI.0, "2014-09-11").is_none());
        county.drop_schools("20140911", "2122000002,第二小学,220103,,,\n");
        county.sync();
        assert_eq!(county.list_memberships(LI.0), ["2122000002 .. open"]);
        assert_eq!(county.list_memberships(ZHAO.0), ["2122000002 .. open"], "and one row of hers still waits");
        assert_eq!(county.open_reasons(), ["school_code.unknown"]);
        county.drop_schools("20140921", "2122000003,第三小学,220103,,,\n");
        county.sync();
        assert!(county.open_reasons().is_empty());
        let total = county.run_json(&["balance"]);
        assert_eq!((&total["inserted"], &total["parked"]), (&7.into(), &0.into()), "{total}");
        assert_eq!(county.run_json(&["roster", "status"])["waiting_by_itself"], 0);
        // The same bytes once more: nothing changes, and nothing waits.
        let again = county.run_json(&["sync", "county", "--full"]);
        assert_eq!((&again["balance"]["unchanged"], &again["balance"]["parked"]), (&7.into(), &0.into()), "{again}");
    }
}

#[test]
fn faulty_rows_wait_with_every_reason_and_go_in_once_corrected() {
    for on in BOTH {
        let county = County::new(on, "roster-csv");
        county.drop_schools(
            "20140901",
            "2122000001,实验小学,220102,,,\n212200001,短码,220102,,,\n2122000009,,220199,2014-09-01,2013-09-01,\n",
        );
        let bad = format!(
            "{},{},女,1959-09-11,2122000001,,,,,,\n{},{},男,1978-12-04,2122000001,,,,,,\n{},{},,1985-02-30,2122000001,,,2014-09-01,2013-09-01,,\n孙五,220102197513010011,,,2122000001,,,,,,\n{},{},,,,,,,,,\n",
            WANG.1, WANG.0, LI.1, LI.0, ZHAO.1, ZHAO.0, QIAN.1, QIAN.0
        );
        county.drop_teachers("20140901", &bad);
        let balance = county.sync();
        assert_eq!((&balance["inserted"], &balance["parked"]), (&1.into(), &7.into()), "{balance}");
        let mut expected = [
            "birth_date.date member_to.order",
            "birth_date.differs sex.differs",
            "id_number.date",
            "region_code.area school_name.missing valid_to.order",
            "school_code.form",
            "school_code.missing",
            "sex.differs",
        ];
        expected.sort_unstable();
        assert_eq!(county.open_reasons(), expected);
        let args = ["dead-letters", "list"];
        let out = county.house.command(&args).env("HUILIU_LANG", "zh").output().unwrap();
        let told = String::from_utf8_lossy(&out.stdout).into_owned();
        for words in ["性别", "应与身份证号", "学校标识码应为 10 位数字", "结束日期不得早于开始日期", "1900 至 2100"]
        {
            assert!(told.contains(words), "{words}: {told}");
        }
        assert!(!told.contains(WANG.0), "{told}");
        let good = [WANG, LI, ZHAO, QIAN].map(|(id, name)| format!("{name},{id},,,2122000001,,,,,,\n")).concat();
        county.drop_teachers("20140911", &good);
        let balance = county.sync();
        assert_eq!((&balance["inserted"], &balance["parked"]), (&4.into(), &0.into()), "{balance}");
        // A row without a usable ID number or school has another key when corrected, so its letter stays.
        assert_eq!(county.open_reasons().len(), 3, "{:?}", county.open_reasons());
    }
}

#[test]
fn a_replay_under_a_corrected_manifest_is_planned_and_applied() {
    for on in BOTH {
        let own = crate::test_env::Scratch::new("manifests");
        let county = County::with_settings(on, "roster-csv", &format!("manifests_dir = \"{}\"\n", own.0.display()));
        county.drop_schools("20140901", "2122000001,实验小学,220102,,,\n");
        let row = |(id, name): (&str, &str), sex: &str| format!("{name},{id},{sex},,2122000001,,,,,,\n");
        county
            .drop_teachers("20140901", &(row(WANG, "先生") + &row(LI, "女士") + &row(ZHAO, "女") + &row(QIAN, "博士")));
        county.sync();
        assert_eq!(county.open_reasons(), ["sex.value", "sex.value", "sex.value"]);
        let shipped = huiliu_connectors::CONNECTORS.iter().find(|c| c.id == "roster-csv").unwrap();
        let table = "sex = { path = \"性别\", then = [{ values = { values = { \"先生\" = \"男\", \"女士\" = \"女\" }, unknown = \"keep\" } }] }";
        let corrected = shipped.manifest.replace("version = 1\n", "version = 2\n").replace("sex = \"性别\"", table);
        assert_ne!(corrected, shipped.manifest);
        std::fs::create_dir_all(own.0.join("roster-csv")).unwrap();
        std::fs::write(own.0.join("roster-csv/manifest.toml"), corrected).unwrap();
        let plan = county.run_json(&["replay", "plan", "--code", "sex.value"]);
        assert_eq!((&plan["outcomes"]["inserted"], &plan["outcomes"]["parked"]), (&2.into(), &1.into()), "{plan}");
        assert!(county.show_teacher(WANG.0, "2014-09-11").is_none(), "a plan changes nothing");
        county.run_json(&["replay", "apply", &plan["replay"].to_string()]);
        assert_eq!(county.list_memberships(WANG.0), ["2122000001 .. open"]);
        assert_eq!(county.open_reasons(), ["sex.value"]);
        let balance = county.sync();
        assert_eq!(balance["parked"], 0, "nothing new: {balance}");
        assert_eq!(county.run_json(&["balance"])["parked"], 1);
    }
}

#[test]
fn a_discarded_row_does_not_come_back() {
    let county = County::new(Services::Sqlite, "roster-csv");
    county.drop_teachers("20140901", &format!("{},{},,,2122000001,,,,,,\n", WANG.1, WANG.0));
    county.sync();
    let letter = county.list_items(&["dead-letters", "list"])[0]["dead_letter"].to_string();
    county.run_json(&["dead-letters", "discard", &letter, "--because", "left"]);
    county.drop_schools("20140911", "2122000001,实验小学,220102,,,\n");
    county.sync();
    assert!(county.show_teacher(WANG.0, "2014-09-11").is_none());
}
