//! The facts that the names of models give.

/// Where requests with an inference profile of AWS's may be served, as its ID begins:
/// <https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html>.
const GEOGRAPHIES: [&str; 9] = ["apac", "au", "ca", "eu", "global", "in", "jp", "us", "us-gov"];

/// Whose models there are, as their IDs begin: <https://docs.aws.amazon.com/bedrock/latest/userguide/models-supported.html>.
const VENDORS: [&str; 18] = [
    "ai21",
    "amazon",
    "anthropic",
    "cohere",
    "deepseek",
    "google",
    "luma",
    "meta",
    "minimax",
    "mistral",
    "moonshot",
    "nvidia",
    "openai",
    "qwen",
    "stability",
    "twelvelabs",
    "writer",
    "zai",
];

/// The ID of the model behind one of AWS's inference profiles: `anthropic.claude-sonnet-5-5` of `eu.anthropic.claude-sonnet-5-5`.
pub(crate) fn base(model: &str) -> &str {
    match model.split_once('.') {
        Some((geography, base)) if GEOGRAPHIES.contains(&geography) => base,
        _ => model,
    }
}

/// Whether it is named as Bedrock names models and inference profiles.
pub(crate) fn is_named_so(model: &str) -> bool {
    let vendor = base(model).split_once('.').map(|(vendor, _)| vendor);
    is_arn(model) || vendor.is_some_and(|vendor| VENDORS.contains(&vendor))
}

/// Whether it is an ARN, which does not say which model is behind it.
pub(crate) fn is_arn(model: &str) -> bool {
    model.starts_with("arn:aws")
}

/// Whether the model takes marks for the cache, and caches nothing without them:
/// <https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html>.
pub(crate) fn caches_by_marks(model: &str) -> bool {
    let base = base(model);
    base.starts_with("anthropic.") || base.starts_with("amazon.nova")
}

/// Whether its tokens can be counted without asking it:
/// <https://docs.aws.amazon.com/bedrock/latest/userguide/count-tokens.html>.
pub(crate) fn counts(model: &str) -> bool {
    base(model).starts_with("anthropic.")
}

/// Whether it takes pictures, judging by its name: <https://docs.aws.amazon.com/bedrock/latest/userguide/models-supported.html>.
pub(crate) fn takes_pictures(model: &str) -> bool {
    let base = base(model);
    let is_text_alone =
        base.starts_with("amazon.nova-micro") || base.starts_with("anthropic.claude-3-5-haiku");
    ["amazon.nova", "anthropic.claude", "meta.llama4", "mistral.pixtral"]
        .iter()
        .any(|known| base.starts_with(known))
        && !is_text_alone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_whose_a_model_is_and_what_it_can() {
        for model in [
            "eu.anthropic.claude-sonnet-5-5",
            "us-gov.anthropic.claude-sonnet-5-5",
            "anthropic.claude-haiku-4-5-20251001-v1:0",
            "amazon.nova-pro-v1:0",
            "openai.gpt-oss-120b-1:0",
            "arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/abc",
        ] {
            assert!(is_named_so(model), "{model}");
        }
        for model in ["claude-sonnet-5-5", "gpt-5.6-terra", "qwen2.5-coder", "eu.unknown.model", "o3"] {
            assert!(!is_named_so(model), "{model}");
        }
        assert_eq!(base("global.anthropic.claude-sonnet-5-5"), "anthropic.claude-sonnet-5-5");
        assert!(caches_by_marks("apac.amazon.nova-lite-v1:0") && !caches_by_marks("openai.gpt-oss-20b-1:0"));
        assert!(takes_pictures("eu.anthropic.claude-sonnet-5-5") && takes_pictures("amazon.nova-lite-v1:0"));
        assert!(!takes_pictures("amazon.nova-micro-v1:0") && !takes_pictures("openai.gpt-oss-20b-1:0"));
        assert!(counts("eu.anthropic.claude-sonnet-5-5") && !counts("arn:aws:bedrock:x"));
    }
}
