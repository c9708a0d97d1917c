//! Ids of what a chain sends and starts.

use acteon_core::ActionId;
use acteon_core::json::head;

use super::definition::DEAD_LETTER;
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
    let Some((uuid, rest)) = id
        .strip_prefix(CHAIN_IDS)
        .and_then(|rest| rest.split_at_checked(UUID_LETTERS))
    else {
        return false;
    };
    let is_uuid = uuid
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    is_uuid && rest.starts_with([':', '~'])
}

/// Whether an action with this id is a step of a chain, or tells of one; not the dead letter of one that failed.
pub fn is_step(id: &str) -> bool {
    let letter = format!(":{DEAD_LETTER}:1");
    is_of_a_chain(id) && !id.ends_with(&letter)
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
