//! Requests: path, method, headers, query and bodies, with values from settings, secrets, paging and time.

use super::{Answer, Platform, Says, Site, record_json, records_json};

#[test]
fn a_json_body_has_its_values_escaped() {
    let platform = Platform::start(|asked| {
        let body: serde_json::Value = serde_json::from_str(&asked.body).unwrap_or_default();
        let right = asked.method == "POST"
            && asked.path == "/v2/search/a%2Fb%20%3F"
            && asked.header("x-county") == "220102"
            && asked.header("x-key") == "se\\cr\"et"
            && asked.header("content-type") == "application/json"
            && asked.param("who") == "I"
            && body["county"] == "say \"hi\"\\"
            && body["secret"] == "se\\cr\"et";
        let n = body["page"].as_u64().unwrap_or(9) as usize;
        if right && n < 3 { Answer::json(records_json(n * 2..n * 2 + 2 - n / 2)) } else { Answer::new(400, "wrong") }
    });
    let body = r#"{ kind = "json", text = '{"page":${page},"county":"${settings.quoted}","secret":"${secret.key}"}' }"#;
    let headers = r#"{ X-County = "${settings.county}", X-Key = "${secret.key}" }"#;
    let stream = format!(
        "request = {{ path = \"/${{settings.root}}/search/${{each.odd}}\", method = \"post\", query = {{ who = \"${{institution}}\" }}, \
         headers = {headers}, body = {body} }}\nformat = {{ kind = \"json\", items = \"\" }}\n\
         each = [{{ from = \"list\", name = \"odd\", values = [\"a/b ?\"] }}]\npage = {{ by = \"number\", size = 2, first = 0 }}"
    );
    let site = Site::new(&platform, &Says { stream: &stream, ..Says::default() });
    site.write_source(
        "secrets_env = { key = \"OTHER\" }\nsettings = { root = \"v2\", county = \"220102\", quoted = 'say \"hi\"\\' }",
    );
    let out = site.run_with_env(&["sync", "--all", "--json"], &[("OTHER", "se\\cr\"et")]);
    assert!(out.status.success(), "{}\n{:?}", String::from_utf8_lossy(&out.stderr), platform.requests());
    let pass: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(pass["balance"]["inserted"], 5, "{pass}");
    // Without its secret the source is not read.
    site.write_source("settings = { root = \"v2\", county = \"220102\", quoted = \"x\" }");
    assert!(site.sync_expecting_failure().contains("${secret.key} has no value"));
}

#[test]
fn a_form_is_posted() {
    let platform = Platform::start(|asked| {
        let form = asked.form_fields();
        let right = asked.method == "POST" && form["from"] == "2014-09-01" && form["who"] == "huiliu";
        if right { Answer::json(records_json(0..3)) } else { Answer::new(400, "wrong") }
    });
    let stream = r#"
request = { path = "/list", method = "post", body = { kind = "form", fields = { from = "${since}", who = "${user}" } } }
since = { by = "moment", begin = 2014-09-01 }
format = { kind = "json", items = "" }"#;
    let site = Site::new(&platform, &Says { stream, ..Says::default() });
    assert_eq!(site.sync(), (3, 3));
}

#[test]
fn soap_is_asked_and_read() {
    let platform = Platform::start(|asked| {
        let right = asked.header("soapaction") == "urn:records"
            && asked.header("content-type").starts_with("text/xml")
            && asked.body.contains("<who>a &lt;b&gt; &amp; c</who>");
        let item = |n: usize| {
            format!(
                "<r:item><id>R{n}</id><v>1</v><name>王一</name><idno>22010219590911001X</idno><course>C-01</course><hours>4</hours><end>2014-09-11</end></r:item>"
            )
        };
        let items: String = (0..4).map(item).collect();
        let text = format!(
            "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><r:list xmlns:r=\"urn:r\">{items}</r:list></s:Body></s:Envelope>"
        );
        if right { Answer::new(200, text).with_header("content-type", "text/xml") } else { Answer::new(500, "") }
    });
    let stream = r#"
request = { path = "/soap", method = "post", headers = { SOAPAction = "urn:records" }, body = { kind = "xml", text = "<e><who>${settings.who}</who></e>" } }
format = { kind = "xml", root = "Envelope", item = "Body.list.item" }"#;
    let site = Site::new(&platform, &Says { stream, ..Says::default() });
    site.write_source("settings = { who = \"a <b> & c\" }");
    assert_eq!(site.sync(), (4, 4));
}

#[test]
fn a_gzip_answer_is_unpacked_within_bounds() {
    use std::io::Write as _;
    let gzip = |bytes: &[u8]| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    };
    let (good, bomb) = (gzip(records_json(0..3).as_bytes()), gzip(&vec![b' '; 80 << 20]));
    let deep = format!("[{}1{}]", "[".repeat(100_000), "]".repeat(100_000));
    let platform = Platform::start(move |asked| match asked.path.as_str() {
        "/good" => Answer::json(good.clone()).with_header("content-encoding", "gzip"),
        "/bomb" => Answer::json(bomb.clone()).with_header("content-encoding", "gzip"),
        "/deep" => Answer::json(format!("[{},{deep}]", record_json(0))),
        "/br" => Answer::json("x").with_header("content-encoding", "br"),
        _ => Answer::json(vec![b'['; (64 << 20) + 1]),
    });
    let site = Site::new(&platform, &Says::default());
    let read = |path: &str| {
        let stream = format!("request = \"{path}\"\nformat = {{ kind = \"json\", items = \"\" }}");
        site.write_connector("p", &Says { stream: &stream, ..Says::default() });
    };
    read("/good");
    assert_eq!(site.sync(), (3, 3));
    for (path, words) in
        [("/bomb", "unpacks to more than"), ("/large", "more than 67,108,864 bytes"), ("/br", "encoded as br")]
    {
        read(path);
        let said = site.sync_expecting_failure();
        assert!(said.contains(words), "{path}: {said}");
    }
    // A record that is nested too deeply is parked alone, and nothing overflows.
    read("/deep");
    let pass = site.run_json(&["sync", "--all", "--full", "--json"]);
    assert_eq!(
        (pass["balance"]["received"].as_i64(), pass["balance"]["parked"].as_i64()),
        (Some(2), Some(1)),
        "{pass}"
    );
}

#[test]
fn answers_in_gb18030_are_read_where_that_is_declared() {
    let platform = Platform::start(|asked| {
        let fields = "<id>R9</id><v>1</v><name>王二</name><idno>22010219590911001X</idno><course>C-01</course><hours>4</hours><end>2014-09-11</end>";
        let text = match asked.path.as_str() {
            "/json" => format!("{{\"code\":\"好\",\"list\":{}}}", records_json(0..3)),
            _ => format!("<?xml version=\"1.0\" encoding=\"GB2312\"?><list><r>{fields}</r></list>"),
        };
        Answer::new(200, encoding_rs::GB18030.encode(&text).0.into_owned())
    });
    let site = Site::new(&platform, &Says::default());
    let reads = |path: &str, format: &str| {
        let transport = "kind = \"http\"\nanswers = [{ path = \"code\", is = [\"坏\"], taken = \"fail\" }]";
        let stream = format!("request = \"{path}\"\nformat = {format}");
        site.write_connector("p", &Says { stream: &stream, transport, ..Says::default() });
    };
    reads("/json", "{ kind = \"json\", items = \"list\", ok_path = \"code\", ok_value = \"好\" }");
    assert!(site.sync_expecting_failure().contains("not utf-8"));
    reads(
        "/json",
        "{ kind = \"json\", items = \"list\", ok_path = \"code\", ok_value = \"好\", encoding = \"gb18030\" }",
    );
    assert_eq!(site.sync(), (3, 3));
    reads("/xml", "{ kind = \"xml\", root = \"list\", item = \"r\", encoding = \"auto\" }");
    assert_eq!(site.sync_with(&["--full"]), (1, 1));
    let named =
        |name: &str| site.house.run_sql(&format!("SELECT count(*) FROM identity_claim WHERE name_folded = '{name}'"));
    assert!(named("王一") > 0 && named("王二") > 0);
}
