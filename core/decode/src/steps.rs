//! Applies a mapping rule to the texts of a record.

use std::borrow::Cow;

use crate::draft::Doubt;
use crate::problem::Expected;
use huiliu_manifest::mapping::{Levels, Rule, Split, Step, Unknown, ValueTable};
use huiliu_values::{name, text};

type Text<'a> = Cow<'a, str>;

/// Returns the text of a rule: the first text that is present, or all texts joined, after the rule's steps.
///
/// # Errors
/// Returns [`Doubt`] if the text is unreliable.
pub fn apply_rule<'a>(
    rule: &'a Rule,
    mut texts: impl Iterator<Item = Option<Text<'a>>>,
) -> Result<Option<Text<'a>>, Doubt> {
    let mut value = if let Some(constant) = &rule.constant {
        Some(Cow::Borrowed(constant.as_str()))
    } else if let Some(join) = &rule.join {
        let parts: Vec<Text<'a>> = texts.flatten().collect();
        (!parts.is_empty()).then(|| Cow::Owned(parts.join(&join.with)))
    } else {
        texts.find_map(|text| text)
    };
    for step in &rule.then {
        let Some(text) = value else { break };
        value = apply_step(step, text)?.filter(|text| !text.trim().is_empty());
    }
    let value = value.or_else(|| rule.default.as_deref().map(Cow::Borrowed));
    match (&rule.formats, value) {
        (Some(formats), Some(text)) => parse_formatted_day(formats, &text).map(Some),
        (_, value) => Ok(value),
    }
}

fn apply_step<'a>(step: &'a Step, text: Text<'a>) -> Result<Option<Text<'a>>, Doubt> {
    Ok(Some(match step {
        Step::Trim => trim_text(text),
        Step::FoldWidth => Cow::Owned(text::fold_text(&text).into_owned()),
        Step::FoldSeparators => Cow::Owned(name::fold_separators(&text)),
        Step::DropSpaces => Cow::Owned(text.chars().filter(|c| !c.is_whitespace()).collect()),
        Step::Upper => Cow::Owned(text.to_uppercase()),
        Step::Lower => Cow::Owned(text.to_lowercase()),
        Step::StripPrefix(prefix) => match text.trim_start().strip_prefix(prefix.as_str()) {
            Some(rest) => Cow::Owned(rest.trim_start().to_owned()),
            None => text,
        },
        Step::StripSuffix(suffix) => match text.trim_end().strip_suffix(suffix.as_str()) {
            Some(rest) => Cow::Owned(rest.trim_end().to_owned()),
            None => text,
        },
        Step::Split(Split { at, take }) => {
            return Ok(text
                .split(at.as_str())
                .nth(take.to_usize() - 1)
                .map(|piece| Cow::Owned(piece.trim().to_owned())));
        }
        Step::Replace(replace) => Cow::Owned(text.replace(&replace.from, &replace.to)),
        Step::Capture(capture) => {
            let found = capture.0.captures(&text).and_then(|groups| groups.get(1)).map(|m| m.as_str().to_owned());
            return Ok(found.map(Cow::Owned));
        }
        Step::Scale(ratio) => match text::scale_decimal(&text, ratio.up, ratio.down) {
            Some(scaled) => Cow::Owned(scaled),
            None => return Err(Doubt::new("scale", &Expected::ScalableNumber, &text)),
        },
        Step::Values(table) => return look_up_value(table, text),
        Step::Levels(levels) => Cow::Borrowed(parse_level(*levels, &text)?),
    }))
}

fn trim_text(text: Text<'_>) -> Text<'_> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

fn look_up_value<'a>(table: &'a ValueTable, text: Text<'a>) -> Result<Option<Text<'a>>, Doubt> {
    match (table.values.get(text.trim()), table.unknown) {
        (Some(becomes), _) => Ok(Some(Cow::Borrowed(becomes.as_str()))),
        (None, Unknown::Keep) => Ok(Some(text)),
        (None, Unknown::Blank) => Ok(None),
        (None, Unknown::Park) => {
            let values: Vec<String> = table.values.keys().take(20).cloned().collect();
            Err(Doubt::new("value", &Expected::OneOf { values }, &text))
        }
    }
}

fn parse_level(levels: Levels, text: &str) -> Result<&'static str, Doubt> {
    let folded = text::fold_text(text);
    let known = match levels {
        Levels::Grades => match &*folded {
            "优秀" | "优" => Some("excellent"),
            "良好" | "良" | "合格" | "及格" | "中" => Some("pass"),
            "不合格" | "不及格" | "差" => Some("fail"),
            _ => None,
        },
        Levels::PassFail => match folded.to_lowercase().as_str() {
            "合格" | "及格" | "通过" | "是" | "1" | "true" | "y" | "yes" => Some("pass"),
            "不合格" | "不及格" | "未通过" | "否" | "0" | "false" | "n" | "no" => Some("fail"),
            _ => None,
        },
    };
    known.ok_or_else(|| {
        let allowed = match levels {
            Levels::Grades => Expected::GradeWord,
            Levels::PassFail => Expected::PassWord,
        };
        Doubt::new("level", &allowed, text)
    })
}

fn parse_formatted_day(formats: &[String], text: &str) -> Result<Text<'static>, Doubt> {
    let text = text::fold_text(text);
    let read = |form: &String| {
        let (day, rest) = chrono::NaiveDate::parse_and_remainder(&text, form).ok()?;
        rest.trim().is_empty().then_some(day)
    };
    match formats.iter().find_map(read) {
        Some(day) => Ok(Cow::Owned(day.to_string())),
        None => Err(Doubt::new("format", &Expected::DayFormat { formats: formats.to_vec() }, &text)),
    }
}
