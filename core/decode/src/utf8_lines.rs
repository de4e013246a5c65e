//! Finds lines of UTF-8 in a text that is in GB18030. Decoded as GB18030, such a line gives other, valid characters: 王伟
//! becomes 鐜嬩紵.

use crate::decode::DecodeError;

/// Minimum number of Han characters of a line of UTF-8. A line of GB18030 with fewer can be valid UTF-8 by chance.
const MIN_CHARACTERS: usize = 4;
/// Maximum number of bytes kept of a line that is not complete yet.
const MAX_HELD: usize = 64 << 10;

/// Looks at a text of GB18030 line by line, in parts of any size.
#[derive(Debug, Default)]
pub(crate) struct Utf8Lines {
    /// The beginning of a line whose end has not come yet.
    held: Vec<u8>,
    /// Number of complete lines so far.
    lines: u64,
}

impl Utf8Lines {
    /// Checks a whole text.
    ///
    /// # Errors
    /// Returns [`DecodeError::TwoEncodings`] with the first line of UTF-8.
    pub(crate) fn check(mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        self.push(bytes)?;
        self.finish()
    }

    /// Checks the next part of a text. No byte of a character of several bytes is a line feed in GB18030.
    ///
    /// # Errors
    /// Returns [`DecodeError::TwoEncodings`] with the first line of UTF-8.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        let mut from = 0;
        for end in memchr::memchr_iter(b'\n', bytes) {
            let line = bytes.get(from..end).unwrap_or_default();
            if self.held.is_empty() {
                self.check_line(line)?;
            } else {
                self.hold(line);
                let held = std::mem::take(&mut self.held);
                self.check_line(&held)?;
            }
            self.lines += 1;
            from = end + 1;
        }
        self.hold(bytes.get(from..).unwrap_or_default());
        Ok(())
    }

    /// Checks the last line, which may have no end.
    ///
    /// # Errors
    /// Returns [`DecodeError::TwoEncodings`].
    pub(crate) fn finish(&mut self) -> Result<(), DecodeError> {
        let held = std::mem::take(&mut self.held);
        self.check_line(&held)
    }

    fn hold(&mut self, part: &[u8]) {
        let room = MAX_HELD.saturating_sub(self.held.len());
        self.held.extend_from_slice(part.get(..room.min(part.len())).unwrap_or_default());
    }

    fn check_line(&self, line: &[u8]) -> Result<(), DecodeError> {
        let Ok(text) = std::str::from_utf8(line) else { return Ok(()) };
        if text.is_ascii() {
            return Ok(());
        }
        let is_han = |c: char| matches!(c, '\u{4E00}'..='\u{9FFF}');
        let is_usual = |c: char| {
            c.is_ascii()
                || is_han(c)
                || matches!(c, '\u{3000}'..='\u{303F}' | '\u{FF01}'..='\u{FF5E}' | '·' | '—' | '“' | '”')
        };
        let is_utf8 = text.chars().all(is_usual) && text.chars().filter(|c| is_han(*c)).count() >= MIN_CHARACTERS;
        if is_utf8 { Err(DecodeError::TwoEncodings { line: self.lines + 1 }) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_utf8_is_found_in_parts_of_any_size() {
        let gb = |text: &str| encoding_rs::GB18030.encode(text).0.into_owned();
        let mut bytes = gb("姓名,课程\n王伟,信息技术引发的教育教学变革\n联通,C\n");
        assert_eq!(Utf8Lines::default().check(&bytes), Ok(()));
        bytes.extend_from_slice("赵强,课堂导入\n黄磊,课堂导入".as_bytes());
        for size in [1, 7, bytes.len()] {
            let mut lines = Utf8Lines::default();
            let found = bytes.chunks(size).try_for_each(|part| lines.push(part)).and_then(|()| lines.finish());
            assert_eq!(found, Err(DecodeError::TwoEncodings { line: 4 }), "{size}");
        }
    }
}
