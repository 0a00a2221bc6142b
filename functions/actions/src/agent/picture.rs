//! Pictures that models accept, recognized by their bytes, because a file's name and type can be wrong.

/// A picture, as its first bytes describe it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Picture {
    /// `image/png`, `image/jpeg`, `image/gif` or `image/webp`.
    pub(super) media_type: &'static str,
    /// The pixels of its sides.
    pub(super) width: u32,
    /// The same.
    pub(super) height: u32,
    /// Whether it ends as such pictures do. A service refuses a whole request for one that was cut off.
    pub(super) is_whole: bool,
}

impl Picture {
    /// Recognizes the picture; `None` if it is not one.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        png(bytes).or_else(|| gif(bytes)).or_else(|| webp(bytes)).or_else(|| jpeg(bytes))
    }
}

/// <https://www.w3.org/TR/png-3/#5PNG-file-signature>
fn png(bytes: &[u8]) -> Option<Picture> {
    let rest = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n")?;
    let side = |at: usize| Some(u32::from_be_bytes(rest.get(at..at + 4)?.try_into().ok()?));
    // The last chunk's name, and its check sum.
    let is_whole = bytes.windows(8).rev().take(64).any(|end| end.starts_with(b"IEND"));
    Some(Picture { media_type: "image/png", width: side(8)?, height: side(12)?, is_whole })
}

/// <https://www.w3.org/Graphics/GIF/spec-gif89a.txt>
fn gif(bytes: &[u8]) -> Option<Picture> {
    let rest = bytes.strip_prefix(b"GIF87a").or_else(|| bytes.strip_prefix(b"GIF89a"))?;
    let is_whole = bytes.iter().rev().take(8).any(|byte| *byte == b';');
    Some(Picture { media_type: "image/gif", width: little(rest, 0)?, height: little(rest, 2)?, is_whole })
}

/// <https://developers.google.com/speed/webp/docs/riff_container>
fn webp(bytes: &[u8]) -> Option<Picture> {
    let rest = bytes.strip_prefix(b"RIFF")?;
    let size = u32::from_le_bytes(rest.get(..4)?.try_into().ok()?);
    let rest = rest.get(4..)?.strip_prefix(b"WEBP")?;
    let (width, height) = match rest.get(..4)? {
        b"VP8 " => (little(rest, 14)? & 0x3fff, little(rest, 16)? & 0x3fff),
        b"VP8L" => {
            let bits = u32::from_le_bytes(rest.get(9..13)?.try_into().ok()?);
            ((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1)
        }
        b"VP8X" => {
            let side = |at: usize| Some((little(rest, at)? | u32::from(*rest.get(at + 2)?) << 16) + 1);
            (side(12)?, side(15)?)
        }
        _ => return None,
    };
    let is_whole = usize::try_from(size).is_ok_and(|size| bytes.len() >= size.saturating_add(8));
    Some(Picture { media_type: "image/webp", width, height, is_whole })
}

/// <https://www.w3.org/Graphics/JPEG/itu-t81.pdf>, annex B.
fn jpeg(bytes: &[u8]) -> Option<Picture> {
    bytes.strip_prefix(b"\xff\xd8\xff")?;
    let big = |at: usize| Some(u32::from(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
    // Some programs leave a few bytes after the end.
    let is_whole = bytes.windows(2).rev().take(64).any(|pair| pair == b"\xff\xd9");
    let mut at = 2;
    loop {
        match (*bytes.get(at)?, *bytes.get(at + 1)?) {
            (0xff, 0xff) => at += 1,
            // Frames hold the size; three of the codes among theirs are tables.
            (0xff, kind) if matches!(kind, 0xc0..=0xcf) && !matches!(kind, 0xc4 | 0xc8 | 0xcc) => {
                let (height, width) = (big(at + 5)?, big(at + 7)?);
                return Some(Picture { media_type: "image/jpeg", width, height, is_whole });
            }
            (0xff, _) => at += 2 + usize::try_from(big(at + 2)?).ok()?,
            _ => return None,
        }
    }
}

fn little(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(bytes: &[u8], media_type: &'static str, width: u32, height: u32) {
        let whole = Picture { media_type, width, height, is_whole: true };
        assert_eq!(Picture::of(bytes), Some(whole));
        let cut = Picture::of(&bytes[..bytes.len() - 2]);
        assert!(cut.is_none_or(|cut| !cut.is_whole), "{cut:?}");
    }

    #[test]
    fn pictures_are_told_by_their_bytes() {
        let png = [
            &b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x03\x20\0\0\x02\x58\x08\x02\0\0\0\0\0\0\0"[..],
            b"\0\0\0\0IEND\xae\x42\x60\x82",
        ]
        .concat();
        check(&png, "image/png", 800, 600);
        check(b"GIF89a\x20\x03\x58\x02\xf0\0\0\0;", "image/gif", 800, 600);
        let jpeg =
            b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xc4\0\x02\xff\xc2\0\x0b\x08\x02\x58\x03\x20\x01\0\0\0\xff\xd9";
        check(jpeg, "image/jpeg", 800, 600);
        check(b"RIFF\x14\0\0\0WEBPVP8L\x08\0\0\0\x2f\x1f\xc3\x95\0\0\0\0", "image/webp", 800, 600);
        check(b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x1f\x03\0\x57\x02\0", "image/webp", 800, 600);
        check(b"RIFF\x16\0\0\0WEBPVP8 \x0a\0\0\0\0\0\0\x9d\x01\x2a\x20\x03\x58\x02", "image/webp", 800, 600);
    }

    #[test]
    fn other_files_are_no_pictures() {
        for bytes in [
            &b""[..],
            b"text",
            b"%PDF-1.7",
            b"<svg/>",
            b"\xff\xd8\xff",
            b"RIFF",
            b"RIFF\0\0\0\0WAVE",
            b"\x89PNG",
            b"PK\x03\x04",
        ] {
            assert_eq!(Picture::of(bytes), None, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..200), start in 0..4_usize) {
            let starts = [&b"\x89PNG\r\n\x1a\n"[..], b"GIF89a", b"RIFF\0\0\0\0WEBPVP8X", b"\xff\xd8\xff\xe0"];
            let _picture = Picture::of(&[starts[start], &bytes].concat());
        }
    }
}
