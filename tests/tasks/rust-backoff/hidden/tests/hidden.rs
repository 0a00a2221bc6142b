use backoff::Backoff;
use std::time::Duration;

#[test]
fn the_usual_limits() {
    let waits: Vec<_> = Backoff::new(Duration::from_secs(16)).collect();
    assert_eq!(waits.len(), 10);
    assert_eq!(waits[..4], [16, 32, 60, 60].map(Duration::from_secs));
}

#[test]
fn the_longest_time_does_not_overflow() {
    assert_eq!(Backoff::new(Duration::MAX).longest(Duration::MAX).count(), 10);
}
