//! The working keys: sealing keys by generation, the blind-index key and the digest key. [`crate::keyring`] derives
//! them.
//!
//! If the root key is lost, the data is lost: nothing sealed can be read, and no ID number can be found.

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

/// Marks, in the place of the generation, a value that is sealed under its own key.
const OWN: u8 = 1;
const NONCE_LEN: usize = 12;
const TAG_LEN: usize = 16;

/// What is wrong with a key, or with a value that it sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code")]
pub enum KeyError {
    /// The key text is not in the expected form (a root key has 64 hexadecimal digits).
    #[serde(rename = "key.form")]
    Form,
    /// The value was sealed under another key, moved to another row, or damaged.
    #[serde(rename = "key.sealed")]
    Sealed,
}

said_in_english!(KeyError);

/// The working keys. `Debug` prints no key.
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
    /// Derives the working keys from a root key of 64 hexadecimal digits. Also accepts the text of a rotated key file.
    ///
    /// # Errors
    /// Returns [`KeyError::Form`] if the text is anything else.
    pub fn from_hex(root: &str) -> Result<Self, KeyError> {
        crate::keyring::Keyring::parse(root)?.build_keys()
    }

    /// Builds keys that seal with the newest generation; [`Keys::sealing_with`] selects another one.
    pub(crate) fn new(index: &[u8], digest: &[u8], sealing: &BTreeMap<u8, [u8; 32]>) -> Result<Self, KeyError> {
        let hmac = |key: &[u8]| Hmac::<Sha256>::new_from_slice(key).map_err(|_| KeyError::Form);
        let (mut ciphers, mut checks) = (BTreeMap::new(), BTreeMap::new());
        for (generation, key) in sealing {
            ciphers.insert(*generation, Aes256Gcm::new_from_slice(key).map_err(|_| KeyError::Form)?);
            checks.insert(*generation, compute_mac(&hmac(key)?, &[b"sealing key check value 1"]));
        }
        let current = sealing.keys().next_back().copied().ok_or(KeyError::Form)?;
        let (sealing, checks) = (Arc::new(ciphers), Arc::new(checks));
        Ok(Self { sealing, checks, current, index: hmac(index)?, digest: hmac(digest)? })
    }

    /// Returns the generation that values are sealed with.
    #[must_use]
    pub fn current_generation(&self) -> u8 {
        self.current
    }

    /// Returns the same keys, set to seal with another generation; `None` if there is no such generation.
    #[must_use]
    pub fn sealing_with(&self, generation: u8) -> Option<Self> {
        self.sealing.contains_key(&generation).then(|| Self { current: generation, ..self.clone() })
    }

    /// Returns the value by which a database recognises a generation of the sealing key; `None` if there is no such
    /// generation.
    #[must_use]
    pub fn sealing_check(&self, generation: u8) -> Option<&[u8; 32]> {
        self.checks.get(&generation)
    }

    /// Returns the oldest generation of the sealing key.
    #[must_use]
    pub fn oldest_generation(&self) -> u8 {
        self.sealing.keys().next().copied().unwrap_or(self.current)
    }

    /// Seals `plain` for one place: `place` is table, column and stable row key. The same place is needed to open it.
    ///
    /// # Errors
    /// Returns [`KeyError::Sealed`] if the cipher fails (for a plaintext of more than 64 GiB), and [`KeyError::Form`]
    /// if the operating system provides no random bytes.
    pub fn seal(&self, place: &[&[u8]], plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        seal_with(self.sealing.get(&self.current).ok_or(KeyError::Sealed)?, self.current, place, plain)
    }

    /// Opens a value that [`Keys::seal`] sealed for the same place.
    ///
    /// # Errors
    /// Returns [`KeyError::Sealed`] for another key, another place or changed bytes.
    pub fn open(&self, place: &[&[u8]], sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        let cipher = sealed.first().and_then(|generation| self.sealing.get(generation)).ok_or(KeyError::Sealed)?;
        open_with(cipher, place, sealed)
    }

    /// Makes a separate key for one large value, and wraps (seals) it for a place. When the sealing key changes, only the
    /// key is wrapped again; the value is not sealed again.
    ///
    /// # Errors
    /// Returns [`KeyError::Form`] if the operating system provides no random bytes.
    pub fn create_own_key(&self, place: &[&[u8]]) -> Result<WrappedKey, KeyError> {
        let mut own = [0u8; 32];
        fill_random(&mut own)?;
        Ok(WrappedKey { own: OwnKey::new(&own)?, wrapped: self.seal(place, &own)? })
    }

    /// Unwraps a key that [`Keys::create_own_key`] wrapped for the same place.
    ///
    /// # Errors
    /// Returns [`KeyError::Sealed`] for another key, another place or changed bytes.
    pub fn open_own_key(&self, place: &[&[u8]], wrapped: &[u8]) -> Result<OwnKey, KeyError> {
        OwnKey::new(&self.open(place, wrapped)?)
    }

    /// Seals a large value under its own key.
    ///
    /// # Errors
    /// Returns [`KeyError::Sealed`] if the cipher fails, and [`KeyError::Form`] if the operating system provides no
    /// random bytes.
    pub fn seal_large(&self, place: &[&[u8]], plain: &[u8]) -> Result<SealedLarge, KeyError> {
        let WrappedKey { own, wrapped } = self.create_own_key(place)?;
        Ok(SealedLarge { wrapped, sealed: own.seal(place, plain)? })
    }

    /// Opens a value that [`Keys::seal_large`] sealed for the same place.
    ///
    /// # Errors
    /// Returns [`KeyError::Sealed`] for another key, another place or changed bytes.
    pub fn open_large(&self, place: &[&[u8]], wrapped: &[u8], sealed: Vec<u8>) -> Result<Vec<u8>, KeyError> {
        self.open_own_key(place, wrapped)?.open(place, sealed)
    }

    /// Returns the blind index of an identifier: equal identifiers have equal indexes, and without the key nobody can
    /// compute them.
    #[must_use]
    pub fn blind_index(&self, kind: &str, value: &str) -> [u8; 32] {
        compute_mac(&self.index, &[kind.as_bytes(), value.as_bytes()])
    }

    /// Returns the keyed digest of a list of parts. Parts are length-prefixed, so `["ab","c"]` differs from
    /// `["a","bc"]`.
    #[must_use]
    pub fn digest(&self, parts: &[&[u8]]) -> [u8; 32] {
        compute_mac(&self.digest, parts)
    }

    /// Computes [`Keys::digest`] of parts whose last part, of `size` bytes, is read from `last`.
    ///
    /// # Errors
    /// Returns the errors of reading `last`.
    pub fn digest_read(&self, parts: &[&[u8]], size: usize, last: &mut dyn Read) -> io::Result<[u8; 32]> {
        let mut mac = self.digest.clone();
        parts.iter().for_each(|part| add_part(&mut mac, part));
        add_length(&mut mac, size);
        let mut bytes = vec![0; 64 << 10];
        loop {
            match last.read(&mut bytes)? {
                0 => return Ok(mac.finalize().into_bytes().into()),
                read => mac.update(bytes.get(..read).unwrap_or_default()),
            }
        }
    }

    /// Returns the first 16 bytes of [`Keys::digest`], the form used for record, claim and dead letter keys.
    #[must_use]
    pub fn short_digest(&self, parts: &[&[u8]]) -> [u8; 16] {
        let mut out = [0u8; 16];
        out.copy_from_slice(&self.digest(parts)[..16]);
        out
    }

    /// Returns twelve hexadecimal digits that distinguish this installation's names from another's on a shared server.
    #[must_use]
    pub fn namespace(&self) -> String {
        hex_encode(&self.digest(&[b"namespace"])[..6])
    }

    /// Returns the value by which a database recognises its key.
    #[must_use]
    pub fn check_value(&self) -> Vec<u8> {
        self.digest(&[b"key check value 1"]).to_vec()
    }
}

/// A new key of one large value.
pub struct WrappedKey {
    /// The key.
    pub own: OwnKey,
    /// The key, wrapped under the sealing key.
    pub wrapped: Vec<u8>,
}

/// A large value, sealed under its own key.
pub struct SealedLarge {
    /// Its own key, wrapped under the sealing key.
    pub wrapped: Vec<u8>,
    /// The value, sealed.
    pub sealed: Vec<u8>,
}

/// The key of one large value. The value may be sealed in pieces, each for its own place.
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

    /// Makes a key that is kept nowhere, for what only this process reads again.
    ///
    /// # Errors
    /// Returns [`KeyError::Form`] if the operating system provides no random bytes.
    pub fn generate() -> Result<Self, KeyError> {
        let mut key = [0u8; 32];
        fill_random(&mut key)?;
        Self::new(&key)
    }

    /// Seals a value for one place.
    ///
    /// # Errors
    /// Returns [`KeyError::Sealed`] if the cipher fails, and [`KeyError::Form`] if the operating system provides no
    /// random bytes.
    pub fn seal(&self, place: &[&[u8]], plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        seal_with(&self.0, OWN, place, plain)
    }

    /// Opens a value that [`OwnKey::seal`] sealed for the same place, decrypting it in its buffer.
    ///
    /// # Errors
    /// Returns [`KeyError::Sealed`] for another key, another place or changed bytes.
    pub fn open(&self, place: &[&[u8]], mut sealed: Vec<u8>) -> Result<Vec<u8>, KeyError> {
        let (head, body) = sealed.split_at_mut_checked(1 + NONCE_LEN).ok_or(KeyError::Sealed)?;
        let nonce: [u8; NONCE_LEN] = head[1..].try_into().map_err(|_| KeyError::Sealed)?;
        let end = body.len().checked_sub(TAG_LEN).ok_or(KeyError::Sealed)?;
        let (body, tag) = body.split_at_mut(end);
        let tag: [u8; TAG_LEN] = tag.try_into().map_err(|_| KeyError::Sealed)?;
        self.0
            .decrypt_inout_detached(&Nonce::from(nonce), &join_parts(place), body.into(), &tag.into())
            .map_err(|_| KeyError::Sealed)?;
        sealed.truncate(1 + NONCE_LEN + end);
        sealed.drain(..=NONCE_LEN);
        Ok(sealed)
    }
}

fn seal_with(cipher: &Aes256Gcm, id: u8, place: &[&[u8]], plain: &[u8]) -> Result<Vec<u8>, KeyError> {
    let mut nonce = [0u8; NONCE_LEN];
    fill_random(&mut nonce)?;
    let sealing = Payload { msg: plain, aad: &join_parts(place) };
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
    cipher.decrypt(&Nonce::from(nonce), Payload { msg: body, aad: &join_parts(place) }).map_err(|_| KeyError::Sealed)
}

/// Generates a new root key of 64 hexadecimal digits.
///
/// # Errors
/// Returns [`KeyError::Form`] if the operating system provides no random bytes.
pub fn generate_root_key() -> Result<String, KeyError> {
    let mut root = [0u8; 32];
    fill_random(&mut root)?;
    Ok(hex_encode(&root))
}

/// Encodes bytes as lower-case hexadecimal digits.
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

/// Decodes pairs of hexadecimal digits to bytes; returns `None` if the text is anything else.
pub fn hex_decode(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).ok()).collect()
}

fn compute_mac(key: &Hmac<Sha256>, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = key.clone();
    parts.iter().for_each(|part| add_part(&mut mac, part));
    mac.finalize().into_bytes().into()
}

fn add_part(mac: &mut Hmac<Sha256>, part: &[u8]) {
    add_length(mac, part.len());
    mac.update(part);
}

/// Writes one byte before a part of up to 254 bytes and nine before a longer one, so that no two lists of parts give
/// the same bytes.
fn add_length(mac: &mut Hmac<Sha256>, length: usize) {
    match u8::try_from(length) {
        Ok(short) if short < u8::MAX => mac.update(&[short]),
        _ => {
            mac.update(&[u8::MAX]);
            mac.update(&(length as u64).to_be_bytes());
        }
    }
}

fn join_parts(parts: &[&[u8]]) -> Vec<u8> {
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
        let SealedLarge { wrapped, sealed: large } = keys.seal_large(&[b"payload", b"1"], b"a page").unwrap();
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
