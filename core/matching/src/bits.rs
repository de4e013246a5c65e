//! Base-two logarithms in integers; a weight is measured in thousandths of a bit.

/// Returns the base-two logarithm in thousandths of a bit, rounded down; 0 for 0 and 1.
///
/// The fractional bits come from repeated squaring: each square that reaches 2 yields a 1 bit. No floats, so every
/// machine gives the same score.
#[must_use]
pub fn log2_milli(value: u64) -> i64 {
    if value < 2 {
        return 0;
    }
    let whole = value.ilog2();
    // One unit is 2^-32; the mantissa lies in [1, 2).
    let mut mantissa = (u128::from(value) << 32) >> whole;
    let mut fraction: u32 = 0;
    for _ in 0..16 {
        mantissa = (mantissa * mantissa) >> 32;
        fraction <<= 1;
        if mantissa >= 2 << 32 {
            mantissa >>= 1;
            fraction |= 1;
        }
    }
    i64::from(whole) * 1_000 + ((i64::from(fraction) * 1_000) >> 16)
}

/// Returns `part` per cent of a weight.
#[must_use]
pub fn per_cent(weight: i64, part: u16) -> i64 {
    weight * i64::from(part) / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_those_of_the_tables() {
        for (value, milli) in [(0, 0), (1, 0), (2, 1_000), (3, 1_584), (10, 3_321), (1_000, 9_965), (271_600, 18_051)] {
            assert_eq!(log2_milli(value), milli, "{value}");
        }
        assert_eq!(log2_milli(u64::MAX), 63_999);
    }

    #[test]
    fn more_is_never_less() {
        for value in 1..5_000 {
            assert!(log2_milli(value + 1) >= log2_milli(value));
        }
    }
}
