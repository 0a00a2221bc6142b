//! Outside text that is shown without markup: in terminals, logs and errors.

/// The text with nothing that a terminal or a reader would take for something else than text: control characters and invisible ones,
/// such as those that change the direction of others, become `�`. Tabs and line ends stay.
pub fn printable(text: &str) -> String {
    let shown = |character| match character {
        '\n' | '\t' => character,
        '\r' | '\u{2028}' | '\u{2029}' => '\n',
        _ if is_hidden(character) => '\u{fffd}',
        _ => character,
    };
    text.replace("\r\n", "\n").chars().map(shown).collect()
}

/// Whether a character acts on a terminal or on the text around it instead of being shown. Line ends and tabs are such characters.
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2061}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_acts_on_a_terminal() {
        let hostile = "a\u{1b}[2Jb\u{1b}]8;;https://evil.example\u{7}c\u{9b}1md\u{202e}e\u{2066}f\u{200b}g\rh\u{2028}i\u{8}j\u{7f}k";
        let hidden: String = printable(hostile).chars().filter(|character| is_hidden(*character)).collect();
        assert_eq!(hidden, "\n\n");
        assert_eq!(printable("Grün 👩\u{200d}💻\tto\r\nyou\n"), "Grün 👩\u{200d}💻\tto\nyou\n");
    }
}
