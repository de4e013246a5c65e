//! Where in a sample its records stand.

use schemars::JsonSchema;
use serde::Serialize;

/// Where and how the records of a sample stand in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Layout {
    /// One JSON document.
    Json {
        /// Dotted path of the list; empty for a document that is the list itself.
        items: String,
        /// A path and the text that says that the answer is a good one.
        verdict: Option<(String, String)>,
        /// How further pages seem to be asked for.
        paging: Option<Paging>,
        /// `utf-8`, `gb18030`, `utf-16le` or `utf-16be`.
        encoding: String,
    },
    /// A JSON object per line.
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
        /// What separates the cells.
        delimiter: char,
        /// The header.
        header: Header,
    },
    /// A sheet of a workbook.
    Workbook {
        /// Name pattern of the sheets with this header.
        sheets: String,
        /// The header.
        header: Header,
    },
    /// A table of a web page that may call itself a workbook.
    Html {
        /// Encoding of the page.
        encoding: String,
        /// Which table of the page, as the decoder calls it; `*` for the only one.
        sheets: String,
        /// The header.
        header: Header,
    },
}

/// The header of a sheet or text table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Header {
    /// Its first row, from 1, as a spreadsheet shows it.
    pub row: u32,
    /// Its rows, 1 or 2.
    pub rows: u8,
    /// Words that begin the rows below the records, as they were met.
    pub end_markers: Vec<String>,
    /// Words that begin rows between the records that are none, as subtotals.
    pub skip_markers: Vec<String>,
}

/// How further pages seem to be asked for, by what stands beside the records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Paging {
    /// A token for the next page.
    Token {
        /// Its path.
        next: String,
    },
    /// A link to the next page.
    Link {
        /// Its path.
        next: String,
    },
    /// A page number with a page size, or a total.
    Number {
        /// Name beside the records, if there is one; the parameter is often called the same.
        page: Option<String>,
        /// Likewise for the page size.
        size: Option<String>,
    },
}

impl Layout {
    /// The format's name for people.
    #[must_use]
    pub fn format(&self) -> &'static str {
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

    /// The header, where there is one.
    #[must_use]
    pub fn header(&self) -> Option<&Header> {
        match self {
            Self::Delimited { header, .. } | Self::Workbook { header, .. } | Self::Html { header, .. } => Some(header),
            Self::Json { .. } | Self::JsonLines { .. } | Self::Xml { .. } => None,
        }
    }
}
