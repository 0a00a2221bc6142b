//! Reads the command line. Errors about numbers are reported in our own words instead of the library's, and an empty environment variable gives no
//! option.

use crate::command_groups::in_groups;
use crate::commands::GROUPS;
use crate::environment;
use crate::print::on_error;
use clap::error::ErrorKind;
use clap::{Command, Error, Parser};
use std::io::Write;

/// The library's words about a number, and ours.
const WORDS: &[(&str, &str)] = &[
    ("invalid digit found in string", "accepted: a whole number"),
    ("cannot parse integer from empty string", "accepted: a whole number"),
    ("number too large to fit in target type", "accepted: a smaller whole number"),
    ("number too small to fit in target type", "accepted: a larger whole number"),
    ("invalid float literal", "accepted: a number"),
    ("cannot parse float from empty string", "accepted: a number"),
];

/// The arguments. If they are invalid, or help is requested, prints that and ends the process.
pub(crate) fn read<T: Parser>() -> T {
    parsed().unwrap_or_else(|error| match in_our_words(&error) {
        Some(told) => {
            // If nobody can read the reason, the code alone reports it.
            let _nobody_reads_it = write!(std::io::stderr(), "{}", on_error(format_args!("{told}")));
            std::process::exit(error.exit_code())
        }
        None => error.exit(),
    })
}

fn parsed<T: Parser>() -> Result<T, Error> {
    let mut command = in_groups(without_empty_variables(T::command()), &GROUPS);
    let mut matches = command.try_get_matches_from_mut(std::env::args_os())?;
    T::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

/// The command and all below it, as if variables without a value were not there: the library takes them for values, which it then refuses.
fn without_empty_variables(command: Command) -> Command {
    let command = command.mut_args(|argument| match argument.get_env().is_some_and(environment::is_empty) {
        true => argument.env(None::<&'static str>),
        false => argument,
    });
    command.mut_subcommands(without_empty_variables)
}

/// The error in our words; `None` if the library's are good.
fn in_our_words(error: &Error) -> Option<String> {
    if error.kind() != ErrorKind::ValueValidation {
        return None;
    }
    let told = error.to_string();
    if let Some((theirs, ours)) = WORDS.iter().find(|(theirs, _)| told.contains(theirs)) {
        return Some(told.replace(theirs, ours));
    }
    let (before, rest) = told.split_once(" is not in ")?;
    let (range, after) = rest.split_once('\n').unwrap_or((rest, ""));
    let (least, most) = range.split_once("..")?;
    let range = match most.strip_prefix('=') {
        Some(most) => format!("{least} to {most}"),
        // The library knows no range without an end.
        None if most.parse() == Ok(u64::MAX) || most.is_empty() => format!("{least} and more"),
        None => format!("{least} to less than {most}"),
    };
    Some(format!("{before} is out of range; accepted: {range}\n{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Arguments;

    #[test]
    fn numbers_are_refused_in_our_words() {
        for (line, told) in [
            ("engine --port abc", "'abc' for '--port <PORT>': accepted: a whole number"),
            ("engine --port 99999", "99999 is out of range; accepted: 0 to 65535"),
            ("status --limit 0", "0 is out of range; accepted: 1 to 100"),
            ("demo --limit-seconds 0", "0 is out of range; accepted: 1 and more"),
            ("workflow cost --memory-mb much", "accepted: a number"),
        ] {
            let line = ["ticketsmith"].into_iter().chain(line.split(' '));
            let error = Arguments::try_parse_from(line).unwrap_err();
            let found = in_our_words(&error).unwrap();
            assert!(found.contains(told) && found.starts_with("error: invalid value"), "{found}");
            assert!(found.contains("For more information, try '--help'"), "{found}");
        }
        let error = Arguments::try_parse_from(["ticketsmith", "nope"]).unwrap_err();
        assert!(in_our_words(&error).is_none());
    }
}
