//! From `executor/tests/it/combine/gather.rs`, as they are there.

use super::common::Count;
use super::common::Gate;
use super::common::Log;
use super::common::OnDrop;
use super::common::counted;
use super::common::panic_text;
use super::common::poll_once;
use super::common::sized;
use super::common::sized_by_build;
use super::common::virtual_runner;
#[cfg(feature = "observe")]
use super::common::{count, recorded_virtual_runner};
use crate::mini as executor;
use executor::JoinHandle;
use executor::gather;
#[cfg(feature = "observe")]
use executor::instrument::Event;
use executor::now;
use executor::run;
use executor::sleep;
use executor::spawn;
use executor::yield_now;
use std::cell::Cell;
use std::cell::RefCell;
use std::future::pending;
use std::future::ready;
use std::rc::Rc;
use std::sync::mpsc;
use std::task::Poll;

#[test]
fn c092_a_gather_of_one_and_of_many_ready_futures_polls_each_once() {
    let mut runner = virtual_runner();
    for n in [1, 32, 33, sized_by_build(100_000, 20_000, 100)] {
        let polls = Count::default();
        let outputs = runner.run(async {
            let children = (0..n).map(|n| counted(&polls, ready(n)));
            gather(children.collect::<Vec<_>>()).await
        });
        assert_eq!(outputs, (0..n).collect::<Vec<_>>());
        assert_eq!(polls.get(), n);
    }
}

/// `check` has two meanings for a type that is `Clone`, so that this compiles
/// only because a handle is not.
#[test]
fn c100_a_handle_cannot_be_gathered_twice_because_it_cannot_be_cloned() {
    trait NotClone<Which> {
        fn check() {}
    }
    impl<T> NotClone<()> for T {}
    impl<T: Clone> NotClone<u8> for T {}
    <JoinHandle<u8> as NotClone<_>>::check();
}
