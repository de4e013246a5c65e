//! How alike two titles are: shared pairs of neighbouring characters, as Dice counts them, in thousandths.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization as _;

/// 1,000 for equal titles, 0 for those that share no pair. Width, case, spaces and punctuation do not count.
#[must_use]
pub fn likeness(a: &str, b: &str) -> u32 {
    let (a, b) = (pairs(a), pairs(b));
    let count = |of: &BTreeMap<[char; 2], u32>| of.values().sum::<u32>();
    let shared: u32 = a.iter().map(|(pair, n)| b.get(pair).map_or(0, |m| *n.min(m))).sum();
    (2_000 * shared).checked_div(count(&a) + count(&b)).unwrap_or(0)
}

fn pairs(title: &str) -> BTreeMap<[char; 2], u32> {
    let plain: Vec<char> = title.nfkc().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()).collect();
    let mut pairs = BTreeMap::new();
    for two in plain.windows(2) {
        *pairs.entry([two[0], two[1]]).or_default() += 1;
    }
    if let [one] = plain.as_slice() {
        pairs.insert([*one, ' '], 1);
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::likeness;

    #[test]
    fn what_is_written_otherwise_is_alike() {
        assert_eq!(likeness("课堂导入", "課堂导入"), 666);
        assert_eq!(likeness("Intel 未来教育（基础）", "ＩＮＴＥＬ未来教育 基础"), 1_000);
        assert_eq!(likeness("课堂导入", "机器人教学"), 0);
        assert_eq!(likeness("", ""), 0);
        assert_eq!(likeness("课", "课"), 1_000);
    }
}
