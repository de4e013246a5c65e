//! The reporting tree: which region reports to which, with dates. It differs from GB/T 2260: a committee or a county
//! can rank beside prefectures. It is read from a file and checked as a whole, and every fault is reported with its
//! line.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use huiliu_manifest::fault::{ManifestError, Problem};
use huiliu_manifest::read::Reader;
use huiliu_manifest::shape::{table, words};
use huiliu_messages::Message;
use huiliu_values::region;
use serde::Serialize;

words! {
    /// Level of a region in the reporting tree.
    #[zh = "区划在上报关系中的层级"]
    pub enum Tier {
        /// The province, at the top.
        #[zh = "省，最上一级"]
        "province" => Province,
        /// Prefectures, and regions of the same rank.
        #[zh = "市州及同级区划"]
        "prefecture" => Prefecture,
        /// County-level cities that report directly to the province.
        #[zh = "直接向省上报的县级市"]
        "direct" => Direct,
        /// Counties, districts and county-level cities.
        #[zh = "县（市、区）"]
        "county" => County,
    }
}

table! {
    /// The file of the reporting tree.
    #[zh = "上报关系文件"]
    pub struct File {
        /// Its rows, one for each region and period.
        #[zh = "各行，每个区划的每段时期一行"]
        region: Vec<Region>;
    }
}

table! {
    /// One region in one period.
    #[zh = "一个区划在一段时期内的上报关系"]
    pub struct Region {
        /// Code of six characters, of GB/T 2260 or the project's own.
        #[zh = "代码，6 位：GB/T 2260 的代码，或本项目自编的代码"]
        code: String;
        /// Name, such as 长春市.
        #[zh = "名称"]
        name: String;
        /// Level in the reporting tree.
        #[zh = "层级"]
        tier: Tier;
        /// Code of the region it reports to; only the province has none.
        #[zh = "上级代码；仅省级没有"]
        reports_to: Option<String>;
        /// First day.
        #[zh = "起始日期"]
        from: NaiveDate;
        /// Last day; without it, the row is still in force.
        #[zh = "截止日期；不写则现行有效"]
        to: Option<NaiveDate>;
        /// Code of the region that succeeds it on the day after the last day.
        #[zh = "截止日期次日起承继的区划代码"]
        successor: Option<String>;
    }
}

impl Region {
    fn is_in_force(&self, day: NaiveDate) -> bool {
        self.from <= day && self.to.is_none_or(|to| day <= to)
    }
}

/// The reporting tree, checked.
#[derive(Debug, Clone)]
pub struct Regions {
    rows: Vec<Region>,
}

/// Whether a text has the form of a code that a school can have: a present or past GB/T 2260 code, or one of the
/// project's own.
#[must_use]
pub fn is_region_code(code: &str) -> bool {
    let own = code.starts_with("22") && code.bytes().any(|b| b.is_ascii_uppercase());
    let plain = code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    plain && (own || region::ever_existed(code))
}

impl Regions {
    /// Parses and checks a file.
    ///
    /// # Errors
    /// [`ManifestError`] with every gap, overlap, cycle and unknown parent, each with its line.
    pub fn parse(file: &str, text: &str) -> Result<Self, ManifestError> {
        Reader::read_document(file, text, check_tree).map(|file: File| Self { rows: file.region })
    }

    /// Returns the rows in force on a day, sorted by code.
    #[must_use]
    pub fn rows_on(&self, day: NaiveDate) -> Vec<&Region> {
        let mut rows: Vec<&Region> = self.rows.iter().filter(|row| row.is_in_force(day)).collect();
        rows.sort_by(|a, b| a.code.cmp(&b.code));
        rows
    }

    /// Returns all rows of a code, in chronological order.
    #[must_use]
    pub fn rows_of(&self, code: &str) -> Vec<&Region> {
        let mut rows: Vec<&Region> = self.rows.iter().filter(|row| row.code == code).collect();
        rows.sort_by_key(|row| row.from);
        rows
    }

    /// Returns the row that represents a code on a day: its own, or else that of its successor or predecessor.
    #[must_use]
    pub fn find_row(&self, code: &str, day: NaiveDate) -> Option<&Region> {
        // Each step moves in one direction of time, so there are fewer steps than rows.
        let mut code = code;
        for _ in 0..=self.rows.len() {
            let of = self.rows_of(code);
            if let Some(row) = of.iter().find(|row| row.is_in_force(day)) {
                return Some(row);
            }
            let ended = of.last().is_some_and(|row| row.to.is_some_and(|to| to < day));
            code = match ended {
                true => of.last()?.successor.as_deref()?,
                false => {
                    self.rows.iter().find(|row| row.successor.as_deref() == Some(code)).map(|row| row.code.as_str())?
                }
            };
        }
        None
    }

    /// Returns the regions that a code reports to on a day, from its own row up to the province. Empty if the code
    /// has no row on that day.
    #[must_use]
    pub fn reporting_chain(&self, code: &str, day: NaiveDate) -> Vec<&Region> {
        let mut chain: Vec<&Region> = self.find_row(code, day).into_iter().collect();
        while let Some(next) =
            chain.last().and_then(|row| row.reports_to.as_deref()).and_then(|up| self.find_row(up, day))
        {
            if chain.len() > self.rows.len() {
                break;
            }
            chain.push(next);
        }
        chain
    }
}

/// A fault of the reporting tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs, reason = "the variant's comment explains its fields")]
enum RegionProblem {
    /// A code with an invalid form.
    #[serde(rename = "region.division")]
    Code { division: String },
    /// The last day is before the first.
    #[serde(rename = "region.ends_before_it_begins")]
    EndsBeforeItBegins,
    /// The province reports to a region, or another region reports to none.
    #[serde(rename = "region.reports_to")]
    ReportsTo,
    /// Days without a row between two rows of a code.
    #[serde(rename = "region.gap")]
    Gap { region: String, from: NaiveDate },
    /// Days with two rows of a code.
    #[serde(rename = "region.overlap")]
    Overlap { region: String },
    /// A chain of reporting that leads back to itself.
    #[serde(rename = "region.cycle")]
    Cycle,
    /// There is no row with this code.
    #[serde(rename = "region.no_region")]
    NoRegion { region: String },
    /// Days on which the region to report to does not exist.
    #[serde(rename = "region.parent_gap")]
    ParentGap { parent: String, region: String, from: NaiveDate },
    /// Days between the end of a region and the beginning of its successor.
    #[serde(rename = "region.successor_gap")]
    SuccessorGap { successor: String, region: String, begins: NaiveDate },
}

impl From<RegionProblem> for Problem {
    fn from(problem: RegionProblem) -> Self {
        Self::Other(Message::new(&problem))
    }
}

/// A row and its position in the file.
#[derive(Clone, Copy)]
struct NumberedRow<'f> {
    /// Position in the file, counted from 0.
    nth: usize,
    region: &'f Region,
}

/// Code → its rows, in order of their first day.
type RowsOf<'f> = BTreeMap<&'f str, Vec<NumberedRow<'f>>>;

fn check_tree(file: &File, told: &mut Reader<'_>) {
    let at = |nth: usize, key: &str| format!("region.{nth}.{key}");
    let mut spans = RowsOf::new();
    for (nth, row) in file.region.iter().enumerate() {
        spans.entry(&row.code).or_default().push(NumberedRow { nth, region: row });
        if !is_region_code(&row.code) {
            told.add_fault(&at(nth, "code"), RegionProblem::Code { division: row.code.clone() });
        }
        if row.to.is_some_and(|to| to < row.from) {
            told.add_fault(&at(nth, "to"), RegionProblem::EndsBeforeItBegins);
        }
        if (row.tier == Tier::Province) != row.reports_to.is_none() {
            told.add_fault(&at(nth, "reports_to"), RegionProblem::ReportsTo);
        }
    }
    for rows in spans.values_mut() {
        rows.sort_by_key(|row| row.region.from);
        for pair in rows.windows(2) {
            let [NumberedRow { region: first, .. }, NumberedRow { nth, region: second }] = pair else { continue };
            let next = first.to.and_then(|to| to.succ_opt());
            match next {
                Some(next) if next == second.from => {}
                Some(next) if next < second.from => {
                    told.add_fault(&at(*nth, "from"), RegionProblem::Gap { region: second.code.clone(), from: next });
                }
                _ => told.add_fault(&at(*nth, "from"), RegionProblem::Overlap { region: second.code.clone() }),
            }
        }
    }
    for (nth, row) in file.region.iter().enumerate() {
        check_parent(&spans, NumberedRow { nth, region: row }, told);
        check_successor(&spans, NumberedRow { nth, region: row }, told);
    }
    let tree = Regions { rows: file.region.clone() };
    for (nth, row) in file.region.iter().enumerate() {
        let last = tree.reporting_chain(&row.code, row.from).last().is_none_or(|top| top.reports_to.is_none());
        if !last && row.reports_to.as_ref().is_some_and(|up| spans.contains_key(up.as_str())) {
            told.add_fault(&at(nth, "reports_to"), RegionProblem::Cycle);
        }
    }
}

/// Checks that the region to report to exists on every day of the row.
fn check_parent(spans: &RowsOf<'_>, NumberedRow { nth, region: row }: NumberedRow<'_>, told: &mut Reader<'_>) {
    let Some(up) = row.reports_to.as_deref() else { return };
    let place = format!("region.{nth}.reports_to");
    let Some(rows) = spans.get(up) else {
        told.add_fault(&place, RegionProblem::NoRegion { region: up.to_owned() });
        return;
    };
    // The rows of a code are contiguous, so its first and last day are enough.
    let begins = rows.first().is_some_and(|first| first.region.from <= row.from);
    let ends = rows.last().is_some_and(|last| last.region.to.is_none_or(|end| row.to.is_some_and(|to| to <= end)));
    if !begins || !ends {
        told.add_fault(
            &place,
            RegionProblem::ParentGap { parent: up.to_owned(), region: row.code.clone(), from: row.from },
        );
    }
}

fn check_successor(spans: &RowsOf<'_>, NumberedRow { nth, region: row }: NumberedRow<'_>, told: &mut Reader<'_>) {
    let Some(successor) = row.successor.as_deref() else { return };
    let place = format!("region.{nth}.successor");
    let next = row.to.and_then(|to| to.succ_opt());
    let begins = spans.get(successor).and_then(|rows| rows.first()).map(|first| first.region.from);
    match begins {
        None => told.add_fault(&place, RegionProblem::NoRegion { region: successor.to_owned() }),
        Some(begins) if next.is_none_or(|next| begins > next) => {
            let (successor, region) = (successor.to_owned(), row.code.clone());
            told.add_fault(&place, RegionProblem::SuccessorGap { successor, region, begins });
        }
        Some(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUILT_IN: &str = include_str!("../../../../config/regions.toml");

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap_or_default()
    }

    fn chain_names(code: &str, on: &str) -> Vec<String> {
        let regions = Regions::parse("regions.toml", BUILT_IN).map_err(|e| e.to_string());
        regions
            .map(|r| r.reporting_chain(code, day(on)).iter().map(|row| row.name.clone()).collect())
            .unwrap_or_else(|e| vec![e])
    }

    #[test]
    fn jilin_reports_as_configured() {
        assert_eq!(chain_names("220102", "2014-09-11"), ["南关区", "长春市", "吉林省"]);
        assert_eq!(chain_names("220581", "2014-09-11"), ["梅河口市", "吉林省"]);
        assert_eq!(chain_names("22CB01", "2014-09-11"), ["池北区", "长白山保护开发区管理委员会", "吉林省"]);
        // An abolished code after its end, and a present code before its beginning.
        assert_eq!(chain_names("220181", "2015-01-01"), ["九台区", "长春市", "吉林省"]);
        assert_eq!(chain_names("220113", "2014-09-11"), ["九台市", "长春市", "吉林省"]);
        assert_eq!(chain_names("220381", "2021-01-01"), ["公主岭市", "吉林省"]);
        assert!(chain_names("229999", "2021-01-01").is_empty());
    }

    #[test]
    fn refuses_faulty_trees_with_the_line() {
        let root = "[[region]]\ncode = \"220000\"\nname = \"省\"\ntier = \"province\"\nfrom = 2000-01-01\n";
        let row = |code: &str, up: &str, from: &str, rest: &str| {
            format!(
                "[[region]]\ncode = \"{code}\"\nname = \"n\"\ntier = \"county\"\nreports_to = \"{up}\"\nfrom = {from}\n{rest}\n"
            )
        };
        for (rows, line, words) in [
            (row("220102", "220100", "2001-01-01", ""), 10, "there is no region"),
            (row("220102", "220000", "1999-01-01", ""), 10, "a gap: from 1999-01-01 on, 220000 does not exist"),
            (
                row("220102", "220000", "2001-01-01", "to = 2002-12-31") + &row("220102", "220000", "2004-01-01", ""),
                18,
                "a gap",
            ),
            (row("220102", "220000", "2001-01-01", "") + &row("220102", "220000", "2004-01-01", ""), 18, "an overlap"),
            (row("220102", "220103", "2001-01-01", "") + &row("220103", "220102", "2001-01-01", ""), 10, "a cycle"),
            (row("220199", "220000", "2001-01-01", ""), 7, "not a division code"),
            (row("220102", "220000", "2001-01-01", "to = 2000-01-01"), 12, "ends before"),
            (
                row("220102", "220000", "2001-01-01", "to = 2003-01-01\nsuccessor = \"220103\""),
                13,
                "there is no region",
            ),
        ] {
            let fault = Regions::parse("regions.toml", &format!("{root}{rows}")).map(|_| ()).map_err(|e| e.to_string());
            let told = fault.err().unwrap_or_default();
            assert!(told.contains(words) && told.contains(&format!("regions.toml:{line}:")), "{words}: {told}");
        }
    }
}
