//! Decides who may do what. This is the only place that does.

use domain::configuration::{Configuration, Project, REPOSITORY_WRITERS, Role, User};
use domain::{Actor, SourceName};

/// An operation, with the data that determines who may perform it.
#[derive(Debug, Clone, Copy)]
pub enum Operation<'a> {
    /// Start work in a project: a person by an event, or a schedule.
    Start {
        /// The project.
        project: &'a Project,
    },
    /// Start work with the installation's own credentials, at the command line. Anyone with these credentials can write to the table
    /// and start state machines anyway; the workflow's first step still checks the person named as the starter.
    StartByHand,
    /// Start work because machines report something, such as the checks of a commit that someone was able to push.
    StartByMachine,
    /// Answer the question of a waiting step.
    Answer {
        /// The question, for the denial's message.
        question: &'a str,
        /// The people and groups that the step names; may be empty.
        approvers: &'a [String],
    },
    /// Stop an execution.
    Stop {
        /// The execution's project.
        project: &'a Project,
        /// Who started the execution.
        starter: Option<&'a Actor>,
    },
    /// Take back what an execution did.
    Undo {
        /// The execution's project.
        project: &'a Project,
        /// Who started the execution.
        starter: Option<&'a Actor>,
    },
}

/// Whether someone may perform an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorization {
    /// They may.
    Allowed,
    /// They may not; the reason is a message for them.
    Denied(String),
    /// Only the code host knows: they may if they may push to the project's repository. The workflow's first step asks it.
    AskProvider,
}

/// A rule that allows an operation.
#[derive(Debug, Clone, Copy)]
enum Rule {
    Everyone,
    /// The workflow's own schedule.
    Schedule,
    /// Members of the groups under the project's `may_trigger`.
    TriggerGroup,
    /// Everyone who may push to the repository, if the project's `may_trigger` says so.
    RepositoryWriter,
    /// The person who started the execution.
    Starter,
    /// The people and members of the groups that the question names; if it names none, approvers and admins.
    Approver,
    /// People with the role.
    Role(Role),
}

impl<'a> Operation<'a> {
    /// The rules for each operation. The first rule that applies decides.
    fn rules(&self) -> &'static [Rule] {
        match self {
            Self::StartByHand | Self::StartByMachine => &[Rule::Everyone],
            Self::Start { .. } => &[Rule::Schedule, Rule::TriggerGroup, Rule::RepositoryWriter],
            Self::Answer { .. } => &[Rule::Approver],
            Self::Stop { .. } | Self::Undo { .. } => {
                &[Rule::Starter, Rule::TriggerGroup, Rule::Role(Role::Developer), Rule::Role(Role::Admin)]
            }
        }
    }

    fn may_trigger(&self) -> &'a [String] {
        match self {
            Self::Start { project } | Self::Stop { project, .. } | Self::Undo { project, .. } => {
                &project.may_trigger
            }
            Self::StartByHand | Self::StartByMachine | Self::Answer { .. } => &[],
        }
    }

    fn starter(&self) -> Option<&'a Actor> {
        match self {
            Self::Stop { starter, .. } | Self::Undo { starter, .. } => *starter,
            _ => None,
        }
    }

    fn approvers(&self) -> &'a [String] {
        match self {
            Self::Answer { approvers, .. } => approvers,
            _ => &[],
        }
    }

    /// The message that `who` may not perform the operation.
    fn denial(&self, who: &str) -> String {
        match self {
            Self::Start { project } => format!(
                "{who} may not start work on {}; members of {} may",
                project.key,
                project.may_trigger.join(", ")
            ),
            Self::Answer { question, approvers } => {
                let accepted = match approvers {
                    [] => "people with the role approver or admin".to_owned(),
                    named => named.join(", "),
                };
                format!("{who} may not answer \u{201c}{question}\u{201d}; {accepted} may")
            }
            Self::Stop { project, .. } | Self::Undo { project, .. } => format!(
                "{who} may not steer work on {}; allowed: the person who started it, members of {}, people with the role developer or admin",
                project.key,
                project.may_trigger.join(", ")
            ),
            Self::StartByHand | Self::StartByMachine => format!("{who} may not do this"),
        }
    }
}

/// Whether `actor` may perform `operation`, as far as the configuration can tell. The actor must have been identified by
/// [`Configuration::identify`]. Without an actor, only operations open to everyone are allowed.
pub fn authorize(
    configuration: &Configuration,
    operation: &Operation<'_>,
    actor: Option<&Actor>,
) -> Authorization {
    let decided = operation.rules().iter().find_map(|rule| rule.decide(configuration, operation, actor));
    match (decided, actor) {
        (Some(authorization), _) => authorization,
        (None, Some(actor)) => {
            let shown = actor.display_name.as_ref().or(actor.person.as_ref());
            Authorization::Denied(operation.denial(shown.unwrap_or(&actor.id)))
        }
        (None, None) => Authorization::Denied(
            "the event does not say who caused it, so nobody can be authorized".to_owned(),
        ),
    }
}

impl Rule {
    /// The rule's decision about the actor; `None` if it does not apply.
    fn decide(
        self,
        configuration: &Configuration,
        operation: &Operation<'_>,
        actor: Option<&Actor>,
    ) -> Option<Authorization> {
        if let Self::Everyone = self {
            return Some(Authorization::Allowed);
        }
        let actor = actor?;
        let user = user(configuration, actor);
        let is_member = |group: &String| {
            let members = configuration.groups.get(group);
            user.zip(members).is_some_and(|(user, members)| members.contains(&user.name))
        };
        let has_role = |role: Role| user.is_some_and(|user| user.roles.contains(&role));
        let admitted = match self {
            Self::Everyone => true,
            Self::Schedule => actor.source == SourceName::SCHEDULE,
            Self::TriggerGroup => operation.may_trigger().iter().any(is_member),
            Self::RepositoryWriter => {
                let asks = operation.may_trigger().iter().any(|group| group == REPOSITORY_WRITERS);
                return asks.then_some(Authorization::AskProvider);
            }
            Self::Starter => operation.starter().is_some_and(|starter| starter.account() == actor.account()),
            Self::Approver => match operation.approvers() {
                [] => has_role(Role::Approver) || has_role(Role::Admin),
                named => {
                    user.is_some_and(|user| named.iter().any(|name| *name == user.name || is_member(name)))
                }
            },
            Self::Role(role) => has_role(role),
        };
        admitted.then_some(Authorization::Allowed)
    }
}

fn user<'a>(configuration: &'a Configuration, actor: &Actor) -> Option<&'a User> {
    let person = actor.person.as_ref()?;
    configuration.users.iter().find(|user| user.name == *person)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn configuration() -> Configuration {
        serde_json::from_value(json!({
            "projects": [
                {"key": "SHOP", "repository": "acme/shop", "may_trigger": ["engineering"]},
                {"key": "OPEN", "repository": "acme/open", "may_trigger": ["engineering", "repository-writers"]},
            ],
            "groups": {"engineering": ["ada"], "leads": ["eve"]},
            "users": [
                {"name": "ada", "github": "ada-l"},
                {"name": "bob", "github": "bob"},
                {"name": "dev", "github": "dev", "roles": ["developer"]},
                {"name": "eve", "github": "eve", "roles": ["approver"]},
                {"name": "root", "github": "root", "roles": ["admin"]},
                {"name": "vic", "github": "vic", "roles": ["viewer"]},
            ],
        }))
        .unwrap()
    }

    fn actor(configuration: &Configuration, source: SourceName, id: &str) -> Actor {
        configuration.identify(Actor { source, id: id.into(), display_name: None, person: None })
    }

    /// Who of everybody is allowed, with `?` behind those about whom the code host is asked.
    fn admitted(operation: &Operation<'_>) -> String {
        let configuration = configuration();
        let mut admitted = Vec::new();
        for login in ["ada-l", "bob", "dev", "eve", "root", "vic", "stranger"] {
            let actor = actor(&configuration, SourceName::from_static("github"), login);
            match authorize(&configuration, operation, Some(&actor)) {
                Authorization::Allowed => admitted.push(login.to_owned()),
                Authorization::AskProvider => admitted.push(format!("{login}?")),
                Authorization::Denied(_) => {}
            }
        }
        admitted.join(" ")
    }

    #[test]
    fn the_table() {
        let configuration = configuration();
        let [shop, open] = configuration.projects.as_slice() else { panic!("two projects") };
        let bob = actor(&configuration, SourceName::from_static("github"), "bob");
        let (leads, named) = (["leads".to_owned()], ["bob".to_owned(), "nobody".to_owned()]);
        let everybody = "ada-l bob dev eve root vic stranger";
        let (project, starter) = (shop, Some(&bob));
        for (operation, expected) in [
            (Operation::StartByHand, everybody),
            (Operation::StartByMachine, everybody),
            (Operation::Start { project: shop }, "ada-l"),
            (Operation::Start { project: open }, "ada-l bob? dev? eve? root? vic? stranger?"),
            (Operation::Answer { question: "", approvers: &[] }, "eve root"),
            (Operation::Answer { question: "", approvers: &leads }, "eve"),
            (Operation::Answer { question: "", approvers: &named }, "bob"),
            (Operation::Stop { project, starter }, "ada-l bob dev root"),
            (Operation::Undo { project, starter }, "ada-l bob dev root"),
            // Writers are unknown here, and nobody is asked about them: only a workflow's step can.
            (Operation::Stop { project: open, starter: None }, "ada-l dev root"),
        ] {
            assert_eq!(admitted(&operation), expected, "{operation:?}");
        }
    }

    #[test]
    fn schedules_start_work_and_nobody_in_particular_does_not() {
        let configuration = configuration();
        let project = &configuration.projects[0];
        let start = Operation::Start { project };
        let schedule = actor(&configuration, SourceName::SCHEDULE, "nightly");
        assert_eq!(authorize(&configuration, &start, Some(&schedule)), Authorization::Allowed);
        let stop = Operation::Stop { project, starter: None };
        assert!(matches!(authorize(&configuration, &stop, Some(&schedule)), Authorization::Denied(_)));
        for operation in [start, stop, Operation::Answer { question: "", approvers: &[] }] {
            assert!(matches!(authorize(&configuration, &operation, None), Authorization::Denied(_)));
        }
        assert_eq!(authorize(&configuration, &Operation::StartByMachine, None), Authorization::Allowed);
    }

    #[test]
    fn a_denial_says_who_may() {
        let configuration = configuration();
        let project = &configuration.projects[0];
        let mut mallory = actor(&configuration, SourceName::from_static("slack"), "U9");
        mallory.display_name = Some("mallory".into());
        let approvers = ["leads".to_owned()];
        for (operation, expected) in [
            (Operation::Start { project }, "mallory may not start work on SHOP; members of engineering may"),
            (
                Operation::Answer { question: "Ship it?", approvers: &approvers },
                "mallory may not answer “Ship it?”; leads may",
            ),
            (
                Operation::Answer { question: "Ship it?", approvers: &[] },
                "mallory may not answer “Ship it?”; people with the role approver or admin may",
            ),
            (
                Operation::Stop { project, starter: None },
                "mallory may not steer work on SHOP; allowed: the person who started it, members of engineering, people with the role \
                 developer or admin",
            ),
        ] {
            let denied = Authorization::Denied(expected.to_owned());
            assert_eq!(authorize(&configuration, &operation, Some(&mallory)), denied);
        }
    }
}
