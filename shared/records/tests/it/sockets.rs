//! Sockets at an account's gateway: found by what they follow, and sent to by one function at a time.

use super::feedback::after;
use super::*;
use records::{OpenSocket, RecordsError, SocketHolder, SocketTicket, SocketTurn};
use std::collections::BTreeMap;

fn of(id: &str, execution: Option<&str>, project: Option<&str>) -> OpenSocket {
    OpenSocket {
        id: id.to_owned(),
        holder: SocketHolder::Token { id: "0a1b".into() },
        execution: execution.map(str::to_owned),
        project: project.map(str::to_owned),
        opened_at: after(0),
    }
}

fn last(numbers: &[(&str, u64)]) -> BTreeMap<String, u64> {
    numbers.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect()
}

#[tokio::test]
async fn a_ticket_is_used_once_before_its_end() {
    let table = table().await;
    let holder = SocketHolder::Session {
        person: Some("ada".into()),
        subject: "person:ada".into(),
        id: "s".into(),
        begun_at: after(0),
        ends_at: after(60),
    };
    let ticket = SocketTicket { holder, host: Some("api.example".into()), valid_until: after(60) };
    table.put_socket_ticket("0a1b", &ticket).await.unwrap();
    assert_eq!(table.use_socket_ticket("other", after(1)).await.unwrap(), None);
    assert_eq!(table.use_socket_ticket("0a1b", after(60)).await.unwrap(), None, "it has ended");
    assert_eq!(table.use_socket_ticket("0a1b", after(1)).await.unwrap(), Some(ticket));
    assert_eq!(table.use_socket_ticket("0a1b", after(1)).await.unwrap(), None, "it was used");
}

#[tokio::test]
async fn sockets_are_found_by_what_they_follow_and_by_their_connection() {
    let table = table().await;
    let (one, all) = (of("L0SM9cOFvHcCIhw=", Some("e"), None), of("all", None, Some("SHOP")));
    for socket in [&one, &all, &of("else", Some("f"), None)] {
        table.open_socket(socket, BTreeMap::new()).await.unwrap();
    }
    assert_eq!(table.sockets_about("e", Some("SHOP")).await.unwrap(), [one.clone(), all.clone()]);
    assert_eq!(table.sockets_about("e", None).await.unwrap(), std::slice::from_ref(&one));
    assert_eq!(table.socket_of_connection("all").await.unwrap(), Some(all));
    let again = table.open_socket(&of("all", Some("g"), None), BTreeMap::new()).await;
    assert!(matches!(again, Err(RecordsError::Conflict(_))), "{again:?}");
    let (mut listed, mut position) = (Vec::new(), None);
    loop {
        let page = table.list_sockets(position.as_deref(), 2).await.unwrap();
        listed.extend(page.items.into_iter().map(|socket| socket.id));
        position = page.next;
        if position.is_none() {
            break;
        }
    }
    listed.sort_unstable();
    assert_eq!(listed, ["L0SM9cOFvHcCIhw=", "all", "else"]);
    table.close_socket(&one).await.unwrap();
    table.close_socket(&one).await.unwrap();
    assert_eq!(table.socket_of_connection(&one.id).await.unwrap(), None);
    assert!(table.sockets_about("e", None).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_project_is_followed_however_its_key_is_typed() {
    let table = table().await;
    let typed = [("a", "shop"), ("b", "SHOP"), ("c", "Shop")].map(|(id, key)| of(id, None, Some(key)));
    for socket in &typed {
        table.open_socket(socket, BTreeMap::new()).await.unwrap();
    }
    assert_eq!(table.sockets_about("e", Some("SHOP")).await.unwrap(), typed);
    assert!(table.sockets_about("e", Some("TOOLS")).await.unwrap().is_empty());
    for socket in &typed {
        assert_eq!(table.socket_of_connection(&socket.id).await.unwrap().as_ref(), Some(socket));
        table.close_socket(socket).await.unwrap();
    }
    assert!(table.sockets_about("e", Some("SHOP")).await.unwrap().is_empty());
}

#[tokio::test]
async fn one_at_a_time_has_the_turn_and_looks_again_for_those_who_came_meanwhile() {
    let table = table().await;
    let socket = of("c", None, Some("SHOP"));
    assert_eq!(table.take_socket(&socket, "a", "e", after(0)).await.unwrap(), SocketTurn::Gone);
    table.open_socket(&socket, last(&[("e", 3)])).await.unwrap();
    let mine = SocketTurn::Mine(last(&[("e", 3)]));
    assert_eq!(table.take_socket(&socket, "a", "e", after(0)).await.unwrap(), mine);
    for execution in ["e", "f", "f"] {
        let other = table.take_socket(&socket, "b", execution, after(1)).await.unwrap();
        assert_eq!(other, SocketTurn::Asked);
    }
    let sent = last(&[("e", 4)]);
    assert!(table.advance_socket(&socket, "a", &sent, after(2)).await.unwrap());
    assert!(!table.advance_socket(&socket, "b", &last(&[]), after(2)).await.unwrap(), "it is not b's turn");
    let mut asked = table.leave_socket(&socket, "a").await.unwrap();
    asked.sort_unstable();
    assert_eq!(asked, ["e", "f"]);
    assert_eq!(table.take_socket(&socket, "b", "g", after(3)).await.unwrap(), SocketTurn::Asked);
    // Nothing can be sent now: the others' messages are for the next turn.
    table.put_off_socket(&socket, "a").await.unwrap();
    assert_eq!(table.take_socket(&socket, "a", "e", after(3)).await.unwrap(), SocketTurn::Mine(sent.clone()));
    assert_eq!(table.leave_socket(&socket, "a").await.unwrap(), ["g"]);
    assert!(table.leave_socket(&socket, "a").await.unwrap().is_empty());
    assert_eq!(table.take_socket(&socket, "b", "e", after(4)).await.unwrap(), SocketTurn::Mine(sent));
    // B never comes back.
    assert!(!table.socket_is_abandoned(&socket, after(5)).await.unwrap());
    assert!(table.socket_is_abandoned(&socket, after(100)).await.unwrap());
    assert_eq!(table.take_socket(&socket, "c", "e", after(100)).await.unwrap(), SocketTurn::Abandoned);
}
