//! Handles output that cannot be written. A reader may stop early, as `head` does; the command then exits silently.

use std::io::ErrorKind;

/// The exit code when writing fails for another reason, such as a full disk: the same as for a bad file.
const UNWRITABLE: i32 = 2;

/// The exit code when standard error cannot be written.
const UNHEARD: i32 = 1;

/// Installs a panic hook that exits when printing fails: successfully if the reader closed standard output, else with the reason.
/// `println!` reports such a failure only by panicking. `SIGPIPE` is not an option: it would end `serve` when a client disconnects.
pub(crate) fn end_where_closed() {
    let report = std::panic::take_hook();
    let closed = std::io::Error::from(ErrorKind::BrokenPipe).to_string();
    std::panic::set_hook(Box::new(move |panic| {
        match panic.payload_as_str().filter(|message| message.starts_with("failed printing to ")) {
            // The reason cannot be printed. Standard error carries problems, so losing it must not look like success.
            Some(message) if message.starts_with("failed printing to stderr") => {
                std::process::exit(UNHEARD);
            }
            Some(message) if message.to_lowercase().contains(&closed) => std::process::exit(0),
            Some(message) => {
                eprintln!("ticketsmith: {message}");
                std::process::exit(UNWRITABLE);
            }
            None => report(panic),
        }
    }));
}
