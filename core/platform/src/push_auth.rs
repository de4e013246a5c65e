//! Who may hand in payloads over HTTP: who knows the source's secret, and says so by the secret itself or by a signature.
//!
//! A signature is `hex(HMAC-SHA256(secret, "{timestamp}\n{path}\n{key}\n" + body))`. What it covers besides the body keeps it
//! from being used for another source, stream or key; the time stamp keeps it from being used for long.

use hmac::{Hmac, KeyInit as _, Mac as _};
use huiliu_messages::said_in_english;
use serde::Serialize;
use sha2::Sha256;

use huiliu_decode::payload::Payload;
use huiliu_vault::keys::hex_decode;

/// How far a sender's clock may be from ours, in seconds.
const MAX_SKEW: i64 = 300;
/// The shortest secret, in bytes.
const MIN_SECRET: usize = 16;
/// The longest key, in bytes.
const MAX_KEY: usize = 200;

/// How a sender says that it knows the secret.
#[derive(Debug, Clone, Copy)]
pub enum Proof<'a> {
    /// It sends it.
    Bearer(&'a str),
    /// It has signed what it sends.
    Signature {
        /// Seconds since 1970, as sent.
        timestamp: &'a str,
        /// Hexadecimal digits.
        signature: &'a str,
    },
}

/// What is handed in.
#[derive(Debug, Clone, Copy)]
pub struct Handed<'a> {
    /// Path and query of the request, as sent.
    pub path: &'a str,
    /// What the sender calls it: the same key is the same payload.
    pub key: &'a str,
    /// Its bytes.
    pub body: &'a Payload,
}

/// Why nothing is taken from a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum PushAuthError {
    /// Another secret, or a signature of something else.
    #[serde(rename = "door.secret")]
    Secret,
    /// A signature that is too old, or of a clock that is wrong.
    #[serde(rename = "door.time")]
    Time,
    /// A key that cannot be kept.
    #[serde(rename = "door.key")]
    Key,
}

said_in_english!(PushAuthError);

/// Whether a secret is long enough to be one.
#[must_use]
pub fn is_secret(secret: &str) -> bool {
    secret.len() >= MIN_SECRET
}

/// Whether a key can be kept.
///
/// # Errors
/// [`PushAuthError::Key`].
pub fn check_key(key: &str) -> Result<(), PushAuthError> {
    let good = !key.is_empty() && key.len() <= MAX_KEY && key.bytes().all(|b| b.is_ascii_graphic());
    if good { Ok(()) } else { Err(PushAuthError::Key) }
}

/// Whether a proof is one, at a moment in seconds since 1970. How long it takes does not depend on what is wrong.
///
/// # Errors
/// [`PushAuthError`].
pub fn check(secret: &str, proof: Proof<'_>, handed: Handed<'_>, now: i64) -> Result<(), PushAuthError> {
    if !is_secret(secret) {
        return Err(PushAuthError::Secret);
    }
    match proof {
        // Compared by what is made of both: neither length nor first difference can be measured.
        Proof::Bearer(sent) => {
            let known = mac(b"bearer", secret.as_bytes())?.finalize().into_bytes();
            mac(b"bearer", sent.as_bytes())?.verify_slice(&known).map_err(|_| PushAuthError::Secret)
        }
        Proof::Signature { timestamp, signature } => {
            let sent = hex_decode(signature).ok_or(PushAuthError::Secret)?;
            let head = format!("{timestamp}\n{}\n{}\n", handed.path, handed.key);
            let mut signed = mac(secret.as_bytes(), head.as_bytes())?;
            handed.body.each(|bytes| signed.update(bytes)).map_err(|_| PushAuthError::Secret)?;
            signed.verify_slice(&sent).map_err(|_| PushAuthError::Secret)?;
            let stamp: i64 = timestamp.parse().map_err(|_| PushAuthError::Time)?;
            let skew = now.checked_sub(stamp).and_then(i64::checked_abs);
            if skew.is_some_and(|skew| skew <= MAX_SKEW) { Ok(()) } else { Err(PushAuthError::Time) }
        }
    }
}

fn mac(key: &[u8], of: &[u8]) -> Result<Hmac<Sha256>, PushAuthError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| PushAuthError::Secret)?;
    mac.update(of);
    Ok(mac)
}
