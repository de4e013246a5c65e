//! `match`: compares the people of two tables, or of one with itself, and prints scored pairs and clusters.

use std::path::PathBuf;

use huiliu_engine::operations::matching::{
    self, MatchCluster, MatchCounts, MatchLine, MatchTables, MatchedPair, MatchedRow, NarrowedKey, UnreadableColumn,
};

use crate::CliError;
use crate::words::matching::{doubt_label, evidence_text, format_bits, verdict_label};
use crate::words::{label, note, say_cells, say_json, sentence};

/// Arguments of `match`.
pub struct MatchArgs {
    /// File that says what the columns mean.
    pub config: PathBuf,
    /// The first table.
    pub left: PathBuf,
    /// The second table. Without it, duplicates are searched for within the first.
    pub right: Option<PathBuf>,
    /// True if results are printed as one JSON object per line.
    pub json: bool,
}

/// Builds the error for a missing `--config`.
pub fn missing_config_error() -> CliError {
    CliError::usage(label("cli-matching-match-needs-config-file-which"))
}

/// Runs `match` and prints results as they are found.
pub fn run(asked: &MatchArgs) -> Result<(), CliError> {
    let tables = MatchTables { config: &asked.config, left: &asked.left, right: asked.right.as_deref() };
    let mut output = Output { json: asked.json, headed: false };
    let counts = matching::run(&tables, &mut |line| output.print_line(line))?;
    output.print_line(MatchLine::Summary(counts));
    Ok(())
}

/// Prints results: as lines of JSON, or as text under one heading.
struct Output {
    json: bool,
    headed: bool,
}

impl Output {
    fn print_line(&mut self, line: MatchLine) {
        // This explains why results may be missing; it is not a result itself, so it goes to standard error.
        if let MatchLine::UnreadableColumn(column) = line {
            return note_unreadable(&column);
        }
        if self.json {
            return say_json(&line);
        }
        if !self.headed {
            say_heading();
            self.headed = true;
        }
        match line {
            MatchLine::Pair(pair) => say_pair(&pair),
            MatchLine::Row(row) => say_row(&row),
            MatchLine::Cluster(cluster) => say_cluster(cluster),
            MatchLine::Summary(counts) => note_counts(&counts),
            MatchLine::UnreadableColumn(column) => note_unreadable(&column),
        }
    }
}

fn say_heading() {
    let (left, right, score, verdict, why) = (
        label("cli-matching-left"),
        label("cli-matching-right"),
        label("cli-matching-score"),
        label("cli-matching-verdict"),
        label("cli-matching-evidence"),
    );
    say_cells(&[left, right, score, verdict, why]);
}

fn say_pair(pair: &MatchedPair) {
    let lines: Vec<String> = pair.evidence.iter().map(evidence_text).collect();
    say_cells(&[
        &pair.left,
        &pair.right,
        &format_bits(pair.score),
        verdict_label(pair.verdict),
        &lines.join(label("cli-matching-text")),
    ]);
}

fn say_row(row: &MatchedRow) {
    if let Some(why) = row.doubt {
        say_cells(&[&row.left, "", "", verdict_label(row.verdict), doubt_label(why)]);
    }
}

fn say_cluster(MatchCluster { left, right }: MatchCluster) {
    let cells: Vec<&str> =
        std::iter::once(label("cli-matching-cluster")).chain(left.iter().chain(&right).map(String::as_str)).collect();
    say_cells(&cells);
}

fn note_unreadable(UnreadableColumn { file, column, values, first_line }: &UnreadableColumn) {
    let file = file.display();
    note(&sentence!(
        "cli-matching-column-values-say-nothing-can",
        file,
        column = format!("{:?}", column),
        values,
        first_line
    ));
}

fn note_counts(counts: &MatchCounts) {
    let MatchCounts { rows_left, rows_right, definite, potential, none, clusters, .. } = counts;
    note(&sentence!(
        "cli-matching-rows-definite-potential-rows-nobody",
        rows_left,
        rows_right,
        definite,
        potential,
        none,
        clusters
    ));
    for NarrowedKey { key, met, most_rows } in &counts.narrowed {
        note(&sentence!("cli-matching-key-rows-met-blocks-up", key, met, most_rows));
    }
}
