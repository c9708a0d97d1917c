//! Routes that an action may take, and what is held for each until the commit says which one it
//! takes.
//!
//! Each route has room in the memory of its own provider's lane, or waits in the store for as long
//! as that lane is paused. The first may have a turn to send besides. What the others held is given
//! back as soon as the route is known: an action that kept a turn of one provider while it waits
//! for another's would keep that turn from those who hold what it waits for, and two such actions
//! would deadlock.

use std::sync::Arc;

use acteon_core::{Action, Priority, Timestamp};
use acteon_store::{Enqueue, OwnerId};

use crate::admit::answer::Wait;
use crate::admit::batch::InLine;
use crate::decide::route::Route;
use crate::deliver::send_turn::SendTurn;
use crate::lane::MemoryPermit;
use crate::memory::size_of;
use crate::shared::Inner;

/// Routes of an action that is about to be admitted.
#[derive(Default)]
pub(crate) struct PreparedRoutes {
    prepared: Vec<PreparedRoute>,
    /// Turn of the first route's provider, where one is free.
    at_once: Option<SendTurn>,
}

/// Where an action waits for its turn.
pub(crate) enum Placement {
    /// It waits in memory, in its lane.
    InMemory(MemoryPermit),
    /// It waits in the store, until it is due.
    InStore(Timestamp),
}

/// Route, and where its action waits.
struct PreparedRoute {
    route: Route,
    placement: Placement,
}

/// Route that an action takes.
pub(crate) struct ChosenRoute {
    pub(crate) route: Route,
    pub(crate) placement: Placement,
    /// Turn that the store was told of.
    pub(crate) at_once: Option<SendTurn>,
}

impl PreparedRoutes {
    /// Takes memory for each route that has some free, and for the first a turn, if one is free
    /// now. An item of a batch takes no turn that one before it has yet to ask for.
    pub(crate) fn prepare(
        inner: &Inner,
        action: &Action,
        priority: Priority,
        routes: Vec<Route>,
        wait: Wait,
        line: Option<&mut InLine>,
    ) -> Self {
        let prepare = |route: Route| {
            // A postponed action takes no memory while it waits, which may be days.
            if route.is_scheduled || route.not_before > inner.due.now() {
                return PreparedRoute {
                    placement: Placement::InStore(route.not_before),
                    route,
                };
            }
            let memory = memory(inner, action, priority, &route, wait);
            let due_at = || inner.due.now() + route.entry.lane.reopens_in().unwrap_or_default();
            let placement =
                memory.map_or_else(|| Placement::InStore(due_at()), Placement::InMemory);
            PreparedRoute { route, placement }
        };
        let prepared: Vec<PreparedRoute> = routes.into_iter().map(prepare).collect();
        let first = prepared
            .first()
            .filter(|first| matches!(first.placement, Placement::InMemory(_)));
        let Some(entry) = first.map(|first| Arc::clone(&first.route.entry)) else {
            return Self {
                prepared,
                at_once: None,
            };
        };
        // A free turn is no reason to go first: an earlier item of the batch may be on its way to
        // ask for it.
        let is_first = line.as_ref().is_none_or(|line| line.is_first(&entry.name));
        let at_once = if is_first {
            SendTurn::at_once(&entry)
        } else {
            None
        };
        if let (Some(line), None) = (line, &at_once) {
            line.asks_later(&entry.name);
        }
        Self { prepared, at_once }
    }

    /// Routes as the store takes them, where `owner` writes them, with the outcome so far.
    pub(crate) fn to_store(
        &self,
        owner: OwnerId,
        so_far: Option<&Arc<str>>,
    ) -> Vec<acteon_store::Route> {
        let enqueue = |(number, prepared): (usize, &PreparedRoute)| match &prepared.placement {
            Placement::InStore(due_at) => Enqueue::DueAt(*due_at),
            Placement::InMemory(_) if number == 0 && self.at_once.is_some() => {
                // The send may begin right after this commit, so the commit says so: a process that
                // dies in between leaves a row that is a possible duplicate.
                Enqueue::InFlight(owner)
            }
            Placement::InMemory(_) => Enqueue::Claimed(owner),
        };
        let route = |numbered: (usize, &PreparedRoute)| acteon_store::Route {
            so_far: so_far.cloned(),
            ..to_store(&numbered.1.route, enqueue(numbered))
        };
        self.prepared.iter().enumerate().map(route).collect()
    }

    /// Route with this number, if there is one. Gives back what is held for the others.
    pub(crate) fn choose(self, number: usize) -> Option<ChosenRoute> {
        let Self { prepared, at_once } = self;
        let PreparedRoute { route, placement } = prepared.into_iter().nth(number)?;
        Some(ChosenRoute {
            route,
            placement,
            at_once: at_once.filter(|_| number == 0),
        })
    }
}

/// Route as the store takes it.
pub(crate) fn to_store(route: &Route, enqueue: Enqueue) -> acteon_store::Route {
    acteon_store::Route {
        provider: route.entry.name.clone(),
        prepared: route.prepared.clone(),
        not_before: route.not_before,
        give_up_at: route.give_up_at,
        enqueue,
        quotas: route.quotas.clone(),
        so_far: None,
    }
}

/// Where an action waits. Under a burst, what nobody waits for is accepted first and delivered
/// after.
fn memory(
    inner: &Inner,
    action: &Action,
    priority: Priority,
    route: &Route,
    wait: Wait,
) -> Option<MemoryPermit> {
    let Route {
        entry, prepared, ..
    } = route;
    if wait == Wait::ForCommit && priority != Priority::High && inner.store.is_busy() {
        entry.lane.leave_for_later(priority)
    } else {
        entry.lane.enter(size_of(action, prepared), priority)
    }
}
