//! The samples of a registered connector version, packed into one value.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::sql::error::{Kept, StoreError};
use huiliu_manifest::{MAX_SAMPLES, Sample};
use huiliu_vault::keys::{Keys, hex_decode, hex_encode};

/// A sample as text, so that all samples of a version fit in one JSON value.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct StoredSample {
    stream: String,
    address: String,
    hex: String,
    expected: String,
}

/// Limit when unpacking: the packed text is hexadecimal digits with JSON around them.
const MAX_WRITTEN: usize = 4 * MAX_SAMPLES;

/// Computes the keyed digest of a version's content: its manifest, and its samples in order.
#[must_use]
pub fn content_digest(keys: &Keys, manifest: &str, samples: &[Sample]) -> [u8; 32] {
    let mut parts: Vec<&[u8]> = vec![b"connector version", manifest.as_bytes()];
    for sample in samples {
        parts.extend([
            sample.stream.as_bytes(),
            sample.address.as_bytes(),
            &sample.bytes[..],
            sample.expected.as_bytes(),
        ]);
    }
    keys.digest(&parts)
}

/// Packs samples into one compressed value.
///
/// # Errors
/// [`StoreError::Unreadable`] if they cannot be compressed.
pub fn pack_samples(samples: &[Sample]) -> Result<Vec<u8>, StoreError> {
    let written: Vec<StoredSample> = samples
        .iter()
        .map(|s| StoredSample {
            stream: s.stream.clone(),
            address: s.address.clone(),
            hex: hex_encode(&s.bytes),
            expected: s.expected.clone(),
        })
        .collect();
    let text = serde_json::to_vec(&written).map_err(|e| unreadable_samples(&e))?;
    zstd::bulk::compress(&text, 3).map_err(|e| unreadable_samples(&e))
}

/// Unpacks what [`pack_samples`] made.
///
/// # Errors
/// [`StoreError::Unreadable`] for any other bytes.
pub fn unpack_samples(packed: &[u8]) -> Result<Vec<Sample>, StoreError> {
    let text = zstd::bulk::decompress(packed, MAX_WRITTEN).map_err(|e| unreadable_samples(&e))?;
    let written: Vec<StoredSample> = serde_json::from_slice(&text).map_err(|e| unreadable_samples(&e))?;
    let sample = |w: StoredSample| {
        let bytes = hex_decode(&w.hex).ok_or_else(|| unreadable_samples(&w.address))?;
        Ok(Sample { stream: w.stream, address: w.address, bytes, expected: w.expected })
    };
    written.into_iter().map(sample).collect()
}

fn unreadable_samples(why: &dyn std::fmt::Display) -> StoreError {
    StoreError::unreadable_value(Kept::Samples)(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_come_back_as_they_were() {
        let sample = |bytes: &[u8]| Sample {
            stream: "s".into(),
            address: "名单.csv".into(),
            bytes: bytes.to_vec(),
            expected: "[]".into(),
        };
        let samples = [sample(b""), sample(b"\x00\xff\x80"), sample("学".repeat(9_000).as_bytes())];
        assert_eq!(unpack_samples(&pack_samples(&samples).unwrap()).unwrap(), samples);
        assert!(unpack_samples(b"foreign").is_err());
        let keys = Keys::from_hex(&"5a".repeat(32)).unwrap();
        assert_ne!(content_digest(&keys, "m", &samples), content_digest(&keys, "m", &samples[..2]));
    }
}
