//! Confirmation before a change.

use crate::exit::{Exit, Outcome};
use std::io::{BufRead, IsTerminal, Write};

/// Prompts and continues after `y` or `yes`. With `--yes`, continues without prompting.
///
/// # Errors
/// Negative for any other answer; a usage error when standard input is not a terminal.
pub(crate) fn confirm(question: &str, yes: bool) -> Outcome {
    if yes {
        return Ok(());
    }
    let input = std::io::stdin();
    if !input.is_terminal() {
        return Err(Exit::usage("not a terminal; pass --yes"));
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
