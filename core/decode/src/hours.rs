//! Converts the amount of training time that a record gives.

use std::borrow::Cow;

use chrono::NaiveDate;

use crate::draft::Draft;
use crate::problem::Expected;
use crate::record::Check;
use huiliu_manifest::amount::{self, StatedAmount};
use huiliu_manifest::{Field, Unit};
use huiliu_rules::policy::pack::RecordAttributes;
use huiliu_values::Hours;
use huiliu_values::text::scale_decimal;

/// Hours of a record, and the unit in which its number is.
pub(super) struct ConvertedHours {
    pub hours: Hours,
    pub unit: &'static str,
}

impl Check<'_> {
    /// Converts hours by the conversion in force for this record; if there is none, by the pack's first conversion for
    /// the unit. What remains in the draft is the number alone, which the ledger converts again.
    pub(super) fn convert_hours(&mut self, draft: &mut Draft<'_>, day: Option<NaiveDate>) -> Option<ConvertedHours> {
        let text = draft.hours.as_deref().unwrap_or_default();
        let (mut number, mut unit) = self.read_amount(text)?;
        let mut rule = self.find_units_per_one(draft, unit, day);
        // Where the rules do not say what a half day is worth, it is half of a day.
        if rule.is_none() && self.cx.stream.has_units_in_text() && unit == Unit::HalfDay.as_str() {
            number = scale_decimal(number.as_deref().unwrap_or(text), 1, 2);
            unit = Unit::Day.as_str();
            rule = self.find_units_per_one(draft, unit, day);
        }
        let Some(units_per_one) = rule else {
            self.add_problem(Field::Hours, "unit", unit, &Expected::Unit);
            return None;
        };
        let converted = Hours::from_amount(number.as_deref().unwrap_or(text), units_per_one);
        let hours = converted.map_err(|fault| self.add_problem(Field::Hours, fault.code(), text, &fault)).ok()?;
        if let Some(number) = number {
            draft.hours = Some(Cow::Owned(number));
        }
        Some(ConvertedHours { hours, unit })
    }

    /// Returns the number of an amount, if it is not the whole text, and its unit: that of the stream, or the one that
    /// the text states, if the stream says so.
    fn read_amount(&mut self, text: &str) -> Option<(Option<String>, &'static str)> {
        let own = self.cx.stream.hours_unit();
        if !self.cx.stream.has_units_in_text() || text.trim().is_empty() {
            let number = amount::strip_unit(text, own);
            return Some(((number.len() < text.len()).then(|| number.to_owned()), own));
        }
        let Some(StatedAmount { number, unit }) = amount::parse_amount(text) else {
            self.add_problem(Field::Hours, "number", text, &Expected::StatedAmount);
            return None;
        };
        Some((Some(number), unit.map_or(own, Unit::as_str)))
    }

    fn find_units_per_one(&self, draft: &Draft<'_>, unit: &str, day: Option<NaiveDate>) -> Option<i64> {
        let pack = self.nearest_pack(day)?;
        let seen = RecordAttributes {
            mode: draft.mode.as_deref().map(|mode| pack.canonical_mode(mode.trim())),
            programme: &self.cx.manifest.id,
            category: draft.category_code.as_deref(),
            required: None,
        };
        let of_record = day.and_then(|day| pack.find_conversion(unit, &seen, day));
        of_record.or_else(|| pack.conversions.iter().find(|c| c.unit == unit)).map(|c| c.units_per_one)
    }
}
