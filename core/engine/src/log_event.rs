//! What the engine writes to the log, for the people who operate it.

use huiliu_messages::{Message, SystemError, said_in_log};
use serde::Serialize;

/// One line of the log, as data. Its `Display` is the sentence in the language of the log.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
pub(crate) enum LogEvent {
    /// A worker that held a batch was lost; this one takes it.
    #[serde(rename = "log.batch_taken_over")]
    BatchTakenOver,
    /// Another worker took the batch in the meantime.
    #[serde(rename = "log.batch_lost")]
    BatchLost,
    /// A delivery failed and is tried again.
    #[serde(rename = "log.batch_returned")]
    BatchReturned { why: Message },
    /// Raw records have fields that no earlier one had.
    #[serde(rename = "log.new_fields")]
    NewFields { fields: Vec<String> },
    /// The platform refused the place of an earlier run, and the listing is read from its beginning again.
    #[serde(rename = "log.listing_restarted")]
    ListingRestarted { stream: String, why: Message },
    /// A payload is UTF-8 although its manifest declares GB18030.
    #[serde(rename = "log.other_encoding")]
    OtherEncoding { stream: String, payload: String },
    /// A table has a header and no record below it.
    #[serde(rename = "log.only_header")]
    OnlyHeader { payload: String },
    /// A pass did not meet what its manifest expects.
    #[serde(rename = "log.not_as_expected")]
    NotAsExpected { what: Message },
    /// A registered manifest cannot be used.
    #[serde(rename = "log.manifest_unusable")]
    ManifestUnusable { why: Message },
    /// The registry was read.
    #[serde(rename = "log.registry_read")]
    RegistryRead,
    /// A registered source cannot be used.
    #[serde(rename = "log.source_unusable")]
    SourceUnusable { why: Message },
    /// Other rules were activated and are in use here from now on.
    #[serde(rename = "log.rules_read")]
    RulesRead,
    /// Rules were activated that this program cannot use, so it settles nothing.
    #[serde(rename = "log.rules_unusable")]
    RulesUnusable { why: Message },
    /// A new database has its first rules.
    #[serde(rename = "log.rules_seeded")]
    RulesSeeded,
    /// A database of an earlier release has got rules other than those that it was last settled by.
    #[serde(rename = "log.rules_replaced")]
    RulesReplaced,
    /// Files of the settings differ from the rules in force and change nothing.
    #[serde(rename = "log.rules_differ")]
    RulesDiffer { names: Vec<String> },
    /// Deliveries of notifications have failed.
    #[serde(rename = "log.not_notified")]
    NotNotified,
    /// The causes of notifications could not be read.
    #[serde(rename = "log.notifications_unread")]
    NotificationsUnread { why: Message },
    /// Current entries are not what the rules give. The number of fields, and the first of them.
    #[serde(rename = "log.ledger_differs")]
    LedgerDiffers { fields: usize, teacher: i64, record: i64, field: &'static str },
    /// Waiting rows of a batch were not loaded.
    #[serde(rename = "log.rows_not_loaded")]
    RowsNotLoaded { why: Message },
    /// Records of an earlier release have their keys by value now.
    #[serde(rename = "log.rekeyed")]
    Rekeyed { rekeyed: u64, merged: u64, apart: u64, unreadable: u64 },
    /// So many values are sealed under the new key.
    #[serde(rename = "log.resealed")]
    Resealed,
    #[serde(rename = "log.run_ended")]
    RunEnded,
    /// A request failed and is sent again.
    #[serde(rename = "log.retry")]
    Retry { why: Message },
    /// A lease could not be renewed.
    #[serde(rename = "log.lease_not_renewed")]
    LeaseNotRenewed { why: Message },
    /// The audit log has a new end.
    #[serde(rename = "log.audit_head")]
    AuditHead,
    /// The end of the audit log could not be kept in its file.
    #[serde(rename = "log.audit_head_not_kept")]
    AuditHeadNotKept { file: String, why: SystemError },
    /// The end of the audit log was not taken by its URL.
    #[serde(rename = "log.audit_head_not_posted")]
    AuditHeadNotPosted { why: Message },
    /// There is too little room on disk, so nothing lands and nothing is delivered.
    #[serde(rename = "log.no_room")]
    NoRoom { why: Message },
    /// There is room again.
    #[serde(rename = "log.room_again")]
    RoomAgain,
}

said_in_log!(LogEvent);
