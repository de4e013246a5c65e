//! From where each stream is read next, to be looked at and to be set.

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
use huiliu_store::intake::cursors::{self, Put};

/// Why a cursor is not set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum CursorError {
    /// The source is not in the database.
    #[serde(rename = "cursor.never_read")]
    NeverRead {
        /// As it was asked for.
        name: String,
    },
    /// Another process reads the source, and will set the cursor itself.
    #[serde(rename = "cursor.source_busy")]
    Busy {
        /// The source.
        name: String,
    },
    /// There is no cursor that could be forgotten.
    #[serde(rename = "cursor.not_found")]
    NoCursor {
        /// The source.
        name: String,
        /// The stream; empty: any.
        stream: String,
    },
    /// The connector has no such stream.
    #[serde(rename = "cursor.no_stream")]
    NoStream {
        /// The connector.
        connector: String,
        /// The stream, as it was asked for.
        stream: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// The connector would write another one.
    #[serde(rename = "cursor.not_one")]
    NotACursor {
        /// The connector.
        connector: String,
        /// As it was given.
        text: String,
        /// What is wrong with it.
        why: CursorFormatError,
    },
}

said_in_english!(CursorError);

impl CursorError {
    /// A stable code, for programs.
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

    /// Whether whoever asked has to ask otherwise; else the same may go well later.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        !matches!(self, Self::Busy { .. })
    }
}

/// A cursor as its connector writes it, as the JSON value that it is; as a text where it is none.
fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

fn as_value<S: Serializer>(text: &str, to: S) -> Result<S::Ok, S::Error> {
    value(text).serialize(to)
}

#[allow(clippy::ref_option, reason = "the signature is serde's")]
fn as_value_if_any<S: Serializer>(text: &Option<String>, to: S) -> Result<S::Ok, S::Error> {
    text.as_deref().map(value).serialize(to)
}

/// The cursor of one stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CursorShown {
    /// The source.
    pub source: String,
    /// Its connector.
    pub connector: String,
    /// The stream.
    pub stream: String,
    /// The cursor as its connector wrote it; in JSON the value that it is.
    #[serde(serialize_with = "as_value")]
    #[schemars(with = "Value")]
    pub cursor: String,
}

/// Which stream of which source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamName<'a> {
    /// The source.
    pub source: &'a str,
    /// The stream.
    pub stream: &'a str,
}

/// A cursor that was set, or forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CursorChanged {
    /// The source.
    pub source: String,
    /// The stream; none: every stream of the source.
    pub stream: Option<String>,
    /// The cursor as the connector writes it, in JSON the value that it is; none: it is read from the beginning.
    #[serde(serialize_with = "as_value_if_any")]
    #[schemars(with = "Option<Value>")]
    pub cursor: Option<String>,
}

/// Cursors, of one source or of all, by source and stream.
///
/// # Errors
/// [`OperationError::Store`].
pub async fn list(access: RegistryAccess<'_>, source: Option<&str>) -> Result<Page<CursorShown>, OperationError> {
    filters::check(access, &RowFilter { source: source.map(str::to_owned), ..RowFilter::default() }).await?;
    let rows = cursors::list(&access.opened.db, source.unwrap_or_default()).await?;
    let shown = rows.into_iter().map(|row| CursorShown {
        source: row.source,
        connector: row.connector,
        stream: row.stream,
        cursor: row.cursor,
    });
    Ok(Page::whole(shown.collect()))
}

/// Sets the cursor of a stream; it holds from the next sync on.
///
/// # Errors
/// [`CursorError`], [`NotFound::Connector`].
pub async fn set(
    access: RegistryAccess<'_>,
    act: Act<'_>,
    of: StreamName<'_>,
    text: &str,
) -> Result<CursorChanged, OperationError> {
    let registered = registry::read(&access.opened.db).await?;
    let mut tx = access.opened.db.begin().await?;
    let connector = connector_of(&mut tx, of.source).await?;
    let mut in_use = access.in_use(&registered)?;
    let Some(found) = in_use.found.remove(&connector) else { return Err(NotFound::Connector { connector }.into()) };
    let Some(stream) = found.manifest.stream(of.stream) else {
        let known = found.manifest.stream.iter().map(|stream| stream.name.clone()).collect();
        return Err(CursorError::NoStream { connector, stream: of.stream.to_owned(), known }.into());
    };
    let cursor = shipped::check_cursor(access.program.shipped, &found.manifest, stream, text)
        .map_err(|why| CursorError::NotACursor { connector, text: text.to_owned(), why })?;
    put(&mut tx, of, Some(&cursor)).await?;
    let detail = json!({ "stream": of.stream, "cursor": value(&cursor) });
    let entry = AuditEntry { action: "cursor.set", object: format!("source {}", of.source), detail };
    act.commit(tx, access.opened, entry).await?;
    let (source, stream) = (of.source.to_owned(), Some(of.stream.to_owned()));
    Ok(CursorChanged { source, stream, cursor: Some(cursor) })
}

/// Forgets the cursor of a stream, or of every stream of a source: they are read from the beginning.
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
    put(&mut tx, StreamName { source, stream: stream.unwrap_or_default() }, None).await?;
    let detail = json!({ "stream": stream });
    let entry = AuditEntry { action: "cursor.reset", object: format!("source {source}"), detail };
    act.commit(tx, opened, entry).await?;
    Ok(CursorChanged { source: source.to_owned(), stream: stream.map(str::to_owned), cursor: None })
}

/// The connector under which a source was read.
async fn connector_of(tx: &mut Tx, source: &str) -> Result<String, OperationError> {
    let booked = sources::booked(tx, source).await?;
    let (connector, _) = booked.ok_or_else(|| CursorError::NeverRead { name: source.to_owned() })?;
    Ok(connector)
}

async fn put(tx: &mut Tx, of: StreamName<'_>, cursor: Option<&str>) -> Result<(), OperationError> {
    let name = of.source.to_owned();
    match cursors::put(tx, of.source, of.stream, cursor).await? {
        Put::Unknown => Err(CursorError::NeverRead { name }.into()),
        Put::Busy => Err(CursorError::Busy { name }.into()),
        Put::Done(0) => Err(CursorError::NoCursor { name, stream: of.stream.to_owned() }.into()),
        Put::Done(_) => Ok(()),
    }
}
