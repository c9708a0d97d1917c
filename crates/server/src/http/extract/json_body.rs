//! Bodies of JSON, each read by the table of its fields.

use std::sync::Arc;

use acteon_core::Timestamp;
use axum::extract::{FromRequest, Request};

use super::body::{Incoming, Text};
use crate::http::error::Refusal;
use crate::http::offload::{Aside, Asides, off_runtime};
use crate::http::shape::{FieldValues, Shape, WalkedBody};
use crate::http::state::AppState;

/// Type that a body can be read as.
pub(in crate::http) trait FromBody: Sized + Send + 'static {
    /// Table of the fields, which also describes the body in the `OpenAPI` document.
    const SHAPE: &'static Shape;

    /// Example of the body, for the `OpenAPI` document.
    fn example() -> serde_json::Value;

    /// Makes the value of checked fields. `now` is when the request came.
    fn from_fields(values: FieldValues<'_>, now: Timestamp) -> Result<Self, Refusal>;
}

/// Body of a request, read as `T`.
pub(in crate::http) struct JsonBody<T>(pub(in crate::http) T);

impl<T: FromBody> FromRequest<Arc<AppState>> for JsonBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &Arc<AppState>) -> Result<Self, Refusal> {
        let Ok(incoming) = Incoming::from_request(request, state).await;
        incoming.read(state.clock.now()).await.map(Self)
    }
}

impl Incoming {
    /// Reads the body as `T`.
    pub(in crate::http) async fn read<T: FromBody>(self, now: Timestamp) -> Result<T, Refusal> {
        read(self.text().await?, now).await
    }

    /// Reads the body as `T` once it has a turn: the value takes several times the bytes of its
    /// text.
    pub(in crate::http) async fn read_in_turn<T: FromBody>(
        self,
        turns: &Asides,
        now: Timestamp,
    ) -> Result<(T, Aside<'_>), Refusal> {
        let text = self.text().await?;
        let turn = turns.take().await?;
        Ok((read(text, now).await?, turn))
    }

    /// Reads the body as `T`; `None` where it is absent.
    pub(in crate::http) async fn read_or_nothing<T: FromBody>(
        self,
        now: Timestamp,
    ) -> Result<Option<T>, Refusal> {
        match self.text_or_nothing().await? {
            Some(text) => read(text, now).await.map(Some),
            None => Ok(None),
        }
    }
}

async fn read<T: FromBody>(text: Text, now: Timestamp) -> Result<T, Refusal> {
    let bytes = text.len();
    let walk = move || T::from_fields(WalkedBody::walk(&text, T::SHAPE)?.checked()?, now);
    off_runtime(bytes, walk).await?
}
