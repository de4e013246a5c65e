//! `match` finds people across tables, tested with the real program; and the laws of scores.

use huiliu_matching::{DateOrder, Frequencies, Matcher, Profile, Role, Verdict, Weights, score};
use huiliu_sandbox::population::{Claim, Damage, Population, Truth};
use proptest::prelude::*;
use serde_json::Value;

use crate::test_env::{Services, TestEnv};

const CONFIG: &str = r#"
id = "claim"
[roles]
name = "name"
id_number = "id_number"
teacher_number = "teacher_number"
birth_date = "birth_date"
sex = "sex"
phone = "phone"
school_code = "school_code"
school = "school"
region = "region"

[right]
id = "teacher"
[right.roles]
name = "name"
former_name = "former_name"
id_number = "id_number"
teacher_number = "teacher_number"
birth_date = "birth_date"
sex = "sex"
phone = "phone"
school_code = "school_code"
school = "school"
region = "region"
"#;

/// Writes files and runs `match` in their folder. Returns success, the lines of JSON, and the text on standard error.
fn run_match(files: &[(&str, &[u8])], args: &[&str]) -> (bool, Vec<Value>, String) {
    let house = TestEnv::new(Services::Sqlite);
    for (name, bytes) in files {
        std::fs::write(house.dir.0.join(name), bytes).unwrap();
    }
    let all: Vec<&str> = ["match", "--json", "--config", "m.toml"].iter().chain(args).copied().collect();
    let out = house.command(&all).current_dir(&house.dir.0).output().unwrap();
    let lines = String::from_utf8(out.stdout).unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said = String::from_utf8(out.stderr).unwrap();
    let refusal = serde_json::from_str::<Value>(&said).ok();
    let said = refusal.map_or(said, |refusal| refusal["error"]["message"].as_str().unwrap().to_owned());
    (out.status.success(), lines, said)
}

/// A small province: no claim definitely matches the wrong person, and the right person is among the candidates.
#[test]
fn a_labelled_population_is_matched_without_a_wrong_definite() {
    let world = Population::new(7, 4_000);
    let (mut roster, mut claims) = (vec![], vec![]);
    world.write_roster(&mut roster).unwrap();
    world.write_claims(6_000, &mut claims).unwrap();
    let files: [(&str, &[u8]); 3] = [("m.toml", CONFIG.as_bytes()), ("claims.csv", &claims), ("roster.csv", &roster)];
    let (good, lines, said) = run_match(&files, &["claims.csv", "roster.csv"]);
    assert!(good, "{said}");
    let (mut found, mut known, mut definite) = (0, 0, 0);
    let mut meant = vec![(Verdict::None, vec![]); 6_000];
    for line in lines.iter().filter(|l| l["kind"] == "pair") {
        let at: usize = line["left"].as_str().unwrap().parse().unwrap();
        let is = if line["verdict"] == "definite" { Verdict::Definite } else { Verdict::Potential };
        meant[at].0 = is;
        meant[at].1.push(line["right"].as_str().unwrap().parse::<u64>().unwrap());
        let sum: i64 = line["evidence"].as_array().unwrap().iter().map(|e| e["weight"].as_i64().unwrap()).sum();
        assert_eq!(Some(sum), line["score"].as_i64(), "a score is the sum of its evidence");
        assert_eq!(line["rule"].is_string(), is == Verdict::Definite);
    }
    for (index, (verdict, teachers)) in (0u64..).zip(&meant) {
        let claim = world.claim(index);
        let truth = match claim.truth {
            Truth::Teacher(teacher) => Some(teacher),
            Truth::Outside => None,
        };
        if *verdict == Verdict::Definite {
            definite += 1;
            assert_eq!(teachers.first().copied(), truth, "{claim:?} is definite about somebody else");
            assert_ne!(claim.damage, Damage::TwoPeople);
        }
        known += u32::from(truth.is_some());
        found += u32::from(truth.is_some_and(|t| teachers.contains(&t)));
    }
    assert!(f64::from(found) >= 0.995 * f64::from(known), "{found} of {known} found");
    assert!(definite > 4_000, "{definite} definite");
    let summary = lines.last().unwrap();
    assert_eq!((summary["kind"].as_str(), summary["definite"].as_i64()), (Some("summary"), Some(definite)));
    assert_eq!(summary["rows_left"], 6_000);
}

const LATIN: &str = "id = \"id\"\n[roles]\ngiven_name = \"given\"\nfamily_name = \"family\"\nbirth_date = \"born\"\naddress = \"address\"\npostcode = \"postcode\"\n";
const PEOPLE: &str = "id,given,family,born,address,postcode
1,Katherine,Miller,1971-03-05,12 Smith Street,3056
2,Oliver,Stone,1980-11-02,9 High Road,2000
3,Miller,Catherine,19710305,12 Smith St,3056
4,Mary,Hill,1955-01-30,77 Bay Close,4010
5,Oliver,Stone,1980-02-11,9 High Road,2000
6,Ann,Stone,1990-07-07,1 Lake View,5000
7,Paul,Green,1949-09-09,4 Mill Lane,6100
";

#[test]
fn one_table_of_latin_names_is_searched_for_the_same_people_whatever_the_order() {
    let clusters = |table: &str| {
        let files: [(&str, &[u8]); 2] = [("m.toml", LATIN.as_bytes()), ("a.csv", table.as_bytes())];
        let (good, lines, said) = run_match(&files, &["a.csv"]);
        assert!(good, "{said}");
        let mut clusters: Vec<Vec<String>> = lines
            .iter()
            .filter(|l| l["kind"] == "cluster")
            .map(|l| {
                let mut ids: Vec<String> = l["left"].as_array().unwrap().iter().map(Value::to_string).collect();
                ids.sort();
                ids
            })
            .collect();
        clusters.sort();
        clusters
    };
    let expected = vec![vec!["\"1\"".to_owned(), "\"3\"".to_owned()], vec!["\"2\"".to_owned(), "\"5\"".to_owned()]];
    // Names are rare only among many people.
    let (given, family) =
        (["Ada", "Ben", "Cora", "Dirk", "Elsa"], ["Abbot", "Baker", "Carver", "Dyer", "Fisher", "Glover"]);
    let others = (10..400usize).map(|n| {
        let (given, family, year) = (given[n % 5], family[n / 5 % 6], 1930 + n % 61);
        format!("{n},{given},{family},{year}-{:02}-{:02},{n} Mill Lane,{}\n", 1 + n % 12, 1 + n % 28, 2_000 + n * 13)
    });
    let people = format!("{PEOPLE}{}", others.collect::<String>());
    assert_eq!(clusters(&people), expected);
    let mut lines: Vec<&str> = people.lines().collect();
    lines[1..].reverse();
    assert_eq!(clusters(&lines.join("\r\n")), expected);
}

#[test]
fn gb18030_is_found_and_bad_tables_are_told_with_their_places() {
    let text = "claim,name,id_number\nc1,张伟,22010219590911001X\n";
    let roster = "teacher,name,id_number\nt1,張偉,22010219590911001X\nt2,张薇,110105194912310021\n";
    let (encoded, _, _) = encoding_rs::GB18030.encode(text);
    let config = "id = \"claim\"\nroles = { name = \"name\", id_number = \"id_number\" }\n[right]\nid = \"teacher\"\nroles = { name = \"name\", id_number = \"id_number\" }\n";
    let run = |claims: &[u8], config: &str| {
        let files = [("m.toml", config.as_bytes()), ("a.csv", claims), ("b.csv", roster.as_bytes())];
        run_match(&files, &["a.csv", "b.csv"])
    };
    let (good, lines, said) = run(&encoded, config);
    assert!(good, "{said}");
    assert_eq!((&lines[0]["right"], &lines[0]["verdict"]), (&"t1".into(), &"definite".into()), "{lines:?}");
    for (claims, config, told) in [
        (text.replace("claim,", "no,"), config.to_owned(), "no column \"claim\""),
        (format!("{text}c1,李敏,\n"), config.to_owned(), "line 3, column \"claim\": this id is already used in line 2"),
        (format!("{text}\r\n,李敏,\n"), config.to_owned(), "line 4, column \"claim\": no id"),
        (format!("{text}c2,李敏\n"), config.to_owned(), "line 3: 2 cells, the header has 3"),
        (text.to_owned(), config.replace("name = \"name\", ", "nmae = \"name\", "), "line 5, column 11: this word"),
        (text.to_owned(), format!("thresholds = {{ margin = 0 }}\n{config}"), "margin must be positive"),
    ] {
        let (good, _, said) = run(claims.as_bytes(), &config);
        assert!(!good && said.contains(told), "{told}: {said}");
    }
    let (good, _, said) = run(b"claim,name,id_number\nc1,\xff\xff,x\n", config);
    assert!(!good && said.contains("line 2: the bytes are neither UTF-8 nor GB18030"), "{said}");
}

fn build_profile(c: &Claim) -> Profile {
    let mut profile = Profile::default();
    for (role, text) in [
        (Role::Name, &c.name),
        (Role::IdNumber, &c.id_number),
        (Role::TeacherNumber, &c.teacher_number),
        (Role::BirthDate, &c.birth_date),
        (Role::Sex, &c.sex),
        (Role::Phone, &c.phone),
        (Role::SchoolCode, &c.school_code),
        (Role::School, &c.school),
        (Role::Region, &c.region),
        (Role::Address, &c.school),
    ] {
        profile.add_text(role, text, DateOrder::YearFirst);
    }
    profile
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    /// A score does not depend on which side comes first.
    #[test]
    fn a_score_is_symmetric(seed in 0u64..1_000, a in 0u64..2_000, b in 0u64..2_000) {
        let world = Population::new(seed, 60);
        let weights = Weights::built_in().unwrap();
        let (a, b) = (build_profile(&world.claim(a)), build_profile(&world.claim(b)));
        let mut among = Frequencies::new();
        for index in 0..60 {
            among.count_person(&build_profile(&world.claim(index)));
        }
        prop_assert_eq!(score::compare_profiles(&weights, &among, &a, &b), score::compare_profiles(&weights, &among, &b, &a));
    }

    /// The same people are found with the same scores, whatever the order of the roster.
    #[test]
    fn order_of_the_roster_decides_nothing(seed in 0u64..1_000, turn in 1usize..40) {
        let world = Population::new(seed, 300);
        let weights = Weights::built_in().unwrap();
        let people: Vec<Profile> = (0..40).map(|index| build_profile(&world.claim(index))).collect();
        let mut turned = people.clone();
        turned.rotate_left(turn);
        let (mut one, mut other) = (Matcher::new(&weights, people, false), Matcher::new(&weights, turned, false));
        for index in 0..60 {
            let claim = build_profile(&world.claim(index));
            let (x, y) = (one.decide_claim(&claim), other.decide_claim(&claim));
            prop_assert_eq!((x.verdict, x.rule, x.doubt), (y.verdict, y.rule, y.doubt));
            let back = |row: u32| (row as usize + turn) % 40;
            let mut left: Vec<_> = x.candidates.iter().map(|c| (c.scored.score, c.row as usize)).collect();
            let mut right: Vec<_> = y.candidates.iter().map(|c| (c.scored.score, back(c.row))).collect();
            left.sort_unstable();
            right.sort_unstable();
            prop_assert!(left == right || left.len() == weights.thresholds.candidates);
        }
    }
}
