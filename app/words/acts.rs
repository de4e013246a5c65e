//! Texts for actions and objects of the audit log, and for kinds and details of decisions.

use serde_json::{Map, Value};

use super::{label, localize_word, sentence};

/// Returns the label of an action, unless it undoes another action.
fn action_label(action: &str) -> Option<&'static str> {
    Some(match action {
        "batch.release" => label("cli-acts-batch-release"),
        "connector.disable" => label("cli-acts-connector-disable"),
        "connector.enable" => label("cli-acts-connector-enable"),
        "connector.register" => label("cli-acts-connector-register"),
        "connector.rollback" => label("cli-acts-connector-rollback"),
        "course.equate" => label("cli-acts-course-equate"),
        "credit.grade" => label("cli-acts-credit-grade"),
        "credit.keep" => label("cli-acts-credit-keep"),
        "credit.revoke" => label("cli-acts-credit-revoke"),
        "cursor.reset" => label("cli-acts-cursor-reset"),
        "cursor.set" => label("cli-acts-cursor-set"),
        "database.restore" => label("cli-acts-database-restore"),
        "dead_letter.accept" => label("cli-acts-dead-letter-accept"),
        "dead_letter.correct" => label("cli-acts-dead-letter-correct"),
        "dead_letter.close" => label("cli-acts-dead-letter-close"),
        "dead_letter.discard" => label("cli-acts-dead-letter-discard"),
        "dead_letter.export" => label("cli-acts-dead-letter-export"),
        "dead_letter.map" => label("cli-acts-dead-letter-map"),
        "dead_letter.reopen" => label("cli-acts-dead-letter-reopen"),
        "dead_letter.uncorrect" => label("cli-acts-dead-letter-uncorrect"),
        "dead_letter.unmap" => label("cli-acts-dead-letter-unmap"),
        "identity.accept" => label("cli-acts-identity-accept"),
        "identity.merge" => label("cli-acts-identity-merge"),
        "identity.reject" => label("cli-acts-identity-reject"),
        "missing.keep" => label("cli-acts-missing-keep"),
        "missing.withdraw" => label("cli-acts-missing-withdraw"),
        "payload.correct" => label("cli-acts-payload-correct"),
        "payload.dismiss" => label("cli-acts-payload-dismiss"),
        "payload.park" => label("cli-acts-payload-park"),
        "payload.reopen" => label("cli-acts-payload-reopen"),
        "payload.retry" => label("cli-acts-payload-retry"),
        "records.rekey" => label("cli-acts-records-rekey"),
        "replay.apply" => label("cli-acts-replay-apply"),
        "replay.approve" => label("cli-acts-replay-approve"),
        "replay.close" => label("cli-acts-replay-close"),
        "replay.plan" => label("cli-acts-replay-plan"),
        "replay.refused" => label("cli-acts-replay-refused"),
        "replay.undo" => label("cli-acts-replay-undo"),
        "rules.activate" => label("cli-acts-rules-activate"),
        "rules.register" => label("cli-acts-rules-register"),
        "rules.retire" => label("cli-acts-rules-retire"),
        "rules.rollback" => label("cli-acts-rules-rollback"),
        "rules.seed" => label("cli-acts-rules-seed"),
        "secret.remove" => label("cli-acts-secret-remove"),
        "secret.set" => label("cli-acts-secret-set"),
        "source.add" => label("cli-acts-source-add"),
        "source.release" => label("cli-acts-source-release"),
        "source.remove" => label("cli-acts-source-remove"),
        "source.set" => label("cli-acts-source-set"),
        _ => return None,
    })
}

/// All actions except those that undo another.
const ACTIONS: &[&str] = &[
    "batch.release",
    "connector.disable",
    "connector.enable",
    "connector.register",
    "connector.rollback",
    "course.equate",
    "credit.grade",
    "credit.keep",
    "credit.revoke",
    "cursor.reset",
    "cursor.set",
    "database.restore",
    "dead_letter.accept",
    "dead_letter.close",
    "dead_letter.correct",
    "dead_letter.discard",
    "dead_letter.export",
    "dead_letter.map",
    "dead_letter.reopen",
    "dead_letter.uncorrect",
    "dead_letter.unmap",
    "identity.accept",
    "identity.merge",
    "identity.reject",
    "missing.keep",
    "missing.withdraw",
    "payload.correct",
    "payload.dismiss",
    "payload.park",
    "payload.reopen",
    "payload.retry",
    "records.rekey",
    "replay.apply",
    "replay.approve",
    "replay.close",
    "replay.plan",
    "replay.refused",
    "replay.undo",
    "rules.activate",
    "rules.register",
    "rules.retire",
    "rules.rollback",
    "rules.seed",
    "secret.remove",
    "secret.set",
    "source.add",
    "source.release",
    "source.remove",
    "source.set",
];

/// Returns an action, or a kind of decision, in the language of the locale: `dead_letter.discard` becomes
/// `discard a dead letter`.
pub fn action_text(action: &str) -> String {
    if let Some(undone) = action.strip_suffix(".undo") {
        return sentence!("cli-acts-undo", act = action_text(undone));
    }
    action_label(action).unwrap_or(action).to_owned()
}

/// Returns the action with this text in the locale's language; a text that matches no action is returned unchanged.
pub fn parse_action(words: &str) -> String {
    let undone = ACTIONS.iter().map(|action| format!("{action}.undo"));
    let mut all = ACTIONS.iter().map(ToString::to_string).chain(undone);
    all.find(|action| action_text(action) == words).unwrap_or_else(|| words.to_owned())
}

/// Returns the kinds of objects: the name in the audit log, and the name in the language of the locale.
fn object_kinds() -> [(&'static str, &'static str); 11] {
    [
        ("dead letter", label("cli-acts-kind-dead-letter")),
        ("batch", label("cli-acts-kind-batch")),
        ("connector", label("cli-acts-kind-connector")),
        ("database", label("cli-acts-kind-database")),
        ("decision", label("cli-acts-kind-decision")),
        ("payload", label("cli-acts-kind-payload")),
        ("record", label("cli-acts-key-record")),
        ("replay", label("cli-acts-kind-replay")),
        ("rules", label("cli-acts-kind-rules")),
        ("secret", label("cli-acts-kind-secret")),
        ("source", label("cli-acts-kind-source")),
    ]
}

/// Returns the object of an action in the language of the locale: `dead letter 7`, `connector cmcc version 3`.
pub fn object_text(kept: &str) -> String {
    let version = (" version ", label("cli-acts-version"));
    replace_kind(kept, object_kinds()).replace(version.0, version.1)
}

/// Returns the object with this text in the locale's language, as the log stores it.
pub fn parse_object(words: &str) -> String {
    let version = (label("cli-acts-version"), " version ");
    replace_kind(words, object_kinds().map(|(kept, words)| (words, kept))).replace(version.0, version.1)
}

/// Replaces the kind at the start of the text. `kinds` holds pairs of (old, new).
fn replace_kind(text: &str, kinds: [(&str, &str); 11]) -> String {
    let of = |(from, to): &(&str, &str)| {
        let rest = text.strip_prefix(from)?;
        (rest.is_empty() || rest.starts_with(' ')).then(|| format!("{to}{rest}"))
    };
    kinds.iter().find_map(of).unwrap_or_else(|| text.to_owned())
}

/// Renders the details of an act or a decision in one line, the reason first. Leaves out `numbers`: keyed digests of ID
/// numbers mean nothing to people.
pub fn details_text(detail: &Value) -> String {
    match detail {
        Value::Object(fields) => field_texts(fields).join(label("cli-acts-separator")),
        Value::Array(all) => all.iter().map(details_text).collect::<Vec<_>>().join(label("cli-acts-separator")),
        Value::Null => String::new(),
        Value::String(text) => localize_word(text).to_owned(),
        other => other.to_string(),
    }
}

fn field_texts(fields: &Map<String, Value>) -> Vec<String> {
    let because = fields.get_key_value("because");
    let rest = fields.iter().filter(|(key, _)| !["because", "numbers"].contains(&key.as_str()));
    let told = because.into_iter().chain(rest).filter_map(|(key, value)| {
        let value = details_text(value);
        (!value.is_empty()).then(|| sentence!("cli-acts-detail", key = key_label(key), value))
    });
    told.collect()
}

fn key_label(key: &str) -> &str {
    match key {
        "because" => label("cli-acts-key-because"),
        "claim" => label("cli-acts-key-claim"),
        "code" => label("cli-acts-key-code"),
        "connector" => label("cli-acts-kind-connector"),
        "correction" => label("cli-acts-key-correction"),
        "fields" => label("cli-acts-key-fields"),
        "counted" => label("cli-acts-key-counted"),
        "mapped_value" => label("cli-mapped-value"),
        "course" => label("cli-acts-key-course"),
        "cursor" => label("cli-acts-key-cursor"),
        "dead_letter" => label("cli-acts-kind-dead-letter"),
        "detail" => label("cli-acts-key-detail"),
        "filter" => label("cli-acts-key-filter"),
        "base_url" => label("cli-acts-key-base-url"),
        "folder" => label("cli-acts-key-folder"),
        "from" => label("cli-acts-key-from"),
        "grade" => label("cli-acts-key-grade"),
        "institution_code" => label("cli-acts-key-institution-code"),
        "now" => label("cli-acts-key-now"),
        "planned" => label("cli-acts-key-planned"),
        "raw_records" => label("cli-acts-key-raw-records"),
        "record" => label("cli-acts-key-record"),
        "records" => label("cli-acts-key-records"),
        "count" => label("cli-acts-key-count"),
        "faulty" => label("cli-acts-key-faulty"),
        "protected" => label("cli-acts-key-protected"),
        "replaced" => label("cli-acts-key-replaced"),
        "rules" => label("cli-acts-kind-rules"),
        "reverses" => label("cli-acts-key-reverses"),
        "run" => label("cli-acts-key-run"),
        "schedule" => label("cli-acts-key-schedule"),
        "source" => label("cli-acts-kind-source"),
        "stream" => label("cli-acts-key-stream"),
        "suggestion" => label("cli-acts-key-suggestion"),
        "teacher" => label("cli-acts-key-teacher"),
        "teachers" => label("cli-acts-key-teachers"),
        "to" => label("cli-acts-key-to"),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_acts_and_objects_lead_back_to_what_is_kept() {
        let undone = ACTIONS.iter().map(|action| format!("{action}.undo"));
        for action in ACTIONS.iter().map(ToString::to_string).chain(undone) {
            assert_ne!(action_text(&action), action);
            assert_eq!(parse_action(&action_text(&action)), action);
            assert_eq!(parse_action(&action), action);
        }
        for kept in ["dead letter 7", "connector cmcc version 3", "database", "source a", "something else"] {
            assert_eq!(parse_object(&object_text(kept)), kept);
        }
    }
}
