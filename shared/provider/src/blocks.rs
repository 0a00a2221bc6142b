//! The layout of Markdown's blocks in a chat message: paragraphs, lists, quotes and code, independent of the service's markup.

/// The text of a message as it grows, block by block.
#[derive(Debug)]
pub struct Blocks {
    /// The text so far. Inline markup is appended as it is.
    pub text: String,
    /// The next number of each list around, `None` for bullets.
    pub lists: Vec<Option<u64>>,
    /// How many quotes are around. Chats show one depth.
    pub quotes: usize,
    /// Whether a code block is being written, whose lines are never continued in a quote.
    pub in_code: bool,
    bullet: &'static str,
    indent: &'static str,
}

impl Blocks {
    /// An empty message whose items begin with this bullet, and are indented by this for each list around theirs, at most four.
    pub fn new(bullet: &'static str, indent: &'static str) -> Self {
        Self { text: String::new(), lists: Vec::new(), quotes: 0, in_code: false, bullet, indent }
    }

    /// Text that may hold line breaks, each continued in its quote.
    pub fn write(&mut self, text: &str) {
        let quote = if self.in_code || self.quotes == 0 { "" } else { "> " };
        for (index, line) in text.split('\n').enumerate() {
            if index > 0 {
                self.text.push('\n');
                self.text.push_str(quote);
            }
            self.text.push_str(line);
        }
    }

    /// A blank line before a block, but none after an item's bullet.
    pub fn block(&mut self) {
        let at_bullet = self.text.ends_with(' ') && !self.lists.is_empty();
        if !self.text.is_empty() && !at_bullet {
            self.text.push_str(if self.lists.is_empty() { "\n\n" } else { "\n" });
        }
        self.quote();
    }

    /// The beginning of a line.
    pub fn line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        self.quote();
    }

    /// The beginning of an item of the innermost list.
    pub fn item(&mut self) {
        self.line();
        self.text.push_str(&self.indent.repeat(self.lists.len().saturating_sub(1).min(4)));
        match self.lists.last_mut() {
            Some(Some(number)) => {
                self.text.push_str(&format!("{number}. "));
                *number = number.saturating_add(1);
            }
            _ => self.text.push_str(self.bullet),
        }
    }

    /// The end of a block of code, whose fence is three backticks.
    pub fn end_code(&mut self) {
        if !self.text.ends_with('\n') {
            self.write("\n");
        }
        self.text.push_str("```");
        self.in_code = false;
    }

    fn quote(&mut self) {
        if self.quotes > 0 && (self.text.is_empty() || self.text.ends_with('\n')) {
            self.text.push_str("> ");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_numbered_and_indented_and_quotes_go_on() {
        let mut blocks = Blocks::new("* ", "  ");
        blocks.quotes = 1;
        blocks.lists.push(Some(9));
        blocks.item();
        blocks.write("one\ntwo");
        blocks.lists.push(None);
        blocks.item();
        blocks.write("three");
        blocks.lists.pop();
        blocks.item();
        assert_eq!(blocks.text, "> 9. one\n> two\n>   * three\n> 10. ");
    }
}
