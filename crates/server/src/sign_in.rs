//! Failed sign-ins: said in the log, and slowed by the address they come from. Good keys are never slowed: many callers may share a proxy's address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Failures of one address that are answered at once.
const FREE: u32 = 10;
/// How long each further one waits for the one before.
const PACE: Duration = Duration::from_millis(200);
/// Longest wait; beyond it the answer is that there are too many.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// Most addresses that are told apart. The rest count as one.
const MAX_ADDRESSES: usize = 4096;
/// How often an address with too many failures is mentioned in the log.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// Failures by address.
#[derive(Default)]
pub(crate) struct SignIns(Mutex<HashMap<IpAddr, Failures>>);

struct Failures {
    /// When all failures so far are worked off at the pace.
    clear_at: Instant,
    said_at: Option<Instant>,
    unsaid: u64,
}

/// What to do about a failure.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reaction {
    /// Say it in the log, and answer after so long.
    Answer(Duration),
    /// Too many. How many there were since that was last said in the log, if it is to be said now.
    Refuse(Option<u64>),
}

impl SignIns {
    pub(crate) fn failed(&self, address: IpAddr) -> Reaction {
        let now = Instant::now();
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = network(address);
        if table.len() >= MAX_ADDRESSES && !table.contains_key(&key) {
            table.retain(|_, failures| failures.clear_at > now);
            if table.len() >= MAX_ADDRESSES {
                key = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
            }
        }
        let failures = table.entry(key).or_insert(Failures { clear_at: now, said_at: None, unsaid: 0 });
        let clear_at = failures.clear_at.max(now) + PACE;
        let wait = clear_at.duration_since(now).saturating_sub(PACE * FREE);
        if wait <= LONGEST_WAIT {
            failures.clear_at = clear_at;
            return Reaction::Answer(wait);
        }
        failures.unsaid += 1;
        if failures.said_at.is_some_and(|at| now.duration_since(at) < SAY_EVERY) {
            return Reaction::Refuse(None);
        }
        failures.said_at = Some(now);
        Reaction::Refuse(Some(std::mem::take(&mut failures.unsaid)))
    }
}

/// What one caller has at least: of version 6 half the address.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        four @ IpAddr::V4(_) => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_address_is_slowed_and_then_refused_and_others_are_not() {
        let sign_ins = SignIns::default();
        let here: IpAddr = "2001:db8::1".parse().expect("an address");
        let next_door: IpAddr = "2001:db8::2".parse().expect("an address");
        let far: IpAddr = "192.0.2.1".parse().expect("an address");
        for _ in 0..FREE {
            assert_eq!(sign_ins.failed(here), Reaction::Answer(Duration::ZERO));
        }
        assert_eq!(sign_ins.failed(next_door), Reaction::Answer(PACE), "one network");
        assert_eq!(sign_ins.failed(far), Reaction::Answer(Duration::ZERO));
        let mut refused = (0..100).map(|_| sign_ins.failed(here)).skip_while(|reaction| matches!(reaction, Reaction::Answer(_)));
        assert_eq!(refused.next(), Some(Reaction::Refuse(Some(1))));
        assert_eq!(refused.next(), Some(Reaction::Refuse(None)), "said once");
        tokio::time::advance(Duration::from_mins(1)).await;
        assert_eq!(sign_ins.failed(here), Reaction::Answer(Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn the_table_is_bounded() {
        let sign_ins = SignIns::default();
        for number in 0..20_000_u32 {
            sign_ins.failed(IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + number)));
        }
        assert!(sign_ins.0.lock().expect("not poisoned").len() <= MAX_ADDRESSES + 1);
    }
}
