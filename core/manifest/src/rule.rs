//! Faults of a manifest that parses but cannot work, as data.

use huiliu_messages::said_in_english;
use serde::Serialize;

/// Why a manifest cannot work. The sentences are in the catalogues of `huiliu-messages`, under `rule-`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub enum RuleProblem {
    /// The id contains other characters than allowed, or is empty or too long.
    #[serde(rename = "rule.id")]
    Id,
    /// The connector has no stream.
    #[serde(rename = "rule.no_stream")]
    NoStream,
    /// Two streams have the same name.
    #[serde(rename = "rule.two_streams")]
    TwoStreams { name: String },
    /// A rule about answers has no condition, so it would match every answer.
    #[serde(rename = "rule.every_answer")]
    EveryAnswer,
    /// Only one of the keys `path` and `is` is given; they belong together.
    #[serde(rename = "rule.path_and_is")]
    PathAndIs,
    /// A connector of files has no name pattern.
    #[serde(rename = "rule.no_names")]
    NoNames,
    /// Both a download and a bucket are given for the same files.
    #[serde(rename = "rule.download_and_bucket")]
    DownloadAndBucket,
    /// The bucket has no name.
    #[serde(rename = "rule.bucket_name")]
    BucketName,
    /// A value that is not available at this place.
    #[serde(rename = "rule.no_value_here")]
    NoValueHere { name: String, known: Vec<String> },
    /// A parameter that must be signed is not part of the signature.
    #[serde(rename = "rule.not_signed")]
    NotSigned { parameter: String },
    /// A path that leads to another host.
    #[serde(rename = "rule.elsewhere")]
    Elsewhere,
    /// No raw field identifies a record.
    #[serde(rename = "rule.record_key")]
    RecordKey,
    /// Pages have no file name from which a version could be taken.
    #[serde(rename = "rule.version_of_pages")]
    VersionOfPages,
    /// A roster must identify people by ID number.
    #[serde(rename = "rule.roster_known_by")]
    RosterKnownBy,
    /// A required field is not mapped.
    #[serde(rename = "rule.not_mapped")]
    NotMapped { field: String },
    /// A membership maps no school.
    #[serde(rename = "rule.membership_school")]
    MembershipSchool,
    /// The kind of stream does not have this field.
    #[serde(rename = "rule.no_field")]
    NoField { kind: String, field: String },
    /// The field identifies people, but the stream identifies them by ID number alone.
    #[serde(rename = "rule.tells_apart")]
    TellsApart { field: String },
    /// The rule of a field names no origin.
    #[serde(rename = "rule.from_nowhere")]
    FromNowhere,
    /// The rule of a field names more than one origin.
    #[serde(rename = "rule.only_one_of")]
    OnlyOneOf,
    /// A path is blank.
    #[serde(rename = "rule.blank_path")]
    BlankPath,
    /// The path names an item of a list, which no path can.
    #[serde(rename = "rule.path_item")]
    PathItem { path: String },
    /// The path begins with the sign of a root.
    #[serde(rename = "rule.path_root")]
    PathRoot { path: String, meant: String },
    /// The path is the sign of a root alone.
    #[serde(rename = "rule.path_document")]
    PathDocument { path: String },
    /// The names of the path stand between slashes.
    #[serde(rename = "rule.path_slash")]
    PathSlash { path: String, meant: String },
    /// A name of the path is empty, or begins or ends with a space.
    #[serde(rename = "rule.path_name")]
    PathName { path: String, meant: String },
    /// A name of the path has the prefix of a name space.
    #[serde(rename = "rule.path_prefix")]
    PathPrefix { path: String, meant: String },
    /// A quote in the path is not closed, or something stands between it and the next dot.
    #[serde(rename = "rule.path_quote")]
    PathQuote { path: String },
    /// There is no such path of the payload.
    #[serde(rename = "rule.no_path")]
    NoPath { path: String },
    /// Hours have no unit.
    #[serde(rename = "rule.hours_unit")]
    HoursUnit,
    /// Only hours can have a unit.
    #[serde(rename = "rule.only_hours_unit")]
    OnlyHoursUnit,
    /// Only days can have date formats.
    #[serde(rename = "rule.only_days_forms")]
    OnlyDaysForms,
    /// The date format does not describe a day.
    #[serde(rename = "rule.day_form")]
    DayForm { form: String },
    /// A roster cannot have a pass rule.
    #[serde(rename = "rule.roster_pass")]
    RosterPass,
    /// The stream has no pass rule.
    #[serde(rename = "rule.no_pass")]
    NoPass,
    /// A field that the pass rule needs is not mapped.
    #[serde(rename = "rule.pass_needs")]
    PassNeeds { pass: String, field: String },
    /// The layout names no column by which the header can be found.
    #[serde(rename = "rule.no_header")]
    NoHeader,
    /// A name is used for two columns.
    #[serde(rename = "rule.two_columns")]
    TwoColumns { name: String, one: String, other: String },
    /// A row of a roster would take a record back; only training records can be withdrawn.
    #[serde(rename = "rule.roster_withdrawal")]
    RosterWithdrawal,
    /// `withdraws` stands beside another act.
    #[serde(rename = "rule.only_withdrawal")]
    OnlyWithdrawal,
    /// `withdraws` does not give one path for each path of the record key.
    #[serde(rename = "rule.withdrawn_key")]
    WithdrawnKey { paths: String },
    /// `withdraws` names another path for the ID number, which is only read from the path that is mapped.
    #[serde(rename = "rule.withdrawn_id_number")]
    WithdrawnIdNumber { key: String, name: String },
    /// A rule about rows has no condition, so it would match every row.
    #[serde(rename = "rule.every_row")]
    EveryRow,
    /// A condition has no comparison, or more than one.
    #[serde(rename = "rule.one_comparison")]
    OneComparison,
    /// A bound is not a number.
    #[serde(rename = "rule.not_decimal")]
    NotDecimal { text: String },
    /// A key that only streams over HTTP can have.
    #[serde(rename = "rule.only_http")]
    OnlyHttp { key: String },
    /// A key that only streams of files can have.
    #[serde(rename = "rule.only_files")]
    OnlyFiles,
    /// A fan-out has no values.
    #[serde(rename = "rule.empty_fan_out")]
    EmptyFanOut,
    /// A fan-out has no field `id`.
    #[serde(rename = "rule.fan_out_id")]
    FanOutId,
    /// An export is one file and cannot have pages.
    #[serde(rename = "rule.export_pages")]
    ExportPages,
    /// The stream has neither a request nor an export.
    #[serde(rename = "rule.no_request")]
    NoRequest,
    /// The stream has both a request and an export.
    #[serde(rename = "rule.request_and_export")]
    RequestAndExport,
    /// The place of the next token is missing, or given twice.
    #[serde(rename = "rule.next_token")]
    NextToken,
    /// The place of the total is given twice.
    #[serde(rename = "rule.two_totals")]
    TwoTotals,
    /// Paging reads the body of a page, which must then be JSON.
    #[serde(rename = "rule.only_json_page")]
    OnlyJsonPage,
    /// Rows of a roster are not compared with a whole pass.
    #[serde(rename = "rule.roster_complete")]
    RosterComplete,
    /// A pass that requests only changes is not whole.
    #[serde(rename = "rule.complete_since")]
    CompleteSince,
    /// Only dates in their names tell which files are a whole.
    #[serde(rename = "rule.complete_files")]
    CompleteFiles,
    /// Records can only be missing from a stream that is whole each time.
    #[serde(rename = "rule.missing_complete")]
    MissingComplete,
    /// Steps of time have no first day.
    #[serde(rename = "rule.step_begin")]
    StepBegin,
    /// A step is written without the value that it needs.
    #[serde(rename = "rule.step_value")]
    StepValue { step: String },
    /// A step is written with a value that it does not take.
    #[serde(rename = "rule.step_word")]
    StepWord { step: String },
    /// A separator is not a single allowed character.
    #[serde(rename = "rule.separator")]
    Separator { text: String },
    /// A regular expression has no group.
    #[serde(rename = "rule.no_group")]
    NoGroup,
    /// The regular expression is invalid.
    #[serde(rename = "rule.expression")]
    Expression { why: String },
    /// The ratio is invalid.
    #[serde(rename = "rule.ratio")]
    Ratio { text: String },
}

said_in_english!(RuleProblem);
