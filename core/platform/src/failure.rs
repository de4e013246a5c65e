//! Why a platform did not give what was asked for.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use huiliu_decode::decode::DecodeError;
use huiliu_decode::unpack::{ProcessStartError, UnpackError};
use huiliu_messages::{Message, SystemError, said_in_english};

/// What happened. The codes are stable: people and other programs act on them. Their sentences are in the catalogues of
/// `huiliu-messages`, under `platform-`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum Cause {
    /// The name of a host leads to an address that may not be connected to.
    #[serde(rename = "platform.address_not_public")]
    AddressNotPublic { host: String, address: String },
    /// An answer in an encoding that was not asked for.
    #[serde(rename = "platform.answer_encoding")]
    AnswerEncoding { encoding: String },
    /// A packed answer that does not unpack.
    #[serde(rename = "platform.answer_not_gzip")]
    AnswerNotGzip { why: String },
    /// An answer of too many bytes.
    #[serde(rename = "platform.answer_too_large")]
    AnswerTooLarge { max: usize },
    /// An answer that unpacks to too much.
    #[serde(rename = "platform.answer_unpacks_too_large")]
    AnswerUnpacksTooLarge { max: usize, max_ratio: usize },
    /// `base_url` cannot be parsed.
    #[serde(rename = "platform.base_url")]
    BaseUrl { connector: String, why: String },
    /// `base_url` has another scheme than http and https.
    #[serde(rename = "platform.base_url_scheme")]
    BaseUrlScheme { connector: String },
    /// No address can be made of a bucket's name.
    #[serde(rename = "platform.bucket_address")]
    BucketAddress { bucket: String, host: String, why: String },
    /// A bucket's listing that cannot be read.
    #[serde(rename = "platform.bucket_listing")]
    BucketListing { why: BucketListingError },
    /// A bucket's listing whose next page is the same again.
    #[serde(rename = "platform.bucket_listing_loop")]
    BucketListingLoop,
    /// A bucket's listing with too many pages.
    #[serde(rename = "platform.bucket_listing_pages")]
    BucketListingPages { max: usize },
    /// The database did not say when the platform may be asked.
    #[serde(rename = "platform.budget")]
    Budget { why: String },
    /// The secrets are no client certificate.
    #[serde(rename = "platform.certificate")]
    Certificate,
    /// The HTTP client cannot be made.
    #[serde(rename = "platform.client")]
    Client { why: String },
    /// Values that no cookie can hold.
    #[serde(rename = "platform.cookies")]
    Cookies,
    /// The platform refuses user and password.
    #[serde(rename = "platform.credentials")]
    Credentials { status: String },
    /// The stored cursor is none of this connector's.
    #[serde(rename = "platform.cursor")]
    Cursor { cursor: String, why: String },
    /// The export is ready, and the answer does not say where.
    #[serde(rename = "platform.export_address_missing")]
    ExportAddressMissing { path: String },
    /// An export that was ordered has failed.
    #[serde(rename = "platform.export_failed")]
    ExportFailed { state: String },
    /// An export that was ordered is refused when it is asked for.
    #[serde(rename = "platform.export_gone")]
    ExportGone { why: Box<Cause> },
    /// The order of an export was answered without its id.
    #[serde(rename = "platform.export_id_missing")]
    ExportIdMissing { path: String },
    /// The id of an export has control characters, or is too long.
    #[serde(rename = "platform.export_id_not_printable")]
    ExportIdNotPrintable,
    /// An export that is not ready in time.
    #[serde(rename = "platform.export_not_ready")]
    ExportNotReady { state: String, seconds: u64 },
    /// An export of which no state was told.
    #[serde(rename = "platform.export_not_told")]
    ExportNotTold { seconds: u64 },
    /// The answer has no state of the export.
    #[serde(rename = "platform.export_state_missing")]
    ExportStateMissing { path: String },
    /// A fan-out over too many values.
    #[serde(rename = "platform.fan_out")]
    FanOut { stream: String, max: usize },
    /// A file that cannot be read.
    #[serde(rename = "platform.file")]
    File { file: String, why: SystemError },
    /// A file that cannot be packed.
    #[serde(rename = "platform.file_not_packed")]
    FileNotPacked { file: String, why: SystemError },
    /// A file of too many bytes.
    #[serde(rename = "platform.file_too_large")]
    FileTooLarge { file: String, size: u64, max: u64 },
    /// A file that is still being written.
    #[serde(rename = "platform.file_writing")]
    FileWriting { file: String },
    /// The listing of files cannot be read.
    #[serde(rename = "platform.files_listing")]
    FilesListing { why: String },
    /// The listing of files has no list.
    #[serde(rename = "platform.files_listing_missing")]
    FilesListingMissing { path: String },
    /// A file of the listing has no name.
    #[serde(rename = "platform.files_listing_name")]
    FilesListingName { path: String },
    /// A folder that cannot be read.
    #[serde(rename = "platform.folder")]
    Folder { folder: String, why: SystemError },
    /// What a template makes is no JSON.
    #[serde(rename = "platform.body_not_json")]
    BodyNotJson,
    /// A header whose name none can have.
    #[serde(rename = "platform.header_name")]
    HeaderName { header: String },
    /// A header whose value none can have.
    #[serde(rename = "platform.header_value")]
    HeaderValue { header: String },
    /// The source has been taken over by another process.
    #[serde(rename = "platform.lease_lost")]
    LeaseLost,
    /// A link in an answer that leads to another host.
    #[serde(rename = "platform.link_elsewhere")]
    LinkElsewhere { host: String },
    /// A link in an answer that is no URL.
    #[serde(rename = "platform.link_not_url")]
    LinkNotUrl { why: String },
    /// A login that set no cookie.
    #[serde(rename = "platform.login_cookie")]
    LoginCookie,
    /// A login page instead of records.
    #[serde(rename = "platform.login_page")]
    LoginPage,
    /// A page without the columns of the records.
    #[serde(rename = "platform.login_page_columns")]
    LoginPageColumns { columns: Vec<String> },
    /// A login that gave no token.
    #[serde(rename = "platform.login_token")]
    LoginToken { path: String },
    /// No random number.
    #[serde(rename = "platform.random")]
    Random { why: String },
    /// A connector without a bucket.
    #[serde(rename = "platform.no_bucket")]
    NoBucket { connector: String },
    /// A connector without a download.
    #[serde(rename = "platform.no_download")]
    NoDownload { connector: String },
    /// A stream without a request.
    #[serde(rename = "platform.no_request")]
    NoRequest { stream: String },
    /// A connector of files without a stream of this name.
    #[serde(rename = "platform.no_stream")]
    NoStream { connector: String, stream: String, streams: Vec<String> },
    /// A connector that reads its platform itself takes no files.
    #[serde(rename = "platform.no_upload")]
    NoUpload { connector: String },
    /// A connector whose payloads are handed in reads nothing.
    #[serde(rename = "platform.not_read")]
    NotRead { connector: String },
    /// A connector to which nothing is pushed.
    #[serde(rename = "platform.not_push")]
    NotPush { connector: String },
    /// Text in no encoding that is known.
    #[serde(rename = "platform.not_text")]
    NotText,
    /// An object whose key no address can hold.
    #[serde(rename = "platform.object_key")]
    ObjectKey { key: String },
    /// A part of an object that is not what was asked for.
    #[serde(rename = "platform.object_part")]
    ObjectPart { received: usize, from: usize, to: usize },
    /// A part of an object that cannot be packed.
    #[serde(rename = "platform.object_not_packed")]
    ObjectNotPacked { why: SystemError },
    /// What a connector in Rust says in its own words.
    #[serde(rename = "platform.other")]
    Other { text: String },
    /// What came cannot be packed.
    #[serde(rename = "platform.packing")]
    Packing { why: SystemError },
    /// Pages that came before.
    #[serde(rename = "platform.pages_repeat")]
    PagesRepeat,
    /// Too many pages in one pass.
    #[serde(rename = "platform.pages_too_many")]
    PagesTooMany { max: usize },
    /// Too many pages without a record.
    #[serde(rename = "platform.pages_without_records")]
    PagesWithoutRecords { max: u64 },
    /// The page does not say how many records there are.
    #[serde(rename = "platform.page_total")]
    PageTotal { path: String },
    /// The page does not say whether there is more.
    #[serde(rename = "platform.page_has_more")]
    PageHasMore { path: String },
    /// The page's last record does not say where the next page begins.
    #[serde(rename = "platform.page_last_record")]
    PageLastRecord { path: String },
    /// The page holds what the one before held.
    #[serde(rename = "platform.page_same_records")]
    PageSameRecords,
    /// The page names itself as the next one.
    #[serde(rename = "platform.page_leads_back")]
    PageLeadsBack,
    /// The token of the next page is too long.
    #[serde(rename = "platform.page_token_long")]
    PageTokenLong { max: usize },
    /// The token of the next page has control characters.
    #[serde(rename = "platform.page_token_not_printable")]
    PageTokenNotPrintable,
    /// An item of a fan-out's listing has no id.
    #[serde(rename = "platform.parent_id")]
    ParentId,
    /// A path of the manifest that leads to another host.
    #[serde(rename = "platform.path_elsewhere")]
    PathElsewhere { path: String, host: String },
    /// A path of the manifest that is none.
    #[serde(rename = "platform.path_invalid")]
    PathInvalid { path: String, why: String },
    /// No process to read a payload in.
    #[serde(rename = "platform.no_process")]
    NoProcess { why: ProcessStartError },
    /// A redirect, which is not followed.
    #[serde(rename = "platform.redirect")]
    Redirect { host: String, status: String },
    /// A redirect within the platform.
    #[serde(rename = "platform.redirect_within")]
    RedirectWithin { status: String },
    /// A request cannot be made of these values.
    #[serde(rename = "platform.request")]
    Request,
    /// A rule of the manifest takes the answer for an error that stays.
    #[serde(rename = "platform.rule_fail")]
    RuleFail { status: String },
    /// A rule of the manifest takes the answer for something that may pass.
    #[serde(rename = "platform.rule_retry")]
    RuleRetry { status: String },
    /// A rule of the manifest takes the answer for a token that has expired.
    #[serde(rename = "platform.rule_token")]
    RuleToken { status: String },
    /// A rule of the manifest takes the answer for too many requests.
    #[serde(rename = "platform.rule_wait")]
    RuleWait { status: String },
    /// Another scheme than http and https.
    #[serde(rename = "platform.scheme")]
    Scheme,
    /// Fewer records than the platform counts.
    #[serde(rename = "platform.short")]
    Short { stream: String, received: u64, total: u64 },
    /// A signing key that cannot be used.
    #[serde(rename = "platform.signing_key")]
    SigningKey { why: String },
    /// An answer that is no success.
    #[serde(rename = "platform.status")]
    Status { status: String },
    /// An answer that may be another one later.
    #[serde(rename = "platform.status_passing")]
    StatusPassing { status: String },
    /// An answer of an object store that is no success, with the store's own code.
    #[serde(rename = "platform.status_of_store")]
    StatusOfStore { why: Box<Cause>, store_code: String },
    /// The process was told to stop.
    #[serde(rename = "platform.stopped")]
    Stopped,
    /// The answer to a request for a token has none.
    #[serde(rename = "platform.token_missing")]
    TokenMissing,
    /// The answer to a request for a token is not JSON.
    #[serde(rename = "platform.token_not_json")]
    TokenNotJson { why: String },
    /// A token that is empty or has control characters.
    #[serde(rename = "platform.token_not_printable")]
    TokenNotPrintable,
    /// A token that has expired.
    #[serde(rename = "platform.token_expired")]
    TokenExpired,
    /// A body that holds no records that can be read.
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
    /// A text that should be a URL and is none.
    #[serde(rename = "platform.url")]
    Url { url: String, why: String },
    /// A file whose name is none of the connector's.
    #[serde(rename = "platform.upload_name")]
    UploadName { file: String, connector: String, names: Vec<String> },
    /// A value that the manifest names has no value.
    #[serde(rename = "platform.value_missing")]
    ValueMissing { name: String },
    /// A value that would lead out of its path.
    #[serde(rename = "platform.value_in_path")]
    ValueInPath { name: String },
    /// A template of a connector in Rust that cannot be parsed.
    #[serde(rename = "platform.template")]
    Template { why: String },
}

/// Why a bucket's listing cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum BucketListingError {
    /// It is cut, and does not say where it goes on.
    #[serde(rename = "platform.bucket_listing_cut")]
    Cut,
    /// Not readable at all.
    #[serde(rename = "platform.bucket_listing_decode")]
    Decode { why: Box<DecodeError> },
    /// An element that an object must have is not there, or not what it should be.
    #[serde(rename = "platform.bucket_listing_element")]
    Element { element: String, object: String },
}

/// Why a text is no cursor of a connector and stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum CursorFormatError {
    /// It begins at a day, and names none.
    #[serde(rename = "cursor.day")]
    Day { since: String },
    /// It is not JSON, or has other fields.
    #[serde(rename = "cursor.form")]
    Form { why: String },
    /// It begins at a number, and names none.
    #[serde(rename = "cursor.number")]
    Number { since: String },
    /// Pages have numbers, and this is none.
    #[serde(rename = "cursor.page")]
    Page { page: String },
}

said_in_english!(Cause, BucketListingError, CursorFormatError, Failure);

/// Why a pull did not give a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// What happened.
    #[serde(flatten)]
    pub cause: Cause,
    /// The page, file or path at which it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Box<str>>,
    /// How often it was asked for, where it was more than once or may have been.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// Whether it is worth trying again, and not before when.
    #[serde(skip)]
    pub retry: Option<Duration>,
}

impl Failure {
    /// A failure that trying again cannot mend.
    #[must_use]
    pub fn fatal(cause: Cause) -> Self {
        Self { cause, place: None, attempts: None, retry: None }
    }

    /// A failure that may pass.
    #[must_use]
    pub fn passing(cause: Cause) -> Self {
        Self { retry: Some(Duration::ZERO), ..Self::fatal(cause) }
    }

    /// The same, with the page, file or path at which it happened, unless that is known better.
    #[must_use]
    pub fn at(self, place: impl Into<String>) -> Self {
        Self { place: self.place.or_else(|| Some(place.into().into_boxed_str())), ..self }
    }

    /// As it is stored and shown.
    #[must_use]
    pub fn message(&self) -> Message {
        Message::new(self)
    }

    /// A body that holds no records that can be read; it is worth asking again.
    pub(crate) fn undecodable(address: &str, why: DecodeError) -> Self {
        if let DecodeError::Unpack(UnpackError::Start { why }) = why {
            return Self::passing(Cause::NoProcess { why }).at(address);
        }
        Self::passing(Cause::Undecodable { why: Box::new(why) }).at(address)
    }
}
