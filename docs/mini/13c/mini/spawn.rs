//! Tasks.

use std::pin::Pin;
use std::sync::Arc;

use super::queue::TaskWaker;

/// A future of a task, whatever its type.
pub type BoxedFuture = Pin<Box<dyn Future<Output = ()>>>;

pub struct Task {
    /// `None` while it is polled or dropped.
    pub future: Option<BoxedFuture>,
    pub waker: Arc<TaskWaker>,
}
