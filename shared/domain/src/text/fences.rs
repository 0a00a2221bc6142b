//! Code blocks that a text leaves open.

/// The text, with a code block closed that reaches its end: what is written behind the text is then not taken for code. Blocks inside lists and
/// quotes end with these by themselves, so a text that has such a block stays as it is.
pub fn closed(text: &str) -> String {
    let mut open: Option<(char, usize)> = None;
    for line in text.lines() {
        let inner = line.trim_start_matches(' ');
        match open {
            Some((marker, length)) => {
                let rest = inner.trim_start_matches(marker);
                let is_fence =
                    line.len() - inner.len() <= MOST_INDENTATION && inner.len() - rest.len() >= length;
                open = open.filter(|_| !(is_fence && rest.trim().is_empty()));
            }
            None => {
                open = fence(line);
                let is_nested = || fence(line.trim_start_matches(begins_nested)).is_some();
                if open.is_none() && is_nested() {
                    return text.to_owned();
                }
            }
        }
    }
    match open {
        Some((marker, length)) => {
            let line = if text.ends_with('\n') { "" } else { "\n" };
            format!("{text}{line}{}", marker.to_string().repeat(length))
        }
        None => text.to_owned(),
    }
}

/// A line that is indented further closes no block.
const MOST_INDENTATION: usize = 3;

/// The sign and the length of the fence that a line begins with, if it opens a block of code.
fn fence(line: &str) -> Option<(char, usize)> {
    let marker = line.chars().next().filter(|first| matches!(first, '`' | '~'))?;
    let behind = line.trim_start_matches(marker);
    let length = line.len() - behind.len();
    // Between backticks on one line, it is code in a line.
    (length >= 3 && !(marker == '`' && behind.contains('`'))).then_some((marker, length))
}

/// Whether a character belongs to what lists, quotes and indented lines begin with.
fn begins_nested(c: char) -> bool {
    c.is_whitespace() || c.is_ascii_digit() || matches!(c, '>' | '-' | '*' | '+' | '.' | ')')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_open_block_is_closed() {
        for (text, added) in [
            ("a\n```\ncode", "\n```"),
            ("a\n```rust\ncode\n", "```"),
            ("~~~~\n~~~\ncode", "\n~~~~"),
            ("```\na\n```\n```\nb", "\n```"),
            ("```\na\n    ```", "\n```"),
            ("```\na\n``` b", "\n```"),
            ("```\na\r\n```\r\n```\r\nb", "\n```"),
        ] {
            assert_eq!(closed(text), format!("{text}{added}"), "{text}");
        }
        for text in [
            "",
            "a",
            "`a`, ```b``` and ``",
            "```\na\n```",
            "~~~\n```\n~~~\n",
            "```\na\n  `````  \n",
            "- a\n  ```\n  b",
            "- ```\n  a",
            "1. a\n   ~~~\n   b\n\nc\n\n```\nd",
            "> ```\n> a",
            "    ```\n    a",
        ] {
            assert_eq!(closed(text), text);
        }
    }
}
