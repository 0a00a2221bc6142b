//! The one form of a signature on the curve P-256. Without the key, anybody can make a second valid signature (r, n − s) from (r, s):
//! only the one with the smaller s is written and accepted, so that it cannot be exchanged for the other.

/// The order n of the curve.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
    0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// The tag of a sequence in DER.
const SEQUENCE: u8 = 0x30;
/// The tag of an integer in DER.
const INTEGER: u8 = 0x02;

/// The signature, ASN.1 in DER, with the smaller s. What is no signature stays as it is, and verifies nothing.
pub(crate) fn canonical(signature: &[u8]) -> Vec<u8> {
    match opposite(signature) {
        Some((other, true)) => other,
        _ => signature.to_vec(),
    }
}

/// The other signature, and whether it is the one with the smaller s.
fn opposite(signature: &[u8]) -> Option<(Vec<u8>, bool)> {
    let (content, []) = value(SEQUENCE, signature)? else { return None };
    let (r, rest) = value(INTEGER, content)?;
    let (s, []) = value(INTEGER, rest)? else { return None };
    let s = padded(s)?;
    let (mut other, mut borrowed) = ([0; 32], false);
    for ((digit, order), s) in other.iter_mut().zip(ORDER).zip(s).rev() {
        let (difference, first) = order.overflowing_sub(s);
        let (difference, second) = difference.overflowing_sub(u8::from(borrowed));
        (*digit, borrowed) = (difference, first || second);
    }
    let content = [encoded(INTEGER, r)?, encoded(INTEGER, &integer(&other))?].concat();
    // An s that is no smaller than the order is no signature's.
    (!borrowed).then_some(())?;
    Some((encoded(SEQUENCE, &content)?, other < s))
}

/// The content of what begins with this tag, and the bytes after it. Signatures are short: their lengths have one byte.
fn value(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    match bytes {
        [found, length @ 0..=127, rest @ ..] if *found == tag => rest.split_at_checked(usize::from(*length)),
        _ => None,
    }
}

fn encoded(tag: u8, content: &[u8]) -> Option<Vec<u8>> {
    let length = u8::try_from(content.len()).ok().filter(|length| *length <= 127)?;
    Some([&[tag, length][..], content].concat())
}

/// A positive integer of DER in 32 bytes.
fn padded(integer: &[u8]) -> Option<[u8; 32]> {
    let digits = integer.strip_prefix(&[0]).unwrap_or(integer);
    let mut padded = [0; 32];
    padded.get_mut(32_usize.checked_sub(digits.len())?..)?.copy_from_slice(digits);
    Some(padded)
}

/// The shortest positive integer of DER.
fn integer(padded: &[u8; 32]) -> Vec<u8> {
    let zeros = padded.iter().take_while(|digit| **digit == 0).count().min(31);
    let digits: Vec<u8> = padded.iter().skip(zeros).copied().collect();
    match digits.first() {
        // The first bit would be a sign.
        Some(128..) => [vec![0], digits].concat(),
        _ => digits,
    }
}

/// The other valid signature.
#[cfg(test)]
pub(crate) fn other(signature: &[u8]) -> Vec<u8> {
    opposite(signature).map(|(other, _)| other).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_signatures_the_smaller_one_is_written() {
        let signature = |s: &[u8]| {
            let content = [encoded(INTEGER, &[5]).unwrap(), encoded(INTEGER, s).unwrap()].concat();
            encoded(SEQUENCE, &content).unwrap()
        };
        let large = |end: &[u8]| [&[0][..], &ORDER[..30], end].concat();
        for (small, large) in [(vec![1_u8], large(&[0x25, 0x50])), (vec![0, 0x80], large(&[0x24, 0xd1]))] {
            let (small, large) = (signature(&small), signature(&large));
            assert_eq!(canonical(&small), small);
            assert_eq!(canonical(&large), small);
            assert_eq!(other(&small), large);
        }
    }

    #[test]
    fn what_is_no_signature_stays_as_it_is() {
        let too_large = [&[SEQUENCE, 38, INTEGER, 1, 5, INTEGER, 33, 0][..], &[0xff; 32]].concat();
        let short = [SEQUENCE, 3, INTEGER, 1, 5];
        for bytes in [b"".as_slice(), b"none", &short, &[SEQUENCE, 200], too_large.as_slice()] {
            assert_eq!(canonical(bytes), bytes);
        }
    }
}
