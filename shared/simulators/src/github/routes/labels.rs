//! [Labels](https://docs.github.com/rest/issues/labels) of issues and of the repository.

use super::{
    Answer, Call, Failure,
    issues::{label_names, set_labels},
};

/// Adds labels to those an issue has; GitHub makes the ones it does not know.
pub(super) fn add(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let mut names = call.issue()?.labels.clone();
    names.extend(sent(call)?);
    change(call, names)
}

pub(super) fn remove(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (name, mut names) = (call.parameter("name"), call.issue()?.labels.clone());
    let Some(position) = names.iter().position(|known| known.eq_ignore_ascii_case(name)) else {
        return Err(Failure::new(404, "Label does not exist"));
    };
    names.remove(position);
    change(call, names)
}

/// The labels of the body: an object with `labels`, or just the list.
fn sent(call: &Call<'_>) -> Result<Vec<String>, Failure> {
    match call.body.as_array() {
        Some(list) => label_names(list),
        None => label_names(call.list("labels")?),
    }
}

fn change(call: &mut Call<'_>, names: Vec<String>) -> Result<Answer, Failure> {
    let (number, now) = (call.issue()?.number, call.now());
    set_labels(call, number, names)?;
    call.issue_mut()?.updated_at = now;
    let labels = call.state.labels(call.repository(), call.issue()?);
    Ok(Answer::ok(labels.into()))
}
