//! Names, with their frequencies in the north-east of China.

use crate::chance::roll;

/// Surname and its bearers among 100,000 people, raised for surnames known to be more common in the north-east.
const SURNAMES: [(&str, u32); 104] = [
    ("王", 8600),
    ("李", 8300),
    ("张", 7900),
    ("刘", 6300),
    ("陈", 2800),
    ("杨", 3100),
    ("赵", 3600),
    ("黄", 1100),
    ("周", 1500),
    ("吴", 1500),
    ("徐", 1900),
    ("孙", 3300),
    ("朱", 1300),
    ("马", 1500),
    ("胡", 800),
    ("郭", 1400),
    ("林", 900),
    ("何", 900),
    ("高", 1700),
    ("梁", 800),
    ("郑", 900),
    ("罗", 450),
    ("宋", 1200),
    ("谢", 450),
    ("唐", 450),
    ("韩", 1100),
    ("曹", 750),
    ("许", 600),
    ("邓", 350),
    ("萧", 120),
    ("肖", 420),
    ("冯", 650),
    ("曾", 200),
    ("程", 500),
    ("蔡", 350),
    ("彭", 350),
    ("潘", 450),
    ("袁", 400),
    ("于", 1500),
    ("董", 750),
    ("余", 250),
    ("苏", 450),
    ("叶", 250),
    ("吕", 550),
    ("魏", 650),
    ("蒋", 350),
    ("田", 550),
    ("杜", 550),
    ("丁", 500),
    ("沈", 350),
    ("姜", 900),
    ("范", 450),
    ("江", 250),
    ("傅", 180),
    ("付", 420),
    ("钟", 180),
    ("卢", 350),
    ("汪", 250),
    ("戴", 250),
    ("崔", 900),
    ("任", 500),
    ("陆", 200),
    ("廖", 200),
    ("姚", 400),
    ("方", 250),
    ("金", 2400),
    ("邱", 250),
    ("夏", 350),
    ("谭", 350),
    ("韦", 120),
    ("贾", 450),
    ("邹", 350),
    ("石", 400),
    ("熊", 150),
    ("孟", 500),
    ("秦", 350),
    ("阎", 80),
    ("闫", 450),
    ("薛", 350),
    ("侯", 400),
    ("雷", 200),
    ("白", 450),
    ("龙", 150),
    ("段", 250),
    ("郝", 300),
    ("孔", 250),
    ("邵", 250),
    ("史", 300),
    ("毛", 200),
    ("常", 300),
    ("万", 200),
    ("顾", 200),
    ("赖", 60),
    ("武", 250),
    ("康", 250),
    ("贺", 250),
    ("朴", 700),
    ("尹", 400),
    ("关", 450),
    ("佟", 150),
    ("那", 100),
    ("单", 150),
    ("仇", 60),
    ("解", 90),
];
const COMPOUND: [&str; 8] = ["欧阳", "司马", "上官", "诸葛", "司徒", "东方", "皇甫", "尉迟"];
/// Characters of women's and men's given names, the commoner first; the weight falls with the position.
const WOMEN: [&str; 72] = [
    "丽", "艳", "红", "英", "敏", "静", "娟", "霞", "玲", "华", "秀", "玉", "梅", "芳", "丹", "娜", "杰", "燕", "凤",
    "洁", "晶", "雪", "莉", "萍", "桂", "兰", "春", "颖", "慧", "莹", "淑", "平", "欣", "婷", "珍", "岩", "琳", "彦",
    "佳", "亚", "云", "宏", "立", "文", "微", "薇", "蕾", "璐", "爽", "楠", "倩", "琴", "荣", "香", "爱", "青", "冬",
    "环", "宇", "晓", "小", "海", "新", "艺", "思", "诗", "晗", "茹", "菁", "瑞", "未", "睿",
];
const MEN: [&str; 72] = [
    "伟", "军", "强", "东", "国", "志", "明", "涛", "峰", "刚", "勇", "辉", "宇", "波", "磊", "海", "洪", "春", "龙",
    "立", "文", "庆", "新", "超", "鹏", "亮", "杰", "斌", "玉", "洋", "永", "忠", "平", "浩", "鑫", "学", "光", "彦",
    "成", "福", "宝", "林", "长", "晓", "建", "家", "德", "树", "凯", "岩", "权", "彬", "哲", "飞", "威", "炜", "玮",
    "宏", "晨", "昊", "钧", "冶", "帅", "田", "柱", "末", "士", "候", "大", "小", "天", "洁",
];
/// Korean-Chinese given names.
const KOREAN: [&str; 28] = [
    "哲", "洙", "浩", "日", "男", "龙", "善", "姬", "顺", "玉", "花", "美", "英", "子", "淑", "贞", "京", "成", "万",
    "学", "松", "虎", "光", "红", "兰", "春", "今", "锦",
];
/// Parts of Mongolian and Manchu names.
pub(crate) const PARTS: [&str; 30] = [
    "巴特尔",
    "阿古拉",
    "苏日娜",
    "其其格",
    "乌兰",
    "哈斯",
    "朝鲁",
    "格日勒",
    "斯琴",
    "高娃",
    "布和",
    "那仁",
    "图雅",
    "萨仁",
    "乌云",
    "娜仁",
    "敖日格",
    "毕力格",
    "宝音",
    "德力格尔",
    "孟和",
    "额尔敦",
    "阿拉坦",
    "塔娜",
    "呼和",
    "满都拉",
    "索布德",
    "爱新",
    "舒穆禄",
    "完颜",
];

/// Picks one of a list; earlier ones are likelier: the weight is 1/(position + 6).
pub(super) fn pick_early<'l>(list: &[&'l str], chance: u64) -> &'l str {
    let weight = |at: usize| 1_000_000 / (at as u64 + 6);
    let total: u64 = (0..list.len()).map(weight).sum();
    let mut left = chance % total;
    for (at, item) in list.iter().enumerate() {
        match left.checked_sub(weight(at)) {
            Some(rest) => left = rest,
            None => return item,
        }
    }
    list.first().copied().unwrap_or_default()
}

fn pick_surname(chance: u64) -> &'static str {
    if chance.is_multiple_of(900) {
        return COMPOUND[(chance / 900) as usize % COMPOUND.len()];
    }
    let total: u64 = SURNAMES.iter().map(|(_, share)| u64::from(*share)).sum();
    let mut left = (chance / 900) % total;
    for (name, share) in SURNAMES {
        match left.checked_sub(u64::from(share)) {
            Some(rest) => left = rest,
            None => return name,
        }
    }
    "王"
}

/// Returns surname and given name. The given name is empty for people with a single name or with one of several parts.
pub(super) fn pick_name(seed: u64, index: u64, male: bool) -> (String, String) {
    let chance = |purpose: u64| roll(seed, purpose, index);
    match chance(701) % 1_000 {
        0..8 => {
            let first = pick_early(&PARTS, chance(702));
            let second = pick_early(&PARTS, chance(703));
            return (format!("{first}·{second}"), String::new());
        }
        8..11 => return (pick_early(&PARTS, chance(702)).to_owned(), String::new()),
        _ => {}
    }
    let family = pick_surname(chance(704));
    let korean = matches!(family, "金" | "朴" | "崔") && !chance(705).is_multiple_of(4);
    let list: &[&str] = if korean {
        &KOREAN
    } else if male {
        &MEN
    } else {
        &WOMEN
    };
    (family.to_owned(), pick_given_name(list, seed, index))
}

/// Returns one character for three names of ten, else two.
pub(super) fn pick_given_name(list: &[&str], seed: u64, index: u64) -> String {
    let first = pick_early(list, roll(seed, 706, index));
    if roll(seed, 707, index) % 10 < 3 {
        return first.to_owned();
    }
    format!("{first}{}", pick_early(list, roll(seed, 708, index)))
}

/// Returns another given name for the same sex, for changed names and for twins.
pub(super) fn pick_other_given_name(seed: u64, index: u64, male: bool) -> String {
    pick_given_name(if male { &MEN } else { &WOMEN }, seed ^ 0x5EED, index)
}
