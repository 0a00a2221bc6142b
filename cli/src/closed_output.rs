//! Handles output that cannot be written. A reader may stop early, as `head` does; the command then exits silently.

use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread::{ThreadId, current};

/// The exit code when writing fails for another reason, such as a full disk: the same as for a bad file.
const UNWRITABLE: i32 = 2;

/// The exit code when standard error cannot be written.
const UNHEARD: i32 = 1;

/// The thread that runs the command; it drops everything it holds before the process exits.
static HOLDER: OnceLock<ThreadId> = OnceLock::new();

/// The exit code of that command after its printing failed; negative before.
static EXIT_CODE: AtomicI32 = AtomicI32::new(-1);

/// Installs a panic hook that exits when printing fails: successfully if the reader closed standard output, else with the reason.
/// `println!` reports such a failure only by panicking. `SIGPIPE` is not an option: it would end `serve` when a client disconnects.
pub(crate) fn end_where_closed() {
    let report = std::panic::take_hook();
    let closed = std::io::Error::from(ErrorKind::BrokenPipe).to_string();
    std::panic::set_hook(Box::new(move |panic| {
        match panic.payload_as_str().filter(|message| message.starts_with("failed printing to ")) {
            // The reason cannot be printed. Standard error carries problems, so losing it must not look like success.
            Some(message) if message.starts_with("failed printing to stderr") => end(UNHEARD),
            Some(message) if message.to_lowercase().contains(&closed) => end(0),
            Some(message) => {
                eprintln!("ticketsmith: {message}");
                end(UNWRITABLE);
            }
            None => report(panic),
        }
    }));
}

/// Runs a command. If it cannot print, everything it holds is dropped before the process exits, such as other processes that it started and
/// temporary folders. Where another thread prints, the process exits at once.
pub(crate) fn dropping_what_it_holds<T>(command: impl FnOnce() -> T) -> T {
    // One command runs in a process.
    let _ = HOLDER.set(current().id());
    catch_unwind(AssertUnwindSafe(command)).unwrap_or_else(|panic| match EXIT_CODE.load(Ordering::SeqCst) {
        code @ 0.. => std::process::exit(code),
        _ => resume_unwind(panic),
    })
}

/// Exits, unless the panic of this thread unwinds to [`dropping_what_it_holds`], which does. Printing that fails again on the way exits at once.
fn end(code: i32) {
    if HOLDER.get() != Some(&current().id()) || EXIT_CODE.swap(code, Ordering::SeqCst) >= 0 {
        std::process::exit(code);
    }
}
