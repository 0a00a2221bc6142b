//! Colors for people at a terminal.

use std::io::IsTerminal;

/// A color, or another way to stand out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Color {
    /// Bold.
    Bold,
    /// For what is added.
    Green,
    /// For what is removed.
    Red,
    /// For places.
    Cyan,
}

/// Whether what is written there may have escape codes: at a terminal, unless its user disables colors: <https://no-color.org>.
pub(crate) fn on(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// The text in a color, if it may have one.
pub(crate) fn paint(text: &str, color: Color, on: bool) -> String {
    let code = match color {
        Color::Bold => 1,
        Color::Green => 32,
        Color::Red => 31,
        Color::Cyan => 36,
    };
    if on { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}
