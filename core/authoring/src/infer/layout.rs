//! Describes where the records are in a sample.

use schemars::JsonSchema;
use serde::Serialize;

/// The value by which a platform marks a successful answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SuccessMark {
    /// Dotted path of the value.
    pub path: String,
    /// Its text.
    pub value: String,
}

/// Where and in which form the records are in a sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Layout {
    /// One JSON document.
    Json {
        /// Dotted path of the list; empty if the document itself is the list.
        items: String,
        /// What marks a successful answer.
        verdict: Option<SuccessMark>,
        /// How further pages are probably requested.
        paging: Option<Paging>,
        /// `utf-8`, `gb18030`, `utf-16le` or `utf-16be`.
        encoding: String,
    },
    /// One JSON object per line.
    JsonLines {
        /// `utf-8`, `gb18030`, `utf-16le` or `utf-16be`.
        encoding: String,
    },
    /// One XML document.
    Xml {
        /// Local name of the root element.
        root: String,
        /// Dotted path of a record's element below the root.
        item: String,
        /// `utf-8`, `gb18030`, `utf-16le` or `utf-16be`.
        encoding: String,
    },
    /// Lines of separated cells.
    Delimited {
        /// `utf-8`, `gb18030`, `utf-16le` or `utf-16be`.
        encoding: String,
        /// The character between cells.
        delimiter: char,
        /// The table's header.
        header: Header,
    },
    /// A sheet of a workbook.
    Workbook {
        /// Name pattern of the sheets with this header.
        sheets: String,
        /// The sheet's header.
        header: Header,
    },
    /// A table in a web page, whose file may be named as a workbook.
    Html {
        /// Encoding of the page.
        encoding: String,
        /// The table's name in the decoder; `*` if it is the only one.
        sheets: String,
        /// The table's header.
        header: Header,
    },
}

/// The header of a sheet or text table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Header {
    /// Its first row, counted from 1 as a spreadsheet shows it.
    pub row: u32,
    /// Number of header rows, 1 or 2.
    pub rows: u8,
    /// Words that begin the rows below the records, as found in the sample.
    pub end_markers: Vec<String>,
    /// Words that begin rows between the records that are not records, such as subtotals.
    pub skip_markers: Vec<String>,
}

/// How further pages are probably requested, judged by the values beside the records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Paging {
    /// By a token for the next page.
    Token {
        /// Path of the token.
        next: String,
    },
    /// By a link to the next page.
    Link {
        /// Path of the link.
        next: String,
    },
    /// By page number, with a page size or a total.
    Number {
        /// Name of the page number in the answer, if present; the parameter often has the same name.
        page: Option<String>,
        /// Name of the page size in the answer, likewise.
        size: Option<String>,
    },
}

impl Layout {
    /// Returns the format's display name.
    #[must_use]
    pub fn format_name(&self) -> &'static str {
        match self {
            Self::Json { .. } => "JSON",
            Self::JsonLines { .. } => "JSON Lines",
            Self::Xml { .. } => "XML",
            Self::Delimited { delimiter: '\t', .. } => "TSV",
            Self::Delimited { .. } => "CSV",
            Self::Workbook { .. } => "workbook",
            Self::Html { .. } => "HTML table",
        }
    }

    /// Returns the path of the list of records, if the layout has one.
    #[must_use]
    pub fn item_path(&self) -> Option<&str> {
        match self {
            Self::Json { items: path, .. } | Self::Xml { item: path, .. } => Some(path),
            _ => None,
        }
    }

    /// Returns the header, if the layout has one.
    #[must_use]
    pub fn header(&self) -> Option<&Header> {
        match self {
            Self::Delimited { header, .. } | Self::Workbook { header, .. } | Self::Html { header, .. } => Some(header),
            Self::Json { .. } | Self::JsonLines { .. } | Self::Xml { .. } => None,
        }
    }
}
