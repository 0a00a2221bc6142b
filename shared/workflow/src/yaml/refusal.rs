//! Why a document cannot be read.

use crate::source::Span;
use granit_parser::{ErrorKind, ScanError, Tag};

/// Deeper documents are refused.
pub(super) const DEPTH_LIMIT: usize = 64;
/// Documents with more values are refused. An alias counts each time.
pub(super) const VALUE_LIMIT: usize = 20_000;
/// The tags that only confirm a scalar's type.
const TAGS: [&str; 7] = ["!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq"];

/// Why the reading ends.
pub(super) struct Refusal {
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Refusal {
    pub(super) fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn too_large(span: Span) -> Self {
        Self::new(span, format!("this is larger than {VALUE_LIMIT} values"))
            .help("content repeated by an alias counts each time; move part of it into a separate workflow")
    }

    /// The parser's message, in our words if the mistake is a common one.
    pub(super) fn not_yaml(span: Span, error: &ScanError) -> Self {
        let reason = match error.kind() {
            ErrorKind::UnknownAnchor => {
                return Self::new(span, "this alias names no anchor before it");
            }
            ErrorKind::RecursionLimitExceeded => {
                return Self::new(span, format!("this is nested deeper than {DEPTH_LIMIT} levels"));
            }
            ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabNotAllowed
            | ErrorKind::TabInPlainScalar
            | ErrorKind::TabAtBlockScalarStart => "tabs cannot indent; use spaces".to_owned(),
            ErrorKind::MappingValueNotAllowed => {
                "a `:` is not expected here; a text with `: ` in it needs quotes".to_owned()
            }
            ErrorKind::BlockSequenceEntryNotAllowed | ErrorKind::BlockEntryInFlowCollection => {
                "a `-` is not expected here; if it is text, put it in quotes".to_owned()
            }
            ErrorKind::InvalidTrailingSingleQuotedScalar => {
                "nothing follows a quote; inside single quotes, write `''` for `'`".to_owned()
            }
            ErrorKind::InvalidTrailingDoubleQuotedScalar => {
                "nothing follows a quote; inside double quotes, write `\\\"` for `\"`".to_owned()
            }
            ErrorKind::UnknownQuotedScalarEscape => {
                "there is no such escape; inside double quotes, write `\\\\` for a backslash".to_owned()
            }
            ErrorKind::ZeroBlockScalarIndent | ErrorKind::InvalidBlockScalarHeader => {
                "only `+`, `-` and a digit from 1 to 9 follow `|` and `>`".to_owned()
            }
            ErrorKind::UnexpectedCharacter { character } => {
                format!("`{}` needs quotes around its text", character.escape_debug())
            }
            ErrorKind::ExpectedBlockMappingKey => "expected a key or the end of the mapping".to_owned(),
            ErrorKind::ExpectedBlockSequenceEntry => "expected `- ` or the end of the list".to_owned(),
            ErrorKind::ExpectedFlowMappingSeparator => "expected `,` or `}`".to_owned(),
            ErrorKind::ExpectedFlowSequenceSeparator => "expected `,` or `]`".to_owned(),
            ErrorKind::ExpectedNodeContent => "expected a value".to_owned(),
            ErrorKind::InvalidColonPlacement => "a text with `: ` in it needs quotes".to_owned(),
            ErrorKind::SimpleKeyExpected => "a key needs `:` after it".to_owned(),
            ErrorKind::UnclosedQuotedScalar => "this quote is not closed".to_owned(),
            ErrorKind::UnclosedFlowCollection { open } => format!("`{open}` is not closed"),
            _ => error.info(),
        };
        Self::new(span, format!("this is not YAML: {reason}"))
    }
}

/// The tag `!`: not resolved, so text.
pub(super) fn is_unspecific(tag: &Tag) -> bool {
    tag.handle().is_empty() && tag.suffix() == "!" || tag.handle() == "!" && tag.suffix().is_empty()
}

pub(super) fn unknown_tag(span: Span, tag: &Tag) -> Refusal {
    Refusal::new(span, format!("the tag `{}` means nothing here", tag.original()))
        .help(format!("accepted: {}", TAGS.join(", ")))
}

pub(super) fn misfit(span: Span, what: &str, tag: &str) -> Refusal {
    Refusal::new(span, format!("{what} does not fit its tag `!!{tag}`"))
}
