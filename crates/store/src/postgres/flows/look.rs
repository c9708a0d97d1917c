//! Looks at flows.

use acteon_core::{Namespace, Tenant};
use tokio_postgres::types::ToSql;

use super::row::{COLUMNS, flow, readable};
use crate::flows::{Flow, FlowCount, FlowFilter, FlowKey};
use crate::postgres::connect::Conn;
use crate::postgres::error::Failure;

pub(super) async fn get(conn: &Conn, key: &FlowKey) -> Result<Option<Flow>, Failure> {
    let select = format!("SELECT {COLUMNS} FROM flows f WHERE f.kind = $1 AND f.id = $2");
    let select = conn.prepare_cached(&select).await?;
    let row = conn.query_opt(&select, &[&&*key.kind, &&*key.id]).await?;
    Ok(row.as_ref().map(flow).transpose()?)
}

/// A page of the flows of a kind.
pub(super) async fn list(conn: &Conn, filter: &FlowFilter) -> Result<Vec<Flow>, Failure> {
    let asked = Asked::of(filter);
    let select = format!(
        "SELECT {COLUMNS} FROM flows f WHERE {} ORDER BY f.id LIMIT $1",
        asked.condition
    );
    let select = conn.prepare_cached(&select).await?;
    Ok(readable(&conn.query(&select, &asked.parameters()).await?)?.0)
}

/// Number of flows that a filter covers, up to its limit.
pub(super) async fn count(conn: &Conn, filter: &FlowFilter) -> Result<usize, Failure> {
    let asked = Asked::of(filter);
    let select = format!(
        "SELECT COUNT(*) FROM (SELECT 1 FROM flows f WHERE {} LIMIT $1) c",
        asked.condition
    );
    let select = conn.prepare_cached(&select).await?;
    let count: i64 = conn
        .query_one(&select, &asked.parameters())
        .await?
        .try_get(0)?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Numbers of flows by kind and status.
pub(super) async fn counts(conn: &Conn) -> Result<Vec<FlowCount>, Failure> {
    let select = "SELECT kind, status, COUNT(*) FROM flows GROUP BY kind, status ORDER BY kind, status COLLATE \"C\"";
    let count = |row: &tokio_postgres::Row| {
        let count: i64 = row.try_get(2)?;
        Ok(FlowCount {
            kind: row.try_get::<_, &str>(0)?.into(),
            status: row.try_get::<_, &str>(1)?.into(),
            count: usize::try_from(count).unwrap_or(0),
        })
    };
    conn.query(select, &[]).await?.iter().map(count).collect()
}

/// Condition of a filter, of what it says alone, so that an index serves it; and its parameters after the limit.
struct Asked<'a> {
    condition: String,
    limit: i64,
    values: Vec<&'a str>,
}

impl<'a> Asked<'a> {
    fn of(filter: &'a FlowFilter) -> Self {
        let FlowFilter {
            kind,
            namespace,
            tenant,
            status,
            after,
            limit,
        } = filter;
        let parts = [
            ("f.kind =", Some(&**kind)),
            ("f.namespace =", namespace.as_ref().map(Namespace::as_str)),
            ("f.tenant =", tenant.as_ref().map(Tenant::as_str)),
            ("f.status =", status.as_deref()),
            ("f.id >", after.as_deref()),
        ];
        let (mut conditions, mut values) = (Vec::new(), Vec::new());
        for (condition, value) in parts {
            if let Some(value) = value {
                values.push(value);
                conditions.push(format!("{condition} ${}", values.len() + 1));
            }
        }
        Self {
            condition: conditions.join(" AND "),
            limit: i64::try_from(*limit).unwrap_or(i64::MAX),
            values,
        }
    }

    fn parameters(&self) -> Vec<&(dyn ToSql + Sync)> {
        let limit: &(dyn ToSql + Sync) = &self.limit;
        let values = self.values.iter().map(|value| value as &(dyn ToSql + Sync));
        std::iter::once(limit).chain(values).collect()
    }
}
