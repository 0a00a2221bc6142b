//! Links by which one issue waits for another: GitLab's [issue links](https://docs.gitlab.com/api/issue_links/). That one blocks the other
//! is for paid tiers; elsewhere they are related.

use crate::gitlab::{Gitlab, not_there};
use crate::pages::{PER_PAGE, page};
use crate::reference::{Kind, Reference};
use crate::refusal::is_early;
use domain::ActionError;
use domain::plugins::{LinkedTask, TaskLink};
use http_client::{Answer, Failure, Optional, Pages};
use serde::Deserialize;
use serde_json::json;

const LINKS: &str = "/projects/{id}/issues/{issue_iid}/links";
const LINK: &str = "/projects/{id}/issues/{issue_iid}/links/{issue_link_id}";

/// The other issue of a link.
#[derive(Debug, Deserialize)]
struct Linked {
    iid: u64,
    issue_link_id: u64,
    link_type: String,
    web_url: String,
}

impl Linked {
    /// The issue as we write it: its project is in its address.
    fn reference(&self, site: &str) -> Option<String> {
        let path = self.web_url.strip_prefix(site)?.strip_prefix('/')?;
        let (project, _) = path.split_once("/-/")?;
        Some(format!("{project}{}{}", Kind::Issue.sign(), self.iid))
    }
}

impl Gitlab {
    /// The issues that block an issue, and those that are related to it, since two issues have one link at most; `None` where it is not
    /// there.
    pub(crate) async fn blocking_issues(
        &self,
        issue: &Reference,
    ) -> Result<Option<Vec<TaskLink>>, ActionError> {
        let load = |at: String| async move {
            let request = self.client.get(LINKS, &[issue.project.as_str(), &issue.number.to_string()]);
            let request = request.query("per_page", PER_PAGE).query("page", at);
            let answer = self.send_settled(&issue.project, request, is_early).await.optional()?;
            // A page for something that does not exist has one item that says so.
            match answer {
                Some(answer) => {
                    let page = page::<Linked>(&answer, "page")?;
                    let items = page.items.into_iter().map(Some).collect();
                    Ok::<_, ActionError>(http_client::Page { items, next: page.next, bytes: page.bytes })
                }
                None => Ok(http_client::Page { items: vec![None], next: None, bytes: 0 }),
            }
        };
        let pages = Pages::of(format!("GitLab's links of {issue}"));
        let linked: Vec<Option<Linked>> = pages.collect("1".to_owned(), usize::MAX, load).await?;
        let Some(linked) = linked.into_iter().collect::<Option<Vec<Linked>>>() else { return Ok(None) };
        let waits = |linked: &&Linked| matches!(linked.link_type.as_str(), "is_blocked_by" | "relates_to");
        let blockers = linked.iter().filter(waits).filter_map(|linked| {
            Some(TaskLink { blocker: linked.reference(&self.site)?, id: linked.issue_link_id.to_string() })
        });
        Ok(Some(blockers.collect()))
    }

    pub(crate) async fn block_issue(
        &self,
        issue: &Reference,
        blocker: &Reference,
    ) -> Result<LinkedTask, ActionError> {
        match self.link_issues(blocker, issue, "blocks").await {
            Err(failure) if is_about_tier(&failure) => {
                let answer = self.link_issues(blocker, issue, "relates_to").await;
                made(answer, issue, blocker)?;
                let note = format!(
                    "GitLab links {issue} and {blocker} only as related: *blocks* links need a paid tier"
                );
                Ok(LinkedTask { note: Some(note) })
            }
            answer => {
                made(answer, issue, blocker)?;
                Ok(LinkedTask::default())
            }
        }
    }

    /// Links one issue with another, in words that apply to the first.
    async fn link_issues(
        &self,
        from: &Reference,
        to: &Reference,
        link_type: &str,
    ) -> Result<Answer, Failure> {
        let body = json!({
            "target_project_id": to.project.as_str(),
            "target_issue_iid": to.number.to_string(),
            "link_type": link_type,
        });
        let request = self.client.post(LINKS, &[from.project.as_str(), &from.number.to_string()]).json(&body);
        let is_early = |failure: &Failure| is_early(failure) && !is_about_tier(failure);
        self.send_settled(&from.project, request, is_early).await
    }

    pub(crate) async fn remove_link(&self, issue: &Reference, link: &TaskLink) -> Result<(), ActionError> {
        let number = issue.number.to_string();
        let values = [issue.project.as_str(), &number, &link.id];
        self.send(&issue.project, self.client.delete(LINK, &values)).await.optional()?;
        Ok(())
    }
}

/// Two issues have one link at most. That they have one already is as good as made.
fn made(answer: Result<Answer, Failure>, issue: &Reference, blocker: &Reference) -> Result<(), ActionError> {
    match answer {
        Err(failure) if failure.says(409, "already assigned") => Ok(()),
        answer => {
            answer.optional()?.ok_or_else(|| not_there(format!("issue {issue} or {blocker}")))?;
            Ok(())
        }
    }
}

/// Whether this GitLab has no links of that type: it refuses them without a license for them, and an edition without them does not know the
/// word.
fn is_about_tier(failure: &Failure) -> bool {
    let said = failure.words().to_lowercase();
    match failure.status {
        Some(403) => said.contains("not available for") || said.contains("license"),
        Some(400) => failure.body.to_string().contains("link_type"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_of_a_linked_issue_is_in_its_address() {
        let linked = |web_url: &str| Linked {
            iid: 7,
            issue_link_id: 1,
            link_type: "blocks".into(),
            web_url: web_url.into(),
        };
        for (address, expected) in [
            ("https://g.example/acme/web/shop/-/issues/7", Some("acme/web/shop#7")),
            ("https://g.example/acme/web/shop/-/work_items/7", Some("acme/web/shop#7")),
            ("https://other.example/acme/shop/-/issues/7", None),
        ] {
            assert_eq!(linked(address).reference("https://g.example").as_deref(), expected, "{address}");
        }
    }
}
