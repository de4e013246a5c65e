//! The variants that the gate makes of samples, and how a result can differ from the expected one.

use huiliu_decode::DecodeError;
use huiliu_messages::{Message, said_in_english};
use huiliu_platform::Failure;
use serde::Serialize;

/// A variant of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum VariantName {
    /// A login page instead of the sample.
    #[serde(rename = "variant.login_page")]
    LoginPage,
    /// No bytes.
    #[serde(rename = "variant.empty")]
    Empty,
    /// The sample cut off after a quarter of its bytes.
    #[serde(rename = "variant.first_quarter")]
    FirstQuarter,
    /// The sample cut off after half of its bytes.
    #[serde(rename = "variant.first_half")]
    FirstHalf,
    /// The sample cut off after nine tenths of its bytes.
    #[serde(rename = "variant.nine_tenths")]
    NineTenths,
    /// A byte order mark before the text.
    #[serde(rename = "variant.byte_order_mark")]
    ByteOrderMark,
    /// Blank lines before and after the text.
    #[serde(rename = "variant.blank_lines")]
    BlankLines,
    /// A title line above the header.
    #[serde(rename = "variant.title_line")]
    TitleLine,
    /// The other kind of line endings.
    #[serde(rename = "variant.line_ends")]
    LineEnds,
    /// UTF-8 with a byte order mark.
    #[serde(rename = "variant.utf8_mark")]
    Utf8Mark,
    /// The text encoded in GB18030.
    #[serde(rename = "variant.gb18030")]
    Gb18030,
    /// The table without its header line.
    #[serde(rename = "variant.no_header")]
    NoHeader,
    /// The columns in reverse order.
    #[serde(rename = "variant.reversed_columns")]
    ReversedColumns,
    /// Status 429 before the page.
    #[serde(rename = "variant.status")]
    Status {
        /// HTTP status, such as 429.
        status: u16,
    },
    /// A login page with status 200 before the page.
    #[serde(rename = "variant.login_first")]
    LoginFirst,
    /// An answer that breaks off before the page.
    #[serde(rename = "variant.cut_answer")]
    CutAnswer,
}

/// How a result differs from the expected one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum Difference {
    /// The expected results are not a JSON array.
    #[serde(rename = "difference.expected_results")]
    ExpectedResults {
        /// What the parser says.
        why: String,
    },
    /// The manifest has no such stream.
    #[serde(rename = "difference.no_stream")]
    NoStream {
        /// The stream's name.
        stream: String,
    },
    /// The payload is refused although it should be read.
    #[serde(rename = "difference.refused")]
    Refused {
        /// The decoder's error.
        why: DecodeError,
    },
    /// A record has another outcome.
    #[serde(rename = "difference.record")]
    Record {
        /// The record's number, from 1.
        record: usize,
        /// Its outcome, as JSON.
        found: String,
        /// The expected outcome, as JSON.
        expected: String,
    },
    /// There are more records, or fewer.
    #[serde(rename = "difference.record_count")]
    RecordCount {
        /// Records found.
        found: usize,
        /// Records expected.
        expected: usize,
    },
    /// A payload that should be refused gives records.
    #[serde(rename = "difference.taken")]
    Taken {
        /// Records found.
        records: usize,
    },
    /// A spoiled payload gives a record that the sample does not have.
    #[serde(rename = "difference.new_record")]
    NewRecord {
        /// Its outcome, as JSON.
        found: String,
    },
    /// The connector did not send a request.
    #[serde(rename = "difference.no_request")]
    NoRequest,
    /// A spoiled answer was taken for a page of records.
    #[serde(rename = "difference.page_taken")]
    PageTaken {
        /// Records counted in it; nothing if they could not be counted.
        records: Option<u32>,
    },
    /// A message contains the password.
    #[serde(rename = "difference.password")]
    PasswordTold,
    /// The connector fails where it should not.
    #[serde(rename = "difference.failure")]
    Failed {
        /// The connector's error.
        why: Message,
    },
    /// There is no page after the spoiled answer.
    #[serde(rename = "difference.no_page")]
    NoPageAfterwards,
    /// The page after the spoiled answer has another number of records than the sample.
    #[serde(rename = "difference.count_afterwards")]
    CountAfterwards {
        /// Records of the page; nothing if they could not be counted.
        records: Option<u32>,
        /// Records of the sample.
        expected: u32,
    },
}

said_in_english!(VariantName, Difference);

impl Difference {
    /// Creates the difference for a connector that fails where it should not.
    pub(super) fn from_failure(failure: &Failure) -> Self {
        Self::Failed { why: Message::new(failure) }
    }
}
