//! Dead letters of executions, as what started them was posted: no step sends attachments, and so no execution keeps them.

use std::borrow::Cow;
use std::sync::Arc;

use acteon_core::{Action, Origin, Scope};
use acteon_flows::chain::{Body, chain_name, execution_of};
use acteon_store::{Record, StoreError};

use crate::flows::look::key;
use crate::shared::Gateway;

impl Gateway {
    /// Record as it is sent again: the letter of an execution with the attachments of the action that started it, where that is still kept.
    pub(super) async fn as_posted<'a>(
        &self,
        record: &'a Record,
    ) -> Result<Cow<'a, Record>, StoreError> {
        let execution = execution_of(record.action.id.as_str());
        let Some(execution) = execution.filter(|_| record.origin == Origin::Chain) else {
            return Ok(Cow::Borrowed(record));
        };
        let store = &self.inner.store;
        let flow = store.flow(&key(&chain_name(execution))).await?;
        let body = flow.and_then(|flow| Body::parse(&flow.state.body).ok());
        let Some(body) = body else {
            return Ok(Cow::Borrowed(record));
        };
        let scope = Scope::exactly(&record.action.namespace, &record.action.tenant);
        let first = store.find(&scope, &body.origin.id).await?.pop();
        Ok(first.map_or(Cow::Borrowed(record), |first| {
            Cow::Owned(Record {
                action: Arc::new(Action {
                    attachments: first.action.attachments.clone(),
                    ..Action::clone(&record.action)
                }),
                ..record.clone()
            })
        }))
    }
}
