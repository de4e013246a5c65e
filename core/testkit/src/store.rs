//! Conformance of stores.

use huiliu_authoring::gate::law::{Broken, check_law, to_broken};
use huiliu_messages::Message;
use huiliu_store::delivery::batches::{self, DueBatch};
use huiliu_store::intake::landing::{self, NewPayload, StreamPass};
use huiliu_store::intake::payloads;
use huiliu_store::intake::runs::{self, Institution, Source};
use huiliu_store::intake::source_lease::{self, SourceClaim, SourceUseEnd};
use huiliu_store::sql::schema;
use huiliu_store::{Db, StoreError};
use huiliu_vault::keys::Keys;

const LEASE_MS: u64 = 60_000;
const RECORDS: u32 = 10;

/// Lands, claims, renews, loses and notifies on an empty store. Checks that one of two claims wins, that an outdated
/// epoch can do nothing, that a batch is notified once, and that bytes landed twice are stored once.
///
/// # Errors
/// The law that is broken.
pub async fn exercise_store(db: &Db, keys: &Keys) -> Result<(), Broken> {
    let institution = Institution { code: "X1", name: "练习" };
    let source = runs::register_source(db, "exercise", "institution", institution).await.map_err(to_broken)?;
    let again = runs::register_source(db, "exercise", "institution", institution).await.map_err(to_broken)?;
    check_law(source == again, "a source that is registered twice is two")?;
    let keys = &schema::check_key(db, keys).await.map_err(to_broken)?;
    let run = runs::start_run(db, &source, true).await.map_err(to_broken)?;
    let claim = check_source_lease(db, source.id).await?;
    let batches = check_landing(db, keys, &source, claim, run).await?;
    source_lease::release_source(db, claim, SourceUseEnd::Done, None).await.map_err(to_broken)?;
    source_lease::claim_source(db, source.id, LEASE_MS, "b", false)
        .await
        .map_err(to_broken)?
        .ok_or("a turn was not given back")?;
    let late = land_page(db, keys, &source, claim, run, "three").await;
    check_law(matches!(late, Err(StoreError::LeaseLost)), "a page landed out of turn")?;
    check_claims(db, batches[0]).await?;
    check_lost_claims(db, batches[1]).await?;
    check_notices(db, &batches).await?;
    runs::end_run(db, run, None).await.map_err(to_broken)
}

/// Checks that one of two callers gets the source, and that the schedule does not bind a caller who names the source.
async fn check_source_lease(db: &Db, source: i64) -> Result<SourceClaim, Broken> {
    source_lease::save_schedule(db, source, "0 2 1 * *", Some(i64::MAX)).await.map_err(to_broken)?;
    let early = source_lease::claim_source(db, source, LEASE_MS, "a", true).await.map_err(to_broken)?;
    check_law(early.is_none(), "a source was taken before its moment")?;
    let (a, b) = tokio::join!(
        source_lease::claim_source(db, source, LEASE_MS, "a", false),
        source_lease::claim_source(db, source, LEASE_MS, "b", false)
    );
    let won: Vec<_> = [a, b].into_iter().filter_map(|t| t.map_err(to_broken).transpose()).collect::<Result<_, _>>()?;
    check_law(won.len() == 1, format!("{} of two have the turn", won.len()))?;
    check_law(won[0].lease().renew(db, LEASE_MS).await.map_err(to_broken)?, "a live turn was not renewed")?;
    Ok(won[0])
}

async fn land_page(
    db: &Db,
    keys: &Keys,
    source: &Source,
    claim: SourceClaim,
    run: i64,
    cursor: &str,
) -> Result<Vec<i64>, StoreError> {
    let payload = b"as received".to_vec().into();
    let pass = StreamPass { source, claim, run, stream: "completions", cursor_at_start: None };
    let page = NewPayload { cursor: Some(cursor), ..NewPayload::new("page 1", &payload, Ok(RECORDS)) };
    landing::land_payloads(db, keys, pass, &[page], 4).await
}

async fn check_landing(
    db: &Db,
    keys: &Keys,
    source: &Source,
    claim: SourceClaim,
    run: i64,
) -> Result<Vec<i64>, Broken> {
    let land = async |cursor: &str| land_page(db, keys, source, claim, run, cursor).await.map_err(to_broken);
    let batches = land("one").await?;
    check_law(batches.len() == 3, format!("{RECORDS} records in batches of 4 gave {} batches", batches.len()))?;
    let cursor = runs::find_cursor(db, source, "completions").await.map_err(to_broken)?;
    check_law(cursor.as_deref() == Some("one"), "the cursor did not land with its payload")?;
    let twice = land("two").await?;
    let held = batches::claim_batch(db, twice[0], LEASE_MS, "a")
        .await
        .map_err(to_broken)?
        .ok_or("a landed batch cannot be claimed")?;
    check_law(held.same_as.is_some(), "bytes that are held already are kept twice")?;
    let opened = payloads::open_payload(db, keys, &held, false).await.map_err(to_broken)?;
    check_law(opened.as_plain() == Some(b"as received"), "a payload does not open as it was received")?;
    Ok(batches)
}

async fn check_claims(db: &Db, batch: i64) -> Result<(), Broken> {
    let (a, b) =
        tokio::join!(batches::claim_batch(db, batch, LEASE_MS, "a"), batches::claim_batch(db, batch, LEASE_MS, "b"));
    let won: Vec<_> = [a, b].into_iter().filter_map(|c| c.map_err(to_broken).transpose()).collect::<Result<_, _>>()?;
    check_law(won.len() == 1, format!("{} of two claims won", won.len()))?;
    let held = &won[0];
    check_law(held.lease().renew(db, LEASE_MS).await.map_err(to_broken)?, "a live claim was not renewed")?;
    batches::release_batch(db, held, 0, &Message::parse_stored("on purpose")).await.map_err(to_broken)?;
    check_law(!held.lease().renew(db, LEASE_MS).await.map_err(to_broken)?, "a released claim was renewed")?;
    let next = batches::claim_batch(db, batch, LEASE_MS, "c")
        .await
        .map_err(to_broken)?
        .ok_or("a released batch was not due")?;
    check_law(
        next.epoch > held.epoch && next.lost_claims == 0,
        "a release counts as a lost claim, or the epoch stood still",
    )?;
    batches::release_batch(db, held, 0, &Message::parse_stored("too late")).await.map_err(to_broken)?;
    check_law(next.lease().renew(db, LEASE_MS).await.map_err(to_broken)?, "a passed epoch released another's claim")
}

async fn check_lost_claims(db: &Db, batch: i64) -> Result<(), Broken> {
    let lost = batches::claim_batch(db, batch, 0, "a").await.map_err(to_broken)?.ok_or("a landed batch was not due")?;
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    check_law(
        batches::list_expired(db, 10).await.map_err(to_broken)? == [batch],
        "a lost claim is not told as abandoned",
    )?;
    let next = batches::claim_batch(db, batch, LEASE_MS, "b")
        .await
        .map_err(to_broken)?
        .ok_or("a lost claim was not taken up")?;
    check_law(next.lost_claims == 1 && next.epoch == lost.epoch + 1, "a lost claim was not counted")?;
    check_law(!lost.lease().renew(db, LEASE_MS).await.map_err(to_broken)?, "a lost claim was renewed")?;
    check_law(
        batches::quarantine_batch(db, batch, &Message::parse_stored("on purpose")).await.map_err(to_broken)?,
        "a batch was not set aside",
    )?;
    check_law(
        batches::claim_batch(db, batch, LEASE_MS, "c").await.map_err(to_broken)?.is_none(),
        "a quarantined batch was claimed",
    )
}

/// Checks notices: of the batches landed first only the third is still due; of those landed again, the second and
/// third.
async fn check_notices(db: &Db, batches: &[i64]) -> Result<(), Broken> {
    check_law(
        batches::take_unnotified(db, 60_000, 10).await.map_err(to_broken)?.is_empty(),
        "what has just landed was rung again at once",
    )?;
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let unserved = DueBatch { id: batches[2], generation: 1 };
    let rung = batches::take_unnotified(db, 0, 10).await.map_err(to_broken)?;
    check_law(rung.len() == 3 && rung.first() == Some(&unserved), format!("{rung:?} rung, three are due"))?;
    batches::unmark_notified(db, &[batches[2]]).await.map_err(to_broken)?;
    let first = batches::list_due(db, 1).await.map_err(to_broken)?;
    check_law(first == [batches[2]], "what the queue did not take does not come first")?;
    let again = batches::take_unnotified(db, 60_000, 10).await.map_err(to_broken)?;
    check_law(again == [unserved], format!("{again:?} rung, only one was not taken"))
}
