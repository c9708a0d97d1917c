//! Jobs: rows that wait for work, and which process has them.

use acteon_core::{BoxFuture, Priority, ProviderName, Timestamp};

use super::connect::{Conn, in_time};
use super::error::Failure;
use super::store::PostgresStore;
use super::{calls, holds};
use crate::model::{Claim, Claimed, Freed, Hasten, Hold, OwnerId, Seq};
use crate::rows::open_share;
use crate::shares::OpenShare;
use crate::store::Jobs;
use crate::{StoreError, rows};

impl Jobs for PostgresStore {
    fn claim(&self, claim: Claim) -> BoxFuture<'_, Result<Vec<Claimed>, StoreError>> {
        Box::pin(self.claim_rows(claim))
    }

    fn next_due(
        &self,
        providers: &[ProviderName],
    ) -> BoxFuture<'_, Result<Option<Timestamp>, StoreError>> {
        let providers = providers.to_vec();
        Box::pin(async move { call!(self.claiming, conn => next_due(conn, &providers)) })
    }

    fn owned(
        &self,
        owner: OwnerId,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Hold>, StoreError>> {
        Box::pin(async move { call!(self.own, conn => holds::owned(conn, owner, after, limit)) })
    }

    fn free(&self, holds: Vec<Hold>, now: Timestamp) -> BoxFuture<'_, Result<Freed, StoreError>> {
        Box::pin(async move { call!(self.own, conn => holds::free(conn, &holds, now)) })
    }

    fn hasten(&self, hasten: Hasten) -> BoxFuture<'_, Result<usize, StoreError>> {
        Box::pin(self.hasten_rows(hasten))
    }

    fn open_shares(&self, due: Timestamp) -> BoxFuture<'_, Result<Vec<OpenShare>, StoreError>> {
        Box::pin(async move { call!(self.pool, conn => open_shares(conn, due)) })
    }
}

async fn next_due(conn: &Conn, providers: &[ProviderName]) -> Result<Option<Timestamp>, Failure> {
    let select = "SELECT MIN(j.due_at) FROM (SELECT * FROM unnest($1::text[]) AS n (provider), unnest($2::bigint[]) AS c (priority)) p CROSS JOIN LATERAL \
         (SELECT due_at FROM jobs WHERE owner = 0 AND provider = p.provider AND priority = p.priority ORDER BY due_at LIMIT 1) j";
    let select = conn.prepare_cached(select).await?;
    let providers: Vec<&str> = providers.iter().map(ProviderName::as_str).collect();
    let priorities = Priority::ALL.map(Priority::number);
    let due: Option<i64> = conn
        .query_one(&select, &[&providers, &&priorities[..]])
        .await?
        .try_get(0)?;
    Ok(due.map(Timestamp::from_millis))
}

/// Numbers of open rows by tenant and provider.
async fn open_shares(conn: &Conn, due: Timestamp) -> Result<Vec<OpenShare>, Failure> {
    let mut shares = Vec::new();
    for row in conn
        .query(&rows::open_shares('$'), &[&due.as_millis()])
        .await?
    {
        shares.extend(open_share(
            row.try_get(0)?,
            row.try_get(1)?,
            (row.try_get(2)?, row.try_get(3)?),
            row.try_get(4)?,
        ));
    }
    Ok(shares)
}
