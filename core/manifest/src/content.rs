//! The content of a TOML file without its form: comments, spaces, the order of keys and the way values are written.

use std::fmt::Write as _;

use toml::Value;

/// Writes the content of a TOML text so that two texts with the same content give the same result. A text that does not
/// parse stands for itself.
#[must_use]
pub fn canonical_content(text: &str) -> String {
    let mut content = String::with_capacity(text.len());
    match text.parse::<toml::Table>() {
        Ok(table) => write_value(&Value::Table(table), &mut content),
        Err(_) => content.push_str(text),
    }
    content
}

fn write_value(value: &Value, content: &mut String) {
    match value {
        Value::Table(table) => {
            let mut keys: Vec<&String> = table.keys().collect();
            keys.sort_unstable();
            content.push('{');
            for key in keys {
                let _ = write!(content, "{key:?}:");
                write_value(&table[key], content);
                content.push(',');
            }
            content.push('}');
        }
        Value::Array(list) => {
            content.push('[');
            for value in list {
                write_value(value, content);
                content.push(',');
            }
            content.push(']');
        }
        Value::String(text) => {
            let _ = write!(content, "{text:?}");
        }
        Value::Integer(number) => {
            let _ = write!(content, "{number}");
        }
        Value::Float(number) => {
            let _ = write!(content, "f{number:?}");
        }
        Value::Boolean(truth) => {
            let _ = write!(content, "{truth}");
        }
        Value::Datetime(day) => {
            let _ = write!(content, "d{day}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::canonical_content;

    #[test]
    fn comments_spaces_and_order_of_keys_do_not_count() {
        let one = "a = 1\nb = \"x\"\n[t]\nc = true\nd = [1, 2]\n";
        let other = "# a remark\nb   = 'x' # another\n\na = 1\n[t]\nd = [\n 1,\n 2,\n]\nc = true";
        assert_eq!(canonical_content(one), canonical_content(other));
        assert_ne!(canonical_content(one), canonical_content(&one.replace("[1, 2]", "[2, 1]")));
    }

    #[test]
    fn kinds_of_values_are_told_apart() {
        let texts = [
            "a = 1",
            "a = 1.0",
            "a = \"1\"",
            "a = true",
            "a = \"true\"",
            "a = [1]",
            "a.b = 1",
            "a = 2014-01-01",
            "not toml",
        ];
        let all: std::collections::BTreeSet<String> = texts.iter().map(|text| canonical_content(text)).collect();
        assert_eq!(all.len(), texts.len());
    }
}
