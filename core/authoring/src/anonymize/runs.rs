//! Splits a text into runs: what a reader of its format takes for one value, character by character, each with its
//! place in the source. Unchanged characters keep their bytes; changed ones are written in the form of the original.

use std::ops::Range;

/// How a format writes characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Script {
    /// JSON, also one document per line; `\u738b` is a character.
    Json,
    /// XML; `&#x738b;` is a character.
    Markup,
    /// XML of a workbook, where parts of a cell's text can have their own formatting.
    Sheet,
    /// A web page.
    Page,
    /// Cells between separators, quoted or not.
    Cells(u8),
}

/// One character of a value and the source bytes that stand for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Atom {
    /// The character's meaning.
    pub read: char,
    /// Byte range in the source.
    pub at: Range<usize>,
}

/// The characters of one value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Run {
    /// Characters in the order of the source.
    pub atoms: Vec<Atom>,
    /// Whether this is an attribute's value.
    pub attribute: bool,
    /// Whether this is the name of a value in JSON.
    pub is_key: bool,
    /// The element that the text is in, without its prefix; empty in other formats.
    pub element: String,
}

/// Elements within the text of a cell.
const PIECES: [&str; 14] =
    ["t", "r", "rPr", "rFont", "sz", "color", "family", "charset", "scheme", "b", "i", "u", "strike", "vertAlign"];

/// Splits a text into runs. Nothing is refused: malformed text is split as well as possible.
#[must_use]
pub fn split_runs(text: &str, script: Script) -> Vec<Run> {
    let cutter = RunSplitter { text, at: 0, run: Run::default(), runs: vec![], element: String::new() };
    match script {
        Script::Json => cutter.cut_json(),
        Script::Markup | Script::Page => cutter.cut_markup(&[]),
        Script::Sheet => cutter.cut_markup(&PIECES),
        Script::Cells(separator) => cutter.cut_cells(char::from(separator)),
    }
}

/// Writes a character in the same form as the source text it replaces.
pub fn write_char(out: &mut String, source: &str, c: char, script: Script) {
    match script {
        Script::Json if source.starts_with("\\u") => {
            let mut units = [0; 2];
            c.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        }
        Script::Markup | Script::Page | Script::Sheet if source.starts_with('&') => {
            out.push_str(&format!("&#x{:x};", u32::from(c)))
        }
        _ => out.push(c),
    }
}

/// Returns a text's characters with the escapes of all formats resolved, to search for text that must not occur.
#[must_use]
pub fn unescape_all(text: &str) -> Vec<char> {
    let mut chars = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (read, bytes) = match c {
            '\\' => read_escape(rest),
            '&' => read_reference(rest),
            c => (c, c.len_utf8()),
        };
        chars.push(read);
        rest = rest.get(bytes..).unwrap_or_default();
    }
    chars
}

struct RunSplitter<'t> {
    text: &'t str,
    at: usize,
    run: Run,
    runs: Vec<Run>,
    /// The element whose tag was read last.
    element: String,
}

impl RunSplitter<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Skips bytes that are not part of a value.
    fn skip_bytes(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Adds bytes as one character of the value.
    fn take_char(&mut self, read: char, bytes: usize) {
        self.run.atoms.push(Atom { read, at: self.at..self.at + bytes });
        self.at += bytes;
    }

    fn end_run(&mut self) {
        let mut run = std::mem::take(&mut self.run);
        if !run.atoms.is_empty() {
            run.element.clone_from(&self.element);
            self.runs.push(run);
        }
    }

    fn cut_json(mut self) -> Vec<Run> {
        let mut inside = false;
        while let Some(c) = self.peek() {
            match c {
                '"' => {
                    self.end_run();
                    inside = !inside;
                    self.skip_bytes(1);
                }
                '\\' if inside => {
                    let (read, bytes) = read_escape(self.rest());
                    self.take_char(read, bytes);
                }
                '{' | '}' | '[' | ']' | ':' | ',' if !inside => {
                    self.end_run();
                    if let Some(last) = self.runs.last_mut().filter(|_| c == ':') {
                        last.is_key = true;
                    }
                    self.skip_bytes(1);
                }
                c if !inside && c.is_whitespace() => {
                    self.end_run();
                    self.skip_bytes(c.len_utf8());
                }
                c => self.take_char(c, c.len_utf8()),
            }
        }
        self.end_run();
        self.runs
    }

    fn cut_cells(mut self, separator: char) -> Vec<Run> {
        let (mut quoted, mut begins) = (false, true);
        while let Some(c) = self.peek() {
            match c {
                '"' if quoted && self.rest().starts_with("\"\"") => self.take_char('"', 2),
                '"' if quoted || begins => {
                    quoted = !quoted;
                    begins = false;
                    self.skip_bytes(1);
                }
                '\n' | '\r' if !quoted => {
                    self.end_run();
                    begins = true;
                    self.skip_bytes(1);
                }
                c if c == separator && !quoted => {
                    self.end_run();
                    begins = true;
                    self.skip_bytes(1);
                }
                c => {
                    begins = false;
                    self.take_char(c, c.len_utf8());
                }
            }
        }
        self.end_run();
        self.runs
    }

    /// Cuts XML. An element's text is one run, even if the elements `pieces` divide it.
    fn cut_markup(mut self, pieces: &[&str]) -> Vec<Run> {
        while let Some(c) = self.peek() {
            match c {
                '<' if self.rest().starts_with("<![CDATA[") => self.cut_character_data(),
                '<' if pieces.contains(&element_name(self.rest())) => {
                    let end = self.rest().find('>').map_or(self.rest().len(), |at| at + 1);
                    self.skip_bytes(end);
                }
                '<' => {
                    self.end_run();
                    if self.rest().starts_with("<!--") {
                        self.cut_comment();
                    } else {
                        self.cut_tag();
                    }
                }
                '&' => {
                    let (read, bytes) = read_reference(self.rest());
                    self.take_char(read, bytes);
                }
                c => self.take_char(c, c.len_utf8()),
            }
        }
        self.end_run();
        self.runs
    }

    /// CDATA belongs to the same run as the text around it.
    fn cut_character_data(&mut self) {
        self.skip_bytes("<![CDATA[".len());
        let end = self.rest().find("]]>").map_or(self.text.len(), |bytes| self.at + bytes);
        while self.at < end {
            let Some(c) = self.peek() else { break };
            self.take_char(c, c.len_utf8());
        }
        self.skip_bytes("]]>".len().min(self.text.len() - self.at));
    }

    fn cut_comment(&mut self) {
        self.skip_bytes("<!--".len());
        let end = self.rest().find("-->").map_or(self.text.len(), |bytes| self.at + bytes);
        while self.at < end {
            let Some(c) = self.peek() else { break };
            self.take_char(c, c.len_utf8());
        }
        self.skip_bytes("-->".len().min(self.text.len() - self.at));
        self.end_run();
    }

    /// Makes each attribute's value a run.
    fn cut_tag(&mut self) {
        let mut quote = None;
        let name = element_name(self.rest());
        let local = name.rsplit(':').next().unwrap_or_default();
        self.element = if self.rest().starts_with("</") { String::new() } else { local.to_owned() };
        while let Some(c) = self.peek() {
            match (c, quote) {
                ('"' | '\'', None) => {
                    quote = Some(c);
                    self.skip_bytes(1);
                }
                (c, Some(open)) if c == open => {
                    self.run.attribute = true;
                    self.end_run();
                    self.run.attribute = false;
                    quote = None;
                    self.skip_bytes(1);
                }
                ('>', None) => {
                    self.skip_bytes(1);
                    break;
                }
                ('&', Some(_)) => {
                    let (read, bytes) = read_reference(self.rest());
                    self.take_char(read, bytes);
                }
                (c, Some(_)) => self.take_char(c, c.len_utf8()),
                (c, None) => self.skip_bytes(c.len_utf8()),
            }
        }
        self.end_run();
    }
}

/// Returns the name of the element that a tag begins or ends.
fn element_name(tag: &str) -> &str {
    let name = tag.trim_start_matches(['<', '/']);
    name.split([' ', '/', '>', '\t', '\r', '\n']).next().unwrap_or_default()
}

/// Returns an escape's meaning and length in bytes. Half a surrogate pair becomes U+FFFD.
fn read_escape(rest: &str) -> (char, usize) {
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

/// Returns a reference's meaning and length in bytes; an unknown one is read as an ampersand.
fn read_reference(rest: &str) -> (char, usize) {
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

    fn read_runs(text: &str, script: Script) -> Vec<String> {
        let runs = split_runs(text, script);
        // Atoms are in source order and do not overlap.
        let ends: Vec<usize> = runs.iter().flat_map(|r| &r.atoms).flat_map(|a| [a.at.start, a.at.end]).collect();
        assert!(ends.is_sorted() && ends.last().is_none_or(|end| *end <= text.len()), "{text:?}: {ends:?}");
        runs.iter().map(|run| run.atoms.iter().map(|atom| atom.read).collect()).collect()
    }

    #[test]
    fn values_are_what_a_reader_takes_for_them() {
        assert_eq!(read_runs(r#"{"a":["\u738b\"芳",12]}"#, Script::Json), ["a", "王\"芳", "12"]);
        assert_eq!(read_runs(r#""\ud842\udfb7\ud842""#, Script::Json), ["𠮷\u{FFFD}"]);
        assert_eq!(
            read_runs("<a b='王&#x82b3;'>王<![CDATA[芳]]>&amp;</a><!--芳-->", Script::Markup),
            ["王芳", "王芳&", "芳"]
        );
        let rich = "<si><r><t>王</t></r><r><rPr><b/></rPr><t xml:space='p'>芳</t></r></si><si><t>1</t></si>";
        assert_eq!(read_runs(rich, Script::Sheet), ["王芳", "1"]);
        assert_eq!(read_runs("姓名,\"王,\"\"芳\"\r\n1", Script::Cells(b',')), ["姓名", "王,\"芳", "1"]);
    }

    #[test]
    fn nothing_is_refused() {
        for text in ["\"\\", "\"\\u12", "\\u", "<![CDATA[", "<", "<!--", "&#x;", "&", "<a b='", "\"\"\"", "<![CDATA[x]"]
        {
            for script in [Script::Json, Script::Markup, Script::Sheet, Script::Cells(b',')] {
                read_runs(text, script);
            }
        }
    }
}
