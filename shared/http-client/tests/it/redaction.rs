//! What errors show of answers that repeat the credential, or are more than a line.

use crate::{answer, serve};
use domain::ActionError;
use serde_json::Value;
use std::collections::BTreeMap;

/// The credential in forms that an answer may have it in.
const ECHOES: &[&str] = &[
    "hunter2-token",
    r"\u0068unter2\u002dtoken",
    r"\u0068\u0075\u006e\u0074\u0065\u0072\u0032\u002d\u0074\u006f\u006b\u0065\u006e",
    "aHVudGVyMi10b2tlbg==",
    "QmVhcmVyIGh1bnRlcjItdG9rZW4=",
    "hunter2%2Dtoken",
    "%68unter2%2dtoken",
    "68756e746572322d746f6b656e",
    "&#104;unter2-token",
];

/// Parts of the credential, one of which is left if one of its forms is not redacted.
const PARTS: &[&str] = &["unter2", "\\u00", "aHVu", "cjIt", "2Dtoken", "68756e"];

fn assert_redacted(echo: &str, text: &str) {
    assert!(!PARTS.iter().any(|part| text.contains(part)), "{echo}: {text}");
}

#[tokio::test]
async fn a_credential_is_quoted_in_no_form_and_from_no_place() {
    for echo in ECHOES {
        let bodies = [
            format!(r#"{{"message": "bad {echo} here"}}"#),
            format!(r#"{{"errors": {{"{echo}": "bad here"}}}}"#),
            format!("<p>bad {echo} here"),
            // Text cut at 500 characters is redacted first.
            format!(r#"{{"message": "{} {echo} here"}}"#, "x".repeat(490)),
        ];
        for body in bodies {
            let client = serve(move |_| answer(400, &[], body.clone())).await;
            let failure = client.get("/x", &[]).send().await.unwrap_err();
            for text in [failure.body.to_string(), failure.words(), failure.error.message] {
                assert_redacted(echo, &text);
            }
        }
        let kind = format!("text/{echo}");
        let client = serve(move |_| answer(200, &[("content-type", &kind)], "<html>")).await;
        assert_redacted(
            echo,
            &client.get("/x", &[]).send().await.unwrap().json::<Value>().unwrap_err().message,
        );
        let body = format!(r#"{{"key": "{echo}"}}"#);
        let client = serve(move |_| answer(200, &[], body.clone())).await;
        let read = client.get("/x", &[]).send().await.unwrap().json::<BTreeMap<String, u8>>();
        assert_redacted(echo, &read.unwrap_err().message);
    }
}

#[tokio::test]
async fn what_is_quoted_is_one_line() {
    for (status, header, body) in [
        (400, ("content-type", "text/plain"), "a\u{1b}[2Jb\nc\u{202e}d\r\ne\u{2028}f".to_owned()),
        (400, ("content-type", "text/plain"), "long ".repeat(100_000)),
        (302, ("location", "https://evil.example/\tx"), String::new()),
        (200, ("content-type", "a/b\tc"), "x".to_owned()),
    ] {
        let client = serve(move |_| answer(status, &[header], body.clone())).await;
        let answered = client.get("/x", &[]).send().await.map_err(ActionError::from);
        let error = answered.and_then(|answer| answer.json::<Value>()).unwrap_err();
        assert!(!error.message.contains(domain::text::is_hidden), "{error:?}");
        assert!(error.message.chars().count() < 700, "{error}");
    }
}
