//! Ids of what a chain sends and starts.

use acteon_core::json::head;
use acteon_core::{ActionId, Timestamp};

use super::definition::{DEAD_LETTER, ON_CANCEL};
use super::limits::{MAX_CHAIN_ID_BYTES, MAX_START_ID_BYTES};
use crate::kind::{FlowName, InvalidBody};

/// Beginning of the ids of chains that a gateway starts. A UUID follows.
pub const CHAIN_IDS: &str = "chain-";

/// Letters of a UUID.
const UUID_LETTERS: usize = 36;

/// Name of the kind of chains.
pub(super) const KIND: &str = "chain";

/// Id of the action of a step's attempt.
pub fn action_id(chain: &str, step: &str, attempt: u32) -> Result<ActionId, InvalidBody> {
    ActionId::parse(&format!("{chain}:{step}:{attempt}"))
        .map_err(|error| InvalidBody(format!("of a chain: the id of step {step:?}: {error}")))
}

/// Whether an id of an action is of the form that only what a chain sends, or starts, has.
pub fn is_of_a_chain(id: &str) -> bool {
    behind_uuid(id).is_some_and(|rest| rest.starts_with([':', '~']))
}

/// Whether it is the id of an execution: of one that a gateway started, or of one within it.
pub fn is_chain_id(id: &str) -> bool {
    behind_uuid(id).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '~']))
}

/// Instant at which the outermost chain of an id began, as its UUID says; `None` of another id.
pub fn begun_at(id: &str) -> Option<Timestamp> {
    behind_uuid(id)?;
    let (high, rest) = id.strip_prefix(CHAIN_IDS)?.split_at_checked(8)?;
    let low = rest.strip_prefix('-')?.get(..4)?;
    let millis = i64::from_str_radix(&format!("{high}{low}"), 16).ok()?;
    Some(Timestamp::from_millis(millis))
}

/// What stands behind the UUID of an id of a chain, or of what it sends or starts.
fn behind_uuid(id: &str) -> Option<&str> {
    let (uuid, rest) = id.strip_prefix(CHAIN_IDS)?.split_at_checked(UUID_LETTERS)?;
    let mut bytes = uuid.bytes();
    let is_uuid = bytes.all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    is_uuid.then_some(rest)
}

/// Whether an action with this id is a step of a chain, or tells of one; not the dead letter of one that failed.
pub fn is_step(id: &str) -> bool {
    is_of_a_chain(id) && !is_letter(id)
}

/// Whether it is the id of the dead letter of an execution that failed.
pub fn is_letter(id: &str) -> bool {
    is_of_a_chain(id) && execution_of(id).is_some()
}

/// Id of the execution whose dead letter has this id; `None` of other ids.
pub fn execution_of(letter: &str) -> Option<&str> {
    let (execution, attempt) = letter.rsplit_once(&format!(":{DEAD_LETTER}:"))?;
    (attempt == "1").then_some(execution)
}

/// Whether a step of a chain waits for the action with this id: it is not what a chain tells of its own end.
pub fn is_waited_for(id: &str) -> bool {
    let told = format!(":{ON_CANCEL}:1");
    is_step(id) && !id.ends_with(&told)
}

/// Id of the execution that an action with this id is sent by, if one sent it.
pub fn chain_of(action: &str) -> Option<&str> {
    action.rsplitn(3, ':').nth(2)
}

/// Id of the flow that a step starts. One that would be too long keeps the beginning of the outermost chain's, by which it is its alone.
pub fn child_id(chain: &str, step: &str) -> String {
    let id = format!("{chain}:{step}");
    if id.len() <= MAX_CHAIN_ID_BYTES {
        return id;
    }
    let root = chain.split([':', '~']).next().unwrap_or(chain);
    format!("{}~{:032x}", head(root, MAX_START_ID_BYTES), hash(&id))
}

/// Name of the execution of a chain with an id.
pub fn chain_name(id: &str) -> FlowName {
    FlowName {
        kind: KIND.into(),
        id: id.into(),
    }
}

/// Number that spreads the retries of many executions, the same each time.
pub(super) fn seed(chain: &str, step: &str, attempt: u32) -> u64 {
    hash(&format!("{chain}:{step}:{attempt}")) as u64
}

/// FNV-1a of 128 bits.
fn hash(text: &str) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let mix = |hash: u128, byte: u8| (hash ^ u128::from(byte)).wrapping_mul(PRIME);
    text.bytes().fold(BASIS, mix)
}
