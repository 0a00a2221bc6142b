//! Accounts that people join, and their chosen notices.

use crate::table;
use domain::SourceName;
use jiff::{SignedDuration, Timestamp};
use records::{JoinedAccount, LinkAccount, LinkCode, LinkSide, Table};

fn account(source: &'static str, id: &str) -> LinkAccount {
    LinkAccount { source: SourceName::from_static(source), id: id.to_owned(), name: id.to_owned() }
}

fn joined(at: Timestamp) -> JoinedAccount {
    let (account, by) = (account("github", "Ada-L"), account("slack", "U1"));
    JoinedAccount { account, by, person: "ada".into(), at }
}

async fn code(table: &Table, code: &str, now: Timestamp) -> Timestamp {
    let valid_until = now + SignedDuration::from_mins(15);
    let link = LinkCode {
        first: account("slack", "U1"),
        second: None,
        first_confirmed_at: None,
        second_confirmed_at: None,
        joined_at: None,
        valid_until,
    };
    table.put_link_code(code, &link).await.unwrap();
    valid_until
}

#[tokio::test]
async fn an_account_is_joined_only_when_both_confirmed() {
    let (table, now) = (table().await, Timestamp::UNIX_EPOCH);
    code(&table, "c", now).await;
    assert_eq!(table.confirm_link_code("c", LinkSide::First, now).await.unwrap(), None, "nobody to confirm");
    assert!(!table.join_account("c", &joined(now)).await.unwrap());
    assert!(table.claim_link_code("c", &account("github", "Ada-L"), now).await.unwrap());
    assert!(!table.claim_link_code("c", &account("github", "mallory"), now).await.unwrap(), "it is taken");
    for side in [LinkSide::Second, LinkSide::First] {
        assert!(!table.join_account("c", &joined(now)).await.unwrap());
        assert!(table.confirm_link_code("c", side, now).await.unwrap().is_some());
    }
    assert!(table.join_account("c", &joined(now)).await.unwrap());
    assert!(!table.join_account("c", &joined(now)).await.unwrap(), "a code joins once");
    let found = table.joined_account("github", "ada-l").await.unwrap().unwrap();
    assert_eq!(found, joined(now));
    assert_eq!(table.joined_accounts("ada").await.unwrap(), std::slice::from_ref(&found));

    // An account that is joined to one person is nobody else's.
    code(&table, "d", now).await;
    table.claim_link_code("d", &account("github", "ada-l"), now).await.unwrap();
    for side in [LinkSide::Second, LinkSide::First] {
        table.confirm_link_code("d", side, now).await.unwrap();
    }
    let other = JoinedAccount { person: "grace".into(), ..joined(now) };
    assert!(!table.join_account("d", &other).await.unwrap());
    table.separate_account(&found).await.unwrap();
    assert_eq!(table.joined_account("github", "Ada-L").await.unwrap(), None);
    assert_eq!(table.joined_accounts("ada").await.unwrap(), []);
}

#[tokio::test]
async fn a_code_whose_time_is_over_joins_nothing() {
    let (table, now) = (table().await, Timestamp::UNIX_EPOCH);
    let over = code(&table, "c", now).await;
    assert!(table.link_code("c", now).await.unwrap().is_some());
    assert!(table.link_code("c", over).await.unwrap().is_none());
    assert!(!table.claim_link_code("c", &account("github", "ada-l"), over).await.unwrap());
    assert!(table.claim_link_code("c", &account("github", "Ada-L"), now).await.unwrap());
    assert!(table.confirm_link_code("c", LinkSide::First, over).await.unwrap().is_none());
    for side in [LinkSide::Second, LinkSide::First] {
        table.confirm_link_code("c", side, now).await.unwrap();
    }
    assert!(!table.join_account("c", &joined(over)).await.unwrap());
    assert_eq!(table.joined_account("github", "Ada-L").await.unwrap(), None);
}
