//! What the function's role allows, beside starting state machines and reading the signing secrets.

use records::{Access, Partition};

/// What it may touch in the table: it records deliveries, executions and what people answer, and reads what they ask for by slash command. It can
/// raise no budget and reaches no journal.
pub fn access() -> Access {
    Access::reading([Partition::Document, Partition::Person]).writing([
        Partition::Delivery,
        Partition::Event,
        Partition::Execution,
        Partition::Month,
        Partition::Project,
        Partition::Repository,
        Partition::Task,
        Partition::Waiter,
    ])
}
