//! Decides who may push payloads over HTTP: a sender that knows the source's secret and proves it before its payload is
//! read, with the secret itself or with a signature of the payload's digest.
//!
//! A signature is `hex(HMAC-SHA256(secret, "digest\n{timestamp}\n{path}\n{key}\n{Content-Digest}"))`. Because it covers
//! source, stream and key besides the digest, it cannot be reused for another of them; the time stamp limits how long it
//! can be used. Without a `Content-Digest`, it is `hex(HMAC-SHA256(secret, "{timestamp}\n{path}\n{key}\n" + body))`, which
//! can be checked only after the payload was read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use huiliu_messages::said_in_english;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use huiliu_vault::keys::hex_decode;

/// Maximum difference between a sender's clock and ours, in seconds.
const MAX_SKEW: i64 = 300;
/// Minimum length of a secret, in bytes.
const MIN_SECRET: usize = 16;
/// Maximum length of a key, in bytes.
const MAX_KEY: usize = 200;
/// Stands for the secret of a source that has none, so that its refusal takes as much work as any other.
const NO_SECRET: &str = "the secret of no source at all";

/// How a sender proves that it knows the secret.
#[derive(Debug, Clone, Copy)]
pub enum Proof<'a> {
    /// The secret itself.
    Bearer(&'a str),
    /// A signature of the request and of its body's digest.
    SignedDigest {
        /// Seconds since 1970, as sent.
        timestamp: &'a str,
        /// The signature, in hexadecimal digits.
        signature: &'a str,
        /// The field `Content-Digest`, as sent.
        digest: &'a str,
    },
    /// A signature of the request and its body.
    SignedBody {
        /// Seconds since 1970, as sent.
        timestamp: &'a str,
        /// The signature, in hexadecimal digits.
        signature: &'a str,
    },
}

/// What a sender states about its request, without the body.
#[derive(Debug, Clone, Copy)]
pub struct SignedHead<'a> {
    /// Path and query of the request, as sent.
    pub path: &'a str,
    /// The sender's idempotency key: the same key means the same payload.
    pub key: &'a str,
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
    /// The field `Content-Digest` has no SHA-256, or it is not that of the body.
    #[serde(rename = "push.digest")]
    Digest,
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

/// What is still to be checked of a sender's proof.
#[derive(Debug)]
pub enum ProofState {
    /// Nothing.
    Proven,
    /// Its signature, against the body.
    Pending(Box<BodySignature>),
}

/// Checks as much of a proof as can be checked before the body is read, at a time in seconds since 1970. The work does not
/// depend on which part is wrong, nor on whether there is a secret.
///
/// # Errors
/// [`PushAuthError`] if the proof does not hold.
pub fn check_proof(
    secret: Option<&str>,
    proof: Proof<'_>,
    head: SignedHead<'_>,
    now: i64,
) -> Result<ProofState, PushAuthError> {
    let known = secret.filter(|secret| is_secret(secret));
    let secret = known.unwrap_or(NO_SECRET);
    let (path, key) = (head.path, head.key);
    let (is_right, is_timely) = match proof {
        // Both sides are compared as MACs, so that neither the length nor the first difference can be timed.
        Proof::Bearer(sent) => {
            let right = start_mac(b"bearer", secret.as_bytes())?.finalize().into_bytes();
            (start_mac(b"bearer", sent.as_bytes())?.verify_slice(&right).is_ok(), true)
        }
        Proof::SignedDigest { timestamp, signature, digest } => {
            // No time stamp is `digest`, so that one kind of signature is never taken for the other.
            let signed = format!("digest\n{timestamp}\n{path}\n{key}\n{digest}");
            let sent = hex_decode(signature).unwrap_or_default();
            let is_right = start_mac(secret.as_bytes(), signed.as_bytes())?.verify_slice(&sent).is_ok();
            (is_right, is_timely(timestamp, now))
        }
        Proof::SignedBody { timestamp, signature } => {
            if !is_timely(timestamp, now) {
                return Err(PushAuthError::Time);
            }
            let head = format!("{timestamp}\n{path}\n{key}\n");
            let (mac, sent) = (start_mac(secret.as_bytes(), head.as_bytes())?, hex_decode(signature));
            let (sent, is_known) = (sent.unwrap_or_default(), known.is_some());
            return Ok(ProofState::Pending(Box::new(BodySignature { mac, sent, is_known })));
        }
    };
    match (is_right && known.is_some(), is_timely) {
        (false, _) => Err(PushAuthError::Secret),
        (true, false) => Err(PushAuthError::Time),
        (true, true) => Ok(ProofState::Proven),
    }
}

/// Whether a time stamp is near enough to our clock.
fn is_timely(timestamp: &str, now: i64) -> bool {
    let stamp = timestamp.parse::<i64>().ok();
    let skew = stamp.and_then(|stamp| now.checked_sub(stamp)).and_then(i64::checked_abs);
    skew.is_some_and(|skew| skew <= MAX_SKEW)
}

/// A signature that covers a body, while the body comes in.
pub struct BodySignature {
    mac: Hmac<Sha256>,
    sent: Vec<u8>,
    is_known: bool,
}

impl std::fmt::Debug for BodySignature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BodySignature(…)")
    }
}

impl BodySignature {
    /// Takes the next bytes of the body.
    pub fn update(&mut self, bytes: &[u8]) {
        self.mac.update(bytes);
    }

    /// Checks the signature of all bytes.
    ///
    /// # Errors
    /// [`PushAuthError::Secret`] if it does not match.
    pub fn verify(self) -> Result<(), PushAuthError> {
        let is_right = self.mac.verify_slice(&self.sent).is_ok();
        if is_right && self.is_known { Ok(()) } else { Err(PushAuthError::Secret) }
    }
}

/// The SHA-256 that a sender states of its body, while the body comes in.
#[derive(Debug)]
pub struct BodyDigest {
    hash: Sha256,
    stated: Vec<u8>,
}

impl BodyDigest {
    /// Reads the field `Content-Digest` (RFC 9530).
    ///
    /// # Errors
    /// [`PushAuthError::Digest`] if it has no SHA-256.
    pub fn parse(field: &str) -> Result<Self, PushAuthError> {
        let value = field.split(',').find_map(|member| member.trim().strip_prefix("sha-256="));
        let stated = value.and_then(|value| value.strip_prefix(':')?.strip_suffix(':'));
        let stated = stated.and_then(|stated| STANDARD.decode(stated).ok()).filter(|stated| stated.len() == 32);
        Ok(Self { hash: Sha256::new(), stated: stated.ok_or(PushAuthError::Digest)? })
    }

    /// Takes the next bytes of the body.
    pub fn update(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
    }

    /// Checks the digest of all bytes.
    ///
    /// # Errors
    /// [`PushAuthError::Digest`] if it is another.
    pub fn verify(self) -> Result<(), PushAuthError> {
        if self.hash.finalize()[..] == self.stated[..] { Ok(()) } else { Err(PushAuthError::Digest) }
    }
}

fn start_mac(key: &[u8], of: &[u8]) -> Result<Hmac<Sha256>, PushAuthError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| PushAuthError::Secret)?;
    mac.update(of);
    Ok(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: SignedHead<'_> = SignedHead { path: "/push/a", key: "k" };

    #[test]
    fn no_source_goes_the_way_of_a_wrong_secret() {
        let secret = "a secret of twenty-six let";
        for known in [Some(secret), Some("short"), Some(""), None] {
            // What stands for no secret opens nothing.
            for sent in ["another", NO_SECRET, "", "short"] {
                let refused = check_proof(known, Proof::Bearer(sent), HEAD, 0);
                assert_eq!(refused.unwrap_err(), PushAuthError::Secret, "{known:?} {sent}");
            }
            let digest = Proof::SignedDigest { timestamp: "0", signature: "00", digest: "sha-256=::" };
            assert_eq!(check_proof(known, digest, HEAD, 0).unwrap_err(), PushAuthError::Secret);
            // A signature of the body is judged only after the body, whether the source is there or not.
            let body = Proof::SignedBody { timestamp: "0", signature: "00" };
            let Ok(ProofState::Pending(pending)) = check_proof(known, body, HEAD, 0) else { panic!("{known:?}") };
            assert_eq!(pending.verify(), Err(PushAuthError::Secret));
        }
        let signed = start_mac(NO_SECRET.as_bytes(), b"0\n/push/a\nk\n").unwrap().finalize().into_bytes();
        let signature: String = signed.iter().map(|byte| format!("{byte:02x}")).collect();
        let body = Proof::SignedBody { timestamp: "0", signature: &signature };
        let Ok(ProofState::Pending(pending)) = check_proof(None, body, HEAD, 0) else { panic!() };
        assert_eq!(pending.verify(), Err(PushAuthError::Secret));
    }

    #[test]
    fn a_digest_is_that_of_the_body() {
        // The example of RFC 9530.
        let field = "sha-512=:AA==:, sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
        let mut digest = BodyDigest::parse(field).unwrap();
        digest.update(b"{\"hello\": ");
        digest.update(b"\"world\"}\n");
        assert_eq!(digest.verify(), Ok(()));
        assert_eq!(BodyDigest::parse(field).unwrap().verify(), Err(PushAuthError::Digest));
        for field in ["", "sha-256", "sha-256=:", "sha-256=:AA==:", "sha-512=:AA==:", "sha-256=AA"] {
            assert_eq!(BodyDigest::parse(field).unwrap_err(), PushAuthError::Digest, "{field}");
        }
    }
}
