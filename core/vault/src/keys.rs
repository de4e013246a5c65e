//! The working keys: sealing, by generation, blind-index and digest. [`crate::keyring`] says where they come from.
//!
//! A lost root key is lost data: nothing sealed can be read again and no ID number can be found again.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;

use aes_gcm::aead::{Aead, AeadInOut as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce};
use hmac::{Hmac, Mac};
use huiliu_messages::said_in_english;
use serde::Serialize;
use sha2::Sha256;

/// Stands where the generation stands, in a value that is sealed under a key of its own.
const OWN: u8 = 1;
const NONCE_LEN: usize = 12;
const TAG_LEN: usize = 16;

/// What can be wrong with a key or with a value sealed by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum KeyError {
    /// The root key text is not 64 hexadecimal digits.
    #[serde(rename = "key.form")]
    Form,
    /// The value was sealed under another key, moved to another row, or damaged.
    #[serde(rename = "key.sealed")]
    Sealed,
}

said_in_english!(KeyError);

/// The working keys. Prints nothing of itself.
#[derive(Clone)]
pub struct Keys {
    sealing: Arc<BTreeMap<u8, Aes256Gcm>>,
    checks: Arc<BTreeMap<u8, [u8; 32]>>,
    current: u8,
    index: Hmac<Sha256>,
    digest: Hmac<Sha256>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(sealed)")
    }
}

impl Keys {
    /// Derives the working keys from the root key as 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`KeyError::Form`] when the text is anything else.
    pub fn from_hex(root: &str) -> Result<Self, KeyError> {
        crate::keyring::Keyring::parse(root)?.keys()
    }

    /// Sealing is done with the newest generation, until [`Keys::sealing_with`] says otherwise.
    pub(crate) fn new(index: &[u8], digest: &[u8], sealing: &BTreeMap<u8, [u8; 32]>) -> Result<Self, KeyError> {
        let hmac = |key: &[u8]| Hmac::<Sha256>::new_from_slice(key).map_err(|_| KeyError::Form);
        let (mut ciphers, mut checks) = (BTreeMap::new(), BTreeMap::new());
        for (generation, key) in sealing {
            ciphers.insert(*generation, Aes256Gcm::new_from_slice(key).map_err(|_| KeyError::Form)?);
            checks.insert(*generation, mac(&hmac(key)?, &[b"sealing key check value 1"]));
        }
        let current = sealing.keys().next_back().copied().ok_or(KeyError::Form)?;
        let (sealing, checks) = (Arc::new(ciphers), Arc::new(checks));
        Ok(Self { sealing, checks, current, index: hmac(index)?, digest: hmac(digest)? })
    }

    /// The generation that values are sealed with.
    #[must_use]
    pub fn current(&self) -> u8 {
        self.current
    }

    /// The same keys, sealing with another generation; none when it is not there.
    #[must_use]
    pub fn sealing_with(&self, generation: u8) -> Option<Self> {
        self.sealing.contains_key(&generation).then(|| Self { current: generation, ..self.clone() })
    }

    /// The value a database keeps to recognise a generation of the sealing key; none when it is not there.
    #[must_use]
    pub fn sealing_check(&self, generation: u8) -> Option<&[u8; 32]> {
        self.checks.get(&generation)
    }

    /// The oldest generation there is.
    #[must_use]
    pub fn oldest(&self) -> u8 {
        self.sealing.keys().next().copied().unwrap_or(self.current)
    }

    /// Seals `plain` for one place: `place` is table, column and stable row key, and must be given again to open.
    ///
    /// # Errors
    /// [`KeyError::Sealed`] when the cipher refuses (a plaintext beyond 64 GiB).
    pub fn seal(&self, place: &[&[u8]], plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        seal_with(self.sealing.get(&self.current).ok_or(KeyError::Sealed)?, self.current, place, plain)
    }

    /// Opens what [`Keys::seal`] made for the same place.
    ///
    /// # Errors
    /// [`KeyError::Sealed`] for another key, another place or altered bytes.
    pub fn open(&self, place: &[&[u8]], sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        let cipher = sealed.first().and_then(|generation| self.sealing.get(generation)).ok_or(KeyError::Sealed)?;
        open_with(cipher, place, sealed)
    }

    /// A key of its own for one large value, and that key wrapped for a place. Another sealing key later means wrapping anew,
    /// not sealing anew.
    ///
    /// # Errors
    /// [`KeyError::Form`] when the operating system gives no randomness.
    pub fn own_key(&self, place: &[&[u8]]) -> Result<(OwnKey, Vec<u8>), KeyError> {
        let mut own = [0u8; 32];
        fill_random(&mut own)?;
        Ok((OwnKey::new(&own)?, self.seal(place, &own)?))
    }

    /// Unwraps what [`Keys::own_key`] has wrapped for the same place.
    ///
    /// # Errors
    /// [`KeyError::Sealed`] for another key, another place or altered bytes.
    pub fn open_own_key(&self, place: &[&[u8]], wrapped: &[u8]) -> Result<OwnKey, KeyError> {
        OwnKey::new(&self.open(place, wrapped)?)
    }

    /// Seals a large value under a key of its own: gives that key, wrapped, and the sealed value.
    ///
    /// # Errors
    /// [`KeyError::Sealed`] when the cipher refuses.
    pub fn seal_large(&self, place: &[&[u8]], plain: &[u8]) -> Result<(Vec<u8>, Vec<u8>), KeyError> {
        let (own, wrapped) = self.own_key(place)?;
        Ok((wrapped, own.seal(place, plain)?))
    }

    /// Opens what [`Keys::seal_large`] made for the same place.
    ///
    /// # Errors
    /// [`KeyError::Sealed`] for another key, another place or altered bytes.
    pub fn open_large(&self, place: &[&[u8]], wrapped: &[u8], sealed: Vec<u8>) -> Result<Vec<u8>, KeyError> {
        self.open_own_key(place, wrapped)?.open(place, sealed)
    }

    /// The blind index of an identifier: equal identifiers have equal indexes, and nobody without the key can list them.
    #[must_use]
    pub fn blind_index(&self, kind: &str, value: &str) -> [u8; 32] {
        mac(&self.index, &[kind.as_bytes(), value.as_bytes()])
    }

    /// The keyed digest of a list of parts; parts are length-prefixed, so `["ab","c"]` differs from `["a","bc"]`.
    #[must_use]
    pub fn digest(&self, parts: &[&[u8]]) -> [u8; 32] {
        mac(&self.digest, parts)
    }

    /// [`Keys::digest`] of parts of which the last, of `size` bytes, is read.
    ///
    /// # Errors
    /// Those of reading it.
    pub fn digest_read(&self, parts: &[&[u8]], size: usize, last: &mut dyn Read) -> io::Result<[u8; 32]> {
        let mut mac = self.digest.clone();
        parts.iter().for_each(|part| add(&mut mac, part));
        add_length(&mut mac, size);
        let mut bytes = vec![0; 64 << 10];
        loop {
            match last.read(&mut bytes)? {
                0 => return Ok(mac.finalize().into_bytes().into()),
                read => mac.update(bytes.get(..read).unwrap_or_default()),
            }
        }
    }

    /// The first 16 bytes of [`Keys::digest`], the form used for record, claim and dead letter keys.
    #[must_use]
    pub fn short_digest(&self, parts: &[&[u8]]) -> [u8; 16] {
        let mut out = [0u8; 16];
        out.copy_from_slice(&self.digest(parts)[..16]);
        out
    }

    /// What tells this installation's places from another's on a shared server: twelve hexadecimal digits.
    #[must_use]
    pub fn namespace(&self) -> String {
        hex_encode(&self.digest(&[b"namespace"])[..6])
    }

    /// The value a database keeps to recognise its key.
    #[must_use]
    pub fn check_value(&self) -> Vec<u8> {
        self.digest(&[b"key check value 1"]).to_vec()
    }
}

/// The key of one large value, which may stand in pieces, each with a place of its own.
pub struct OwnKey(Aes256Gcm);

impl std::fmt::Debug for OwnKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OwnKey(…)")
    }
}

impl OwnKey {
    fn new(key: &[u8]) -> Result<Self, KeyError> {
        Aes256Gcm::new_from_slice(key).map(Self).map_err(|_| KeyError::Sealed)
    }

    /// Seals for one place.
    ///
    /// # Errors
    /// [`KeyError::Sealed`] when the cipher refuses.
    pub fn seal(&self, place: &[&[u8]], plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        seal_with(&self.0, OWN, place, plain)
    }

    /// Opens what [`OwnKey::seal`] made for the same place, where it stands.
    ///
    /// # Errors
    /// [`KeyError::Sealed`] for another key, another place or altered bytes.
    pub fn open(&self, place: &[&[u8]], mut sealed: Vec<u8>) -> Result<Vec<u8>, KeyError> {
        let (head, body) = sealed.split_at_mut_checked(1 + NONCE_LEN).ok_or(KeyError::Sealed)?;
        let nonce: [u8; NONCE_LEN] = head[1..].try_into().map_err(|_| KeyError::Sealed)?;
        let end = body.len().checked_sub(TAG_LEN).ok_or(KeyError::Sealed)?;
        let (body, tag) = body.split_at_mut(end);
        let tag: [u8; TAG_LEN] = tag.try_into().map_err(|_| KeyError::Sealed)?;
        self.0
            .decrypt_inout_detached(&Nonce::from(nonce), &join(place), body.into(), &tag.into())
            .map_err(|_| KeyError::Sealed)?;
        sealed.truncate(1 + NONCE_LEN + end);
        sealed.drain(..=NONCE_LEN);
        Ok(sealed)
    }
}

fn seal_with(cipher: &Aes256Gcm, id: u8, place: &[&[u8]], plain: &[u8]) -> Result<Vec<u8>, KeyError> {
    let mut nonce = [0u8; NONCE_LEN];
    fill_random(&mut nonce)?;
    let sealing = Payload { msg: plain, aad: &join(place) };
    let body = cipher.encrypt(&Nonce::from(nonce), sealing).map_err(|_| KeyError::Sealed)?;
    let mut out = Vec::with_capacity(1 + NONCE_LEN + body.len());
    out.push(id);
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&body);
    Ok(out)
}

fn open_with(cipher: &Aes256Gcm, place: &[&[u8]], sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
    let (head, body) = sealed.split_at_checked(1 + NONCE_LEN).ok_or(KeyError::Sealed)?;
    let nonce: [u8; NONCE_LEN] = head[1..].try_into().map_err(|_| KeyError::Sealed)?;
    cipher.decrypt(&Nonce::from(nonce), Payload { msg: body, aad: &join(place) }).map_err(|_| KeyError::Sealed)
}

/// A fresh root key as 64 hexadecimal digits.
///
/// # Errors
/// [`KeyError::Form`] when the operating system gives no randomness.
pub fn new_root() -> Result<String, KeyError> {
    let mut root = [0u8; 32];
    fill_random(&mut root)?;
    Ok(hex_encode(&root))
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex_encode(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(bytes.len() * 2);
    for b in bytes {
        out.push(char::from(DIGITS[usize::from(b >> 4)]));
        out.push(char::from(DIGITS[usize::from(b & 15)]));
    }
    out
}

/// The bytes that two hexadecimal digits each stand for; nothing when the text is no such digits.
pub fn hex_decode(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).ok()).collect()
}

fn mac(key: &Hmac<Sha256>, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = key.clone();
    parts.iter().for_each(|part| add(&mut mac, part));
    mac.finalize().into_bytes().into()
}

fn add(mac: &mut Hmac<Sha256>, part: &[u8]) {
    add_length(mac, part.len());
    mac.update(part);
}

/// One byte before most parts, nine before the long ones: no two lists of parts read the same.
fn add_length(mac: &mut Hmac<Sha256>, length: usize) {
    match u8::try_from(length) {
        Ok(short) if short < u8::MAX => mac.update(&[short]),
        _ => {
            mac.update(&[u8::MAX]);
            mac.update(&(length as u64).to_be_bytes());
        }
    }
}

fn join(parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(parts.iter().map(|p| p.len() + 8).sum());
    for part in parts {
        out.extend_from_slice(&(part.len() as u64).to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

pub(crate) fn fill_random(out: &mut [u8]) -> Result<(), KeyError> {
    getrandom::fill(out).map_err(|_| KeyError::Form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_only_in_its_own_place_and_with_its_own_key() {
        let keys = Keys::from_hex(&"ab".repeat(32)).unwrap();
        let sealed = keys.seal(&[b"payload", b"sealed", b"1"], b"secret").unwrap();
        assert_eq!(keys.open(&[b"payload", b"sealed", b"1"], &sealed).unwrap(), b"secret");
        assert_eq!(keys.open(&[b"payload", b"sealed", b"2"], &sealed), Err(KeyError::Sealed));
        let other = Keys::from_hex(&"ac".repeat(32)).unwrap();
        assert_eq!(other.open(&[b"payload", b"sealed", b"1"], &sealed), Err(KeyError::Sealed));
        assert_ne!(keys.check_value(), other.check_value());
        let (wrapped, large) = keys.seal_large(&[b"payload", b"1"], b"a page").unwrap();
        assert_eq!(keys.open_large(&[b"payload", b"1"], &wrapped, large.clone()).unwrap(), b"a page");
        assert_eq!(keys.open_large(&[b"payload", b"2"], &wrapped, large.clone()), Err(KeyError::Sealed));
        assert_eq!(other.open_large(&[b"payload", b"1"], &wrapped, large.clone()), Err(KeyError::Sealed));
        let mut large = large;
        large[20] ^= 1;
        assert_eq!(keys.open_large(&[b"payload", b"1"], &wrapped, large), Err(KeyError::Sealed));
        assert_eq!(keys.open_large(&[b"payload", b"1"], &wrapped, vec![1; 20]), Err(KeyError::Sealed));
    }

    #[test]
    fn digests_separate_their_parts() {
        let keys = Keys::from_hex(&"01".repeat(32)).unwrap();
        assert_ne!(keys.digest(&[b"ab", b"c"]), keys.digest(&[b"a", b"bc"]));
        let long = vec![7; 70_000];
        let read = |last: &[u8]| keys.digest_read(&[b"ab"], last.len(), &mut &last[..]).unwrap();
        assert_eq!((read(b"c"), read(&long)), (keys.digest(&[b"ab", b"c"]), keys.digest(&[b"ab", &long])));
        assert!(Keys::from_hex("zz").is_err());
    }
}
