//! The setup in Notion.

use provider::{Setup, SetupFacts, SigningSecret};

pub(crate) const SETUP: Setup = Setup::new(steps, SigningSecret::None);

fn steps(_: &SetupFacts<'_>) -> Vec<String> {
    vec![
        "Create an internal integration at https://www.notion.so/profile/integrations with the capabilities Read content, Insert \
         content and Update content. Its secret is the `token`."
            .to_owned(),
        "Open the page under which pages are to be created, and add the integration in its menu under Connections. Its address is the \
         project's `space`."
            .to_owned(),
    ]
}
