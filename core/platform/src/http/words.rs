//! Finds what a platform says about an error, in its own words.

use serde_json::{Map, Value};

use crate::http::web::Answer;

/// Number of bytes of an answer that are searched.
const MAX_SEARCHED: usize = 64 << 10;
/// Maximum number of characters that are kept.
const MAX_WORDS: usize = 300;
/// Names under which platforms give a sentence about an error, the most telling first.
const SENTENCES: [&str; 16] = [
    "message",
    "msg",
    "errmsg",
    "errMsg",
    "error_msg",
    "errorMsg",
    "errorMessage",
    "error_message",
    "error_description",
    "resultMsg",
    "retMsg",
    "returnMsg",
    "detail",
    "description",
    "title",
    "error",
];
/// Names of objects that hold such a sentence.
const HOLDERS: [&str; 5] = ["error", "status", "result", "fault", "data"];

/// Returns what a JSON answer that is no list says about itself, such as the `message` of `{"errorcode": …,
/// "message": …}`.
pub(crate) fn find_words(answer: &Answer) -> Option<String> {
    let bytes = answer.payload.read_beginning(MAX_SEARCHED).ok()?;
    let Ok(Value::Object(said)) = serde_json::from_slice::<Value>(&bytes) else { return None };
    let holders = HOLDERS.iter().filter_map(|name| said.get(*name)?.as_object());
    let words = find_sentence(&said).or_else(|| holders.into_iter().find_map(find_sentence))?;
    Some(words.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_WORDS).collect())
}

fn find_sentence(said: &Map<String, Value>) -> Option<String> {
    let texts = SENTENCES.iter().filter_map(|name| said.get(*name)?.as_str());
    texts.into_iter().find(|text| !text.trim().is_empty()).map(str::to_owned)
}
