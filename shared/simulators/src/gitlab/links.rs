//! [Links between issues](https://docs.gitlab.com/api/issue_links/) of one project or several.

use serde_json::{Value, json};

use super::answer::{Answer, Call, Failure};
use super::state::{IssueLink, State};

/// An issue by its project's id and its number there.
type End = (u64, u64);

impl State {
    fn shown_end(&self, (project, iid): End) -> Value {
        let project = self.projects.iter().find(|known| known.id == project);
        let found = project.and_then(|project| Some((project, project.issues.get(&iid)?)));
        found.map_or(Value::Null, |(project, issue)| self.shown_issue(project, issue))
    }

    fn shown_link(&self, link: &IssueLink) -> Value {
        json!({
            "id": link.id, "source_issue": self.shown_end(link.source), "target_issue": self.shown_end(link.target),
            "link_type": link.kind,
        })
    }

    /// The links of an issue from its own end: the other issue, and the type.
    pub(super) fn links_of(&self, end: End) -> Vec<(&IssueLink, End, &'static str)> {
        let links = self.links.iter().filter_map(|link| match () {
            () if link.source == end => {
                Some((link, link.target, if link.blocks() { "blocks" } else { "relates_to" }))
            }
            () if link.target == end => {
                Some((link, link.source, if link.blocks() { "is_blocked_by" } else { "relates_to" }))
            }
            () => None,
        });
        links.collect()
    }
}

fn own(call: &Call<'_>) -> Result<End, Failure> {
    Ok((call.project().id, call.issue()?.iid))
}

pub(super) fn list(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let end = own(call)?;
    let links = call.state.links_of(end).into_iter().map(|(link, other, kind)| {
        let mut shown = call.state.shown_end(other);
        shown["issue_link_id"] = link.id.into();
        shown["link_type"] = kind.into();
        shown
    });
    Ok(call.page(links.collect()))
}

pub(super) fn create(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let source = own(call)?;
    let kind = call.optional("link_type").unwrap_or_else(|| "relates_to".to_owned());
    if !matches!(kind.as_str(), "relates_to" | "blocks" | "is_blocked_by") {
        return Err(Failure::new(400, "link_type does not have a valid value"));
    }
    let (project, iid) = (call.text("target_project_id")?, call.text("target_issue_iid")?);
    let target = call.state.find(&project).map(|at| &call.state.projects[at]);
    let target = target.and_then(|project| {
        let issue = project.issues.get(&iid.parse().ok()?)?;
        Some((project.id, issue.iid))
    });
    let target = target.ok_or_else(|| Failure::not_found(""))?;
    if kind != "relates_to" && !call.state.blocking_links {
        let words = "Blocked work items are not available for the current subscription tier";
        return Err(Failure::new(403, words));
    }
    let is_there = |link: &IssueLink| {
        (link.source, link.target) == (source, target) || (link.source, link.target) == (target, source)
    };
    if source == target || call.state.links.iter().any(is_there) {
        return Err(Failure::new(409, "Issue(s) already assigned"));
    }
    let (source, target) = if kind == "is_blocked_by" { (target, source) } else { (source, target) };
    let kind = if kind == "relates_to" { "relates_to" } else { "blocks" };
    let link = IssueLink { id: call.state.next_id(), source, target, kind };
    let shown = call.state.shown_link(&link);
    call.state.links.push(link);
    Ok(Answer::created(shown))
}

pub(super) fn delete(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (end, id) = (own(call)?, call.number("issue_link_id")?);
    let is_meant = |link: &IssueLink| link.id == id && (link.source == end || link.target == end);
    let found = call.state.links.iter().position(is_meant).ok_or_else(|| Failure::not_found(""))?;
    let link = call.state.links.remove(found);
    Ok(Answer::ok(call.state.shown_link(&link)))
}
