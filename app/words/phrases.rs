//! A catalogue of the sentences that come as free text: core's own, and those of the database driver and the
//! operating system. `{}` in the English stands for a fact; `{0}`, `{1}` … say where it goes in the Chinese.

use std::borrow::Cow;

use huiliu_messages::{Language, localize_place};

/// The Chinese for an English sentence, its facts kept; the sentence itself when the catalogue does not know it.
pub fn translate(english: &str) -> Cow<'_, str> {
    for (template, chinese) in CORE.iter().chain(FOREIGN) {
        if let Some(facts) = facts(template, english) {
            return Cow::Owned(fill(chinese, &facts));
        }
    }
    localize_place(Language::Chinese, english)
}

/// What stands in the places of a template, if the text is made after it.
fn facts<'t>(template: &str, text: &'t str) -> Option<Vec<&'t str>> {
    let mut literals = template.split("{}");
    let mut rest = text.strip_prefix(literals.next()?)?;
    let mut found = Vec::new();
    let mut literals = literals.peekable();
    while let Some(literal) = literals.next() {
        let fact = if literals.peek().is_none() {
            let fact = rest.strip_suffix(literal)?;
            rest = "";
            fact
        } else {
            let (fact, after) = rest.split_once(literal)?;
            rest = after;
            fact
        };
        found.push(fact);
    }
    (rest.is_empty() && found.iter().all(|fact| !fact.is_empty())).then_some(found)
}

/// Facts can be sentences themselves; each is shorter than the text it was in, so this ends.
fn fill(chinese: &str, facts: &[&str]) -> String {
    let mut pieces = chinese.split('{');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (place, literal) = piece.split_once('}').unwrap_or(("", piece));
        if let Some(fact) = place.parse::<usize>().ok().and_then(|n| facts.get(n)) {
            out.push_str(&translate(fact));
        }
        out.push_str(literal);
    }
    out
}

/// What core says. The more particular sentence stands before the more general.
const CORE: &[(&str, &str)] = &[
    // Platforms and folders.
    ("{} cannot be asked for", "无法向 {0} 发出请求"),
    ("{} (asked {} times)", "{0}（已请求 {1} 次）"),
    ("did not answer in time", "没有按时应答"),
    ("broke off its answer", "应答中途中断"),
    ("cannot read {}: {}", "无法读取 {0}：{1}"),
    ("the samples of a registered connector {}", "已注册连接器的样例{0}"),
    ("cannot be read: {}", "无法读取：{0}"),
    ("record {}: {}, expected {}", "第 {0} 条：{1}，应为 {2}"),
    ("{} records, expected {}", "{0} 条记录，应为 {1} 条"),
    (
        "another process has taken the source over; nothing of this page was written",
        "另一个进程已接手此来源；此页未写入",
    ),
    (
        "{}: today's manifest finds other records in it than there were when it landed; read the source again with --full",
        "{0}：按当前清单读出的记录与接收时不同；请用 --full 重新读取该来源",
    ),
    ("no random number: {}", "无法取得随机数：{0}"),
    ("connector {} declares no download", "连接器 {0} 没有声明下载方式"),
    // Workbooks and archives.
    ("a web page", "网页"),
    ("an XML document", "XML 文档"),
    ("a text table", "文本表格"),
    ("something else", "其他内容"),
    ("what was unpacked does not hang together", "展开的内容前后不符"),
    // Payloads that cannot be read.
    ("line {} has more than {} cells", "第 {0} 行超过 {1} 个单元格"),
    ("a DOCTYPE is not accepted", "不接受 DOCTYPE"),
    ("it ends before its root element does", "在根元素结束之前就中断了"),
    ("{} is {}, expected {}", "{0} 为 {1}，应为 {2}"),
    // What is kept and cannot be read again.
    ("the copy {} is damaged: {}", "副本 {0} 已损坏：{1}"),
    ("no connector {} is registered; it was when the payload landed", "没有注册连接器 {0}；接收该原始载荷时它是注册的"),
    ("connector {} has no stream {} any more", "连接器 {0} 已没有数据流 {1}"),
    ("payload {}: {}", "原始载荷 {0}：{1}"),
    // Variants of samples.
    ("429, then the page", "先应答 429，再给出该页"),
    ("500, then the page", "先应答 500，再给出该页"),
    ("503, then the page", "先应答 503，再给出该页"),
    ("a login page as 200, then the page", "先给出登录页（状态码 200），再给出该页"),
    ("an answer that breaks off, then the page", "应答先中途中断，再给出该页"),
    ("a login page instead", "换成登录页"),
    ("an empty body", "空内容"),
    ("cut after a quarter", "在四分之一处截断"),
    ("cut in the middle", "在中间截断"),
    ("cut near its end", "在末尾附近截断"),
    ("with a byte order mark", "带 BOM"),
    ("with blank lines around it", "前后加空行"),
    ("with a title line above", "上方多一行标题"),
    ("with other line ends", "换行符不同"),
    ("in UTF-8 with a byte order mark", "带 BOM 的 UTF-8"),
    ("in GB18030", "GB18030 编码"),
    ("without its header", "缺表头"),
    ("with its columns the other way round", "各列次序颠倒"),
    // Batches and records.
    ("one of excellent, pass, fail", "应为 excellent、pass 或 fail"),
    ("a day written as {}", "日期应写作 {0}"),
    (
        "held by the contract: {}; correct the manifest, or release the batch as it is with `huiliu batches release`",
        "按约定扣住：{0}；请修正清单，或用 `huiliu batches release` 原样放行",
    ),
    // Reasons whose code says less than their words.
    ("at most {} characters", "不得超过 {0} 个字符"),
    ("an integer or an instant", "应为整数或时刻"),
    ("an export date of eight digits in the file name", "文件名中应有八位数字的导出日期"),
    // The ledger's rules.
    ("{} pass_gate", "{0} 合格后计学时"),
    ("{} not_assessed", "{0} 未经测评的记录"),
    ("{} duplicate", "{0} 同一课程只计一次"),
    ("{} identity", "{0} 姓名与身份证号"),
];

/// What the database driver, the operating system and the parsers say, and the units of the arithmetic.
const FOREIGN: &[(&str, &str)] = &[
    // The processes that read workbooks.
    ("signal {}", "信号 {0}"),
    ("exit code {}", "退出码 {0}"),
    ("it said what is no text", "其输出不是文本"),
    ("{} minute × {}", "{0} 分钟 × {1}"),
    ("{} class_hour × {}", "{0} 学时 × {1}"),
    ("{} hour × {}", "{0} 小时 × {1}"),
    ("{} day × {}", "{0} 天 × {1}"),
    ("{} minute", "{0} 分钟"),
    ("{} class_hour", "{0} 学时"),
    ("{} hour", "{0} 小时"),
    ("{} day", "{0} 天"),
    // The operating system.
    ("Permission denied (os error {})", "没有权限（系统错误 {0}）"),
    ("No such file or directory (os error {})", "文件或目录不存在（系统错误 {0}）"),
    ("Not a directory (os error {})", "不是目录（系统错误 {0}）"),
    ("Is a directory (os error {})", "是目录而不是文件（系统错误 {0}）"),
    ("File exists (os error {})", "文件已存在（系统错误 {0}）"),
    ("Read-only file system (os error {})", "文件系统只读（系统错误 {0}）"),
    ("No space left on device (os error {})", "磁盘空间不足（系统错误 {0}）"),
    ("Too many open files (os error {})", "打开的文件过多（系统错误 {0}）"),
    ("Address already in use (os error {})", "端口已被占用（系统错误 {0}）"),
    ("Connection refused (os error {})", "连接被拒绝（系统错误 {0}）"),
    ("Connection reset by peer (os error {})", "连接被对方中断（系统错误 {0}）"),
    ("Connection timed out (os error {})", "连接超时（系统错误 {0}）"),
    ("Network is unreachable (os error {})", "网络不可达（系统错误 {0}）"),
    ("No route to host (os error {})", "没有到该主机的路由（系统错误 {0}）"),
    ("failed to lookup address information: {}", "找不到该主机：{0}"),
    ("Name or service not known", "未知的主机名"),
    ("Temporary failure in name resolution", "域名解析暂时失败"),
    ("stream did not contain valid UTF-8", "内容不是 UTF-8 编码"),
    // What a parser met in a payload.
    ("no field {}", "没有字段 {0}"),
    ("no value at {}", "{0} 处没有值"),
    ("no array at {}", "{0} 处没有数组"),
    ("EOF while parsing {} at line {} column {}", "读取{0}时，内容在第 {1} 行第 {2} 列中断"),
    ("a value", "值"),
    ("an object", "对象"),
    ("a list", "列表"),
    ("expected value at line {} column {}", "第 {0} 行第 {1} 列应有一个值"),
    ("trailing characters at line {} column {}", "第 {0} 行第 {1} 列之后有多余内容"),
    // Addresses.
    ("relative URL without a base", "缺少 http:// 或 https://"),
    ("empty host", "没有写主机"),
    ("invalid port number", "端口号不对"),
    ("invalid IPv4 address", "IPv4 地址不对"),
    ("invalid IPv6 address", "IPv6 地址不对"),
    // What the gate finds.
    ("the manifest has no stream {}", "清单中没有数据流 {0}"),
    ("the expected results are not a JSON array: {}", "预期结果不是 JSON 数组：{0}"),
    // What `doctor` finds.
    ("Current", "最新"),
    ("Empty", "尚未建立；请运行 `huiliu migrate`"),
    ("Unknown", "此版本的汇流不认识"),
    ("Behind { applied: {}, known: {} }", "共需升级 {1} 步，只完成了 {0} 步；请运行 `huiliu migrate`"),
    ("{} (back it up: a lost key is lost data)", "{0}（请备份：密钥丢失即数据丢失）"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_keeps_its_facts_and_hides_behind_no_other() {
        let mut hidden = vec![];
        for (english, chinese) in CORE.iter().chain(FOREIGN) {
            let facts: Vec<String> = (1..english.split("{}").count()).map(|n| format!("F{n}")).collect();
            for n in 0..facts.len() {
                assert_eq!(chinese.matches(&format!("{{{n}}}")).count(), 1, "{chinese}: fact {n}");
            }
            let mut said = String::new();
            let mut values = facts.iter();
            for literal in english.split("{}") {
                said.push_str(literal);
                said.push_str(values.next().map_or("", String::as_str));
            }
            let references: Vec<&str> = facts.iter().map(String::as_str).collect();
            if translate(&said) != fill(chinese, &references) {
                hidden.push(format!("{said:?} is said as {:?}", translate(&said)));
            }
        }
        assert!(hidden.is_empty(), "{}", hidden.join("\n"));
        assert_eq!(translate("nobody says this"), "nobody says this");
    }

    fn core_source(dir: &std::path::Path, out: &mut String) {
        for entry in std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()) {
            if entry.is_dir() {
                core_source(&entry, out);
            } else if entry.extension().is_some_and(|e| e == "rs") || dir.ends_with("locales/en") {
                let text = std::fs::read_to_string(&entry).unwrap();
                out.push_str(text.split("#[cfg(test)]").next().unwrap_or_default());
            }
        }
    }

    /// The text of core without its tests and with the English sentences of the catalogues, string literals in one line each and unescaped.
    fn core() -> String {
        let mut text = String::new();
        core_source(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("core"), &mut text);
        let joined: Vec<&str> = text.split("\\\n").map(str::trim_start).collect();
        joined.concat()
    }

    #[test]
    fn core_still_says_every_sentence() {
        let core = core().replace("\\\"", "\"");
        for (english, _) in CORE.iter() {
            for piece in english.split("{}").map(|p| p.trim_matches([' ', ':', ';', '(', ')'])).filter(|p| p.len() > 5)
            {
                assert!(core.contains(piece), "core says {piece:?} no more; it is in {english:?}");
            }
        }
    }
}
