//! What the function's role allows, beside starting, describing and stopping executions and answering their task tokens.

use domain::PluginType;
use records::{Access, Partition};

/// The plugin types whose providers' credentials the function reads: to comment, react and message.
pub const CREDENTIALS: &[PluginType] =
    &[PluginType::TaskManagement, PluginType::VersionControl, PluginType::Communication];

/// What it may touch in the table: it ends executions, lets parked ones go on, settles what they left reserved, and begins `undo` where it is due. Of the
/// journal it only reads.
pub fn access() -> Access {
    Access::reading([Partition::Document, Partition::Event, Partition::Run])
        .writing([
            Partition::Delivery,
            Partition::Execution,
            Partition::Month,
            Partition::Person,
            Partition::Project,
            Partition::Provider,
            Partition::Task,
            Partition::Waiter,
        ])
        .listing_open_executions()
}
