//! Looks at flows.

use tokio_postgres::types::ToSql;

use super::row::{COLUMNS, flow, key, readable};
use crate::flows::{Flow, FlowCount, FlowFilter, FlowKey, FlowPage, FlowPageRows};
use crate::postgres::connect::Conn;
use crate::postgres::error::Failure;
use crate::rows::flow_within;

pub(super) async fn get(conn: &Conn, key: &FlowKey) -> Result<Option<Flow>, Failure> {
    let select = format!("SELECT {COLUMNS} FROM flows f WHERE f.kind = $1 AND f.id = $2");
    let select = conn.prepare_cached(&select).await?;
    let row = conn.query_opt(&select, &[&&*key.kind, &&*key.id]).await?;
    Ok(row.as_ref().map(flow).transpose()?)
}

/// A page of the flows of a kind. Bodies behind its end are not read: the length of one is known without.
pub(super) async fn list(conn: &Conn, filter: &FlowFilter) -> Result<FlowPage, Failure> {
    let asked = Asked::of(filter);
    let (_, direction) = filter.direction();
    let max_bytes = i64::try_from(filter.max_bytes.max(1)).unwrap_or(i64::MAX);
    let select = format!(
        "SELECT {COLUMNS} FROM (SELECT a.kind, a.id, sum(octet_length(a.body)) OVER (ORDER BY a.id {direction}) - octet_length(a.body) AS before \
         FROM flows a WHERE {} ORDER BY a.id {direction} LIMIT $1) b \
         JOIN flows f ON f.kind = b.kind AND f.id = b.id WHERE b.before < {max_bytes} ORDER BY f.id {direction}",
        asked.condition
    );
    let mut rows = FlowPageRows::new(filter);
    for row in conn.query(&select, &asked.parameters()).await? {
        let mut flow = readable(std::slice::from_ref(&row))?.0;
        rows.add(Some(key(&row)?.id), flow.pop());
    }
    Ok(rows.page())
}

/// Number of flows that a filter covers, up to its limit.
pub(super) async fn count(conn: &Conn, filter: &FlowFilter) -> Result<usize, Failure> {
    let asked = Asked::of(filter);
    let select = format!(
        "SELECT COUNT(*) FROM (SELECT 1 FROM flows a WHERE {} LIMIT $1) c",
        asked.condition
    );
    let count: i64 = conn
        .query_one(&select, &asked.parameters())
        .await?
        .try_get(0)?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Numbers of flows by kind, tenant and status.
pub(super) async fn counts(conn: &Conn) -> Result<Vec<FlowCount>, Failure> {
    let select = "SELECT kind, tenant, status, COUNT(*) FROM flows GROUP BY kind, tenant, status ORDER BY kind, tenant, status COLLATE \"C\"";
    let count = |row: &tokio_postgres::Row| {
        let count: i64 = row.try_get(3)?;
        Ok(FlowCount {
            kind: row.try_get::<_, &str>(0)?.into(),
            tenant: row.try_get::<_, &str>(1)?.into(),
            status: row.try_get::<_, &str>(2)?.into(),
            count: usize::try_from(count).unwrap_or(0),
        })
    };
    conn.query(select, &[]).await?.iter().map(count).collect()
}

/// Condition of a filter about table `a`, of what it says alone, so that an index serves it; and its parameters after the limit.
struct Asked {
    condition: String,
    limit: i64,
    values: Vec<String>,
}

impl Asked {
    fn of(filter: &FlowFilter) -> Self {
        let FlowFilter {
            kind,
            scope,
            status,
            after,
            order: _,
            limit,
            max_bytes: _,
        } = filter;
        let (within, mut values) = flow_within(scope, '$', 1);
        let mut conditions = vec![within];
        let behind = format!("a.id {}", filter.direction().0);
        let parts = [
            ("a.kind =", Some(&**kind)),
            ("a.status =", status.as_deref()),
            (&behind, after.as_deref()),
        ];
        for (condition, value) in parts {
            if let Some(value) = value {
                values.push(value.to_owned());
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
