//! Places of readers of the stream: so many in all, for each API key, and for each tenant that is asked for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use acteon_core::limits::{MAX_STREAMS, MAX_STREAMS_OF_KEY, MAX_STREAMS_OF_TENANT};
use acteon_core::{Caller, Tenant};

use super::error::Refusal;

/// Places of readers of the stream.
#[derive(Default)]
pub(crate) struct StreamPlaces {
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    by_key: HashMap<Arc<str>, OfKey>,
}

/// Places of one API key.
#[derive(Default)]
struct OfKey {
    all: usize,
    /// By the tenant that is asked for; empty for all of the key's.
    by_tenant: HashMap<String, usize>,
}

/// Place of a reader, until it is dropped.
pub(super) struct StreamPlace {
    places: Arc<StreamPlaces>,
    key: Arc<str>,
    tenant: String,
}

impl StreamPlaces {
    /// Takes a place.
    pub(super) fn take(
        self: &Arc<Self>,
        caller: &Caller,
        tenant: Option<&Tenant>,
    ) -> Result<StreamPlace, Refusal> {
        let tenant = tenant.map_or("", Tenant::as_str);
        let mut taken = self.lock();
        let of_key = taken.by_key.get(&caller.id);
        let of_tenant = of_key.and_then(|of_key| of_key.by_tenant.get(tenant));
        if of_tenant.copied().unwrap_or(0) >= MAX_STREAMS_OF_TENANT {
            let what = if tenant.is_empty() {
                "that ask for no tenant".to_owned()
            } else {
                format!("of the tenant {tenant:?}")
            };
            return Err(Refusal::too_many_streams(format!(
                "{MAX_STREAMS_OF_TENANT} streams {what} are open with this API key, the most there may be: close one, or follow several filters in one"
            )));
        }
        if of_key.is_some_and(|of_key| of_key.all >= MAX_STREAMS_OF_KEY) {
            return Err(Refusal::too_many_streams(format!(
                "{MAX_STREAMS_OF_KEY} streams are open with this API key, the most there may be: close one"
            )));
        }
        if taken.all >= MAX_STREAMS {
            return Err(Refusal::too_many_streams(format!(
                "{MAX_STREAMS} streams are open at this gateway, the most there may be: try another, or later"
            )));
        }
        taken.all += 1;
        let of_key = taken.by_key.entry(Arc::clone(&caller.id)).or_default();
        of_key.all += 1;
        *of_key.by_tenant.entry(tenant.to_owned()).or_default() += 1;
        Ok(StreamPlace {
            places: Arc::clone(self),
            key: Arc::clone(&caller.id),
            tenant: tenant.to_owned(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.all -= 1;
        let Some(of_key) = taken.by_key.get_mut(&self.key) else {
            return;
        };
        of_key.all -= 1;
        if let Some(count) = of_key.by_tenant.get_mut(&self.tenant) {
            *count -= 1;
            if *count == 0 {
                of_key.by_tenant.remove(&self.tenant);
            }
        }
        if of_key.all == 0 {
            taken.by_key.remove(&self.key);
        }
    }
}
