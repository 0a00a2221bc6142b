//! Names and ARNs of state machines and executions.
//!
//! See <https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html> for the rules of
//! names.

use crate::limits::NAME_CHARACTERS;

/// The region and account that the engine's ARNs name.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) region: String,
    pub(crate) account: String,
}

impl Place {
    pub(crate) fn state_machine(&self, name: &str) -> String {
        format!("arn:aws:states:{}:{}:stateMachine:{name}", self.region, self.account)
    }

    pub(crate) fn execution(&self, state_machine: &str, name: &str) -> String {
        format!("arn:aws:states:{}:{}:execution:{state_machine}:{name}", self.region, self.account)
    }
}

/// The name in the ARN of a state machine, without any version or alias behind it.
pub(crate) fn state_machine_name(arn: &str) -> Option<&str> {
    match arn.split(':').collect::<Vec<_>>().as_slice() {
        ["arn", _, "states", _, _, "stateMachine", name] if !name.is_empty() => Some(name),
        _ => None,
    }
}

/// Whether `arn` has the form of an execution's ARN.
pub(crate) fn is_execution(arn: &str) -> bool {
    matches!(
        arn.split(':').collect::<Vec<_>>().as_slice(),
        ["arn", _, "states", _, _, "execution", machine, name] if !machine.is_empty() && !name.is_empty()
    )
}

/// Whether a state machine or an execution may have this name.
pub(crate) fn is_legal_name(name: &str) -> bool {
    let illegal = |character: char| {
        character.is_whitespace() || character.is_control() || "<>{}[]?*\"#%\\^|~`$&,;:/".contains(character)
    };
    (1..=NAME_CHARACTERS).contains(&name.chars().count()) && !name.contains(illegal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_arns_are_told_apart() {
        assert!(is_legal_name("jira-SHOP-1_a.b"));
        for name in ["", "a b", "a:b", "a/b", &"x".repeat(81)] {
            assert!(!is_legal_name(name), "{name}");
        }
        let place = Place { region: "us-east-1".to_owned(), account: "000000000000".to_owned() };
        assert_eq!(state_machine_name(&place.state_machine("greet")), Some("greet"));
        assert!(is_execution(&place.execution("greet", "one")));
        assert!(!is_execution(&place.state_machine("greet")));
    }
}
