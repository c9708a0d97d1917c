//! Insertion of an action's row, unless its id is there.

use acteon_core::Action;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::Result;
use super::statement::inserting;
use crate::StoreError;
use crate::model::{ActionState, Admission, Admitted, Charges, Route, Seq};
use crate::rows::{RequestTexts, RowTexts, charges_text, longest_alike, state_number};

/// Writes the row of an action; `None` when its id is there.
pub(super) fn insert(
    connection: &Connection,
    admission: &Admission,
    texts: &RowTexts,
    chosen: Option<(&Route, &RequestTexts)>,
    charges: &Charges,
) -> Result<Option<Seq>> {
    let Admission {
        action,
        origin,
        caller,
        verdict,
        rule,
        accepted_at,
        ..
    } = admission;
    let through = chosen
        .map(|(route, _)| &route.provider)
        .filter(|provider| **provider != action.provider);
    let (statement, values) = inserting!(
        "INSERT INTO actions" (
            id: action.id.as_str(),
            tenant: action.tenant.as_str(),
            namespace: action.namespace.as_str(),
            accepted_at: accepted_at.as_millis(),
            provider: action.provider.as_str(),
            action_type: action.action_type.as_str(),
            origin: origin.as_str(),
            caller: &*caller.id,
            auth_method: caller.auth_method,
            verdict: verdict.as_str(),
            rule: rule.as_deref(),
            through: through.map(acteon_core::ProviderName::as_str),
            charges: charges_text(charges),
            request_facts: chosen.and_then(|(_, request)| request.facts.as_deref()),
            action: texts.action,
            request: chosen.and_then(|(_, request)| request.bytes()),
            parent: admission.parent.as_ref().map(ToString::to_string),
        )
        "VALUES (" ") ON CONFLICT (id, tenant, namespace) WHERE superseded = 0 DO NOTHING"
    );
    let mut insert = connection.prepare_cached(statement)?;
    let mut written = insert.execute(values)?;
    if written == 0 && existing(connection, action, texts)?.is_none() {
        written = insert.execute(values)?;
    }
    Ok((written == 1).then(|| Seq(connection.last_insert_rowid())))
}

pub(super) fn before(
    connection: &Connection,
    action: &Action,
    texts: &RowTexts,
) -> Result<Admitted> {
    let found = existing(connection, action, texts)?;
    found
        .map(Admitted::Existing)
        .ok_or_else(|| StoreError::Engine("an action was there and then was not".into()))
}

/// The position of the action that has this id. One that was refused for now gives way if the same is asked for.
fn existing(connection: &Connection, action: &Action, texts: &RowTexts) -> Result<Option<Seq>> {
    let Some(Known { seq, gives_way }) = known(connection, action, texts)? else {
        return Ok(None);
    };
    if gives_way {
        connection
            .prepare_cached("UPDATE actions SET superseded = 1 WHERE seq = ?1")?
            .execute([seq.0])?;
        return Ok(None);
    }
    Ok(Some(seq))
}

/// An action that has an id.
pub(super) struct Known {
    pub(super) seq: Seq,
    /// Whether it was refused for now, and the same is asked for again.
    pub(super) gives_way: bool,
}

/// Action that has an id, if there is one. Reads as little as possible: others' commits wait meanwhile, and a request of a few bytes may name an
/// action of a million.
pub(super) fn known(
    connection: &Connection,
    action: &Action,
    texts: &RowTexts,
) -> Result<Option<Known>> {
    let mut select = connection.prepare_cached(
        "SELECT a.seq, CASE WHEN o.state = ?4 AND octet_length(a.action) <= ?5 THEN a.action END \
         FROM actions a LEFT JOIN outcomes o ON o.seq = a.seq WHERE a.id = ?1 AND a.tenant = ?2 AND a.namespace = ?3 AND a.superseded = 0",
    )?;
    let (id, tenant, namespace) = (
        action.id.as_str(),
        action.tenant.as_str(),
        action.namespace.as_str(),
    );
    let values = params![
        id,
        tenant,
        namespace,
        state_number(ActionState::Refused),
        longest_alike(texts.action.len())
    ];
    let known = select.query_row(values, |row| {
        let text = row.get_ref(1)?.as_bytes_or_null()?;
        let refused = text.and_then(|text| serde_json::from_slice::<Action>(text).ok());
        Ok(Known {
            seq: Seq(row.get(0)?),
            gives_way: refused.is_some_and(|refused| refused.asks_the_same_at_sight(action)),
        })
    });
    Ok(known.optional()?)
}
