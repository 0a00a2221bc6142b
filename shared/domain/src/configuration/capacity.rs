//! How many of our pull requests people have to review at once.

use super::problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most pull requests that a limit may allow.
const MOST: u32 = 1_000;

/// How many of our pull requests may be open at once; further tickets wait in line before an agent begins. Revisions never wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Capacity {
    /// How many of our pull requests may be open, 1 to 1000.
    pub open_pull_requests: u32,
    /// Which pull requests are counted together: those of the `project`, those that one `person` asked for, or those that one
    /// `codeowner` is asked to review. Default: `project`.
    #[serde(default)]
    pub per: CapacityPer,
}

/// Whose pull requests are counted together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CapacityPer {
    /// All of the project.
    #[default]
    Project,
    /// Those that one person asked for.
    Person,
    /// Those that one owner in the file `CODEOWNERS` is asked to review.
    Codeowner,
}

impl Capacity {
    /// Its problems.
    pub(super) fn problems(&self) -> impl Iterator<Item = Problem> {
        let limit = self.open_pull_requests;
        let wrong = !(1..=MOST).contains(&limit);
        let message = format!("{limit} open pull requests are not accepted; accepted: 1 to {MOST}");
        wrong.then(|| Problem::new(["open_pull_requests"], message)).into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_limit_is_from_1_to_1000_and_counts_per_project_unless_it_says_otherwise() {
        let read = |limit: u32| -> Capacity {
            serde_json::from_value(json!({"open_pull_requests": limit})).unwrap()
        };
        assert_eq!(read(3).per, CapacityPer::Project);
        for limit in [1, MOST] {
            assert_eq!(read(limit).problems().count(), 0, "{limit}");
        }
        for limit in [0, MOST + 1] {
            let problem = read(limit).problems().next().unwrap();
            assert_eq!(problem.pointer, "/open_pull_requests");
            assert!(problem.message.contains(&limit.to_string()), "{}", problem.message);
            assert!(problem.message.ends_with("accepted: 1 to 1000"), "{}", problem.message);
        }
        let unknown = serde_json::from_value::<Capacity>(json!({"open_pull_requests": 1, "per": "team"}));
        assert!(unknown.unwrap_err().to_string().contains("codeowner"));
    }
}
