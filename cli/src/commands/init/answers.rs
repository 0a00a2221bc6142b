//! Answers from a terminal. Without one, every question is an error that names the argument to pass.

use crate::exit::{Exit, Outcome};
use std::io::{BufRead, IsTerminal, Write};

/// Asks at the terminal, if there is one.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) is_terminal: bool,
}

impl Default for Answers {
    fn default() -> Self {
        Self { is_terminal: std::io::stdin().is_terminal() }
    }
}

impl Answers {
    /// A line of text; an empty one is asked for again. `argument` is what gives it without a terminal.
    ///
    /// # Errors
    /// A usage error without a terminal; negative when the input ends.
    pub(super) fn text(&self, question: &str, argument: &str) -> Outcome<String> {
        loop {
            let answer = self.line(question, argument)?;
            if !answer.is_empty() {
                return Ok(answer);
            }
        }
    }

    /// The same, but an empty line means none.
    ///
    /// # Errors
    /// As [`Answers::text`].
    pub(super) fn optional(&self, question: &str, argument: &str) -> Outcome<Option<String>> {
        let answer = self.line(&format!("{question} (Enter for none)"), argument)?;
        Ok(Some(answer).filter(|answer| !answer.is_empty()))
    }

    /// One of several, by its number or name; an empty line means none.
    ///
    /// # Errors
    /// As [`Answers::text`].
    pub(super) fn choice(&self, question: &str, options: &[&str], argument: &str) -> Outcome<Option<usize>> {
        let list: Vec<_> = (1..).zip(options).map(|(number, option)| format!("{number} {option}")).collect();
        loop {
            let answer = self.line(&format!("{question}: {} (Enter for none)", list.join(", ")), argument)?;
            if answer.is_empty() {
                return Ok(None);
            }
            let by_number = answer.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            let by_name = options.iter().position(|option| option.eq_ignore_ascii_case(&answer));
            if let Some(index) = by_name.or(by_number).filter(|index| *index < options.len()) {
                return Ok(Some(index));
            }
            eprintln!("Type a number from 1 to {}, or a name.", options.len());
        }
    }

    fn line(&self, question: &str, argument: &str) -> Outcome<String> {
        if !self.is_terminal {
            return Err(Exit::usage(format!("{argument} is missing, and there is no terminal to prompt on")));
        }
        eprint!("{question}: ");
        std::io::stderr().flush().map_err(Exit::usage)?;
        let mut text = String::new();
        let read = std::io::stdin().lock().read_line(&mut text).map_err(Exit::usage)?;
        if read == 0 {
            return Err(Exit::negative("stopped; what was set stays set"));
        }
        Ok(text.trim().to_owned())
    }
}
