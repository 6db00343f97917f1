use std::time::Duration;

/// What is refused while the layer is set up, with what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Neither an address nor a network.
    #[error("`{text}` is neither an IP address nor a network; write `10.0.0.7` or `10.0.0.0/8`")]
    InvalidNetwork {
        /// What was given.
        text: String,
    },
    /// Not the name of a header or a cookie.
    #[error("`{name}` cannot be the name of a header or a cookie")]
    InvalidName {
        /// What was given.
        name: String,
    },
    /// Not a host.
    #[error("`{host}` cannot be a host's name: {why}")]
    InvalidHost {
        /// What was given.
        host: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A key that cannot verify tokens of its algorithm.
    #[error("this cannot be a key for {algorithm}: {why}")]
    InvalidKey {
        /// The algorithm's name.
        algorithm: &'static str,
        /// What is wrong with it, and what to give instead.
        why: &'static str,
    },
    /// More leeway than clocks need.
    #[error(
        "a leeway of {leeway:?} keeps tokens alive that have expired; at most {max:?} are taken"
    )]
    InvalidLeeway {
        /// What was given.
        leeway: Duration,
        /// What is taken.
        max: Duration,
    },
    /// No name, or an empty one, at a step of the way to a claim.
    #[error("the path to a claim needs a name at every step")]
    InvalidClaim,
    /// A key set for which nobody has signed with a private key.
    #[error(
        "a key set is published, so {algorithm} cannot be one of its algorithms: whoever can read \
         the key could sign with it"
    )]
    SecretInKeySet {
        /// The algorithm's name.
        algorithm: &'static str,
    },
    /// Nothing could ever be verified.
    #[error("there is no key, or no algorithm: name at least one")]
    NoKey,
}
