//! Listings: who acted.

use crate::house::{House, On};

fn told(house: &House, args: &[&str], language: &str) -> (Option<i32>, String) {
    let out = house.command(args).env("HUILIU_LANG", language).output().unwrap();
    (out.status.code(), format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr)))
}

fn says(house: &House, args: &[&str], code: i32, words: &[&str]) {
    let (exit, said) = told(house, args, "en");
    assert_eq!(exit, Some(code), "{args:?}: {said}");
    for word in words {
        assert!(said.contains(word), "{args:?}: {word:?} is not in {said}");
    }
}

#[test]
fn who_acts_stands_in_the_audit_log() {
    let house = House::new(On::Sqlite);
    assert!(house.run(&["migrate"]).status.success());
    let folder = house.dir.0.display().to_string();
    let act = |name: &str, args: &[&str], env: &[(&str, &str)]| {
        let add = ["sources", "add", name, "--connector", "cmcc", "--institution-code", "I", "--folder", &folder];
        let mut command = house.command(&[&add[..], args].concat());
        for variable in ["HUILIU_ACTOR", "USER", "LOGNAME"] {
            command.env_remove(variable);
        }
        let out = command.envs(env.iter().copied()).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let log = house.items(&["audit", "--json"]);
        log.as_array().unwrap().last().unwrap()["actor"].as_str().unwrap().to_owned()
    };
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim().to_owned();
    let number = String::from_utf8(std::process::Command::new("id").arg("-u").output().unwrap().stdout).unwrap();
    assert_eq!(act("a", &["--actor", " 王芳 "], &[("HUILIU_ACTOR", "other"), ("USER", "u")]), "王芳");
    assert_eq!(act("b", &[], &[("HUILIU_ACTOR", "the office"), ("USER", "u")]), "the office");
    assert_eq!(act("c", &[], &[("USER", "u")]), format!("u@{host}"));
    assert_eq!(act("d", &[], &[("LOGNAME", "l")]), format!("l@{host}"));
    assert_eq!(act("e", &[], &[]), format!("{}@{host}", number.trim()));
    for name in ["", "  ", "a\nb"] {
        says(&house, &["sources", "remove", "a", "--actor", name], 2, &["--actor", "1 to 100 characters"]);
    }
    assert_eq!(house.items(&["audit", "--json"]).as_array().unwrap().len(), 5);
}
