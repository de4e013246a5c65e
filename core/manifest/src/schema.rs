//! The JSON Schema (2020-12) of the manifest language, for editors; made from its definition.
//!
//! Every part of the language that has a name is one entry of `$defs`, and is referred to by `$ref`.

use serde_json::{Map, Value, json};

use crate::Manifest;
use crate::shape::{Absent, Case, Choice, Fields, Key, Part as _, Shape, StepWord, Table, Word, Words};

/// The schema.
#[must_use]
pub fn schema() -> Value {
    let mut definitions = Definitions::default();
    let mut schema = definitions.place(Manifest::SHAPE);
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "Huiliu connector manifest 汇流连接器清单".into();
    schema["$defs"] = Value::Object(definitions.0);
    schema
}

/// The entries of `$defs`, by name.
#[derive(Default)]
struct Definitions(Map<String, Value>);

impl Definitions {
    /// What may stand at a place: a reference to what has a name, else the thing itself.
    fn place(&mut self, shape: &Shape) -> Value {
        let Some(name) = shape.name() else { return self.whole(shape) };
        if !self.0.contains_key(name) {
            let whole = self.whole(shape);
            self.0.insert(name.to_owned(), whole);
        }
        json!({ "$ref": format!("#/$defs/{name}") })
    }

    /// What may stand at a place, with what it means there.
    fn told(&mut self, shape: &Shape, words: Words) -> Value {
        let mut value = self.place(shape);
        if value.get("$ref").is_some() {
            // Taplo shows nothing that stands beside `$ref` or `allOf`: the words stand within, too.
            return json!({ "description": both(words), "allOf": [{ "description": both(words) }, value] });
        }
        value["description"] = both(words).into();
        value
    }

    fn whole(&mut self, shape: &Shape) -> Value {
        match shape {
            Shape::Text(words) => json!({ "type": "string", "description": both(*words) }),
            Shape::Number { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
            Shape::Flag => json!({ "type": "boolean" }),
            Shape::Day => json!({ "type": "string", "format": "date" }),
            Shape::OneOf(list) => {
                let words = list.all.iter().map(|Word { word, words }| constant(word, *words));
                json!({ "description": both(list.words), "oneOf": words.collect::<Vec<_>>() })
            }
            Shape::Table(table) => self.table(table),
            Shape::Choice(choice) => {
                let cases = choice.cases.iter().flat_map(|case| self.case(choice, case));
                json!({ "description": both(choice.words), "oneOf": cases.collect::<Vec<_>>() })
            }
            Shape::Steps(list) => {
                let steps = list.all.iter().map(|step| self.step(step));
                json!({ "description": both(list.words), "oneOf": steps.collect::<Vec<_>>() })
            }
            Shape::List(item) => json!({ "type": "array", "items": self.place(item) }),
            Shape::Names(value) => json!({ "type": "object", "additionalProperties": self.place(value) }),
            Shape::Known(fields) => self.fields(fields),
            Shape::Short { table, .. } => {
                json!({ "description": both(table.words), "anyOf": [{ "type": "string" }, self.table(table)] })
            }
        }
    }

    fn table(&mut self, table: &Table) -> Value {
        let mut properties = Map::new();
        let mut required = vec![];
        self.keys(table.keys, &mut properties, &mut required);
        object(table.words, properties, &required)
    }

    /// A case as a table; where no key of it must be there, also as its word alone.
    fn case(&mut self, choice: &Choice, case: &Case) -> Vec<Value> {
        let alone = case.keys.iter().all(|key| key.absent != Absent::Refused);
        let alone = alone.then(|| constant(case.word, case.words));
        let mut properties = Map::from_iter([(choice.key.to_owned(), json!({ "const": case.word }))]);
        let mut required = vec![choice.key];
        self.keys(case.keys, &mut properties, &mut required);
        alone.into_iter().chain([object(case.words, properties, &required)]).collect()
    }

    fn keys(&mut self, keys: &[Key], properties: &mut Map<String, Value>, required: &mut Vec<&str>) {
        for key in keys {
            properties.insert(key.name.to_owned(), self.told(key.shape, key.words));
            if key.absent == Absent::Refused {
                required.push(key.name);
            }
        }
    }

    fn step(&mut self, step: &StepWord) -> Value {
        let Some(needs) = step.needs else { return constant(step.word, step.words) };
        let properties = Map::from_iter([(step.word.to_owned(), self.place(needs))]);
        object(step.words, properties, &[step.word])
    }

    fn fields(&mut self, fields: &Fields) -> Value {
        let properties = fields.of.all.iter().map(|Word { word, words }| {
            let value = self.told(fields.value, *words);
            ((*word).to_owned(), value)
        });
        let properties = properties.collect();
        object(fields.words, properties, &[])
    }
}

fn object(words: Words, properties: Map<String, Value>, required: &[&str]) -> Value {
    json!({ "type": "object", "description": both(words), "properties": properties, "required": required,
        "additionalProperties": false })
}

fn constant(word: &str, words: Words) -> Value {
    json!({ "const": word, "description": both(words) })
}

fn both(words: Words) -> String {
    format!("{} {}", words.en.trim(), words.zh)
}
