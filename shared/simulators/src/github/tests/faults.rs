//! Faults in front of a service that keeps its word otherwise.

use super::*;

#[tokio::test]
async fn an_answer_can_be_lost_after_the_work_is_done() {
    let server = Server::start().await;
    let fault = json!({ "service": "github", "method": "POST", "path": "/comments$", "status": 502, "after_effect": true });
    server.faults.push(serde_json::from_value(fault).unwrap()).unwrap();
    let comment = || Some(json!({ "body": "Hello." }));
    assert_eq!(server.call("POST", "/repos/acme/shop/issues/1/comments", comment()).await.0, 502);
    assert_eq!(names(&server.get("/issues/1/comments").await, "body"), ["Please.", "Hello."]);
    server.finish();
}

#[tokio::test]
async fn a_fault_before_the_work_leaves_nothing_behind() {
    let server = Server::start().await;
    let fault = json!({
        "path": "/comments$", "status": 403, "headers": { "retry-after": "7" }, "times": 2,
        "body": { "message": "You have exceeded a secondary rate limit." },
    });
    server.faults.push(serde_json::from_value(fault).unwrap()).unwrap();
    for _ in 0..2 {
        let request =
            server.request("POST", "/repos/acme/shop/issues/1/comments").json(&json!({ "body": "Hello." }));
        let response = request.send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["retry-after"]),
            (403, &"7".parse().unwrap())
        );
    }
    assert_eq!(names(&server.get("/issues/1/comments").await, "body"), ["Please."]);
    server.finish();
}

#[tokio::test]
async fn a_truncated_answer_cannot_be_read() {
    let server = Server::start().await;
    server
        .faults
        .push(Fault { path: "/pulls$".into(), truncated: true, times: 1, ..Fault::default() })
        .unwrap();
    let answer = server.request("GET", "/repos/acme/shop/pulls").send().await;
    let read = match answer {
        Ok(response) => response.bytes().await.map(drop),
        Err(error) => Err(error),
    };
    assert!(read.is_err());
    assert_eq!(server.get("/pulls").await, json!([]));
    server.finish();
}
