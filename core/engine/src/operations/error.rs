//! Why an operation failed, as data that the face turns into words.

use std::borrow::Cow;

use huiliu_messages::said_in_english;
use serde::Serialize;

use super::authoring_error::AuthoringError;
use super::connector_versions::ConnectorError;
use super::corrected::CorrectedRefused;
use super::correction_sheets::SheetRefused;
use super::corrections::CorrectionRefused;
use super::cursors::CursorError;
use super::decisions::DecisionRefused;
use super::filters::FilterError;
use super::maintenance::MaintenanceError;
use super::mapped_values::MappingRefused;
use super::matching::MatchError;
use super::missing::MissingRefused;
use super::payloads::PayloadRefused;
use super::restore::RestoreError;
use super::rule_versions::RuleChangeRefused;
use super::secrets::SecretError;
use super::source_registration::SourceRegistrationError;
use super::suggestions::SuggestionRefused;
use super::sync::SyncError;
use super::upload::UploadError;
use crate::active_rules::ActiveRulesError;
use crate::database::OpenError;
use crate::registry::RegistryError;
use crate::replay::ReplayError;
use crate::rule_files::RuleFileError;
use crate::runtime::StartError;
use crate::sources::SourceError;
use huiliu_authoring::gate::package::PackageError;
use huiliu_authoring::gate::trial::GateError;
use huiliu_manifest::ManifestError;
use huiliu_platform::Failure;
use huiliu_queue::QueueError;
use huiliu_store::StoreError;
use huiliu_vault::key_file::KeyFileError;

/// Something that was requested and does not exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum NotFound {
    /// No such sync run.
    #[serde(rename = "run.not_found")]
    Run { run: i64 },
    /// No such dead letter.
    #[serde(rename = "dead_letter.not_found")]
    DeadLetter { dead_letter: i64 },
    /// No payload of this number that could not be decoded.
    #[serde(rename = "payload.not_found")]
    Payload { payload: i64 },
    /// No such training record.
    #[serde(rename = "record.not_found")]
    Record { record: i64 },
    /// No such training record that belongs to a teacher.
    #[serde(rename = "record.not_found_of_teacher")]
    RecordOfTeacher { record: i64 },
    /// No such replay.
    #[serde(rename = "replay.not_found")]
    Replay { replay: i64 },
    /// No such teacher.
    #[serde(rename = "teacher.not_found")]
    Teacher { teacher: i64 },
    /// No teacher with the given ID number.
    #[serde(rename = "teacher.not_found_by_id_number")]
    TeacherOfIdNumber,
    /// No such identity claim.
    #[serde(rename = "claim.not_found")]
    Claim { claim: i64 },
    /// No such decision in force.
    #[serde(rename = "decision.not_found")]
    Decision { decision: i64 },
    /// No such school.
    #[serde(rename = "school.not_found")]
    School { school: String },
    /// No such region.
    #[serde(rename = "region.not_found")]
    Region { region: String },
    /// No such course in the crosswalk.
    #[serde(rename = "course.not_found")]
    Course { course: String },
    /// No such connector.
    #[serde(rename = "connector.not_found")]
    Connector { connector: String },
    /// No such source.
    #[serde(rename = "source.not_found")]
    Source { name: String },
    /// No such rule pack.
    #[serde(rename = "rule_pack.not_found")]
    RulePack {
        /// The pack that was requested.
        pack: String,
        /// The packs that exist.
        known: Vec<String>,
    },
}

/// Why an operation failed.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum OperationError {
    /// The dead letter is not open.
    #[serde(rename = "dead_letter.not_open")]
    DeadLetterNotOpen { dead_letter: i64 },
    /// The dead letter is not open, or is not about a record of another person.
    #[serde(rename = "dead_letter.no_other_person")]
    NoOtherPerson { dead_letter: i64 },
    /// The batch is not quarantined.
    #[serde(rename = "batch.not_quarantined")]
    BatchNotQuarantined { batch: i64 },
    /// No lease on the source, and none on its batches, is longer than processes ask for.
    #[serde(rename = "source.not_held_too_long")]
    NotHeldTooLong { name: String },
    /// The settings name no channel over which people could be told.
    #[serde(rename = "notification.no_channel")]
    NoChannel,
    /// Something that was requested does not exist.
    #[serde(untagged)]
    NotFound(NotFound),
    /// The database cannot be opened.
    #[serde(untagged)]
    Open(OpenError),
    /// The database failed.
    #[serde(untagged)]
    Store(StoreError),
    /// The queue failed.
    #[serde(untagged)]
    Queue(QueueError),
    /// The key file cannot be used.
    #[serde(untagged)]
    KeyFile(KeyFileError),
    /// The rules cannot be used.
    #[serde(untagged)]
    Rules(RuleFileError),
    /// The rules in force cannot be used.
    #[serde(untagged)]
    ActiveRules(ActiveRulesError),
    /// The rules in force cannot be changed so.
    #[serde(untagged)]
    RuleChange(RuleChangeRefused),
    /// A source or a connector cannot be used.
    #[serde(untagged)]
    Registry(RegistryError),
    /// A connector does not pass the gate.
    #[serde(untagged)]
    Gate(GateError),
    /// A connector's folder cannot be used.
    #[serde(untagged)]
    Package(PackageError),
    /// A platform failed.
    #[serde(untagged)]
    Platform(Failure),
    /// A replay cannot be planned or applied.
    #[serde(untagged)]
    Replay(ReplayError),
    /// A source cannot be read.
    #[serde(untagged)]
    Source(SourceError),
    /// The sync cannot run.
    #[serde(untagged)]
    Sync(SyncError),
    /// The uploaded files are refused.
    #[serde(untagged)]
    Upload(UploadError),
    /// A connector cannot be registered, or its version not changed.
    #[serde(untagged)]
    Connector(ConnectorError),
    /// A source cannot be registered, changed or removed.
    #[serde(untagged)]
    SourceRegistration(SourceRegistrationError),
    /// A secret cannot be set or removed.
    #[serde(untagged)]
    Secret(SecretError),
    /// A cursor cannot be set.
    #[serde(untagged)]
    Cursor(CursorError),
    /// A connector cannot be written.
    #[serde(untagged)]
    Authoring(AuthoringError),
    /// A decision is refused.
    #[serde(untagged)]
    Decision(DecisionRefused),
    /// Dead letters are neither closed nor opened again.
    #[serde(untagged)]
    Corrected(CorrectedRefused),
    /// Nothing is corrected.
    #[serde(untagged)]
    Correction(CorrectionRefused),
    /// No suggestion is accepted.
    #[serde(untagged)]
    Suggestion(SuggestionRefused),
    /// A value is not mapped.
    #[serde(untagged)]
    Mapping(MappingRefused),
    /// A correction sheet is neither made nor taken.
    #[serde(untagged)]
    Sheet(SheetRefused),
    /// Missing records stay as they are.
    #[serde(untagged)]
    Missing(MissingRefused),
    /// Unread payloads stay as they are.
    #[serde(untagged)]
    Payload(PayloadRefused),
    /// The tables cannot be matched.
    #[serde(untagged)]
    Match(MatchError),
    /// The database cannot be backed up, or the key not rotated.
    #[serde(untagged)]
    Maintenance(MaintenanceError),
    /// A filter names something that does not exist.
    #[serde(untagged)]
    Filter(FilterError),
    /// The backup cannot be restored.
    #[serde(untagged)]
    Restore(RestoreError),
}

said_in_english!(NotFound, OperationError);

impl From<NotFound> for OperationError {
    fn from(why: NotFound) -> Self {
        Self::NotFound(why)
    }
}

impl From<StoreError> for OperationError {
    fn from(fault: StoreError) -> Self {
        Self::Store(fault)
    }
}

impl From<QueueError> for OperationError {
    fn from(fault: QueueError) -> Self {
        Self::Queue(fault)
    }
}

impl From<KeyFileError> for OperationError {
    fn from(error: KeyFileError) -> Self {
        Self::KeyFile(error)
    }
}

impl From<RuleFileError> for OperationError {
    fn from(error: RuleFileError) -> Self {
        Self::Rules(error)
    }
}

impl From<ActiveRulesError> for OperationError {
    fn from(error: ActiveRulesError) -> Self {
        match error {
            ActiveRulesError::Store(fault) => Self::Store(fault),
            other => Self::ActiveRules(other),
        }
    }
}

impl From<RuleChangeRefused> for OperationError {
    fn from(why: RuleChangeRefused) -> Self {
        Self::RuleChange(why)
    }
}

impl From<RegistryError> for OperationError {
    fn from(error: RegistryError) -> Self {
        Self::Registry(error)
    }
}

impl From<GateError> for OperationError {
    fn from(error: GateError) -> Self {
        Self::Gate(error)
    }
}

impl From<PackageError> for OperationError {
    fn from(error: PackageError) -> Self {
        Self::Package(error)
    }
}

impl From<Failure> for OperationError {
    fn from(failure: Failure) -> Self {
        Self::Platform(failure)
    }
}

impl From<SyncError> for OperationError {
    fn from(error: SyncError) -> Self {
        Self::Sync(error)
    }
}

impl From<UploadError> for OperationError {
    fn from(error: UploadError) -> Self {
        Self::Upload(error)
    }
}

impl From<ConnectorError> for OperationError {
    fn from(error: ConnectorError) -> Self {
        Self::Connector(error)
    }
}

impl From<SourceRegistrationError> for OperationError {
    fn from(error: SourceRegistrationError) -> Self {
        Self::SourceRegistration(error)
    }
}

impl From<SecretError> for OperationError {
    fn from(error: SecretError) -> Self {
        Self::Secret(error)
    }
}

impl From<CursorError> for OperationError {
    fn from(error: CursorError) -> Self {
        Self::Cursor(error)
    }
}

impl From<AuthoringError> for OperationError {
    fn from(error: AuthoringError) -> Self {
        Self::Authoring(error)
    }
}

impl From<PayloadRefused> for OperationError {
    fn from(refused: PayloadRefused) -> Self {
        Self::Payload(refused)
    }
}

impl From<CorrectedRefused> for OperationError {
    fn from(refused: CorrectedRefused) -> Self {
        Self::Corrected(refused)
    }
}

impl From<SheetRefused> for OperationError {
    fn from(refused: SheetRefused) -> Self {
        Self::Sheet(refused)
    }
}

impl From<MappingRefused> for OperationError {
    fn from(refused: MappingRefused) -> Self {
        Self::Mapping(refused)
    }
}

impl From<SuggestionRefused> for OperationError {
    fn from(refused: SuggestionRefused) -> Self {
        Self::Suggestion(refused)
    }
}

impl From<CorrectionRefused> for OperationError {
    fn from(refused: CorrectionRefused) -> Self {
        Self::Correction(refused)
    }
}

impl From<MissingRefused> for OperationError {
    fn from(why: MissingRefused) -> Self {
        Self::Missing(why)
    }
}

impl From<DecisionRefused> for OperationError {
    fn from(why: DecisionRefused) -> Self {
        Self::Decision(why)
    }
}

impl From<MatchError> for OperationError {
    fn from(error: MatchError) -> Self {
        Self::Match(error)
    }
}

impl From<MaintenanceError> for OperationError {
    fn from(error: MaintenanceError) -> Self {
        Self::Maintenance(error)
    }
}

impl From<FilterError> for OperationError {
    fn from(error: FilterError) -> Self {
        Self::Filter(error)
    }
}

impl From<RestoreError> for OperationError {
    fn from(error: RestoreError) -> Self {
        Self::Restore(error)
    }
}

impl From<ReplayError> for OperationError {
    fn from(fault: ReplayError) -> Self {
        match fault {
            ReplayError::Store(fault) => Self::Store(fault),
            other => Self::Replay(other),
        }
    }
}

impl From<SourceError> for OperationError {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Registry(error) => Self::Registry(error),
            SourceError::Store(fault) => Self::Store(fault),
            other => Self::Source(other),
        }
    }
}

impl From<OpenError> for OperationError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Store(fault) => Self::Store(fault),
            OpenError::KeyFile(error) => Self::KeyFile(error),
            other => Self::Open(other),
        }
    }
}

impl From<StartError> for OperationError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Rules(error) => Self::Rules(error),
            StartError::ActiveRules(error) => Self::ActiveRules(error),
            StartError::Registry(error) => Self::Registry(error),
            StartError::Gate(error) => Self::Gate(error),
            StartError::Open(error) => error.into(),
            StartError::Store(fault) => Self::Store(fault),
            StartError::Queue(fault) => Self::Queue(fault),
        }
    }
}

impl From<ManifestError> for OperationError {
    fn from(fault: ManifestError) -> Self {
        Self::Package(PackageError::Manifest(fault))
    }
}

impl OperationError {
    /// Returns whether the user must change the request or the set-up. Otherwise something failed on the way.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Store(fault) => fault.is_usage(),
            Self::Queue(fault) => matches!(fault, QueueError::Unreachable { .. }),
            Self::KeyFile(error) => !matches!(error, KeyFileError::BeingRotated { .. }),
            Self::Registry(error) => !matches!(error, RegistryError::Disabled { .. }),
            Self::Gate(error) => !matches!(error, GateError::Played { .. } | GateError::Key(_)),
            Self::Platform(_) => false,
            Self::NotFound(_)
            | Self::Open(_)
            | Self::Rules(_)
            | Self::ActiveRules(_)
            | Self::RuleChange(_)
            | Self::Package(_)
            | Self::DeadLetterNotOpen { .. }
            | Self::NoOtherPerson { .. }
            | Self::BatchNotQuarantined { .. }
            | Self::NotHeldTooLong { .. }
            | Self::NoChannel
            | Self::Maintenance(_)
            | Self::Filter(_)
            | Self::Restore(_) => true,
            Self::Replay(fault) => fault.is_usage(),
            Self::Upload(error) => !matches!(error, UploadError::Stopped),
            Self::Source(error) => !matches!(error, SourceError::Busy { .. }),
            Self::Sync(error) => error.is_usage(),
            Self::Match(error) => error.is_usage(),
            Self::Missing(error) => error.is_usage(),
            Self::Corrected(error) => error.is_usage(),
            Self::Correction(_) | Self::Suggestion(_) | Self::Mapping(_) | Self::Sheet(_) => true,
            Self::Payload(error) => error.is_usage(),
            Self::Decision(error) => error.is_usage(),
            Self::Authoring(error) => error.is_usage(),
            Self::Cursor(error) => error.is_usage(),
            Self::Secret(error) => error.is_usage(),
            Self::SourceRegistration(error) => error.is_usage(),
            Self::Connector(error) => error.is_usage(),
        }
    }

    /// Returns a stable code for programs.
    #[must_use]
    pub fn code(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::NotFound(what) => what.code(),
            Self::Open(error) => error.code(),
            Self::Store(fault) => fault.code(),
            Self::Queue(_) => "queue",
            Self::KeyFile(_) => "key_file",
            Self::Rules(_) => "rules",
            Self::ActiveRules(_) => "rules.active",
            Self::RuleChange(why) => why.code(),
            Self::Registry(error) => return error.code(),
            Self::Gate(_) => "connector.gate",
            Self::Package(_) => "connector.package",
            Self::Platform(failure) => return failure.message().code().to_owned().into(),
            Self::Replay(fault) => fault.code(),
            Self::DeadLetterNotOpen { .. } => "dead_letter.not_open",
            Self::NoOtherPerson { .. } => "dead_letter.no_other_person",
            Self::BatchNotQuarantined { .. } => "batch.not_quarantined",
            Self::NotHeldTooLong { .. } => "source.not_held_too_long",
            Self::NoChannel => "notification.no_channel",
            Self::Source(error) => return error.code(),
            Self::Sync(error) => error.code(),
            Self::Match(error) => error.code(),
            Self::Missing(error) => error.code(),
            Self::Corrected(error) => error.code(),
            Self::Correction(error) => error.code(),
            Self::Suggestion(error) => error.code(),
            Self::Mapping(error) => error.code(),
            Self::Sheet(error) => error.code(),
            Self::Payload(error) => error.code(),
            Self::Decision(error) => error.code(),
            Self::Authoring(error) => error.code(),
            Self::Cursor(error) => error.code(),
            Self::Secret(error) => error.code(),
            Self::SourceRegistration(error) => error.code(),
            Self::Connector(error) => error.code(),
            Self::Upload(error) => error.code(),
            Self::Maintenance(error) => error.code(),
            Self::Filter(error) => error.code(),
            Self::Restore(error) => error.code(),
        })
    }
}

impl NotFound {
    /// Returns a stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Run { .. } => "run.not_found",
            Self::DeadLetter { .. } => "dead_letter.not_found",
            Self::Payload { .. } => "payload.not_found",
            Self::Record { .. } | Self::RecordOfTeacher { .. } => "record.not_found",
            Self::Replay { .. } => "replay.not_found",
            Self::Teacher { .. } | Self::TeacherOfIdNumber => "teacher.not_found",
            Self::Claim { .. } => "claim.not_found",
            Self::Decision { .. } => "decision.not_found",
            Self::School { .. } => "school.not_found",
            Self::Region { .. } => "region.not_found",
            Self::Course { .. } => "course.not_found",
            Self::Connector { .. } => "connector.not_found",
            Self::Source { .. } => "source.not_found",
            Self::RulePack { .. } => "rule_pack.not_found",
        }
    }
}
