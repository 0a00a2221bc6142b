//! Notes on issues and merge requests.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::answer::{Answer, Call, Failure};
use super::issues::quick_actions;
use super::state::{Note, State};

/// The most characters of a note.
const LONGEST: usize = 1_000_000;

impl State {
    pub(super) fn shown_note(&self, note: &Note) -> Value {
        let position = note.position.as_ref().map(|at| {
            json!({
                "position_type": "text", "new_path": at.new_path, "old_path": at.old_path, "new_line": at.new_line, "old_line": at.old_line,
            })
        });
        json!({
            "id": note.id, "body": note.body, "author": self.shown_user(&note.author), "system": false,
            "type": position.as_ref().map(|_| "DiffNote"), "resolvable": position.is_some(), "resolved": note.resolved,
            "position": position, "internal": false,
            "created_at": note.created_at.to_string(), "updated_at": note.updated_at.to_string(),
        })
    }
}

fn checked(body: String) -> Result<String, Failure> {
    match body.chars().count() {
        0 => Err(Failure::new(400, json!({ "note": ["can't be blank"] }))),
        1..=LONGEST => Ok(body),
        _ => Err(Failure::new(
            400,
            json!({ "note": [format!("is too long (maximum is {LONGEST} characters)")] }),
        )),
    }
}

pub(super) fn made(call: &mut Call<'_>) -> Result<Note, Failure> {
    let body = checked(call.text("body")?)?;
    let (id, at, author) = (call.state.next_id(), call.state.now(), call.state.bot.clone());
    let (position, awards) = (None, BTreeSet::new());
    let (discussion, resolved) = (id, false);
    Ok(Note { id, body, author, created_at: at, updated_at: at, position, discussion, resolved, awards })
}

fn listed(call: &Call<'_>, notes: &[Note]) -> Answer {
    let mut shown: Vec<Value> = notes.iter().map(|note| call.state.shown_note(note)).collect();
    if call.queried("sort") != Some("asc") {
        shown.reverse();
    }
    call.page(shown)
}

fn edited(call: &Call<'_>, notes: &mut [Note]) -> Result<Note, Failure> {
    let (id, body, now) = (call.number("note_id")?, checked(call.text("body")?)?, call.state.now());
    let note = notes.iter_mut().find(|note| note.id == id).ok_or_else(|| Failure::not_found("Note"))?;
    // Nobody edits other people's notes.
    if note.author != call.state.bot {
        return Err(Failure::new(403, "403 Forbidden"));
    }
    (note.body, note.updated_at) = (body, now);
    Ok(note.clone())
}

fn awarded(call: &Call<'_>, notes: &mut [Note]) -> Result<Answer, Failure> {
    let (id, name) = (call.number("note_id")?, call.text("name")?);
    let note = notes.iter_mut().find(|note| note.id == id).ok_or_else(|| Failure::not_found("Note"))?;
    match note.awards.insert((call.state.bot.clone(), name.clone())) {
        true => Ok(Answer::created(json!({ "id": 1, "name": name }))),
        false => Err(Failure::new(404, "404 Award Emoji Name has already been taken Not Found")),
    }
}

pub(super) fn list_of_issue(call: &mut Call<'_>) -> Result<Answer, Failure> {
    Ok(listed(call, &call.issue()?.notes))
}

pub(super) fn create_on_issue(call: &mut Call<'_>) -> Result<Answer, Failure> {
    call.issue()?;
    let note = made(call)?;
    let shown = call.state.shown_note(&note);
    let closes = quick_actions(&note.body).contains(&"close".to_owned());
    let issue = call.issue_mut()?;
    issue.is_open &= !closes;
    issue.notes.push(note);
    Ok(Answer::created(shown))
}

pub(super) fn edit_on_issue(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let mut notes = call.issue()?.notes.clone();
    let note = edited(call, &mut notes)?;
    call.issue_mut()?.notes = notes;
    Ok(Answer::ok(call.state.shown_note(&note)))
}

pub(super) fn award_on_issue(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let mut notes = call.issue()?.notes.clone();
    let answer = awarded(call, &mut notes)?;
    call.issue_mut()?.notes = notes;
    Ok(answer)
}

pub(super) fn list_of_merge_request(call: &mut Call<'_>) -> Result<Answer, Failure> {
    Ok(listed(call, &call.merge_request()?.notes))
}

pub(super) fn create_on_merge_request(call: &mut Call<'_>) -> Result<Answer, Failure> {
    call.merge_request()?;
    let note = made(call)?;
    let shown = call.state.shown_note(&note);
    let closes = quick_actions(&note.body).contains(&"close".to_owned());
    let one = call.merge_request_mut()?;
    if closes {
        one.state = "closed";
    }
    one.notes.push(note);
    Ok(Answer::created(shown))
}

pub(super) fn edit_on_merge_request(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let mut notes = call.merge_request()?.notes.clone();
    let note = edited(call, &mut notes)?;
    call.merge_request_mut()?.notes = notes;
    Ok(Answer::ok(call.state.shown_note(&note)))
}

pub(super) fn award_on_merge_request(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let mut notes = call.merge_request()?.notes.clone();
    let answer = awarded(call, &mut notes)?;
    call.merge_request_mut()?.notes = notes;
    Ok(answer)
}
