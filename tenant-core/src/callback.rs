/// An async closure whose future is `Send`, so that what calls it can be spawned.
///
/// `AsyncFnOnce` alone cannot say that of its future on stable Rust. Every async closure of the
/// right shape implements this; nobody else has to.
pub trait AsyncFunc<T, R>:
    AsyncFnOnce(T) -> R + FnOnce(T) -> <Self as AsyncFunc<T, R>>::Fut
{
    /// What the closure returns.
    type Fut: Future<Output = R>;
}

impl<F, T, Fut, R> AsyncFunc<T, R> for F
where
    F: AsyncFnOnce(T) -> R + FnOnce(T) -> Fut,
    Fut: Future<Output = R>,
{
    type Fut = Fut;
}
