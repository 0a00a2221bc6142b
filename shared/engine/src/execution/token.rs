//! Task tokens: they name a scheduled task and cannot be guessed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The random key of one execution. Task tokens and the draws of its expressions are derived from it, so that
/// replaying its log needs no record of them.
#[derive(Clone)]
pub(crate) struct Seed(pub(crate) [u8; 32]);

impl std::fmt::Debug for Seed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Seed(..)")
    }
}

impl Seed {
    fn mac(&self, purpose: &str, number: u64) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(purpose.as_bytes());
        mac.update(&number.to_be_bytes());
        Some(mac)
    }

    /// 32 bytes for one purpose and number, always the same.
    pub(crate) fn derive(&self, purpose: &str, number: u64) -> [u8; 32] {
        // HMAC takes keys of every length, so the fallback is unreachable; it keeps the signature total.
        self.mac(purpose, number).map_or([0; 32], |mac| mac.finalize().into_bytes().into())
    }

    /// The token of the task that event `scheduled` of execution `key` scheduled.
    pub(crate) fn task_token(&self, key: i64, scheduled: u64) -> String {
        let mut bytes = Vec::with_capacity(48);
        bytes.extend(key.to_be_bytes());
        bytes.extend(scheduled.to_be_bytes());
        bytes.extend(self.derive("task-token", scheduled));
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

/// A presented token, parsed but not yet verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    /// The execution it names.
    pub(crate) key: i64,
    /// The task it names, by the event that scheduled it.
    pub(crate) scheduled: u64,
    proof: [u8; 32],
}

impl Claim {
    /// Parses a token; `None` if it was never one of ours.
    pub(crate) fn parse(token: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (key, rest) = bytes.split_first_chunk::<8>()?;
        let (scheduled, proof) = rest.split_first_chunk::<8>()?;
        Some(Self {
            key: i64::from_be_bytes(*key),
            scheduled: u64::from_be_bytes(*scheduled),
            proof: proof.try_into().ok()?,
        })
    }

    /// Whether the execution with this seed issued it. Takes the same time for every wrong token.
    pub(crate) fn is_genuine(&self, seed: &Seed) -> bool {
        seed.mac("task-token", self.scheduled).is_some_and(|mac| mac.verify_slice(&self.proof).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_genuine_only_for_its_own_execution_and_task() {
        let seed = Seed([1; 32]);
        let token = seed.task_token(7, 12);
        let claim = Claim::parse(&token).unwrap();
        assert_eq!((claim.key, claim.scheduled), (7, 12));
        assert!(claim.is_genuine(&seed));
        assert!(!claim.is_genuine(&Seed([2; 32])));
        assert!(!Claim { scheduled: 13, ..claim }.is_genuine(&seed));
        assert_eq!(Claim::parse("no token"), None);
        assert_eq!(Claim::parse(&token[1..]), None);
    }
}
