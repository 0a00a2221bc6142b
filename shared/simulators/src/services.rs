//! The list of simulated services.

use crate::bedrock::Bedrock;
use crate::claude::Claude;
use crate::cloudwatch::CloudWatch;
use crate::confluence::Confluence;
use crate::discord::Discord;
use crate::github::GitHub;
use crate::gitlab::GitLab;
use crate::jira::Jira;
use crate::linear::Linear;
use crate::notion::Notion;
use crate::openai::OpenAi;
use crate::prometheus::Prometheus;
use crate::service::ServiceSpec;
use crate::slack::Slack;

/// Every simulated service, in alphabetical order. A service's own folder holds everything else about it.
pub const ALL: &[ServiceSpec] = &[
    ServiceSpec::of::<Bedrock>(),
    ServiceSpec::of::<Claude>(),
    ServiceSpec::of::<CloudWatch>(),
    ServiceSpec::of::<Confluence>(),
    ServiceSpec::of::<Discord>(),
    ServiceSpec::of::<GitHub>(),
    ServiceSpec::of::<GitLab>(),
    ServiceSpec::of::<Jira>(),
    ServiceSpec::of::<Linear>(),
    ServiceSpec::of::<Notion>(),
    ServiceSpec::of::<OpenAi>(),
    ServiceSpec::of::<Prometheus>(),
    ServiceSpec::of::<Slack>(),
];
