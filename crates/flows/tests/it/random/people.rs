//! What people do about the approvals of random chains.

use std::collections::BTreeMap;

use acteon_flows::FlowName;
use acteon_flows::approval::{
    Approval, ApprovalFlow, Choice, Deciding, Decision, EndedBy, Refusal, Status, cancel, decide,
    delegate, is_left, open, remind,
};

use super::choices::Choices;
use crate::approvals::random::{NAMES, voter};
use crate::approvals::world::{People, person};
use crate::world::{World, chain_name};

/// What people were told that counts.
#[derive(Default)]
pub(super) struct Told {
    /// Decisions, by their approvals.
    pub(super) decisions: BTreeMap<FlowName, Vec<Decision>>,
    /// What people decided in the end, by its approval.
    pub(super) ended: BTreeMap<FlowName, Status>,
    /// Signals that executions took, by their names.
    pub(super) signals: BTreeMap<(FlowName, String), usize>,
}

/// Approvals that nobody and nothing has ended.
fn pending(world: &World) -> Vec<FlowName> {
    let rows = world.flows.iter();
    let open = rows.filter(|(name, row)| &*name.kind == ApprovalFlow::NAME && !row.is_over);
    open.map(|(name, _)| name.clone()).collect()
}

/// Somebody does something about an approval, or tries to.
pub(super) fn act(choices: &mut Choices<'_>, world: &mut World, told: &mut Told) {
    let Some(name) = choices.one(&pending(world)) else {
        return;
    };
    let who = choices.one(&NAMES).expect("a name");
    let by = voter(choices, who);
    let (now, due_now) = (world.wall(), world.due());
    let at = (now, due_now);
    let deciding = |choice| Deciding {
        event: None,
        voter: by,
        choice,
        comment: None,
        now,
        due_now,
    };
    let done = match choices.below(10) {
        0..=4 => change(world, &name, |approval| {
            decide(approval, &deciding(Choice::Approve))
        }),
        5 => change(world, &name, |approval| {
            decide(approval, &deciding(Choice::Reject))
        }),
        6 => {
            let to = person(choices.one(&NAMES).expect("a name"));
            change(world, &name, |approval| {
                delegate(approval, by, to, None, at)
            })
        }
        7 => change(world, &name, |approval| remind(approval, at)),
        8 if choices.rarely(4) => change(world, &name, |approval| {
            cancel(approval, who, None, (at.0, Some(at.1)))
        }),
        _ => return,
    };
    let Ok(approval) = done else { return };
    told.decisions.insert(name.clone(), approval.decisions);
    if approval.ended_by == Some(EndedBy::People) {
        told.ended.insert(name, approval.status);
    }
}

/// Changes an approval as a gateway does, unless its chain has left it: it is due at once then.
fn change(
    world: &mut World,
    name: &FlowName,
    change: impl FnOnce(&mut Approval) -> Result<(), Refusal>,
) -> Result<Approval, Refusal> {
    let mut approval = read(world, name);
    let chain = approval.parent.as_ref().expect("a chain").chain.clone();
    if is_left(&approval, world.looked(&chain_name(&chain)).as_ref()) {
        return Err(Refusal::Settled(Status::Cancelled));
    }
    change(&mut approval)?;
    let row = world.flows.get_mut(name).expect("an approval");
    row.body = approval.to_json().expect("a body");
    approval.status.as_str().clone_into(&mut row.status);
    row.deaths = 0;
    world.poke(name);
    Ok(approval)
}

pub(super) fn read(world: &World, name: &FlowName) -> Approval {
    let body = &world.flows[name].body;
    open(body, &People, world.wall(), world.due()).expect("an approval")
}
