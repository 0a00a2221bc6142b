//! How OpenAI is set up for us.

use provider::{Setup, SigningSecret};

/// See [`Setup`].
pub(crate) const SETUP: Setup = Setup::new(
    |_| {
        vec![
            "Create a project with its own monthly budget at https://platform.openai.com/settings/organization/projects, as a backstop that nothing here can exceed."
                .to_owned(),
            "Create a key of that project at https://platform.openai.com/api-keys, restricted to write access to `Model capabilities` and read access to `Models`."
                .to_owned(),
        ]
    },
    SigningSecret::None,
);
