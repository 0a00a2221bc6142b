//! Files that people put into an issue: they upload them to its project and link them in its description
//! (<https://docs.gitlab.com/api/project_markdown_uploads/>).

use crate::gitlab::Gitlab;
use domain::{ActionError, Attachment, RepositoryName};
use http_client::Optional;
use percent_encoding::percent_decode_str;
use provider::files_linked_in;

/// Where GitLab servers keep uploads that they do not serve themselves, under addresses that are keys by themselves:
/// <https://docs.gitlab.com/administration/object_storage/>.
const STORES: &[&str] = &[
    "amazonaws.com",
    "blob.core.windows.net",
    "gitlab-static.net",
    "r2.cloudflarestorage.com",
    "storage.googleapis.com",
];

/// The path of uploads below a project, before a secret of 32 hexadecimal digits and the file's name.
const FOLDER: &str = "/uploads";
const SECRET: usize = 32;

/// The files of a project that a text links to, each once, in order of appearance. Links to other sites and projects are left alone.
fn uploads_in(text: &str, site: &str, project: &RepositoryName) -> Vec<Attachment> {
    // GitLab's editor writes the path below the project; people copy the whole address.
    let page = format!("{site}/{project}{FOLDER}");
    files_linked_in(text, &[FOLDER, &page], |_, link| {
        let (secret, rest) = link.path.split_once('/')?;
        if secret.len() != SECRET || !secret.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let name = rest.split('/').next().unwrap_or_default();
        let name = percent_decode_str(name).decode_utf8_lossy().into_owned();
        let is_plain = !matches!(name.as_str(), "" | "." | "..") && !name.contains('/');
        let id = format!("{secret}/{name}");
        is_plain.then_some(Attachment { id, name, media_type: None, size: None, author: None })
    })
}

impl Gitlab {
    /// The files of a project that a text links.
    pub(crate) fn files_linked_in(&self, text: &str, project: &RepositoryName) -> Vec<Attachment> {
        uploads_in(text, &self.site, project)
    }

    /// The content of a file that was uploaded to a project. Issues, merge requests and the chat link it, so none of them is asked whether it does:
    /// GitLab gives it only for its secret, which cannot be guessed, so whoever knows it has seen a link to the file.
    pub(crate) async fn content_of(
        &self,
        project: &RepositoryName,
        file: &Attachment,
        most: usize,
    ) -> Result<Vec<u8>, ActionError> {
        let (secret, name) = file.id.split_once('/').ok_or_else(|| {
            ActionError::rejected(format!(
                "`{}` is not an upload; accepted: its secret and its name",
                file.id
            ))
        })?;
        let values = [project.as_str(), secret, name];
        let request = self
            .client
            .get("/projects/{id}/uploads/{secret}/{filename}", &values)
            .header("accept", "*/*")
            .downloading_from(STORES)
            .at_most(most);
        let answer = self.send(project, request).await.optional()?.ok_or_else(|| {
            ActionError::rejected(
                "GitLab no longer has the file, the configured token may not see it, or the server is older than GitLab 17.4",
            )
        })?;
        Ok(answer.into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "66dbcd21ec5d24ed6ea225176098d52b";

    fn names(text: &str) -> Vec<String> {
        let text = text.replace("SECRET", SECRET);
        let found = uploads_in(&text, "https://git.example", &"acme/web/shop".parse().unwrap());
        found.into_iter().map(|file| file.id.replace(SECRET, "SECRET")).collect()
    }

    #[test]
    fn links_to_uploads_of_the_project_are_files() {
        for (text, expected) in [
            ("![shot](/uploads/SECRET/shot_1.png){width=600}", vec!["SECRET/shot_1.png"]),
            (
                "[log.txt](/uploads/SECRET/log.txt) [a](/uploads/SECRET/a) [again](/uploads/SECRET/log.txt)",
                vec!["SECRET/log.txt", "SECRET/a"],
            ),
            ("<img src=\"/uploads/SECRET/gr%C3%BCn.png\">", vec!["SECRET/grün.png"]),
            ("https://git.example/acme/web/shop/uploads/SECRET/b.txt", vec!["SECRET/b.txt"]),
            // As chats write links.
            ("<https://git.example/acme/web/shop/uploads/SECRET/d.txt|d.txt>", vec!["SECRET/d.txt"]),
            ("/uploads/SECRET/c.txt?x=1 and\n/uploads/SECRET/", vec!["SECRET/c.txt"]),
        ] {
            assert_eq!(names(text), expected, "{text}");
        }
    }

    #[test]
    fn other_links_are_none() {
        for text in [
            "https://evil.example/uploads/SECRET/a.txt",
            "https://git.example/acme/other/uploads/SECRET/a.txt",
            "https://git.example/-/project/7/uploads/SECRET/a.txt",
            "(/uploads/66dbcd/a.txt) (/uploads/SECRETff/a.txt) (/uploads/zzdbcd21ec5d24ed6ea225176098d52b/a.txt)",
            "(/uploads/SECRET/..%2F..%2Fissues)",
            "(/uploads/SECRET)",
        ] {
            assert_eq!(names(text), Vec::<String>::new(), "{text}");
        }
    }
}
