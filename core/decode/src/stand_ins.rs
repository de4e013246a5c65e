//! Texts that stand for no value, for that of another row, for an example or for several people: what a field makes of
//! them.

use std::borrow::Cow;

use crate::decode::{Position, RawRecord};
use crate::draft::{Doubt, Draft};
use crate::problem::Expected;
use crate::{Mapped, Place, steps};
use huiliu_manifest::mapping::{Step, Unknown};
use huiliu_manifest::{Field, Rule};
use huiliu_values::name_cell::read_name_cell;
use huiliu_values::placeholder::{Placeholder, find_placeholder, may_be_placeholder};

/// The text of a mapped field.
pub(crate) enum MappedText<'a> {
    /// The text after the rule's steps; `None` if it is absent.
    Value(Option<Cow<'a, str>>),
    /// The record has only this text for the field, which stands for no value.
    Vacant(Cow<'a, str>),
}

/// Returns the text of a field that is a path alone, if the text says by its first character that it is a value. Most
/// fields of most records are such.
pub(crate) fn read_plain<'a>(mapped: &Mapped<'a>, raw: &RawRecord<'a>) -> Option<Option<Cow<'a, str>>> {
    let (true, [Place::Slot(slot)]) = (mapped.is_plain, mapped.places.as_slice()) else { return None };
    match &raw.texts[*slot] {
        None => Some(None),
        Some(text) => (!may_be_placeholder(text)).then(|| Some(text.clone())),
    }
}

/// Reads a mapped field; `text` returns the text at a place. A text that stands for no value is passed over, unless the
/// rule itself says what it means, or the cell is doubtful for a reason of its own. It is no reason to use the rule's default, which is for blank fields.
///
/// # Errors
/// Returns [`Doubt`] if the text is unreliable, or a ditto mark.
pub(crate) fn read_mapped<'a>(
    mapped: &Mapped<'a>,
    is_doubtful: bool,
    text: impl Fn(&Place<'a>) -> Option<Cow<'a, str>>,
) -> Result<MappedText<'a>, Doubt> {
    let mut vacant = None;
    let mut is_ditto = false;
    let mut judge = |place: &Place<'a>| {
        let found = text(place)?;
        let stands_for = find_placeholder(&found).filter(|_| !is_doubtful && matches!(place, Place::Slot(_)));
        match stands_for.filter(|_| !gives_meaning(mapped.rule, &found)) {
            None => Some(found),
            Some(kind) => {
                is_ditto |= kind == Placeholder::Ditto;
                vacant = Some(found);
                None
            }
        }
    };
    let read = match (mapped.is_plain, mapped.places.as_slice()) {
        (true, [place]) => Ok(judge(place)),
        _ if is_joined(mapped) => return read_joined(mapped, text),
        _ => steps::apply_rule(mapped.rule, mapped.places.iter().map(judge)),
    };
    let Some(seen) = vacant else { return read.map(MappedText::Value) };
    if is_ditto {
        return Err(Doubt::new("ditto", &Expected::OwnValue, &seen));
    }
    let read = read?;
    let is_default = read.is_some() && read.as_deref() == mapped.rule.default.as_deref();
    Ok(if read.is_none() || is_default { MappedText::Vacant(seen) } else { MappedText::Value(read) })
}

/// Returns whether the texts of several places become one.
fn is_joined(mapped: &Mapped<'_>) -> bool {
    mapped.rule.join.is_some()
}

/// Reads a field of several parts. A part that stands for no value leaves nothing of a name; other texts keep it, unless
/// all parts are such.
fn read_joined<'a>(
    mapped: &Mapped<'a>,
    text: impl Fn(&Place<'a>) -> Option<Cow<'a, str>>,
) -> Result<MappedText<'a>, Doubt> {
    let parts: Vec<Option<Cow<'a, str>>> = mapped.places.iter().map(&text).collect();
    let of_part = |part: &Cow<'a, str>| find_placeholder(part).is_some() && !gives_meaning(mapped.rule, part);
    let vacant = parts.iter().flatten().filter(|part| of_part(part)).count();
    let there = parts.iter().flatten().count();
    if vacant > 0 && (vacant == there || mapped.field == Field::Name) {
        let seen = parts.into_iter().flatten().find(|part| of_part(part)).unwrap_or_default();
        return match find_placeholder(&seen) {
            Some(Placeholder::Ditto) => Err(Doubt::new("ditto", &Expected::OwnValue, &seen)),
            _ => Ok(MappedText::Vacant(seen)),
        };
    }
    steps::apply_rule(mapped.rule, parts.into_iter()).map(MappedText::Value)
}

/// Returns whether a rule says itself what this text means.
fn gives_meaning(rule: &Rule, text: &str) -> bool {
    rule.then.iter().any(|step| match step {
        Step::Values(table) => table.values.contains_key(text.trim()) || table.unknown == Unknown::Park,
        Step::Replace(replace) => replace.from == text.trim(),
        _ => false,
    })
}

/// Leaves only the name in the field of the name, and puts a former name beside it into its own field.
pub(crate) fn split_name(draft: &mut Draft<'_>) {
    let Some(text) = &draft.name else { return };
    let cell = match read_name_cell(text) {
        Ok(cell) => cell,
        Err(fault) => {
            draft.name_fault = Some(fault);
            return;
        }
    };
    if cell.former.is_none() && *cell.name == **text {
        return;
    }
    let (name, former) = (cell.name.into_owned(), cell.former);
    draft.name = Some(Cow::Owned(name));
    if let Some(former) = former {
        draft.roster.former_name.get_or_insert(Cow::Owned(former));
    }
}

/// Words in the first cell of a row that a form gives as an example.
const EXAMPLE_MARKS: [&str; 12] =
    ["示例", "样例", "范例", "例如", "举例", "填写示例", "填表示例", "例：", "例:", "(例)", "（例）", "【示例】"];

/// What stands for the course in a row that sums up others.
const SUMS: [&str; 16] = [
    "合计",
    "小计",
    "总计",
    "共计",
    "累计",
    "汇总",
    "全部",
    "全部课程",
    "所有课程",
    "合计学时",
    "学时合计",
    "总学时",
    "累计学时",
    "学时小计",
    "total",
    "subtotal",
];

/// Returns whether a course is none, but what a row says that sums up others.
pub(crate) fn is_sum(course: &str) -> bool {
    // Almost no course begins so.
    if !course.trim_start().starts_with(['合', '小', '总', '共', '累', '汇', '全', '所', '学', 't', 'T', 's', 'S'])
    {
        return false;
    }
    let course: String = course.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    SUMS.contains(&course.trim_end_matches([':', '：']))
}

/// Returns whether the first cell of a table's row says that the row is an example.
pub(crate) fn is_example_row(raw: &RawRecord<'_>) -> bool {
    if matches!(raw.position, Position::Item(_)) {
        return false;
    }
    let first = raw.raw.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '[' | '"' | '\''));
    if !first.starts_with(['例', '示', '样', '范', '举', '填', '(', '（', '【']) {
        return false;
    }
    if let Some(rest) = first.strip_prefix('例') {
        return rest
            .starts_with(|c: char| matches!(c, '"' | ',' | '\t' | ';' | '|' | '：' | ':') || c.is_ascii_digit());
    }
    // 示例课研讨 is a course; 示例：, 示例1 and 示例 alone are examples.
    let ends = |rest: &str| !rest.starts_with(char::is_alphabetic);
    let mut after = EXAMPLE_MARKS.iter().filter_map(|mark| Some((mark, first.strip_prefix(mark)?)));
    after.any(|(mark, rest)| !mark.ends_with(char::is_alphabetic) || ends(rest))
}
