//! Delivery of an action: its attempts, what each call needs, and the record of its end.

pub(crate) mod age;
pub(crate) mod attempt;
pub(crate) mod breaker;
pub(crate) mod budget;
pub(crate) mod call;
pub(crate) mod durable_retry;
pub(crate) mod elsewhere;
pub(crate) mod end;
pub(crate) mod in_force;
pub(crate) mod job;
pub(crate) mod must_not_send;
pub(crate) mod outage;
pub(crate) mod quick_retry;
pub(crate) mod ready;
pub(crate) mod repair;
pub(crate) mod repeat;
pub(crate) mod retry;
pub(crate) mod schedule;
pub(crate) mod scheduled;
pub(crate) mod send_turn;
pub(crate) mod settle;
pub(crate) mod to_repair;
pub(crate) mod unwanted;
