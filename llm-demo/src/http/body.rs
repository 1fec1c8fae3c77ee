//! The body of an answer, piece by piece.
//!
//! **Invariant:** it reads when it is polled and not otherwise; read to its
//! end it gives the connection back, dropped before it closes it.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use executor::{Sleep, now, sleep, sleep_until};
use hyper::body::{Body as _, Bytes, Incoming};

use super::Deadline;
use super::connection::Connection;
use super::pool::Place;
use crate::error::{Error, Phase};

/// A body that can be read once.
#[derive(Debug)]
pub struct Body {
    incoming: Incoming,
    /// `None` once the body has been read.
    connection: Option<Connection>,
    place: Place,
    idle: Duration,
    deadline: Option<Deadline>,
    /// Set while a task waits for bytes; bytes remove it.
    alarm: Option<Alarm>,
    received: u64,
}

#[derive(Debug)]
struct Alarm {
    sleep: Sleep,
    missed: Missed,
}

#[derive(Clone, Copy, Debug)]
enum Missed {
    Idle(Duration),
    Total(Deadline),
}

/// Why no more of a body comes.
#[derive(Debug)]
pub(crate) enum Cut {
    /// The connection broke.
    Broken(hyper::Error),
    /// A limit of time passed.
    Late(Error),
}

impl Body {
    pub(super) fn new(
        incoming: Incoming,
        connection: Connection,
        place: Place,
        idle: Duration,
        deadline: Option<Deadline>,
    ) -> Self {
        Body {
            incoming,
            connection: Some(connection),
            place,
            idle,
            deadline,
            alarm: None,
            received: 0,
        }
    }

    /// How many bytes have come so far.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// The next bytes; `None` at the end.
    pub(crate) fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cut>>> {
        loop {
            let frame = match self.poll_frame(cx) {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    let late = ready!(self.poll_alarm(cx));
                    self.connection = None;
                    return Poll::Ready(Some(Err(Cut::Late(late))));
                }
            };
            self.alarm = None;
            match frame {
                None => {
                    self.give_back(cx);
                    return Poll::Ready(None);
                }
                Some(Err(error)) => {
                    self.connection = None;
                    return Poll::Ready(Some(Err(Cut::Broken(error))));
                }
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.received += data.len() as u64;
                        return Poll::Ready(Some(Ok(data)));
                    } // else trailers, which are not used
                }
            }
        }
    }

    fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, hyper::Error>>> {
        let Some(connection) = &mut self.connection else {
            return Poll::Ready(None);
        };
        if let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(cx) {
            return Poll::Ready(frame);
        }
        connection.poll_bytes(cx);
        Pin::new(&mut self.incoming).poll_frame(cx)
    }

    /// Completes when a wait reaches the idle limit, counted from the begin of
    /// the wait, or the deadline, whichever comes first.
    fn poll_alarm(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        let (idle, deadline) = (self.idle, self.deadline);
        let alarm = self.alarm.get_or_insert_with(|| match deadline {
            Some(deadline) if deadline.at < now() + idle => Alarm {
                sleep: sleep_until(deadline.at),
                missed: Missed::Total(deadline),
            },
            _ => Alarm {
                sleep: sleep(idle),
                missed: Missed::Idle(idle),
            },
        });
        ready!(Pin::new(&mut alarm.sleep).poll(cx));
        Poll::Ready(match alarm.missed {
            Missed::Total(deadline) => deadline.missed(&self.place),
            Missed::Idle(limit) => Error::Timeout {
                phase: Phase::Idle,
                to: self.place.to_string(),
                limit,
            },
        })
    }

    fn give_back(&mut self, cx: &mut Context<'_>) {
        if let Some(mut connection) = self.connection.take() {
            if connection.is_free(cx) {
                self.place.put(connection);
            }
        }
    }

    /// Gives the connection back if the end of the body is there already, and
    /// closes it if not.
    pub(crate) fn finish(&mut self, cx: &mut Context<'_>) {
        const PATIENCE: usize = 16; // frames; a server may go on forever
        for _ in 0..PATIENCE {
            match self.poll_frame(cx) {
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(None) => return self.give_back(cx),
                Poll::Ready(Some(Err(_))) | Poll::Pending => break,
            }
        }
        self.connection = None;
    }

    /// All of it.
    ///
    /// # Errors
    ///
    /// If it breaks off, takes too long, or is longer than `limit`.
    pub async fn read_to_end(&mut self, limit: usize) -> Result<Vec<u8>, Error> {
        let mut all = Vec::new();
        let origin = self.place.to_string();
        while let Some(data) = poll_fn(|cx| self.poll_data(cx)).await {
            let data = data.map_err(|cut| cut.into_error(&origin))?;
            if all.len() + data.len() > limit {
                let text = format!("the answer of {origin} is longer than {limit} bytes");
                return Err(Error::Protocol(text));
            }
            all.extend_from_slice(&data);
        }
        Ok(all)
    }
}

impl Cut {
    pub(crate) fn into_error(self, origin: &str) -> Error {
        match self {
            Cut::Late(error) => error,
            Cut::Broken(source) => Error::Broken {
                to: origin.to_owned(),
                source: source.into(),
            },
        }
    }
}
