//! Similarity of two titles, in thousandths: the Dice coefficient of their pairs of adjacent characters.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization as _;

/// Returns 1,000 for equal titles and 0 for titles without a common pair. Width, case, spaces and punctuation are
/// ignored.
#[must_use]
pub fn title_similarity(a: &str, b: &str) -> u32 {
    let (a, b) = (count_pairs(a), count_pairs(b));
    let count = |of: &BTreeMap<[char; 2], u32>| of.values().sum::<u32>();
    let shared: u32 = a.iter().map(|(pair, n)| b.get(pair).map_or(0, |m| *n.min(m))).sum();
    (2_000 * shared).checked_div(count(&a) + count(&b)).unwrap_or(0)
}

fn count_pairs(title: &str) -> BTreeMap<[char; 2], u32> {
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
    use super::title_similarity;

    #[test]
    fn ignores_width_case_and_punctuation() {
        assert_eq!(title_similarity("课堂导入", "課堂导入"), 666);
        assert_eq!(title_similarity("Intel 未来教育（基础）", "ＩＮＴＥＬ未来教育 基础"), 1_000);
        assert_eq!(title_similarity("课堂导入", "机器人教学"), 0);
        assert_eq!(title_similarity("", ""), 0);
        assert_eq!(title_similarity("课", "课"), 1_000);
    }
}
