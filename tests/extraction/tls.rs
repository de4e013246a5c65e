//! Client certificates: a platform that accepts only clients with a certificate of its own authority.

use std::io::BufReader;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::{Answer, JSON, Platform, Says, Site, page_of_records, platform};

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

#[test]
fn a_client_certificate_is_shown() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (ours, foreign) = (new_authority(), new_authority());
    let (_, _, certificate, key) = sign_certificate(&ours);
    let mut roots = RootCertStore::empty();
    roots.add(ours.der().clone()).unwrap();
    let clients = WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap();
    let config = ServerConfig::builder()
        .with_client_cert_verifier(clients)
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = Arc::new(config);
    std::thread::spawn(move || {
        let answer: Arc<dyn Fn(&super::SeenRequest) -> Answer + Send + Sync> = Arc::new(|_| page_of_records(0..3, ""));
        for client in listener.incoming().flatten() {
            let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), client);
            // Read from and written to through the same connection, one after the other.
            let mut answered = Vec::new();
            let seen = Mutex::default();
            let done = platform::answer_request(&mut BufReader::new(&mut stream), &mut answered, &answer, &seen);
            if done.is_some() {
                let _ = std::io::Write::write_all(&mut stream, &answered);
                stream.conn.send_close_notify();
                let _ = std::io::Write::flush(&mut stream);
            }
        }
    });
    let plain = Platform::start(|_| Answer::new(404, ""));
    let transport = "kind = \"http\"\nauth = { kind = \"certificate\" }";
    let site = Site::new(&plain, &Says { transport, stream: JSON, map: "" });
    site.write_settings(&format!(
        "[[source]]\nname = \"a\"\nconnector = \"p\"\ninstitution_code = \"I\"\nbase_url = \"https://127.0.0.1:{port}\"\n\
         secrets_env = {{ certificate = \"CERTIFICATE\", private_key = \"PRIVATE_KEY\" }}\n"
    ));
    // The platform's own authority is trusted like the system's authorities.
    let trusted = site.house.dir.0.join("authority.pem");
    std::fs::write(&trusted, ours.pem()).unwrap();
    let sync = |by: &CertifiedIssuer<'static, KeyPair>| {
        let (certificate, key, ..) = sign_certificate(by);
        let env = [("CERTIFICATE", &*certificate), ("PRIVATE_KEY", &key), ("SSL_CERT_FILE", trusted.to_str().unwrap())];
        let out = site.run_with_env(&["sync", "--all"], &env);
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(!said.contains("PRIVATE KEY"), "{said}");
        (out.status.success(), said)
    };
    let (done, said) = sync(&foreign);
    assert!(!done, "a foreign certificate was let in: {said}");
    let (done, said) = sync(&ours);
    assert!(done, "{said}");
    assert_eq!(site.run_json(&["balance", "--json"])["inserted"], 3);
}
