//! What a key file holds: one root key, or, once it has been rotated, the working keys by name.
//!
//! The index and digest keys never change, or no ID number and no record would be found again. Sealing keys have
//! generations; a rotation adds one, seals everything anew under it, and takes the older away.

use std::collections::BTreeMap;
use std::fmt;

use hkdf::Hkdf;
use sha2::Sha256;

use crate::keys::{KeyError, Keys, fill_random, hex_decode, hex_encode};

/// The keys of a key file. Prints nothing of itself.
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
    /// Reads 64 hexadecimal digits, the root key; or the lines that [`Keyring::text`] writes, or these joined by `;`.
    ///
    /// # Errors
    /// [`KeyError::Form`] when the text is anything else.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let lines = || text.split(['\n', ';']).map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        if let (Some(only), None) = (lines().next(), lines().nth(1)) {
            return Self::of_root(&key(only)?);
        }
        let (mut index, mut digest, mut sealing) = (None, None, BTreeMap::new());
        for line in lines() {
            match line.split_whitespace().collect::<Vec<_>>().as_slice() {
                ["index", hex] if index.is_none() => index = Some(key(hex)?),
                ["digest", hex] if digest.is_none() => digest = Some(key(hex)?),
                ["sealing", generation, hex] => {
                    let generation = generation.parse().ok().filter(|g| *g > 0).ok_or(KeyError::Form)?;
                    if sealing.insert(generation, key(hex)?).is_some() {
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

    fn of_root(root: &[u8; 32]) -> Result<Self, KeyError> {
        let hkdf = Hkdf::<Sha256>::new(Some(b"huiliu root 1"), root);
        let derive = |label: &[u8]| -> Result<[u8; 32], KeyError> {
            let mut out = [0u8; 32];
            hkdf.expand(label, &mut out).map_err(|_| KeyError::Form)?;
            Ok(out)
        };
        let sealing = BTreeMap::from([(1, derive(b"sealing 1")?)]);
        Ok(Self { index: derive(b"blind index")?, digest: derive(b"digest")?, sealing })
    }

    /// The keys, ready to work.
    ///
    /// # Errors
    /// [`KeyError::Form`] when the ciphers refuse, which they do not for 32 bytes.
    pub fn keys(&self) -> Result<Keys, KeyError> {
        Keys::new(&self.index, &self.digest, &self.sealing)
    }

    /// Generations of the sealing key, oldest first; more than one while a rotation is unfinished.
    #[must_use]
    pub fn generations(&self) -> Vec<u8> {
        self.sealing.keys().copied().collect()
    }

    /// Adds a fresh sealing key and gives its generation.
    ///
    /// # Errors
    /// [`KeyError::Form`] without randomness, or after 255 generations.
    pub fn add(&mut self) -> Result<u8, KeyError> {
        let newest = self.sealing.keys().next_back().copied().unwrap_or(0);
        let generation = newest.checked_add(1).ok_or(KeyError::Form)?;
        let mut fresh = [0u8; 32];
        fill_random(&mut fresh)?;
        self.sealing.insert(generation, fresh);
        Ok(generation)
    }

    /// Takes every sealing key away but the newest.
    pub fn keep_newest(&mut self) {
        if let Some(newest) = self.sealing.keys().next_back().copied() {
            self.sealing.retain(|generation, _| *generation == newest);
        }
    }

    /// The key file.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text =
            String::from("# Huiliu's keys. A lost key is lost data: back this file up, apart from the database.\n");
        text += &format!("index {}\ndigest {}\n", hex_encode(&self.index), hex_encode(&self.digest));
        for (generation, key) in &self.sealing {
            text += &format!("sealing {generation} {}\n", hex_encode(key));
        }
        text
    }
}

fn key(hex: &str) -> Result<[u8; 32], KeyError> {
    hex_decode(hex).and_then(|bytes| bytes.try_into().ok()).ok_or(KeyError::Form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotated_key_file_finds_what_was_found_and_opens_what_was_sealed() {
        let mut ring = Keyring::parse(&"ab".repeat(32)).unwrap();
        let old = ring.keys().unwrap();
        let place: [&[u8]; 2] = [b"t", b"1"];
        let sealed = old.seal(&place, b"secret").unwrap();
        assert_eq!(ring.add(), Ok(2));
        let both = Keyring::parse(&ring.text()).unwrap();
        assert_eq!(both.generations(), [1, 2]);
        let both = both.keys().unwrap();
        assert_eq!(both.open(&place, &sealed).unwrap(), b"secret");
        assert_eq!(both.blind_index("k", "v"), old.blind_index("k", "v"));
        assert_eq!(both.check_value(), old.check_value());
        let anew = both.seal(&place, b"secret").unwrap();
        assert_eq!(old.open(&place, &anew), Err(KeyError::Sealed));
        ring.keep_newest();
        let new = Keyring::parse(&ring.text().replace('\n', ";")).unwrap().keys().unwrap();
        assert_eq!(new.open(&place, &anew).unwrap(), b"secret");
        assert_eq!(new.open(&place, &sealed), Err(KeyError::Sealed));
    }

    #[test]
    fn half_a_key_file_is_refused() {
        let whole = Keyring::parse(&"ab".repeat(32)).unwrap().text();
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
