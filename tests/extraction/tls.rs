//! Client certificates: a platform that accepts only clients with a certificate of its own authority.

use std::io::BufReader;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::{Answer, JSON, Platform, Says, SeenRequest, Site, page_of_records, platform, records_json};

/// Creates an authority that signs certificates of localhost.
fn new_authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Creates a certificate and its key, in PEM, and both in the types of `rcgen`.
fn sign_certificate(by: &CertifiedIssuer<'static, KeyPair>) -> (String, String, rcgen::Certificate, KeyPair) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, by).unwrap();
    (certificate.pem(), key.serialize_pem(), certificate, key)
}

/// Whether a client must show a certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asks {
    Always,
    Politely,
}

type Respond = dyn Fn(&SeenRequest) -> Answer + Send + Sync;

/// Serves answers over TLS with a certificate of an authority, and asks each client for one. Returns the port, and where
/// it is noted for each request whether the client showed a certificate.
fn serve(by: &CertifiedIssuer<'static, KeyPair>, asks: Asks, answer: Arc<Respond>) -> (u16, Arc<Mutex<Vec<bool>>>) {
    let (_, _, certificate, key) = sign_certificate(by);
    let mut roots = RootCertStore::empty();
    roots.add(by.der().clone()).unwrap();
    let clients = WebPkiClientVerifier::builder(Arc::new(roots));
    let clients = if asks == Asks::Politely { clients.allow_unauthenticated() } else { clients };
    let config = ServerConfig::builder()
        .with_client_cert_verifier(clients.build().unwrap())
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (config, shown) = (Arc::new(config), Arc::new(Mutex::new(vec![])));
    let noted = Arc::clone(&shown);
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), client);
            // Read from and written to through the same connection, one after the other.
            let mut answered = Vec::new();
            let seen = Mutex::default();
            let done = platform::answer_request(&mut BufReader::new(&mut stream), &mut answered, &answer, &seen);
            if done.is_some() {
                noted.lock().unwrap().push(stream.conn.peer_certificates().is_some());
                let _ = std::io::Write::write_all(&mut stream, &answered);
                stream.conn.send_close_notify();
                let _ = std::io::Write::flush(&mut stream);
            }
        }
    });
    (port, shown)
}

const SECRETS: &str = "secrets_env = { certificate = \"CERTIFICATE\", private_key = \"PRIVATE_KEY\" }\n";

fn write_source(site: &Site, port: u16) {
    site.write_settings(&format!(
        "[[source]]\nname = \"a\"\nconnector = \"p\"\ninstitution_code = \"I\"\nbase_url = \"https://127.0.0.1:{port}\"\n{SECRETS}"
    ));
}

/// Syncs with a certificate that an authority has signed. The platform's own authority is trusted like the system's.
fn sync_with_certificate(
    site: &Site,
    by: &CertifiedIssuer<'static, KeyPair>,
    trusted: &CertifiedIssuer<'static, KeyPair>,
) -> (bool, String) {
    let file = site.house.dir.0.join("authority.pem");
    std::fs::write(&file, trusted.pem()).unwrap();
    let (certificate, key, ..) = sign_certificate(by);
    let env = [("CERTIFICATE", &*certificate), ("PRIVATE_KEY", &key), ("SSL_CERT_FILE", file.to_str().unwrap())];
    let out = site.run_with_env(&["sync", "--all"], &env);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(!said.contains("PRIVATE KEY"), "{said}");
    (out.status.success(), said)
}

#[test]
fn a_client_certificate_is_shown() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (ours, foreign) = (new_authority(), new_authority());
    let (port, shown) = serve(&ours, Asks::Always, Arc::new(|_| page_of_records(0..3, "")));
    let plain = Platform::start(|_| Answer::new(404, ""));
    let transport = "kind = \"http\"\nauth = { kind = \"certificate\" }";
    let site = Site::new(&plain, &Says { transport, stream: JSON, map: "" });
    write_source(&site, port);
    let (done, said) = sync_with_certificate(&site, &foreign, &ours);
    assert!(!done, "a foreign certificate was let in: {said}");
    let (done, said) = sync_with_certificate(&site, &ours, &ours);
    assert!(done, "{said}");
    assert_eq!(site.run_json(&["balance", "--json"])["inserted"], 3);
    assert_eq!(*shown.lock().unwrap(), [true]);
}

/// The file of an export may be on another host. It gets no credentials, and is not told who asks either.
#[test]
fn a_client_certificate_is_shown_to_the_platform_alone() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let ours = new_authority();
    let (other, shown_to_other) = serve(&ours, Asks::Politely, Arc::new(|_| Answer::json(records_json(0..4))));
    let file = format!("https://127.0.0.1:{other}/file");
    let answer = move |asked: &SeenRequest| match asked.method.as_str() {
        "POST" => Answer::json(r#"{"job":{"id":"E1"}}"#),
        _ => Answer::json(format!(r#"{{"job":{{"state":"done","file":"{file}"}}}}"#)),
    };
    let (port, shown) = serve(&ours, Asks::Politely, Arc::new(answer));
    let plain = Platform::start(|_| Answer::new(404, ""));
    let transport = "kind = \"http\"\nauth = { kind = \"certificate\" }";
    let stream = "format = { kind = \"json\", items = \"\" }\nexport = { create = { path = \"/orders\", method = \"post\" }, \
                  id = \"job.id\", poll = \"/orders/${export}\", state = \"job.state\", ready = [\"done\"], \
                  link = \"job.file\", download = \"/orders/${export}/file\" }";
    let site = Site::new(&plain, &Says { transport, stream, map: "" });
    write_source(&site, port);
    let (done, said) = sync_with_certificate(&site, &ours, &ours);
    assert!(done, "{said}");
    assert_eq!(site.run_json(&["balance", "--json"])["inserted"], 4);
    assert_eq!((&*shown.lock().unwrap(), &*shown_to_other.lock().unwrap()), (&vec![true, true], &vec![false]));
}
