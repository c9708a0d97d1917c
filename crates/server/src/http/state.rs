//! State of the routes: the gateway, what is configured beside it, and the room and turns that
//! requests share.

use std::sync::Arc;

use acteon_core::{Clock, Entropy};
use acteon_gateway::Gateway;

use super::offload::{Asides, Turns};
use super::stream_places::StreamPlaces;
use crate::auth::Auth;
use crate::budget::Budget;
use crate::configuration::ConfigurationLoader;
use crate::metrics::Metrics;
use crate::people::PeopleLoader;
use crate::rules::RulesLoader;
use crate::sign_in::SignIns;

/// State that all routes share.
pub(crate) struct AppState {
    pub(crate) gateway: Gateway,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) rules: Arc<RulesLoader>,
    pub(crate) configuration: Arc<ConfigurationLoader>,
    pub(crate) auth: Arc<Auth>,
    pub(crate) people: Arc<PeopleLoader>,
    pub(crate) sign_ins: SignIns,
    /// Becomes true when the server begins to stop.
    pub(crate) stopped: tokio::sync::watch::Receiver<bool>,
    /// Turns to read lists and records, and to replay actions.
    pub(crate) reads: Turns,
    pub(crate) replays: Turns,
    /// Turns to ask a service who has signed in.
    pub(crate) identifying: Turns,
    /// Places of readers of the stream.
    pub(crate) streams: Arc<StreamPlaces>,
    /// Turns to evaluate rules and preview silences.
    pub(crate) asides: Asides,
    /// Room for answers that wait to be read by their callers.
    pub(crate) answers: Arc<Budget>,
    /// Room for bodies that are being received or read.
    pub(crate) bodies: Arc<Budget>,
}
