//! The JSON Schema of what each operation gives: what `--json` prints, and what another face would.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::{
    audit, authoring, batches, connector_versions, connectors, courses, cursors, dead_letters, decisions, doctor,
    health, infer, maintenance, matching, page::Page, preview, push, record_sample, regions, replays, restore, roster,
    rules, runs, schools, secrets, source_registration, sources, sync, teachers,
};
use crate::recount::CycleTotals;
use crate::upload_plan::Plan;
use huiliu_store::admin::reports::{Balance, BatchRow, LedgerRow, LetterRow, RecordRow, RunRow};
use huiliu_store::admin::sources::SecretTold;
use huiliu_store::delivery::replays::Replay;
use huiliu_store::identity::queue::{Counts, Shown, Waiting};
use huiliu_store::intake::source_lease::ScheduleRow;
use huiliu_store::ledger::decisions::Decision;
use huiliu_store::roster::report::Status;

/// Puts the schema of a type where it is asked for.
type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// Each operation, as `noun.verb`, and what it gives.
const RESULTS: &[(&str, SchemaOf)] = &[
    ("audit.list", of::<audit::AuditLog>),
    ("authoring.begin", of::<authoring::NewConnector>),
    ("authoring.check", of::<authoring::ManifestCheck>),
    ("authoring.test", of::<authoring::ConnectorTest>),
    ("batches.list", of::<Page<BatchRow>>),
    ("batches.release", of::<batches::Released>),
    ("connector_versions.register", of::<connector_versions::Registration>),
    ("connector_versions.rollback", of::<connector_versions::RolledBack>),
    ("connector_versions.set_enabled", of::<connector_versions::ConnectorEnabled>),
    ("connector_versions.versions", of::<connector_versions::ConnectorVersions>),
    ("connectors.check", of::<connectors::ConnectorCheck>),
    ("connectors.list", of::<connectors::ConnectorList>),
    ("connectors.show", of::<connectors::ConnectorShown>),
    ("courses.list", of::<Page<courses::CourseShown>>),
    ("courses.unknown", of::<Page<courses::UnknownCourse>>),
    ("cursors.list", of::<Page<cursors::CursorShown>>),
    ("cursors.reset", of::<cursors::CursorChanged>),
    ("cursors.set", of::<cursors::CursorChanged>),
    ("dead_letters.discard", of::<dead_letters::Discarded>),
    ("dead_letters.list", of::<Page<LetterRow>>),
    ("dead_letters.show", of::<LetterRow>),
    ("decisions.decide", of::<decisions::Decided>),
    ("decisions.list", of::<Page<Decision>>),
    ("doctor.examine", of::<doctor::Findings>),
    ("health.readiness", of::<health::Readiness>),
    ("identity.list", of::<Page<Waiting>>),
    ("identity.show", of::<Shown>),
    ("identity.status", of::<Counts>),
    ("infer.infer", of::<infer::InferredManifest>),
    ("maintenance.back_up", of::<maintenance::Backup>),
    ("maintenance.migrate", of::<maintenance::Migrated>),
    ("maintenance.rotate_keys", of::<maintenance::Rotated>),
    ("matching.run", of::<matching::MatchLine>),
    ("preview.preview", of::<preview::PagePreview>),
    ("push.land", of::<push::Taken>),
    ("record_sample.record", of::<record_sample::RecordedSample>),
    ("records.ledger_after", of::<LedgerRow>),
    ("records.list", of::<Page<RecordRow>>),
    ("records.show", of::<RecordRow>),
    ("regions.list", of::<Page<regions::RegionRow>>),
    ("regions.show", of::<regions::RegionShown>),
    ("replays.apply", of::<replays::ReplayApplied>),
    ("replays.list", of::<Page<Replay>>),
    ("replays.plan", of::<replays::ReplayShown>),
    ("replays.show", of::<replays::ReplayShown>),
    ("restore.restore", of::<restore::Restored>),
    ("roster.show", of::<roster::RosterTeacher>),
    ("roster.status", of::<Status>),
    ("rules.check", of::<rules::RulesChecked>),
    ("rules.diff", of::<rules::RulesDiff>),
    ("rules.list", of::<Page<rules::PackShown>>),
    ("rules.settings", of::<Page<rules::OpenQuestion>>),
    ("rules.show", of::<Page<rules::RuleShown>>),
    ("runs.balance", of::<Balance>),
    ("runs.list", of::<Page<RunRow>>),
    ("runs.show", of::<runs::RunShown>),
    ("schedules.list", of::<Page<ScheduleRow>>),
    ("schools.list", of::<Page<schools::SchoolShown>>),
    ("schools.show", of::<schools::SchoolShown>),
    ("secrets.list", of::<Page<SecretTold>>),
    ("secrets.remove", of::<secrets::SecretChanged>),
    ("secrets.set", of::<secrets::SecretChanged>),
    ("source_registration.add", of::<sources::SourceShown>),
    ("source_registration.remove", of::<source_registration::SourceRemoved>),
    ("source_registration.set", of::<sources::SourceShown>),
    ("sources.list", of::<Page<sources::SourceShown>>),
    ("sync.sync", of::<sync::Pass>),
    ("teachers.explain", of::<teachers::TeacherExplained>),
    ("teachers.totals", of::<Page<CycleTotals>>),
    ("upload.plan", of::<Plan>),
    ("upload.upload", of::<sync::Pass>),
];

/// One document with the schema of every result under `operations`, by name; the types that they share are in `$defs`.
#[must_use]
pub fn schemas() -> Value {
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
        "$defs": definitions(generator),
    })
}

fn definitions(mut generator: SchemaGenerator) -> Map<String, Value> {
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
