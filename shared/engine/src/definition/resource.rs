//! The resource that a Task state calls.

/// A `Resource` that the engine can call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    /// `arn:aws:states:::lambda:invoke`, with or without waiting for a task token.
    LambdaInvoke(Pattern),
    /// The ARN of a function, which then gets the `Arguments` as they are.
    Function(String),
    /// `arn:aws:states:::states:startExecution`.
    StartExecution(Pattern),
}

/// How a Task state waits for the result of its call.
///
/// See <https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// Until it has answered.
    RequestResponse,
    /// Until the task token is returned.
    TaskToken,
    /// Until the started execution has ended; its output is a JSON string.
    Sync,
    /// Until the started execution has ended; its output is JSON.
    Sync2,
}

impl Resource {
    /// Parses the ARN of a resource.
    pub(super) fn parse(arn: &str) -> Option<Self> {
        if let Some(integration) = arn.strip_prefix("arn:aws:states:::") {
            return match integration {
                "lambda:invoke" => Some(Self::LambdaInvoke(Pattern::RequestResponse)),
                "lambda:invoke.waitForTaskToken" => Some(Self::LambdaInvoke(Pattern::TaskToken)),
                "states:startExecution" => Some(Self::StartExecution(Pattern::RequestResponse)),
                "states:startExecution.sync" => Some(Self::StartExecution(Pattern::Sync)),
                "states:startExecution.sync:2" => Some(Self::StartExecution(Pattern::Sync2)),
                "states:startExecution.waitForTaskToken" => Some(Self::StartExecution(Pattern::TaskToken)),
                _ => None,
            };
        }
        arn.starts_with("arn:aws:lambda:").then(|| function_name(arn)).flatten()?;
        Some(Self::Function(arn.to_owned()))
    }

    pub(crate) fn pattern(&self) -> Pattern {
        match self {
            Self::LambdaInvoke(pattern) | Self::StartExecution(pattern) => *pattern,
            Self::Function(_) => Pattern::RequestResponse,
        }
    }

    /// The parameter that a call needs, and all that it may have; `None` where every JSON will do.
    pub(crate) fn parameters(&self) -> Option<(&'static str, &'static [&'static str])> {
        match self {
            Self::Function(_) => None,
            Self::LambdaInvoke(_) => Some((
                "FunctionName",
                &["FunctionName", "Payload", "Qualifier", "InvocationType", "ClientContext", "LogType"],
            )),
            Self::StartExecution(_) => {
                Some(("StateMachineArn", &["StateMachineArn", "Input", "Name", "TraceHeader"]))
            }
        }
    }

    /// Fields of the service's answer: their names, their JSON types, and whether they are always there.
    pub(crate) fn answer_fields(&self) -> &'static [(&'static str, &'static str, bool)] {
        match self {
            Self::LambdaInvoke(Pattern::RequestResponse) => &[
                ("ExecutedVersion", "string", false),
                ("FunctionError", "string", false),
                ("LogResult", "string", false),
                ("StatusCode", "number", false),
            ],
            Self::StartExecution(Pattern::RequestResponse) => {
                &[("ExecutionArn", "string", true), ("StartDate", "", true)]
            }
            Self::StartExecution(Pattern::Sync | Pattern::Sync2) => &[
                ("ExecutionArn", "string", true),
                ("StateMachineArn", "string", true),
                ("StartDate", "", true),
                ("Status", "string", true),
            ],
            // The result of a task token, or of a function called by its bare ARN, can be anything.
            Self::LambdaInvoke(_) | Self::StartExecution(_) | Self::Function(_) => &[],
        }
    }

    /// The `resourceType` of history events.
    pub(crate) fn service(&self) -> &'static str {
        match self {
            Self::StartExecution(_) => "states",
            Self::LambdaInvoke(_) | Self::Function(_) => "lambda",
        }
    }

    /// The `resource` of history events.
    pub(crate) fn action(&self) -> &'static str {
        match self {
            Self::LambdaInvoke(Pattern::TaskToken) => "invoke.waitForTaskToken",
            Self::LambdaInvoke(_) | Self::Function(_) => "invoke",
            Self::StartExecution(Pattern::RequestResponse) => "startExecution",
            Self::StartExecution(Pattern::TaskToken) => "startExecution.waitForTaskToken",
            Self::StartExecution(Pattern::Sync) => "startExecution.sync",
            Self::StartExecution(Pattern::Sync2) => "startExecution.sync:2",
        }
    }
}

/// The plain name in what Lambda accepts as a `FunctionName`: `name`, `name:qualifier`, `account:function:name` or
/// an ARN with or without qualifier.
///
/// See <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>.
pub(crate) fn function_name(reference: &str) -> Option<&str> {
    let parts: Vec<&str> = reference.split(':').collect();
    let name = match parts.as_slice() {
        ["arn", _, "lambda", _, _, "function", name] | ["arn", _, "lambda", _, _, "function", name, _] => {
            name
        }
        [_, "function", name] | [_, "function", name, _] => name,
        [name] | [name, _] => name,
        _ => return None,
    };
    let legal = |character: char| character.is_ascii_alphanumeric() || character == '-' || character == '_';
    (!name.is_empty() && name.len() <= 140 && name.chars().all(legal)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_function_name_is_understood() {
        for reference in [
            "greet",
            "greet:live",
            "000000000000:function:greet",
            "arn:aws:lambda:us-east-1:000000000000:function:greet",
            "arn:aws:lambda:us-east-1:000000000000:function:greet:$LATEST",
        ] {
            assert_eq!(function_name(reference), Some("greet"), "{reference}");
        }
        for reference in ["", "a b", "arn:aws:s3:::bucket", "arn:aws:lambda:us-east-1:0:layer:greet"] {
            assert_eq!(function_name(reference), None, "{reference}");
        }
    }

    #[test]
    fn only_resources_that_can_be_called_parse() {
        assert_eq!(
            Resource::parse("arn:aws:states:::lambda:invoke.waitForTaskToken"),
            Some(Resource::LambdaInvoke(Pattern::TaskToken))
        );
        assert_eq!(Resource::parse("arn:aws:states:::sqs:sendMessage"), None);
        assert_eq!(Resource::parse("greet"), None);
    }
}
