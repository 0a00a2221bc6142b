//! The API, and what lets readers in at the gateway for sockets, as one Lambda executable.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::lambda::Error> {
    runtime::lambda::run(&api::functions()).await
}
