//! Undo: shown first, and confirmed as it was shown.

use crate::replies::answer;
use crate::steering::{comment, text, world};
use crate::world::{World, labelled};
use domain::Clock;
use records::{ExecutionEnd, ExecutionRecord};
use serde_json::{Value, json};

impl World {
    /// An execution on a ticket that made a branch and is over.
    async fn worked(&self, delivery: &str, branch: &str) -> ExecutionRecord {
        self.jira(delivery, &labelled("SHOP-1", "agent", "5b10")).await;
        let execution = self.execution_on("SHOP-1").await;
        self.branch_was_made(&execution, branch).await;
        self.end(&execution.name).await;
        self.clock.advance(1);
        execution
    }

    async fn fail(&self, name: &str) {
        let (outcome, at) = (domain::execution::Outcome::Failed, self.clock.now());
        let end = ExecutionEnd { outcome, error: None, cause: None, output: None, at };
        self.table.finish(name, &end).await.unwrap();
        self.clock.advance(1);
    }
}

fn shown(answer: &Value) -> String {
    let blocks = answer["blocks"].as_array().unwrap();
    blocks.iter().filter_map(|block| block["text"]["text"].as_str()).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn nothing_is_taken_back_before_what_was_shown_is_confirmed() {
    let world = world().await;
    let (_, never) = world.command("U1", "undo SHOP-1", "t0").await;
    assert_eq!(text(&never), ":no_entry: nothing that can be taken back has been done on SHOP-1");
    let execution = world.worked("d1", "feature/SHOP-1").await;
    let (_, preview) = world.command("U1", "undo SHOP-1", "t1").await;
    assert_eq!(preview["response_type"], "ephemeral");
    let told = shown(&preview);
    assert!(
        told.contains("• create branch · https://github.com/acme/shop/tree/feature/SHOP-1")
            && told.contains(&execution.name),
        "{told}"
    );
    assert_eq!(world.starts().len(), 1, "it was only shown");
    let value = World::confirmation(&preview);
    let stranger = world.press("U9", "undo", &value).await;
    assert!(stranger["reason"].as_str().unwrap().contains("may not steer work on SHOP"), "{stranger}");
    for wrong in ["", "nonsense", &format!("{} 0123456789", execution.name)] {
        world.press("U1", "undo", wrong).await;
    }
    assert_eq!(world.starts().len(), 1);
    // The same delivery again starts nothing more.
    world.clock.advance(1);
    // Phones capitalize, and people end what they write with a full stop.
    let code = value[value.len() - 10..].to_uppercase();
    let confirm = format!("undo {} Confirm {code}.", execution.name);
    let (_, done) = world.command("U1", &confirm, "t2").await;
    assert!(text(&done).contains("did is being taken back"), "{done}");
    world.command("U1", &confirm, "t2").await;
    let starts = world.starts();
    assert_eq!(starts.len(), 2, "the development and one undo: {starts:?}");
    let input: Value = serde_json::from_str(starts[1]["input"].as_str().unwrap()).unwrap();
    assert_eq!(input["inputs"], json!({"run": execution.arn.unwrap()}));
    assert!(starts[1]["stateMachineArn"].as_str().unwrap().ends_with("undo"));
    let undo = world.execution_on("SHOP-1").await;
    assert_eq!((undo.workflow.as_str(), undo.trigger.as_str()), ("undo", "slack.command"));
}

#[tokio::test]
async fn a_button_takes_back_what_was_shown_and_nothing_else() {
    let world = world().await;
    let execution = world.worked("d1", "one").await;
    let (_, preview) = world.command("U1", "undo SHOP-1", "t1").await;
    let value = World::confirmation(&preview);
    world.branch_was_made(&execution, "two").await;
    let changed = world.press("U1", "undo", &value).await;
    assert_eq!((changed["result"].as_str(), world.starts().len()), (Some("answered"), 1), "{changed}");
    let (_, preview) = world.command("U1", "undo SHOP-1", "t2").await;
    assert!(shown(&preview).contains("/two") && shown(&preview).contains("/one"), "{preview}");
    let done = world.press("U1", "undo", &World::confirmation(&preview)).await;
    assert_eq!((done["result"].as_str(), world.starts().len()), (Some("recorded"), 2), "{done}");
}

#[tokio::test]
async fn on_a_ticket_undo_is_confirmed_in_words() {
    let world = world().await;
    let execution = world.worked("d1", "one").await;
    let said = async |delivery: &str, words: &str| {
        let (_, answer) = world.jira(delivery, &comment("SHOP-1", words, "5b10")).await;
        answer["results"][0].clone()
    };
    for word in ["undo", "redrive"] {
        let sentence = said(word, &format!("@ticketsmith {word} the renaming of the cart")).await;
        let reason = sentence["reason"].as_str().unwrap();
        assert!(reason.contains("`the renaming of the cart` is not the name of an execution"), "{reason}");
    }
    assert_eq!(said("c1", "@ticketsmith undo, please").await, json!({"result": "answered"}));
    let told = answer(&world, "c0", &comment("SHOP-1", "@ticketsmith undo", "5b10")).await.unwrap();
    let words = format!("@ticketsmith undo {} confirm ", execution.name);
    let at = told.find(&words).unwrap_or_else(|| panic!("{told}"));
    assert_eq!(world.starts().len(), 1);
    let code = &told[at + words.len()..at + words.len() + 10];
    assert_eq!(said("c2", &format!("{words}0000000000")).await["result"], "answered", "it is shown again");
    assert_eq!(world.starts().len(), 1);
    assert_eq!(said("c3", &format!("@ticketsmith undo confirm {code}")).await, json!({"result": "recorded"}));
    assert_eq!(world.starts().len(), 2);
}

#[tokio::test]
async fn undo_finds_the_newest_execution_that_left_something_and_any_by_its_name() {
    let world = world().await;
    let (older, newer) = (world.worked("d1", "one").await.name, world.worked("d2", "two").await.name);
    world.table.note_effects_left(&newer, false).await.unwrap();
    let (_, listed) = world.command("U1", "status SHOP-1", "t0").await;
    assert!([&older, &newer].iter().all(|name| listed.to_string().contains(name.as_str())), "{listed}");
    let (_, stranger) = world.command("U9", &format!("undo {older}"), "t1").await;
    assert!(text(&stranger).contains("somebody may not steer work on SHOP"), "{stranger}");
    let (_, nothing) = world.command("U1", &format!("undo {newer}"), "t2").await;
    assert!(text(&nothing).contains("nothing that can be taken back has been done"), "{nothing}");
    let (_, unknown) = world.command("U1", "undo jira-SHOP-1-nonsense", "t3").await;
    assert!(text(&unknown).contains("no execution is named"), "{unknown}");
    let (_, by_ticket) = world.command("U1", "undo SHOP-1", "t4").await;
    assert!(shown(&by_ticket).contains(older.as_str()), "{by_ticket}");
    world.press("U1", "undo", &World::confirmation(&by_ticket)).await;
    let undo = world.execution_on("SHOP-1").await;
    assert_eq!(undo.input.inputs["run"].as_str().unwrap().rsplit(':').next(), Some(older.as_str()));
    world.fail(&undo.name).await;
    let (_, by_name) = world.command("U1", &format!("undo {older}"), "t5").await;
    assert!(shown(&by_name).contains(older.as_str()), "{by_name}");
}
