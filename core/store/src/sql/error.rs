//! What can go wrong between us and a database.

use thiserror::Error;

/// What can go wrong between us and a database, in words for the person who must act.
#[derive(Debug, Error)]
pub enum StoreFault {
    /// The address is not one we can use.
    #[error("the database address is not usable: {0}; give sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/NAME")]
    Address(String),
    /// The database does not let us in or does not answer.
    #[error("cannot open the database: {0}; check that it runs, and its host, port, user and password")]
    Unreachable(String),
    /// A statement failed.
    #[error("the database refused a statement: {0}")]
    Statement(#[from] sqlx::Error),
    /// The schema is not the one this program knows.
    #[error("{0}")]
    Schema(String),
    /// Something kept cannot be read again.
    #[error("{0}")]
    Unreadable(String),
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

impl StoreFault {
    /// Whether another load wrote the same row first: the same work again will see it.
    #[must_use]
    pub fn overtaken(&self) -> bool {
        matches!(self, Self::Statement(sqlx::Error::Database(d)) if matches!(d.code().as_deref(), Some("23505" | "40001" | "40P01")))
    }

    /// Whether trying again later can help: a lost connection, a restart, a lock.
    #[must_use]
    pub fn transient(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
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
                | Self::Unreachable(_)
                | Self::Schema(_)
                | Self::WrongKey
                | Self::KeyGeneration(_)
                | Self::KeyRetired
        )
    }

    /// A stable code, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Address(_) => "database.address",
            Self::Unreachable(_) => "database.unreachable",
            Self::Statement(_) => "database.statement",
            Self::Schema(_) => "database.schema",
            Self::Unreadable(_) => "database.unreadable",
            Self::WrongKey => "key.wrong",
            Self::KeyGeneration(_) => "key.generation",
            Self::KeyRetired => "key.retired",
            Self::Key(_) => "key.sealed",
            Self::TurnLost => "source.lease_lost",
            Self::Column(_) => "database.column",
        }
    }
}
