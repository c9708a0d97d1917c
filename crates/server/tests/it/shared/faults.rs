//! A database that is killed, stopped, cut off, slowed down and failed over, under load.

use std::hash::{BuildHasher as _, RandomState};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use acteon_testkit::cluster::{Cluster, ClusterFolder, find_programs};
use acteon_testkit::proxy::{FaultProxy, Link};
use acteon_testkit::skipped;

use super::{Fleet, lines};
use crate::support::ledger::{Ledger, limit, nothing_is_open, times};
use crate::wechat::{configuration, local_wecom, unlimited};

const LEASE: u32 = 5;
/// From the end of a fault until clients get answers again.
const RECOVERY: Duration = Duration::from_secs(LEASE as u64 + 5);
const KINDS: [&str; 6] = [
    "killed",
    "paused",
    "cut off",
    "silent",
    "slow",
    "failed over",
];

/// A primary, and the proxy that leads to it, or to the synchronous standby that took over.
struct Database {
    primary: Cluster,
    proxy: FaultProxy,
    /// How often it failed over.
    failovers: usize,
    /// Dropped last.
    _folder: ClusterFolder,
}

impl Database {
    async fn start() -> Option<Self> {
        let Some(programs) = find_programs() else {
            skipped("no programs of PostgreSQL (initdb, pg_ctl) to test with");
            return None;
        };
        let folder = ClusterFolder::new().expect("a folder");
        let primary = Cluster::primary(&programs, &folder).expect("a server");
        let proxy = FaultProxy::start(primary.address()).await.expect("a proxy");
        Some(Self {
            primary,
            proxy,
            failovers: 0,
            _folder: folder,
        })
    }

    fn url(&self) -> String {
        let address: SocketAddr = self.proxy.address();
        format!("postgres://postgres@{address}/postgres")
    }

    /// Does it, and undoes it again while `load` goes on.
    async fn suffer(&mut self, kind: &str, posts: &Ledger) {
        match kind {
            "killed" => {
                self.primary.kill().expect("killed");
                posts.wait_for_posts(20).await;
                self.primary.start().expect("started again");
            }
            "paused" => {
                self.primary
                    .pause(Duration::from_secs(2))
                    .await
                    .expect("paused and continued");
            }
            "cut off" => {
                self.proxy.set(Link::Cut);
                posts.wait_for_posts(20).await;
                self.proxy.set(Link::Up);
            }
            "silent" | "slow" => {
                let link = if kind == "slow" {
                    Link::Slow(Duration::from_secs(5))
                } else {
                    Link::Silent
                };
                self.proxy.set_for(link, Duration::from_secs(6)).await;
            }
            _ => self.fail_over(posts).await,
        }
    }

    /// The standby takes over from a primary that is no more.
    async fn fail_over(&mut self, posts: &Ledger) {
        self.failovers += 1;
        let standby = self
            .primary
            .synchronous_standby(&format!("standby{}", self.failovers))
            .expect("a standby");
        posts.wait_for_posts(100).await;
        self.primary.kill().expect("killed");
        standby.promote().expect("promoted");
        self.proxy.redirect_to(standby.address());
        self.primary = standby;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_the_database_lose_nothing() {
    let Some(mut database) = Database::start().await else {
        return;
    };
    let faults = times("ACTEON_FAULTS", KINDS.len());
    let wecom = local_wecom(unlimited()).await;
    let fleet = Fleet::start(
        2,
        lines(&database.url(), "faults", LEASE) + &configuration(&wecom, ""),
    );
    let ledger = Arc::new(Ledger::default());
    let clients = ledger.load(16, &fleet.clients);
    let random = RandomState::new();
    let began = tokio::time::Instant::now();
    let mut slowest = Duration::ZERO;
    for fault in 0..faults {
        // Each once, and then at random.
        let kind = if fault < KINDS.len() {
            KINDS[fault]
        } else {
            KINDS[random.hash_one(fault) as usize % KINDS.len()]
        };
        ledger.wait_for_answers(100, Duration::from_mins(1)).await;
        database.suffer(kind, &ledger).await;
        let recovery = ledger
            .wait_for_answers(16, limit("ACTEON_FAULTS", RECOVERY))
            .await;
        println!("fault {fault}, {kind}: answers again after {recovery:?}");
        slowest = slowest.max(recovery);
    }
    ledger.stop(clients).await;
    let finished = nothing_is_open(
        &fleet.client(),
        limit("ACTEON_FAULTS", RECOVERY + Duration::from_secs(15)),
    )
    .await;
    let report = ledger.check(&wecom, &fleet.client()).await;
    println!(
        "{faults} faults in {:?}: {report:?}, 0 lost; slowest recovery {slowest:?}; the rest was finished after {finished:?}; refused: {:?}",
        began.elapsed(),
        ledger.refused()
    );
    assert!(
        ledger.refused().keys().all(|kind| kind.starts_with("503 ")),
        "only ever told to come back: {:?}",
        ledger.refused()
    );
}
