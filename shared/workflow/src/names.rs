//! Which names workflows may use.

/// State names that the compiler uses itself.
pub(crate) const RESERVED_STATES: [&str; 8] =
    ["Done", "EffectStays", "RolledBack", "Rollback", "RollbackFailed", "Undo", "UndoEffect", "UndoMore"];
/// Variables that the compiler uses itself, or that mean something in every expression.
const RESERVED_VARIABLES: [&str; 6] =
    ["context", "output", FAILURE, "rollback_kept", ROLLBACK_RECEIPT, UNDO_RECEIPT];
/// The variable that holds the reason of a rollback.
pub(crate) const FAILURE: &str = "rollback_failure";
/// The variables that hold what a rollback and an undo step have taken back so far.
pub(crate) const ROLLBACK_RECEIPT: &str = "rollback_receipt";
pub(crate) const UNDO_RECEIPT: &str = "undo_receipt";
/// The error with which a branch or an iteration asks the scopes around it to take effects back.
pub(crate) const ROLLBACK_ERROR: &str = "Rollback";
/// The field with the indexes in an iteration's state input.
pub(crate) const FRAME_PLACE: &str = "at";
/// What JSONata reads as something else than a name.
const WORDS: [&str; 8] = ["and", "or", "in", "true", "false", "null", "function", "states"];
/// The longest name of a state or variable.
const LONGEST: usize = 80;
/// Room for the compiler's suffixes of a state's name.
const LONGEST_STEP: usize = 64;

/// Whether a step may have this name; otherwise why not.
pub(crate) fn step(name: &str) -> Result<(), String> {
    let legal = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !legal {
        return Err(format!(
            "`{name}` cannot name a step: a letter comes first, then letters, digits and `_`, all lower case"
        ));
    }
    if name.len() > LONGEST_STEP {
        return Err(format!("a step's name has at most {LONGEST_STEP} characters"));
    }
    let state = crate::model::pascal(name);
    if RESERVED_STATES.contains(&state.as_str()) {
        return Err(format!("`{name}` cannot name a step: the compiler's own state `{state}` is called so"));
    }
    Ok(())
}

/// Whether an agent may have this name; otherwise why not.
pub(crate) fn agent(name: &str) -> Result<(), String> {
    let legal = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-')
        && name.len() <= LONGEST_STEP;
    if legal {
        return Ok(());
    }
    Err(format!(
        "`{name}` cannot name an agent: a letter comes first, then letters, digits, `_` and `-`, all lower case, at most {LONGEST_STEP}"
    ))
}

/// Whether a branch may have this name; otherwise why not.
pub(crate) fn branch(name: &str) -> Result<(), String> {
    identifier(name)
}

/// Whether the item of a foreach may have this name; otherwise why not.
pub(crate) fn item(name: &str) -> Result<(), String> {
    variable(name)?;
    if name == FRAME_PLACE {
        return Err(format!("`{name}` cannot name an item: the compiler calls an iteration's place so"));
    }
    Ok(())
}

/// Whether an input may have this name; otherwise why not.
pub(crate) fn input(name: &str) -> Result<(), String> {
    identifier(name)?;
    if WORDS.contains(&name) || RESERVED_VARIABLES.contains(&name) {
        return Err(format!("`{name}` means something else in expressions"));
    }
    Ok(())
}

/// Whether something may be called so by `variables:`, `outputs:` or `set`; otherwise why not.
pub(crate) fn variable(name: &str) -> Result<(), String> {
    input(name)?;
    if is_function(name) {
        return Err(format!("`{name}` is the name of a JSONata function"));
    }
    Ok(())
}

/// Whether a variable path (`pr`, `pr.url`) may be written; otherwise why not.
pub(crate) fn variable_path(path: &[String]) -> Result<(), String> {
    let Some((root, fields)) = path.split_first() else { return Err("a variable path is empty".to_owned()) };
    variable(root)?;
    for field in fields {
        identifier(field).map_err(|problem| format!("in `{}`, {problem}", path.join(".")))?;
    }
    if fields.len() > 8 {
        return Err("a variable path has at most 9 names".to_owned());
    }
    Ok(())
}

/// Whether a variable path is refused only because JSONata has a function of its first name: what the path means is still clear.
pub(crate) fn is_named_like_a_function(path: &[String]) -> bool {
    path.first().is_some_and(|root| is_function(root)) && path.iter().all(|name| identifier(name).is_ok())
}

/// Whether JSONata as Step Functions runs it has a function of this name.
pub(crate) fn is_function(name: &str) -> bool {
    name == "eval" || crate::functions::exists(name)
}

fn identifier(name: &str) -> Result<(), String> {
    let legal = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.len() <= LONGEST;
    if legal {
        return Ok(());
    }
    Err(format!(
        "`{name}` is not a valid name: start with a letter, followed by letters, digits and `_`, at most {LONGEST} characters"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_mean_something_else_are_refused() {
        assert!(step("create_branch2").is_ok());
        for name in ["", "Create", "2nd", "a-b", "rollback", "rolled_back", "done"] {
            assert!(step(name).is_err(), "{name}");
        }
        for name in ["count", "sum", "states", "parse", "context", "a b", "in"] {
            assert!(variable(name).is_err(), "{name}");
        }
        assert!(variable("task_data").is_ok() && input("count").is_ok() && input("context").is_err());
        assert!(variable_path(&["pr".into(), "url".into()]).is_ok());
        assert!(variable_path(&["pr".into(), "".into()]).is_err());
    }

    #[test]
    fn a_part_of_a_path_is_told_with_the_path() {
        let told = variable_path(&["pr".into(), "b c".into(), "".into()]).unwrap_err();
        assert!(told.starts_with("in `pr.b c.`, `b c` is not a valid name: start with a letter"), "{told}");
    }
}
