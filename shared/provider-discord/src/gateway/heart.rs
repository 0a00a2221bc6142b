//! Heartbeats (<https://docs.discord.com/developers/events/gateway#sending-heartbeats>), and how a connection is noticed that is dead.

use std::time::Duration;
use tokio::time::Instant;

/// When the next heartbeat is due, and whether the last one was acknowledged.
#[derive(Debug)]
pub(super) struct Heart {
    interval: Duration,
    due: Instant,
    is_acknowledged: bool,
}

impl Heart {
    /// The first heartbeat is sent after a part of the interval, `jitter` from 0 to 1, so that not all clients send theirs at once.
    pub(super) fn new(interval: Duration, jitter: f64, now: Instant) -> Self {
        Self { interval, due: now + interval.mul_f64(jitter.clamp(0.0, 1.0)), is_acknowledged: true }
    }

    /// How long until the next one.
    pub(super) fn left(&self, now: Instant) -> Duration {
        self.due.saturating_duration_since(now)
    }

    /// Whether one is to be sent that is due. `Err` if the one before was not acknowledged: nobody is at the other end.
    pub(super) fn beat(&mut self, now: Instant) -> Result<bool, Dead> {
        if now < self.due {
            return Ok(false);
        }
        if !self.is_acknowledged {
            return Err(Dead);
        }
        self.is_acknowledged = false;
        self.due = now + self.interval;
        Ok(true)
    }

    pub(super) fn acknowledge(&mut self) {
        self.is_acknowledged = true;
    }
}

/// A heartbeat was not acknowledged until the next one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Dead;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_whose_heartbeat_is_not_acknowledged_is_dead() {
        let (start, interval) = (Instant::now(), Duration::from_secs(40));
        let mut heart = Heart::new(interval, 0.5, start);
        assert_eq!(
            heart.left(start),
            Duration::from_secs(20),
            "the first one comes after a part of the interval"
        );
        assert_eq!(heart.beat(start), Ok(false));
        let first = start + Duration::from_secs(20);
        assert_eq!(heart.beat(first), Ok(true));
        assert_eq!(heart.left(first), interval);
        heart.acknowledge();
        let second = first + interval;
        assert_eq!(heart.beat(second), Ok(true));
        assert_eq!(heart.beat(second), Ok(false), "it is not due yet");
        assert_eq!(heart.beat(second + interval), Err(Dead));
    }
}
