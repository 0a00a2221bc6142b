//! How long to wait before the next attempt.

use std::time::Duration;

/// Waits that double up to a longest one, for so many attempts.
#[derive(Debug, Clone)]
pub struct Backoff {
    next: Duration,
    longest: Duration,
    left: u32,
}

impl Backoff {
    /// Begins with `first`, for ten attempts that are at most a minute apart.
    pub fn new(first: Duration) -> Self {
        Self { next: first, longest: Duration::from_secs(60), left: 10 }
    }

    /// Waits no longer than `longest`.
    pub fn longest(self, longest: Duration) -> Self {
        Self { longest, ..self }
    }

    /// Ends after so many attempts.
    pub fn attempts(self, left: u32) -> Self {
        Self { left, ..self }
    }
}

impl Iterator for Backoff {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.left = self.left.checked_sub(1)?;
        let wait = self.next.min(self.longest);
        self.next = wait.saturating_mul(2);
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_twice_the_last() {
        let waits: Vec<_> = Backoff::new(Duration::from_secs(1)).take(3).collect();
        assert_eq!(waits, [1, 2, 4].map(Duration::from_secs));
    }

    #[test]
    fn waits_have_a_limit_and_an_end() {
        let backoff = Backoff::new(Duration::from_secs(1)).longest(Duration::from_secs(3)).attempts(4);
        assert_eq!(backoff.collect::<Vec<_>>(), [1, 2, 3, 3].map(Duration::from_secs));
    }
}
