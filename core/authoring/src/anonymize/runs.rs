//! A text cut into runs: what a reader of its format takes for one value, character by character, each with where it
//! stands in the source. What is not changed keeps its bytes; what is changed is written in the form that stood there.

use std::ops::Range;

/// How characters are written in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Script {
    /// JSON, also one document per line: `\u738b` is a character.
    Json,
    /// XML: `&#x738b;` is a character.
    Markup,
    /// XML of a workbook, where pieces of a cell's text have formats of their own.
    Sheet,
    /// Cells between separators, in quotes or not.
    Cells(u8),
}

/// One character of a value, and the bytes of the source that mean it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Atom {
    /// What is read.
    pub read: char,
    /// Where it stands.
    pub at: Range<usize>,
}

/// Characters that belong together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Run {
    /// The characters.
    pub atoms: Vec<Atom>,
    /// Whether it is the value of an attribute.
    pub attribute: bool,
}

/// Elements within the text of a cell.
const PIECES: [&str; 14] =
    ["t", "r", "rPr", "rFont", "sz", "color", "family", "charset", "scheme", "b", "i", "u", "strike", "vertAlign"];

/// Cuts a text into runs. Nothing is refused: what does not hang together is cut as well as can be.
#[must_use]
pub fn runs(text: &str, script: Script) -> Vec<Run> {
    let cutter = Cutter { text, at: 0, run: Run::default(), runs: vec![] };
    match script {
        Script::Json => cutter.json(),
        Script::Markup => cutter.markup(&[]),
        Script::Sheet => cutter.markup(&PIECES),
        Script::Cells(separator) => cutter.cells(char::from(separator)),
    }
}

/// A character in the form that stood at its place in the source.
pub fn write(out: &mut String, source: &str, c: char, script: Script) {
    match script {
        Script::Json if source.starts_with("\\u") => {
            let mut units = [0; 2];
            c.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        }
        Script::Markup | Script::Sheet if source.starts_with('&') => out.push_str(&format!("&#x{:x};", u32::from(c))),
        _ => out.push(c),
    }
}

/// A text's characters with every escape of every format read, wherever it stands: to look for what must not be there.
#[must_use]
pub fn unescaped(text: &str) -> Vec<char> {
    let mut chars = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (read, bytes) = match c {
            '\\' => escape(rest),
            '&' => reference(rest),
            c => (c, c.len_utf8()),
        };
        chars.push(read);
        rest = rest.get(bytes..).unwrap_or_default();
    }
    chars
}

struct Cutter<'t> {
    text: &'t str,
    at: usize,
    run: Run,
    runs: Vec<Run>,
}

impl Cutter<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Goes over so many bytes that are no part of a value.
    fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Takes so many bytes as one character of the value.
    fn take(&mut self, read: char, bytes: usize) {
        self.run.atoms.push(Atom { read, at: self.at..self.at + bytes });
        self.at += bytes;
    }

    fn end(&mut self) {
        let run = std::mem::take(&mut self.run);
        if !run.atoms.is_empty() {
            self.runs.push(run);
        }
    }

    fn json(mut self) -> Vec<Run> {
        let mut inside = false;
        while let Some(c) = self.peek() {
            match c {
                '"' => {
                    self.end();
                    inside = !inside;
                    self.skip(1);
                }
                '\\' if inside => {
                    let (read, bytes) = escape(self.rest());
                    self.take(read, bytes);
                }
                '{' | '}' | '[' | ']' | ':' | ',' if !inside => {
                    self.end();
                    self.skip(1);
                }
                c if !inside && c.is_whitespace() => {
                    self.end();
                    self.skip(c.len_utf8());
                }
                c => self.take(c, c.len_utf8()),
            }
        }
        self.end();
        self.runs
    }

    fn cells(mut self, separator: char) -> Vec<Run> {
        let (mut quoted, mut begins) = (false, true);
        while let Some(c) = self.peek() {
            match c {
                '"' if quoted && self.rest().starts_with("\"\"") => self.take('"', 2),
                '"' if quoted || begins => {
                    quoted = !quoted;
                    begins = false;
                    self.skip(1);
                }
                '\n' | '\r' if !quoted => {
                    self.end();
                    begins = true;
                    self.skip(1);
                }
                c if c == separator && !quoted => {
                    self.end();
                    begins = true;
                    self.skip(1);
                }
                c => {
                    begins = false;
                    self.take(c, c.len_utf8());
                }
            }
        }
        self.end();
        self.runs
    }

    /// The text of an element is one run, `pieces` within it or not.
    fn markup(mut self, pieces: &[&str]) -> Vec<Run> {
        while let Some(c) = self.peek() {
            match c {
                '<' if self.rest().starts_with("<![CDATA[") => self.character_data(),
                '<' if pieces.contains(&element(self.rest())) => {
                    let end = self.rest().find('>').map_or(self.rest().len(), |at| at + 1);
                    self.skip(end);
                }
                '<' => {
                    self.end();
                    if self.rest().starts_with("<!--") {
                        self.comment();
                    } else {
                        self.tag();
                    }
                }
                '&' => {
                    let (read, bytes) = reference(self.rest());
                    self.take(read, bytes);
                }
                c => self.take(c, c.len_utf8()),
            }
        }
        self.end();
        self.runs
    }

    /// It belongs to the text before and after it.
    fn character_data(&mut self) {
        self.skip("<![CDATA[".len());
        let end = self.rest().find("]]>").map_or(self.text.len(), |bytes| self.at + bytes);
        while self.at < end {
            let Some(c) = self.peek() else { break };
            self.take(c, c.len_utf8());
        }
        self.skip("]]>".len().min(self.text.len() - self.at));
    }

    fn comment(&mut self) {
        self.skip("<!--".len());
        let end = self.rest().find("-->").map_or(self.text.len(), |bytes| self.at + bytes);
        while self.at < end {
            let Some(c) = self.peek() else { break };
            self.take(c, c.len_utf8());
        }
        self.skip("-->".len().min(self.text.len() - self.at));
        self.end();
    }

    /// Every attribute's value is a run of its own.
    fn tag(&mut self) {
        let mut quote = None;
        while let Some(c) = self.peek() {
            match (c, quote) {
                ('"' | '\'', None) => {
                    quote = Some(c);
                    self.skip(1);
                }
                (c, Some(open)) if c == open => {
                    self.run.attribute = true;
                    self.end();
                    self.run.attribute = false;
                    quote = None;
                    self.skip(1);
                }
                ('>', None) => {
                    self.skip(1);
                    break;
                }
                ('&', Some(_)) => {
                    let (read, bytes) = reference(self.rest());
                    self.take(read, bytes);
                }
                (c, Some(_)) => self.take(c, c.len_utf8()),
                (c, None) => self.skip(c.len_utf8()),
            }
        }
        self.end();
    }
}

/// The name of the element that a tag begins or ends.
fn element(tag: &str) -> &str {
    let name = tag.trim_start_matches(['<', '/']);
    name.split([' ', '/', '>', '\t', '\r', '\n']).next().unwrap_or_default()
}

/// What an escape means, and its bytes. Half a surrogate pair means no character.
fn escape(rest: &str) -> (char, usize) {
    let unit = |at: usize| {
        let digits = rest.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let plain = |c: char| match c {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        other => other,
    };
    let Some(first) = unit(0) else {
        let c = rest.chars().nth(1);
        return (c.map_or('\u{FFFD}', plain), 1 + c.map_or(0, char::len_utf8));
    };
    let pair = [first, unit(6).unwrap_or(0)];
    match char::decode_utf16(pair).next() {
        Some(Ok(c)) => (c, if c.len_utf16() == 2 { 12 } else { 6 }),
        _ => ('\u{FFFD}', 6),
    }
}

/// What a reference means, and its bytes; one that means nothing is an ampersand.
fn reference(rest: &str) -> (char, usize) {
    let named = rest.get(1..).and_then(|text| text.split_once(';')).filter(|(name, _)| name.len() <= 10);
    let Some((name, _)) = named else { return ('&', 1) };
    let number = match (name.strip_prefix("#x").or_else(|| name.strip_prefix("#X")), name.strip_prefix('#')) {
        (Some(digits), _) => u32::from_str_radix(digits, 16).ok(),
        (None, Some(digits)) => digits.parse().ok(),
        (None, None) => None,
    };
    let c = number.and_then(char::from_u32).or(match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{A0}'),
        "middot" => Some('\u{B7}'),
        _ => None,
    });
    c.map_or(('&', 1), |c| (c, name.len() + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, script: Script) -> Vec<String> {
        let runs = runs(text, script);
        // Atoms stand in the order of the source, and none reaches into another.
        let ends: Vec<usize> = runs.iter().flat_map(|r| &r.atoms).flat_map(|a| [a.at.start, a.at.end]).collect();
        assert!(ends.is_sorted() && ends.last().is_none_or(|end| *end <= text.len()), "{text:?}: {ends:?}");
        runs.iter().map(|run| run.atoms.iter().map(|atom| atom.read).collect()).collect()
    }

    #[test]
    fn values_are_what_a_reader_takes_for_them() {
        assert_eq!(read(r#"{"a":["\u738b\"芳",12]}"#, Script::Json), ["a", "王\"芳", "12"]);
        assert_eq!(read(r#""\ud842\udfb7\ud842""#, Script::Json), ["𠮷\u{FFFD}"]);
        assert_eq!(
            read("<a b='王&#x82b3;'>王<![CDATA[芳]]>&amp;</a><!--芳-->", Script::Markup),
            ["王芳", "王芳&", "芳"]
        );
        let rich = "<si><r><t>王</t></r><r><rPr><b/></rPr><t xml:space='p'>芳</t></r></si><si><t>1</t></si>";
        assert_eq!(read(rich, Script::Sheet), ["王芳", "1"]);
        assert_eq!(read("姓名,\"王,\"\"芳\"\r\n1", Script::Cells(b',')), ["姓名", "王,\"芳", "1"]);
    }

    #[test]
    fn nothing_is_refused() {
        for text in ["\"\\", "\"\\u12", "\\u", "<![CDATA[", "<", "<!--", "&#x;", "&", "<a b='", "\"\"\"", "<![CDATA[x]"]
        {
            for script in [Script::Json, Script::Markup, Script::Sheet, Script::Cells(b',')] {
                read(text, script);
            }
        }
    }
}
