//! Han characters that are confused with each other: variants, homophones, look-alikes.

use pinyin::ToPinyin as _;

/// Variants that the traditional-to-simplified tables lack: surname spellings that have coexisted since the second
/// round of simplification (1977 to 1986: 阎闫, 傅付, 萧肖), and forms common in given names. The second character of each
/// pair is the one that is compared.
const VARIANTS: [(char, char); 26] = [
    ('阎', '闫'),
    ('傅', '付'),
    ('萧', '肖'),
    ('邱', '丘'),
    ('甯', '宁'),
    ('昇', '升'),
    ('堃', '坤'),
    ('喆', '哲'),
    ('锺', '钟'),
    ('峯', '峰'),
    ('羣', '群'),
    ('邨', '村'),
    ('珎', '珍'),
    ('囯', '国'),
    ('璿', '璇'),
    ('湧', '涌'),
    ('喦', '岩'),
    ('嵒', '岩'),
    ('脩', '修'),
    ('暎', '映'),
    ('晧', '皓'),
    ('皜', '皓'),
    ('凃', '涂'),
    ('祕', '秘'),
    ('勲', '勋'),
    ('徳', '德'),
];

/// Groups of characters that are misread or mistyped for each other. This project compiled them from shapes and shared
/// phonetic parts. A pair that is missing here counts as one wrong character, which weighs less.
const LOOK_ALIKES: [&str; 43] = [
    "未末",
    "己已巳",
    "戊戌戍戎",
    "日曰",
    "土士",
    "干千于",
    "天夭",
    "人入",
    "大太犬",
    "王玉主",
    "田由甲申",
    "晴睛",
    "洋详",
    "钧钓均",
    "昊吴",
    "冶治",
    "凤风",
    "今令",
    "候侯",
    "徒徙",
    "崇祟",
    "宇字",
    "帅师",
    "杨扬",
    "荻获",
    "晶品",
    "淼森",
    "伟炜玮纬",
    "婷停",
    "娟捐",
    "晗唅",
    "敏繁",
    "刚钢",
    "芬芳",
    "茹茄",
    "颖颍",
    "竞竟",
    "莱菜",
    "璐潞",
    "彬杉",
    "郎朗",
    "柱桂",
    "洁浩",
];

/// Returns whether a character is Han; private-use characters do not count.
#[must_use]
pub fn is_han(c: char) -> bool {
    matches!(c, '\u{3005}' | '\u{3007}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFD}')
}

/// Converts text to simplified characters and replaces variants with their standard form.
#[must_use]
pub fn to_simplified(text: &str) -> String {
    hanconv::t2s(text).chars().map(standard_form).collect()
}

fn standard_form(c: char) -> char {
    VARIANTS.iter().find(|(variant, _)| *variant == c).map_or(c, |(_, standard)| *standard)
}

/// Returns whether two characters look alike.
#[must_use]
pub fn look_alike(a: char, b: char) -> bool {
    LOOK_ALIKES.iter().any(|group| group.contains(a) && group.contains(b))
}

/// Mandarin reading of a character; for characters with several readings, the most common one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Syllable {
    /// Without its tone: `zhang`.
    pub plain: &'static str,
    /// With its tone: `zhāng`.
    pub toned: &'static str,
}

impl Syllable {
    /// Looks up the reading of a Han character; `None` if the tables do not have it.
    #[must_use]
    pub fn for_char(c: char) -> Option<Self> {
        let read = c.to_pinyin()?;
        Some(Self { plain: read.plain(), toned: read.with_tone() })
    }

    /// Returns the sound with zh/z, ch/c, sh/s, n/l and ng/n merged.
    #[must_use]
    pub fn rough_sound(&self) -> String {
        let body = self.plain.strip_suffix('g').filter(|b| b.ends_with('n')).unwrap_or(self.plain);
        let mut letters = body.chars();
        let mut rough = String::with_capacity(body.len());
        if let Some(first) = letters.next() {
            rough.push(if first == 'n' { 'l' } else { first });
        }
        let rest = letters.as_str();
        let silent = matches!(rough.as_str(), "z" | "c" | "s");
        rough.push_str(if silent { rest.strip_prefix('h').unwrap_or(rest) } else { rest });
        rough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_are_made_one() {
        for (a, b) in [("張偉", "张伟"), ("閻涛", "闫涛"), ("蕭紅", "肖红"), ("鍾堃", "钟坤"), ("王喆", "王哲")]
        {
            assert_eq!(to_simplified(a), to_simplified(b), "{a} {b}");
        }
        assert_ne!(to_simplified("王伟"), to_simplified("王玮"));
    }

    #[test]
    fn rough_sounds_forget_what_dialects_forget() {
        let rough = |c| Syllable::for_char(c).unwrap().rough_sound();
        for (a, b) in [('张', '赞'), ('宁', '林'), ('陈', '岑'), ('诗', '思'), ('娜', '拉')] {
            assert_eq!(rough(a), rough(b), "{a} {b}");
        }
        assert_ne!(rough('王'), rough('李'));
        assert!(look_alike('未', '末') && !look_alike('未', '王'));
    }
}
