//! Handles output that cannot be written. A reader may stop early, as `head` does; the command then exits silently.

use std::io::ErrorKind;

/// The exit code when writing fails for another reason, such as a full disk: the same as for a bad file.
const UNWRITABLE: i32 = 2;

/// The exit code where the standard error cannot be written.
const UNHEARD: i32 = 1;

/// From now on, printing what cannot be written ends the process: into a closed pipe as a success, else with the reason. `println!` panics
/// there and knows no other way to tell; the signal of a closed pipe cannot be asked for, since it would end servers when a client hangs up.
pub(crate) fn end_where_closed() {
    let report = std::panic::take_hook();
    let closed = std::io::Error::from(ErrorKind::BrokenPipe).to_string();
    std::panic::set_hook(Box::new(move |panic| {
        match panic.payload_as_str().filter(|message| message.starts_with("failed printing to ")) {
            // There is nowhere left to say why. What was said there is no success.
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
