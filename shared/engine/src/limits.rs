//! The quotas of Step Functions that the engine enforces.
//!
//! See <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>.

use serde_json::Value;

/// Largest input, output or result of a state, in bytes of UTF-8 JSON.
pub const PAYLOAD_BYTES: usize = 262_144;
/// Largest value of one variable, and of all variables of one `Assign` together, in bytes.
pub const ASSIGN_BYTES: usize = 262_144;
/// Largest sum of all variables of one execution, in bytes.
pub const VARIABLES_BYTES: usize = 10 * 1024 * 1024;
/// Largest definition, and largest API request, in bytes.
pub const DEFINITION_BYTES: usize = 1_048_576;
/// Most history events of one execution.
pub const HISTORY_EVENTS: u64 = 25_000;
/// Longest name of a state machine, execution, state or variable, in characters.
pub const NAME_CHARACTERS: usize = 80;
/// Most iterations of an inline Map that run at the same time.
pub const MAP_CONCURRENCY: usize = 40;
/// Longest `TimeoutSeconds`, `HeartbeatSeconds` or `Seconds`.
pub const LONGEST_SECONDS: u64 = 99_999_999;
/// Deepest nesting of Parallel and Map states. AWS refuses deeper ones as `TOO_DEEPLY_NESTED`.
pub const NESTED_FLOWS: usize = 16;

/// The bytes of `value` as compact JSON.
pub(crate) fn size(value: &Value) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // Writing a `Value` to a counter cannot fail; if it ever did, the value would count as too large.
    match serde_json::to_writer(&mut count, value) {
        Ok(()) => count.0,
        Err(_) => usize::MAX,
    }
}
