//! Ends a process whose parent is gone.
//!
//! `demo` starts other commands and ends them. If it is killed, it cannot; but then every system closes the pipe that it held open to their
//! standard input.

use std::io::Read;
use std::sync::LazyLock;
use std::time::Duration;
use tokio::sync::watch;

/// The variable that tells a command to watch its standard input.
pub(crate) const VARIABLE: &str = "TICKETSMITH_PARENT";
/// Its value.
pub(crate) const STANDARD_INPUT: &str = "stdin";
/// What a parent writes that lets the process live on after it.
pub(crate) const KEEP: &[u8] = b"k";

/// How long the command may take to end in order.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// The exit code when it takes longer.
const GONE: i32 = 3;

/// Whether the parent is gone.
static IS_GONE: LazyLock<watch::Sender<bool>> = LazyLock::new(|| watch::Sender::new(false));

/// Watches the standard input, if the parent asks for it.
pub(crate) fn watch() {
    if std::env::var_os(VARIABLE).is_some_and(|value| value == STANDARD_INPUT) {
        // A thread of its own: the runtime waits at its end for what it reads, and this may never end.
        std::thread::spawn(|| {
            if !is_kept(std::io::stdin().lock()) {
                IS_GONE.send_replace(true);
                // Nothing waits for this thread: a command that ends in order takes it along. The runtime's timers would not do, because a command
                // that hangs may be one that blocks the runtime.
                std::thread::sleep(STOP_LIMIT);
                std::process::exit(GONE);
            }
        });
    }
}

/// Waits until the parent says that the process may live on, or is gone.
fn is_kept(mut input: impl Read) -> bool {
    input.read_exact(&mut [0; KEEP.len()]).is_ok()
}

/// Returns when the parent is gone; never if it is not watched.
pub(crate) async fn gone() {
    let mut gone = IS_GONE.subscribe();
    // The sender is never dropped.
    let _ = gone.wait_for(|is_gone| *is_gone).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_lives_on_only_if_its_parent_says_so() {
        assert!(is_kept(KEEP));
        assert!(!is_kept(&b""[..]));
    }
}
