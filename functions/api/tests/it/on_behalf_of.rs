//! `Ticketsmith-As`: the installation asks in the name of people, and nobody else does.

use crate::people::{ME, add};
use crate::world::{OPERATOR, World};
use axum::http::Method;
use secrecy::ExposeSecret;
use serde_json::json;
use sign_in::{Carrier, SignInWay, Subject, issue};

#[tokio::test(flavor = "multi_thread")]
async fn the_installation_asks_for_people_whose_names_are_in_any_alphabet() {
    let world = World::new().await;
    assert_eq!(add(&world, json!({"name": "Zoë", "roles": ["viewer"]})).await.status, 201);
    let me = async |name: &str| {
        let headers = [("authorization", format!("Bearer {OPERATOR}")), ("ticketsmith-as", name.to_owned())];
        world.send(Method::GET, ME, &headers, None).await
    };
    let answer = me("Zoë").await;
    assert_eq!((answer.status, answer.json()["name"].clone()), (200, json!("Zoë")), "{}", answer.text);
    assert_eq!(answer.json()["roles"], json!(["viewer"]));
    assert_eq!(me(&"ë".repeat(100)).await.status, 200);
    for wrong in ["", "a\tb", &"ë".repeat(101)] {
        assert_eq!(me(wrong).await.status, 422, "{wrong:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_asks_for_other_people() {
    let world = World::new().await;
    let session = world.session("developer");
    let operators =
        issue(&world.keys, Subject::Operator, SignInWay::Link, Carrier::Bearer, world.now()).unwrap();
    let operators = operators.token.expose_secret().to_owned();
    let me = async |session: &str, name: &str| {
        let headers = [("authorization", format!("Bearer {session}")), ("ticketsmith-as", name.to_owned())];
        world.send(Method::GET, ME, &headers, None).await
    };
    assert_eq!(me(&session, "developer").await.json()["name"], "developer");
    assert_eq!(me(&operators, "operator").await.status, 200);
    for (session, other) in
        [(&session, "admin"), (&session, "Developer"), (&session, ""), (&operators, "admin")]
    {
        let answer = me(session, other).await;
        assert_eq!(answer.status, 422, "{other}: {}", answer.text);
        assert_eq!(answer.json()["errors"][0]["path"], "ticketsmith-as");
    }
}
