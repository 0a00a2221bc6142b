//! The mutation
//! [`updateRefs`](https://docs.github.com/en/graphql/reference/git#updaterefs), which moves branches while they point where
//! the caller thinks. Its input has the types of GitHub's schema, `@octokit/graphql-schema` 15; what does not fit them is refused as
//! GraphQL does: with the status 200.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::{WRITE_CODE, references::RefChange};
use super::{Answer, Call, Failure};
use crate::github::shapes::node_id;

/// The one document that is answered, without spaces and without the name that it may have.
const DOCUMENT: &str = "mutation($input:UpdateRefsInput!){updateRefs(input:$input){clientMutationId}}";

/// The target of a reference that does not exist.
const NOTHING: &str = "0000000000000000000000000000000000000000";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    query: String,
    variables: Variables,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Variables {
    input: UpdateRefsInput,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct UpdateRefsInput {
    #[serde(default)]
    client_mutation_id: Option<String>,
    repository_id: String,
    ref_updates: Vec<RefUpdate>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RefUpdate {
    name: String,
    #[serde(default)]
    before_oid: Option<String>,
    after_oid: String,
    #[serde(default)]
    force: bool,
}

/// `POST /graphql`
pub(super) fn post(call: &mut Call<'_>) -> Result<Answer, Failure> {
    call.login()?;
    let request: Request = match serde_json::from_value(call.body.clone()) {
        Ok(request) => request,
        Err(error) => {
            return Ok(refused(
                None,
                &format!("Variable $input of type UpdateRefsInput! was provided invalid value: {error}"),
            ));
        }
    };
    if !is_known(&request.query) {
        return Ok(refused(
            None,
            "the simulator knows only the mutation updateRefs with $input: UpdateRefsInput!",
        ));
    }
    let input = request.variables.input;
    let known = call
        .state
        .repositories
        .iter()
        .position(|known| node_id("Repository", known.id) == input.repository_id);
    let Some(repository) = known else {
        let message = format!("Could not resolve to a node with the global id of '{}'", input.repository_id);
        return Ok(refused(Some("NOT_FOUND"), &message));
    };
    call.repository = repository;
    if let Some(need) = WRITE_CODE
        && let Err(failure) = call.caller.demand(&need, call.repository())
    {
        return Ok(refused(Some("FORBIDDEN"), &failure.message));
    }
    Ok(match update(call, &input.ref_updates) {
        Ok(()) => {
            let id = input.client_mutation_id;
            Answer::ok(json!({ "data": { "updateRefs": { "clientMutationId": id } } }))
        }
        Err(failure) => refused(Some("UNPROCESSABLE"), &failure.message),
    })
}

fn is_known(query: &str) -> bool {
    let compact: String = query.split_whitespace().collect();
    let (operation, rest) = compact.split_at(compact.find('(').unwrap_or_default());
    let name = operation.strip_prefix("mutation");
    name.is_some_and(|name| name.chars().all(char::is_alphanumeric)) && format!("mutation{rest}") == DOCUMENT
}

/// Changes all references, or none if one cannot be changed.
fn update(call: &mut Call<'_>, updates: &[RefUpdate]) -> Result<(), Failure> {
    let mut changes = Vec::new();
    for update in updates {
        let at = call.repository().git.reference(&update.name).map(|reference| reference.sha);
        let is_oid = |oid: &str| oid.len() == 40 && oid.bytes().all(|byte| byte.is_ascii_hexdigit());
        let oids = update.before_oid.iter().chain([&update.after_oid]);
        if let Some(wrong) = oids.into_iter().find(|oid| !is_oid(oid)) {
            return Err(Failure::new(422, format!("'{wrong}' is not a valid GitObjectID")));
        }
        if !update.name.starts_with("refs/") {
            return Err(Failure::new(422, format!("'{}' is not a qualified reference name", update.name)));
        }
        // GitHub documents no words for this; these are git's.
        if let Some(before) = update.before_oid.as_deref()
            && before != at.as_deref().unwrap_or(NOTHING)
        {
            let at = at.as_deref().unwrap_or(NOTHING);
            return Err(Failure::new(
                422,
                format!("cannot lock ref '{}': is at {at} but expected {before}", update.name),
            ));
        }
        let to = Some(update.after_oid.as_str()).filter(|oid| *oid != NOTHING).map(String::from);
        let change = RefChange { name: update.name.clone(), from: at, to, force: update.force };
        change.check(call)?;
        changes.push(change);
    }
    changes.iter().try_for_each(|change| change.make(call))
}

fn refused(kind: Option<&str>, message: &str) -> Answer {
    let mut error = json!({
        "path": ["updateRefs"], "locations": [{ "line": 1, "column": 44 }], "message": message,
    });
    if let Some(kind) = kind {
        error["type"] = Value::from(kind);
    }
    Answer::ok(json!({ "data": { "updateRefs": null }, "errors": [error] }))
}
