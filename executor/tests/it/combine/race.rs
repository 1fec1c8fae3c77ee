//! `race`: the winner, the dropped losers, and ties.

use std::collections::BTreeSet;
use std::future::{pending, ready};
use std::time::Duration;

use executor::{Runner, as_completed, race, sleep, spawn, timeout};
use futures::FutureExt;

use super::{LARGE, MS, poll_twice, tells_its_drop};
use crate::common::{Count, Log, panic_text, sized, sized_by_build, virtual_runner};

#[test]
fn the_losers_of_a_race_are_dropped_before_the_winner_is_given() {
    let log = Log::new();
    let runner = |index: usize, wins: usize| {
        let gone = tells_its_drop(&log, index);
        async move {
            let _gone = gone;
            if index != wins {
                pending::<()>().await;
            }
            sleep(MS).await;
            index
        }
    };
    virtual_runner().run(async {
        let (index, output) = race((runner(0, 1), runner(1, 1), runner(2, 1))).await;
        log.push("won");
        assert_eq!((index, output), (1, 1));
        assert_eq!(log.take(), ["dropped 1", "dropped 0", "dropped 2", "won"]);
        let (index, output) = race([0, 1, 2].map(|n| runner(n, 1))).await;
        log.push("won");
        assert_eq!((index, output), (1, 1));
        assert_eq!(log.take(), ["dropped 1", "dropped 0", "dropped 2", "won"]);
        let (index, output) = race((0..LARGE).map(|n| runner(n, 35)).collect::<Vec<_>>()).await;
        assert_eq!((index, output), (35, 35));
        assert_eq!(log.take().len(), LARGE);
    });
}

#[test]
fn a_handle_that_lost_a_race_can_be_awaited_later() {
    virtual_runner().run(async {
        let mut slow = spawn(async {
            sleep(20 * MS).await;
            "slow"
        });
        let mut quick = spawn(async {
            sleep(10 * MS).await;
            "quick"
        });
        let (index, winner) = race((&mut slow, &mut quick)).await;
        assert_eq!((index, winner.unwrap()), (1, "quick"));
        assert_eq!(slow.await.unwrap(), "slow");
    });
}

#[test]
fn c115_a_loop_around_a_race_goes_on_with_those_that_are_left() {
    virtual_runner().run(async {
        let (mut one, mut two) = (Box::pin(sleep(MS)).fuse(), Box::pin(sleep(2 * MS)).fuse());
        let mut ticks = executor::interval(MS);
        let mut order = Vec::new();
        for _ in 0..5 {
            let tick = Box::pin(ticks.tick().map(drop));
            order.push(race((&mut one, &mut two, tick)).await.0);
        }
        assert_eq!(order, [2, 0, 2, 1, 2]);
    });
}

#[test]
fn c116_without_a_seed_the_first_in_order_wins_a_tie() {
    let mut runner = virtual_runner();
    for _ in 0..sized(10, 2) {
        assert_eq!(runner.run(race((ready("a"), ready("b")))), (0, "a"));
        assert_eq!(runner.run(race([ready("a"), ready("b")])), (0, "a"));
        let tie = (0..LARGE)
            .map(|n| sleep(MS).map(move |()| n))
            .collect::<Vec<_>>();
        assert_eq!(runner.run(race(tie)), (0, 0));
    }
}

#[test]
fn c116_with_a_seed_ties_are_drawn_and_the_same_seed_draws_the_same() {
    let winners = |seed| {
        let mut runner = Runner::builder().virtual_time().seed(seed).build();
        runner.run(async {
            let mut winners = Vec::new();
            for _ in 0..8 {
                winners.push(race((ready(0), ready(1), ready(2))).await);
                winners.push(race([ready(0), ready(1), ready(2)]).await);
                winners.extend(as_completed(vec![ready(0), ready(1)]).next().await);
            }
            winners
        })
    };
    let seeds = 0..sized(32, 4);
    let all: BTreeSet<_> = seeds.clone().map(winners).collect();
    assert!(
        all.len() > seeds.end as usize / 2,
        "only {} different outcomes",
        all.len()
    );
    assert!(seeds.clone().map(winners).eq(seeds.map(winners)));
    // The index is the place in the user's order, not in the drawn one.
    assert!(all.iter().flatten().all(|(index, output)| index == output));
}

/// Handles of finished tasks are always ready. The budget of a poll makes the
/// greedy branch pause, and the other one has its turn.
#[test]
fn c118_a_branch_that_is_always_ready_does_not_keep_the_other_from_winning() {
    virtual_runner().run(async {
        let greedy = |taken: &Count| {
            let taken = taken.clone();
            let tasks: Vec<_> = (0..sized_by_build(10_000, 2_000, 500))
                .map(|_| spawn(async {}))
                .collect();
            async move {
                for task in tasks {
                    task.await.unwrap();
                    taken.add();
                }
            }
        };
        let taken = Count::default();
        let branch = greedy(&taken);
        sleep(MS).await; // all are finished
        assert_eq!(race((branch, sleep(Duration::ZERO))).await.0, 1);
        assert!(taken.get() <= 3 * 128, "{} in a row", taken.get());

        let taken = Count::default();
        let branch = greedy(&taken).boxed_local();
        sleep(MS).await;
        assert_eq!(
            race([branch, sleep(Duration::ZERO).boxed_local()]).await.0,
            1
        );
        assert!(taken.get() <= 3 * 128, "{} in a row", taken.get());

        let taken = Count::default();
        let branch = greedy(&taken);
        sleep(MS).await;
        assert!(timeout(Duration::ZERO, branch).await.is_err());
        assert_eq!(taken.get(), 128);
    });
}

#[test]
fn a_race_polled_after_it_had_its_winner_says_so() {
    let expected = "a race was polled after it had its winner";
    assert_eq!(
        panic_text(|| poll_twice(Box::pin(race((ready(1), ready(2)))))),
        expected
    );
    assert_eq!(
        panic_text(|| poll_twice(race(vec![ready(1), ready(2)]))),
        expected
    );
}
