//! Correction sheets in the sender's own layout: two header rows with merged cells, and a text in GB18030.

use std::path::Path;

use encoding_rs::GB18030;
use serde_json::{Value, json};

use super::sheets::{TOKEN, import, run_python};
use super::{BOTH, new_demo, refused};
use crate::test_env::{Services, TestEnv};

/// A letter of the source with this reason code and no other, and the raw field.
fn find_letter(house: &TestEnv, source: &str, code: &str) -> (String, String) {
    let args = ["dead-letters", "list", "--source", source, "--code", code, "--json"];
    let letters = house.list_items(&args);
    let only = |letter: &&Value| letter["reasons"].as_array().unwrap().len() == 1;
    let letter = letters.as_array().unwrap().iter().find(only).unwrap();
    (letter["dead_letter"].to_string(), letter["reasons"][0]["source_field"].as_str().unwrap().to_owned())
}

fn export(house: &TestEnv, source: &str, name: &str) -> (String, usize) {
    let path = house.dir.0.join(name).to_str().unwrap().to_owned();
    let made = house.run_json(&["corrections", "export", source, "--to", &path, "--json"]);
    assert_eq!((&made["tables"], &made["left_out"]), (&1.into(), &json!([])));
    (path, usize::try_from(made["rows"].as_u64().unwrap()).unwrap())
}

#[test]
fn a_sheet_has_the_titles_the_merged_header_and_the_name_that_its_sender_gave_it() {
    for on in BOTH {
        let house = new_demo(on);
        let (letter, field) = find_letter(&house, "demo-lego", "period_end.date");
        let (path, rows) = export(&house, "demo-lego", "lego.xlsx");
        let seen: Value = serde_json::from_slice(&run_python(&[&path])).unwrap();
        assert_eq!((&seen["sheet"], &seen["types"]), (&"第一期".into(), &json!(["s"])));
        assert_eq!(seen["header"][0], "乐高技术教育创新人才培养计划 学员名册");
        let lines = seen["rows"].as_array().unwrap();
        // Below the titles, the two rows of the header and the hidden one that names the fields.
        assert_eq!((&lines[1][1], &lines[2][1]), (&"学员信息".into(), &"姓名".into()));
        assert!(lines[3].as_array().unwrap().contains(&"学员信息/姓名".into()));
        assert_eq!(lines.len() - 4, rows);
        assert_eq!(import(&house, "demo-lego", &path)["outcomes"], json!({ "unchanged": rows }));
        let changed = Path::new(&path).with_file_name("改好.xlsx").to_str().unwrap().to_owned();
        run_python(&[&path, &changed, &format!("{letter}-"), &field, "2014-06-11"]);
        let taken = import(&house, "demo-lego", &changed);
        assert_eq!(taken["outcomes"], json!({ "closed": 1, "unchanged": rows - 1 }), "{taken}");
        assert_eq!((&taken["unread_sheets"], &taken["missing_columns"]), (&json!(["备注"]), &json!([])));
        assert_eq!(house.run_json(&["dead-letters", "show", &letter, "--json"])["state"], "closed");
        assert!(house.run(&["balance"]).status.success());
    }
}

#[test]
fn a_sheet_with_all_rows_takes_the_faulty_ones_and_tells_what_was_changed_in_others() {
    for on in BOTH {
        let house = new_demo(on);
        // Each file in many batches: the rows stand in the order of the files.
        let (letter, field) = find_letter(&house, "demo-lego", "period_end.date");
        let path = house.dir.0.join("all.xlsx").to_str().unwrap().to_owned();
        let args = ["corrections", "export", "demo-lego", "--all-rows", "--to", &path, "--json"];
        let made = house.run_json(&args);
        let (rows, faulty) = (made["rows"].as_u64().unwrap(), made["faulty_rows"].as_u64().unwrap());
        assert!(faulty > 0 && rows > faulty, "{made}");
        let received = house.run_sql(
            "SELECT CAST(sum(b.record_count) AS bigint) FROM batch b JOIN payload p ON p.id = b.payload_id
             JOIN source s ON s.id = p.source_id WHERE s.name = 'demo-lego' AND p.id IN (SELECT o.payload_id
               FROM dead_letter d JOIN batch o ON o.id = d.batch_id WHERE d.state = 'open')",
        );
        assert_eq!(i64::try_from(rows).unwrap(), received);
        assert_eq!(
            import(&house, "demo-lego", &path)["outcomes"],
            json!({ "unchanged": faulty, "not_faulty": rows - faulty })
        );
        let corrected = Path::new(&path).with_file_name("a.xlsx").to_str().unwrap().to_owned();
        let changed = Path::new(&path).with_file_name("b.xlsx").to_str().unwrap().to_owned();
        run_python(&[&path, &corrected, &format!("{letter}-"), &field, "2014-06-11"]);
        run_python(&[&corrected, &changed, "row-", "学员信息/姓名", "王改名"]);
        let taken = import(&house, "demo-lego", &changed);
        let replay = taken["replays"][0].to_string();
        assert_eq!(
            taken["outcomes"],
            json!({ "closed": 1, "unchanged": faulty - 1, "not_faulty_changed": rows - faulty })
        );
        let told = taken["rows"].as_array().unwrap().iter().find(|row| row["outcome"] == "not_faulty_changed").unwrap();
        assert_eq!((&told["fields"], &told["dead_letter"]), (&json!(["学员信息/姓名"]), &Value::Null));
        assert_eq!(house.run_sql("SELECT count(*) FROM identity_claim WHERE name = '王改名'"), 0);
        assert_eq!(house.list_items(&["corrections", "list", "--json"]).as_array().unwrap().len(), 1);
        // The next sheet has the corrected value, and a row that becomes a dead letter again is told from the sound ones.
        let next = house.dir.0.join("next.xlsx").to_str().unwrap().to_owned();
        house.run_json(&["corrections", "export", "demo-lego", "--all-rows", "--to", &next, "--json"]);
        let seen: Value = serde_json::from_slice(&run_python(&[&next])).unwrap();
        let has_value = |row: &&Value| row.as_array().unwrap().contains(&"2014-06-11".into());
        let row = seen["rows"].as_array().unwrap().iter().find(has_value).unwrap().as_array().unwrap();
        assert!(row.last().unwrap().as_str().unwrap().starts_with("row-"), "{row:?}");
        assert_eq!(
            import(&house, "demo-lego", &next)["outcomes"],
            json!({ "unchanged": faulty - 1, "not_faulty": rows - faulty + 1 })
        );
        let undo = house.run_json(&["replay", "undo", &replay, "--json"]);
        house.run_json(&["replay", "apply", &undo["replay"].to_string(), "--json"]);
        assert_eq!(
            import(&house, "demo-lego", &next)["outcomes"],
            json!({ "unchanged": faulty - 1, "not_faulty": rows - faulty, "outdated": 1 })
        );
        // The rows of another source, or of no source, change nothing.
        let other = import(&house, "demo-cmcc", &changed);
        assert_eq!(other["outcomes"], json!({ "other_source": rows }));
        let batch = house.run_sql(
            "SELECT max(b.id) FROM batch b JOIN payload p ON p.id = b.payload_id JOIN source s ON s.id = p.source_id
             WHERE s.name = 'demo-lego'",
        );
        for (batch, outcome) in [(batch, "outdated"), (999_999_999, "unknown")] {
            run_python(&[&corrected, &changed, "row-", TOKEN, &format!("row-{batch}-1-0123456789abcdef")]);
            let taken = import(&house, "demo-lego", &changed);
            assert_eq!(taken["outcomes"][outcome], rows - faulty, "{}", taken["outcomes"]);
        }
        assert!(house.run(&["balance"]).status.success());
    }
}

#[test]
fn a_sender_of_texts_gets_a_text_in_its_own_encoding_without_formulas() {
    let house = new_demo(Services::Sqlite);
    let (letter, field) = find_letter(&house, "demo-cmcc", "period_end.missing");
    let (path, rows) = export(&house, "demo-cmcc", "cmcc.csv");
    let bytes = std::fs::read(&path).unwrap();
    let (text, _, is_damaged) = GB18030.decode(&bytes);
    assert!(!is_damaged && text.starts_with("中国移动中小学教师信息技术能力培训"), "{text}");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut lines: Vec<Vec<String>> =
        reader.records().map(|line| line.unwrap().iter().map(str::to_owned).collect()).collect();
    assert!(lines.iter().flatten().all(|cell| !cell.starts_with(['=', '+', '-', '@'])), "{text}");
    assert_eq!(import(&house, "demo-cmcc", &path)["outcomes"], json!({ "unchanged": rows }));
    let column = |name: &str| lines[1].iter().position(|of| of == name).unwrap();
    let (token, date) = (column(TOKEN), column(&field));
    let row = lines
        .iter_mut()
        .find(|line| line.get(token).is_some_and(|of| of.trim().starts_with(&format!("{letter}-"))))
        .unwrap();
    row[date] = "2014-10-08".to_owned();
    let changed = Path::new(&path).with_file_name("改好.txt").to_str().unwrap().to_owned();
    let mut out = csv::WriterBuilder::new().flexible(true).from_writer(vec![]);
    lines.iter().for_each(|line| out.write_record(line).unwrap());
    std::fs::write(&changed, GB18030.encode(&String::from_utf8(out.into_inner().unwrap()).unwrap()).0).unwrap();
    let taken = house.run_json(&["upload", "demo-cmcc", &changed, "--json"]);
    assert_eq!(taken["outcomes"], json!({ "closed": 1, "unchanged": rows - 1 }), "{taken}");
    assert!(house.run(&["balance"]).status.success());
    // Who sends no tables gets a text in UTF-8; a file that is there is not overwritten.
    let path = house.dir.0.join("faults.csv").to_str().unwrap().to_owned();
    let asked = ["corrections", "export", "demo-institution", "--stream", "completions", "--to", &path];
    assert!(house.run(&asked).status.success());
    assert!(std::fs::read(&path).unwrap().starts_with(b"\xef\xbb\xbf"));
    refused(&house, &asked, &["faults.csv"]);
}
