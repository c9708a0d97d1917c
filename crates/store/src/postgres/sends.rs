//! Sends of the recent past, for the budgets of a new process.

use acteon_core::{ProviderName, Timestamp};

use super::connect::Conn;
use super::error::Failure;
use crate::history::Cursor;
use crate::model::{RecentSend, RecentSends, Seq};
use crate::raw::recipients;

/// Looks at what was accepted up to an hour before `since`: retries may end long after they began, but a budget looks back only so far.
/// Reads nothing wide.
pub(super) async fn recent_sends(
    conn: &Conn,
    since: Timestamp,
    before: Option<Cursor>,
    limit: usize,
) -> Result<RecentSends, Failure> {
    let oldest = since - std::time::Duration::from_hours(1);
    let select = "SELECT COALESCE(a.through, a.provider), a.request_facts, o.finished_at, a.accepted_at, a.seq FROM \
         (SELECT seq, accepted_at, through, provider, request_facts FROM actions WHERE accepted_at >= $2 AND (accepted_at, seq) < ($3, $4) \
          ORDER BY accepted_at DESC, seq DESC LIMIT $1) a \
         LEFT JOIN outcomes o ON o.seq = a.seq AND o.state = 1 AND o.attempts > 0 AND o.finished_at > $5 \
         ORDER BY a.accepted_at DESC, a.seq DESC";
    let before = before.map_or((i64::MAX, i64::MAX), |cursor| {
        (cursor.at.as_millis(), cursor.seq.0)
    });
    let rows = conn
        .query(
            select,
            &[
                &(limit as i64),
                &oldest.as_millis(),
                &before.0,
                &before.1,
                &since.as_millis(),
            ],
        )
        .await?;
    let mut page = RecentSends::default();
    for row in &rows {
        let (provider, facts, finished_at): (&str, Option<&str>, Option<i64>) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let Some(finished_at) = finished_at.map(Timestamp::from_millis) else {
            continue;
        };
        // What cannot be read counts for nobody.
        if let (Ok(provider), Ok(recipients)) = (ProviderName::parse(provider), recipients(facts)) {
            page.sends.push(RecentSend {
                provider,
                recipients,
                finished_at,
            });
        }
    }
    if let Some(last) = rows.last().filter(|_| rows.len() == limit) {
        page.next = Some(Cursor {
            at: Timestamp::from_millis(last.try_get(3)?),
            seq: Seq(last.try_get(4)?),
        });
    }
    Ok(page)
}
