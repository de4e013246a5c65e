//! Signs requests, anew for every attempt.

use chrono::Utc;
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest as _, Md5};
use sha2::Sha256;
use sm3::Sm3;

use crate::endpoint::Endpoint;
use crate::failure::{Cause, Failure};
use crate::http::request::FilledRequest;
use huiliu_manifest::Sign;
use huiliu_manifest::transport::{SignAlgorithm, StampForm};
use huiliu_values::calendar::shanghai_offset;
use huiliu_vault::keys::hex_encode;

/// Time stamp and nonce of one attempt.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) timestamp: String,
    pub(crate) nonce: String,
}

impl Attempt {
    /// Takes the current time and a fresh nonce.
    pub(crate) fn new(form: StampForm) -> Result<Self, Failure> {
        Ok(Self { timestamp: format_timestamp(form), nonce: random_hex()? })
    }
}

/// Returns a nonce of 32 hexadecimal digits.
pub(crate) fn random_hex() -> Result<String, Failure> {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(|e| Failure::retryable(Cause::Random { why: e.to_string() }))?;
    Ok(hex_encode(&nonce))
}

fn format_timestamp(form: StampForm) -> String {
    let now = Utc::now();
    match form {
        StampForm::Seconds => now.timestamp().to_string(),
        StampForm::Milliseconds => now.timestamp_millis().to_string(),
        StampForm::Digits => shanghai_offset()
            .map_or_else(String::new, |zone| now.with_timezone(&zone).format("%Y%m%d%H%M%S").to_string()),
    }
}

/// Adds application id, time stamp, nonce and signature to a request.
pub(crate) fn sign_request(
    rule: &Sign,
    endpoint: &Endpoint,
    attempt: Attempt,
    filled: &mut FilledRequest,
) -> Result<(), Failure> {
    let added = [
        (rule.app_id.clone(), endpoint.user.clone()),
        (rule.timestamp.clone(), attempt.timestamp),
        (rule.nonce.clone(), attempt.nonce),
    ];
    let mut all: Vec<(&String, &String)> =
        filled.signed_parameters().chain(&added).map(|(name, value)| (name, value)).collect();
    let signed: Vec<String> = if rule.order.is_empty() {
        all.sort();
        all.iter().map(|(name, value)| format!("{name}={value}")).collect()
    } else {
        let value = |name: &String| all.iter().find(|(of, _)| *of == name).map(|(_, value)| format!("{name}={value}"));
        rule.order.iter().filter_map(value).collect()
    };
    let signature = compute_signature(rule, &signed.join("&"), &endpoint.password)?;
    for (name, value) in added {
        filled.add_credential(rule.carrier, &name, value);
    }
    filled.add_credential(rule.carrier, &rule.signature, signature);
    Ok(())
}

fn compute_signature(rule: &Sign, text: &str, key: &str) -> Result<String, Failure> {
    let with_key = format!("{text}{}{key}", rule.before_key);
    Ok(match rule.algorithm {
        SignAlgorithm::HmacSha256 => hex_encode(&hmac_sha256(key.as_bytes(), text.as_bytes())?),
        SignAlgorithm::HmacSm3 => {
            let mut mac = Hmac::<Sm3>::new_from_slice(key.as_bytes()).map_err(key_failure)?;
            mac.update(text.as_bytes());
            hex_encode(&mac.finalize().into_bytes())
        }
        SignAlgorithm::Md5 => hex_encode(&Md5::digest(with_key)),
        SignAlgorithm::Sm3 => hex_encode(&Sm3::digest(with_key)),
    })
}

/// Computes the HMAC-SHA256 of a text.
pub(crate) fn hmac_sha256(key: &[u8], text: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(key_failure)?;
    mac.update(text);
    Ok(mac.finalize().into_bytes().to_vec())
}

fn key_failure(e: impl std::fmt::Display) -> Failure {
    Failure::fatal(Cause::SigningKey { why: e.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sources: SM3 from GB/T 32905-2016, MD5 from RFC 1321, HMAC-SHA256 from RFC 4231.
    #[test]
    fn matches_published_examples() {
        let rule = |algorithm| Sign {
            algorithm,
            app_id: String::new(),
            timestamp: String::new(),
            stamp: StampForm::Seconds,
            nonce: String::new(),
            signature: String::new(),
            order: vec![],
            carrier: huiliu_manifest::transport::Carrier::Query,
            before_key: String::new(),
        };
        let sm3 = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";
        assert_eq!(compute_signature(&rule(SignAlgorithm::Sm3), "ab", "c").unwrap(), sm3);
        assert_eq!(
            compute_signature(&rule(SignAlgorithm::Md5), "a", "bc").unwrap(),
            "900150983cd24fb0d6963f7d28e17f72"
        );
        let mac = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let text = "what do ya want for nothing?";
        assert_eq!(compute_signature(&rule(SignAlgorithm::HmacSha256), text, "Jefe").unwrap(), mac);
    }
}
