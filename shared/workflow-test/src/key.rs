//! The call and step that a function was called for, read from its idempotency key.

/// The parts of a key: run, state name and the indexes of the surrounding loops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) state: String,
    /// The indexes of the enclosing loops, outermost first, as `2.0`; empty outside loops.
    pub(crate) iteration: String,
    /// Whether the effect of the state is taken back.
    pub(crate) undo: bool,
}

impl Key {
    /// Reads `key`, which starts with the run's ARN, or with that of another run whose effects are taken back.
    pub(crate) fn read(run: &str, key: &str) -> Self {
        let after_another = || key.split_once('/').map_or(key, |(_, rest)| rest);
        let rest = key.strip_prefix(run).unwrap_or_else(after_another);
        let (rest, undo) = match rest.strip_suffix("/undo") {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let mut state = "";
        let mut indexes = Vec::new();
        for word in rest.split(['/', '.', ':']).filter(|word| !word.is_empty()) {
            if word.bytes().all(|byte| byte.is_ascii_digit()) {
                indexes.push(word);
            } else {
                state = word;
            }
        }
        Self { state: state.to_owned(), iteration: indexes.join("."), undo }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_state_iteration_and_undo() {
        let run = "arn:aws:states:us-east-1:000000000000:execution:a:b.7";
        for (key, state, iteration, undo) in [
            ("/CreateBranch", "CreateBranch", "", false),
            (".2/CreateBranch", "CreateBranch", "2", false),
            ("/Each.2.0/CreateBranch", "CreateBranch", "2.0", false),
            ("/CreateBranch.3/undo", "CreateBranch", "3", true),
        ] {
            let expected = Key { state: state.into(), iteration: iteration.into(), undo };
            assert_eq!(Key::read(run, &format!("{run}{key}")), expected, "{key}");
        }
        let other = "arn:aws:states:us-east-1:000000000000:execution:a:c/CreateBranch/undo";
        let expected = Key { state: "CreateBranch".into(), iteration: String::new(), undo: true };
        assert_eq!(Key::read(run, other), expected);
    }
}
