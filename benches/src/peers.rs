//! The other runtimes: the feature `peers`.
//!
//! Each has a file that implements the traits of [`side`](crate::side) and
//! [`net`](crate::net) in the way that its users write. Some have futures that
//! are not `Send`, where the traits ask for it because of tokio. These come in
//! a `Fragile`, which reads one thread-local in each poll.

pub mod compio;
pub mod glommio;
pub mod local_pool;
pub mod monoio;
pub mod smol;
pub mod tokios;

pub use compio::Compio;
pub use glommio::Glommio;
pub use local_pool::LocalPool;
pub use monoio::{MonoioEpoll, MonoioUring};
pub use smol::Smol;
pub use tokios::{LocalSet, TokioTwo};

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::side::Side;

/// The runtimes that cannot run on this machine, and why. Tries each that asks
/// the kernel for something unusual.
pub(crate) fn that_cannot_run() -> Vec<(&'static str, String)> {
    let tries = [
        (MonoioUring::NAME, monoio::try_uring()),
        (MonoioEpoll::NAME, monoio::try_epoll()),
        (Glommio::NAME, glommio::try_to_start()),
        (Compio::NAME, compio::try_to_start()),
    ];
    let failed = |(name, result): (_, Result<(), String>)| result.err().map(|why| (name, why));
    tries.into_iter().filter_map(failed).collect()
}

/// A handle that gives the output itself, as one that might fail.
#[derive(Debug)]
pub struct Sure<F>(pub(crate) F);

impl<F: Future + Unpin> Future for Sure<F> {
    type Output = Result<F::Output, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(Ok)
    }
}
