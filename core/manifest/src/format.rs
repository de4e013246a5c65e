//! How bytes become raw records.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::read::{Node, Reader};
use crate::shape::{Part, Shape, Within, Words, choice, table, words};

words! {
    /// Encodings of text.
    #[zh = "文本的编码"]
    pub enum Encoding {
        /// By the byte order mark, else UTF-8 if it is that strictly, else GB18030.
        #[zh = "先看 BOM，再严格按 UTF-8，最后按 GB18030"]
        "auto" => Auto,
        /// UTF-8.
        #[zh = "UTF-8"]
        "utf-8" => Utf8,
        /// GB18030, and with it GBK and GB2312.
        #[zh = "GB18030（含 GBK、GB2312）"]
        "gb18030" => Gb18030,
        /// UTF-16, little-endian unless a byte order mark says otherwise.
        #[zh = "UTF-16（无 BOM 时按小端）"]
        "utf-16" => Utf16,
    }
}

/// A separator of cells: one character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Separator(pub u8);

impl Part for Separator {
    const SHAPE: &'static Shape =
        &Shape::Text(Words { en: "one ASCII character, or \"tab\"", zh: "一个 ASCII 字符，或 \"tab\"" });

    fn read_node(node: Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.read_text(node)?;
        let separator = match (text, text.as_bytes()) {
            ("tab", _) => Some(b'\t'),
            (_, [byte]) if !byte.is_ascii_alphanumeric() && *byte != b'"' && !matches!(byte, b'\r' | b'\n') => {
                Some(*byte)
            }
            _ => None,
        };
        if separator.is_none() {
            reader.refuse_node(node, crate::rule::RuleProblem::Separator { text: text.to_owned() });
        }
        separator.map(Self)
    }

    fn stand_in() -> Option<Self> {
        Some(Self(b','))
    }
}

table! {
    /// How the header of a table is found, and where its rows end. The first row in which all of `header` stand is the
    /// header; titles above it and whatever comes below an end marker are no records.
    #[zh = "如何找到表头、表在哪里结束。第一个含有 header 全部列名的行是表头；其上的标题行与结束标记以下的内容不是记录"]
    #[derive(PartialEq, Eq, Serialize, Deserialize)]
    pub struct Layout {
        /// Column names by which the header is found.
        #[zh = "用来识别表头的列名"]
        header: Vec<String>;
        /// Rows of the header; with two, a column is named `upper/lower`, or by the one that is there.
        #[zh = "表头的行数；有两行时列名写作“上/下”，其中一行为空则取另一行"]
        header_rows: Within<1, 2> = Within(1), "1";
        /// A row whose first text begins with one of these ends the records; no space counts.
        #[zh = "某行第一个有内容的单元格以其中之一开头，表即结束（不计空白）"]
        end_markers: Vec<String> = vec![], "[]";
        /// Rows whose first text begins with one of these are no records, as subtotals; the table goes on.
        #[zh = "某行第一个有内容的单元格以其中之一开头，该行不是记录（如小计），表继续"]
        skip_markers: Vec<String> = vec![], "[]";
        /// Other names of a column, as files of other years have them: name → its other names.
        #[zh = "列的其他叫法（各年份不同）：列名 → 别名"]
        aliases: BTreeMap<String, Vec<String>> = BTreeMap::new(), "{}";
    }
}

choice! {
    /// How bytes become raw records.
    #[zh = "如何从字节读出原始记录"]
    pub enum Format by kind {
        /// One JSON document per page.
        #[zh = "每页一个 JSON 文档"]
        json => Json {
            /// Path of the array of records; empty where the document is the array.
            #[zh = "记录数组的路径；文档本身就是数组时留空"]
            items: String = String::new(), "";
            /// Path that must hold `ok_value` in a good answer.
            #[zh = "成功应答中须等于 ok_value 的路径"]
            ok_path: Option<String>;
            /// See `ok_path`.
            #[zh = "见 ok_path"]
            ok_value: Option<String>;
            /// Encoding.
            #[zh = "编码"]
            encoding: Encoding = Encoding::Utf8, "utf-8";
        }
        /// One JSON document per line.
        #[zh = "每行一个 JSON 文档"]
        json_lines => JsonLines {
            /// Encoding.
            #[zh = "编码"]
            encoding: Encoding = Encoding::Utf8, "utf-8";
        }
        /// One XML document per page. A path is `child.child`, `@attribute` or `child.@attribute`; prefixes of namespaces are
        /// left out. No DOCTYPE is accepted.
        #[zh = "每页一个 XML 文档。路径写作 child.child、@attribute 或 child.@attribute，不写命名空间前缀。不接受 DOCTYPE"]
        xml => Xml {
            /// Element of one record; dotted where it stands deeper below the root, as `Body.list.item`.
            #[zh = "一条记录的元素名；若不直接位于根元素之下，以点分隔，如 Body.list.item"]
            item: String;
            /// The document's root element.
            #[zh = "文档根元素名"]
            root: String;
            /// Encoding, whatever the XML declaration says.
            #[zh = "编码，与 XML 声明无关"]
            encoding: Encoding = Encoding::Utf8, "utf-8";
        }
        /// Lines of cells: CSV, or TSV with `separator = "tab"`.
        #[zh = "分隔文本：CSV；separator = \"tab\" 时为 TSV"]
        csv => Csv {
            /// Encoding.
            #[zh = "编码"]
            encoding: Encoding = Encoding::Auto, "auto";
            /// What stands between cells.
            #[zh = "分隔符"]
            separator: Separator = Separator(b','), ",";
            /// Header and end.
            #[zh = "表头与结尾"]
            layout: Layout;
        }
        /// A workbook: .xlsx, .xls, .ods, .xlsb; also web pages and texts that call themselves .xls.
        #[zh = "工作簿：.xlsx、.xls、.ods、.xlsb，以及扩展名为 .xls 的网页和文本"]
        workbook => Workbook {
            /// Name pattern of the sheets that are read, with one `*`.
            #[zh = "读取的工作表名称，可含一个 *"]
            sheets: String = "*".to_owned(), "*";
            /// Header and end. No space in a header counts.
            #[zh = "表头与结尾；表头中的空白不计"]
            layout: Layout;
        }
    }
}

impl Format {
    /// Returns the encoding of its text; a workbook has none of its own and returns UTF-8.
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        match self {
            Self::Csv { encoding, .. }
            | Self::Json { encoding, .. }
            | Self::JsonLines { encoding }
            | Self::Xml { encoding, .. } => *encoding,
            Self::Workbook { .. } => Encoding::Utf8,
        }
    }

    /// Returns where the table in it begins and ends, if it is a table.
    #[must_use]
    pub fn layout(&self) -> Option<&Layout> {
        match self {
            Self::Csv { layout, .. } | Self::Workbook { layout, .. } => Some(layout),
            Self::Json { .. } | Self::JsonLines { .. } | Self::Xml { .. } => None,
        }
    }

    /// Returns the layout of the table if it may also come as a web page, as reporting systems do for workbooks.
    #[must_use]
    pub fn web_page_layout(&self) -> Option<&Layout> {
        match self {
            Self::Workbook { layout, .. } => Some(layout),
            Self::Csv { .. } | Self::Json { .. } | Self::JsonLines { .. } | Self::Xml { .. } => None,
        }
    }
}

choice! {
    /// An archive in which payloads of a stream may come; it is told by its first bytes.
    #[zh = "原始载荷可能是压缩包；按首字节识别"]
    pub enum Archive by kind {
        /// ZIP.
        #[zh = "ZIP"]
        zip => Zip {
            /// Name pattern of the members that are read, with one `*`.
            #[zh = "要读取的文件名，可含一个 *"]
            members: String;
        }
        /// GZIP, one member.
        #[zh = "GZIP，只含一个文件"]
        gzip => Gzip {}
    }
}

impl Archive {
    /// Returns the name pattern of the members to read; `None` for GZIP.
    #[must_use]
    pub fn members(&self) -> Option<&str> {
        match self {
            Self::Zip { members } => Some(members),
            Self::Gzip {} => None,
        }
    }
}

/// Whether a name matches a pattern, in which the first `*` stands for any text. The comparison is case-insensitive,
/// because programs write `A.CSV` and `Sheet1` as they like.
#[must_use]
pub fn matches_name_pattern(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let Some(star) = pattern.iter().position(|b| *b == b'*') else { return name.eq_ignore_ascii_case(pattern) };
    let (head, tail) = (&pattern[..star], &pattern[star + 1..]);
    let ends = name.len().checked_sub(tail.len()).filter(|ends| *ends >= head.len());
    let is = |part: Option<&[u8]>, like: &[u8]| part.is_some_and(|part| part.eq_ignore_ascii_case(like));
    ends.is_some_and(|ends| is(name.get(..head.len()), head) && is(name.get(ends..), tail))
}
