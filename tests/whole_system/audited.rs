//! What the audit log contains of a test, which may run at midnight.

use crate::support::World;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// What `audit list` gives of today and yesterday, newest first.
pub(crate) async fn audited(world: &World, arguments: &[&str]) -> Vec<Value> {
    let today = Timestamp::now();
    let mut items = Vec::new();
    for at in [today, today - SignedDuration::from_hours(24)] {
        let day = at.strftime("%Y-%m-%d").to_string();
        let list = [&["audit", "list", "--output", "json", "--day", &day], arguments].concat();
        let (code, listed, errors) = world.command(&list).await;
        assert_eq!(code, 0, "{errors}");
        let listed: Value = serde_json::from_str(&listed).unwrap();
        items.extend(listed["items"].as_array().unwrap().iter().cloned());
    }
    items
}

/// Whether an entry says this of what was done.
pub(crate) fn says(items: &[Value], what: &str) -> bool {
    items.iter().any(|item| item["what"].as_str().unwrap().contains(what))
}
