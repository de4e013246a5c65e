//! The first form of the manifest language: where a platform is read, how it is decoded, which field is which.
//!
//! A manifest is checked when it is loaded: an unknown key, a required field that is not mapped, an unknown unit or
//! a missing header is an error with file and line, before anything runs.

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;

/// What is wrong with a manifest.
#[derive(Debug, Error)]
pub enum ManifestFault {
    /// It does not parse.
    #[error("{file}: {source}")]
    Form {
        /// The manifest's file name.
        file: String,
        /// The parser's words, with line and column.
        source: Box<toml::de::Error>,
    },
    /// It parses and cannot work.
    #[error("{file}: stream {stream}: {why}")]
    Check {
        /// The manifest's file name.
        file: String,
        /// The stream.
        stream: String,
        /// What is expected.
        why: String,
    },
}

/// The canonical fields a manifest can map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant is the field of the draft of the same name")]
pub enum Field {
    RecordName,
    Name,
    IdNumber,
    SchoolCode,
    ProjectCode,
    ProjectTitle,
    CourseCode,
    CourseTitle,
    Role,
    Mode,
    DeliveryCode,
    CategoryCode,
    Required,
    Tier,
    Place,
    Hours,
    PeriodStart,
    PeriodEnd,
    CertificateNumber,
    ScoreLearning,
    ScoreActivity,
    ScoreArtefact,
}

impl Field {
    /// The field's name in codes, files and tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RecordName => "record_name",
            Self::Name => "name",
            Self::IdNumber => "id_number",
            Self::SchoolCode => "school_code",
            Self::ProjectCode => "project_code",
            Self::ProjectTitle => "project_title",
            Self::CourseCode => "course_code",
            Self::CourseTitle => "course_title",
            Self::Role => "role",
            Self::Mode => "mode",
            Self::DeliveryCode => "delivery_code",
            Self::CategoryCode => "category_code",
            Self::Required => "required",
            Self::Tier => "tier",
            Self::Place => "place",
            Self::Hours => "hours",
            Self::PeriodStart => "period_start",
            Self::PeriodEnd => "period_end",
            Self::CertificateNumber => "certificate_number",
            Self::ScoreLearning => "score.learning",
            Self::ScoreActivity => "score.activity",
            Self::ScoreArtefact => "score.artefact",
        }
    }
}

/// The declarative description of one kind of platform.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the manifest language; 1.
    pub manifest: u32,
    /// Connector id.
    pub id: String,
    /// Version of this manifest, raised with every change.
    pub version: i64,
    /// Title in Chinese.
    pub title_zh: String,
    /// Title in English.
    pub title_en: String,
    /// On what the description rests.
    pub profile: String,
    /// How the platform is reached.
    pub transport: Transport,
    /// Its streams, in the order they are read.
    #[serde(rename = "stream")]
    pub streams: Vec<Stream>,
}

/// How a platform is reached.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "lowercase")]
pub enum Transport {
    /// HTTP; the base URL and credentials are the source's settings.
    Http {
        /// How requests are authorised.
        auth: Auth,
        /// Where an OAuth2 token is fetched.
        #[serde(default)]
        token_path: Option<String>,
    },
    /// Files dropped in a folder that the source's settings name, taken in the order of their names.
    Files {
        /// Patterns of their names, each with one `*`.
        names: Vec<String>,
        /// How the same files are fetched, for a source that has a base URL and no folder.
        #[serde(default)]
        download: Option<Box<Download>>,
    },
}

/// Files that a platform lists and gives out over HTTP, each request signed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Download {
    /// Path of the listing, one JSON document.
    pub list: String,
    /// Path of the array of files in the listing.
    pub items: String,
    /// Path of a file's name in an item.
    pub name: String,
    /// Path of a file.
    pub file: String,
    /// Query parameter of the file's name.
    pub param: String,
    /// How requests are signed.
    pub sign: Sign,
}

/// A signature by HMAC-SHA256, in lower-case hexadecimal digits, over `name=value` of the query parameters in an order
/// that is declared, joined by `&`; a parameter that a request does not have is left out. Signed anew at every attempt.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sign {
    /// Query parameter of the application id: the source's user. The key is the source's password.
    pub app_id: String,
    /// Query parameter of the time, in seconds since 1970.
    pub timestamp: String,
    /// Query parameter of a number used once, 32 hexadecimal digits.
    pub nonce: String,
    /// Query parameter of the signature.
    pub signature: String,
    /// The parameters that are signed, in this order.
    pub order: Vec<String>,
}

/// How requests are authorised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Auth {
    /// Not at all.
    None,
    /// User name and password with every request.
    Basic,
    /// OAuth2 client credentials.
    Oauth2,
    /// A key in the header `api-key`: the source's password.
    #[serde(rename = "api_key")]
    ApiKey,
}

/// One kind of record of a source.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// Name within the connector.
    pub name: String,
    /// `progress`, `course_completion`, `certificate`…
    pub kind: Kind,
    /// Path under the base URL (HTTP only).
    #[serde(default)]
    pub path: String,
    /// Paging (HTTP only).
    #[serde(default)]
    pub page: Option<Paging>,
    /// How the platform is asked for what has changed since a day (HTTP only); without it every pass reads all.
    #[serde(default)]
    pub since: Option<Since>,
    /// How bytes become raw records.
    pub format: Format,
    /// Whether a payload may be an archive of such bytes.
    #[serde(default)]
    pub archive: Option<Archive>,
    /// The raw fields that make a record the same record.
    pub record_key: Vec<String>,
    /// Where the source version comes from.
    pub version: VersionFrom,
    /// What decides that the teacher passed.
    pub pass: PassRule,
    /// The unit of the mapped hours; the policy file converts it.
    pub hours_unit: String,
    /// Canonical field → raw path.
    pub map: BTreeMap<Field, String>,
    /// Canonical field → the same value for every record.
    #[serde(default)]
    pub constant: BTreeMap<Field, String>,
    /// Canonical field → a suffix taken off before the value is read.
    #[serde(default)]
    pub strip_suffix: BTreeMap<Field, String>,
}

/// What a record is. Only completions and certificates can carry credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Cumulative progress, sent every ten days: informs.
    Progress,
    /// A course completed.
    CourseCompletion,
    /// A project completed.
    ProjectCompletion,
    /// A certificate of a programme.
    Certificate,
    /// An assessment sent by itself.
    Assessment,
    /// A pre-test before training.
    Diagnostic,
    /// An enrolment.
    Enrolment,
}

impl Kind {
    /// The word in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Progress => "progress",
            Self::CourseCompletion => "course_completion",
            Self::ProjectCompletion => "project_completion",
            Self::Certificate => "certificate",
            Self::Assessment => "assessment",
            Self::Diagnostic => "diagnostic",
            Self::Enrolment => "enrolment",
        }
    }
}

/// How a platform is asked for what has changed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Since {
    /// Query parameter of the day, YYYY-MM-DD.
    pub param: String,
    /// Days before the last pass that are asked for again, for rows that come late.
    #[serde(default = "one")]
    pub lookback_days: u64,
}

fn one() -> u64 {
    1
}

fn one_row() -> u8 {
    1
}

/// How a listing is paged.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, tag = "by", rename_all = "lowercase")]
pub enum Paging {
    /// A token in the body leads to the next page.
    Token {
        /// Query parameter that carries it.
        param: String,
        /// Path of the next token in the body; null or absent ends the listing.
        next: String,
        /// Query parameter of the page size.
        size_param: String,
        /// Records per page, at most 5,000.
        size: u32,
    },
    /// A link in the body leads to the next page, as OData's `@odata.nextLink`; it must lead to the same host.
    Link {
        /// Path of the link in the body; null or absent ends the listing.
        next: String,
        /// Query parameter of the page size, for the first page; the links carry it on.
        size_param: String,
        /// Records per page, at most 5,000.
        size: u32,
    },
    /// Pages are numbered from 1; a page with fewer records than asked ends the listing.
    Number {
        /// Query parameter of the page number.
        param: String,
        /// Query parameter of the page size.
        size_param: String,
        /// Records per page, at most 5,000.
        size: u32,
    },
}

/// How bytes become raw records.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "lowercase")]
pub enum Format {
    /// One JSON document per page.
    Json {
        /// Path of the array of records.
        items: String,
        /// Path that must hold `ok_value` in a good answer.
        #[serde(default)]
        ok_path: Option<String>,
        /// See `ok_path`.
        #[serde(default)]
        ok_value: Option<String>,
    },
    /// One XML document per page; no DOCTYPE is accepted.
    Xml {
        /// Element of one record.
        item: String,
        /// The document's root element.
        root: String,
    },
    /// A CSV file with title lines above the header and signature lines below.
    Csv {
        /// `gb18030` or `utf-8`.
        encoding: String,
        /// Cells by which the header line is found.
        header: Vec<String>,
        /// A line whose first cell starts with this ends the records.
        #[serde(default)]
        end_marker: Option<String>,
    },
    /// A workbook (.xlsx, .xls, .ods): title lines above the header, signature lines below.
    Workbook {
        /// Name pattern of the sheets that are read, with one `*`.
        sheets: String,
        /// Names of columns by which the header is found. No space in a sheet's header counts.
        header: Vec<String>,
        /// Rows of the header, 1 or 2; with two, a column is named `upper/lower`, or by the one that is there.
        #[serde(default = "one_row")]
        header_rows: u8,
        /// A row whose first text begins with one of these ends the records; no space in the row counts.
        #[serde(default)]
        end_markers: Vec<String>,
    },
}

impl Format {
    /// The encoding of its text; a workbook has none of its own.
    #[must_use]
    pub fn encoding(&self) -> &str {
        match self {
            Self::Csv { encoding, .. } => encoding,
            Self::Json { .. } | Self::Xml { .. } | Self::Workbook { .. } => "utf-8",
        }
    }
}

/// An archive in which payloads of a stream may come.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "lowercase")]
pub enum Archive {
    /// ZIP; it is told by its first bytes.
    Zip {
        /// Name pattern of the members that are read, with one `*`.
        members: String,
    },
}

impl Archive {
    /// Name pattern of the members that are read.
    #[must_use]
    pub fn members(&self) -> &str {
        match self {
            Self::Zip { members } => members,
        }
    }
}

/// Whether a name is like a pattern, of which the first `*` stands for anything.
#[must_use]
pub fn named_like(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        Some((head, tail)) => name.len() >= head.len() + tail.len() && name.starts_with(head) && name.ends_with(tail),
        None => name == pattern,
    }
}

/// Where the source version comes from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, tag = "from", rename_all = "snake_case")]
pub enum VersionFrom {
    /// An integer or instant in the record.
    Field {
        /// Its raw path.
        path: String,
    },
    /// The eight digits of the export date in the file's name.
    FileDate,
}

/// What decides that the teacher passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PassRule {
    /// The weighted total of the three component scores.
    Scores,
    /// The programme never assessed; the policy says what that counts for.
    NotAssessed,
    /// Nothing is decided yet.
    Pending,
}

impl Manifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// [`ManifestFault`] with file, place and what is expected.
    pub fn parse(file: &str, text: &str) -> Result<Self, ManifestFault> {
        let manifest: Self =
            toml::from_str(text).map_err(|e| ManifestFault::Form { file: file.to_owned(), source: Box::new(e) })?;
        for stream in &manifest.streams {
            manifest.check_stream(stream).map_err(|why| ManifestFault::Check {
                file: file.to_owned(),
                stream: stream.name.clone(),
                why,
            })?;
        }
        Ok(manifest)
    }

    fn check_stream(&self, stream: &Stream) -> Result<(), String> {
        for needed in [Field::Name, Field::IdNumber, Field::CourseCode, Field::Hours, Field::PeriodEnd] {
            if !stream.map.contains_key(&needed) && !stream.constant.contains_key(&needed) {
                return Err(format!("the required field {} is not mapped; add it under [stream.map]", needed.as_str()));
            }
        }
        if stream.pass == PassRule::Scores {
            for score in [Field::ScoreLearning, Field::ScoreActivity, Field::ScoreArtefact] {
                if !stream.map.contains_key(&score) {
                    return Err(format!("pass = \"scores\" needs {} under [stream.map]", score.as_str()));
                }
            }
        }
        if !["minute", "class_hour", "hour", "day"].contains(&stream.hours_unit.as_str()) {
            return Err(format!("unknown unit {:?}; one of minute, class_hour, hour, day", stream.hours_unit));
        }
        if stream.record_key.is_empty() {
            return Err("record_key must name at least one raw field".into());
        }
        if let Format::Workbook { header, header_rows, .. } = &stream.format {
            if !(1..=2).contains(header_rows) {
                return Err(format!("header_rows is {header_rows}; a header has 1 or 2 rows"));
            }
            if header.is_empty() {
                return Err("header must name at least one column by which the header is found".into());
            }
        }
        if let Transport::Files { download: Some(download), .. } = &self.transport {
            let Download { sign, param, .. } = &**download;
            for needed in [&sign.app_id, &sign.timestamp, &sign.nonce, param] {
                if !sign.order.contains(needed) {
                    return Err(format!("the parameter {needed} is not signed; add it to order"));
                }
            }
        }
        match (&self.transport, &stream.page) {
            (Transport::Http { .. }, None) => return Err("a stream read over HTTP needs a page rule".into()),
            (
                Transport::Http { .. },
                Some(Paging::Token { size, .. } | Paging::Link { size, .. } | Paging::Number { size, .. }),
            ) if *size == 0 || *size > 5_000 => {
                return Err("the page size must be between 1 and 5,000".into());
            }
            _ => {}
        }
        Ok(())
    }

    /// The stream of that name.
    #[must_use]
    pub fn stream(&self, name: &str) -> Option<&Stream> {
        self.streams.iter().find(|s| s.name == name)
    }
}
