//! Failed sign-ins: logged, and slowed by the address they come from. Good keys are never slowed:
//! many callers may share a proxy's address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Number of failures of one address that are answered at once.
const FREE: u32 = 10;
/// Wait of each further failure behind the one before.
const PACE: Duration = Duration::from_millis(200);
/// Longest wait for an answer; beyond it the request is refused with 429.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// Most addresses that are counted apart. The others count as one.
const MAX_ADDRESSES: usize = 4096;
/// Pause between lines of the log about an address with too many failures.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// Most failures that wait for their answer at a time, wherever they come from: each holds a connection meanwhile.
const MAX_ASLEEP: usize = 256;

/// Failures by address, and places to wait for an answer.
pub(crate) struct SignIns {
    table: Mutex<HashMap<IpAddr, Failures>>,
    asleep: Arc<Semaphore>,
}

impl Default for SignIns {
    fn default() -> Self {
        Self {
            table: Mutex::default(),
            asleep: Arc::new(Semaphore::new(MAX_ASLEEP)),
        }
    }
}

struct Failures {
    /// Time at which all failures so far are worked off, at one each [`PACE`].
    clear_at: Instant,
    said_at: Option<Instant>,
    unsaid: u64,
}

/// Reaction to a failed sign-in.
#[derive(Debug)]
pub(crate) enum Reaction {
    /// Log it, and answer: at once, or after so long, in a place that is held until this is
    /// dropped.
    Answer(Option<(Duration, OwnedSemaphorePermit)>),
    /// Refuse it as one too many. Log the number of failures since the last line, if it is time for
    /// one.
    Refuse(Option<u64>),
}

impl SignIns {
    pub(crate) fn failed(&self, address: IpAddr) -> Reaction {
        let now = Instant::now();
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = network(address);
        if table.len() >= MAX_ADDRESSES && !table.contains_key(&key) {
            table.retain(|_, failures| failures.clear_at > now);
            if table.len() >= MAX_ADDRESSES {
                key = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
            }
        }
        let failures = table.entry(key).or_insert(Failures {
            clear_at: now,
            said_at: None,
            unsaid: 0,
        });
        let clear_at = failures.clear_at.max(now) + PACE;
        let wait = clear_at.duration_since(now).saturating_sub(PACE * FREE);
        if wait.is_zero() {
            failures.clear_at = clear_at;
            return Reaction::Answer(None);
        }
        let place = Some(wait)
            .filter(|wait| *wait <= LONGEST_WAIT)
            .and_then(|_| Arc::clone(&self.asleep).try_acquire_owned().ok());
        if let Some(place) = place {
            failures.clear_at = clear_at;
            return Reaction::Answer(Some((wait, place)));
        }
        failures.unsaid += 1;
        if failures
            .said_at
            .is_some_and(|at| now.duration_since(at) < SAY_EVERY)
        {
            return Reaction::Refuse(None);
        }
        failures.said_at = Some(now);
        Reaction::Refuse(Some(std::mem::take(&mut failures.unsaid)))
    }
}

/// Network that one caller may have all of: the address, of version 6 the first half of it.
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

    /// Wait before the answer; `None` where it is refused.
    fn wait(reaction: &Reaction) -> Option<Duration> {
        match reaction {
            Reaction::Answer(sleep) => {
                Some(sleep.as_ref().map_or(Duration::ZERO, |(wait, _)| *wait))
            }
            Reaction::Refuse(_) => None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_is_slowed_and_then_refused_and_others_are_not() {
        let sign_ins = SignIns::default();
        let here: IpAddr = "2001:db8::1".parse().expect("an address");
        let next_door: IpAddr = "2001:db8::2".parse().expect("an address");
        let far: IpAddr = "192.0.2.1".parse().expect("an address");
        for _ in 0..FREE {
            assert_eq!(wait(&sign_ins.failed(here)), Some(Duration::ZERO));
        }
        assert_eq!(wait(&sign_ins.failed(next_door)), Some(PACE), "one network");
        assert_eq!(wait(&sign_ins.failed(far)), Some(Duration::ZERO));
        let mut refused = (0..100)
            .map(|_| sign_ins.failed(here))
            .skip_while(|reaction| matches!(reaction, Reaction::Answer(_)));
        assert!(matches!(refused.next(), Some(Reaction::Refuse(Some(1)))));
        assert!(
            matches!(refused.next(), Some(Reaction::Refuse(None))),
            "said once"
        );
        tokio::time::advance(Duration::from_mins(1)).await;
        assert_eq!(wait(&sign_ins.failed(here)), Some(Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn few_wait_at_a_time_wherever_they_come_from() {
        let sign_ins = SignIns::default();
        let failures = (0..1000_u32).flat_map(|network| {
            std::iter::repeat_n(IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + network)), 12)
        });
        let mut asleep: Vec<Reaction> = failures.map(|address| sign_ins.failed(address)).collect();
        asleep.retain(|reaction| wait(reaction).is_some_and(|wait| !wait.is_zero()));
        assert_eq!(asleep.len(), MAX_ASLEEP);
        let next: IpAddr = "192.0.2.1".parse().expect("an address");
        assert!(
            (0..FREE).all(|_| wait(&sign_ins.failed(next)) == Some(Duration::ZERO)),
            "a few are answered at once"
        );
        assert_eq!(wait(&sign_ins.failed(next)), None);
        asleep.pop();
        assert_eq!(wait(&sign_ins.failed(next)), Some(PACE), "a place is free");
    }

    #[tokio::test(start_paused = true)]
    async fn the_table_is_bounded() {
        let sign_ins = SignIns::default();
        for number in 0..20_000_u32 {
            sign_ins.failed(IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + number)));
        }
        assert!(sign_ins.table.lock().expect("not poisoned").len() <= MAX_ADDRESSES + 1);
    }
}
