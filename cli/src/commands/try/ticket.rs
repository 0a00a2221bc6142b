//! The ticket: an issue of GitHub, or a file.

use super::Arguments;
use crate::environment;
use crate::exit::{Exit, Outcome};
use crate::server::source_file::text_at;
use domain::RepositoryName;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// The maximum length of a ticket, in bytes.
const LONGEST: usize = 32 * 1024;

/// The environment variable with a token for tickets and repositories that not everybody may read.
pub(super) const TOKEN: &str = "GITHUB_TOKEN";

/// The agent's task.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::commands) struct Ticket {
    /// `owner/name#12`, or the name of its file.
    pub(in crate::commands) id: String,
    pub(in crate::commands) title: String,
    pub(in crate::commands) description: String,
    pub(in crate::commands) labels: Vec<String>,
    /// Where people see it.
    pub(in crate::commands) url: Option<String>,
    /// The default repository, and the host of its token.
    pub(in crate::commands) repository: Option<String>,
}

impl Ticket {
    /// Reads it.
    ///
    /// # Errors
    /// Usage for something that is not a ticket, unreachable if GitHub does not answer.
    pub(super) async fn read(arguments: &Arguments) -> Outcome<Self> {
        match (&arguments.ticket, &arguments.ticket_file) {
            (Some(url), _) => {
                let issue = Issue::parse(url)?;
                issue.check_api(&arguments.github_url)?;
                let token = environment::value(TOKEN);
                issue.read(&arguments.github_url, token.as_deref()).await
            }
            (None, Some(path)) => of_file(path),
            (None, None) => Err(Exit::usage("name a ticket: the URL of a GitHub issue, or --ticket-file")),
        }
    }

    /// As actions have it.
    pub(super) fn to_task(&self) -> Value {
        json!({
            "task_id": self.id, "title": self.title, "description": self.description, "labels": self.labels,
            "url": self.url,
        })
    }
}

/// The address of an issue.
#[derive(Debug, PartialEq, Eq)]
struct Issue {
    /// `https://github.com`
    site: String,
    repository: RepositoryName,
    number: u64,
}

impl Issue {
    fn parse(text: &str) -> Outcome<Self> {
        let wrong = || {
            Exit::usage(format!(
                "`{text}` is not the URL of a GitHub issue; accepted: https://github.com/OWNER/NAME/issues/12, or --ticket-file FILE with --repository"
            ))
        };
        let plain = text.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
        let (scheme, rest) = plain.split_once("://").ok_or_else(wrong)?;
        let parts: Vec<&str> = rest.split('/').collect();
        let [host, owner, name, "issues", number] = parts[..] else { return Err(wrong()) };
        if !matches!(scheme, "https" | "http") || host.is_empty() || host.contains('@') {
            return Err(wrong());
        }
        let repository = format!("{owner}/{name}").parse().map_err(|_| wrong())?;
        Ok(Self {
            site: format!("{scheme}://{host}"),
            repository,
            number: number.parse().map_err(|_| wrong())?,
        })
    }

    /// Checks that the API belongs to the issue's site: another one has different issues, and must not receive the token.
    fn check_api(&self, api: &str) -> Outcome {
        let url = http_client::check_base_url(api)
            .map_err(|problem| Exit::usage(format!("--github-url {problem}")))?;
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let api_host = format!("{}{port}", url.host_str().unwrap_or_default());
        let host = self.site.split_once("://").map_or("", |(_, host)| host).to_ascii_lowercase();
        let host = host.strip_prefix("www.").unwrap_or(&host);
        // A substitute on this machine is GitHub's.
        let is_substitute = host == "github.com" && url.scheme() == "http";
        if api_host == host || api_host == format!("api.{host}") || is_substitute {
            return Ok(());
        }
        Err(Exit::usage(format!(
            "{}/{} is not at the GitHub of {api}; accepted: an issue at github.com, or --github-url https://HOST/api/v3 of a GitHub Enterprise Server",
            self.site, self.repository
        )))
    }

    async fn read(&self, api: &str, token: Option<&str>) -> Outcome<Ticket> {
        let Self { site, repository, number } = self;
        let client = reqwest::Client::builder()
            .user_agent("ticketsmith")
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_secs(30))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(Exit::unreachable)?;
        let url = format!("{}/repos/{repository}/issues/{number}", api.trim_end_matches('/'));
        let mut request = client
            .get(&url)
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", "2022-11-28");
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.map_err(|error| {
            Exit::unreachable(format!("{url} cannot be read: {}", reason(&error.without_url())))
        })?;
        let status = response.status();
        if !status.is_success() {
            let hint = match (status.as_u16(), token) {
                (401, _) => "GITHUB_TOKEN is not accepted",
                (403 | 429, None) => "GitHub allows few requests without a token; put one in GITHUB_TOKEN",
                (403 | 429, Some(_)) => "the token may not read it, or too many requests were made with it",
                (404 | 410, None) => "the issue does not exist, or it needs a token in GITHUB_TOKEN",
                (404 | 410, Some(_)) => {
                    "the issue does not exist, or the token in GITHUB_TOKEN may not read it"
                }
                (301..=308, _) => "the repository has moved; use its new name",
                _ => return Err(Exit::unreachable(format!("{url}: GitHub answered {status}"))),
            };
            return Err(Exit::usage(format!("{repository}#{number}: {hint} ({status})")));
        }
        let issue: Value = response.json().await.map_err(|error| {
            Exit::unreachable(format!("{url}: GitHub's answer cannot be read: {}", error.without_url()))
        })?;
        if !issue["pull_request"].is_null() {
            return Err(Exit::usage(format!("{repository}#{number} is a pull request, not an issue")));
        }
        let text = |name: &str| issue[name].as_str().unwrap_or_default().to_owned();
        let labels = issue["labels"].as_array().into_iter().flatten();
        Ok(Ticket {
            id: format!("{repository}#{number}"),
            title: text("title"),
            description: domain::text::cut(
                &text("body"),
                domain::text::TextLimit::bytes(LONGEST),
                "\n… (cut)",
            ),
            labels: labels.filter_map(|label| label["name"].as_str().map(str::to_owned)).collect(),
            url: Some(format!("{site}/{repository}/issues/{number}")),
            repository: Some(format!("{site}/{repository}")),
        })
    }
}

/// The root cause of an error: `connection refused` rather than that a request failed.
fn reason(error: &reqwest::Error) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    causes.last().map(ToString::to_string).unwrap_or_default()
}

fn of_file(path: &Path) -> Outcome<Ticket> {
    let shown = path.display();
    let text = text_at(path)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let (title, description) = text.trim_start().split_once('\n').unwrap_or((text.trim(), ""));
    let title = title.trim_start_matches('#').trim();
    if title.is_empty() {
        return Err(Exit::usage(format!("{shown}: it is empty; its first line is the ticket's title")));
    }
    if text.len() > LONGEST {
        return Err(Exit::usage(format!(
            "{shown}: it has {} bytes; a ticket has at most {LONGEST}",
            text.len()
        )));
    }
    let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Ticket {
        id: name,
        title: title.to_owned(),
        description: description.trim().to_owned(),
        labels: Vec::new(),
        url: None,
        repository: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_issues_are_read_as_people_paste_them() {
        let issue = |text: &str| {
            Issue::parse(text).map(|found| (found.site, found.repository.to_string(), found.number))
        };
        let expected = || ("https://github.com".to_owned(), "acme/shop".to_owned(), 12);
        for text in [
            "https://github.com/acme/shop/issues/12",
            "https://github.com/acme/shop/issues/12/",
            "https://github.com/acme/shop/issues/12#issuecomment-1",
            "https://github.com/acme/shop/issues/12?x=1",
        ] {
            assert_eq!(issue(text).unwrap(), expected(), "{text}");
        }
        for text in [
            "acme/shop#12",
            "https://github.com/acme/shop/pull/12",
            "https://github.com/acme/shop/issues/x",
            "https://a@github.com/acme/shop/issues/1",
            "file:///acme/shop/issues/1",
        ] {
            assert!(
                issue(text).unwrap_err().to_string().contains("is not the URL of a GitHub issue"),
                "{text}"
            );
        }
    }

    #[test]
    fn an_issue_is_read_from_the_api_of_its_own_site() {
        let check = |issue: &str, api: &str| {
            Issue::parse(issue).unwrap().check_api(api).map_err(|exit| exit.to_string())
        };
        for (issue, api) in [
            ("https://github.com/a/b/issues/1", "https://api.github.com"),
            ("https://www.github.com/a/b/issues/1", "https://api.github.com/"),
            ("https://acme.ghe.com/a/b/issues/1", "https://api.acme.ghe.com"),
            ("https://git.acme.example/a/b/issues/1", "https://git.acme.example/api/v3"),
            ("http://127.0.0.1:8081/a/b/issues/1", "http://127.0.0.1:8081"),
            ("https://github.com/a/b/issues/1", "http://127.0.0.1:8081"),
        ] {
            check(issue, api).unwrap();
        }
        for issue in [
            "https://gitlab.com/a/b/issues/1",
            "http://127.0.0.1:8081/a/b/issues/1",
            "https://github.com.evil.example/a/b/issues/1",
        ] {
            let refused = check(issue, "https://api.github.com").unwrap_err();
            assert!(refused.contains("is not at the GitHub of https://api.github.com"), "{refused}");
        }
        let refused = check("https://github.com/a/b/issues/1", "nonsense").unwrap_err();
        assert!(refused.starts_with("--github-url is not an address"), "{refused}");
    }

    #[test]
    fn a_file_has_a_title_and_a_description() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fix.md");
        std::fs::write(&path, "# Fix it\n\nIt is broken.\n").unwrap();
        let ticket = of_file(&path).unwrap();
        assert_eq!((ticket.id.as_str(), ticket.title.as_str()), ("fix", "Fix it"));
        assert_eq!(ticket.description, "It is broken.");
        std::fs::write(&path, "\u{feff}# Fix it\r\n").unwrap();
        assert_eq!(of_file(&path).unwrap().title, "Fix it");
        std::fs::write(&path, b"Gr\xfc\xdfe\n").unwrap();
        assert!(of_file(&path).unwrap_err().to_string().contains("is not UTF-8"));
        std::fs::write(&path, "\n").unwrap();
        assert!(of_file(&path).unwrap_err().to_string().contains("first line"));
    }
}
