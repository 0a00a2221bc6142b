//! Endpoints: their handlers, and separately their part of the contract. Building the contract takes milliseconds and megabytes, which a function that
//! starts should not spend, so only its generation does.

use crate::api::Shared;
use axum::Router;
use axum::handler::Handler;
use axum::routing::MethodRouter;
use utoipa::openapi::HttpMethod;
use utoipa_axum::PathItemExt as _;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

/// The handlers of one path; [`routes`] makes it.
pub(crate) struct Endpoint {
    pub(crate) path: fn() -> String,
    pub(crate) handlers: fn() -> MethodRouter<Shared>,
    pub(crate) described: fn() -> UtoipaMethodRouter<Shared>,
}

/// The endpoints of a resource, or of all.
#[derive(Default)]
pub(crate) struct Endpoints(Vec<Endpoint>);

impl Endpoints {
    /// Adds the endpoint of a path.
    pub(crate) fn routes(mut self, endpoint: Endpoint) -> Self {
        self.0.push(endpoint);
        self
    }

    /// Adds other endpoints.
    pub(crate) fn merge(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// The router of the handlers.
    pub(crate) fn router(&self) -> Router<Shared> {
        let add = |router: Router<Shared>, endpoint: &Endpoint| {
            router.route(&(endpoint.path)(), (endpoint.handlers)())
        };
        self.0.iter().fold(Router::new(), add)
    }

    /// The same with the contract.
    pub(crate) fn described(&self) -> OpenApiRouter<Shared> {
        let add = |router: OpenApiRouter<Shared>, endpoint: &Endpoint| router.routes((endpoint.described)());
        self.0.iter().fold(OpenApiRouter::default(), add)
    }
}

/// Adds a handler for methods to those of its path.
pub(crate) fn with<H, T>(
    router: MethodRouter<Shared>,
    methods: &[HttpMethod],
    handler: H,
) -> MethodRouter<Shared>
where
    H: Handler<T, Shared>,
    T: 'static,
{
    methods.iter().fold(router, |router, method| router.on(method.to_method_filter(), handler.clone()))
}

/// The [`Endpoint`] of one or more handlers of the same path that are annotated with [`utoipa::path`], like [`utoipa_axum::routes`].
macro_rules! routes {
    ($first:ident $(, $handler:ident)*) => {
        $crate::endpoints::Endpoint {
            path: || utoipa_axum::paste! { <[<__path_ $first>] as utoipa::Path>::path() },
            handlers: || {
                let router = axum::routing::MethodRouter::new();
                let router = utoipa_axum::paste! {
                    $crate::endpoints::with(router, &<[<__path_ $first>] as utoipa::Path>::methods(), $first)
                };
                $(
                    let router = utoipa_axum::paste! {
                        $crate::endpoints::with(router, &<[<__path_ $handler>] as utoipa::Path>::methods(), $handler)
                    };
                )*
                router
            },
            described: || utoipa_axum::routes!($first $(, $handler)*),
        }
    };
}
pub(crate) use routes;

#[cfg(test)]
mod tests {
    use crate::routes::all;

    #[test]
    fn what_is_served_is_what_is_described() {
        for endpoint in all().0 {
            let (_, paths, _) = (endpoint.described)();
            let described: Vec<&String> = paths.paths.keys().collect();
            assert_eq!(described, [&(endpoint.path)()]);
        }
    }
}
