//! Versions, aliases, and deleting, through the AWS SDK.

use std::collections::HashSet;

use aws_sdk_sfn::types::{RoutingConfigurationListItem, StateMachineStatus};
use serde_json::json;

use crate::api::{client, create};
use crate::bench::{Bench, Functions, call, invoke, machine, pass};

fn route(version: &str, weight: i32) -> RoutingConfigurationListItem {
    RoutingConfigurationListItem::builder().state_machine_version_arn(version).weight(weight).build().unwrap()
}

#[tokio::test]
async fn versions_are_numbered_keep_their_definition_and_can_be_started() {
    let mut bench = Bench::new(Functions::default()).await;
    let client = client(&bench).await;
    let arn = create(&client, "m", &pass(json!("first"))).await;
    let described = client.describe_state_machine().state_machine_arn(&arn).send().await.unwrap();
    assert_eq!(described.revision_id, None);
    let publish = || client.publish_state_machine_version().state_machine_arn(&arn);
    let first = publish().revision_id("INITIAL").description("one").send().await.unwrap();
    assert_eq!(first.state_machine_version_arn, format!("{arn}:1"));
    assert_eq!(publish().send().await.unwrap().state_machine_version_arn, format!("{arn}:1"));
    let updated = client
        .update_state_machine()
        .state_machine_arn(&arn)
        .definition(pass(json!("second")).to_string())
        .publish(true)
        .send()
        .await
        .unwrap();
    assert_eq!(updated.state_machine_version_arn, Some(format!("{arn}:2")));
    let stale = publish().revision_id("INITIAL").send().await.unwrap_err().into_service_error();
    assert!(stale.is_conflict_exception(), "{stale:?}");
    let described =
        client.describe_state_machine().state_machine_arn(format!("{arn}:1")).send().await.unwrap();
    assert_eq!(
        (described.description.as_deref(), described.state_machine_arn),
        (Some("one"), format!("{arn}:1"))
    );
    assert!(described.definition.contains("first"));
    let listed =
        client.list_state_machine_versions().state_machine_arn(&arn).max_results(1).send().await.unwrap();
    assert_eq!(listed.state_machine_versions[0].state_machine_version_arn, format!("{arn}:2"));
    let rest = client
        .list_state_machine_versions()
        .state_machine_arn(&arn)
        .set_next_token(listed.next_token)
        .send()
        .await
        .unwrap();
    assert_eq!(rest.state_machine_versions[0].state_machine_version_arn, format!("{arn}:1"));

    let started = client.start_execution().state_machine_arn(format!("{arn}:1")).send().await.unwrap();
    assert_eq!(bench.end(&started.execution_arn).await.output.as_deref(), Some(r#""first""#));
    let described = client.describe_execution().execution_arn(&started.execution_arn).send().await.unwrap();
    assert_eq!(described.state_machine_arn, arn);
    assert_eq!(described.state_machine_version_arn, Some(format!("{arn}:1")));
    for (asked, count) in [(arn.clone(), 1), (format!("{arn}:1"), 1), (format!("{arn}:2"), 0)] {
        let listed = client.list_executions().state_machine_arn(&asked).send().await.unwrap();
        assert_eq!(listed.executions.len(), count, "{asked}");
    }
    let missing = client.start_execution().state_machine_arn(format!("{arn}:3")).send().await;
    assert!(missing.unwrap_err().into_service_error().is_state_machine_does_not_exist());
}

#[tokio::test]
async fn an_alias_leads_to_versions_by_weight_and_protects_them() {
    let mut bench = Bench::new(Functions::default()).await;
    let client = client(&bench).await;
    let arn = create(&client, "m", &pass(json!(1))).await;
    let versions = [format!("{arn}:1"), format!("{arn}:2")];
    client.publish_state_machine_version().state_machine_arn(&arn).send().await.unwrap();
    let definition = pass(json!(2)).to_string();
    client
        .update_state_machine()
        .state_machine_arn(&arn)
        .definition(definition)
        .publish(true)
        .send()
        .await
        .unwrap();
    let alias = |name: &str| client.create_state_machine_alias().name(name);
    for (routes, problem) in [
        (vec![route(&versions[0], 90)], "must equal 100"),
        (vec![route(&versions[0], 50), route(&versions[0], 50)], "distinct"),
        (vec![route(&arn, 100)], "must contain state machine version ARNs"),
    ] {
        let refused = alias("live").set_routing_configuration(Some(routes)).send().await;
        let refused = refused.unwrap_err().into_service_error();
        assert!(refused.is_validation_exception(), "{refused:?}");
        assert!(refused.meta().message().unwrap().contains(problem), "{refused:?}");
    }
    let refused = alias("7").routing_configuration(route(&versions[0], 100)).send().await;
    assert!(refused.unwrap_err().into_service_error().is_validation_exception());

    let live = alias("live").routing_configuration(route(&versions[0], 100)).send().await.unwrap();
    let live = live.state_machine_alias_arn;
    assert_eq!(live, format!("{arn}:live"));
    alias("live").routing_configuration(route(&versions[0], 100)).send().await.unwrap();
    let other = alias("live").routing_configuration(route(&versions[1], 100)).send().await;
    assert!(other.unwrap_err().into_service_error().is_conflict_exception());
    let used = client.delete_state_machine_version().state_machine_version_arn(&versions[0]).send().await;
    let used = used.unwrap_err().into_service_error();
    assert!(used.is_conflict_exception() && used.meta().message().unwrap().contains("[live]"), "{used:?}");

    let run = async |bench: &mut Bench| {
        let started = client.start_execution().state_machine_arn(&live).send().await.unwrap();
        bench.end(&started.execution_arn).await;
        client.describe_execution().execution_arn(&started.execution_arn).send().await.unwrap()
    };
    let ended = run(&mut bench).await;
    assert_eq!((ended.output.as_deref(), ended.state_machine_alias_arn.as_ref()), (Some("1"), Some(&live)));
    client
        .update_state_machine_alias()
        .state_machine_alias_arn(&live)
        .routing_configuration(route(&versions[0], 50))
        .routing_configuration(route(&versions[1], 50))
        .send()
        .await
        .unwrap();
    // By chance, one of the two would be missing once in 2^59 runs of this test.
    let mut seen = HashSet::new();
    for _ in 0..60 {
        seen.insert(run(&mut bench).await.state_machine_version_arn.unwrap());
    }
    assert_eq!(seen.len(), 2);
    let described =
        client.describe_state_machine_alias().state_machine_alias_arn(&live).send().await.unwrap();
    assert_eq!(described.routing_configuration.unwrap().len(), 2);
    let listed = client.list_state_machine_aliases().state_machine_arn(&versions[1]).send().await.unwrap();
    assert_eq!(listed.state_machine_aliases.len(), 1);
    client.delete_state_machine_alias().state_machine_alias_arn(&live).send().await.unwrap();
    client.delete_state_machine_version().state_machine_version_arn(&versions[0]).send().await.unwrap();
    let gone = client.describe_state_machine_alias().state_machine_alias_arn(&live).send().await;
    assert!(gone.unwrap_err().into_service_error().is_resource_not_found());
}

#[tokio::test]
async fn a_state_machine_is_deleted_when_its_last_execution_has_ended() {
    let mut bench = Bench::new(Functions::default().with("ask", |_, _| Ok(json!(null)))).await;
    let client = client(&bench).await;
    let mut ask =
        invoke("ask", json!({ "token": "{% $states.context.Task.Token %}" }), json!({ "End": true }));
    ask["Resource"] = json!("arn:aws:states:::lambda:invoke.waitForTaskToken");
    ask["Next"] = json!("Then");
    ask.as_object_mut().unwrap().remove("End");
    let definition = machine("Ask", json!({ "Ask": ask, "Then": { "Type": "Succeed" } }));
    let arn = create(&client, "m", &definition).await;
    client.publish_state_machine_version().state_machine_arn(&arn).send().await.unwrap();
    let started = client.start_execution().state_machine_arn(&arn).send().await.unwrap();
    bench.engine.activity().quiet().await;
    client.delete_state_machine().state_machine_arn(&arn).send().await.unwrap();
    let described = client.describe_state_machine().state_machine_arn(&arn).send().await.unwrap();
    assert_eq!(described.status, Some(StateMachineStatus::Deleting));
    let refused = client.start_execution().state_machine_arn(&arn).send().await;
    assert!(refused.unwrap_err().into_service_error().is_state_machine_deleting());
    let refused = client
        .create_state_machine()
        .name("m")
        .definition(definition.to_string())
        .role_arn("arn:aws:iam::000000000000:role/any")
        .send()
        .await;
    assert!(refused.unwrap_err().into_service_error().is_state_machine_deleting());

    let token = bench.functions.calls("ask")[0]["token"].as_str().unwrap().to_owned();
    client.send_task_success().task_token(token).output("1").send().await.unwrap();
    // It leaves its state, and enters no other.
    assert_eq!(bench.end(&started.execution_arn).await.status, "ABORTED");
    let types: Vec<serde_json::Value> =
        bench.history(&started.execution_arn).await.iter().map(|event| event["type"].clone()).collect();
    assert_eq!(json!(types[types.len() - 2..]), json!(["TaskStateExited", "ExecutionAborted"]));
    let gone = client.describe_state_machine().state_machine_arn(&arn).send().await;
    assert!(gone.unwrap_err().into_service_error().is_state_machine_does_not_exist());
    let kept = client
        .describe_state_machine_for_execution()
        .execution_arn(&started.execution_arn)
        .send()
        .await
        .unwrap();
    assert_eq!((kept.name.as_str(), kept.definition), ("m", definition.to_string()));
    let refused = client.redrive_execution().execution_arn(&started.execution_arn).send().await;
    let refused = refused.unwrap_err().into_service_error();
    assert!(refused.is_execution_not_redrivable(), "{refused:?}");
    // The name is free again, and versions count from one.
    assert_eq!(create(&client, "m", &definition).await, arn);
    let published = client.publish_state_machine_version().state_machine_arn(&arn).send().await.unwrap();
    assert_eq!(published.state_machine_version_arn, format!("{arn}:1"));
}

#[tokio::test]
async fn a_description_tells_which_state_reads_which_variables() {
    let mut bench = Bench::new(Functions::default()).await;
    let definition = machine(
        "Set",
        json!({
            "Set": { "Type": "Pass", "Comment": "{% $none %}", "Assign": { "a": 1, "b": 2 }, "Next": "Each" },
            "Each": {
                "Type": "Map",
                "Items": "{% [$b, $a] %}",
                "ItemProcessor": { "StartAt": "Add", "States": { "Add": {
                    "Type": "Pass", "Output": { "sum": "{% $states.input + $a %}" }, "End": true } } },
                "End": true,
            },
        }),
    );
    let ended = bench.run(&definition, &json!({})).await;
    let expected = json!({ "Each": ["a", "b"], "Add": ["a"] });
    let request = json!({ "executionArn": ended.execution_arn });
    let described = call(&bench.engine, "DescribeStateMachineForExecution", &request).await.unwrap();
    assert_eq!(described["variableReferences"], expected);
    let request = json!({ "stateMachineArn": described["stateMachineArn"] });
    let described = call(&bench.engine, "DescribeStateMachine", &request).await.unwrap();
    assert_eq!(described["variableReferences"], expected);
}
