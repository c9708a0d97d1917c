//! Tasks that read files again while the server runs.

use std::sync::Arc;

use acteon_gateway::Gateway;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::auth::Auth;
use crate::configuration::ConfigurationLoader;
use crate::people::PeopleLoader;
use crate::rules::RulesLoader;

/// Loaders of the files that are read again.
pub(crate) struct Files {
    pub(crate) configuration: Arc<ConfigurationLoader>,
    pub(crate) auth: Arc<Auth>,
    pub(crate) rules: Arc<RulesLoader>,
    pub(crate) people: Arc<PeopleLoader>,
}

impl Files {
    pub(crate) fn new(
        configuration: ConfigurationLoader,
        auth: Arc<Auth>,
        rules: Arc<RulesLoader>,
        people: Arc<PeopleLoader>,
    ) -> Self {
        Self {
            configuration: Arc::new(configuration),
            auth,
            rules,
            people,
        }
    }
}

/// Starts the tasks that read files again: rules, people and API keys when they change, and everything when
/// `told` is. Errors are logged, counted, and shown by /ready.
pub(crate) fn watch_files(
    files: &Files,
    gateway: &Gateway,
    told: &watch::Receiver<()>,
) -> Vec<JoinHandle<()>> {
    let Files {
        configuration,
        auth,
        rules,
        people,
    } = files;
    let of_configuration = {
        let (configuration, gateway) = (Arc::clone(configuration), gateway.clone());
        let (auth, rules) = (Arc::clone(auth), Arc::clone(rules));
        whenever(told, move || {
            read_configuration(
                Arc::clone(&configuration),
                Arc::clone(&auth),
                Arc::clone(&rules),
                gateway.clone(),
            )
        })
    };
    let of_rules = {
        let (rules, gateway) = (Arc::clone(rules), gateway.clone());
        whenever(told, move || {
            let (rules, gateway) = (Arc::clone(&rules), gateway.clone());
            async move { drop(rules.reload(&gateway).await) }
        })
    };
    let of_people = {
        let (people, gateway) = (Arc::clone(people), gateway.clone());
        whenever(told, move || {
            let (people, gateway) = (Arc::clone(&people), gateway.clone());
            async move { drop(people.reload(&gateway).await) }
        })
    };
    let (rules, auth, people) = (Arc::clone(rules), Arc::clone(auth), Arc::clone(people));
    vec![
        tokio::spawn(rules.watch(gateway.clone())),
        tokio::spawn(auth.watch()),
        tokio::spawn(people.watch(gateway.clone())),
        of_configuration,
        of_rules,
        of_people,
    ]
}

/// Reads the configuration, then the API keys: the configuration's key ring opens what stands in
/// their file. Where calendars have changed, the rules are read too.
async fn read_configuration(
    configuration: Arc<ConfigurationLoader>,
    auth: Arc<Auth>,
    rules: Arc<RulesLoader>,
    gateway: Gateway,
) {
    let changes = configuration.reload(&gateway).await;
    // Rules that were read at the same time may have been held against the calendars before.
    if let Ok(Some(changes)) = changes
        && !changes.calendars.is_empty()
    {
        drop(rules.reload(&gateway).await);
    }
    drop(auth.reload().await);
}

/// Starts a task that does something each time `told` changes.
fn whenever<F: Future<Output = ()> + Send + 'static>(
    told: &watch::Receiver<()>,
    mut work: impl FnMut() -> F + Send + 'static,
) -> JoinHandle<()> {
    let mut told = told.clone();
    tokio::spawn(async move {
        while told.changed().await.is_ok() {
            work().await;
        }
    })
}
