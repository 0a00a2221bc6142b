//! The refusals that operations have in common, for the contract.

use crate::problem::{MEDIA_TYPE, ProblemBody};
use std::collections::BTreeMap;
use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

/// Of everything: a wrong host or origin, and a query that is not accepted.
pub(crate) struct Constant;

/// Of everything that the records are asked for.
pub(crate) struct Open;

/// Of everything that needs a credential, and has parameters or a path that may not be understood.
pub(crate) struct Signed;

/// Of everything about one thing.
pub(crate) struct OfOne;

/// Of everything that starts something.
pub(crate) struct Start;

/// Of everything that changes one thing.
pub(crate) struct Change;

/// Of everything that changes the state of one thing that was seen.
pub(crate) struct ChangeOfState;

/// Of everything with a body.
pub(crate) struct WithBody;

type Responses = BTreeMap<String, RefOr<Response>>;

fn problems(statuses: &[(u16, &str)]) -> Responses {
    let schema = || Ref::from_schema_name(ProblemBody::name());
    statuses
        .iter()
        .map(|(status, description)| {
            let content = Content::new(Some(schema()));
            let response = ResponseBuilder::new().description(*description).content(MEDIA_TYPE, content);
            (status.to_string(), RefOr::T(response.build()))
        })
        .collect()
}

const FORBIDDEN: (u16, &str) = (403, "Not allowed, or a wrong host or origin.");
const CONFLICT: (u16, &str) = (409, "It contradicts the present state.");
const UNAVAILABLE: (u16, &str) = (503, "The records do not answer; `Retry-After` says when to try again.");

impl IntoResponses for Constant {
    fn responses() -> Responses {
        problems(&[
            (400, "The query string cannot be parsed."),
            FORBIDDEN,
            (422, "A parameter is not accepted."),
        ])
    }
}

impl IntoResponses for Open {
    fn responses() -> Responses {
        Constant::responses().into_iter().chain(problems(&[UNAVAILABLE])).collect()
    }
}

impl IntoResponses for Signed {
    fn responses() -> Responses {
        let signed = problems(&[
            (401, "The request has no valid credential."),
            (429, "The credential is used too often; `Retry-After` says when to try again."),
        ]);
        Open::responses().into_iter().chain(signed).collect()
    }
}

impl IntoResponses for OfOne {
    fn responses() -> Responses {
        let of_one = problems(&[(404, "It does not exist, or the caller may not see it.")]);
        Signed::responses().into_iter().chain(of_one).collect()
    }
}

impl IntoResponses for Start {
    fn responses() -> Responses {
        Signed::responses().into_iter().chain(problems(&[CONFLICT])).collect()
    }
}

impl IntoResponses for Change {
    fn responses() -> Responses {
        OfOne::responses().into_iter().chain(problems(&[CONFLICT])).collect()
    }
}

impl IntoResponses for ChangeOfState {
    fn responses() -> Responses {
        let states = problems(&[
            (412, "It has changed since it was read."),
            (428, "`If-Match` is missing: the request does not say which state it changes."),
        ]);
        Change::responses().into_iter().chain(states).collect()
    }
}

impl IntoResponses for WithBody {
    fn responses() -> Responses {
        problems(&[
            (400, "The request cannot be parsed."),
            (408, "The body did not arrive in time."),
            (413, "The body is too large."),
            (415, "The body is not JSON by its media type."),
            (422, "Something in the request is not accepted."),
        ])
    }
}
