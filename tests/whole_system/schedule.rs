//! A `schedule` starts its workflow when its time comes, by `serve`'s own timer.

use crate::evidence::messages;
use crate::support::{WorldFile, eventually};
use std::time::Duration;

const EVERY_MINUTE: &str = r#"
name: Tick
triggers:
  - schedule: { cron: "* * * * ? *", with: { word: tick } }
inputs: { word: string }
steps:
  - { name: tell, plugin: communication, action: send_message, inputs: { message: "${word}" } }
"#;

#[tokio::test]
async fn its_time_comes_within_a_minute() {
    let world = WorldFile::quick_shop().with_file("workflows/tick.yaml", EVERY_MINUTE).start().await;
    let first = async || Some(world.executions().await.first()?["execution"].as_str()?.to_owned());
    let name = eventually("the next minute", Duration::from_secs(90), first).await;
    assert!(name.starts_with("schedule-none-"), "{name}");
    let execution = world.ended(&name).await;
    assert_eq!(execution["outcome"], "succeeded", "{execution:#}");
    assert!(messages(&world.state().await, "#shop-dev").contains(&"tick"));
    world.finish().await;
}
