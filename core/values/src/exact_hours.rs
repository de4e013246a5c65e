//! Class hours in output for programs: exact, and as decimal text.

use schemars::JsonSchema;
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use crate::hours::Hours;

/// Class hours of one teacher or of several; a difference may be negative. In JSON it is `{"units": 162000, "hours":
/// "1.5"}`: the units of 1/108,000 class hour are exact, the decimal text is rounded half away from zero to four
/// places.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExactHours(pub i64);

impl ExactHours {
    /// Returns the decimal text, with at most four places and without trailing zeros.
    #[must_use]
    pub fn to_decimal(self) -> String {
        let one = i128::from(Hours::UNITS_PER_CLASS_HOUR);
        let scaled = i128::from(self.0.unsigned_abs()) * 10_000;
        let rounded = (scaled * 2 + one) / (one * 2);
        let (whole, part) = (rounded / 10_000, rounded % 10_000);
        let sign = if self.0 < 0 && rounded > 0 { "-" } else { "" };
        if part == 0 {
            return format!("{sign}{whole}");
        }
        let part = format!("{part:04}");
        format!("{sign}{whole}.{}", part.trim_end_matches('0'))
    }
}

impl Serialize for ExactHours {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut hours = serializer.serialize_struct("ExactHours", 2)?;
        hours.serialize_field("units", &self.0)?;
        hours.serialize_field("hours", &self.to_decimal())?;
        hours.end()
    }
}

impl JsonSchema for ExactHours {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ExactHours".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "Class hours of 45 minutes: `units` of 1/108,000 class hour, exact; `hours` as a decimal text of at most four places.",
            "type": "object",
            "properties": { "units": { "type": "integer" }, "hours": { "type": "string" } },
            "required": ["units", "hours"],
            "additionalProperties": false
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_told_exactly_and_as_decimals() {
        for (units, decimal) in [
            (0, "0"),
            (108_000, "1"),
            (162_000, "1.5"),
            (36_000, "0.3333"),
            (72_000, "0.6667"),
            (5, "0"),
            (6, "0.0001"),
            (-5, "0"),
            (-36_000, "-0.3333"),
            (i64::MAX, "85401592933840.5167"),
        ] {
            assert_eq!(ExactHours(units).to_decimal(), decimal, "{units}");
        }
        assert_eq!(serde_json::to_string(&ExactHours(162_000)).unwrap(), r#"{"units":162000,"hours":"1.5"}"#);
    }
}
