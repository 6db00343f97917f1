/// An async closure whose future is `Send`, so that what calls it can be spawned.
///
/// `AsyncFnOnce` alone cannot say that of its future on stable Rust. Every async closure of the
/// right shape implements this; nobody else has to.
#[diagnostic::on_unimplemented(
    message = "a transaction runs an async closure that takes the transaction, and this is none",
    label = "write `async |tx| …`",
    note = "a nested transaction takes no scope: its tenant is its parent's and cannot be changed"
)]
pub trait AsyncFunc<T, R>:
    AsyncFnOnce(T) -> R + FnOnce(T) -> <Self as AsyncFunc<T, R>>::Fut
{
    /// What the closure returns.
    type Fut: Future<Output = R>;
}

#[diagnostic::do_not_recommend]
impl<F, T, Fut, R> AsyncFunc<T, R> for F
where
    F: AsyncFnOnce(T) -> R + FnOnce(T) -> Fut,
    Fut: Future<Output = R>,
{
    type Fut = Fut;
}
