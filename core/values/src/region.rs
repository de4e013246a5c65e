//! Division codes (GB/T 2260) as ID numbers and rosters carry them, past ones included.
//!
//! Source of the table: dataset `yescallop/areacodes` (CC0), file `result.csv` at commit
//! 01929ab, all rows of province 22, from yearly lists that begin in 1980. That file is older
//! than the move of 公主岭 (220381 given up, 220184 made, 2020), which was added. The dataset
//! leaves out the collective 市辖区 codes of the prefectures (`..01`), so this table does too.

use crate::region_table::JILIN;
use crate::text::all_digits;

/// The first two digits that name a province-level division.
const PROVINCES: [&str; 35] = [
    "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42", "43", "44",
    "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71", "81", "82", "83",
];

/// The codes on residence permits of people from Hong Kong, Macao and Taiwan.
const PERMITS: [&str; 3] = ["810000", "820000", "830000"];

/// Codes given up for another one, with that other one.
const SUCCESSORS: [(&str, &str); 4] =
    [("220181", "220113"), ("220381", "220184"), ("220625", "220605"), ("220724", "220781")];

/// One code under one name for one span of years.
///
/// A code that was renamed, or given to another place, has a row for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Region {
    /// The six digits.
    pub code: &'static str,
    /// The name of the division, without the names of those above it.
    pub name: &'static str,
    /// The first year whose list (state of 31 December) shows this row; 1980 also stands for
    /// "before the lists begin".
    pub from: u16,
    /// The first year whose list no longer shows it; `None` while in force.
    pub to: Option<u16>,
}

/// Every row for Jilin since 1980, ordered by code, then by year; the province itself and the
/// prefectures are among them.
pub fn jilin() -> &'static [Region] {
    JILIN
}

/// Whether a code was ever a division code, so that an ID number or an old roster may carry it.
///
/// Jilin (22) is looked up in [`jilin`]. Elsewhere only the shape is checked: a real province,
/// and neither digits 3-4 nor digits 5-6 both zero; beside that the three residence permit codes
/// 810000, 820000 and 830000 hold. Never a statement about today's list: the code on an ID number
/// is the one of the day it was issued (GB 11643-1999).
pub fn ever_existed(code: &str) -> bool {
    if code.len() != 6 || !all_digits(code) {
        return false;
    }
    if code.starts_with("22") {
        return JILIN.iter().any(|region| region.code == code);
    }
    let part = |from: usize| code.get(from..from + 2).unwrap_or("00");
    let shaped = PROVINCES.contains(&part(0)) && part(2) != "00" && part(4) != "00";
    shaped || PERMITS.contains(&code)
}

/// Whether an ID number can carry a code: it existed and is one of a county, or of a permit.
pub(super) fn may_be_on_id(code: &str) -> bool {
    ever_existed(code) && (!code.ends_with("00") || PERMITS.contains(&code))
}

/// The code that took the place of a given-up Jilin code (changes since 2000); `None` for every
/// other code. A renamed division keeps its code and so has no successor (八道江区 → 浑江区, 220602).
pub fn successor(code: &str) -> Option<&'static str> {
    SUCCESSORS.iter().find(|(old, _)| *old == code).map(|(_, new)| *new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn valid_in(year: u16) -> impl Iterator<Item = &'static Region> {
        jilin().iter().filter(move |r| r.from <= year && r.to.is_none_or(|to| year < to))
    }

    #[test]
    fn seventy_codes_at_the_end_of_2014() {
        assert_eq!(valid_in(2014).count(), 70);
        let counties = "220102 220103 220104 220105 220106 220112 220113 220122 220182 220183 \
            220202 220203 220204 220211 220221 220281 220282 220283 220284 220302 220303 220322 \
            220323 220381 220382 220402 220403 220421 220422 220502 220503 220521 220523 220524 \
            220581 220582 220602 220605 220621 220622 220623 220681 220702 220721 220722 220723 \
            220781 220802 220821 220822 220881 220882 222401 222402 222403 222404 222405 222406 \
            222424 222426";
        let listed: Vec<&str> = counties.split_whitespace().collect();
        let table: Vec<&str> = valid_in(2014).map(|r| r.code).filter(|code| !code.ends_with("00")).collect();
        assert_eq!(table, listed);
    }

    #[test]
    fn rows_are_ordered_and_never_overlap() {
        for pair in jilin().windows(2) {
            let [a, b] = pair else { continue };
            let apart = a.code < b.code || a.to.is_some_and(|to| to <= b.from);
            assert!(apart, "{} {}", a.name, b.name);
        }
        assert!(jilin().iter().all(|r| r.to.is_none_or(|to| r.from < to)));
    }

    #[test]
    fn old_codes_existed_and_invented_ones_did_not() {
        for code in [
            "220181", "220381", "220184", "220625", "222101", "222228", "222303", "222525", "222621", "229001",
            "229006", "110105", "440524", "810000",
        ] {
            assert!(ever_existed(code), "{code}");
        }
        for code in [
            "220199",
            "229099",
            "220000x",
            "22010",
            "",
            "990101",
            "110005",
            "110100",
            "２２０１０２",
            "160101",
            "840000",
        ] {
            assert!(!ever_existed(code), "{code}");
        }
        assert!(ever_existed("220100") && !may_be_on_id("220100"));
    }

    #[test]
    fn successors_existed_and_follow_in_time() {
        for (old, new) in SUCCESSORS {
            assert_eq!(successor(old), Some(new));
            let end = jilin().iter().filter(|r| r.code == old).filter_map(|r| r.to).max();
            let start = jilin().iter().filter(|r| r.code == new).map(|r| r.from).min();
            assert!(end.is_some() && end == start, "{old}");
        }
        assert_eq!(successor("220602"), None);
    }
}
