//! Limits of a service, and storms of actions against them.

use std::sync::Arc;
use std::time::Duration;

use acteon_gateway::Gateway;
use tokio::time::{Instant, sleep};

use super::{Service, gateway, post, post_many, until_arrived};

/// A gateway that sent one message every ten seconds and was then refused once.
async fn after_a_stray_refusal(service: &Arc<Service>, takes: usize) -> Gateway {
    let gateway = gateway(service).await;
    for number in 0..5 {
        post(&gateway, &format!("quiet{number}"), "all").await;
        sleep(Duration::from_secs(10)).await;
    }
    service.set_limit(0);
    post(&gateway, "stray", "all").await;
    sleep(Duration::from_millis(500)).await;
    service.set_limit(takes);
    gateway
}

#[tokio::test(start_paused = true)]
async fn one_refusal_on_a_quiet_gateway_holds_nobody_up() {
    for (count, takes, within) in [
        (60, 10_000, 5),
        (800, 10_000, 12),
        (60, 25, 8),
        (800, 25, 55),
    ] {
        for later in [0, 60] {
            let service = Service::taking(10_000);
            let gateway = after_a_stray_refusal(&service, takes).await;
            sleep(Duration::from_secs(later)).await;
            let began = Instant::now();
            let before = 5 + usize::from(later > 0);
            post_many(&gateway, count).await;
            let took = until_arrived(&service, before + count, began).await;
            println!(
                "{count} at {takes} a second, {later} s after a stray refusal: {took:?}, {} refused",
                service.refused()
            );
            assert!(
                took <= Duration::from_secs(within),
                "{count} at {takes} a second took {took:?}"
            );
        }
    }
}

/// A limit was found out in a busy hour; what is refused once in a quiet one says nothing about it.
#[tokio::test(start_paused = true)]
async fn one_refusal_in_a_quiet_hour_does_not_lower_what_a_busy_one_taught() {
    let service = Service::taking(200);
    let gateway = gateway(&service).await;
    post_many(&gateway, 2000).await;
    until_arrived(&service, 2000, Instant::now()).await;
    for number in 0..30 {
        sleep(Duration::from_secs(1)).await;
        post(&gateway, &format!("quiet{number}"), "all").await;
    }
    sleep(Duration::from_secs(1)).await;
    service.set_limit(0);
    post(&gateway, "stray", "all").await;
    sleep(Duration::from_millis(500)).await;
    service.set_limit(10_000);
    until_arrived(&service, 2031, Instant::now()).await;
    let began = Instant::now();
    for number in 0..800 {
        post(&gateway, &format!("b{number}"), "all").await;
    }
    let took = until_arrived(&service, 2831, began).await;
    println!(
        "800 after a stray refusal: {took:?}, {} refused",
        service.refused()
    );
    assert!(took <= Duration::from_secs(6), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_twenty_a_second_is_kept_to() {
    let service = Service::taking(20);
    let gateway = gateway(&service).await;
    let began = Instant::now();
    post_many(&gateway, 1200).await;
    let took = until_arrived(&service, 1200, began).await;
    println!(
        "1200 at 20 a second: {took:?}, {} refused",
        service.refused()
    );
    assert!(took <= Duration::from_secs(75), "{took:?}");
    assert!(service.refused() < 60, "{}", service.refused());
}

#[tokio::test(start_paused = true)]
async fn a_storm_drains_at_full_speed_within_seconds_once_the_limit_is_lifted() {
    let service = Service::taking(0);
    let gateway = gateway(&service).await;
    post_many(&gateway, 6000).await;
    sleep(Duration::from_secs(100)).await;
    assert_eq!(service.arrived().len(), 0);
    service.set_limit(100_000);
    let first = until_arrived(&service, 1, Instant::now()).await;
    let began = Instant::now();
    let took = until_arrived(&service, 6000, began).await;
    println!(
        "6000 after a closed service opened: the first after {first:?}, all {took:?} later, {} refused",
        service.refused()
    );
    assert!(first <= Duration::from_mins(1));
    assert!(took <= Duration::from_secs(15), "{took:?}");
}
