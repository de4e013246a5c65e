//! Generates the JSON Schema (2020-12) of the manifest language, for editors, from its definition.
//!
//! Every named part of the language is one entry of `$defs` and is used through `$ref`.

use serde_json::{Map, Value, json};

use crate::Manifest;
use crate::shape::{Absent, Case, Choice, Fields, Key, Part as _, Shape, StepWord, Table, Word, Words};

/// Builds the schema.
#[must_use]
pub fn build_schema() -> Value {
    let mut definitions = Definitions::default();
    let mut schema = definitions.schema_or_ref(Manifest::SHAPE);
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "Huiliu connector manifest 汇流连接器清单".into();
    schema["$defs"] = Value::Object(definitions.0);
    schema
}

/// The entries of `$defs`, by name.
#[derive(Default)]
struct Definitions(Map<String, Value>);

impl Definitions {
    /// Returns the schema of a shape: a reference if the shape has a name, otherwise the schema itself.
    fn schema_or_ref(&mut self, shape: &Shape) -> Value {
        let Some(name) = shape.name() else { return self.shape_schema(shape) };
        if !self.0.contains_key(name) {
            let whole = self.shape_schema(shape);
            self.0.insert(name.to_owned(), whole);
        }
        json!({ "$ref": format!("#/$defs/{name}") })
    }

    /// Returns the schema of a shape with a description of its meaning at this place.
    fn described_schema(&mut self, shape: &Shape, words: Words) -> Value {
        let mut value = self.schema_or_ref(shape);
        if value.get("$ref").is_some() {
            // Taplo ignores a description beside `$ref` or `allOf`, so the description is repeated inside.
            return json!({ "description": join_languages(words), "allOf": [{ "description": join_languages(words) }, value] });
        }
        value["description"] = join_languages(words).into();
        value
    }

    fn shape_schema(&mut self, shape: &Shape) -> Value {
        match shape {
            Shape::Text(words) => json!({ "type": "string", "description": join_languages(*words) }),
            Shape::Number { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
            Shape::Flag => json!({ "type": "boolean" }),
            Shape::Day => json!({ "type": "string", "format": "date" }),
            Shape::OneOf(list) => {
                let words = list.all.iter().map(|Word { word, words }| const_schema(word, *words));
                json!({ "description": join_languages(list.words), "oneOf": words.collect::<Vec<_>>() })
            }
            Shape::Table(table) => self.table_schema(table),
            Shape::Choice(choice) => {
                let cases = choice.cases.iter().flat_map(|case| self.case_schemas(choice, case));
                json!({ "description": join_languages(choice.words), "oneOf": cases.collect::<Vec<_>>() })
            }
            Shape::Steps(list) => {
                let steps = list.all.iter().map(|step| self.step_schema(step));
                json!({ "description": join_languages(list.words), "oneOf": steps.collect::<Vec<_>>() })
            }
            Shape::List(item) => json!({ "type": "array", "items": self.schema_or_ref(item) }),
            Shape::Names(value) => json!({ "type": "object", "additionalProperties": self.schema_or_ref(value) }),
            Shape::Known(fields) => self.fields_schema(fields),
            Shape::Short { table, .. } => {
                json!({ "description": join_languages(table.words), "anyOf": [{ "type": "string" }, self.table_schema(table)] })
            }
        }
    }

    fn table_schema(&mut self, table: &Table) -> Value {
        let mut properties = Map::new();
        let mut required = vec![];
        self.add_keys(table.keys, &mut properties, &mut required);
        object_schema(table.words, properties, &required)
    }

    /// Returns the schemas of a case: a table and, if none of its keys is required, also its word alone.
    fn case_schemas(&mut self, choice: &Choice, case: &Case) -> Vec<Value> {
        let alone = case.keys.iter().all(|key| key.absent != Absent::Refused);
        let alone = alone.then(|| const_schema(case.word, case.words));
        let mut properties = Map::from_iter([(choice.key.to_owned(), json!({ "const": case.word }))]);
        let mut required = vec![choice.key];
        self.add_keys(case.keys, &mut properties, &mut required);
        alone.into_iter().chain([object_schema(case.words, properties, &required)]).collect()
    }

    fn add_keys(&mut self, keys: &[Key], properties: &mut Map<String, Value>, required: &mut Vec<&str>) {
        for key in keys {
            properties.insert(key.name.to_owned(), self.described_schema(key.shape, key.words));
            if key.absent == Absent::Refused {
                required.push(key.name);
            }
        }
    }

    fn step_schema(&mut self, step: &StepWord) -> Value {
        let Some(needs) = step.needs else { return const_schema(step.word, step.words) };
        let properties = Map::from_iter([(step.word.to_owned(), self.schema_or_ref(needs))]);
        object_schema(step.words, properties, &[step.word])
    }

    fn fields_schema(&mut self, fields: &Fields) -> Value {
        let properties = fields.of.all.iter().map(|Word { word, words }| {
            let value = self.described_schema(fields.value, *words);
            ((*word).to_owned(), value)
        });
        let properties = properties.collect();
        object_schema(fields.words, properties, &[])
    }
}

fn object_schema(words: Words, properties: Map<String, Value>, required: &[&str]) -> Value {
    json!({ "type": "object", "description": join_languages(words), "properties": properties, "required": required,
        "additionalProperties": false })
}

fn const_schema(word: &str, words: Words) -> Value {
    json!({ "const": word, "description": join_languages(words) })
}

fn join_languages(words: Words) -> String {
    format!("{} {}", words.en.trim(), words.zh)
}
