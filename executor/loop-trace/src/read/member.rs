//! Typed access to the members of a JSON value.
//!
//! **Invariant:** a member that is missing, or has another type, is an error at
//! the byte where the member or its object begins.
//!
//! Called by `read`.

use std::time::Duration;

use crate::event::{Cause, Direction, WaitTarget};
use crate::json::{ErrorAt, Node, Value};
use crate::task_id::TaskId;

pub(super) type Read<T> = Result<T, ErrorAt>;

pub(super) fn error<T>(node: &Node, what: impl Into<String>) -> Read<T> {
    Err(ErrorAt {
        at: node.at,
        what: what.into(),
    })
}

impl Node {
    pub(super) fn member(&self, name: &str) -> Option<&Node> {
        match &self.value {
            Value::Object(members) => {
                let mut named = members.iter().filter(|(known, _)| known == name);
                named.next().map(|(_, node)| node)
            }
            _ => None,
        }
    }

    pub(super) fn get(&self, name: &str) -> Read<&Node> {
        match self.member(name) {
            Some(node) => Ok(node),
            None => error(self, format!("`{name}` is missing from this object")),
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    pub(super) fn list(&self) -> Read<&[Node]> {
        match &self.value {
            Value::List(items) => Ok(items),
            _ => error(self, "expected a list"),
        }
    }

    pub(super) fn text(&self) -> Read<&str> {
        match &self.value {
            Value::String(text) => Ok(text),
            _ => error(self, "expected a string"),
        }
    }

    pub(super) fn number(&self) -> Read<u64> {
        let number = match &self.value {
            Value::Number(number) => number.parse().ok(),
            _ => None,
        };
        match number {
            Some(number) => Ok(number),
            None => error(self, "expected a whole number, zero or more"),
        }
    }

    pub(super) fn index(&self) -> Read<u32> {
        match u32::try_from(self.number()?) {
            Ok(index) => Ok(index),
            Err(_) => error(self, "this number is too large"),
        }
    }

    pub(super) fn bool(&self) -> Read<bool> {
        match &self.value {
            Value::Bool(value) => Ok(*value),
            _ => error(self, "expected true or false"),
        }
    }

    /// Reads a value that may be null.
    pub(super) fn optional<'a, T>(
        &'a self,
        read: impl FnOnce(&'a Node) -> Read<T>,
    ) -> Read<Option<T>> {
        match self.is_null() {
            true => Ok(None),
            false => read(self).map(Some),
        }
    }

    pub(super) fn task(&self) -> Read<TaskId> {
        match TaskId::new(self.number()?) {
            TaskId::NONE => error(self, "tasks are numbered from 1"),
            task => Ok(task),
        }
    }

    /// Reads a task, where null is [`TaskId::NONE`].
    pub(super) fn task_or_none(&self) -> Read<TaskId> {
        let task = self.optional(Node::task)?;
        Ok(task.unwrap_or(TaskId::NONE))
    }

    /// Reads a time, where null is never.
    pub(super) fn time(&self) -> Read<Duration> {
        let nanos = self.optional(Node::number)?;
        Ok(nanos.map_or(Duration::MAX, Duration::from_nanos))
    }

    pub(super) fn word<T>(&self, from_word: fn(&str) -> Option<T>) -> Read<T> {
        let word = self.text()?;
        match from_word(word) {
            Some(value) => Ok(value),
            None => error(self, format!("\"{word}\" is not a value of this member")),
        }
    }

    pub(super) fn direction(&self) -> Read<Direction> {
        self.word(Direction::from_word)
    }

    pub(super) fn cause(&self) -> Read<Cause> {
        if let Some(task) = self.member("task") {
            return Ok(Cause::Task(task.task_or_none()?));
        }
        if let Some(timer) = self.member("timer") {
            return Ok(Cause::Timer(timer.number()?));
        }
        if let Some(job) = self.member("job") {
            return Ok(Cause::Job(job.number()?));
        }
        match self.text()? {
            "io" => Ok(Cause::Io),
            "mail" => Ok(Cause::Inbox),
            "loop" => Ok(Cause::Loop),
            other => error(self, format!("\"{other}\" is not a cause of a wake")),
        }
    }

    pub(super) fn wait_target(&self) -> Read<WaitTarget> {
        if let Some(timer) = self.member("timer") {
            return Ok(WaitTarget::Timer(timer.number()?));
        }
        if let Some(task) = self.member("task") {
            return Ok(WaitTarget::Task(task.task_or_none()?));
        }
        if let Some(source) = self.member("source") {
            return Ok(WaitTarget::Source(
                source.number()?,
                self.get("dir")?.direction()?,
            ));
        }
        if let Some(job) = self.member("job") {
            return Ok(WaitTarget::Job(job.number()?));
        }
        match self.member("other") {
            Some(text) => Ok(WaitTarget::Other(text.text()?.to_owned())),
            None => error(self, "this is not a target of a wait"),
        }
    }
}
