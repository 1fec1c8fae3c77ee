//! The instruments of one loop.
//!
//! **Invariant:** an instrument receives every event it wants once, in order,
//! and cannot stop the loop: one that panics is removed and reported.
//!
//! Called by `events`.

use std::cell::{Cell, RefCell};
use std::panic::Location;
use std::time::Duration;

use crate::base::clock::Nanos;
use crate::base::error::{caught, report};
use crate::base::hooks::Interest;
use crate::observe::instrument::{Event, EventRecord, Instrument};

/// The instruments of one loop, and their joint interest.
pub(super) struct Instruments {
    /// Empty while an instrument runs.
    subscribed: RefCell<Vec<Subscribed>>,
    interest: Cell<Interest>,
    /// The time of the last event. Another thread may read its clock before
    /// the loop reports an event, and report its own event later.
    last: Cell<Nanos>,
}

/// An instrument and what it wants.
struct Subscribed {
    interest: Interest,
    /// `None` once it has panicked.
    instrument: Option<Box<dyn Instrument>>,
}

impl Instruments {
    pub(super) fn new(instruments: Vec<Box<dyn Instrument>>) -> Self {
        let subscribed = instruments.into_iter().map(|instrument| Subscribed {
            interest: instrument.interest().0,
            instrument: Some(instrument),
        });
        let instruments = Instruments {
            subscribed: RefCell::default(),
            interest: Cell::new(0),
            last: Cell::new(0),
        };
        instruments.put_back(subscribed.collect());
        instruments
    }

    /// Returns the kinds of events that any instrument wants.
    pub(super) fn interest(&self) -> Interest {
        self.interest.get()
    }

    fn put_back(&self, subscribed: Vec<Subscribed>) {
        let interest = subscribed.iter().fold(0, |all, it| all | it.interest);
        self.interest.set(interest);
        self.subscribed.replace(subscribed);
    }

    /// Passes an event to every instrument that wants its kind, and removes
    /// those that panic.
    pub(super) fn send(
        &self,
        kind: Interest,
        at: Nanos,
        event: &Event,
        site: &'static Location<'static>,
        thread: Option<u32>,
    ) {
        self.last.set(self.last.get().max(at));
        let at = Duration::from_nanos(self.last.get());
        let record = EventRecord::new(at, event, site, thread);
        let mut subscribed = self.subscribed.take();
        subscribed.retain_mut(|it| it.interest & kind == 0 || it.receive(&record));
        self.put_back(subscribed);
    }
}

impl Subscribed {
    /// Returns whether the instrument has not panicked.
    fn receive(&mut self, record: &EventRecord<'_>) -> bool {
        let Some(mut instrument) = self.instrument.take() else {
            return false;
        };
        let Err(text) = caught(|| instrument.record(record)) else {
            self.instrument = Some(instrument);
            return true;
        };
        report(format_args!(
            "the instrument panicked at {:?} and was removed: {text}",
            record.event()
        ));
        if let Err(text) = caught(|| drop(instrument)) {
            report(format_args!("its destructor panicked as well: {text}"));
        }
        false
    }
}
