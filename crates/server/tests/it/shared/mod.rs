//! Several gateways on one PostgreSQL. Skipped, with a word about it, where there is none.

mod dispatch;
mod failover;
mod faults;
mod kills;
mod lanes;
mod lease;
mod parts;
mod policies;
mod reminders;
mod rotation;
mod start;
mod tokens;

use std::sync::{Arc, Mutex};

use acteon_testkit::postgres::TestDatabase;

use crate::support::{Client, Gateway, Process};

/// A database for several gateways.
pub(crate) struct Shared {
    pub(crate) database: TestDatabase,
}

impl Shared {
    pub(crate) async fn find() -> Option<Self> {
        Some(Self {
            database: TestDatabase::find().await?,
        })
    }

    /// The lines of a configuration that name the database.
    pub(crate) fn lines(&self, lease_seconds: u32) -> String {
        lines(
            &self.database.options().url,
            &self.database.options().schema,
            lease_seconds,
        )
    }

    /// A gateway in this process.
    pub(crate) async fn gateway(&self, configuration: &str) -> Gateway {
        Gateway::start_exactly(
            tempfile::tempdir().expect("a folder"),
            &(self.lines(15) + configuration),
        )
        .await
    }
}

/// The lines of a configuration that name a schema of a database.
pub(crate) fn lines(url: &str, schema: &str, lease_seconds: u32) -> String {
    format!(
        "store.url = {url:?}\nstore.schema = {schema:?}\nstore.pool_size = 3\nstore.lease_seconds = {lease_seconds}\n"
    )
}

/// Gateways as processes of their own, each in a place that another takes when it is gone.
pub(crate) struct Fleet {
    configuration: String,
    places: Vec<(tempfile::TempDir, Option<Process>)>,
    /// Those that are there, for the clients.
    pub(crate) clients: Arc<Mutex<Vec<Client>>>,
}

impl Fleet {
    pub(crate) fn start(count: usize, configuration: String) -> Self {
        let places = (0..count)
            .map(|_| (tempfile::tempdir().expect("a folder"), None))
            .collect();
        let mut fleet = Self {
            configuration,
            places,
            clients: Arc::default(),
        };
        (0..count).for_each(|place| fleet.revive(place));
        fleet
    }

    /// Starts a gateway in an empty place.
    pub(crate) fn revive(&mut self, place: usize) {
        let (folder, process) = &mut self.places[place];
        *process = Some(Process::start_exactly(
            folder.path(),
            &self.configuration,
            &[],
        ));
        self.tell();
    }

    /// Number of the places.
    pub(crate) fn places(&self) -> usize {
        self.places.len()
    }

    /// Takes a gateway out of its place. Clients go on asking for it until another is there.
    pub(crate) fn take(&mut self, place: usize) -> Process {
        self.places[place].1.take().expect("a gateway")
    }

    pub(crate) fn process(&self, place: usize) -> &Process {
        self.places[place].1.as_ref().expect("a gateway")
    }

    /// The first that is there.
    pub(crate) fn client(&self) -> Client {
        self.places
            .iter()
            .find_map(|(_, process)| process.as_ref())
            .expect("a gateway")
            .client()
            .clone()
    }

    fn tell(&self) {
        let clients = self
            .places
            .iter()
            .filter_map(|(_, process)| Some(process.as_ref()?.client().clone()))
            .collect();
        *self.clients.lock().expect("a lock") = clients;
    }
}
