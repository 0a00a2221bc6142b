//! [Reactions](https://docs.github.com/rest/reactions/reactions) to issues and comments.

use super::{Answer, Call, Failure, comments::find_mut};
use crate::github::{shapes::REACTIONS, state::Reaction};

pub(super) fn create_on_issue(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let new = reaction(call)?;
    let kept = react(&mut call.issue_mut()?.reactions, &new);
    Ok(shown(call, &new, kept))
}

pub(super) fn create_on_comment(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let new = reaction(call)?;
    let kept = react(&mut find_mut(call)?.reactions, &new);
    Ok(shown(call, &new, kept))
}

fn reaction(call: &mut Call<'_>) -> Result<Reaction, Failure> {
    let content = call.text("content")?.to_string();
    if !REACTIONS.contains(&content.as_str()) {
        return Err(Failure::invalid("Reaction", "content", "invalid"));
    }
    let (user, at) = (call.login()?, call.now());
    Ok(Reaction { id: call.state.next_id(), user, content, at })
}

/// Adds a reaction. The same one by the same person stays as it was, and is given back.
fn react(reactions: &mut Vec<Reaction>, new: &Reaction) -> Option<Reaction> {
    let same = reactions.iter().find(|known| known.user == new.user && known.content == new.content);
    let known = same.cloned();
    if known.is_none() {
        reactions.push(new.clone());
    }
    known
}

fn shown(call: &Call<'_>, new: &Reaction, known: Option<Reaction>) -> Answer {
    match known {
        Some(known) => Answer::ok(call.state.reaction(&known)),
        None => Answer::created(call.state.reaction(new)),
    }
}
