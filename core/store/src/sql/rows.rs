//! Data going into statements and coming out: in-memory relations, scalars and result rows.

use std::borrow::Cow;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::sql::error::StoreError;
use huiliu_vault::keys::hex_encode;

/// A scalar to bind, or a cell of a result row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// SQL NULL; bound as an integer.
    Null,
    /// An integer, also for booleans (0 or 1).
    Int(i64),
    /// A text value. What must not be stored in it is masked; see [`crate::sql::text_guard`].
    Text(String),
    /// A text that is stored as it is, because the program reads it again, such as a manifest. Never a cell of a result.
    Verbatim(String),
    /// A value of bytes.
    Bytes(Vec<u8>),
}

impl From<i64> for Value {
    fn from(v: i64) -> Self {
        Self::Int(v)
    }
}
impl From<&str> for Value {
    fn from(v: &str) -> Self {
        Self::Text(v.to_owned())
    }
}
impl From<String> for Value {
    fn from(v: String) -> Self {
        Self::Text(v)
    }
}
impl From<Vec<u8>> for Value {
    fn from(v: Vec<u8>) -> Self {
        Self::Bytes(v)
    }
}
impl From<&[u8]> for Value {
    fn from(v: &[u8]) -> Self {
        Self::Bytes(v.to_vec())
    }
}

/// A column of an in-memory relation.
#[derive(Debug, Clone)]
pub(crate) enum Column<'a> {
    Int(Vec<Option<i64>>),
    /// For a column of four bytes.
    Short(Vec<Option<i32>>),
    Text(Vec<Option<Cow<'a, str>>>),
    Bytes(Vec<Option<&'a [u8]>>),
}

/// An in-memory relation. It is bound to `{rows}` (arrays on PostgreSQL, one JSON text on SQLite) or inserted into a
/// table.
#[derive(Debug, Clone, Default)]
pub struct Rows<'a> {
    pub(crate) columns: Vec<(&'static str, Column<'a>)>,
}

impl<'a> Rows<'a> {
    /// Makes a relation without columns.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an integer column.
    #[must_use]
    pub fn int(mut self, name: &'static str, values: impl IntoIterator<Item = Option<i64>>) -> Self {
        self.columns.push((name, Column::Int(values.into_iter().collect())));
        self
    }

    /// Adds an integer column for a column of four bytes, of numbers that are small by what they mean: ids of few rows, scores,
    /// positions in a payload. One that needs more would become null.
    #[must_use]
    pub fn short(mut self, name: &'static str, values: impl IntoIterator<Item = Option<i64>>) -> Self {
        let values = values.into_iter().map(|value| value.and_then(|value| i32::try_from(value).ok()));
        self.columns.push((name, Column::Short(values.collect())));
        self
    }

    /// Adds a text column.
    #[must_use]
    pub fn text(mut self, name: &'static str, values: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let texts = values.into_iter().map(|text| text.map(Cow::Borrowed)).collect();
        self.columns.push((name, Column::Text(texts)));
        self
    }

    /// Adds a column of bytes without nulls.
    #[must_use]
    pub fn bytes(mut self, name: &'static str, values: impl IntoIterator<Item = &'a [u8]>) -> Self {
        self.columns.push((name, Column::Bytes(values.into_iter().map(Some).collect())));
        self
    }

    /// Adds a column of bytes that may be null.
    #[must_use]
    pub fn opt_bytes(mut self, name: &'static str, values: impl IntoIterator<Item = Option<&'a [u8]>>) -> Self {
        self.columns.push((name, Column::Bytes(values.into_iter().collect())));
        self
    }

    /// Returns the number of rows.
    pub(crate) fn len(&self) -> usize {
        self.columns.first().map_or(0, |(_, c)| match c {
            Column::Int(v) => v.len(),
            Column::Short(v) => v.len(),
            Column::Text(v) => v.len(),
            Column::Bytes(v) => v.len(),
        })
    }

    /// Returns the names of the columns.
    pub fn column_names(&self) -> impl Iterator<Item = &'static str> {
        self.columns.iter().map(|(name, _)| *name)
    }

    pub(crate) fn name_list(&self) -> String {
        self.column_names().collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn pg_relation(&self, first: usize) -> String {
        let arrays: Vec<String> = self
            .columns
            .iter()
            .enumerate()
            .map(|(i, (_, c))| {
                let kind = match c {
                    Column::Int(_) => "bigint",
                    Column::Short(_) => "integer",
                    Column::Text(_) => "text",
                    Column::Bytes(_) => "bytea",
                };
                format!("${}::{kind}[]", first + i)
            })
            .collect();
        format!("unnest({}) AS incoming ({})", arrays.join(", "), self.name_list())
    }

    pub(crate) fn lite_relation(&self, first: usize) -> String {
        let columns: Vec<String> = self
            .columns
            .iter()
            .enumerate()
            .map(|(i, (name, c))| match c {
                Column::Bytes(_) => format!("unhex(value->>{i}) AS {name}"),
                _ => format!("value->>{i} AS {name}"),
            })
            .collect();
        // The outer LIMIT -1 keeps the planner from folding the JSON into the outer statement and parsing it again for
        // every row. The inner one keeps it from converting a row to text again for each column, which takes three
        // times as long with 28 columns.
        let rows = format!("SELECT value FROM json_each(${first}) LIMIT -1");
        format!("(SELECT {} FROM ({rows}) LIMIT -1) AS incoming", columns.join(", "))
    }

    pub(crate) fn to_json(&self) -> Result<String, StoreError> {
        let mut out = Vec::with_capacity(self.len() * self.columns.len() * 12);
        let broken = |e: serde_json::Error| StoreError::Column { column: e.to_string() };
        out.push(b'[');
        for i in 0..self.len() {
            out.extend_from_slice(if i == 0 { b"[" } else { b",[" });
            for (n, (_, column)) in self.columns.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                match column {
                    Column::Int(v) => serde_json::to_writer(&mut out, &v[i]).map_err(broken)?,
                    Column::Short(v) => serde_json::to_writer(&mut out, &v[i]).map_err(broken)?,
                    Column::Text(v) => serde_json::to_writer(&mut out, &v[i]).map_err(broken)?,
                    Column::Bytes(v) => {
                        let hex = v[i].map(hex_encode);
                        serde_json::to_writer(&mut out, &hex).map_err(broken)?;
                    }
                }
            }
            out.push(b']');
        }
        out.push(b']');
        String::from_utf8(out).map_err(|e| StoreError::Column { column: e.to_string() })
    }

    /// Encodes the rows in PostgreSQL's binary COPY format: a header; for each row a field count, and for each field
    /// its length and bytes; a trailer.
    pub(crate) fn to_pg_copy(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + self.len() * self.columns.len() * 20);
        out.extend_from_slice(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0");
        let count = i16::try_from(self.columns.len()).unwrap_or(i16::MAX).to_be_bytes();
        let field = |out: &mut Vec<u8>, bytes: Option<&[u8]>| match bytes {
            Some(bytes) => {
                out.extend_from_slice(&i32::try_from(bytes.len()).unwrap_or(i32::MAX).to_be_bytes());
                out.extend_from_slice(bytes);
            }
            None => out.extend_from_slice(&(-1i32).to_be_bytes()),
        };
        for i in 0..self.len() {
            out.extend_from_slice(&count);
            for (_, column) in &self.columns {
                match column {
                    Column::Int(v) => field(&mut out, v[i].map(i64::to_be_bytes).as_ref().map(<[u8; 8]>::as_slice)),
                    Column::Short(v) => field(&mut out, v[i].map(i32::to_be_bytes).as_ref().map(<[u8; 4]>::as_slice)),
                    Column::Text(v) => field(&mut out, v[i].as_deref().map(str::as_bytes)),
                    Column::Bytes(v) => field(&mut out, v[i]),
                }
            }
        }
        out.extend_from_slice(&(-1i16).to_be_bytes());
        out
    }
}

/// The names of a result's columns.
#[derive(Debug, Default)]
pub(crate) struct ColumnNames {
    names: Vec<String>,
    /// The column after the one that was found last. Most readers ask for the columns of each row in one order.
    next: AtomicUsize,
}

impl ColumnNames {
    pub fn new(names: Vec<String>) -> Self {
        Self { names, next: AtomicUsize::new(0) }
    }

    pub fn len(&self) -> usize {
        self.names.len()
    }

    fn find_place(&self, name: &str) -> Option<usize> {
        let (before, after) = self.names.split_at(self.next.load(Ordering::Relaxed).min(self.names.len()));
        let is_it = |of: &String| of == name;
        let later = after.iter().position(is_it).map(|place| before.len() + place);
        let place = later.or_else(|| before.iter().position(is_it))?;
        self.next.store(place + 1, Ordering::Relaxed);
        Some(place)
    }
}

/// A result row. Its cells are found by column name.
#[derive(Debug, Clone)]
pub struct Row {
    pub(crate) names: Arc<ColumnNames>,
    pub(crate) cells: Vec<Value>,
}

impl Row {
    fn find_cell(&self, name: &str) -> Result<&Value, StoreError> {
        let place = self.names.find_place(name);
        place.and_then(|i| self.cells.get(i)).ok_or_else(|| StoreError::Column { column: name.to_owned() })
    }

    /// Returns an integer that must not be null.
    ///
    /// # Errors
    /// [`StoreError::Column`] if the column is missing, null or of another type.
    pub fn int(&self, name: &str) -> Result<i64, StoreError> {
        self.opt_int(name)?.ok_or_else(|| StoreError::Column { column: name.to_owned() })
    }

    /// Returns an integer, or `None` for null.
    ///
    /// # Errors
    /// [`StoreError::Column`] if the column is missing or of another type.
    pub fn opt_int(&self, name: &str) -> Result<Option<i64>, StoreError> {
        match self.find_cell(name)? {
            Value::Int(v) => Ok(Some(*v)),
            Value::Null => Ok(None),
            _ => Err(StoreError::Column { column: name.to_owned() }),
        }
    }

    /// Moves out a text that must not be null.
    ///
    /// # Errors
    /// [`StoreError::Column`] if the column is missing, null or of another type.
    pub fn take_text(&mut self, name: &str) -> Result<String, StoreError> {
        self.take_opt_text(name)?.ok_or_else(|| StoreError::Column { column: name.to_owned() })
    }

    /// Moves out a text, or returns `None` for null.
    ///
    /// # Errors
    /// [`StoreError::Column`] if the column is missing or of another type.
    pub fn take_opt_text(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        let place = self.names.find_place(name);
        match place.and_then(|i| self.cells.get_mut(i)).map(|cell| std::mem::replace(cell, Value::Null)) {
            Some(Value::Text(v)) => Ok(Some(v)),
            Some(Value::Null) => Ok(None),
            _ => Err(StoreError::Column { column: name.to_owned() }),
        }
    }

    /// Returns a text that must not be null.
    ///
    /// # Errors
    /// [`StoreError::Column`] if the column is missing, null or of another type.
    pub fn text(&self, name: &str) -> Result<String, StoreError> {
        self.opt_text(name)?.ok_or_else(|| StoreError::Column { column: name.to_owned() })
    }

    /// Returns a text, or `None` for null.
    ///
    /// # Errors
    /// [`StoreError::Column`] if the column is missing or of another type.
    pub fn opt_text(&self, name: &str) -> Result<Option<String>, StoreError> {
        match self.find_cell(name)? {
            Value::Text(v) => Ok(Some(v.clone())),
            Value::Null => Ok(None),
            _ => Err(StoreError::Column { column: name.to_owned() }),
        }
    }

    /// Parses a text that must not be null, such as a state, an outcome or a kind.
    ///
    /// # Errors
    /// [`StoreError::Column`] if the column is missing, null or of another type, or if this program does not know the
    /// value.
    pub fn parse_text<T: FromStr>(&self, name: &str) -> Result<T, StoreError> {
        match self.find_cell(name)? {
            Value::Text(word) => word.parse().map_err(|_| StoreError::Column { column: format!("{name} {word:?}") }),
            _ => Err(StoreError::Column { column: name.to_owned() }),
        }
    }

    /// Returns bytes that must not be null.
    ///
    /// # Errors
    /// [`StoreError::Column`] if the column is missing, null or of another type.
    pub fn bytes(&self, name: &str) -> Result<Vec<u8>, StoreError> {
        self.opt_bytes(name)?.ok_or_else(|| StoreError::Column { column: name.to_owned() })
    }

    /// Moves out bytes that must not be null, which avoids copying a large value.
    ///
    /// # Errors
    /// [`StoreError::Column`] if the column is missing, null or of another type.
    pub fn take_bytes(&mut self, name: &str) -> Result<Vec<u8>, StoreError> {
        let place = self.names.find_place(name);
        match place.and_then(|i| self.cells.get_mut(i)).map(|cell| std::mem::replace(cell, Value::Null)) {
            Some(Value::Bytes(v)) => Ok(v),
            _ => Err(StoreError::Column { column: name.to_owned() }),
        }
    }

    /// Returns bytes, or `None` for null.
    ///
    /// # Errors
    /// [`StoreError::Column`] if the column is missing or of another type.
    pub fn opt_bytes(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match self.find_cell(name)? {
            Value::Bytes(v) => Ok(Some(v.clone())),
            Value::Null => Ok(None),
            _ => Err(StoreError::Column { column: name.to_owned() }),
        }
    }
}
