//! The audit trail: listing, searching and exporting the journal.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::limits::MAX_PAGE_BYTES;
use acteon_gateway::Search;
use acteon_store::{Cursor, HistoryFilter, PageRequest};
use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;

use crate::budget::{Held, Room};
use crate::connection::{Connection, Exchange};
use crate::http::answer::{UNKNOWN, answer, written};
use crate::http::error::{Refusal, about};
use crate::http::extract::caller::MayRead;
use crate::http::extract::path::Path;
use crate::http::extract::query::Query;
use crate::http::extract::scope::Scoped;
use crate::http::filter::{Filters, OfChain, Paged, Sought, cursor_text};
use crate::http::offload::off_runtime;
use crate::http::record::{AuditPage, SearchExtent, record};
use crate::http::routes::actions::{action_id, the_one};
use crate::http::state::AppState;

/// Rows read at a time for an export.
const EXPORT_PAGE: usize = 500;
/// Number of times, and pause between them, that an export asks for room before it breaks off.
const ROOM_TRIES: usize = 100;
const ROOM_PAUSE: Duration = Duration::from_millis(100);

/// Parameters of a list of the audit trail.
pub(in crate::http) type AuditQuery = (Filters, Sought, OfChain, Paged);

pub(in crate::http) async fn list(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Query((filters, Sought(sought), OfChain(chain), Paged(request))): Query<AuditQuery>,
) -> Result<Response, Refusal> {
    let filter = filters.of(&caller);
    if let Some(search) = sought {
        let search = Search {
            chain_id: chain,
            ..search
        };
        return searched(&state, filter, search, request).await;
    }
    let _turn = state.reads.take().await?;
    let page = match chain {
        Some(chain) => state.gateway.chain_trail(&chain, &filter, request).await?,
        None => state.gateway.history(filter, request).await?,
    };
    let body = move || {
        let page = AuditPage {
            records: page.views.iter().map(record).collect(),
            limit: request.limit,
            offset: request.offset,
            total: page.total,
            total_is_capped: page.total.map(|_| page.cut),
            next_cursor: page.next.map(cursor_text),
            searched: None,
        };
        written(&page)
    };
    answer(UNKNOWN, body).await
}

/// Page of a search. It may look at thousands of actions, and so takes its turn where evaluations
/// and previews do.
async fn searched(
    state: &AppState,
    filter: HistoryFilter,
    search: Search,
    request: PageRequest,
) -> Result<Response, Refusal> {
    let _turn = state.asides.take().await?;
    let page = state
        .gateway
        .search(filter, search, request.after, request.limit)
        .await?;
    let body = move || {
        written(&AuditPage {
            records: page.views.iter().map(record).collect(),
            limit: request.limit,
            offset: 0,
            total: None,
            total_is_capped: None,
            next_cursor: page.next.map(cursor_text),
            searched: Some(SearchExtent::of(&page)),
        })
    };
    answer(UNKNOWN, body).await
}

pub(in crate::http) async fn get(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(asked): Query<Scoped>,
) -> Result<Response, Refusal> {
    let (scope, id) = (asked.of(&caller), action_id(&id)?);
    let _turn = state.reads.take().await?;
    let view = the_one(state.gateway.find(&scope, &id).await?)?;
    let shown = answer(UNKNOWN, move || written(&record(&view))).await?;
    Ok(about(&id, shown))
}

/// `GET /v1/audit/export`: everything that the filters find, a JSON object a line, written as it is
/// read.
pub(in crate::http) async fn export(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Extension(Exchange { connection, .. }): Extension<Exchange>,
    Query(filters): Query<Filters>,
) -> Result<Response, Refusal> {
    let filter = filters.of(&caller);
    let lines = stream::try_unfold(Some(None), move |after: Option<Option<Cursor>>| {
        let (state, filter, connection) =
            (Arc::clone(&state), filter.clone(), Arc::clone(&connection));
        async move {
            let Some(after) = after else { return Ok(None) };
            let (lines, next) = export_page(&state, filter, after, &connection).await?;
            Ok::<_, std::io::Error>(Some((lines, next.map(Some))))
        }
    });
    Ok((
        [(header::CONTENT_TYPE, "application/x-ndjson")],
        Body::from_stream(lines),
    )
        .into_response())
}

/// Page of an export. It holds room until its caller has read it; only then the next one is read.
async fn export_page(
    state: &AppState,
    filter: HistoryFilter,
    after: Option<Cursor>,
    connection: &Connection,
) -> std::io::Result<(Bytes, Option<Cursor>)> {
    if *state.stopped.borrow() {
        return Err(std::io::Error::other("the server is stopping"));
    }
    let broke_off = |refusal: Refusal| std::io::Error::other(refusal.body.message);
    // Whoever waits for room keeps nobody from a turn, and whoever has a turn has the room.
    let mut room = export_room(state, connection).await?;
    let turn = state.reads.take().await.map_err(broke_off)?;
    let request = PageRequest {
        after,
        offset: 0,
        limit: EXPORT_PAGE,
        count: false,
    };
    // A line that cannot be read breaks the export off, so that it is not taken for whole.
    let page = state
        .gateway
        .history(filter, request)
        .await
        .map_err(std::io::Error::other)?;
    let next = page.next;
    let lines = off_runtime(UNKNOWN, move || {
        page.views
            .iter()
            .map(|view| Ok(written(&record(view))? + "\n"))
            .collect()
    });
    let lines = Bytes::from(
        lines
            .await
            .and_then(|lines: Result<String, Refusal>| lines)
            .map_err(broke_off)?,
    );
    drop(turn);
    room.retake(lines.len());
    Ok((Held::bytes(lines, room), next))
}

/// Waits for room for a page.
async fn export_room(state: &AppState, connection: &Connection) -> std::io::Result<Room> {
    let mut room = state.answers.room(Arc::clone(connection.close()));
    for _ in 0..ROOM_TRIES {
        if room.grow(MAX_PAGE_BYTES) {
            room.keep();
            return Ok(room);
        }
        tokio::time::sleep(ROOM_PAUSE).await;
    }
    Err(std::io::Error::other(
        "too many answers wait to be read by their callers",
    ))
}
