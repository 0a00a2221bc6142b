//! How long to wait before the next attempt.

use std::time::Duration;

/// Waits that double.
#[derive(Debug, Clone)]
pub struct Backoff {
    next: Duration,
}

impl Backoff {
    /// Begins with `first`.
    pub fn new(first: Duration) -> Self {
        Self { next: first }
    }
}

impl Iterator for Backoff {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let wait = self.next;
        self.next = wait * 2;
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
}
