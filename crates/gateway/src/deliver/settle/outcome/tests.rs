//! What an action gives back at its end, the class of its failure, and how many attempts are listed.

use acteon_core::{ActionId, Timestamp};

use super::*;
use crate::testing::provider;

fn outcome_of(text: &str) -> Outcome {
    serde_json::from_str(text).expect("an outcome")
}

fn charged() -> Charges {
    Charges {
        counters: vec!["q".into()],
        dedup: Some("k".into()),
    }
}

/// What is given back, in a few letters: `q` for the quota, `k` for the dedup key.
fn given_back(charges: &Charges, possible_duplicate: bool, outcome: &Outcome) -> String {
    let refund = refund(charges, possible_duplicate, outcome).unwrap_or_default();
    refund.counters.concat() + refund.dedup.as_deref().unwrap_or_default()
}

#[test]
fn what_did_not_leave_gives_its_charges_back() {
    let failed = Outcome::Failed {
        code: "TIMEOUT".into(),
        message: String::new(),
        retryable: true,
        attempts: 3,
    };
    let silenced = Outcome::Silenced {
        silence_id: "s".into(),
        matched_rule: None,
    };
    let muted = Outcome::Muted {
        interval: "nights".into(),
        reason: String::new(),
        matched_rule: None,
    };
    let left_alone = Outcome::CircuitOpen {
        provider: provider("log"),
        fallback_chain: Vec::new(),
    };
    let scheduled = Outcome::Scheduled {
        action_id: ActionId::parse("a").expect("an id"),
        scheduled_for: Timestamp::from_millis(0),
        attempts: 0,
        last_error: None,
    };
    let executed = outcome_of(r#"{"Executed":{"status":"success","body":null,"headers":{}}}"#);
    // The outcome, and what is given back where it surely did not leave, and where it may have.
    let table = [
        (failed, "qk", "k"),
        (silenced, "qk", "k"),
        (muted, "qk", "k"),
        (left_alone, "qk", "k"),
        (scheduled, "", ""),
        (executed, "", ""),
    ];
    for (outcome, unsent, maybe_sent) in table {
        let (charges, tag) = (charged(), outcome.as_str());
        assert_eq!(given_back(&charges, false, &outcome), unsent, "{tag}");
        assert_eq!(given_back(&charges, true, &outcome), maybe_sent, "{tag}");
        assert_eq!(refund(&Charges::default(), false, &outcome), None, "{tag}");
    }
}

#[test]
fn only_what_people_must_repair_has_a_class() {
    let failed = |to_repair| End::Failed {
        code: "TIMEOUT",
        message: String::new(),
        retryable: true,
        to_repair,
    };
    let again = End::Again {
        due_at: Timestamp::from_millis(0),
        error: None,
        durable_retry: true,
    };
    for (end, expected) in [
        (failed(true), Some("to_repair")),
        (failed(false), None),
        (again, None),
    ] {
        assert_eq!(class(&end), expected);
    }
}

#[test]
fn the_first_and_the_latest_attempts_are_listed() {
    // How many attempts there were, and the numbers of those that are listed.
    let table: [(u32, Vec<u32>); 4] = [
        (0, Vec::new()),
        (32, (1..=32).collect()),
        (33, (1..=8).chain(10..=33).collect()),
        (1000, (1..=8).chain(977..=1000).collect()),
    ];
    for (count, expected) in table {
        let mut history: Vec<Attempt> = (1..=count).map(attempt).collect();
        shorten(&mut history);
        let numbers: Vec<u32> = history.iter().map(|attempt| attempt.number).collect();
        assert_eq!(numbers, expected);
    }
}

fn attempt(number: u32) -> Attempt {
    Attempt {
        number,
        provider: provider("log"),
        started_at: Timestamp::from_millis(0),
        due_time: None,
        duration_ms: 1,
        error: None,
        maybe_sent: false,
        to_repair: false,
        service_code: None,
        hint: None,
    }
}
