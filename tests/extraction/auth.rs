//! Every kind of authorisation: with the right key records come, with a wrong one the platform refuses.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::{Digest as _, Md5};
use sha2::Sha256;
use sm3::Sm3;
use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Answer, JSON, PASSWORD, Platform, Says, SeenRequest, Site, page_of_records};

/// Starts a platform that answers only requests that pass, and reads it with a wrong and with the right password.
fn check_authorisation(transport: &str, passes: impl Fn(&SeenRequest) -> bool + Send + Sync + 'static) {
    let platform =
        Platform::start(
            move |asked| if passes(asked) { page_of_records(0..3, "") } else { Answer::new(401, "who are you") },
        );
    let transport = format!("kind = \"http\"\n{transport}");
    let site = Site::new(&platform, &Says { transport: &transport, stream: JSON, map: "" });
    check_wrong_password(&site, &platform);
    assert_eq!(site.sync(), (3, 3), "{transport}");
}

/// Checks that a sync with a wrong password ends after a few requests and reports the refusal.
fn check_wrong_password(site: &Site, platform: &Platform) {
    let out = site.run_with_env(&["sync", "--all"], &[("PASSWORD", "wrong-password")]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.code() == Some(1) && said.contains("rejects the user and password"), "{said}");
    assert!(!said.contains("wrong-password"), "{said}");
    assert!(platform.requests().len() <= 4, "asked {} times with a wrong password", platform.requests().len());
}

#[test]
fn basic() {
    let right = format!("Basic {}", STANDARD.encode(format!("huiliu:{PASSWORD}")));
    check_authorisation("auth = { kind = \"basic\" }", move |asked| asked.header("authorization") == right);
}

#[test]
fn bearer() {
    check_authorisation("auth = { kind = \"bearer\" }", |asked| {
        asked.header("authorization") == format!("Bearer {PASSWORD}")
    });
}

#[test]
fn api_key_in_header_query_and_cookie() {
    check_authorisation("auth = { kind = \"api_key\", name = \"X-Key\" }", |asked| asked.header("x-key") == PASSWORD);
    check_authorisation("auth = { kind = \"api_key\", carrier = \"query\", name = \"key\" }", |asked| {
        asked.param("key") == PASSWORD
    });
    let transport = "auth = { kind = \"api_key\", carrier = \"cookie\", name = \"key\" }";
    check_authorisation(transport, |asked| asked.header("cookie") == format!("key={PASSWORD}"));
}

/// Starts a platform with a token server. A token is valid for two requests.
fn token_platform(auth: &str, grants: impl Fn(&SeenRequest) -> bool + Send + Sync + 'static) -> (Platform, Site) {
    let (given, used) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let platform = Platform::start(move |asked| {
        if asked.path == "/token" {
            let n = given.fetch_add(1, Ordering::SeqCst) + 1;
            used.store(0, Ordering::SeqCst);
            return match asked.method == "POST" && grants(asked) {
                true => Answer::json(format!(r#"{{"access_token":"t{n}","expires_in":3600}}"#)),
                false => Answer::json(r#"{"error":"invalid_client"}"#).with_status(400),
            };
        }
        let right = asked.header("authorization") == format!("Bearer t{}", given.load(Ordering::SeqCst));
        if !right || used.fetch_add(1, Ordering::SeqCst) >= 2 {
            return Answer::new(401, "expired");
        }
        let n = asked.number_param("page");
        page_of_records(n * 2 - 2..if n < 3 { n * 2 } else { 5 }, "")
    });
    let transport = format!("kind = \"http\"\nauth = {auth}");
    let stream = format!("{JSON}\npage = {{ by = \"number\", param = \"page\", size = 2 }}");
    let site = Site::new(&platform, &Says { transport: &transport, stream: &stream, map: "" });
    (platform, site)
}

fn check_token_auth(auth: &str, grants: impl Fn(&SeenRequest) -> bool + Send + Sync + 'static) {
    let (platform, site) = token_platform(auth, grants);
    check_wrong_password(&site, &platform);
    let before = platform.requests_for("/token").len();
    assert_eq!(site.sync(), (5, 5), "{auth}");
    // The token expired once and was renewed once.
    assert_eq!(platform.requests_for("/token").len() - before, 2, "{auth}");
}

#[test]
fn oauth2_client_credentials_with_a_scope() {
    check_token_auth(r#"{ kind = "oauth2", token_path = "/token", scope = "read all" }"#, |asked| {
        let form = asked.form_fields();
        form["grant_type"] == "client_credentials"
            && form["client_id"] == "huiliu"
            && form["client_secret"] == PASSWORD
            && form["scope"] == "read all"
    });
}

#[test]
fn oauth2_with_a_jwt_assertion() {
    check_token_auth(r#"{ kind = "jwt", token_path = "/token", audience = "https://p" }"#, |asked| {
        let form = asked.form_fields();
        let (text, signature) = form["assertion"].rsplit_once('.').unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(PASSWORD.as_bytes()).unwrap();
        mac.update(text.as_bytes());
        let claims = URL_SAFE_NO_PAD.decode(text.split_once('.').unwrap().1).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        form["grant_type"].ends_with("jwt-bearer")
            && mac.verify_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap()).is_ok()
            && claims["iss"] == "huiliu"
            && claims["aud"] == "https://p"
            && claims["exp"].as_i64() > claims["iat"].as_i64()
    });
}

#[test]
fn oauth2_with_a_refresh_token() {
    let auth = r#"{ kind = "oauth2_refresh", token_path = "/token" }"#;
    let (platform, site) = token_platform(auth, |asked| {
        let form = asked.form_fields();
        form["grant_type"] == "refresh_token" && form["refresh_token"] == "long-lived"
    });
    site.write_source("secrets_env = { refresh_token = \"REFRESH\" }");
    let sync = |token| site.run_with_env(&["sync", "--all"], &[("REFRESH", token)]);
    let out = sync("another-one");
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.code() == Some(1) && said.contains("rejects") && !said.contains("another-one"), "{said}");
    assert!(sync("long-lived").status.success());
    assert_eq!(platform.requests_for("/list").len(), 5);
}

#[test]
fn a_session_by_token_and_by_cookie() {
    let login = "login = { path = \"/login\", method = \"post\", body = { kind = \"form\", fields = { u = \"${user}\", p = \"${password}\" } } }";
    let by_token = format!(
        "auth = {{ kind = \"session\", {login}, token = \"data.token\", name = \"X-Token\", prefix = \"T \" }}"
    );
    let by_cookie = format!("auth = {{ kind = \"session\", {login} }}");
    for (auth, cookie) in [(by_token, false), (by_cookie, true)] {
        let ends = AtomicUsize::new(0);
        let platform = Platform::start(move |asked| {
            let known =
                if cookie { asked.header("cookie") == "sid=s1; k=2" } else { asked.header("x-token") == "T s1" };
            match asked.path.as_str() {
                "/login" if asked.form_fields()["p"] != PASSWORD => {
                    Answer::json(r#"{"code":1,"message":"no"}"#).with_status(403)
                }
                "/login" if cookie => Answer::new(302, "")
                    .with_header("location", "/home")
                    .with_header("set-cookie", "sid=s1; Path=/; HttpOnly")
                    .with_header("set-cookie", "k=2"),
                "/login" => Answer::json(r#"{"code":0,"data":{"token":"s1"}}"#),
                // The session ends once, and the platform answers with its login page.
                _ if !known || ends.fetch_add(1, Ordering::SeqCst) == 1 => {
                    Answer::new(200, "<html>login</html>").with_header("content-type", "text/html; charset=utf-8")
                }
                _ => {
                    let n = asked.number_param("page");
                    page_of_records(n * 2 - 2..if n < 3 { n * 2 } else { 5 }, "")
                }
            }
        });
        let transport = format!("kind = \"http\"\n{auth}");
        let stream = format!("{JSON}\npage = {{ by = \"number\", param = \"page\", size = 2 }}");
        let site = Site::new(&platform, &Says { transport: &transport, stream: &stream, map: "" });
        check_wrong_password(&site, &platform);
        assert_eq!(site.sync(), (5, 5), "{auth}");
    }
}

fn to_hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

/// Signs as the platform's operator does.
fn sign_text(algorithm: &str, text: &str) -> String {
    let with_key = format!("{text}&key={PASSWORD}");
    match algorithm {
        "hmac_sha256" => {
            let mut mac = Hmac::<Sha256>::new_from_slice(PASSWORD.as_bytes()).unwrap();
            mac.update(text.as_bytes());
            to_hex(mac.finalize().into_bytes())
        }
        "hmac_sm3" => {
            let mut mac = Hmac::<Sm3>::new_from_slice(PASSWORD.as_bytes()).unwrap();
            mac.update(text.as_bytes());
            to_hex(mac.finalize().into_bytes())
        }
        "md5" => to_hex(Md5::digest(with_key)),
        _ => to_hex(Sm3::digest(with_key)),
    }
}

/// A link's parameters are signed as well; a signature that it repeats from the last request is left out.
#[test]
fn a_link_is_signed_too() {
    let platform = Platform::start(|asked| {
        let mut signed: Vec<(&str, &str)> =
            asked.query.iter().filter(|(n, _)| n != "sign").map(|(n, v)| (n.as_str(), v.as_str())).collect();
        signed.sort_unstable();
        let once = signed.windows(2).all(|pair| pair[0].0 != pair[1].0);
        let text = signed.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join("&");
        if !once || asked.param("sign") != sign_text("hmac_sha256", &text) {
            return Answer::new(401, "");
        }
        let n = asked.number_param("p");
        let all =
            asked.query.iter().filter(|(name, _)| name != "p").map(|(n, v)| format!("&{n}={v}")).collect::<String>();
        let more = if n < 2 { format!("\"more\":\"/list?p={}{all}\"", n + 1) } else { String::new() };
        page_of_records(n..n + 1, &more)
    });
    let transport = "kind = \"http\"\nauth = { kind = \"sign\", rule = { app_id = \"appId\", timestamp = \"ts\", nonce = \"nonce\", signature = \"sign\" } }";
    let stream = format!("{JSON}\npage = {{ by = \"link\", next = \"more\", size = 1 }}");
    let site = Site::new(&platform, &Says { transport, stream: &stream, map: "" });
    assert_eq!(site.sync(), (3, 3));
}

/// Each attempt has its own nonce and the current time. The first attempt for every page fails, so that it is repeated.
#[test]
fn signatures_are_made_anew_at_every_attempt() {
    for (algorithm, carrier, order) in [
        ("hmac_sha256", "query", "order = [\"page\", \"appId\", \"nonce\", \"ts\"],"),
        ("hmac_sm3", "header", ""),
        ("md5", "query", ""),
        ("sm3", "query", ""),
    ] {
        let (nonces, failed) = (Mutex::new(HashSet::new()), Mutex::new(HashSet::new()));
        let ordered = !order.is_empty();
        let platform = Platform::start(move |asked| {
            let of =
                |name: &str| if carrier == "header" { asked.header(&name.to_lowercase()) } else { asked.param(name) };
            let mut signed: Vec<(&str, &str)> =
                vec![("page", asked.param("page")), ("appId", of("appId")), ("nonce", of("nonce")), ("ts", of("ts"))];
            if !ordered {
                signed.sort_unstable();
            }
            let text = signed.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join("&");
            let now = chrono::Utc::now().timestamp();
            let fresh = of("ts").parse::<i64>().is_ok_and(|ts| (ts - now).abs() < 60);
            if of("sign") != sign_text(algorithm, &text) || !fresh || of("appId") != "huiliu" {
                return Answer::new(401, "bad signature");
            }
            if !nonces.lock().unwrap().insert(of("nonce").to_owned()) {
                return Answer::new(403, "replayed");
            }
            if failed.lock().unwrap().insert(asked.param("page").to_owned()) {
                return Answer::new(503, "");
            }
            page_of_records(asked.number_param("page") * 2 - 2..if asked.number_param("page") == 1 { 2 } else { 3 }, "")
        });
        let transport = format!(
            "kind = \"http\"\nauth = {{ kind = \"sign\", rule = {{ algorithm = \"{algorithm}\", app_id = \"appId\", timestamp = \"ts\", \
             nonce = \"nonce\", signature = \"sign\", {order} carrier = \"{carrier}\", before_key = \"&key=\" }} }}"
        );
        let stream = format!("{JSON}\npage = {{ by = \"number\", param = \"page\", size = 2 }}");
        let site = Site::new(&platform, &Says { transport: &transport, stream: &stream, map: "" });
        check_wrong_password(&site, &platform);
        assert_eq!(site.sync(), (3, 3), "{algorithm}");
    }
}
