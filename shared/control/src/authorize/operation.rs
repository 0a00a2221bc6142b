//! The operations, and the table of who may perform each.

use domain::Actor;
use domain::configuration::{Project, REPOSITORY_WRITERS, Role, User};

/// An operation, with the data that determines who may perform it.
#[derive(Debug, Clone, Copy)]
pub enum Operation<'a> {
    /// See an execution and its cost.
    See {
        /// Its project; `None` if it has none.
        project: Option<&'a Project>,
        /// The person who started the execution.
        starter: Option<&'a Actor>,
    },
    /// Start work in a project: a person by an event, or a schedule.
    Start {
        /// The project.
        project: &'a Project,
    },
    /// Start work with the installation's own credentials, at the command line. Only they allow it; anyone who holds them can write to the
    /// table and start state machines anyway.
    StartByHand,
    /// Start work because machines report something, such as the checks of a commit that someone was able to push.
    StartByMachine,
    /// Answer the question of a waiting step.
    Answer {
        /// The project of the execution that asks; `None` if it has none.
        project: Option<&'a Project>,
        /// The question, for the denial's message.
        question: &'a str,
        /// The people and groups that the step names; may be empty.
        approvers: &'a [String],
        /// The account that may not answer, whatever its roles.
        not_by: Option<&'a str>,
    },
    /// Stop an execution.
    Stop {
        /// The execution's project.
        project: &'a Project,
        /// The person who started the execution.
        starter: Option<&'a Actor>,
    },
    /// Continue an execution that failed or was stopped. The person who asks starts that work.
    Redrive {
        /// The execution's project.
        project: &'a Project,
    },
    /// Take back the effects of an execution.
    Undo {
        /// The execution's project.
        project: &'a Project,
        /// The person who started the execution.
        starter: Option<&'a Actor>,
    },
    /// Create or change a ticket.
    ChangeTask {
        /// The ticket's project.
        project: &'a Project,
    },
    /// Create a project, or change its configuration.
    ChangeProject {
        /// The project; `None` if it does not exist yet.
        project: Option<&'a Project>,
    },
    /// Change a limit.
    ChangeBudgets,
    /// Add dollars to the limit that stopped an execution.
    AddMoney {
        /// The execution's project.
        project: &'a Project,
        /// Whether that is a monthly limit, which others share, rather than only the ticket's.
        shared: bool,
    },
    /// See who has which roles.
    SeePeople,
    /// Add a person, change one or remove one. A machine token cannot.
    ChangePerson {
        /// Their present configuration; `None` for a new person.
        before: Option<&'a User>,
        /// Their new configuration; `None` for a removal.
        after: Option<&'a User>,
    },
    /// See all configured services, also those that none of one's own projects uses.
    SeePlugins,
    /// Add a service, change its settings or remove it, which decides where its credentials are sent. A machine token cannot.
    ChangePlugins,
    /// See who changed what.
    SeeAudit,
    /// Create a machine token for oneself. A machine token cannot.
    CreateToken {
        /// A project that the token is for; `None` if it is for all of them.
        project: Option<&'a Project>,
    },
    /// Join one's own accounts, or separate them. Anybody may, as a person; both accounts have to confirm.
    JoinAccounts,
    /// See, or revoke, somebody's machine tokens, or end their sessions.
    ManageSignIns {
        /// Whose they are.
        owner: &'a Actor,
    },
}

impl<'a> Operation<'a> {
    /// The table: the roles that allow each operation.
    ///
    /// People have the roles that the configuration gives them, everywhere or in the project. Members of the groups under its
    /// `may_trigger`, and people whom the code host lately called writers of its repository, are developers of the project.
    /// A question's named approvers are the only ones.
    pub(super) fn roles(&self) -> &'static [Role] {
        match self {
            Self::See { .. } | Self::CreateToken { .. } => {
                &[Role::Viewer, Role::Developer, Role::Approver, Role::Admin]
            }
            Self::Start { .. }
            | Self::Redrive { .. }
            | Self::Stop { .. }
            | Self::Undo { .. }
            | Self::ChangeTask { .. } => &[Role::Developer, Role::Admin],
            Self::Answer { .. } | Self::AddMoney { shared: false, .. } => &[Role::Approver, Role::Admin],
            Self::ChangeProject { .. }
            | Self::ChangeBudgets
            | Self::AddMoney { shared: true, .. }
            | Self::SeePeople
            | Self::ChangePerson { .. }
            | Self::SeePlugins
            | Self::ChangePlugins
            | Self::SeeAudit
            | Self::ManageSignIns { .. } => &[Role::Admin],
            Self::JoinAccounts | Self::StartByHand | Self::StartByMachine => &[],
        }
    }

    /// Its name in the audit log; `None` if it only shows something.
    pub(crate) fn changes(&self) -> Option<&'static str> {
        Some(match self {
            Self::See { .. } | Self::SeePeople | Self::SeePlugins | Self::SeeAudit => return None,
            Self::Start { .. } | Self::StartByHand | Self::StartByMachine => "start",
            Self::Answer { .. } => "answer",
            Self::Stop { .. } => "stop",
            Self::Redrive { .. } => "redrive",
            Self::Undo { .. } => "undo",
            Self::ChangeTask { .. } => "change a ticket",
            Self::ChangeProject { .. } => "change a project",
            Self::ChangePerson { .. } => "change a person",
            Self::ChangePlugins => "change a plugin",
            Self::ChangeBudgets => "change a limit",
            Self::AddMoney { .. } => "add money",
            Self::JoinAccounts => "join accounts",
            Self::CreateToken { .. } => "create a token",
            Self::ManageSignIns { .. } => "manage sign-ins",
        })
    }

    /// Whether everyone may perform the operation.
    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::StartByMachine)
    }

    /// Whether others rely on it as a person's word: holders of the installation's credentials do it as a person, with that person's roles.
    pub(super) fn is_somebodys_word(&self) -> bool {
        matches!(self, Self::Answer { .. } | Self::AddMoney { .. } | Self::Stop { .. } | Self::Undo { .. })
    }

    /// Whether only a person may: a machine token that created others, people, or places where credentials are sent would outlive its own end.
    pub(super) fn is_for_people(&self) -> bool {
        matches!(
            self,
            Self::CreateToken { .. } | Self::JoinAccounts | Self::ChangePerson { .. } | Self::ChangePlugins
        )
    }

    /// The project that decides about roles.
    pub(super) fn project(&self) -> Option<&'a Project> {
        match self {
            Self::Start { project }
            | Self::Redrive { project }
            | Self::Stop { project, .. }
            | Self::Undo { project, .. }
            | Self::AddMoney { project, .. }
            | Self::ChangeTask { project } => Some(project),
            Self::See { project, .. }
            | Self::Answer { project, .. }
            | Self::ChangeProject { project }
            | Self::CreateToken { project } => *project,
            Self::ChangeBudgets
            | Self::SeePeople
            | Self::ChangePerson { .. }
            | Self::SeePlugins
            | Self::ChangePlugins
            | Self::SeeAudit
            | Self::ManageSignIns { .. }
            | Self::JoinAccounts
            | Self::StartByHand
            | Self::StartByMachine => None,
        }
    }

    pub(super) fn may_trigger(&self) -> &'a [String] {
        self.project().map(|project| project.may_trigger.as_slice()).unwrap_or_default()
    }

    /// Whether people who may push to the repository are developers of the project.
    pub(crate) fn counts_writers(&self) -> bool {
        self.may_trigger().iter().any(|group| group == REPOSITORY_WRITERS)
    }

    pub(super) fn starter(&self) -> Option<&'a Actor> {
        match self {
            Self::See { starter, .. } | Self::Stop { starter, .. } | Self::Undo { starter, .. } => *starter,
            Self::ManageSignIns { owner } => Some(owner),
            _ => None,
        }
    }

    /// The people and groups that a question names.
    pub(super) fn approvers(&self) -> &'a [String] {
        match self {
            Self::Answer { approvers, .. } => approvers,
            _ => &[],
        }
    }

    /// Whether it would remove a person's own right to everything, so that nobody might be left who could restore it.
    pub(super) fn is_own_abdication(&self, actor: &Actor) -> bool {
        let Self::ChangePerson { before: Some(before), after } = self else { return false };
        actor.person.as_ref() == Some(&before.name)
            && before.roles.are_of_an_admin()
            && !after.is_some_and(|after| after.roles.are_of_an_admin())
    }

    /// Whether this actor is excluded, whatever their roles.
    pub(super) fn excludes(&self, actor: &Actor) -> bool {
        matches!(self, Self::Answer { not_by: Some(account), .. } if *account == actor.account())
    }

    /// The message that `who` may not perform the operation.
    pub(super) fn denial(&self, who: &str) -> String {
        let roles = self.roles().iter().map(|role| role.as_str()).collect::<Vec<_>>();
        let roles = match roles.split_last() {
            Some((last, [])) => format!("people with the role {last}"),
            Some((last, others)) => format!("people with the role {} or {last}", others.join(", ")),
            None => "nobody".to_owned(),
        };
        let members = match self.may_trigger() {
            [] => String::new(),
            groups => format!("members of {}, ", groups.join(", ")),
        };
        let place = self.project().map_or("this", |project| project.key.as_str());
        match self {
            Self::Start { .. } | Self::Redrive { .. } => {
                let accepted = match self.may_trigger() {
                    [] => format!("{roles} may"),
                    groups => format!("members of {} may, and {roles}", groups.join(", ")),
                };
                format!("{who} may not start work on {place}; {accepted}")
            }
            Self::Answer { question, approvers, .. } => {
                let accepted = match approvers {
                    [] => roles,
                    named => named.join(", "),
                };
                format!("{who} may not answer \u{201c}{question}\u{201d}; {accepted} may")
            }
            Self::See { .. } => format!(
                "{who} may not see work on {place}; allowed: the person who started it, {members}{roles}"
            ),
            Self::Stop { .. } | Self::Undo { .. } => format!(
                "{who} may not steer work on {place}; allowed: the person who started it, {members}{roles}"
            ),
            Self::ChangeTask { .. } => {
                format!("{who} may not change tickets of {place}; allowed: {members}{roles}")
            }
            Self::ChangeProject { .. } => format!("{who} may not change projects; {roles} may"),
            Self::AddMoney { shared: false, .. } => {
                format!("{who} may not add to the limit of a ticket of {place}; {roles} may")
            }
            Self::AddMoney { shared: true, .. } => {
                format!("{who} may not add to the limit of a month, which others share; {roles} may")
            }
            Self::ChangeBudgets => format!("{who} may not change limits; {roles} may"),
            Self::SeePeople => format!("{who} may not see who has which roles; {roles} may"),
            Self::ChangePerson { .. } => format!("{who} may not change people and their roles; {roles} may"),
            Self::SeePlugins => format!("{who} may not see which services are configured; {roles} may"),
            Self::ChangePlugins => format!("{who} may not change services and their settings; {roles} may"),
            Self::SeeAudit => format!("{who} may not see who changed what; {roles} may"),
            Self::CreateToken { project: None } => {
                format!("{who} may not create a token for all projects; {roles} of all projects may")
            }
            Self::CreateToken { project: Some(_) } => {
                format!("{who} may not create a token for {place}; {roles} may")
            }
            Self::ManageSignIns { .. } => {
                format!("{who} may not manage the tokens and sessions of others; {roles} may")
            }
            Self::JoinAccounts => format!("{who} may not join accounts; people may join their own"),
            Self::StartByHand | Self::StartByMachine => format!("{who} may not do this"),
        }
    }
}
