//! Callbacks as they arrive: verified, written down, and only then answered.

use std::time::Duration;

use acteon_core::{
    CallbackEvent, CallbackKind, CallbackRefused, Callbacks, InvalidName, Namespace, ProviderName,
    Tenant, json::head, limits::MAX_NAME_BYTES,
};
use acteon_flows::InvalidBody;
use acteon_flows::callback::{Callback, callback_name};
use acteon_flows::card::card_name;
use acteon_store::{Advance, Advanced, Expect, Flow, FlowState, StoreError};

use crate::flows::look::key;
use crate::flows::words::STUCK;
use crate::offload;
use crate::shared::Gateway;

/// How far the instant at which a service sent an event may be from now. Who recorded one can send it again; for longer than this is long it is known
/// by its digest.
const WINDOW: Duration = Duration::from_hours(1);

/// Status of an event that is to be done.
const RECEIVED: &str = "received";

/// Namespace and tenant of events that are about nothing of anybody's.
const NOBODYS: &str = "acteon";

/// Why a callback is not taken.
#[derive(Debug, thiserror::Error)]
pub enum CallbackError {
    /// There is no provider of this name, or it has no callbacks.
    #[error(
        "no provider {0:?} takes callbacks: there is none of this name, or its callback_token and callback_aes_key are not configured"
    )]
    NoCallbacks(String),
    /// It is not its service's, or cannot be read.
    #[error(transparent)]
    Refused(#[from] CallbackRefused),
    /// It was sent too long ago, or by a clock that is far off.
    #[error(
        "callback was sent {seconds} s from now, more than an hour: it is repeated by somebody who recorded it, or the clock of this machine is wrong"
    )]
    Stale {
        /// How far it is from now, in seconds.
        seconds: u64,
    },
    /// It could not be written down.
    #[error("callback was not written down: {0}")]
    Store(#[from] StoreError),
    /// It has no form that could be written down.
    #[error(transparent)]
    Invalid(#[from] InvalidBody),
}

impl Gateway {
    /// Answer to a service's test of a provider's callback address, as it is to be answered.
    pub fn callback_test(&self, provider: &str, query: &str) -> Result<String, CallbackError> {
        self.by_callbacks(provider, |_, callbacks| Ok(callbacks.answer_test(query)?))
    }

    /// Takes an event that a provider's service tells of. It is written down when this returns, and done afterwards, once, however often it is told of.
    pub async fn receive_callback(
        &self,
        provider: &str,
        query: &str,
        body: &[u8],
    ) -> Result<(), CallbackError> {
        let callback = self.by_callbacks(provider, |name, callbacks| {
            let event = offload::by_size(body.len(), || callbacks.open(query, body))?;
            self.check_age(&event)?;
            Ok(Callback::new(name, event))
        })?;
        let is_done = match &callback.event.what {
            CallbackKind::Pressed { .. } => false,
            // Nothing comes of it: what members write is not kept for nothing.
            CallbackKind::Wrote { .. } | CallbackKind::Other { .. } => true,
        };
        if is_done {
            tracing::debug!(provider, "a callback asks for nothing");
            return Ok(());
        }
        let written = self.write_callback(callback).await;
        written.inspect_err(|error| self.tell_refused(provider, error))
    }

    /// Does something with the callbacks of a provider. The log is told where it is refused.
    fn by_callbacks<T>(
        &self,
        provider: &str,
        work: impl FnOnce(ProviderName, &dyn Callbacks) -> Result<T, CallbackError>,
    ) -> Result<T, CallbackError> {
        let done = || {
            let none = || CallbackError::NoCallbacks(provider.to_owned());
            let name = ProviderName::parse(provider).map_err(|_| none())?;
            let entry = self.inner.providers.get(&name).ok_or_else(none)?;
            let in_force = entry.provider();
            let callbacks = in_force.callbacks().ok_or_else(none)?;
            work(name, callbacks)
        };
        done().inspect_err(|error| self.tell_refused(provider, error))
    }

    /// Tells the log why a callback is not taken, once a minute for each kind of fault: whoever knows the address can send some.
    fn tell_refused(&self, provider: &str, error: &CallbackError) {
        let told = match error {
            CallbackError::NoCallbacks(_) => "a callback is for no provider that takes any",
            CallbackError::Refused(refused) => refused.fault,
            CallbackError::Stale { .. } => "a callback is too old",
            CallbackError::Store(_) | CallbackError::Invalid(_) => {
                "a callback was not written down"
            }
        };
        let now = self.inner.clock.monotonic();
        let name = ProviderName::parse(provider).ok();
        let known = name.filter(|name| self.inner.providers.get(name).is_some());
        if self.inner.store_health.is_news(told, known.as_ref(), now) {
            // Quoted: whoever made it up writes no line of the log.
            let provider = head(provider, MAX_NAME_BYTES);
            tracing::warn!(?provider, reason = %error, "a callback is not taken; so may be others of the kind");
        }
    }

    fn check_age(&self, event: &CallbackEvent) -> Result<(), CallbackError> {
        let now = self.inner.clock.now();
        let apart = now.since(event.sent_at).max(event.sent_at.since(now));
        if apart > WINDOW {
            return Err(CallbackError::Stale {
                seconds: apart.as_secs(),
            });
        }
        Ok(())
    }

    /// Writes an event down, where it is not there.
    async fn write_callback(&self, callback: Callback) -> Result<(), CallbackError> {
        let inner = &self.inner;
        let (namespace, tenant) = self.whose(&callback).await?;
        let due = inner.due.now();
        let advance = Advance {
            key: key(&callback_name(&callback.provider, &callback.event)),
            expect: Expect::New(namespace, tenant),
            at: inner.clock.now(),
            due,
            state: Some(FlowState {
                status: RECEIVED.into(),
                body: callback.to_json()?.into(),
                due_at: Some(due),
                is_over: false,
            }),
            admissions: Vec::new(),
            begins: Vec::new(),
            cancels: Vec::new(),
            pokes: Vec::new(),
            events: Vec::new(),
        };
        match inner.store.advance(advance).await? {
            Advanced::Written { .. } => inner.flow_work.notify_one(),
            Advanced::Changed(known) => self.wake_callback(known).await?,
        }
        Ok(())
    }

    /// Lets an event that is told of again be tried again, where processes died over it.
    async fn wake_callback(&self, known: Option<Flow>) -> Result<(), StoreError> {
        let inner = &self.inner;
        let Some(known) = known.filter(|known| &*known.state.status == STUCK) else {
            return Ok(());
        };
        let due = inner.due.now();
        let advance = Advance {
            key: known.key,
            expect: Expect::Version(known.version),
            at: inner.clock.now(),
            due,
            state: Some(FlowState {
                status: RECEIVED.into(),
                due_at: Some(due),
                ..known.state
            }),
            admissions: Vec::new(),
            begins: Vec::new(),
            cancels: Vec::new(),
            pokes: Vec::new(),
            events: Vec::new(),
        };
        inner.store.advance(advance).await?;
        inner.flow_work.notify_one();
        Ok(())
    }

    /// Namespace and tenant that an event belongs to: those of the card that was pressed.
    async fn whose(&self, callback: &Callback) -> Result<(Namespace, Tenant), CallbackError> {
        if let CallbackKind::Pressed { card, .. } = &callback.event.what {
            let found = match self.inner.store.flow_for_step(&key(&card_name(card))).await {
                Err(StoreError::Damaged(_)) => None,
                found => found?,
            };
            if let Some(flow) = found {
                return Ok((flow.namespace, flow.tenant));
            }
        }
        let invalid = |error: InvalidName| InvalidBody(error.to_string());
        Ok((
            Namespace::parse(NOBODYS).map_err(invalid)?,
            Tenant::parse(NOBODYS).map_err(invalid)?,
        ))
    }
}
