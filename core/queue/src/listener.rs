//! The apalis backend over both kinds of queue. It yields one message at a time, never fails and never ends.

use std::convert::Infallible;
use std::task::{Context, Poll};

use apalis_core::backend::finalize::Ephemeral;
use apalis_core::backend::future::BoxSyncFuture;
use apalis_core::backend::{Backend, BackendConfig};
use apalis_core::task::Task;
use apalis_core::task::task_id::RandomId;
use apalis_core::worker::context::WorkerContext;
use tower_layer::Identity;

use crate::{Notice, Queue};

/// Yields the messages of a queue to apalis.
pub(super) struct Listener {
    queue: Queue,
    next: Option<BoxSyncFuture<Notice>>,
}

impl Listener {
    pub(super) fn new(queue: Queue) -> Self {
        Self { queue, next: None }
    }
}

impl Backend for Listener {
    type Task = Task<Notice>;
    type Error = Infallible;

    fn poll_ready(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_next(&mut self, cx: &mut Context<'_>, _: &WorkerContext) -> Poll<Option<Result<Self::Task, Self::Error>>> {
        let queue = &self.queue;
        let next = self.next.get_or_insert_with(|| BoxSyncFuture::new(Box::pin(queue.clone().next_notice())));
        let queue = std::task::ready!(next.poll_unpin(cx));
        self.next = None;
        Poll::Ready(Some(Ok(Task::new(queue))))
    }

    fn poll_close(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }
}

impl BackendConfig for Listener {
    type Args = Notice;
    type Id = RandomId;
    type Kind = Ephemeral;
    type Config = ();
    type Layer = Identity;

    fn config(&self) -> &Self::Config {
        &()
    }

    fn middleware(&mut self, _: &mut WorkerContext) -> Self::Layer {
        Identity::new()
    }
}
