//! A lane and those who wait for it, in time that stands still.

use acteon_core::limits::MORE_HIGH_WAITING;
use acteon_core::{BoxFuture, Priority, Timestamp};
use acteon_store::Seq;
use futures_util::FutureExt as _;

use super::*;
use crate::lane::{MemoryPermit, RowRoom};
use crate::memory::Memory;

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(0)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }
}

fn lane() -> (Arc<Lane>, SenderId, Arc<Notify>) {
    let room = Arc::new(Notify::new());
    let memory = Memory::new(Arc::clone(&room));
    let limits = LaneLimits {
        max_concurrency: 10,
        max_per_second: None,
    };
    let (lane, sender) = Lane::new(
        "lane".into(),
        limits,
        Arc::new(Still),
        memory.share(),
        Arc::clone(&room),
    );
    (Arc::new(lane), sender, room)
}

fn is_woken(room: &Notify) -> bool {
    room.notified().now_or_never().is_some()
}

fn ask(lane: &Arc<Lane>, sender: SenderId, seq: i64) -> AskedTurn {
    lane.ask(
        sender,
        Rank {
            priority: Priority::Normal,
            accepted: Timestamp::from_millis(0),
            seq: Seq(seq),
        },
    )
}

#[tokio::test]
async fn a_paused_lane_keeps_nobody_who_waits_no_more() {
    let (lane, sender, _) = lane();
    let AskedTurn::Given(permit) = ask(&lane, sender, 0) else {
        panic!("nobody waits")
    };
    assert!(
        permit
            .end(CallEnd::Refused(Some(Duration::from_mins(10))), String::new)
            .is_some(),
        "it pauses"
    );
    let stays = ask(&lane, sender, 1);
    let leave: Vec<AskedTurn> = (2..5000).map(|seq| ask(&lane, sender, seq)).collect();
    assert_eq!(lane.status().waiting, 4999);
    drop(leave);
    assert_eq!(lane.status().waiting, 1);
    // Also one that is dropped while it waits.
    let mut waits = Box::pin(ask(&lane, sender, 5000).wait());
    assert!((&mut waits).now_or_never().is_none());
    assert_eq!(lane.status().waiting, 2);
    drop(waits);
    assert_eq!(lane.status().waiting, 1);
    lane.reset();
    assert!(
        stays.wait().now_or_never().flatten().is_some(),
        "who stayed has its turn"
    );
    assert_eq!((lane.status().waiting, lane.status().in_flight), (0, 0));
}

#[test]
fn rows_of_high_priority_are_fetched_while_others_fill_the_memory() {
    let (lane, _, room) = lane();
    let mut permits: Vec<MemoryPermit> =
        std::iter::from_fn(|| lane.enter(1, Priority::Normal)).collect();
    lane.set_backlog(false);
    let normal = permits.len();
    permits.extend(std::iter::from_fn(|| lane.enter(1, Priority::High)));
    assert_eq!(permits.len(), normal + MORE_HIGH_WAITING);
    assert!(!is_woken(&room));
    permits.truncate(normal + MORE_HIGH_WAITING / 2 + 1);
    assert!(!is_woken(&room), "a little is not worth a look");
    permits.pop();
    assert!(is_woken(&room));
    assert_eq!(
        lane.room(),
        RowRoom {
            all: 0,
            more_high: MORE_HIGH_WAITING / 2
        }
    );
    // Those came that waited.
    lane.claimed_rows(lane.room(), 0);
    permits
        .extend(std::iter::from_fn(|| lane.enter(1, Priority::High)).take(MORE_HIGH_WAITING / 2));
    permits.truncate(normal);
    assert!(!is_woken(&room), "no more wait");
}
