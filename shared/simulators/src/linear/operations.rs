//! The fields of queries and mutations.

use serde_json::{Map, Value, json};

use super::filter::matches;
use super::state::{Comment, Issue, Relation, State, team_id, team_of};
use super::{Failure, Linear};

/// The longest title.
const MOST_TITLE: usize = 255;

/// The longest description or comment.
const MOST_TEXT: usize = 100_000;

type Arguments = Map<String, Value>;

fn text<'a>(arguments: &'a Value, name: &str) -> Result<&'a str, Failure> {
    arguments[name].as_str().ok_or_else(|| Failure::invalid(format!("{name} must be a string")))
}

impl Linear {
    /// The value of a query's field.
    pub(super) fn query(&self, name: &str, arguments: &Arguments) -> Result<Value, Failure> {
        let state = self.lock();
        let arguments = &Value::Object(arguments.clone());
        match name {
            "viewer" => {
                let bot = self.world().user(&self.world().bot);
                Ok(bot.map_or(Value::Null, |bot| self.user_json(&bot.id)))
            }
            "user" => match self.user_json(text(arguments, "id")?) {
                Value::Null => Err(Failure::unknown("User")),
                user => Ok(user),
            },
            "issue" => {
                let issue = state.issue(text(arguments, "id")?).ok_or_else(|| Failure::unknown("Issue"))?;
                Ok(self.issue_json(&state, issue))
            }
            "comment" => {
                let found = state.comment(text(arguments, "id")?);
                let (issue, comment) = found.ok_or_else(|| Failure::unknown("Comment"))?;
                Ok(self.comment_json(issue, comment))
            }
            "issues" => {
                // The newest first, as `sort` asks.
                let all = state.issues.iter().rev().map(|issue| self.issue_json(&state, issue));
                filtered(all, arguments)
            }
            "teams" => filtered(self.world().teams.iter().map(|team| self.team_json(&team.key)), arguments),
            "issueLabels" => filtered(self.labels_json().into_iter(), arguments),
            other => Err(Failure::Unexpected(format!("the simulator knows no query `{other}`"))),
        }
    }

    /// Performs a field of a mutation.
    pub(super) fn mutate(&self, name: &str, arguments: &Arguments) -> Result<Value, Failure> {
        let mut state = self.lock();
        let arguments = &Value::Object(arguments.clone());
        let input = &arguments["input"];
        let done = |name: &str, made: Value| json!({"success": true, "lastSyncId": 1, name: made});
        match name {
            "issueCreate" => {
                let issue = self.new_issue(&state, input)?;
                state.issues.push(issue.clone());
                Ok(done("issue", self.issue_json(&state, &issue)))
            }
            "issueUpdate" => {
                let id = text(arguments, "id")?;
                let issue = state.issue(id).ok_or_else(|| Failure::unknown("Issue"))?;
                let mut changed = issue.clone();
                for (name, value) in input.as_object().into_iter().flatten() {
                    match (name.as_str(), value.as_str()) {
                        ("stateId", Some(wanted)) => {
                            if self.state_json(team_of(&changed.key), wanted).is_null() {
                                return Err(Failure::unknown("WorkflowState"));
                            }
                            changed.state = wanted.to_owned();
                        }
                        ("title", Some(title)) => changed.title = legal_title(title)?,
                        ("description", Some(text)) => changed.description = Some(legal_description(text)?),
                        ("parentId", Some(id)) => {
                            let parent = state.issue(id).ok_or_else(|| Failure::unknown("Issue"))?;
                            changed.parent = Some(parent.id.clone());
                        }
                        ("parentId", None) if value.is_null() => changed.parent = None,
                        (other, _) => {
                            return Err(Failure::Unexpected(format!("the simulator changes no `{other}`")));
                        }
                    }
                }
                changed.updated = self.now();
                let issue = state.issue_mut(id).ok_or_else(|| Failure::unknown("Issue"))?;
                issue.clone_from(&changed);
                Ok(done("issue", self.issue_json(&state, &changed)))
            }
            "issueDelete" => {
                let now = self.now();
                let issue =
                    state.issue_mut(text(arguments, "id")?).ok_or_else(|| Failure::unknown("Issue"))?;
                (issue.trashed, issue.updated) = (true, now);
                Ok(json!({"success": true, "lastSyncId": 1}))
            }
            "issueRemoveLabel" => {
                let (label, now) = (text(arguments, "labelId")?, self.now());
                let issue =
                    state.issue_mut(text(arguments, "id")?).ok_or_else(|| Failure::unknown("Issue"))?;
                if !issue.labels.iter().any(|known| known == label) {
                    return Err(Failure::invalid("The label is not on the issue"));
                }
                issue.labels.retain(|known| known != label);
                issue.updated = now;
                Ok(json!({"success": true, "lastSyncId": 1}))
            }
            "issueRelationCreate" => {
                let id = new_id(input, |id| state.relations.iter().any(|known| known.id == id))?;
                let end = |name: &str| -> Result<String, Failure> {
                    let issue = state.issue(text(input, name)?).ok_or_else(|| Failure::unknown("Issue"))?;
                    Ok(issue.id.clone())
                };
                let (issue, related) = (end("issueId")?, end("relatedIssueId")?);
                if issue == related {
                    return Err(Failure::invalid("An issue cannot be related to itself"));
                }
                let kind = text(input, "type")?.to_owned();
                state.relations.push(Relation { id, issue, related, kind });
                Ok(json!({"success": true, "lastSyncId": 1}))
            }
            "issueRelationDelete" => {
                let (id, before) = (text(arguments, "id")?, state.relations.len());
                state.relations.retain(|known| known.id != id);
                match state.relations.len() < before {
                    true => Ok(json!({"success": true, "lastSyncId": 1})),
                    false => Err(Failure::unknown("IssueRelation")),
                }
            }
            "commentCreate" => self.create_comment(&mut state, input),
            "commentUpdate" => {
                let (body, now) = (said(input)?, self.now());
                let comment =
                    state.comment_mut(text(arguments, "id")?).ok_or_else(|| Failure::unknown("Comment"))?;
                (comment.body, comment.updated) = (body, now);
                Ok(json!({"success": true, "lastSyncId": 1}))
            }
            "reactionCreate" => {
                let reaction = (text(input, "emoji")?.to_owned(), self.bot_id());
                let reactions = match (input["commentId"].as_str(), input["issueId"].as_str()) {
                    (Some(id), None) => state.comment_mut(id).map(|comment| &mut comment.reactions),
                    (None, Some(id)) => state.issue_mut(id).map(|issue| &mut issue.reactions),
                    _ => return Err(Failure::invalid("exactly one of commentId and issueId is needed")),
                };
                let reactions = reactions.ok_or_else(|| Failure::unknown("Issue"))?;
                if reactions.contains(&reaction) {
                    return Err(Failure::invalid("The reaction is already there"));
                }
                reactions.push(reaction);
                Ok(json!({"success": true, "lastSyncId": 1}))
            }
            other => Err(Failure::Unexpected(format!("the simulator knows no mutation `{other}`"))),
        }
    }

    fn new_issue(&self, state: &State, input: &Value) -> Result<Issue, Failure> {
        let id = new_id(input, |id| state.issue(id).is_some())?;
        let team = text(input, "teamId")?;
        let team = self.world().teams.iter().find(|known| team_id(&known.key) == team);
        let team = team.ok_or_else(|| Failure::unknown("Team"))?;
        let title = legal_title(text(input, "title")?)?;
        let description = input["description"].as_str().map(legal_description).transpose()?;
        let mut labels = Vec::new();
        for label in input["labelIds"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let known = self.label_json(label);
            if known.is_null() || !(known["team"].is_null() || known["team"]["key"] == team.key.as_str()) {
                return Err(Failure::unknown("IssueLabel"));
            }
            labels.push(label.to_owned());
        }
        let parent = match input["parentId"].as_str() {
            Some(id) => Some(state.issue(id).ok_or_else(|| Failure::unknown("Issue"))?.id.clone()),
            None => None,
        };
        let first = team.states.first().map(|state| state.name.as_str()).unwrap_or_default();
        let now = self.now();
        Ok(Issue {
            id,
            key: state.next_key(&team.key),
            former_keys: Vec::new(),
            title,
            description,
            state: self.world().state(&team.key, first).unwrap_or_default(),
            labels,
            priority: 0,
            estimate: input["estimate"].as_u64(),
            parent,
            assignee: None,
            creator: self.bot_id(),
            comments: Vec::new(),
            trashed: false,
            reactions: Vec::new(),
            created: now,
            updated: now,
        })
    }

    fn create_comment(&self, state: &mut State, input: &Value) -> Result<Value, Failure> {
        let id = new_id(input, |id| state.comment(id).is_some())?;
        let (body, now) = (said(input)?, self.now());
        let comment =
            Comment { id, author: self.bot_id(), body, reactions: Vec::new(), created: now, updated: now };
        let issue = state.issue_mut(text(input, "issueId")?).ok_or_else(|| Failure::unknown("Issue"))?;
        issue.comments.push(comment.clone());
        let shown = self.comment_json(issue, &comment);
        Ok(json!({"success": true, "lastSyncId": 1, "comment": shown}))
    }

    /// The ID of the key's account.
    pub(super) fn bot_id(&self) -> String {
        self.world().user(&self.world().bot).map(|bot| bot.id.clone()).unwrap_or_default()
    }
}

/// The ID in a creation's input, which must be an unused UUID of version 4; a new one if there is none.
fn new_id(input: &Value, is_taken: impl Fn(&str) -> bool) -> Result<String, Failure> {
    let Some(id) = input["id"].as_str() else { return Ok(uuid::Uuid::new_v4().to_string()) };
    let is_legal = uuid::Uuid::parse_str(id)
        .is_ok_and(|parsed| parsed.get_version_num() == 4 && parsed.get_variant() == uuid::Variant::RFC4122);
    if !is_legal {
        return Err(Failure::invalid("id must be a UUID"));
    }
    if is_taken(id) {
        return Err(Failure::invalid(format!("conflict on insert: {id} exists already")));
    }
    Ok(id.to_owned())
}

/// The text of a comment.
fn said(input: &Value) -> Result<String, Failure> {
    let body = text(input, "body")?;
    match body.encode_utf16().count() {
        0 => Err(Failure::invalid("body must not be empty")),
        length if length > MOST_TEXT => Err(Failure::invalid("body is too long")),
        _ => Ok(body.to_owned()),
    }
}

fn filtered(all: impl Iterator<Item = Value>, arguments: &Value) -> Result<Value, Failure> {
    let mut passed = Vec::new();
    for node in all {
        if matches(&node, &arguments["filter"]).map_err(Failure::Unexpected)? {
            passed.push(node);
        }
    }
    Ok(passed.into())
}

fn legal_title(title: &str) -> Result<String, Failure> {
    if title.is_empty() || title.encode_utf16().count() > MOST_TITLE || title.contains('\n') {
        return Err(Failure::invalid(format!(
            "title must be one line and shorter than or equal to {MOST_TITLE} characters"
        )));
    }
    Ok(title.to_owned())
}

fn legal_description(text: &str) -> Result<String, Failure> {
    if text.encode_utf16().count() > MOST_TEXT {
        return Err(Failure::invalid("description is too long"));
    }
    Ok(text.to_owned())
}
