//! Answers to slash commands in Block Kit
//! (<https://docs.slack.dev/interactivity/implementing-slash-commands/#responding_immediate_response>).

use crate::command_answer::{Audience, CommandAnswer, Confirmation, Part, Symbol, more, written};
use domain::text::TextLimit;
use serde_json::{Value, json};

/// The longest text of one section: <https://docs.slack.dev/reference/block-kit/blocks/section-block/>.
const SECTION: TextLimit = TextLimit::characters(3_000);

pub(super) fn answer(answer: &CommandAnswer) -> Value {
    let one = |section| written(std::slice::from_ref(section), SECTION, mrkdwn);
    let sections: Vec<String> = answer.sections.iter().map(one).collect();
    let texts = sections.iter().map(
        |text| json!({ "type": "section", "text": { "type": "mrkdwn", "text": text, "verbatim": true } }),
    );
    let blocks: Vec<_> = texts.chain(answer.confirmation.iter().map(button)).collect();
    json!({
        "response_type": match answer.audience {
            Audience::Person => "ephemeral",
            Audience::Channel => "in_channel",
        },
        // What notifications and screen readers say.
        "text": sections.first(),
        "blocks": blocks,
    })
}

fn button(Confirmation { label, action, value, .. }: &Confirmation) -> Value {
    let label = json!({ "type": "plain_text", "text": label });
    let button =
        json!({ "type": "button", "text": label, "action_id": action, "value": value, "style": "danger" });
    json!({ "type": "actions", "elements": [button] })
}

fn mrkdwn(parts: &[Part]) -> String {
    let word = |part: &Part| match part {
        Part::Plain(text) => escape(text),
        Part::Strong(text) => format!("*{}*", escape(text)),
        Part::Code(text) => format!("`{}`", escape(text)),
        Part::Quote(text) => format!("\n> {}", escape(text)),
        Part::Symbol(symbol) => format!(":{}: ", name(*symbol)),
        Part::LineBreak => "\n".to_owned(),
        Part::More(count) => more(*count),
    };
    parts.iter().map(word).collect()
}

/// Makes data harmless, so that it cannot mention, link or notify:
/// <https://docs.slack.dev/messaging/formatting-message-text/#escaping>.
fn escape(data: &str) -> String {
    data.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn name(symbol: Symbol) -> &'static str {
    match symbol {
        Symbol::Seen => "eyes",
        Symbol::Working => "hourglass_flowing_sand",
        Symbol::Waiting => "question",
        Symbol::Succeeded => "white_check_mark",
        Symbol::Failed => "x",
        Symbol::TakenBack => "leftwards_arrow_with_hook",
        Symbol::Stopped => "octagonal_sign",
        Symbol::Refused => "no_entry",
        Symbol::Warning => "warning",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command_answer::{code, on_lines, plain, strong};

    #[test]
    fn a_long_section_is_cut_to_what_is_taken() {
        let long = CommandAnswer::to_person([plain("ä".repeat(5000))]).section([plain("more")]);
        let answer = answer(&long);
        assert_eq!(answer["response_type"], "ephemeral");
        assert_eq!(answer["blocks"][0]["text"]["text"].as_str().unwrap().chars().count(), 3_000);
        assert_eq!(answer["blocks"][1]["text"]["text"], "more");
    }

    #[test]
    fn a_long_list_is_cut_between_lines() {
        let lines =
            (1..=40).map(|number| vec![code(format!("/ticketsmith {number}")), plain("&".repeat(40))]);
        let answer = answer(&CommandAnswer::to_person([strong("All")]).section(on_lines(lines)));
        let text = answer["blocks"][1]["text"]["text"].as_str().unwrap();
        assert!(text.chars().count() <= 3_000, "{text}");
        let shown = text.matches("/ticketsmith").count();
        assert!(shown > 10, "{text}");
        assert!(text.ends_with(&format!("&amp;\n\u{2026} and {} more", 40 - shown)), "{text}");
    }

    #[test]
    fn data_cannot_notify_a_channel() {
        let data = "<!channel> & co";
        let parts = [plain(data), strong(data), code(data), Part::Quote(data.into())];
        let escaped = "&lt;!channel&gt; &amp; co";
        assert_eq!(mrkdwn(&parts), format!("{escaped}*{escaped}*`{escaped}`\n> {escaped}"));
        assert_eq!(mrkdwn(&[Part::Symbol(Symbol::Seen), strong("a")]), ":eyes: *a*");
    }
}
