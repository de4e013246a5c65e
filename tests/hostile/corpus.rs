//! The corpus: a good workbook and a good table, each copy with one thing broken.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

pub const GOOD: &[u8] = include_bytes!("../../connectors/lego/samples/LEGO_20150331_libreoffice.xlsx");
const TABLE: &[u8] = include_bytes!("../../connectors/cmcc/samples/CMCC_20141011_001.csv");
const SHEET: &str = "xl/worksheets/sheet1.xml";
const STRINGS: &str = "xl/sharedStrings.xml";

/// A file that is dropped.
pub struct Hostile {
    pub name: String,
    pub bytes: Vec<u8>,
    /// Words of the reason for refusing it, or `None` if reading it is right too.
    pub expected: Option<&'static str>,
}

/// Hostile files whose names say what is wrong, numbered in order.
struct Corpus {
    start: &'static str,
    end: &'static str,
    files: Vec<Hostile>,
}

impl Corpus {
    fn add_file(&mut self, label: &str, bytes: Vec<u8>, expected: Option<&'static str>) {
        let name = format!("{}_{:03}_{label}{}", self.start, self.files.len(), self.end);
        self.files.push(Hostile { name, bytes, expected });
    }
}

type Parts = BTreeMap<String, Vec<u8>>;

fn workbook_parts() -> Parts {
    let mut archive = ZipArchive::new(Cursor::new(GOOD)).unwrap();
    (0..archive.len())
        .map(|at| {
            let mut member = archive.by_index(at).unwrap();
            let mut bytes = vec![];
            member.read_to_end(&mut bytes).unwrap();
            (String::from_utf8(member.name_raw().to_vec()).unwrap(), bytes)
        })
        .collect()
}

fn pack_parts(parts: &Parts) -> Vec<u8> {
    zip_members(parts.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())), CompressionMethod::Deflated)
}

fn zip_members<'a>(members: impl IntoIterator<Item = (&'a str, &'a [u8])>, method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(vec![]));
    for (name, bytes) in members {
        let options = SimpleFileOptions::default().compression_method(method);
        writer.start_file(name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Returns the good workbook with one member changed.
fn change_member(member: &str, change: impl Fn(&str) -> String) -> Vec<u8> {
    let mut parts = workbook_parts();
    let text = String::from_utf8(parts.remove(member).unwrap()).unwrap();
    let changed = change(&text);
    assert_ne!(text, changed, "nothing changed in {member}");
    parts.insert(member.into(), changed.into_bytes());
    pack_parts(&parts)
}

fn with_sheet_data(data: &str) -> Vec<u8> {
    change_member(SHEET, |text| {
        let (before, rest) = text.split_once("<sheetData>").unwrap();
        let (_, after) = rest.split_once("</sheetData>").unwrap();
        format!("{before}<sheetData>{data}</sheetData>{after}")
    })
}

/// Sets the encryption flag in every local and central header.
fn flag_as_encrypted(mut bytes: Vec<u8>) -> Vec<u8> {
    for at in 0..bytes.len() - 10 {
        match &bytes[at..at + 4] {
            b"PK\x03\x04" => bytes[at + 6] |= 1,
            b"PK\x01\x02" => bytes[at + 8] |= 1,
            _ => {}
        }
    }
    bytes
}

/// Writes a number into a field of every central header.
fn set_central_field(mut bytes: Vec<u8>, offset: usize, value: u32) -> Vec<u8> {
    for at in 0..bytes.len() - 46 {
        if &bytes[at..at + 4] == b"PK\x01\x02" {
            bytes[at + offset..at + offset + 4].copy_from_slice(&value.to_le_bytes());
        }
    }
    bytes
}

fn to_utf16le(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn nested_elements(levels: usize) -> String {
    format!("{}{}", "<a>".repeat(levels), "</a>".repeat(levels))
}

/// Returns files for the workbook connector, two good ones among them.
pub fn hostile_workbooks() -> Vec<Hostile> {
    let mut all = Corpus { start: "LEGO_20140930", end: ".xlsx", files: vec![] };
    all.add_file("good", GOOD.to_vec(), None);
    for at in 1..60 {
        all.add_file("cut", GOOD[..GOOD.len() * at / 60].to_vec(), Some("broken"));
    }
    for at in 0..40 {
        let mut bytes = GOOD.to_vec();
        let place = GOOD.len() * at / 40;
        bytes[place] ^= 0x55;
        all.add_file("flipped", bytes, None);
    }
    add_foreign_files(&mut all);
    add_hostile_members(&mut all);
    add_hostile_xml(&mut all);
    add_hostile_cells(&mut all);
    all.files
}

fn add_foreign_files(all: &mut Corpus) {
    all.add_file("empty", vec![], Some("an empty file"));
    all.add_file(
        "page",
        b"<html><table><tr><td>1</td></tr></table></html>".to_vec(),
        Some("a web page without a table"),
    );
    all.add_file("tsv", [b"\xff\xfe".to_vec(), to_utf16le("姓名\t身份证号\r\n")].concat(), Some("no header line"));
    all.add_file("spreadsheetml", b"<?xml version='1.0'?><Workbook/>".to_vec(), Some("an XML document"));
    all.add_file(
        "noise",
        (0..5_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect(),
        Some("not a workbook"),
    );
    let ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    all.add_file("ole_empty", ole.clone(), None);
    all.add_file("ole_zeros", [ole.clone(), vec![0; 8_192]].concat(), None);
    all.add_file("ole_ones", [ole.clone(), vec![0xff; 8_192]].concat(), None);
    let locked = [ole, vec![0; 1_024], to_utf16le("EncryptedPackage"), vec![0; 2_048]].concat();
    all.add_file("locked", locked, Some("protected by a password"));
    let xls = include_bytes!("../workbooks/LEGO_20150331.xls");
    for at in 1..20 {
        all.add_file("xls_cut", xls[..xls.len() * at / 20].to_vec(), None);
    }
    for at in 0..20 {
        let mut bytes = xls.to_vec();
        bytes[512 + (xls.len() - 513) * at / 20] ^= 0xff;
        all.add_file("xls_flipped", bytes, None);
    }
    let repeated = "<?xml version=\"1.0\"?><office:document-content xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
        xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\">\
        <office:body><office:spreadsheet><table:table table:name=\"第一期\"><table:table-row table:number-rows-repeated=\"9000\">\
        <table:table-cell office:value-type=\"string\" table:number-columns-repeated=\"10000\"><text:p>x</text:p></table:table-cell>\
        </table:table-row></table:table></office:spreadsheet></office:body></office:document-content>";
    let mimetype: &[u8] = b"application/vnd.oasis.opendocument.spreadsheet";
    let manifest: &[u8] = b"<manifest:manifest xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\"/>";
    let ods = [("mimetype", mimetype), ("META-INF/manifest.xml", manifest), ("content.xml", repeated.as_bytes())];
    let ods = zip_members(ods, CompressionMethod::Stored);
    all.add_file("ods_repeated", ods, Some("MiB of memory"));
}

fn add_hostile_members(all: &mut Corpus) {
    let with_member = |name: &str, bytes: &[u8]| {
        let mut parts = workbook_parts();
        parts.insert(name.into(), bytes.to_vec());
        pack_parts(&parts)
    };
    for name in ["../../etc/cron.d/x", "/etc/passwd", "C:\\windows\\x", "xl\\..\\..\\x", "a/../../b"] {
        all.add_file("traversal", with_member(name, b"x"), Some("points outside the archive"));
    }
    all.add_file("bomb", with_member("xl/media/big.bin", &vec![0; 80 << 20]), Some("decompression bomb"));
    all.add_file(
        "bomb_sheet",
        change_member(SHEET, |text| format!("{text}{}", " ".repeat(48 << 20))),
        Some("decompression bomb"),
    );
    all.add_file("encrypted", flag_as_encrypted(GOOD.to_vec()), Some("is encrypted"));
    all.add_file("false_size", set_central_field(GOOD.to_vec(), 24, u32::MAX - 1), None);
    all.add_file("false_packed", set_central_field(GOOD.to_vec(), 20, 7), None);
    all.add_file("false_offset", set_central_field(GOOD.to_vec(), 42, 3), Some("broken"));
    let mut many = workbook_parts();
    many.extend((0..10_000).map(|n| (format!("xl/media/{n}"), vec![])));
    all.add_file("10000_members", pack_parts(&many), Some("files, but at most 1,000"));
    for missing in
        ["xl/workbook.xml", "xl/_rels/workbook.xml.rels", SHEET, STRINGS, "xl/styles.xml", "[Content_Types].xml"]
    {
        let mut parts = workbook_parts();
        parts.remove(missing).unwrap();
        all.add_file("without_a_part", pack_parts(&parts), None);
    }
    let zip = zip_members([("a.txt", b"x".as_slice())], CompressionMethod::Stored);
    all.add_file("archive", zip, Some("an archive of other files"));
}

fn add_hostile_xml(all: &mut Corpus) {
    let laughs = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;\">]>";
    for member in [SHEET, STRINGS, "xl/workbook.xml", "xl/styles.xml", "xl/_rels/workbook.xml.rels"] {
        let bytes = change_member(member, |text| match text.split_once("?>") {
            Some((head, rest)) => format!("{head}?>{laughs}{rest}"),
            None => format!("{laughs}{text}"),
        });
        all.add_file("doctype", bytes, Some("DOCTYPE"));
        all.add_file(
            "deep",
            change_member(member, |text| text.replacen("?>", &format!("?>{}", nested_elements(200_000)), 1)),
            None,
        );
        all.add_file(
            "cut_xml",
            change_member(member, |text| text.chars().take(text.chars().count() / 2).collect()),
            None,
        );
        all.add_file("noise", change_member(member, |_| "\u{1}<<<&&&".into()), None);
        all.add_file("empty", change_member(member, |_| String::new()), None);
    }
    all.add_file("entity", change_member(STRINGS, |text| text.replacen("<t", "<t>&unknown;</t><t", 1)), None);
    all.add_file("count", change_member(STRINGS, |text| text.replacen("count=\"", "count=\"99999999999", 1)), None);
    let unique = |text: &str| text.replacen("uniqueCount=\"", "uniqueCount=\"4000000", 1);
    all.add_file("unique_count", change_member(STRINGS, unique), None);
    all.add_file(
        "no_sheet",
        change_member("xl/workbook.xml", |text| text.replace("第三期", "别的表")),
        Some("no sheet that matches"),
    );
    all.add_file("no_header", change_member(STRINGS, |text| text.replace("证书编号", "编号")), Some("no header line"));
    all.add_file(
        "two_columns",
        change_member(STRINGS, |text| text.replace("备注", "证书编号")),
        Some("two columns are named"),
    );
    let merged = |range: String| {
        change_member(SHEET, move |text| text.replacen("<mergeCells", &format!("{range}<mergeCells"), 1))
    };
    all.add_file("merged_all", merged("<mergeCells><mergeCell ref=\"A1:XFD1048576\"/></mergeCells>".into()), None);
    all.add_file("merged_backwards", merged("<mergeCells><mergeCell ref=\"Z9:A1\"/></mergeCells>".into()), None);
    let many: String = (1..100_000).map(|n| format!("<mergeCell ref=\"A{n}:B{n}\"/>")).collect();
    all.add_file("merged_often", merged(format!("<mergeCells>{many}</mergeCells>")), None);
    let wide = |text: &str| text.replacen("<dimension ref=\"", "<dimension ref=\"A1:XFD1048576\" x=\"", 1);
    all.add_file("dimension", change_member(SHEET, wide), None);
}

fn add_hostile_cells(all: &mut Corpus) {
    let far = "<row r=\"1\"><c r=\"A1\"><v>1</v></c></row><row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c></row>";
    all.add_file("far_corner", with_sheet_data(far), Some("at most 512 columns"));
    for (cell, expected) in [
        ("<c r=\"A1\" t=\"s\"><v>99999999</v></c>", None),
        ("<c r=\"A1\" t=\"s\"><v>-1</v></c>", None),
        ("<c r=\"A1\" t=\"n\"><v>abc</v></c>", None),
        ("<c r=\"A1\" t=\"zz\"><v>1</v></c>", None),
        ("<c r=\"A1\" t=\"b\"><v>7</v></c>", Some("no header line")),
        ("<c r=\"A1\" t=\"e\"><v>#HA!</v></c>", None),
        ("<c r=\"A1\"><v>NaN</v></c>", None),
        ("<c r=\"A1\"><v>1e999</v></c>", None),
        ("<c r=\"A1\"><v>-1e308</v></c>", Some("no header line")),
        ("<c r=\"A1\" s=\"999999\"><v>1</v></c>", None),
        ("<c r=\"A1\" s=\"1\"><v>99999999999999999999</v></c>", None),
        ("<c r=\"ZZZZZZZZ1\"><v>1</v></c>", None),
        ("<c r=\"1A\"><v>1</v></c>", None),
        ("<c r=\"A99999999999999\"><v>1</v></c>", None),
        ("<c r=\"\u{7532}1\"><v>1</v></c>", None),
        ("<c><v>1</v></c>", None),
    ] {
        all.add_file("cell", with_sheet_data(&format!("<row r=\"1\">{cell}</row>")), expected);
    }
    let rows: String = (0..200_000).map(|_| "<row r=\"1\"><c r=\"A1\"><v>1</v></c></row>").collect();
    all.add_file("same_row", with_sheet_data(&rows), None);
}

/// Returns files for the archive connector, one good one among them.
pub fn hostile_archives() -> Vec<Hostile> {
    let mut all = Corpus { start: "CMCC_20141011", end: ".zip", files: vec![] };
    let of = |name: &str, bytes: &[u8]| zip_members([(name, bytes)], CompressionMethod::Deflated);
    let table = "CMCC_20141011_001.csv";
    let good = of(table, TABLE);
    all.add_file("good", good.clone(), None);
    for at in 1..20 {
        let cut = good[..good.len() * at / 20].to_vec();
        // Cut within its first bytes, it does not even look like an archive.
        all.add_file("cut", cut, Some(if good.len() * at / 20 < 4 { "header" } else { "broken" }));
    }
    for name in ["../CMCC_1.csv", "/CMCC_1.csv", "..\\CMCC_1.csv", "C:CMCC_1.csv"] {
        all.add_file("traversal", of(name, TABLE), Some("points outside the archive"));
    }
    for (name, bytes) in [
        ("CMCC_1.csv", good.as_slice()),
        ("inner.zip", &good),
        ("inner.gz", b"\x1f\x8b\x08\x00"),
        ("inner.rar", b"Rar!\x1a\x07"),
        ("inner.7z", b"7z\xbc\xaf\x27\x1c"),
    ] {
        all.add_file("nested", of(name, bytes), Some("an archive inside an archive"));
    }
    all.add_file("bomb", of(table, &vec![b' '; 40 << 20]), Some("decompression bomb"));
    let large = vec![b'1'; 25 << 20];
    let stored = [("CMCC_1.csv", large.as_slice()), ("CMCC_2.csv", &large), ("CMCC_3.csv", &large)];
    // Dropped files have at most 64 MiB, so the third is small when compressed.
    let mut writer = ZipWriter::new(Cursor::new(vec![]));
    for (at, (name, bytes)) in stored.iter().enumerate() {
        let method = if at == 0 { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        let varied: Vec<u8> = (0..bytes.len()).map(|n| if n % 97 == 0 { b'\n' } else { (n * n % 89) as u8 }).collect();
        writer.write_all(if at == 0 { bytes } else { &varied }).unwrap();
    }
    all.add_file("large", writer.finish().unwrap().into_inner(), None);
    all.add_file("encrypted", flag_as_encrypted(good.clone()), Some("is encrypted"));
    let names: Vec<String> = (0..10_000).map(|n| format!("CMCC_{n}.csv")).collect();
    let many = zip_members(names.iter().map(|name| (name.as_str(), b"".as_slice())), CompressionMethod::Stored);
    all.add_file("10000_members", many, Some("files, but at most 1,000"));
    all.add_file("no_member", of("readme.txt", b"x"), Some("no file that matches"));
    all.add_file("no_text", of(table, b"\xff\xff\xff"), Some("are not gb18030"));
    all.add_file("no_header", of(table, "没有表头".as_bytes()), Some("no header line"));
    all.add_file("empty", zip_members([], CompressionMethod::Stored), Some("no file that matches"));
    all.add_file("false_size", set_central_field(good.clone(), 24, u32::MAX - 1), None);
    all.add_file("false_crc", set_central_field(good.clone(), 16, 1), Some("broken"));
    all.add_file("false_offset", set_central_field(good, 42, u32::MAX - 9), Some("broken"));
    all.files
}
