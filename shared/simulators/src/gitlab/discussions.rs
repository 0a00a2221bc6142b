//! [Discussions](https://docs.gitlab.com/api/discussions/#merge-requests) of merge requests, including comments on lines of their diffs.

use serde_json::{Value, json};

use super::answer::{Answer, Call, Failure};
use super::code::diffs_between;
use super::notes::made;
use super::state::{Note, Position};

pub(super) fn list(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let notes = &call.merge_request()?.notes;
    let roots = notes.iter().filter(|note| note.discussion == note.id);
    Ok(call.page(roots.map(|root| shown(call, notes, root.id)).collect()))
}

fn shown(call: &Call<'_>, notes: &[Note], id: u64) -> Value {
    let of_it = notes.iter().filter(|note| note.discussion == id);
    let is_individual = of_it.clone().all(|note| note.position.is_none());
    let of_it: Vec<Value> = of_it.map(|note| call.state.shown_note(note)).collect();
    json!({ "id": name(id), "individual_note": is_individual, "notes": of_it })
}

fn name(id: u64) -> String {
    format!("{id:040x}")
}

/// A comment on a line: a line outside the diff has no line code.
pub(super) fn create(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let position = call.body["position"].clone();
    let text = |name: &str| position[name].as_str().unwrap_or_default().to_owned();
    let invalid = || {
        let words =
            "400 Bad request - Note {:line_code=>[\"can't be blank\", \"must be a valid line code\"]}";
        Failure::new(400, words)
    };
    let one = call.merge_request()?;
    let (base, head) = (text("base_sha"), text("head_sha"));
    let git = &call.project().git;
    if text("position_type") != "text" || text("start_sha").is_empty() || !git.is_ancestor(&base, &head) {
        return Err(invalid());
    }
    let (_, newest) = one.range(call.project());
    if head != newest && !git.is_ancestor(&head, &newest) {
        return Err(invalid());
    }
    let diffs = diffs_between(call.project(), &base, &head)?;
    let file = diffs
        .iter()
        .find(|file| file["new_path"] == text("new_path") && file["old_path"] == text("old_path"));
    let lines = lines(file.ok_or_else(invalid)?["diff"].as_str().unwrap_or_default());
    let wanted = (position["old_line"].as_u64(), position["new_line"].as_u64());
    if !lines.contains(&wanted) {
        return Err(invalid());
    }
    let mut note = made(call)?;
    let (old_line, new_line) = wanted;
    note.position =
        Some(Position { new_path: text("new_path"), old_path: text("old_path"), old_line, new_line });
    let id = note.id;
    call.merge_request_mut()?.notes.push(note);
    Ok(Answer::created(shown(call, &call.merge_request()?.notes, id)))
}

pub(super) fn answer(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let id = named(call)?;
    let mut note = made(call)?;
    note.discussion = id;
    let answered = call.state.shown_note(&note);
    call.merge_request_mut()?.notes.push(note);
    Ok(Answer::created(answered))
}

pub(super) fn resolve(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let id = named(call)?;
    let resolved = call.body["resolved"].as_bool().ok_or_else(|| Failure::new(400, "resolved is missing"))?;
    let notes = &mut call.merge_request_mut()?.notes;
    notes.iter_mut().filter(|note| note.discussion == id).for_each(|note| note.resolved = resolved);
    Ok(Answer::ok(shown(call, &call.merge_request()?.notes, id)))
}

/// The [versions](https://docs.gitlab.com/api/merge_requests/#retrieve-merge-request-diff-versions) of a diff: the present one.
pub(super) fn versions(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let one = call.merge_request()?;
    let (base, head) = one.range(call.project());
    let start = call.project().head_of(&one.target).unwrap_or_else(|| one.base.clone());
    let version = json!({
        "id": one.id, "head_commit_sha": head, "base_commit_sha": base, "start_commit_sha": start, "state": "collected",
    });
    Ok(call.page(vec![version]))
}

/// The discussion that the path names.
fn named(call: &Call<'_>) -> Result<u64, Failure> {
    let wanted = call.parameter("discussion_id").to_owned();
    let notes = &call.merge_request()?.notes;
    let root = notes.iter().find(|note| name(note.discussion) == wanted);
    root.map(|note| note.discussion).ok_or_else(|| Failure::not_found("Discussion"))
}

/// The numbers of the lines of a diff, before and after.
fn lines(diff: &str) -> Vec<(Option<u64>, Option<u64>)> {
    let (mut old, mut new, mut found) = (0, 0, Vec::new());
    for line in diff.lines() {
        if let Some(header) = line.strip_prefix("@@ -") {
            let number = |text: &str| text.split([',', ' ']).next().and_then(|text| text.parse().ok());
            let starts = header.split_once(" +").map(|(before, after)| (number(before), number(after)));
            (old, new) =
                starts.map_or((0, 0), |(old, new)| (old.unwrap_or_default(), new.unwrap_or_default()));
            continue;
        }
        let place = match line.chars().next() {
            Some('-') => (Some(old), None),
            Some('+') => (None, Some(new)),
            Some('\\') => continue,
            _ => (Some(old), Some(new)),
        };
        old += u64::from(place.0.is_some());
        new += u64::from(place.1.is_some());
        found.push(place);
    }
    found
}
