//! Machine tokens, signing in, and who changed what.

use super::*;
use domain::Scope;
use domain::configuration::Role;
use jiff::SignedDuration;
use records::{MOST_TOKENS_OF_ONE, MachineToken, SignInTicket, TokenKept};

fn token(id: &str, created_at: Timestamp) -> MachineToken {
    MachineToken {
        id: id.to_owned(),
        name: "nightly report".to_owned(),
        owner: "ada".to_owned(),
        scope: Scope { roles: [Role::Viewer].into(), projects: Some(["SHOP".to_owned()].into()) },
        sha256: "0a1b".to_owned(),
        created_at,
        valid_until: created_at + SignedDuration::from_hours(24),
        revoked_at: None,
        revoked_by: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_kept_listed_and_revoked_once() {
    let table = table().await;
    let now = at("2026-11-29T12:00:00Z");
    let (one, other) = (token("1", now), token("2", now + SignedDuration::from_secs(1)));
    for kept in [&one, &other] {
        assert_eq!(table.put_token(kept).await.unwrap(), TokenKept::Kept);
    }
    assert!(table.put_token(&one).await.is_err());
    assert_eq!(table.token("1").await.unwrap(), Some(one.clone()));
    assert_eq!(table.token("3").await.unwrap(), None);
    assert_eq!(table.tokens().await.unwrap(), [other.clone(), one.clone()]);

    let revoked = table.revoke_token("1", "eve", now).await.unwrap().unwrap();
    assert_eq!((revoked.revoked_at, revoked.revoked_by.as_deref()), (Some(now), Some("eve")));
    let later = now + SignedDuration::from_secs(9);
    assert_eq!(table.revoke_token("1", "bob", later).await.unwrap(), Some(revoked.clone()));
    assert_eq!(table.token("1").await.unwrap(), Some(revoked));
    assert_eq!(table.revoke_token("3", "eve", now).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_takes_every_place_for_tokens() {
    let table = table().await;
    let now = at("2026-11-29T12:00:00Z");
    for number in 0..MOST_TOKENS_OF_ONE {
        assert_eq!(table.put_token(&token(&format!("a{number}"), now)).await.unwrap(), TokenKept::Kept);
    }
    assert_eq!(table.put_token(&token("b", now)).await.unwrap(), TokenKept::TooManyOfOwner);
    let of_another = MachineToken { owner: "eve".to_owned(), ..token("b", now) };
    assert_eq!(table.put_token(&of_another).await.unwrap(), TokenKept::Kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_signs_in_once_and_in_time() {
    let table = table().await;
    let now = at("2026-11-29T12:00:00Z");
    let ticket = SignInTicket { person: None, valid_until: now + SignedDuration::from_mins(5) };
    for sha256 in ["a", "b"] {
        table.put_sign_in_ticket(sha256, &ticket).await.unwrap();
    }
    assert_eq!(table.use_sign_in_ticket("a", now).await.unwrap(), Some(ticket.clone()));
    assert_eq!(table.use_sign_in_ticket("a", now).await.unwrap(), None);
    assert_eq!(table.use_sign_in_ticket("b", ticket.valid_until).await.unwrap(), None);
    assert_eq!(table.use_sign_in_ticket("c", now).await.unwrap(), None);
    assert!(table.use_once("d", ticket.valid_until).await.unwrap());
    assert!(!table.use_once("d", ticket.valid_until).await.unwrap());
    assert_eq!(table.use_sign_in_ticket("d", now).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_end_one_by_one_or_all_that_began() {
    let table = table().await;
    let now = at("2026-11-29T12:00:00.7Z");
    let until = now + SignedDuration::from_hours(12);
    let none = table.ended_sessions("ada").await.unwrap();
    assert!(!none.include("s1", now));
    table.end_session("ada", "s1", until).await.unwrap();
    let one = table.ended_sessions("ada").await.unwrap();
    assert!(one.include("s1", now) && !one.include("s2", now));
    table.end_sessions("ada", now, until).await.unwrap();
    let all = table.ended_sessions("ada").await.unwrap();
    assert!(all.include("s2", at("2026-11-29T12:00:00Z")));
    assert!(!all.include("s2", at("2026-11-29T12:00:01Z")));
    assert!(!table.ended_sessions("bob").await.unwrap().include("s1", now));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_an_account_is_bound_to_its_first_id() {
    let table = table().await;
    let now = at("2026-11-29T12:00:00Z");
    let first = table.bind_account("github", "Ada-L", "17", now).await.unwrap();
    assert_eq!(first.id, "17");
    assert_eq!(table.bind_account("github", "ada-l", "99", now).await.unwrap(), first);
    assert_eq!(table.bind_account("oidc", "ada-l", "99", now).await.unwrap().id, "99");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_is_used_as_often_as_its_rate_allows() {
    let table = table().await;
    let now = at("2026-11-29T12:00:00Z");
    let rate = Rate::per_second(2);
    let burst = usize::try_from(rate.burst()).unwrap();
    let results =
        futures::future::join_all((0..burst + 3).map(|_| table.count_use("token 1", rate, now))).await;
    let refused: Vec<Duration> = results.into_iter().filter_map(|result| result.unwrap().err()).collect();
    assert_eq!(refused.len(), 3);
    assert!(table.count_use("token 2", rate, now).await.unwrap().is_ok());
    let longest = refused.into_iter().max().unwrap();
    let later = now + SignedDuration::try_from(longest).unwrap();
    assert!(table.count_use("token 1", rate, later).await.unwrap().is_ok());
    assert!(table.count_use("token 1", rate, later).await.unwrap().is_err());
}

#[tokio::test]
async fn a_clock_that_is_set_back_locks_nobody_out() {
    let table = table().await;
    let now = at("2026-11-29T12:00:00Z");
    let rate = Rate::per_second(2);
    assert!(table.count_use("token", rate, now).await.unwrap().is_ok());
    let earlier = now - SignedDuration::from_hours(1);
    for is_let_in in [true, true, false] {
        assert_eq!(table.count_use("token", rate, earlier).await.unwrap().is_ok(), is_let_in);
    }
    // A clock that is a little behind another one gains nothing.
    while table.count_use("another", rate, now).await.unwrap().is_ok() {}
    let behind = now - SignedDuration::from_secs(30);
    assert!(table.count_use("another", rate, behind).await.unwrap().is_err());
}
