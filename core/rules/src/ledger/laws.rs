//! Laws of the ledger, tested over generated teachers and every rule pack that ships.

mod same_training;

use std::collections::HashMap;

use chrono::{Datelike as _, Days, NaiveDate};
use proptest::prelude::*;

use crate::ledger::standing::Line;
use crate::ledger::*;
use crate::policy::pack::{Limit, Selector};
use crate::policy::shape::Dimension;
use crate::policy::{Policy, RuleFile};
use huiliu_values::text::fold_course;
use huiliu_values::{EntryOutcome, Hours, PassState};

const COURSES: &str = r#"
[[course]]
id = "A"
title = "甲"
hours = "30"
codes = { one = ["a"], two = ["x"] }
[[course]]
id = "B"
title = "乙"
codes = { one = ["b"], two = ["y"] }
[[course]]
id = "B2"
title = "乙（旧）"
same_as = "B"
codes = { two = ["b2"] }
"#;

macro_rules! packs {
    ($($name:literal),*) => { [$(($name, include_str!(concat!("../../../../config/policy/", $name, ".toml")))),*] };
}

const PACKS: [(&str, &str); 9] = packs!(
    "jilin-2014",
    "tisheng-2.0",
    "examples/guangdong-2023",
    "examples/xueshi-xuefen",
    "examples/wuhan-jianghan",
    "examples/nanbu",
    "examples/annual-72",
    "examples/xnai",
    "examples/jiaoji-4068"
);

const COURSE_FILE: RuleFile<'_> = RuleFile { name: "courses", text: COURSES };

/// A pack that ships with a part of its text replaced: name, pack, old text, new text.
type Variant = (&'static str, &'static str, &'static str, &'static str);

/// Packs for rules that no pack that ships combines.
const VARIANTS: [Variant; 2] = [
    (
        "annual-72 with a cap by cycle",
        "examples/annual-72",
        "[[cap]]\n",
        "[[cap]]\nname = \"cycle\"\nper = [\"cycle\"]\nhours = \"200\"\nbasis = \"assumed\"\nsource = \"x\"\n[[cap]]\n",
    ),
    (
        "wuhan-jianghan with a cap by day in credits",
        "examples/wuhan-jianghan",
        "[[cap]]\n",
        "[[cap]]\nname = \"day\"\nper = [\"day\"]\ncredits = \"1.5\"\nbasis = \"assumed\"\nsource = \"x\"\n[[cap]]\n",
    ),
];

fn policy(name: &str) -> Policy {
    let variant = VARIANTS.iter().find(|v| v.0 == name);
    let pack = PACKS.iter().find(|p| p.0 == variant.map_or(name, |v| v.1)).expect("a pack that ships");
    let text = variant.map_or(pack.1.to_owned(), |(.., old, new)| pack.1.replacen(old, new, 1));
    Policy::parse(&[RuleFile { name: pack.0, text: &text }], COURSE_FILE).expect("a pack that ships is usable")
}

fn fact(number: i64) -> impl Strategy<Value = Fact> {
    let day = (0u64..5_000).prop_map(|n| NaiveDate::from_ymd_opt(2011, 1, 1).expect("a day") + Days::new(n));
    let course = prop_oneof![
        Just(("one", "a")),
        Just(("one", "b")),
        Just(("two", "x")),
        Just(("two", "b2")),
        Just(("two", "?")),
        Just(("two", " ？"))
    ];
    let words = (
        prop_oneof![3 => Just(PassState::Passed), 1 => Just(PassState::NotAssessed), 1 => Just(PassState::Failed), 1 => Just(PassState::Pending)],
        proptest::option::of(prop_oneof![Just("学科教师"), Just("主讲教师")]),
        proptest::option::of(prop_oneof![Just("集中"), Just("网络"), Just("学历"), Just("讲座"), Just("面授")]),
        prop_oneof![3 => Just("class_hour"), 1 => Just("day"), 1 => Just("minute"), 1 => Just("hour")],
    );
    let numbers = (
        1u32..400,
        0u64..12,
        proptest::option::of(0i64..10_001),
        proptest::option::of([0u16..10_001, 0u16..10_001, 0u16..10_001]),
    );
    (day, course, words, numbers).prop_map(move |(end, course, words, (amount, length, attendance, scores))| Fact {
        record_id: number,
        record_key: number.to_be_bytes().to_vec(),
        kind: FactKind::Training,
        institution: number % 3,
        connector: course.0.into(),
        course_code: course.1.into(),
        course_title: None,
        project: None,
        pass_state: words.0,
        assessed: scores.map(|s| Assessed {
            by_school: false,
            components: s.map(Some),
            total: None,
            grade: huiliu_values::Grade::Fail,
        }),
        raw_hours: amount.to_string(),
        hours_unit: words.3.into(),
        period_start: Some(end - Days::new(length)),
        period_end: end,
        role: words.1.map(str::to_owned),
        mode: words.2.map(str::to_owned),
        category: None,
        required: None,
        attendance,
        name: "张三".into(),
        claimed: false,
        status: SourceStatus::Valid,
        rulings: Rulings::default(),
    })
}

fn facts() -> impl Strategy<Value = Vec<Fact>> {
    (0usize..14).prop_flat_map(|n| (0..n).map(|i| fact(i64::try_from(i).unwrap_or(0))).collect::<Vec<_>>())
}

fn pack_name() -> impl Strategy<Value = &'static str> {
    (0..PACKS.len() + VARIANTS.len()).prop_map(|i| PACKS.get(i).map_or_else(|| VARIANTS[i - PACKS.len()].0, |p| p.0))
}

fn entries_of(policy: &Policy, facts: &[Fact]) -> Vec<Entry> {
    compute_entries(policy, &Person::default(), facts)
}

proptest! {
    #[test]
    fn arrival_order_changes_nothing(name in pack_name(), facts in facts(), seed in any::<u64>()) {
        let policy = policy(name);
        let mut other = facts.clone();
        other.sort_by_key(|f| f.record_id.unsigned_abs().wrapping_mul(seed | 1).rotate_left(17));
        prop_assert_eq!(entries_of(&policy, &facts), entries_of(&policy, &other));
    }

    #[test]
    fn removing_a_duplicate_changes_nothing(name in pack_name(), facts in facts()) {
        let policy = policy(name);
        let all = entries_of(&policy, &facts);
        for gone in all.iter().filter(|e| e.duplicate_of.is_some()) {
            let rest: Vec<Fact> = facts.iter().filter(|f| f.record_id != gone.record_id).cloned().collect();
            let expected: Vec<Entry> = all.iter().filter(|e| e.record_id != gone.record_id).cloned().collect();
            prop_assert_eq!(entries_of(&policy, &rest), expected);
        }
    }

    #[test]
    fn every_entry_recomputes_from_its_explanation(name in pack_name(), facts in facts()) {
        let policy = policy(name);
        for e in entries_of(&policy, &facts) {
            let cut: i64 = e.cuts.iter().map(|c| c.units).sum();
            if e.outcome.counts_hours() {
                prop_assert_eq!(e.units, e.gross - cut);
            } else {
                prop_assert_eq!(e.units, 0);
            }
            if let Some(one) = policy.rules[e.conversion].units_per_one {
                prop_assert_eq!(Hours::from_amount(&e.raw_hours, one).map(Hours::units), Ok(e.gross));
            }
            prop_assert!(e.carried.is_none_or(|c| c.units <= e.units));
            prop_assert!(e.cuts.iter().all(|c| c.units > 0));
        }
    }

    #[test]
    fn no_cap_is_exceeded(name in pack_name(), facts in facts()) {
        let policy = policy(name);
        let made = entries_of(&policy, &facts);
        let pack = &policy.packs[0];
        for cap in &pack.caps {
            let mut sums: HashMap<String, i64> = HashMap::new();
            let mut days: HashMap<NaiveDate, i64> = HashMap::new();
            let most = match cap.limit { Limit::Units(most) | Limit::CreditParts(most) => most };
            for (f, e) in facts.iter().filter_map(|f| Some((f, made.iter().find(|e| e.record_id == f.record_id)?))) {
                let seen = crate::ledger::selector_values_of(f, Some(pack));
                if !cap.of.matches_record(&seen) || e.units == 0 {
                    continue;
                }
                let measured = |units: i64| match cap.limit {
                    Limit::Units(_) => units,
                    Limit::CreditParts(_) => units * (pack.credit_parts / pack.find_credit(&seen).map_or(1, |c| c.hours)),
                };
                if cap.per == [Dimension::Day] {
                    // The total of a training cannot exceed what the cap allows on all its days together.
                    let span = (f.period_end - f.period_start.expect("a first day")).num_days() + 1;
                    prop_assert!(measured(e.units) <= most * span);
                    if span == 1 {
                        *days.entry(f.period_end).or_default() += measured(e.units);
                    }
                    continue;
                }
                let carried = e.carried.map_or(0, |c| c.units);
                let year = f.period_end.year();
                let next = pack.first_day_of_next_year(f.period_end).and_then(|first| pack.find_cycle(first));
                let cycles = [e.cycle.as_deref(), next.map(|c| &*c.name)].map(Option::unwrap_or_default);
                let key = |year: i32, cycle: &str| cap.per.iter().map(|d| match d {
                    Dimension::Course => e.canonical_course.as_deref().map_or(format!("{}/{}", f.connector, fold_course(&f.course_code)), str::to_owned),
                    Dimension::Mode => seen.mode.unwrap_or_default().to_owned(),
                    Dimension::Year => year.to_string(),
                    Dimension::Cycle => cycle.to_owned(),
                    _ => "a dimension that no pack that ships has".to_owned(),
                }).collect::<Vec<_>>().join("|");
                *sums.entry(key(year, cycles[0])).or_default() += measured(e.units - carried);
                if carried > 0 {
                    *sums.entry(key(year + 1, cycles[1])).or_default() += measured(carried);
                }
            }
            prop_assert!(sums.values().chain(days.values()).all(|sum| *sum <= most), "{}: {:?}", cap.name, sums);
        }
        for course in ["A", "B"] {
            let mut by_cycle: HashMap<Option<Arc<str>>, i64> = HashMap::new();
            for e in made.iter().filter(|e| e.canonical_course.as_deref() == Some(course)) {
                *by_cycle.entry(e.cycle.clone()).or_default() += e.units;
            }
            let most = policy.crosswalk.find_course(course).and_then(|c| c.most).unwrap_or(i64::MAX);
            prop_assert!(by_cycle.values().all(|sum| *sum <= most));
        }
    }

    #[test]
    fn a_revocation_counts_nothing_and_its_reversal_leaves_no_trace(name in pack_name(), facts in facts(), which in any::<prop::sample::Index>()) {
        prop_assume!(!facts.is_empty());
        let policy = policy(name);
        let before = entries_of(&policy, &facts);
        let mut revoked = facts.clone();
        let i = which.index(facts.len());
        revoked[i].rulings.revoked = Some(7);
        let during = entries_of(&policy, &revoked);
        let entry = during.iter().find(|e| e.record_id == facts[i].record_id);
        prop_assert_eq!(entry.map(|e| e.units), Some(0));
        revoked[i].rulings = Rulings::default();
        prop_assert_eq!(entries_of(&policy, &revoked), before);
    }

    #[test]
    fn a_withdrawn_record_is_as_if_it_had_never_come(name in pack_name(), facts in facts(), which in any::<prop::sample::Index>()) {
        prop_assume!(!facts.is_empty());
        let policy = policy(name);
        let i = which.index(facts.len());
        let mut withdrawn = facts.clone();
        withdrawn[i].status = SourceStatus::Withdrawn;
        let (of_it, of_others): (Vec<Entry>, Vec<Entry>) =
            entries_of(&policy, &withdrawn).into_iter().partition(|e| e.record_id == facts[i].record_id);
        prop_assert!(of_it.iter().all(|e| e.units == 0 && !e.outcome.counts_hours()));
        let rest: Vec<Fact> = facts.iter().filter(|f| f.record_id != facts[i].record_id).cloned().collect();
        prop_assert_eq!(entries_of(&policy, &rest), of_others);
    }

    #[test]
    fn a_disputed_record_counts_as_before_unless_the_pack_says_otherwise(name in pack_name(), facts in facts()) {
        let policy = policy(name);
        let disputed: Vec<Fact> = facts.iter().map(|f| Fact { status: SourceStatus::Disputed, ..f.clone() }).collect();
        prop_assert_eq!(entries_of(&policy, &facts), entries_of(&policy, &disputed));
    }

    #[test]
    fn every_hour_counts_in_one_cycle(name in pack_name(), facts in facts()) {
        let policy = policy(name);
        let made = entries_of(&policy, &facts);
        let ended = |e: &Entry| facts.iter().find(|f| f.record_id == e.record_id).map(|f| f.period_end);
        let lines: Vec<Line> =
            made.iter().filter_map(|e| Some(Line::from_entry(&policy, e, ended(e)?))).collect();
        let sums = standing::sum_by_cycle(&policy, &lines, NaiveDate::MIN);
        let in_sums: i64 = sums.iter().map(|s| s.counted.0 + s.provisional.0).sum();
        prop_assert_eq!(in_sums, made.iter().map(|e| e.units).sum::<i64>());
        // What a cap by cycle allows is what the sum of the cycle shows.
        let by_cycle = policy.packs[0].caps.iter().filter(|c| c.per == [Dimension::Cycle] && c.of == Selector::default());
        for cap in by_cycle {
            let Limit::Units(most) = cap.limit else { continue };
            let counts = |s: &standing::Sum| s.counted.0 + s.provisional.0;
            prop_assert!(sums.iter().filter(|s| !s.cycle.is_empty()).all(|s| counts(s) <= most), "{:?}", sums);
        }
    }

    #[test]
    fn a_fail_that_a_person_decided_counts_for_nobody(name in pack_name(), facts in facts(), which in any::<prop::sample::Index>()) {
        prop_assume!(!facts.is_empty());
        let policy = policy(name);
        let mut failed = facts;
        let i = which.index(failed.len());
        failed[i].rulings.graded = Some(RuledGrade { grade: Grade::Fail, decision: 7 });
        let old = Person { names: vec![], sex: Some(Sex::Male), born: NaiveDate::from_ymd_opt(1940, 1, 1) };
        for person in [Person::default(), old] {
            let made = compute_entries(&policy, &person, &failed);
            let entry = made.iter().find(|e| e.record_id == failed[i].record_id);
            prop_assert_eq!(entry.map(|e| e.units), Some(0));
        }
    }

    #[test]
    fn a_school_grade_changes_no_other_institutions_project(facts in facts(), grade in any::<bool>()) {
        let policy = policy("jilin-2014");
        let trained: Vec<Fact> = facts.into_iter().map(|f| Fact { project: Some("P".into()), ..f }).collect();
        prop_assume!(trained.iter().any(|f| f.institution == 1));
        let grade = if grade { Grade::Pass } else { Grade::Fail };
        let school = Fact {
            record_id: 99,
            record_key: vec![99],
            kind: FactKind::Assessment,
            institution: 1,
            assessed: Some(Assessed { by_school: true, components: [None; 3], total: None, grade }),
            ..trained[0].clone()
        };
        let with_grade: Vec<Fact> = trained.iter().cloned().chain([school]).collect();
        let other = |f: &&Fact| f.institution != 1;
        let grades = |made: &[Entry]| {
            let of = |f: &Fact| made.iter().find(|e| e.record_id == f.record_id).map(|e| e.grade);
            trained.iter().filter(other).map(of).collect::<Vec<_>>()
        };
        prop_assert_eq!(grades(&entries_of(&policy, &trained)), grades(&entries_of(&policy, &with_grade)));
    }
}

fn format_hours(units: i64) -> String {
    Hours::from_units(units).map_or_else(|| units.to_string(), |h| h.to_string())
}

fn outcomes_and_hours(policy: &Policy, facts: &[Fact]) -> Vec<(EntryOutcome, String)> {
    entries_of(policy, facts).into_iter().map(|e| (e.outcome, format_hours(e.units))).collect()
}

/// A completion that was passed, for the examples below.
fn passed(number: i64, day: &str, hours: &str, unit: &str, mode: &str) -> Fact {
    let end: NaiveDate = day.parse().expect("a day");
    Fact {
        record_id: number,
        record_key: number.to_be_bytes().to_vec(),
        kind: FactKind::Training,
        institution: 1,
        connector: "one".into(),
        course_code: format!("c{number}"),
        course_title: None,
        project: None,
        pass_state: PassState::Passed,
        assessed: None,
        raw_hours: hours.into(),
        hours_unit: unit.into(),
        period_start: Some(end),
        period_end: end,
        role: None,
        mode: Some(mode.into()),
        category: None,
        required: None,
        attendance: None,
        name: "张三".into(),
        claimed: false,
        status: SourceStatus::Valid,
        rulings: Rulings::default(),
    }
}

#[test]
fn guangdong_counts_eight_a_day_and_45_minutes_of_a_part_day() {
    let p = policy("examples/guangdong-2023");
    assert_eq!(
        outcomes_and_hours(&p, &[passed(1, "2023-05-01", "1", "day", ""), passed(2, "2023-05-02", "90", "minute", "")]),
        [(EntryOutcome::Counted, "8".into()), (EntryOutcome::Counted, "2".into())]
    );
    let twice = [passed(1, "2023-05-01", "6", "class_hour", ""), passed(2, "2023-05-01", "6", "class_hour", "")];
    assert_eq!(
        outcomes_and_hours(&p, &twice),
        [(EntryOutcome::Counted, "6".into()), (EntryOutcome::Counted, "2".into())]
    );
}

#[test]
fn the_national_statistics_count_whole_class_hours_after_a_pass() {
    let p = policy("examples/jiaoji-4068");
    let short = entries_of(&p, &[passed(1, "2022-05-01", "44.99", "minute", "")]);
    let cut = short[0].cuts.iter().map(|c| (p.rules[c.rule].name.as_str(), c.units)).collect::<Vec<_>>();
    assert_eq!((short[0].outcome, cut), (EntryOutcome::NotCounted, vec![("minimum", short[0].gross)]));
    let mut failed = passed(3, "2022-05-03", "9", "class_hour", "");
    failed.pass_state = PassState::Failed;
    let facts = [passed(1, "2022-05-01", "45", "minute", ""), passed(2, "2022-05-02", "9", "class_hour", ""), failed];
    let expected = [(EntryOutcome::Counted, "1"), (EntryOutcome::Counted, "8"), (EntryOutcome::NotPassed, "0")];
    assert_eq!(outcomes_and_hours(&p, &facts), expected.map(|(outcome, hours)| (outcome, hours.to_owned())));
}

#[test]
fn nanbu_halves_hours_of_district_training() {
    let p = policy("examples/nanbu");
    let facts = [passed(1, "2012-05-01", "3", "hour", "讲座"), passed(2, "2012-05-01", "3", "hour", "区级")];
    assert_eq!(
        outcomes_and_hours(&p, &facts),
        [(EntryOutcome::Counted, "3".into()), (EntryOutcome::Counted, "1.5".into())]
    );
}

#[test]
fn wuhan_caps_credits_and_refuses_absence_of_a_fifth() {
    let p = policy("examples/wuhan-jianghan");
    // 200 hours of a degree programme are 10 credits, of which 5 count in a year: 100 hours.
    assert_eq!(
        outcomes_and_hours(&p, &[passed(1, "2012-05-01", "200", "class_hour", "学历")]),
        [(EntryOutcome::Counted, "100".into())]
    );
    // 15 credits of one course held as a block are 120 class hours.
    assert_eq!(
        outcomes_and_hours(&p, &[passed(1, "2012-05-01", "150", "class_hour", "集中")]),
        [(EntryOutcome::Counted, "120".into())]
    );
    let mut absent = passed(1, "2012-05-01", "8", "class_hour", "集中");
    for (present, outcome) in
        [(8_000, EntryOutcome::Absent), (7_999, EntryOutcome::Absent), (8_001, EntryOutcome::Counted)]
    {
        absent.attendance = Some(present);
        assert_eq!(entries_of(&p, &[absent.clone()])[0].outcome, outcome);
    }
}

#[test]
fn lectures_count_by_the_hour_and_failed_courses_do_not() {
    let p = policy("examples/xueshi-xuefen");
    let mut failed = passed(2, "2012-05-01", "9", "class_hour", "讲座");
    failed.pass_state = PassState::Failed;
    let facts = [passed(1, "2012-05-01", "3", "hour", "讲座"), failed];
    assert_eq!(
        outcomes_and_hours(&p, &facts),
        [(EntryOutcome::Counted, "3".into()), (EntryOutcome::NotPassed, "0".into())]
    );
}

#[test]
fn surplus_of_a_year_counts_in_the_next() {
    let p = policy("examples/annual-72");
    let facts = [passed(1, "2012-05-01", "100", "class_hour", ""), passed(2, "2013-05-01", "60", "class_hour", "")];
    let made = entries_of(&p, &facts);
    assert_eq!(
        outcomes_and_hours(&p, &facts),
        [(EntryOutcome::Counted, "100".into()), (EntryOutcome::Counted, "60".into())]
    );
    let carried = |i: usize| made[i].carried.map(|c| format_hours(c.units));
    // 72 hours count in 2012; 28 + 44 in 2013; 16 in 2014.
    assert_eq!([carried(0), carried(1)], [Some("28".into()), Some("16".into())]);
}

#[test]
fn surplus_of_a_cycles_last_year_counts_in_the_next_cycle() {
    let p = policy("examples/annual-72");
    let fact = passed(1, "2014-05-01", "100", "class_hour", "");
    let line = Line::from_entry(&p, &entries_of(&p, std::slice::from_ref(&fact))[0], fact.period_end);
    let sums = |today: &str| {
        let sums = standing::sum_by_cycle(&p, std::slice::from_ref(&line), today.parse().expect("a day"));
        sums.into_iter().map(|s| (s.cycle, format_hours(s.counted.0))).collect::<Vec<_>>()
    };
    let expected = [("2010-2014".to_owned(), "72".to_owned()), ("2015-2019".to_owned(), "28".to_owned())];
    assert_eq!(sums("2014-12-31"), expected);
}

#[test]
fn a_day_in_credits_is_used_up_at_every_rate_alike() {
    let p = policy("wuhan-jianghan with a cap by day in credits");
    // 8 hours of a block are 1 credit, so half a credit of the day is left: 5 hours at 10 hours per credit.
    let facts =
        [passed(1, "2012-05-01", "8", "class_hour", "集中"), passed(2, "2012-05-01", "10", "class_hour", "网络")];
    let expected = [(EntryOutcome::Counted, "8".to_owned()), (EntryOutcome::Counted, "5".to_owned())];
    assert_eq!(outcomes_and_hours(&p, &facts), expected);
}

#[test]
fn a_course_is_passed_by_time_by_an_examination_or_by_both() {
    let p = policy("examples/xnai");
    let outcome = |pass: PassState, present: Option<i64>| {
        let mut fact = passed(1, "2012-05-01", "8", "class_hour", "");
        (fact.pass_state, fact.attendance) = (pass, present);
        entries_of(&p, &[fact])[0].outcome
    };
    // Passed by time alone, by the examination alone, and by both.
    assert_eq!(
        [outcome(PassState::NotAssessed, Some(10_000)), outcome(PassState::NotAssessed, Some(9_999))],
        [EntryOutcome::Counted, EntryOutcome::Absent]
    );
    assert_eq!(
        [outcome(PassState::Passed, None), outcome(PassState::Failed, None)],
        [EntryOutcome::Counted, EntryOutcome::NotPassed]
    );
    let both = [
        outcome(PassState::Passed, Some(10_000)),
        outcome(PassState::Passed, Some(9_999)),
        outcome(PassState::Failed, Some(10_000)),
    ];
    assert_eq!(both, [EntryOutcome::Counted, EntryOutcome::Absent, EntryOutcome::NotPassed]);
}

#[test]
fn leading_a_course_is_no_duplicate_and_exempt_teachers_need_not_pass() {
    let p = policy("jilin-2014");
    let mut learnt = passed(1, "2014-05-01", "8", "class_hour", "");
    learnt.course_code = "a".into();
    let mut led = Fact { record_id: 2, record_key: vec![2], role: Some("主讲教师".into()), ..learnt.clone() };
    assert_eq!(
        entries_of(&p, &[learnt.clone(), led.clone()]).iter().filter(|e| e.outcome == EntryOutcome::Counted).count(),
        2
    );
    led.role = Some("学科教师".into());
    assert_eq!(entries_of(&p, &[learnt.clone(), led]).iter().filter(|e| e.outcome == EntryOutcome::Counted).count(), 1);

    learnt.pass_state = PassState::Pending;
    let born = |day: &str| Person { born: day.parse().ok(), sex: Some(Sex::Female), names: vec![] };
    let outcome = |person: &Person| compute_entries(&p, person, &[learnt.clone()])[0].outcome;
    assert_eq!(outcome(&born("1964-05-01")), EntryOutcome::Provisional);
    assert_eq!(outcome(&born("1964-05-02")), EntryOutcome::NotPassed);
}

#[test]
fn a_school_grade_fails_a_project_until_an_appeal() {
    let p = policy("jilin-2014");
    let mut training = passed(1, "2014-05-01", "8", "class_hour", "");
    training.project = Some("P".into());
    training.assessed = Some(Assessed {
        by_school: false,
        components: [Some(9_000), Some(9_000), Some(9_000)],
        total: None,
        grade: Grade::Fail,
    });
    let school = |grade| Assessed { by_school: true, components: [None; 3], total: None, grade };
    let mut by_school = Fact {
        record_id: 2,
        record_key: vec![2],
        kind: FactKind::Assessment,
        assessed: Some(school(Grade::Fail)),
        ..training.clone()
    };
    let made = entries_of(&p, &[training.clone(), by_school.clone()]);
    assert_eq!(
        (made.len(), made[0].outcome, p.rules[made[0].rule].name.as_str()),
        (1, EntryOutcome::NotPassed, "comprehensive")
    );
    by_school.rulings.graded = Some(RuledGrade { grade: Grade::Pass, decision: 9 });
    let made = entries_of(&p, &[training, by_school]);
    assert_eq!((made[0].outcome, made[0].decision, made[0].grade), (EntryOutcome::Counted, Some(9), Some(Grade::Pass)));
}

/// The Jilin pack with parts of its text replaced.
fn altered_policy(replaced: &[(&str, &str)]) -> Policy {
    let mut text = PACKS[0].1.to_owned();
    for (old, new) in replaced {
        assert!(text.contains(old), "{old}");
        text = text.replacen(old, new, 1);
    }
    Policy::parse(&[RuleFile { name: "altered", text: &text }], COURSE_FILE).expect("a pack that is usable")
}
