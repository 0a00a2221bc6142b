//! Printing for people. Titles, questions and errors come from outside, so a terminal gets nothing in them that it would act on; a file or
//! another program gets every byte.

use crate::color;
use domain::text::printable;
use std::fmt::Arguments;
use std::io::IsTerminal;

/// The printable form of a text: on a terminal, without control characters and characters that reorder text.
pub(crate) fn shown(text: Arguments<'_>, on_terminal: bool) -> String {
    let text = text.to_string();
    if on_terminal { printable(&text) } else { text }
}

/// [`shown`] on standard output.
pub(crate) fn on_output(text: Arguments<'_>) -> String {
    shown(text, std::io::stdout().is_terminal())
}

/// [`shown`] on standard error.
pub(crate) fn on_error(text: Arguments<'_>) -> String {
    shown(text, std::io::stderr().is_terminal())
}

/// Prints a colored text on standard output. The colors are those of [`color::paint`] or the compiler, which remove other escape codes.
pub(crate) fn print_painted(text: &str) {
    let output = std::io::stdout();
    let text = if color::on(&output) { painted(text) } else { on_output(format_args!("{text}")) };
    ::std::print!("{text}");
}

/// [`print_painted`] on standard error.
pub(crate) fn eprint_painted(text: &str) {
    let error = std::io::stderr();
    let text = if color::on(&error) { painted(text) } else { on_error(format_args!("{text}")) };
    ::std::eprint!("{text}");
}

/// Clears the terminal that standard output is.
pub(crate) fn clear_screen() {
    ::std::print!("\u{1b}[H\u{1b}[2J");
}

/// The text as [`printable`] returns it, but with its colors.
fn painted(text: &str) -> String {
    const CODE: &str = "\u{1b}[";
    let mut pieces = text.split(CODE);
    let mut painted = printable(pieces.next().unwrap_or_default());
    for piece in pieces {
        let parameters = piece.trim_start_matches(|one: char| one.is_ascii_digit() || one == ';');
        match parameters.strip_prefix('m') {
            Some(rest) => {
                let (color, rest) = piece.split_at(piece.len() - rest.len());
                painted.push_str(CODE);
                painted.push_str(color);
                painted.push_str(&printable(rest));
            }
            None => painted.push_str(&printable(&format!("{CODE}{piece}"))),
        }
    }
    painted
}

/// `std::println!` of [`on_output`], for every command.
macro_rules! println {
    () => { ::std::println!() };
    ($($text:tt)*) => { ::std::println!("{}", $crate::print::on_output(::std::format_args!($($text)*))) };
}

/// `std::print!` of [`on_output`].
macro_rules! print {
    ($($text:tt)*) => { ::std::print!("{}", $crate::print::on_output(::std::format_args!($($text)*))) };
}

/// `std::eprintln!` of [`on_error`].
macro_rules! eprintln {
    () => { ::std::eprintln!() };
    ($($text:tt)*) => { ::std::eprintln!("{}", $crate::print::on_error(::std::format_args!($($text)*))) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_nothing_that_it_would_act_on() {
        let title = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}sracs\u{2066}\r";
        let printed = shown(format_args!("SHOP-1 {title}\n  done"), true);
        let hidden: Vec<char> =
            printed.chars().filter(|character| domain::text::is_hidden(*character)).collect();
        assert_eq!(hidden, ['\n']);
        assert_eq!(shown(format_args!("{title}"), false), title);
    }

    #[test]
    fn a_terminal_gets_our_colors_and_no_other_code() {
        let painted = painted(&format!(
            "{}\n\u{1b}[1;38;5;9merror\u{1b}[0m\u{1b}[2J\u{1b}[31\u{9b}H",
            color::paint("+new\u{1b}[8m\u{7}", color::Color::Green, true)
        ));
        assert_eq!(
            painted,
            "\u{1b}[32m+new\u{fffd}[8m\u{fffd}\u{1b}[0m\n\u{1b}[1;38;5;9merror\u{1b}[0m\u{fffd}[2J\u{fffd}[31\u{fffd}H"
        );
    }

    /// A command that printed in another way would print everything that a text contains.
    #[test]
    fn every_command_prints_so() {
        let main = include_str!("main.rs");
        let first =
            main.lines().find(|line| line.starts_with("#[macro_use]") || line.starts_with("mod ")).unwrap();
        assert_eq!(first, "#[macro_use]");
        let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("print.rs") {
                    let text = std::fs::read_to_string(&path).unwrap();
                    assert!(
                        !text.contains("std::println!") && !text.contains("std::print!"),
                        "{}",
                        path.display()
                    );
                    assert!(!text.contains("std::eprintln!"), "{}", path.display());
                }
            }
        }
    }
}
