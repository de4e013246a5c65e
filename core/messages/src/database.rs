//! Errors of databases as data, because a database's own sentences are in English or in the language that its server
//! was set up with.

use serde::{Deserialize, Serialize};

use crate::SystemError;

/// An error of PostgreSQL or SQLite that users are likely to see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum DatabaseError {
    /// Someone else has locked what is needed.
    #[serde(rename = "sql.locked")]
    Locked,
    /// The file cannot be opened.
    #[serde(rename = "sql.cannot_open")]
    CannotOpen,
    /// The file or the server does not accept changes.
    #[serde(rename = "sql.read_only")]
    ReadOnly,
    /// The file is not a database.
    #[serde(rename = "sql.not_a_database")]
    NotADatabase,
    /// The file is damaged.
    #[serde(rename = "sql.damaged")]
    Damaged,
    /// The disk is full.
    #[serde(rename = "sql.disk_full")]
    DiskFull,
    /// The disk fails to read or write.
    #[serde(rename = "sql.disk_failed")]
    DiskFailed,
    /// The password is wrong for this user.
    #[serde(rename = "sql.password")]
    Password { user: String },
    /// There is no such user.
    #[serde(rename = "sql.no_user")]
    NoUser { user: String },
    /// There is no such database.
    #[serde(rename = "sql.no_database")]
    NoDatabase { name: String },
    /// The server does not accept connections from this address.
    #[serde(rename = "sql.not_admitted")]
    NotAdmitted { text: String },
    /// The server is starting or recovering.
    #[serde(rename = "sql.starting")]
    Starting,
    /// The server is shutting down.
    #[serde(rename = "sql.stopping")]
    Stopping,
    /// The server has reached its maximum number of connections.
    #[serde(rename = "sql.too_many_clients")]
    TooManyClients,
    /// The user does not have the permission.
    #[serde(rename = "sql.permission_denied")]
    PermissionDenied { text: String },
    /// No connection became free in time.
    #[serde(rename = "sql.no_free_connection")]
    NoFreeConnection,
    /// The connections were closed.
    #[serde(rename = "sql.closed")]
    Closed,
    /// Any other error, in the words of the database or its driver.
    #[serde(rename = "sql.other")]
    Other { text: String },
    /// An error of the operating system.
    #[serde(untagged)]
    System(SystemError),
}

crate::said_in_english!(DatabaseError);

impl DatabaseError {
    /// Makes an error from its code: a SQLSTATE of PostgreSQL has five characters, an error number of SQLite has fewer.
    /// `text` is the database's own message.
    #[must_use]
    pub fn from_code(code: &str, text: &str) -> Self {
        let of_sqlite = || code.parse().ok().and_then(from_sqlite_code);
        let known = if code.len() == 5 { from_postgres_code(code, text) } else { of_sqlite() };
        known.unwrap_or_else(|| Self::Other { text: text.to_owned() })
    }
}

/// Extended codes of SQLite have the primary code in their last byte.
fn from_sqlite_code(code: u32) -> Option<DatabaseError> {
    Some(match code & 0xff {
        5 | 6 => DatabaseError::Locked,
        8 => DatabaseError::ReadOnly,
        10 => DatabaseError::DiskFailed,
        11 => DatabaseError::Damaged,
        13 => DatabaseError::DiskFull,
        14 => DatabaseError::CannotOpen,
        26 => DatabaseError::NotADatabase,
        _ => return None,
    })
}

/// Where one code has two causes, the text decides; it has names in quotes in every language.
fn from_postgres_code(code: &str, text: &str) -> Option<DatabaseError> {
    let quoted = || text.split('"').nth(1).unwrap_or_default().to_owned();
    Some(match code {
        "25006" => DatabaseError::ReadOnly,
        "28000" if text.contains("pg_hba.conf") => DatabaseError::NotAdmitted { text: text.to_owned() },
        "28000" if text.contains('"') => DatabaseError::NoUser { user: quoted() },
        "28P01" => DatabaseError::Password { user: quoted() },
        "3D000" => DatabaseError::NoDatabase { name: quoted() },
        "42501" => DatabaseError::PermissionDenied { text: text.to_owned() },
        "53100" => DatabaseError::DiskFull,
        "53300" => DatabaseError::TooManyClients,
        "55P03" => DatabaseError::Locked,
        "57P01" | "57P02" => DatabaseError::Stopping,
        "57P03" if text.contains("shutting down") => DatabaseError::Stopping,
        "57P03" => DatabaseError::Starting,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Language, Message};

    #[test]
    fn what_people_meet_has_a_code_and_the_rest_is_quoted() {
        let said =
            |code: &str, text: &str| Message::new(&DatabaseError::from_code(code, text)).to_sentence(Language::Chinese);
        let wrong = "password authentication failed for user \"huiliu\"";
        assert_eq!(DatabaseError::from_code("28P01", wrong), DatabaseError::Password { user: "huiliu".into() });
        assert!(said("28P01", wrong).contains("huiliu"));
        assert_eq!(DatabaseError::from_code("517", "database is locked"), DatabaseError::Locked);
        assert_eq!(said("23505", "duplicate key"), "“duplicate key”");
        assert_eq!(said("1555", "UNIQUE constraint failed: a.b"), "“UNIQUE constraint failed: a.b”");
    }
}
