//! Texts for fields, rules and states.

use std::borrow::Cow;

use huiliu_decode::Problem;
use huiliu_messages::{Wording, localize_place};
use huiliu_store::sql::schema::SchemaState;
use huiliu_values::{DeliveryState, NotificationEvent, NotificationKind, PassState, Responsible, Stage, WaitingKind};

use super::{label, language, sentence};

/// Returns the raw field that a reason is about, with the title of the canonical field it was mapped to.
pub fn field_text(problem: &Problem) -> String {
    let given = match problem.source_field.as_str() {
        "file name" => label("cli-words-file-name"),
        field => field,
    };
    let canonical = problem.code.rsplit_once('.').map_or("", |(field, _)| field);
    let title = huiliu_messages::find_sentence(language(), &format!("field-{}", canonical.replace('.', "-")));
    match title.filter(|title| !is_same_name(title, given)) {
        Some(title) => sentence!("cli-words-field", title, given),
        None => given.to_owned(),
    }
}

fn is_same_name(title: &str, given: &str) -> bool {
    title.eq_ignore_ascii_case(&given.replace('_', " "))
}

/// Returns the text of a rule from its full name, `pack@version name`. Rules that every pack has get a label; other
/// names are kept.
pub fn rule_name(rule: &str) -> Cow<'_, str> {
    let Some((pack, name)) = rule.rsplit_once(' ') else { return Cow::Borrowed(rule) };
    let words = match name {
        "weights" => label("cli-words-rule-weights"),
        "bands" => label("cli-words-rule-bands"),
        "rounding" => label("cli-words-rule-rounding"),
        "requirement" => label("cli-words-rule-requirement"),
        "credit" => label("cli-words-rule-credit"),
        _ if name.starts_with("conversion.") => label("cli-words-rule-conversion"),
        _ if name.starts_with("cap.") => label("cli-words-rule-cap"),
        _ if name.starts_with("setting.") => label("cli-words-rule-setting"),
        "pass_gate" => label("cli-words-rule-pass-gate"),
        "not_assessed" => label("cli-words-rule-not-assessed"),
        "duplicate" => label("cli-words-rule-duplicate"),
        "identity" => label("cli-words-rule-identity"),
        "comprehensive" => label("cli-words-rule-comprehensive"),
        "revocation" => label("cli-words-rule-revocation"),
        "minimum" => label("cli-words-rule-minimum"),
        "attendance" => label("cli-words-rule-attendance"),
        "exempt" => label("cli-words-rule-exempt"),
        "carry_over" => label("cli-words-rule-carry-over"),
        _ => return Cow::Borrowed(rule),
    };
    Cow::Owned(format!("{pack} {}", sentence!("cli-words-rule-name", words, name)))
}

/// Returns a text of a rule file in the language of the locale.
pub fn localize_wording(text: &Wording) -> &str {
    text.say(language())
}

/// Translates the unit of an amount such as `60 minute`; the number is kept as given.
pub fn localize_amount(given: &str) -> String {
    match given.rsplit_once(' ') {
        Some((number, unit)) => format!("{number} {}", localize_word(unit)),
        None => given.to_owned(),
    }
}

/// Names the stage at which a record failed.
pub fn localize_stage(stage: Stage) -> &'static str {
    label(match stage {
        Stage::Read => "cli-words-stage-read",
        Stage::Validate => "cli-words-stage-validate",
        Stage::Match => "cli-words-stage-match",
    })
}

/// Names who can remove the cause of a dead letter.
pub fn localize_responsible(responsible: Responsible) -> &'static str {
    label(match responsible {
        Responsible::Institution => "cli-words-responsible-institution",
        Responsible::Administrator => "cli-words-responsible-administrator",
        Responsible::Operations => "cli-words-responsible-operations",
    })
}

/// Names what people are told of.
pub fn localize_notification(kind: NotificationKind) -> &'static str {
    match kind {
        NotificationKind::SourceFailed => label("cli-inbox-source-failed"),
        NotificationKind::SourceLate => label("cli-inbox-source-late"),
        NotificationKind::BatchQuarantined => label("cli-inbox-batch-quarantined"),
        NotificationKind::PayloadUnread => label("cli-inbox-payload-unread"),
        NotificationKind::ManyDeadLetters => label("cli-notifications-many-dead-letters"),
        NotificationKind::ReplayUnapproved => label("cli-inbox-replay-unapproved"),
        NotificationKind::LedgerDiffers => label("cli-inbox-ledger-differs"),
    }
}

/// Names what a notification says of its cause.
pub fn localize_event(event: NotificationEvent) -> &'static str {
    label(match event {
        NotificationEvent::Began => "cli-notifications-began",
        NotificationEvent::Ended => "cli-notifications-ended",
    })
}

/// Names how far a notification has come.
pub fn localize_delivery(state: DeliveryState) -> &'static str {
    label(match state {
        DeliveryState::Due => "cli-notifications-due",
        DeliveryState::Sent => "cli-notifications-sent",
        DeliveryState::GivenUp => "cli-notifications-given-up",
    })
}

/// Names what waits for a person.
pub fn localize_waiting(kind: WaitingKind) -> &'static str {
    match kind {
        WaitingKind::SourceFailed => label("cli-inbox-source-failed"),
        WaitingKind::SourceLate => label("cli-inbox-source-late"),
        WaitingKind::FileFailed => label("cli-inbox-file-failed"),
        WaitingKind::BatchQuarantined => label("cli-inbox-batch-quarantined"),
        WaitingKind::PayloadUnread => label("cli-inbox-payload-unread"),
        WaitingKind::DeadLetter => label("cli-inbox-dead-letter"),
        WaitingKind::LetterCandidate => label("cli-inbox-letter-candidate"),
        WaitingKind::RecordDisputed => label("cli-inbox-record-disputed"),
        WaitingKind::RecordFlagged => label("cli-inbox-record-flagged"),
        WaitingKind::RecordMissing => label("cli-inbox-record-missing"),
        WaitingKind::ClaimPotential => label("cli-inbox-claim-potential"),
        WaitingKind::NameContradicts => label("cli-inbox-name-contradicts"),
        WaitingKind::ReplayUnapproved => label("cli-inbox-replay-unapproved"),
        WaitingKind::ReplayUnfinished => label("cli-inbox-replay-unfinished"),
        WaitingKind::LedgerDiffers => label("cli-inbox-ledger-differs"),
    }
}

/// Translates what decided whose a claim is: a rule, or a person's decision by its number.
pub fn localize_decider(decided_by: &str) -> Cow<'_, str> {
    match decided_by.strip_prefix("decision ") {
        Some(number) => Cow::Owned(sentence!("cli-words-by-decision", number)),
        None => Cow::Borrowed(localize_word(decided_by)),
    }
}

/// Translates the address of a raw record: page and item, file and line, or sheet and row.
pub fn localize_address(english: &str) -> Cow<'_, str> {
    localize_place(language(), english)
}

/// Translates a stored keyword: the state of a run, a dead letter, a replay or a batch, an outcome, a grade, the basis
/// of a rule, a kind of school, a part that `doctor` examined, a unit of hours. Other texts are returned unchanged.
pub fn localize_word(english: &str) -> &str {
    match english {
        "running" => label("cli-words-reasons-running"),
        "definite" => label("cli-words-reasons-definite"),
        "potential" => label("cli-words-reasons-potential"),
        "none" => label("cli-words-reasons-none"),
        "new" => label("cli-words-reasons-new"),
        "id_number_and_name" => label("cli-words-reasons-id-number-name"),
        "teacher_number_and_name" => label("cli-words-reasons-teacher-number-name"),
        "done" => label("cli-words-reasons-done"),
        "failed" => label("cli-words-reasons-failed"),
        "stopped" => label("cli-words-reasons-stopped"),
        "open" => label("cli-words-reasons-open"),
        "closed" => label("cli-words-reasons-closed"),
        "discarded" => label("cli-words-reasons-discarded"),
        "planning" => label("cli-words-reasons-planning"),
        "planned" => label("cli-words-reasons-planned"),
        "applied" => label("cli-words-reasons-applied"),
        "stale" => label("cli-words-reasons-stale"),
        "inserted" => label("cli-words-reasons-inserted"),
        "updated" => label("cli-words-reasons-updated"),
        "unchanged" => label("cli-words-reasons-unchanged"),
        "skipped" => label("cli-words-reasons-skipped"),
        "withdrawn" => label("cli-words-reasons-withdrawn"),
        "second" => label("cli-words-reasons-seconds"),
        "superseded" => label("cli-words-reasons-superseded"),
        "parked" => label("cli-words-reasons-parked"),
        "due" => label("cli-words-reasons-due"),
        "claimed" => label("cli-words-reasons-claimed"),
        "quarantined" => label("cli-words-reasons-quarantined"),
        "newer" => label("cli-words-kept-newer"),
        "received_again" => label("cli-words-kept-received-again"),
        "overtaken" => label("cli-words-kept-overtaken"),
        "decided" => label("cli-words-kept-decided"),
        "letter_changed" => label("cli-words-kept-letter-changed"),
        "roster_row" => label("cli-words-kept-roster"),
        "earlier_release" => label("cli-words-kept-earlier-release"),
        "gone" => label("cli-words-reasons-gone"),
        "stated" => label("cli-words-reasons-stated"),
        "adopted" => label("cli-words-reasons-adopted"),
        "assumed" => label("cli-words-reasons-assumed"),
        "excellent" => label("cli-words-reasons-excellent"),
        "pass" => label("cli-words-reasons-pass"),
        "fail" => label("cli-words-reasons-fail"),
        "settings" => label("cli-words-reasons-settings"),
        "connectors" => label("cli-words-reasons-connectors"),
        "database" => label("cli-words-reasons-database"),
        "schema" => label("cli-words-reasons-schema"),
        "key" => label("cli-words-reasons-key"),
        "key_file" => label("cli-words-reasons-key-file"),
        "queue" => label("cli-words-reasons-queue"),
        "orphans" => label("cli-words-reasons-orphans"),
        "roster" => label("cli-words-reasons-roster"),
        "provisional" => label("cli-words-reasons-provisional"),
        "male" => label("cli-words-reasons-male"),
        "female" => label("cli-words-reasons-female"),
        "id_number" => label("cli-words-reasons-id-number"),
        "province" => label("cli-words-reasons-province"),
        "prefecture" => label("cli-words-reasons-prefecture"),
        "direct" => label("cli-words-reasons-reports-province"),
        "county" => label("cli-words-reasons-county"),
        "kindergarten" => label("cli-words-reasons-kindergarten"),
        "primary" => label("cli-words-reasons-primary-school"),
        "adult_primary" => label("cli-words-reasons-adult-primary-school"),
        "junior_middle" => label("cli-words-reasons-junior-middle-school"),
        "vocational_junior_middle" => label("cli-words-reasons-vocational-junior-middle-school"),
        "adult_junior_middle" => label("cli-words-reasons-adult-junior-middle-school"),
        "senior_middle" => label("cli-words-reasons-senior-middle-school"),
        "adult_senior_middle" => label("cli-words-reasons-adult-senior-middle-school"),
        "secondary_vocational" => label("cli-words-reasons-secondary-vocational-school"),
        "correctional" => label("cli-words-reasons-correctional-school"),
        "higher" => label("cli-words-reasons-higher-education"),
        "adult_higher" => label("cli-words-reasons-adult-higher-education"),
        "special" => label("cli-words-reasons-special-school"),
        "other" => label("cli-words-reasons-other"),
        "records_without_batch" => label("cli-words-reasons-records-without-batch"),
        "roster_rows_without_batch" => label("cli-words-reasons-roster-rows-without-batch"),
        "sightings_without_batch" => label("cli-words-reasons-sightings-without-batch"),
        "records_without_claim" => label("cli-words-reasons-records-without-claim"),
        "claims_without_teacher" => label("cli-words-reasons-claims-without-teacher"),
        "records_without_offering" => label("cli-words-reasons-records-without-offering"),
        "entries_without_record" => label("cli-words-reasons-entries-without-record"),
        "sightings_without_dead_letter" => label("cli-words-reasons-sightings-without-dead-letter"),
        "sweep" => label("cli-words-reasons-sweep"),
        "minute" => label("cli-words-reasons-minutes"),
        "class_hour" => label("cli-words-reasons-class-hours"),
        "hour" => label("cli-words-reasons-hours"),
        "half_day" => label("cli-words-reasons-half-days"),
        "day" => label("cli-words-reasons-days"),
        "credit" => label("cli-words-reasons-credits"),
        other => other,
    }
}

/// Returns the label for whether the teacher passed.
pub fn pass_label(state: PassState) -> &'static str {
    match state {
        PassState::Passed => label("cli-words-reasons-passed"),
        PassState::Failed => label("cli-words-reasons-failed-2"),
        PassState::NotAssessed => label("cli-words-reasons-assessed"),
        PassState::Pending => label("cli-words-reasons-pending"),
    }
}

/// Describes how a database's schema compares with this program's.
pub fn schema_state_text(state: SchemaState) -> String {
    match state {
        SchemaState::Current => label("cli-words-schema-current").to_owned(),
        SchemaState::Empty => label("cli-words-schema-empty").to_owned(),
        SchemaState::Unknown => label("cli-words-schema-unknown").to_owned(),
        SchemaState::Behind { applied, known } => sentence!("cli-words-schema-behind", applied, known),
    }
}
