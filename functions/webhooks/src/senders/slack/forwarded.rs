//! Messages that people forward with what they write. They come as attachments, as do previews of links, which nobody forwarded.

use super::{lenient, typed};
use crate::senders::delivery::asks_for_change;
use serde::Deserialize;

/// The most messages that are read.
const MOST: usize = 20;

/// Something that is attached to a message.
#[derive(Debug, Deserialize)]
pub(super) struct Attachment {
    #[serde(default, deserialize_with = "lenient")]
    is_share: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    is_msg_unfurl: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    text: Option<String>,
}

impl Attachment {
    /// What a message says.
    fn message(&self) -> Option<&str> {
        let is_message = self.is_share == Some(true) || self.is_msg_unfurl == Some(true);
        let text = self.text.as_deref().filter(|_| is_message)?;
        Some(text.trim()).filter(|text| !text.is_empty())
    }
}

/// Words that ask for a change, with the messages that were forwarded with them, which say what to change. Others stay as they are.
pub(super) fn with_forwarded(words: String, attached: &[Attachment]) -> String {
    let messages: Vec<String> =
        attached.iter().filter_map(Attachment::message).take(MOST).map(typed).collect();
    match !messages.is_empty() && asks_for_change(&words) {
        true => format!("{words}\n\n(forwarded with this message:)\n\n{}", messages.join("\n\n")),
        false => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_request_comes_with_the_messages_that_are_forwarded_with_it() {
        let attached = json!([
            {"is_msg_unfurl": true, "is_share": true, "text": "The total is &lt; 0", "author_name": "Grace"},
            {"title": "A page", "text": "A preview", "from_url": "https://a.example/"},
            {"is_share": true, "text": " "},
            {"is_share": true, "text": "It is 5"},
        ]);
        let attached: Vec<Attachment> = serde_json::from_value(attached).unwrap();
        let with = |words: &str| with_forwarded(words.to_owned(), &attached);
        assert_eq!(
            with("revise SHOP-1 fix this"),
            "revise SHOP-1 fix this\n\n(forwarded with this message:)\n\nThe total is < 0\n\nIt is 5"
        );
        for words in ["approve SHOP-1", "status", "run SHOP-1", ""] {
            assert_eq!(with(words), words);
        }
        assert_eq!(with_forwarded("fix this".to_owned(), &attached[1..3]), "fix this");
    }
}
