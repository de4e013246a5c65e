//! Decides who may push payloads over HTTP: a sender that knows the source's secret and proves it with the secret
//! itself or with a signature.
//!
//! A signature is `hex(HMAC-SHA256(secret, "{timestamp}
//! {path}
//! {key}
//! " + body))`. Because it covers source, stream and key besides the body, it cannot be reused for another of them;
//! the time stamp limits how long it can be used.

use hmac::{Hmac, KeyInit as _, Mac as _};
use huiliu_messages::said_in_english;
use serde::Serialize;
use sha2::Sha256;

use huiliu_decode::payload::Payload;
use huiliu_vault::keys::hex_decode;

/// Maximum difference between a sender's clock and ours, in seconds.
const MAX_SKEW: i64 = 300;
/// Minimum length of a secret, in bytes.
const MIN_SECRET: usize = 16;
/// Maximum length of a key, in bytes.
const MAX_KEY: usize = 200;

/// How a sender proves that it knows the secret.
#[derive(Debug, Clone, Copy)]
pub enum Proof<'a> {
    /// The secret itself.
    Bearer(&'a str),
    /// A signature of the request.
    Signature {
        /// Seconds since 1970, as sent.
        timestamp: &'a str,
        /// The signature, in hexadecimal digits.
        signature: &'a str,
    },
}

/// What a sender pushes.
#[derive(Debug, Clone, Copy)]
pub struct PushedBody<'a> {
    /// Path and query of the request, as sent.
    pub path: &'a str,
    /// The sender's idempotency key: the same key means the same payload.
    pub key: &'a str,
    /// The payload.
    pub body: &'a Payload,
}

/// Why a sender is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum PushAuthError {
    /// Wrong secret, or a signature that does not match.
    #[serde(rename = "push.secret")]
    Secret,
    /// The time stamp of the signature is too far from our clock.
    #[serde(rename = "push.time")]
    Time,
    /// The key is empty, too long or not printable ASCII.
    #[serde(rename = "push.key")]
    Key,
}

said_in_english!(PushAuthError);

/// Whether a secret is long enough to be accepted.
#[must_use]
pub fn is_secret(secret: &str) -> bool {
    secret.len() >= MIN_SECRET
}

/// Checks that a key can be stored.
///
/// # Errors
/// [`PushAuthError::Key`] if it is empty, longer than 200 bytes or not printable ASCII.
pub fn check_key(key: &str) -> Result<(), PushAuthError> {
    let good = !key.is_empty() && key.len() <= MAX_KEY && key.bytes().all(|b| b.is_ascii_graphic());
    if good { Ok(()) } else { Err(PushAuthError::Key) }
}

/// Checks a proof at a time in seconds since 1970. The time it takes does not depend on which part is wrong.
///
/// # Errors
/// [`PushAuthError`] if the proof does not hold.
pub fn check_proof(secret: &str, proof: Proof<'_>, handed: PushedBody<'_>, now: i64) -> Result<(), PushAuthError> {
    if !is_secret(secret) {
        return Err(PushAuthError::Secret);
    }
    match proof {
        // Both sides are compared as MACs, so that neither the length nor the first difference can be timed.
        Proof::Bearer(sent) => {
            let known = start_mac(b"bearer", secret.as_bytes())?.finalize().into_bytes();
            start_mac(b"bearer", sent.as_bytes())?.verify_slice(&known).map_err(|_| PushAuthError::Secret)
        }
        Proof::Signature { timestamp, signature } => {
            let sent = hex_decode(signature).ok_or(PushAuthError::Secret)?;
            let head = format!("{timestamp}\n{}\n{}\n", handed.path, handed.key);
            let mut signed = start_mac(secret.as_bytes(), head.as_bytes())?;
            handed.body.for_each_chunk(|bytes| signed.update(bytes)).map_err(|_| PushAuthError::Secret)?;
            signed.verify_slice(&sent).map_err(|_| PushAuthError::Secret)?;
            let stamp: i64 = timestamp.parse().map_err(|_| PushAuthError::Time)?;
            let skew = now.checked_sub(stamp).and_then(i64::checked_abs);
            if skew.is_some_and(|skew| skew <= MAX_SKEW) { Ok(()) } else { Err(PushAuthError::Time) }
        }
    }
}

fn start_mac(key: &[u8], of: &[u8]) -> Result<Hmac<Sha256>, PushAuthError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| PushAuthError::Secret)?;
    mac.update(of);
    Ok(mac)
}
