//! The answer to a slash command, before its sender renders it.

/// The answer to the person who typed a command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CommandAnswer {
    pub(crate) audience: Audience,
    /// Paragraphs, from top to bottom.
    pub(crate) sections: Vec<Vec<Part>>,
}

/// Who sees an answer.
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
        Self { audience: Audience::Person, sections: vec![parts.into_iter().collect()] }
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

    /// The answer as plain text, for senders that do not show it to anyone.
    pub(crate) fn to_text(&self) -> String {
        let word = |part: &Part| match part {
            Part::Plain(text) | Part::Strong(text) | Part::Code(text) => text.clone(),
            Part::Quote(text) => format!("\n> {text}"),
            Part::Symbol(symbol) => format!("{} ", symbol.as_str()),
            Part::LineBreak => "\n".to_owned(),
        };
        let section = |parts: &Vec<Part>| parts.iter().map(word).collect::<String>();
        self.sections.iter().map(section).collect::<Vec<_>>().join("\n\n")
    }
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
    fn an_answer_can_be_read_without_any_form() {
        let answer =
            CommandAnswer::to_person([Part::Symbol(Symbol::Warning), strong("SHOP-1"), plain(" waits")])
                .section([code("run"), Part::LineBreak, plain("it"), Part::Quote("why".into())]);
        assert_eq!(answer.to_text(), "⚠️ SHOP-1 waits\n\nrun\nit\n> why");
        assert_eq!(CommandAnswer::to_channel([]).audience, Audience::Channel);
    }
}
