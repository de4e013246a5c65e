//! The causes of open dead letters, with the number of letters that each has.

use std::collections::{BTreeMap, HashMap};

use schemars::JsonSchema;
use serde::Serialize;

use crate::admin::filter::{self, Conditions};
use crate::admin::letters::LetterFilter;
use crate::sql::db::{Db, Tx};
use crate::sql::error::StoreError;
use crate::sql::rows::{Row, Rows};
use huiliu_decode::Problem;
use huiliu_decode::cause::find_responsible;
use huiliu_values::calendar::format_instant;
use huiliu_values::{Responsible, Stage};

/// The open dead letters that one correction helps: same source, stream, reason code, raw field and form of the value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CauseGroup {
    /// Number of the cause, which other commands take as a filter.
    pub cause: i64,
    /// Name of the source.
    pub source: String,
    /// Name of the stream.
    pub stream: String,
    /// Code of the source's institution.
    pub institution: String,
    /// Where the records failed.
    pub stage: Stage,
    /// Reason code.
    pub code: String,
    /// The raw field.
    pub field: String,
    /// Form of the value: `9` for digits, `a` for Latin letters, `字` for other letters, other characters for themselves.
    pub shape: String,
    /// Who can remove the cause.
    pub responsible: Responsible,
    /// Number of open dead letters.
    pub dead_letters: i64,
    /// Percentage, with two decimals: of the run's raw records if a run is selected, otherwise of the selected letters. A
    /// letter with several causes is in several groups.
    pub share: String,
    /// When one of the letters was first received, RFC 3339.
    pub first_seen_at: String,
    /// When one of them was last received, RFC 3339.
    pub last_seen_at: String,
    /// The letter that was received first.
    pub example: i64,
    /// The example's address.
    pub example_address: String,
    /// The example's value, masked.
    pub example_value: String,
}

/// The causes of the selected letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Causes {
    /// A part of the causes, those with the most letters first.
    pub groups: Vec<CauseGroup>,
    /// Number of all of them.
    pub total: i64,
    /// Number of selected letters.
    pub letters: i64,
}

/// The letters with the same cause, or the same set of causes.
#[derive(Debug, Clone, Copy)]
struct Tally {
    letters: i64,
    last_seen_at: i64,
    /// The lowest number. Numbers are given in the order in which letters are first received.
    first: i64,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.letters += other.letters;
        self.last_seen_at = self.last_seen_at.max(other.last_seen_at);
        self.first = self.first.min(other.first);
    }
}

/// Groups open dead letters by cause, and returns the groups after the first `skip`, at most `limit`.
///
/// # Errors
/// [`StoreError`].
pub async fn list_causes(db: &Db, of: &LetterFilter, skip: usize, limit: usize) -> Result<Causes, StoreError> {
    let mut tx = db.begin_read_only().await?;
    let sets = count_sets(&mut tx, of).await?;
    let letters = sets.values().map(|tally| tally.letters).sum();
    let causes = sum_causes(&mut tx, of, &sets).await?;
    let total = i64::try_from(causes.len()).unwrap_or(i64::MAX);
    let mut shown: Vec<(i64, Tally)> = causes.into_iter().collect();
    shown.sort_by_key(|(cause, tally)| (std::cmp::Reverse(tally.letters), *cause));
    let shown: Vec<(i64, Tally)> = shown.into_iter().skip(skip).take(limit).collect();
    let groups = describe_causes(&mut tx, &shown).await?;
    drop(tx);
    let records = match of.run {
        Some(run) => {
            let sql = "SELECT CAST(coalesce(sum(record_count), 0) AS BIGINT) AS n FROM batch WHERE run_id = $1";
            filter::fetch_count(db, sql, vec![run.into()]).await?
        }
        None => letters,
    };
    let with_share = |group: CauseGroup| CauseGroup { share: format_share(group.dead_letters, records), ..group };
    Ok(Causes { groups: groups.into_iter().map(with_share).collect(), total, letters })
}

/// Counts the selected letters by their set of causes.
async fn count_sets(tx: &mut Tx, of: &LetterFilter) -> Result<HashMap<i64, Tally>, StoreError> {
    let resolved = of.resolve(tx).await?;
    let more = resolved.to_conditions(vec![]);
    // The lowest numbers are read from the index, where it has all that is asked for.
    let first = if of.is_narrow() { "min(d.id)" } else { "0" };
    let sql = format!(
        "SELECT d.cause_set_id AS cause_set_id, count(*) AS letters, max(d.last_seen_at) AS last_seen_at,
                CAST({first} AS BIGINT) AS first
         FROM dead_letter d WHERE d.state = 'open' AND d.cause_set_id IS NOT NULL{} GROUP BY d.cause_set_id",
        more.sql
    );
    let tally = |row: &Row| {
        let tally =
            Tally { letters: row.int("letters")?, last_seen_at: row.int("last_seen_at")?, first: row.int("first")? };
        Ok::<_, StoreError>((row.int("cause_set_id")?, tally))
    };
    let rows = tx.fetch_rows(&sql, more.args).await?;
    let mut sets: HashMap<i64, Tally> = rows.iter().map(tally).collect::<Result<_, _>>()?;
    if of.is_narrow() {
        return Ok(sets);
    }
    let more = resolved.to_conditions(vec![]);
    let sql = format!(
        "SELECT incoming.id AS id, (SELECT d.id FROM dead_letter d WHERE d.state = 'open' AND d.cause_set_id = incoming.id{}
           ORDER BY d.id LIMIT 1) AS first FROM {{rows}}",
        more.sql
    );
    let wanted = Rows::new().int("id", sets.keys().copied().map(Some).collect::<Vec<_>>());
    for row in &tx.fetch_rows_with(&sql, more.args, wanted).await? {
        if let (Some(tally), Some(first)) = (sets.get_mut(&row.int("id")?), row.opt_int("first")?) {
            tally.first = first;
        }
    }
    Ok(sets)
}

/// Adds the letters of sets up to those of each cause that the filter selects.
async fn sum_causes(
    tx: &mut Tx,
    of: &LetterFilter,
    sets: &HashMap<i64, Tally>,
) -> Result<BTreeMap<i64, Tally>, StoreError> {
    let mut more = Conditions::new(vec![]);
    of.add_cause_conditions(&mut more);
    let sql = format!(
        "SELECT m.cause_set_id AS cause_set_id, c.id AS id FROM {{rows}}
         {{join cause_set_member m ON m.cause_set_id = incoming.id}} {{join cause c ON c.id = m.cause_id}} WHERE 1 = 1{}",
        more.sql
    );
    let wanted = Rows::new().int("id", sets.keys().copied().map(Some));
    let mut causes: BTreeMap<i64, Tally> = BTreeMap::new();
    for row in &tx.fetch_rows_with(&sql, more.args, wanted).await? {
        let Some(of_set) = sets.get(&row.int("cause_set_id")?).copied() else { continue };
        causes.entry(row.int("id")?).and_modify(|tally| tally.add(of_set)).or_insert(of_set);
    }
    Ok(causes)
}

/// Reads what causes are, each with the example of its first letter. The shares are not known yet.
async fn describe_causes(tx: &mut Tx, shown: &[(i64, Tally)]) -> Result<Vec<CauseGroup>, StoreError> {
    let sql = "SELECT incoming.ord AS ord, c.stream AS stream, c.stage AS stage, c.code AS code, c.source_field AS field, c.shape AS shape,
            s.name AS source, i.code AS institution, d.address AS address, d.reasons AS reasons, d.first_seen_at AS first_seen_at
         FROM {rows} {join cause c ON c.id = incoming.id} {join source s ON s.id = c.source_id}
         {join institution i ON i.id = s.institution_id} {join dead_letter d ON d.id = incoming.example}";
    let wanted = Rows::new()
        .int("ord", (0i64..).take(shown.len()).map(Some))
        .int("id", shown.iter().map(|(cause, _)| Some(*cause)))
        .int("example", shown.iter().map(|(_, tally)| Some(tally.first)));
    let mut groups = BTreeMap::new();
    for row in &tx.fetch_rows_with(sql, vec![], wanted).await? {
        let nth = row.int("ord")?;
        let Some((cause, tally)) = usize::try_from(nth).ok().and_then(|nth| shown.get(nth)) else { continue };
        let (code, field) = (row.text("code")?, row.text("field")?);
        let reasons = Problem::from_stored(&row.text("reasons")?);
        let seen = reasons.into_iter().find(|problem| problem.code == code && problem.source_field == field);
        let group = CauseGroup {
            cause: *cause,
            source: row.text("source")?,
            stream: row.text("stream")?,
            institution: row.text("institution")?,
            stage: row.parse_text("stage")?,
            responsible: find_responsible(&code),
            shape: row.text("shape")?,
            dead_letters: tally.letters,
            share: String::new(),
            first_seen_at: format_instant(row.int("first_seen_at")?),
            last_seen_at: format_instant(tally.last_seen_at),
            example: tally.first,
            example_address: row.text("address")?,
            example_value: seen.map(|problem| problem.seen).unwrap_or_default(),
            code,
            field,
        };
        groups.insert(nth, group);
    }
    Ok(groups.into_values().collect())
}

/// Returns a percentage with two decimals.
fn format_share(part: i64, whole: i64) -> String {
    let hundredths = i128::from(part) * 10_000 / i128::from(whole.max(1));
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
