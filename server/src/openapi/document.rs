use super::{Operation, Schemas, operation::rename};
use crate::{
    api::{BASE, Limit, Route},
    auth::permission::{Keys, Permission, Who},
};
use alumia_protocol::{ApiError, TooManyRequests, keys::Scope, people::Role};
use serde_json::{Map, Value, json};

/// The API's description, of these routes.
pub fn document(routes: &[Route]) -> Value {
    let mut schemas = Schemas::new();
    let error = schemas.output::<ApiError>();
    let limited = schemas.output::<TooManyRequests>();
    let described: Vec<(&Route, Value)> =
        routes.iter().map(|route| (route, operation(route, &mut schemas))).collect();
    let (mut all, differ) = schemas.finish();
    all.insert(
        "Failure".into(),
        json!({
            "type": "object", "required": ["success", "error"],
            "properties": { "success": { "const": false }, "error": error },
        }),
    );
    let mut paths = Map::new();
    for (route, mut described) in described {
        if let Some(body) = described.get_mut("requestBody") {
            rename(body, &differ);
        }
        let path = paths.entry(format!("{BASE}{}", route.path)).or_insert_with(|| json!({}));
        path[route.method.as_str().to_ascii_lowercase()] = described;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Alumia", "version": env!("CARGO_PKG_VERSION"),
            "description": "Everything that the dashboard does with projects, agents and conversations, for programs. \
                Answers are JSON in an envelope; a failed one has a code for programs and a sentence for people. \
                Every answer carries `X-Request-Id`.",
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": all,
            "securitySchemes": {
                "key": { "type": "http", "scheme": "bearer", "description": "An API key: `alm_<live|test>_<48 hex>`." },
                "session": { "type": "apiKey", "in": "cookie", "name": "alumia", "description": "A browser session." },
            },
            "responses": failures(&limited.to_value()),
            "headers": headers(),
        },
    })
}

/// Status, code, when.
const FAILURES: [(u16, &str, &str); 12] = [
    (400, "BAD_REQUEST", "Malformed: not JSON, a missing field, a wrong type."),
    (401, "UNAUTHORIZED", "No credentials, or malformed, unknown, revoked or expired ones."),
    (403, "FORBIDDEN", "Known caller, not allowed; `reason` says why."),
    (404, "NOT_FOUND", "Missing, or not visible to the caller."),
    (
        402,
        "PAYMENT_REQUIRED",
        "It can't be paid; `reason` is `no_credits`, `package_blocked` or `budget_exhausted`, `details` says how much \
         is missing.",
    ),
    (405, "METHOD_NOT_ALLOWED", "The route has no such method."),
    (
        409,
        "CONFLICT",
        "Duplicate, stale, already done, or an Idempotency-Key that is in use or was used for another request.",
    ),
    (413, "PAYLOAD_TOO_LARGE", "The body is over its limit."),
    (416, "BAD_REQUEST", "The file has no such bytes."),
    (422, "VALIDATION_ERROR", "Right shape, value out of range; `details.fields` maps field to message."),
    (500, "INTERNAL_ERROR", "Our fault."),
    (
        503,
        "SERVICE_UNAVAILABLE",
        "The database, a provider or a worker is away; `Retry-After` says how long to wait.",
    ),
];

fn failures(limited: &Value) -> Value {
    let mut all = Map::new();
    for (status, code, when) in FAILURES {
        let schema = json!({
            "allOf": [
                { "$ref": "#/components/schemas/Failure" },
                { "properties": { "error": { "properties": { "code": { "const": code } } } } },
            ],
        });
        let mut answer =
            json!({ "description": when, "content": { "application/json": { "schema": schema } } });
        if status == 503 {
            answer["headers"] = json!({ "Retry-After": { "$ref": "#/components/headers/Retry-After" } });
        }
        all.insert(format!("E{status}"), answer);
    }
    let names = ["Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"];
    all.insert(
        "E429".into(),
        json!({
            "description": "Over a rate limit.",
            "headers": references(&names),
            "content": { "application/json": { "schema": limited } },
        }),
    );
    all.into()
}

fn references(names: &[&str]) -> Value {
    let reference =
        |name: &&str| ((*name).to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }));
    names.iter().map(reference).collect::<Map<_, _>>().into()
}

fn headers() -> Value {
    let header = |words: &str| json!({ "description": words, "schema": { "type": "integer", "minimum": 0 } });
    json!({
        "RateLimit-Limit": header("Requests that fit in a full bucket."),
        "RateLimit-Remaining": header("Requests that could follow at once."),
        "RateLimit-Reset": header("Seconds until the bucket is as good as untouched."),
        "Retry-After": header("Seconds until the next try can pass, rounded up."),
    })
}

fn operation(route: &Route, schemas: &mut Schemas) -> Value {
    let mut operation = Operation::new(schemas);
    for name in route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
        operation.parameter(
            json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }),
        );
        operation.not_found();
    }
    (route.describe)(&mut operation);
    let mut errors = std::mem::take(&mut operation.errors);
    errors.extend([429, 500, 503]);
    errors.extend(route.refuses);
    let permission = route.permission;
    match permission.who {
        Who::Anyone => {}
        Who::Person => errors.extend([401, 403]),
        // Whoever belongs to no organisation finds none.
        Who::Roles(_) => errors.extend([401, 403, 404]),
    }
    if route.is_change() {
        errors.extend([403, 409]);
    }
    if route.method == axum::http::Method::POST {
        operation.parameter(json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "schema": { "type": "string", "minLength": 1, "maxLength": 255 },
            "description": "The first answer is kept for 24 hours and given again for the same key and request. \
                Not for streams.",
        }));
        errors.extend([400, 413]);
    }
    let limited = references(&["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"]);
    let mut responses = Map::new();
    for (status, mut answer) in std::mem::take(&mut operation.answers) {
        answer["headers"] = limited.clone();
        responses.insert(status.to_string(), answer);
    }
    for status in errors {
        let reference = json!({ "$ref": format!("#/components/responses/E{status}") });
        responses.insert(status.to_string(), reference);
    }
    let mut described = json!({
        "operationId": route.name.replace("::", "_"),
        "tags": [route.name.split("::").next().unwrap_or_default()],
        "summary": route.about,
        "description": words(route),
        "security": security(permission),
        "parameters": operation.parameters,
        "responses": responses,
        "x-alumia-limit": limit(route),
        "x-alumia-roles": roles(permission.who),
        "x-alumia-scope": scope(permission.keys),
        "x-alumia-step-up": permission.step_up,
    });
    if let Some(body) = operation.body {
        described["requestBody"] = body;
    }
    described
}

fn security(permission: Permission) -> Value {
    match (permission.who, permission.keys) {
        (Who::Anyone, _) => json!([]),
        (_, Keys::Refused(_)) => json!([{ "session": [] }]),
        (_, Keys::Any | Keys::With(_)) => json!([{ "key": [] }, { "session": [] }]),
    }
}

fn roles(who: Who) -> Value {
    match who {
        Who::Anyone | Who::Person => Value::Null,
        Who::Roles(roles) => json!(roles),
    }
}

fn scope(keys: Keys) -> Option<Scope> {
    match keys {
        Keys::With(scope) => Some(scope),
        Keys::Refused(_) | Keys::Any => None,
    }
}

fn limit(route: &Route) -> Value {
    match route.limit {
        Limit::Auth => json!("auth"),
        Limit::Share => json!("share"),
        Limit::Chat => json!("chat"),
        Limit::Method if route.is_change() => json!("write"),
        Limit::Method | Limit::Read => json!("read"),
    }
}

/// The permission and the limit in words.
fn words(route: &Route) -> String {
    let Permission { who, keys, step_up } = route.permission;
    let mut words = match who {
        Who::Anyone => "Needs no credentials.".to_owned(),
        Who::Person => "For whoever is signed in.".to_owned(),
        Who::Roles(roles) if roles.len() == 5 => "For every member of the organization.".to_owned(),
        Who::Roles(roles) => {
            let names: Vec<&str> = roles.iter().map(|role| name(*role)).collect();
            format!("For these roles: {}.", names.join(", "))
        }
    };
    match (who, keys) {
        (Who::Anyone, _) => {}
        (_, Keys::Refused(thing)) => {
            words.push_str(&format!(
                " {thing} requires a browser session; a key is answered 403 `browser_session_required`."
            ));
        }
        (_, Keys::Any) => words.push_str(" Any API key may call it."),
        (_, Keys::With(scope)) => words.push_str(&format!(" A key needs the scope `{scope}`.")),
    }
    if step_up {
        words.push_str(
            " A second factor must have been proved in the last ten minutes, else 403 `step_up_required`.",
        );
    }
    let limit = limit(route);
    words.push_str(&format!(" Counts against the limit `{}`.", limit.as_str().unwrap_or_default()));
    words
}

const fn name(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Admin => "admin",
        Role::Billing => "billing",
        Role::Member => "member",
        Role::Viewer => "viewer",
    }
}
