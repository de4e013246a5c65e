//! Tables on a terminal fit its width.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::{FromRawFd as _, OwnedFd};
use std::process::{Command, Stdio};

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

/// Opens a terminal of a hundred columns: the end of the person, and the end of a program.
pub fn open_terminal() -> (File, OwnedFd) {
    let (mut master, mut slave) = (0, 0);
    let size = libc::winsize { ws_row: 24, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the call writes both descriptors, and each gets exactly one owner below.
    unsafe {
        let opened = libc::openpty(&mut master, &mut slave, std::ptr::null_mut(), std::ptr::null(), &size);
        assert_eq!(opened, 0);
        (File::from_raw_fd(master), OwnedFd::from_raw_fd(slave))
    }
}

/// Returns what a successful program writes to standard error when that is a terminal.
pub fn shown_on_terminal(mut command: Command) -> String {
    let (mut master, slave) = open_terminal();
    let mut child = command.stdout(Stdio::null()).stderr(slave).spawn().unwrap();
    drop(command);
    let (mut seen, mut part) = (Vec::new(), [0; 4096]);
    // When nobody writes to a terminal any more, reading from it ends with an error.
    while let Ok(read @ 1..) = master.read(&mut part) {
        seen.extend_from_slice(&part[..read]);
    }
    assert!(child.wait().unwrap().success());
    String::from_utf8_lossy(&seen).into_owned()
}

#[test]
fn a_sync_on_a_terminal_says_how_far_it_is() {
    for (language, words) in [
        ("en", ["reading: 2,400 of 6,000 records · 1 page", "delivering", "settling"]),
        ("zh_CN.UTF-8", ["读取中：已读 2,400 条，共 6,000 条 · 1 页", "投递中", "结算中"]),
    ] {
        let house = TestEnv::new(Services::Sqlite);
        let mut command = house.command(&["demo", "--records", "6000"]);
        command.env("HUILIU_LANG", language).env("HUILIU_FAULT_SLOW_MS", "300");
        let seen = shown_on_terminal(command);
        for word in words {
            assert!(seen.contains(word), "{word:?} is not in {seen}");
        }
    }
    // A pipe gets no progress lines.
    let house = TestEnv::new(Services::Sqlite);
    let out = house.run(&["demo", "--records", "6000"]);
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(!said.contains("reading") && !said.contains("settling"), "{said}");
}
