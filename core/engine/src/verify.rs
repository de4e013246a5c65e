//! Verifies the ledger: derives every teacher's entries again and compares them with those that are stored. Teachers for
//! whom a change waits to be settled are left out; their entries may rightly differ.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::active_rules::RuleFollower;
use crate::deliver::DeliveryContext;
use crate::log_event::LogEvent;
use crate::recount;
use huiliu_store::ledger::compare::{self, ComparedTeachers, EntryDifference};
use huiliu_store::ledger::verified::{self, DueBlock, StoredDifference};
use huiliu_store::ledger::{fence, groups, marks};
use huiliu_store::{Db, StoreError, settlement};
use huiliu_vault::keys::Keys;

/// Teachers compared per transaction.
const TEACHERS: i64 = 1_000;
/// Teachers whose records are in memory at once.
const AT_ONCE: usize = 256;
/// Differences that a worker keeps of one block.
const KEPT: usize = 1_000;

/// A field of a current entry that is not what rules, decisions and records give now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LedgerDifference {
    /// The teacher's number.
    pub teacher: i64,
    /// The record's number.
    pub record: i64,
    /// The field; `entry` if only one of both has an entry for the record.
    pub field: String,
    /// The stored value; null if there is none. Hours in units of 1/108,000 class hour.
    pub stored: Option<String>,
    /// The value derived now; null if there is none.
    pub derived: Option<String>,
}

impl From<EntryDifference> for LedgerDifference {
    fn from(EntryDifference { teacher, record, field, stored, derived }: EntryDifference) -> Self {
        Self { teacher, record, field: field.to_owned(), stored, derived }
    }
}

impl From<StoredDifference> for LedgerDifference {
    fn from(StoredDifference { teacher, record, field, stored, derived }: StoredDifference) -> Self {
        Self { teacher, record, field, stored, derived }
    }
}

/// The result of verifying the ledger, or a part of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LedgerVerified {
    /// Teachers compared.
    pub teachers: u64,
    /// Entries compared.
    pub entries: u64,
    /// Teachers who were left out because a change that concerns them waits to be settled.
    pub waiting: u64,
    /// Number of fields that differ.
    pub differing: u64,
    /// The first differences, up to a limit.
    pub differences: Vec<LedgerDifference>,
}

/// What verifying needs: the database, its keys, and the rules in force.
#[derive(Debug, Clone, Copy)]
pub struct Verifier<'a> {
    /// The database.
    pub db: &'a Db,
    /// The keys by which rules are found.
    pub keys: &'a Keys,
    /// The rules in force.
    pub rules: &'a RuleFollower,
}

impl<'a> From<&'a DeliveryContext> for Verifier<'a> {
    fn from(DeliveryContext { db, keys, rules, .. }: &'a DeliveryContext) -> Self {
        Self { db, keys, rules }
    }
}

/// The teachers to verify, by their numbers.
#[derive(Debug, Clone, Copy)]
pub struct TeacherRange {
    /// The number before the first one.
    pub after: i64,
    /// The number of the last one.
    pub last: i64,
    /// The most teachers to verify.
    pub at_most: i64,
}

impl TeacherRange {
    /// Every teacher.
    pub const ALL: Self = Self { after: 0, last: i64::MAX, at_most: i64::MAX };

    /// One teacher.
    #[must_use]
    pub fn single(teacher: i64) -> Self {
        Self { after: teacher - 1, last: teacher, at_most: 1 }
    }
}

/// Everything that was found about a block of teachers at one moment.
#[derive(Default)]
struct Compared {
    teachers: u64,
    entries: u64,
    waiting: u64,
    differences: Vec<EntryDifference>,
}

impl Verifier<'_> {
    /// Compares the current entries of teachers with those that the rules in force, the decisions and the records give now.
    /// Works in blocks of teachers, each at one moment, and keeps at most `limit` differences. Tells `progress` the number
    /// of teachers of each block.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails, or if this program cannot read the rules in force.
    pub async fn verify_teachers(
        &self,
        range: TeacherRange,
        limit: usize,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<LedgerVerified, StoreError> {
        let mut verified = LedgerVerified::default();
        let (mut after, mut room) = (range.after, range.at_most);
        while room > 0 {
            let part = TeacherRange { after, last: range.last, at_most: room.min(TEACHERS) };
            let Some((last, compared)) = self.compare_part(part).await? else { break };
            let taken = compared.teachers + compared.waiting;
            (after, room) = (last, room.saturating_sub(i64::try_from(taken).unwrap_or(i64::MAX)));
            verified.teachers += compared.teachers;
            verified.entries += compared.entries;
            verified.waiting += compared.waiting;
            verified.differing += compared.differences.len() as u64;
            let left = limit.saturating_sub(verified.differences.len());
            verified.differences.extend(compared.differences.into_iter().take(left).map(LedgerDifference::from));
            progress(taken);
        }
        Ok(verified)
    }

    /// Compares the first teachers of a range at one moment. Returns the last of them, or `None` if there is none.
    async fn compare_part(&self, range: TeacherRange) -> Result<Option<(i64, Compared)>, StoreError> {
        loop {
            let snapshot = self.rules.refresh_or_fail(self.db, self.keys).await?;
            let mut tx = self.db.begin_read_only().await?;
            let state = fence::read_state_in(&mut tx).await?;
            if snapshot.activation != 0 && state.activation != snapshot.activation {
                continue;
            }
            let mut ids = marks::teachers_after(&mut tx, range.after, range.at_most).await?;
            ids.retain(|id| *id <= range.last);
            let Some(last) = ids.last().copied() else { return Ok(None) };
            let marked = marks::marked_among(&mut tx, &ids).await?;
            let count = ids.len();
            ids.retain(|id| !marked.contains(id));
            let mut compared = Compared { waiting: (count - ids.len()) as u64, ..Compared::default() };
            let policy = recount::load_policy_with_decisions(&mut tx, &snapshot.policy).await?;
            for teachers in ids.chunks(AT_ONCE) {
                let ComparedTeachers { entries, differences } =
                    compare::compare_teachers(&mut tx, &policy, &snapshot.rules, teachers).await?;
                compared.entries += entries;
                compared.differences.extend(differences);
            }
            let differing: BTreeSet<i64> = compared.differences.iter().map(|of| of.teacher).collect();
            let concerned = groups::concerned_among(&mut tx, &differing).await?;
            compared.differences.retain(|of| !concerned.contains(&of.teacher));
            compared.waiting += concerned.len() as u64;
            compared.teachers = (ids.len() - concerned.len()) as u64;
            return Ok(Some((last, compared)));
        }
    }

    /// Verifies some teachers in a row, from a place that differs from call to call.
    ///
    /// # Errors
    /// As [`Verifier::verify_teachers`].
    pub async fn verify_sample(&self, teachers: i64, limit: usize) -> Result<LedgerVerified, StoreError> {
        let after = verified::pick_place(self.db, teachers).await?;
        self.verify_teachers(TeacherRange { after, last: i64::MAX, at_most: teachers }, limit, &|_| {}).await
    }

    /// Verifies the block of teachers whose turn it is, if all are to be verified once in `days` days and one is due.
    /// Stores what it found, and tells the log of differences that are new. Waits with a block while anything waits to be
    /// settled, unless it is overdue. Returns the number of teachers verified, `None` if no block is due.
    ///
    /// # Errors
    /// As [`Verifier::verify_teachers`].
    pub async fn verify_due_block(&self, days: i64) -> Result<Option<u64>, StoreError> {
        let Some(due) = verified::find_due_block(self.db, days).await? else { return Ok(None) };
        if !due.overdue && settlement::count_due(self.db).await? > 0 {
            return Ok(None);
        }
        if !verified::claim_block(self.db, due, days).await? {
            return Ok(None);
        }
        self.verify_block(due).await.map(Some)
    }

    async fn verify_block(&self, due: DueBlock) -> Result<u64, StoreError> {
        let (mut after, last) = due.teacher_range();
        let (mut teachers, mut differences) = (0, Vec::new());
        let part = |after| TeacherRange { after, last, at_most: TEACHERS };
        while let Some((end, compared)) = self.compare_part(part(after)).await? {
            after = end;
            teachers += compared.teachers;
            differences.extend(compared.differences);
            differences.truncate(KEPT);
        }
        let new = verified::record_block(self.db, due, teachers, &differences).await?;
        if let Some(first) = differences.first().filter(|_| new > 0) {
            let EntryDifference { teacher, record, field, .. } = first;
            let event = LogEvent::LedgerDiffers { fields: new, teacher: *teacher, record: *record, field };
            tracing::error!("{event}");
        }
        Ok(teachers)
    }
}
