//! Keys of links that nobody configured: one is made once, and kept in the store for all gateways on it.

use acteon_core::{Clock, Timestamp};
use acteon_crypto::{KeyRing, LinkKeys};
use acteon_store::{NoteSwap, Store, StoreError};

/// Name of the note that has the key.
const NOTE: &str = "approval-link-key";

/// Id of the key.
const ID: &str = "store";

/// Tries to read the key, or to put one.
const MAX_TRIES: usize = 5;

/// Keys as they are configured, or else the key of the store.
pub(super) async fn keys(
    store: &dyn Store,
    clock: &dyn Clock,
    configured: &LinkKeys,
) -> Result<LinkKeys, StoreError> {
    if !configured.is_empty() {
        return Ok(configured.clone());
    }
    let now = clock.now();
    for _ in 0..MAX_TRIES {
        if let Some(kept) = store.note(NOTE, now).await? {
            let read = LinkKeys::of([(ID, kept.as_str())]);
            return read.map_err(|_| {
                StoreError::Damaged(
                    "the key that signs links to approvals; configure approval_secret in [server]"
                        .into(),
                )
            });
        }
        let failed = |_| StoreError::Engine("no random bytes for a key of links".into());
        let made = KeyRing::generate().map_err(failed)?;
        let swap = NoteSwap {
            name: NOTE.to_owned(),
            expected: None,
            text: made.to_string(),
            now,
            until: Timestamp::MAX,
        };
        // Another gateway may have been quicker: its key is everybody's then.
        store.swap_note(swap).await?;
    }
    Err(StoreError::Busy)
}
