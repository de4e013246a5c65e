//! What can go wrong between us and a database.

use std::fmt;

use huiliu_decode::DecodeError;
use huiliu_messages::{DatabaseError, said_in_english};
use huiliu_vault::keys::KeyError;
use serde::{Serialize, Serializer};
use sqlx::migrate::MigrateError;

/// What can go wrong between us and a database. The sentences are in the catalogues of `huiliu-messages`.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum StoreError {
    /// The address is not one we can use.
    #[serde(rename = "database.address")]
    Address { why: AddressError },
    /// The database, named by host, port and name or by its file, does not let us in or does not answer.
    #[serde(rename = "database.unreachable")]
    Unreachable { database: String, why: ConnectError },
    /// A statement failed.
    #[serde(rename = "database.statement")]
    Statement {
        #[serde(serialize_with = "as_database_error")]
        why: sqlx::Error,
    },
    /// The root key is not the one this database was made with.
    #[serde(rename = "key.wrong")]
    WrongKey,
    /// A generation of the sealing key that the database needs is missing, or another.
    #[serde(rename = "key.generation")]
    KeyGeneration { generation: i64 },
    /// The database was copied before the sealing key was rotated, and the keys are of after it: the generation that it needs,
    /// the oldest one in the key file, and that before which the fitting file was kept.
    #[serde(rename = "key.rotated_since")]
    KeyRotatedSince { needs: i64, oldest: u8, before: i64 },
    /// The sealing key was rotated while we worked.
    #[serde(rename = "key.retired")]
    KeyRetired,
    /// Another process reads the source now.
    #[serde(rename = "source.lease_lost")]
    LeaseLost,
    /// A stored value is not what the schema says.
    #[serde(rename = "database.column")]
    Column { column: String },
    /// The schema is not the one this program knows.
    #[serde(untagged)]
    Schema(SchemaError),
    /// Something kept cannot be read again.
    #[serde(untagged)]
    Unreadable(Unreadable),
    /// A transaction that is rehearsed was used as it must not be: a mistake of this program.
    #[serde(untagged)]
    Rehearsal(RehearsalMisuse),
    /// A sealed value does not open.
    #[serde(untagged)]
    Key(KeyError),
}

/// Why an address is not one of a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum AddressError {
    /// Nothing stands before a colon.
    #[serde(rename = "database.address_no_scheme")]
    NoScheme,
    /// Another scheme; what follows it is not told, for a password can stand there.
    #[serde(rename = "database.address_scheme")]
    Scheme { scheme: String },
    /// The driver does not understand it.
    #[serde(rename = "database.address_options")]
    Options { why: String },
}

/// Why a database cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum ConnectError {
    /// It does not answer, for so long.
    #[serde(rename = "database.no_answer")]
    NoAnswer { seconds: u64 },
    /// It answers, and has no connection to spare, for so long.
    #[serde(rename = "database.no_free_connection")]
    NoFreeConnection { seconds: u64 },
    /// The database or its driver says why.
    #[serde(untagged)]
    Refused(DatabaseError),
}

impl ConnectError {
    /// What the driver met while it waited for so long.
    pub(crate) fn of(error: &sqlx::Error, seconds: u64) -> Self {
        match error {
            sqlx::Error::PoolTimedOut => Self::NoFreeConnection { seconds },
            other => Self::Refused(database_error(other)),
        }
    }
}

/// Why a schema is not the one this program knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum SchemaError {
    /// There is none yet.
    #[serde(rename = "database.schema_empty")]
    Empty,
    /// It is older: of the migrations that this program knows, so many are applied.
    #[serde(rename = "database.schema_behind")]
    Behind { applied: usize, known: usize },
    /// It is newer, or not ours.
    #[serde(rename = "database.schema_unknown")]
    Unknown,
    /// A migration failed.
    #[serde(rename = "database.migration")]
    Migration { why: DatabaseError },
}

/// What is kept and cannot be read again. A place is a page or a file's name.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum Unreadable {
    /// Today's manifest, or this program, does not read a payload.
    #[serde(rename = "unreadable.payload")]
    Payload { place: String, why: DecodeError },
    /// A payload's bytes.
    #[serde(rename = "unreadable.bytes")]
    Bytes {
        place: String,
        #[serde(serialize_with = "huiliu_messages::as_system_error")]
        why: std::io::Error,
    },
    /// The bytes of a payload that is kept, by its number.
    #[serde(rename = "unreadable.kept_bytes")]
    KeptBytes {
        payload: i64,
        #[serde(serialize_with = "huiliu_messages::as_system_error")]
        why: std::io::Error,
    },
    /// The bytes of a payload that is being landed.
    #[serde(rename = "unreadable.new_bytes")]
    NewBytes {
        #[serde(serialize_with = "huiliu_messages::as_system_error")]
        why: std::io::Error,
    },
    /// The connector of a payload is registered no longer.
    #[serde(rename = "unreadable.connector")]
    Connector { connector: String },
    /// The connector of a payload has its stream no longer.
    #[serde(rename = "unreadable.stream")]
    Stream { connector: String, stream: String },
    /// Today's manifest finds other records in a payload than there were when it landed.
    #[serde(rename = "unreadable.other_layout")]
    OtherLayout { place: String },
    /// A value that this program wrote, or a newer one, with what its reader says.
    #[serde(rename = "unreadable.value")]
    Value { what: Kept, why: String },
    /// A decision of a kind that this program does not know: to leave it out would tell wrong hours.
    #[serde(rename = "unreadable.decision_kind")]
    DecisionKind { decision: i64, kind: String },
    /// A database that was read through, with what SQLite found.
    #[serde(rename = "unreadable.copy")]
    Copy { found: String },
    /// A copy of the database, with what SQLite found.
    #[serde(rename = "unreadable.backup")]
    Backup { copy: String, found: String },
}

/// A value that is kept as a text or sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum Kept {
    /// What a source told of somebody.
    #[serde(rename = "kept.told")]
    Told,
    /// The evidence for a candidate.
    #[serde(rename = "kept.evidence")]
    Evidence,
    /// The samples of a registered connector.
    #[serde(rename = "kept.samples")]
    Samples,
    /// A replay.
    #[serde(rename = "kept.replay")]
    Replay,
    /// A row of a roster.
    #[serde(rename = "kept.roster_row")]
    RosterRow,
    /// The detail of a decision.
    #[serde(rename = "kept.decision")]
    Decision { decision: i64 },
}

/// How a rehearsal was misused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum RehearsalMisuse {
    /// Two things at once.
    #[serde(rename = "rehearsal.two_at_once")]
    TwoAtOnce,
    /// Committed while somebody else holds it.
    #[serde(rename = "rehearsal.still_held")]
    StillHeld,
    /// A database that is none.
    #[serde(rename = "rehearsal.not_one")]
    NotOne,
}

said_in_english!(StoreError, AddressError, ConnectError, SchemaError, Unreadable, Kept, RehearsalMisuse);

impl From<sqlx::Error> for StoreError {
    fn from(why: sqlx::Error) -> Self {
        Self::Statement { why }
    }
}

impl From<RehearsalMisuse> for StoreError {
    fn from(misuse: RehearsalMisuse) -> Self {
        Self::Rehearsal(misuse)
    }
}

impl From<KeyError> for StoreError {
    fn from(fault: KeyError) -> Self {
        Self::Key(fault)
    }
}

impl From<&MigrateError> for SchemaError {
    fn from(error: &MigrateError) -> Self {
        let why = match error {
            MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => database_error(e),
            other => DatabaseError::Other { text: other.to_string() },
        };
        Self::Migration { why }
    }
}

/// What the driver says, as data.
fn database_error(error: &sqlx::Error) -> DatabaseError {
    match error {
        sqlx::Error::Database(d) => DatabaseError::of_code(&d.code().unwrap_or_default(), d.message()),
        sqlx::Error::Io(e) => DatabaseError::System(e.into()),
        sqlx::Error::PoolTimedOut => DatabaseError::NoFreeConnection,
        sqlx::Error::PoolClosed => DatabaseError::Closed,
        other => DatabaseError::Other { text: other.to_string() },
    }
}

fn as_database_error<S: Serializer>(error: &sqlx::Error, serializer: S) -> Result<S::Ok, S::Error> {
    database_error(error).serialize(serializer)
}

impl StoreError {
    /// A value that is kept and cannot be read again.
    pub(crate) fn kept(what: Kept) -> impl Fn(&dyn fmt::Display) -> Self {
        move |why| Self::Unreadable(Unreadable::Value { what, why: why.to_string() })
    }

    /// Whether another load wrote the same row first: the same work again will see it.
    #[must_use]
    pub fn is_write_conflict(&self) -> bool {
        matches!(self, Self::Statement { why: sqlx::Error::Database(d) } if matches!(d.code().as_deref(), Some("23505" | "40001" | "40P01")))
    }

    /// Whether trying again later can help: a lost connection, a restart, a lock.
    #[must_use]
    pub fn transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Statement { why } => match why {
                sqlx::Error::Database(d) => d.code().is_none_or(|c| {
                    ["08", "40", "53", "55", "57"].iter().any(|class| c.starts_with(class)) || c == "5" || c == "517"
                }),
                sqlx::Error::Io(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed
                | sqlx::Error::Protocol(_) => true,
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether whoever asked has to name another database or key, or set this one up; else something went wrong on the way.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Address { .. }
                | Self::Unreachable { .. }
                | Self::Schema(_)
                | Self::WrongKey
                | Self::KeyGeneration { .. }
                | Self::KeyRotatedSince { .. }
                | Self::KeyRetired
        )
    }

    /// A stable code, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Address { .. } => "database.address",
            Self::Unreachable { .. } => "database.unreachable",
            Self::Statement { .. } => "database.statement",
            Self::Schema(_) => "database.schema",
            Self::Unreadable(_) => "database.unreadable",
            Self::Rehearsal(_) => "database.rehearsal",
            Self::WrongKey => "key.wrong",
            Self::KeyGeneration { .. } => "key.generation",
            Self::KeyRotatedSince { .. } => "key.rotated_since",
            Self::KeyRetired => "key.retired",
            Self::Key(_) => "key.sealed",
            Self::LeaseLost => "source.lease_lost",
            Self::Column { .. } => "database.column",
        }
    }
}
