//! Judges whether a column's content can be what its name says.

use crate::infer::content::Facts;
use crate::infer::guess::Evidence;
use crate::infer::relate::ColumnRelation;
use crate::infer::terms::Meaning;
use huiliu_manifest::Field;

/// How well a column's content suits a meaning, in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// The content is something else.
    Against,
    Poor,
    /// The content neither supports nor contradicts the meaning.
    Neutral,
    Good,
    /// Hardly anything else looks like this.
    Proof,
}

/// A fit with its reason.
pub(super) type Verdict = (Fit, Option<Evidence>);

/// A column's statistics and its relations to other columns.
#[derive(Debug, Clone, Copy)]
pub(super) struct ColumnContext<'a> {
    pub facts: &'a Facts,
    pub beside: &'a ColumnRelation,
    /// Number of records in the table.
    pub rows: usize,
    /// Whether the dates are never later, and sometimes earlier, than those of a column named as the last day; `ends`
    /// is the converse.
    pub starts: bool,
    pub ends: bool,
    /// Whether first and last day are in the wrong order.
    pub reversed: bool,
    /// Whether each code goes with one title of another column, and vice versa.
    pub paired: bool,
}

/// Combines the scores of name and content into a confidence in per cent. Neither alone reaches ninety.
pub(super) fn combined_confidence(name: u32, fit: Fit) -> u32 {
    let row = match name {
        95.. => [15, 52, 82, 93, 98],
        85.. => [10, 42, 76, 91, 96],
        60.. => [5, 28, 62, 84, 92],
        45.. => [0, 15, 48, 68, 86],
        _ => [0, 0, 0, 42, 74],
    };
    row[fit as usize]
}

/// Meanings that content alone can identify.
pub(super) const BY_CONTENT: &[Meaning] = &[
    Meaning::Field(Field::IdNumber),
    Meaning::Field(Field::Name),
    Meaning::Field(Field::SchoolCode),
    Meaning::Field(Field::Hours),
    Meaning::Phone,
    Meaning::Sex,
    Meaning::BirthDate,
    Meaning::RowNumber,
    Meaning::Period,
];

/// Judges how well a column's content suits a meaning.
pub(super) fn judge_fit(meaning: Meaning, around: ColumnContext<'_>) -> Verdict {
    let ColumnContext { facts, beside, rows, .. } = around;
    let (fit, evidence) = match meaning {
        Meaning::Field(field) => field_fit(field, around),
        Meaning::Version => fit_version(facts),
        Meaning::OtherScore => fit_score(facts),
        Meaning::Credit => match facts.numbers {
            90.. if facts.high <= 20_000 => (Fit::Good, Some(range_evidence(facts))),
            _ => (Fit::Against, None),
        },
        Meaning::PlannedHours => fit_hours(facts),
        Meaning::Period => fit_by_share(facts.periods, Fit::Proof, Fit::Good, Evidence::Periods, Fit::Against),
        Meaning::Year => fit_by_share(facts.years, Fit::Good, Fit::Neutral, Evidence::Numbers, Fit::Poor),
        Meaning::RowNumber if facts.running && rows > 2 => (Fit::Proof, Some(Evidence::Running)),
        Meaning::RowNumber => (if facts.numbers > 90 { Fit::Neutral } else { Fit::Poor }, None),
        Meaning::Phone => fit_by_share(facts.phones, Fit::Proof, Fit::Good, Evidence::Phones, Fit::Against),
        Meaning::Sex if beside.sexes => (Fit::Proof, None),
        Meaning::Sex => fit_by_share(facts.sexes, Fit::Proof, Fit::Good, Evidence::Words, Fit::Poor),
        Meaning::BirthDate if beside.births => (Fit::Proof, Some(Evidence::Births)),
        Meaning::BirthDate => (if facts.dates.max(facts.months) > 80 { Fit::Neutral } else { Fit::Against }, None),
        Meaning::Age => (if facts.numbers > 90 && facts.high < 10_000 { Fit::Good } else { Fit::Against }, None),
        Meaning::OtherPerson => {
            (if facts.people > 50 || facts.phones > 50 || facts.ids > 50 { Fit::Good } else { Fit::Poor }, None)
        }
        Meaning::SchoolName => match facts.schools {
            70.. => (Fit::Proof, None),
            _ if facts.han > 80 && facts.length > 3 && facts.people < 80 => (Fit::Good, None),
            _ => (if facts.people > 80 || facts.numbers > 80 { Fit::Against } else { Fit::Neutral }, None),
        },
        Meaning::IssueDate | Meaning::OtherTime => (if facts.dates > 80 { Fit::Good } else { Fit::Against }, None),
        Meaning::Email => (Fit::Neutral, None),
        Meaning::Price | Meaning::OtherCount => (if facts.numbers > 90 { Fit::Good } else { Fit::Poor }, None),
        Meaning::PersonCode => (if facts.codes > 80 && facts.ids < 50 { Fit::Good } else { Fit::Poor }, None),
        Meaning::Institution | Meaning::Region | Meaning::Subject | Meaning::Rank => (
            if facts.dates > 80 || facts.ids > 50 {
                Fit::Against
            } else if facts.han > 80 {
                Fit::Good
            } else {
                Fit::Neutral
            },
            None,
        ),
        Meaning::IdKind | Meaning::State | Meaning::Remark => {
            (if facts.dates > 80 || facts.ids > 50 { Fit::Against } else { Fit::Neutral }, None)
        }
    };
    // A single record proves nothing.
    let fit = match fit {
        Fit::Proof if facts.filled < 2 => Fit::Good,
        Fit::Good if facts.filled < 2 => Fit::Neutral,
        other => other,
    };
    (fit, evidence)
}

/// Returns the fit for a share of the cells in per cent: `most` from ninety, `some` from sixty, otherwise `else_`.
fn fit_by_share(of: usize, most: Fit, some: Fit, evidence: Evidence, else_: Fit) -> Verdict {
    match of {
        90.. => (most, Some(evidence)),
        60.. => (some, Some(evidence)),
        _ => (else_, None),
    }
}

fn range_evidence(facts: &Facts) -> Evidence {
    Evidence::Range { low: format_hundredths(facts.low), high: format_hundredths(facts.high) }
}

/// Formats hundredths as a decimal number.
fn format_hundredths(hundredths: i64) -> String {
    let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn fit_score(facts: &Facts) -> Verdict {
    match facts.numbers {
        90.. if facts.high <= 10_000 && facts.high > 500 => (Fit::Good, Some(range_evidence(facts))),
        90.. if facts.high <= 20_000 => (Fit::Neutral, Some(range_evidence(facts))),
        _ => (Fit::Against, None),
    }
}

fn fit_version(facts: &Facts) -> Verdict {
    let whole = facts.numbers == 100 && facts.low % 100 == 0;
    match (facts.dates, whole) {
        (90.., _) => (Fit::Good, Some(Evidence::Dates)),
        (_, true) => (Fit::Good, Some(range_evidence(facts))),
        _ => (Fit::Against, None),
    }
}

fn fit_hours(facts: &Facts) -> Verdict {
    let years = facts.years > 90 && facts.low >= 199_000;
    match facts.numbers {
        _ if facts.has_mixed_units => (Fit::Neutral, Some(range_evidence(facts))),
        90.. if facts.unit.is_some() && facts.high > 0 => (Fit::Proof, Some(Evidence::UnitInValues)),
        90.. if years || facts.phones > 50 || facts.running || facts.high > 50_000_000 || facts.high == 0 => {
            (Fit::Poor, Some(range_evidence(facts)))
        }
        90.. => (Fit::Good, Some(range_evidence(facts))),
        60.. => (Fit::Neutral, Some(range_evidence(facts))),
        _ if facts.durations > 80 => (Fit::Poor, Some(Evidence::Durations)),
        _ => (Fit::Against, None),
    }
}

fn fit_days(around: ColumnContext<'_>, in_order: bool) -> Verdict {
    let ColumnContext { facts, beside, reversed, .. } = around;
    match facts.dates {
        _ if beside.births => (Fit::Against, Some(Evidence::Births)),
        80.. if reversed => (Fit::Poor, Some(Evidence::Reversed)),
        80.. if in_order => (Fit::Proof, Some(Evidence::InOrder)),
        // Bare numbers of five digits are dates only in a spreadsheet.
        80.. if facts.written_dates < 50 && facts.length < 8 => (Fit::Neutral, Some(Evidence::Dates)),
        80.. => (Fit::Good, Some(Evidence::Dates)),
        50.. => (Fit::Neutral, Some(Evidence::Dates)),
        _ if facts.months > 80 => (Fit::Poor, Some(Evidence::MonthsOnly)),
        _ => (Fit::Against, None),
    }
}

fn fit_person(around: ColumnContext<'_>) -> Verdict {
    let ColumnContext { facts, beside, .. } = around;
    let shaped = facts.people >= 60;
    if facts.numbers > 20 || facts.codes > 20 || facts.dates > 20 || facts.length > 12 || facts.schools > 50 {
        (Fit::Against, None)
    } else if shaped && beside.one_per_person {
        (Fit::Proof, Some(Evidence::OnePerPerson))
    } else if shaped && !beside.shared {
        (Fit::Good, Some(Evidence::People))
    } else if shaped || facts.length <= 6 {
        (Fit::Neutral, None)
    } else {
        (Fit::Poor, None)
    }
}

fn fit_id_number(facts: &Facts) -> Verdict {
    match facts.ids {
        85.. => (Fit::Proof, Some(Evidence::CheckDigits { percent: facts.ids })),
        50.. => (Fit::Good, Some(Evidence::CheckDigits { percent: facts.ids })),
        _ if facts.id_shaped >= 50 => (Fit::Poor, Some(Evidence::CheckDigits { percent: facts.ids })),
        _ => (Fit::Against, None),
    }
}

fn fit_title(around: ColumnContext<'_>) -> Verdict {
    let ColumnContext { facts, beside, paired, .. } = around;
    if facts.dates > 50 || facts.numbers > 50 || facts.ids > 20 || facts.phones > 50 {
        (Fit::Against, None)
    } else if facts.schools > 70 || (facts.people > 70 && !paired) {
        (Fit::Poor, None)
    } else if paired || (facts.length >= 4 && !beside.one_per_person) {
        (Fit::Good, Some(if paired { Evidence::Paired } else { Evidence::Titles }))
    } else {
        (Fit::Neutral, None)
    }
}

fn fit_code(around: ColumnContext<'_>) -> Verdict {
    let ColumnContext { facts, rows, paired, .. } = around;
    if facts.ids > 20 || facts.phones > 50 || facts.written_dates > 50 || facts.running && rows > 2 {
        (Fit::Against, None)
    } else if facts.codes > 90 {
        (Fit::Good, Some(if paired { Evidence::Paired } else { Evidence::Codes }))
    } else if facts.han > 50 {
        (Fit::Poor, None)
    } else {
        (Fit::Neutral, None)
    }
}

/// Judges codes that each occur once.
fn fit_unique(around: ColumnContext<'_>) -> Verdict {
    let ColumnContext { facts, rows, .. } = around;
    let once = facts.distinct == facts.filled && facts.filled > 1;
    if facts.ids > 20 || facts.phones > 50 || facts.written_dates > 50 || facts.people > 50 {
        (Fit::Against, None)
    } else if once && facts.codes > 80 && !(facts.running && rows > 2) {
        (Fit::Good, Some(Evidence::Unique))
    } else if once {
        (Fit::Neutral, Some(Evidence::Unique))
    } else {
        (Fit::Poor, None)
    }
}

fn field_fit(field: Field, around: ColumnContext<'_>) -> Verdict {
    let facts = around.facts;
    match field {
        Field::IdNumber => fit_id_number(facts),
        Field::Name => fit_person(around),
        Field::SchoolCode => match facts.school_codes {
            85.. => (Fit::Proof, Some(Evidence::SchoolCodes)),
            _ if facts.codes > 90 && facts.ids == 0 => (Fit::Neutral, None),
            _ => (Fit::Against, None),
        },
        Field::ProjectCode | Field::CourseCode => fit_code(around),
        Field::ProjectTitle | Field::CourseTitle => fit_title(around),
        Field::Hours => fit_hours(facts),
        Field::PeriodStart => fit_days(around, around.starts),
        Field::PeriodEnd => fit_days(around, around.ends),
        Field::CertificateNumber => match fit_unique(around) {
            // Several rows can share one certificate.
            (Fit::Poor, _) if facts.codes > 80 => (Fit::Neutral, Some(Evidence::Codes)),
            verdict => verdict,
        },
        Field::RecordName => match fit_unique(around) {
            (Fit::Poor, _) => (Fit::Against, None),
            verdict => verdict,
        },
        Field::ScoreLearning | Field::ScoreActivity | Field::ScoreArtefact | Field::ScoreTotal | Field::Attendance => {
            fit_score(facts)
        }
        Field::Result if facts.numbers == 100 && facts.distinct <= 2 && facts.high <= 100 => {
            (Fit::Good, Some(Evidence::ResultWords))
        }
        Field::Result => fit_by_share(facts.results, Fit::Proof, Fit::Good, Evidence::ResultWords, Fit::Poor),
        Field::Role => fit_by_share(facts.roles, Fit::Good, Fit::Good, Evidence::Words, fit_short_words(facts)),
        Field::Mode => fit_by_share(facts.modes, Fit::Good, Fit::Good, Evidence::Words, fit_short_words(facts)),
        Field::Required => fit_known_words(facts.requirement),
        Field::Tier => fit_known_words(facts.tiers),
        Field::DeliveryCode => fit_known_words(facts.deliveries),
        Field::CategoryCode => fit_known_words(facts.categories),
        Field::Place => (if facts.han > 80 && facts.people < 60 { Fit::Good } else { Fit::Poor }, None),
        // Samples are assumed to be training records; rosters are described by hand.
        _ => (Fit::Against, None),
    }
}

/// Judges texts that are short and need not be known words.
fn fit_short_words(facts: &Facts) -> Fit {
    if facts.dates > 50 || facts.numbers > 90 || facts.length > 20 { Fit::Poor } else { Fit::Neutral }
}

/// Judges fields whose unknown values would be parked: every text must be known. Other texts need a mapping that only a
/// person can write.
fn fit_known_words(share: usize) -> Verdict {
    (if share == 100 { Fit::Proof } else { Fit::Against }, Some(Evidence::Words))
}
