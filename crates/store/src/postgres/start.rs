//! Opening the store: its connections, its workers and its tasks.

use std::sync::atomic::{AtomicI64, AtomicIsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::admit::{Admit, Optimism};
use super::advance::Advances;
use super::batch::Batcher;
use super::connect::Connector;
use super::listen::Wakeups;
use super::options::PostgresOptions;
use super::positions::Positions;
use super::settle::Settle;
use super::store::PostgresStore;
use super::{batch, calls, connect, events, listen, migrate, open_rows};
use crate::StoreError;
use crate::queue_bytes::QueueBytes;

/// Longest that an admission or an advance waits for its turn: its caller waits little longer.
const ADMISSION_PATIENCE: Duration = Duration::from_secs(4);

/// A settlement waits as long as it must.
const SETTLEMENT_PATIENCE: Duration = Duration::from_hours(24);

impl PostgresStore {
    /// Connects and brings the schema up to date.
    pub async fn open(options: &PostgresOptions) -> Result<Self, StoreError> {
        let connector = Connector::new(options)?;
        let (own, pool) = connector.pools(options.pool)?;
        migrate::migrate(&own, &options.schema).await?;
        events::forget_foreign(&own).await?;
        let open = Arc::new(AtomicIsize::new(0));
        let optimism = Arc::new(Optimism::default());
        let (ended, _) = watch::channel(None);
        // One more for what is found out beside the workers.
        let writers = connector.writers(batch::WORKERS * 4 + 1)?;
        let told = Arc::new(Notify::new());
        let admit = || Admit {
            open: Arc::clone(&open),
            told: Arc::clone(&told),
            optimism: Arc::clone(&optimism),
        };
        let settle = Settle {
            open: Arc::clone(&open),
            told: Arc::clone(&told),
        };
        let advance = Advances {
            open: Arc::clone(&open),
            told: Arc::clone(&told),
        };
        let admissions = Batcher::start(admit(), &writers, ADMISSION_PATIENCE, &ended);
        let gated = Batcher::start(admit(), &writers, ADMISSION_PATIENCE, &ended);
        let settlements = Batcher::start(settle, &writers, SETTLEMENT_PATIENCE, &ended);
        let advances = Batcher::start(advance, &writers, ADMISSION_PATIENCE, &ended);
        let wakeups = Arc::new(Wakeups::default());
        let channel = options.notify.then(|| listen::channel(&options.schema));
        let counting = open_rows::keep_counting(own.clone(), Arc::clone(&open));
        let listening = channel.as_ref().map(|channel| {
            listen::listen(connector.clone(), channel.clone(), Arc::clone(&wakeups))
        });
        let tasks = std::iter::once(tokio::spawn(counting))
            .chain(listening.map(tokio::spawn))
            .collect();
        let lease = connector.pool(1)?;
        let claiming = connector.writers(2)?;
        let positions = Arc::new(Positions::new());
        let count = open_rows::count(&own).await?;
        open.store(isize::try_from(count).unwrap_or(0), Ordering::Relaxed);
        Ok(Self {
            judging: calls::Turns::half_of(&pool),
            own,
            pool,
            ended,
            lease,
            queue_bytes: QueueBytes::default(),
            claiming,
            admissions,
            gated,
            settlements,
            advances,
            positions,
            optimism,
            open,
            told,
            wakeups,
            channel,
            claims: AtomicI64::new(1),
            lost_claims: Mutex::default(),
            lost_flows: Mutex::default(),
            tasks,
            place: connect::place(&connector.config),
        })
    }

    /// Brings the schema up to date and says from which version to which.
    pub async fn migrate(options: &PostgresOptions) -> Result<(i64, i64), StoreError> {
        migrate::migrate(&Connector::new(options)?.pool(1)?, &options.schema).await
    }
}
