//! A payload ready for the stages: plain text, or the parts that it was unpacked to.
//!
//! A workbook or an archive is unpacked to one text. Each sheet and each member is a line of JSON, the [`Head`],
//! followed by a body of as many bytes as the head says. A sheet's body has one line per row: row number, tab, JSON
//! array.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::RecordRange;
use crate::accounting::TableCount;
use crate::decode::DecodeError;

/// A payload ready for the stages.
#[derive(Debug, Clone)]
pub enum Body<'a> {
    /// Plain text.
    Text(Cow<'a, str>),
    /// The unpacked parts, one after the other, in the form that the module describes.
    Parts(Arc<String>),
}

impl Body<'_> {
    /// Returns the length of the text in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Parts(text) => text.len(),
        }
    }

    /// Returns whether there is no text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the parts that are read; plain text is one part without a name.
    ///
    /// # Errors
    /// Returns [`DecodeError::Inconsistent`] if the unpacked text is not well-formed.
    pub fn split_parts(&self) -> Result<Vec<Part<'_>>, DecodeError> {
        let all = self.split_all_parts()?;
        Ok(all.into_iter().filter(|part| !part.head.is_left_out()).collect())
    }

    /// Returns the parts, and an empty part for each sheet that is left out.
    pub(crate) fn split_all_parts(&self) -> Result<Vec<Part<'_>>, DecodeError> {
        match self {
            Self::Text(text) => Ok(vec![Part { head: Head::default(), text }]),
            Self::Parts(text) => split_unpacked(text),
        }
    }
}

/// One member of an archive, one sheet of a workbook, or a whole payload.
#[derive(Debug, Clone)]
pub struct Part<'a> {
    /// Description of the part.
    pub head: Head<'a>,
    /// Body of the part.
    pub text: &'a str,
}

/// Description of a part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head<'a> {
    /// The archive member that the part is, or comes from.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub member: Option<Cow<'a, str>>,
    /// The workbook sheet that the part is.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<Cow<'a, str>>,
    /// Merged cells: first row, first column, last row, last column, from 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<[u32; 4]>,
    /// Whether the workbook counts its days from 1904.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub epoch_1904: bool,
    /// The records in the text, if it does not have all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<RecordSpan>,
    /// Number of lines left out between the lines above the records and the first record in the text.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lines: u64,
    /// Whether the sheet is hidden.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
    /// Number of its rows that are not empty and hidden, and of its columns that are hidden.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub hidden_rows: u64,
    /// See `hidden_rows`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub hidden_columns: u64,
    /// What the rows of the part were taken for, if all of them were read although the text does not have them. A part
    /// that is left out has no text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<TableCount>,
    /// Length of the text in bytes.
    pub bytes: usize,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// The records in a part's text. The text also has everything above the first record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordSpan {
    /// Number of records before them.
    pub before: u32,
    /// Number of records in the text.
    pub given: u32,
    /// Number of records in the whole part, if they were counted. `None` if unpacking stopped before the part's end;
    /// then no further records follow.
    pub records: Option<u32>,
}

/// The range of a payload's records that its unpacked text contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordCoverage {
    /// Index of the first record.
    first: u32,
    /// Index after the last record; `None` if the range reaches the payload's last record.
    end: Option<u32>,
    /// Whether all records of the payload were counted.
    pub is_counted: bool,
    /// Whether the text has every row.
    pub is_whole: bool,
}

impl RecordCoverage {
    /// Reads the range from the heads of an unpacked text.
    ///
    /// # Errors
    /// Returns [`DecodeError::Inconsistent`] if the text is not well-formed.
    pub fn from_unpacked(unpacked: &str) -> Result<Self, DecodeError> {
        let mut cover = Self { first: 0, end: None, is_counted: true, is_whole: true };
        let (mut base, mut given) = (0u32, 0u32);
        for part in split_unpacked(unpacked)? {
            let Some(shown) = part.head.shown else { continue };
            let begins = base.saturating_add(shown.before);
            if given == 0 {
                cover.first = begins;
            }
            given = given.saturating_add(shown.given);
            cover.is_whole = false;
            cover.is_counted = shown.records.is_some();
            let behind = begins.saturating_add(shown.given);
            match shown.records {
                Some(records) => {
                    base = base.saturating_add(records);
                    if cover.end.is_none() && behind < base {
                        cover.end = Some(behind);
                    }
                }
                None => {
                    cover.end = cover.end.or(Some(behind));
                    break;
                }
            }
        }
        Ok(cover)
    }

    /// Returns whether the text contains all records of `range`.
    #[must_use]
    pub fn has_range(&self, range: RecordRange) -> bool {
        self.is_whole || range.first >= self.first && self.end.is_none_or(|covered| range.end() <= covered)
    }
}

impl Head<'_> {
    /// Returns whether the part was left out.
    #[must_use]
    pub fn is_left_out(&self) -> bool {
        self.count.as_ref().is_some_and(|count| count.left_out.is_some())
    }

    /// Formats the address of a payload's part: `2014-10.zip › a.xlsx › 第一期`.
    #[must_use]
    pub fn format_address(&self, payload: &str) -> String {
        let labels = [Some(payload), self.member.as_deref(), self.sheet.as_deref()];
        labels.into_iter().flatten().filter(|label| !label.is_empty()).collect::<Vec<_>>().join(" › ")
    }

    /// Appends the part to the unpacked text.
    pub(super) fn write_part(self, text: &str, out: &mut String) {
        out.push_str(&self.into_json_line(text.len()));
        out.push_str(text);
    }

    /// Returns the line of JSON that comes before a text of `bytes` bytes.
    pub(super) fn into_json_line(mut self, bytes: usize) -> String {
        self.bytes = bytes;
        serde_json::to_string(&self).unwrap_or_default() + "\n"
    }
}

fn split_unpacked(mut rest: &str) -> Result<Vec<Part<'_>>, DecodeError> {
    let torn = || DecodeError::Inconsistent;
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let (head, after) = rest.split_once('\n').ok_or_else(torn)?;
        let head: Head<'_> = serde_json::from_str(head).map_err(|_| torn())?;
        let (text, next) = after.split_at_checked(head.bytes).ok_or_else(torn)?;
        parts.push(Part { head, text });
        rest = next;
    }
    Ok(parts)
}
