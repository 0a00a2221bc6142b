//! The events function as one Lambda executable.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::lambda::Error> {
    runtime::lambda::run_documents(&events::functions()).await
}
