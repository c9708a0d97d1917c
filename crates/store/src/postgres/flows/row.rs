//! Flows as rows.

use acteon_core::{Namespace, Tenant, Timestamp};
use tokio_postgres::Row;

use crate::flows::{Flow, FlowKey, FlowState};
use crate::model::OwnerId;
use crate::postgres::error::PostgresError;
use crate::{Cause, StoreError};

/// Columns of a flow, for table `f`.
pub(in crate::postgres) const COLUMNS: &str = "f.kind, f.id, f.namespace, f.tenant, f.status, f.body, f.due_at, f.is_over, f.version, f.owner, \
     f.takeovers, f.created_at, f.updated_at";

/// Reads [`COLUMNS`].
pub(in crate::postgres) fn flow(row: &Row) -> Result<Flow, StoreError> {
    let key = key(row)?;
    let unreadable = |column: &str| {
        StoreError::Damaged(Cause::from(format!(
            "the flow {key} has no readable {column}"
        )))
    };
    let namespace = Namespace::parse(text(row, 2)?).map_err(|_| unreadable("namespace"))?;
    let tenant = Tenant::parse(text(row, 3)?).map_err(|_| unreadable("tenant"))?;
    let takeovers = number(row, 10)?;
    let due_at: Option<i64> = row.try_get(6).map_err(|error| told(&error))?;
    Ok(Flow {
        namespace,
        tenant,
        state: FlowState {
            status: text(row, 4)?.into(),
            body: text(row, 5)?.into(),
            due_at: due_at.map(Timestamp::from_millis),
            is_over: row.try_get(7).map_err(|error| told(&error))?,
        },
        version: number(row, 8)?,
        owner: OwnerId(number(row, 9)?),
        takeovers: u32::try_from(takeovers).map_err(|_| unreadable("number of take-overs"))?,
        created_at: Timestamp::from_millis(number(row, 11)?),
        updated_at: Timestamp::from_millis(number(row, 12)?),
        key,
    })
}

/// Reads rows: flows, and the names of those that cannot be read, which stop nobody else's step and are told in the log.
pub(in crate::postgres) fn readable(rows: &[Row]) -> Result<(Vec<Flow>, Vec<FlowKey>), StoreError> {
    let (mut flows, mut unreadable) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in rows {
        match flow(row) {
            Ok(flow) => flows.push(flow),
            Err(StoreError::Damaged(why)) => {
                tracing::error!(why = format!("{why:#}"), "a flow is passed over");
                unreadable.push(key(row)?);
            }
            Err(error) => return Err(error),
        }
    }
    Ok((flows, unreadable))
}

/// Name of a flow, which is in the first two columns.
pub(in crate::postgres) fn key(row: &Row) -> Result<FlowKey, StoreError> {
    Ok(FlowKey::new(text(row, 0)?, text(row, 1)?))
}

fn text(row: &Row, place: usize) -> Result<&str, StoreError> {
    row.try_get(place).map_err(|error| told(&error))
}

fn number(row: &Row, place: usize) -> Result<i64, StoreError> {
    row.try_get(place).map_err(|error| told(&error))
}

fn told(error: &tokio_postgres::Error) -> StoreError {
    StoreError::Engine(PostgresError::from(error).into())
}
