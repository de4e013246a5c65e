//! Hostile texts: JSON, JSON Lines, XML, CSV, gzip, and web pages under a workbook's name.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::corpus::Hostile;

/// A connector for one kind of text, and its files.
pub struct TextConnector {
    pub name: String,
    /// The manifest's `format`, and its `archive` if there is one.
    pub format: &'static str,
    /// File extension.
    pub ending: &'static str,
    pub files: Vec<Hostile>,
}

const MAP: &str = "record_key = [\"id\"]\nversion = { from = \"landing\" }\npass = \"not_assessed\"\n\
    [stream.map]\nname = \"name\"\nid_number = \"idNo\"\ncourse_code = \"course\"\nhours = { path = \"hours\", unit = \"day\" }\n\
    period_end = \"end\"\n";
const CSV: &str = "id,name,idNo,course,hours,end\n1,王一,22010219590911001X,KC-1,3,2014-09-11\n2,李二,220381197001011228,KC-1,3,2014-09-11\n";
const LAYOUT: &str = "layout = { header = [\"id\", \"name\"] }";

impl TextConnector {
    fn new(name: &'static str, format: &'static str, ending: &'static str) -> Self {
        Self { name: name.to_owned(), format, ending, files: vec![] }
    }

    /// Gives each file a room of its own, so that memory and time are measured for one file.
    fn split_files(self) -> impl Iterator<Item = Self> {
        let Self { name, format, ending, files } = self;
        let room = move |(nth, file)| Self { name: format!("{name}-{nth}"), format, ending, files: vec![file] };
        files.into_iter().enumerate().map(room)
    }

    pub fn manifest_text(&self) -> String {
        let (name, format) = (&self.name, self.format.replace("LAYOUT", LAYOUT));
        format!(
            "manifest = 1\nid = \"{name}\"\nversion = 1\ntitle_zh = \"甲\"\ntitle_en = \"A\"\nprofile = \"Made up for a test.\"\n\
             [transport]\nkind = \"files\"\nnames = [\"*\"]\n[[stream]]\nname = \"rows\"\nkind = \"certificate\"\n{format}\n{MAP}"
        )
    }

    fn add_file(&mut self, label: &str, bytes: impl Into<Vec<u8>>, expected: Option<&'static str>) {
        let name = format!("{:04}_{label}.{}", self.files.len(), self.ending);
        self.files.push(Hostile { name, bytes: bytes.into(), expected });
    }

    /// Adds a good file, then copies that are cut at `cuts` places, and copies with one of `flips` bytes changed.
    fn add_spoiled(&mut self, good: &[u8], (cuts, flips): (usize, usize), cut: Option<&'static str>) {
        self.add_file("good", good, None);
        for nth in 1..=cuts {
            self.add_file("cut", &good[..good.len() * nth / (cuts + 1)], cut);
        }
        for nth in 0..flips {
            let mut bytes = good.to_vec();
            bytes[good.len() * nth / flips] ^= [0x55, 0x80, 0xff, 0x20][nth % 4];
            self.add_file("flipped", bytes, None);
        }
    }
}

/// Returns every room. Each large file has a room of its own.
pub fn all_rooms() -> Vec<TextConnector> {
    let large = [large_pages(), large_json(), large_lines(), large_xml(), large_csv()];
    let small = [json_room(), lines_room(), xml_room(), csv_room(), gzip_room(), page_room()];
    small.into_iter().chain(large.into_iter().flat_map(TextConnector::split_files)).collect()
}

const JSON: &str = r#"{"code":0,"list":[
{"id":"1","name":"王一","idNo":"22010219590911001X","course":"KC-1","hours":3,"end":"2014-09-11"},
{"id":"2","name":"\u674e\u4e8c","idNo":"220381197001011228","course":"KC-1","hours":"3","end":"2014-09-11","x":{"y":[1,null,true]}}]}
"#;

fn json_room() -> TextConnector {
    let format = "format = { kind = \"json\", items = \"list\", ok_path = \"code\", ok_value = \"0\" }";
    let mut room = TextConnector::new("hjson", format, "json");
    room.add_spoiled(JSON.trim_end().as_bytes(), (150, 100), Some("not "));
    let with = |item: &str| format!("{{\"code\":0,\"list\":[{item}]}}");
    for (label, text) in [
        ("deep", "[".repeat(200_000)),
        ("deep_objects", "{\"list\":".repeat(100_000)),
        ("nothing", String::new()),
        ("space", " \n\t".repeat(1_000)),
        ("scalar", "42".into()),
        ("null", "null".into()),
        ("list_is_null", "{\"code\":0,\"list\":null}".into()),
        ("list_is_object", "{\"code\":0,\"list\":{}}".into()),
        ("two_documents", format!("{JSON}{JSON}")),
        ("page", "<!DOCTYPE html><html>login</html>".into()),
        ("half_key", "{\"\\ud83d\":1,\"code\":0,\"list\":[]}".into()),
        ("comment", format!("// {JSON}")),
        ("single_quotes", with("{'id':1}")),
        ("marks", format!("\u{feff}\u{feff}{JSON}")),
    ] {
        room.add_file(label, text, Some("not "));
    }
    for (label, item) in [
        ("deep", format!("{}{}", "[".repeat(50_000), "]".repeat(50_000))),
        ("deep_wanted", format!("{{\"id\":{}1{}}}", "{\"a\":".repeat(20_000), "}".repeat(20_000))),
        ("nan", "NaN".to_owned()),
        ("control", "\"a\u{1}b\"".to_owned()),
        ("half_pair", r#"{"id":"\ud83d"}"#.to_owned()),
        ("half_pair_key", r#"{"\udc00":"x","id":"7"}"#.to_owned()),
        ("huge_number", format!("{{\"id\":{}}}", "9".repeat(1 << 20))),
        ("huge_exponent", r#"{"id":"7","hours":1e999999999}"#.to_owned()),
        ("tiny_exponent", r#"{"id":"7","hours":1e-999999999}"#.to_owned()),
        ("digits_of_hours", format!(r#"{{"id":"7","hours":"{}"}}"#, "9".repeat(1 << 20))),
        ("fraction", format!(r#"{{"id":"7","hours":0.{}1}}"#, "0".repeat(1 << 20))),
        ("twice", r#"{"id":"1","id":"2","id":{"id":3}}"#.to_owned()),
        ("twice_often", format!("{{{}\"id\":1}}", "\"id\":\"x\",".repeat(100_000))),
        ("nul", r#"{"id":"a\u0000b","name":"\u0000"}"#.to_owned()),
        ("scalars", "1,\"x\",null,true,[],{}".to_owned()),
        ("bidi", "{\"id\":\"\u{202e}\u{2066}x\",\"name\":\"\u{200b}\"}".to_owned()),
        ("long_date", format!(r#"{{"id":"7","end":"{}"}}"#, "2014年".repeat(100_000))),
        ("long_name", format!(r#"{{"id":"7","name":"{}"}}"#, "王·".repeat(300_000))),
        ("long_id", format!(r#"{{"id":"7","idNo":"{}"}}"#, "22-".repeat(300_000))),
        ("combining", format!(r#"{{"id":"7","name":"e{}"}}"#, "\u{301}".repeat(300_000))),
        ("empty_keys", r#"{"":{"":{"":""}}}"#.to_owned()),
        ("ten_megabytes", format!(r#"{{"id":"7","name":"{}"}}"#, "x".repeat(10 << 20))),
    ] {
        room.add_file(label, with(&item), None);
    }
    for (label, bytes) in [
        ("invalid", b"\xff\xfe\xfd\xfc{}".to_vec()),
        ("latin", [b"{\"code\":0,\"list\":[\"", &[0xe9][..], b"\"]}"].concat()),
    ] {
        room.add_file(label, bytes, Some("not "));
    }
    room.add_file(
        "overlong",
        [b"{\"code\":0,\"list\":[\"", &[0xc0, 0x80][..], b"\"]}"].concat(),
        Some("are not utf-8"),
    );
    room.add_file("utf16", JSON.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>(), Some("not "));
    room
}

fn lines_room() -> TextConnector {
    let mut room = TextConnector::new("hlines", "format = { kind = \"json_lines\" }", "jsonl");
    let good: String =
        JSON.lines().skip(1).map(|l| format!("{}\n", l.trim_end_matches([',', '}', ']']).to_owned() + "}")).collect();
    room.add_spoiled(good.as_bytes(), (60, 60), None);
    for (label, text, expected) in [
        ("page", "<html>".to_owned(), Some("web page")),
        ("deep", format!("{}\n{good}", "[".repeat(1 << 20)), None),
        ("scalars", "1\n2\n\"x\"\nnull\n[]\n".to_owned(), None),
        ("no_end", "{\"id\":\n".repeat(2_000), None),
        ("returns", good.replace('\n', "\r"), None),
        ("both_returns", good.replace('\n', "\r\n\r\n"), None),
        ("separators", good.replace('\n', "\u{2028}"), None),
        ("nul", format!("\0\0\0\n{good}"), None),
        ("mark_inside", format!("{good}\u{feff}{good}"), None),
        ("one_line", good.replace('\n', " "), None),
        ("long_line", format!("{{\"id\":\"{}\"}}\n", "x".repeat(10 << 20)), None),
    ] {
        room.add_file(label, text, expected);
    }
    room
}

const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<r xmlns:a=\"urn:a\">\n\
    <i id=\"1\"><id>1</id><name>王一</name><idNo>22010219590911001X</idNo><course>KC-1</course><hours>3</hours><end>2014-09-11</end></i>\n\
    <a:i><id>2</id><name>&#x674E;<![CDATA[二]]></name><idNo>220381197001011228</idNo><course>KC-1</course><hours>3</hours><end>2014-09-11</end></a:i>\n\
    </r>";

fn xml_room() -> TextConnector {
    let mut room = TextConnector::new("hxml", "format = { kind = \"xml\", root = \"r\", item = \"i\" }", "xml");
    room.add_spoiled(XML.as_bytes(), (150, 100), Some("not "));
    let laughs = "<!DOCTYPE r [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;\">]>";
    let external = "<!DOCTYPE r SYSTEM \"file:///etc/passwd\">";
    let attributes: String = (0..1_000_000).map(|n| format!(" a{n}=\"\"")).collect();
    let nested = |levels: usize| format!("{}{}", "<a>".repeat(levels), "</a>".repeat(levels));
    for (label, text) in [
        ("laughs", format!("{laughs}<r><i>&c;</i></r>")),
        ("external", format!("{external}<r/>")),
        ("doctype_inside", format!("<r>{laughs}</r>")),
        ("long_doctype", format!("<!DOCTYPE r [{}]><r/>", "<!ENTITY a \"b\">".repeat(100_000))),
        ("unknown_entity", "<r><i><id>&unknown;</id></i></r>".into()),
        ("bad_reference", "<r><i><id>&#xFFFFFFFF;</id></i></r>".into()),
        ("zero_reference", "<r><i><id>&#0;</id></i></r>".into()),
        ("surrogate_reference", "<r><i><id>&#xD800;</id></i></r>".into()),
        ("deep", format!("<r>{}</r>", nested(200_000))),
        ("deep_item", format!("<r><i>{}</i></r>", nested(200_000))),
        ("deep_open", "<r>".repeat(1 << 20)),
        ("attributes", format!("<r><i{attributes}/></r>")),
        ("attribute_twice", "<r><i a='1' a='2'/></r>".into()),
        ("attribute_open", format!("<r><i a=\"{}", "x".repeat(1 << 20))),
        ("attribute_bare", "<r><i a=b c/></r>".into()),
        ("nothing", String::new()),
        ("prose", "not at all".into()),
        ("other_root", "<s><i/></s>".into()),
        ("crossed", "<r><i></r></i>".into()),
        ("comment_open", "<r><!-- ".into()),
        ("data_open", "<r><i><![CDATA[".into()),
        ("instruction_open", "<r><?x ".into()),
        ("tag_open", "<r><i".into()),
        ("page", "<html><body>login</body></html>".into()),
        ("json", JSON.into()),
    ] {
        room.add_file(label, text, Some("not readable as XML"));
    }
    for (label, text) in [
        ("other_namespace", "<r xmlns='urn:x'><i xmlns='urn:y'><id>1</id></i></r>".to_owned()),
        ("unbound_prefix", "<q:r><q:i><z:id>1</z:id></q:i></q:r>".to_owned()),
        ("nul", "<r><i><id>\0</id></i></r>".to_owned()),
        ("huge_attribute", format!("<r><i a=\"{}\"/></r>", "x".repeat(10 << 20))),
        ("huge_text", format!("<r><i><id>{}</id></i></r>", "x".repeat(10 << 20))),
        ("many_references", format!("<r><i><id>{}</id></i></r>", "&lt;".repeat(500_000))),
        ("many_data", format!("<r><i><id>{}</id></i></r>", "<![CDATA[x]]>".repeat(300_000))),
        ("many_comments", format!("<r>{}</r>", "<!---->".repeat(500_000))),
        ("many_children", format!("<r><i>{}</i></r>", "<id/>".repeat(500_000))),
        ("many_others", format!("<r>{}</r>", "<other/>".repeat(500_000))),
        ("root_attributes", format!("<r{}><i/></r>", &attributes[..2 << 20].rsplit_once(' ').unwrap().0)),
        ("two_roots", "<r/><r/>".to_owned()),
        ("other_encoding", XML.replace("UTF-8", "GB18030")),
        ("no_such_encoding", XML.replace("UTF-8", "EBCDIC")),
        ("version_9", XML.replace("1.0", "9.9")),
        ("item_in_item", "<r><i><i><i><id>1</id></i></i></i></r>".to_owned()),
        ("long_name", format!("<r><{0}/></r>", "n".repeat(5 << 20))),
    ] {
        room.add_file(label, text, None);
    }
    for (label, bytes) in [
        ("invalid", [b"<r><i><id>", &[0xff, 0xfe][..], b"</id></i></r>"].concat()),
        ("half_character", [b"<r><i>", &[0xe7, 0x8e][..], b"</i></r>"].concat()),
        ("surrogate_bytes", [b"<r><i>", &[0xed, 0xa0, 0x80][..], b"</i></r>"].concat()),
        ("gb18030", encoding_rs::GB18030.encode(XML).0.into_owned()),
    ] {
        room.add_file(label, bytes, Some("are not utf-8"));
    }
    room
}

fn csv_room() -> TextConnector {
    let mut room = TextConnector::new("hcsv", "format = { kind = \"csv\", LAYOUT }", "csv");
    let good = encoding_rs::GB18030.encode(CSV).0.into_owned();
    room.add_spoiled(&good, (60, 60), None);
    // A byte sequence that is not a whole character, at 60 places of the file.
    for nth in 0..60 {
        let place = good.len() * nth / 60;
        let bad: &[u8] = [&[0xff][..], &[0x81], &[0x84, 0x31, 0xa4], &[0x80, 0x80, 0x0a]][nth % 4];
        room.add_file("malformed", [&good[..place], bad, &good[place..]].concat(), None);
    }
    for (label, text, expected) in [
        ("nothing", String::new(), Some("no header line")),
        ("no_header", "a,b\n1,2\n".to_owned(), Some("no header line")),
        ("header_twice", CSV.replacen("name", "id", 1), Some("no header line")),
        ("same_columns", CSV.replacen("course", "name", 1), Some("two columns are named")),
        ("open_quote", CSV.replacen('王', "\"王", 1), None),
        ("open_quote_long", format!("{CSV}3,\"{}", CSV.repeat(20_000)), Some("closing quote missing")),
        ("quotes", format!("{CSV}{}", "\"".repeat(1 << 20)), None),
        ("quotes_inside", CSV.replace(',', "\",\""), None),
        ("nul", CSV.replace('3', "\0"), None),
        ("returns", CSV.replace('\n', "\r"), None),
        ("mixed_returns", CSV.replacen('\n', "\r\n", 1).replacen("\n2", "\r2", 1), None),
        ("blank_lines", format!("{}{CSV}", "\r\n".repeat(500_000)), None),
        ("commas", format!("{CSV}{}", ",".repeat(1 << 20)), Some("cells")),
        ("commas_first", format!("{}\n{CSV}", ",".repeat(1 << 20)), Some("cells")),
        ("commas_in_quotes", format!("{CSV}{}", ",\"\n\"".repeat(300_000)), Some("cells")),
        ("tabs", CSV.replace(',', "\t"), Some("no header line")),
        ("semicolons", CSV.replace(',', ";"), Some("no header line")),
        ("page", "<html><table><tr><td>id</td><td>name</td></tr></table></html>".to_owned(), Some("no header line")),
        ("one_cell", format!("{CSV}{}", "x".repeat(900_000)), None),
        ("titles", format!("{}{CSV}", "title\n".repeat(300_000)), None),
        ("short_rows", format!("{CSV}{}", "1\n".repeat(3_000)), None),
    ] {
        room.add_file(label, text, expected);
    }
    room
}

fn gzip_bytes(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(vec![], Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn gzip_room() -> TextConnector {
    let mut room =
        TextConnector::new("hgzip", "format = { kind = \"csv\", LAYOUT }\narchive = { kind = \"gzip\" }", "gz");
    let good = gzip_bytes(CSV.as_bytes());
    room.add_spoiled(&good, (30, 40), None);
    let bomb = gzip_bytes(&vec![b' '; 100 << 20]);
    let mut crc = good.clone();
    let end = crc.len();
    crc[end - 8] ^= 1;
    let mut length = good.clone();
    length[end - 1] ^= 1;
    for (label, bytes, expected) in [
        ("bomb", bomb.clone(), Some("it unpacks to more than")),
        ("bomb_of_bombs", gzip_bytes(&bomb), None),
        ("wrong_sum", crc, Some("broken")),
        ("wrong_length", length, Some("broken")),
        ("two_members", [good.clone(), good.clone()].concat(), None),
        ("noise_behind", [good.clone(), vec![7; 5_000]].concat(), None),
        ("zeros_behind", [good.clone(), vec![0; 5_000]].concat(), None),
        ("not_at_all", CSV.as_bytes().to_vec(), None),
        ("empty", gzip_bytes(b""), Some("no header line")),
        ("head_only", good[..10].to_vec(), Some("broken")),
        (
            "large",
            gzip_bytes(
                &(0..70_u32 << 20).map(|n| (n.wrapping_mul(2_654_435_761) >> 27) as u8 + b'a').collect::<Vec<_>>(),
            ),
            Some("more than"),
        ),
        ("long_name", [&[0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3][..], &vec![b'x'; 1 << 20]].concat(), Some("broken")),
    ] {
        room.add_file(label, bytes, expected);
    }
    room
}

const PAGE: &str = "format = { kind = \"workbook\", LAYOUT }";

/// Returns the rows of a table in a web page, and a good page.
fn rows_of_a_page() -> (String, String) {
    let cells = |line: &str| line.split(',').map(|cell| format!("<td>{cell}</td>")).collect::<String>();
    let rows: String = CSV.lines().map(|line| format!("<tr>{}</tr>\n", cells(line))).collect();
    let good = format!("<html><meta charset=utf-8><body><table border=1>\n{rows}</table></body></html>");
    (rows, good)
}

fn page_room() -> TextConnector {
    let mut room = TextConnector::new("hpage", PAGE, "xls");
    let (rows, good) = rows_of_a_page();
    room.add_spoiled(good.as_bytes(), (30, 30), None);
    let table = |inside: &str| format!("<html><table>{rows}{inside}</table></html>");
    for (label, text) in [
        ("negative_spans", table("<tr><td colspan=-1 rowspan=x>1</td></tr>")),
        ("never_closed", good.replace("</td>", "").replace("</tr>", "").replace("</table>", "")),
        ("upper", good.to_uppercase()),
        ("nul", good.replace("王", "\0")),
        ("frames", "<html><frameset><frame src=file:///etc/passwd></frameset></html>".into()),
    ] {
        room.add_file(label, text, None);
    }
    room
}

/// Cells, tables and spans in numbers that no office writes.
fn large_pages() -> TextConnector {
    let mut room = TextConnector::new("hpagelarge", PAGE, "xls");
    let (rows, good) = rows_of_a_page();
    let table = |inside: &str| format!("<html><table>{rows}{inside}</table></html>");
    for (label, text) in [
        ("spans", table(&"<td colspan=999999999 rowspan=999999999>x".repeat(20_000))),
        ("row_spans", table(&"<tr><td rowspan=65534>x<td colspan=64>y".repeat(20_000))),
        ("million_cells", table(&format!("<tr>{}", "<td>1".repeat(50)).repeat(20_000))),
        ("million_in_a_row", table(&format!("<tr>{}", "<td>1".repeat(1_000_000)))),
        ("nested", format!("<html>{rows}{}", "<table><tr><td>".repeat(200_000))),
        ("many_tables", "<table><tr><td>a<tr><td>b</table>".repeat(50_000)),
        ("script", table(&format!("<script>{}", "<td>".repeat(100_000)))),
        ("attributes", format!("<html><table {}>{rows}</table>", "a=1 ".repeat(200_000))),
        ("entities", table(&format!("<tr><td>{}", "&amp;&#x41;&bogus;".repeat(100_000)))),
        ("comment", format!("{good}<!--{}", "-".repeat(1 << 20))),
    ] {
        room.add_file(label, text, None);
    }
    room
}

/// Files of ten megabytes and more, with values that are not records, in numbers that no platform sends.
fn large_json() -> TextConnector {
    let mut room = TextConnector::new("hjsonlarge", "format = { kind = \"json\", items = \"list\" }", "json");
    room.add_file("scalars", format!("{{\"list\":[{}1]}}", "1,".repeat(30 << 20)), Some("more than 1,048,576 records"));
    room.add_file(
        "one_string",
        format!("{{\"list\":[{{\"id\":\"{}\"}}]}}", "x".repeat(60 << 20)),
        Some("more than 1,048,576 bytes"),
    );
    room.add_file(
        "escapes",
        format!("{{\"list\":[{{\"id\":\"{}\"}}]}}", "\\u0041".repeat(10 << 20)),
        Some("more than 1,048,576 bytes"),
    );
    room.add_file(
        "keys",
        format!("{{\"list\":[{{{}\"id\":1}}]}}", "\"k\":1,".repeat(9 << 20)),
        Some("more than 1,048,576 bytes"),
    );
    room
}

fn large_lines() -> TextConnector {
    let mut room = TextConnector::new("hlineslarge", "format = { kind = \"json_lines\" }", "jsonl");
    room.add_file("scalars", "1\n".repeat(30 << 20), Some("more than 1,048,576 records"));
    room.add_file("blank", "\n".repeat(60 << 20), None);
    room
}

fn large_xml() -> TextConnector {
    let mut room = TextConnector::new("hxmllarge", "format = { kind = \"xml\", root = \"r\", item = \"i\" }", "xml");
    room.add_file("items", format!("<r>{}</r>", "<i/>".repeat(15 << 20)), Some("more than 1,048,576 records"));
    room.add_file(
        "attribute",
        format!("<r><i id=\"{}\"/></r>", "x".repeat(60 << 20)),
        Some("more than 1,048,576 bytes"),
    );
    room
}

fn large_csv() -> TextConnector {
    let mut room = TextConnector::new("hcsvlarge", "format = { kind = \"csv\", LAYOUT }", "csv");
    room.add_file("one_line", format!("{CSV}3,{}", "x".repeat(60 << 20)), Some("more than 1,048,576 bytes"));
    room.add_file("one_line_alone", "x".repeat(60 << 20), Some("more than 1,048,576 bytes"));
    room.add_file("commas", ",".repeat(60 << 20), Some("cells"));
    room.add_file("quotes", "\"".repeat(60 << 20), None);
    room.add_file("rows", format!("{CSV}{}", "1\n".repeat(30 << 20)), Some("more than 1,048,576 records"));
    let wide = encoding_rs::GB18030.encode(&"王".repeat(20 << 20)).0.into_owned();
    room.add_file("characters", wide, Some("more than 1,048,576 bytes"));
    room
}
