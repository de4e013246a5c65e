//! Tables on a terminal fit its width.

use crate::test_env::{Services, TestEnv};

/// Returns the number of terminal columns that a line takes.
fn display_width(line: &str) -> usize {
    line.chars().map(|c| if (c as u32) >= 0x2E80 { 2 } else { 1 }).sum()
}

#[test]
fn no_table_is_wider_than_its_terminal() {
    let house = TestEnv::new(Services::Sqlite);
    house.run_json(&["demo", "--records", "3000", "--json"]);
    let listings: [&[&str]; 12] = [
        &["runs", "list"],
        &["records", "list", "--limit", "20"],
        &["schedules", "list"],
        &["sources", "list"],
        &["connectors", "list"],
        &["courses", "list"],
        &["decisions", "list"],
        &["batches", "list"],
        &["audit"],
        &["balance"],
        &["regions", "list"],
        &["rules", "list"],
    ];
    for language in ["en", "zh_CN.UTF-8"] {
        for listing in listings {
            let shown = |columns: &str| {
                let mut command = house.command(listing);
                let out = command.env("HUILIU_LANG", language).env("COLUMNS", columns).output().unwrap();
                assert!(out.status.success(), "{listing:?}: {}", String::from_utf8_lossy(&out.stderr));
                String::from_utf8(out.stdout).unwrap()
            };
            for columns in [60, 100] {
                for line in shown(&columns.to_string()).lines() {
                    assert!(display_width(line) <= columns, "{listing:?} at {columns}: {line}");
                }
            }
            // No character of a cell is lost.
            let letters = |text: &str| {
                let mut all: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
                all.sort_unstable();
                all
            };
            assert_eq!(letters(&shown("100000")), letters(&shown("200")), "{listing:?}");
        }
    }
}
