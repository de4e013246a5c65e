//! The schema with `$defs` means the same as the schema with every part written out at its place, and the same as the
//! parser. The reference describes every part once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use huiliu_manifest::explain::{DocLanguage, explain_place};
use huiliu_manifest::shape::{Absent, Case, Key, Part as _, Shape, Words};
use huiliu_manifest::{Manifest, reference, schema};
use serde_json::{Map, Value, json};

/// Returns the schema without definitions: every part is written out at every place.
fn inline_schema(shape: &Shape) -> Value {
    match shape {
        Shape::Text(words) => json!({ "type": "string", "description": both_languages(*words) }),
        Shape::Number { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Day => json!({ "type": "string", "format": "date" }),
        Shape::OneOf(list) => one_of(list.all.iter().map(|word| const_schema(word.word, word.words))),
        Shape::Table(table) => object_schema(table.words, table.keys, None),
        Shape::Short { table, .. } => {
            json!({ "anyOf": [{ "type": "string" }, object_schema(table.words, table.keys, None)] })
        }
        Shape::Choice(choice) => one_of(choice.cases.iter().flat_map(|Case { word, words, keys }| {
            let alone = keys.iter().all(|key| key.absent != Absent::Refused).then(|| const_schema(word, *words));
            alone.into_iter().chain([object_schema(*words, keys, Some((choice.key, word)))])
        })),
        Shape::Steps(list) => one_of(list.all.iter().map(|step| match step.needs {
            None => const_schema(step.word, step.words),
            Some(needs) => {
                json!({ "type": "object", "description": both_languages(step.words), "required": [step.word],
                "properties": { step.word: inline_schema(needs) }, "additionalProperties": false })
            }
        })),
        Shape::List(item) => json!({ "type": "array", "items": inline_schema(item) }),
        Shape::Names(value) => json!({ "type": "object", "additionalProperties": inline_schema(value) }),
        Shape::Known(fields) => {
            let value = inline_schema(fields.value);
            let properties =
                fields.of.all.iter().map(|field| (field.word.to_owned(), with_description(value.clone(), field.words)));
            json!({ "type": "object", "properties": properties.collect::<Map<_, _>>(), "required": [],
                "additionalProperties": false })
        }
    }
}

fn one_of(all: impl Iterator<Item = Value>) -> Value {
    json!({ "oneOf": all.collect::<Vec<_>>() })
}

fn const_schema(word: &str, words: Words) -> Value {
    json!({ "const": word, "description": both_languages(words) })
}

fn both_languages(words: Words) -> String {
    format!("{} {}", words.en.trim(), words.zh)
}

fn with_description(mut value: Value, words: Words) -> Value {
    value["description"] = both_languages(words).into();
    value
}

fn object_schema(words: Words, keys: &[Key], tag: Option<(&str, &str)>) -> Value {
    let of_tag = tag.map(|(key, word)| (key.to_owned(), json!({ "const": word })));
    let properties =
        keys.iter().map(|key| (key.name.to_owned(), with_description(inline_schema(key.shape), key.words)));
    let required = keys.iter().filter(|key| key.absent == Absent::Refused).map(|key| key.name);
    json!({ "type": "object", "description": both_languages(words), "additionalProperties": false,
        "properties": of_tag.into_iter().chain(properties).collect::<Map<_, _>>(),
        "required": tag.iter().map(|(key, _)| *key).chain(required).collect::<Vec<_>>() })
}

/// Returns the value at a place of the schema, with its definition put in.
fn resolve_reference(place: &Value, whole: &Value) -> Value {
    let reference =
        place["$ref"].as_str().or_else(|| place["allOf"].as_array()?.iter().find_map(|of| of["$ref"].as_str()));
    let Some(reference) = reference else { return place.clone() };
    let mut found = whole.pointer(&reference[1..]).unwrap_or_else(|| panic!("{reference} leads nowhere")).clone();
    if let Some(words) = place.get("description") {
        found["description"] = words.clone();
    }
    found
}

/// Collects where two schemas differ. Words may be added, but none changed or left out.
fn collect_differences(of_old: &Value, place: &Value, whole: &Value, at: &str, told: &mut Vec<String>) {
    match (of_old, &resolve_reference(place, whole)) {
        (Value::Object(old), Value::Object(new)) => {
            let beside = |key: &&String| at.is_empty() && (key.starts_with('$') || *key == "title");
            let keys: BTreeSet<&String> = old.keys().chain(new.keys()).filter(|key| !beside(key)).collect();
            for key in keys {
                match (old.get(key), new.get(key)) {
                    (Some(old), Some(new)) => collect_differences(old, new, whole, &format!("{at}/{key}"), told),
                    (None, Some(Value::String(_))) if key == "description" => {}
                    _ => told.push(format!("{at}/{key} is not in both")),
                }
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (nth, (old, new)) in old.iter().zip(new).enumerate() {
                collect_differences(old, new, whole, &format!("{at}/{nth}"), told);
            }
        }
        (old, new) if old == new => {}
        _ => told.push(format!("{at} differs")),
    }
}

#[test]
fn every_definition_put_in_at_its_places_gives_the_schema_without_definitions() {
    let schema = schema::build_schema();
    let mut told = vec![];
    collect_differences(&inline_schema(Manifest::SHAPE), &schema, &schema, "", &mut told);
    assert!(told.is_empty(), "{}", told.join("\n"));
    let text = schema.to_string();
    for name in schema["$defs"].as_object().unwrap().keys() {
        assert!(text.contains(&format!("\"#/$defs/{name}\"")), "nothing refers to {name}");
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "{name}");
    }
}

/// Loads all manifests of the repository.
fn load_manifests() -> BTreeMap<PathBuf, Value> {
    let mut found = BTreeMap::new();
    let mut rooms: Vec<PathBuf> =
        ["connectors", "app/templates", "tests"].map(|room| Path::new(env!("CARGO_MANIFEST_DIR")).join(room)).into();
    while let Some(room) = rooms.pop() {
        for path in std::fs::read_dir(room).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                rooms.push(path);
            } else if path.file_name().is_some_and(|name| name == "manifest.toml") {
                let value: toml::Value = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
                found.insert(path, serde_json::to_value(value).unwrap());
            }
        }
    }
    assert!(found.len() >= 15, "{} manifests", found.len());
    found
}

/// Returns copies of a value with one thing wrong, at every level: an unknown key, a missing key, another type, a wrong
/// word or number. Of a list only the first item is changed, because the others are of its kind.
fn mutate_value(value: &Value) -> Vec<Value> {
    let others = [json!(-1), json!("wrong word"), json!(true), json!([]), json!({})];
    let mut all: Vec<Value> = others.into_iter().filter(|other| other != value).collect();
    match value {
        Value::Object(keys) => {
            let with = |key: &str, value: Option<Value>| {
                let mut keys = keys.clone();
                keys.remove(key);
                keys.extend(value.map(|value| (key.to_owned(), value)));
                Value::Object(keys)
            };
            all.push(with("unknown_key", Some(json!("x"))));
            for (key, inner) in keys {
                all.push(with(key, None));
                all.extend(mutate_value(inner).into_iter().map(|inner| with(key, Some(inner))));
            }
        }
        Value::Array(items) => {
            let first = items.first().map(mutate_value).unwrap_or_default();
            all.extend(first.into_iter().map(|first| {
                let rest = items.iter().skip(1).cloned();
                Value::Array([first].into_iter().chain(rest).collect())
            }));
        }
        _ => {}
    }
    all
}

/// The parser checks more than a schema can, so it may refuse what fits the schema, but not accept what does not.
#[test]
fn both_schemas_and_the_parser_agree_on_manifests_and_on_mutated_ones() {
    let whole = jsonschema::validator_for(&schema::build_schema()).unwrap();
    let without = jsonschema::validator_for(&inline_schema(Manifest::SHAPE)).unwrap();
    let (mut fit, mut refused) = (0, 0);
    for (path, manifest) in load_manifests() {
        assert!(whole.is_valid(&manifest) && without.is_valid(&manifest), "{}", path.display());
        for wrong in mutate_value(&manifest) {
            let fits = whole.is_valid(&wrong);
            assert!(fits == without.is_valid(&wrong), "{}: the schemas say otherwise of {wrong}", path.display());
            if fits {
                fit += 1;
            } else {
                refused += 1;
                let text = toml::to_string(&wrong).unwrap_or_default();
                assert!(Manifest::parse("m.toml", &text).is_err(), "{}: {wrong} is read", path.display());
            }
        }
    }
    assert!(refused > 3_000 && fit > 500, "{refused} refused, {fit} fit");
}

/// Returns the anchor of every heading, as GitHub makes it.
fn heading_anchors(page: &str) -> Vec<String> {
    let headings = page.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| line.trim_start_matches(['#', ' ']).to_lowercase().replace(' ', "-")).collect()
}

#[test]
fn the_reference_describes_every_part_once_and_every_link_and_place_leads_somewhere() {
    let schema = schema::build_schema();
    let parts: BTreeSet<String> = schema["$defs"].as_object().unwrap().keys().cloned().collect();
    for tongue in [DocLanguage::English, DocLanguage::Chinese] {
        let page = reference::render_reference(tongue);
        let (all, once) = (heading_anchors(&page), heading_anchors(&page).into_iter().collect::<BTreeSet<_>>());
        assert!(all.len() == once.len(), "two sections of one name: {all:?}");
        let described: BTreeSet<String> =
            page.lines().filter_map(|line| line.strip_prefix("### ")).map(str::to_owned).collect();
        assert!(described == parts, "{:?}", described.symmetric_difference(&parts).collect::<Vec<_>>());
        for link in page.split("](#").skip(1).filter_map(|rest| rest.split(')').next()) {
            assert!(once.contains(link), "#{link} leads nowhere");
        }
        let places = page.lines().filter(|line| line.starts_with("Used at ") || line.starts_with("用于 "));
        let places: Vec<&str> = places.flat_map(|line| line.split('`').skip(1).step_by(2)).collect();
        assert!(places.len() > parts.len());
        for place in places {
            explain_place(place, tongue).unwrap_or_else(|why| panic!("{why}"));
        }
    }
}
