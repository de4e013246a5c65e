//! `match`: two tables, or one, and what their columns mean → scored pairs and groups.

use std::path::PathBuf;

use huiliu_engine::operations::matching::{
    self, MatchCluster, MatchCounts, MatchLine, MatchTables, MatchedPair, MatchedRow, NarrowedKey, UnreadableColumn,
};

use crate::CliError;
use crate::words::matching::{bits, doubt, evidence, verdict};
use crate::words::{both, note, say, say_json, tr};

/// What was asked.
pub struct Asked {
    /// What the columns mean.
    pub config: PathBuf,
    /// The first table.
    pub left: PathBuf,
    /// The second one; none to look for the same people within the first.
    pub right: Option<PathBuf>,
    /// One JSON object a line.
    pub json: bool,
}

/// What is said where `--config` is missing.
pub fn config_missing() -> CliError {
    CliError::usage(tr(
        "match needs --config FILE, which says what the columns mean; see docs/matching.md",
        "match 需要 --config 文件，说明各列的含义；参见 docs/matching.zh-CN.md",
    ))
}

/// Runs it.
pub fn run(asked: &Asked) -> Result<(), CliError> {
    let tables = MatchTables { config: &asked.config, left: &asked.left, right: asked.right.as_deref() };
    let mut output = Output { json: asked.json, headed: false };
    let counts = matching::run(&tables, &mut |line| output.show(line))?;
    output.show(MatchLine::Summary(counts));
    Ok(())
}

/// Where results go: lines of JSON, or of text under one heading.
struct Output {
    json: bool,
    headed: bool,
}

impl Output {
    fn show(&mut self, line: MatchLine) {
        // It says why something may be missing among the results, and is none of them.
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
    let (left, right, score, verdict, why) =
        (tr("left", "左"), tr("right", "右"), tr("score", "得分"), tr("verdict", "结论"), tr("evidence", "依据"));
    say(&format!("{left}\t{right}\t{score}\t{verdict}\t{why}"));
}

fn say_pair(pair: &MatchedPair) {
    let lines: Vec<String> = pair.evidence.iter().map(evidence).collect();
    say(&format!(
        "{}\t{}\t{}\t{}\t{}",
        pair.left,
        pair.right,
        bits(pair.score),
        verdict(pair.verdict),
        lines.join(tr("; ", "；"))
    ));
}

fn say_row(row: &MatchedRow) {
    if let Some(why) = row.doubt {
        say(&format!("{}\t\t\t{}\t{}", row.left, verdict(row.verdict), doubt(why)));
    }
}

fn say_cluster(MatchCluster { left, right }: MatchCluster) {
    let all: Vec<String> = left.into_iter().chain(right).collect();
    say(&format!("{}\t{}", tr("cluster", "同一人"), all.join("\t")));
}

fn note_unreadable(UnreadableColumn { file, column, values, first_line }: &UnreadableColumn) {
    let file = file.display();
    note(&both!(
        "{file}, column {column:?}: {values} values say nothing that can be compared, the first in line {first_line}; they were left out of the comparison",
        "{file}，列 {column:?}：{values} 个值无法比较（首个在第 {first_line} 行），比较时未用"
    ));
}

fn note_counts(counts: &MatchCounts) {
    let MatchCounts { rows_left, rows_right, definite, potential, none, clusters, .. } = counts;
    note(&both!(
        "{rows_left} and {rows_right} rows: {definite} definite, {potential} potential, {none} rows with nobody; {clusters} clusters",
        "{rows_left} 行与 {rows_right} 行：确定 {definite}，待定 {potential}，无匹配 {none} 行；同一人 {clusters} 组"
    ));
    for NarrowedKey { key, met, most_rows } in &counts.narrowed {
        note(&both!(
            "key {key}: {met} rows met blocks of up to {most_rows} rows, which were narrowed by second keys",
            "键 {key}：{met} 行遇到多达 {most_rows} 行的区块，已用第二个键缩小"
        ));
    }
}
