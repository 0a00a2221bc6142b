//! The settings of its section under `plugins`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of Linear under `plugins`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The API's address. Default: `https://api.linear.app`.
    #[serde(default = "api")]
    pub base_url: String,
}

impl Settings {
    /// Where the files of the workspaces are that the API serves.
    pub(crate) fn uploads(&self) -> String {
        let base_url = self.base_url.trim_end_matches('/');
        match base_url.strip_prefix("https://api.") {
            Some(host) => format!("https://uploads.{host}"),
            None => format!("{base_url}/uploads"),
        }
    }
}

fn api() -> String {
    "https://api.linear.app".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uploads_belong_to_their_api() {
        let uploads = |base_url: &str| Settings { base_url: base_url.to_owned() }.uploads();
        assert_eq!(uploads("https://api.linear.app/"), "https://uploads.linear.app");
        assert_eq!(uploads("http://127.0.0.1:1"), "http://127.0.0.1:1/uploads");
    }
}
