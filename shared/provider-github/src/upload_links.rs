//! Links to files that people put into an issue. They stay as they were when the file was put there, so the forms of all times are read:
//!
//! | link | of |
//! |---|---|
//! | `SITE/user-attachments/assets/UUID`, `SITE/user-attachments/files/NUMBER/NAME` | today |
//! | `SITE/OWNER/REPOSITORY/assets/NUMBER/UUID`, `SITE/OWNER/REPOSITORY/files/NUMBER/NAME` | before 2024 |
//! | `https://user-images.githubusercontent.com/NUMBER/NAME` | before 2023 |
//! | `SITE/storage/user/NUMBER/files/UUID`, `https://media.HOST/user/NUMBER/files/UUID` | an Enterprise Server, without and with subdomains of its own |

use domain::Attachment;
use percent_encoding::percent_decode_str;
use provider::{Link, files_linked_in};

/// Where GitHub itself once put pictures, for everybody to see.
pub(crate) const IMAGES: &str = "https://user-images.githubusercontent.com";
/// What the ids of those begin with.
pub(crate) const OF_IMAGES: &str = "user-images";
/// What the ids of files begin with that an Enterprise Server keeps on a host of its own.
pub(crate) const OF_MEDIA: &str = "media-host";
const UUID: usize = 36;

/// A picture, of whichever type.
const PICTURE: &str = "image/*";

/// The files that a text links, each once, in the text's order. Links to other sites are left alone; `media` is where an Enterprise Server
/// keeps files, if it has a host for them.
pub(crate) fn uploads_in(text: &str, site: &str, media: Option<&str>) -> Vec<Attachment> {
    let bases: Vec<&str> = [site, IMAGES].into_iter().chain(media).collect();
    files_linked_in(text, &bases, |place, link| {
        let path = match place {
            0 => link.path.strip_prefix("user-attachments/").unwrap_or(link.path).to_owned(),
            1 => format!("{OF_IMAGES}/{}", link.path),
            _ => format!("{OF_MEDIA}/{}", link.path),
        };
        file_at(&path, link)
    })
}

/// What a file's id, the path of its link, names.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Upload<'a> {
    /// A picture or a video.
    Asset { uuid: &'a str },
    /// Another file, by its name in the link.
    Named { name: &'a str },
    /// A picture that everybody sees, by its name.
    Public { name: &'a str },
}

/// What the parts of a path name; `None` if it is not a file.
pub(crate) fn upload<'a>(parts: &[&'a str]) -> Option<Upload<'a>> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain =
        |text: &str| !matches!(text, "" | "." | "..") && text.bytes().all(|byte| byte.is_ascii_graphic());
    match *parts {
        ["assets", uuid] if is_uuid(uuid) => Some(Upload::Asset { uuid }),
        ["files", number, name] if is_number(number) => Some(Upload::Named { name }),
        [owner, repository, "assets", number, uuid]
            if is_plain(owner) && is_plain(repository) && is_number(number) && is_uuid(uuid) =>
        {
            Some(Upload::Asset { uuid })
        }
        [owner, repository, "files", number, name]
            if is_plain(owner) && is_plain(repository) && is_number(number) =>
        {
            Some(Upload::Named { name })
        }
        ["storage" | OF_MEDIA, "user", number, "files", uuid] if is_number(number) && is_uuid(uuid) => {
            Some(Upload::Asset { uuid })
        }
        [OF_IMAGES, number, name] if is_number(number) && is_plain(name) => Some(Upload::Public { name }),
        _ => None,
    }
}

/// The file at a link, whose path is its id.
fn file_at(path: &str, link: &Link<'_>) -> Option<Attachment> {
    let (label, is_picture) = link.label();
    let (name, media_type) = match upload(&path.split('/').collect::<Vec<_>>())? {
        Upload::Asset { uuid } => (label.unwrap_or(uuid).to_owned(), is_picture.then(|| PICTURE.to_owned())),
        Upload::Named { name } => (percent_decode_str(name).decode_utf8_lossy().into_owned(), None),
        Upload::Public { name } => (label.unwrap_or(name).to_owned(), Some(PICTURE.to_owned())),
    };
    let is_plain = !matches!(name.as_str(), "" | "." | "..") && !name.contains('/');
    is_plain.then(|| Attachment { id: path.to_owned(), name, media_type, size: None, author: None })
}

fn is_uuid(text: &str) -> bool {
    let is_digit = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == UUID && text.bytes().enumerate().all(is_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "3fa85f64-5717-4562-b3fc-2c963f66afa6";

    fn found(text: &str) -> Vec<(String, String, bool)> {
        let files = uploads_in(&text.replace("ONE", ONE), "https://github.com", None);
        let told = files.into_iter().map(|file| {
            let is_picture = file.media_type.is_some();
            (file.id.replace(ONE, "ONE"), file.name.replace(ONE, "ONE"), is_picture)
        });
        told.collect()
    }

    #[test]
    fn links_to_uploads_are_files_with_the_names_that_people_see() {
        for (text, expected) in [
            ("![till](https://github.com/user-attachments/assets/ONE)", vec![("assets/ONE", "till", true)]),
            (
                "<img width=\"8\" alt=\"till\" src=\"https://github.com/user-attachments/assets/ONE\" />",
                vec![("assets/ONE", "till", true)],
            ),
            (
                "<img src=\"https://github.com/user-attachments/assets/ONE\">",
                vec![("assets/ONE", "ONE", true)],
            ),
            // A video is its address alone.
            ("See:\nhttps://github.com/user-attachments/assets/ONE\n", vec![("assets/ONE", "ONE", false)]),
            (
                "[log](https://github.com/user-attachments/files/17/till%20log.txt) and again https://github.com/user-attachments/files/17/till%20log.txt",
                vec![("files/17/till%20log.txt", "till log.txt", false)],
            ),
        ] {
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(id, name, picture)| (id.to_owned(), name.to_owned(), picture))
                .collect();
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn links_of_earlier_times_and_of_a_server_of_ones_own_are_files_too() {
        let server = |text: &str| {
            let media = Some("https://media.git.acme.example");
            let found = uploads_in(&text.replace("ONE", ONE), "https://git.acme.example", media);
            found.into_iter().map(|file| (file.id.replace('-', ""), file.name)).collect::<Vec<_>>()
        };
        let one = ONE.replace('-', "");
        let file = |id: &str, name: &str, picture| vec![(id.to_owned(), name.to_owned(), picture)];
        for (text, expected) in [
            (
                "![till](https://github.com/acme/shop/assets/77/ONE)",
                file("acme/shop/assets/77/ONE", "till", true),
            ),
            (
                "[log](https://github.com/acme/shop/files/17/till%20log.txt)",
                file("acme/shop/files/17/till%20log.txt", "till log.txt", false),
            ),
            (
                "![image](https://user-images.githubusercontent.com/77/5-ONE.png)",
                file("user-images/77/5-ONE.png", "image", true),
            ),
            (
                "<https://user-images.githubusercontent.com/77/5-ONE.png|see>",
                file("user-images/77/5-ONE.png", "5-ONE.png", true),
            ),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
        for (text, id) in [
            (
                "![a](https://git.acme.example/storage/user/5/files/ONE)",
                format!("storage/user/5/files/{one}"),
            ),
            (
                "![a](https://media.git.acme.example/user/5/files/ONE)",
                format!("mediahost/user/5/files/{one}"),
            ),
            ("![a](https://git.acme.example/user-attachments/assets/ONE)", format!("assets/{one}")),
        ] {
            assert_eq!(server(text), [(id, "a".to_owned())], "{text}");
        }
        // A sentence goes on behind a bare link.
        let said = found(
            "See https://github.com/user-attachments/assets/ONE, or https://github.com/acme/shop/files/1/a.txt.",
        );
        assert_eq!(
            said.into_iter().map(|(id, ..)| id).collect::<Vec<_>>(),
            ["assets/ONE", "acme/shop/files/1/a.txt"]
        );
        // In the text's order, whatever their form.
        let both = "https://user-images.githubusercontent.com/7/a.png https://github.com/a/b/files/1/c.txt";
        assert_eq!(
            found(both).into_iter().map(|(id, ..)| id).collect::<Vec<_>>(),
            ["user-images/7/a.png", "a/b/files/1/c.txt"]
        );
        assert!(server("https://media.evil.example/user/5/files/ONE").is_empty());
    }

    #[test]
    fn other_links_are_none() {
        for text in [
            "https://evil.example/user-attachments/assets/ONE",
            "https://evil.example?https://github.com/user-attachments/assets/ONE",
            "https://github.com.evil.example/user-attachments/assets/ONE",
            "https://github.com/user-attachments/assets/1",
            "https://github.com/user-attachments/assets/ONEf",
            "https://github.com/user-attachments/files/x/a.txt",
            "https://github.com/user-attachments/files/1/..",
            "https://github.com/user-attachments/files/1/a/../../x",
            "https://github.com/user-attachments/",
            "https://github.com/acme/shop/assets/x/ONE",
            "https://github.com/acme/shop/assets/1/x",
            "https://github.com/acme/../assets/1/ONE",
            "https://github.com/acme/shop/files/1/..",
            "https://github.com/acme/shop/pull/1/files",
            "https://user-images.githubusercontent.com.evil.example/1/a.png",
            "https://user-images.githubusercontent.com/x/a.png",
            "https://user-images.githubusercontent.com/1/..",
            "https://media.github.com/user/5/files/ONE",
            "https://github.com/user/5/files/ONE",
        ] {
            assert_eq!(found(text), Vec::new(), "{text}");
        }
    }
}
