//! Files that a county's office hands in: text and workbooks.

use rust_xlsxwriter::Workbook;

use super::county::{BOTH, County, LI, SCHOOLS, TEACHERS, WANG};
use crate::test_env::Services;

const TWO_SCHOOLS: &str = "2122000001,实验小学,220102,1998-09-01,,\n1122000002,第一幼儿园,220581,,,\n";

fn two_teachers() -> String {
    format!(
        "{},{},男,1959年9月11日,2122000001,T-1,043188880001,1981-08-15,,,\n{},{},,,1122000002,T-2,,2002/9/1,,,\n",
        WANG.1, WANG.0, LI.1, LI.0
    )
}

fn build_workbook(header: &str, lines: &str) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_string(0, 0, "某县名册").unwrap();
    for (row, line) in (1..).zip(format!("{header}{lines}填表人：\n").lines()) {
        for (column, cell) in (0..).zip(line.split(',')) {
            sheet.write_string(row, column, cell).unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

/// Checks the result of two schools and two teachers, whatever their file format.
fn check_two_teachers(county: &County) {
    let balance = county.sync();
    assert_eq!((balance["inserted"].as_i64(), balance["parked"].as_i64()), (Some(4), Some(0)), "{balance}");
    let wang = county.show_teacher(WANG.0, "2014-09-10").unwrap();
    assert_eq!(
        (&wang["origin"], &wang["name"], &wang["sex"], &wang["birth_date"]),
        (&"roster".into(), &WANG.1.into(), &"male".into(), &"1959-09-11".into())
    );
    assert_eq!(wang["identifiers"][0]["value"], "22***************X");
    assert_eq!(wang["memberships"][0]["school_name"], "实验小学");
    assert_eq!(wang["memberships"][0]["lineage"]["source"], "county");
    let chain: Vec<&str> = wang["regions"].as_array().unwrap().iter().map(|r| r["name"].as_str().unwrap()).collect();
    assert_eq!(chain, ["南关区", "长春市", "吉林省"]);
    // The day before the birthday, and the birthday.
    assert_eq!(wang["exemption"]["exempt"], false, "{wang}");
    let wang = county.show_teacher(WANG.0, "2014-09-11").unwrap();
    assert_eq!((&wang["exemption"]["exempt"], &wang["exemption"]["as_of"]), (&true.into(), &"2014-09-11".into()));
    let li = county.show_teacher(LI.0, "2014-09-11").unwrap();
    assert_eq!(li["regions"].as_array().unwrap().len(), 2, "梅河口 reports to the province: {li}");
    let schools = county.list_items(&["schools", "list"]);
    assert_eq!((&schools[0]["kind"], &schools[1]["kind"]), (&"kindergarten".into(), &"primary".into()));
    let status = county.run_json(&["roster", "status"]);
    assert_eq!((&status["roster"], &status["provisional"], &status["schools"]), (&2.into(), &0.into(), &2.into()));
    // The same files again, and the same content with a newer day.
    let again = county.run_json(&["sync", "county", "--full"]);
    assert_eq!(again["balance"]["unchanged"], 4, "{again}");
}

#[test]
fn text_in_gb18030() {
    for on in BOTH {
        let county = County::new(on, "roster-csv");
        county.drop_schools("20140901", TWO_SCHOOLS);
        county.drop_teachers("20140901", &two_teachers());
        check_two_teachers(&county);
    }
}

#[test]
fn workbooks() {
    for on in BOTH {
        let county = County::new(on, "roster-xlsx");
        county.drop_file("county", "学校名册_20140901.xlsx", &build_workbook(SCHOOLS, TWO_SCHOOLS));
        county.drop_file("county", "教师名册_20140901.xlsx", &build_workbook(TEACHERS, &two_teachers()));
        check_two_teachers(&county);
    }
}

#[test]
fn nothing_personal_stands_in_the_clear_and_a_rotated_key_opens_it() {
    let county = County::new(Services::Sqlite, "roster-csv");
    county.drop_schools("20140901", TWO_SCHOOLS);
    county.drop_teachers("20140901", &two_teachers());
    county.sync();
    for name in ["huiliu.db", "huiliu.db-wal"] {
        let bytes = std::fs::read(county.house.dir.0.join("data").join(name)).unwrap_or_default();
        for secret in [WANG.0, LI.0, "043188880001"] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} is in {name}");
        }
    }
    county.run_json(&["keys", "rotate"]);
    let query = "SELECT count(*) FROM roster_row WHERE sealed IS NOT NULL AND substr(hex(sealed), 1, 2) <> '01'";
    assert_eq!(county.house.run_sql(query), 2, "sealed anew");
    // The blind index is derived anew with the new key.
    county.drop_teachers("20140911", &two_teachers().replace("T-1", "T-9"));
    county.sync();
    assert_eq!(county.list_memberships(WANG.0), ["2122000001 1981-08-15.. open"]);
}

#[test]
fn the_reporting_tree_is_shown_and_a_broken_one_is_refused_with_its_line() {
    let county = County::new(Services::Sqlite, "roster-csv");
    let then = county.run_json(&["regions", "list", "--on", "2014-09-11"]).to_string();
    let has = |code: &str| then.contains(&format!("\"code\":\"{code}\""));
    assert!(has("220181") && !has("220113") && has("22CB00"), "{then}");
    let now = county.run_json(&["regions", "show", "220381", "--on", "2021-01-01"]);
    assert_eq!((&now["rows"][0]["code"], &now["rows"][1]["code"]), (&"220184".into(), &"220000".into()));
    assert!(county.run_refused(&["regions", "show", "229999"]).contains("229999"));
    let file = county.house.dir.0.join("regions.toml");
    std::fs::write(
        &file,
        "[[region]]\ncode = \"220102\"\nname = \"n\"\ntier = \"county\"\nreports_to = \"220100\"\nfrom = 2014-01-01\n",
    )
    .unwrap();
    let out = county.house.command(&["regions", "list"]).env("HUILIU_REGIONS_FILE", &file).output().unwrap();
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(2));
    assert!(told.contains("regions.toml:5:") && told.contains("220100"), "{told}");
}
