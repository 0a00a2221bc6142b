//! Files that people upload. Slack shows each as a page of the workspace, whose address is in what they say, and gives its content to a token
//! with the scope `files:read` (<https://docs.slack.dev/reference/objects/file-object/>).
//!
//! A link only names the file: Slack is asked for the address of its content, and the token goes to Slack's own host for files and nowhere
//! else.

use crate::slack::{Slack, answer};
use domain::plugins::FileChannels;
use domain::{ActionError, Attachment, ErrorKind};
use provider::files_linked_in;
use serde::Deserialize;
use url::{Host, Url};

/// Workspaces are below these.
const SITES: &[&str] = &["slack.com", "slack-gov.com"];
/// Where Slack keeps files.
const STORES: &[&str] = &["files.slack.com", "files.slack-gov.com"];

/// The beginning of encrypted addresses, before the second slash.
const ENCRYPTED: &str = "https:/";

/// The lengths of a file's ID.
const ID: std::ops::RangeInclusive<usize> = 9..=20;

/// An answer about a file.
#[derive(Debug, Deserialize)]
struct Found {
    file: File,
}

#[derive(Debug, Deserialize)]
struct File {
    /// The public channels that it is shared in.
    #[serde(default)]
    channels: Vec<String>,
    /// The private channels that it is shared in, of which the bot is a member.
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    size: Option<u64>,
    #[serde(default)]
    mimetype: Option<String>,
    /// Whether it is kept by another service.
    #[serde(default)]
    is_external: bool,
    #[serde(default)]
    url_private_download: Option<String>,
    #[serde(default)]
    url_private: Option<String>,
}

/// The files that a text links, each once, in order of appearance.
pub(crate) fn uploads_in(text: &str) -> Vec<Attachment> {
    files_linked_in(text, &[ENCRYPTED], |_, link| {
        let (id, name) = file_at(link.address)?;
        let (label, _) = link.label();
        let name = label.map(str::to_owned).or(name).unwrap_or_else(|| id.clone());
        Some(Attachment { id, name, media_type: None, size: None, author: None })
    })
}

/// The ID of the file that an address shows, and its name there: `/files/PERSON/FILE/NAME` of a workspace, or `/files-pri/TEAM-FILE/NAME`
/// where Slack keeps it.
fn file_at(address: &str) -> Option<(String, Option<String>)> {
    let url = Url::parse(address).ok()?;
    let Some(Host::Domain(host)) = url.host() else { return None };
    let is_below = |site: &&str| {
        let below = host.strip_suffix(*site);
        below.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    SITES.iter().find(|site| is_below(site))?;
    let segments: Vec<&str> = url.path_segments()?.filter(|segment| !segment.is_empty()).collect();
    let (id, rest) = match segments.as_slice() {
        ["files", _, id, rest @ ..] => (*id, rest),
        ["files-pri", both, rest @ ..] => (both.split_once('-')?.1, rest),
        _ => return None,
    };
    is_id(id).then(|| (id.to_owned(), rest.last().map(|name| (*name).to_owned())))
}

fn is_id(text: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    text.starts_with('F') && ID.contains(&text.len()) && text.bytes().all(is_digit)
}

impl Slack {
    /// The files that a text links.
    pub(crate) fn files_linked_in(&self, text: &str) -> Vec<Attachment> {
        uploads_in(text)
    }

    /// The content of a file by its ID, if it is shared in one of these channels.
    pub(crate) async fn content_of(
        &self,
        file: &Attachment,
        channels: &FileChannels,
        most: usize,
    ) -> Result<Vec<u8>, ActionError> {
        let id = &file.id;
        let request = self.client.get("/files.info", &[]).query("file", id);
        let Found { file } = match answer::<Found>("/files.info", request).await {
            Ok((found, _)) => found,
            Err(error) if matches!(error.code.as_str(), "file_not_found" | "file_deleted") => {
                return Err(ActionError::rejected(
                    "Slack does not give the file: it is gone, or it is in no channel that the bot is a member of",
                ));
            }
            Err(error) => return Err(error.into()),
        };
        if file.channels.is_empty() && file.groups.is_empty() {
            return Err(ActionError::rejected(
                "the file is in no channel; files of direct messages are not read",
            ));
        }
        // Whoever linked it need not have an account here, and a guest does not see every public channel.
        let (is_shared, unknown) = self.is_shared_in(&file, channels).await?;
        if !is_shared {
            let why = unknown.map(|error| format!(". {}", error.message)).unwrap_or_default();
            let private = match file.groups.is_empty() {
                true => "",
                false => ", and a link to a file of a private channel counts only there",
            };
            return Err(ActionError::rejected(format!(
                "the file is neither in the project's channel nor in the one in which it was linked{private}; share it in one of them{why}"
            )));
        }
        if let Some(size) = file.size.filter(|size| *size > most as u64) {
            return Err(ActionError::rejected(format!(
                "the file has {size} bytes, and at most {most} are read"
            )));
        }
        let address = file.url_private_download.or(file.url_private).filter(|_| !file.is_external);
        let address = address.ok_or_else(|| {
            ActionError::rejected(
                "Slack does not have the content of the file: another service keeps it, or it is deleted",
            )
        })?;
        let sign_in = || {
            ActionError::rejected(
                "Slack asks for a sign-in instead of giving the file; add the scope files:read to the app and install it again",
            )
        };
        let request = self.client.get_with_credentials_at(&address, STORES).at_most(most);
        let answer = match request.without_redirects().send().await {
            Ok(answer) => answer,
            Err(failure) if failure.status.is_some_and(|status| (300..400).contains(&status)) => {
                return Err(sign_in());
            }
            Err(failure) => return Err(failure.into()),
        };
        let is_page = |kind: &str| kind.starts_with("text/html");
        let is_sign_in = answer.header("content-type").as_deref().is_some_and(is_page)
            && !file.mimetype.as_deref().is_some_and(is_page);
        if is_sign_in { Err(sign_in()) } else { Ok(answer.into_bytes()) }
    }

    /// Whether a file is shared in one of `channels`. In a private channel, that counts only where the words were written: those who may start work
    /// need not be members. Names are looked up only if no ID fits. One that cannot be found keeps no file of another from being read; why it was
    /// not found comes with the answer.
    async fn is_shared_in(
        &self,
        file: &File,
        channels: &FileChannels,
    ) -> Result<(bool, Option<ActionError>), ActionError> {
        let is_in = |channel: &String, is_said_there: bool| {
            file.channels.contains(channel) || (is_said_there && file.groups.contains(channel))
        };
        let channels = [(&channels.project, false), (&channels.said_in, true)];
        let given: Vec<(&String, bool)> = channels
            .into_iter()
            .filter_map(|(channel, is_said_there)| Some((channel.as_ref()?, is_said_there)))
            .collect();
        let mut unknown = None;
        if given.iter().any(|&(channel, is_said_there)| is_in(channel, is_said_there)) {
            return Ok((true, unknown));
        }
        for (channel, is_said_there) in given {
            match self.channel_of_files(channel).await {
                Ok(id) if is_in(&id, is_said_there) => return Ok((true, unknown)),
                Ok(_) => {}
                Err(error) if error.kind == ErrorKind::Rejected => unknown = Some(error),
                Err(error) => return Err(error),
            }
        }
        Ok((false, unknown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, String)> {
        uploads_in(text).into_iter().map(|file| (file.id, file.name)).collect()
    }

    #[test]
    fn links_to_files_name_them() {
        let file = |name: &str| vec![("F0S43PZDF1".to_owned(), name.to_owned())];
        for (text, name) in [
            (
                "See [till.png](https://acme.slack.com/files/U061F7AUR/F0S43PZDF1/till_2.png), please",
                "till.png",
            ),
            ("<https://acme.slack.com/files/U061F7AUR/F0S43PZDF1/till_2.png|this>", "till_2.png"),
            ("https://files.slack.com/files-pri/T061EG9R6-F0S43PZDF1/download/till.log", "till.log"),
            ("https://acme.enterprise.slack.com/files/U1/F0S43PZDF1", "F0S43PZDF1"),
            ("See https://acme.slack.com/files/U1/F0S43PZDF1.", "F0S43PZDF1"),
            (
                "[a](https://acme.slack.com/files/U1/F0S43PZDF1/a) https://acme.slack.com/files/U1/F0S43PZDF1/b",
                "a",
            ),
        ] {
            assert_eq!(found(text), file(name), "{text}");
        }
    }

    #[test]
    fn other_links_are_none() {
        for text in [
            "https://evil.example/files/U061F7AUR/F0S43PZDF1/a.png",
            "https://acme.slack.com.evil.example/files/U061F7AUR/F0S43PZDF1/a.png",
            "https://evilslack.com/files/U061F7AUR/F0S43PZDF1/a.png",
            "https://evil.example?https://acme.slack.com/files/U061F7AUR/F0S43PZDF1/a.png",
            "http://acme.slack.com/files/U061F7AUR/F0S43PZDF1/a.png",
            "https://acme.slack.com/files/U061F7AUR/../../F0S43PZDF1",
            "https://acme.slack.com/files/U061F7AUR/f0s43pzdf1/a.png",
            "https://acme.slack.com/files/U061F7AUR/F0S43PZDF1%2F/a.png",
            "https://acme.slack.com/archives/C012AB3CD/p1",
            "https://files.slack.com/files-pri/T061EG9R6/F0S43PZDF1",
        ] {
            assert_eq!(found(text), Vec::new(), "{text}");
        }
    }
}
