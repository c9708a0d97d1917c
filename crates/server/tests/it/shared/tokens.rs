//! One access token for all gateways.

use acteon_fakes::wecom::{Call, Fault};
use futures_util::future::join_all;

use super::Shared;
use crate::support::Gateway;
use crate::wechat::{configuration, local_wecom, text, unlimited};

#[tokio::test(flavor = "multi_thread")]
async fn eight_gateways_that_start_together_fetch_one_token() {
    let Some(shared) = Shared::find().await else {
        return;
    };
    let wecom = local_wecom(unlimited()).await;
    let configuration = configuration(&wecom, "");
    let gateways = join_all((0..8).map(|_| shared.gateway(&configuration))).await;
    wecom.fault(Call::Gettoken, Fault::Delay(200), None);
    let send_all = async |round: &str| {
        let sends = gateways
            .iter()
            .enumerate()
            .map(|(place, gateway)| async move {
                for number in 0..5 {
                    let outcome = gateway
                        .final_outcome(&text(&format!("{round}-{place}-{number}")))
                        .await;
                    assert_eq!(outcome["Executed"]["status"], "success", "{outcome}");
                }
            });
        join_all(sends).await;
    };
    send_all("first").await;
    assert_eq!(wecom.calls(Call::Gettoken), 1);
    for code in [40014, 42001] {
        wecom.world(|world| world.revoke(1_000_002, code));
        let before = wecom.calls(Call::Gettoken);
        send_all(&format!("after {code}")).await;
        assert_eq!(
            wecom.calls(Call::Gettoken),
            before + 1,
            "what one fetches serves all"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_outlives_its_gateway_and_lies_there_unreadable() {
    let Some(shared) = Shared::find().await else {
        return;
    };
    let wecom = local_wecom(unlimited()).await;
    let configuration = configuration(&wecom, "");
    let first = shared.gateway(&configuration).await;
    first.dispatch_until_taken(&text("a")).await;
    first.stop().await;
    let second = shared.gateway(&configuration).await;
    second.dispatch_until_taken(&text("b")).await;
    assert_eq!(wecom.calls(Call::Gettoken), 1);
    let token = wecom
        .world(|world| world.current_token(1_000_002).map(str::to_owned))
        .expect("a token");
    let secret = wecom.world(|world| world.apps[0].secret.clone());
    let options = shared.database.options();
    let (client, connection) = tokio_postgres::connect(&options.url, tokio_postgres::NoTls)
        .await
        .expect("the database");
    tokio::spawn(connection);
    let rows = client
        .query(
            &format!("SELECT to_json(n)::text FROM {}.notes n", options.schema),
            &[],
        )
        .await
        .expect("notes");
    let notes: String = rows.iter().map(|row| row.get::<_, String>(0)).collect();
    assert!(
        notes.contains("ENC[AES256_GCM") && !notes.contains(&token) && !notes.contains(&secret),
        "{notes}"
    );
}

/// Sends an action of its own through one gateway, and sees that it is not taken for sent twice.
async fn sends(gateways: &[Gateway], place: usize) {
    let action = text(&format!("from-{place}"));
    let outcome = gateways[place].final_outcome(&action).await;
    assert_eq!(outcome["Executed"]["status"], "success", "{outcome}");
    let view = gateways[place]
        .get(&format!("/v1/actions/from-{place}"))
        .await
        .body;
    assert_eq!(view["possible_duplicate"], false, "{view}");
}

/// The second waits for its turn, and then for an answer of its own: longer than a send may take.
#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_token_for_longer_than_a_send_may_take_has_sent_nothing() {
    let Some(shared) = Shared::find().await else {
        return;
    };
    let wecom = local_wecom(unlimited()).await;
    let configuration = format!(
        "retry.max_retries = 0\nretry.delays_seconds = [1]\n{}",
        configuration(&wecom, "")
    );
    let gateways = join_all((0..2).map(|_| shared.gateway(&configuration))).await;
    wecom.fault(Call::Gettoken, Fault::Delay(60_000), Some(2));
    tokio::join!(sends(&gateways, 0), sends(&gateways, 1));
    assert_eq!(wecom.calls(Call::Send), 2, "each was sent once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gettoken_that_hangs_keeps_neither_gateway_from_sending() {
    let Some(shared) = Shared::find().await else {
        return;
    };
    let wecom = local_wecom(unlimited()).await;
    let configuration = configuration(&wecom, "");
    let gateways = join_all((0..2).map(|_| shared.gateway(&configuration))).await;
    wecom.fault(Call::Gettoken, Fault::Delay(60_000), Some(1));
    let began = tokio::time::Instant::now();
    let other = async {
        while wecom.calls(Call::Gettoken) == 0 {
            tokio::task::yield_now().await;
        }
        sends(&gateways, 1).await;
        assert!(
            began.elapsed() < std::time::Duration::from_secs(9),
            "the turn was given on: {:?}",
            began.elapsed()
        );
    };
    tokio::join!(sends(&gateways, 0), other);
    assert_eq!(wecom.calls(Call::Send), 2, "each was sent once");
}
