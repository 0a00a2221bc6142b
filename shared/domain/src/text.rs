//! Cuts texts to the length that a service accepts, without breaking a character, a code block, a link or emphasis.

mod constructs;
mod fences;
mod html;
mod items;
mod literal;
mod plain;

use constructs::{Construct, Constructs};

pub use fences::closed;
pub use html::escaped_html;
pub use items::cut_items;
pub use literal::{JOINER, destination, literal};
pub use plain::{is_hidden, printable};

/// The end of a cut text.
pub const CUT: &str = "\n\n… (cut)";

/// The unit in which a service measures a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// Unicode scalar values, as Ruby, Python and Rust count them.
    Characters,
    /// UTF-16 code units, as Java and JavaScript count them: an emoji is two.
    Utf16,
    /// Bytes of UTF-8.
    Bytes,
}

/// The longest text that a service's field accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextLimit {
    most: usize,
    unit: Unit,
}

impl TextLimit {
    /// At most so many Unicode characters.
    pub const fn characters(most: usize) -> Self {
        Self { most, unit: Unit::Characters }
    }

    /// At most so many UTF-16 code units.
    pub const fn utf16(most: usize) -> Self {
        Self { most, unit: Unit::Utf16 }
    }

    /// At most so many bytes of UTF-8.
    pub const fn bytes(most: usize) -> Self {
        Self { most, unit: Unit::Bytes }
    }

    /// The limit minus a reserve, for a text that something is appended to.
    pub const fn less(self, size: usize) -> Self {
        Self { most: self.most.saturating_sub(size), unit: self.unit }
    }

    /// Half of the limit's remaining room for a text.
    pub fn half_of(self, text: &str) -> Self {
        Self { most: self.most.min(self.size(text)) / 2, unit: self.unit }
    }

    /// The size of a text in this limit's unit.
    pub fn size(self, text: &str) -> usize {
        match self.unit {
            Unit::Characters => text.chars().count(),
            Unit::Utf16 => text.chars().map(char::len_utf16).sum(),
            Unit::Bytes => text.len(),
        }
    }

    /// Whether the text fits the limit.
    pub fn holds(self, text: &str) -> bool {
        // No unit gives a larger count than bytes.
        text.len() <= self.most || self.size(text) <= self.most
    }

    /// The bytes of the longest beginning that fits and does not take a character apart from the marks that belong to it.
    fn prefix(self, text: &str) -> usize {
        let size = |character: char| match self.unit {
            Unit::Characters => 1,
            Unit::Utf16 => character.len_utf16(),
            Unit::Bytes => character.len_utf8(),
        };
        let mut taken = 0;
        let fits = |(_, character): &(usize, char)| {
            taken += size(*character);
            taken <= self.most
        };
        let end = text.char_indices().take_while(fits).last().map_or(0, |(at, last)| at + last.len_utf8());
        whole_character(text, end)
    }
}

/// Cuts Markdown, or a language like it such as Slack's, to a limit. A text that fits stays as it is. Another one ends at a line
/// or word if one is near; code blocks, code and emphasis that were cut are closed, and links and entities are left out
/// as a whole; then `note` follows, such as [`CUT`]. If the limit has no room for the note, only the text's beginning remains.
pub fn cut(text: &str, limit: TextLimit, note: &str) -> String {
    if limit.holds(text) {
        return text.to_owned();
    }
    let constructs = Constructs::of(text);
    let mut room = limit.less(limit.size(note));
    while room.most > 0 {
        let most = room.prefix(text);
        let near = (most - (most / 4).min(400), most - (most / 2).min(60));
        let end = break_before(text, near, most, &constructs);
        let head = text[..end].trim_end();
        let cut = format!("{head}{}{note}", closing(head, end, &constructs));
        if limit.holds(&cut) {
            return cut;
        }
        room = room.less(limit.size(&cut).saturating_sub(limit.most).max(1));
    }
    text[..limit.prefix(text)].to_owned()
}

/// Makes one line of a text and cuts it to a limit: white space becomes single spaces, and a longer line ends at a word
/// if one is near, with `…`.
pub fn cut_line(text: &str, limit: TextLimit) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if limit.holds(&line) {
        return line;
    }
    let most = limit.less(limit.size("…")).prefix(&line);
    let near = most - most / 4;
    let end = match line[..most].rfind(' ') {
        Some(space) if space >= near => space,
        _ => most,
    };
    format!("{}…", &line[..end])
}

/// Divides Markdown, or a similar language such as Slack's, into pieces that each fit a limit: at line ends if there are
/// any, otherwise at words. A code block or emphasis that continues in the next piece is closed in one and reopened in the next.
/// Nothing else is added, and nothing is left out.
pub fn split(text: &str, limit: TextLimit) -> Vec<String> {
    let constructs = Constructs::of(text);
    let mut pieces = Vec::new();
    let mut opening = String::new();
    let mut start = 0;
    while start < text.len() {
        let rest = &text[start..];
        // A character has at most four bytes, so a longer rest is not worth counting.
        if rest.len() <= limit.most.saturating_mul(4) {
            let whole = format!("{opening}{rest}");
            if limit.holds(&whole) {
                pieces.push(whole);
                break;
            }
        }
        let mut room = limit.less(limit.size(&opening));
        let (end, piece) = loop {
            let most = start + room.prefix(rest).max(rest.chars().next().map_or(0, char::len_utf8));
            let near = (start, most - (most - start) / 4);
            let end = break_before(text, near, most, &constructs);
            // A construct that is longer than a piece is broken near the end of the piece.
            let end = if end > start { end } else { outside_runs(text, start, most) };
            let head = &text[start..end];
            let piece = format!("{opening}{head}{}", closing(head, end, &constructs));
            let excess = limit.size(&piece).saturating_sub(limit.most);
            if excess == 0 || room.most <= excess {
                break (end, piece);
            }
            room = room.less(excess);
        };
        pieces.push(piece);
        opening = constructs.through(end).map(Construct::opening).collect();
        start = end;
    }
    pieces.retain(|piece| !piece.trim().is_empty());
    pieces
}

/// The best place to break at or before `most`: after a line that ends after the first of `near`, or else after a word that ends
/// after the second. It is before both only if an unbreakable construct begins there.
fn break_before(text: &str, near: (usize, usize), most: usize, constructs: &Constructs) -> usize {
    let after = |end: char, near: usize| {
        let near = text.floor_char_boundary(near);
        text[near..most].rfind(end).map(|at| near + at + 1).filter(|end| *end > near)
    };
    let mut end = after('\n', near.0).or_else(|| after(' ', near.1)).unwrap_or(most);
    loop {
        match constructs
            .through(end)
            .filter(|construct| !construct.can_end_at(text, end))
            .map(|construct| construct.start)
            .min()
        {
            Some(start) if start > 0 => end = start,
            _ => return end,
        }
    }
}

/// The last place at or before `most` without an adjacent markup character. It is `most` if there is none near.
fn outside_runs(text: &str, start: usize, most: usize) -> usize {
    // No real run has more signs than this.
    const MOST: usize = 16;
    let places = text[start..most].char_indices().rev().map(|(at, _)| whole_character(text, start + at));
    let is_outside =
        |at: &usize| !constructs::is_beside(text, *at, |sign| matches!(sign, '`' | '*' | '_' | '~'));
    std::iter::once(most).chain(places).take(MOST).filter(|at| *at > start).find(is_outside).unwrap_or(most)
}

/// What closes the constructs that go through `end`, after a `head` that ends there.
fn closing(head: &str, end: usize, constructs: &Constructs) -> String {
    constructs.through(end).rev().map(|construct| construct.closing(head.ends_with('\n'))).collect()
}

/// The nearest boundary at or before `end` that does not part a character from its combining marks, its variation or its joiner.
fn whole_character(text: &str, end: usize) -> usize {
    const JOINER: char = '\u{200d}';
    let continues = |character: char| matches!(character, JOINER | '\u{300}'..='\u{36f}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{20d0}'..='\u{20f0}');
    // No real character has more parts than this.
    const MOST: usize = 16;
    let mut at = end;
    for _ in 0..MOST {
        let parts = text[at..].chars().next().is_some_and(continues) || text[..at].ends_with(JOINER);
        if !parts {
            return at;
        }
        match text[..at].char_indices().next_back() {
            Some((before, _)) if before > 0 => at = before,
            _ => return end,
        }
    }
    end
}

#[cfg(test)]
mod tests;
