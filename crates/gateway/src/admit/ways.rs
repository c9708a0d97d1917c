//! The ways that an action may go, and what is held for each until the commit says which one it goes.
//!
//! Each *way* has a place in the memory of its own provider's lane, or waits in the store for as long as that lane is paused. The first may have a
//! turn to send besides. What the others held is given back as soon as the way is known: whoever kept a turn of one provider while it waits for
//! another's would keep it from those who hold what it waits for, and two such would wait for each other for good.

use std::sync::Arc;

use acteon_core::{Action, Priority, Timestamp};
use acteon_store::{Birth, OwnerId, Way};

use crate::admit::answer::Wait;
use crate::admit::batch::InLine;
use crate::decide::route::Route;
use crate::deliver::send_turn::SendTurn;
use crate::lane::Place;
use crate::memory::size_of;
use crate::shared::Inner;

/// The ways of an action that is about to be admitted.
#[derive(Default)]
pub(crate) struct Ways {
    prepared: Vec<PreparedWay>,
    /// A turn of the first way's provider.
    at_once: Option<SendTurn>,
}

/// Where an action waits for its turn.
pub(crate) enum Waits {
    /// Here, with a place in memory.
    Here(Place),
    /// In the store, until it is due.
    InStore(Timestamp),
}

/// A way, and where its action waits.
struct PreparedWay {
    route: Route,
    waits: Waits,
}

/// The way that an action goes.
pub(crate) struct ChosenWay {
    pub(crate) route: Route,
    pub(crate) waits: Waits,
    /// The turn that the store was told of.
    pub(crate) at_once: Option<SendTurn>,
}

impl Ways {
    /// Takes a place for each way that has one free, and for the first a turn, if one is free now.
    /// One of a batch takes none that another before it has yet to ask for.
    pub(crate) fn prepare(
        inner: &Inner,
        action: &Action,
        priority: Priority,
        routes: Vec<Route>,
        wait: Wait,
        line: Option<&mut InLine>,
    ) -> Self {
        let prepare = |route: Route| {
            if route.not_before > inner.due.now() {
                return PreparedWay {
                    waits: Waits::InStore(route.not_before),
                    route,
                };
            }
            let place = place(inner, action, priority, &route, wait);
            let due_at = || inner.due.now() + route.entry.lane.reopens_in().unwrap_or_default();
            let waits = place.map_or_else(|| Waits::InStore(due_at()), Waits::Here);
            PreparedWay { route, waits }
        };
        let prepared: Vec<PreparedWay> = routes.into_iter().map(prepare).collect();
        let first = prepared
            .first()
            .filter(|way| matches!(way.waits, Waits::Here(_)));
        let Some(entry) = first.map(|way| Arc::clone(&way.route.entry)) else {
            return Self {
                prepared,
                at_once: None,
            };
        };
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

    /// The ways as the store takes them, where `owner` writes them, with the outcome so far.
    pub(crate) fn to_store(&self, owner: OwnerId, so_far: Option<&Arc<str>>) -> Vec<Way> {
        let birth = |(number, way): (usize, &PreparedWay)| match &way.waits {
            Waits::InStore(due_at) => Birth::Due(*due_at),
            Waits::Here(_) if number == 0 && self.at_once.is_some() => Birth::InFlight(owner),
            Waits::Here(_) => Birth::Owned(owner),
        };
        let way = |way: (usize, &PreparedWay)| Way {
            so_far: so_far.cloned(),
            ..to_store(&way.1.route, birth(way))
        };
        self.prepared.iter().enumerate().map(way).collect()
    }

    /// The way with this number, if there is one. Gives back what is held for the others.
    pub(crate) fn choose(self, number: usize) -> Option<ChosenWay> {
        let Self { prepared, at_once } = self;
        let PreparedWay { route, waits } = prepared.into_iter().nth(number)?;
        Some(ChosenWay {
            route,
            waits,
            at_once: at_once.filter(|_| number == 0),
        })
    }
}

/// A way as the store takes it.
pub(crate) fn to_store(route: &Route, birth: Birth) -> Way {
    Way {
        provider: route.entry.name.clone(),
        prepared: route.prepared.clone(),
        not_before: route.not_before,
        give_up_at: route.give_up_at,
        birth,
        quotas: route.quotas.clone(),
        so_far: None,
    }
}

/// A place in memory for an action. Under a burst, what nobody waits for is accepted first and delivered after.
fn place(
    inner: &Inner,
    action: &Action,
    priority: Priority,
    route: &Route,
    wait: Wait,
) -> Option<Place> {
    let Route {
        entry, prepared, ..
    } = route;
    if wait == Wait::ForCommit && priority != Priority::High && inner.store.is_busy() {
        entry.lane.leave_for_later(priority)
    } else {
        entry.lane.enter(size_of(action, prepared), priority)
    }
}
