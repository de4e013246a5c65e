//! Texts with values to fill in, such as `/classes/${each.class.id}/records`. The set of values is closed, and there
//! are no expressions.

use crate::fault::{Problem, ValueSuggestion, find_nearest};
use crate::read::{Node, Reader};
use crate::shape::{Part, Shape, Words};

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Literal text.
    Text(String),
    /// Name of a value, without `${` and `}`.
    Value(String),
}

/// A text with values to fill in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

/// The values with a fixed name, and their meaning.
pub const VALUES: &[(&str, Words)] = &[
    ("user", Words { en: "the source's user", zh: "来源的用户名" }),
    ("password", Words { en: "the source's password", zh: "来源的密码" }),
    ("institution", Words { en: "the code of the source's institution", zh: "来源所属机构的代码" }),
    (
        "since",
        Words {
            en: "the beginning of the period that is requested, written as `since` says",
            zh: "所请求时段的起点，写法由 `since` 决定",
        },
    ),
    ("until", Words { en: "the end of the period that is requested", zh: "所请求时段的终点" }),
    ("page", Words { en: "the number of the page", zh: "页码" }),
    ("offset", Words { en: "the number of records before the page", zh: "本页之前的记录数" }),
    ("size", Words { en: "records per page", zh: "每页条数" }),
    ("token", Words { en: "the token of the page", zh: "该页的令牌" }),
    ("session", Words { en: "the token received at login", zh: "登录取得的令牌" }),
    ("export", Words { en: "the id of the export that was requested", zh: "所申请导出任务的编号" }),
    ("file", Words { en: "the file's name", zh: "文件名" }),
    ("timestamp", Words { en: "the time, written as the signature rule says", zh: "时间戳，写法由签名规则决定" }),
    ("nonce", Words { en: "a random number used once", zh: "一次性随机数" }),
];

/// The prefixes of values with names of their own, and their meaning.
pub const NAMED: &[(&str, Words)] = &[
    ("settings", Words { en: "a setting of the source, by name", zh: "来源设置中的某项" }),
    ("secret", Words { en: "a secret of the source, by name", zh: "来源的某项机密" }),
    ("each", Words { en: "a value of `each`, by name", zh: "each 的某个取值，按名称" }),
];

impl Template {
    /// Creates a template without values.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        Self(vec![Piece::Text(text.to_owned())])
    }

    /// Parses a template.
    ///
    /// # Errors
    /// [`Problem`] if a value is unknown or has no closing brace.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, behind) = after.split_once('}').ok_or_else(|| Problem::OpenValue { text: text.to_owned() })?;
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            check_name(name)?;
            pieces.push(Piece::Value(name.to_owned()));
            rest = behind;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Self(pieces))
    }

    /// Returns its pieces, in order.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// Returns the names of the values it needs.
    pub fn value_names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Value(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// Fills in the values, each escaped by `write`.
    ///
    /// # Errors
    /// The name of the first value for which `value` returns `None`.
    pub fn fill_values(
        &self,
        value: impl Fn(&str) -> Option<String>,
        write: impl Fn(&str) -> String,
    ) -> Result<String, String> {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Value(name) => out.push_str(&write(&value(name).ok_or_else(|| name.clone())?)),
            }
        }
        Ok(out)
    }
}

fn check_name(name: &str) -> Result<(), Problem> {
    let (head, named) = name.split_once('.').map_or((name, None), |(head, rest)| (head, Some(rest)));
    let known = match named {
        None => VALUES.iter().any(|(value, _)| *value == head),
        Some(rest) => !rest.is_empty() && NAMED.iter().any(|(value, _)| *value == head),
    };
    if known {
        return Ok(());
    }
    let all: Vec<&str> = VALUES.iter().chain(NAMED).map(|(value, _)| *value).collect();
    let meant = find_nearest(head, all.iter().copied()).map(|near| ValueSuggestion::Value { name: near.to_owned() });
    let allowed = all.into_iter().map(str::to_owned).collect();
    Err(Problem::UnknownValue { name: name.to_owned(), meant, allowed })
}

impl Part for Template {
    const SHAPE: &'static Shape = &Shape::Text(Words {
        en: "text that can contain values, such as `${since}`",
        zh: "可含取值的文本，如 `${since}`",
    });

    fn read_node(node: Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.read_text(node)?;
        Self::parse(text).map_err(|why| reader.refuse_node(node, why)).ok()
    }

    fn stand_in() -> Option<Self> {
        Some(Self(vec![]))
    }
}
