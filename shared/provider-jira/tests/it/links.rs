//! Links by which tickets wait for each other.

use super::{JIRA, jira};
use domain::ErrorKind;
use domain::plugins::TaskManagement;
use http_client::read_credentials;
use provider_jira::{Jira, SPEC};
use provider_testing::{assert_described, mark, options, secret};
use serde_json::json;

#[tokio::test]
async fn a_ticket_waits_for_another_by_a_link_of_the_configured_type() {
    let simulation = JIRA.described_simulation().await;
    let jira = jira(&simulation);
    assert_eq!(jira.blockers("SHOP-1").await.unwrap(), Some(Vec::new()));
    for _ in 0..2 {
        let linked = jira.link_blocker("SHOP-1", "SHOP-2", &mark("link")).await.unwrap();
        assert_eq!(linked.note, None);
    }
    let links = jira.blockers("SHOP-1").await.unwrap().unwrap();
    assert_eq!(links.len(), 1, "a second one is not made: {links:?}");
    assert_eq!(links[0].blocker, "SHOP-2");
    assert_eq!(jira.blockers("SHOP-2").await.unwrap(), Some(Vec::new()), "only one of them waits");
    for _ in 0..2 {
        jira.unlink_blocker("SHOP-1", &links[0]).await.unwrap();
    }
    assert_eq!(jira.blockers("SHOP-1").await.unwrap(), Some(Vec::new()));
    assert_eq!(jira.blockers("SHOP-99").await.unwrap(), None);
    let unknown = jira.link_blocker("SHOP-1", "SHOP-99", &mark("link")).await.unwrap_err();
    assert!(unknown.kind == ErrorKind::Rejected && unknown.message.contains("SHOP-99"), "{unknown}");

    let other = json!({"base_url": simulation.url("jira"), "link_type": "Depends"});
    let credentials =
        read_credentials("ticketsmith/jira", &secret(&simulation, "ticketsmith/jira"), &SPEC.secret_forms())
            .unwrap();
    let other = Jira::new(&serde_json::from_value(other).unwrap(), credentials, &options()).unwrap();
    let refused = other.link_blocker("SHOP-1", "SHOP-2", &mark("link")).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Rejected);
    assert!(refused.message.contains("no issue link type `Depends`"), "{refused}");
    assert!(refused.message.contains(".link_type"), "{refused}");
    assert_described(&simulation);
}
