//! What the catalog, the compiler, the infrastructure and the dispatcher need to know about an action.

use domain::{ActionId, PluginType};
use records::{Access, Partition};
use std::time::Duration;

/// How the journal treats an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Journal {
    /// It only reads, so it is simply repeated.
    Nothing,
    /// It pays for a model's reply, which replays instead of being paid for again.
    Reply,
    /// It changes something outside. The change happens once, and a rollback takes it back.
    Effect,
}

/// An action, described. The constructors cover the common cases; `const` builder methods add the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActionSpec {
    /// The name in YAML: `create_branch`. It is also the name of the action's file.
    pub name: &'static str,
    /// Other names under which workflows may call it.
    pub aliases: &'static [&'static str],
    /// The plugin type that serves it; `None` for actions that use only our own records.
    pub plugin: Option<PluginType>,
    /// Whether its step is skipped in a project that leaves the plugin type unset.
    pub skips: bool,
    /// How the journal treats it.
    pub journal: Journal,
    /// The names of the actions that can take it back.
    pub inverses: &'static [&'static str],
    /// Whether it parks its execution: the step ends when its task token is answered.
    pub parks: bool,
    /// Whether it admits runs: it needs no admission itself, and no author writes it as a step.
    pub admits: bool,
    /// Whether it checks itself that the starter may work where its input leads, by asking the code host.
    pub authorizes: bool,
    /// The plugin types whose credentials the function may read. [`Context`](crate::context::Context) connects no others.
    pub credentials: &'static [PluginType],
    /// Whether a creation whose answer was lost may stay unseen for minutes: people are asked before anything is created again.
    pub confirms: bool,
    /// Partitions of the table that it reads in addition to those implied by the fields here.
    pub reads: &'static [Partition],
    /// Partitions of the table that it writes in addition to those implied by the fields above.
    pub writes: &'static [Partition],
    /// How long the function may run, in seconds. A step's own timeout is at least five more.
    pub timeout_seconds: u32,
    /// Whether it asks a model, which takes minutes and costs dollars.
    pub asks_model: bool,
    /// The function's memory in megabytes, and with it its share of a processor.
    pub memory_megabytes: u32,
}

impl ActionSpec {
    /// An action that reads from a provider of this plugin type.
    pub const fn of_plugin(name: &'static str, plugin: PluginType) -> Self {
        let credentials: &[PluginType] = match plugin {
            // A ticket may be an issue of the repository, whatever the project's tracker is.
            PluginType::TaskManagement => &[PluginType::TaskManagement, PluginType::VersionControl],
            PluginType::VersionControl => &[PluginType::VersionControl],
            PluginType::Documentation => &[PluginType::Documentation],
            PluginType::Communication => &[PluginType::Communication],
            // A model reads the repository with a read-only token.
            PluginType::AiProvider => &[PluginType::AiProvider, PluginType::VersionControl],
            PluginType::Monitoring => &[PluginType::Monitoring],
        };
        Self { plugin: Some(plugin), credentials, ..Self::of_records(name) }
    }

    /// An action that asks a model: slower, larger, and journaled because its reply is paid for.
    pub const fn of_model(name: &'static str) -> Self {
        Self {
            journal: Journal::Reply,
            writes: &[
                Partition::Person,
                Partition::Project,
                Partition::Reading,
                Partition::Run,
                Partition::Spend,
                Partition::Stored,
                Partition::Task,
            ],
            timeout_seconds: 840,
            asks_model: true,
            // Models are shown whole parts of a repository.
            memory_megabytes: 512,
            ..Self::of_plugin(name, PluginType::AiProvider)
        }
    }

    /// An action that asks a model in a session, whose records have the questions and answers: a step of a loop, not journaled by its key.
    pub const fn of_conversation(name: &'static str) -> Self {
        Self {
            journal: Journal::Nothing,
            writes: &[
                Partition::Inbox,
                Partition::Person,
                Partition::Project,
                Partition::Session,
                Partition::Spend,
                Partition::Stored,
                Partition::Task,
            ],
            credentials: &[PluginType::AiProvider],
            ..Self::of_model(name)
        }
    }

    /// An action that uses only our own records.
    pub const fn of_records(name: &'static str) -> Self {
        Self {
            name,
            aliases: &[],
            plugin: None,
            skips: true,
            journal: Journal::Nothing,
            inverses: &[],
            parks: false,
            admits: false,
            authorizes: false,
            credentials: &[],
            confirms: false,
            reads: &[],
            writes: &[],
            timeout_seconds: 60,
            asks_model: false,
            memory_megabytes: 256,
        }
    }

    /// The same, changing something outside.
    pub const fn effect(self) -> Self {
        Self { journal: Journal::Effect, ..self }
    }

    /// The same, taken back by these actions.
    pub const fn undone_by(self, inverses: &'static [&'static str]) -> Self {
        Self { inverses, ..self }
    }

    /// The same, parking its execution.
    pub const fn parking(self) -> Self {
        Self { parks: true, ..self }
    }

    /// The same, deciding if a run may do anything.
    pub const fn admitting(self) -> Self {
        Self { admits: true, ..self }
    }

    /// The same, checking itself that the starter may work where its input leads.
    pub const fn authorizing(self) -> Self {
        Self { authorizes: true, ..self }
    }

    /// The same, failing instead of being skipped in a project that leaves the plugin type unset.
    pub const fn never_skipped(self) -> Self {
        Self { skips: false, ..self }
    }

    /// The same, also called by these names.
    pub const fn also_called(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    /// The same, with the credentials of these plugin types.
    pub const fn with_credentials(self, credentials: &'static [PluginType]) -> Self {
        Self { credentials, ..self }
    }

    /// The same, asking people before it repeats a creation that may have succeeded.
    pub const fn confirmed(self) -> Self {
        Self { confirms: true, ..self }
    }

    /// The same, reading these partitions as well.
    pub const fn reading(self, reads: &'static [Partition]) -> Self {
        Self { reads, ..self }
    }

    /// The same, writing these partitions as well.
    pub const fn writing(self, writes: &'static [Partition]) -> Self {
        Self { writes, ..self }
    }

    /// The same, in a function that may run for so many seconds.
    pub const fn taking(self, timeout_seconds: u32) -> Self {
        Self { timeout_seconds, ..self }
    }

    /// How long its requests wait for their turns in total; a step that must wait longer parks at no cost. A model needs most of its
    /// function's time itself.
    pub fn patience(&self) -> Duration {
        let seconds = if self.asks_model { self.timeout_seconds / 3 } else { self.timeout_seconds / 3 * 2 };
        Duration::from_secs(seconds.into())
    }

    /// The action's id.
    pub const fn id(&self) -> ActionId {
        ActionId::literal(self.name)
    }

    /// Whether it changes something outside.
    pub fn has_effect(&self) -> bool {
        self.journal == Journal::Effect
    }

    /// The function's access to the table. Only functions that pay for a model may write budgets, and only those that park an execution
    /// may write waiters.
    pub fn access(&self) -> Access {
        let always = [
            Partition::Configured,
            Partition::Document,
            Partition::Run,
            Partition::Stored,
            // Whether the starter may also work in another project that the input names.
            Partition::Writer,
        ];
        let mut access = Access::reading(always.into_iter().chain(self.reads.iter().copied()))
            .writing([Partition::Execution])
            .writing(self.writes.iter().copied());
        if !self.credentials.is_empty() {
            access = access.writing([Partition::Provider]);
        }
        if self.has_effect() {
            access = access.writing([Partition::Run]);
        }
        if self.parks {
            access = access.writing([Partition::Waiter]);
        }
        access
    }
}
