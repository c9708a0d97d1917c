//! Which advances of a batch go, by the flows as they are.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use acteon_core::{ActionId, Namespace, Tenant};
use tokio_postgres::Row;

use super::advancing::Advancing;
use crate::StoreError;
use crate::flows::{Advanced, FlowKey};
use crate::postgres::admit::Admitting;
use crate::postgres::batch::Effects;
use crate::postgres::error::Failure;
use crate::postgres::flows::row::{COLUMNS, flow};

/// A flow as it is, locked.
pub(super) struct Found {
    mark: i64,
    version: i64,
    row: Row,
}

/// Statement that locks and reads flows. The body is read only where it is told, because the version is not the expected one.
pub(super) static READ: LazyLock<String> = LazyLock::new(|| {
    let body = "CASE WHEN i.expected <> f.version THEN f.body ELSE '' END";
    let columns = COLUMNS.replace("f.body", body);
    format!(
        "SELECT {columns}, f.mark FROM unnest($1::text[], $2::text[], $3::bigint[]) AS i (kind, id, expected) \
         JOIN flows f ON f.kind = i.kind AND f.id = i.id ORDER BY f.kind, f.id FOR UPDATE OF f"
    )
});

impl Found {
    pub(super) fn read(row: Row) -> Result<(FlowKey, Self), Failure> {
        let found = Self {
            mark: row.try_get("mark")?,
            version: row.try_get("version")?,
            row,
        };
        let key = FlowKey::new(found.row.try_get("kind")?, found.row.try_get("id")?);
        Ok((key, found))
    }
}

/// Advances that go, and the results of those that do not.
pub(super) struct Chosen<'a> {
    /// Result of each item; `None` of one that goes, and of one that is left to the next attempt.
    pub(super) effects: Effects<Advanced>,
    /// Items that go, each with its index in the batch.
    pub(super) going: Vec<(usize, &'a Advancing)>,
}

impl<'a> Chosen<'a> {
    /// Of several of one flow, or of one action, the first is looked at, and so is what changes no flow that an earlier one may have changed: each is
    /// judged by what is in the database. The first is always among them.
    pub(super) fn of(
        items: &'a [Arc<Advancing>],
        found: &HashMap<FlowKey, Found>,
        again: bool,
    ) -> Self {
        let mut chosen = Self {
            effects: items.iter().map(|_| None).collect(),
            going: Vec::new(),
        };
        let mut changed: HashSet<&FlowKey> = HashSet::new();
        let mut ids: HashSet<Id<'_>> = HashSet::new();
        for (place, item) in items.iter().enumerate() {
            let key = &item.advance.key;
            let is_first = !changed.contains(key) && !ids_of(item).any(|id| ids.contains(&id));
            changed.insert(key);
            if !is_first {
                continue;
            }
            chosen.effects[place] = judge(item, found.get(key), again);
            if chosen.effects[place].is_none() {
                changed.extend(item.changed());
                ids.extend(ids_of(item));
                chosen.going.push((place, item));
            }
        }
        chosen
    }
}

type Id<'a> = (&'a Namespace, &'a Tenant, &'a ActionId);

fn ids_of(item: &Advancing) -> impl Iterator<Item = Id<'_>> {
    let actions = item.admissions.iter().map(Admitting::action);
    actions.map(|action| (&action.namespace, &action.tenant, &action.id))
}

/// Result of an advance that was done before, or finds another flow than it expects; `None` where it goes.
fn judge(
    item: &Advancing,
    found: Option<&Found>,
    again: bool,
) -> Option<Result<Advanced, StoreError>> {
    if again && let Some(advanced) = item.done_before(found.map(|found| found.mark)) {
        return Some(Ok(advanced));
    }
    if item.expected() == found.map(|found| found.version) {
        return None;
    }
    let found = found.map(|found| flow(&found.row)).transpose();
    Some(found.map(Advanced::Changed))
}
