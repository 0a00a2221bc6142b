//! Files that people give to the slash command. Discord keeps them on hosts of its own, under addresses that are keys by themselves for about a
//! day (<https://docs.discord.com/developers/reference#signed-attachment-cdn-urls>): the bot's token is not sent there.

use crate::discord::Discord;
use domain::{ActionError, Attachment};
use http_client::Optional;
use provider::files_linked_in;
use url::{Host, Url};

/// Where Discord keeps files.
const STORES: &[&str] = &["cdn.discordapp.com", "media.discordapp.net"];

/// The beginnings of addresses, before the second slash.
const SCHEMES: [&str; 2] = ["https:/", "http:/"];

/// What the paths of files begin with.
const KINDS: [&str; 2] = ["attachments", "ephemeral-attachments"];

/// The files that a text links, each once, in order of appearance. A simulation on this machine keeps them beside its API, at `api`.
fn uploads_in(text: &str, api: &str) -> Vec<Attachment> {
    let api = Url::parse(api).ok().filter(|api| api.scheme() == "http");
    files_linked_in(text, &SCHEMES, |_, link| {
        let name = file_at(link.address, api.as_ref())?;
        let (label, _) = link.label();
        let (id, name) = (link.address.to_owned(), label.map_or(name, str::to_owned));
        Some(Attachment { id, name, media_type: None, size: None, author: None })
    })
}

/// The name of the file at an address: `/attachments/CHANNEL/FILE/NAME`, or the same of a command's own.
fn file_at(address: &str, api: Option<&Url>) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let is_stored = url.scheme() == "https"
        && url.port().is_none()
        && matches!(url.host(), Some(Host::Domain(host)) if STORES.contains(&host));
    if !is_stored && api.is_none_or(|api| api.origin() != url.origin()) {
        return None;
    }
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match url.path_segments()?.collect::<Vec<_>>()[..] {
        [kind, place, file, name]
            if KINDS.contains(&kind) && is_number(place) && is_number(file) && !name.is_empty() =>
        {
            Some(name.to_owned())
        }
        _ => None,
    }
}

impl Discord {
    /// The files that a text links.
    pub(crate) fn files_linked_in(&self, text: &str) -> Vec<Attachment> {
        uploads_in(text, self.client.base_url())
    }

    /// The content of a file by its address.
    pub(crate) async fn content_of(&self, file: &Attachment, most: usize) -> Result<Vec<u8>, ActionError> {
        let answer = self.client.get_at(&file.id, STORES).at_most(most).send().await.optional()?;
        let answer = answer.ok_or_else(|| {
            ActionError::rejected(
                "Discord does not give the file: it is gone, or its address has expired, which happens after about a day; upload it again",
            )
        })?;
        Ok(answer.into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, api: &str) -> Vec<String> {
        uploads_in(text, api).into_iter().map(|file| file.name).collect()
    }

    #[test]
    fn links_to_files_name_them() {
        let api = "https://discord.com/api/v10";
        for (text, name) in [
            (
                "See [till.png](https://cdn.discordapp.com/attachments/1/2/till_2.png?ex=1&is=2&hm=3), please",
                "till.png",
            ),
            ("https://cdn.discordapp.com/ephemeral-attachments/1/2/till.log?ex=1", "till.log"),
            ("<https://media.discordapp.net/attachments/1/2/a.png>", "a.png"),
        ] {
            assert_eq!(found(text, api), [name], "{text}");
        }
        // The whole address is the key, and a sentence goes on behind it.
        let address = "https://cdn.discordapp.com/attachments/1/2/a.png?ex=1&hm=3";
        assert_eq!(uploads_in(&format!("See {address}, please."), api)[0].id, address);
        let here = "http://127.0.0.1:4000/attachments/1/2/a.png?hm=3";
        assert_eq!(found(here, "http://127.0.0.1:4000/api/v10"), ["a.png"]);
        assert!(found(here, api).is_empty() && found(here, "http://127.0.0.1:4001/api/v10").is_empty());
    }

    #[test]
    fn other_links_are_none() {
        for text in [
            "https://evil.example/attachments/1/2/a.png",
            "https://cdn.discordapp.com.evil.example/attachments/1/2/a.png",
            "https://cdn.discordapp.com@evil.example/attachments/1/2/a.png",
            "https://cdn.discordapp.com:8443/attachments/1/2/a.png",
            "https://evil.example?https://cdn.discordapp.com/attachments/1/2/a.png",
            "http://cdn.discordapp.com/attachments/1/2/a.png",
            "https://cdn.discordapp.com/attachments/1/2/../a.png",
            "https://cdn.discordapp.com/avatars/1/a.png",
            "https://discord.com/attachments/1/2/a.png",
        ] {
            assert_eq!(found(text, "https://discord.com/api/v10"), Vec::<String>::new(), "{text}");
        }
    }
}
