//! Metrics that are looked up at each scrape.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use acteon_core::Timestamp;
use acteon_core::limits::MAX_METRIC_NAMES;
use acteon_gateway::{Backlog, Gateway, LaneMode, LaneStatus, Reloads};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::by_name::OTHER;
use super::flows::Flows;
use super::labels::{DeadLetterLabels, LaneLabel, ProviderLabel, ReloadLabel, ReloadLabels, Text};
use crate::auth::Auth;
use crate::configuration::ConfigurationLoader;
use crate::people::PeopleLoader;
use crate::rules::RulesLoader;

type Count = Gauge<u64, AtomicU64>;
type Number = Gauge<f64, AtomicU64>;

/// Parts of the server that metrics are looked up from.
pub(crate) struct Sources<'a> {
    pub(crate) gateway: &'a Gateway,
    pub(crate) configuration: &'a ConfigurationLoader,
    pub(crate) rules: &'a RulesLoader,
    pub(crate) auth: &'a Auth,
    pub(crate) people: &'a PeopleLoader,
    pub(crate) now: Timestamp,
}

#[derive(Default)]
pub(super) struct Scraped {
    /// Held from the first value to the last line, so that each answer is of one moment.
    turn: Mutex<()>,
    rules: Count,
    rules_broken: Count,
    configuration_broken: Count,
    configuration_needs_restart: Count,
    keys_broken: Count,
    people_broken: Count,
    policies_stale: Count,
    open: Count,
    store_failing: Count,
    store_stalled: Number,
    store_damage: Counter,
    in_flight: Family<LaneLabel, Count>,
    waiting: Family<LaneLabel, Count>,
    more_in_store: Family<LaneLabel, Count>,
    paused: Family<LaneLabel, Count>,
    probe_in: Family<LaneLabel, Number>,
    max_per_second: Family<LaneLabel, Number>,
    open_by_provider: Family<ProviderLabel, Count>,
    scheduled_by_provider: Family<ProviderLabel, Count>,
    oldest_open: Family<ProviderLabel, Number>,
    to_repair: Family<ProviderLabel, Count>,
    dead_letters: Family<DeadLetterLabels, Count>,
    token_age: Family<ProviderLabel, Number>,
    token_left: Family<ProviderLabel, Number>,
    reloads: Family<ReloadLabels, Counter>,
    reloaded_at: Family<ReloadLabel, Number>,
    flows: Flows,
}

impl Scraped {
    pub(super) fn register(&self, registry: &mut Registry) {
        self.register_files(registry);
        self.register_store(registry);
        self.register_open(registry);
        self.register_tokens(registry);
        self.register_lanes(registry);
        self.flows.register(registry);
    }

    /// Registers what was read from files and documents, and how that went.
    fn register_files(&self, registry: &mut Registry) {
        registry.register("rules", "Rules in force", self.rules.clone());
        registry.register(
            "rules_broken",
            "1 while the rules' files are wrong and earlier rules stay in force",
            self.rules_broken.clone(),
        );
        let help = "1 while the configuration file is wrong and what it said before stays in force";
        registry.register(
            "configuration_broken",
            help,
            self.configuration_broken.clone(),
        );
        let help = "Settings of the configuration file, as it was read last, that take effect at the next start only";
        registry.register(
            "configuration_needs_restart",
            help,
            self.configuration_needs_restart.clone(),
        );
        let help = "1 while the file of the API keys is wrong and earlier keys stay in force";
        registry.register("api_keys_broken", help, self.keys_broken.clone());
        let help = "1 while the file of people is wrong and what it said before stays in force";
        registry.register("people_broken", help, self.people_broken.clone());
        let help = "1 while changes of silences, quotas and time intervals cannot be read and earlier ones hold";
        registry.register("policies_stale", help, self.policies_stale.clone());
        let help = "Readings of configuration, rules, api_keys, people and policies (silences, quotas, time intervals), the one at the start among them";
        registry.register("reloads", help, self.reloads.clone());
        let help = "When they were last read without a fault";
        registry.register_with_unit(
            "last_reload_success_timestamp",
            help,
            Unit::Seconds,
            self.reloaded_at.clone(),
        );
    }

    fn register_store(&self, registry: &mut Registry) {
        registry.register(
            "store_failing",
            "1 while the store fails",
            self.store_failing.clone(),
        );
        let help = "How long the store has been waiting for its disk";
        registry.register_with_unit(
            "store_stalled",
            help,
            Unit::Seconds,
            self.store_stalled.clone(),
        );
        let help = "Times that a part of the database could not be read because it is damaged";
        registry.register("store_damaged_reads", help, self.store_damage.clone());
    }

    /// Registers what is to be delivered, and what could not be.
    fn register_open(&self, registry: &mut Registry) {
        registry.register(
            "open_actions",
            "Actions that are to be delivered now or later",
            self.open.clone(),
        );
        let help = "Actions that may be delivered by now, by the provider that they go through";
        registry.register("provider_open_actions", help, self.open_by_provider.clone());
        let help = "Actions that wait for an instant, by the provider that they go through";
        registry.register(
            "scheduled_actions",
            help,
            self.scheduled_by_provider.clone(),
        );
        let help = "Since the oldest action was accepted that is still to be delivered and not postponed; 0 where there is none";
        registry.register_with_unit(
            "oldest_open_action",
            help,
            Unit::Seconds,
            self.oldest_open.clone(),
        );
        let help = "1 while people must repair something before the provider can send";
        registry.register("provider_to_repair", help, self.to_repair.clone());
        let help = "Dead letters on the list, by the provider that they were to go through and by code, among the newest hundred thousand";
        registry.register("dead_letters", help, self.dead_letters.clone());
    }

    fn register_tokens(&self, registry: &mut Registry) {
        let help = "Since the access token in use was fetched";
        registry.register_with_unit("token_age", help, Unit::Seconds, self.token_age.clone());
        registry.register_with_unit(
            "token_left",
            "Until the access token in use expires",
            Unit::Seconds,
            self.token_left.clone(),
        );
    }

    fn register_lanes(&self, registry: &mut Registry) {
        registry.register("lane_in_flight", "Calls in flight", self.in_flight.clone());
        registry.register(
            "lane_waiting",
            "Actions in memory that wait for a turn",
            self.waiting.clone(),
        );
        let help = "1 while more actions wait in the store for want of room in memory";
        registry.register("lane_more_in_store", help, self.more_in_store.clone());
        let help = "1 while the service said that it was too much, and only probes are sent";
        registry.register("lane_paused", help, self.paused.clone());
        let help = "Until the next probe of a paused lane may go";
        registry.register_with_unit(
            "lane_next_probe",
            help,
            Unit::Seconds,
            self.probe_in.clone(),
        );
        let help = "Calls a second that all gateways start at most; +Inf where nothing limits them";
        registry.register("lane_max_per_second", help, self.max_per_second.clone());
    }

    /// Sets all metrics to their values of now, and does `work` before anybody sets them again.
    pub(super) fn while_set<T>(
        &self,
        sources: &Sources<'_>,
        backlog: &Backlog,
        work: impl FnOnce() -> T,
    ) -> T {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let Sources {
            gateway,
            configuration,
            rules,
            auth,
            people,
            now,
        } = sources;
        self.rules.set(gateway.rules().len() as u64);
        self.open.set(gateway.open_count() as u64);
        self.store_failing
            .set(u64::from(gateway.store_is_failing()));
        self.store_stalled
            .set(gateway.store_stalled().as_secs_f64());
        self.store_damage.inner().store(
            gateway.store_damage().map_or(0, |damage| damage.count),
            Ordering::Relaxed,
        );
        let broken =
            |reloads: Option<&Reloads>| u64::from(reloads.and_then(Reloads::trouble).is_some());
        self.rules_broken.set(broken(rules.reloads()));
        self.configuration_broken
            .set(broken(configuration.reloads()));
        self.configuration_needs_restart
            .set(configuration.waiting_for_start() as u64);
        self.keys_broken.set(broken(auth.reloads()));
        self.people_broken.set(broken(people.reloads()));
        self.policies_stale
            .set(broken(Some(gateway.policy_reloads())));
        let read = [
            ("configuration", configuration.reloads()),
            ("rules", rules.reloads()),
            ("api_keys", auth.reloads()),
            ("people", people.reloads()),
            ("policies", Some(gateway.policy_reloads())),
        ];
        for (what, reloads) in read
            .into_iter()
            .filter_map(|(what, reloads)| Some((what, reloads?)))
        {
            self.set_reloads(what, reloads);
        }
        self.set_lanes(&gateway.lanes());
        self.set_to_repair(gateway);
        self.set_backlog(gateway, backlog, *now);
        self.flows.set(backlog);
        self.token_age.clear();
        self.token_left.clear();
        for (provider, life) in gateway.token_lives().into_iter().take(MAX_METRIC_NAMES) {
            let label = ProviderLabel {
                provider: provider.as_str().into(),
            };
            self.token_age
                .get_or_create(&label)
                .set(life.age.as_secs_f64());
            self.token_left
                .get_or_create(&label)
                .set(life.left.as_secs_f64());
        }
        work()
    }

    fn set_reloads(&self, what: &'static str, reloads: &Reloads) {
        for (result, count) in [
            ("success", reloads.succeeded()),
            ("failure", reloads.failed()),
        ] {
            let counter = self
                .reloads
                .get_or_create_owned(&ReloadLabels { what, result });
            counter
                .inner()
                .store(count, std::sync::atomic::Ordering::Relaxed);
        }
        let seconds = reloads.last_success().as_millis() as f64 / 1000.0;
        self.reloaded_at
            .get_or_create(&ReloadLabel { what })
            .set(seconds);
    }

    /// Sets the metrics of lanes. Those beyond the number of names are added up.
    fn set_lanes(&self, lanes: &[LaneStatus]) {
        for family in [
            &self.in_flight,
            &self.waiting,
            &self.more_in_store,
            &self.paused,
        ] {
            family.clear();
        }
        self.probe_in.clear();
        self.max_per_second.clear();
        for (place, lane) in lanes.iter().enumerate() {
            let label = LaneLabel {
                lane: if place < MAX_METRIC_NAMES {
                    Text::clone(&lane.name)
                } else {
                    OTHER.into()
                },
            };
            self.in_flight
                .get_or_create(&label)
                .inc_by(lane.in_flight as u64);
            self.waiting
                .get_or_create(&label)
                .inc_by(lane.waiting as u64);
            self.more_in_store
                .get_or_create(&label)
                .inc_by(u64::from(lane.more_in_store));
            self.paused
                .get_or_create(&label)
                .inc_by(u64::from(lane.mode != LaneMode::Open));
            let probe_in = self.probe_in.get_or_create_owned(&label);
            probe_in.set(probe_in.get().max(lane.probe_in.as_secs_f64()));
            self.max_per_second
                .get_or_create(&label)
                .inc_by(lane.pace.unwrap_or(f64::INFINITY));
        }
    }

    /// Sets whether providers must be repaired: every provider is shown, also one that needs
    /// nothing. Those beyond the number of names are added up.
    fn set_to_repair(&self, gateway: &Gateway) {
        let needed = gateway.to_repair();
        self.to_repair.clear();
        for (place, name) in gateway.provider_names().iter().enumerate() {
            let provider = if place < MAX_METRIC_NAMES {
                name.as_str().into()
            } else {
                OTHER.into()
            };
            let is_needed = needed.iter().any(|(needed, _)| needed == name);
            self.to_repair
                .get_or_create(&ProviderLabel { provider })
                .inc_by(u64::from(is_needed));
        }
    }

    fn set_backlog(&self, gateway: &Gateway, backlog: &Backlog, now: Timestamp) {
        // A provider that is configured is shown under its name, also where it has nothing open.
        let names = gateway.provider_names();
        let mut names: BTreeSet<Text> = names
            .iter()
            .take(MAX_METRIC_NAMES)
            .map(|name| name.as_str().into())
            .collect();
        let mut open: BTreeMap<Text, (u64, u64, f64)> = names
            .iter()
            .map(|name| (Text::clone(name), (0, 0, 0.0)))
            .collect();
        for share in &backlog.open {
            let (count, later, oldest) = open
                .entry(shown(&mut names, share.provider.as_str()))
                .or_default();
            (*count, *later, *oldest) = (
                *count + share.count as u64,
                *later + share.later as u64,
                oldest.max(
                    share
                        .oldest
                        .map_or(0.0, |oldest| now.since(oldest).as_secs_f64()),
                ),
            );
        }
        self.open_by_provider.clear();
        self.scheduled_by_provider.clear();
        self.oldest_open.clear();
        for (provider, (count, later, oldest)) in open {
            let label = ProviderLabel { provider };
            self.open_by_provider.get_or_create(&label).set(count);
            self.scheduled_by_provider.get_or_create(&label).set(later);
            self.oldest_open.get_or_create(&label).set(oldest);
        }
        self.dead_letters.clear();
        for share in &backlog.dead {
            let labels = DeadLetterLabels {
                provider: shown(&mut names, share.provider.as_str()),
                code: share.code.as_str().into(),
            };
            self.dead_letters
                .get_or_create(&labels)
                .inc_by(share.count as u64);
        }
    }
}

/// Name under which a provider is shown: its own, while there is room for one more.
fn shown(names: &mut BTreeSet<Text>, name: &str) -> Text {
    if let Some(known) = names.get(name) {
        return Text::clone(known);
    }
    if names.len() >= MAX_METRIC_NAMES {
        return OTHER.into();
    }
    let name = Text::from(name);
    names.insert(Text::clone(&name));
    name
}
