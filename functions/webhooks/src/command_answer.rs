//! The answer to a slash command, before its sender renders it.

use domain::text::{CUT, TextLimit, cut, is_hidden, literal};

/// The answer to the person who typed a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommandAnswer {
    pub(crate) audience: Audience,
    /// Paragraphs, from top to bottom.
    pub(crate) sections: Vec<Vec<Part>>,
    /// The action to confirm.
    pub(crate) confirmation: Option<Confirmation>,
}

/// An action to confirm: with a button if buttons are available, or in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Confirmation {
    /// The button's label.
    pub(crate) label: &'static str,
    /// Which button it is.
    pub(crate) action: &'static str,
    /// The subject.
    pub(crate) value: String,
    /// What to type instead.
    pub(crate) words: String,
}

/// The readers of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// The person who typed the command.
    Person,
    /// Everyone in the channel.
    Channel,
}

/// A part of a section. Texts are data: the renderer escapes markup in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    Plain(String),
    Strong(String),
    /// Something to type or to look for.
    Code(String),
    /// One line of quoted text.
    Quote(String),
    Symbol(Symbol),
    LineBreak,
    /// The last line of a list: so many more are left out.
    More(usize),
}

/// A symbol at the start of a line, for quick scanning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Symbol {
    Seen,
    Working,
    Waiting,
    Succeeded,
    Failed,
    TakenBack,
    Stopped,
    Refused,
    Warning,
}

impl Symbol {
    /// The symbol in Unicode.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Seen => "👀",
            Self::Working => "⏳",
            Self::Waiting => "❓",
            Self::Succeeded => "✅",
            Self::Failed => "❌",
            Self::TakenBack => "↩️",
            Self::Stopped => "🛑",
            Self::Refused => "⛔",
            Self::Warning => "⚠️",
        }
    }
}

impl CommandAnswer {
    /// An answer that only the person who asked sees.
    pub(crate) fn to_person(parts: impl IntoIterator<Item = Part>) -> Self {
        Self { audience: Audience::Person, sections: vec![parts.into_iter().collect()], confirmation: None }
    }

    /// An answer that everyone in the channel sees.
    pub(crate) fn to_channel(parts: impl IntoIterator<Item = Part>) -> Self {
        Self { audience: Audience::Channel, ..Self::to_person(parts) }
    }

    /// Adds a section below.
    pub(crate) fn section(mut self, parts: impl IntoIterator<Item = Part>) -> Self {
        self.sections.push(parts.into_iter().collect());
        self
    }

    /// Lets the person confirm it.
    pub(crate) fn confirmed_by(self, confirmation: Confirmation) -> Self {
        Self { confirmation: Some(confirmation), ..self }
    }

    /// The same, confirmed in words: for places without buttons.
    pub(crate) fn without_buttons(&self) -> Vec<Vec<Part>> {
        let mut sections = self.sections.clone();
        if let Some(Confirmation { words, .. }) = &self.confirmation {
            sections.push(vec![plain("To confirm, say "), code(words), plain(".")]);
        }
        sections
    }

    /// The answer in Markdown, for a comment or a message. Data in it has no formatting, and mentions nobody.
    pub(crate) fn to_markdown(&self) -> String {
        let word = |part: &Part| match part {
            Part::Plain(text) => literal(text),
            Part::Strong(text) => format!("**{}**", literal(text)),
            Part::Code(text) => code_span(text),
            Part::Quote(text) => format!("\n> {}\n\n", literal(text)),
            Part::Symbol(symbol) => format!("{} ", symbol.as_str()),
            Part::LineBreak => "  \n".to_owned(),
            Part::More(count) => more(*count),
        };
        let section = |parts: &Vec<Part>| parts.iter().map(word).collect::<String>();
        self.without_buttons().iter().map(section).collect::<Vec<_>>().join("\n\n")
    }

    /// The answer as plain text, for senders that do not show it to anyone.
    pub(crate) fn to_text(&self) -> String {
        let word = |part: &Part| match part {
            Part::Plain(text) | Part::Strong(text) | Part::Code(text) => text.clone(),
            Part::Quote(text) => format!("\n> {text}"),
            Part::Symbol(symbol) => format!("{} ", symbol.as_str()),
            Part::LineBreak => "\n".to_owned(),
            Part::More(count) => more(*count),
        };
        let section = |parts: &Vec<Part>| parts.iter().map(word).collect::<String>();
        self.without_buttons().iter().map(section).collect::<Vec<_>>().join("\n\n")
    }
}

/// A refusal, which only the person sees.
pub(crate) fn refused(reason: &str) -> CommandAnswer {
    CommandAnswer::to_person([Part::Symbol(Symbol::Refused), plain(reason)])
}

/// Sections as `write` writes them, below each other and within a limit. If they are too long, the longest list among them ends with a whole
/// line and the number of lines left out; sections below it stay. Without a list, the text is cut.
pub(crate) fn written(sections: &[Vec<Part>], limit: TextLimit, write: impl Fn(&[Part]) -> String) -> String {
    let write =
        |sections: &[Vec<Part>]| sections.iter().map(|parts| write(parts)).collect::<Vec<_>>().join("\n\n");
    let whole = write(sections);
    if limit.holds(&whole) {
        return whole;
    }
    let lines_of = |section: &Vec<Part>| section.split(|part| *part == Part::LineBreak).count();
    let longest = sections.iter().enumerate().max_by_key(|(_, section)| lines_of(section));
    if let Some((at, list)) = longest {
        let mut lines: Vec<&[Part]> = list.split(|part| *part == Part::LineBreak).collect();
        let left_before = match lines.last() {
            Some([Part::More(count)]) => *count,
            _ => 0,
        };
        if left_before > 0 {
            lines.pop();
        }
        for shown in (1..lines.len()).rev() {
            let left = lines.len() - shown + left_before;
            let first = lines.iter().take(shown).map(|line| line.to_vec());
            let list = on_lines(first.chain([vec![Part::More(left)]]));
            let shorter: Vec<_> = sections
                .iter()
                .enumerate()
                .map(|(index, section)| if index == at { list.clone() } else { section.clone() })
                .collect();
            let text = write(&shorter);
            if limit.holds(&text) {
                return text;
            }
        }
    }
    cut(&whole, limit, CUT)
}

/// How many are left out of a list, in words.
pub(crate) fn more(count: usize) -> String {
    format!("\u{2026} and {count} more")
}

/// Joins lines with line breaks.
pub(crate) fn on_lines(lines: impl IntoIterator<Item = Vec<Part>>) -> Vec<Part> {
    let lines: Vec<Vec<Part>> = lines.into_iter().collect();
    lines.join(&Part::LineBreak)
}

/// A code span, with more backticks around it than are in it.
fn code_span(text: &str) -> String {
    let text: String = text.chars().map(|c| if is_hidden(c) { ' ' } else { c }).collect();
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// Plain text.
pub(crate) fn plain(text: impl Into<String>) -> Part {
    Part::Plain(text.into())
}

/// Emphasized text.
pub(crate) fn strong(text: impl Into<String>) -> Part {
    Part::Strong(text.into())
}

/// Something to type or to look for.
pub(crate) fn code(text: impl Into<String>) -> Part {
    Part::Code(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_has_no_form_and_mentions_nobody() {
        let data = "@all <!-- *a* [b](c)\n# `d`";
        let expected = "@\u{2060}all \\<\\!-- \\*a\\* \\[b\\](c) \\# \\`d\\`";
        assert_eq!(CommandAnswer::to_person([plain(data)]).to_markdown(), expected);
        assert_eq!(CommandAnswer::to_person([code("a``b`")]).to_markdown(), "``` a``b` ```");
    }

    #[test]
    fn the_longest_list_is_cut_between_lines_and_what_is_below_it_stays() {
        let list = |last: Option<Part>| {
            let lines = (1..=9).map(|number| vec![plain(format!("item {number}")), code("x")]);
            on_lines(lines.chain(last.map(|last| vec![last])))
        };
        let text = |part: &Part| match part {
            Part::Plain(text) | Part::Code(text) => text.clone(),
            Part::LineBreak => "\n".to_owned(),
            Part::More(count) => more(*count),
            part => panic!("{part:?}"),
        };
        let within = |list: Vec<Part>, most: usize| {
            let sections = [vec![plain("Title")], list, vec![plain("To confirm, say so.")]];
            written(&sections, TextLimit::characters(most), |parts| parts.iter().map(text).collect())
        };
        let cut = "Title\n\nitem 1x\nitem 2x\n\u{2026} and 7 more\n\nTo confirm, say so.";
        let length = cut.chars().count();
        assert_eq!(within(list(None), length), cut);
        assert_eq!(within(list(Some(Part::More(4))), length + 1), cut.replace("7 more", "11 more"));
        assert!(within(list(None), length - 1).contains("\nitem 1x\n\u{2026} and 8 more\n"));
        let whole = within(list(None), 1_000);
        assert!(whole.contains("item 9x\n\nTo confirm") && !whole.contains("more"), "{whole}");
        assert!(within(list(None), 20).ends_with(CUT), "not even one line fits");
        let one = written(&[vec![plain("word ".repeat(99))]], TextLimit::characters(60), |parts| {
            parts.iter().map(text).collect()
        });
        assert!(one.ends_with(CUT), "{one}");
    }

    #[test]
    fn an_answer_can_be_read_without_any_form() {
        let answer =
            CommandAnswer::to_person([Part::Symbol(Symbol::Warning), strong("SHOP-1"), plain(" waits")])
                .section([code("run"), Part::LineBreak, plain("it"), Part::Quote("why".into())]);
        assert_eq!(answer.to_text(), "⚠️ SHOP-1 waits\n\nrun\nit\n> why");
        assert_eq!(answer.to_markdown(), "⚠️ **SHOP-1** waits\n\n`run`  \nit\n> why\n\n");
        assert_eq!(CommandAnswer::to_channel([]).audience, Audience::Channel);
    }
}
