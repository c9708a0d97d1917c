//! Server of the local WeChat Work.

use std::convert::Infallible;
use std::future::pending;
use std::io::{self, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{Response, StatusCode, header};
use axum::response::IntoResponse as _;
use axum::routing::{any, get, post};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::control;
use super::faults::{Call, Fault, Switched};
use super::gettoken::{agent_get, authorize, gettoken};
use super::reply::Refusal;
use super::send::send;
use super::shared::Shared;
use super::world::World;

/// Running local WeChat Work; it stops when it is dropped.
pub struct LocalWecom {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

/// Mark of an answer that is not sent: the connection is closed instead.
#[derive(Clone, Copy)]
struct Cut;

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
        .route("/", get(control::page))
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

#[derive(Deserialize)]
struct TokenQuery {
    access_token: Option<String>,
    agentid: Option<String>,
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

/// Answer to a call: the result of its work, or of the fault that it meets.
async fn answer(
    shared: &Shared,
    call: Call,
    caller: IpAddr,
    work: impl FnOnce(&mut World, Instant) -> Result<Value, Refusal>,
) -> Response<Body> {
    let (fault, latency) = shared.world(|world| {
        *world.counts.calls.entry(call).or_default() += 1;
        (
            world.faults.next(call),
            Duration::from_millis(world.settings.latency_ms),
        )
    });
    let delay = latency + fault.as_ref().map_or(Duration::ZERO, Fault::delay_before);
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let done = || shared.world(|world| work_and_count(world, caller, work));
    match fault {
        None | Some(Fault::Delay(_)) => json_reply(&done()),
        Some(Fault::Errcode(code)) => json_reply(&shared.world(|world| {
            *world.counts.refused.entry(code).or_default() += 1;
            Refusal {
                code,
                text: "switched on",
            }
            .body(caller, world.trace())
        })),
        Some(Fault::Status(status)) => {
            let page = "<html><body><h1>Bad Gateway</h1></body></html>";
            (
                StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY),
                page,
            )
                .into_response()
        }
        Some(Fault::Garbage(text)) => text.into_response(),
        Some(Fault::Json(text)) => {
            ([(header::CONTENT_TYPE, "application/json")], text).into_response()
        }
        Some(Fault::Around(text)) => text.replacen('@', &done().to_string(), 1).into_response(),
        Some(Fault::Gzip) => {
            ([(header::CONTENT_ENCODING, "gzip")], compressed(&done())).into_response()
        }
        Some(Fault::Reset) => cut(),
        Some(Fault::CutAfterAccept) => {
            drop(done());
            cut()
        }
        Some(Fault::SlowAfterAccept(millis)) => {
            let reply = done();
            match millis {
                u64::MAX => pending().await,
                millis => tokio::time::sleep(Duration::from_millis(millis)).await,
            }
            json_reply(&reply)
        }
        Some(Fault::FormatWarning) => {
            let mut reply = done();
            reply["errmsg"] = json!("ok. Warning: wrong json format. ");
            json_reply(&reply)
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the world outside, which has its own time"
)]
fn work_and_count(
    world: &mut World,
    caller: IpAddr,
    work: impl FnOnce(&mut World, Instant) -> Result<Value, Refusal>,
) -> Value {
    match work(world, Instant::now()) {
        Ok(reply) => reply,
        Err(refusal) => {
            *world.counts.refused.entry(refusal.code).or_default() += 1;
            refusal.body(caller, world.trace())
        }
    }
}

fn json_reply(reply: &Value) -> Response<Body> {
    let mut response = (
        [(header::CONTENT_TYPE, "application/json; charset=UTF-8")],
        reply.to_string(),
    )
        .into_response();
    if let Some(code) = reply["errcode"].as_i64().filter(|code| *code != 0) {
        response
            .headers_mut()
            .insert("error-code", header::HeaderValue::from(code));
    }
    response
}

fn compressed(reply: &Value) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    drop(encoder.write_all(reply.to_string().as_bytes()));
    encoder.finish().unwrap_or_default()
}

fn cut() -> Response<Body> {
    let mut response = StatusCode::OK.into_response();
    response.extensions_mut().insert(Cut);
    response
}
