//! A provider of one gateway, which sends to the shared service.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use acteon_core::{
    Action, BoxFuture, Health, Lane, LaneLimits, Prepared, Provider, ProviderError, Response,
};

use super::provider_names::{HELD, ORDERED, PLAIN};
use super::service::{CONCURRENCY, MEMBER_BUDGET, Service};
use crate::harness::node_store::NodeStore;

/// Provider of one gateway for one address of the service, with a token of its own.
pub(super) struct NodeProvider {
    name: &'static str,
    service: Arc<Service>,
    node: Arc<NodeStore>,
    has_token: AtomicBool,
}

impl NodeProvider {
    pub(super) fn new(name: &'static str, service: Arc<Service>, node: Arc<NodeStore>) -> Self {
        Self {
            name,
            service,
            node,
            has_token: AtomicBool::new(name == ORDERED),
        }
    }
}

impl Provider for NodeProvider {
    fn prepare(&self, action: &Action) -> Result<Prepared, ProviderError> {
        let member = action.metadata.get("member").filter(|_| self.name == PLAIN);
        let recipients = member.into_iter().cloned().collect();
        Ok(Prepared {
            bytes: action.id.as_str().into(),
            recipients,
            ..Prepared::default()
        })
    }

    fn make_ready(&self) -> Option<BoxFuture<'_, Result<(), ProviderError>>> {
        if self.has_token.load(Ordering::SeqCst) {
            return None;
        }
        Some(Box::pin(async {
            self.service.gives_token(&self.node).await?;
            self.has_token.store(true, Ordering::SeqCst);
            Ok(())
        }))
    }

    fn send<'a>(
        &'a self,
        prepared: &'a Prepared,
    ) -> BoxFuture<'a, Result<Response, ProviderError>> {
        Box::pin(async move {
            if self.name == ORDERED {
                return self.service.takes_in_order(prepared, &self.node).await;
            }
            // Now and then it is revoked.
            if self.service.below(8) == 0 {
                self.has_token.store(false, Ordering::SeqCst);
                return Err(self.service.refuses_token(prepared, &self.node).await);
            }
            self.service
                .takes(prepared, (self.name == HELD, &self.node))
                .await
        })
    }

    fn health(&self) -> BoxFuture<'_, Result<Health, ProviderError>> {
        let finds = self.name != PLAIN && self.service.check_finds;
        let finding = if finds {
            self.service.needs_repair()
        } else {
            Ok(())
        };
        Box::pin(async { finding.map(|()| Health::default()) })
    }

    fn lane(&self) -> Lane {
        let max_concurrency = if self.name == ORDERED { 1 } else { CONCURRENCY };
        let budget = (self.name == PLAIN).then_some(MEMBER_BUDGET);
        Lane {
            name: self.name.into(),
            limits: LaneLimits {
                max_concurrency,
                max_per_second: None,
            },
            budget,
        }
    }

    fn late_mark(&self, late: Duration) -> Option<String> {
        Some(format!("[sent {} min late]", late.as_secs() / 60))
    }

    fn mark_late(&self, prepared: &Prepared, mark: &str) -> Option<Vec<u8>> {
        Some([&prepared.bytes[..], b"\n", mark.as_bytes()].concat())
    }
}
