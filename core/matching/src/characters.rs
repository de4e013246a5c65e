//! Han characters that stand for each other: variants, sounds, shapes.

use pinyin::ToPinyin as _;

/// Variants beyond the tables of traditional characters: spellings of one surname since the second round of
/// simplification (1977 to 1986: 阎闫, 傅付, 萧肖), and forms common in given names. The second is the one compared.
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

/// Characters that are read or picked for each other. Groups made by this project from shapes and from shared phonetic
/// parts; a pair that is missing counts as one wrong character, which weighs less.
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

/// Whether a character is Han, private use not counted.
#[must_use]
pub fn is_han(c: char) -> bool {
    matches!(c, '\u{3005}' | '\u{3007}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFD}')
}

/// The text in simplified characters, variants made one.
#[must_use]
pub fn simple(text: &str) -> String {
    hanconv::t2s(text).chars().map(standard).collect()
}

fn standard(c: char) -> char {
    VARIANTS.iter().find(|(variant, _)| *variant == c).map_or(c, |(_, standard)| *standard)
}

/// Whether two characters look alike.
#[must_use]
pub fn look_alike(a: char, b: char) -> bool {
    LOOK_ALIKES.iter().any(|group| group.contains(a) && group.contains(b))
}

/// How a character is read, the most common way of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Syllable {
    /// Without its tone: `zhang`.
    pub plain: &'static str,
    /// With its tone: `zhāng`.
    pub toned: &'static str,
}

impl Syllable {
    /// The reading of a Han character; none for what the tables do not know.
    #[must_use]
    pub fn of(c: char) -> Option<Self> {
        let read = c.to_pinyin()?;
        Some(Self { plain: read.plain(), toned: read.with_tone() })
    }

    /// What is left of it where zh/z, ch/c, sh/s, n/l and ng/n are not told apart.
    #[must_use]
    pub fn rough(&self) -> String {
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
            assert_eq!(simple(a), simple(b), "{a} {b}");
        }
        assert_ne!(simple("王伟"), simple("王玮"));
    }

    #[test]
    fn rough_sounds_forget_what_dialects_forget() {
        let rough = |c| Syllable::of(c).unwrap().rough();
        for (a, b) in [('张', '赞'), ('宁', '林'), ('陈', '岑'), ('诗', '思'), ('娜', '拉')] {
            assert_eq!(rough(a), rough(b), "{a} {b}");
        }
        assert_ne!(rough('王'), rough('李'));
        assert!(look_alike('未', '末') && !look_alike('未', '王'));
    }
}
