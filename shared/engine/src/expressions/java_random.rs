//! `$random(seed)` of Step Functions, which is the first number of a seeded `java.util.Random`.

/// `new java.util.Random(seed).nextDouble()`.
///
/// The algorithm is fixed by the Java platform's documentation:
/// <https://docs.oracle.com/javase/8/docs/api/java/util/Random.html>.
pub(super) fn first_double(seed: i64) -> f64 {
    const MULTIPLIER: u64 = 0x5_DEEC_E66D;
    const MASK: u64 = (1 << 48) - 1;
    let mut state = (seed.cast_unsigned() ^ MULTIPLIER) & MASK;
    let mut next = |bits: u32| {
        state = state.wrapping_mul(MULTIPLIER).wrapping_add(0xB) & MASK;
        state >> (48 - bits)
    };
    let high = next(26);
    let low = next(27);
    ((high << 27) + low) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::first_double;

    #[test]
    fn gives_the_numbers_that_java_gives() {
        assert_eq!(first_double(42), 0.727_563_680_032_868_1);
        assert_eq!(first_double(0), 0.730_967_787_376_657);
    }
}
