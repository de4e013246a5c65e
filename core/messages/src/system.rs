//! Errors of the operating system as data, because its own sentences are always in English.

use std::io::{Error, ErrorKind};

use serde::{Deserialize, Serialize};

/// An error of the operating system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum SystemError {
    /// There is no such file or directory.
    #[serde(rename = "system.not_found")]
    NotFound,
    /// This user does not have the permission.
    #[serde(rename = "system.permission_denied")]
    PermissionDenied,
    /// The file or directory exists already.
    #[serde(rename = "system.already_exists")]
    AlreadyExists,
    /// A directory was expected.
    #[serde(rename = "system.not_a_directory")]
    NotADirectory,
    /// A file was expected.
    #[serde(rename = "system.is_a_directory")]
    IsADirectory,
    /// It is a symbolic link, or there is one on the way, that is not followed.
    #[serde(rename = "system.link")]
    Link,
    /// It is a pipe, a socket or a device.
    #[serde(rename = "system.not_a_file")]
    NotAFile,
    /// The file has more bytes than are read.
    #[serde(rename = "system.too_large")]
    TooLarge,
    /// The file system is read-only.
    #[serde(rename = "system.read_only")]
    ReadOnly,
    /// The disk, or the user's quota, is full.
    #[serde(rename = "system.disk_full")]
    DiskFull,
    /// Too many files are open, in the process or in the system.
    #[serde(rename = "system.too_many_files")]
    TooManyFiles,
    /// Another process uses the address.
    #[serde(rename = "system.address_in_use")]
    AddressInUse,
    /// No server listens at the address.
    #[serde(rename = "system.connection_refused")]
    ConnectionRefused,
    /// The other side closed the connection.
    #[serde(rename = "system.connection_reset")]
    ConnectionReset,
    /// The other side did not answer in time.
    #[serde(rename = "system.timed_out")]
    TimedOut,
    /// The network or the host cannot be reached.
    #[serde(rename = "system.unreachable")]
    Unreachable,
    /// There is no host of this name.
    #[serde(rename = "system.unknown_host")]
    UnknownHost,
    /// The file ends too early.
    #[serde(rename = "system.unexpected_end")]
    UnexpectedEnd,
    /// The bytes are not UTF-8.
    #[serde(rename = "system.not_utf8")]
    NotUtf8,
    /// Any other error, in the system's own words.
    #[serde(rename = "system.other")]
    Other { text: String },
}

crate::said_in_english!(SystemError);

/// `EMFILE` and `ENFILE` on Linux, for which the standard library has no error kind.
const TOO_MANY_FILES: [i32; 2] = [24, 23];

/// `ELOOP` on Linux, for which the standard library has no stable error kind.
const LINK: i32 = 40;

impl From<&Error> for SystemError {
    fn from(error: &Error) -> Self {
        if error.raw_os_error().is_some_and(|raw| TOO_MANY_FILES.contains(&raw)) {
            return Self::TooManyFiles;
        }
        if error.raw_os_error() == Some(LINK) {
            return Self::Link;
        }
        match error.kind() {
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::PermissionDenied => Self::PermissionDenied,
            ErrorKind::AlreadyExists => Self::AlreadyExists,
            ErrorKind::NotADirectory => Self::NotADirectory,
            ErrorKind::IsADirectory => Self::IsADirectory,
            ErrorKind::FileTooLarge => Self::TooLarge,
            ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::DiskFull,
            ErrorKind::AddrInUse => Self::AddressInUse,
            ErrorKind::ConnectionRefused => Self::ConnectionRefused,
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => Self::ConnectionReset,
            ErrorKind::TimedOut => Self::TimedOut,
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => Self::Unreachable,
            ErrorKind::UnexpectedEof => Self::UnexpectedEnd,
            _ if error.to_string().starts_with("failed to lookup address information") => Self::UnknownHost,
            ErrorKind::InvalidInput if error.to_string() == "not a regular file" => Self::NotAFile,
            ErrorKind::InvalidData if error.to_string().contains("valid UTF-8") => Self::NotUtf8,
            _ => Self::Other { text: error.to_string() },
        }
    }
}

impl From<Error> for SystemError {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}
