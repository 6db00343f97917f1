//! Futures that are dropped on the way.

use std::{future::poll_fn, pin::pin, task::Poll};

/// Polls a future so many times and drops it unless it is ready by then: a cancellation at any of
/// its await points, whatever the machine's speed.
pub async fn cancelled_after<T>(polls: u64, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
