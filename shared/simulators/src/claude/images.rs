//! Pictures: <https://platform.claude.com/docs/en/build-with-claude/vision>.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Failure;

/// The bytes of one picture.
const MOST_BYTES: usize = 5 * 1024 * 1024;
const MOST_IMAGES: usize = 100;
/// The maximum pixels of a side, even if a request has many pictures.
const MOST_PIXELS: u32 = 8000;
const MANY_IMAGES: usize = 20;
const MOST_PIXELS_OF_MANY: u32 = 2000;
/// A picture of more tokens is made smaller before it is read.
const MOST_TOKENS: u64 = 4784;
const PIXELS_A_TOKEN: u64 = 750;

/// Checks every picture of a request.
pub(super) fn check(request: &Value) -> Result<(), Failure> {
    let mut sides = Vec::new();
    for (at, block) in all(request) {
        let (media_type, bytes) = decoded(block)
            .ok_or_else(|| Failure::invalid(format!("{at}.image.source.base64: invalid base64 data")))?;
        if bytes.len() > MOST_BYTES {
            let size = bytes.len();
            let problem = format!("image exceeds 5 MB maximum: {size} bytes > {MOST_BYTES} bytes");
            return Err(Failure::invalid(format!("{at}.image.source.base64: {problem}")));
        }
        let Some((found, width, height)) = measured(&bytes) else {
            return Err(Failure::invalid(format!("{at}.image.source.base64.data: Could not process image")));
        };
        if found != media_type {
            let problem = format!(
                "The image was specified using the {media_type} media type, but the image appears to be a {found} image"
            );
            return Err(Failure::invalid(format!("{at}.image.source.base64.data: {problem}")));
        }
        sides.push((at, width.max(height)));
    }
    if sides.len() > MOST_IMAGES {
        let count = sides.len();
        return Err(Failure::invalid(format!("Too many images: {count} > {MOST_IMAGES}")));
    }
    let most = if sides.len() > MANY_IMAGES { MOST_PIXELS_OF_MANY } else { MOST_PIXELS };
    match sides.into_iter().find(|(_, side)| *side > most) {
        None => Ok(()),
        Some((at, _)) => Err(Failure::invalid(format!(
            "{at}.image.source.base64.data: At least one of the image dimensions exceed max allowed size: {most} pixels"
        ))),
    }
}

/// The tokens of a picture.
pub(super) fn tokens(block: &Value) -> u64 {
    let measured = decoded(block).and_then(|(_, bytes)| measured(&bytes));
    measured.map_or(MOST_TOKENS, |(_, width, height)| {
        (u64::from(width) * u64::from(height)).div_ceil(PIXELS_A_TOKEN).min(MOST_TOKENS)
    })
}

/// The pictures of the messages and of tools' results, with their places.
fn all(request: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    for (index, message) in request["messages"].as_array().into_iter().flatten().enumerate() {
        collect(&message["content"], &format!("messages.{index}.content"), &mut found);
    }
    found
}

fn collect<'r>(content: &'r Value, at: &str, found: &mut Vec<(String, &'r Value)>) {
    for (place, block) in content.as_array().into_iter().flatten().enumerate() {
        let at = format!("{at}.{place}");
        match block["type"].as_str() {
            Some("image") if block["source"]["type"] == "base64" => found.push((at, block)),
            Some("tool_result") => collect(&block["content"], &format!("{at}.content"), found),
            _ => {}
        }
    }
}

fn decoded(block: &Value) -> Option<(&str, Vec<u8>)> {
    let source = &block["source"];
    Some((source["media_type"].as_str()?, STANDARD.decode(source["data"].as_str()?).ok()?))
}

/// The media type, width and height that a picture's first bytes say.
fn measured(bytes: &[u8]) -> Option<(&'static str, u32, u32)> {
    let big = |at: usize| Some(u32::from(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
    let little = |at: usize| Some(u32::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
    let long = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some(("image/png", long(16)?, long(20)?));
    }
    if bytes.starts_with(b"GIF8") {
        return Some(("image/gif", little(6)?, little(8)?));
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return match bytes.get(12..16)? {
            b"VP8 " => Some(("image/webp", little(26)? & 0x3fff, little(28)? & 0x3fff)),
            b"VP8L" => {
                let bits = u32::from_le_bytes(bytes.get(21..25)?.try_into().ok()?);
                Some(("image/webp", (bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1))
            }
            b"VP8X" => {
                let of = |at: usize| Some((little(at)? | u32::from(*bytes.get(at + 2)?) << 16) + 1);
                Some(("image/webp", of(24)?, of(27)?))
            }
            _ => None,
        };
    }
    if !bytes.starts_with(b"\xff\xd8") {
        return None;
    }
    let mut at = 2;
    loop {
        let (0xff, kind) = (*bytes.get(at)?, *bytes.get(at + 1)?) else { return None };
        // Frames hold the size; the codes between are tables.
        if matches!(kind, 0xc0..=0xcf) && !matches!(kind, 0xc4 | 0xc8 | 0xcc) {
            return Some(("image/jpeg", big(at + 7)?, big(at + 5)?));
        }
        at += 2 + usize::try_from(big(at + 2)?).ok()?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes
    }

    fn image(media_type: &str, bytes: &[u8]) -> Value {
        json!({"type": "image", "source": {"type": "base64", "media_type": media_type, "data": STANDARD.encode(bytes)}})
    }

    fn problem(images: Vec<Value>) -> String {
        let request = json!({"messages": [{"role": "user", "content": images}]});
        check(&request).map_or_else(|failure| failure.message, |()| String::new())
    }

    #[test]
    fn what_is_too_large_too_many_or_something_else_is_refused() {
        let fine = image("image/png", &png(2001, 10));
        assert_eq!(problem(vec![fine.clone(); 20]), "");
        assert!(problem(vec![fine; 21]).contains("max allowed size: 2000 pixels"));
        assert!(problem(vec![image("image/png", &png(8001, 1))]).contains("messages.0.content.0.image"));
        assert!(problem(vec![image("image/png", &png(1, 1)); 101]).contains("Too many images: 101"));
        assert!(problem(vec![image("image/jpeg", &png(1, 1))]).contains("appears to be a image/png"));
        assert!(problem(vec![image("image/png", b"<svg/>")]).contains("Could not process image"));
        assert!(problem(vec![image("image/png", &vec![0; MOST_BYTES + 1])]).contains("5 MB"));
        let broken =
            json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "?"}});
        assert!(problem(vec![broken]).contains("invalid base64"));
    }

    #[test]
    fn every_form_is_measured_and_costs_by_its_pixels() {
        let gif = b"GIF89a\x20\x03\x58\x02";
        let jpeg = b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x11\x08\x02\x58\x03\x20";
        let lossless = b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\x1f\xc3\x95\0";
        assert_eq!(measured(gif), Some(("image/gif", 800, 600)));
        assert_eq!(measured(jpeg), Some(("image/jpeg", 800, 600)));
        assert_eq!(measured(lossless), Some(("image/webp", 800, 600)));
        assert_eq!(tokens(&image("image/png", &png(800, 600))), 640);
        assert_eq!(tokens(&image("image/png", &png(8000, 8000))), MOST_TOKENS);
    }
}
