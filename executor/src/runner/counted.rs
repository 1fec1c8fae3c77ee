//! The inbox of a loop, as something that may send to it holds it.
//!
//! **Invariant:** while one of these exists, the loop waits for it instead of
//! reporting a certain stall; and the loop looks again when the last one is gone.
//!
//! Held by every `Handle`, and by a remote call that has not ended as long as its
//! `RemoteHandle` exists.

use std::ops::Deref;

use crate::base::error::{caught, report};
use crate::base::inbox::{Inbox, Message};
use crate::base::sys::Arc;

/// A counted reference to an inbox.
pub(super) struct CountedInbox(Arc<Inbox>);

impl CountedInbox {
    pub(super) fn new(inbox: &Arc<Inbox>) -> Self {
        inbox.add_handle();
        CountedInbox(Arc::clone(inbox))
    }
}

impl Clone for CountedInbox {
    fn clone(&self) -> Self {
        CountedInbox::new(&self.0)
    }
}

impl Drop for CountedInbox {
    fn drop(&mut self) {
        if self.0.remove_handle() {
            // A loop that may wait only because of this one must look again; one
            // that has closed need not. No panic if it cannot be unparked: this
            // drop may be part of the unwinding from such a panic.
            if let Err(text) = caught(|| self.0.send(Message::Nudge).is_ok()) {
                report(format_args!("a loop's last handle was dropped: {text}"));
            }
        }
    }
}

impl Deref for CountedInbox {
    type Target = Arc<Inbox>;

    fn deref(&self) -> &Arc<Inbox> {
        &self.0
    }
}
