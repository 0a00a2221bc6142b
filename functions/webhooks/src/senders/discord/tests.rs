use super::super::testing::{Vocabulary, check_any_delivery};
use super::*;

const BOT: Bot<'_> = Bot { mention: "@ticketsmith", command: "/ticketsmith", account: Some("1") };

fn delivery(payload: &Value) -> Delivery {
    parse(&HeaderMap::new(), payload.to_string().as_bytes(), &BOT).unwrap()
}

fn interaction(kind: u64, data: Value) -> Value {
    json!({"id": "900", "type": kind, "application_id": "128", "token": "aW50", "channel_id": "290",
           "channel": {"id": "290", "name": "shop-dev", "type": 0}, "member": {"user": {"id": "175", "username": "ada"}},
           "data": data})
}

fn command(name: &str, text: &str) -> Value {
    interaction(2, json!({"name": name, "options": [{"name": "text", "type": 3, "value": text}]}))
}

#[test]
fn whatever_arrives_is_read() {
    let vocabulary = Vocabulary {
        headers: &[&[("content-type", "application/json")]],
        names: &[
            "id",
            "type",
            "token",
            "member",
            "user",
            "data",
            "name",
            "options",
            "value",
            "channel",
            "custom_id",
            "resolved",
            "attachments",
            "filename",
            "url",
            "message",
            "embeds",
            "footer",
            "text",
            "event",
        ],
        words: &["ticketsmith", "approve:a b", "approve#0", "run SHOP-1"],
    };
    check_any_delivery(&SPEC, &vocabulary);
}

#[test]
fn a_ping_is_answered() {
    let payload = json!({"id": "900", "type": 1, "application_id": "128", "token": "x"});
    assert_eq!(delivery(&payload).meaning, Meaning::Handshake(json!({"type": 1})));
}

#[test]
fn a_command_knows_where_to_answer() {
    let delivery = delivery(&command("ticketsmith", " run SHOP-1 "));
    assert_eq!(delivery.id, "900");
    let Meaning::SlashCommand(event) = delivery.meaning else { panic!("no command") };
    assert_eq!(event.kind, COMMAND);
    assert_eq!(event.fields["text"], "run SHOP-1");
    assert_eq!(
        (&event.fields["channel"], &event.fields["response_url"]),
        (&json!("290"), &json!("/webhooks/128/aW50"))
    );
    // A project's channel is configured by its name or by its ID.
    assert_eq!(event.fields["channel_name"], "shop-dev");
    let actor = event.actor.unwrap();
    assert_eq!((actor.id.as_str(), actor.display_name.as_deref()), ("175", Some("ada")));
}

#[test]
fn subcommands_and_numbers_are_words_of_a_command() {
    let number = json!({"name": "ticket", "type": 4, "value": 12});
    let text = json!({"name": "more", "type": 3, "value": "now"});
    let options = json!([{"name": "run", "type": 1, "options": [number, text]}]);
    let payload = interaction(2, json!({"name": "ticketsmith", "options": options}));
    let Meaning::SlashCommand(event) = delivery(&payload).meaning else { panic!("no command") };
    assert_eq!(event.fields["text"], "run 12 now");
}

#[test]
fn a_file_that_is_given_to_a_command_is_linked_and_is_no_word() {
    let options = json!([
        {"name": "text", "type": 3, "value": "revise SHOP-1 Like this"}, {"name": "file", "type": 11, "value": "42"},
        {"name": "other", "type": 11, "value": "43"},
    ]);
    let url = "https://cdn.discordapp.com/ephemeral-attachments/128/42/till.png?ex=1&is=2&hm=3";
    let resolved =
        json!({"attachments": {"42": {"id": "42", "filename": "till.png", "url": url, "size": 7}}});
    let payload = interaction(2, json!({"name": "ticketsmith", "options": options, "resolved": resolved}));
    let Meaning::SlashCommand(event) = delivery(&payload).meaning else { panic!("no command") };
    assert_eq!(event.fields["text"], "revise SHOP-1 Like this");
    assert_eq!(event.fields["uploads"], format!("Uploaded with this: [till.png]({url})"));
    let Meaning::SlashCommand(event) = delivery(&command("ticketsmith", "status")).meaning else {
        panic!("no command")
    };
    assert_eq!(event.fields["uploads"], Value::Null);
}

#[test]
fn a_webhook_event_is_no_ping_although_it_has_its_number() {
    let event = json!({"type": "APPLICATION_AUTHORIZED", "timestamp": "2026-11-22T10:00:00"});
    let payload = json!({"version": 1, "application_id": "128", "type": 1, "event": event});
    let expected = "Discord's event `APPLICATION_AUTHORIZED` is not used";
    assert_eq!(delivery(&payload).meaning, Meaning::Ignored(expected.into()));
}

#[test]
fn a_command_in_a_direct_message_has_its_person_elsewhere() {
    let mut payload = command("ticketsmith", "help");
    payload["user"] = payload["member"]["user"].take();
    let Meaning::SlashCommand(event) = delivery(&payload).meaning else { panic!("no command") };
    assert_eq!(event.actor.unwrap().id, "175");
}

#[test]
fn another_command_is_told_the_right_one() {
    let Meaning::Handshake(answer) = delivery(&command("other", "x")).meaning else { panic!("no answer") };
    let content = answer["data"]["content"].as_str().unwrap();
    assert!(content.contains("`/other`") && content.contains("`/ticketsmith`"), "{content}");
}

#[test]
fn a_button_names_its_action_and_who_pressed_it() {
    let payload =
        interaction(3, json!({"custom_id": "approve:execution-1 Approve: it", "component_type": 2}));
    let Meaning::Button(Button { action, value, actor, reply, acknowledgment, .. }) =
        delivery(&payload).meaning
    else {
        panic!("no button")
    };
    assert_eq!(
        (action.as_str(), value.as_str(), actor.id.as_str()),
        ("approve", "execution-1 Approve: it", "175")
    );
    assert_eq!(reply, Some(ReplyPlace::Address { address: "/webhooks/128/aW50".into() }));
    assert_eq!(acknowledgment, Some(json!({"type": 6})));
}

#[test]
fn a_long_value_is_in_the_footer() {
    let value = format!("execution {}", "x".repeat(300));
    let digest = hex::encode(Sha256::digest(value.as_bytes()));
    let mut payload = interaction(3, json!({"custom_id": format!("deny#{}", &digest[..32])}));
    payload["message"] = json!({"embeds": [{"title": "x"}, {"footer": {"text": value}}]});
    let Meaning::Button(button) = delivery(&payload).meaning else { panic!("no button") };
    assert_eq!((button.action.as_str(), button.value), ("deny", value));
    payload["message"]["embeds"][1]["footer"]["text"] = "another".into();
    assert!(matches!(delivery(&payload).meaning, Meaning::Handshake(_)));
}

#[test]
fn what_is_not_used_is_ignored() {
    assert!(matches!(delivery(&interaction(5, json!({}))).meaning, Meaning::Ignored(_)));
    assert!(matches!(delivery(&json!({})).meaning, Meaning::Ignored(_)));
    let nobodys = json!({"id": "900", "type": 2, "data": {"name": "ticketsmith"}});
    let expected = "the interaction lacks a field that Discord documents";
    assert_eq!(delivery(&nobodys).meaning, Meaning::Ignored(expected.into()));
}
