//! `match`: two tables, or one, and what their columns mean → scored pairs and groups.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use huiliu_matching::cluster::Link;
use huiliu_matching::table::{Columns, Row, Table};
use huiliu_matching::{Decision, Evidence, Matcher, Profile, Scored, Verdict, Weights};
use serde_json::json;

use crate::Stop;
use crate::words::matching::{bits, doubt, evidence, verdict};
use crate::words::{both, note, say, say_json, spoken, tr};

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

/// What was counted.
#[derive(Default)]
struct Counts {
    left: u64,
    right: u64,
    definite: u64,
    potential: u64,
    none: u64,
}

/// A table in memory, and what of it could not be read.
struct Held {
    ids: Vec<String>,
    people: Vec<Profile>,
}

/// What is said where `--config` is missing.
pub fn config_missing() -> Stop {
    Stop::usage(tr(
        "match needs --config FILE, which says what the columns mean; see docs/matching.md",
        "match 需要 --config 文件，说明各列的含义；参见 docs/matching.zh-CN.md",
    ))
}

/// Runs it.
pub fn run(asked: &Asked) -> Result<(), Stop> {
    let columns = Columns::read(&asked.config).map_err(|e| Stop::usage(spoken(&e)))?;
    let mut weights = Weights::built_in().map_err(|e| Stop::usage(spoken(&e)))?;
    weights.thresholds = columns.thresholds.over(weights.thresholds).map_err(|why| {
        let (file, why) = (asked.config.display(), crate::words::phrase(why));
        Stop::usage(both!("{file}: thresholds: {why}", "{file}：thresholds：{why}"))
    })?;
    let out = Output { json: asked.json };
    match &asked.right {
        Some(right) => link(&out, &weights, &columns, &asked.left, right),
        None => within(&out, &weights, &columns, &asked.left),
    }
}

fn next(table: &mut Table) -> Result<Option<Row>, Stop> {
    table.next_row().map_err(|e| Stop::usage(spoken(&e)))
}

fn open(path: &Path, columns: &Columns) -> Result<Table, Stop> {
    Table::open(path, columns).map_err(|e| Stop::usage(spoken(&e)))
}

fn hold(path: &Path, columns: &Columns) -> Result<Held, Stop> {
    let mut table = open(path, columns)?;
    let mut held = Held { ids: vec![], people: vec![] };
    while let Some(row) = next(&mut table)? {
        held.ids.push(row.id);
        held.people.push(row.person);
    }
    tell_unreadable(path, &table);
    Ok(held)
}

/// Each row of the first table among those of the second.
fn link(out: &Output, weights: &Weights, columns: &Columns, left: &Path, right: &Path) -> Result<(), Stop> {
    let held = hold(right, columns.of_right())?;
    let by_score = columns.definite_by_score(&held.people);
    let mut matcher = Matcher::new(weights, held.people, by_score);
    let mut table = open(left, columns)?;
    let mut counts = Counts { right: held.ids.len() as u64, ..Counts::default() };
    let mut joined = Joined::default();
    out.head();
    while let Some(row) = next(&mut table)? {
        let decision = matcher.decide(&row.person);
        counts.take(decision.verdict);
        counts.left += 1;
        out.decision(&row.id, &held.ids, &decision);
        if let (Verdict::Definite, Some(first)) = (decision.verdict, decision.candidates.first()) {
            joined.add(row, first.row, first.scored.score, held.ids.len());
        }
    }
    tell_unreadable(left, &table);
    let (groups, _) = joined.clusters(&matcher);
    let ids = |row: u32| match held.ids.get(row as usize) {
        Some(id) => ("right", id.as_str()),
        None => ("left", joined.id(row, held.ids.len())),
    };
    out.groups(&groups, &ids);
    out.summary(&counts, groups.len(), &matcher);
    Ok(())
}

/// Rows of the first table that are definitely somebody of the second; numbered after those of the second.
#[derive(Default)]
struct Joined {
    rows: Vec<Row>,
    links: Vec<Link>,
}

impl Joined {
    fn add(&mut self, row: Row, to: u32, score: i64, offset: usize) {
        if let Ok(number) = u32::try_from(offset + self.rows.len()) {
            self.links.push(Link { a: to, b: number, score });
            self.rows.push(row);
        }
    }

    fn id(&self, row: u32, offset: usize) -> &str {
        (row as usize).checked_sub(offset).and_then(|at| self.rows.get(at)).map_or("", |row| row.id.as_str())
    }

    fn clusters(&self, matcher: &Matcher<'_>) -> (Vec<Vec<u32>>, Vec<Link>) {
        let more: Vec<&Profile> = self.rows.iter().map(|row| &row.person).collect();
        matcher.clusters(&self.links, &more)
    }
}

/// The same people within one table.
fn within(out: &Output, weights: &Weights, columns: &Columns, path: &Path) -> Result<(), Stop> {
    let held = hold(path, columns)?;
    let by_score = columns.definite_by_score(&held.people);
    let mut matcher = Matcher::new(weights, held.people, by_score);
    let mut counts = Counts { left: held.ids.len() as u64, ..Counts::default() };
    let mut links = vec![];
    let mut met = vec![false; held.ids.len()];
    out.head();
    for (a, b) in matcher.pairs() {
        let (Some(x), Some(y)) = (matcher.people().get(a as usize), matcher.people().get(b as usize)) else { continue };
        let decision = matcher.judge(x, y);
        let (Some(candidate), Some(x), Some(y)) =
            (decision.candidates.first(), held.ids.get(a as usize), held.ids.get(b as usize))
        else {
            continue;
        };
        counts.take(decision.verdict);
        for row in [a, b] {
            if let Some(met) = met.get_mut(row as usize) {
                *met = true;
            }
        }
        out.pair(x, y, &candidate.scored, decision.verdict, decision.rule.as_deref());
        if decision.verdict == Verdict::Definite {
            links.push(Link { a, b, score: candidate.scored.score });
        }
    }
    counts.none = met.iter().filter(|met| !**met).count() as u64;
    let (groups, _) = matcher.clusters(&links, &[]);
    out.groups(&groups, &|row| ("left", held.ids.get(row as usize).map_or("", String::as_str)));
    out.summary(&counts, groups.len(), &matcher);
    Ok(())
}

impl Counts {
    fn take(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Definite => self.definite += 1,
            Verdict::Potential => self.potential += 1,
            Verdict::None => self.none += 1,
        }
    }
}

fn tell_unreadable(path: &Path, table: &Table) {
    let file = path.display();
    for (column, count, line) in table.unreadable() {
        note(&both!(
            "{file}, column {column:?}: {count} values say nothing that can be compared, the first in line {line}; they were left out of the comparison",
            "{file}，列 {column:?}：{count} 个值无法比较（首个在第 {line} 行），比较时未用"
        ));
    }
}

/// Where results go: lines of JSON, or of text.
struct Output {
    json: bool,
}

impl Output {
    fn head(&self) {
        if !self.json {
            let (left, right, score, verdict, why) = (
                tr("left", "左"),
                tr("right", "右"),
                tr("score", "得分"),
                tr("verdict", "结论"),
                tr("evidence", "依据"),
            );
            say(&format!("{left}\t{right}\t{score}\t{verdict}\t{why}"));
        }
    }

    fn pair(&self, left: &str, right: &str, scored: &Scored, is: Verdict, rule: Option<&str>) {
        if self.json {
            return say_json(&json!({
                "kind": "pair", "left": left, "right": right, "score": scored.score, "verdict": is, "rule": rule,
                "evidence": scored.evidence,
            }));
        }
        let lines: Vec<String> = scored.evidence.iter().map(|line: &Evidence| evidence(line)).collect();
        say(&format!("{left}\t{right}\t{}\t{}\t{}", bits(scored.score), verdict(is), lines.join(tr("; ", "；"))));
    }

    /// A row of the first table: the one it definitely is, or everybody it may be, or that it is nobody.
    fn decision(&self, left: &str, ids: &[String], decision: &Decision) {
        let told = if decision.verdict == Verdict::Definite { 1 } else { decision.candidates.len() };
        for candidate in decision.candidates.iter().take(told) {
            if let Some(right) = ids.get(candidate.row as usize) {
                self.pair(left, right, &candidate.scored, decision.verdict, decision.rule.as_deref());
            }
        }
        if self.json {
            if decision.candidates.is_empty() || decision.doubt.is_some() {
                let found = decision.candidates.len();
                say_json(&json!({
                    "kind": "row", "left": left, "verdict": decision.verdict, "doubt": decision.doubt, "candidates": found,
                }));
            }
        } else if let Some(why) = decision.doubt {
            say(&format!("{left}\t\t\t{}\t{}", verdict(decision.verdict), doubt(why)));
        }
    }

    fn groups<'i>(&self, groups: &[Vec<u32>], id: &dyn Fn(u32) -> (&'static str, &'i str)) {
        for group in groups {
            let mut members: HashMap<&str, Vec<&str>> = HashMap::new();
            for row in group {
                let (side, id) = id(*row);
                members.entry(side).or_default().push(id);
            }
            let of = |side: &str| members.get(side).cloned().unwrap_or_default();
            if self.json {
                say_json(&json!({ "kind": "cluster", "left": of("left"), "right": of("right") }));
            } else {
                let all: Vec<&str> = of("left").into_iter().chain(of("right")).collect();
                say(&format!("{}\t{}", tr("cluster", "同一人"), all.join("\t")));
            }
        }
    }

    fn summary(&self, counts: &Counts, groups: usize, matcher: &Matcher<'_>) {
        let Counts { left, right, definite, potential, none } = counts;
        let crowded: Vec<_> = matcher.index().crowded().iter().collect();
        if self.json {
            let keys: Vec<_> = crowded
                .iter()
                .map(|(kind, (met, most))| json!({ "key": kind.as_str(), "met": met, "most_rows": most }))
                .collect();
            return say_json(&json!({
                "kind": "summary", "rows_left": left, "rows_right": right, "definite": definite, "potential": potential,
                "none": none, "clusters": groups, "compared": matcher.compared(), "narrowed": keys,
            }));
        }
        note(&both!(
            "{left} and {right} rows: {definite} definite, {potential} potential, {none} rows with nobody; {groups} clusters",
            "{left} 行与 {right} 行：确定 {definite}，待定 {potential}，无匹配 {none} 行；同一人 {groups} 组"
        ));
        for (kind, (met, most)) in crowded {
            let key = kind.as_str();
            note(&both!(
                "key {key}: {met} rows met blocks of up to {most} rows, which were narrowed by second keys",
                "键 {key}：{met} 行遇到多达 {most} 行的区块，已用第二个键缩小"
            ));
        }
    }
}
