//! What Linear's refusals mean.

use crate::{LINEAR, linear, quick_simulation, simulation, with_options};
use domain::plugins::TaskManagement;
use domain::{ActionError, ErrorKind};
use http_client::read_credentials;
use provider_linear::{Linear, SPEC};
use provider_testing::{assert_contract, mark, options};
use serde_json::{Value, json};
use simulators::Simulation;
use simulators::fault::Fault;
use std::time::Duration;

async fn failing(simulation: &Simulation, with: Fault) -> ActionError {
    LINEAR.fault(simulation, "/graphql$", with);
    linear(simulation).get_task("ENG-7").await.unwrap_err()
}

fn error(code: &str) -> Value {
    json!({"errors": [{"message": "No!", "extensions": {"code": code, "userPresentableMessage": "Not now."}}]})
}

#[tokio::test]
async fn refusals_mean_what_they_mean_everywhere() {
    assert_contract(async |with| failing(&quick_simulation().await, with).await).await;
}

#[tokio::test]
async fn errors_inside_answers_are_typed() {
    let simulation = simulation().await;
    for status in [200, 400] {
        for (code, kind) in [
            ("RATELIMITED", ErrorKind::Throttled),
            ("INTERNAL_SERVER_ERROR", ErrorKind::Unavailable),
            ("LOCK_TIMEOUT", ErrorKind::Unavailable),
            ("AUTHENTICATION_ERROR", ErrorKind::Rejected),
            ("FORBIDDEN", ErrorKind::Rejected),
            ("INPUT_ERROR", ErrorKind::Rejected),
        ] {
            let fault = Fault { status: Some(status), body: Some(error(code)), ..Fault::default() };
            let failed = failing(&simulation, fault).await;
            assert_eq!(failed.kind, kind, "{status} {code}: {failed}");
            assert!(failed.message.starts_with("Linear: reading a ticket failed: No!: Not now."), "{failed}");
        }
    }
    let empty = Fault { status: Some(200), body: Some(json!({"data": null})), ..Fault::default() };
    assert_eq!(failing(&simulation, empty).await.kind, ErrorKind::Internal);
    let strange = Fault { status: Some(200), body: Some(json!({"data": {"issue": 7}})), ..Fault::default() };
    assert_eq!(failing(&simulation, strange).await.kind, ErrorKind::Internal);
}

#[tokio::test]
async fn the_headers_of_an_exhausted_limit_say_how_long_to_wait() {
    let simulation = simulation().await;
    let in_a_minute = jiff::Timestamp::now().as_millisecond() + 60_000;
    for limit in ["requests", "complexity"] {
        let headers = [
            (format!("x-ratelimit-{limit}-remaining"), "0".to_owned()),
            (format!("x-ratelimit-{limit}-reset"), in_a_minute.to_string()),
        ];
        let fault = Fault {
            status: Some(400),
            headers: headers.into(),
            body: Some(error("RATELIMITED")),
            ..Fault::default()
        };
        let wait = failing(&simulation, fault).await.retry_after.unwrap();
        assert!((Duration::from_secs(1)..=Duration::from_secs(60)).contains(&wait), "{wait:?}");
    }
}

#[tokio::test]
async fn a_comment_whose_answer_was_lost_is_found() {
    let simulation = simulation().await;
    let linear = linear(&simulation);
    let lost = Fault {
        contains: Some("commentCreate".into()),
        truncated: true,
        after_effect: true,
        ..Fault::default()
    };
    LINEAR.fault(&simulation, "/graphql$", lost);
    let mark = mark("run/AddComment");
    let error = linear.add_comment("ENG-7", "x", &mark).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(linear.find_comment("ENG-7", &mark).await.unwrap().is_some());
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_not_waited_for() {
    let simulation = simulation().await;
    LINEAR.fault(&simulation, "/graphql$", Fault { delay_ms: 600_000, ..Fault::default() });
    let linear = with_options(&simulation, &options().request_timeout(Duration::from_millis(200)));
    let error = linear.get_task("ENG-7").await.unwrap_err();
    assert!(error.kind == ErrorKind::Unavailable && error.message.contains("within 0.2 s"), "{error}");
}

#[tokio::test]
async fn a_wrong_key_is_said_and_not_shown() {
    let simulation = simulation().await;
    let secret = r#"{"api_key": "hunter2-key"}"#.into();
    let credentials = read_credentials("ticketsmith/linear", &secret, &SPEC.secret_forms()).unwrap();
    let settings = serde_json::from_value(json!({"base_url": simulation.url("linear")})).unwrap();
    let linear = Linear::new(&settings, credentials, &options()).unwrap();
    let error = linear.get_task("ENG-7").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected);
    assert!(error.message.contains("valid API key") && !error.message.contains("hunter2"), "{error}");
    assert!(!format!("{linear:?}").contains("hunter2"));
}
