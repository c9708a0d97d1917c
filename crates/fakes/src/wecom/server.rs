//! Server of the local WeChat Work.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Query, State};
use axum::http::Response;
use axum::routing::{any, get, post};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::answer::{Cut, TokenQuery, answer};
use super::faults::{Call, Fault, Switched};
use super::gettoken::{agent_get, authorize, gettoken};
use super::send::send;
use super::shared::Shared;
use super::world::World;
use super::{acting, card_routes, control, media, oauth, page};

/// Running local WeChat Work; it stops when it is dropped.
pub struct LocalWecom {
    address: SocketAddr,
    pub(super) shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

impl LocalWecom {
    /// Starts a server on a free port of this machine.
    pub async fn start(world: World) -> io::Result<Self> {
        Self::listen(world, SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Starts a server on an address.
    pub async fn listen(world: World, address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(world));
        let accepting = tokio::spawn(accept(listener, router(Arc::clone(&shared))));
        Ok(Self {
            address,
            shared,
            accepting,
        })
    }

    /// Base URL, for `wechat.api_base_url`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lines of a gateway's configuration for a provider that sends through this server, to everybody by default. `sealed` may encrypt the
    /// credentials, and its errors are returned.
    pub fn provider<E>(
        &self,
        name: &str,
        sealed: impl Fn(String) -> Result<String, E>,
    ) -> Result<String, E> {
        let (corp_id, app) = self.world(|world| (world.corp_id.clone(), world.apps[0].clone()));
        let text = format!(
            "[[providers]]\nname = {name:?}\ntype = \"wechat\"\nwechat.corp_id = {:?}\nwechat.corp_secret = {:?}\n\
             wechat.agent_id = {}\nwechat.default_touser = \"@all\"\nwechat.api_base_url = {:?}\n",
            sealed(corp_id)?,
            sealed(app.secret)?,
            app.agent_id,
            self.url()
        );
        Ok(text)
    }

    /// Runs a closure on the world, to read or change it.
    pub fn world<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        self.shared.world(look)
    }

    /// Switches a fault on, for so many of the next calls or for all.
    pub fn fault(&self, call: Call, fault: Fault, times: Option<u64>) {
        self.world(|world| world.faults.switch_on(Switched { call, fault, times }));
    }

    /// Switches all faults off.
    pub fn clear_faults(&self) {
        self.world(|world| world.faults.clear());
    }

    /// Number of calls so far.
    pub fn calls(&self, call: Call) -> u64 {
        self.world(|world| world.counts.calls.get(&call).copied().unwrap_or(0))
    }
}

impl Drop for LocalWecom {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/cgi-bin/gettoken", any(gettoken_route))
        .route("/cgi-bin/message/send", any(send_route))
        .route("/cgi-bin/agent/get", any(agent_get_route))
        .route("/control/counts", get(control::counts))
        .route("/control/messages", get(control::messages))
        .route("/control/directory", get(control::directory))
        .route(
            "/control/faults",
            post(control::switch_fault_on).delete(control::clear_faults),
        )
        .route(
            "/control/settings",
            get(control::settings).put(control::set_settings),
        )
        .route("/control/revoke", post(control::revoke))
        .route("/control/apps", post(control::put_app))
        .route("/control/members", post(control::put_member))
        .merge(page::routes())
        .merge(card_routes::routes())
        .merge(media::routes())
        .merge(acting::routes::routes())
        .merge(oauth::routes())
        .with_state(shared)
}

async fn accept(listener: TcpListener, router: Router) {
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        drop(stream.set_nodelay(true));
        let router = router.clone();
        tokio::spawn(async move {
            let inner = TowerToHyperService::new(router);
            let service = hyper::service::service_fn(
                move |mut request: hyper::Request<hyper::body::Incoming>| {
                    request.extensions_mut().insert(ConnectInfo(peer));
                    let answer = hyper::service::Service::call(&inner, request);
                    async move {
                        let Ok(answer) = answer.await as Result<Response<Body>, Infallible>;
                        if answer.extensions().get::<Cut>().is_some() {
                            return Err(io::Error::other("cut on purpose"));
                        }
                        Ok(answer)
                    }
                },
            );
            drop(
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await,
            );
        });
    }
}

#[derive(Deserialize)]
struct GettokenQuery {
    #[serde(default)]
    corpid: String,
    #[serde(default)]
    corpsecret: String,
}

async fn gettoken_route(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Query(query): Query<GettokenQuery>,
) -> Response<Body> {
    let work =
        |world: &mut World, now| gettoken(world, peer.ip(), now, &query.corpid, &query.corpsecret);
    answer(&shared, Call::Gettoken, peer.ip(), work).await
}

async fn send_route(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Query(query): Query<TokenQuery>,
    body: Bytes,
) -> Response<Body> {
    let work = |world: &mut World, now| {
        let app = authorize(
            world,
            Call::Send,
            peer.ip(),
            now,
            query.access_token.as_deref(),
        )?;
        send(world, &app, &body, now)
    };
    answer(&shared, Call::Send, peer.ip(), work).await
}

async fn agent_get_route(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Query(query): Query<TokenQuery>,
) -> Response<Body> {
    let work = |world: &mut World, now| {
        let app = authorize(
            world,
            Call::AgentGet,
            peer.ip(),
            now,
            query.access_token.as_deref(),
        )?;
        agent_get(world, &app, query.agentid.as_deref())
    };
    answer(&shared, Call::AgentGet, peer.ip(), work).await
}
