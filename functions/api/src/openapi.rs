//! The contract: the OpenAPI document of all endpoints, built from their types.

use crate::api::BASE;
use crate::problem::{Code, InvalidField, ProblemBody};
use crate::routes;
use std::collections::BTreeSet;
use utoipa::openapi::schema::{ArrayItems, Components};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, License, OpenApi, OpenApiBuilder, Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;

/// The name of the only kind of credential in the contract.
const BEARER: &str = "token";

const ABOUT: &str = "\
The requests that people and machines can send to Ticketsmith. Every request needs a token, except those for this document and for health.

Refusals are problems (RFC 9457) with a stable `code`. Lists have at most 100 items; `next` leads to more. Money is in micro-dollars, times are \
RFC 3339 in UTC. Clients tolerate unknown fields and unknown values of enumerations. The id of a ticket in a path is its name in base64url \
without padding; answers contain both, as `id` and `task_id`.";

/// The document, built from the types. What is served is its committed copy, `openapi.json`.
pub fn openapi() -> OpenApi {
    let described = OpenApiRouter::with_openapi(about()).nest(BASE, routes::all().described());
    let mut document = described.into_openapi();
    if let Some(components) = &mut document.components {
        refer_to_items(components);
    }
    document
}

/// Makes pages refer to the schemas of their items, so that generated clients have one type for an item, wherever it is. The schema of a generic
/// type contains that of its parameter.
fn refer_to_items(components: &mut Components) {
    let known: BTreeSet<String> = components.schemas.keys().cloned().collect();
    for (name, schema) in &mut components.schemas {
        let Some(item) = name.strip_prefix("Page_").filter(|item| known.contains(*item)) else { continue };
        if let RefOr::T(Schema::Object(page)) = schema
            && let Some(RefOr::T(Schema::Array(list))) = page.properties.get_mut("items")
        {
            list.items = ArrayItems::RefOrSchema(Box::new(RefOr::Ref(Ref::from_schema_name(item))));
        }
    }
}

fn about() -> OpenApi {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A token of the installation, a session or a machine."))
        .build();
    let components = ComponentsBuilder::new()
        .schema(ProblemBody::name(), ProblemBody::schema())
        .schema(Code::name(), Code::schema())
        .schema(InvalidField::name(), InvalidField::schema())
        .security_scheme(BEARER, SecurityScheme::Http(bearer))
        .build();
    let mut license = License::new("Apache-2.0");
    license.identifier = Some("Apache-2.0".to_owned());
    let info = InfoBuilder::new()
        .title("Ticketsmith")
        .version("1")
        .description(Some(ABOUT))
        .license(Some(license))
        .build();
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .security(Some([SecurityRequirement::new::<_, [&str; 0], &str>(BEARER, [])]))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn generated_contract_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        let fresh = format!("{}\n", openapi().to_pretty_json().unwrap());
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            std::fs::write(path, &fresh).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(committed == fresh, "functions/api/openapi.json is stale: run ./check generate");
    }

    #[test]
    fn pages_refer_to_their_items() {
        let document = serde_json::to_value(openapi()).unwrap();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let pages = schemas.iter().filter_map(|(name, schema)| Some((name.strip_prefix("Page_")?, schema)));
        let mut seen = 0;
        for (item, page) in pages {
            assert_eq!(
                page["properties"]["items"]["items"]["$ref"],
                format!("#/components/schemas/{item}"),
                "Page_{item}"
            );
            seen += 1;
        }
        assert!(seen > 10, "{seen}");
    }

    #[test]
    fn operations_have_names_of_their_own_and_say_what_they_do() {
        let document = serde_json::to_value(openapi()).unwrap();
        let mut names = std::collections::BTreeSet::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            assert!(path.starts_with(BASE), "{path}");
            for (method, operation) in methods.as_object().unwrap() {
                let name = operation["operationId"].as_str().unwrap();
                assert!(names.insert(name.to_owned()), "{name} names two operations");
                assert_ne!(operation["summary"].as_str().unwrap_or_default(), "", "{method} {path}");
                for (status, answer) in operation["responses"].as_object().unwrap() {
                    let is_problem = answer["content"].get(crate::problem::MEDIA_TYPE).is_some();
                    assert_eq!(is_problem, !status.starts_with('2'), "{method} {path}: {status}");
                }
            }
        }
        assert_eq!(document["openapi"], Value::from("3.1.0"));
    }
}
