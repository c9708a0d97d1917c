//! A TCP proxy that does to connections what networks do: cut them, swallow what they carry, slow them down, lead them elsewhere.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What happens to connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// Nothing.
    Fair,
    /// They are closed, and new ones as well.
    Cut,
    /// They stay open, and carry nothing until the weather changes.
    Silent,
    /// Whatever they carry comes so much later.
    Slow(Duration),
}

#[derive(Clone, Copy)]
struct State {
    weather: Weather,
    target: SocketAddr,
    /// How often the connections that were open were closed.
    closures: u64,
}

/// A proxy before a server.
pub struct FaultProxy {
    address: SocketAddr,
    state: Arc<watch::Sender<State>>,
    accepting: JoinHandle<()>,
}

impl FaultProxy {
    /// Listens on a free port.
    pub async fn start(target: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state = Arc::new(
            watch::channel(State {
                weather: Weather::Fair,
                target,
                closures: 0,
            })
            .0,
        );
        let accepting = tokio::spawn(accept(listener, Arc::clone(&state)));
        Ok(Self {
            address,
            state,
            accepting,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes the weather, for what is open and for what comes.
    pub fn set(&self, weather: Weather) {
        self.state.send_modify(|state| state.weather = weather);
    }

    /// Closes the connections that are open, whatever they were about to carry. New ones meet fair weather.
    pub fn close_all(&self) {
        self.state.send_modify(|state| {
            *state = State {
                weather: Weather::Fair,
                closures: state.closures + 1,
                ..*state
            }
        });
    }

    /// Changes the weather for a while.
    pub async fn spell(&self, weather: Weather, lasts: Duration) {
        self.set(weather);
        tokio::time::sleep(lasts).await;
        self.set(Weather::Fair);
    }

    /// Leads new connections elsewhere, and closes those that are open.
    pub fn lead_to(&self, target: SocketAddr) {
        self.state.send_modify(|state| {
            *state = State {
                weather: Weather::Fair,
                target,
                closures: state.closures + 1,
            }
        });
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, state: Arc<watch::Sender<State>>) {
    while let Ok((client, _)) = listener.accept().await {
        let opened = *state.borrow();
        if opened.weather != Weather::Cut {
            tokio::spawn(carry(client, opened, state.subscribe()));
        }
    }
}

async fn carry(client: TcpStream, opened: State, mut state: watch::Receiver<State>) {
    let Ok(server) = TcpStream::connect(opened.target).await else {
        return;
    };
    drop((client.set_nodelay(true), server.set_nodelay(true)));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let there = tokio::spawn(copy(from_client, to_server, opened, state.clone()));
    let back = tokio::spawn(copy(from_server, to_client, opened, state.clone()));
    let aborts = [there.abort_handle(), back.abort_handle()];
    let ended = async { drop(tokio::join!(there, back)) };
    let cut = async { drop(state.wait_for(|state| is_cut(state, opened)).await) };
    tokio::select! {
        () = ended => {}
        () = cut => {}
    }
    aborts.iter().for_each(tokio::task::AbortHandle::abort);
}

/// Whether a connection that was opened in one state is closed in another.
fn is_cut(state: &State, opened: State) -> bool {
    state.weather == Weather::Cut || state.closures != opened.closures
}

async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    opened: State,
    mut state: watch::Receiver<State>,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let weather = state.borrow().weather;
        if let Weather::Slow(delay) = weather {
            tokio::time::sleep(delay).await;
        }
        let is_carried = state
            .wait_for(|state| state.weather != Weather::Silent)
            .await
            .is_ok_and(|state| !is_cut(&state, opened));
        if !is_carried || to.write_all(&buffer[..count]).await.is_err() {
            break;
        }
    }
}
