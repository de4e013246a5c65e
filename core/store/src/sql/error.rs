//! What can go wrong between us and a database.

use std::fmt;

use thiserror::Error;

use huiliu_decode::DecodeFault;

/// What can go wrong between us and a database, in words for the person who must act.
#[derive(Debug, Error)]
pub enum StoreFault {
    /// The address is not one we can use.
    #[error("the database address is not usable: {0}; give sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/NAME")]
    Address(AddressError),
    /// The database does not let us in or does not answer.
    #[error("cannot open the database {place}: {why}; check that it runs, and its host, port, user and password")]
    Unreachable {
        /// Host, port and name, or the file.
        place: String,
        /// Why.
        why: ConnectError,
    },
    /// A statement failed.
    #[error("the database refused a statement: {0}")]
    Statement(#[from] sqlx::Error),
    /// The schema is not the one this program knows.
    #[error(transparent)]
    Schema(SchemaError),
    /// Something kept cannot be read again.
    #[error(transparent)]
    Unreadable(Unreadable),
    /// A transaction that is rehearsed was used as it must not be: a mistake of this program.
    #[error(transparent)]
    Rehearsal(#[from] RehearsalMisuse),
    /// The root key is not the one this database was made with.
    #[error(
        "the root key is not the one this database was made with; give the right key (HUILIU_KEY_FILE or the data directory's root.key)"
    )]
    WrongKey,
    /// A generation of the sealing key that the database needs is missing, or another.
    #[error(
        "generation {0} of the sealing key is missing or is not this database's: the key was rotated; give the key file as `huiliu keys rotate` left it"
    )]
    KeyGeneration(i64),
    /// The database was copied before the sealing key was rotated, and the keys are of after it.
    #[error(
        "this database is from before a rotation of the sealing key: it needs generation {needs}, and the key file begins at generation {oldest}; give the key file of that time, which `huiliu keys rotate` kept as root.key.before-{}", needs + 1
    )]
    KeyRotatedSince {
        /// The generation that the database needs.
        needs: i64,
        /// The oldest one in the key file.
        oldest: u8,
    },
    /// The sealing key was rotated while we worked.
    #[error(
        "the sealing key has been rotated since this process began; start it again with the key file as `huiliu keys rotate` left it"
    )]
    KeyRetired,
    /// A sealed value does not open.
    #[error(transparent)]
    Key(#[from] huiliu_vault::keys::KeyFault),
    /// Another process reads the source now.
    #[error("another process has taken the source over; nothing of this page was written")]
    TurnLost,
    /// A stored value is not what the schema says.
    #[error("column {0} of a result is missing or of another type")]
    Column(String),
}

/// Why an address is not one of a database.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AddressError {
    /// Nothing stands before a colon.
    #[error("no scheme")]
    NoScheme,
    /// Another scheme; what follows it is not told, for a password can stand there.
    #[error("{0}:…")]
    Scheme(String),
    /// The driver does not understand it.
    #[error("{0}")]
    Options(String),
}

/// Why a database cannot be opened.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// It does not answer.
    #[error("no answer within {seconds} seconds")]
    NoAnswer {
        /// For so long.
        seconds: u64,
    },
    /// It answers, and has no connection to spare.
    #[error(
        "no connection came free within {seconds} s; it may allow fewer than all workers together need (max_connections)"
    )]
    NoFreeConnection {
        /// For so long.
        seconds: u64,
    },
    /// It refuses, in its own words.
    #[error("{0}")]
    Refused(String),
    /// The driver says why.
    #[error(transparent)]
    Driver(sqlx::Error),
}

impl ConnectError {
    /// What the driver met while it waited for so long.
    pub(crate) fn of(error: sqlx::Error, seconds: u64) -> Self {
        match error {
            sqlx::Error::Database(refusal) => Self::Refused(refusal.message().to_owned()),
            sqlx::Error::PoolTimedOut => Self::NoFreeConnection { seconds },
            other => Self::Driver(other),
        }
    }
}

/// Why a schema is not the one this program knows.
#[derive(Debug, Error)]
pub enum SchemaError {
    /// There is none yet.
    #[error("the database has no Huiliu schema yet; run `huiliu migrate`")]
    Empty,
    /// It is older.
    #[error("the database has {applied} of {known} migrations; run `huiliu migrate`")]
    Behind {
        /// Migrations already there.
        applied: usize,
        /// Migrations that this program knows.
        known: usize,
    },
    /// It is newer, or not ours.
    #[error(
        "the database's schema is unknown to this version of Huiliu: it was made by a newer version or is not Huiliu's; use the newer version, or name another database"
    )]
    Unknown,
    /// A migration failed.
    #[error("the migration did not go through, nothing was changed: {0}")]
    Migration(sqlx::migrate::MigrateError),
}

/// What is kept and cannot be read again.
#[derive(Debug, Error)]
pub enum Unreadable {
    /// Today's manifest, or this program, does not read a payload.
    #[error("{address}: {why}")]
    Payload {
        /// Page or file name.
        address: String,
        /// Why.
        why: DecodeFault,
    },
    /// A payload's bytes.
    #[error("{what}: {why}")]
    Bytes {
        /// Page or file name, or the payload's number.
        what: String,
        /// Why.
        why: std::io::Error,
    },
    /// The connector of a payload is registered no longer.
    #[error("no connector {connector:?} is registered; it was when the payload landed")]
    Connector {
        /// Its id.
        connector: String,
    },
    /// The connector of a payload has its stream no longer.
    #[error("connector {connector} has no stream {stream:?} any more")]
    Stream {
        /// The connector.
        connector: String,
        /// The stream.
        stream: String,
    },
    /// Today's manifest finds other records in a payload than there were when it landed.
    #[error(
        "{address}: today's manifest finds other records in it than there were when it landed; read the source again with --full"
    )]
    OtherLayout {
        /// Page or file name.
        address: String,
    },
    /// A value that this program wrote, or a newer one.
    #[error("{what}: {why}")]
    Value {
        /// What it is.
        what: Kept,
        /// What its reader says.
        why: String,
    },
    /// A decision of a kind that this program does not know: to leave it out would tell wrong hours.
    #[error("decision {decision}: this program knows no {kind}")]
    DecisionKind {
        /// The decision.
        decision: i64,
        /// Its kind.
        kind: String,
    },
    /// A database that was read through.
    #[error("SQLite finds it damaged: {found}")]
    Copy {
        /// What SQLite found.
        found: String,
    },
    /// A copy of the database.
    #[error("the copy {copy} is damaged: {found}")]
    Backup {
        /// The file.
        copy: String,
        /// What SQLite found.
        found: String,
    },
}

/// A value that is kept as a text or sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// What a source told of somebody.
    Told,
    /// The evidence for a candidate.
    Evidence,
    /// The samples of a registered connector.
    Samples,
    /// A replay.
    Replay,
    /// A row of a roster.
    RosterRow,
    /// The detail of a decision.
    Decision(i64),
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Told => f.write_str("what was told of a claim"),
            Self::Evidence => f.write_str("evidence of a candidate"),
            Self::Samples => f.write_str("samples of a registered connector"),
            Self::Replay => f.write_str("a replay in the books"),
            Self::RosterRow => f.write_str("a row of the roster"),
            Self::Decision(number) => write!(f, "decision {number}: detail"),
        }
    }
}

/// How a rehearsal was misused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RehearsalMisuse {
    /// Two things at once.
    #[error("a rehearsal does one thing at a time")]
    TwoAtOnce,
    /// Committed while somebody else holds it.
    #[error("a rehearsal that somebody else still holds is not committed")]
    StillHeld,
    /// A database that is none.
    #[error("this database is no rehearsal")]
    NotOne,
}

impl StoreFault {
    /// A value that is kept and cannot be read again.
    pub(crate) fn kept(what: Kept) -> impl Fn(&dyn fmt::Display) -> Self {
        move |why| Self::Unreadable(Unreadable::Value { what, why: why.to_string() })
    }

    /// Whether another load wrote the same row first: the same work again will see it.
    #[must_use]
    pub fn overtaken(&self) -> bool {
        matches!(self, Self::Statement(sqlx::Error::Database(d)) if matches!(d.code().as_deref(), Some("23505" | "40001" | "40P01")))
    }

    /// Whether trying again later can help: a lost connection, a restart, a lock.
    #[must_use]
    pub fn transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Statement(e) => match e {
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
            Self::Address(_)
                | Self::Unreachable { .. }
                | Self::Schema(_)
                | Self::WrongKey
                | Self::KeyGeneration(_)
                | Self::KeyRotatedSince { .. }
                | Self::KeyRetired
        )
    }

    /// A stable code, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Address(_) => "database.address",
            Self::Unreachable { .. } => "database.unreachable",
            Self::Statement(_) => "database.statement",
            Self::Schema(_) => "database.schema",
            Self::Unreadable(_) => "database.unreadable",
            Self::Rehearsal(_) => "database.rehearsal",
            Self::WrongKey => "key.wrong",
            Self::KeyGeneration(_) => "key.generation",
            Self::KeyRotatedSince { .. } => "key.rotated_since",
            Self::KeyRetired => "key.retired",
            Self::Key(_) => "key.sealed",
            Self::TurnLost => "source.lease_lost",
            Self::Column(_) => "database.column",
        }
    }
}
