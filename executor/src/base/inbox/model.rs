//! Model checks of the mail slot and the park protocol.
//!
//! **Invariant:** each check of the real order stands beside a wrong one, of
//! which the checker must say that it fails.
//!
//! Run with `RUSTFLAGS="--cfg executor_loom" cargo test -p executor --lib model`.
//! Bounds: two posters and the loop; every switch of threads for the wrong
//! orders and the small checks, at most three preemptions otherwise.

use loom::thread;

use super::*;
use crate::sys::Arc;
use crate::sys::modelled::{explore, explore_all};

type Sleep = fn(&Mailbox);
type Post = fn(&Mailbox, Mail);
type Take = fn(&Mailbox, &mut Vec<Mail>);

/// The three moves of the protocol. A check of a wrong order replaces one.
struct Moves {
    post: Post,
    take: Take,
    sleep: Sleep,
}

const REAL: Moves = Moves {
    post: |mailbox, letter| assert!(mailbox.post(letter).is_ok()),
    take: |mailbox, into| mailbox.take_mail(into),
    sleep: |mailbox| mailbox.park(None),
};

/// `posters` threads post a letter each, and the loop waits for all of them.
/// A letter that is slept through is a deadlock, which loom reports.
fn the_loop_gets_all_letters(posters: usize, moves: &Moves) {
    let mailbox = Arc::new(Mailbox::new());
    let post = moves.post;
    let threads: Vec<_> = (0..posters)
        .map(|_| {
            let mailbox = Arc::clone(&mailbox);
            thread::spawn(move || post(&mailbox, Mail::Nudge))
        })
        .collect();
    let mut arrived = 0;
    while arrived < posters {
        if mailbox.has_mail() {
            let mut letters = Vec::new();
            (moves.take)(&mailbox, &mut letters);
            arrived += letters.len();
        } else {
            (moves.sleep)(&mailbox);
        }
    }
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn no_letter_is_slept_through() {
    explore_all(|| the_loop_gets_all_letters(1, &REAL));
    explore(|| the_loop_gets_all_letters(2, &REAL));
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_poster_that_rings_before_it_posts_is_caught() {
    fn post(mailbox: &Mailbox, letter: Mail) {
        if mailbox.state.swap(MAIL, Ordering::AcqRel) == PARKED {
            mailbox.parker.unpark();
        }
        lock(&mailbox.slot).letters.push(letter);
    }
    explore(|| {
        the_loop_gets_all_letters(1, &Moves { post, ..REAL });
    });
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_loop_that_takes_the_letters_before_it_says_awake_is_caught() {
    fn take(mailbox: &Mailbox, into: &mut Vec<Mail>) {
        std::mem::swap(into, &mut lock(&mailbox.slot).letters);
        mailbox.state.swap(AWAKE, Ordering::AcqRel);
    }
    explore(|| {
        the_loop_gets_all_letters(2, &Moves { take, ..REAL });
    });
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_loop_that_looks_before_it_says_parked_is_caught() {
    fn sleep(mailbox: &Mailbox) {
        if !mailbox.has_mail() {
            mailbox.state.store(PARKED, Ordering::Release);
            mailbox.parker.park(None);
        }
    }
    explore(|| {
        the_loop_gets_all_letters(1, &Moves { sleep, ..REAL });
    });
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_sleep_that_wipes_out_mail_when_it_ends_is_caught() {
    fn sleep(mailbox: &Mailbox) {
        let timeout = Some(Duration::ZERO);
        mailbox.park(timeout);
        mailbox.state.store(AWAKE, Ordering::Release);
        mailbox.park(None);
    }
    explore(|| {
        the_loop_gets_all_letters(1, &Moves { sleep, ..REAL });
    });
}

#[test]
fn a_sleep_that_ends_for_no_reason_loses_nothing() {
    fn sleep(mailbox: &Mailbox) {
        mailbox.park(Some(Duration::ZERO));
        mailbox.park(None);
    }
    explore(|| {
        the_loop_gets_all_letters(2, &Moves { sleep, ..REAL });
    });
}

/// Two letters, and a loop that counts its sleeps and the rings.
fn rings_do_not_outnumber_sleeps(post: Post) {
    let mailbox = Arc::new(Mailbox::new());
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let mailbox = Arc::clone(&mailbox);
            thread::spawn(move || post(&mailbox, Mail::Nudge))
        })
        .collect();
    let (mut arrived, mut sleeps) = (0, 0);
    while arrived < 2 {
        if mailbox.has_mail() {
            let mut letters = Vec::new();
            mailbox.take_mail(&mut letters);
            arrived += letters.len();
        } else {
            mailbox.park_with(|| {
                sleeps += 1;
                mailbox.parker.park(None);
            });
        }
    }
    for thread in threads {
        thread.join().unwrap();
    }
    let rings = mailbox.parker.rings();
    assert!(rings <= sleeps, "{rings} rings for {sleeps} sleeps");
}

#[test]
fn the_bell_rings_at_most_once_per_sleep() {
    explore(|| rings_do_not_outnumber_sleeps(REAL.post));
}

#[test]
#[should_panic(expected = "rings for")]
fn a_poster_that_rings_each_time_is_caught() {
    fn post(mailbox: &Mailbox, letter: Mail) {
        lock(&mailbox.slot).letters.push(letter);
        mailbox.state.swap(MAIL, Ordering::AcqRel);
        mailbox.parker.unpark();
    }
    explore(|| rings_do_not_outnumber_sleeps(post));
}

// ---- the end ----------------------------------------------------------------

type Refuse = fn(&Mailbox) -> Vec<Mail>;

/// A letter that meets the end of the loop is taken, given back to the loop by
/// `refuse`, or given back to its poster: one of the three.
fn a_letter_has_one_fate(refuse: Refuse) {
    let mailbox = Arc::new(Mailbox::new());
    let poster = {
        let mailbox = Arc::clone(&mailbox);
        thread::spawn(move || usize::from(mailbox.post(Mail::Nudge).is_err()))
    };
    let mut letters = Vec::new();
    if mailbox.has_mail() {
        mailbox.take_mail(&mut letters);
    }
    let kept = letters.len() + refuse(&mailbox).len();
    mailbox.close();
    let given_back = poster.join().unwrap();
    assert_eq!(kept + given_back, 1, "fates of one letter");
}

#[test]
fn a_letter_that_meets_the_end_is_taken_or_given_back() {
    explore_all(|| a_letter_has_one_fate(Mailbox::refuse_calls));
}

#[test]
#[should_panic(expected = "fates of one letter")]
fn an_end_that_empties_the_slot_before_it_closes_it_is_caught() {
    fn refuse(mailbox: &Mailbox) -> Vec<Mail> {
        let letters = std::mem::take(&mut lock(&mailbox.slot).letters);
        lock(&mailbox.slot).takes_calls = false;
        letters
    }
    explore_all(|| a_letter_has_one_fate(refuse));
}

/// The end of a job reaches a loop that refuses calls already and waits.
fn the_end_of_a_job_arrives(refuse: Refuse) {
    let mut jobs = crate::slab::Slab::<crate::slab::of::Job, ()>::default();
    let job = jobs.insert(());
    let mailbox = Arc::new(Mailbox::new());
    let worker = {
        let mailbox = Arc::clone(&mailbox);
        thread::spawn(move || mailbox.post(Mail::JobDone(job)).is_ok())
    };
    let mut ended = refuse(&mailbox).len();
    while ended == 0 {
        mailbox.park(None);
        if mailbox.has_mail() {
            let mut letters = Vec::new();
            mailbox.take_mail(&mut letters);
            ended += letters.len();
        }
    }
    mailbox.close();
    assert!(worker.join().unwrap());
}

#[test]
fn the_end_of_a_job_arrives_after_calls_are_refused() {
    explore_all(|| the_end_of_a_job_arrives(Mailbox::refuse_calls));
}

#[test]
#[should_panic(expected = "deadlock")]
fn an_end_that_refuses_the_ends_of_jobs_too_is_caught() {
    fn refuse(mailbox: &Mailbox) -> Vec<Mail> {
        mailbox.close();
        mailbox.refuse_calls()
    }
    explore_all(|| the_end_of_a_job_arrives(refuse));
}
