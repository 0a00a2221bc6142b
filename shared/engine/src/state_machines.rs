//! Creating and changing state machines.

use std::collections::BTreeMap;

use crate::arn;
use crate::definition::Definition;
use crate::engine::{Engine, Inner};
use crate::error::EngineError;
use crate::log::{Revision, StateMachineRow};

/// A state machine to be.
#[derive(Clone, Debug)]
pub(crate) struct NewStateMachine {
    pub(crate) name: String,
    pub(crate) definition: String,
    pub(crate) role_arn: String,
    pub(crate) tags: BTreeMap<String, String>,
}

impl Engine {
    /// Creates the state machine `name`, or gives the one there is the new definition, and returns its ARN. Executions
    /// that run keep the definition they started with. An unchanged definition changes nothing.
    ///
    /// # Errors
    /// [`EngineError::InvalidDefinition`], [`EngineError::InvalidName`] and [`EngineError::Log`].
    pub async fn put_state_machine(&self, name: &str, definition: &str) -> Result<String, EngineError> {
        let machine = NewStateMachine {
            name: name.to_owned(),
            definition: definition.to_owned(),
            role_arn: format!("arn:aws:iam::{}:role/{name}", self.inner.place.account),
            tags: BTreeMap::new(),
        };
        match self.inner.create(machine).await {
            Err(EngineError::StateMachineAlreadyExists(arn)) => {
                self.inner.update(&arn, Some(definition.to_owned()), None).await?;
                Ok(arn)
            }
            result => Ok(result?.arn),
        }
    }
}

impl Inner {
    /// Creates a state machine. Creating the same one again gives the one there is.
    pub(crate) async fn create(&self, new: NewStateMachine) -> Result<StateMachineRow, EngineError> {
        if !arn::is_legal_name(&new.name) {
            return Err(EngineError::InvalidName(new.name));
        }
        Definition::parse(&new.definition).map_err(EngineError::InvalidDefinition)?;
        let now = self.now();
        let machine = StateMachineRow {
            arn: self.place.state_machine(&new.name),
            name: new.name,
            created: now,
            revision: Revision {
                id: 0,
                definition: new.definition.clone(),
                role_arn: new.role_arn,
                created: now,
            },
            tags: new.tags,
        };
        match self.log.create_state_machine(machine).await? {
            Ok(created) => Ok(created),
            Err(existing) if existing.revision.definition == new.definition => Ok(existing),
            Err(existing) => Err(EngineError::StateMachineAlreadyExists(existing.arn)),
        }
    }

    /// Gives a state machine a new definition, a new role, or both.
    pub(crate) async fn update(
        &self,
        state_machine_arn: &str,
        definition: Option<String>,
        role_arn: Option<String>,
    ) -> Result<StateMachineRow, EngineError> {
        if definition.is_none() && role_arn.is_none() {
            let message = "Either the definition, or the role ARN, must be specified";
            return Err(EngineError::MissingRequiredParameter(message.to_owned()));
        }
        if let Some(definition) = &definition {
            Definition::parse(definition).map_err(EngineError::InvalidDefinition)?;
        }
        let machine = self.state_machine(state_machine_arn).await?;
        let updated = self.log.update_state_machine(machine.arn, definition, role_arn, self.now()).await?;
        updated.ok_or_else(|| EngineError::StateMachineDoesNotExist(state_machine_arn.to_owned()))
    }

    /// The state machine with this ARN.
    pub(crate) async fn state_machine(
        &self,
        state_machine_arn: &str,
    ) -> Result<StateMachineRow, EngineError> {
        if arn::state_machine_name(state_machine_arn).is_none() {
            return Err(EngineError::InvalidArn(state_machine_arn.to_owned()));
        }
        let row = self.log.state_machine(state_machine_arn.to_owned()).await?;
        row.ok_or_else(|| EngineError::StateMachineDoesNotExist(state_machine_arn.to_owned()))
    }
}
