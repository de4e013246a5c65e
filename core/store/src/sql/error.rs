//! Errors of the database layer.

use std::fmt;

use huiliu_decode::DecodeError;
use huiliu_messages::{DatabaseError, Message, said_in_english};
use huiliu_vault::keys::KeyError;
use serde::{Serialize, Serializer};
use sqlx::migrate::MigrateError;

use crate::sql::promises::BrokenRow;

/// An error of the store. Its sentences are in the catalogues of `huiliu-messages`.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum StoreError {
    /// The database address is not usable.
    #[serde(rename = "database.address")]
    Address { why: AddressError },
    /// The database does not answer or refuses the connection. `database` is host, port and name, or the file.
    #[serde(rename = "database.unreachable")]
    Unreachable { database: String, why: ConnectError },
    /// A statement failed.
    #[serde(rename = "database.statement")]
    Statement {
        #[serde(serialize_with = "as_database_error")]
        why: sqlx::Error,
    },
    /// The root key is not the one that this database was created with.
    #[serde(rename = "key.wrong")]
    WrongKey,
    /// The key file lacks a generation of the sealing key that the database needs, or has another key for it.
    #[serde(rename = "key.generation")]
    KeyGeneration { generation: i64 },
    /// The database copy is older than the last rotation of the sealing key, and the key file is newer. Holds the
    /// generation that the database needs, the oldest one in the key file, and the generation before which the matching
    /// key file was saved.
    #[serde(rename = "key.rotated_since")]
    KeyRotatedSince { needs: i64, oldest: u8, before: i64 },
    /// The sealing key was rotated during the work.
    #[serde(rename = "key.retired")]
    KeyRetired,
    /// Another process holds the lease on the source.
    #[serde(rename = "source.lease_lost")]
    LeaseLost,
    /// A stored value does not have the type that the schema promises.
    #[serde(rename = "database.column")]
    Column { column: String },
    /// The schema is not the one that this program expects.
    #[serde(untagged)]
    Schema(SchemaError),
    /// A stored value cannot be read back.
    #[serde(untagged)]
    Unreadable(Unreadable),
    /// A rehearsal was used wrongly: a bug in this program.
    #[serde(untagged)]
    Rehearsal(RehearsalMisuse),
    /// A sealed value cannot be opened.
    #[serde(untagged)]
    Key(KeyError),
}

/// Why a database address is not usable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum AddressError {
    /// It has no colon, and so no scheme.
    #[serde(rename = "database.address_no_scheme")]
    NoScheme,
    /// The scheme is unknown. The rest of the address is left out because it may contain a password.
    #[serde(rename = "database.address_scheme")]
    Scheme { scheme: String },
    /// The driver cannot parse it.
    #[serde(rename = "database.address_options")]
    Options { why: String },
}

/// Why a database cannot be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum ConnectError {
    /// It did not answer within this time.
    #[serde(rename = "database.no_answer")]
    NoAnswer { seconds: u64 },
    /// It answered, but had no free connection within this time.
    #[serde(rename = "database.no_free_connection")]
    NoFreeConnection { seconds: u64 },
    /// The database or its driver gave a reason.
    #[serde(untagged)]
    Refused(DatabaseError),
}

impl ConnectError {
    /// Converts the driver's error after a wait of `seconds`.
    pub(crate) fn from_sqlx(error: &sqlx::Error, seconds: u64) -> Self {
        match error {
            sqlx::Error::PoolTimedOut => Self::NoFreeConnection { seconds },
            other => Self::Refused(database_error(other)),
        }
    }
}

/// Why the schema is not the one that this program expects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum SchemaError {
    /// The database has no schema yet.
    #[serde(rename = "database.schema_empty")]
    Empty,
    /// It is older: only `applied` of the `known` migrations have run.
    #[serde(rename = "database.schema_behind")]
    Behind { applied: usize, known: usize },
    /// It is newer, or belongs to another program.
    #[serde(rename = "database.schema_unknown")]
    Unknown,
    /// Rows break what this version's schema promises. These are the first.
    #[serde(rename = "database.broken_rows")]
    BrokenRows { rows: Vec<BrokenRow> },
    /// A migration failed, for this reason.
    #[serde(rename = "database.migration")]
    Migration { why: DatabaseError },
}

/// What cannot be read back from the store. A `place` is a page or a file name.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum Unreadable {
    /// Today's manifest or program cannot read a payload.
    #[serde(rename = "unreadable.payload")]
    Payload { place: String, why: DecodeError },
    /// The bytes of a payload, by its page or file name.
    #[serde(rename = "unreadable.bytes")]
    Bytes {
        place: String,
        #[serde(serialize_with = "huiliu_messages::as_system_error")]
        why: std::io::Error,
    },
    /// The bytes of a stored payload, by its number.
    #[serde(rename = "unreadable.kept_bytes")]
    KeptBytes {
        payload: i64,
        #[serde(serialize_with = "huiliu_messages::as_system_error")]
        why: std::io::Error,
    },
    /// The bytes of a payload that is being stored.
    #[serde(rename = "unreadable.new_bytes")]
    NewBytes {
        #[serde(serialize_with = "huiliu_messages::as_system_error")]
        why: std::io::Error,
    },
    /// The connector of a payload is no longer registered.
    #[serde(rename = "unreadable.connector")]
    Connector { connector: String },
    /// The connector of a payload no longer has its stream.
    #[serde(rename = "unreadable.stream")]
    Stream { connector: String, stream: String },
    /// Today's manifest finds a different number of records in a payload than when it landed.
    #[serde(rename = "unreadable.other_layout")]
    OtherLayout { place: String },
    /// A value that this program or a newer one wrote, with the parser's message.
    #[serde(rename = "unreadable.value")]
    Value { what: Kept, why: String },
    /// A decision of a kind that this program does not know. Ignoring it would give wrong hours.
    #[serde(rename = "unreadable.decision_kind")]
    DecisionKind { decision: i64, kind: String },
    /// An object of the rules in force, of a kind that this program does not know. Ignoring it would give wrong hours.
    #[serde(rename = "unreadable.rule_object")]
    RuleObject { name: String, version: i64, kind: String },
    /// The rules in force, which a newer program has activated or which are damaged.
    #[serde(rename = "unreadable.rules")]
    Rules { activation: i64, why: Message },
    /// A database that was checked for integrity, with SQLite's finding.
    #[serde(rename = "unreadable.copy")]
    Copy { found: String },
    /// A backup of the database, with SQLite's finding.
    #[serde(rename = "unreadable.backup")]
    Backup { copy: String, found: String },
}

/// The kind of a stored value, kept as text or sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum Kept {
    /// What a source says about a person.
    #[serde(rename = "kept.told")]
    Told,
    /// The evidence for a candidate.
    #[serde(rename = "kept.evidence")]
    Evidence,
    /// The samples of a registered connector.
    #[serde(rename = "kept.samples")]
    Samples,
    /// The stored form of a replay, such as its filter.
    #[serde(rename = "kept.replay")]
    Replay,
    /// The personal data of a roster row.
    #[serde(rename = "kept.roster_row")]
    RosterRow,
    /// The detail of a decision.
    #[serde(rename = "kept.decision")]
    Decision { decision: i64 },
}

/// How a rehearsal was used wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum RehearsalMisuse {
    /// It was used for two things at once.
    #[serde(rename = "rehearsal.two_at_once")]
    TwoAtOnce,
    /// It was committed while another clone of it exists.
    #[serde(rename = "rehearsal.still_held")]
    StillHeld,
    /// The database is not a rehearsal.
    #[serde(rename = "rehearsal.not_one")]
    NotOne,
}

said_in_english!(StoreError, AddressError, ConnectError, SchemaError, BrokenRow, Unreadable, Kept, RehearsalMisuse);

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

/// Converts the driver's error to data.
fn database_error(error: &sqlx::Error) -> DatabaseError {
    match error {
        sqlx::Error::Database(d) => DatabaseError::from_code(&d.code().unwrap_or_default(), d.message()),
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
    /// Makes the error for a stored value that cannot be read back.
    pub(crate) fn unreadable_value(what: Kept) -> impl Fn(&dyn fmt::Display) -> Self {
        move |why| Self::Unreadable(Unreadable::Value { what, why: why.to_string() })
    }

    /// Returns true if another load wrote the same row first. A retry will see that row.
    #[must_use]
    pub fn is_write_conflict(&self) -> bool {
        matches!(self, Self::Statement { why: sqlx::Error::Database(d) } if matches!(d.code().as_deref(), Some("23505" | "40001" | "40P01")))
    }

    /// Returns true if a retry may help: after a lost connection, a restart or a lock.
    #[must_use]
    pub fn is_transient(&self) -> bool {
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

    /// Returns true if the database's disk is full. The same works again when there is room.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Statement { why } if database_error(why) == DatabaseError::DiskFull)
    }

    /// Returns true if the user must name another database or key, or set this one up. Otherwise something failed
    /// during the work.
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

    /// Returns a stable code for programs.
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
