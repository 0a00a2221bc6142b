//! Requests on a pull request become another commit on its branch, by the same session.

use crate::evidence::{pull_request, repository, steps};
use crate::support::{EXECUTION_LIMIT, World, WorldFile, comments, eventually};
use serde_json::{Value, json};

const BRANCH: &str = "feature/SHOP-1";
const REQUEST: &str = "Please say in the README that lower case works, too.";

/// A world in which SHOP-1 has its pull request, and the number of it.
async fn with_pull_request() -> (World, Value) {
    with_pull_request_in(WorldFile::quick_shop()).await
}

/// The same in another shop.
async fn with_pull_request_in(file: WorldFile) -> (World, Value) {
    let world = file.start().await;
    let first = world.start_by("jira-label").await;
    assert_eq!(world.ended(&first).await["outcome"], "succeeded");
    let state = world.state().await;
    let number = pull_request(repository(&state, "acme/shop"), BRANCH)["number"].clone();
    (world, number)
}

fn comment(number: &Value, text: &str, by: &str) -> Value {
    json!({"kind": "github-comment", "repository": "acme/shop", "issue": number, "text": text, "by": by})
}

/// Waits for the words on the pull request that answer a revision.
async fn answered(world: &World) {
    let told = async || {
        let texts = comments(&world.state().await);
        texts
            .iter()
            .any(|text| text.contains("Revised in ") && text.contains("case of a discount code"))
            .then_some(())
    };
    eventually("the answer on the pull request", EXECUTION_LIMIT, told).await;
}

/// The commits on the branch that are not on the base, by their messages.
fn commits(state: &Value) -> usize {
    let pull = pull_request(repository(state, "acme/shop"), BRANCH);
    usize::try_from(pull["commits"].as_u64().unwrap()).unwrap()
}

async fn revised_once(world: &World, execution: &str) {
    let ended = world.ended(execution).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    assert!(
        steps(&ended).iter().any(|(name, status)| *name == "CommitChanges" && *status == "succeeded"),
        "{ended:#}"
    );
    let state = world.state().await;
    assert_eq!(commits(&state), 2);
    answered(world).await;
}

#[tokio::test]
async fn a_comment_on_the_pull_request_is_done_by_the_session_that_made_it() {
    let (world, number) = with_pull_request().await;
    let revision = world.start_by(comment(&number, &format!("@ticketsmith {REQUEST}"), "ada")).await;
    revised_once(&world, &revision).await;
    let view = world.execution(&revision).await;
    assert_eq!((&view["workflow"], &view["task"]), (&json!("revision"), &json!("SHOP-1")));
    // The words are data, and the agent knows its earlier work.
    let asked = world.asked_of_model().await;
    let of_revision =
        asked.iter().find(|entry| entry["request"].to_string().contains("ask for changes")).unwrap();
    let said = of_revision["request"].to_string();
    // A greeting before the words is not part of them.
    assert!(said.contains(REQUEST.trim_start_matches("Please ")), "{said}");
    assert!(said.contains("What you changed in earlier rounds"), "{said}");
    // Thanks, a command and a misspelled command are not requests.
    for text in ["@ticketsmith thanks", "@ticketsmith status", "@ticketsmith aprove it please"] {
        let before = world.executions().await.len();
        world.deliver(comment(&number, text, "ada")).await;
        assert_eq!(world.executions().await.len(), before, "{text}");
    }
    world.finish().await;
}

#[tokio::test]
async fn a_review_that_asks_for_changes_is_a_request() {
    let (world, number) = with_pull_request().await;
    let review = json!({
        "kind": "github-review", "repository": "acme/shop", "pull_request": number,
        "verdict": "changes_requested", "text": REQUEST, "by": "ada",
    });
    let revision = world.start_by(review).await;
    revised_once(&world, &revision).await;
    world.finish().await;
}

#[tokio::test]
async fn a_comment_on_a_line_is_a_request_about_that_line() {
    let (world, number) = with_pull_request().await;
    let on_line = |text: String| {
        json!({"kind": "github-line-comment", "repository": "acme/shop", "pull_request": number, "path": "README.md",
               "line": 3, "text": text, "by": "ada"})
    };
    world.deliver(on_line(REQUEST.to_owned())).await;
    assert_eq!(world.executions().await.len(), 1, "people talk to each other there, too");
    let revision = world.start_by(on_line(format!("@ticketsmith {REQUEST}"))).await;
    revised_once(&world, &revision).await;
    let asked = world.asked_of_model().await;
    let about = "(said about `README.md`, line 3)";
    assert!(asked.iter().any(|entry| entry["request"].to_string().contains(about)), "no place in {asked:#?}");
    world.finish().await;
}

#[tokio::test]
async fn words_on_the_ticket_and_in_the_chat_ask_for_a_revision_too() {
    let (world, _) = with_pull_request().await;
    let on_ticket = json!({
        "kind": "jira-comment", "ticket": "SHOP-1", "by": "ada",
        "text": format!("[~accountid:712020:ticketsmith] revise {REQUEST}"),
    });
    let revision = world.start_by(on_ticket).await;
    revised_once(&world, &revision).await;
    world.finish().await;

    let (world, _) = with_pull_request().await;
    let in_chat = json!({
        "kind": "slack-command", "text": format!("revise SHOP-1 {REQUEST}"), "by": "ada", "channel": "shop-dev",
    });
    let revision = world.start_by(in_chat).await;
    revised_once(&world, &revision).await;
    world.finish().await;
}

#[tokio::test]
async fn a_pull_request_that_is_closed_meanwhile_gets_no_commit() {
    let file = WorldFile::quick_shop().edit(|world| {
        let of_revision = "People looked at it and ask for changes";
        let question = json!({"question": "In which file?", "options": ["the README", "a new one"]});
        let ask = json!({"for": of_revision, "content": [{"tool_use": {"name": "ask_person", "input": question}}]});
        let page = json!({"path": "docs/codes.md", "content": "Codes may be in lower case.\n"});
        let work = json!({
            "outcome": "done", "summary": "There is a page about the case of codes.", "pr_title": "Add codes",
            "pr_description": "A page about codes.", "commit_message": "Say that case does not matter", "tests": "None.",
            "open_points": [],
        });
        let finish = json!({"for": of_revision, "content": [
            {"tool_use": {"name": "write_file", "input": page}}, {"tool_use": {"name": "finish", "input": work}},
        ]});
        let replies = world["claude"]["replies"].as_array_mut().unwrap();
        replies.insert(0, ask);
        replies.insert(1, finish);
    });
    let (world, number) = with_pull_request_in(file).await;
    let head = |state: &Value| repository(state, "acme/shop")["branches"][BRANCH].clone();
    let before = head(&world.state().await);
    let revision = world.start_by(comment(&number, &format!("@ticketsmith {REQUEST}"), "ada")).await;
    let asks = async || (world.execution(&revision).await["outcome"] == "waiting").then_some(());
    eventually("the agent's question", EXECUTION_LIMIT, asks).await;
    world
        .deliver(
            json!({"kind": "github-close", "repository": "acme/shop", "pull_request": number, "by": "ada"}),
        )
        .await;
    let (code, _, errors) =
        world.command(&["approve", "SHOP-1", "--as", "ada", "--comment", "a new one"]).await;
    assert_eq!(code, 0, "{errors}");
    let ended = world.ended(&revision).await;
    assert_eq!(ended["outcome"], "failed", "{ended:#}");
    assert!(ended["cause"].as_str().unwrap().contains("closed or merged"), "{ended:#}");
    assert_eq!(head(&world.state().await), before, "somebody who closes it wants no more commits");
    world.finish().await;
}

#[tokio::test]
async fn a_strangers_words_start_nothing_and_are_answered_once() {
    let (world, number) = with_pull_request().await;
    let stranger = comment(&number, &format!("@ticketsmith {REQUEST}"), "grace");
    let before = world.executions().await.len();
    world.deliver(stranger).await;
    assert_eq!(world.executions().await.len(), before);
    let refusals = async || {
        let texts = comments(&world.state().await);
        Some(texts.iter().filter(|text| text.contains("may not start work")).count())
            .filter(|count| *count > 0)
    };
    assert_eq!(eventually("the refusal", EXECUTION_LIMIT, refusals).await, 1);
    assert_eq!(commits(&world.state().await), 1);
    world.finish().await;
}

/// The comments on lines of the pull request: the author of each thread, its answers, and whether it is resolved.
fn threads(state: &Value) -> Vec<(String, Vec<String>, bool)> {
    let pull = pull_request(repository(state, "acme/shop"), BRANCH);
    let all = pull["review_comments"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let begun = all.iter().filter(|comment| comment["in_reply_to_id"].is_null());
    let thread = |first: &Value| {
        let answers = all.iter().filter(|comment| comment["in_reply_to_id"] == first["id"]);
        (
            text(&first["user"]["login"]),
            answers.map(|answer| text(&answer["body"])).collect(),
            first["resolved"] == true,
        )
    };
    begun.map(thread).collect()
}

#[tokio::test]
async fn each_thread_of_a_review_is_answered_once_and_what_is_done_is_resolved() {
    let answer = json!({ "tool_use": {
        "name": "answer_thread", "input": { "thread": 1, "done": true, "text": "The README says so now." },
    }});
    let with_answer = |document: &mut Value| {
        let replies = document["claude"]["replies"].as_array_mut().unwrap();
        let asked = replies
            .iter_mut()
            .find(|reply| reply["for"] == "People looked at it and ask for changes")
            .unwrap();
        asked["turns"][1]["content"].as_array_mut().unwrap().insert(0, answer);
    };
    let (world, number) = with_pull_request_in(WorldFile::quick_shop().edit(with_answer)).await;
    let review = |by: &str, verdict: &str, lines: &[u64]| {
        let comments = lines.iter().map(
            |line| json!({ "path": "src/shop/discounts.py", "line": line, "body": format!("Line {line}?") }),
        );
        json!({
            "kind": "github-review", "repository": "acme/shop", "pull_request": number, "verdict": verdict, "text": REQUEST, "by": by,
            "comments": comments.collect::<Vec<_>>(),
        })
    };
    // A stranger's words request nothing and get no answer.
    world.deliver(review("grace", "commented", &[3])).await;
    let revision = world.start_by(review("ada", "changes_requested", &[7, 8])).await;
    revised_once(&world, &revision).await;
    let threads = threads(&world.state().await);
    assert_eq!(threads.len(), 3, "{threads:#?}");
    assert_eq!((threads[0].0.as_str(), threads[0].1.len(), threads[0].2), ("grace", 0, false));
    assert_eq!((threads[1].1.len(), threads[1].2), (1, true), "{threads:#?}");
    assert!(threads[1].1[0].starts_with("The README says so now.\n\n("), "{threads:#?}");
    assert_eq!((threads[2].1.len(), threads[2].2), (1, false), "{threads:#?}");
    assert!(threads[2].1[0].contains("case of a discount code"), "{threads:#?}");
    world.finish().await;
}
