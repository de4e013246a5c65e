//! What a database says, as data: its own sentences are English, or in the language that its server was set up with.

use serde::{Deserialize, Serialize};

use crate::SystemError;

/// An error of a database, PostgreSQL or SQLite, that people meet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum DatabaseError {
    /// Somebody else holds what is needed.
    #[serde(rename = "sql.locked")]
    Locked,
    /// The file cannot be opened.
    #[serde(rename = "sql.cannot_open")]
    CannotOpen,
    /// The file, or the server, takes no changes.
    #[serde(rename = "sql.read_only")]
    ReadOnly,
    /// The file is something else.
    #[serde(rename = "sql.not_a_database")]
    NotADatabase,
    /// The file is damaged.
    #[serde(rename = "sql.damaged")]
    Damaged,
    /// The disk is full.
    #[serde(rename = "sql.disk_full")]
    DiskFull,
    /// The disk does not read or write.
    #[serde(rename = "sql.disk_failed")]
    DiskFailed,
    /// The password is not the user's.
    #[serde(rename = "sql.password")]
    Password { user: String },
    /// There is no such user.
    #[serde(rename = "sql.no_user")]
    NoUser { user: String },
    /// There is no such database.
    #[serde(rename = "sql.no_database")]
    NoDatabase { name: String },
    /// The server lets nobody in from here.
    #[serde(rename = "sql.not_admitted")]
    NotAdmitted { text: String },
    /// The server starts, or recovers.
    #[serde(rename = "sql.starting")]
    Starting,
    /// The server stops.
    #[serde(rename = "sql.stopping")]
    Stopping,
    /// The server has as many connections as it may.
    #[serde(rename = "sql.too_many_clients")]
    TooManyClients,
    /// The user may not do it.
    #[serde(rename = "sql.permission_denied")]
    PermissionDenied { text: String },
    /// No connection came free in time.
    #[serde(rename = "sql.no_free_connection")]
    NoFreeConnection,
    /// The connections were closed.
    #[serde(rename = "sql.closed")]
    Closed,
    /// Anything else, in the words of the database or of its driver.
    #[serde(rename = "sql.other")]
    Other { text: String },
    /// What the operating system says.
    #[serde(untagged)]
    System(SystemError),
}

crate::said_in_english!(DatabaseError);

impl DatabaseError {
    /// By the SQLSTATE of PostgreSQL, which has five characters, or the number of SQLite, which has fewer.
    #[must_use]
    pub fn of_code(code: &str, text: &str) -> Self {
        let of_sqlite = || code.parse().ok().and_then(of_sqlite);
        let known = if code.len() == 5 { of_postgres(code, text) } else { of_sqlite() };
        known.unwrap_or_else(|| Self::Other { text: text.to_owned() })
    }
}

/// Its extended codes have the plain one in their last byte.
fn of_sqlite(code: u32) -> Option<DatabaseError> {
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

/// Of two failures of one code the text tells which; it has names in quotes in every language.
fn of_postgres(code: &str, text: &str) -> Option<DatabaseError> {
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
        let said = |code: &str, text: &str| Message::new(&DatabaseError::of_code(code, text)).say(Language::Chinese);
        let wrong = "password authentication failed for user \"huiliu\"";
        assert_eq!(DatabaseError::of_code("28P01", wrong), DatabaseError::Password { user: "huiliu".into() });
        assert!(said("28P01", wrong).contains("huiliu"));
        assert_eq!(DatabaseError::of_code("517", "database is locked"), DatabaseError::Locked);
        assert_eq!(said("23505", "duplicate key"), "“duplicate key”");
        assert_eq!(said("1555", "UNIQUE constraint failed: a.b"), "“UNIQUE constraint failed: a.b”");
    }
}
