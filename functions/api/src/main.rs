//! The API as one Lambda executable.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::lambda::Error> {
    runtime::lambda::run_http(&api::functions()).await
}
