//! Merge requests.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::answer::{Answer, Call, Failure};
use super::code::diffs_between;
use super::state::{MergeRequest, Project, State};

impl MergeRequest {
    /// Its changes: from the merge base to its branch's head.
    pub(super) fn range(&self, project: &Project) -> (String, String) {
        let head =
            project.head_of(&self.source).filter(|_| self.state == "opened" && self.source_project.is_none());
        let head = head.unwrap_or_else(|| self.head.clone());
        let base = project.head_of(&self.target).filter(|_| self.state == "opened");
        let base = base.unwrap_or_else(|| self.base.clone());
        let parted = project.git.merge_base(&base, &head).unwrap_or(base);
        (parted, head)
    }

    fn is_draft(&self) -> bool {
        ["draft:", "[draft]", "(draft)"].iter().any(|mark| self.title.to_lowercase().starts_with(mark))
    }
}

impl State {
    pub(super) fn shown_merge_request(&self, project: &Project, shown: &MergeRequest) -> Value {
        let (_, head) = shown.range(project);
        json!({
            "id": shown.id, "iid": shown.iid, "project_id": project.id, "title": shown.title,
            "description": shown.description, "state": shown.state, "author": self.shown_user(&shown.author),
            "source_branch": shown.source, "target_branch": shown.target, "draft": shown.is_draft(),
            "source_project_id": shown.source_project.unwrap_or(project.id), "target_project_id": project.id,
            "sha": head, "labels": [], "created_at": shown.created_at.to_string(),
            "updated_at": shown.updated_at.to_string(),
            "merge_commit_sha": shown.merge_commit, "squash_commit_sha": null,
            "web_url": format!("{}/{}/-/merge_requests/{}", self.address, project.path, shown.iid),
        })
    }
}

impl Call<'_> {
    pub(super) fn merge_request(&self) -> Result<&MergeRequest, Failure> {
        let iid = self.number("merge_request_iid")?;
        self.project().merge_requests.get(&iid).ok_or_else(|| Failure::not_found("Merge Request"))
    }

    pub(super) fn merge_request_mut(&mut self) -> Result<&mut MergeRequest, Failure> {
        let iid = self.number("merge_request_iid")?;
        self.project_mut().merge_requests.get_mut(&iid).ok_or_else(|| Failure::not_found("Merge Request"))
    }
}

pub(super) fn list(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let project = call.project();
    let fits =
        |name: &str, value: &str| call.queried(name).is_none_or(|asked| asked == value || asked == "all");
    let found = project.merge_requests.values().rev().filter(|one| {
        fits("state", one.state) && fits("source_branch", &one.source) && fits("target_branch", &one.target)
    });
    Ok(call.page(found.map(|one| call.state.shown_merge_request(project, one)).collect()))
}

pub(super) fn get(call: &mut Call<'_>) -> Result<Answer, Failure> {
    Ok(Answer::ok(call.state.shown_merge_request(call.project(), call.merge_request()?)))
}

pub(super) fn create(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (title, source, target) =
        (call.text("title")?, call.text("source_branch")?, call.text("target_branch")?);
    let description = call.optional("description");
    if title.chars().count() > 255 {
        return Err(Failure::new(400, json!({ "title": ["is too long (maximum is 255 characters)"] })));
    }
    let project = call.project();
    let stands_at = |branch: &str, which: &str| {
        let words = format!("{which} branch \"{branch}\" does not exist");
        project.head_of(branch).ok_or_else(|| Failure::new(400, json!([words])))
    };
    let (head, base) = (stands_at(&source, "Source")?, stands_at(&target, "Target")?);
    let same = |one: &&MergeRequest| one.state == "opened" && one.source == source && one.target == target;
    if let Some(other) = project.merge_requests.values().find(same) {
        let words =
            format!("Another open merge request already exists for this source branch: !{}", other.iid);
        return Err(Failure::new(409, json!([words])));
    }
    let iid = project.merge_requests.last_key_value().map_or(1, |(last, _)| last + 1);
    let (id, now, author) = (call.state.next_id(), call.state.now(), call.state.bot.clone());
    let made = MergeRequest {
        id,
        iid,
        title,
        description,
        author,
        source,
        target,
        head,
        base,
        state: "opened",
        merge_commit: None,
        source_project: None,
        reviewers: BTreeMap::new(),
        notes: Vec::new(),
        created_at: now,
        updated_at: now,
    };
    let shown = call.state.shown_merge_request(call.project(), &made);
    let (source, head) = (made.source.clone(), made.head.clone());
    call.project_mut().merge_requests.insert(iid, made);
    if call.project().merged_results {
        call.run_pipeline(&source, &head);
    }
    Ok(Answer::created(shown))
}

pub(super) fn edit(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (title, event, now) = (call.optional("title"), call.optional("state_event"), call.state.now());
    let (_, head) = call.merge_request()?.range(call.project());
    let one = call.merge_request_mut()?;
    one.title = title.unwrap_or_else(|| one.title.clone());
    match (event.as_deref(), one.state) {
        (Some("close"), "opened") => {
            one.head = head;
            one.state = "closed";
        }
        (Some("reopen"), "closed") => one.state = "opened",
        (Some(event), state) => {
            return Err(Failure::new(422, format!("a merge request that is {state} cannot {event}")));
        }
        (None, _) => {}
    }
    one.updated_at = now;
    get(call)
}

pub(super) fn diffs(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (before, after) = call.merge_request()?.range(call.project());
    let shown = diffs_between(call.project(), &before, &after)?;
    Ok(call.page(shown))
}
