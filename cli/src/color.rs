//! Colors for people at a terminal.

use crate::environment;
use domain::text::printable;
use std::io::IsTerminal;

/// A color or weight of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Color {
    /// Bold.
    Bold,
    /// For added text.
    Green,
    /// For removed text.
    Red,
    /// For places.
    Cyan,
}

/// Whether text written to the stream may have colors: it is a terminal, and its user has not disabled them: <https://no-color.org>.
pub(crate) fn on(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && !environment::is_set("NO_COLOR")
}

/// The text in a color, with its own escape codes removed; unchanged if colors are off. Print it with [`crate::print::print_painted`].
pub(crate) fn paint(text: &str, color: Color, on: bool) -> String {
    let code = match color {
        Color::Bold => 1,
        Color::Green => 32,
        Color::Red => 31,
        Color::Cyan => 36,
    };
    if on { format!("\u{1b}[{code}m{}\u{1b}[0m", printable(text)) } else { text.to_owned() }
}
