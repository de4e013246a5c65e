//! The contents of a key file: one root key, or, after a rotation, the working keys by name.
//!
//! The index and digest keys never change; otherwise no ID number and no record could be found again. Sealing keys have
//! generations. A rotation adds a generation, seals everything again under it, and removes the older ones.

use std::collections::BTreeMap;
use std::fmt;

use hkdf::Hkdf;
use sha2::Sha256;

use crate::keys::{KeyError, Keys, fill_random, hex_decode, hex_encode};

/// The keys of a key file. `Debug` prints no key.
#[derive(Clone)]
pub struct Keyring {
    index: [u8; 32],
    digest: [u8; 32],
    sealing: BTreeMap<u8, [u8; 32]>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(sealed)")
    }
}

impl Keyring {
    /// Parses 64 hexadecimal digits, which are the root key; or the lines that [`Keyring::to_text`] writes, which may
    /// be joined by `;`.
    ///
    /// # Errors
    /// Returns [`KeyError::Form`] if the text is anything else.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let lines = || text.split(['\n', ';']).map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        if let (Some(only), None) = (lines().next(), lines().nth(1)) {
            return Self::from_root(&parse_key(only)?);
        }
        let (mut index, mut digest, mut sealing) = (None, None, BTreeMap::new());
        for line in lines() {
            match line.split_whitespace().collect::<Vec<_>>().as_slice() {
                ["index", hex] if index.is_none() => index = Some(parse_key(hex)?),
                ["digest", hex] if digest.is_none() => digest = Some(parse_key(hex)?),
                ["sealing", generation, hex] => {
                    let generation = generation.parse().ok().filter(|g| *g > 0).ok_or(KeyError::Form)?;
                    if sealing.insert(generation, parse_key(hex)?).is_some() {
                        return Err(KeyError::Form);
                    }
                }
                _ => return Err(KeyError::Form),
            }
        }
        match (index, digest) {
            (Some(index), Some(digest)) if !sealing.is_empty() => Ok(Self { index, digest, sealing }),
            _ => Err(KeyError::Form),
        }
    }

    fn from_root(root: &[u8; 32]) -> Result<Self, KeyError> {
        let hkdf = Hkdf::<Sha256>::new(Some(b"huiliu root 1"), root);
        let derive = |label: &[u8]| -> Result<[u8; 32], KeyError> {
            let mut out = [0u8; 32];
            hkdf.expand(label, &mut out).map_err(|_| KeyError::Form)?;
            Ok(out)
        };
        let sealing = BTreeMap::from([(1, derive(b"sealing 1")?)]);
        Ok(Self { index: derive(b"blind index")?, digest: derive(b"digest")?, sealing })
    }

    /// Builds the working keys.
    ///
    /// # Errors
    /// Returns [`KeyError::Form`] if the ciphers reject a key, which does not happen for 32 bytes.
    pub fn build_keys(&self) -> Result<Keys, KeyError> {
        Keys::new(&self.index, &self.digest, &self.sealing)
    }

    /// Returns the generations of the sealing key, oldest first. There is more than one while a rotation is unfinished.
    #[must_use]
    pub fn generations(&self) -> Vec<u8> {
        self.sealing.keys().copied().collect()
    }

    /// Adds a new sealing key and returns its generation.
    ///
    /// # Errors
    /// Returns [`KeyError::Form`] if there are no random bytes, or after 255 generations.
    pub fn add_sealing_key(&mut self) -> Result<u8, KeyError> {
        let newest = self.sealing.keys().next_back().copied().unwrap_or(0);
        let generation = newest.checked_add(1).ok_or(KeyError::Form)?;
        let mut fresh = [0u8; 32];
        fill_random(&mut fresh)?;
        self.sealing.insert(generation, fresh);
        Ok(generation)
    }

    /// Removes every sealing key except the newest.
    pub fn keep_newest(&mut self) {
        if let Some(newest) = self.sealing.keys().next_back().copied() {
            self.sealing.retain(|generation, _| *generation == newest);
        }
    }

    /// Returns the text of the key file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text =
            String::from("# Huiliu's keys. A lost key is lost data: back this file up, apart from the database.\n");
        text += &format!("index {}\ndigest {}\n", hex_encode(&self.index), hex_encode(&self.digest));
        for (generation, key) in &self.sealing {
            text += &format!("sealing {generation} {}\n", hex_encode(key));
        }
        text
    }
}

fn parse_key(hex: &str) -> Result<[u8; 32], KeyError> {
    hex_decode(hex).and_then(|bytes| bytes.try_into().ok()).ok_or(KeyError::Form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotated_key_file_finds_what_was_found_and_opens_what_was_sealed() {
        let mut ring = Keyring::parse(&"ab".repeat(32)).unwrap();
        let old = ring.build_keys().unwrap();
        let place: [&[u8]; 2] = [b"t", b"1"];
        let sealed = old.seal(&place, b"secret").unwrap();
        assert_eq!(ring.add_sealing_key(), Ok(2));
        let both = Keyring::parse(&ring.to_text()).unwrap();
        assert_eq!(both.generations(), [1, 2]);
        let both = both.build_keys().unwrap();
        assert_eq!(both.open(&place, &sealed).unwrap(), b"secret");
        assert_eq!(both.blind_index("k", "v"), old.blind_index("k", "v"));
        assert_eq!(both.check_value(), old.check_value());
        let anew = both.seal(&place, b"secret").unwrap();
        assert_eq!(old.open(&place, &anew), Err(KeyError::Sealed));
        ring.keep_newest();
        let new = Keyring::parse(&ring.to_text().replace('\n', ";")).unwrap().build_keys().unwrap();
        assert_eq!(new.open(&place, &anew).unwrap(), b"secret");
        assert_eq!(new.open(&place, &sealed), Err(KeyError::Sealed));
    }

    #[test]
    fn half_a_key_file_is_refused() {
        let whole = Keyring::parse(&"ab".repeat(32)).unwrap().to_text();
        let lines: Vec<&str> = whole.lines().collect();
        for missing in 1..lines.len() {
            let text: Vec<&str> = lines.iter().enumerate().filter(|(i, _)| *i != missing).map(|(_, l)| *l).collect();
            assert!(Keyring::parse(&text.join("\n")).is_err(), "without {}", lines[missing]);
        }
        for text in ["", "ab", &whole.replace("sealing 1", "sealing 0"), &format!("{whole}{whole}")] {
            assert!(Keyring::parse(text).is_err());
        }
    }
}
