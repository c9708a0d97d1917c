//! Context that the providers of a process share.

use std::sync::Arc;
use std::time::Duration;

use acteon_config::{Problem, Settings};
use acteon_core::{Clock, SystemClock};
use acteon_http::Clients;

/// Clock, HTTP clients and access tokens of the providers of one process.
pub struct Context {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) clients: Arc<Clients>,
    /// Longest send under the lease in force.
    send_limit: Duration,
    /// Longest send under the lease of the configuration that is being read.
    next_send_limit: Duration,
    /// Address under which people reach the server, in the configuration that is being read.
    #[cfg(feature = "wechat")]
    address: Option<Arc<str>>,
    #[cfg(feature = "wechat")]
    pub(crate) wecom_tokens: Arc<acteon_wecom::TokenCache>,
}

impl Context {
    /// Makes a context for providers each of whose sends must end within `send_limit`.
    pub fn new(send_limit: Duration) -> Self {
        Self {
            clock: Arc::new(SystemClock::default()),
            clients: Arc::new(Clients::new("acteon")),
            send_limit,
            next_send_limit: send_limit,
            #[cfg(feature = "wechat")]
            address: None,
            #[cfg(feature = "wechat")]
            wecom_tokens: Arc::default(),
        }
    }

    /// Context for reading a configuration while the process runs. Its time-outs must fit its own lease (`send_limit`), although that holds only from
    /// the next start. Clients and tokens are shared with this context.
    #[must_use]
    pub fn with_next_lease(&self, send_limit: Duration) -> Self {
        Self {
            clock: Arc::clone(&self.clock),
            clients: Arc::clone(&self.clients),
            send_limit: self.send_limit,
            next_send_limit: send_limit,
            #[cfg(feature = "wechat")]
            address: None,
            #[cfg(feature = "wechat")]
            wecom_tokens: Arc::clone(&self.wecom_tokens),
        }
    }

    /// Number of HTTP clients that were made. Each holds connections and root certificates, so providers with the same way out share one.
    pub fn http_clients(&self) -> usize {
        self.clients.count()
    }

    /// Longest time of a send under the lease in force.
    pub fn send_limit(&self) -> Duration {
        self.send_limit
    }

    /// Reads a time-out in seconds, from 1 to `most`. Errors when it is longer than the lease of its configuration allows: a send that outlives its
    /// lease could be repeated by another gateway. It is shortened to what the lease in force allows, until the next start.
    pub(crate) fn timeout(
        &self,
        settings: &Settings,
        key: &'static str,
        default: u64,
        most: i64,
    ) -> Result<Duration, Problem> {
        let limit = self.next_send_limit;
        let Some(seconds) = settings.integer(key) else {
            return Ok(Duration::from_secs(default).min(limit).min(self.send_limit));
        };
        if !(1..=most).contains(&seconds) {
            return Err(Problem::new(
                key,
                format!("must be from 1 to {most}, is {seconds}"),
            ));
        }
        let timeout = Duration::from_secs(seconds.unsigned_abs());
        if timeout > limit {
            let message = format!(
                "is {seconds}, but a send must end within {} s here, two thirds of store.lease_seconds: lower this, or raise that on all gateways",
                limit.as_secs_f32()
            );
            return Err(Problem::new(key, message));
        }
        Ok(timeout.min(self.send_limit))
    }
}

impl Default for Context {
    fn default() -> Self {
        Self::new(Duration::from_secs(30))
    }
}

#[cfg(feature = "wechat")]
impl Context {
    /// Sets the address under which people reach the server; `None` where nobody configured one.
    #[must_use]
    pub fn reached_at(mut self, address: Option<&str>) -> Self {
        self.address = address.map(Arc::from);
        self
    }

    /// Whether links to this server lead to where people reach it.
    pub(crate) fn links_have_an_address(&self) -> bool {
        self.address.is_some()
    }

    /// Shares access tokens with other processes through a store, from now on. Only the first call has an effect.
    pub fn share_tokens(&self, share: Arc<dyn acteon_wecom::TokenShare>) {
        self.wecom_tokens.share(share);
    }
}
