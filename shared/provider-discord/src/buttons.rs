//! Buttons, whose `custom_id` comes back when one is pressed.

use crate::limits;
use domain::plugins::MessageButton;
use domain::text::cut_line;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The longest [custom ID](https://docs.discord.com/developers/components/reference#anatomy-of-a-component).
const MOST: usize = 100;

/// Of one row.
const MOST_IN_ROW: usize = 5;

/// Of one message.
const MOST_ROWS: usize = 5;

const ROW: u8 = 1;
const BUTTON: u8 = 2;
const PRIMARY: u8 = 1;
const SECONDARY: u8 = 2;
const SUCCESS: u8 = 3;
const DANGER: u8 = 4;
const LINK: u8 = 5;

/// What comes back when a button is pressed: `{action}:{value}`, or, where that is too long, `{action}#{digest}` of a value that is in the
/// message's footer.
pub fn custom_id(action: &str, value: &str) -> String {
    let whole = format!("{action}:{value}");
    if whole.encode_utf16().count() <= MOST { whole } else { format!("{action}#{}", digest(value)) }
}

fn digest(value: &str) -> String {
    let mut digest = hex::encode(Sha256::digest(value.as_bytes()));
    digest.truncate(32);
    digest
}

/// The `components` of a message.
pub(crate) fn rows(buttons: &[MessageButton]) -> Value {
    let rows = buttons.chunks(MOST_IN_ROW).take(MOST_ROWS);
    rows.map(|row| json!({"type": ROW, "components": row.iter().map(button).collect::<Vec<_>>()})).collect()
}

/// The `embeds` of a message: a footer with the value that no button can hold, if there is one.
pub(crate) fn footer(buttons: &[MessageButton]) -> Value {
    let is_long = |button: &&MessageButton| {
        custom_id(&button.action, &button.value).contains('#') && button.url.is_none()
    };
    let long = buttons.iter().filter(|button| !button.value.is_empty()).find(is_long);
    long.map(|button| json!({"footer": {"text": button.value}})).into_iter().collect()
}

fn button(button: &MessageButton) -> Value {
    let label = cut_line(&button.label, limits::LABEL);
    if let Some(url) = &button.url {
        return json!({"type": BUTTON, "style": LINK, "label": label, "url": url});
    }
    let style = match button.action.as_str() {
        "approve" => SUCCESS,
        "deny" | "stop" => DANGER,
        "" => PRIMARY,
        _ => SECONDARY,
    };
    json!({"type": BUTTON, "style": style, "label": label, "custom_id": custom_id(&button.action, &button.value)})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(action: &str, value: &str) -> MessageButton {
        MessageButton { label: "Approve".into(), action: action.into(), value: value.into(), url: None }
    }

    #[test]
    fn what_no_button_can_hold_is_in_the_footer() {
        let short = [of("approve", "execution key"), of("deny", "execution key")];
        assert_eq!(custom_id("approve", "execution key"), "approve:execution key");
        assert_eq!(footer(&short), json!([]));
        let value = "x".repeat(200);
        let long = [of("approve", &value), of("deny", &value)];
        let id = custom_id("approve", &value);
        assert!(id.len() <= MOST && id.starts_with("approve#"), "{id}");
        assert_eq!(footer(&long), json!([{"footer": {"text": value}}]));
        assert_eq!(rows(&long)[0]["components"][1]["style"], DANGER);
    }

    #[test]
    fn a_row_has_five_buttons() {
        let many: Vec<_> = (0..30).map(|number| of("x", &number.to_string())).collect();
        let rows = rows(&many);
        let lengths: Vec<_> =
            rows.as_array().unwrap().iter().map(|row| row["components"].as_array().unwrap().len()).collect();
        assert_eq!(lengths, [5, 5, 5, 5, 5]);
    }
}
