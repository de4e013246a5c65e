//! A payload ready for the stages: text as it came, or the parts of what was unpacked.
//!
//! What a workbook or an archive unpacks to is one text: for every sheet and every member a line of JSON, the
//! [`Head`], and then as many bytes of body as it tells. A sheet's body has a line per row: row number, tab, JSON array.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::RecordRange;
use crate::decode::DecodeError;

/// A payload ready for the stages.
#[derive(Debug, Clone)]
pub enum Body<'a> {
    /// Text as it came.
    Text(Cow<'a, str>),
    /// What was unpacked, part after part.
    Parts(Arc<String>),
}

impl Body<'_> {
    /// Its parts; a payload of mere text is one part without a name.
    ///
    /// # Errors
    /// [`DecodeError::Inconsistent`] when what was unpacked does not hang together.
    pub fn parts(&self) -> Result<Vec<Part<'_>>, DecodeError> {
        match self {
            Self::Text(text) => Ok(vec![Part { head: Head::default(), text }]),
            Self::Parts(text) => split(text),
        }
    }
}

/// One member of an archive, one sheet of a workbook, or a whole payload.
#[derive(Debug, Clone)]
pub struct Part<'a> {
    /// What is told about it.
    pub head: Head<'a>,
    /// Its text.
    pub text: &'a str,
}

/// What is told about a part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head<'a> {
    /// The member of an archive it is, or comes from.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub member: Option<Cow<'a, str>>,
    /// The sheet of a workbook it is.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<Cow<'a, str>>,
    /// Merged cells: first row, first column, last row, last column, from 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<[u32; 4]>,
    /// Whether the workbook counts its days from 1904.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub epoch_1904: bool,
    /// Which of its records stand in the text; all of them without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Shown>,
    /// Lines left off between what stands above the records and the first of those shown.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lines: u64,
    /// Bytes of its text.
    pub bytes: usize,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// The records of a part that stand in its text, behind all that stands above the first one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Records before them.
    pub before: u32,
    /// How many they are.
    pub given: u32,
    /// All records of the part, where they were counted; then nothing of the payload was left off before its end.
    pub records: Option<u32>,
}

/// Which records of a payload stand in what was unpacked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cover {
    /// The first.
    first: u32,
    /// The first that does not; none where the last of the payload does.
    end: Option<u32>,
    /// Whether all records were counted.
    pub is_counted: bool,
    /// Whether every row is there.
    pub is_whole: bool,
}

impl Cover {
    /// Of what was unpacked.
    ///
    /// # Errors
    /// [`DecodeError::Inconsistent`] when it does not hang together.
    pub fn of(unpacked: &str) -> Result<Self, DecodeError> {
        let mut cover = Self { first: 0, end: None, is_counted: true, is_whole: true };
        let (mut base, mut given) = (0u32, 0u32);
        for part in split(unpacked)? {
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

    /// Whether a range of the records stands there, and what is behind it, where it is the last.
    #[must_use]
    pub fn has(&self, range: RecordRange) -> bool {
        self.is_whole || range.first >= self.first && self.end.is_none_or(|covered| range.end() <= covered)
    }
}

impl Head<'_> {
    /// Where a payload's part is found: `2014-10.zip › a.xlsx › 第一期`.
    #[must_use]
    pub fn address(&self, payload: &str) -> String {
        let labels = [Some(payload), self.member.as_deref(), self.sheet.as_deref()];
        labels.into_iter().flatten().filter(|label| !label.is_empty()).collect::<Vec<_>>().join(" › ")
    }

    /// Appends the part to what is unpacked.
    pub(super) fn write(self, text: &str, out: &mut String) {
        out.push_str(&self.line(text.len()));
        out.push_str(text);
    }

    /// The line before a text of so many bytes.
    pub(super) fn line(mut self, bytes: usize) -> String {
        self.bytes = bytes;
        serde_json::to_string(&self).unwrap_or_default() + "\n"
    }
}

fn split(mut rest: &str) -> Result<Vec<Part<'_>>, DecodeError> {
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
