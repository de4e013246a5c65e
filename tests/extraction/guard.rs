//! No connection is made to an address that is not public, in whatever spelling and by whatever way it comes, unless
//! the operator has allowed its network.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use huiliu_manifest::Manifest;

use super::{Answer, JSON, Platform, Says, Site, manifest_text, page_of_records};

/// Counts connections to a port of this host, on any of its addresses.
struct ConnectionTrap {
    port: u16,
    caught: Arc<AtomicUsize>,
}

impl ConnectionTrap {
    fn start_listening() -> Self {
        // A wildcard listener on IPv6 also accepts IPv4 connections.
        let listener = TcpListener::bind("[::]:0").or_else(|_| TcpListener::bind("0.0.0.0:0")).unwrap();
        let (port, caught) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&caught);
        std::thread::spawn(move || {
            for _ in listener.incoming() {
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        let trap = Self { port, caught };
        // Check that the trap counts a connection.
        drop(std::net::TcpStream::connect(("127.0.0.2", port)).unwrap());
        while trap.caught.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        trap.caught.store(0, Ordering::SeqCst);
        trap
    }

    fn connection_count(&self) -> usize {
        self.caught.load(Ordering::SeqCst)
    }
}

/// Returns more than a hundred spellings of addresses that are not public. The platform itself is at 127.0.0.1, which
/// is allowed.
fn private_addresses() -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for [a, b, c, d] in
        [[127u32, 0, 0, 2], [127, 1, 2, 3], [169, 254, 169, 254], [10, 0, 0, 1], [192, 168, 1, 1], [100, 100, 100, 200]]
    {
        let whole = a << 24 | b << 16 | c << 8 | d;
        let low = b << 16 | c << 8 | d;
        all.extend([
            format!("{a}.{b}.{c}.{d}"),
            format!("{a}.{b}.{c}.{d}."),
            format!("{whole}"),
            format!("{whole:#x}"),
            format!("0{whole:o}"),
            format!("{a:#x}.{b:#x}.{c:#x}.{d:#x}"),
            format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
            format!("00{a:o}.{b}.{c:#x}.{d}"),
            format!("{a}.{low}"),
            format!("{a}.{b}.{}", c << 8 | d),
            format!("{a:#x}.{low:#x}"),
            format!("user@{a}.{b}.{c}.{d}"),
            format!("public.example:80@{a}.{b}.{c}.{d}"),
            format!("{a}。{b}。{c}。{d}"),
            format!("{a}%2E{b}%2E{c}%2E{d}"),
            format!("{a}.{b}.{c}.{d}").chars().map(|c| if c == '.' { '．' } else { to_full_width(c) }).collect(),
            format!("[::ffff:{a}.{b}.{c}.{d}]"),
            format!("[::{a}.{b}.{c}.{d}]"),
            format!("[64:ff9b::{a}.{b}.{c}.{d}]"),
            format!("[2002:{:x}:{:x}::1]", a << 8 | b, c << 8 | d),
        ]);
    }
    let others = [
        "0",
        "0.0.0.0",
        "0x0",
        "127.2",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[fe80::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[ff02::1]",
        "[fec0::1]",
        "[2001:db8::1]",
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "172.16.0.1",
        "198.18.0.1",
        "192.0.0.170",
        "168.63.129.16",
        "①②⑦.⓪.⓪.②",
        "localhost6",
        "ip6-localhost",
        "ip6-loopback",
    ];
    all.extend(others.map(str::to_owned));
    all
}

fn to_full_width(c: char) -> char {
    char::from_u32(0xFF10 + (c as u32 - '0' as u32)).unwrap()
}

/// Syncs a source for each address, which `line` writes into the settings. Every run must fail with one of these words.
fn assert_refused_through(
    site: &Site,
    trap: &ConnectionTrap,
    (url, words): (&str, &[&str]),
    line: impl Fn(usize, &str) -> String,
) {
    let all = private_addresses();
    assert!(all.len() >= 100, "only {}", all.len());
    let lines = |(n, address): (usize, &String)| {
        let more = line(n, &format!("http://{}", with_port(address, trap.port)));
        let text =
            format!("[[source]]\nname = \"s{n}\"\ninstitution_code = \"I\"\npassword_env = \"PASSWORD\"\n{more}\n");
        if text.contains("base_url") { text } else { format!("{text}base_url = \"{url}\"\n") }
    };
    // An address with a user in it is no base_url at all.
    let is_login =
        |address: &str, text: &str| address.contains('@') && text.contains(&format!("base_url = \"http://{address}"));
    let (logins, sources): (Vec<_>, Vec<_>) = all
        .iter()
        .enumerate()
        .map(|place| (place, lines(place)))
        .partition(|((_, address), text)| is_login(address, text));
    let settings = |sources: &str| format!("timeout_ms = 2000\nallow_networks = [\"127.0.0.1\"]\n{sources}");
    for ((_, address), text) in logins {
        site.write_settings(&settings(&text));
        let out = site.run_with_env(&["sync", "--all"], &[("HUILIU_ALLOW_NETWORKS", "")]);
        let told = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(!out.status.success() && told.contains("holds a user or a password"), "{address}: {told}");
    }
    let (places, sources): (Vec<_>, Vec<String>) = sources.into_iter().unzip();
    site.write_settings(&settings(&sources.concat()));
    let out = site.run_with_env(&["sync", "--all", "--json"], &[("HUILIU_ALLOW_NETWORKS", "")]);
    let pass: serde_json::Value =
        serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&out.stderr)));
    for (n, run) in pass["sources"].as_array().unwrap().iter().enumerate() {
        let why = run["failure"]["message"].as_str().unwrap_or("none");
        assert!(words.iter().any(|words| why.contains(words)), "{:?}: {why}", places[n]);
    }
    assert_eq!(pass["sources"].as_array().unwrap().len(), places.len());
    assert_eq!(trap.connection_count(), 0, "connections were made");
}

/// Puts the port after the host.
fn with_port(address: &str, port: u16) -> String {
    format!("{address}:{port}")
}

/// A host that runs the test may not know its own names, so an unreachable address is accepted too.
const REFUSED: &[&str] = &["not a public address", "cannot be reached"];

#[test]
fn a_private_address_is_refused_as_base_url() {
    let trap = ConnectionTrap::start_listening();
    let platform = Platform::start(|_| page_of_records(0..1, ""));
    let site = Site::new(&platform, &Says::default());
    assert_refused_through(&site, &trap, ("", REFUSED), |_, url| format!("connector = \"p\"\nbase_url = \"{url}\""));
}

/// Private addresses are refused as an object store's address and as the target of its redirect.
#[test]
fn a_private_address_is_refused_as_object_store() {
    let trap = ConnectionTrap::start_listening();
    let port = trap.port;
    let platform = Platform::start(move |a| {
        let n = a.path.trim_matches('/').parse().unwrap_or(0usize);
        let to = format!("http://{}/x", with_port(&private_addresses()[n], port));
        Answer::new(307, "").with_header("location", if to.is_ascii() { &to } else { "http://127.0.0.2/" })
    });
    let transport = "kind = \"files\"\nnames = [\"*\"]\nbucket = { name = \"${settings.n}\", style = \"path\" }";
    let says = Says { transport, stream: "format = { kind = \"json\", items = \"\" }", ..Says::default() };
    let site = Site::new(&platform, &says);
    assert_refused_through(&site, &trap, ("", REFUSED), |n, url| {
        format!("connector = \"p\"\nbase_url = \"{url}\"\nsettings = {{ n = \"{n}\" }}")
    });
    assert_refused_through(&site, &trap, (&platform.url, &["redirects are not followed"]), |n, _| {
        format!("connector = \"p\"\nsettings = {{ n = \"{n}\" }}")
    });
}

/// A token is requested only at the source's own host; a manifest with another token host is invalid.
#[test]
fn a_private_address_is_refused_as_token_url() {
    let trap = ConnectionTrap::start_listening();
    let platform = Platform::start(|_| page_of_records(0..1, ""));
    let site = Site::new(&platform, &Says::default());
    for address in private_addresses() {
        let url = format!("http://{}", with_port(&address, trap.port));
        let transport = format!("kind = \"http\"\nauth = {{ kind = \"oauth2\", token_path = \"{url}/token\" }}");
        let says = Says { transport: &transport, ..Says::default() };
        let fault = Manifest::parse("m.toml", &manifest_text("p", &says)).unwrap_err().to_string();
        assert!(fault.contains("it leads to another host"), "{address}: {fault}");
        site.write_connector("p", &says);
    }
    let said = site.run(&["sync", "--all"]);
    assert!(!said.status.success() && String::from_utf8_lossy(&said.stderr).contains("it leads to another host"));
    assert!(platform.requests().is_empty() && trap.connection_count() == 0);
}

/// A path in a manifest stays on the host of `base_url`, whatever values are put into it, so the password goes nowhere
/// else.
#[test]
fn a_path_of_a_manifest_leads_to_no_other_host() {
    let (platform, other) =
        (Platform::start(|_| page_of_records(0..1, "")), Platform::start(|_| page_of_records(0..1, "")));
    let host = other.url.trim_start_matches("http://").to_owned();
    let transport = "kind = \"http\"\nauth = { kind = \"bearer\" }";
    let format = "format = { kind = \"json\", items = \"items\" }";
    for path in [&other.url, &format!("//{host}/x"), &format!("/\\{host}/x"), "http://127.0.0.1:1/x", "https:x"] {
        let stream = format!("request = '{path}'\n{format}");
        let site = Site::new(&platform, &Says { transport, stream: &stream, ..Says::default() });
        let folder = site.house.dir.0.join("manifests/p");
        let out = site.run(&["connectors", "check", folder.to_str().unwrap()]);
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(!out.status.success() && said.contains(":15:") && said.contains("it leads to another host"), "{said}");
    }
    let stream = format!("request = '/${{settings.p}}/x'\n{format}");
    let site = Site::new(&platform, &Says { transport, stream: &stream, ..Says::default() });
    for p in [format!("/{host}"), format!("\\{host}")] {
        site.write_source(&format!("settings = {{ p = '{p}' }}"));
        let said = site.sync_expecting_failure();
        assert!(said.contains(&format!("leads to another host, {host}")), "{said}");
    }
    site.write_source("settings = { p = 'v2' }");
    assert_eq!((site.sync(), platform.requests().len(), other.requests().len()), ((1, 1), 1, 0));
}

/// Private addresses are refused in the platform's own answers: link to the next page, export file, redirect.
#[test]
fn a_private_address_is_refused_in_links_of_a_platform() {
    let trap = ConnectionTrap::start_listening();
    let port = trap.port;
    let platform = Platform::start(move |a| {
        let mut steps = a.path.trim_matches('/').split('/');
        let (door, n) = (steps.next().unwrap_or_default(), steps.next().and_then(|n| n.parse().ok()).unwrap_or(0usize));
        let to = format!("http://{}/x", with_port(&private_addresses()[n], port));
        match door {
            "next" => page_of_records(0..1, &format!("\"more\":{}", serde_json::json!(to))),
            "order" => Answer::json(r#"{"id":1}"#),
            "poll" => Answer::json(serde_json::json!({ "state": "done", "url": to }).to_string()),
            // A header can only contain ASCII.
            _ => Answer::new(307, "").with_header("location", if to.is_ascii() { &to } else { "http://127.0.0.2/" }),
        }
    });
    let next = "request = \"/next/${settings.n}\"\nformat = { kind = \"json\", items = \"items\" }\npage = { by = \"link\", next = \"more\", size = 1 }";
    let export = "format = { kind = \"json\", items = \"\" }\nexport = { create = \"/order/${settings.n}\", id = \"id\", poll = \"/poll/${settings.n}\", \
         state = \"state\", ready = [\"done\"], link = \"url\", download = \"/x\" }";
    let redirect = "request = \"/redirect/${settings.n}\"\nformat = { kind = \"json\", items = \"items\" }";
    for (stream, words) in [
        (next, &["another host", "is not a URL"][..]),
        (export, &["not a public address", "cannot be reached", "is not a URL"]),
        (redirect, &["redirects are not followed"]),
    ] {
        let site = Site::new(&platform, &Says { stream, ..Says::default() });
        let line = |n: usize, _: &str| format!("connector = \"p\"\nsettings = {{ n = \"{n}\" }}");
        assert_refused_through(&site, &trap, (&platform.url, words), line);
    }
}

/// An allowed network is read, and no other. The refusal names the address and the remedy.
#[test]
fn an_allowed_network_is_read() {
    let platform = Platform::start(|_| page_of_records(0..3, ""));
    let site = Site::new(&platform, &Says { stream: JSON, ..Says::default() });
    for (allowed, read) in [("", false), ("127.0.0.2, 10.0.0.0/8", false), ("127.0.0.0/8", true), ("127.0.0.1", true)] {
        let out = site.run_with_env(&["sync", "--all"], &[("HUILIU_ALLOW_NETWORKS", allowed)]);
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.success(), read, "{allowed}: {said}");
        assert!(
            read || said.contains("127.0.0.1, which is not a public address") && said.contains("allow_networks"),
            "{said}"
        );
    }
    let out = site.run_with_env(&["sync", "--all"], &[("HUILIU_ALLOW_NETWORKS", "10.0.0.0/33")]);
    assert_eq!(out.status.code(), Some(2));
}
