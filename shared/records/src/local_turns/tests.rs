use super::*;
use domain::configuration::Rate;
use proptest::prelude::*;

const AT_ONCE: Patience = Patience::Of(Duration::ZERO);

fn provider() -> InstanceName {
    "jira".parse().unwrap()
}

fn after(milliseconds: i64) -> Timestamp {
    let start: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
    start + SignedDuration::from_millis(milliseconds)
}

fn pace(rate: &str) -> Pace {
    Pace::of(Rate::try_from(rate.to_owned()).unwrap())
}

/// What the table has, and the process that runs now.
struct Installation {
    pace: Pace,
    kept: ProviderTurns,
    writes: usize,
    turns: LocalTurns,
}

impl Installation {
    fn new(rate: &str) -> Self {
        let turns = LocalTurns::new(after(0));
        Self { pace: pace(rate), kept: ProviderTurns::default(), writes: 0, turns }
    }

    /// The process is killed, and another one starts.
    fn restart(&mut self, now: Timestamp) {
        self.turns = LocalTurns::new(now);
        self.turns.learn(&provider(), self.kept);
    }

    /// How long a call waits for its turn, unless it is put off.
    fn call(&mut self, patience: Patience, now: Timestamp) -> Option<Duration> {
        let (taken, change) = self.turns.pass(&provider(), self.pace, patience, now);
        if let Some(unkept) = change.and_then(|change| self.turns.unkept(&provider(), change)) {
            self.kept = unkept.turns;
            self.writes += 1;
            self.turns.note_kept(&provider(), &unkept);
        }
        taken.ok().map(|pass| pass.wait)
    }
}

#[test]
fn calls_at_the_rate_are_not_written() {
    for (rate, interval) in [("1/s", 1_000), ("2/s", 500), ("10/s", 100), ("5000/h", 800)] {
        let mut installation = Installation::new(rate);
        for call in 1..100 {
            let now = after(1_000 + call * interval);
            assert_eq!(installation.call(AT_ONCE, now), Some(Duration::ZERO), "{rate}");
        }
        assert_eq!(installation.writes, 0, "{rate}");
    }
}

#[test]
fn a_burst_is_written_twice_and_calls_of_a_slow_pace_each_time() {
    let mut installation = Installation::new("10/s");
    let passed = (0..20).filter(|_| installation.call(AT_ONCE, after(1_000)).is_some()).count();
    assert_eq!((passed, installation.writes), (10, 2));
    // One a second is never written: a killed process made none that the next one does not count in.
    let mut installation = Installation::new("1/s");
    let patient = Patience::Of(Duration::from_secs(9));
    let passed = (0..20).filter(|_| installation.call(patient, after(1_000)).is_some()).count();
    assert_eq!((passed, installation.writes), (10, 0));
    for rate in ["30/min", "40/min"] {
        let mut installation = Installation::new(rate);
        for minute in 1..10 {
            installation.call(AT_ONCE, after(minute * 60_000)).unwrap();
        }
        assert_eq!(installation.writes, 9, "{rate}");
    }
}

#[test]
fn the_first_call_of_a_process_does_not_wait() {
    for rate in ["2/s", "10/s", "40/min", "100/h", "5000/h"] {
        assert_eq!(Installation::new(rate).call(AT_ONCE, after(0)), Some(Duration::ZERO), "{rate}");
    }
    for rate in ["3/s", "10/s", "100/h", "5000/h"] {
        let first = Installation::new(rate).call(Patience::GivesWay, after(0));
        assert_eq!(first, Some(Duration::ZERO), "{rate}");
    }
    // Without a burst, a second.
    for rate in ["1/s", "30/min", "10/h"] {
        let first = Installation::new(rate).call(Patience::Of(Duration::from_secs(1)), after(0));
        assert_eq!(first, Some(Duration::from_secs(1)), "{rate}");
    }
}

#[test]
fn a_clock_that_is_set_back_after_the_start_holds_up_no_first_call() {
    let hour = 3_600_000;
    for rate in ["2/s", "10/s", "100/h"] {
        let mut installation = Installation::new(rate);
        installation.restart(after(hour));
        assert_eq!(installation.call(AT_ONCE, after(0)), Some(Duration::ZERO), "{rate}");
    }
}

#[test]
fn a_clock_that_is_set_back_holds_up_no_later_call() {
    let hour = 3_600_000;
    for rate in ["2/s", "10/s", "5000/h"] {
        let mut installation = Installation::new(rate);
        assert_eq!(installation.call(AT_ONCE, after(hour)), Some(Duration::ZERO), "{rate}");
        assert_eq!(installation.call(AT_ONCE, after(0)), Some(Duration::ZERO), "{rate}");
        // Neither does the table, which the next process reads.
        installation.restart(after(2_000));
        assert_eq!(installation.call(AT_ONCE, after(2_000)), Some(Duration::ZERO), "{rate}");
        // The rate is kept: what was taken before counts.
        let mut installation = Installation::new(rate);
        while installation.call(AT_ONCE, after(hour)).is_some() {}
        assert_eq!(installation.call(AT_ONCE, after(0)), None, "{rate}");
    }
}

#[test]
fn a_clock_that_is_set_back_before_a_start_holds_up_no_call_for_long() {
    let (hour, two_minutes) = (3_600_000, 120_000);
    for rate in ["2/s", "10/s", "5000/h"] {
        let mut installation = Installation::new(rate);
        while installation.call(AT_ONCE, after(hour)).is_some() {}
        installation.restart(after(0));
        assert_eq!(installation.call(AT_ONCE, after(two_minutes)), Some(Duration::ZERO), "{rate}");
    }
    let turns = LocalTurns::new(after(0));
    let open =
        ProviderTurns { failures: 5, open_until: microseconds(after(hour)), ..ProviderTurns::default() };
    turns.learn(&provider(), open);
    assert_eq!(turns.held(&provider(), after(0)).unwrap().retry_after, Duration::from_secs(60));
}

#[test]
fn a_clock_that_is_set_back_leaves_nobody_alone_for_longer() {
    let turns = LocalTurns::new(after(0));
    let hour = 3_600_000;
    for _ in 0..5 {
        turns.count_failure(&provider(), after(hour));
    }
    turns.block(&provider(), pace("2/s"), after(hour + 90_000)).unwrap();
    let held = turns.held(&provider(), after(0)).unwrap();
    assert_eq!((held.retry_after, held.circuit_open), (Duration::from_secs(90), true));
    assert_eq!(turns.held(&provider(), after(90_000)), None);
}

#[test]
fn one_write_covers_all_changes_before_it() {
    let turns = LocalTurns::new(after(0));
    let (_, first) = turns.count_failure(&provider(), after(0));
    let second = turns.block(&provider(), pace("2/s"), after(5_000)).unwrap();
    let unkept = turns.unkept(&provider(), first).unwrap();
    assert_eq!((unkept.turns.failures, unkept.used), (1, after(5_000)));
    turns.note_kept(&provider(), &unkept);
    assert!(turns.unkept(&provider(), second).is_none());
    // What changes nothing is not written.
    assert_eq!(turns.block(&provider(), pace("2/s"), after(4_000)), None);
    assert!(turns.close(&provider()).is_some());
    assert_eq!(turns.close(&provider()), None);
}

#[test]
fn what_is_known_is_not_learned_again() {
    let turns = LocalTurns::new(after(0));
    assert!(!turns.knows(&provider()));
    turns.learn(&provider(), ProviderTurns::default());
    turns.block(&provider(), pace("2/s"), after(5_000)).unwrap();
    // Read by another call before the block.
    turns.learn(&provider(), ProviderTurns::default());
    assert!(turns.knows(&provider()));
    assert_eq!(turns.held(&provider(), after(0)).unwrap().retry_after, Duration::from_secs(5));
}

#[derive(Debug, Clone)]
enum Event {
    Call(Patience),
    Kill,
}

fn event() -> impl Strategy<Value = (i64, Event)> {
    let patience = prop_oneof![
        3 => Just(AT_ONCE),
        1 => Just(Patience::Of(Duration::from_secs(2))),
        1 => Just(Patience::GivesWay),
    ];
    let event = prop_oneof![6 => patience.prop_map(Event::Call), 1 => Just(Event::Kill)];
    (prop_oneof![4 => Just(0_i64), 4 => 0..300_i64, 1 => 0..40_000_i64], event)
}

/// Whether calls at these moments, in microseconds, keep a pace.
fn keep(pace: Pace, sent: &[u64]) -> bool {
    let mut tat = 0_u64;
    sent.iter().all(|at| {
        let in_time = tat <= at + pace.tolerance;
        tat = tat.max(*at) + pace.interval;
        in_time
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn however_often_a_process_is_killed_the_rate_is_kept(
        rate in prop::sample::select(vec!["1/s", "2/s", "3/s", "10/s", "30/min", "40/min", "100/h", "5000/h"]),
        events in prop::collection::vec(event(), 1..120),
    ) {
        let mut installation = Installation::new(rate);
        let (mut time, mut sent) = (0, Vec::new());
        for (pause, event) in events {
            time += pause;
            let now = after(time);
            match event {
                Event::Call(patience) => {
                    let wait = installation.call(patience, now);
                    sent.extend(wait.map(|wait| microseconds(now) + u64::try_from(wait.as_micros()).unwrap()));
                }
                Event::Kill => {
                    // Those who still waited are never sent.
                    sent.retain(|at| *at <= microseconds(now));
                    installation.restart(now);
                }
            }
        }
        prop_assert!(keep(installation.pace, &sent), "{sent:?}");
    }
}
