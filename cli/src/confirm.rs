//! Asking before something is changed.

use crate::exit::{Exit, Outcome};
use std::io::{BufRead, IsTerminal, Write};

/// Asks, and goes on after `y` or `yes`, or without asking when `--yes` was given.
///
/// # Errors
/// Negative when the answer is another one; a usage error where nobody can be asked.
pub(crate) fn confirm(question: &str, yes: bool) -> Outcome {
    if yes {
        return Ok(());
    }
    let input = std::io::stdin();
    if !input.is_terminal() {
        return Err(Exit::usage("nobody can be asked here: say --yes"));
    }
    print!("{question} [y/N] ");
    std::io::stdout().flush().map_err(Exit::usage)?;
    let mut answer = String::new();
    input.lock().read_line(&mut answer).map_err(Exit::usage)?;
    match answer.trim() {
        "y" | "yes" => Ok(()),
        _ => Err(Exit::negative("nothing was changed")),
    }
}
