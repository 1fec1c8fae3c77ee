//! A lane: one row of a drawing.
//!
//! **Invariant:** the spans of a lane do not overlap, and only the last one may
//! be open.
//!
//! Filled by `lanes`; drawn by `timeline`, `svg` and `perfetto`.

use super::span::{Activity, Moment, Span};

#[derive(Clone, Debug)]
pub(crate) struct Lane {
    pub(crate) label: String,
    pub(crate) spans: Vec<Span>,
}

impl Lane {
    pub(super) fn new(label: impl Into<String>) -> Self {
        Lane {
            label: label.into(),
            spans: Vec::new(),
        }
    }

    /// Opens a span.
    pub(super) fn open(&mut self, activity: Activity, from: Moment, label: String) {
        self.spans.push(Span {
            activity,
            from,
            to: from,
            label,
            given_up: false,
        });
    }

    /// Closes the last span, if it is open.
    pub(super) fn close(&mut self, now: Moment) {
        if let Some(last) = self.spans.last_mut().filter(|last| last.is_open()) {
            last.to = now;
        }
    }
}
