//! Updates that need not outlive the loss of power at the moment they are made.

use crate::keys;
use crate::step::STARTED;

/// Whether an update of the item with these keys may be lost in a power failure, because the same update is then made again. Everything else
/// must be durable before anybody is told about it. These three may be a moment old:
///
/// - a turn at a provider: a few calls too many are made, which the provider may refuse;
/// - starts of steps: the step is started again. Its effects outside are preceded by other records;
/// - the state of a progress comment: it is edited again, and found by its mark.
pub fn may_be_lost(pk: &str, sk: &str, update: &str) -> bool {
    let is_turn = pk.starts_with(keys::PROVIDER) && sk == keys::RATE;
    let is_of_execution = pk.starts_with(keys::EXECUTION_PARTITION);
    let is_start = is_of_execution && sk.starts_with(keys::STEP) && update == STARTED;
    is_turn || is_start || (is_of_execution && sk == keys::PROGRESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_done_again_may_be_lost() {
        let (progress, step) = (keys::progress("e"), keys::step("e", "Say"));
        let rate = keys::rate("jira");
        for (key, update, expected) in [
            (&rate, "ADD #tat :interval", true),
            (&progress, "SET #digest = :digest", true),
            (&step, STARTED, true),
            // How it ended is told nowhere else.
            (&step, "SET #status = :status", false),
            (&keys::execution("e"), STARTED, false),
            (&keys::own_account("jira"), "SET #id = :id", false),
            (&keys::run("RATE"), "ADD #sequence :one", false),
        ] {
            assert_eq!(may_be_lost(&key.pk, &key.sk, update), expected, "{key:?}: {update}");
        }
    }
}
