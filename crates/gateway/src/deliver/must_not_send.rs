//! Obstacles to a call: looked at before each, since time may have passed.

use crate::approvals::message::{is_answer, told_of};
use crate::deliver::age::{Age, too_old};
use crate::deliver::end::{End, postpone, put_off};
use crate::deliver::job::Job;
use crate::shared::Inner;

/// End of a delivery that must not send: looked at before every send, since time may have passed.
pub(crate) fn must_not_send(inner: &Inner, job: &mut Job) -> Option<End> {
    let (monotonic, now) = (inner.clock.monotonic(), inner.clock.now());
    if !inner.lease.allows(job.hold().owner, monotonic, now) {
        tracing::warn!(action = %job.action.id, "put off: this process's lease is over or about to be");
        return Some(put_off(inner, job, inner.lease.times().renew_every()));
    }
    if let Some(end) = too_old(inner, &Age::of(job), now, inner.due.at(monotonic)) {
        return Some(end);
    }
    if is_answer(&job.action, job.origin) {
        return None;
    }
    let policies = inner.policies.load();
    let rule = job
        .rule
        .as_deref()
        .and_then(|name| policies.rules.rule(name));
    let name = &job.entry.name;
    let held = policies.hold_back(&job.action, name, rule, now, &mut job.unsilenced)?;
    let waits = told_of(&job.action, job.origin).is_some();
    Some(match held.postpones(waits, now) {
        Ok(postponed) => postpone(inner, &job.action, &postponed),
        Err(outcome) => End::HeldBack(outcome),
    })
}
