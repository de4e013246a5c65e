//! Seeds a database that has no rules yet: with what the process's settings name, or with what is built in. This happens
//! once; from then on, rules change by acts.

use std::collections::BTreeSet;

use serde_json::json;

use crate::active_rules::{ActiveRulesError, RuleSnapshot};
use crate::log_event::LogEvent;
use crate::rule_files::{FileIdentity, RuleTexts, identify_file};
use crate::settings::Settings;
use huiliu_manifest::content::canonical_content;
use huiliu_store::admin::audit::{self, Author, NewEntry};
use huiliu_store::ledger::fence;
use huiliu_store::ledger::marks;
use huiliu_store::ledger::rule_sets::{self, FormerActivation, NewObject, NewRuleSet};
use huiliu_store::{Db, StoreError, Tx, identity};
use huiliu_vault::keys::Keys;

/// The first versions have no reason but that there were none.
const BECAUSE: &str = "";

/// Returns the digest of a rule object: of its parsed content, so that comments and form do not count.
#[must_use]
pub fn digest_object(keys: &Keys, text: &str) -> Vec<u8> {
    keys.digest(&[b"rule_object", canonical_content(text).as_bytes()]).to_vec()
}

/// Returns the digest of a set of rules.
#[must_use]
pub fn digest_set<'d>(keys: &Keys, digests: impl Iterator<Item = &'d [u8]>) -> Vec<u8> {
    let sorted: BTreeSet<&[u8]> = digests.collect();
    let parts: Vec<&[u8]> = std::iter::once(&b"rule_set"[..]).chain(sorted).collect();
    keys.digest(&parts).to_vec()
}

/// Reads the rules in force; seeds the database first if it has none. A database of an earlier release keeps its activation
/// if that was of the same rules. Otherwise all teachers are settled by the new ones, which is told in the log.
///
/// # Errors
/// [`ActiveRulesError`].
pub async fn load_or_seed(
    db: &Db,
    keys: &Keys,
    settings: &Settings,
    actor: &str,
) -> Result<RuleSnapshot, ActiveRulesError> {
    if let Some(snapshot) = RuleSnapshot::load(db, keys, settings).await? {
        return Ok(snapshot);
    }
    seed_rules(db, keys, settings, actor).await?;
    let seeded = RuleSnapshot::load(db, keys, settings).await?;
    seeded.ok_or_else(|| StoreError::Column { column: "ledger_change.activation".into() }.into())
}

async fn seed_rules(db: &Db, keys: &Keys, settings: &Settings, actor: &str) -> Result<(), ActiveRulesError> {
    let texts = RuleTexts::from_settings(settings);
    texts.parse().map_err(|why| ActiveRulesError::Unreadable { activation: 0, why })?;
    let mut tx = rule_sets::begin_change(db).await?;
    if fence::read_state_in(&mut tx).await?.activation != 0 {
        // Another process was faster.
        return Ok(tx.roll_back().await?);
    }
    let author = Author { actor, because: BECAUSE };
    let (mut ids, mut digests, mut names) = (vec![], vec![], vec![]);
    for (kind, file) in texts.list() {
        let identity = identify_file(&file.text).filter(|identity| identity.kind == kind);
        let FileIdentity { name, version, .. } =
            identity.unwrap_or(FileIdentity { kind, name: kind.as_str().to_owned(), version: None });
        let (version, digest) = (version.unwrap_or(1).max(1), digest_object(keys, &file.text));
        let new = NewObject { kind, name: &name, version, digest: &digest, text: &file.text };
        ids.push(rule_sets::add_object(&mut tx, new, author).await?);
        digests.push(digest);
        names.push(format!("{name} {version}"));
    }
    let former = rule_sets::find_former_activation(&mut tx).await?;
    let same_digest = keys.digest(&[b"activation", settings.rules_text().as_bytes()]);
    let keeps = former.as_ref().filter(|former| former.digest == same_digest).map(|former| former.activation);
    let replaced = former.as_ref().map_or(0, |former| former.activation);
    let new = NewRuleSet {
        objects: &ids,
        digest: &digest_set(keys, digests.iter().map(Vec::as_slice)),
        replaces: if keeps.is_some() { 0 } else { replaced },
        keeps,
    };
    let activation = rule_sets::add_set(&mut tx, new, author).await?;
    let changes = former.is_some() && keeps.is_none();
    let detail = json!({ "because": BECAUSE, "rules": names, "replaced": changes.then_some(replaced) }).to_string();
    let object = format!("rules {activation}");
    let entry = NewEntry { actor, action: "rules.seed", object: &object, detail: &detail };
    audit::append_entry(&mut tx, keys, entry).await?;
    fence::raise_number(&mut tx, Some(activation)).await?;
    if changes {
        settle_all_anew(&mut tx).await?;
    }
    tx.commit().await?;
    match former {
        Some(FormerActivation { activation: replaced, .. }) if changes => {
            tracing::warn!(activation, replaced, "{}", LogEvent::RulesReplaced);
        }
        _ => tracing::info!(activation, "{}", LogEvent::RulesSeeded),
    }
    Ok(())
}

async fn settle_all_anew(tx: &mut Tx) -> Result<(), StoreError> {
    marks::mark_all(tx, marks::SETTLE).await?;
    identity::reset_undecided(tx).await
}
