//! Answers to slash commands
//! (<https://docs.discord.com/developers/interactions/receiving-and-responding#responding-to-an-interaction>).

use crate::command_answer::{Audience, CommandAnswer, Confirmation, Part, more, written};
use domain::text::{CUT, JOINER, TextLimit, cut};
use serde_json::{Value, json};

/// A message as the answer.
const MESSAGE: u64 = 4;

/// Only the person who used the command sees it.
const EPHEMERAL: u64 = 1 << 6;

/// Discord shows no page of a link.
const SUPPRESS_EMBEDS: u64 = 1 << 2;

/// The longest `content`.
const CONTENT: TextLimit = TextLimit::utf16(2_000);

/// Kinds of [components](https://docs.discord.com/developers/components/reference), and the style of a button that cannot be taken back.
const ROW: u64 = 1;
const BUTTON: u64 = 2;
const DANGER: u64 = 4;

/// The longest `custom_id`.
const CUSTOM_ID: TextLimit = TextLimit::utf16(100);

pub(super) fn answer(answer: &CommandAnswer) -> Value {
    let button = answer.confirmation.as_ref().and_then(button);
    let sections = match button {
        Some(_) => answer.sections.clone(),
        None => answer.without_buttons(),
    };
    let mut message = message(&written(&sections, CONTENT, markdown), answer.audience);
    if let Some(button) = button {
        message["data"]["components"] = json!([{ "type": ROW, "components": [button] }]);
    }
    message
}

/// A button, if its data fits: an answer has no other place for it.
fn button(Confirmation { label, action, value, .. }: &Confirmation) -> Option<Value> {
    let custom_id = format!("{action}:{value}");
    let fits = CUSTOM_ID.holds(&custom_id);
    fits.then(|| json!({ "type": BUTTON, "style": DANGER, "label": label, "custom_id": custom_id }))
}

/// A text that only the person sees.
pub(super) fn in_words(words: &str) -> Value {
    message(words, Audience::Person)
}

fn message(content: &str, audience: Audience) -> Value {
    let flags = match audience {
        Audience::Person => EPHEMERAL | SUPPRESS_EMBEDS,
        Audience::Channel => SUPPRESS_EMBEDS,
    };
    let content = cut(content, CONTENT, CUT);
    json!({"type": MESSAGE, "data": {"content": content, "flags": flags, "allowed_mentions": {"parse": []}}})
}

fn markdown(parts: &[Part]) -> String {
    let word = |part: &Part| match part {
        Part::Plain(text) => escape(text),
        Part::Strong(text) => format!("**{}**", escape(text)),
        Part::Code(text) => format!("`{}`", text.replace('`', "'")),
        Part::Quote(text) => format!("\n> {}\n", escape(text)),
        Part::Symbol(symbol) => format!("{} ", symbol.as_str()),
        Part::LineBreak => "\n".to_owned(),
        Part::More(count) => more(*count),
    };
    parts.iter().map(word).collect()
}

/// Makes data harmless: it has no formatting, and mentions nobody.
fn escape(data: &str) -> String {
    let mut written = String::with_capacity(data.len());
    for character in data.chars() {
        match character {
            '\\' | '*' | '_' | '~' | '`' | '|' | '>' | '#' | '[' | ']' | '-' => {
                written.extend(['\\', character])
            }
            '@' | '<' => written.extend([character, JOINER]),
            _ => written.push(character),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command_answer::{Symbol, code, on_lines, plain, strong};

    #[test]
    fn a_long_answer_is_cut_to_what_is_taken() {
        let long = CommandAnswer::to_person([plain("😀".repeat(5_000))]).section([plain("more")]);
        let answer = answer(&long);
        let content = answer["data"]["content"].as_str().unwrap();
        assert!(content.encode_utf16().count() <= 2_000 && content.ends_with(CUT), "{content}");
        assert_eq!((&answer["type"], &answer["data"]["flags"]), (&json!(4), &json!(68)));
        let channel = super::answer(&CommandAnswer::to_channel([plain("x")]));
        assert_eq!(channel["data"], json!({"content": "x", "flags": 4, "allowed_mentions": {"parse": []}}));
    }

    #[test]
    fn a_long_list_is_cut_between_lines_and_keeps_how_to_confirm() {
        let lines = (1..=40).map(|number| vec![plain(format!("line {number} {}", "x".repeat(80)))]);
        let words = format!("/ticketsmith undo {}", "e".repeat(100));
        let (label, action, value) = ("Take it back", "undo", "e".repeat(100));
        let long = CommandAnswer::to_person([plain("This would be taken back.")])
            .section(on_lines(lines))
            .confirmed_by(Confirmation { label, action, value, words: words.clone() });
        let answer = answer(&long);
        let content = answer["data"]["content"].as_str().unwrap();
        let (list, confirm) = content.rsplit_once("\n\n").unwrap();
        assert_eq!(confirm, format!("To confirm, say `{words}`."));
        let shown = list.matches("line ").count();
        assert!(shown > 10 && list.ends_with(&format!("x\n\u{2026} and {} more", 40 - shown)), "{list}");
        assert!(CONTENT.holds(content), "{content}");
    }

    #[test]
    fn data_has_no_form_and_mentions_nobody() {
        let parts = [
            Part::Symbol(Symbol::Seen),
            strong("a_b"),
            plain(" @everyone <@1> "),
            code("a`b"),
            Part::Quote("q".into()),
        ];
        let shown = markdown(&parts).replace(JOINER, "·");
        assert_eq!(shown, "👀 **a\\_b** @·everyone <·@·1\\> `a'b`\n> q\n");
    }
}
