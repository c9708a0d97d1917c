//! The counts of shares.

use acteon_core::Timestamp;

use super::*;

#[test]
fn a_share_is_used_up_alone_and_given_back() {
    let provider = |name: &str| ProviderName::parse(name).expect("a name");
    let tenant = |name: &str| Tenant::parse(name).expect("a name");
    let shares = Arc::new(Shares::new(OpenLimits {
        total: 6,
        per_provider: 3,
        per_tenant: 4,
    }));
    for _ in 0..2 {
        shares
            .enter(&provider("p"), &tenant("a"))
            .expect("room")
            .opened(&provider("p"));
    }
    let entering = shares.enter(&provider("p"), &tenant("b")).expect("room");
    assert!(matches!(
        shares.enter(&provider("p"), &tenant("c")),
        Err(QueueFull::Provider { limit: 3, .. })
    ));
    drop(entering);
    shares
        .enter(&provider("p"), &tenant("b"))
        .expect("room")
        .opened(&provider("spare"));
    shares
        .enter(&provider("q"), &tenant("a.us"))
        .expect("room")
        .opened(&provider("q"));
    shares
        .enter(&provider("q"), &tenant("a.eu"))
        .expect("room")
        .opened(&provider("q"));
    let full = shares
        .enter(&provider("r"), &tenant("a.x"))
        .err()
        .expect("full");
    assert!(full.to_string().contains("the tenant a "), "{full}");
    shares
        .enter(&provider("r"), &tenant("b"))
        .expect("room")
        .opened(&provider("r"));
    assert_eq!(
        shares.enter(&provider("r"), &tenant("b")).err(),
        Some(QueueFull::Total(6))
    );
    shares.ended(&provider("p"), &tenant("a"));
    assert!(shares.enter(&provider("r"), &tenant("b")).is_ok());
    shares.set(&[OpenShare {
        provider: provider("r"),
        tenant: tenant("b"),
        count: 3,
        later: 0,
        oldest: Some(Timestamp::from_millis(0)),
    }]);
    assert!(matches!(
        shares.enter(&provider("r"), &tenant("c")),
        Err(QueueFull::Provider { .. })
    ));
    assert!(shares.enter(&provider("p"), &tenant("a")).is_ok());
}
