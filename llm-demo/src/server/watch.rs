//! Notices when an answer is dropped before its end.
//!
//! Invariant: every answer that was begun is either finished, or failed as
//! asked, or told as left by its client; unless the server itself is going.
//! Called by `stream` and `whole`.

use std::cell::Cell;
use std::rc::Rc;

use super::fault::Fault;
use super::notice::Notice;
use super::shared::Shared;

/// What a request is known by, and whether its connection is being dropped
/// because the server goes.
#[derive(Clone)]
pub(super) struct RequestInfo {
    pub(super) id: String,
    pub(super) going: Rc<Cell<bool>>,
}

/// Watches over one answer.
pub(super) struct Watch {
    shared: Rc<Shared>,
    request: RequestInfo,
    tokens: usize,
    over: bool,
}

impl Watch {
    pub(super) fn new(shared: Rc<Shared>, request: RequestInfo) -> Self {
        Watch {
            shared,
            request,
            tokens: 0,
            over: false,
        }
    }

    /// So many tokens are made.
    pub(super) fn tokens(&mut self, made: usize) {
        self.tokens = made;
    }

    /// The answer is whole.
    pub(super) fn finished(&mut self) {
        self.over = true;
    }

    /// The answer failed as it was asked to.
    pub(super) fn failed(&mut self, fault: Fault) {
        self.over = true;
        self.shared.tell(&Notice::Failed {
            request: self.request.id.clone(),
            fault,
        });
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.over || self.request.going.get() {
            return;
        }
        self.shared.tell(&Notice::ClientLeft {
            request: self.request.id.clone(),
            tokens: self.tokens,
        });
    }
}
