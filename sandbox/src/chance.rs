//! Deterministic chance: a keyed hash and affine permutations.

/// Mixes 64 bits (the finaliser of SplitMix64).
fn mix_bits(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Returns a number that depends only on the seed, the purpose and an index.
pub(crate) fn roll(seed: u64, purpose: u64, index: u64) -> u64 {
    mix_bits(mix_bits(mix_bits(seed) ^ purpose.wrapping_mul(0xA24B_AED4_963E_E407)) ^ index)
}

/// Returns a number as [`roll`] does, for bytes such as a request's path and query.
pub(crate) fn roll_bytes(seed: u64, purpose: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(roll(seed, purpose, bytes.len() as u64), |state, byte| mix_bits(state ^ u64::from(*byte)))
}

/// `position -> (a * position + b) mod n`, with its inverse.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Permutation {
    size: u64,
    factor: u64,
    offset: u64,
    inverse: u64,
}

impl Permutation {
    /// Creates a permutation of `0..size` that depends on the seed and the purpose.
    pub(crate) fn new(seed: u64, purpose: u64, size: u64) -> Self {
        let size = size.max(1);
        let mut factor = size / 3 + roll(seed, purpose, 0) % (size - size / 3);
        while gcd(factor, size) != 1 {
            factor = if factor + 1 >= size { 1 } else { factor + 1 };
        }
        Self { size, factor, offset: roll(seed, purpose, 1) % size, inverse: modular_inverse(factor, size) }
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Returns the value at a position.
    pub(crate) fn value_at(&self, position: u64) -> u64 {
        let product = u128::from(self.factor) * u128::from(position % self.size);
        ((product + u128::from(self.offset)) % u128::from(self.size)) as u64
    }

    /// Returns the position of a value.
    pub(crate) fn position_of(&self, value: u64) -> u64 {
        let shifted = (value % self.size + self.size - self.offset) % self.size;
        (u128::from(shifted) * u128::from(self.inverse) % u128::from(self.size)) as u64
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Returns the inverse of `value` modulo `size`. They must have no common divisor.
fn modular_inverse(value: u64, size: u64) -> u64 {
    let modulus = i128::from(size);
    let (mut r0, mut r1) = (modulus, i128::from(value));
    let (mut t0, mut t1) = (0_i128, 1_i128);
    while r1 != 0 {
        let quotient = r0 / r1;
        (r0, r1) = (r1, r0 - quotient * r1);
        (t0, t1) = (t1, t0 - quotient * t1);
    }
    t0.rem_euclid(modulus) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permutations_are_bijective_and_invert() {
        for size in [1, 2, 3, 10, 40, 997, 3000] {
            for seed in 0..5 {
                let permutation = Permutation::new(seed, 7, size);
                let mut seen = vec![false; size as usize];
                for position in 0..size {
                    let value = permutation.value_at(position);
                    assert!(!std::mem::replace(&mut seen[value as usize], true));
                    assert_eq!(permutation.position_of(value), position);
                }
            }
        }
    }
}
