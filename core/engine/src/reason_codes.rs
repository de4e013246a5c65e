//! The reason codes of parked raw records.

/// Every reason code of this version, sorted. A database may contain codes of other versions.
pub const REASON_CODES: &[&str] = &[
    "active.value",
    "birth_date.date",
    "birth_date.differs",
    "certificate_number.length",
    "course_code.ditto",
    "course_code.length",
    "course_code.missing",
    "course_code.placeholder",
    "course_title.ditto",
    "delivery_code.length",
    "former_id_number.check_digit",
    "former_id_number.other_teacher",
    "former_name.character",
    "hours.ditto",
    "hours.exact",
    "hours.merged",
    "hours.missing",
    "hours.number",
    "hours.placeholder",
    "hours.range",
    "hours.unit",
    "id_number.area",
    "id_number.character",
    "id_number.check_digit",
    "id_number.damaged",
    "id_number.date",
    "id_number.ditto",
    "id_number.example",
    "id_number.formula_error",
    "id_number.length",
    "id_number.level",
    "id_number.missing",
    "id_number.other_teacher",
    "id_number.placeholder",
    "id_number.scale",
    "id_number.several",
    "id_number.shared",
    "id_number.stored_as_number",
    "layout.below_end",
    "layout.marked",
    "layout.other_header",
    "member_to.order",
    "name.character",
    "name.ditto",
    "name.example",
    "name.length",
    "name.missing",
    "name.note",
    "name.placeholder",
    "name.several",
    "period.order",
    "period_end.date",
    "period_end.day",
    "period_end.ditto",
    "period_end.form",
    "period_end.format",
    "period_end.missing",
    "period_end.placeholder",
    "period_start.date",
    "period_start.day",
    "period_start.form",
    "period_start.missing",
    "phone.character",
    "record.awaits_replay",
    "record_key.missing",
    "record_key.other_person",
    "record_name.length",
    "region_code.area",
    "result.missing",
    "result.placeholder",
    "result.value",
    "role.length",
    "row.example",
    "row.sum",
    "school_code.category",
    "school_code.form",
    "school_code.missing",
    "school_code.placeholder",
    "school_code.unknown",
    "school_name.missing",
    "school_name.placeholder",
    "school_ref.missing",
    "school_ref.unknown",
    "score.activity.missing",
    "score.activity.number",
    "score.activity.placeholder",
    "score.activity.precision",
    "score.activity.range",
    "score.artefact.missing",
    "score.artefact.number",
    "score.artefact.placeholder",
    "score.artefact.precision",
    "score.artefact.range",
    "score.learning.missing",
    "score.learning.number",
    "score.learning.placeholder",
    "score.learning.precision",
    "score.learning.range",
    "score.total.missing",
    "score.total.number",
    "score.total.placeholder",
    "score.total.precision",
    "score.total.range",
    "sex.differs",
    "sex.value",
    "successor_code.form",
    "teacher_ref.missing",
    "teacher_ref.placeholder",
    "teacher_ref.unknown",
    "valid_to.order",
    "version.form",
];

#[cfg(test)]
mod tests {
    use huiliu_values::{DateError, HoursError, IdNumberError, NameError, ScoreError};

    use super::*;

    /// Every code that this program gives. A new variant must be added here.
    fn all_codes() -> Vec<String> {
        use DateError as D;
        use HoursError as H;
        use IdNumberError as I;
        use NameError as N;
        use ScoreError as S;
        let mut all = vec![];
        let mut add = |field: &str, code: &str| all.push(format!("{field}.{code}"));
        for f in
            [I::Missing, I::Damaged, I::Length, I::Several, I::Example, I::Character, I::CheckDigit, I::Area, I::Date]
        {
            add("id_number", f.code());
        }
        for f in [N::Missing, N::Length, N::Character, N::Several, N::Note, N::Example] {
            add("name", f.code());
        }
        for f in [H::Missing, H::NotANumber, H::Negative, H::TooLarge, H::NotExact] {
            add("hours", f.code());
        }
        for field in ["score.learning", "score.activity", "score.artefact", "score.total"] {
            for f in [S::Missing, S::NotANumber, S::Range, S::Precision] {
                add(field, f.code());
            }
        }
        for field in ["period_start", "period_end"] {
            for f in [D::Missing, D::Form, D::Impossible, D::DayMissing] {
                add(field, f.code());
            }
        }
        for field in ["record_name", "course_code", "role", "delivery_code", "certificate_number"] {
            add(field, "length");
        }
        for code in ["stored_as_number", "formula_error", "scale", "level"] {
            add("id_number", code);
        }
        add("period_end", "format");
        add("result", "missing");
        add("result", "value");
        add("hours", "unit");
        add("course_code", "missing");
        add("period", "order");
        for (field, code) in [
            ("hours", "merged"),
            ("layout", "below_end"),
            ("layout", "marked"),
            ("layout", "other_header"),
            ("birth_date", "date"),
            ("birth_date", "differs"),
            ("sex", "value"),
            ("sex", "differs"),
            ("member_to", "order"),
            ("valid_to", "order"),
            ("id_number", "shared"),
            ("id_number", "other_teacher"),
            ("former_id_number", "other_teacher"),
            ("former_id_number", "check_digit"),
            ("former_name", "character"),
            ("record", "awaits_replay"),
            ("record_key", "other_person"),
            ("school_code", "missing"),
            ("school_code", "form"),
            ("school_code", "category"),
            ("school_code", "unknown"),
            ("school_ref", "missing"),
            ("school_ref", "unknown"),
            ("school_name", "missing"),
            ("teacher_ref", "missing"),
            ("teacher_ref", "unknown"),
            ("successor_code", "form"),
            ("region_code", "area"),
            ("active", "value"),
            ("phone", "character"),
        ] {
            add(field, code);
        }
        for field in [
            "id_number",
            "name",
            "hours",
            "course_code",
            "period_end",
            "result",
            "score.learning",
            "score.activity",
            "score.artefact",
            "score.total",
            "school_name",
            "school_code",
            "teacher_ref",
        ] {
            add(field, "placeholder");
        }
        for field in ["id_number", "name", "hours", "course_code", "course_title", "period_end"] {
            add(field, "ditto");
        }
        add("row", "example");
        add("row", "sum");
        add("version", "form");
        add("record_key", "missing");
        all
    }

    #[test]
    fn the_list_has_every_code_and_no_other() {
        let mut known = all_codes();
        known.sort_unstable();
        known.dedup();
        assert_eq!(known, REASON_CODES);
    }

    /// A new variant does not compile here until it is listed above.
    #[test]
    fn no_variant_is_forgotten() {
        let listed = |i: IdNumberError, n: NameError, h: HoursError, s: ScoreError, d: DateError| {
            use {DateError as D, HoursError as H, IdNumberError as I, NameError as N, ScoreError as S};
            let id = match i {
                I::Missing
                | I::Damaged
                | I::Length
                | I::Several
                | I::Example
                | I::Character
                | I::CheckDigit
                | I::Area
                | I::Date => 9,
            };
            let name = match n {
                N::Missing | N::Length | N::Character | N::Several | N::Note | N::Example => 6,
            };
            let hours = match h {
                H::Missing | H::NotANumber | H::Negative | H::TooLarge | H::NotExact => 5,
            };
            let score = match s {
                S::Missing | S::NotANumber | S::Range | S::Precision => 4 * 4,
            };
            let date = match d {
                D::Missing | D::Form | D::Impossible | D::DayMissing => 2 * 4,
            };
            id + name + hours + score + date
        };
        let of_values = listed(
            IdNumberError::Missing,
            NameError::Missing,
            HoursError::Missing,
            ScoreError::Missing,
            DateError::Missing,
        );
        assert_eq!(all_codes().len(), of_values + 18 + 30 + 20);
    }
}
