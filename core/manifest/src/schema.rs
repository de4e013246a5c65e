//! The JSON Schema (2020-12) of the manifest language, for editors; made from its definition.

use serde_json::{Map, Value, json};

use crate::Manifest;
use crate::shape::{Absent, Part as _, Shape, Table, Words};

/// The schema.
#[must_use]
pub fn schema() -> Value {
    let mut schema = of(Manifest::SHAPE);
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "Huiliu connector manifest 汇流连接器清单".into();
    schema
}

fn of(shape: &Shape) -> Value {
    match shape {
        Shape::Text(words) => json!({ "type": "string", "description": both(*words) }),
        Shape::Number { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Day => json!({ "type": "string", "format": "date" }),
        Shape::OneOf(words) => {
            json!({ "oneOf": words.iter().map(|(word, told)| constant(word, *told)).collect::<Vec<_>>() })
        }
        Shape::Table(table) => of_table(table, None),
        Shape::Choice { key, cases } => {
            let cases = cases.iter().flat_map(|(word, table)| {
                let alone = table.keys.iter().all(|k| k.absent != Absent::Refused).then(|| constant(word, table.words));
                alone.into_iter().chain([of_table(table, Some((key, word)))])
            });
            json!({ "oneOf": cases.collect::<Vec<_>>() })
        }
        Shape::Steps(steps) => {
            let steps = steps.iter().map(|(word, words, needs)| match needs {
                None => constant(word, *words),
                Some(shape) => {
                    json!({ "type": "object", "description": both(*words), "properties": { *word: of(shape) },
                    "required": [word], "additionalProperties": false })
                }
            });
            json!({ "oneOf": steps.collect::<Vec<_>>() })
        }
        Shape::List(item) => json!({ "type": "array", "items": of(item) }),
        Shape::Names(value) => json!({ "type": "object", "additionalProperties": of(value) }),
        Shape::Known(names, value) => {
            let Shape::OneOf(names) = names else { return Value::Null };
            let one = |(name, words): &(&str, Words)| {
                ((*name).to_owned(), json!({ "description": both(*words), "allOf": [of(value)] }))
            };
            json!({ "type": "object", "properties": names.iter().map(one).collect::<Map<_, _>>(),
                "additionalProperties": false })
        }
        Shape::Short(_, whole) => json!({ "anyOf": [{ "type": "string" }, of(whole)] }),
    }
}

fn constant(word: &str, words: Words) -> Value {
    json!({ "const": word, "description": both(words) })
}

fn both(words: Words) -> String {
    format!("{} {}", words.en.trim(), words.zh)
}

fn of_table(table: &Table, tag: Option<(&str, &str)>) -> Value {
    let mut properties: Map<String, Value> = Map::new();
    let mut required: Vec<&str> = Vec::new();
    if let Some((key, word)) = tag {
        properties.insert(key.to_owned(), json!({ "const": word }));
        required.push(key);
    }
    for key in table.keys {
        let mut value = of(key.shape);
        value["description"] = both(key.words).into();
        properties.insert(key.name.to_owned(), value);
        if key.absent == Absent::Refused {
            required.push(key.name);
        }
    }
    json!({ "type": "object", "description": both(table.words), "properties": properties, "required": required,
        "additionalProperties": false })
}
