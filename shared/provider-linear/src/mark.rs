//! The ID of what an effect creates, derived from its mark.

use domain::plugins::Mark;

/// The ID of what an effect with this mark creates. It has the form of a [UUID of version 4](https://www.rfc-editor.org/rfc/rfc9562#section-5.4),
/// which Linear requires: the digest of the mark with six bits set. Nobody else can choose it before us, because the mark's key is private.
pub fn id_of(mark: &Mark) -> String {
    let digest = mark.digest();
    let at = |from: usize, to: usize| digest.get(from..to).unwrap_or_default();
    // The variant is one of 8, 9, a and b: two bits of the digit are kept.
    let variant = match at(16, 17) {
        "0" | "4" | "8" | "c" => '8',
        "1" | "5" | "9" | "d" => '9',
        "2" | "6" | "a" | "e" => 'a',
        _ => 'b',
    };
    format!("{}-{}-4{}-{variant}{}-{}", at(0, 8), at(8, 12), at(13, 16), at(17, 20), at(20, 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_has_an_id_of_its_own() {
        let id = |key: &str| id_of(&Mark { key: key.into(), at: jiff::Timestamp::UNIX_EPOCH });
        let mut seen = std::collections::BTreeSet::new();
        for number in 0..500 {
            let id = id(&format!("run/{number}"));
            let parts: Vec<_> = id.split('-').map(str::len).collect();
            assert_eq!(parts, [8, 4, 4, 4, 12], "{id}");
            assert_eq!(id.chars().nth(14), Some('4'), "{id}");
            assert!(id.chars().nth(19).is_some_and(|digit| "89ab".contains(digit)), "{id}");
            assert!(seen.insert(id));
        }
        assert_eq!(id("run/1"), id("run/1"));
    }
}
