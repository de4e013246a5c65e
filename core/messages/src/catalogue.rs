//! The catalogues, and how a message becomes a sentence.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::types::{FluentNumber, FluentNumberOptions};
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use serde_json::{Map, Number, Value};
use unic_langid::LanguageIdentifier;

use crate::inert::escape_line;
use crate::place::localize_place;

/// A language that has a catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English, in which `Display` writes messages.
    English,
    /// Simplified Chinese.
    Chinese,
}

type Bundle = FluentBundle<FluentResource>;

static ENGLISH: LazyLock<Bundle> = LazyLock::new(|| build_bundle("en", ENGLISH_TEXTS));
static CHINESE: LazyLock<Bundle> = LazyLock::new(|| build_bundle("zh-CN", CHINESE_TEXTS));

/// The files of the English catalogue, one for each part of Huiliu that has messages.
pub(crate) const ENGLISH_TEXTS: &[&str] = &[
    include_str!("../locales/en/authoring.ftl"),
    include_str!("../locales/en/cli.ftl"),
    include_str!("../locales/en/common.ftl"),
    include_str!("../locales/en/decode.ftl"),
    include_str!("../locales/en/log.ftl"),
    include_str!("../locales/en/manifest.ftl"),
    include_str!("../locales/en/engine.ftl"),
    include_str!("../locales/en/help.ftl"),
    include_str!("../locales/en/matching.ftl"),
    include_str!("../locales/en/platform.ftl"),
    include_str!("../locales/en/queue.ftl"),
    include_str!("../locales/en/record.ftl"),
    include_str!("../locales/en/rules.ftl"),
    include_str!("../locales/en/run.ftl"),
    include_str!("../locales/en/sql.ftl"),
    include_str!("../locales/en/store.ftl"),
    include_str!("../locales/en/system.ftl"),
    include_str!("../locales/en/toml.ftl"),
    include_str!("../locales/en/values.ftl"),
    include_str!("../locales/en/vault.ftl"),
];

/// The files of the Chinese catalogue; the same set as in English.
pub(crate) const CHINESE_TEXTS: &[&str] = &[
    include_str!("../locales/zh-CN/authoring.ftl"),
    include_str!("../locales/zh-CN/cli.ftl"),
    include_str!("../locales/zh-CN/common.ftl"),
    include_str!("../locales/zh-CN/decode.ftl"),
    include_str!("../locales/zh-CN/log.ftl"),
    include_str!("../locales/zh-CN/manifest.ftl"),
    include_str!("../locales/zh-CN/engine.ftl"),
    include_str!("../locales/zh-CN/help.ftl"),
    include_str!("../locales/zh-CN/matching.ftl"),
    include_str!("../locales/zh-CN/platform.ftl"),
    include_str!("../locales/zh-CN/queue.ftl"),
    include_str!("../locales/zh-CN/record.ftl"),
    include_str!("../locales/zh-CN/rules.ftl"),
    include_str!("../locales/zh-CN/run.ftl"),
    include_str!("../locales/zh-CN/sql.ftl"),
    include_str!("../locales/zh-CN/store.ftl"),
    include_str!("../locales/zh-CN/system.ftl"),
    include_str!("../locales/zh-CN/toml.ftl"),
    include_str!("../locales/zh-CN/values.ftl"),
    include_str!("../locales/zh-CN/vault.ftl"),
];

fn build_bundle(language: &str, texts: &[&str]) -> Bundle {
    let language: LanguageIdentifier = language.parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    // Without this, marks that isolate writing directions would appear in every terminal and file.
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(format_grouped));
    for text in texts {
        // A resource that does not parse completely keeps the messages that do; a test reports the missing ones.
        let resource = FluentResource::try_new((*text).to_owned()).unwrap_or_else(|(resource, _)| resource);
        bundle.add_resource_overriding(resource);
    }
    // This fails only if the builtins were added before.
    let _ = bundle.add_builtins();
    bundle
}

/// Formats numbers with commas between thousands, unless the catalogue says `useGrouping: "false"`.
fn format_grouped<M>(value: &FluentValue<'_>, _: &M) -> Option<String> {
    match value {
        FluentValue::Number(number) if number.options.use_grouping => Some(with_commas(&number.as_string())),
        _ => None,
    }
}

/// Inserts commas between the thousands of a decimal number: `-1,234.5`.
#[must_use]
pub fn with_commas(number: &str) -> String {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut out = sign.to_owned();
    for (n, digit) in whole.chars().enumerate() {
        if n > 0 && (whole.len() - n).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// Renders a message as a sentence. Other values are rendered plainly: a text as one line without characters
/// that act on a terminal, a number with commas, a list as
/// its items, joined.
#[must_use]
pub fn render_message(language: Language, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(is) => is.to_string(),
        Value::Number(number) => with_commas(&number.to_string()),
        Value::String(text) => escape_line(text).into_owned(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| render_message(language, item)).collect();
            let is_sentences = items.iter().any(|item| item.contains([' ', '，']));
            items.join(match (language, is_sentences) {
                (Language::English, true) => "; ",
                (Language::English, false) => ", ",
                (Language::Chinese, true) => "；",
                (Language::Chinese, false) => "、",
            })
        }
        Value::Object(fields) => select_language(language, fields).unwrap_or_else(|| render_fields(language, fields)),
    }
}

/// Returns the text of a [`crate::Both`] in a language; `None` if the fields are not those of a `Both`.
fn select_language(language: Language, fields: &Map<String, Value>) -> Option<String> {
    let words = match (language, fields.get("code")) {
        (Language::English, None) => fields.get("en"),
        (Language::Chinese, None) => fields.get("zh"),
        (_, Some(_)) => None,
    };
    words.and_then(Value::as_str).map(|text| escape_line(text).into_owned())
}

/// Returns the sentence of an id that has no variables; `None` if the catalogue has no such id.
#[must_use]
pub fn find_sentence(language: Language, id: &str) -> Option<String> {
    format_sentence(language, id, &FluentArgs::new())
}

fn render_fields(language: Language, fields: &Map<String, Value>) -> String {
    let code = fields.get("code").and_then(Value::as_str).unwrap_or_default();
    let mut args = FluentArgs::new();
    for (name, value) in fields.iter().filter(|(name, _)| *name != "code") {
        args.set(name.as_str(), build_argument(language, name, value));
    }
    let id = code.replace('.', "-");
    let mut sentence = format_sentence(language, &id, &args).unwrap_or_else(|| render_without_sentence(code, fields));
    let around =
        [("attempts", "common-attempts"), ("platform_says", "common-platform-says"), ("place", "common-place")];
    for (around, id) in around {
        if !fields.contains_key(around) {
            continue;
        }
        args.set("sentence", sentence.clone());
        sentence = format_sentence(language, id, &args).unwrap_or(sentence);
    }
    sentence
}

/// Returns whether a text is a moment in Asia/Shanghai, as operations give it: `2014-09-11T08:00:00.123+08:00`. In
/// sentences it is shown as in tables, without the fraction and the zone.
fn is_moment(text: &str) -> bool {
    text.is_ascii() && text.len() >= 25 && text.as_bytes()[10] == b'T' && text.ends_with("+08:00")
}

fn build_argument<'v>(language: Language, name: &str, value: &'v Value) -> FluentValue<'v> {
    match value {
        Value::Number(n) => build_number(n),
        Value::Null => FluentValue::from(""),
        Value::Array(items) if name == "lines" => {
            let lines: Vec<String> = items.iter().map(|item| render_message(language, item)).collect();
            FluentValue::from(lines.join("\n"))
        }
        Value::String(text) if is_moment(text) => FluentValue::from(text[..19].replace('T', " ")),
        Value::String(text) if ["place", "address"].contains(&name) => {
            FluentValue::from(escape_line(&localize_place(language, text)).into_owned())
        }
        Value::String(text) => FluentValue::from(escape_line(text)),
        other => FluentValue::from(render_message(language, other)),
    }
}

fn build_number(number: &Number) -> FluentValue<'static> {
    match number.as_f64() {
        // Longer numbers would lose their last digits as a float.
        Some(value) if value.abs() < 9e15 => FluentValue::Number(FluentNumber::new(
            value,
            FluentNumberOptions { use_grouping: true, ..Default::default() },
        )),
        _ => FluentValue::from(number.to_string()),
    }
}

fn format_sentence(language: Language, id: &str, args: &FluentArgs<'_>) -> Option<String> {
    let bundle: &Bundle = match language {
        Language::English => &ENGLISH,
        Language::Chinese => &CHINESE,
    };
    let pattern = bundle.get_message(id)?.value()?;
    // A missing variable appears in the sentence by its name.
    let mut missing = vec![];
    Some(bundle.format_pattern(pattern, Some(args), &mut missing).into_owned())
}

/// Renders a message whose code is unknown here, because another version of Huiliu wrote it, as its code and data.
fn render_without_sentence(code: &str, fields: &Map<String, Value>) -> String {
    let arguments: Vec<String> =
        fields.iter().filter(|(name, _)| *name != "code").map(|(name, value)| format!("{name}={value}")).collect();
    let sentence = if arguments.is_empty() { code.to_owned() } else { format!("{code} ({})", arguments.join(", ")) };
    escape_line(&sentence).into_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
    use fluent_syntax::parser::parse;
    use serde_json::json;

    use super::*;

    fn collect_variables(pattern: &Pattern<&str>, out: &mut BTreeSet<String>) {
        for element in &pattern.elements {
            let PatternElement::Placeable { expression } = element else { continue };
            match expression {
                Expression::Inline(inline) => collect_inline_variables(inline, out),
                Expression::Select { selector, variants } => {
                    collect_inline_variables(selector, out);
                    variants.iter().for_each(|variant| collect_variables(&variant.value, out));
                }
            }
        }
    }

    fn collect_inline_variables(inline: &InlineExpression<&str>, out: &mut BTreeSet<String>) {
        match inline {
            InlineExpression::VariableReference { id } => {
                out.insert(id.name.to_owned());
            }
            InlineExpression::FunctionReference { arguments, .. } => {
                arguments.positional.iter().for_each(|argument| collect_inline_variables(argument, out));
            }
            _ => {}
        }
    }

    fn parse_messages(texts: &[&'static str]) -> BTreeMap<String, BTreeSet<String>> {
        let mut all = BTreeMap::new();
        for text in texts {
            let resource = parse(*text).unwrap_or_else(|(_, errors)| panic!("{errors:?} in {text}"));
            for entry in resource.body {
                let Entry::Message(message) = entry else { continue };
                let mut names = BTreeSet::new();
                collect_variables(&message.value.expect("a message has a value"), &mut names);
                let id = message.id.name.to_owned();
                assert!(all.insert(id.clone(), names).is_none(), "{id} is there twice");
            }
        }
        all
    }

    #[test]
    fn both_catalogues_have_the_same_messages_with_the_same_variables() {
        let (english, chinese) = (parse_messages(ENGLISH_TEXTS), parse_messages(CHINESE_TEXTS));
        for (id, names) in &english {
            assert_eq!(chinese.get(id), Some(names), "zh-CN: {id}");
        }
        for id in chinese.keys() {
            assert!(english.contains_key(id), "en: {id}");
        }
        assert!(english.len() > 50);
    }

    #[test]
    fn every_file_of_a_language_is_in_its_catalogue() {
        for (language, texts) in [("en", ENGLISH_TEXTS), ("zh-CN", CHINESE_TEXTS)] {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("locales").join(language);
            assert_eq!(std::fs::read_dir(folder).unwrap().count(), texts.len(), "{language}");
        }
    }

    #[test]
    fn a_text_of_both_languages_and_lines_are_said() {
        let what = crate::Both { en: "a page".into(), zh: "页".into() };
        let missing = json!({"code": "problem.missing", "key": "page", "what": what});
        let fault = json!({"code": "manifest.fault", "file": "m.toml", "line": 1234, "column": 1, "why": missing});
        let faults = json!({"code": "manifest.faults", "lines": [fault, fault]});
        assert_eq!(
            render_message(Language::English, &faults),
            "m.toml:1234:1: the key page is missing: a page\nm.toml:1234:1: the key page is missing: a page"
        );
        assert_eq!(render_message(Language::Chinese, &fault), "m.toml:1234:1: 缺少键 page：页");
    }

    #[test]
    fn a_message_is_said_with_what_it_holds() {
        let inner = json!({"code": "decode.too_many_records", "max": 1_000_000});
        let message = json!({"code": "platform.undecodable", "why": inner, "place": "/a page 2", "attempts": 7});
        assert_eq!(
            render_message(Language::English, &message),
            "/a page 2: more than 1,000,000 records; send it in parts (asked 7 times)"
        );
        assert_eq!(
            render_message(Language::Chinese, &message),
            "/a 第 2 页：记录超过 1,000,000 条；请分批报送（已请求 7 次）"
        );
        assert_eq!(render_message(Language::English, &json!({"code": "new.thing", "of": 1})), "new.thing (of=1)");
    }
}
