//! An OpenAI-compatible server for demos and tests: axum's `Router` on hyper on
//! the running loop, so client and server can share one thread.
//!
//! Invariant: the server listens on the loopback interface only, and a seed and
//! a prompt determine its answer. `llm-demo` runs it in its program `serve`, and
//! embeds it where no base URL is set. Nothing in this crate knows that client.
//!
//! ```
//! use std::time::Duration;
//! use llm_demo_server::Server;
//!
//! executor::run(async {
//!     let server = Server::builder().token_delay(Duration::ZERO).bind()?;
//!     println!("listening on {}", server.base_url());
//!     let served = server.until(async { /* until whatever this waits for */ }).await?;
//!     assert_eq!(served.connections, 0);
//!     Ok::<(), std::io::Error>(())
//! })
//! .unwrap();
//! ```
//!
//! | model name | what comes |
//! |---|---|
//! | any | a story; with `tools`, a tool call; with a context in the prompt, its best sentences |
//! | `missing` | 404 `model_not_found` |
//! | `rate-limited` | 429 with `Retry-After: 1` on every other request, the first one included |

pub mod ranking;
mod fables;
mod ngram;
mod extract;
mod stops;
mod model;
mod embed;
mod hash;
mod request;
mod wire;
mod error;
mod fault;
mod notice;
mod shared;
mod pace;
mod watch;
mod head;
mod stream;
mod whole;
mod body;
mod routes;
mod patient;
mod connection;
mod builder;

use std::cell::Cell;
use std::fmt;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Once;

use executor::net::{Served, TcpListener};
use executor::{spawn_named, tasks};
use futures::FutureExt;
use futures::channel::oneshot;

pub use builder::Builder;
pub use fault::Fault;
use first_programs::tell;
pub use notice::Notice;
use shared::Shared;

/// A server that is bound to its port; see the [module](self).
pub struct Server {
    listener: TcpListener,
    addr: SocketAddr,
    shared: Rc<Shared>,
}

impl Server {
    /// What answers, in one honest line.
    pub const WHAT_IT_IS: &str = model::WHAT_IT_IS;

    /// A server with the default settings, to be changed.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// What a client is told, as `OPENAI_BASE_URL`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.addr)
    }

    /// Serves until `stop` returns. Then it accepts no more, closes idle
    /// connections and lets running answers end, for the
    /// [grace period](Builder::grace) at most.
    ///
    /// *Cancel safety:* dropping it stops accepting; open connections go on.
    ///
    /// # Errors
    ///
    /// What `accept(2)` says other than that there is no descriptor left.
    pub async fn until(self, stop: impl Future<Output = ()>) -> io::Result<Served> {
        let shared = self.shared;
        let (stopping, stopped) = oneshot::channel::<()>();
        let stopped = stopped.map(drop).shared();
        let router = routes::router(Rc::clone(&shared));
        let settings = &shared.settings;
        let (limit, grace) = (settings.connections, settings.grace);
        let log = Rc::clone(&shared);
        let handler = async move |stream, _peer| {
            let (shared, router) = (Rc::clone(&shared), router.clone());
            connection::serve(shared, router, stream, stopped.clone()).await
        };
        executor::net::serve(self.listener, handler)
            .limit(limit)
            .grace(grace)
            .on_error(move |peer, error| {
                let error = error.to_string();
                log.tell(&Notice::Connection { peer, error });
            })
            .until(async {
                stop.await;
                drop(stopping);
            })
            .await
    }

    /// Serves in a task of its own, for as long as the loop lives; gives the
    /// address.
    pub fn start(self) -> SocketAddr {
        let addr = self.addr;
        let serving = async move {
            if let Err(error) = self.until(pending()).await {
                tell(format_args!("the server on {addr} stopped: {error}"));
            }
        };
        drop(spawn_named(task_name(addr), serving)); // detached
        addr
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("addr", &self.addr)
            .finish_non_exhaustive()
    }
}

/// The server of the loop that runs here, which is started if there is none.
///
/// Says once per process, on stderr, what its model is; and whenever a client
/// leaves in mid-answer, that it noticed.
///
/// ```
/// executor::run(async {
///     let first = llm_demo_server::embedded().await?;
///     assert_eq!(llm_demo_server::embedded().await?, first);
///     Ok::<(), std::io::Error>(())
/// })
/// .unwrap();
/// ```
///
/// # Errors
///
/// If no port of the loopback interface can be listened on.
///
/// # Panics
///
/// Outside a running loop.
pub async fn embedded() -> io::Result<SocketAddr> {
    thread_local! {
        /// The one that was started last on this thread.
        static STARTED: Cell<Option<SocketAddr>> = const { Cell::new(None) };
    }
    // Another loop may have started it, and taken it along.
    let lives = |addr: &SocketAddr| {
        let name = task_name(*addr);
        tasks().iter().any(|task| task.name() == name)
    };
    if let Some(addr) = STARTED.get().filter(lives) {
        return Ok(addr);
    }
    static WHAT_IT_IS: Once = Once::new();
    WHAT_IT_IS.call_once(|| tell(format_args!("{}", model::WHAT_IT_IS)));
    let log = |notice: &Notice| {
        if matches!(notice, Notice::ClientLeft { .. }) {
            tell(format_args!("server: {notice}"));
        }
    };
    let addr = Server::builder().log(log).bind()?.start();
    STARTED.set(Some(addr));
    Ok(addr)
}

/// One port, one server: the name tells whether it still lives.
fn task_name(addr: SocketAddr) -> String {
    format!("server on {addr}")
}
