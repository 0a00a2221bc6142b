//! Creating and changing state machines.

use std::collections::BTreeMap;

use rand::RngExt;

use crate::arn::{self, Qualifier, StateMachineArn};
use crate::definition::Definition;
use crate::engine::{Engine, Inner};
use crate::error::EngineError;
use crate::lock::lock;
use crate::log::{Qualifiers, Revision, Route, StateMachineRow};

/// A state machine to create.
#[derive(Clone, Debug)]
pub(crate) struct NewStateMachine {
    pub(crate) name: String,
    pub(crate) definition: String,
    pub(crate) role_arn: String,
    pub(crate) tags: BTreeMap<String, String>,
}

/// The target of the ARN of a state machine, a version or an alias.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) machine: StateMachineRow,
    /// The revision to run: that of the version, or else the current one.
    pub(crate) revision: Revision,
    pub(crate) qualifiers: Qualifiers,
}

impl Engine {
    /// Creates the state machine `name`, or gives the existing one the new definition, and returns its ARN. Executions
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
    /// Creates a state machine. Creating the same one again returns the existing one.
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
                is_update: false,
            },
            tags: new.tags,
            deleting: false,
        };
        match self.log.create_state_machine(machine).await? {
            Ok(created) => {
                lock(&self.deleting).remove(&created.arn);
                Ok(created)
            }
            Err(existing) if existing.deleting => Err(EngineError::StateMachineDeleting(existing.arn)),
            Err(existing) if existing.revision.definition == new.definition => Ok(existing),
            Err(existing) => Err(EngineError::StateMachineAlreadyExists(existing.arn)),
        }
    }

    /// Deletes a state machine. Its executions are stopped at their next transition, and it is gone with the last of them.
    /// Deleting something that does not exist succeeds, as on AWS.
    pub(crate) async fn delete(&self, state_machine_arn: &str) -> Result<(), EngineError> {
        match self.state_machine(state_machine_arn).await {
            Ok(row) => {
                lock(&self.deleting).insert(row.arn.clone());
                Ok(self.log.delete_state_machine(row.arn).await?)
            }
            Err(EngineError::StateMachineDoesNotExist(_)) => Ok(()),
            Err(error) => Err(error),
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
        if machine.deleting {
            return Err(EngineError::StateMachineDeleting(machine.arn));
        }
        let updated = self.log.update_state_machine(machine.arn, definition, role_arn, self.now()).await?;
        updated.ok_or_else(|| EngineError::StateMachineDoesNotExist(state_machine_arn.to_owned()))
    }

    /// The state machine with this ARN, which has no version or alias after it.
    pub(crate) async fn state_machine(
        &self,
        state_machine_arn: &str,
    ) -> Result<StateMachineRow, EngineError> {
        let parsed = StateMachineArn::parse(state_machine_arn);
        match parsed.ok_or_else(|| EngineError::InvalidArn(state_machine_arn.to_owned()))?.qualifier {
            None => self.unqualified(state_machine_arn).await,
            Some(_) => Err(EngineError::Validation(format!(
                "'{state_machine_arn}' names a version or an alias; the ARN of the state machine itself is needed"
            ))),
        }
    }

    async fn unqualified(&self, state_machine_arn: &str) -> Result<StateMachineRow, EngineError> {
        let row = self.log.state_machine(state_machine_arn.to_owned()).await?;
        row.ok_or_else(|| EngineError::StateMachineDoesNotExist(state_machine_arn.to_owned()))
    }

    /// The target of the ARN of a state machine, a version or an alias. An alias selects one of its versions by weight.
    pub(crate) async fn target(&self, qualified: &str) -> Result<Target, EngineError> {
        let parsed = StateMachineArn::parse(qualified);
        let parsed = parsed.ok_or_else(|| EngineError::InvalidArn(qualified.to_owned()))?;
        let machine = self.unqualified(parsed.unqualified).await?;
        let missing = || EngineError::StateMachineDoesNotExist(qualified.to_owned());
        let (number, alias) = match parsed.qualifier {
            None => {
                let revision = machine.revision.clone();
                return Ok(Target { machine, revision, qualifiers: Qualifiers::default() });
            }
            Some(Qualifier::Version(number)) => (number, None),
            Some(Qualifier::Alias(name)) => {
                let alias =
                    self.log.alias(machine.arn.clone(), name.to_owned()).await?.ok_or_else(missing)?;
                let drawn = rand::rng().random_range(0..100);
                (way(&alias.routes, drawn).ok_or_else(missing)?, Some(qualified.to_owned()))
            }
        };
        let version = self.log.version(machine.arn.clone(), number).await?.ok_or_else(missing)?;
        let qualifiers = Qualifiers { version: Some(format!("{}:{number}", machine.arn)), alias };
        Ok(Target { machine, revision: version.revision, qualifiers })
    }
}

/// The version that `drawn`, a number below 100, falls to.
fn way(routes: &[Route], drawn: u8) -> Option<i64> {
    let mut passed = 0;
    let falls_here = |route: &&Route| {
        passed += route.weight;
        drawn < passed
    };
    routes.iter().find(falls_here).map(|route| route.version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_share_out_the_draws() {
        let routes = [Route { version: 1, weight: 90 }, Route { version: 2, weight: 10 }];
        let taken = (0..100).filter(|drawn| way(&routes, *drawn) == Some(1)).count();
        assert_eq!(taken, 90);
        assert_eq!(way(&routes, 99), Some(2));
        assert_eq!(way(&[Route { version: 3, weight: 100 }], 99), Some(3));
    }
}
