//! What a delivery means to us, free of any provider's JSON.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// Who sends deliveries; the first part of every trigger's name and of every execution's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Jira Cloud.
    Jira,
    /// GitHub.
    Github,
    /// Slack.
    Slack,
    /// The scheduler.
    Schedule,
    /// A person at the command line or the API.
    Api,
}

impl Source {
    /// The lower-case name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jira => "jira",
            Self::Github => "github",
            Self::Slack => "slack",
            Self::Schedule => "schedule",
            Self::Api => "api",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What happened. The names are those of the triggers in YAML.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum EventKind {
    /// A label was newly added to a Jira ticket.
    #[serde(rename = "jira.labelled")]
    JiraLabelled,
    /// A Jira ticket's status changed.
    #[serde(rename = "jira.transitioned")]
    JiraTransitioned,
    /// A Jira comment mentions the bot.
    #[serde(rename = "jira.commented")]
    JiraCommented,
    /// A GitHub issue was labelled.
    #[serde(rename = "github.labelled")]
    GithubLabelled,
    /// A GitHub comment starts with a command or mentions the bot.
    #[serde(rename = "github.commented")]
    GithubCommented,
    /// A GitHub review asks for changes.
    #[serde(rename = "github.review_requested_changes")]
    GithubReviewRequestedChanges,
    /// All checks of a commit are done.
    #[serde(rename = "github.checks_completed")]
    GithubChecksCompleted,
    /// A slash command.
    #[serde(rename = "slack.command")]
    SlackCommand,
    /// The bot was named in a channel or thread.
    #[serde(rename = "slack.mentioned")]
    SlackMentioned,
    /// A point in time came.
    #[serde(rename = "schedule")]
    Schedule,
    /// A person started it by hand.
    #[serde(rename = "api.run")]
    ApiRun,
}

impl EventKind {
    /// Every kind that can stand under `triggers:`.
    pub const TRIGGERS: [Self; 10] = [
        Self::JiraLabelled,
        Self::JiraTransitioned,
        Self::JiraCommented,
        Self::GithubLabelled,
        Self::GithubCommented,
        Self::GithubReviewRequestedChanges,
        Self::GithubChecksCompleted,
        Self::SlackCommand,
        Self::SlackMentioned,
        Self::Schedule,
    ];

    /// The trigger's name in YAML.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::JiraLabelled => "jira.labelled",
            Self::JiraTransitioned => "jira.transitioned",
            Self::JiraCommented => "jira.commented",
            Self::GithubLabelled => "github.labelled",
            Self::GithubCommented => "github.commented",
            Self::GithubReviewRequestedChanges => "github.review_requested_changes",
            Self::GithubChecksCompleted => "github.checks_completed",
            Self::SlackCommand => "slack.command",
            Self::SlackMentioned => "slack.mentioned",
            Self::Schedule => "schedule",
            Self::ApiRun => "api.run",
        }
    }

    /// Who sends it.
    pub fn source(self) -> Source {
        match self {
            Self::JiraLabelled | Self::JiraTransitioned | Self::JiraCommented => Source::Jira,
            Self::GithubLabelled
            | Self::GithubCommented
            | Self::GithubReviewRequestedChanges
            | Self::GithubChecksCompleted => Source::Github,
            Self::SlackCommand | Self::SlackMentioned => Source::Slack,
            Self::Schedule => Source::Schedule,
            Self::ApiRun => Source::Api,
        }
    }

    /// The conditions that may stand under this trigger in YAML.
    pub fn conditions(self) -> &'static [&'static str] {
        match self {
            Self::JiraLabelled | Self::GithubLabelled => &["label"],
            Self::JiraTransitioned => &["to", "from"],
            Self::JiraCommented => &["mention"],
            Self::GithubCommented => &["command"],
            Self::GithubChecksCompleted => &["conclusion"],
            Self::SlackCommand => &["text"],
            Self::Schedule => &["cron", "project", "with"],
            Self::GithubReviewRequestedChanges | Self::SlackMentioned | Self::ApiRun => &[],
        }
    }

    /// The conditions without which a trigger would fire on everything, so that each must stand under it.
    pub fn required_conditions(self) -> &'static [&'static str] {
        match self {
            Self::JiraLabelled | Self::GithubLabelled => &["label"],
            Self::JiraTransitioned => &["to"],
            Self::GithubChecksCompleted => &["conclusion"],
            Self::SlackCommand => &["text"],
            Self::Schedule => &["cron"],
            Self::JiraCommented
            | Self::GithubCommented
            | Self::GithubReviewRequestedChanges
            | Self::SlackMentioned
            | Self::ApiRun => &[],
        }
    }

    /// The fields that every event of this kind gives (besides what `slack.command` captures and `schedule` sets).
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            Self::JiraLabelled => &["task_id", "actor", "project", "label"],
            Self::JiraTransitioned => &["task_id", "actor", "project", "from", "to"],
            Self::JiraCommented => &["task_id", "actor", "project", "text"],
            Self::GithubLabelled => &["task_id", "repository", "actor", "label"],
            Self::GithubCommented => &["repository", "number", "is_pull_request", "text", "actor"],
            Self::GithubReviewRequestedChanges => &["repository", "number", "comments", "actor"],
            Self::GithubChecksCompleted => &["repository", "sha", "conclusion"],
            Self::SlackCommand => &["actor", "channel", "response_url"],
            Self::SlackMentioned => &["text", "thread", "channel", "actor"],
            Self::Schedule | Self::ApiRun => &[],
        }
    }

    /// The fields by which a `wait` step tells one event of this kind from others; empty for kinds that nothing can wait for.
    pub fn match_fields(self) -> &'static [&'static str] {
        match self {
            Self::JiraLabelled | Self::JiraTransitioned | Self::JiraCommented | Self::GithubLabelled => {
                &["task_id"]
            }
            Self::GithubCommented | Self::GithubReviewRequestedChanges => &["repository", "number"],
            Self::GithubChecksCompleted => &["repository", "sha"],
            Self::SlackMentioned => &["channel", "thread"],
            Self::SlackCommand | Self::Schedule | Self::ApiRun => &[],
        }
    }
}

/// What a `wait` step waits for and what an event that happened is found by: the kind with its match fields' values. Two
/// are equal when the step waits for that event; text is compared ignoring case, as repositories are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EventKey(String);

impl EventKey {
    /// The key of an event of this kind with these fields. `None` when nothing can wait for the kind.
    ///
    /// # Errors
    /// The first of [`EventKind::match_fields`] that is absent, or neither text nor a number.
    pub fn new(kind: EventKind, fields: &Map<String, Value>) -> Result<Option<Self>, &'static str> {
        if kind.match_fields().is_empty() {
            return Ok(None);
        }
        let mut values = vec![kind.as_str().to_owned()];
        for name in kind.match_fields() {
            values.push(match fields.get(*name) {
                Some(Value::String(text)) => text.to_lowercase(),
                Some(Value::Number(number)) => number.to_string(),
                _ => return Err(name),
            });
        }
        Ok(Some(Self(values.join("/"))))
    }

    /// The key as text: `github.checks_completed/acme/shop/0a1b2c`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Who caused something, as the source names them and as the configuration knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Actor {
    /// Where they acted.
    pub source: Source,
    /// The source's own id: Jira's account id, GitHub's login, Slack's member id.
    pub id: String,
    /// What people call them there.
    #[serde(default)]
    pub display_name: Option<String>,
    /// The person's name in `users:` of the configuration, where one matches. Limits are kept by it.
    #[serde(default)]
    pub person: Option<String>,
}

impl Actor {
    /// The name that limits and costs are kept by: the configured person, else `source:id`.
    pub fn account(&self) -> String {
        self.person.clone().unwrap_or_else(|| format!("{}:{}", self.source, self.id))
    }
}

/// Something that happened outside and may start a workflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// The id under which the source delivers it, the same when it is sent again.
    pub delivery: String,
    /// Who caused it; absent for what a machine caused.
    pub actor: Option<Actor>,
    /// The tracker's project key, or the repository for GitHub's events.
    pub project: Option<String>,
    /// The ticket it is about.
    pub task_id: Option<String>,
    /// The fields of [`EventKind::fields`], captures included.
    pub fields: Map<String, Value>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn key(kind: EventKind, fields: Value) -> Result<Option<String>, &'static str> {
        let Value::Object(fields) = fields else { panic!("no object") };
        Ok(EventKey::new(kind, &fields)?.map(|key| key.as_str().to_owned()))
    }

    #[test]
    fn an_event_and_who_waits_for_it_have_one_key() {
        let checks = EventKind::GithubChecksCompleted;
        let event = json!({"repository": "Acme/Shop", "sha": "0a1b", "conclusion": "success"});
        assert_eq!(key(checks, event), Ok(Some("github.checks_completed/acme/shop/0a1b".into())));
        assert_eq!(key(checks, json!({"repository": "acme/shop"})), Err("sha"));
        assert_eq!(key(EventKind::SlackCommand, json!({})), Ok(None));
        let comment = json!({"repository": "acme/shop", "number": 7});
        assert_eq!(key(EventKind::GithubCommented, comment), Ok(Some("github.commented/acme/shop/7".into())));
    }

    #[test]
    fn what_can_be_waited_for_is_a_field_of_the_event() {
        for kind in EventKind::TRIGGERS {
            assert!(kind.match_fields().iter().all(|name| kind.fields().contains(name)), "{kind}");
        }
    }
}
