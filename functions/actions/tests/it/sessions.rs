//! Agents' sessions through their actions: a loop that reads, edits and finishes, its bounds, its questions and its generations.

use crate::session_script::{ADDED, call, change, finish, reply, three_turns, world};
use crate::world::{BRANCH, EXECUTION, World};
use domain::plugins::Effort;
use domain::{AgentDefinition, ErrorKind, MicroUsd};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(crate) async fn put_agent(world: &World, change: impl FnOnce(&mut AgentDefinition)) {
    let mut agent = AgentDefinition { effort: Some(Effort::Medium), ..AgentDefinition::named("development") };
    change(&mut agent);
    world.table.put_agents(&BTreeMap::from([(agent.name.clone(), agent)])).await.unwrap();
}

/// The bodies of the requests that the model answered.
fn asked(world: &World) -> Vec<Value> {
    let requests = world.requests("claude", "POST", "/v1/messages");
    requests.into_iter().map(|entry| entry.request).collect()
}

#[tokio::test]
async fn a_session_reads_edits_and_finishes_with_what_can_be_committed() {
    let world = world(three_turns()).await;
    let opened = world.open("Develop").await.unwrap();
    assert_eq!((opened["next"].as_str(), opened["turn"].as_u64()), (Some("think"), Some(0)));
    let report = world.until_it_stops("Develop", opened).await.unwrap();
    let result = &report["result"];
    assert_eq!((report["next"].as_str(), report["turns"].as_u64()), (Some("done"), Some(3)), "{report}");
    assert_eq!(
        (result["outcome"].as_str(), result["open_points"].clone()),
        (Some("done"), json!(["Does anybody round up?"]))
    );
    assert_eq!(result["implementation"]["files"], json!(["src/shop/money.py"]));
    assert!(report["cost_usd"].as_f64().unwrap() > 0.0);

    let input = json!({"branch": BRANCH, "implementation": result["implementation"]});
    world.step("Commit", "commit_changes", input).await.unwrap();
    let file = world.file(BRANCH, "src/shop/money.py").await.unwrap();
    assert!(file.contains(&format!("-> int:\n{ADDED}\n")), "{file}");
    // The same session, whose state was passed on in a few words.
    assert!(report.to_string().len() < 4 * 1024, "{report}");
    world.assert_no_violations();
}

#[tokio::test]
async fn what_was_sent_is_sent_again_byte_for_byte_and_the_ledger_has_all_of_it() {
    let world = world(three_turns()).await;
    let report = world.whole_session("Develop").await.unwrap();
    let requests = asked(&world);
    assert_eq!(requests.len(), 3);
    for pair in requests.windows(2) {
        let plain = |request: &Value| {
            let mut request = request.clone();
            remove_marks(&mut request);
            request
        };
        let (before, after) = (plain(&pair[0]), plain(&pair[1]));
        for part in ["system", "tools", "model", "output_config"] {
            assert_eq!(before[part], after[part], "{part}");
        }
        let (before, after) = (before["messages"].as_array().unwrap(), after["messages"].as_array().unwrap());
        assert_eq!(after.len(), before.len() + 2);
        assert_eq!(before[..], after[..before.len()]);
    }
    let spent: MicroUsd =
        world.table.costs_of_execution(EXECUTION).await.unwrap().iter().map(|cost| cost.cost.booked()).sum();
    assert!(spent > MicroUsd::ZERO);
    assert_eq!(report["cost_usd"].as_f64().unwrap(), spent.as_usd());
    let billed = crate::money::billed(&world);
    // Each call is rounded up for itself.
    assert!(spent >= billed && spent.0 <= billed.0 + 3, "{spent} of {billed}, where nothing was lost");
}

fn remove_marks(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("cache_control");
            fields.values_mut().for_each(remove_marks);
        }
        Value::Array(items) => items.iter_mut().for_each(remove_marks),
        _ => {}
    }
}

#[tokio::test]
async fn every_call_gets_its_result_in_order_and_past_sixteen_nothing_is_run() {
    let calls: Vec<Value> =
        (0..18).map(|number| call("read_file", json!({"path": format!("no-{number}.py")}))).collect();
    let world = world(json!([reply(Some("no-0.py"), &[finish("blocked")]), reply(None, &calls)])).await;
    let report = world.whole_session("Develop").await.unwrap();
    assert_eq!(report["result"]["outcome"], "blocked", "{report}");
    let messages = asked(&world)[1]["messages"].clone();
    let ids = |message: &Value, field: &str| -> Vec<String> {
        let blocks = message["content"].as_array().unwrap().iter();
        blocks.filter_map(|block| block[field].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(ids(&messages[1], "id"), ids(&messages[2], "tool_use_id"));
    let text = |at: usize| messages[2]["content"][at]["content"].as_str().unwrap().to_owned();
    assert!(text(15).contains("no-15.py"), "{}", text(15));
    for late in [16, 17] {
        assert!(text(late).starts_with("Not run: one turn runs at most 16 calls."), "{}", text(late));
    }
    assert!(text(17).contains("[Left: about 50 turns.]"), "{}", text(17));
}

#[tokio::test]
async fn work_is_not_handed_over_in_a_turn_in_which_a_call_failed() {
    let edit = json!({"path": "src/shop/money.py", "old_string": "nowhere in it", "new_string": "x"});
    let world = world(json!([
        reply(Some("Not handed over: an earlier call"), &[finish("nothing_to_do")]),
        reply(Some("def percent_of(cents"), &[call("edit_file", edit), finish("done")]),
        reply(None, &[call("read_file", json!({"path": "src/shop/money.py"}))]),
    ]))
    .await;
    let report = world.whole_session("Develop").await.unwrap();
    let ended = (report["result"]["outcome"].as_str(), report["turns"].as_u64());
    assert_eq!(ended, (Some("nothing_to_do"), Some(3)), "{report}");
    world.assert_no_violations();
}

#[tokio::test]
async fn the_last_turn_hands_the_work_over_even_if_a_call_failed_in_it() {
    let read = call("read_file", json!({"path": "nowhere.py"}));
    let world = world(json!([reply(None, &[read, finish("nothing_to_do")])])).await;
    put_agent(&world, |agent| agent.max_turns = 2).await;
    let report = world.whole_session("Develop").await.unwrap();
    let ended = (report["result"]["outcome"].as_str(), report["turns"].as_u64());
    assert_eq!(ended, (Some("nothing_to_do"), Some(2)), "{report}");
}

#[tokio::test]
async fn a_question_waits_for_its_answer_and_what_came_after_it_is_not_run() {
    let ask = call("ask_person", json!({"question": "Which rounding?", "options": ["up", "down"]}));
    let world = world(json!([
        reply(Some("Ada answered: down"), &[finish("nothing_to_do")]),
        reply(None, &[call("list_files", json!({})), ask, call("delete_file", json!({"path": "README.md"}))]),
    ]))
    .await;
    let report = world.whole_session("Develop").await.unwrap();
    let question = json!({"text": "Which rounding?", "options": ["up", "down"]});
    assert_eq!((report["next"].as_str(), &report["question"]), (Some("ask"), &question));
    let again =
        world.step("Develop.RunTools", "run_tools", json!({"session": report["session"]})).await.unwrap();
    assert_eq!(again, report, "a repeat asks the same");
    let answer = json!({"session": report["session"], "answer": "down", "by": "Ada"});
    for _ in 0..2 {
        let answered = world.step("Develop.Answer", "answer_session", answer.clone()).await.unwrap();
        assert_eq!(answered["next"], "think", "and a second answer changes nothing");
    }
    let conversation = world.conversation(&report["session"]).await;
    assert_eq!(conversation.len(), 3);
    assert!(conversation[2].ends_with("Ada answered: down\n---\nNot run: it came after a call that ends a turn.\n\n[Left: about 50 turns.]"), "{}", conversation[2]);
    let done = world
        .until_it_stops("Develop", json!({"session": report["session"], "next": "think"}))
        .await
        .unwrap();
    assert_eq!(
        (done["result"]["outcome"].as_str(), &done["result"]["implementation"]),
        (Some("nothing_to_do"), &Value::Null)
    );
}

#[tokio::test]
async fn a_model_that_calls_nothing_is_told_twice_and_then_people_are_asked() {
    let world = world(json!([
        reply(Some("answered: Finish"), &[finish("blocked")]),
        reply(None, &[json!({"text": "All is well."})]),
    ]))
    .await;
    let report = world.whole_session("Develop").await.unwrap();
    assert_eq!((report["next"].as_str(), report["turns"].as_u64()), (Some("ask"), Some(3)));
    let question = report["question"]["text"].as_str().unwrap();
    assert!(question.contains("stopped without a result") && question.contains("All is well."), "{question}");
    let answer = json!({"session": report["session"], "answer": "Finish"});
    let answered = world.step("Develop.Answer", "answer_session", answer).await.unwrap();
    let done = world.until_it_stops("Develop", answered).await.unwrap();
    assert_eq!(done["result"]["outcome"], "blocked");
}

#[tokio::test]
async fn a_model_that_goes_round_in_circles_is_warned_once_and_then_people_are_asked() {
    let world = world(json!([reply(None, &[call("read_file", json!({"path": "nowhere.py"}))])])).await;
    let report = world.whole_session("Develop").await.unwrap();
    assert_eq!((report["next"].as_str(), report["turns"].as_u64()), (Some("ask"), Some(6)), "{report}");
    assert!(report["question"]["text"].as_str().unwrap().contains("repeats itself"));
    let warned = world.conversation(&report["session"]).await;
    let warnings = warned.iter().filter(|words| words.contains("You are repeating yourself")).count();
    assert_eq!(warnings, 1);
}

#[tokio::test]
async fn turns_minutes_and_dollars_end_a_session_with_words_for_people() {
    let look = || json!([reply(None, &[call("list_files", json!({}))])]);
    let world = World::start_with(|world| change(world, look())).await;
    put_agent(&world, |agent| agent.max_turns = 2).await;
    let report = world.whole_session("Turns").await.unwrap();
    let summary = |report: &Value| report["result"]["summary"].as_str().unwrap().to_owned();
    assert_eq!((report["result"]["outcome"].as_str(), report["turns"].as_u64()), (Some("blocked"), Some(2)));
    assert_eq!(summary(&report), "The agent used up its 2 turns before it was done.");
    assert_eq!(report["result"]["implementation"], Value::Null);

    let before = asked(&world).len();
    put_agent(&world, |agent| agent.max_usd = Some(MicroUsd(50))).await;
    let report = world.whole_session("Dollars").await.unwrap();
    assert!(summary(&report).contains("limit of dollars"), "{report}");
    assert_eq!(asked(&world).len(), before, "and nothing is asked");

    put_agent(&world, |agent| agent.max_minutes = 0).await;
    let report = world.whole_session("Minutes").await.unwrap();
    assert!(summary(&report).contains("0 minutes of work"), "{report}");
}

#[tokio::test]
async fn a_changed_prompt_begins_one_generation_that_knows_what_was_done() {
    let world = world(three_turns()).await;
    put_agent(&world, |_| {}).await;
    let opened = world.open("Develop").await.unwrap();
    let mut report = opened;
    // Read, and edited.
    for _ in 0..4 {
        report = world.next("Develop", &report).await.unwrap();
    }
    assert_eq!((report["next"].as_str(), report["turn"].as_u64()), (Some("think"), Some(2)));
    put_agent(&world, |agent| agent.max_turns = 50).await;
    world.clock.advance(jiff::SignedDuration::from_secs(61));
    let done = world.until_it_stops("Develop", report).await;
    let session = world.table.sessions_of(EXECUTION).await.unwrap().remove(0);
    let head = world.table.session(&session.session).await.unwrap().unwrap();
    assert_eq!((session.state.as_str(), head.generation), ("Develop", 2));
    let done = done.unwrap();
    assert_eq!(done["result"]["outcome"], "done", "{done}");
    assert_eq!(done["result"]["implementation"]["files"], json!(["src/shop/money.py"]), "the overlay stays");
    let first = &world.conversation(&done["session"]).await[0];
    assert!(first.contains("# Your work so far") && first.contains("src/shop/money.py"), "{first}");
    world.assert_no_violations();
}

#[tokio::test]
async fn an_unknown_agent_and_an_unknown_session_are_named() {
    let world = world(three_turns()).await;
    put_agent(&world, |_| {}).await;
    let error = world.step("Develop", "open_session", json!({"agent": "poet"})).await.unwrap_err();
    assert_eq!(
        (error.kind, error.message.as_str()),
        (ErrorKind::Rejected, "there is no agent `poet`; accepted: development")
    );
    for action in ["think", "run_tools", "load_paths"] {
        let error = world.step("X", action, json!({"session": "nope"})).await.unwrap_err();
        assert!(error.kind == ErrorKind::Rejected && error.message.contains("`nope`"), "{error}");
    }
}

#[tokio::test]
async fn a_cut_reply_is_asked_for_once_more_and_its_call_never_runs() {
    let mut cut = reply(Some("SHOP-1"), &[call("delete_file", json!({"path": "README.md"}))]);
    cut["stop_reason"] = json!("max_tokens");
    cut["times"] = json!(1);
    let world = world(json!([cut, reply(None, &[finish("blocked")])])).await;
    let report = world.whole_session("Develop").await.unwrap();
    assert_eq!((report["result"]["outcome"].as_str(), report["turns"].as_u64()), (Some("blocked"), Some(1)));
    let tokens: Vec<_> =
        asked(&world).iter().map(|request| request["max_tokens"].as_u64().unwrap()).collect();
    assert_eq!(tokens, [16_000, 32_000]);
    assert_eq!(world.table.costs_of_execution(EXECUTION).await.unwrap().len(), 2, "both are booked");
    assert_eq!(world.conversation(&report["session"]).await.len(), 3);
}

#[tokio::test]
async fn an_empty_repository_is_named_before_any_model_is_asked() {
    let world = World::start_with(|world| {
        change(world, three_turns());
        world.section_mut::<simulators::github::World>("github").unwrap().repositories[0].path = None;
    })
    .await;
    let error = world.open("Develop").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected, "{error}");
    assert!(error.message.contains("acme/shop") && error.message.contains("empty"), "{error}");
    // As GitHub itself says it.
    let body = json!({"message": "Git Repository is empty.", "status": "409"});
    world.fault(
        json!({"service": "github", "path": "/git/ref/heads/", "status": 409, "body": body, "times": 2}),
    );
    assert_eq!(world.open("Again").await.unwrap_err(), error);
    assert!(asked(&world).is_empty());
}

#[tokio::test]
async fn a_session_that_runs_out_of_money_ends_with_what_is_done() {
    let world = world(three_turns()).await;
    let mut report = world.open("Develop").await.unwrap();
    // Until the file is edited.
    while report["turn"].as_u64() != Some(2) || report["next"] != "think" {
        report = world.next("Develop", &report).await.unwrap();
    }
    let draft = records::Draft { by: Some("ada".into()), at: crate::world::now() };
    world.table.put_draft(EXECUTION, &draft).await.unwrap();
    let before = asked(&world).len();
    let report = world.until_it_stops("Develop", report).await.unwrap();
    let result = &report["result"];
    assert_eq!(
        (report["next"].as_str(), result["outcome"].as_str()),
        (Some("done"), Some("done")),
        "{report}"
    );
    assert_eq!(asked(&world).len(), before, "the model is not called anymore");
    assert_eq!(result["implementation"]["files"], json!(["src/shop/money.py"]));
    assert!(result["pr_description"].as_str().unwrap().contains("ada chose to finish here"), "{result}");
    let input = json!({"branch": BRANCH, "implementation": result["implementation"]});
    world.step("Commit", "commit_changes", input).await.unwrap();
    assert!(world.file(BRANCH, "src/shop/money.py").await.unwrap().contains(ADDED));

    // Without a change there is nothing to make a draft of.
    let nothing = world.whole_session("Nothing").await.unwrap();
    assert_eq!(nothing["result"]["outcome"], "blocked", "{nothing}");
    assert!(nothing["result"]["summary"].as_str().unwrap().contains("Nothing was changed"), "{nothing}");
}

#[tokio::test]
async fn the_next_model_goes_on_where_one_is_overloaded_also_of_the_same_provider() {
    let models = ["claude-opus-5-5", "claude-sonnet-5-5"];
    let fault = |model: &str, status: u16, headers: Value| {
        json!({"service": "claude", "path": "^/v1/messages$", "contains": model, "status": status, "times": 10_000,
               "headers": headers})
    };
    let tried = |world: &World| -> Vec<String> {
        let log = world.simulation.log().into_iter();
        let asked = log.filter(|entry| entry.service == "claude" && entry.path == "/v1/messages");
        asked.map(|entry| entry.request["model"].as_str().unwrap().to_owned()).collect()
    };
    let start = async || {
        let world = world(three_turns()).await;
        put_agent(&world, |agent| agent.models = models.map(str::to_owned).into()).await;
        world
    };

    let world = start().await;
    world.fault(fault(models[0], 529, json!({})));
    let report = world.whole_session("Develop").await.unwrap();
    assert_eq!((report["result"]["outcome"].as_str(), report["turns"].as_u64()), (Some("done"), Some(3)));
    assert_eq!(tried(&world), [models[0], models[1], models[1], models[1]]);
    world.assert_no_violations();

    // Each of them once, and then the step waits for the provider.
    let world = start().await;
    for model in models {
        world.fault(fault(model, 529, json!({})));
    }
    let opened = world.open("Develop").await.unwrap();
    assert_eq!(world.next("Develop", &opened).await.unwrap_err().kind, ErrorKind::Throttled);
    assert_eq!(tried(&world), models);

    // A provider that says when it may be called again means all of its models.
    let world = start().await;
    world.fault(fault(models[0], 429, json!({"retry-after": "600"})));
    let opened = world.open("Develop").await.unwrap();
    assert_eq!(world.next("Develop", &opened).await.unwrap_err().kind, ErrorKind::Throttled);
    assert_eq!(tried(&world), models[..1]);
}
