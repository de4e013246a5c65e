//! Codes of administrative divisions (GB/T 2260) in ID numbers and rosters, including former codes.
//!
//! Source of the table: dataset `yescallop/areacodes` (CC0), file `result.csv` at commit 01929ab, all rows of province
//! 22, from yearly lists that begin in 1980. That file is older than the change of 公主岭 (220381 abolished, 220184
//! created, 2020), which was added. The dataset leaves out the collective 市辖区 codes of the prefectures (`..01`), so
//! this table does too.

use crate::region_table::JILIN;
use crate::text::all_digits;

/// First two digits of the province-level divisions.
const PROVINCES: [&str; 35] = [
    "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42", "43", "44",
    "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71", "81", "82", "83",
];

/// Codes on residence permits of people from Hong Kong, Macao and Taiwan.
const PERMITS: [&str; 3] = ["810000", "820000", "830000"];

/// Abolished codes, each with the code that replaced it.
const SUCCESSORS: [(&str, &str); 4] =
    [("220181", "220113"), ("220381", "220184"), ("220625", "220605"), ("220724", "220781")];

/// A division code with one name during one span of years.
///
/// A code that was renamed, or given to another place, has a row for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Region {
    /// Division code of six digits.
    pub code: &'static str,
    /// Name of the division, without the names of the divisions above it.
    pub name: &'static str,
    /// First year whose list (as of 31 December) contains this row; 1980 also stands for "before the lists begin".
    pub from: u16,
    /// First year whose list no longer contains it; `None` while in force.
    pub to: Option<u16>,
}

/// Returns every row for Jilin since 1980, ordered by code, then by year, including the province itself and the
/// prefectures.
pub fn jilin_regions() -> &'static [Region] {
    JILIN
}

/// Returns whether a code was ever a division code, so that an ID number or an old roster may contain it.
///
/// Jilin (22) is looked up in [`jilin_regions`]. Elsewhere only the form is checked: a real province, and neither
/// digits 3-4 nor digits 5-6 both zero. The residence permit codes 810000, 820000 and 830000 are also valid. The result
/// says nothing about today's list, because the code on an ID number is the one of the day it was issued (GB
/// 11643-1999).
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

/// Returns whether an ID number can contain a code: the code existed and is that of a county or a permit.
pub(super) fn may_be_on_id(code: &str) -> bool {
    ever_existed(code) && (!code.ends_with("00") || PERMITS.contains(&code))
}

/// Returns the code that replaced an abolished Jilin code (changes since 2000); `None` for every other code. A renamed
/// division keeps its code and so has no successor (八道江区 → 浑江区, 220602).
pub fn find_successor(code: &str) -> Option<&'static str> {
    SUCCESSORS.iter().find(|(old, _)| *old == code).map(|(_, new)| *new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn valid_in(year: u16) -> impl Iterator<Item = &'static Region> {
        jilin_regions().iter().filter(move |r| r.from <= year && r.to.is_none_or(|to| year < to))
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
        for pair in jilin_regions().windows(2) {
            let [a, b] = pair else { continue };
            let apart = a.code < b.code || a.to.is_some_and(|to| to <= b.from);
            assert!(apart, "{} {}", a.name, b.name);
        }
        assert!(jilin_regions().iter().all(|r| r.to.is_none_or(|to| r.from < to)));
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
            assert_eq!(find_successor(old), Some(new));
            let end = jilin_regions().iter().filter(|r| r.code == old).filter_map(|r| r.to).max();
            let start = jilin_regions().iter().filter(|r| r.code == new).map(|r| r.from).min();
            assert!(end.is_some() && end == start, "{old}");
        }
        assert_eq!(find_successor("220602"), None);
    }
}
