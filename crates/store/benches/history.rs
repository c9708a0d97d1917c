//! Pages of a journal of a million actions: the goal is 20 ms for any page.
//!
//! `cargo bench -p acteon-store`. Filling the journal takes about half a minute.

use std::sync::{Arc, OnceLock};

use acteon_core::{Action, Caller, Grant, Origin, Outcome, Response, Scope, Timestamp};
use acteon_store::{
    ActionState, Admission, Cursor, Disposition, History as _, HistoryFilter, Journal as _,
    PageRequest, Seq, SqliteOptions, SqliteStore, Turn,
};
use divan::Bencher;
use tokio::runtime::Runtime;

const ROWS: i64 = 1_000_000;
/// Half a second apart.
const STEP: i64 = 500;

struct Journal {
    runtime: Runtime,
    store: SqliteStore,
    _folder: tempfile::TempDir,
}

fn main() {
    divan::main();
}

fn journal() -> &'static Journal {
    static JOURNAL: OnceLock<Journal> = OnceLock::new();
    JOURNAL.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let options = SqliteOptions {
            path: folder.path().join("bench.db"),
            ..SqliteOptions::default()
        };
        let store = SqliteStore::open(&options).expect("a store");
        let runtime = Runtime::new().expect("a runtime");
        runtime.block_on(async {
            for first in (0..ROWS).step_by(2000) {
                let batch: Vec<_> = (first..first + 2000)
                    .map(|number| store.admit(admission(number)))
                    .collect();
                for answer in batch {
                    answer.await.expect("admitted");
                }
            }
        });
        Journal {
            runtime,
            store,
            _folder: folder,
        }
    })
}

/// One action in a thousand belongs to the tenant `rare`; one in fifty failed, one in five thousand for want of a secret.
fn admission(number: i64) -> Admission {
    let tenant = if number % 1000 == 0 { "rare" } else { "acme" };
    let filler = "x".repeat(300);
    let text = format!(
        r#"{{"id":"a-{number}","namespace":"incidents","tenant":"{tenant}","provider":"wechat-ops","action_type":"notify","payload":{{"content":"{filler}"}},"created_at":"2026-01-01T00:00:00Z"}}"#
    );
    let failed = |code: &str| Outcome::Failed {
        code: code.into(),
        message: "no".into(),
        retryable: false,
        attempts: 1,
    };
    let outcome = match number {
        _ if number % 5000 == 0 => failed("CONFIGURATION"),
        _ if number % 50 == 0 => failed("EXECUTION_FAILED"),
        _ => Outcome::Executed(Response::success(
            serde_json::value::to_raw_value(&true).expect("JSON"),
        )),
    };
    let action: Action = serde_json::from_str(&text).expect("an action");
    Admission {
        action: Arc::new(action),
        origin: Origin::Api,
        caller: Caller::anonymous(),
        verdict: acteon_core::VerdictKind::Allow,
        rule: None,
        priority: acteon_core::Priority::default(),
        accepted_at: Timestamp::from_millis(number * STEP),
        turn: Turn::Single,
        disposition: Disposition::Ended(outcome),
        possible_duplicate: false,
        letter: None,
        parent: None,
        begins: Vec::new(),
    }
}

fn page(bencher: Bencher, filter: &HistoryFilter, request: PageRequest) {
    let Journal { runtime, store, .. } = journal();
    bencher.bench_local(|| {
        runtime
            .block_on(store.history(filter.clone(), request))
            .expect("a page")
            .records
            .len()
    });
}

fn all() -> HistoryFilter {
    HistoryFilter::of(Scope::everything())
}

const FIRST: PageRequest = PageRequest {
    after: None,
    offset: 0,
    limit: 50,
    count: true,
};

fn middle() -> PageRequest {
    let after = Cursor {
        at: Timestamp::from_millis(ROWS / 2 * STEP),
        seq: Seq(ROWS / 2),
    };
    PageRequest {
        after: Some(after),
        count: false,
        ..FIRST
    }
}

#[divan::bench]
fn first_page_with_total(bencher: Bencher) {
    page(bencher, &all(), FIRST);
}

#[divan::bench]
fn page_of_a_thousand(bencher: Bencher) {
    page(
        bencher,
        &all(),
        PageRequest {
            limit: 1000,
            ..FIRST
        },
    );
}

#[divan::bench]
fn page_in_the_middle(bencher: Bencher) {
    page(bencher, &all(), middle());
}

#[divan::bench]
fn largest_offset(bencher: Bencher) {
    page(
        bencher,
        &all(),
        PageRequest {
            offset: 5_000,
            ..FIRST
        },
    );
}

#[divan::bench]
fn nothing_matches(bencher: Bencher) {
    page(
        bencher,
        &HistoryFilter {
            rule: Some("none".into()),
            ..all()
        },
        middle(),
    );
}

#[divan::bench]
fn no_outcome_matches(bencher: Bencher) {
    page(
        bencher,
        &HistoryFilter {
            outcome: Some("muted".into()),
            ..all()
        },
        middle(),
    );
}

#[divan::bench]
fn rare_code(bencher: Bencher) {
    page(
        bencher,
        &HistoryFilter {
            code: Some("CONFIGURATION".into()),
            ..all()
        },
        FIRST,
    );
}

#[divan::bench]
fn rare_code_among_dead_letters(bencher: Bencher) {
    page(
        bencher,
        &HistoryFilter {
            code: Some("CONFIGURATION".into()),
            state: Some(ActionState::Dead),
            ..all()
        },
        FIRST,
    );
}

#[divan::bench]
fn a_caller_of_a_rare_tenant(bencher: Bencher) {
    let grants = [Grant {
        tenants: vec!["rare".into()],
        ..Grant::everything()
    }];
    page(
        bencher,
        &HistoryFilter::of(Scope::of(&grants.into())),
        FIRST,
    );
}

#[divan::bench]
fn an_hour_long_ago(bencher: Bencher) {
    let from = Timestamp::from_millis(100_000 * STEP);
    let to = from + std::time::Duration::from_hours(1);
    page(
        bencher,
        &HistoryFilter {
            from: Some(from),
            to: Some(to),
            outcome: Some("failed".into()),
            ..all()
        },
        FIRST,
    );
}
