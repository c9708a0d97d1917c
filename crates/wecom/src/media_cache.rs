//! Media that were uploaded before: the same one is uploaded once in its three days.
//!
//! A medium is known by a hash of its corporation, type, name and bytes; media are shared by all apps of a corporation (page 90253). Who wants a medium
//! that somebody else is uploading waits for that upload, and has its result, also where it is an error. An upload whose caller goes away is taken up by
//! one of those who wait.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use tokio::sync::watch;

use crate::app::App;
use crate::clock::{Clock, SystemClock};
use crate::error::Error;
use crate::upload::{Upload, Uploaded};

/// Time for which an id is handed out. The service keeps a medium for 72 hours; a message that names it may still wait for twelve before it is sent.
const GOOD_FOR: Duration = Duration::from_hours(60);
/// Media that are known where nothing else is said.
const CAPACITY: usize = 1024;

/// Hash by which a medium is known.
type Key = [u8; 32];
/// End of an upload; `None` while it goes on.
type End = watch::Receiver<Option<Result<Uploaded, Error>>>;

/// Cache of media, which apps may share. It holds ids, and no bytes.
pub struct MediaCache {
    clock: Arc<dyn Clock>,
    capacity: usize,
    media: Mutex<Media>,
}

#[derive(Default)]
struct Media {
    kept: HashMap<Key, Kept>,
    under_way: HashMap<Key, End>,
    /// Number of uses so far, by which the one that was used least lately is told.
    uses: u64,
}

/// Medium that was uploaded.
struct Kept {
    uploaded: Uploaded,
    /// Instant before its upload, by each clock.
    since: Instants,
    last_use: u64,
}

#[derive(Clone, Copy)]
struct Instants {
    monotonic: Duration,
    wall: Duration,
}

/// What somebody who wants a medium does.
enum Turn<'a> {
    Use(Uploaded),
    Wait(End),
    Upload(UnderWay<'a>),
}

/// Upload that is under way. Those who wait learn of its end, and where it is dropped without one, that it was given up.
struct UnderWay<'a> {
    cache: &'a MediaCache,
    key: Key,
    since: Instants,
    end: watch::Sender<Option<Result<Uploaded, Error>>>,
}

impl Default for MediaCache {
    /// Cache of 1024 media, by the clocks of the operating system.
    fn default() -> Self {
        Self::new(CAPACITY, Arc::new(SystemClock::default()))
    }
}

impl MediaCache {
    /// Makes a cache that knows at most `capacity` media; beyond that the one that was used least lately is forgotten.
    pub fn new(capacity: usize, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            capacity,
            media: Mutex::default(),
        }
    }

    /// Forgets a medium that the service no longer knows: a message that names it was refused with code 40007 or 40145.
    pub fn forget(&self, media_id: &str) {
        let mut media = self.lock();
        media
            .kept
            .retain(|_, kept| kept.uploaded.media_id != media_id);
    }

    /// Number of media that it knows.
    pub fn len(&self) -> usize {
        self.lock().kept.len()
    }

    /// Whether it knows no medium.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn turn(&self, key: Key) -> Turn<'_> {
        let now = self.now();
        let mut guard = self.lock();
        let media = &mut *guard;
        media.uses += 1;
        if let Some(kept) = media.kept.get_mut(&key) {
            if kept.is_good(now) {
                kept.last_use = media.uses;
                return Turn::Use(kept.uploaded.clone());
            }
            media.kept.remove(&key);
        }
        match media.under_way.entry(key) {
            Entry::Occupied(upload) => Turn::Wait(upload.get().clone()),
            Entry::Vacant(entry) => {
                let (end, ended) = watch::channel(None);
                entry.insert(ended);
                Turn::Upload(UnderWay {
                    cache: self,
                    key,
                    since: now,
                    end,
                })
            }
        }
    }

    fn keep(&self, key: Key, uploaded: &Uploaded, since: Instants) {
        let mut guard = self.lock();
        let media = &mut *guard;
        media.uses += 1;
        let kept = Kept {
            uploaded: uploaded.clone(),
            since,
            last_use: media.uses,
        };
        media.kept.insert(key, kept);
        while media.kept.len() > self.capacity {
            let least = media.kept.iter().min_by_key(|(_, kept)| kept.last_use);
            let Some(least) = least.map(|(key, _)| *key) else {
                break;
            };
            media.kept.remove(&least);
        }
    }

    fn now(&self) -> Instants {
        Instants {
            monotonic: self.clock.monotonic(),
            wall: self.clock.wall(),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Media> {
        self.media.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnderWay<'_> {
    fn ended(self, result: &Result<Uploaded, Error>) {
        if let Ok(uploaded) = result {
            self.cache.keep(self.key, uploaded, self.since);
        }
        self.end.send_replace(Some(result.clone()));
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.cache.lock().under_way.remove(&self.key);
    }
}

impl Kept {
    /// Whether its id may be handed out: by both clocks, of which one stands still while a machine is suspended, and the other is set.
    fn is_good(&self, now: Instants) -> bool {
        now.monotonic.saturating_sub(self.since.monotonic) < GOOD_FOR
            && now.wall.saturating_sub(self.since.wall) < GOOD_FOR
    }
}

impl App {
    /// Uploads a medium as [`App::upload`] does, or has the id of one with the same bytes, type and name that an app of the corporation uploaded through
    /// this cache less than 60 hours ago: the service keeps it for 72.
    ///
    /// Errors as [`App::upload`]. All who wait for one upload have its error; the next one after that uploads anew.
    pub async fn upload_cached(
        &self,
        cache: &MediaCache,
        upload: Upload<'_>,
    ) -> Result<Uploaded, Error> {
        let key = key(self, upload);
        loop {
            match cache.turn(key) {
                Turn::Use(uploaded) => return Ok(uploaded),
                Turn::Wait(mut end) => {
                    // Without an end its caller went away, and it is somebody else's turn.
                    let ended = end.wait_for(Option::is_some).await;
                    if let Some(result) = ended.ok().and_then(|result| result.clone()) {
                        return result;
                    }
                }
                Turn::Upload(under_way) => {
                    let result = self.upload(upload).await;
                    under_way.ended(&result);
                    return result;
                }
            }
        }
    }
}

fn key(app: &App, upload: Upload<'_>) -> Key {
    let mut hash = Context::new(&SHA256);
    let corporation = app.corporation();
    for part in [
        corporation.as_bytes(),
        upload.media_type.as_str().as_bytes(),
        upload.filename.as_bytes(),
        upload.bytes,
    ] {
        // Its length keeps each part apart from the next.
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut key = [0; 32];
    key.copy_from_slice(hash.finish().as_ref());
    key
}

impl fmt::Debug for MediaCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaCache")
            .field("capacity", &self.capacity)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
