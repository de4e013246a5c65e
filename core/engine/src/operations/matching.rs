//! Two tables, or one, and what their columns mean → scored pairs and groups. It needs no database and no settings.

use std::path::{Path, PathBuf};

use huiliu_messages::said_in_english;
use schemars::JsonSchema;
use serde::Serialize;

use super::error::OperationError;
use huiliu_matching::cluster::Link;
use huiliu_matching::table::{Columns, Row, Table, TableError};
use huiliu_matching::{
    Candidate, Decision, Doubt, Evidence, Matcher, Profile, Verdict, Weights, WeightsError, WeightsProblem,
};

/// Why tables are not matched.
#[derive(Debug, Serialize)]
#[serde(tag = "code")]
pub enum MatchError {
    /// Bounds in that file that cannot be.
    #[serde(rename = "match.thresholds")]
    Thresholds {
        /// The file.
        #[serde(serialize_with = "huiliu_messages::as_path")]
        file: PathBuf,
        /// What is expected of them.
        why: WeightsProblem,
    },
    /// A table, or the file that says what its columns mean.
    #[serde(untagged)]
    Table(TableError),
    /// The built-in weights.
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
    /// A stable code, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Table(_) => "match.table",
            Self::Weights(_) => "match.weights",
            Self::Thresholds { .. } => "match.thresholds",
        }
    }

    /// Whether whoever asked has to ask otherwise.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        true
    }
}

/// What is matched.
#[derive(Debug, Clone, Copy)]
pub struct MatchTables<'a> {
    /// The file that says what the columns mean.
    pub config: &'a Path,
    /// The first table.
    pub left: &'a Path,
    /// The second one; none to look for the same people within the first.
    pub right: Option<&'a Path>,
}

/// A line of what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MatchLine {
    /// A pair of rows that is, or may be, one person.
    Pair(MatchedPair),
    /// A row of the first table that is nobody's, or in doubt.
    Row(MatchedRow),
    /// Rows that are one person.
    Cluster(MatchCluster),
    /// A column with values that say nothing that can be compared.
    UnreadableColumn(UnreadableColumn),
    /// The last line.
    Summary(MatchCounts),
}

/// A pair of rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MatchedPair {
    /// Id in the first table.
    pub left: String,
    /// Id in the second one, or of the other row of the first.
    pub right: String,
    /// Thousandths of a bit; 0 is even odds.
    pub score: i64,
    /// Whether it is one person.
    pub verdict: Verdict,
    /// The rule by which it is definite.
    pub rule: Option<String>,
    /// Line by line.
    pub evidence: Vec<Evidence>,
}

/// A row of the first table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MatchedRow {
    /// Its id.
    pub left: String,
    /// What it is.
    pub verdict: Verdict,
    /// What kept it from being definite, or from being none.
    pub doubt: Option<Doubt>,
    /// How many it may be.
    pub candidates: usize,
}

/// Rows that are one person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MatchCluster {
    /// Ids in the first table.
    pub left: Vec<String>,
    /// Ids in the second table.
    pub right: Vec<String>,
}

/// A column with values that say nothing that can be compared; they were left out of the comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnreadableColumn {
    /// The table.
    pub file: PathBuf,
    /// The column.
    pub column: String,
    /// How many values.
    pub values: u64,
    /// The line of the first.
    pub first_line: u64,
}

/// What was counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MatchCounts {
    /// Rows of the first table.
    pub rows_left: usize,
    /// Rows of the second table.
    pub rows_right: usize,
    /// Definite pairs, or rows of the first table that are definitely somebody.
    pub definite: u64,
    /// Potential ones.
    pub potential: u64,
    /// Rows with nobody.
    pub none: u64,
    /// Groups.
    pub clusters: usize,
    /// Pairs that were compared.
    pub compared: u64,
    /// Keys that too many rows shared.
    pub narrowed: Vec<NarrowedKey>,
}

/// A kind of key that so many rows shared that a second key narrowed them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NarrowedKey {
    /// The kind.
    pub key: &'static str,
    /// How many rows met such a block.
    pub met: u64,
    /// Rows of the largest.
    pub most_rows: u64,
}

impl MatchCounts {
    fn take(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Definite => self.definite += 1,
            Verdict::Potential => self.potential += 1,
            Verdict::None => self.none += 1,
        }
    }

    fn finished(self, clusters: usize, matcher: &Matcher<'_>) -> Self {
        let crowded = matcher.index().crowded().iter();
        let narrowed =
            crowded.map(|(kind, (met, most))| NarrowedKey { key: kind.as_str(), met: *met, most_rows: *most });
        Self { clusters, compared: matcher.compared(), narrowed: narrowed.collect(), ..self }
    }
}

/// Matches; `sink` gets each pair, row, group and unreadable column as it is found. Gives the counts, which a face tells as
/// [`MatchLine::Summary`].
///
/// # Errors
/// [`MatchError`].
pub fn run(tables: &MatchTables<'_>, sink: &mut dyn FnMut(MatchLine)) -> Result<MatchCounts, OperationError> {
    Ok(matched(tables, sink)?)
}

fn matched(tables: &MatchTables<'_>, sink: &mut dyn FnMut(MatchLine)) -> Result<MatchCounts, MatchError> {
    let columns = Columns::read(tables.config)?;
    let mut weights = Weights::built_in()?;
    weights.thresholds = columns
        .thresholds
        .over(weights.thresholds)
        .map_err(|why| MatchError::Thresholds { file: tables.config.to_owned(), why })?;
    let mut job = Job { weights: &weights, columns: &columns, sink };
    match tables.right {
        Some(right) => job.link(tables.left, right),
        None => job.within(tables.left),
    }
}

/// By what rows are compared, and where results go.
struct Job<'a> {
    weights: &'a Weights,
    columns: &'a Columns,
    sink: &'a mut dyn FnMut(MatchLine),
}

/// A table in memory.
#[derive(Default)]
struct ClaimedBatch {
    ids: Vec<String>,
    people: Vec<Profile>,
}

impl ClaimedBatch {
    fn id(&self, row: u32) -> Option<&str> {
        self.ids.get(row as usize).map(String::as_str)
    }
}

impl Job<'_> {
    /// Each row of the first table among those of the second.
    fn link(&mut self, left: &Path, right: &Path) -> Result<MatchCounts, MatchError> {
        let columns = self.columns;
        let mut held = self.hold(right, columns.of_right())?;
        let by_score = columns.definite_by_score(&held.people);
        let mut matcher = Matcher::new(self.weights, std::mem::take(&mut held.people), by_score);
        let mut table = Table::open(left, columns)?;
        let mut counts = MatchCounts { rows_right: held.ids.len(), ..MatchCounts::default() };
        let mut joined = Joined::default();
        while let Some(row) = table.next_row()? {
            let decision = matcher.decide(&row.person);
            counts.take(decision.verdict);
            counts.rows_left += 1;
            self.tell_decision(&row.id, &held, &decision);
            if let (Verdict::Definite, Some(first)) = (decision.verdict, decision.candidates.first()) {
                joined.add(row, first, held.ids.len());
            }
        }
        self.tell_unreadable(left, &table);
        let (groups, _) = matcher.clusters(&joined.links, &joined.people());
        for group in &groups {
            let mut cluster = MatchCluster::default();
            for row in group {
                match held.id(*row) {
                    Some(id) => cluster.right.push(id.to_owned()),
                    None => cluster.left.push(joined.id(*row, held.ids.len()).to_owned()),
                }
            }
            (self.sink)(MatchLine::Cluster(cluster));
        }
        Ok(counts.finished(groups.len(), &matcher))
    }

    /// The same people within one table.
    fn within(&mut self, path: &Path) -> Result<MatchCounts, MatchError> {
        let columns = self.columns;
        let mut held = self.hold(path, columns)?;
        let by_score = columns.definite_by_score(&held.people);
        let mut matcher = Matcher::new(self.weights, std::mem::take(&mut held.people), by_score);
        let mut counts = MatchCounts { rows_left: held.ids.len(), ..MatchCounts::default() };
        let mut links = vec![];
        let mut met = vec![false; held.ids.len()];
        for (a, b) in matcher.pairs() {
            let Some((x, y)) = matcher.people().get(a as usize).zip(matcher.people().get(b as usize)) else { continue };
            let decision = matcher.judge(x, y);
            let Some(candidate) = decision.candidates.first() else { continue };
            let Some((left, right)) = held.id(a).zip(held.id(b)) else { continue };
            counts.take(decision.verdict);
            for row in [a, b] {
                if let Some(met) = met.get_mut(row as usize) {
                    *met = true;
                }
            }
            self.tell_pair(left, right, candidate, &decision);
            if decision.verdict == Verdict::Definite {
                links.push(Link { a, b, score: candidate.scored.score });
            }
        }
        counts.none = met.iter().filter(|met| !**met).count() as u64;
        let (groups, _) = matcher.clusters(&links, &[]);
        for group in &groups {
            let left = group.iter().map(|row| held.id(*row).unwrap_or_default().to_owned()).collect();
            (self.sink)(MatchLine::Cluster(MatchCluster { left, right: vec![] }));
        }
        Ok(counts.finished(groups.len(), &matcher))
    }

    fn hold(&mut self, path: &Path, columns: &Columns) -> Result<ClaimedBatch, MatchError> {
        let mut table = Table::open(path, columns)?;
        let mut held = ClaimedBatch::default();
        while let Some(row) = table.next_row()? {
            held.ids.push(row.id);
            held.people.push(row.person);
        }
        self.tell_unreadable(path, &table);
        Ok(held)
    }

    fn tell_unreadable(&mut self, file: &Path, table: &Table) {
        for (column, values, first_line) in table.unreadable() {
            let (values, first_line) = (*values, *first_line);
            let unreadable = UnreadableColumn { file: file.to_owned(), column: column.clone(), values, first_line };
            (self.sink)(MatchLine::UnreadableColumn(unreadable));
        }
    }

    /// A row of the first table: the one it definitely is, or everybody it may be, or that it is nobody.
    fn tell_decision(&mut self, left: &str, held: &ClaimedBatch, decision: &Decision) {
        let told = if decision.verdict == Verdict::Definite { 1 } else { decision.candidates.len() };
        for candidate in decision.candidates.iter().take(told) {
            if let Some(right) = held.id(candidate.row) {
                self.tell_pair(left, right, candidate, decision);
            }
        }
        let Decision { verdict, doubt, candidates, .. } = decision;
        if candidates.is_empty() || doubt.is_some() {
            let row =
                MatchedRow { left: left.to_owned(), verdict: *verdict, doubt: *doubt, candidates: candidates.len() };
            (self.sink)(MatchLine::Row(row));
        }
    }

    fn tell_pair(&mut self, left: &str, right: &str, candidate: &Candidate, decision: &Decision) {
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

/// Rows of the first table that are definitely somebody of the second; numbered after those of the second.
#[derive(Default)]
struct Joined {
    rows: Vec<Row>,
    links: Vec<Link>,
}

impl Joined {
    fn add(&mut self, row: Row, to: &Candidate, offset: usize) {
        if let Ok(number) = u32::try_from(offset + self.rows.len()) {
            self.links.push(Link { a: to.row, b: number, score: to.scored.score });
            self.rows.push(row);
        }
    }

    fn id(&self, row: u32, offset: usize) -> &str {
        (row as usize).checked_sub(offset).and_then(|at| self.rows.get(at)).map_or("", |row| row.id.as_str())
    }

    fn people(&self) -> Vec<&Profile> {
        self.rows.iter().map(|row| &row.person).collect()
    }
}
