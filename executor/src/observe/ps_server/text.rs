//! The answers as text: a list, a tree, JSON.
//!
//! **Invariant:** every task of every loop is in each of the three.

use std::fmt::Write;
use std::time::Duration;

use crate::base::task_info::{Identity, TaskId, TaskInfo, TaskState};
use crate::observe::tree::Tree;

/// What is known of one loop.
pub(super) struct Answer {
    thread: String,
    tasks: Vec<TaskInfo>,
    /// `None` if the loop answered for itself.
    mirror: Option<Mirrored>,
}

struct Mirrored {
    age: Option<Duration>,
    stuck: Option<TaskId>,
}

impl Answer {
    pub(super) fn own(thread: &str, tasks: Vec<TaskInfo>) -> Self {
        Answer {
            thread: thread.to_owned(),
            tasks,
            mirror: None,
        }
    }

    pub(super) fn mirrored(
        thread: &str,
        mut tasks: Vec<TaskInfo>,
        age: Option<Duration>,
        stuck: Option<Identity>,
    ) -> Self {
        let stuck = stuck.map(|identity| {
            let id = identity.id;
            // It may be younger than the mirror.
            let place = tasks.iter().position(|task| task.id() == id);
            let (parent, place) = match place {
                Some(place) => (tasks.remove(place).parent, place),
                None => (None, tasks.len()),
            };
            let task = TaskInfo {
                identity,
                parent,
                state: TaskState::Running,
                waits: Vec::new(),
            };
            tasks.insert(place, task);
            id
        });
        Answer {
            thread: thread.to_owned(),
            tasks,
            mirror: Some(Mirrored { age, stuck }),
        }
    }

    fn head(&self) -> String {
        let tasks = self.tasks.len();
        let mut head = format!("loop on thread \"{}\", tasks: {tasks}", self.thread);
        if let Some(Mirrored { age, stuck }) = &self.mirror {
            match stuck {
                Some(task) => write!(head, "; stuck in a poll of task {task}"),
                None => write!(head, "; it does not run now"),
            }
            .and_then(|()| match age {
                Some(age) => write!(head, "; as it stood {:.1} s ago", age.as_secs_f64()),
                None => write!(head, "; it has not looked around yet"),
            })
            .expect("a String takes everything");
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
    let one = |answer: &Answer| format!("{}\n{}", answer.head(), tasks(&answer.tasks));
    answers.iter().map(one).collect()
}

pub(super) fn json(answers: &[Answer]) -> String {
    let loops: Vec<_> = answers.iter().map(json_of_loop).collect();
    let pid = std::process::id();
    format!("{{\"pid\":{pid},\"loops\":[{}]}}\n", loops.join(","))
}

fn json_of_loop(answer: &Answer) -> String {
    let tasks: Vec<_> = answer.tasks.iter().map(json_of_task).collect();
    let age = answer.mirror.as_ref().map(|mirror| mirror.age);
    let age = match age {
        None => "0".into(),
        Some(None) => "null".into(),
        Some(Some(age)) => age.as_millis().to_string(),
    };
    let stuck = answer.mirror.as_ref().and_then(|mirror| mirror.stuck);
    format!(
        "{{\"thread\":{},\"answered\":{},\"age_ms\":{age},\"stuck_in\":{},\"tasks\":[{}]}}",
        quoted(&answer.thread),
        answer.mirror.is_none(),
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

/// A JSON string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c < ' ' => {
                write!(quoted, "\\u{:04x}", u32::from(c)).expect("a String takes everything");
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
    }
}
