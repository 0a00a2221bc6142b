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

/// The ARN of a state machine, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StateMachineArn<'a> {
    /// Without a version or alias after it.
    pub(crate) unqualified: &'a str,
    pub(crate) name: &'a str,
    pub(crate) qualifier: Option<Qualifier<'a>>,
}

/// The part after the ARN of a state machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Qualifier<'a> {
    Version(i64),
    Alias(&'a str),
}

impl<'a> StateMachineArn<'a> {
    /// Parses an ARN; `None` if it is not that of a state machine.
    pub(crate) fn parse(arn: &'a str) -> Option<Self> {
        let parts: Vec<&str> = arn.split(':').collect();
        let (name, qualifier) = match parts.as_slice() {
            ["arn", _, "states", _, _, "stateMachine", name] => (*name, None),
            ["arn", _, "states", _, _, "stateMachine", name, qualifier] => (*name, Some(*qualifier)),
            _ => return None,
        };
        if name.is_empty() || qualifier.is_some_and(str::is_empty) {
            return None;
        }
        let behind = qualifier.map_or(0, |qualifier| qualifier.len() + 1);
        Some(Self {
            unqualified: &arn[..arn.len() - behind],
            name,
            qualifier: qualifier.map(|text| text.parse().map_or(Qualifier::Alias(text), Qualifier::Version)),
        })
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
        let arn = place.state_machine("greet");
        let parsed = StateMachineArn { unqualified: &arn, name: "greet", qualifier: None };
        assert_eq!(StateMachineArn::parse(&arn), Some(parsed));
        let qualified = |text: &str| {
            let text = format!("{arn}:{text}");
            let parsed = StateMachineArn::parse(&text)?;
            assert_eq!(parsed.unqualified, arn);
            Some(format!("{:?}", parsed.qualifier))
        };
        assert_eq!(qualified("7").as_deref(), Some("Some(Version(7))"));
        assert_eq!(qualified("live").as_deref(), Some("Some(Alias(\"live\"))"));
        assert_eq!(qualified(""), None);
        assert!(is_execution(&place.execution("greet", "one")));
        assert!(!is_execution(&place.state_machine("greet")));
    }
}
