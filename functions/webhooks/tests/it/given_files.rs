//! Files that people attach to commands reach an agent, or the answer says why not.

use crate::world::{World, configuration, routes, send};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use domain::Clock;
use domain::routes::Routes;
use serde_json::{Value, json};

const LINK: &str = "https://cdn.discordapp.com/attachments/290/7/till.png?ex=1&hm=2";
const SENTENCE: &str =
    "Uploaded with this: [till.png](https://cdn.discordapp.com/attachments/290/7/till.png?ex=1&hm=2)";

struct Discord {
    world: World,
    pair: Ed25519KeyPair,
}

impl Discord {
    async fn new(may_trigger: Value) -> Self {
        let mut routes = serde_json::to_value(routes()).unwrap();
        routes["workflows"]["development"]["triggers"] =
            json!([{"on": "discord.command", "conditions": {"text": "run {task_id}"}}]);
        routes["workflows"]["planning"] = json!({
            "title": "Planning",
            "inputs": {"requirements": {"type": "string"}},
            "triggers": [{"on": "discord.command", "conditions": {"text": "plan {requirements}"}}],
        });
        routes["workflows"]["deploy"] = json!({
            "title": "Deploy",
            "inputs": {"what": {"type": "string"}, "stage": {"type": "string"}},
            "triggers": [{"on": "discord.command", "conditions": {"text": "deploy {what} to {stage}"}}],
        });
        let routes: Routes = serde_json::from_value(routes).unwrap();
        let mut configuration = serde_json::to_value(configuration()).unwrap();
        configuration["projects"].as_array_mut().unwrap().truncate(1);
        configuration["projects"][0]["may_trigger"] = may_trigger;
        configuration["users"][0]["discord"] = "175".into();
        let world = World::with(serde_json::from_value(configuration).unwrap(), routes).await;
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        world.aws.lock().unwrap().secrets["discord"] = hex::encode(pair.public_key().as_ref()).into();
        Self { world, pair }
    }

    /// Types the slash command with a file, and gives the answer's words.
    async fn command(&self, id: &str, text: &str) -> String {
        let body = json!({"id": id, "type": 2, "application_id": "128", "token": "aW50", "channel_id": "290",
            "member": {"user": {"id": "175", "username": "ada"}},
            "data": {"name": "ticketsmith",
                "options": [{"name": "text", "type": 3, "value": text}, {"name": "file", "type": 11, "value": "7"}],
                "resolved": {"attachments": {"7": {"filename": "till.png", "url": LINK}}}}})
        .to_string();
        let seconds = self.world.clock.now().as_second().to_string();
        let signature = self.pair.sign(&[seconds.as_bytes(), body.as_bytes()].concat());
        let request = self
            .world
            .post("discord", body)
            .header("content-type", "application/json")
            .header("x-signature-timestamp", seconds)
            .header("x-signature-ed25519", hex::encode(signature.as_ref()));
        let (status, answer) = send(request).await;
        assert_eq!(status, 200, "{answer}");
        answer["data"]["content"].as_str().unwrap().to_owned()
    }

    fn inputs(&self) -> Value {
        let started = self.world.starts().pop().unwrap();
        let input: Value = serde_json::from_str(started["input"].as_str().unwrap()).unwrap();
        input["inputs"].clone()
    }
}

const NOT_PASSED_ON: &str = "The files that you added are not passed on";

#[tokio::test]
async fn files_of_a_plan_are_part_of_its_requirements() {
    let discord = Discord::new(json!(["engineering"])).await;
    let answer = discord.command("900", "plan Carts can be gifts").await;
    assert!(answer.contains("begins") && !answer.contains(NOT_PASSED_ON), "{answer}");
    assert_eq!(discord.inputs()["requirements"], format!("Carts can be gifts {SENTENCE}"));
    // One word may be the name of something, which a link would spoil.
    let answer = discord.command("901", "plan Gifts").await;
    assert!(answer.contains("begins") && answer.contains(NOT_PASSED_ON), "{answer}");
    assert!(answer.contains("a description of several words"), "{answer}");
    assert_eq!(discord.inputs()["requirements"], "Gifts");
    // The files would become part of the last words, which are a name here.
    let answer = discord.command("902", "deploy till to production").await;
    assert!(answer.contains("begins") && answer.contains(NOT_PASSED_ON), "{answer}");
    assert_eq!(discord.inputs(), json!({"what": "till", "stage": "production"}));
}

#[tokio::test]
async fn files_of_a_start_on_a_ticket_wait_for_its_agent() {
    let discord = Discord::new(json!(["engineering"])).await;
    let answer = discord.command("900", "run SHOP-7").await;
    assert!(!answer.contains(NOT_PASSED_ON), "{answer}");
    let words = discord.world.table.inbox("SHOP-7").await.unwrap().next().words;
    assert_eq!(words.iter().map(|waiting| waiting.word.text.as_str()).collect::<Vec<_>>(), [SENTENCE]);
    // It is at work, and what comes now needs a request.
    let answer = discord.command("901", "run SHOP-7").await;
    assert!(answer.contains(NOT_PASSED_ON) && answer.contains("tell SHOP"), "{answer}");
    assert_eq!(discord.world.table.inbox("SHOP-7").await.unwrap().next().words.len(), 1);
}

#[tokio::test]
async fn whoever_gives_files_that_reach_no_agent_is_told_why() {
    // Only the code host knows whether they may start work.
    let discord = Discord::new(json!(["repository-writers"])).await;
    let answer = discord.command("900", "run SHOP-7").await;
    assert!(answer.contains("begins") && answer.contains(NOT_PASSED_ON), "{answer}");
    assert!(answer.contains("only the code host knows"), "{answer}");
    assert!(discord.world.table.inbox("SHOP-7").await.unwrap().is_empty());
    for (id, text) in [("901", "status"), ("902", "stop SHOP-9"), ("903", "help")] {
        let answer = discord.command(id, text).await;
        assert!(answer.contains(NOT_PASSED_ON) && answer.contains("this command takes none"), "{answer}");
    }
}

#[tokio::test]
async fn a_mention_that_starts_nothing_says_so_of_its_files_too() {
    let world = World::new().await;
    let mention = json!({"type": "event_callback", "event_id": "Ev1",
        "event": {"type": "app_mention", "user": "U1", "channel": "C1", "ts": "1.1", "text": "<@U0> run SHOP-1",
                  "files": [{"id": "F0S43PZDF1", "name": "till.png", "user": "U1"}]}});
    let (status, answer) = world.slack("application/json", &mention.to_string()).await;
    assert_eq!((status, &answer["results"][0]["result"]), (200, &json!("answered")), "{answer}");
    let reply = world.table.reply("slack#C1/1.1").await.unwrap().unwrap().text;
    assert!(reply.contains("does not start anything") && reply.contains(NOT_PASSED_ON), "{reply}");
    assert!(world.starts().is_empty());
}
