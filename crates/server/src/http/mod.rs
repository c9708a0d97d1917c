//! The HTTP API. `front` meets every request, `router` lists the routes, `routes` answers them one noun a file, `extract` reads what they take.

mod answer;
mod approvals;
mod chain_bodies;
mod envelope;
mod error;
mod extract;
mod filter;
mod front;
mod json;
mod listed;
mod no_route;
mod offload;
mod openapi;
mod page;
mod people_bodies;
mod record;
mod recurring;
mod replay;
mod router;
mod routes;
mod shape;
mod site;
mod sse;
mod state;
mod stream_places;
mod template_bodies;

pub(crate) use front::{Effect, Front, closing, effect_of, no_room_for_answer, while_starting};
pub use listed::Route;
pub(crate) use offload::{Asides, Turns};
pub use router::routes;
pub(crate) use site::Site;
pub(crate) use state::AppState;
