//! Where a service is.

use domain::ActionError;

/// The variables that name a region, as AWS's own programs read them. Lambda sets the first.
const VARIABLES: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

/// The region of a section of the configuration: the one it sets, or that of this process's environment.
///
/// # Errors
/// `Rejected` when there is none, or it is not the name of a region.
pub fn region(section: &str, set: Option<&str>) -> Result<String, ActionError> {
    let of_environment =
        || VARIABLES.into_iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    let Some(region) = set.map(str::to_owned).or_else(of_environment) else {
        return Err(ActionError::rejected(format!(
            "{section}.region is missing, and AWS_REGION is not set; accepted: a region of AWS, as eu-central-1"
        )));
    };
    let is_legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !(1..=25).contains(&region.len()) || !region.chars().all(is_legal) || region.starts_with('-') {
        return Err(ActionError::rejected(format!(
            "{section}.region: `{}` is not a region of AWS; accepted: one like eu-central-1",
            http_client::excerpt(&region)
        )));
    }
    Ok(region)
}

/// The public address of a service in a region: `https://bedrock-runtime.eu-central-1.amazonaws.com`.
pub fn address(service: &str, region: &str) -> String {
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://{service}.{region}.{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_a_name_and_nothing_else() {
        assert_eq!(region("plugins.x", Some("eu-central-1")).unwrap(), "eu-central-1");
        for wrong in ["", "EU", "eu central", "eu/1", "evil.example#", &"a".repeat(26)] {
            let error = region("plugins.x", Some(wrong)).unwrap_err().message;
            assert!(error.starts_with("plugins.x.region: `"), "{error}");
        }
        assert_eq!(address("monitoring", "us-east-1"), "https://monitoring.us-east-1.amazonaws.com");
        assert_eq!(address("events", "cn-north-1"), "https://events.cn-north-1.amazonaws.com.cn");
    }
}
