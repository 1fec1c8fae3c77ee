//! Text of the server's answers: a list, a tree, JSON.
//!
//! **Invariant:** each of the three forms contains every task of every loop.
//!
//! Called by `ps_server`.

use std::fmt::Write;
use std::time::Duration;

use crate::base::printable::{Printable, is_printable};
use crate::base::task_info::{Identity, TaskId, TaskInfo, TaskState};
use crate::observe::tree::Tree;

/// The tasks of one loop.
pub(super) struct Answer {
    thread: String,
    tasks: Vec<TaskInfo>,
    /// `Some` if the loop did not answer, and its mirror is used.
    mirrored: Option<Mirrored>,
}

/// How a loop was found that did not answer.
struct Mirrored {
    /// The age of the mirror; `None` if the loop has not polled a task yet.
    age: Option<Duration>,
    /// The task that is being polled.
    stuck: Option<TaskId>,
}

impl Answer {
    /// Creates an answer from the loop's own listing.
    pub(super) fn own(thread: &str, tasks: Vec<TaskInfo>) -> Self {
        Answer {
            thread: thread.to_owned(),
            tasks,
            mirrored: None,
        }
    }

    /// Creates an answer from the mirror of a loop, and from the task that the
    /// loop is polling.
    pub(super) fn mirrored(
        thread: &str,
        mut tasks: Vec<TaskInfo>,
        age: Option<Duration>,
        stuck: Option<Identity>,
    ) -> Self {
        let stuck = stuck.map(|identity| {
            let id = identity.id;
            // The task may have been spawned after the mirror was taken.
            let index = tasks.iter().position(|task| task.id() == id);
            let (parent, index) = match index {
                Some(index) => (tasks.remove(index).parent, index),
                None => (None, tasks.len()),
            };
            let task = TaskInfo {
                identity,
                parent,
                state: TaskState::Running,
                waits: Vec::new(),
            };
            tasks.insert(index, task);
            id
        });
        Answer {
            thread: thread.to_owned(),
            tasks,
            mirrored: Some(Mirrored { age, stuck }),
        }
    }

    /// Returns the line above the loop's tasks.
    fn head(&self) -> String {
        let tasks = self.tasks.len();
        let thread = Printable(&self.thread);
        let mut head = format!("loop on thread \"{thread}\", tasks: {tasks}");
        if let Some(Mirrored { age, stuck }) = &self.mirrored {
            match stuck {
                Some(task) => write!(head, "; stuck in a poll of task {task}"),
                None => write!(head, "; it does not run now"),
            }
            .and_then(|()| match age {
                Some(age) => write!(head, "; as it stood {:.1} s ago", age.as_secs_f64()),
                None => write!(head, "; its tasks are not known yet"),
            })
            .expect("writing to a String never fails");
        }
        head
    }
}

pub(super) fn list(answers: &[Answer]) -> String {
    render(answers, |tasks| {
        tasks.iter().map(|task| format!("  {task}\n")).collect()
    })
}

pub(super) fn tree(answers: &[Answer]) -> String {
    render(answers, |tasks| {
        let tree = Tree(tasks).to_string();
        tree.lines().map(|line| format!("  {line}\n")).collect()
    })
}

fn render(answers: &[Answer], tasks: impl Fn(&[TaskInfo]) -> String) -> String {
    if answers.is_empty() {
        return "no loop runs in this process\n".into();
    }
    let render = |answer: &Answer| format!("{}\n{}", answer.head(), tasks(&answer.tasks));
    answers.iter().map(render).collect()
}

pub(super) fn json(answers: &[Answer]) -> String {
    let loops: Vec<_> = answers.iter().map(json_of_loop).collect();
    let pid = std::process::id();
    format!("{{\"pid\":{pid},\"loops\":[{}]}}\n", loops.join(","))
}

fn json_of_loop(answer: &Answer) -> String {
    let tasks: Vec<_> = answer.tasks.iter().map(json_of_task).collect();
    let age = answer.mirrored.as_ref().map(|mirrored| mirrored.age);
    let age = match age {
        None => "0".into(),
        Some(None) => "null".into(),
        Some(Some(age)) => age.as_millis().to_string(),
    };
    let stuck = answer.mirrored.as_ref().and_then(|it| it.stuck);
    format!(
        "{{\"thread\":{},\"answered\":{},\"age_ms\":{age},\"stuck_in\":{},\"tasks\":[{}]}}",
        quoted(&answer.thread),
        answer.mirrored.is_none(),
        or_null(stuck),
        tasks.join(",")
    )
}

fn json_of_task(task: &TaskInfo) -> String {
    let state = match task.state() {
        TaskState::Running => "running",
        TaskState::Ready => "ready",
        TaskState::Waiting => "waiting",
        TaskState::Unwakeable => "unwakeable",
        TaskState::Finished => "finished",
    };
    let waits: Vec<_> = task
        .waits_for()
        .iter()
        .map(|wait| quoted(&wait.to_string()))
        .collect();
    format!(
        "{{\"id\":{},\"name\":{},\"parent\":{},\"spawned_at\":{},\"state\":\"{state}\",\
         \"waits_for\":[{}]}}",
        task.id(),
        quoted(&task.name()),
        or_null(task.parent()),
        quoted(&task.spawned_at().to_string()),
        waits.join(",")
    )
}

fn or_null(id: Option<TaskId>) -> String {
    id.map_or_else(|| "null".into(), |id| id.to_string())
}

/// Returns the text as a JSON string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if !is_printable(c) => {
                write!(quoted, "\\u{:04x}", u32::from(c)).expect("writing to a String never fails");
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_with_quotes_and_control_characters_is_still_one_json_string() {
        assert_eq!(super::quoted("a\"b\\c\nd"), r#""a\"b\\c\u000ad""#);
        let controls = super::quoted("\u{7f}\u{9b}\u{202e}ä");
        assert_eq!(controls, r#""\u007f\u009b\u202eä""#);
    }
}
