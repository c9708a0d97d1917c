//! An access token under clocks that are stepped.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use acteon_fakes::wecom::{Call, LocalWecom, world::World};
use acteon_wecom::{App, Clock, Credentials, Endpoint, TokenCache};
use secrecy::SecretString;
use serde_json::json;

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// Monotonic and wall time, each set as a test likes.
struct Clocks(Mutex<(Duration, Duration)>);

impl Clocks {
    fn change(&self, change: impl FnOnce(&mut (Duration, Duration))) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn read(&self) -> (Duration, Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for Clocks {
    fn monotonic(&self) -> Duration {
        self.read().0
    }

    fn wall(&self) -> Duration {
        self.read().1
    }
}

#[tokio::test]
async fn no_step_of_a_clock_makes_a_token_outlive_its_two_hours() {
    let wecom = LocalWecom::start(World::default())
        .await
        .expect("a local WeChat Work");
    let clocks = Arc::new(Clocks(Mutex::new((Duration::ZERO, DAY * 365))));
    let endpoint =
        Endpoint::new(&wecom.url(), Duration::from_secs(5), None, true).expect("an endpoint");
    let secret = |text: &str| Arc::new(SecretString::from(text));
    let credentials = Credentials {
        corp_id: secret("ww0123456789abcdef"),
        corp_secret: secret("local-wecom-app-secret"),
    };
    let cache = TokenCache::new(Arc::clone(&clocks) as Arc<dyn Clock>);
    let app = App::new(
        endpoint,
        credentials,
        1_000_002,
        Duration::from_mins(5),
        &cache,
    );
    let message =
        json!({ "touser": "zhangsan", "msgtype": "text", "agentid": 1_000_002, "text": { "content": "x" }, "safe": 0 }).to_string();
    let fetches = async || {
        app.send(message.as_bytes()).await.expect("sent");
        wecom.calls(Call::Gettoken)
    };
    assert_eq!(fetches().await, 1);
    clocks.change(|(_, wall)| *wall += HOUR);
    assert_eq!(
        fetches().await,
        1,
        "an hour ahead, it has an hour left by either clock"
    );
    clocks.change(|(_, wall)| *wall -= HOUR * 2);
    assert_eq!(fetches().await, 1);
    clocks.change(|(monotonic, _)| *monotonic += HOUR + Duration::from_mins(54));
    assert_eq!(
        fetches().await,
        1,
        "it goes by the time that passed, not by the clock that was set back"
    );
    clocks.change(|(monotonic, _)| *monotonic += Duration::from_mins(2));
    assert_eq!(
        fetches().await,
        2,
        "the next is fetched five minutes before its end"
    );
    clocks.change(|(_, wall)| *wall += DAY);
    assert_eq!(
        fetches().await,
        3,
        "a day ahead, as after a suspension that monotonic time does not count: it may be over"
    );
    clocks.change(|(_, wall)| *wall -= DAY);
    assert_eq!(fetches().await, 3);
    clocks.change(|(monotonic, wall)| {
        (*monotonic, *wall) = (*monotonic + HOUR * 2, wall.saturating_sub(DAY));
    });
    assert_eq!(
        fetches().await,
        4,
        "two hours passed while the clock was a day back"
    );
}
