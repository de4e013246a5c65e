//! Why a request to a platform failed.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::file_store::LeftOut;

use huiliu_decode::decode::DecodeError;
use huiliu_decode::unpack::{ProcessStartError, UnpackError};
use huiliu_messages::{Message, SystemError, said_in_english};

/// What happened. The codes are stable, because people and other programs act on them. The sentences are in the
/// catalogues of `huiliu-messages`, under `platform-`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum Cause {
    /// A host name resolves to an address that may not be connected to.
    #[serde(rename = "platform.address_not_public")]
    AddressNotPublic { host: String, address: String },
    /// An answer in an encoding that was not requested.
    #[serde(rename = "platform.answer_encoding")]
    AnswerEncoding { encoding: String },
    /// A compressed answer that cannot be decompressed.
    #[serde(rename = "platform.answer_not_gzip")]
    AnswerNotGzip { why: String },
    /// An answer with too many bytes.
    #[serde(rename = "platform.answer_too_large")]
    AnswerTooLarge { max: usize },
    /// An answer that is too large once decompressed.
    #[serde(rename = "platform.answer_unpacks_too_large")]
    AnswerUnpacksTooLarge { max: usize, max_ratio: usize },
    /// `base_url` cannot be parsed.
    #[serde(rename = "platform.base_url")]
    BaseUrl { connector: String, why: String },
    /// The base URL holds a user or a password.
    #[serde(rename = "platform.base_url_login")]
    BaseUrlLogin { connector: String },
    /// `base_url` has another scheme than http and https.
    #[serde(rename = "platform.base_url_scheme")]
    BaseUrlScheme { connector: String },
    /// No URL can be built from the bucket's name.
    #[serde(rename = "platform.bucket_address")]
    BucketAddress { bucket: String, host: String, why: Box<str> },
    /// The listing of a bucket cannot be read.
    #[serde(rename = "platform.bucket_listing")]
    BucketListing { why: BucketListingError },
    /// The next page of a bucket's listing is the same page again.
    #[serde(rename = "platform.bucket_listing_loop")]
    BucketListingLoop,
    /// The listing of a bucket has too many pages.
    #[serde(rename = "platform.bucket_listing_pages")]
    BucketListingPages { max: usize },
    /// The database could not say when the next request is allowed.
    #[serde(rename = "platform.budget")]
    Budget { why: String },
    /// The secrets do not form a valid client certificate.
    #[serde(rename = "platform.certificate")]
    Certificate,
    /// The HTTP client cannot be created.
    #[serde(rename = "platform.client")]
    Client { why: String },
    /// Values that cannot be sent in a cookie.
    #[serde(rename = "platform.cookies")]
    Cookies,
    /// The platform refuses user name and password.
    #[serde(rename = "platform.credentials")]
    Credentials { status: String },
    /// The stored cursor does not belong to this connector.
    #[serde(rename = "platform.cursor")]
    Cursor { cursor: String, why: String },
    /// The export is ready, but the answer does not say where to fetch it.
    #[serde(rename = "platform.export_address_missing")]
    ExportAddressMissing { path: String },
    /// An export that was ordered has failed.
    #[serde(rename = "platform.export_failed")]
    ExportFailed { state: String },
    /// The platform refuses a request about an export that was ordered.
    #[serde(rename = "platform.export_gone")]
    ExportGone { why: Box<Cause> },
    /// The answer to an order for an export contains no id.
    #[serde(rename = "platform.export_id_missing")]
    ExportIdMissing { path: String },
    /// The id of an export has control characters, or is too long.
    #[serde(rename = "platform.export_id_not_printable")]
    ExportIdNotPrintable,
    /// An export was not ready in time.
    #[serde(rename = "platform.export_not_ready")]
    ExportNotReady { state: String, seconds: u64 },
    /// The platform reported no state of the export in time.
    #[serde(rename = "platform.export_not_told")]
    ExportNotTold { seconds: u64 },
    /// The answer does not contain the state of the export.
    #[serde(rename = "platform.export_state_missing")]
    ExportStateMissing { path: String },
    /// A fan-out over too many values.
    #[serde(rename = "platform.fan_out")]
    FanOut { stream: String, max: usize },
    /// A file that cannot be read.
    #[serde(rename = "platform.file")]
    File { file: String, why: SystemError },
    /// A file that cannot be compressed.
    #[serde(rename = "platform.file_not_packed")]
    FileNotPacked { file: String, why: SystemError },
    /// A file with too many bytes.
    #[serde(rename = "platform.file_too_large")]
    FileTooLarge { file: String, size: u64, max: u64 },
    /// What was listed as a file is something else now.
    #[serde(rename = "platform.file_unfit")]
    FileUnfit { file: String, why: LeftOut },
    /// A file that is still being written.
    #[serde(rename = "platform.file_writing")]
    FileWriting { file: String },
    /// The listing of files cannot be read.
    #[serde(rename = "platform.files_listing")]
    FilesListing { why: String },
    /// The listing of files contains no list.
    #[serde(rename = "platform.files_listing_missing")]
    FilesListingMissing { path: String },
    /// A file of the listing has no name.
    #[serde(rename = "platform.files_listing_name")]
    FilesListingName { path: String },
    /// A folder that cannot be read.
    #[serde(rename = "platform.folder")]
    Folder { folder: String, why: SystemError },
    /// A template gives a body that is not JSON.
    #[serde(rename = "platform.body_not_json")]
    BodyNotJson,
    /// A header with an invalid name.
    #[serde(rename = "platform.header_name")]
    HeaderName { header: String },
    /// A header with an invalid value.
    #[serde(rename = "platform.header_value")]
    HeaderValue { header: String },
    /// A listing that the manifest does not page has more pages.
    #[serde(rename = "platform.more_pages")]
    MorePages { listing: String, sign: String },
    /// Another process has taken over the source.
    #[serde(rename = "platform.lease_lost")]
    LeaseLost,
    /// A link in an answer leads to another host.
    #[serde(rename = "platform.link_elsewhere")]
    LinkElsewhere { host: String },
    /// The header with the link to the next page is malformed.
    #[serde(rename = "platform.link_header")]
    LinkHeader { header: String },
    /// A link in an answer is not a URL.
    #[serde(rename = "platform.link_not_url")]
    LinkNotUrl { why: String },
    /// A login that set no cookie.
    #[serde(rename = "platform.login_cookie")]
    LoginCookie,
    /// A login page came instead of records.
    #[serde(rename = "platform.login_page")]
    LoginPage,
    /// A page came without the columns of the records.
    #[serde(rename = "platform.login_page_columns")]
    LoginPageColumns { columns: Vec<String> },
    /// A login that returned no token.
    #[serde(rename = "platform.login_token")]
    LoginToken { path: String },
    /// No random number could be generated.
    #[serde(rename = "platform.random")]
    Random { why: String },
    /// The connector declares no bucket.
    #[serde(rename = "platform.no_bucket")]
    NoBucket { connector: String },
    /// The connector declares no download.
    #[serde(rename = "platform.no_download")]
    NoDownload { connector: String },
    /// The stream declares no request.
    #[serde(rename = "platform.no_request")]
    NoRequest { stream: String },
    /// The file connector has no stream of this name.
    #[serde(rename = "platform.no_stream")]
    NoStream { connector: String, stream: String, streams: Box<[String]> },
    /// The connector reads its platform itself and accepts no files.
    #[serde(rename = "platform.no_upload")]
    NoUpload { connector: String },
    /// Payloads are pushed to the connector, so nothing can be pulled.
    #[serde(rename = "platform.not_read")]
    NotRead { connector: String },
    /// The connector accepts no pushed payloads.
    #[serde(rename = "platform.not_push")]
    NotPush { connector: String },
    /// Text in an unknown encoding.
    #[serde(rename = "platform.not_text")]
    NotText,
    /// An object whose key cannot be part of a URL.
    #[serde(rename = "platform.object_key")]
    ObjectKey { key: String },
    /// A part of an object with another size than requested.
    #[serde(rename = "platform.object_part")]
    ObjectPart { received: usize, from: usize, to: usize },
    /// A part of an object that cannot be compressed.
    #[serde(rename = "platform.object_not_packed")]
    ObjectNotPacked { why: SystemError },
    /// A failure of a connector in Rust, in its own words.
    #[serde(rename = "platform.other")]
    Other { text: String },
    /// A body that cannot be compressed.
    #[serde(rename = "platform.packing")]
    Packing { why: SystemError },
    /// The last page that an earlier run read has other records now.
    #[serde(rename = "platform.rows_moved")]
    RowsMoved,
    /// The platform sends pages that it has sent before.
    #[serde(rename = "platform.pages_repeat")]
    PagesRepeat,
    /// A pass with too many pages.
    #[serde(rename = "platform.pages_too_many")]
    PagesTooMany { max: usize },
    /// Too many pages in a row without a record.
    #[serde(rename = "platform.pages_without_records")]
    PagesWithoutRecords { max: u64 },
    /// The page does not say how many records a page can have.
    #[serde(rename = "platform.page_size")]
    PageSize { path: String },
    /// The page does not say how many records there are.
    #[serde(rename = "platform.page_total")]
    PageTotal { path: String },
    /// A header does not say how many records there are.
    #[serde(rename = "platform.page_total_header")]
    PageTotalHeader { header: String },
    /// The page does not say whether there is more.
    #[serde(rename = "platform.page_has_more")]
    PageHasMore { path: String },
    /// The page's last record does not say where the next page begins.
    #[serde(rename = "platform.page_last_record")]
    PageLastRecord { path: String },
    /// The page has the same records as the page before.
    #[serde(rename = "platform.page_same_records")]
    PageSameRecords,
    /// The page names itself as the next one.
    #[serde(rename = "platform.page_leads_back")]
    PageLeadsBack,
    /// The token of the next page is too long.
    #[serde(rename = "platform.page_token_long")]
    PageTokenLong { max: usize },
    /// The page says that there is more, but gives no token of the next page.
    #[serde(rename = "platform.page_token_missing")]
    PageTokenMissing,
    /// The token of the next page has control characters.
    #[serde(rename = "platform.page_token_not_printable")]
    PageTokenNotPrintable,
    /// An item of a fan-out's listing has no id.
    #[serde(rename = "platform.parent_id")]
    ParentId,
    /// Fewer items of a fan-out's listing came than the platform counts.
    #[serde(rename = "platform.parent_short")]
    ParentShort { listing: String, received: u64, total: u64 },
    /// A path of the manifest leads to another host.
    #[serde(rename = "platform.path_elsewhere")]
    PathElsewhere { path: String, host: String },
    /// A path of the manifest is invalid.
    #[serde(rename = "platform.path_invalid")]
    PathInvalid { path: String, why: String },
    /// The process that unpacks a payload cannot be started.
    #[serde(rename = "platform.no_process")]
    NoProcess { why: ProcessStartError },
    /// A redirect to a URL with a host; redirects are not followed.
    #[serde(rename = "platform.redirect")]
    Redirect { host: String, status: String },
    /// A redirect to a path within the platform; redirects are not followed.
    #[serde(rename = "platform.redirect_within")]
    RedirectWithin { status: String },
    /// No request can be built from these values.
    #[serde(rename = "platform.request")]
    Request,
    /// A rule of the manifest says that this answer is a permanent error.
    #[serde(rename = "platform.rule_fail")]
    RuleFail { status: String },
    /// A rule of the manifest says that this answer is a temporary error.
    #[serde(rename = "platform.rule_retry")]
    RuleRetry { status: String },
    /// A rule of the manifest says that the token has expired.
    #[serde(rename = "platform.rule_token")]
    RuleToken { status: String },
    /// A rule of the manifest says that there were too many requests.
    #[serde(rename = "platform.rule_wait")]
    RuleWait { status: String },
    /// A URL with a scheme other than http and https.
    #[serde(rename = "platform.scheme")]
    Scheme,
    /// Fewer records came than the platform counts.
    #[serde(rename = "platform.short")]
    Short { stream: String, received: u64, total: u64 },
    /// A signing key that cannot be used.
    #[serde(rename = "platform.signing_key")]
    SigningKey { why: String },
    /// An answer whose status is an error.
    #[serde(rename = "platform.status")]
    Status { status: String },
    /// An answer whose status is a temporary error.
    #[serde(rename = "platform.status_passing")]
    StatusPassing { status: String },
    /// An error answer of an object store, with the store's own code.
    #[serde(rename = "platform.status_of_store")]
    StatusOfStore { why: Box<Cause>, store_code: String },
    /// The process was told to stop.
    #[serde(rename = "platform.stopped")]
    Stopped,
    /// The answer to a token request contains no token.
    #[serde(rename = "platform.token_missing")]
    TokenMissing,
    /// The answer to a token request is not JSON.
    #[serde(rename = "platform.token_not_json")]
    TokenNotJson { why: String },
    /// A token that is empty or has control characters.
    #[serde(rename = "platform.token_not_printable")]
    TokenNotPrintable,
    /// A token that has expired.
    #[serde(rename = "platform.token_expired")]
    TokenExpired,
    /// A body without readable records.
    #[serde(rename = "platform.undecodable")]
    Undecodable { why: Box<DecodeError> },
    /// The platform cannot be connected to.
    #[serde(rename = "platform.unreachable")]
    Unreachable { host: String },
    /// The platform did not answer in time.
    #[serde(rename = "platform.timeout")]
    Timeout { host: String },
    /// The platform broke off its answer.
    #[serde(rename = "platform.interrupted")]
    Interrupted { host: String },
    /// A text that should be a URL is not one.
    #[serde(rename = "platform.url")]
    Url { url: String, why: String },
    /// A file name that matches none of the connector's patterns.
    #[serde(rename = "platform.upload_name")]
    UploadName { file: String, connector: String, names: Box<[String]> },
    /// A value that the manifest names is not set.
    #[serde(rename = "platform.value_missing")]
    ValueMissing { name: String },
    /// A value that would change the path of a URL.
    #[serde(rename = "platform.value_in_path")]
    ValueInPath { name: String },
    /// A template of a connector in Rust that cannot be parsed.
    #[serde(rename = "platform.template")]
    Template { why: String },
}

/// Why the listing of a bucket cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum BucketListingError {
    /// It is truncated and gives no token for the next page.
    #[serde(rename = "platform.bucket_listing_cut")]
    Cut,
    /// It is not readable XML.
    #[serde(rename = "platform.bucket_listing_decode")]
    Decode { why: Box<DecodeError> },
    /// A required element of an object is missing or invalid.
    #[serde(rename = "platform.bucket_listing_element")]
    Element { element: String, object: String },
}

/// Why a text is not a cursor of a connector and stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum CursorFormatError {
    /// The stream is read from a day on, and the cursor names no valid day.
    #[serde(rename = "cursor.day")]
    Day { since: String },
    /// It is not JSON, or has unknown fields.
    #[serde(rename = "cursor.form")]
    Form { why: String },
    /// The stream is read from a number on, and the cursor names no valid number.
    #[serde(rename = "cursor.number")]
    Number { since: String },
    /// The stream's pages are numbered, and this is not a number.
    #[serde(rename = "cursor.page")]
    Page { page: String },
}

said_in_english!(Cause, BucketListingError, CursorFormatError, Failure);

/// Why a pull returned no page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// What happened.
    #[serde(flatten)]
    pub cause: Cause,
    /// The page, file or path at which it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Box<str>>,
    /// The number of attempts, if there was or may have been more than one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// The platform's own words about it.
    #[serde(skip_serializing_if = "Option::is_none", rename = "platform_says")]
    pub says: Option<Box<PlatformWords>>,
    /// The minimum wait before a retry; `None` if a retry cannot help.
    #[serde(skip)]
    pub retry: Option<Duration>,
}

/// What a platform says about an error, in its own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PlatformWords(pub String);

impl Failure {
    /// Adds the platform's own words, if there are any.
    pub(crate) fn with_words(self, words: Option<String>) -> Self {
        Self { says: self.says.or_else(|| words.map(|words| Box::new(PlatformWords(words)))), ..self }
    }

    /// Creates a failure that a retry cannot fix.
    #[must_use]
    pub fn fatal(cause: Cause) -> Self {
        Self { cause, place: None, attempts: None, says: None, retry: None }
    }

    /// Creates a failure that may be temporary and can be retried without a minimum wait.
    #[must_use]
    pub fn retryable(cause: Cause) -> Self {
        Self { retry: Some(Duration::ZERO), ..Self::fatal(cause) }
    }

    /// Adds the page, file or path at which it happened, unless a place is already set.
    #[must_use]
    pub fn with_place(self, place: impl Into<String>) -> Self {
        Self { place: self.place.or_else(|| Some(place.into().into_boxed_str())), ..self }
    }

    /// Whether the place of the page that was requested may be none any more: the platform refuses it, such as a token
    /// that has expired, by a status that says so or in its own form; or rows have moved over it.
    #[must_use]
    pub fn may_refuse_place(&self) -> bool {
        match &self.cause {
            Cause::Status { status } => ["400", "404", "410"].iter().any(|code| status.starts_with(code)),
            Cause::RuleFail { .. } | Cause::RowsMoved => true,
            Cause::Undecodable { why } => matches!(**why, DecodeError::Refused { .. }),
            _ => false,
        }
    }

    /// Whether it is about one file only, so that the files after it can be read all the same.
    #[must_use]
    pub fn concerns_one_file(&self) -> bool {
        let cause = match &self.cause {
            Cause::StatusOfStore { why, .. } => why,
            cause => cause,
        };
        matches!(
            cause,
            Cause::File { .. }
                | Cause::FileNotPacked { .. }
                | Cause::FileTooLarge { .. }
                | Cause::FileUnfit { .. }
                | Cause::FileWriting { .. }
                | Cause::AnswerTooLarge { .. }
                | Cause::AnswerUnpacksTooLarge { .. }
                | Cause::ObjectKey { .. }
                | Cause::Status { .. }
        )
    }

    /// Whether it may be about one file only, such as a refusal of its address: it is, unless the file after it fails too.
    #[must_use]
    pub fn may_concern_one_file(&self) -> bool {
        let cause = match &self.cause {
            Cause::StatusOfStore { why, .. } => why,
            cause => cause,
        };
        matches!(cause, Cause::Credentials { .. } | Cause::StatusPassing { .. })
    }

    /// Changes every text in it.
    #[must_use]
    pub fn map_texts(self, change: impl Fn(&str) -> String) -> Self {
        let changed = Message::new(&self.cause).map_texts(&change);
        // A cause that is no longer valid is replaced entirely.
        let cause = changed.into_type().unwrap_or(Cause::Other { text: "***".into() });
        let says = self.says.map(|words| Box::new(PlatformWords(change(&words.0))));
        Self { cause, says, place: self.place.map(|place| change(&place).into()), ..self }
    }

    /// Returns it as the message that is stored and shown.
    #[must_use]
    pub fn message(&self) -> Message {
        Message::new(self)
    }

    /// Creates a retryable failure for a body without readable records. If only the unpacking process could not
    /// start, the body is not blamed.
    pub(crate) fn from_decode_error(address: &str, why: DecodeError) -> Self {
        if let DecodeError::Unpack(UnpackError::Start { why }) = why {
            return Self::retryable(Cause::NoProcess { why }).with_place(address);
        }
        Self::retryable(Cause::Undecodable { why: Box::new(why) }).with_place(address)
    }
}
