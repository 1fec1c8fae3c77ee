//! Model checks of the inbox and the park protocol.
//!
//! **Invariant:** each check of the real order is beside one of a wrong order,
//! which the checker must find.
//!
//! Run with `RUSTFLAGS="--cfg executor_loom" cargo test -p executor --lib model`.
//! Bounds: the loop and two threads that send; every switch of threads for the
//! small checks, at most three preemptions for the others.

use std::time::Duration;

use loom::thread;

use super::*;
use crate::base::slab::{Slab, kind};
use crate::base::sys::Parker;
use crate::base::sys::modelled::{explore, explore_all};

impl Inbox {
    /// Creates the inbox of a loop on this thread, and the parker it unparks.
    pub(crate) fn with_parker() -> (Arc<Self>, Parker) {
        let parker = Parker::for_this_thread();
        (Arc::new(Inbox::new(Box::new(parker.clone()))), parker)
    }

    /// Blocks until there are messages, and returns them.
    pub(crate) fn wait_for_messages(&self, parker: &Parker) -> VecDeque<Message> {
        while !self.has_messages() {
            self.park_with(|| parker.park(None));
        }
        self.messages()
    }

    /// Returns the messages that have arrived.
    pub(crate) fn messages(&self) -> VecDeque<Message> {
        let mut messages = VecDeque::new();
        if self.has_messages() {
            self.drain(&mut messages);
        }
        messages
    }
}

type SendStep = fn(&Inbox, Message);
type DrainStep = fn(&Inbox, &mut VecDeque<Message>);
type ParkStep = fn(&Inbox, &Parker);

/// The three steps of the protocol. A check of a wrong order replaces one.
struct Steps {
    send: SendStep,
    drain: DrainStep,
    park: ParkStep,
}

const REAL: Steps = Steps {
    send: |inbox, message| assert!(inbox.send(message).is_ok()),
    drain: |inbox, into| inbox.drain(into),
    park: |inbox, parker| inbox.park_with(|| parker.park(None)),
};

/// Starts `senders` threads that send one message each.
fn start(senders: usize, inbox: &Arc<Inbox>, send: SendStep) -> Vec<thread::JoinHandle<()>> {
    let start_one = |_| {
        let inbox = Arc::clone(inbox);
        thread::spawn(move || send(&inbox, Message::Nudge))
    };
    (0..senders).map(start_one).collect()
}

/// The loop waits for a message from each of `senders` threads. If it parks
/// though the inbox holds a message, loom reports a deadlock.
fn the_loop_gets_all_messages(senders: usize, steps: &Steps) {
    let (inbox, parker) = Inbox::with_parker();
    let threads = start(senders, &inbox, steps.send);
    let mut arrived = 0;
    while arrived < senders {
        if inbox.has_messages() {
            let mut messages = VecDeque::new();
            (steps.drain)(&inbox, &mut messages);
            arrived += messages.len();
        } else {
            (steps.park)(&inbox, &parker);
        }
    }
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn the_loop_never_parks_while_there_is_a_message() {
    explore_all(|| the_loop_gets_all_messages(1, &REAL));
    explore(|| the_loop_gets_all_messages(2, &REAL));
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_sender_that_unparks_before_it_pushes_is_caught() {
    fn send(inbox: &Inbox, message: Message) {
        if inbox.state.swap(MESSAGES, Ordering::AcqRel) == PARKED {
            inbox.unparker.unpark().unwrap();
        }
        lock(&inbox.contents).messages.push_back(message);
    }
    explore(|| {
        the_loop_gets_all_messages(1, &Steps { send, ..REAL });
    });
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_loop_that_takes_the_messages_before_it_sets_awake_is_caught() {
    fn drain(inbox: &Inbox, into: &mut VecDeque<Message>) {
        std::mem::swap(into, &mut lock(&inbox.contents).messages);
        inbox.state.swap(AWAKE, Ordering::AcqRel);
    }
    explore(|| {
        the_loop_gets_all_messages(2, &Steps { drain, ..REAL });
    });
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_loop_that_looks_before_it_sets_parked_is_caught() {
    fn park(inbox: &Inbox, parker: &Parker) {
        if !inbox.has_messages() {
            inbox.state.store(PARKED, Ordering::Release);
            parker.park(None);
        }
    }
    explore(|| {
        the_loop_gets_all_messages(1, &Steps { park, ..REAL });
    });
}

/// A park with a timeout that passes at once.
fn park_briefly(inbox: &Inbox, parker: &Parker) {
    inbox.park_with(|| parker.park(Some(Duration::ZERO)));
}

#[test]
fn a_park_that_times_out_loses_no_message() {
    fn park(inbox: &Inbox, parker: &Parker) {
        park_briefly(inbox, parker);
        (REAL.park)(inbox, parker);
    }
    explore(|| {
        the_loop_gets_all_messages(2, &Steps { park, ..REAL });
    });
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_park_that_overwrites_messages_when_it_ends_is_caught() {
    fn park(inbox: &Inbox, parker: &Parker) {
        park_briefly(inbox, parker);
        inbox.state.store(AWAKE, Ordering::Release);
        (REAL.park)(inbox, parker);
    }
    explore(|| {
        the_loop_gets_all_messages(1, &Steps { park, ..REAL });
    });
}

/// Two messages, and a loop that counts its parks and the unparks.
fn unparks_do_not_outnumber_parks(send: SendStep) {
    let (inbox, parker) = Inbox::with_parker();
    let threads = start(2, &inbox, send);
    let (mut arrived, mut parks) = (0, 0);
    while arrived < 2 {
        if inbox.has_messages() {
            arrived += inbox.messages().len();
        } else {
            inbox.park_with(|| {
                parks += 1;
                parker.park(None);
            });
        }
    }
    for thread in threads {
        thread.join().unwrap();
    }
    let unparks = parker.unparks();
    assert!(unparks <= parks, "{unparks} unparks for {parks} parks");
}

#[test]
fn a_park_is_ended_by_at_most_one_unpark() {
    explore(|| unparks_do_not_outnumber_parks(REAL.send));
}

#[test]
#[should_panic(expected = "unparks for")]
fn a_sender_that_always_unparks_is_caught() {
    fn send(inbox: &Inbox, message: Message) {
        lock(&inbox.contents).messages.push_back(message);
        inbox.state.swap(MESSAGES, Ordering::AcqRel);
        inbox.unparker.unpark().unwrap();
    }
    explore(|| unparks_do_not_outnumber_parks(send));
}

// ---- the end of the loop ----------------------------------------------------

type Refuse = fn(&Inbox) -> VecDeque<Message>;

/// A message that meets the end of the loop is drained, returned to the loop by
/// `refuse`, or returned to its sender: exactly one of the three.
fn a_message_has_one_outcome(refuse: Refuse) {
    let (inbox, _) = Inbox::with_parker();
    let sender = {
        let inbox = Arc::clone(&inbox);
        thread::spawn(move || usize::from(inbox.send(Message::Nudge).is_err()))
    };
    let kept = inbox.messages().len() + refuse(&inbox).len();
    inbox.close();
    let returned = sender.join().unwrap();
    assert_eq!(kept + returned, 1, "outcomes of one message");
}

#[test]
fn a_message_that_meets_the_end_is_kept_or_returned() {
    explore_all(|| a_message_has_one_outcome(Inbox::refuse_calls));
}

#[test]
#[should_panic(expected = "outcomes of one message")]
fn an_end_that_empties_the_inbox_before_it_refuses_is_caught() {
    fn refuse(inbox: &Inbox) -> VecDeque<Message> {
        let messages = std::mem::take(&mut lock(&inbox.contents).messages);
        lock(&inbox.contents).refuses_calls = true;
        messages
    }
    explore_all(|| a_message_has_one_outcome(refuse));
}

/// The end of a job reaches a loop that already refuses calls, and waits.
fn the_end_of_a_job_arrives(refuse: Refuse) {
    let job = Slab::<{ kind::JOB }, ()>::default().insert(());
    let (inbox, parker) = Inbox::with_parker();
    let worker = {
        let inbox = Arc::clone(&inbox);
        thread::spawn(move || inbox.send(Message::JobDone(job)).is_ok())
    };
    let mut ended = refuse(&inbox).len();
    while ended == 0 {
        inbox.park_with(|| parker.park(None));
        ended += inbox.messages().len();
    }
    inbox.close();
    assert!(worker.join().unwrap());
}

#[test]
fn the_end_of_a_job_arrives_after_calls_are_refused() {
    explore_all(|| the_end_of_a_job_arrives(Inbox::refuse_calls));
}

#[test]
#[should_panic(expected = "deadlock")]
fn an_end_that_also_refuses_the_ends_of_jobs_is_caught() {
    fn refuse(inbox: &Inbox) -> VecDeque<Message> {
        inbox.close();
        inbox.refuse_calls()
    }
    explore_all(|| the_end_of_a_job_arrives(refuse));
}
