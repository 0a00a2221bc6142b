//! A delivery as Slack sends it, and its signature.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// How large the delivery is, in bytes, to within a few.
const SIZE: usize = 10 * 1024;

/// A mention of ten kilobytes that no workflow is started by. It names no thread, so that nothing is kept for steps that
/// wait for one, and what is measured is the function alone.
pub fn mention() -> Vec<u8> {
    let with_text = |text: &str| -> Value {
        json!({
            "type": "event_callback",
            "event_id": "Ev0123456789",
            "team_id": "T0123456789",
            "event": {"type": "app_mention", "user": "U1", "text": text, "channel": "C1"},
        })
    };
    let sentence = "When a cart is saved, its \"discount\" is lost.\n";
    let room = SIZE.saturating_sub(with_text("").to_string().len());
    // A quote and a line's end take two bytes each in JSON.
    with_text(&sentence.repeat(room / (sentence.len() + 3))).to_string().into_bytes()
}

/// The value of `x-slack-signature` for a body that is sent at `timestamp`, in seconds since 1970:
/// <https://docs.slack.dev/authentication/verifying-requests-from-slack/>.
pub fn signature(secret: &str, timestamp: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    for part in [b"v0:", timestamp.as_bytes(), b":", body] {
        mac.update(part);
    }
    format!("v0={}", hex::encode(mac.finalize().into_bytes()))
}
