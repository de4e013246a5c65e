//! Which records are the same training.

use super::*;

#[test]
fn overlapping_periods_are_one_training_if_the_pack_says_so() {
    let p = altered_policy(&[("within = \"cycle\"", "within = \"overlap\"")]);
    let on = |number: i64, from: &str, to: &str, hours: &str| Fact {
        course_code: "b".into(),
        period_start: from.parse().ok(),
        ..passed(number, to, hours, "class_hour", "")
    };
    let (long, first, last) = (
        on(1, "2014-03-01", "2014-06-30", "9"),
        on(2, "2014-03-01", "2014-03-05", "8"),
        on(3, "2014-06-28", "2014-07-02", "7"),
    );
    let outcomes = |facts: &[Fact]| entries_of(&p, facts).iter().map(|e| e.outcome).collect::<Vec<_>>();
    assert_eq!(
        outcomes(&[long, first.clone(), last.clone()]),
        [EntryOutcome::Counted, EntryOutcome::Duplicate, EntryOutcome::Duplicate]
    );
    assert_eq!(outcomes(&[first, last]), [EntryOutcome::Counted, EntryOutcome::Counted]);
}

#[test]
fn values_of_a_duplicate_survive_if_the_pack_says_so() {
    let p = altered_policy(&[
        ("prefer = [\"final\", \"more_hours\", \"earlier\"]", "prefer = [\"programme:two\"]"),
        ("hours = \"winner\"", "hours = \"highest\""),
        ("grade = \"winner\"", "grade = \"latest\""),
    ]);
    let graded = |grade| Some(Assessed { by_school: false, components: [None; 3], total: None, grade });
    let one = Fact {
        course_code: "b".into(),
        assessed: graded(Grade::Pass),
        ..passed(1, "2014-09-01", "12", "class_hour", "")
    };
    let two = Fact {
        connector: "two".into(),
        course_code: "y".into(),
        assessed: graded(Grade::Excellent),
        ..passed(2, "2014-05-01", "8", "class_hour", "")
    };
    let made = entries_of(&p, &[one, two]);
    assert_eq!((made[0].outcome, made[0].duplicate_of), (EntryOutcome::Duplicate, Some(2)));
    assert_eq!(
        (format_hours(made[1].units), made[1].hours_of, made[1].grade),
        ("12".into(), Some(1), Some(Grade::Pass))
    );
    let each = altered_policy(&[(
        "# What the document",
        "[setting.same_course_two_institutions]\nvalue = \"each\"\nbasis = \"assumed\"\nsource = \"x\"\n# What the document",
    )]);
    let same = Fact { course_code: "b".into(), ..passed(1, "2014-09-01", "12", "class_hour", "") };
    let other = Fact { institution: 2, record_id: 2, record_key: vec![2], ..same.clone() };
    assert_eq!(entries_of(&each, &[same, other]).iter().filter(|e| e.outcome == EntryOutcome::Counted).count(), 2);
}

#[test]
fn overlapping_days_are_compared_over_the_turn_of_a_cycle() {
    let p = altered_policy(&[("within = \"cycle\"", "within = \"overlap\"")]);
    let on = |number: i64, from: &str, to: &str| Fact {
        course_code: "b".into(),
        period_start: from.parse().ok(),
        ..passed(number, to, "9", "class_hour", "")
    };
    let facts =
        [on(1, "2013-12-01", "2013-12-31"), on(2, "2013-12-31", "2014-01-05"), on(3, "2014-01-06", "2014-01-07")];
    let outcomes: Vec<_> = entries_of(&p, &facts).iter().map(|e| e.outcome).collect();
    assert_eq!(outcomes, [EntryOutcome::Counted, EntryOutcome::Duplicate, EntryOutcome::Counted]);
}

#[test]
fn an_unknown_course_is_the_same_as_itself_on_the_same_days() {
    let p = policy("jilin-2014");
    let outcomes = |facts: &[Fact]| entries_of(&p, facts).iter().map(|e| e.outcome).collect::<Vec<_>>();
    let first = Fact { course_code: "C-01".into(), ..passed(1, "2015-03-01", "10", "class_hour", "") };
    let again = |of: Fact| Fact { record_id: 2, record_key: vec![2], ..of };
    let same = [
        again(first.clone()),
        again(Fact { course_code: "Ｃ - 01".into(), ..first.clone() }),
        again(Fact { period_start: None, ..first.clone() }),
        again(Fact { course_title: Some("课堂导入".into()), ..first.clone() }),
    ];
    for other in same {
        assert_eq!(outcomes(&[first.clone(), other]), [EntryOutcome::Counted, EntryOutcome::Duplicate]);
    }
    let titled = Fact { course_title: Some("课堂导入".into()), ..first.clone() };
    let different = [
        (first.clone(), again(Fact { period_end: "2015-03-02".parse().expect("a day"), ..first.clone() })),
        (first.clone(), again(Fact { period_start: "2015-02-01".parse().ok(), ..first.clone() })),
        (first.clone(), again(Fact { connector: "two".into(), ..first.clone() })),
        (first.clone(), again(Fact { course_code: "C-02".into(), ..first.clone() })),
        (titled.clone(), again(Fact { course_title: Some("课堂小结".into()), ..titled.clone() })),
    ];
    for (first, other) in different {
        assert_eq!(outcomes(&[first, other]), [EntryOutcome::Counted, EntryOutcome::Counted]);
    }
    // Without a code, the title says which course it is; without either, nothing does.
    let no_code = Fact { course_code: "-".into(), ..titled };
    let spelled = again(Fact { course_title: Some("《课堂 导入》".into()), ..no_code.clone() });
    assert_eq!(outcomes(&[no_code.clone(), spelled]), [EntryOutcome::Counted, EntryOutcome::Duplicate]);
    let nothing = Fact { course_title: None, ..no_code };
    assert_eq!(outcomes(&[nothing.clone(), again(nothing)]), [EntryOutcome::Counted, EntryOutcome::Counted]);
}

#[test]
fn two_spellings_of_a_code_are_one_code_of_one_course() {
    let parse = |courses: &str| {
        let file = RuleFile { name: "courses", text: courses };
        Policy::parse(&[RuleFile { name: "jilin", text: PACKS[0].1 }], file)
    };
    let course =
        |id: &str, codes: &str| format!("[[course]]\nid = \"{id}\"\ntitle = \"x\"\ncodes = {{ one = [{codes}] }}\n");
    let known = parse(&course("A", "\"a 1\", \"a1\"")).expect("one course");
    assert_eq!(known.canonical_course("one", "ａ\u{A0}1"), Some("A"));
    assert!(parse(&(course("A", "\"a 1\"") + &course("B", "\"a1\""))).is_err());
    assert!(parse(&course("A", "\"a1\", \"a1\"")).is_err());
}
