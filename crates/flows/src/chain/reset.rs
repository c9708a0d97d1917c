//! Resets: an execution that is over is done over by another one, from its beginning or from one of its steps.

use acteon_core::Timestamp;
use acteon_core::similar::nearest;

use super::begin::expires;
use super::body::Body;
use super::ids::chain_name;
use super::outside::{Refused, Started, check_id};
use super::state::StepStatus;
use super::status::Status;
use crate::kind::Due;

/// Execution that does another one over. What the steps before `from` came to is taken from that one; what it sends has ids of its own.
pub fn reset(
    body: &str,
    from: Option<&str>,
    id: String,
    now: Timestamp,
    due_now: Timestamp,
) -> Result<Started, Refused> {
    check_id(&id)?;
    let before = Body::parse(body)?;
    if !before.status.is_over() {
        return Err(Refused::Active(before.status.as_str()));
    }
    if let Some(parent) = before.parent {
        return Err(Refused::OfAnother(parent.chain));
    }
    let expires = expires(before.definition()?, now, due_now);
    let name = chain_name(&id);
    let by = (before.origin, before.requester);
    let mut again = Body::begin((id, before.pinned), by, None, now, expires);
    again.reset_of = Some(before.id);
    again.attributes = before.attributes;
    if let Some(from) = from {
        let path = &before.execution_path;
        let Some(at) = path.iter().position(|step| step == from) else {
            let hint = nearest(from, path.iter().map(String::as_str));
            return Err(Refused::NotReached {
                step: acteon_core::json::head(from, acteon_core::limits::MAX_ERROR_BYTES)
                    .to_owned(),
                hint: hint.map_or_else(
                    || format!("it went through {}", path.join(", ")),
                    |near| format!("did you mean {near}?"),
                ),
            });
        };
        again.execution_path = path[..=at].to_vec();
        again.current = Some(from.to_owned());
        let definition = again.pinned.definition().cloned();
        let kept = definition
            .into_iter()
            .flat_map(|definition| definition.steps);
        let kept = kept.filter(|step| path[..at].contains(&step.name));
        for step in kept {
            for step in Body::with_children(&step) {
                let state = before.steps.get(&step.name);
                if let Some(state) = state.filter(|s| s.status != StepStatus::Running) {
                    again.steps.insert(step.name.clone(), state.clone());
                }
            }
        }
        again.last_signal = before.last_signal;
    }
    Ok(Started {
        name,
        status: Status::Running.as_str(),
        body: again.to_json()?,
        due: Due::After(std::time::Duration::ZERO),
    })
}
