//! Notices when an answer is dropped before its end.
//!
//! Invariant: every answer that was begun is either finished, or failed as
//! asked, or told as left by its client; unless the server itself is going.
//! Called by `stream` and `whole`.

use std::cell::Cell;
use std::rc::Rc;

use crate::fault::Fault;
use crate::notice::Notice;
use crate::shared::Shared;

/// What a request is known by, and whether its connection is being dropped
/// because the server goes.
#[derive(Clone)]
pub(crate) struct RequestInfo {
    pub(crate) id: String,
    pub(crate) going: Rc<Cell<bool>>,
}

/// Watches over one answer.
pub(crate) struct Watch {
    shared: Rc<Shared>,
    request: RequestInfo,
    tokens: usize,
    over: bool,
}

impl Watch {
    pub(crate) fn new(shared: Rc<Shared>, request: RequestInfo) -> Self {
        Watch {
            shared,
            request,
            tokens: 0,
            over: false,
        }
    }

    /// So many tokens are made.
    pub(crate) fn tokens(&mut self, made: usize) {
        self.tokens = made;
    }

    /// The answer is whole.
    pub(crate) fn finished(&mut self) {
        self.over = true;
    }

    /// The answer failed as it was asked to.
    pub(crate) fn failed(&mut self, fault: Fault) {
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
