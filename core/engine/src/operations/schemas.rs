//! The JSON Schema of each operation's result, which `--json` prints and any other face returns.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::{
    audit, authoring, batches, connector_versions, connectors, corrected, correction_sheets, corrections, courses,
    cursors, dead_letters, decisions, doctor, handed_sheets, health, infer, maintenance, mapped_values, matching,
    missing, notifications, page::Page, payloads, preview, push, record_sample, regions, replays, restore, roster,
    rule_change::RuleChange, rule_versions, rules, runs, schools, secrets, source_registration, sources, suggestions,
    sync, teachers,
};
use crate::recount::CycleTotals;
use crate::upload_plan::Plan;
use crate::verify::LedgerVerified;
use huiliu_store::admin::notifications::Notification;
use huiliu_store::admin::reports::{BatchRow, LedgerRow, RecordRow, RunRow};
use huiliu_store::admin::sources::SecretListing;
use huiliu_store::admin::waiting::Waiting;
use huiliu_store::delivery::corrections::CorrectionRow;
use huiliu_store::delivery::mapped_values::{MappedValueRow, MappingWithdrawn};
use huiliu_store::delivery::replays::Replay;
use huiliu_store::identity::queue::{ClaimDetails, ClaimRow, Counts};
use huiliu_store::intake::files::FileRow;
use huiliu_store::intake::source_lease::ScheduleRow;
use huiliu_store::intake::unread::UnreadPayload;
use huiliu_store::ledger::decisions::Decision;
use huiliu_store::ledger::missing::MissingRow;
use huiliu_store::roster::report::Status;

/// Adds the schema of a type to a generator.
type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// Each operation as `module.function`, and the type of its result.
const RESULTS: &[(&str, SchemaOf)] = &[
    ("audit.list", schema_of::<audit::AuditLog>),
    ("audit.verify", schema_of::<audit::AuditCheck>),
    ("authoring.begin", schema_of::<authoring::NewConnector>),
    ("authoring.check", schema_of::<authoring::ManifestCheck>),
    ("authoring.test", schema_of::<authoring::ConnectorTest>),
    ("batches.list", schema_of::<Page<BatchRow>>),
    ("batches.release", schema_of::<batches::Released>),
    ("connector_versions.register", schema_of::<connector_versions::Registration>),
    ("connector_versions.rollback", schema_of::<connector_versions::RolledBack>),
    ("connector_versions.set_enabled", schema_of::<connector_versions::ConnectorEnabled>),
    ("connector_versions.versions", schema_of::<connector_versions::ConnectorVersions>),
    ("connectors.check", schema_of::<connectors::ConnectorCheck>),
    ("connectors.list", schema_of::<connectors::ConnectorList>),
    ("connectors.show", schema_of::<connectors::ConnectorShown>),
    ("corrected.close", schema_of::<corrected::ClosedLetters>),
    ("corrected.reopen", schema_of::<corrected::Reopened>),
    ("correction_sheets.export", schema_of::<correction_sheets::SheetMade>),
    ("corrections.add", schema_of::<corrections::CorrectionsMade>),
    ("corrections.list", schema_of::<Page<CorrectionRow>>),
    ("corrections.withdraw", schema_of::<corrections::CorrectionWithdrawn>),
    ("courses.list", schema_of::<Page<courses::CourseShown>>),
    ("courses.unknown", schema_of::<Page<courses::UnknownCourse>>),
    ("cursors.list", schema_of::<Page<cursors::CursorShown>>),
    ("cursors.reset", schema_of::<cursors::CursorChanged>),
    ("cursors.set", schema_of::<cursors::CursorChanged>),
    ("dead_letters.accept", schema_of::<dead_letters::Accepted>),
    ("dead_letters.discard", schema_of::<dead_letters::Discarded>),
    ("dead_letters.groups", schema_of::<dead_letters::CausePage>),
    ("dead_letters.list", schema_of::<Page<corrected::LetterShown>>),
    ("dead_letters.show", schema_of::<dead_letters::LetterDetails>),
    ("decisions.decide", schema_of::<decisions::DecisionResult>),
    ("decisions.list", schema_of::<Page<Decision>>),
    ("doctor.examine", schema_of::<doctor::Findings>),
    ("handed_sheets.import", schema_of::<handed_sheets::SheetTaken>),
    ("health.readiness", schema_of::<health::Readiness>),
    ("files.list", schema_of::<Page<FileRow>>),
    ("identity.list", schema_of::<Page<ClaimRow>>),
    ("identity.show", schema_of::<ClaimDetails>),
    ("identity.status", schema_of::<Counts>),
    ("infer.infer", schema_of::<infer::InferredManifest>),
    ("maintenance.back_up", schema_of::<maintenance::Backup>),
    ("maintenance.migrate", schema_of::<maintenance::Migrated>),
    ("maintenance.rotate_keys", schema_of::<maintenance::Rotated>),
    ("mapped_values.list", schema_of::<Page<MappedValueRow>>),
    ("mapped_values.map", schema_of::<mapped_values::ValueMapped>),
    ("mapped_values.withdraw", schema_of::<MappingWithdrawn>),
    ("matching.run", schema_of::<matching::MatchLine>),
    ("inbox.list", schema_of::<Page<Waiting>>),
    ("landed_sheets.take_landed", schema_of::<usize>),
    ("missing.keep", schema_of::<missing::MissingDecided>),
    ("missing.list", schema_of::<Page<MissingRow>>),
    ("missing.withdraw", schema_of::<missing::MissingDecided>),
    ("notifications.list", schema_of::<Page<Notification>>),
    ("notifications.test", schema_of::<Page<notifications::ChannelTested>>),
    ("payloads.dismiss", schema_of::<payloads::PayloadsDecided>),
    ("payloads.list", schema_of::<Page<UnreadPayload>>),
    ("payloads.reopen", schema_of::<payloads::PayloadsDecided>),
    ("payloads.retry", schema_of::<payloads::Retried>),
    ("payloads.show", schema_of::<UnreadPayload>),
    ("preview.preview", schema_of::<preview::PagePreview>),
    ("push.land", schema_of::<push::AcceptedPayload>),
    ("record_sample.record", schema_of::<record_sample::RecordedSample>),
    ("records.ledger_after", schema_of::<LedgerRow>),
    ("records.list", schema_of::<Page<RecordRow>>),
    ("records.show", schema_of::<RecordRow>),
    ("regions.list", schema_of::<Page<regions::RegionRow>>),
    ("regions.show", schema_of::<regions::RegionShown>),
    ("replays.apply", schema_of::<replays::ReplayApplied>),
    ("replays.approve", schema_of::<replays::ReplayShown>),
    ("replays.close", schema_of::<replays::ReplayShown>),
    ("replays.list", schema_of::<Page<Replay>>),
    ("replays.plan", schema_of::<replays::ReplayShown>),
    ("replays.plan_undo", schema_of::<replays::ReplayShown>),
    ("replays.show", schema_of::<replays::ReplayShown>),
    ("restore.restore", schema_of::<restore::Restored>),
    ("roster.show", schema_of::<roster::RosterTeacher>),
    ("roster.status", schema_of::<Status>),
    ("rule_versions.activate", schema_of::<RuleChange>),
    ("rule_versions.register", schema_of::<RuleChange>),
    ("rule_versions.retire", schema_of::<RuleChange>),
    ("rule_versions.rollback", schema_of::<RuleChange>),
    ("rule_versions.versions", schema_of::<rule_versions::RuleVersions>),
    ("rules.check", schema_of::<rules::RulesChecked>),
    ("rules.diff", schema_of::<rules::RulesDiff>),
    ("rules.list", schema_of::<Page<rules::PackShown>>),
    ("rules.settings", schema_of::<Page<rules::OpenQuestion>>),
    ("rules.show", schema_of::<Page<rules::RuleShown>>),
    ("runs.balance", schema_of::<runs::Books>),
    ("runs.list", schema_of::<Page<RunRow>>),
    ("runs.show", schema_of::<runs::RunShown>),
    ("schedules.list", schema_of::<Page<ScheduleRow>>),
    ("schools.list", schema_of::<Page<schools::SchoolShown>>),
    ("schools.show", schema_of::<schools::SchoolShown>),
    ("secrets.list", schema_of::<Page<SecretListing>>),
    ("secrets.remove", schema_of::<secrets::SecretChanged>),
    ("secrets.set", schema_of::<secrets::SecretChanged>),
    ("source_registration.add", schema_of::<sources::SourceShown>),
    ("source_registration.remove", schema_of::<source_registration::SourceRemoved>),
    ("source_registration.set", schema_of::<sources::SourceShown>),
    ("sources.release", schema_of::<sources::SourceReleased>),
    ("sources.list", schema_of::<Page<sources::SourceShown>>),
    ("suggestions.accept", schema_of::<suggestions::SuggestionAccepted>),
    ("sync.sync", schema_of::<sync::Pass>),
    ("teachers.explain", schema_of::<teachers::TeacherExplained>),
    ("teachers.totals", schema_of::<Page<CycleTotals>>),
    ("upload.plan", schema_of::<Plan>),
    ("upload.upload", schema_of::<sync::Pass>),
    ("verify.ledger", schema_of::<LedgerVerified>),
];

/// Builds one document with the schema of every result under `operations`, by operation name. Shared types are in
/// `$defs`.
#[must_use]
pub fn build_schema_document() -> Value {
    let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut operations = Map::new();
    for (name, schema) in RESULTS {
        operations.insert((*name).to_owned(), schema(&mut generator).to_value());
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What the operations of Huiliu give",
        "description": "Each key of `operations` names an operation; `--json` prints what it gives. What goes wrong is told on standard error as `#/$defs/Error`.",
        "operations": operations,
        "$defs": build_definitions(generator),
    })
}

fn build_definitions(mut generator: SchemaGenerator) -> Map<String, Value> {
    let mut all = generator.take_definitions(true);
    all.insert(
        "Error".to_owned(),
        json!({
            "description": "Why an operation was not done.",
            "type": "object",
            "properties": { "error": {
                "type": "object",
                "properties": {
                    "code": { "description": "A stable code, as `source.not_found`.", "type": "string" },
                    "message": { "description": "What happened and what to do, in the words of the locale.", "type": "string" }
                },
                "required": ["code", "message"]
            } },
            "required": ["error"]
        }),
    );
    all
}
