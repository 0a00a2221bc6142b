//! Permissions: admissions of runs, and writers of repositories.

use super::*;
use domain::Grant;
use jiff::SignedDuration;
use records::WRITER_KNOWN;

const RUN: &str = "arn:aws:states:us-east-1:000000000000:execution:development:a";

#[tokio::test]
async fn the_first_admission_of_a_run_stays() {
    let table = table().await;
    assert_eq!(table.admission(RUN).await.unwrap(), None);
    table.admit_run(RUN, Grant::Writer, start()).await.unwrap();
    table.admit_run(RUN, Grant::ByHand, at("2026-11-23T12:00:00Z")).await.unwrap();
    let admission = table.admission(RUN).await.unwrap().unwrap();
    assert_eq!((admission.grant, admission.at), (Grant::Writer, start()));
    assert_eq!(table.admission("another").await.unwrap(), None);
}

#[tokio::test]
async fn a_writer_is_one_for_a_week_and_of_one_project() {
    let table = table().await;
    table.put_writer("github:eve", "SHOP", start()).await.unwrap();
    let is_writer =
        async |account, project, after| table.is_writer(account, project, start() + after).await.unwrap();
    let almost = WRITER_KNOWN - SignedDuration::from_secs(1);
    assert!(is_writer("github:eve", "SHOP", SignedDuration::ZERO).await);
    assert!(is_writer("github:eve", "SHOP", almost).await);
    assert!(!is_writer("github:eve", "SHOP", WRITER_KNOWN).await);
    assert!(!is_writer("github:eve", "WEB", SignedDuration::ZERO).await);
    assert!(!is_writer("github:mallory", "SHOP", SignedDuration::ZERO).await);
    table.put_writer("github:eve", "SHOP", start() + almost).await.unwrap();
    assert!(is_writer("github:eve", "SHOP", WRITER_KNOWN).await, "asked again");
}
