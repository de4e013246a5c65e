//! Actors and filters of listings. A filter with an unknown name is refused; a filter that matches no rows says so.

use crate::test_env::{Services, TestEnv};

fn run_in_language(house: &TestEnv, args: &[&str], language: &str) -> (Option<i32>, String) {
    let out = house.command(args).env("HUILIU_LANG", language).output().unwrap();
    (out.status.code(), format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr)))
}

fn assert_output(house: &TestEnv, args: &[&str], code: i32, words: &[&str]) {
    let (exit, said) = run_in_language(house, args, "en");
    assert_eq!(exit, Some(code), "{args:?}: {said}");
    for word in words {
        assert!(said.contains(word), "{args:?}: {word:?} is not in {said}");
    }
}

#[test]
fn who_acts_stands_in_the_audit_log() {
    let house = TestEnv::new(Services::Sqlite);
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
        let log = house.list_items(&["audit", "--json"]);
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
        assert_output(&house, &["sources", "remove", "a", "--actor", name], 2, &["--actor", "1 to 100 characters"]);
    }
    assert_eq!(house.list_items(&["audit", "--json"]).as_array().unwrap().len(), 5);
}

#[test]
fn whoever_decides_is_named_by_the_option() {
    let house = TestEnv::new(Services::Sqlite);
    house.run_json(&["demo", "--records", "1000", "--json"]);
    let records = house.list_items(&["records", "list", "--json"]);
    let record = records.as_array().unwrap().iter().find(|r| !r["teacher"].is_null()).unwrap()["record"].to_string();
    let revoke = ["decisions", "revoke", &record, "--because", "by proxy", "--actor", "王芳", "--json"];
    let decision = house.run_json(&revoke)["decision"].to_string();
    let rows = house.list_items(&["decisions", "list", "--json"]);
    assert_eq!(rows[0]["actor"], "王芳");
    assert_eq!(house.list_items(&["audit", "--json"]).as_array().unwrap().last().unwrap()["actor"], "王芳");
    // Revoking again is refused with the time and the person, and writes nothing. The plan is refused in the same way.
    let day = &rows[0]["at"].as_str().unwrap()[..10];
    let again = ["decisions", "revoke", &record, "--because", "by proxy"];
    for plan in [&[][..], &["--plan"]] {
        let words = [&format!("decision {decision}")[..], "already revoked", day, "王芳"];
        assert_output(&house, &[&again[..], plan].concat(), 2, &words);
    }
    let (exit, chinese) = run_in_language(&house, &again, "zh_CN.UTF-8");
    assert!(exit == Some(2) && chinese.contains("由 王芳 撤销") && chinese.contains(day), "{chinese}");
    let undo = ["decisions", "undo", &decision, "--because", "a mistake", "--actor", "the office"];
    assert_output(&house, &undo, 0, &[]);
    assert_output(&house, &undo, 2, &[&format!("decision {decision} was already undone"), "the office", day]);
    assert!(run_in_language(&house, &undo, "zh_CN.UTF-8").1.contains("由 the office 撤回"));
    assert_eq!(house.list_items(&["decisions", "list", "--json"]).as_array().unwrap().len(), 2);
    assert_output(&house, &["decisions", "undo", "99", "--because", "x"], 2, &["no decision 99"]);
    assert_output(&house, &again, 0, &[]);
    assert_output(&house, &["decisions", "list", "--teacher", "999999"], 2, &["no teacher 999999"]);
}

fn check_filters(on: Services) {
    let house = TestEnv::new(on);
    if on == Services::Postgres {
        assert!(house.run(&["migrate"]).status.success());
    }
    house.run_json(&["demo", "--records", "3000", "--json"]);
    for listing in ["records", "dead-letters", "runs", "batches"] {
        let unknown = [listing, "list", "--source", "nosuch"];
        assert_output(&house, &unknown, 2, &["no source \"nosuch\"", "demo-intel", "demo-cmcc"]);
        let (exit, chinese) = run_in_language(&house, &unknown, "zh_CN.UTF-8");
        assert!(exit == Some(2) && chinese.contains("没有来源 \"nosuch\"；现有 demo-"), "{chinese}");
        assert_output(
            &house,
            &[listing, "list", "--connector", "nosuch"],
            2,
            &["no connector \"nosuch\"", "intel", "oneroster"],
        );
        // A known connector without any rows.
        assert_output(&house, &[listing, "list", "--connector", "roster-csv"], 0, &["none found"]);
        let none = [listing, "list", "--connector", "roster-csv"];
        assert_eq!(run_in_language(&house, &none, "zh_CN.UTF-8"), (Some(0), "没有\n".to_owned()));
        assert_eq!(house.list_items(&[&none[..], &["--json"]].concat()).as_array().unwrap().len(), 0);
    }
    let of = |listing: &str, filter: &[&str]| {
        let args = [&[listing, "list", "--limit", "100000", "--json"], filter].concat();
        house.list_items(&args).as_array().unwrap().clone()
    };
    // A source with some rows of every kind, and its connector.
    let source = of("dead-letters", &[])[0]["source"].as_str().unwrap().to_owned();
    let connector = source.strip_prefix("demo-").unwrap();
    let other = if connector == "cmcc" { "demo-intel" } else { "demo-cmcc" };
    for listing in ["records", "dead-letters", "runs"] {
        let all = of(listing, &[]);
        let some = of(listing, &["--source", &source]);
        assert!(!some.is_empty() && some.len() < all.len(), "{listing}");
        assert!(some.iter().all(|row| row["source"] == source[..]), "{listing}");
        assert_eq!(of(listing, &["--connector", connector]), some);
        assert_eq!(of(listing, &["--connector", connector, "--source", other]).len(), 0);
    }
    let letters = of("dead-letters", &[]);
    let code = letters[0]["reasons"][0]["code"].as_str().unwrap();
    let with_code = of("dead-letters", &["--code", code]);
    assert!(with_code.iter().all(|row| row["reasons"].to_string().contains(code)) && !with_code.is_empty());
    let by_run: usize =
        of("runs", &[]).iter().map(|run| of("dead-letters", &["--run", &run["run"].to_string()]).len()).sum();
    assert_eq!(by_run, letters.len());
    for args in [&["dead-letters", "list"][..], &["replay", "plan"]] {
        assert_output(
            &house,
            &[args, &["--code", "id_number.chek_digit"]].concat(),
            2,
            &["did you mean id_number.check_digit"],
        );
        assert_output(&house, &[args, &["--run", "999"]].concat(), 2, &["no run 999", "the newest is 5"]);
        assert_output(&house, &[args, &["--source", "nosuch"]].concat(), 2, &["no source \"nosuch\"", "demo-intel"]);
        let (_, chinese) =
            run_in_language(&house, &[args, &["--code", "id_number.chek_digit"]].concat(), "zh_CN.UTF-8");
        assert!(chinese.contains("是不是 id_number.check_digit"), "{chinese}");
    }
    assert_output(&house, &["dead-letters", "list", "--code", "valid_to.order"], 0, &["none found"]);
    assert_output(&house, &["replay", "plan", "--code", "valid_to.order"], 2, &["no open dead letter matches"]);
    assert_output(&house, &["batches", "list", "--run", "999"], 2, &["no run 999"]);
    assert_output(&house, &["batches", "list"], 0, &["none found"]);
    assert_output(&house, &["cursors", "list", "nosuch"], 2, &["no source \"nosuch\"", "demo-intel"]);
    assert_output(&house, &["audit", "--after", "100000"], 0, &["none found"]);
    assert_output(&house, &["decisions", "list"], 0, &["none found"]);
}

#[test]
fn filters_that_name_nothing_are_refused_on_sqlite() {
    check_filters(Services::Sqlite);
}

#[test]
fn filters_that_name_nothing_are_refused_on_postgresql() {
    check_filters(Services::Postgres);
}

/// A truncated listing says how many rows match the same filter, and how to see the others.
fn totals(on: Services) {
    let house = TestEnv::new(on);
    if on == Services::Postgres {
        assert!(house.run(&["migrate"]).status.success());
    }
    house.run_json(&["demo", "--records", "3000", "--json"]);
    for nth in 0..3 {
        assert!(house.run(&["replay", "plan"]).status.success(), "plan {nth}");
        let record =
            house.run_sql(&format!("SELECT id FROM training_record ORDER BY id LIMIT 1 OFFSET {nth}")).to_string();
        assert!(house.run(&["decisions", "revoke", &record, "--because", "a test"]).status.success());
    }
    house.run_sql(
        "UPDATE identity_claim SET state = 'potential' WHERE id IN (SELECT id FROM identity_claim ORDER BY id LIMIT 3)",
    );
    house.run_sql("UPDATE batch SET state = 'quarantined' WHERE id IN (SELECT id FROM batch ORDER BY id LIMIT 3)");
    let source = ["--source", "demo-cmcc"];
    let listings: [(&[&str], &[&str]); 10] = [
        (&["records", "list"], &[]),
        (&["records", "list"], &source),
        (&["dead-letters", "list"], &[]),
        (&["dead-letters", "list"], &source),
        (&["runs", "list"], &[]),
        (&["batches", "list"], &[]),
        (&["audit"], &["--action", "replay"]),
        (&["decisions", "list"], &[]),
        (&["identity", "queue"], &[]),
        (&["replay", "list"], &[]),
    ];
    for (listing, filter) in listings {
        let args = [listing, filter, &["--limit", "2"]].concat();
        let whole = house.run_json(&[listing, filter, &["--limit", "1000000", "--json"]].concat());
        let total = whole["items"].as_array().unwrap().len();
        assert!(total > 2 && whole["next"].is_null() && whole["total"].is_null(), "{args:?}: {total}");
        let part = house.run_json(&[&args[..], &["--json"]].concat());
        assert_eq!((&part["total"], part["items"].as_array().unwrap().len()), (&total.into(), 2), "{args:?}");
        let total = huiliu_messages::with_commas(&total.to_string());
        assert_output(&house, &args, 0, &[&format!("2 of {total}"), "--limit", "--after"]);
        let (_, chinese) = run_in_language(&house, &args, "zh_CN.UTF-8");
        assert!(chinese.contains(&format!("共 {total} 条，显示 2 条")), "{args:?}: {chinese}");
        // A complete listing has no such line.
        let (_, all) = run_in_language(&house, &[listing, filter, &["--limit", "1000000"]].concat(), "en");
        assert!(!all.contains("--after"), "{args:?}");
    }
}

#[test]
fn a_listing_that_is_cut_says_of_how_many_on_sqlite() {
    totals(Services::Sqlite);
}

#[test]
fn a_listing_that_is_cut_says_of_how_many_on_postgresql() {
    totals(Services::Postgres);
}

#[test]
fn the_audit_log_is_filtered_and_told_in_words() {
    let house = TestEnv::new(Services::Sqlite);
    house.run_json(&["demo", "--records", "3000", "--json"]);
    let letters = house.list_items(&["dead-letters", "list", "--limit", "2", "--json"]);
    let letter = |nth: usize| letters[nth]["dead_letter"].to_string();
    for (nth, actor) in ["王芳", "the office"].into_iter().enumerate() {
        assert_output(
            &house,
            &["dead-letters", "discard", &letter(nth), "--because", "a test row", "--actor", actor],
            0,
            &[],
        );
    }
    assert_output(&house, &["replay", "plan", "--actor", "the office"], 0, &[]);
    let entries = |filter: &[&str]| {
        let items = house.list_items(&[&["audit", "--json"], filter].concat());
        items.as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let discard = "dead_letter.discard";
    assert_eq!(entries(&[]), ["rules.seed", discard, discard, "replay.plan"]);
    assert_eq!(entries(&["--by", "王芳"]), [discard]);
    assert_eq!(entries(&["--text", "A TEST"]), [discard, discard], "reasons are searched");
    assert_eq!(entries(&["--text", "a_test"]), Vec::<String>::new(), "and not as a pattern");
    assert_eq!(entries(&["--action", "dead_letter"]), [discard, discard]);
    assert_eq!(entries(&["--action", discard, "--by", "the office"]), [discard]);
    assert_eq!(entries(&["--subject", &format!("dead letter {}", letter(0))]), [discard]);
    assert_eq!(entries(&["--subject", "dead letter"]), [discard, discard]);
    assert_eq!(entries(&["--since", "2014-01-01", "--until", "2099-01-01"]).len(), 4);
    assert!(entries(&["--since", "2099-01-01"]).is_empty() && entries(&["--until", "2014-01-01"]).is_empty());
    // The output uses words of the locale, which filters accept as well; codes appear only in JSON.
    let subject = format!("死信 {}", letter(0));
    let (exit, chinese) =
        run_in_language(&house, &["audit", "--action", "作废死信", "--subject", &subject], "zh_CN.UTF-8");
    assert!(exit == Some(0) && chinese.contains("作废死信") && chinese.contains(&subject), "{chinese}");
    assert!(chinese.contains("理由：a test row") && !chinese.contains(['{', '_']), "{chinese}");
    assert_output(&house, &["audit"], 0, &["discard a dead letter", "plan a replay", "reason: a test row"]);
    // Filters with unknown names are refused.
    assert_output(&house, &["audit", "--by", "nobody"], 2, &["no entry by \"nobody\"", "王芳", "the office"]);
    assert_output(&house, &["audit", "--action", "dead"], 2, &["no action \"dead\"", discard]);
    assert_output(&house, &["audit", "--subject", "dead letter 0"], 2, &["nothing about \"dead letter 0\""]);
    assert_output(
        &house,
        &["audit", "--since", "2015-01-02", "--until", "2015-01-01"],
        2,
        &["--since is later than --until"],
    );
    let (exit, chinese) = run_in_language(&house, &["audit", "--by", "没有的人"], "zh_CN.UTF-8");
    assert!(exit == Some(2) && chinese.contains("没有操作人 \"没有的人\""), "{chinese}");
}

#[test]
fn decisions_are_listed_in_words() {
    let house = TestEnv::new(Services::Sqlite);
    house.run_json(&["demo", "--records", "1000", "--json"]);
    let record = house.run_sql("SELECT min(id) FROM training_record").to_string();
    assert_output(&house, &["decisions", "grade", &record, "excellent", "--because", "an appeal"], 0, &[]);
    assert_output(&house, &["decisions", "list"], 0, &["set a grade", "grade: excellent"]);
    let (_, chinese) = run_in_language(&house, &["decisions", "list"], "zh_CN.UTF-8");
    assert!(chinese.contains("评定等次") && chinese.contains("等次：优秀"), "{chinese}");
    assert!(!chinese.contains("credit.grade") && !chinese.contains("excellent"), "{chinese}");
    assert_eq!(house.list_items(&["decisions", "list", "--json"])[0]["kind"], "credit.grade");
}

/// Stored places count items from 0, printed places from 1.
#[test]
fn addresses_count_from_1_in_words() {
    let house = TestEnv::new(Services::Sqlite);
    house.run_json(&["demo", "--records", "3000", "--json"]);
    let rows = house.list_items(&["records", "list", "--source", "demo-intel", "--limit", "1", "--json"]);
    let stored = rows[0]["address"].as_str().unwrap();
    let (page, item) = stored.rsplit_once(" item ").unwrap();
    let item = item.parse::<u64>().unwrap() + 1;
    let (path, page) = page.rsplit_once(" page ").unwrap();
    assert_eq!(page, "1", "{stored}");
    let list = ["records", "list", "--source", "demo-intel", "--limit", "1"];
    assert_output(&house, &list, 0, &[&format!("{path} page 1, item {item}")]);
    let (_, chinese) = run_in_language(&house, &list, "zh_CN.UTF-8");
    assert!(chinese.contains(&format!("{path} 第 1 页第 {item} 条")), "{chinese}");
    assert_output(&house, &["dead-letters", "list", "--source", "demo-institution"], 0, &[" first page, item "]);
    let record = rows[0]["record"].to_string();
    assert_output(&house, &["records", "show", &record], 0, &[&format!("page 1, item {item}")]);
}
