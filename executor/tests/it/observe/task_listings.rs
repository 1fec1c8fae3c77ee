//! Task listings and the task tree: waits, states, names and parents.

use std::collections::BTreeSet;
use std::future::pending;
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;

#[cfg(feature = "sync")]
use executor::sync::Lock;
use executor::{
    Runner, TaskInfo, TaskState, Wait, current_task, gather, run, sleep, spawn, spawn_named,
    task_tree, tasks, to_thread, yield_now,
};

use crate::common::{Gate, joins, virtual_runner};

#[test]
fn c275_the_waits_of_nested_awaits_are_the_real_ones() {
    virtual_runner().run(async {
        let gate = Gate::new();
        let leaf = spawn_named("leaf", gate.clone().wait());
        let nap = spawn_named("nap", sleep(Duration::from_secs(60)));
        let both = spawn_named("both", async {
            let _ = gather((leaf, nap, sleep(Duration::from_secs(90)))).await;
        });
        let outer = spawn_named("outer", async {
            let inner = async {
                yield_now().await;
                both.await
            };
            let _ = gather((inner, pending::<()>())).await;
        });
        sleep(Duration::from_secs(1)).await;

        let list = tasks();
        let waits = |name: &str| {
            let task = list
                .iter()
                .find(|task| task.name() == name)
                .expect("it is listed");
            assert_eq!(task.state(), TaskState::Waiting, "{name}");
            task.waits_for().to_vec()
        };
        assert_eq!(waits("leaf"), [Wait::Waker]);
        assert_eq!(waits("nap"), [Wait::Sleep(Duration::from_secs(59))]);
        let of_both: BTreeSet<_> = waits("both").iter().map(Wait::to_string).collect();
        let expected = [
            "join task 2 \"leaf\"",
            "join task 3 \"nap\"",
            "sleep until +89s",
        ];
        assert_eq!(of_both, expected.map(String::from).into());
        assert_eq!(joins(&list, "outer"), ["both"]);
        assert_eq!(waits("outer").len(), 1, "what never ends is no wait");
        assert_eq!(list[0].state(), TaskState::Running);
        assert!(list[0].waits_for().is_empty());
        drop(outer);
    });
}

#[test]
fn c275_waits_end_when_they_are_over() {
    virtual_runner().run(async {
        let gate = Gate::new();
        let opened = gate.clone();
        let task = spawn(async move {
            let _ = gather((sleep(Duration::from_secs(1)), gate.wait())).await;
            sleep(Duration::from_secs(10)).await;
        });
        let waits = || tasks()[1].waits_for().to_vec();
        yield_now().await;
        let both = [Wait::Sleep(Duration::from_secs(1)), Wait::Waker];
        assert_eq!(waits(), both);
        sleep(Duration::from_secs(2)).await;
        assert_eq!(waits(), [Wait::Waker]);
        opened.open();
        assert_eq!(tasks()[1].state(), TaskState::Ready);
        assert!(waits().is_empty());
        yield_now().await;
        assert_eq!(waits(), [Wait::Sleep(Duration::from_secs(10))]);
        task.cancel();
        task.await.unwrap_err();
    });
}

#[test]
fn c275_tasks_with_the_same_name_are_told_apart_by_their_numbers() {
    virtual_runner().run(async {
        let [a, b] = [1, 2].map(|n| spawn_named("worker", sleep(Duration::from_secs(n))));
        let joiner = spawn_named("joiner", async {
            let _ = gather((a, b)).await;
        });
        yield_now().await;
        let joiner_info = tasks().pop().expect("it is listed");
        let text = joiner_info.to_string();
        let end = "waits for join task 2 \"worker\", join task 3 \"worker\"";
        assert!(text.ends_with(end), "{text}");
        joiner.await.unwrap();
    });
}

#[test]
fn c275_a_listing_shows_a_thread_job_and_its_line() {
    let (send, receive) = mpsc::channel::<()>();
    run(async {
        let line = line!() + 1;
        let job = spawn(async move { to_thread(move || receive.recv().is_ok()).await });
        yield_now().await;
        let [Wait::Job { site, .. }] = *tasks()[1].waits_for() else {
            panic!("not a job: {:?}", tasks());
        };
        assert_eq!((site.file(), site.line()), (file!(), line));
        let text = tasks()[1].to_string();
        let start = format!("): waits for thread job at {}:{line} for ", file!());
        assert!(text.contains(&start) && text.ends_with(" s"), "{text}");
        send.send(()).expect("the job listens");
        assert!(job.await.unwrap());
    });
}

#[test]
fn c275_parents_form_the_tree_of_spawns() {
    virtual_runner().run(async {
        let main = current_task().unwrap().id();
        let (child, grandchild) = spawn(async {
            let me = current_task().unwrap().id();
            let grandchild = spawn(async { current_task().unwrap().parent() });
            (me, grandchild.await.unwrap())
        })
        .await
        .unwrap();
        assert_eq!(grandchild, Some(child));
        let parents: Vec<_> = tasks().iter().map(TaskInfo::parent).collect();
        assert_eq!(parents, [None], "the others have ended");
        let task = spawn(yield_now());
        assert_eq!(tasks()[1].parent(), Some(main));
        task.await.unwrap();
    });
    let mut runner = Runner::new();
    drop(runner.spawn(pending::<()>()));
    let parents = runner.run(async { tasks().iter().map(TaskInfo::parent).collect::<Vec<_>>() });
    assert_eq!(
        parents,
        [None, None],
        "what comes from outside has no parent"
    );
}

#[cfg(feature = "sync")]
#[test]
fn c275_the_tree_shows_who_spawned_whom_and_what_each_does() {
    let tree = virtual_runner().run(async {
        let lock = Rc::new(Lock::named("cache", ()));
        let wants = lock.clone();
        drop(spawn_named("server", async {
            drop(spawn_named("client", sleep(Duration::from_secs(60))));
            drop(spawn(async { spawn(async {}).await }));
            pending::<()>().await;
        }));
        let line = line!() + 2;
        let holder = spawn_named("holder", async move {
            let _guard = lock.lock().await;
            sleep(Duration::from_secs(2)).await;
        });
        drop(spawn_named(
            "waiter",
            async move { drop(wants.lock().await) },
        ));
        let done = spawn_named("done", async {});
        sleep(Duration::from_secs(1)).await;
        drop(spawn_named("new", async {}));
        let tree = task_tree();
        done.await.unwrap();
        holder.cancel();
        let place = format!("{}:{line}", file!());
        tree.replace(&place, "HERE")
    });
    let expected = "\
task 1: running
|-- task 2 \"server\": can never be woken
|   `-- task 6 \"client\": waits for sleep until +59s
|-- task 3 \"holder\": waits for sleep until +1s
|-- task 4 \"waiter\": waits for lock \"cache\" held by task 3 at HERE
`-- task 9 \"new\": ready
";
    assert_eq!(tree, expected);
    assert_eq!(task_tree(), "", "no loop runs");
}

#[test]
fn a_listing_stays_readable_after_the_loop_is_gone() {
    let list = run(async {
        drop(spawn_named("gone", pending::<()>()));
        tasks()
    });
    assert_eq!(list[1].name(), "gone");
    assert!(list[1].to_string().ends_with("): ready to run"));
}

#[test]
fn a_task_that_has_ended_is_in_no_listing_though_its_handle_is_kept() {
    virtual_runner().run(async {
        let returned = spawn_named("returned", async { 1 });
        let mut read = spawn_named("read", async { 2 });
        let cancelled = spawn_named("cancelled", pending::<()>());
        let panicked = spawn_named("panicked", async { panic!("on purpose") });
        let parent = spawn_named("parent", async {
            drop(spawn_named("child", pending::<()>()));
        });
        cancelled.cancel();
        sleep(Duration::from_secs(1)).await;
        assert_eq!((&mut read).await.unwrap(), 2);
        let names: Vec<_> = tasks().iter().map(TaskInfo::name).collect();
        assert_eq!(names, ["Task-1", "child"]);
        let tree = "task 1: running\ntask 7 \"child\": can never be woken\n";
        assert_eq!(task_tree(), tree, "its parent has ended");
        assert!(tasks().iter().all(|it| it.state() != TaskState::Finished));
        assert_eq!(returned.await.unwrap(), 1);
        assert!(panicked.await.unwrap_err().is_panic());
        parent.await.unwrap();
    });
}

/// Only the destructor of an output sees a task that has ended.
#[test]
fn the_destructor_of_an_output_sees_its_task_as_finished() {
    struct Told(Rc<std::cell::RefCell<String>>);
    impl Drop for Told {
        fn drop(&mut self) {
            let me = current_task().expect("the task that made the output");
            assert_eq!(me.state(), TaskState::Finished);
            *self.0.borrow_mut() = me.to_string();
        }
    }
    let text = Rc::default();
    virtual_runner().run(async {
        let told = Told(Rc::clone(&text));
        drop(spawn_named("made it", async move { told }));
        yield_now().await;
        yield_now().await;
    });
    let text = text.borrow();
    assert!(
        text.starts_with("task 2 \"made it\" (spawned at "),
        "{text}"
    );
    assert!(text.ends_with("): finished"), "{text}");
}
