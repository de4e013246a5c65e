//! Cursors: where each stream is read next. Lists, sets and resets them.

use huiliu_messages::said_in_english;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::act::{Act, AuditEntry};
use super::error::{NotFound, OperationError};
use super::filters;
use super::page::Page;
use super::registry_access::RegistryAccess;
use crate::database::OpenDatabase;
use huiliu_platform::{CursorFormatError, shipped};
use huiliu_store::Tx;
use huiliu_store::admin::filter::RowFilter;
use huiliu_store::admin::{registry, sources};
use huiliu_store::intake::cursors::{self, SetCursorResult};

/// Why a cursor cannot be set or reset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum CursorError {
    /// The source has never been read, so it is not in the database.
    #[serde(rename = "cursor.never_read")]
    NeverRead {
        /// The name that was requested.
        name: String,
    },
    /// Another process is reading the source and will set the cursor itself.
    #[serde(rename = "cursor.source_busy")]
    Busy {
        /// The source's name.
        name: String,
    },
    /// There is no cursor to reset.
    #[serde(rename = "cursor.not_found")]
    NoCursor {
        /// The source's name.
        name: String,
        /// The stream's name. Empty if all streams were meant.
        stream: String,
    },
    /// The connector has no such stream.
    #[serde(rename = "cursor.no_stream")]
    NoStream {
        /// The id of the connector.
        connector: String,
        /// The stream that was requested.
        stream: String,
        /// The names of the streams that exist.
        known: Vec<String>,
    },
    /// The text is not a cursor that the connector could have written.
    #[serde(rename = "cursor.not_one")]
    NotACursor {
        /// The id of the connector.
        connector: String,
        /// The text that was given.
        text: String,
        /// What is wrong with the text.
        why: CursorFormatError,
    },
}

said_in_english!(CursorError);

impl CursorError {
    /// Returns a stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NeverRead { .. } => "cursor.never_read",
            Self::Busy { .. } => "source.busy",
            Self::NoCursor { .. } => "cursor.not_found",
            Self::NoStream { .. } => "stream.not_found",
            Self::NotACursor { .. } => "cursor.form",
        }
    }

    /// Returns whether the user must change the request. Otherwise the same request may succeed later.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        !matches!(self, Self::Busy { .. })
    }
}

/// Parses a cursor as JSON. A cursor that is not JSON becomes a string.
fn parse_value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

fn as_value<S: Serializer>(text: &str, to: S) -> Result<S::Ok, S::Error> {
    parse_value(text).serialize(to)
}

#[allow(clippy::ref_option, reason = "the signature is serde's")]
fn as_value_if_any<S: Serializer>(text: &Option<String>, to: S) -> Result<S::Ok, S::Error> {
    text.as_deref().map(parse_value).serialize(to)
}

/// The cursor of one stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CursorShown {
    /// The source's name.
    pub source: String,
    /// The id of its connector.
    pub connector: String,
    /// The stream's name.
    pub stream: String,
    /// The cursor as its connector wrote it. In JSON, a value instead of a string if it is JSON itself.
    #[serde(serialize_with = "as_value")]
    #[schemars(with = "Value")]
    pub cursor: String,
}

/// A stream of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamName<'a> {
    /// The source's name.
    pub source: &'a str,
    /// The stream's name.
    pub stream: &'a str,
}

/// A cursor that was set or reset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CursorChanged {
    /// The source's name.
    pub source: String,
    /// The stream's name; null for all streams of the source.
    pub stream: Option<String>,
    /// The cursor as its connector writes it; in JSON, a value instead of a string if it is JSON itself. Null after a
    /// reset: the stream is read from the beginning.
    #[serde(serialize_with = "as_value_if_any")]
    #[schemars(with = "Option<Value>")]
    pub cursor: Option<String>,
}

/// Lists the cursors of one source or of all, by source and stream.
///
/// # Errors
/// [`OperationError::Filter`] if there is no such source; [`OperationError::Store`].
pub async fn list(access: RegistryAccess<'_>, source: Option<&str>) -> Result<Page<CursorShown>, OperationError> {
    filters::check_filter(access, &RowFilter { source: source.map(str::to_owned), ..RowFilter::default() }).await?;
    let rows = cursors::list_cursors(&access.opened.db, source.unwrap_or_default()).await?;
    let shown = rows.into_iter().map(|row| CursorShown {
        source: row.source,
        connector: row.connector,
        stream: row.stream,
        cursor: row.cursor,
    });
    Ok(Page::from_all(shown.collect()))
}

/// Sets the cursor of a stream. The next sync starts there.
///
/// # Errors
/// [`CursorError`], [`NotFound::Connector`].
pub async fn set(
    access: RegistryAccess<'_>,
    act: Act<'_>,
    of: StreamName<'_>,
    text: &str,
) -> Result<CursorChanged, OperationError> {
    let registered = registry::read_registry(&access.opened.db).await?;
    let mut tx = access.opened.db.begin().await?;
    let connector = connector_of(&mut tx, of.source).await?;
    let mut in_use = access.resolve_in_use(&registered).await?;
    let Some(found) = in_use.found.remove(&connector) else { return Err(NotFound::Connector { connector }.into()) };
    let Some(stream) = found.manifest.find_stream(of.stream) else {
        let known = found.manifest.stream.iter().map(|stream| stream.name.clone()).collect();
        return Err(CursorError::NoStream { connector, stream: of.stream.to_owned(), known }.into());
    };
    let cursor = shipped::check_cursor(access.program.shipped, &found.manifest, stream, text)
        .map_err(|why| CursorError::NotACursor { connector, text: text.to_owned(), why })?;
    put_cursor(&mut tx, of, Some(&cursor)).await?;
    let detail = json!({ "stream": of.stream, "cursor": parse_value(&cursor) });
    let entry = AuditEntry { action: "cursor.set", object: format!("source {}", of.source), detail };
    act.commit_with_audit(tx, access.opened, entry).await?;
    let (source, stream) = (of.source.to_owned(), Some(of.stream.to_owned()));
    Ok(CursorChanged { source, stream, cursor: Some(cursor) })
}

/// Resets the cursor of a stream, or of all streams of a source. They are then read from the beginning.
///
/// # Errors
/// [`CursorError`].
pub async fn reset(
    opened: &OpenDatabase,
    act: Act<'_>,
    source: &str,
    stream: Option<&str>,
) -> Result<CursorChanged, OperationError> {
    let mut tx = opened.db.begin().await?;
    connector_of(&mut tx, source).await?;
    put_cursor(&mut tx, StreamName { source, stream: stream.unwrap_or_default() }, None).await?;
    let detail = json!({ "stream": stream });
    let entry = AuditEntry { action: "cursor.reset", object: format!("source {source}"), detail };
    act.commit_with_audit(tx, opened, entry).await?;
    Ok(CursorChanged { source: source.to_owned(), stream: stream.map(str::to_owned), cursor: None })
}

/// Returns the connector under which a source was read.
async fn connector_of(tx: &mut Tx, source: &str) -> Result<String, OperationError> {
    let booked = sources::find_known_source(tx, source).await?;
    Ok(booked.ok_or_else(|| CursorError::NeverRead { name: source.to_owned() })?.connector)
}

async fn put_cursor(tx: &mut Tx, of: StreamName<'_>, cursor: Option<&str>) -> Result<(), OperationError> {
    let name = of.source.to_owned();
    match cursors::set_cursor(tx, of.source, of.stream, cursor).await? {
        SetCursorResult::Unknown => Err(CursorError::NeverRead { name }.into()),
        SetCursorResult::Busy => Err(CursorError::Busy { name }.into()),
        SetCursorResult::Done(0) => Err(CursorError::NoCursor { name, stream: of.stream.to_owned() }.into()),
        SetCursorResult::Done(_) => Ok(()),
    }
}
