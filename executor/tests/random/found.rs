//! Programs that were found at random, kept as tests; and one that shows that
//! a printed program is the program.
//!
//! Invariant: `print` produced each program. No other file calls this one.

#![allow(clippy::needless_return, reason = "so is a `Fail` printed")]

use crate::generate::Kind;
use crate::interpret::{interpret, run};
use crate::judge::complaint;
use crate::print;
use crate::program::{Body, Step};
use crate::world::{Failed, Made, World};

fn sample() -> Body {
    let leaf = |step: Step| Body {
        id: 0,
        steps: vec![step],
    };
    let worker = Body {
        id: 0,
        steps: vec![
            Step::Lock(0, leaf(Step::Sleep(2000))),
            Step::Race(vec![leaf(Step::Yield), leaf(Step::Sleep(5000))]),
            Step::Fail,
        ],
    };
    let scope = Step::Scope(vec![leaf(Step::Set(1))], leaf(Step::Wait(1)));
    let steps = vec![
        Step::Spawn(worker),
        Step::Timeout(1000, leaf(Step::Lock(0, leaf(Step::Yield)))),
        scope,
        Step::Join(0),
    ];
    Body { id: 0, steps }.number(false)
}

#[test]
fn a_printed_program_is_the_program() {
    let printed = print::test(&sample(), "Wild", 7);
    let file = include_str!("found.rs").replace("\r\n", "\n");
    let squeeze = |text: &str| text.split_whitespace().collect::<String>().replace(",", "");
    let body = printed.split("// Its data").next().expect("it has a body");
    let body = body.split("let program").nth(1).expect("and a program");
    assert!(squeeze(&file).contains(&squeeze(body)), "{printed}");

    let program = |w: &World| {
        w.body(0, async |w: World| {
            w.spawn(w.body(1, async |w: World| {
                w.lock(
                    0,
                    w.body(2, async |w: World| {
                        w.sleep(2000).await;
                        Ok(())
                    }),
                )
                .await;
                w.race(vec![
                    w.body(3, async |w: World| {
                        w.yield_now().await;
                        Ok(())
                    }),
                    w.body(4, async |w: World| {
                        w.sleep(5000).await;
                        Ok(())
                    }),
                ])
                .await;
                return Err(Failed);
            }));
            w.timeout(
                1000,
                w.body(5, async |w: World| {
                    w.lock(
                        0,
                        w.body(6, async |w: World| {
                            w.yield_now().await;
                            Ok(())
                        }),
                    )
                    .await;
                    Ok(())
                }),
            )
            .await;
            w.scope(
                vec![w.body(7, async |w: World| {
                    w.set(1);
                    Ok(())
                })],
                w.body(8, async |w: World| {
                    w.wait(1).await;
                    Ok(())
                }),
            )
            .await;
            w.join(1).await;
            Ok(())
        })
    };
    judge(Kind::Wild, 7, &sample(), program);
}

/// Judges a program given as data, and that the source does the same.
#[track_caller]
fn judge(kind: Kind, seed: u64, data: &Body, program: impl Fn(&World) -> Made) {
    assert_eq!(complaint(kind, data, seed), None);
    for seed in [None, Some(seed)] {
        let printed = run(kind, seed, &program);
        let given = interpret(kind, data, seed);
        assert_eq!(printed.remains.log, given.remains.log);
        assert_eq!(printed.end, given.end);
    }
}

/// A task was queued by its own destructors: the lock of one child of its
/// gather went to another.
#[test]
fn a_cancelled_task_is_not_queued_by_its_own_destructors() {
    let program = |w: &World| {
        w.body(0, async |w: World| {
            w.spawn(w.body(1, async |w: World| {
                w.try_gather(vec![
                    w.body(2, async |w: World| {
                        w.timeout(
                            1000,
                            w.body(3, async |w: World| {
                                w.cancel(1);
                                w.lock(
                                    1,
                                    w.body(4, async |w: World| {
                                        w.sleep(0).await;
                                        Ok(())
                                    }),
                                )
                                .await;
                                Ok(())
                            }),
                        )
                        .await;
                        Ok(())
                    }),
                    w.body(5, async |w: World| {
                        w.lock(1, w.body(6, async |_| Ok(()))).await;
                        Ok(())
                    }),
                ])
                .await;
                Ok(())
            }));
            w.sleep(1000).await;
            Ok(())
        })
    };
    let body = |id, steps| Body { id, steps };
    let holder = body(
        3,
        vec![
            Step::Cancel(1),
            Step::Lock(1, body(4, vec![Step::Sleep(0)])),
        ],
    );
    let gather = Step::TryGather(vec![
        body(2, vec![Step::Timeout(1000, holder)]),
        body(5, vec![Step::Lock(1, body(6, vec![]))]),
    ]);
    let spawn = Step::Spawn(body(1, vec![gather]));
    let data = body(0, vec![spawn, Step::Sleep(1000)]);
    judge(Kind::Modelled, 32_956, &data, program);
}

/// A waiter that was called and is cancelled before its turn passes the lock
/// on. Written by hand: programs in which it shows are rare.
#[test]
fn a_lock_that_came_too_late_goes_to_the_next() {
    let program = |w: &World| {
        w.body(0, async |w: World| {
            w.spawn(w.body(1, async |w: World| {
                w.lock(0, w.body(2, async |_| Ok(()))).await;
                Ok(())
            }));
            w.lock(
                0,
                w.body(3, async |w: World| {
                    w.yield_now().await;
                    Ok(())
                }),
            )
            .await;
            w.cancel(1);
            w.lock(0, w.body(4, async |_| Ok(()))).await;
            Ok(())
        })
    };
    let body = |id, steps| Body { id, steps };
    let data = body(
        0,
        vec![
            Step::Spawn(body(1, vec![Step::Lock(0, body(2, vec![]))])),
            Step::Lock(0, body(3, vec![Step::Yield])),
            Step::Cancel(1),
            Step::Lock(0, body(4, vec![])),
        ],
    );
    judge(Kind::Modelled, 1, &data, program);
}
