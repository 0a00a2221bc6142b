//! The `cloudwatch` section of a world file.

use serde::Deserialize;

/// An account's metrics and event buses. Requests are signed with the placeholders that everything on this machine is signed for with.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// The names of event buses other than `default`.
    #[serde(default)]
    pub event_buses: Vec<String>,
}
