//! Pages of lists that are in memory, by `limit` and `offset`.

use std::collections::BTreeMap;

use acteon_core::limits::MAX_PAGE_BYTES;
use axum::response::Response;
use serde::Serialize;

use super::answer::{UNKNOWN, answer, written};
use super::error::Refusal;
use super::extract::query::{FromQuery, Parameters};
use super::filter::limit;
use super::state::AppState;

/// Page of a list.
pub(in crate::http) struct Page {
    limit: usize,
    offset: usize,
}

impl FromQuery for Page {
    fn names() -> Vec<&'static str> {
        vec!["limit", "offset"]
    }

    fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        Ok(Self {
            limit: limit(parameters, 100)?,
            offset: parameters
                .parsed("offset", "a number", |text| text.parse().ok())?
                .unwrap_or(0),
        })
    }
}

/// Answer with a page of documents, of which the sizes are known.
pub(super) async fn page<T: Serialize + Send + 'static>(
    state: &AppState,
    name: &'static str,
    Page { limit, offset }: Page,
    all: impl FnOnce() -> Vec<T> + Send + 'static,
) -> Result<Response, Refusal> {
    let _turn = state.reads.take().await?;
    let list = move || {
        let (mut rows, mut bytes) = (Vec::new(), 0);
        for row in all().into_iter().skip(offset).take(limit) {
            let row = serde_json::value::to_raw_value(&row)
                .map_err(|error| Refusal::field(name, error.to_string()))?;
            bytes += row.get().len();
            if bytes > MAX_PAGE_BYTES && !rows.is_empty() {
                break;
            }
            rows.push(row);
        }
        let rows_of = |error: serde_json::Error| Refusal::field(name, error.to_string());
        let count = serde_json::value::to_raw_value(&rows.len()).map_err(rows_of)?;
        let rows = serde_json::value::to_raw_value(&rows).map_err(rows_of)?;
        written(&BTreeMap::from([("count", count), (name, rows)]))
    };
    answer(UNKNOWN, list).await
}
