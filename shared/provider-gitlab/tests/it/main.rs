//! GitLab over HTTP, against the simulator and the official description.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

mod code;
mod failures;
mod reviews;
mod tickets;

use domain::plugins::{CommitRequest, FileChange, FileContent};
use domain::{BranchName, CommitSha, RepositoryName};
use provider_gitlab::{Credentials, Gitlab, Settings};
use provider_testing::{Service, options};
use simulators::{Simulation, World};
use std::path::Path;

const GITLAB: Service = Service { name: "gitlab", descriptions: &["gitlab.json"] };

async fn simulation() -> Simulation {
    simulation_with(|_| {}).await
}

/// The world with a changed section.
async fn simulation_with(change: impl FnOnce(&mut simulators::gitlab::World)) -> Simulation {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../simulators/worlds/shop.yaml");
    let mut world = World::load_stack(&path, "gitlab").unwrap();
    change(world.section_mut("gitlab").unwrap());
    GITLAB.described_simulation_of(world).await
}

fn gitlab(simulation: &Simulation) -> Gitlab {
    gitlab_with(simulation, options())
}

fn gitlab_with(simulation: &Simulation, options: http_client::Options) -> Gitlab {
    let base_url = simulation.urls().get("gitlab").unwrap().to_owned();
    let settings = Settings { base_url, commit_author: None };
    let token = "simulated-gitlab-token".into();
    Gitlab::new(&settings, Credentials { token }, &options).unwrap()
}

fn shop() -> RepositoryName {
    "acme/web/shop".parse().unwrap()
}

fn branch(name: &str) -> BranchName {
    name.parse().unwrap()
}

fn write(path: &str, text: &str) -> FileChange {
    FileChange::Write { path: path.into(), content: FileContent::Text(text.into()), executable: false }
}

fn request(on: &BranchName, parent: &CommitSha, changes: Vec<FileChange>) -> CommitRequest {
    CommitRequest {
        branch: on.clone(),
        parent: parent.clone(),
        message: "Change the shop".into(),
        co_author: Some("ada".into()),
        changes,
    }
}
