//! How bytes become raw records.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::read::{Node, Reader};
use crate::shape::{Part, Shape, Within, Words, choice, table, words};

words! {
    /// Encodings of text.
    #[zh = "文本的编码"]
    pub enum Encoding {
        /// As the byte order mark says; without one, UTF-8 if all bytes are valid UTF-8, or else GB18030.
        #[zh = "有字节顺序标记的以其为准；没有的，全部字节符合 UTF-8 即为 UTF-8，否则为 GB18030"]
        "auto" => Auto,
        /// UTF-8.
        #[zh = "UTF-8"]
        "utf-8" => Utf8,
        /// GB18030, which includes GBK and GB2312.
        #[zh = "GB18030（含 GBK、GB2312）"]
        "gb18030" => Gb18030,
        /// UTF-16, little-endian unless a byte order mark says otherwise.
        #[zh = "UTF-16（没有字节顺序标记时按小端）"]
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
    /// How the header of a table is found, and where its rows end. The first row that has all names of `header` is the
    /// header; title lines above it, and everything from an end marker on, are not records.
    #[zh = "如何找到表头、表在哪里结束。第一个含有 header 全部列名的行是表头；其上的标题行、结束标记所在的行及其下的内容不是记录"]
    #[derive(PartialEq, Eq, Serialize, Deserialize)]
    pub struct Layout {
        /// Column names by which the header is found.
        #[zh = "用来识别表头的列名"]
        header: Vec<String>;
        /// Number of header rows; with two, a column is named `upper/lower`, or by one of them if the other is blank.
        #[zh = "表头的行数；有两行时列名写作“上/下”，其中一行为空则取另一行"]
        header_rows: Within<1, 2> = Within(1), "1";
        /// The table ends at a row whose first non-blank cell begins with one of these as a word; spaces are ignored. A
        /// row that has a text in all other columns of `header`, at least two, is a record.
        #[zh = "某行第一个有内容的单元格以其中之一（作为完整的词）开头，表即在此结束（不计空白）；header 的其余各列（至少两列）都有内容的行是记录"]
        end_markers: Vec<String> = vec![], "[]";
        /// A row whose first non-blank cell begins with one of these, as with `end_markers`, is not a record, such as a
        /// subtotal or the header once more; the table continues.
        #[zh = "某行第一个有内容的单元格以其中之一开头（规则同 end_markers），该行不是记录（如小计、重复的表头），表继续"]
        skip_markers: Vec<String> = vec![], "[]";
        /// Other names of columns, such as those in files of other years: name → its other names.
        #[zh = "列的别名（如其他年份文件中的列名）：列名 → 别名"]
        aliases: BTreeMap<String, Vec<String>> = BTreeMap::new(), "{}";
    }
}

choice! {
    /// How raw records are read from the payload.
    #[zh = "如何从原始载荷读出原始记录"]
    pub enum Format by kind {
        /// One JSON document per page.
        #[zh = "每页一个 JSON 文档"]
        json => Json {
            /// Path of the array of records; empty if the document itself is the array.
            #[zh = "记录数组的路径；文档本身就是数组时留空"]
            items: String = String::new(), "";
            /// Path that has `ok_value` in a successful answer.
            #[zh = "成功应答中须等于 ok_value 的路径"]
            ok_path: Option<String>;
            /// The value at `ok_path` in a successful answer.
            #[zh = "成功应答中 ok_path 处的值"]
            ok_value: Option<String>;
            /// Encoding of the document.
            #[zh = "编码"]
            encoding: Encoding = Encoding::Utf8, "utf-8";
        }
        /// One JSON document per line.
        #[zh = "每行一个 JSON 文档"]
        json_lines => JsonLines {
            /// Encoding of the lines.
            #[zh = "编码"]
            encoding: Encoding = Encoding::Utf8, "utf-8";
        }
        /// One XML document per page. A path is written as `child.child`, `@attribute` or `child.@attribute`, without
        /// namespace prefixes. A DOCTYPE is not accepted.
        #[zh = "每页一个 XML 文档。路径写作“子元素.子元素”“@属性”或“子元素.@属性”，不写命名空间前缀。不接受 DOCTYPE"]
        xml => Xml {
            /// Name of the element of one record; dotted if it is not directly below the root, such as
            /// `Body.list.item`.
            #[zh = "一条记录的元素名；若不直接位于根元素之下，以点分隔，如 Body.list.item"]
            item: String;
            /// Name of the root element.
            #[zh = "文档根元素名"]
            root: String;
            /// Encoding; the XML declaration is ignored.
            #[zh = "编码；不看 XML 声明"]
            encoding: Encoding = Encoding::Utf8, "utf-8";
        }
        /// Lines of cells: CSV, or TSV with `separator = "tab"`.
        #[zh = "分隔文本：CSV；separator = \"tab\" 时为 TSV"]
        csv => Csv {
            /// Encoding of the text.
            #[zh = "编码"]
            encoding: Encoding = Encoding::Auto, "auto";
            /// Separator of the cells.
            #[zh = "分隔符"]
            separator: Separator = Separator(b','), ",";
            /// Where the table begins and ends.
            #[zh = "表从何处开始、到何处结束"]
            layout: Layout;
        }
        /// A workbook: .xlsx, .xls, .ods, .xlsb; also web pages and texts whose names end in .xls.
        #[zh = "工作簿：.xlsx、.xls、.ods、.xlsb，以及扩展名为 .xls 的网页和文本"]
        workbook => Workbook {
            /// Name pattern of the sheets that are read, with at most one `*`.
            #[zh = "要读取的工作表的名称模式，可含一个 *"]
            sheets: String = "*".to_owned(), "*";
            /// Name patterns of the sheets that are not read on purpose. Any other sheet that is left out although it has
            /// rows that look like records is told by each run.
            #[zh = "有意不读取的工作表的名称模式；其他未读取的工作表若有像记录的行，每次运行都会报告"]
            ignored_sheets: Vec<String> = vec![], "[]";
            /// Where the table begins and ends. Spaces in the header are ignored.
            #[zh = "表从何处开始、到何处结束；表头中的空白不计"]
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
    /// An archive format in which payloads can come; an archive is recognised by its first bytes.
    #[zh = "原始载荷可能采用的压缩包格式；按开头的字节识别"]
    pub enum Archive by kind {
        /// ZIP with any number of files.
        #[zh = "ZIP"]
        zip => Zip {
            /// Name pattern of the files that are read, with at most one `*`.
            #[zh = "要读取的文件的名称模式，可含一个 *"]
            members: String;
        }
        /// GZIP with one file.
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
