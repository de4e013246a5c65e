//! Why an operation is not done: data for the face that tells it.

use std::borrow::Cow;

use thiserror::Error;

use super::authoring_error::AuthoringError;
use super::batches::BatchNotQuarantined;
use super::connector_versions::ConnectorError;
use super::cursors::CursorError;
use super::dead_letters::DeadLetterNotOpen;
use super::decisions::DecisionRefused;
use super::filters::FilterError;
use super::maintenance::MaintenanceError;
use super::matching::MatchError;
use super::restore::RestoreError;
use super::secrets::SecretError;
use super::source_registration::SourceRegistrationError;
use super::sync::SyncError;
use super::upload::UploadError;
use crate::database::OpenError;
use crate::registry::RegistryError;
use crate::replay::ReplayFault;
use crate::rule_files::RuleFileError;
use crate::runtime::StartError;
use crate::sources::SourceError;
use huiliu_authoring::gate::package::PackageError;
use huiliu_authoring::gate::trial::GateError;
use huiliu_manifest::ManifestFault;
use huiliu_platform::Failure;
use huiliu_queue::QueueFault;
use huiliu_store::StoreFault;
use huiliu_vault::key_file::KeyFileError;

/// What was asked for and is not there.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotFound {
    /// A sync run.
    #[error("no run {0}; see `huiliu runs list`")]
    Run(i64),
    /// A dead letter.
    #[error("there is no dead letter {0}")]
    DeadLetter(i64),
    /// A training record.
    #[error("there is no record {0}")]
    Record(i64),
    /// A training record that belongs to a teacher.
    #[error("there is no record {0} of a known teacher; see `huiliu records list`")]
    RecordOfTeacher(i64),
    /// A replay.
    #[error("there is no replay {0}")]
    Replay(i64),
    /// A teacher.
    #[error("there is no teacher {0}")]
    Teacher(i64),
    /// A teacher with the ID number that was given.
    #[error("no teacher has this ID number")]
    TeacherOfIdNumber,
    /// An identity claim.
    #[error("there is no claim {0}; see `huiliu identity queue`")]
    Claim(i64),
    /// A decision that holds.
    #[error("there is no decision {0} that holds; see `huiliu decisions list`")]
    Decision(i64),
    /// A school.
    #[error("there is no school {0}")]
    School(String),
    /// A region.
    #[error("there is no region {0}; see `huiliu regions list`")]
    Region(String),
    /// A course of the crosswalk.
    #[error("there is no course {0:?}; see `huiliu courses list`")]
    Course(String),
    /// A connector.
    #[error("there is no connector {0:?}; see `huiliu connectors list`")]
    Connector(String),
    /// A source.
    #[error("there is no source {0:?}; see `huiliu sources list`")]
    Source(String),
    /// A rule pack.
    #[error("there is no rule pack {pack:?}; there are {}", known.join(", "))]
    RulePack {
        /// As it was asked for.
        pack: String,
        /// Those there are.
        known: Vec<String>,
    },
}

/// Why an operation is not done.
#[derive(Debug, Error)]
pub enum OperationError {
    /// What was asked for is not there.
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// The database cannot be opened.
    #[error(transparent)]
    Open(OpenError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// The queue.
    #[error(transparent)]
    Queue(#[from] QueueFault),
    /// The key file.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The rules.
    #[error(transparent)]
    Rules(#[from] RuleFileError),
    /// A source or a connector cannot be used.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A connector does not pass the gate.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// A connector's folder.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// A platform.
    #[error(transparent)]
    Platform(#[from] Failure),
    /// A replay.
    #[error(transparent)]
    Replay(ReplayFault),
    /// A dead letter is not open.
    #[error(transparent)]
    DeadLetterNotOpen(#[from] DeadLetterNotOpen),
    /// A batch is not quarantined.
    #[error(transparent)]
    BatchNotQuarantined(#[from] BatchNotQuarantined),
    /// A source is not read.
    #[error(transparent)]
    Source(SourceError),
    /// Nothing is synced.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// Files are not taken.
    #[error(transparent)]
    Upload(#[from] UploadError),
    /// A connector is not registered, or its version not changed.
    #[error(transparent)]
    Connector(#[from] ConnectorError),
    /// A source is not registered.
    #[error(transparent)]
    SourceRegistration(#[from] SourceRegistrationError),
    /// A secret is not set.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A cursor is not set.
    #[error(transparent)]
    Cursor(#[from] CursorError),
    /// A connector is not written.
    #[error(transparent)]
    Authoring(#[from] AuthoringError),
    /// A decision is not taken.
    #[error(transparent)]
    Decision(#[from] DecisionRefused),
    /// Tables are not matched.
    #[error(transparent)]
    Match(#[from] MatchError),
    /// Nothing is backed up, or rotated.
    #[error(transparent)]
    Maintenance(#[from] MaintenanceError),
    /// A filter names what is not there.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// Nothing is restored.
    #[error(transparent)]
    Restore(#[from] RestoreError),
}

impl From<ReplayFault> for OperationError {
    fn from(fault: ReplayFault) -> Self {
        match fault {
            ReplayFault::Store(fault) => Self::Store(fault),
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
            StartError::Registry(error) => Self::Registry(error),
            StartError::Gate(error) => Self::Gate(error),
            StartError::Open(error) => error.into(),
            StartError::Store(fault) => Self::Store(fault),
            StartError::Queue(fault) => Self::Queue(fault),
        }
    }
}

impl From<ManifestFault> for OperationError {
    fn from(fault: ManifestFault) -> Self {
        Self::Package(PackageError::Manifest(fault))
    }
}

impl OperationError {
    /// Whether whoever asked has to ask otherwise, or set up something else; else something went wrong on the way.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Store(fault) => fault.is_usage(),
            Self::Queue(fault) => matches!(fault, QueueFault::Unreachable { .. }),
            Self::KeyFile(error) => !matches!(error, KeyFileError::BeingRotated { .. }),
            Self::Registry(error) => !matches!(error, RegistryError::Disabled { .. }),
            Self::Gate(error) => !matches!(error, GateError::Played { .. } | GateError::Key(_)),
            Self::Platform(_) => false,
            Self::NotFound(_)
            | Self::Open(_)
            | Self::Rules(_)
            | Self::Package(_)
            | Self::DeadLetterNotOpen(_)
            | Self::BatchNotQuarantined(_)
            | Self::Maintenance(_)
            | Self::Filter(_)
            | Self::Restore(_) => true,
            Self::Replay(fault) => !matches!(fault, ReplayFault::Stopped),
            Self::Upload(error) => !matches!(error, UploadError::Stopped),
            Self::Source(error) => !matches!(error, SourceError::Busy { .. }),
            Self::Sync(error) => error.is_usage(),
            Self::Match(error) => error.is_usage(),
            Self::Decision(error) => error.is_usage(),
            Self::Authoring(error) => error.is_usage(),
            Self::Cursor(error) => error.is_usage(),
            Self::Secret(error) => error.is_usage(),
            Self::SourceRegistration(error) => error.is_usage(),
            Self::Connector(error) => error.is_usage(),
        }
    }

    /// A stable code, for programs.
    #[must_use]
    pub fn code(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::NotFound(what) => what.code(),
            Self::Open(error) => error.code(),
            Self::Store(fault) => fault.code(),
            Self::Queue(_) => "queue",
            Self::KeyFile(_) => "key_file",
            Self::Rules(_) => "rules",
            Self::Registry(error) => return error.code(),
            Self::Gate(_) => "connector.gate",
            Self::Package(_) => "connector.package",
            Self::Platform(failure) => return failure.message().code().to_owned().into(),
            Self::Replay(fault) => fault.code(),
            Self::DeadLetterNotOpen(_) => "dead_letter.not_open",
            Self::BatchNotQuarantined(_) => "batch.not_quarantined",
            Self::Source(error) => return error.code(),
            Self::Sync(error) => error.code(),
            Self::Match(error) => error.code(),
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
    /// A stable code, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Run(_) => "run.not_found",
            Self::DeadLetter(_) => "dead_letter.not_found",
            Self::Record(_) | Self::RecordOfTeacher(_) => "record.not_found",
            Self::Replay(_) => "replay.not_found",
            Self::Teacher(_) | Self::TeacherOfIdNumber => "teacher.not_found",
            Self::Claim(_) => "claim.not_found",
            Self::Decision(_) => "decision.not_found",
            Self::School(_) => "school.not_found",
            Self::Region(_) => "region.not_found",
            Self::Course(_) => "course.not_found",
            Self::Connector(_) => "connector.not_found",
            Self::Source(_) => "source.not_found",
            Self::RulePack { .. } => "rule_pack.not_found",
        }
    }
}
