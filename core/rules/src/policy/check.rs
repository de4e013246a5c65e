//! Checks a rule pack's file and turns it into a usable pack. All faults are reported at once, each with its line.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;
use toml::Spanned;

use crate::policy::fault::Reading;
use crate::policy::pack::{
    AboveCourse, AsOf, Book, Cap, Comprehensive, Conversion, Credit, Cycle, Duplicates, Exempt, Limit,
    MinimumAttendance, MinimumHours, MissingComponent, Pack, Preference, Requirement, Rounding, RuledAboveCourse,
    RuledStanding, Selector,
};
use crate::policy::problem::PolicyProblem;
use crate::policy::settings::{QUESTIONS, Question};
use crate::policy::shape::{CapRule, ConversionRule, Dimension, PackFile, Principle, SettingRule};
use crate::policy::{Rule, RuleNo};
use crate::roster::exemption::Limits;
use huiliu_manifest::Unit;
use huiliu_messages::Wording;
use huiliu_values::{Bands, Basis, Grade, Hours, Score, Weights};

impl Book<'_> {
    fn add_rule(&mut self, name: &str, basis: Basis, source: &Wording) -> RuleNo {
        self.add_conversion(name, None, None, basis, source)
    }

    fn add_conversion(
        &mut self,
        name: &str,
        unit: Option<&str>,
        units_per_one: Option<i64>,
        basis: Basis,
        source: &Wording,
    ) -> RuleNo {
        self.rules.push(Rule {
            pack: self.pack.clone(),
            version: self.version,
            name: name.to_owned(),
            unit: unit.map(str::to_owned),
            units_per_one,
            basis,
            source: source.clone(),
        });
        self.rules.len() - 1
    }

    fn add_principle(&mut self, name: &str, of: &Principle) -> RuleNo {
        self.add_rule(name, of.basis, &of.source)
    }
}

/// A range of days, both ends inclusive.
#[derive(Clone, Copy)]
struct DateRange {
    from: NaiveDate,
    to: NaiveDate,
}

/// A conversion and its byte offset in the file.
struct ConversionAt {
    conversion: Conversion,
    at: usize,
}

/// The choice for an open question.
#[derive(Clone, Copy, Default)]
struct ChosenSetting {
    value: &'static str,
    rule: RuleNo,
}

/// The choices for the open questions, by setting name.
type ChosenSettings = BTreeMap<&'static str, ChosenSetting>;

/// Checks a pack; its rules are appended to `rules`.
pub(super) fn check_pack(reading: &mut Reading<'_>, rules: &mut Vec<Rule>) -> Option<Pack> {
    let file: PackFile = reading.parse_toml()?;
    let (from, to) = (*file.from.get_ref(), file.to);
    if from > to {
        reading.add_fault(file.from.span().start, "from", PolicyProblem::DaysReversed);
    }
    let days = DateRange { from, to };
    let mut book = Book { rules, pack: file.name.clone(), version: file.version };
    let book = &mut book;
    let chosen = check_settings(reading, book, &file.setting);
    let chose = |name: &str| chosen.get(name).copied().unwrap_or_default();
    let conversions = check_conversions(reading, book, &file.conversion, days);
    let (credits, credit_parts) = check_credits(reading, book, &file);
    let caps = check_caps(reading, book, &file, credit_parts);
    let weights = check_weights(reading, book, &file);
    let bands = check_bands(reading, book, &file, chose("band_edge").value == "upper");
    let standing = |book: &mut Book<'_>, name: &str, standing, basis, source: &Wording| RuledStanding {
        standing,
        rule: book.add_rule(name, basis, source),
    };
    let of = &file.not_assessed;
    let not_assessed = standing(book, "not_assessed", of.standing, of.basis, &of.source);
    let exempt = file.exempt.as_ref().map(|of| {
        let of = of.get_ref();
        let as_of = match chose("age_as_of").value {
            "period_start" => AsOf::PeriodStart,
            "year_end" => AsOf::YearEnd,
            "cycle_start" => AsOf::CycleStart,
            _ => AsOf::PeriodEnd,
        };
        let stands = standing(book, "exempt", of.standing, of.basis, &of.source);
        Exempt { limits: Limits { men: of.men, women: of.women }, as_of, stands }
    });
    let pending = chose("without_school_grade").value == "pending";
    let cycles = check_cycles(reading, &file, days);
    let above = match chose("above_course_maximum").value {
        "refuse" => AboveCourse::Refuse,
        "keep" => AboveCourse::Keep,
        _ => AboveCourse::Cut,
    };
    Some(Pack {
        from,
        to,
        conversions,
        credits,
        credit_parts,
        caps,
        weights,
        bands,
        round_first: chose("band_rounding").value == "half_up",
        missing_component: match chose("missing_component").value {
            "fail" => MissingComponent::Fail,
            "renormalise" => MissingComponent::Renormalise,
            _ => MissingComponent::Wait,
        },
        pass_gate: book.add_principle("pass_gate", &file.pass_gate),
        failed_counts: Some(chose("failed_course_hours")).filter(|c| c.value == "provisional").map(|c| c.rule),
        minimum: check_minimum(reading, book, &file),
        attendance: check_attendance(reading, book, &file),
        not_assessed,
        exempt,
        comprehensive: check_comprehensive(reading, book, &file, pending),
        revocation: book.add_principle("revocation", &file.revocation),
        withdrawal: chose("withdrawn_record").rule,
        disputed_refused: Some(chose("disputed_record")).filter(|c| c.value == "not_counted").map(|c| c.rule),
        duplicates: check_duplicates(reading, book, &file),
        each_institution: chose("same_course_two_institutions").value == "each",
        above_course: RuledAboveCourse { choice: above, rule: chose("above_course_maximum").rule },
        identity: book.add_principle("identity", &file.identity),
        requirement: check_requirement(
            reading,
            book,
            &file,
            chose("hours_window").value,
            chose("legacy_certificate").value,
        ),
        rounding: check_rounding(reading, book, &file),
        cycles,
        chosen: chosen.iter().map(|(name, chosen)| (*name, chosen.value)).collect(),
        modes: check_modes(reading, &file),
        institution_words: check_grade_words(reading, "vocabulary.institution", &file.vocabulary.institution),
        school_words: check_grade_words(reading, "vocabulary.school", &file.vocabulary.school),
        name: file.name,
        version: file.version,
        title: file.title,
        jurisdiction: file.jurisdiction,
    })
}

fn check_settings(
    reading: &mut Reading<'_>,
    book: &mut Book<'_>,
    given: &BTreeMap<String, Spanned<SettingRule>>,
) -> ChosenSettings {
    for (name, of) in given {
        if Question::find_by_name(name).is_none() {
            let known = QUESTIONS.iter().map(|q| q.name.to_owned()).collect();
            reading.add_fault(of.span().start, &format!("setting.{name}"), PolicyProblem::NoSetting { known });
        }
    }
    let mut chosen = ChosenSettings::new();
    for question in QUESTIONS {
        let first = question.choices.first().copied().unwrap_or_default();
        let rule = format!("setting.{}", question.name);
        let made = match given.get(question.name) {
            None => ChosenSetting { value: first, rule: book.add_rule(&rule, Basis::Assumed, &question.why) },
            Some(of) => {
                let SettingRule { value, basis, source } = of.get_ref();
                let choice = question.choices.iter().find(|c| *c == value).copied();
                if choice.is_none() {
                    let choices = question.choices.iter().map(|&choice| choice.to_owned()).collect();
                    let why = PolicyProblem::Value { value: value.clone(), choices };
                    reading.add_fault(of.span().start, &rule, why);
                }
                ChosenSetting { value: choice.unwrap_or(first), rule: book.add_rule(&rule, *basis, source) }
            }
        };
        chosen.insert(question.name, made);
    }
    chosen
}

fn check_conversions(
    reading: &mut Reading<'_>,
    book: &mut Book<'_>,
    given: &[Spanned<ConversionRule>],
    pack: DateRange,
) -> Vec<Conversion> {
    let mut made: Vec<ConversionAt> = Vec::with_capacity(given.len());
    for spanned in given {
        let (of, at) = (spanned.get_ref(), spanned.span().start);
        if !Unit::ALL.iter().any(|unit| unit.as_str() == of.unit) {
            let known = Unit::ALL.iter().map(|unit| unit.as_str().to_owned()).collect();
            reading.add_fault(at, "conversion", PolicyProblem::NoUnit { unit: of.unit.clone(), known });
        }
        let selector = Selector { mode: of.mode.clone(), programme: of.programme.clone(), ..Selector::default() };
        let mut name = format!("conversion.{}", of.unit);
        for narrow in [&of.mode, &of.programme].into_iter().flatten() {
            name = format!("{name}.{narrow}");
        }
        if of.units_per_one <= 0 {
            reading.add_fault(at, &name, PolicyProblem::UnitsPerOne);
        }
        let days = DateRange { from: of.from.unwrap_or(pack.from), to: of.to.unwrap_or(pack.to) };
        if days.from > days.to {
            reading.add_fault(at, &name, PolicyProblem::Reversed);
        }
        let rule = book.add_conversion(&name, Some(&of.unit), Some(of.units_per_one), of.basis, &of.source);
        let conversion = Conversion {
            unit: of.unit.clone(),
            units_per_one: of.units_per_one,
            of: selector,
            from: days.from,
            to: days.to,
            rule,
        };
        made.push(ConversionAt { conversion, at });
    }
    check_dates(reading, &made, pack);
    made.sort_by_key(|made| std::cmp::Reverse(made.conversion.of.count_conditions()));
    made.into_iter().map(|made| made.conversion).collect()
}

/// Checks that conversions of one unit for the same records follow each other without overlap or gap.
fn check_dates(reading: &mut Reading<'_>, made: &[ConversionAt], pack: DateRange) {
    let DateRange { from, to } = pack;
    let mut seen: Vec<usize> = vec![];
    for (i, ConversionAt { conversion: first, .. }) in made.iter().enumerate() {
        if seen.contains(&i) {
            continue;
        }
        let same = |c: &Conversion| c.unit == first.unit && c.of == first.of;
        let mut line: Vec<usize> = (i..made.len()).filter(|j| same(&made[*j].conversion)).collect();
        seen.extend(&line);
        line.sort_by_key(|j| made[*j].conversion.from);
        let mut next = from;
        for j in &line {
            let ConversionAt { conversion: c, at } = &made[*j];
            let rule = format!("conversion.{}", c.unit);
            if c.from < next && next > from {
                reading.add_fault(*at, &rule, PolicyProblem::Overlap { next });
            } else if c.from > next {
                reading.add_fault(*at, &rule, PolicyProblem::Gap { from: next, next: c.from });
            }
            next = c.to.succ_opt().unwrap_or(NaiveDate::MAX).max(next);
        }
        if let Some(ConversionAt { conversion: c, at }) = line.last().map(|j| &made[*j])
            && next <= to
        {
            reading.add_fault(*at, &format!("conversion.{}", c.unit), PolicyProblem::GapAtEnd { from: next, to });
        }
    }
}

fn check_credits(reading: &mut Reading<'_>, book: &mut Book<'_>, file: &PackFile) -> (Vec<Credit>, i64) {
    let mut made: Vec<Credit> = vec![];
    let mut parts = 1;
    for spanned in &file.credit {
        let (of, at) = (spanned.get_ref(), spanned.span().start);
        if !(1..=1000).contains(&of.hours) {
            reading.add_fault(at, "credit", PolicyProblem::HoursToCredit { hours: of.hours });
            continue;
        }
        parts = lcm(parts, of.hours);
        let selector = Selector { mode: of.mode.clone(), category: of.category.clone(), ..Selector::default() };
        if made.iter().any(|c| c.of == selector) {
            reading.add_fault(at, "credit", PolicyProblem::TwiceForRecords);
        }
        made.push(Credit { hours: of.hours, of: selector, rule: book.add_rule("credit", of.basis, &of.source) });
    }
    if parts > 1_000_000 {
        let at = file.credit.first().map_or(0, |c| c.span().start);
        reading.add_fault(at, "credit", PolicyProblem::NoCommonMultiple);
        parts = 1;
    }
    made.sort_by_key(|c| std::cmp::Reverse(c.of.count_conditions()));
    (made, parts)
}

fn lcm(a: i64, b: i64) -> i64 {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    (a / x.max(1)).saturating_mul(b)
}

fn check_caps(reading: &mut Reading<'_>, book: &mut Book<'_>, file: &PackFile, credit_parts: i64) -> Vec<Cap> {
    let mut made: Vec<Cap> = vec![];
    for spanned in &file.cap {
        let (of, at) = (spanned.get_ref(), spanned.span().start);
        let name = format!("cap.{}", of.name);
        if made.iter().any(|c| c.name == of.name) {
            reading.add_fault(at, &name, PolicyProblem::Twice);
        }
        if of.per.is_empty() {
            reading.add_fault(at, &name, PolicyProblem::NoDimension);
        }
        if of.per.contains(&Dimension::Day) && of.per.len() > 1 {
            reading.add_fault(at, &name, PolicyProblem::DayAlone);
        }
        let Some(limit) = parse_limit(reading, &name, at, of, credit_parts, !file.credit.is_empty()) else { continue };
        let selector = Selector {
            mode: of.mode.clone(),
            programme: of.programme.clone(),
            category: of.category.clone(),
            required: of.required,
        };
        let rule = book.add_rule(&name, of.basis, &of.source);
        made.push(Cap { name: of.name.clone(), per: of.per.clone(), limit, of: selector, carries: None, rule });
    }
    if let Some(spanned) = &file.carry_over {
        let (of, at) = (spanned.get_ref(), spanned.span().start);
        let rule = book.add_rule("carry_over", of.basis, &of.source);
        match made.iter_mut().find(|c| c.name == of.cap) {
            Some(cap) if cap.per.contains(&Dimension::Year) => cap.carries = Some(rule),
            Some(_) => reading.add_fault(at, "carry_over", PolicyProblem::CapNotByYear { cap: of.cap.clone() }),
            None => reading.add_fault(at, "carry_over", PolicyProblem::NoCap { cap: of.cap.clone() }),
        }
    }
    // The caps by year and cycle after it count the carried hours where they are carried to.
    let by_span = |cap: &Cap| cap.per.contains(&Dimension::Year) || cap.per.contains(&Dimension::Cycle);
    if let (Some(first), Some(carrying)) =
        (made.iter().position(by_span), made.iter().position(|cap| cap.carries.is_some()))
    {
        made[first..=carrying].rotate_right(1);
    }
    made
}

fn parse_limit(
    reading: &mut Reading<'_>,
    name: &str,
    at: usize,
    of: &CapRule,
    credit_parts: i64,
    has_credits: bool,
) -> Option<Limit> {
    let amount = |text: &str, per_one: i64| Hours::from_amount(text, per_one).ok().map(Hours::units).filter(|u| *u > 0);
    let limit = match (&of.hours, &of.credits) {
        (Some(text), None) => amount(text, Hours::UNITS_PER_CLASS_HOUR).map(Limit::Units),
        (None, Some(_)) if !has_credits => {
            reading.add_fault(at, name, PolicyProblem::NoCredits);
            return None;
        }
        (None, Some(text)) => {
            amount(text, Hours::UNITS_PER_CLASS_HOUR).and_then(|u| u.checked_mul(credit_parts)).map(Limit::CreditParts)
        }
        _ => {
            reading.add_fault(at, name, PolicyProblem::HoursOrCredits);
            return None;
        }
    };
    if limit.is_none() {
        reading.add_fault(at, name, PolicyProblem::CapAmount);
    }
    limit
}

fn check_weights(reading: &mut Reading<'_>, book: &mut Book<'_>, file: &PackFile) -> Weights {
    let of = file.weights.get_ref();
    book.add_rule("weights", of.basis, &of.source);
    Weights::new(of.learning, of.activity, of.artefact).unwrap_or_else(|| {
        reading.add_fault(file.weights.span().start, "weights", PolicyProblem::Weights);
        Weights::default()
    })
}

fn check_bands(reading: &mut Reading<'_>, book: &mut Book<'_>, file: &PackFile, upper_inclusive: bool) -> Bands {
    let of = file.bands.get_ref();
    book.add_rule("bands", of.basis, &of.source);
    if of.pass_from > of.excellent_from || of.excellent_from > 10_000 {
        let why = PolicyProblem::Bands;
        reading.add_fault(file.bands.span().start, "bands", why);
    }
    Bands { excellent_from: of.excellent_from, pass_from: of.pass_from, upper_inclusive }
}

fn check_minimum(reading: &mut Reading<'_>, book: &mut Book<'_>, file: &PackFile) -> Option<MinimumHours> {
    let spanned = file.minimum.as_ref()?;
    let of = spanned.get_ref();
    let rule = book.add_rule("minimum", of.basis, &of.source);
    let units = Hours::from_amount(&of.hours, Hours::UNITS_PER_CLASS_HOUR).ok().map(Hours::units).filter(|u| *u > 0);
    if units.is_none() {
        let why = PolicyProblem::Minimum { hours: of.hours.clone() };
        reading.add_fault(spanned.span().start, "minimum", why);
    }
    Some(MinimumHours { units: units?, rule })
}

fn check_attendance(reading: &mut Reading<'_>, book: &mut Book<'_>, file: &PackFile) -> Option<MinimumAttendance> {
    let spanned = file.attendance.as_ref()?;
    let of = spanned.get_ref();
    let rule = book.add_rule("attendance", of.basis, &of.source);
    match Score::parse(&of.percent) {
        Ok(percent) => Some(MinimumAttendance { least: percent.hundredths().into(), above: of.above, rule }),
        Err(_) => {
            let why = PolicyProblem::Percent { percent: of.percent.clone() };
            reading.add_fault(spanned.span().start, "attendance", why);
            None
        }
    }
}

fn parse_grade(word: &str) -> Option<Grade> {
    [Grade::Excellent, Grade::Pass, Grade::Fail].into_iter().find(|g| g.as_str() == word)
}

fn check_comprehensive(
    reading: &mut Reading<'_>,
    book: &mut Book<'_>,
    file: &PackFile,
    pending_without_school: bool,
) -> Option<Comprehensive> {
    let spanned = file.comprehensive.as_ref()?;
    let (of, at) = (spanned.get_ref(), spanned.span().start);
    let mut table = [[None; 3]; 3];
    for row in &of.table {
        let grades = row.each_ref().map(|word| parse_grade(word));
        let [Some(institution), Some(school), Some(result)] = grades else {
            reading.add_fault(at, "comprehensive", PolicyProblem::ThreeGrades { row: row.to_vec() });
            continue;
        };
        let cell: &mut Option<Grade> = &mut table[institution as usize][school as usize];
        if cell.replace(result).is_some() {
            let (institution, school) = (row[0].clone(), row[1].clone());
            reading.add_fault(at, "comprehensive", PolicyProblem::PairTwice { institution, school });
        }
    }
    let missing = table.iter().flatten().filter(|cell| cell.is_none()).count();
    if missing > 0 {
        reading.add_fault(at, "comprehensive", PolicyProblem::PairsMissing { missing });
    }
    let rule = book.add_rule("comprehensive", of.basis, &of.source);
    let table = table.map(|row| row.map(|cell| cell.unwrap_or(Grade::Fail)));
    Some(Comprehensive { table, pending_without_school, rule })
}

fn check_duplicates(reading: &mut Reading<'_>, book: &mut Book<'_>, file: &PackFile) -> Duplicates {
    let (of, at) = (file.duplicate.get_ref(), file.duplicate.span().start);
    let mut prefer = Vec::with_capacity(of.prefer.len());
    for word in &of.prefer {
        prefer.push(match word.as_str() {
            "final" => Preference::Final,
            "more_hours" => Preference::MoreHours,
            "earlier" => Preference::Earlier,
            "later" => Preference::Later,
            _ => match word.strip_prefix("programme:").filter(|id| !id.is_empty()) {
                Some(id) => Preference::Programme(id.to_owned()),
                None => {
                    reading.add_fault(at, "duplicate", PolicyProblem::Prefer { word: word.clone() });
                    continue;
                }
            },
        });
    }
    Duplicates {
        within: of.within,
        prefer,
        hours: of.hours,
        grade: of.grade,
        lead_roles: of.lead_roles.clone(),
        rule: book.add_rule("duplicate", of.basis, &of.source),
    }
}

fn check_requirement(
    reading: &mut Reading<'_>,
    book: &mut Book<'_>,
    file: &PackFile,
    window: &str,
    legacy: &str,
) -> Option<Requirement> {
    let spanned = file.requirement.as_ref()?;
    let of = spanned.get_ref();
    let rule = book.add_rule("requirement", of.basis, &of.source);
    let units = Hours::from_amount(&of.hours, Hours::UNITS_PER_CLASS_HOUR).ok().map(Hours::units).filter(|u| *u > 0);
    if units.is_none() || of.years == 0 {
        reading.add_fault(spanned.span().start, "requirement", PolicyProblem::Requirement);
    }
    let (rolling, legacy_meets_requirement) = (window == "rolling", legacy == "whole");
    Some(Requirement { units: units.unwrap_or(1), years: of.years.max(1), rolling, legacy_meets_requirement, rule })
}

fn check_rounding(reading: &mut Reading<'_>, book: &mut Book<'_>, file: &PackFile) -> Rounding {
    let of = file.rounding.get_ref();
    let to = Hours::from_amount(&of.to, Hours::UNITS_PER_CLASS_HOUR).ok().map(Hours::units).filter(|u| *u > 0);
    if to.is_none() {
        reading.add_fault(file.rounding.span().start, "rounding", PolicyProblem::RoundingTo);
    }
    let rule = book.add_rule("rounding", of.basis, &of.source);
    Rounding { to: to.unwrap_or(Hours::UNITS_PER_CLASS_HOUR), direction: of.direction, rule }
}

/// Checks that cycles follow each other without overlap or gap and cover all days of the pack.
fn check_cycles(reading: &mut Reading<'_>, file: &PackFile, pack: DateRange) -> Vec<Cycle> {
    let DateRange { from, to } = pack;
    let mut next = from;
    for (i, spanned) in file.cycle.iter().enumerate() {
        let (of, at) = (spanned.get_ref(), spanned.span().start);
        if of.from > of.to {
            reading.add_fault(at, "cycle", PolicyProblem::CycleReversed { cycle: of.name.clone() });
        }
        if of.from < next && i > 0 {
            reading.add_fault(at, "cycle", PolicyProblem::CycleOverlap { cycle: of.name.clone() });
        } else if of.from > next {
            reading.add_fault(at, "cycle", PolicyProblem::CycleGap { from: next, next: of.from });
        }
        next = of.to.succ_opt().unwrap_or(NaiveDate::MAX).max(next);
    }
    if next <= to {
        let at = file.cycle.last().map_or(0, |c| c.span().start);
        reading.add_fault(at, "cycle", PolicyProblem::CycleGapAtEnd { from: next, to });
    }
    let cycle = |c: &Spanned<crate::policy::shape::CycleRule>| {
        let of = c.get_ref();
        Cycle { name: Arc::from(of.name.as_str()), from: of.from, to: of.to }
    };
    file.cycle.iter().map(cycle).collect()
}

fn check_modes(reading: &mut Reading<'_>, file: &PackFile) -> HashMap<String, String> {
    let mut made = HashMap::new();
    for (mode, written) in &file.vocabulary.mode {
        for word in written.get_ref() {
            if made.insert(word.clone(), mode.clone()).is_some() {
                reading.add_fault(
                    written.span().start,
                    "vocabulary.mode",
                    PolicyProblem::WordTwice { word: word.clone() },
                );
            }
        }
    }
    made
}

fn check_grade_words(
    reading: &mut Reading<'_>,
    rule: &str,
    given: &BTreeMap<String, Spanned<Vec<String>>>,
) -> HashMap<String, Grade> {
    let mut made = HashMap::new();
    for (name, written) in given {
        let at = written.span().start;
        let Some(grade) = parse_grade(name) else {
            reading.add_fault(at, rule, PolicyProblem::NotAGrade { word: name.clone() });
            continue;
        };
        for word in written.get_ref() {
            if made.insert(word.clone(), grade).is_some() {
                reading.add_fault(at, rule, PolicyProblem::WordTwice { word: word.clone() });
            }
        }
    }
    made
}
