//! Contradictions in a configuration, and values that could never have an effect.

use super::{Capacity, Configuration, OPERATOR, Problem, ProjectChecks, REPOSITORY_WRITERS, same_status};
use crate::folded::{folded, same_name};
use std::collections::BTreeMap;

impl Configuration {
    /// Every contradiction in the file. Providers' settings are checked by the list of providers.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = self.project_problems();
        problems.extend(self.people_problems());
        problems.extend(self.group_problems());
        problems.extend(self.limit_problems());
        problems.extend(self.word_problems());
        problems.extend(self.sign_in.problems(self).into_iter().map(|problem| problem.below(["sign_in"])));
        problems
    }

    fn project_problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut keys: BTreeMap<String, &str> = BTreeMap::new();
        for (index, project) in self.projects.iter().enumerate() {
            let index = index.to_string();
            let mut problem = |place: &[&str], message: String| {
                let place = ["projects", &index].into_iter().chain(place.iter().copied());
                problems.push(Problem::new(place, message));
            };
            // Keys are compared ignoring case, so the second of two could never be found.
            if let Some(other) = keys.insert(folded(&project.key), &project.key) {
                problem(&["key"], format!("another project has the key `{other}`"));
            }
            let texts = [
                ("key", Some(project.key.as_str())),
                ("channel", project.channel.as_deref()),
                ("space", project.space.as_deref()),
            ];
            for (name, _) in texts.into_iter().filter(|(_, text)| text.is_some_and(is_blank)) {
                problem(&[name], "it is empty".to_owned());
            }
            if !is_blank(&project.key) && project.key.contains(char::is_whitespace) {
                let message = format!(
                    "`{}` has spaces, which no ticket's name has; accepted: the tracker's key, such as `SHOP`, or `owner/name`",
                    project.key
                );
                problem(&["key"], message);
            }
            if let Some(channel) = project.channel.as_deref().filter(|channel| !is_channel(channel)) {
                let message = format!("`{channel}` is not a channel; accepted: `#name`, or an id");
                problem(&["channel"], message);
            }
            for (position, ours) in project.statuses.keys().enumerate() {
                let other = project.statuses.keys().take(position).find(|other| same_status(other, ours));
                if let Some(other) = other {
                    problem(
                        &["statuses", ours],
                        format!("`{other}` is the same status; keep one of the two"),
                    );
                }
            }
            if project.base_branch.as_str().starts_with("refs/") {
                problem(
                    &["base_branch"],
                    format!(
                        "`{}` is a full reference; accepted: the branch's name alone, such as `main`",
                        project.base_branch
                    ),
                );
            }
            for (ours, theirs) in &project.statuses {
                if is_blank(ours) || is_blank(theirs) {
                    problem(
                        &["statuses", ours],
                        "a status is empty; accepted: our name, and the tracker's".to_owned(),
                    );
                }
            }
            let checks = project.checks.iter().flat_map(ProjectChecks::problems);
            problems.extend(checks.map(|problem| problem.below(["projects", &index, "checks"])));
            let capacity = project.capacity.iter().flat_map(Capacity::problems);
            problems.extend(capacity.map(|problem| problem.below(["projects", &index, "capacity"])));
            for (position, group) in project.may_trigger.iter().enumerate() {
                if group != REPOSITORY_WRITERS && !self.groups.contains_key(group) {
                    let place = ["projects", &index, "may_trigger", &position.to_string()];
                    problems.push(Problem::new(place, format!("`{group}` is not defined under groups")));
                }
            }
        }
        problems
    }

    fn people_problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let (mut names, mut accounts) = (BTreeMap::new(), BTreeMap::new());
        for (position, user) in self.users.iter().enumerate() {
            let index = position.to_string();
            let mut problem = |place: &str, message: String| {
                problems.push(Problem::new(["users", &index, place], message));
            };
            if is_blank(&user.name) {
                problem("name", "it is empty".to_owned());
            } else if same_name(&user.name, OPERATOR) {
                let message = "the name stands for whoever holds the installation's own credentials, and cannot name a person; choose another one";
                problem("name", message.to_owned());
            } else if let Some(first) = names.insert(folded(&user.name), position) {
                let other = self.users.get(first).map_or("", |first| first.name.as_str());
                let message = |name: &str| {
                    format!(
                        "another person has the name `{name}`, and names are compared ignoring case; choose another one"
                    )
                };
                problem("name", message(other));
                problems.push(Problem::new(["users", &first.to_string(), "name"], message(&user.name)));
            }
            let mut problem = |place: &str, message: String| {
                problems.push(Problem::new(["users", &index, place], message));
            };
            if self.groups.keys().any(|group| same_name(group, &user.name)) {
                let message = "a group has the name, too, and both can be named where people are asked; choose another one";
                problem("name", message.to_owned());
            }
            // The actions of two people with one account could not be told apart.
            for ((place, account), key) in user.accounts.iter().zip(self.folded_accounts(user)) {
                if let Some(other) = accounts.insert(key, &user.name)
                    && *other != user.name
                {
                    problem(
                        place,
                        format!(
                            "`{account}` is the account of `{other}` already; an account belongs to one person"
                        ),
                    );
                }
            }
            for key in user.roles.projects().filter(|key| self.project(key).is_none()) {
                let known: Vec<_> = self.projects.iter().map(|project| project.key.as_str()).collect();
                let message = format!("there is no project `{key}`; accepted: {}", known.join(", "));
                problems.push(Problem::new(["users", &index, "roles", key], message));
            }
        }
        problems
    }

    fn group_problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (group, members) in &self.groups {
            if group == REPOSITORY_WRITERS {
                let message =
                    "the name means everybody who may push, and cannot name a group; choose another one";
                problems.push(Problem::new(["groups", group], message));
            } else if is_blank(group) {
                problems.push(Problem::new(["groups", group], "a group needs a name"));
            }
            for (index, member) in members.iter().enumerate() {
                if !self.users.iter().any(|user| user.name == *member) {
                    let message = format!("`{member}` is not defined under users");
                    problems.push(Problem::new(["groups", group, &index.to_string()], message));
                }
            }
        }
        problems
    }

    fn limit_problems(&self) -> Vec<Problem> {
        let limits = [("per_person", self.at_work.per_person), ("per_project", self.at_work.per_project)];
        let none = limits.into_iter().filter(|(_, limit)| *limit == 0);
        let mut problems: Vec<_> = none
            .map(|(name, _)| {
                Problem::new(["at_work", name], "it is 0, so nothing would ever start; accepted: 1 and more")
            })
            .collect();
        let budgets = &self.budgets;
        // Step Functions holds a parked step for 35 days.
        if !(1..=720).contains(&budgets.draft_after_hours) {
            let message = format!("{} hours are not accepted; accepted: 1 to 720", budgets.draft_after_hours);
            problems.push(Problem::new(["budgets", "draft_after_hours"], message));
        }
        for (name, amount) in [
            ("per_task_usd", Some(budgets.per_task_usd)),
            ("per_user_month_usd", Some(budgets.per_user_month_usd)),
            ("per_project_month_usd", budgets.per_project_month_usd),
            ("per_workflow_month_usd", budgets.per_workflow_month_usd),
        ] {
            let Some(amount) = amount else { continue };
            if !amount.is_finite() || amount < 0.0 {
                let message = format!("{amount} is not an amount in dollars; accepted: 0 or more");
                problems.push(Problem::new(["budgets", name], message));
            }
        }
        for (index, percent) in budgets.alert_at_percent.iter().enumerate() {
            if !(1..=100).contains(percent) {
                let message = format!(
                    "no limit is ever spent to {percent} percent; accepted: numbers from 1 up to 100"
                );
                problems.push(Problem::new(["budgets", "alert_at_percent", &index.to_string()], message));
            }
        }
        problems
    }

    /// The words by which people speak to the bot.
    fn word_problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let (mention, command) = (self.webhooks.mention.as_str(), self.webhooks.command.as_str());
        if is_blank(mention) || mention.trim() != mention || mention.contains(char::is_control) {
            let message = format!(
                "`{mention}` cannot be written in a comment; accepted: the bot's name, such as `@ticketsmith`"
            );
            problems.push(Problem::new(["webhooks", "mention"], message));
        }
        let is_command = |word: &str| {
            !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/')
        };
        if !command.strip_prefix('/').is_some_and(is_command) {
            let message = format!(
                "`{command}` is not a slash command; accepted: `/` and one word, such as `/ticketsmith`"
            );
            problems.push(Problem::new(["webhooks", "command"], message));
        }
        problems
    }

    /// One name for the place of an account: an only instance has its provider's.
    pub(super) fn account_place<'a>(&'a self, name: &'a str) -> &'a str {
        self.account_names(name).last().unwrap_or(name)
    }
}

/// Whether a chat may have the channel: `#general`, `general` or an id. An empty one is reported separately.
fn is_channel(channel: &str) -> bool {
    let name = channel.strip_prefix('#').unwrap_or(channel);
    is_blank(channel) || !(name.is_empty() || name.starts_with('@') || name.contains(char::is_whitespace))
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn told(more: Value) -> Vec<String> {
        let mut whole = json!({"projects": [{"key": "SHOP", "repository": "acme/shop"}]});
        whole.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let configuration: Configuration = serde_json::from_value(whole).unwrap();
        configuration.problems().iter().map(ToString::to_string).collect()
    }

    fn project(more: Value) -> Value {
        let mut project = json!({"key": "SHOP", "repository": "acme/shop"});
        project.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"projects": [project]})
    }

    #[test]
    fn what_could_never_mean_anything_is_refused_at_its_place() {
        for (more, expected) in [
            (project(json!({"key": " "})), "projects[0].key: it is empty"),
            (project(json!({"channel": ""})), "projects[0].channel: it is empty"),
            (project(json!({"space": ""})), "projects[0].space: it is empty"),
            (project(json!({"key": "SHOP "})), "projects[0].key: `SHOP ` has spaces"),
            (project(json!({"key": "My Shop"})), "projects[0].key: `My Shop` has spaces"),
            (project(json!({"channel": "#"})), "projects[0].channel: `#` is not a channel"),
            (project(json!({"channel": "@ada"})), "projects[0].channel: `@ada` is not a channel"),
            (project(json!({"channel": "#Shop Dev"})), "projects[0].channel: `#Shop Dev` is not a channel"),
            (
                project(json!({"statuses": {"In Review": "A", "in_review": "B"}})),
                "projects[0].statuses.in_review: `In Review` is the same status",
            ),
            (
                json!({"users": [{"name": "ada"}], "groups": {"ada": ["ada"]}}),
                "users[0].name: a group has the name, too",
            ),
            (
                project(json!({"base_branch": "refs/heads/main"})),
                "projects[0].base_branch: `refs/heads/main` is a full reference",
            ),
            (
                project(json!({"statuses": {"in_review": ""}})),
                "projects[0].statuses.in_review: a status is empty",
            ),
            (
                json!({"projects": [{"key": "SHOP", "repository": "a/b"}, {"key": "shop", "repository": "a/c"}]}),
                "projects[1].key: another project has the key `SHOP`",
            ),
            (
                json!({"groups": {"repository-writers": []}}),
                "groups.repository-writers: the name means everybody",
            ),
            (json!({"users": [{"name": ""}]}), "users[0].name: it is empty"),
            (json!({"users": [{"name": "operator"}]}), "users[0].name: the name stands for"),
            (json!({"webhooks": {"mention": " "}}), "webhooks.mention: ` ` cannot be written"),
            (json!({"webhooks": {"command": ""}}), "webhooks.command: `` is not a slash command"),
            (json!({"webhooks": {"command": "ticketsmith"}}), "webhooks.command: `ticketsmith` is not"),
            (json!({"webhooks": {"command": "/ticket smith"}}), "webhooks.command: `/ticket smith` is not"),
            (
                json!({"budgets": {"alert_at_percent": [50, 101]}}),
                "budgets.alert_at_percent[1]: no limit is ever",
            ),
            (json!({"budgets": {"alert_at_percent": [0]}}), "budgets.alert_at_percent[0]: no limit is ever"),
            (json!({"sign_in": {"github": {"client_id": ""}}}), "sign_in.github.client_id: it is empty"),
        ] {
            let found = told(more.clone());
            assert!(found.len() == 1 && found[0].starts_with(expected), "{more}: {found:#?}");
        }
        assert_eq!(
            told(json!({"webhooks": {"mention": "Ticketsmith Bot", "command": "/ts"}})),
            Vec::<String>::new()
        );
    }

    #[test]
    fn names_that_differ_only_in_case_are_one_and_both_places_are_named() {
        let refused = |name: &str| {
            format!(
                "another person has the name `{name}`, and names are compared ignoring case; choose another one"
            )
        };
        for (one, other) in [("ada", "ADA"), ("ada", "ada"), ("J\u{fc}rgen", "J\u{dc}RGEN")] {
            let found = told(json!({"users": [{"name": one}, {"name": "bob"}, {"name": other}]}));
            let expected =
                [format!("users[2].name: {}", refused(one)), format!("users[0].name: {}", refused(other))];
            assert_eq!(found, expected);
        }
        for (more, expected) in [
            (json!({"users": [{"name": "Operator"}]}), "users[0].name: the name stands for"),
            (
                json!({"users": [{"name": "Ada"}], "groups": {"ada": ["Ada"]}}),
                "users[0].name: a group has the name, too",
            ),
            (
                json!({"projects": [{"key": "\u{dc}B", "repository": "a/b"}, {"key": "\u{fc}b", "repository": "a/c"}]}),
                "projects[1].key: another project has the key `\u{dc}B`",
            ),
        ] {
            let found = told(more.clone());
            assert!(found.len() == 1 && found[0].starts_with(expected), "{more}: {found:#?}");
        }
    }

    #[test]
    fn an_account_belongs_to_one_person() {
        let users = |one: Value, other: Value, plugins: Value| {
            told(json!({"users": [one, other], "plugins": plugins}))
        };
        let ada = json!({"name": "ada", "github": "ada-l"});
        let found = users(ada.clone(), json!({"name": "bob", "github": "Ada-L"}), json!({}));
        let expected =
            "users[1].github: `Ada-L` is the account of `ada` already; an account belongs to one person";
        assert_eq!(found, [expected]);
        // An only instance has the accounts of its provider, one of several its own.
        let ghe = json!({"name": "bob", "ghe": "ada-l"});
        let one = json!({"ghe": {"provider": "github"}});
        assert_eq!(users(ada.clone(), ghe.clone(), one).len(), 1);
        let two = json!({"ghe": {"provider": "github"}, "github": {}});
        assert_eq!(users(ada.clone(), ghe, two), Vec::<String>::new());
        assert_eq!(users(ada, json!({"name": "bob", "gitlab": "ada-l"}), json!({})), Vec::<String>::new());
    }
}
