//! A provider whose settings change: what the one before showed is no proof that the next works, and the next is tried soon.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use acteon_core::{
    Action, ActionId, BoxFuture, ErrorKind, Health, Lane, LaneLimits, Outcome, Prepared, Provider,
    ProviderError, ProviderName, Response, Scope, Timestamp,
};
use acteon_gateway::{
    ActionView, BreakerPolicy, Breakers, Gateway, GatewayOptions, OnRepairable, Parts, Registry,
    RetryPolicy,
};
use acteon_rules::RuleSet;
use acteon_simulation::harness::SeededEntropy;
use acteon_store::MemoryStore;
use tokio::time::{Instant, sleep};

use crate::lanes::{NoObserver, Time, post};
use crate::silence::silence;

type DispatchAnswer = fn() -> Result<(), ProviderError>;

const WORKS: DispatchAnswer = || Ok(());
const BROKEN: DispatchAnswer = || {
    Err(ProviderError::new(
        ErrorKind::ExecutionFailed,
        "60020 not allow to access from your ip",
    )
    .to_repair())
};
const DEAD: DispatchAnswer = || Err(ProviderError::new(ErrorKind::Connection, "nobody there"));
const REFUSES_TOKEN: DispatchAnswer =
    || Err(ProviderError::new(ErrorKind::Configuration, "42001 access_token expired").not_ready());

/// One way a provider is configured.
struct Settings {
    answer: DispatchAnswer,
    takes: Duration,
    check: DispatchAnswer,
    check_takes: Duration,
    check_proves: bool,
    asked: Mutex<Vec<String>>,
}

impl Settings {
    fn new(answer: DispatchAnswer) -> Self {
        let zero = Duration::ZERO;
        Self {
            answer,
            takes: zero,
            check: answer,
            check_takes: zero,
            check_proves: true,
            asked: Mutex::default(),
        }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("a list").clone()
    }
}

impl Provider for Settings {
    fn prepare(&self, action: &Action) -> Result<Prepared, ProviderError> {
        Ok(Prepared {
            bytes: action.id.as_str().into(),
            ..Prepared::default()
        })
    }

    fn send<'a>(
        &'a self,
        prepared: &'a Prepared,
    ) -> BoxFuture<'a, Result<Response, ProviderError>> {
        Box::pin(async {
            self.asked
                .lock()
                .expect("a list")
                .push(String::from_utf8_lossy(&prepared.bytes).into_owned());
            sleep(self.takes).await;
            (self.answer)()?;
            Ok(Response::success(
                serde_json::value::to_raw_value(&"taken").expect("JSON"),
            ))
        })
    }

    fn health(&self) -> BoxFuture<'_, Result<Health, ProviderError>> {
        Box::pin(async {
            sleep(self.check_takes).await;
            (self.check)().map(|()| Health::default())
        })
    }

    fn check_proves_sending(&self) -> bool {
        self.check_proves
    }

    fn lane(&self) -> Lane {
        Lane {
            name: "service".into(),
            limits: LaneLimits {
                max_concurrency: 1,
                max_per_second: None,
            },
            budget: None,
        }
    }
}

async fn gateway(
    first: Settings,
    on_repairable: OnRepairable,
    breaker: Option<BreakerPolicy>,
) -> Gateway {
    let mut registry = Registry::default();
    registry.add(name(), Arc::new(first)).expect("a provider");
    let retry = RetryPolicy {
        on_repairable,
        ..RetryPolicy::default()
    };
    let parts = Parts {
        store: Arc::<MemoryStore>::default(),
        clock: Arc::new(Time(Instant::now())),
        entropy: Arc::new(SeededEntropy::new(7)),
        observer: Arc::new(NoObserver),
        registry,
        rules: RuleSet::default(),
        options: GatewayOptions {
            retry,
            breakers: Breakers {
                policy: breaker,
                ..Breakers::default()
            },
            ..GatewayOptions::default()
        },
    };
    Gateway::start(parts).await.expect("a gateway")
}

fn name() -> ProviderName {
    ProviderName::parse("p").expect("a name")
}

fn replace(gateway: &Gateway, next: Settings) -> Arc<Settings> {
    let next = Arc::new(next);
    gateway
        .replace_provider(&name(), Arc::<Settings>::clone(&next))
        .expect("replaced");
    next
}

async fn view(gateway: &Gateway, id: &str) -> ActionView {
    let id = ActionId::parse(id).expect("an id");
    gateway
        .find(&Scope::everything(), &id)
        .await
        .expect("a look")
        .pop()
        .expect("it is there")
}

#[tokio::test(start_paused = true)]
async fn other_settings_are_no_proof_that_it_works() {
    let gateway = gateway(Settings::new(BROKEN), OnRepairable::Fail, None).await;
    assert!(matches!(
        post(&gateway, "a", "all").await,
        Outcome::Failed { .. } | Outcome::Scheduled { .. }
    ));
    sleep(Duration::from_secs(1)).await;
    assert_eq!(gateway.to_repair().len(), 1);
    replace(&gateway, Settings::new(BROKEN));
    sleep(Duration::from_secs(30)).await;
    let needed = gateway.to_repair();
    assert!(
        needed.len() == 1 && needed[0].1.message.contains("60020"),
        "nothing got through, and its check finds the same: {needed:?}"
    );
    assert!(
        needed[0]
            .1
            .message
            .contains("its settings have changed since"),
        "{needed:?}"
    );
    // A check that finds nothing, and proves nothing, as a webhook's.
    let unproven = replace(
        &gateway,
        Settings {
            check_proves: false,
            ..Settings::new(WORKS)
        },
    );
    sleep(Duration::from_secs(30)).await;
    assert_eq!(gateway.to_repair().len(), 1);
    post(&gateway, "b", "all").await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(
        (unproven.asked(), gateway.to_repair().len()),
        (vec!["b".to_owned()], 0),
        "a call got through"
    );
}

#[tokio::test(start_paused = true)]
async fn a_check_that_proves_it_is_made_at_once() {
    let gateway = gateway(Settings::new(BROKEN), OnRepairable::Fail, None).await;
    post(&gateway, "a", "all").await;
    sleep(Duration::from_secs(1)).await;
    replace(&gateway, Settings::new(WORKS));
    sleep(Duration::from_secs(5)).await;
    assert!(gateway.to_repair().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_held_is_tried_one_by_one_however_often_the_settings_change() {
    let gateway = gateway(Settings::new(BROKEN), OnRepairable::Hold, None).await;
    for id in ["a", "b", "c"] {
        post(&gateway, id, "all").await;
    }
    sleep(Duration::from_secs(1)).await;
    let mut all = Vec::new();
    for _ in 0..6 {
        all.push(replace(
            &gateway,
            Settings {
                takes: Duration::from_secs(5),
                ..Settings::new(BROKEN)
            },
        ));
        sleep(Duration::from_millis(500)).await;
        assert_eq!(
            gateway.to_repair().len(),
            1,
            "the trial is under way, and has shown nothing"
        );
    }
    sleep(Duration::from_secs(40)).await;
    let asked: usize = all.iter().map(|settings| settings.asked().len()).sum();
    assert!(
        (1..=9).contains(&asked) && gateway.to_repair().len() == 1,
        "{asked} calls"
    );
    let works = replace(&gateway, Settings::new(WORKS));
    sleep(Duration::from_secs(5)).await;
    let mut asked = works.asked();
    asked.sort();
    assert_eq!(
        (asked, gateway.to_repair().len()),
        (["a", "b", "c"].map(str::to_owned).to_vec(), 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_check_of_the_one_before_says_nothing_of_the_next() {
    let first = Settings {
        check: WORKS,
        check_takes: Duration::from_secs(4),
        ..Settings::new(BROKEN)
    };
    let gateway = gateway(first, OnRepairable::Fail, None).await;
    post(&gateway, "a", "all").await;
    let asks = gateway.clone();
    let health = tokio::spawn(async move { asks.health().await });
    sleep(Duration::from_secs(2)).await;
    replace(&gateway, Settings::new(BROKEN));
    let finding = health
        .await
        .expect("an answer")
        .pop()
        .expect("a provider")
        .finding;
    assert!(
        finding
            .as_ref()
            .is_err_and(|error| error.to_string().contains("60020")),
        "{finding:?}"
    );
    sleep(Duration::from_mins(2)).await;
    assert_eq!(gateway.to_repair().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_waits_behind_an_open_breaker_is_tried_when_the_address_has_changed() {
    let policy = BreakerPolicy {
        failure_threshold: 4,
        success_threshold: 1,
        recovery: Duration::from_hours(1),
    };
    let gateway = gateway(Settings::new(DEAD), OnRepairable::Fail, Some(policy)).await;
    post(&gateway, "a", "all").await;
    sleep(Duration::from_secs(5)).await;
    assert_eq!(gateway.breakers()[0].1, "open");
    let next = replace(&gateway, Settings::new(WORKS));
    sleep(Duration::from_secs(2)).await;
    assert_eq!(
        (next.asked(), gateway.breakers()[0].1),
        (vec!["a".to_owned()], "closed")
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_is_told_of_where_it_is_not_made_once_more() {
    let gateway = gateway(
        Settings {
            takes: Duration::from_secs(2),
            ..Settings::new(REFUSES_TOKEN)
        },
        OnRepairable::Fail,
        None,
    )
    .await;
    post(&gateway, "a", "held").await;
    sleep(Duration::from_secs(1)).await;
    let now = Timestamp::from_millis(1_767_225_600_000);
    let silence = silence(now, ("team", "held"), Duration::from_hours(9));
    gateway.create_silence(silence).await.expect("a silence");
    sleep(Duration::from_secs(2)).await;
    let found = view(&gateway, "a").await;
    assert!(
        matches!(found.outcome, Outcome::Silenced { .. }),
        "{:?}",
        found.outcome
    );
    let error = found
        .history
        .first()
        .and_then(|attempt| attempt.error.as_ref())
        .expect("the call that was made");
    assert!(
        (found.attempts, found.history.len()) == (1, 1) && error.message.contains("42001"),
        "{:?}",
        found.history
    );
    assert!(
        gateway.to_repair().is_empty(),
        "a token that ran out is no repair: {:?}",
        gateway.to_repair()
    );
    assert_eq!(gateway.stats()[0].1.trouble, None);
}

#[tokio::test(start_paused = true)]
async fn one_that_was_replaced_is_not_kept_with_its_secrets() {
    let gateway = gateway(Settings::new(WORKS), OnRepairable::Fail, None).await;
    let checked = replace(&gateway, Settings::new(WORKS));
    assert_eq!(gateway.health().await.len(), 1);
    replace(&gateway, Settings::new(WORKS));
    sleep(Duration::from_secs(5)).await;
    assert_eq!(
        Arc::strong_count(&checked),
        1,
        "the last check is of nobody else's any more"
    );
}
