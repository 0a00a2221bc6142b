//! The output of commands: all of it is read, the end is kept.

use domain::{has_alone, is_progress_line};
use std::collections::VecDeque;

/// So many lines are kept.
const LINES: usize = 100;
/// A line is cut beyond this, in characters.
const LINE: usize = 500;
/// More output than this ends a run, in bytes.
pub(crate) const MOST_OUTPUT: usize = 32 * 1024 * 1024;

/// Words of lines that say what went wrong.
const ERRORS: [&str; 8] =
    ["error", "fail", "panicked", "exception", "traceback", "not ok", "assert", "cannot find"];
/// Lines with such a word that say that nothing did.
const NO_ERRORS: [&str; 6] = ["0 error", "no error", "0 fail", "failed: 0", "failures: 0", "errors: 0"];

/// The end of an output, and the first line of it that reads like an error.
#[derive(Debug, Default)]
pub(crate) struct Output {
    lines: VecDeque<String>,
    first_error: Option<String>,
    /// The incomplete line, as far as it is kept.
    line: Vec<u8>,
    size: usize,
}

impl Output {
    /// Takes more of it. `false` when it is too much.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> bool {
        self.size = self.size.saturating_add(bytes.len());
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, is_whole) = match part.split_last() {
                Some((b'\n', text)) => (text, true),
                _ => (part, false),
            };
            // A character has at most four bytes, and escape codes some more.
            let room = (LINE * 8).saturating_sub(self.line.len());
            self.line.extend(text.iter().take(room));
            if is_whole {
                self.end_line();
            }
        }
        self.size <= MOST_OUTPUT
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&line);
        // Of a line that was written over and over, what stayed is the last.
        let text = text.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default().to_owned();
        let text = plain(&text);
        if self.first_error.is_none() && reads_like_an_error(&text) {
            self.first_error = Some(text.trim().to_owned());
        }
        if self.lines.len() == LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(text);
    }

    /// The last lines, and the first that reads like an error.
    pub(crate) fn finish(mut self) -> (Vec<String>, Option<String>) {
        if !self.line.is_empty() {
            self.end_line();
        }
        (self.lines.into(), self.first_error)
    }
}

/// A line without escape codes and other control characters.
fn plain(line: &str) -> String {
    let mut text = String::new();
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' if characters.peek() == Some(&'[') => {
                // A control sequence ends with a letter or one of a few signs.
                characters.by_ref().skip(1).find(|c| ('@'..='~').contains(c));
            }
            '\t' => text.push_str("    "),
            c if c.is_control() => {}
            c => text.push(c),
        }
    }
    match text.char_indices().nth(LINE) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

fn reads_like_an_error(line: &str) -> bool {
    // A command's name says nothing about its result.
    if line.starts_with("$ ") || is_progress_line(line) {
        return false;
    }
    let line = line.to_lowercase();
    ERRORS.iter().any(|word| line.contains(word)) && !NO_ERRORS.iter().any(|words| has_alone(&line, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(parts: &[&str]) -> (Vec<String>, Option<String>) {
        let mut output = Output::default();
        assert!(parts.iter().all(|part| output.take(part.as_bytes())));
        output.finish()
    }

    #[test]
    fn the_end_is_kept_and_the_first_error() {
        let text: String = (0..300).map(|n| format!("line {n}\n")).collect();
        let (lines, error) = read(&["$ fail\n", "0 errors\nTypeError: x\n", &text, "Assertion", "Error"]);
        assert_eq!((lines.len(), lines[0].as_str(), lines[99].as_str()), (100, "line 201", "AssertionError"));
        assert_eq!(error.as_deref(), Some("TypeError: x"));
        let noise = "   Compiling thiserror v2.0.17\ntest login_failed ... ok\n";
        assert_eq!(read(&[noise, "test login ... FAILED\n"]).1.as_deref(), Some("test login ... FAILED"));
        assert_eq!(read(&["0 failed\n", "10 failed\n"]).1.as_deref(), Some("10 failed"));
    }

    #[test]
    fn lines_are_plain_and_short() {
        let long = "é".repeat(10_000);
        let (lines, error) = read(&["\u{1b}[31mred\u{1b}[0m\u{7}\n", "10%\r20%\r30%\r\n", &long]);
        assert_eq!(&lines[..2], ["red", "30%"]);
        assert_eq!((lines[2].chars().count(), error), (LINE + 1, None));
    }

    #[test]
    fn too_much_is_told() {
        let mut output = Output::default();
        let chunk = vec![b'x'; 1024 * 1024];
        assert!((0..32).all(|_| output.take(&chunk)) && !output.take(b"x"));
        assert_eq!(output.finish().0[0].chars().count(), LINE + 1);
    }
}
