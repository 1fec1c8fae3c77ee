//! The members of an event, each as what it is to be.
//!
//! **Invariant:** what is missing, or is something else, is an error that
//! knows its place.

use std::num::NonZeroU64;
use std::time::Duration;

use crate::info::TaskId;
use crate::instrument::json::{Node, Value, Wrong};
use crate::instrument::{Cause, On, Way};

pub(super) type Read<T> = Result<T, Wrong>;

pub(super) fn wrong<T>(node: &Node, what: impl Into<String>) -> Read<T> {
    Err(Wrong {
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
            None => wrong(self, format!("`{name}` is missing in what begins here")),
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    pub(super) fn list(&self) -> Read<&[Node]> {
        match &self.value {
            Value::List(items) => Ok(items),
            _ => wrong(self, "a list was expected here"),
        }
    }

    pub(super) fn text(&self) -> Read<&str> {
        match &self.value {
            Value::Text(text) => Ok(text),
            _ => wrong(self, "a text was expected here"),
        }
    }

    pub(super) fn number(&self) -> Read<u64> {
        let number = match &self.value {
            Value::Number(number) => number.parse().ok(),
            _ => None,
        };
        match number {
            Some(number) => Ok(number),
            None => wrong(self, "a whole number was expected here, zero or more"),
        }
    }

    pub(super) fn index(&self) -> Read<u32> {
        match u32::try_from(self.number()?) {
            Ok(index) => Ok(index),
            Err(_) => wrong(self, "this number is too large"),
        }
    }

    pub(super) fn bool(&self) -> Read<bool> {
        match &self.value {
            Value::Bool(value) => Ok(*value),
            _ => wrong(self, "true or false was expected here"),
        }
    }

    /// `None` for null.
    pub(super) fn maybe<'a, T>(
        &'a self,
        read: impl FnOnce(&'a Node) -> Read<T>,
    ) -> Read<Option<T>> {
        match self.is_null() {
            true => Ok(None),
            false => read(self).map(Some),
        }
    }

    pub(super) fn some_task(&self) -> Read<TaskId> {
        match NonZeroU64::new(self.number()?) {
            Some(id) => Ok(TaskId(id)),
            None => wrong(self, "tasks are numbered from 1"),
        }
    }

    /// A task that may be null.
    pub(super) fn task(&self) -> Read<TaskId> {
        let task = self.maybe(Node::some_task)?;
        Ok(task.unwrap_or(TaskId::NOBODY))
    }

    /// A time that may be null, for never.
    pub(super) fn time(&self) -> Read<Duration> {
        let nanos = self.maybe(Node::number)?;
        Ok(nanos.map_or(Duration::MAX, Duration::from_nanos))
    }

    pub(super) fn word<T>(&self, from_word: fn(&str) -> Option<T>) -> Read<T> {
        let word = self.text()?;
        match from_word(word) {
            Some(value) => Ok(value),
            None => wrong(self, format!("\"{word}\" is none of the words for this")),
        }
    }

    pub(super) fn way(&self) -> Read<Way> {
        self.word(Way::from_word)
    }

    pub(super) fn cause(&self) -> Read<Cause> {
        if let Some(task) = self.member("task") {
            return Ok(Cause::Task(task.some_task()?));
        }
        if let Some(timer) = self.member("timer") {
            return Ok(Cause::Timer(timer.number()?));
        }
        if let Some(job) = self.member("job") {
            return Ok(Cause::Job(job.number()?));
        }
        match self.text()? {
            "io" => Ok(Cause::Io),
            "mail" => Ok(Cause::Mail),
            "loop" => Ok(Cause::Loop),
            other => wrong(self, format!("\"{other}\" is none of the causes of a wake")),
        }
    }

    pub(super) fn on(&self) -> Read<On> {
        if let Some(timer) = self.member("timer") {
            return Ok(On::Timer(timer.number()?));
        }
        if let Some(task) = self.member("task") {
            return Ok(On::Task(task.task()?));
        }
        if let Some(source) = self.member("source") {
            return Ok(On::Source(source.number()?, self.get("dir")?.way()?));
        }
        if let Some(job) = self.member("job") {
            return Ok(On::Job(job.number()?));
        }
        match self.member("other") {
            Some(text) => Ok(On::Other(text.text()?.to_owned())),
            None => wrong(self, "this is nothing that a task waits for"),
        }
    }
}
