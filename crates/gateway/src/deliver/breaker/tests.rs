//! A breaker in time that is made up.

use super::*;

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A call that is made at once; how long to wait where none may be.
fn call(
    breaker: &Arc<Breaker>,
    sign: CallSignal,
    now: u64,
) -> Result<Option<&'static str>, Duration> {
    breaker.ask(at(now)).map(|pass| pass.report(sign, at(now)))
}

#[test]
fn it_opens_after_failures_in_a_row_and_closes_after_trials() {
    let breaker = Arc::new(Breaker::new(BreakerPolicy::default()));
    for sign in [
        CallSignal::Dead,
        CallSignal::Dead,
        CallSignal::Dead,
        CallSignal::Dead,
        CallSignal::Alive,
        CallSignal::Dead,
        CallSignal::Neither,
        CallSignal::Dead,
        CallSignal::Dead,
        CallSignal::Dead,
    ] {
        assert_eq!(call(&breaker, sign, 0), Ok(None));
    }
    let early = breaker.ask(at(9)).expect("closed");
    assert_eq!(call(&breaker, CallSignal::Dead, 10), Ok(Some("open")));
    assert_eq!(
        (
            call(&breaker, CallSignal::Alive, 11),
            breaker.open_for(at(11))
        ),
        (Err(at(59)), Some(at(59)))
    );
    assert_eq!(
        early.report(CallSignal::Alive, at(12)),
        None,
        "a call from before tells nothing"
    );
    let trial = breaker.ask(at(70)).expect("a trial");
    assert_eq!(
        call(&breaker, CallSignal::Alive, 70),
        Err(TRIAL_WAIT + APART),
        "one trial at a time, and after who was put off before"
    );
    assert_eq!(trial.report(CallSignal::Alive, at(71)), None);
    assert_eq!(
        (call(&breaker, CallSignal::Alive, 72), breaker.as_str()),
        (Ok(Some("closed")), "closed")
    );
}

#[test]
fn a_failed_trial_opens_it_again_and_hands_move_it() {
    let breaker = Arc::new(Breaker::new(BreakerPolicy {
        failure_threshold: 1,
        ..BreakerPolicy::default()
    }));
    assert_eq!(call(&breaker, CallSignal::Dead, 0), Ok(Some("open")));
    assert_eq!(
        call(&breaker, CallSignal::Neither, 60),
        Ok(None),
        "a trial that says nothing is followed by another"
    );
    assert_eq!(
        (
            call(&breaker, CallSignal::Dead, 61),
            call(&breaker, CallSignal::Dead, 62)
        ),
        (Ok(Some("open")), Err(at(59)))
    );
    breaker.reset();
    assert_eq!(call(&breaker, CallSignal::Alive, 62), Ok(None));
    breaker.trip(at(63));
    assert_eq!(
        (breaker.as_str(), breaker.open_for(at(64))),
        ("open", Some(at(59)))
    );
}

#[test]
fn a_trial_that_was_not_made_is_given_back() {
    let breaker = Arc::new(Breaker::new(BreakerPolicy {
        failure_threshold: 1,
        success_threshold: 1,
        ..BreakerPolicy::default()
    }));
    assert_eq!(call(&breaker, CallSignal::Dead, 0), Ok(Some("open")));
    drop(breaker.ask(at(60)).expect("a trial"));
    assert_eq!(call(&breaker, CallSignal::Alive, 60), Ok(Some("closed")));
    // A trial from before somebody moved it by hand says nothing about the next one.
    breaker.trip(at(60));
    let stale = breaker.ask(at(120)).expect("a trial");
    breaker.trip(at(120));
    let fresh = breaker.ask(at(180)).expect("a trial");
    drop(stale);
    assert_eq!(call(&breaker, CallSignal::Alive, 180), Err(TRIAL_WAIT));
    assert_eq!(fresh.report(CallSignal::Alive, at(181)), Some("closed"));
}

#[test]
fn those_who_wait_come_back_one_after_the_other() {
    let breaker = Arc::new(Breaker::new(BreakerPolicy {
        failure_threshold: 1,
        ..BreakerPolicy::default()
    }));
    assert_eq!(call(&breaker, CallSignal::Dead, 0), Ok(Some("open")));
    let waits: Vec<Duration> = (0..1000)
        .map(|_| breaker.look(at(0)).expect_err("open"))
        .collect();
    assert!(waits.is_sorted(), "in their order");
    let within = |from: u64, to: u64| {
        waits
            .iter()
            .filter(|wait| (at(from)..at(to)).contains(wait))
            .count()
    };
    assert_eq!(within(60, 81), 1000);
    assert!(
        within(60, 61) < 400 && within(64, 70) > 200,
        "{} {}",
        within(60, 61),
        within(64, 70)
    );
}
