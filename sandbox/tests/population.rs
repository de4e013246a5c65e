//! The labelled population is reproducible, and its training and damage agree with their labels.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on must fail loudly")]

use std::collections::{BTreeMap, HashSet};

use huiliu_sandbox::population::{Damage, Outcome, Population, Training};

fn make_training(damaged_percent: u8) -> Training {
    Training::new(Population::new(7, 3_000), damaged_percent)
}

#[test]
fn the_files_and_the_truth_are_the_same_twice() {
    let dir = std::env::temp_dir().join(format!("huiliu-population-{}", std::process::id()));
    let whole = |name: &str| {
        let home = dir.join(name);
        let credit = make_training(30).write_files(&home).unwrap();
        let mut files = BTreeMap::new();
        for folder in std::fs::read_dir(&home).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()) {
            for file in std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
                files.insert(file.file_name().unwrap().to_owned(), std::fs::read(&file).unwrap());
            }
        }
        (credit, std::fs::read(home.join("truth.jsonl")).unwrap(), files)
    };
    let (one, two) = (whole("one"), whole("two"));
    assert!(one == two);
    assert_eq!(one.2.len(), 2 + 2 * 10, "two files of the roster, two of each source");
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn a_training_is_told_of_more_than_once_and_near_misses_are_others() {
    let training = make_training(0);
    let (mut duplicates, mut upgraded, mut cycles, mut unknown) = (0, 0, 0, 0);
    let mut ids = HashSet::new();
    for person in 0..training.person_count() {
        let credit = training.credit_of_person(person);
        for (at, (record, outcome)) in credit.iter().enumerate() {
            assert!(ids.insert(record.id.clone()), "{}", record.id);
            if let Outcome::Duplicate(of) = outcome {
                let (other, stands) = credit.iter().find(|(r, _)| r.id == *of).unwrap();
                assert_eq!((other.training, &other.canonical), (record.training, &record.canonical));
                assert!(matches!(stands, Outcome::Counted | Outcome::Provisional) && record.canonical.is_some());
                duplicates += 1;
            }
            for (other, _) in credit[..at].iter().filter(|(other, _)| other.training != record.training) {
                upgraded += u32::from(other.course == record.course && other.role == "学科教师");
                cycles += u32::from(other.canonical == record.canonical && other.role == record.role);
                unknown += u32::from(other.course == record.course && record.canonical.is_none());
            }
        }
    }
    assert!(duplicates > 1_000 && upgraded > 200 && cycles > 200 && unknown > 50, "{upgraded} {cycles} {unknown}");
}

#[test]
fn so_many_identities_are_damaged_in_every_way() {
    let (whole, damaged) = (make_training(0), make_training(40));
    let (mut records, mut classes) = (0_usize, BTreeMap::new());
    for person in 0..whole.person_count() {
        for record in whole.records_of_person(person) {
            let (clean, claim) = (whole.identity_claim(&record), damaged.identity_claim(&record));
            assert_eq!((clean.damage, clean.truth), (Damage::Clean, claim.truth));
            assert_eq!(clean.id_number, whole.population.teacher(person).id_number);
            records += 1;
            if claim.damage != Damage::Clean {
                *classes.entry(claim.damage).or_insert(0) += 1;
            }
        }
    }
    assert_eq!(classes.len(), Damage::ALL.len() - 1, "{classes:?}");
    let share = classes.values().sum::<usize>() * 100 / records;
    assert!((37..=43).contains(&share), "{share} %");
}
