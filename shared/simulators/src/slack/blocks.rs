//! What Slack checks of [Block Kit](https://docs.slack.dev/reference/block-kit/blocks/) before it shows a message.

use serde_json::Value;

const MAXIMUM_BLOCKS: usize = 50;

/// Checks a message's blocks: a list of known blocks, each with its required parts and within its limits.
pub(super) fn check(blocks: &Value) -> Result<(), String> {
    if blocks.is_null() {
        return Ok(());
    }
    let list = blocks.as_array().ok_or("blocks: must be an array")?;
    if list.len() > MAXIMUM_BLOCKS {
        return Err(format!("blocks: no more than {MAXIMUM_BLOCKS} items allowed"));
    }
    list.iter().enumerate().try_for_each(|(index, block)| {
        check_block(block).map_err(|problem| format!("{problem} [json-pointer:/blocks/{index}]"))
    })
}

/// The blocks with an id each; Slack gives one to those that were sent without.
pub(super) fn named(mut blocks: Value) -> Value {
    for block in blocks.as_array_mut().into_iter().flatten() {
        if block["block_id"].is_null() {
            block["block_id"] = uuid::Uuid::new_v4().simple().to_string()[..5].into();
        }
    }
    blocks
}

fn check_block(block: &Value) -> Result<(), String> {
    match block["type"].as_str().unwrap_or_default() {
        "divider" => Ok(()),
        "header" => text(&block["text"], &["plain_text"], 150),
        "section" => {
            if block["text"].is_null() && block["fields"].is_null() {
                return Err("missing required field: text or fields".to_owned());
            }
            if !block["text"].is_null() {
                text(&block["text"], &["mrkdwn", "plain_text"], 3000)?;
            }
            let fields = block["fields"].as_array().map_or(&[][..], Vec::as_slice);
            if fields.len() > 10 {
                return Err("fields: no more than 10 items allowed".to_owned());
            }
            fields.iter().try_for_each(|field| text(field, &["mrkdwn", "plain_text"], 2000))
        }
        "context" => {
            let elements = block["elements"].as_array().map_or(&[][..], Vec::as_slice);
            if elements.is_empty() || elements.len() > 10 {
                return Err("elements: must hold 1 to 10 items".to_owned());
            }
            elements
                .iter()
                .filter(|element| element["type"] != "image")
                .try_for_each(|element| text(element, &["mrkdwn", "plain_text"], 2000))
        }
        "actions" => {
            let elements = block["elements"].as_array().map_or(&[][..], Vec::as_slice);
            if elements.is_empty() || elements.len() > 25 {
                return Err("elements: must hold 1 to 25 items".to_owned());
            }
            elements.iter().filter(|element| element["type"] == "button").try_for_each(|button| {
                text(&button["text"], &["plain_text"], 75)?;
                match button["value"].as_str() {
                    Some(value) if value.chars().count() > 2000 => {
                        Err("value: more than 2000 characters".to_owned())
                    }
                    _ => Ok(()),
                }
            })
        }
        "markdown" => match block["text"].as_str() {
            Some(text) if text.chars().count() <= 12_000 => Ok(()),
            _ => Err("text: must be a string of at most 12000 characters".to_owned()),
        },
        "image" | "input" | "rich_text" | "video" | "file" | "table" => Ok(()),
        other => Err(format!("unsupported type: {other}")),
    }
}

fn text(object: &Value, kinds: &[&str], maximum: usize) -> Result<(), String> {
    let kind = object["type"].as_str().unwrap_or_default();
    if !kinds.contains(&kind) {
        return Err(format!("text: type must be {}, not `{kind}`", kinds.join(" or ")));
    }
    match object["text"].as_str().map(|text| text.chars().count()) {
        Some(1..) if object["text"].as_str().is_some_and(|text| text.chars().count() <= maximum) => Ok(()),
        Some(0) => Err("text: must be more than 0 characters".to_owned()),
        Some(_) => Err(format!("text: must be less than {} characters", maximum + 1)),
        None => Err("text: missing required field: text".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn blocks_are_checked_with_the_place_of_the_fault() {
        let good =
            json!([{"type": "section", "text": {"type": "mrkdwn", "text": "hi"}}, {"type": "divider"}]);
        assert_eq!(check(&good), Ok(()));
        let long = json!([{"type": "divider"}, {"type": "header", "text": {"type": "plain_text", "text": "x".repeat(151)}}]);
        assert!(check(&long).unwrap_err().contains("/blocks/1"));
        assert!(check(&json!([{"type": "heading"}])).unwrap_err().contains("unsupported type: heading"));
    }
}
