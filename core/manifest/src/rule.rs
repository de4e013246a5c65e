//! What a manifest of good form can have wrong, as data.

use huiliu_messages::said_in_english;
use serde::Serialize;

/// What cannot work in a manifest. The sentences are in the catalogues of `huiliu-messages`, under `rule-`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "a field is what the variant says, in plain words")]
pub enum RuleProblem {
    /// An id in other characters.
    #[serde(rename = "rule.id")]
    Id,
    /// A connector without a stream.
    #[serde(rename = "rule.no_stream")]
    NoStream,
    /// Two streams of one name.
    #[serde(rename = "rule.two_streams")]
    TwoStreams { name: String },
    /// A rule about answers without a condition.
    #[serde(rename = "rule.every_answer")]
    EveryAnswer,
    /// One of two keys that belong together.
    #[serde(rename = "rule.path_and_is")]
    PathAndIs,
    /// A connector of files without a pattern.
    #[serde(rename = "rule.no_names")]
    NoNames,
    /// Two ways to the same files.
    #[serde(rename = "rule.download_and_bucket")]
    DownloadAndBucket,
    /// A bucket without a name.
    #[serde(rename = "rule.bucket_name")]
    BucketName,
    /// A value that is not known where it stands.
    #[serde(rename = "rule.no_value_here")]
    NoValueHere { name: String, known: Vec<String> },
    /// A parameter that nobody signs.
    #[serde(rename = "rule.not_signed")]
    NotSigned { parameter: String },
    /// A path that leads to another host.
    #[serde(rename = "rule.elsewhere")]
    Elsewhere,
    /// Nothing that makes a record the same.
    #[serde(rename = "rule.record_key")]
    RecordKey,
    /// Pages have no file name.
    #[serde(rename = "rule.version_of_pages")]
    VersionOfPages,
    /// Who is on a roster has an ID number.
    #[serde(rename = "rule.roster_known_by")]
    RosterKnownBy,
    /// A field that must be mapped.
    #[serde(rename = "rule.not_mapped")]
    NotMapped { field: String },
    /// A membership without a school.
    #[serde(rename = "rule.membership_school")]
    MembershipSchool,
    /// A field that the kind of stream has not.
    #[serde(rename = "rule.no_field")]
    NoField { kind: String, field: String },
    /// A field that tells people apart where nobody asks it.
    #[serde(rename = "rule.tells_apart")]
    TellsApart { field: String },
    /// A field that comes from nowhere.
    #[serde(rename = "rule.from_nowhere")]
    FromNowhere,
    /// A field that comes from two places.
    #[serde(rename = "rule.only_one_of")]
    OnlyOneOf,
    /// A path without a word.
    #[serde(rename = "rule.blank_path")]
    BlankPath,
    /// A path of the payload that there is not.
    #[serde(rename = "rule.no_path")]
    NoPath { path: String },
    /// Hours without a unit.
    #[serde(rename = "rule.hours_unit")]
    HoursUnit,
    /// A unit of something else.
    #[serde(rename = "rule.only_hours_unit")]
    OnlyHoursUnit,
    /// Forms of a day of something else.
    #[serde(rename = "rule.only_days_forms")]
    OnlyDaysForms,
    /// A form that no day has.
    #[serde(rename = "rule.day_form")]
    DayForm { form: String },
    /// Nobody passes a roster.
    #[serde(rename = "rule.roster_pass")]
    RosterPass,
    /// Nothing that decides.
    #[serde(rename = "rule.no_pass")]
    NoPass,
    /// A field that decides is not mapped.
    #[serde(rename = "rule.pass_needs")]
    PassNeeds { pass: String, field: String },
    /// Nothing to find the header by.
    #[serde(rename = "rule.no_header")]
    NoHeader,
    /// A name of two columns.
    #[serde(rename = "rule.two_columns")]
    TwoColumns { name: String, one: String, other: String },
    /// A rule about rows without a condition.
    #[serde(rename = "rule.every_row")]
    EveryRow,
    /// A condition of two comparisons, or none.
    #[serde(rename = "rule.one_comparison")]
    OneComparison,
    /// A bound that is no number.
    #[serde(rename = "rule.not_decimal")]
    NotDecimal { text: String },
    /// A key of streams over HTTP.
    #[serde(rename = "rule.only_http")]
    OnlyHttp { key: String },
    /// A key of streams of files.
    #[serde(rename = "rule.only_files")]
    OnlyFiles,
    /// A fan-out over nothing.
    #[serde(rename = "rule.empty_fan_out")]
    EmptyFanOut,
    /// A fan-out whose items have no id.
    #[serde(rename = "rule.fan_out_id")]
    FanOutId,
    /// Pages of one file.
    #[serde(rename = "rule.export_pages")]
    ExportPages,
    /// Nothing to ask for.
    #[serde(rename = "rule.no_request")]
    NoRequest,
    /// Two ways to the same records.
    #[serde(rename = "rule.request_and_export")]
    RequestAndExport,
    /// No place of the next token.
    #[serde(rename = "rule.next_token")]
    NextToken,
    /// A page that cannot tell.
    #[serde(rename = "rule.only_json_page")]
    OnlyJsonPage,
    /// Steps without a beginning.
    #[serde(rename = "rule.step_begin")]
    StepBegin,
    /// A step without its value.
    #[serde(rename = "rule.step_value")]
    StepValue { step: String },
    /// A step with a value that it does not take.
    #[serde(rename = "rule.step_word")]
    StepWord { step: String },
    /// A separator that none can be.
    #[serde(rename = "rule.separator")]
    Separator { text: String },
    /// A regular expression that takes nothing.
    #[serde(rename = "rule.no_group")]
    NoGroup,
    /// No regular expression.
    #[serde(rename = "rule.expression")]
    Expression { why: String },
    /// No ratio.
    #[serde(rename = "rule.ratio")]
    Ratio { text: String },
}

said_in_english!(RuleProblem);
