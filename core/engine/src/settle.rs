//! Settlement: resolves pending identity claims, recomputes marked teachers' entries by pure rules, in blocks, and
//! writes the differences. Also closes dead letters that good newer versions have superseded.
//!
//! Each block commits only if the rules and the decisions about courses are still those that it was computed by.

use std::sync::Arc;
use std::time::Duration;

use crate::active_rules::RuleSnapshot;
use crate::closing;
use crate::conflicts::Retries;
use crate::deliver::DeliveryContext;
use crate::recount;
use huiliu_rules::policy::Policy;
use huiliu_store::delivery::causes;
use huiliu_store::ledger::entries::{self, BlockResult, SettlingRules};
use huiliu_store::ledger::fence::{self, LedgerState};
use huiliu_store::ledger::groups;
use huiliu_store::{StoreError, faults, identity};

/// After a block has been outdated so often, changes wait until it is committed.
const PATIENCE: u32 = 3;
/// The rules by which blocks are settled, with the decisions about courses, as of one state of the ledger.
struct RulesRead {
    snapshot: Arc<RuleSnapshot>,
    /// The rules with people's decisions; `None` if there are none.
    decided: Option<Policy>,
    state: LedgerState,
}

impl RulesRead {
    /// Reads rules and decisions. Returns `None` if this program cannot read the rules in force.
    async fn load(context: &DeliveryContext) -> Result<Option<Self>, StoreError> {
        loop {
            let Some(snapshot) = context.rules.refresh(&context.db, &context.keys).await? else { return Ok(None) };
            let mut tx = context.db.begin_read_only().await?;
            let state = fence::read_state_in(&mut tx).await?;
            if snapshot.activation != 0 && state.activation != snapshot.activation {
                continue;
            }
            let decided = recount::find_policy_with_decisions(&mut tx, &snapshot.policy).await?;
            return Ok(Some(Self { snapshot, decided, state }));
        }
    }

    fn as_settling(&self, holds: bool) -> SettlingRules<'_> {
        let policy = self.decided.as_ref().unwrap_or(&self.snapshot.policy);
        SettlingRules { policy, rules: &self.snapshot.rules, state: self.state, holds }
    }
}

/// Settles every block of teachers that no other process is settling. Returns the number of teachers settled: 0 if this
/// program cannot read the rules in force, which is told in the log.
///
/// # Errors
/// [`StoreError`]; blocks that were settled before it stay settled.
pub async fn settle_all(context: &DeliveryContext, progress: &(dyn Fn(usize) + Sync)) -> Result<usize, StoreError> {
    let DeliveryContext { db, keys, .. } = context;
    causes::sort_letters(db, keys).await?;
    closing::close_superseded(context).await?;
    loop {
        let Some(snapshot) = context.rules.refresh(db, keys).await? else { return Ok(0) };
        let weights = &snapshot.policy.weights;
        if identity::decide_new_claims(db, keys, weights, snapshot.activation).await?.is_some() {
            break;
        }
    }
    groups::expand_groups(db).await?;
    let Some(mut read) = RulesRead::load(context).await? else { return Ok(0) };
    if faults::skip_fence() {
        tokio::time::sleep(Duration::from_millis(faults::slow_commit_ms())).await;
    }
    let (mut total, mut after) = (0, -1);
    let (mut outdated, mut retries) = (0, Retries::default());
    loop {
        match entries::settle_block(db, read.as_settling(outdated >= PATIENCE), after).await {
            Ok(BlockResult::Settled(settled)) => {
                total += settled.teachers;
                after = settled.block;
                (outdated, retries) = (0, Retries::default());
                progress(settled.teachers);
            }
            Ok(BlockResult::NoneLeft) => return Ok(total),
            Ok(BlockResult::Outdated) => {
                outdated += 1;
                let Some(again) = RulesRead::load(context).await? else { return Ok(total) };
                read = again;
            }
            Err(fault) if retries.try_again(&fault) => {}
            Err(fault) => return Err(fault),
        }
    }
}
