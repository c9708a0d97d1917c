//! Limits of what happens later: scheduled and recurring actions, approvals.

use std::time::Duration;

/// Longest text that those who decide about an approval are told, in bytes: a notice shows about as much.
pub const MAX_APPROVAL_MESSAGE_BYTES: usize = 1024;

/// Most entries of the approvers of an approval, and most people that they are. Each gets a message of their own.
pub const MAX_APPROVERS: usize = 50;

/// Most reminders of an approval that come by themselves: what nobody minds a hundred times is minded by nobody.
pub const MAX_APPROVAL_REMINDERS: u32 = 100;

/// Longest time that people have for an approval, as of anything in a chain.
pub const MAX_APPROVAL_TIMEOUT: Duration = Duration::from_hours(24 * 40);

/// Longest comment on an approval, in bytes. It stands in the flow of the approval, and is written with each change.
pub const MAX_COMMENT_BYTES: usize = 2048;

/// Most actions that wait in the store for the instant they are scheduled for, or for the end of a time interval. They take no memory, but are
/// counted now and then, which takes a second for so many.
pub const MAX_LATER: usize = 250_000;

/// Most recurring actions of one tenant, as the wire format has it.
pub const MAX_RECURRING: usize = 100;

/// Farthest instant that an action may be scheduled for: a year, with its leap day.
pub const MAX_SCHEDULE: Duration = Duration::from_hours(366 * 24);

/// Most sign-ins at a time about which a service is asked. Each may wait as long as a call of it; the others wait their turn.
pub const MAX_IDENTIFYING: usize = 16;
