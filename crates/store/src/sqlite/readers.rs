//! Connections that only read, used by one caller at a time, off the threads of the runtime.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::{SqliteOptions, open};
use crate::StoreError;
use crate::store::Later;

const READERS: usize = 3;

pub(super) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn open(options: &SqliteOptions) -> Result<Self, StoreError> {
        let connections = (0..READERS).map(|_| open::reader(options)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { idle: Arc::new(Mutex::new(connections)), permits: Arc::new(Semaphore::new(READERS)) })
    }

    pub(super) fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Later<'_, T> {
        Box::pin(async move {
            let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| StoreError::Closed)?;
            let idle = Arc::clone(&self.idle);
            let task = tokio::task::spawn_blocking(move || {
                let _permit = permit;
                let connection = idle.lock().unwrap_or_else(PoisonError::into_inner).pop().ok_or(StoreError::Busy)?;
                let result = query(&connection);
                idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
                result
            });
            task.await.unwrap_or(Err(StoreError::Closed))
        })
    }
}
