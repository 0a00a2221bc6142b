//! Shows what an undo would take back, with a confirmation that is bound to it: by a button, or by words with its code.

use crate::address::Address;
use crate::command_answer::{CommandAnswer, Confirmation, Part, Symbol, code, on_lines, plain};
use crate::typed_ticket::split_ticket;
use control::UndoPreview;
use domain::command::CommandWord;
use domain::same_name;
use domain::text::{TextLimit, cut_line};
use records::EffectRecord;

/// The button below the preview.
pub(crate) const UNDO: &str = "undo";

/// The word before the code.
const CONFIRM: &str = "confirm";

/// How many effects are shown.
const SHOWN: usize = 20;

/// How much of a place is shown.
const PLACE: TextLimit = TextLimit::characters(200);

/// The words after `undo` with the code that confirms a preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Confirmed<'a> {
    /// The words without the confirmation.
    pub(crate) words: &'a str,
    pub(crate) code: Option<&'a str>,
}

impl<'a> Confirmed<'a> {
    /// Reads `confirm 0123abcdef` at the end of the words, whatever people put around the code.
    pub(crate) fn read(words: &'a str) -> Self {
        let words = words.trim();
        let nothing = Self { words, code: None };
        let Some((rest, code)) = words.rsplit_once(char::is_whitespace) else { return nothing };
        let rest = rest.trim_end();
        let (before, word) = rest.rsplit_once(char::is_whitespace).unwrap_or(("", rest));
        // A question confirms nothing.
        match same_name(word, CONFIRM) && !code.contains('?') {
            true => Self { words: before.trim_end(), code: Some(split_ticket(code).0) },
            false => nothing,
        }
    }
}

/// What an undo would take back. With `is_changed`, it differs from what the person confirmed.
pub(crate) fn shown(preview: &UndoPreview, is_changed: bool, address: Address<'_>) -> CommandAnswer {
    let UndoPreview { execution, workflow, effects, stays, code: shown } = preview;
    let changed = is_changed.then(|| {
        [
            Part::Symbol(Symbol::Warning),
            plain("Something changed since this was shown. Nothing was taken back. "),
        ]
    });
    let head = [
        plain("This would be taken back, the newest first. "),
        plain(format!("It is what {workflow} did in ")),
        code(execution),
        plain("."),
    ];
    let mut lines: Vec<_> = effects.iter().take(SHOWN).map(line).collect();
    match effects.len().saturating_sub(SHOWN) {
        0 => {}
        more => lines.push(vec![Part::More(more)]),
    }
    let undo = CommandWord::Undo.as_str();
    let list = CommandAnswer::to_person(changed.into_iter().flatten().chain(head)).section(on_lines(lines));
    let answer = match *stays {
        0 => list,
        stays => list.section([plain(format!(
            "Stays, because nothing takes it back: {stays} more, such as comments"
        ))]),
    };
    answer.confirmed_by(Confirmation {
        label: "Take it back",
        action: UNDO,
        value: format!("{execution} {shown}"),
        words: format!("{} {undo} {execution} {CONFIRM} {shown}", address.words),
    })
}

fn line(effect: &EffectRecord) -> Vec<Part> {
    let action = effect.action.as_str().replace('_', " ");
    let mut line = vec![plain("• ")];
    if effect.is_doubtful() {
        line.push(plain("may have happened: "));
    }
    line.push(plain(action));
    if let Some(place) = effect.seen_at() {
        line.push(plain(format!(" · {}", cut_line(place, PLACE))));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confirmation_is_the_end_of_what_is_said() {
        for (said, words, code) in [
            ("confirm 0a1b", "", Some("0a1b")),
            ("Confirm  `0a1b`", "", Some("0a1b")),
            ("confirm 0a1b.", "", Some("0a1b")),
            ("confirm \u{201c}0a1b\u{201d}!", "", Some("0a1b")),
            ("confirm **0a1b**", "", Some("0a1b")),
            ("confirm 0a1b\u{200b}", "", Some("0a1b")),
            ("jira-SHOP-1-0a1b confirm 0a1b", "jira-SHOP-1-0a1b", Some("0a1b")),
            ("jira-SHOP-1-0a1b", "jira-SHOP-1-0a1b", None),
            ("the renaming of the cart", "the renaming of the cart", None),
            ("confirm 0a1b?", "confirm 0a1b?", None),
            ("confirm", "confirm", None),
            ("", "", None),
        ] {
            assert_eq!(Confirmed::read(said), Confirmed { words, code }, "{said}");
        }
    }
}
