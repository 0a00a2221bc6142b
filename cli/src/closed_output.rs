//! What happens when whoever reads the output stops reading, as `head` does: the command ends without a word.

use std::io::ErrorKind;

/// From now on, printing into a closed pipe ends the process, which is no failure. `println!` panics there and knows no other way to
/// tell; the signal itself cannot be asked for, since it would end servers when a client hangs up.
pub(crate) fn end_quietly() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let closed = std::io::Error::from(ErrorKind::BrokenPipe).to_string();
        let is_closed = |message: &str| {
            message.starts_with("failed printing to stdout") && message.to_lowercase().contains(&closed)
        };
        if panic.payload_as_str().is_some_and(is_closed) {
            std::process::exit(0);
        }
        report(panic);
    }));
}
