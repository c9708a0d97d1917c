//! Types that go into the store and come out of it.

mod admission;
mod charges;
mod checks;
mod flow;
mod ids;
mod lease;
mod record;
mod sends;
mod settlement;

pub use self::admission::{Admission, Admitted, Disposition, Enqueue, Route, Turn};
pub use self::charges::Charges;
pub use self::checks::{Conditions, DedupCheck, Overage, QuotaCheck, ThrottleCheck};
pub use self::flow::{Begin, FlowKey, FlowState, Poke};
pub(crate) use self::flow::{UNREADABLE_FLOW, first_version};
pub use self::ids::{ActionState, Hold, OwnerId, Seq};
pub use self::lease::{Freed, Heartbeat};
pub use self::record::Record;
pub use self::sends::{RecentSend, RecentSends};
pub use self::settlement::{Settled, Settlement, Step};
pub use crate::claim::{Claim, ClaimRows, Claimed, Room};
pub use crate::reroute::{Hasten, Reroute, Rerouted};
