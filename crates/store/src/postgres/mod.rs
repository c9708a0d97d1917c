//! The store that several gateways share: one schema of a PostgreSQL database.
//!
//! Everything that is hot is written in batches by a few workers, each batch in one statement over arrays and one commit. Rows are claimed
//! with SKIP LOCKED and changed only where their owner still is who changes them; the row of a process is locked, shared, by what writes on
//! its behalf, so that a process that was taken over writes nothing. No lock is held beyond a transaction, no sequence is asked on the hot
//! path, and what the database rolls back for others' sake is done again, so that engines which only speak its protocol can serve as well.

#[macro_use]
mod calls;
mod admit;
mod batch;
mod claims;
mod clock;
mod connect;
mod documents;
mod error;
mod gate;
mod history;
mod insert;
mod jobs;
mod listen;
mod migrate;
mod open_rows;
mod positions;
mod reroute;
mod retention;
mod rows;
mod settle;
mod transfer;

use std::sync::atomic::{AtomicI64, AtomicIsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acteon_core::{ActionId, BoxFuture, ProviderName, Scope, Timestamp};
use deadpool_postgres::Pool;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::admit::{Admit, Optimism};
use self::batch::Batcher;
use self::connect::{Conn, Connector, in_time};
use self::error::Failure;
use self::listen::News;
use self::positions::Positions;
use self::settle::Settle;
use crate::StoreError;
use crate::document::{Document, DocumentChanges, DocumentKind, Put};
use crate::error::Ended;
use crate::gate::{Conditions, Judged, judge};
use crate::history::{Cursor, Glance, HistoryFilter, HistoryPage, PageRequest};
use crate::model::{
    Admission, Admitted, Beat, Claim, Claimed, Freed, Hasten, Hold, OwnerId, RecentSends, Record,
    Reroute, Rerouted, Seq, Settled, Settlement, Way,
};
use crate::queue_bytes::QueueBytes;
use crate::retention::{Pruned, Retention, SweepCursor};
use crate::shares::{DeadShare, OpenShare};
use crate::store::{Later, NewsOf, Store};

pub use self::connect::PostgresOptions;

/// Longest that an admission waits for its turn: its caller waits little longer.
const ADMISSION_PATIENCE: Duration = Duration::from_secs(4);
/// A settlement waits as long as it must.
const SETTLEMENT_PATIENCE: Duration = Duration::from_hours(24);
/// How often to look at the documents' revision and count the open rows without being told.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The store in a PostgreSQL database.
pub struct PostgresStore {
    /// For what the gateway needs to go on, which is short.
    own: Pool,
    /// For what callers ask for, and for what may take long.
    pool: Pool,
    judging: calls::Turns,
    ended: Ended,
    queue_bytes: QueueBytes,
    /// One connection for the lease alone: nothing delays its renewals.
    lease: Pool,
    /// For claims, which look rows up as batches do.
    claiming: Pool,
    admissions: Batcher<Admit>,
    /// Those with a gate to pass: what they lock is locked by one batch at a time.
    gated: Batcher<Admit>,
    settlements: Batcher<Settle>,
    positions: Arc<Positions>,
    optimism: Arc<Optimism>,
    open: Arc<AtomicIsize>,
    news: Arc<News>,
    channel: Option<String>,
    claims: AtomicI64,
    lost_claims: Mutex<Vec<(OwnerId, i64)>>,
    tasks: Vec<JoinHandle<()>>,
    place: String,
}

impl PostgresStore {
    /// Connects and brings the schema up to date.
    pub async fn open(options: &PostgresOptions) -> Result<Self, StoreError> {
        let connector = Connector::new(options)?;
        let (own, pool) = connector.pools(options.pool)?;
        migrate::migrate(&own, &options.schema).await?;
        let open = Arc::new(AtomicIsize::new(0));
        let optimism = Arc::new(Optimism::default());
        let (ended, _) = watch::channel(None);
        // One more for what is found out beside the workers.
        let writers = connector.writers(batch::WORKERS * 3 + 1)?;
        let admissions = Batcher::start(
            Admit {
                open: Arc::clone(&open),
                optimism: Arc::clone(&optimism),
            },
            &writers,
            ADMISSION_PATIENCE,
            &ended,
        );
        let gated = Batcher::start(
            Admit {
                open: Arc::clone(&open),
                optimism: Arc::clone(&optimism),
            },
            &writers,
            ADMISSION_PATIENCE,
            &ended,
        );
        let settlements = Batcher::start(
            Settle {
                open: Arc::clone(&open),
            },
            &writers,
            SETTLEMENT_PATIENCE,
            &ended,
        );
        let news = Arc::new(News::default());
        let channel = options.notify.then(|| listen::channel(&options.schema));
        let mut tasks = vec![tokio::spawn(open_rows::keep_counting(
            own.clone(),
            Arc::clone(&open),
        ))];
        if let Some(channel) = &channel {
            tasks.push(tokio::spawn(listen::listen(
                connector.clone(),
                channel.clone(),
                Arc::clone(&news),
            )));
        }
        let place = connect::place(&connector.config);
        let lease = connector.pool(1)?;
        let claiming = connector.writers(2)?;
        let (claims, lost_claims, positions) = (
            AtomicI64::new(1),
            Mutex::default(),
            Arc::new(Positions::new()),
        );
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
            positions,
            optimism,
            open,
            news,
            channel,
            claims,
            lost_claims,
            tasks,
            place,
        })
    }

    /// Brings the schema up to date and says from which version to which.
    pub async fn migrate(options: &PostgresOptions) -> Result<(i64, i64), StoreError> {
        migrate::migrate(&Connector::new(options)?.pool(1)?, &options.schema).await
    }

    /// The database's clock.
    pub async fn now(&self) -> Result<Timestamp, StoreError> {
        let millis = call!(self.own, conn => jobs::clock(conn))?;
        Ok(Timestamp::from_millis(millis))
    }

    /// Where the database is, in words without a secret.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Tells other processes.
    async fn tell(&self, what: &str) {
        let Some(channel) = &self.channel else { return };
        let told: Result<(), StoreError> =
            async { call!(self.own, conn => listen::tell(conn, channel, what)) }.await;
        if let Err(error) = told {
            tracing::debug!(%error, "other processes could not be told; they find it by looking around");
        }
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Store for PostgresStore {
    fn register(&self) -> Later<'_, OwnerId> {
        Box::pin(async move { renewal!(self.lease, conn => jobs::register(conn)) })
    }

    fn renew(&self, owner: OwnerId) -> Later<'_, bool> {
        Box::pin(async move { renewal!(self.lease, conn => jobs::renew(conn, owner)) })
    }

    fn beats(&self) -> Later<'_, Vec<Beat>> {
        Box::pin(async move { call!(self.own, conn => jobs::beats(conn)) })
    }

    fn retire(&self, owner: OwnerId, now: Timestamp) -> Later<'_, ()> {
        Box::pin(async move {
            change!(self.own, conn, _again => jobs::retire(conn, owner, now))?;
            self.tell(listen::WORK).await;
            Ok(())
        })
    }

    fn take_over(&self, dead: Vec<Beat>, now: Timestamp) -> Later<'_, Freed> {
        Box::pin(async move {
            let freed = change!(self.own, conn, _again => jobs::take_over(conn, &dead, now))?;
            if freed != Freed::default() {
                self.tell(listen::WORK).await;
            }
            Ok(freed)
        })
    }

    fn owned(&self, owner: OwnerId, after: Seq, limit: usize) -> Later<'_, Vec<Hold>> {
        Box::pin(async move { call!(self.own, conn => jobs::owned(conn, owner, after, limit)) })
    }

    fn free(&self, holds: Vec<Hold>, now: Timestamp) -> Later<'_, Freed> {
        Box::pin(async move { call!(self.own, conn => jobs::free(conn, &holds, now)) })
    }

    fn admit(&self, admission: Admission) -> Later<'_, Admitted> {
        self.queue(admission)
    }

    fn judge(&self, conditions: Conditions, ways: Vec<Way>, now: Timestamp) -> Later<'_, Judged> {
        Box::pin(async move {
            let _turn = self.judging.take().await?;
            let counters = call!(self.pool, conn => gate::look(conn, &conditions, &ways))?;
            judge(&counters, &conditions, &ways, now)
        })
    }

    fn settle(&self, settlement: Settlement) -> Later<'_, Settled> {
        self.settlements.send(settlement)
    }

    fn reroute(&self, change: Reroute) -> Later<'_, Rerouted> {
        Box::pin(self.reroute_row(change))
    }

    fn hasten(&self, hasten: Hasten) -> Later<'_, usize> {
        Box::pin(self.hasten_rows(hasten))
    }

    fn claim(&self, claim: Claim) -> Later<'_, Vec<Claimed>> {
        Box::pin(self.claim_rows(claim))
    }

    fn next_due(&self, providers: &[ProviderName]) -> Later<'_, Option<Timestamp>> {
        let providers = providers.to_vec();
        Box::pin(async move { call!(self.claiming, conn => jobs::next_due(conn, &providers)) })
    }

    fn records(&self, seqs: Vec<Seq>) -> Later<'_, Vec<Record>> {
        Box::pin(async move { call!(self.own, conn => history::records(conn, &seqs)) })
    }

    fn find(&self, scope: &Scope, id: &ActionId) -> Later<'_, Vec<Record>> {
        let (scope, id) = (scope.clone(), id.clone());
        Box::pin(async move { call!(self.pool, conn => history::find(conn, &scope, &id)) })
    }

    fn history(&self, filter: HistoryFilter, page: PageRequest) -> Later<'_, HistoryPage> {
        Box::pin(async move { call!(self.pool, conn => history::page(conn, &filter, page)) })
    }

    fn newest(&self) -> Later<'_, Seq> {
        Box::pin(async move {
            let newest = call!(self.pool, conn => history::newest(conn))?;
            // Positions follow this gateway's clock, which may be behind that of whoever made this one.
            self.positions.go_beyond(newest);
            Ok(newest)
        })
    }

    fn glance(&self, filter: HistoryFilter, limit: usize) -> Later<'_, (Vec<Glance>, bool)> {
        Box::pin(async move { call!(self.pool, conn => history::glance(conn, &filter, limit)) })
    }

    fn discard(&self, letters: Vec<Seq>) -> Later<'_, usize> {
        Box::pin(async move {
            change!(self.pool, conn, again => history::discard(conn, &letters, again))
        })
    }

    fn count_dead(&self, scope: &Scope, limit: usize) -> Later<'_, usize> {
        let scope = scope.clone();
        Box::pin(async move { call!(self.pool, conn => history::count_dead(conn, &scope, limit)) })
    }

    fn recent_sends(
        &self,
        since: Timestamp,
        before: Option<Cursor>,
        limit: usize,
    ) -> Later<'_, RecentSends> {
        Box::pin(async move {
            call!(self.pool, conn => history::recent_sends(conn, since, before, limit))
        })
    }

    fn documents(&self, kind: DocumentKind) -> Later<'_, Vec<Document>> {
        Box::pin(async move { call!(self.pool, conn => documents::list(conn, kind)) })
    }

    fn document(&self, kind: DocumentKind, id: &str) -> Later<'_, Option<Document>> {
        let id = id.to_owned();
        Box::pin(async move { call!(self.pool, conn => documents::get(conn, kind, &id)) })
    }

    fn documents_since(&self, known: i64) -> Later<'_, DocumentChanges> {
        Box::pin(async move { call!(self.own, conn => documents::since(conn, known)) })
    }

    fn put_document(&self, document: Document) -> Later<'_, Put> {
        Box::pin(async move {
            let put = change!(self.pool, conn, again => documents::put(conn, &document, again))?;
            if matches!(put, Put::Written(_)) {
                self.tell(listen::DOCUMENTS).await;
            }
            Ok(put)
        })
    }

    fn delete_document(
        &self,
        kind: DocumentKind,
        id: &str,
        version: Option<i64>,
    ) -> Later<'_, bool> {
        let id = id.to_owned();
        Box::pin(async move {
            // After a try whose answer was lost, that it is gone is this call's doing as far as anybody can tell.
            let deleted = change!(self.pool, conn, again => async {
                Ok(documents::delete(conn, kind, &id, version).await? || again && documents::get(conn, kind, &id).await?.is_none())
            })?;
            if deleted {
                self.tell(listen::DOCUMENTS).await;
            }
            Ok(deleted)
        })
    }

    fn documents_changed(&self, known: i64) -> Later<'_, i64> {
        Box::pin(self.another_revision(known))
    }

    fn used(&self, counter: &str) -> Later<'_, u64> {
        let counter = rows::key(counter);
        Box::pin(async move {
            call!(self.pool, conn => gate::used(conn, &counter)).map(i64::unsigned_abs)
        })
    }

    fn prune(&self, retention: Retention, after: Option<Cursor>) -> Later<'_, Pruned> {
        Box::pin(async move { call!(self.pool, conn => retention::prune(conn, &retention, after)) })
    }

    fn sweep(&self, now: Timestamp, after: Option<SweepCursor>) -> Later<'_, Option<SweepCursor>> {
        Box::pin(self.sweep_a_table(now, after))
    }

    fn put_note(&self, name: &str, text: &str, until: Timestamp) -> Later<'_, ()> {
        let (name, text) = (name.to_owned(), text.to_owned());
        Box::pin(async move {
            change!(self.own, conn, _again => documents::put_note(conn, &name, &text, until))?;
            self.tell(&listen::of_note(&name)).await;
            Ok(())
        })
    }

    fn note(&self, name: &str, now: Timestamp) -> Later<'_, Option<String>> {
        let name = name.to_owned();
        Box::pin(async move { call!(self.own, conn => documents::note(conn, &name, now)) })
    }

    fn swap_note<'a>(
        &'a self,
        name: &str,
        expected: Option<&str>,
        text: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Later<'a, bool> {
        let (name, expected, text) = (
            name.to_owned(),
            expected.map(str::to_owned),
            text.to_owned(),
        );
        Box::pin(async move {
            change!(self.own, conn, again => async {
                let swapped = documents::swap_note(conn, &name, expected.as_deref(), &text, now, until).await?;
                Ok(swapped || again && documents::holds(conn, &name, &text, until).await?)
            })
        })
    }

    fn news(&self) -> BoxFuture<'_, NewsOf> {
        Box::pin(self.news.next())
    }

    fn ended(&self) -> BoxFuture<'_, StoreError> {
        crate::error::until_ended(&self.ended)
    }

    fn is_busy(&self) -> bool {
        self.admissions.is_busy() || self.gated.is_busy()
    }

    fn open_shares(&self, due: Timestamp) -> Later<'_, Vec<OpenShare>> {
        Box::pin(async move { call!(self.pool, conn => history::open_shares(conn, due)) })
    }

    fn dead_shares(&self, limit: usize) -> Later<'_, Vec<DeadShare>> {
        Box::pin(async move { call!(self.pool, conn => history::dead_shares(conn, limit)) })
    }

    fn outcomes_of(&self, seqs: Vec<Seq>) -> Later<'_, Vec<(Seq, Arc<str>)>> {
        Box::pin(async move { call!(self.own, conn => history::outcomes_of(conn, &seqs)) })
    }

    fn open_count(&self) -> usize {
        usize::try_from(self.open.load(Ordering::Relaxed)).unwrap_or(0)
    }
}
