//! Reads a web page or a text with separators that is named as a workbook, as the decoder does.

use encoding_rs::Encoding as Charset;
use huiliu_decode::decode;
use huiliu_decode::unpack::is_zip;
use huiliu_manifest::Encoding;

const OLE: &[u8] = b"\xd0\xcf\x11\xe0";
/// Number of bytes by which UTF-16 is recognised.
const LOOKED_AT: usize = 128;

/// The text of a page or table.
pub(super) struct Lookalike {
    pub text: String,
    pub encoding: &'static Charset,
    /// Length of the byte order mark.
    pub mark: usize,
    pub is_page: bool,
    /// The separator of cells, if it is no page.
    pub separator: u8,
}

/// Reads the text; `None` for archives, old workbooks and other binary content.
pub(super) fn read(bytes: &[u8]) -> Option<Lookalike> {
    if is_zip(bytes) || bytes.starts_with(OLE) {
        return None;
    }
    let zeros = bytes.iter().skip(1).step_by(2).take(LOOKED_AT / 2).filter(|b| **b == 0).count();
    let declared = if zeros > LOOKED_AT / 8 { Encoding::Utf16 } else { Encoding::Auto };
    let (encoding, mark) = decode::detect_encoding(declared, bytes);
    let text = decode::decode_in_encoding(declared, bytes).ok()?.into_owned();
    let is_page = text.trim_start().starts_with('<');
    let separator = if text.contains('\t') { b'\t' } else { b',' };
    Some(Lookalike { text, encoding, mark, is_page, separator })
}
