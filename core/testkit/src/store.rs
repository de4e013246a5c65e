//! What every store must do with the books.

use huiliu_authoring::gate::law::{Broken, broken, law};
use huiliu_messages::Message;
use huiliu_store::delivery::batches::{self, DueBatch};
use huiliu_store::intake::payloads;
use huiliu_store::intake::runs::{self, Institution, Landing, Source};
use huiliu_store::intake::source_lease::{self, Ended, SourceClaim};
use huiliu_store::sql::schema;
use huiliu_store::{Db, StoreError};
use huiliu_vault::keys::Keys;

const LEASE_MS: u64 = 60_000;
const RECORDS: u32 = 10;

/// Lands, claims, renews, loses and rings on an empty store: one of two claims wins, an epoch that is passed can do
/// nothing, a queue rings once, and what is landed twice is kept once.
///
/// # Errors
/// The law that does not hold.
pub async fn exercise_store(db: &Db, keys: &Keys) -> Result<(), Broken> {
    let institution = Institution { code: "X1", name: "练习" };
    let source = runs::register_source(db, "exercise", "institution", institution).await.map_err(broken)?;
    let again = runs::register_source(db, "exercise", "institution", institution).await.map_err(broken)?;
    law(source == again, "a source that is registered twice is two")?;
    let keys = &schema::check_key(db, keys).await.map_err(broken)?;
    let run = runs::start_run(db, &source, true).await.map_err(broken)?;
    let claim = whose_turn(db, source.id).await?;
    let batches = landing(db, keys, &source, claim, run).await?;
    source_lease::end(db, claim, Ended::Done, None).await.map_err(broken)?;
    source_lease::take(db, source.id, LEASE_MS, "b", false)
        .await
        .map_err(broken)?
        .ok_or("a turn was not given back")?;
    let late = land(db, keys, &source, claim, run, "three").await;
    law(matches!(late, Err(StoreError::LeaseLost)), "a page landed out of turn")?;
    claims(db, batches[0]).await?;
    lost_claims(db, batches[1]).await?;
    notices(db, &batches).await?;
    runs::end_run(db, run, None).await.map_err(broken)
}

/// One of two takes a source; its moment is no matter to who asks for it by name.
async fn whose_turn(db: &Db, source: i64) -> Result<SourceClaim, Broken> {
    source_lease::plan(db, source, "0 2 1 * *", Some(i64::MAX)).await.map_err(broken)?;
    let early = source_lease::take(db, source, LEASE_MS, "a", true).await.map_err(broken)?;
    law(early.is_none(), "a source was taken before its moment")?;
    let (a, b) = tokio::join!(
        source_lease::take(db, source, LEASE_MS, "a", false),
        source_lease::take(db, source, LEASE_MS, "b", false)
    );
    let won: Vec<_> = [a, b].into_iter().filter_map(|t| t.map_err(broken).transpose()).collect::<Result<_, _>>()?;
    law(won.len() == 1, format!("{} of two have the turn", won.len()))?;
    law(won[0].lease().renew(db, LEASE_MS).await.map_err(broken)?, "a live turn was not renewed")?;
    Ok(won[0])
}

async fn land(
    db: &Db,
    keys: &Keys,
    source: &Source,
    claim: SourceClaim,
    run: i64,
    cursor: &str,
) -> Result<Vec<i64>, StoreError> {
    let payload = b"as received".to_vec().into();
    let landing = Landing {
        source,
        claim,
        run,
        stream: "completions",
        address: "page 1",
        payload: &payload,
        each: None,
        records: Ok(RECORDS),
        batch_size: 4,
        cursor_at_start: None,
        cursor: Some(cursor),
    };
    runs::land(db, keys, &landing).await
}

async fn landing(db: &Db, keys: &Keys, source: &Source, claim: SourceClaim, run: i64) -> Result<Vec<i64>, Broken> {
    let land = async |cursor: &str| land(db, keys, source, claim, run, cursor).await.map_err(broken);
    let batches = land("one").await?;
    law(batches.len() == 3, format!("{RECORDS} records in batches of 4 gave {} batches", batches.len()))?;
    let cursor = runs::cursor(db, source, "completions").await.map_err(broken)?;
    law(cursor.as_deref() == Some("one"), "the cursor did not land with its payload")?;
    let twice = land("two").await?;
    let held =
        batches::claim(db, twice[0], LEASE_MS, "a").await.map_err(broken)?.ok_or("a landed batch cannot be claimed")?;
    law(held.same_as.is_some(), "bytes that are held already are kept twice")?;
    let opened = payloads::open(db, keys, &held, false).await.map_err(broken)?;
    law(opened.plain() == Some(b"as received"), "a payload does not open as it was received")?;
    Ok(batches)
}

async fn claims(db: &Db, batch: i64) -> Result<(), Broken> {
    let (a, b) = tokio::join!(batches::claim(db, batch, LEASE_MS, "a"), batches::claim(db, batch, LEASE_MS, "b"));
    let won: Vec<_> = [a, b].into_iter().filter_map(|c| c.map_err(broken).transpose()).collect::<Result<_, _>>()?;
    law(won.len() == 1, format!("{} of two claims won", won.len()))?;
    let held = &won[0];
    law(held.lease().renew(db, LEASE_MS).await.map_err(broken)?, "a live claim was not renewed")?;
    batches::release(db, held, 0, &Message::read("on purpose")).await.map_err(broken)?;
    law(!held.lease().renew(db, LEASE_MS).await.map_err(broken)?, "a released claim was renewed")?;
    let next = batches::claim(db, batch, LEASE_MS, "c").await.map_err(broken)?.ok_or("a released batch was not due")?;
    law(
        next.epoch > held.epoch && next.lost_claims == 0,
        "a release counts as a lost claim, or the epoch stood still",
    )?;
    batches::release(db, held, 0, &Message::read("too late")).await.map_err(broken)?;
    law(next.lease().renew(db, LEASE_MS).await.map_err(broken)?, "a passed epoch released another's claim")
}

async fn lost_claims(db: &Db, batch: i64) -> Result<(), Broken> {
    let lost = batches::claim(db, batch, 0, "a").await.map_err(broken)?.ok_or("a landed batch was not due")?;
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    law(batches::abandoned(db, 10).await.map_err(broken)? == [batch], "a lost claim is not told as abandoned")?;
    let next =
        batches::claim(db, batch, LEASE_MS, "b").await.map_err(broken)?.ok_or("a lost claim was not taken up")?;
    law(next.lost_claims == 1 && next.epoch == lost.epoch + 1, "a lost claim was not counted")?;
    law(!lost.lease().renew(db, LEASE_MS).await.map_err(broken)?, "a lost claim was renewed")?;
    law(
        batches::quarantine(db, batch, &Message::read("on purpose")).await.map_err(broken)?,
        "a batch was not set aside",
    )?;
    law(batches::claim(db, batch, LEASE_MS, "c").await.map_err(broken)?.is_none(), "a quarantined batch was claimed")
}

/// Of the batches landed first the third alone is still due; of those landed again, the second and third.
async fn notices(db: &Db, batches: &[i64]) -> Result<(), Broken> {
    law(
        batches::to_ring(db, 60_000, 10).await.map_err(broken)?.is_empty(),
        "what has just landed was rung again at once",
    )?;
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let unserved = DueBatch { id: batches[2], generation: 1 };
    let rung = batches::to_ring(db, 0, 10).await.map_err(broken)?;
    law(rung.len() == 3 && rung.first() == Some(&unserved), format!("{rung:?} rung, three are due"))?;
    batches::not_rung(db, &[batches[2]]).await.map_err(broken)?;
    let first = batches::unnotified(db, 1).await.map_err(broken)?;
    law(first == [batches[2]], "what the queue did not take does not come first")?;
    let again = batches::to_ring(db, 60_000, 10).await.map_err(broken)?;
    law(again == [unserved], format!("{again:?} rung, only one was not taken"))
}
