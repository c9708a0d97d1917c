//! What is refused at the door, whatever the body says: names that cannot be told apart, questions that nobody hears, bodies in a coding.

mod absent;
mod bodies;
mod later;
mod names;
mod query;

use reqwest::Method;

const CONFIGURATION: &str =
    "circuit_breaker.enabled = true\n[[providers]]\nname = \"log\"\ntype = \"log\"\n";

/// Methods and paths of all routes.
fn routes() -> Vec<(Method, String)> {
    acteon_server::routes()
        .into_iter()
        .map(|route| (route.method, route.path.to_owned()))
        .collect()
}
