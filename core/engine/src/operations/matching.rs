//! Matches people across two tables, or within one, given the meaning of their columns. Gives scored pairs and groups.
//! Needs no database and no settings.

use std::path::{Path, PathBuf};

use huiliu_messages::said_in_english;
use schemars::JsonSchema;
use serde::Serialize;

use super::error::OperationError;
use huiliu_matching::cluster::Link;
use huiliu_matching::table::{Columns, Row, Table, TableError, UnreadableValues};
use huiliu_matching::{
    Candidate, Decision, Doubt, Evidence, Matcher, Profile, Verdict, Weights, WeightsError, WeightsProblem,
};

/// Why tables cannot be matched.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum MatchError {
    /// The configuration file has impossible thresholds.
    #[serde(rename = "match.thresholds")]
    Thresholds {
        /// The configuration file.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        file: PathBuf,
        /// What is wrong with them.
        why: WeightsProblem,
    },
    /// A table or the configuration file cannot be read.
    #[serde(untagged)]
    Table(TableError),
    /// The built-in weights are invalid.
    #[serde(untagged)]
    Weights(WeightsError),
}

said_in_english!(MatchError);

impl From<TableError> for MatchError {
    fn from(fault: TableError) -> Self {
        Self::Table(fault)
    }
}

impl From<WeightsError> for MatchError {
    fn from(fault: WeightsError) -> Self {
        Self::Weights(fault)
    }
}

impl MatchError {
    /// Returns a stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Table(_) => "match.table",
            Self::Weights(_) => "match.weights",
            Self::Thresholds { .. } => "match.thresholds",
        }
    }

    /// Returns whether the user must change the request; always true.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        true
    }
}

/// The files to match.
#[derive(Debug, Clone, Copy)]
pub struct MatchTables<'a> {
    /// The configuration file, which states the meaning of the columns.
    pub config: &'a Path,
    /// The first table.
    pub left: &'a Path,
    /// The second table. `None` finds duplicates in the first.
    pub right: Option<&'a Path>,
}

/// One line of the output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MatchLine {
    /// A pair of rows that are, or may be, the same person.
    Pair(MatchedPair),
    /// A row of the first table without a match, or in doubt.
    Row(MatchedRow),
    /// Rows that are the same person.
    Cluster(MatchCluster),
    /// A column with values that cannot be compared.
    UnreadableColumn(UnreadableColumn),
    /// The counts, as the last line.
    Summary(MatchCounts),
}

/// A pair of rows that are, or may be, the same person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MatchedPair {
    /// Id of the row in the first table.
    pub left: String,
    /// Id of the row in the second table, or of the other row in the only table.
    pub right: String,
    /// Match weight in thousandths of a bit; 0 means even odds.
    pub score: i64,
    /// Whether the rows are the same person.
    pub verdict: Verdict,
    /// The rule that makes the match definite.
    pub rule: Option<String>,
    /// The evidence, field by field.
    pub evidence: Vec<Evidence>,
}

/// A row of the first table without a definite match, or in doubt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MatchedRow {
    /// The row's id.
    pub left: String,
    /// Whether it has a match.
    pub verdict: Verdict,
    /// What kept the verdict from being definite, or from being `none`.
    pub doubt: Option<Doubt>,
    /// Number of rows that it may match.
    pub candidates: usize,
}

/// Rows that are the same person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MatchCluster {
    /// Ids of rows in the first table.
    pub left: Vec<String>,
    /// Ids of rows in the second table.
    pub right: Vec<String>,
}

/// A column with values that cannot be compared. These values were left out of the comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnreadableColumn {
    /// The file of the table.
    pub file: PathBuf,
    /// The name of the column.
    pub column: String,
    /// Number of such values.
    pub values: u64,
    /// Line number of the first one.
    pub first_line: u64,
}

/// The counts of a matching.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MatchCounts {
    /// Rows in the first table.
    pub rows_left: usize,
    /// Rows in the second table.
    pub rows_right: usize,
    /// Definite pairs; with two tables, rows of the first table with a definite match.
    pub definite: u64,
    /// Potential pairs; with two tables, rows of the first table with a potential match.
    pub potential: u64,
    /// Rows without a match.
    pub none: u64,
    /// Groups of rows that are the same person.
    pub clusters: usize,
    /// Pairs that were compared.
    pub compared: u64,
    /// Blocking keys that too many rows shared.
    pub narrowed: Vec<NarrowedKey>,
}

/// A kind of blocking key that so many rows shared that a second key was added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NarrowedKey {
    /// The kind of key.
    pub key: &'static str,
    /// How often such a block was met.
    pub met: u64,
    /// Number of rows in the largest block.
    pub most_rows: u64,
}

impl MatchCounts {
    fn count_verdict(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Definite => self.definite += 1,
            Verdict::Potential => self.potential += 1,
            Verdict::None => self.none += 1,
        }
    }

    fn with_totals(self, clusters: usize, matcher: &Matcher<'_>) -> Self {
        let crowded = matcher.index().crowded().iter();
        let narrowed =
            crowded.map(|(kind, of)| NarrowedKey { key: kind.as_str(), met: of.met, most_rows: of.most_rows });
        Self { clusters, compared: matcher.compared(), narrowed: narrowed.collect(), ..self }
    }
}

/// Matches the tables. Passes each pair, row, group and unreadable column to `sink` as it is found. Returns the
/// counts, which a face shows as [`MatchLine::Summary`].
///
/// # Errors
/// [`MatchError`].
pub fn run(tables: &MatchTables<'_>, sink: &mut dyn FnMut(MatchLine)) -> Result<MatchCounts, OperationError> {
    Ok(match_tables(tables, sink)?)
}

fn match_tables(tables: &MatchTables<'_>, sink: &mut dyn FnMut(MatchLine)) -> Result<MatchCounts, MatchError> {
    let columns = Columns::from_file(tables.config)?;
    let mut weights = Weights::built_in()?;
    weights.thresholds = columns
        .thresholds
        .apply_to(weights.thresholds)
        .map_err(|why| MatchError::Thresholds { file: tables.config.to_owned(), why })?;
    let mut job = MatchJob { weights: &weights, columns: &columns, sink };
    match tables.right {
        Some(right) => job.link_tables(tables.left, right),
        None => job.find_duplicates(tables.left),
    }
}

/// What rows are compared by, and where results go.
struct MatchJob<'a> {
    weights: &'a Weights,
    columns: &'a Columns,
    sink: &'a mut dyn FnMut(MatchLine),
}

/// A table loaded into memory.
#[derive(Default)]
struct ClaimedBatch {
    ids: Vec<String>,
    people: Vec<Profile>,
}

impl ClaimedBatch {
    fn id_of_row(&self, row: u32) -> Option<&str> {
        self.ids.get(row as usize).map(String::as_str)
    }
}

impl MatchJob<'_> {
    /// Matches each row of the first table against the second.
    fn link_tables(&mut self, left: &Path, right: &Path) -> Result<MatchCounts, MatchError> {
        let columns = self.columns;
        let mut held = self.load_table(right, columns.right_columns())?;
        let by_score = columns.definite_by_score(&held.people);
        let mut matcher = Matcher::new(self.weights, std::mem::take(&mut held.people), by_score);
        let mut table = Table::open(left, columns)?;
        let mut counts = MatchCounts { rows_right: held.ids.len(), ..MatchCounts::default() };
        let mut joined = DefiniteRows::default();
        while let Some(row) = table.next_row()? {
            let decision = matcher.decide_claim(&row.person);
            counts.count_verdict(decision.verdict);
            counts.rows_left += 1;
            self.report_decision(&row.id, &held, &decision);
            if let (Verdict::Definite, Some(first)) = (decision.verdict, decision.candidates.first()) {
                joined.add_row(row, first, held.ids.len());
            }
        }
        self.report_unreadable(left, &table);
        let groups = matcher.build_clusters(&joined.links, &joined.collect_people()).groups;
        for group in &groups {
            let mut cluster = MatchCluster::default();
            for row in group {
                match held.id_of_row(*row) {
                    Some(id) => cluster.right.push(id.to_owned()),
                    None => cluster.left.push(joined.id_of_row(*row, held.ids.len()).to_owned()),
                }
            }
            (self.sink)(MatchLine::Cluster(cluster));
        }
        Ok(counts.with_totals(groups.len(), &matcher))
    }

    /// Finds duplicates within one table.
    fn find_duplicates(&mut self, path: &Path) -> Result<MatchCounts, MatchError> {
        let columns = self.columns;
        let mut held = self.load_table(path, columns)?;
        let by_score = columns.definite_by_score(&held.people);
        let mut matcher = Matcher::new(self.weights, std::mem::take(&mut held.people), by_score);
        let mut counts = MatchCounts { rows_left: held.ids.len(), ..MatchCounts::default() };
        let mut links = vec![];
        let mut met = vec![false; held.ids.len()];
        for (a, b) in matcher.list_pairs() {
            let Some((x, y)) = matcher.people().get(a as usize).zip(matcher.people().get(b as usize)) else { continue };
            let decision = matcher.decide_pair(x, y);
            let Some(candidate) = decision.candidates.first() else { continue };
            let Some((left, right)) = held.id_of_row(a).zip(held.id_of_row(b)) else { continue };
            counts.count_verdict(decision.verdict);
            for row in [a, b] {
                if let Some(met) = met.get_mut(row as usize) {
                    *met = true;
                }
            }
            self.report_pair(left, right, candidate, &decision);
            if decision.verdict == Verdict::Definite {
                links.push(Link { a, b, score: candidate.scored.score });
            }
        }
        counts.none = met.iter().filter(|met| !**met).count() as u64;
        let groups = matcher.build_clusters(&links, &[]).groups;
        for group in &groups {
            let left = group.iter().map(|row| held.id_of_row(*row).unwrap_or_default().to_owned()).collect();
            (self.sink)(MatchLine::Cluster(MatchCluster { left, right: vec![] }));
        }
        Ok(counts.with_totals(groups.len(), &matcher))
    }

    fn load_table(&mut self, path: &Path, columns: &Columns) -> Result<ClaimedBatch, MatchError> {
        let mut table = Table::open(path, columns)?;
        let mut held = ClaimedBatch::default();
        while let Some(row) = table.next_row()? {
            held.ids.push(row.id);
            held.people.push(row.person);
        }
        self.report_unreadable(path, &table);
        Ok(held)
    }

    fn report_unreadable(&mut self, file: &Path, table: &Table) {
        for UnreadableValues { column, values, first_line } in table.unreadable() {
            let (values, first_line) = (*values, *first_line);
            let unreadable = UnreadableColumn { file: file.to_owned(), column: column.clone(), values, first_line };
            (self.sink)(MatchLine::UnreadableColumn(unreadable));
        }
    }

    /// Reports a row of the first table: its definite match, or every potential match, or that it has none.
    fn report_decision(&mut self, left: &str, held: &ClaimedBatch, decision: &Decision) {
        let told = if decision.verdict == Verdict::Definite { 1 } else { decision.candidates.len() };
        for candidate in decision.candidates.iter().take(told) {
            if let Some(right) = held.id_of_row(candidate.row) {
                self.report_pair(left, right, candidate, decision);
            }
        }
        let Decision { verdict, doubt, candidates, .. } = decision;
        if candidates.is_empty() || doubt.is_some() {
            let row =
                MatchedRow { left: left.to_owned(), verdict: *verdict, doubt: *doubt, candidates: candidates.len() };
            (self.sink)(MatchLine::Row(row));
        }
    }

    fn report_pair(&mut self, left: &str, right: &str, candidate: &Candidate, decision: &Decision) {
        (self.sink)(MatchLine::Pair(MatchedPair {
            left: left.to_owned(),
            right: right.to_owned(),
            score: candidate.scored.score,
            verdict: decision.verdict,
            rule: decision.rule.clone(),
            evidence: candidate.scored.evidence.clone(),
        }));
    }
}

/// Rows of the first table with a definite match. Their numbers follow those of the second table.
#[derive(Default)]
struct DefiniteRows {
    rows: Vec<Row>,
    links: Vec<Link>,
}

impl DefiniteRows {
    fn add_row(&mut self, row: Row, to: &Candidate, offset: usize) {
        if let Ok(number) = u32::try_from(offset + self.rows.len()) {
            self.links.push(Link { a: to.row, b: number, score: to.scored.score });
            self.rows.push(row);
        }
    }

    fn id_of_row(&self, row: u32, offset: usize) -> &str {
        (row as usize).checked_sub(offset).and_then(|at| self.rows.get(at)).map_or("", |row| row.id.as_str())
    }

    fn collect_people(&self) -> Vec<&Profile> {
        self.rows.iter().map(|row| &row.person).collect()
    }
}
