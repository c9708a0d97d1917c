//! The counts of shares of flows.

use super::*;

fn found(count: usize) -> FlowCount {
    FlowCount {
        kind: ChainFlow::NAME.into(),
        tenant: "a".into(),
        status: "waiting_timer".into(),
        count,
    }
}

#[test]
fn what_ends_makes_room_and_nobody_is_refused_for_what_no_look_has_found() {
    let shares = Arc::new(FlowShares::new(FlowLimits {
        executions_per_tenant: 2,
        ..FlowLimits::default()
    }));
    let share: Share = (Limited::Execution, "a".into());
    for _ in 0..3 {
        shares.enter(&share).expect("nothing is known").began();
    }
    shares.begin_look();
    shares.set(&[found(1)]);
    shares.enter(&share).expect("room").began();
    assert!(shares.enter(&share).is_err());
    let tenant = Tenant::parse("a.eu").expect("a tenant");
    let key = FlowKey::new(ChainFlow::NAME, "x");
    shares.ended(&FlowKey::new("other", "x"), &tenant);
    assert!(shares.enter(&share).is_err());
    shares.ended(&key, &tenant);
    shares.enter(&share).expect("room").began();
    // What a flow begins takes a share, and gives it back and no other.
    shares.begun([share.clone()]);
    shares.ended(&key, &tenant);
    assert!(shares.enter(&share).is_err());
    // What ends during a look is no ghost after it.
    shares.begin_look();
    shares.ended(&key, &tenant);
    shares.set(&[found(2)]);
    shares.enter(&share).expect("room").began();
    assert!(shares.enter(&share).is_err());
    shares.look_failed();
    shares.enter(&share).expect("nothing is known");
}
