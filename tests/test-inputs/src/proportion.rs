//! How the time of work grows with its input.

use rustix::time::{ClockId, Timespec, clock_gettime};
use std::time::Duration;

/// Asserts that the time of `work` is in proportion to the length that it is given, by comparing `length` with eight times as much.
///
/// Counts the processor time of the calling thread, so that other work on the machine does not matter. `work` hands nothing to other
/// threads; what it is to be measured with, it makes itself.
///
/// # Panics
/// If eight times the length takes thirty times as long or longer; where time grows with the square, it takes sixty-four times as long.
#[track_caller]
pub fn assert_time_in_proportion(length: usize, work: impl Fn(usize)) {
    let (short, long) = (time_of(|| work(length)), time_of(|| work(8 * length)));
    assert!(long < short * 30, "{length} takes {short:?}, and eight times as much {long:?}");
}

fn time_of(work: impl FnOnce()) -> Duration {
    let begun = clock_gettime(ClockId::ThreadCPUTime);
    work();
    lasted(clock_gettime(ClockId::ThreadCPUTime) - begun)
}

/// Processor time never runs backward.
fn lasted(time: Timespec) -> Duration {
    Duration::try_from(time).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;

    fn search(text: &[usize], most: usize) {
        for number in 0..most {
            black_box(text.contains(&black_box(number)));
        }
    }

    #[test]
    fn what_grows_with_the_length_passes() {
        assert_time_in_proportion(20_000, |length| search(&[usize::MAX; 100], length));
    }

    #[test]
    #[should_panic(expected = "eight times as much")]
    fn what_grows_with_the_square_of_the_length_does_not() {
        assert_time_in_proportion(2_000, |length| search(&vec![usize::MAX; length], length));
    }
}
