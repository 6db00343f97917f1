/// Why a job was not signed or is not to be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// The name of its key is not one of the worker's.
    #[error(
        "the job is signed with the key {name:?}, which is none of this worker's; give it that key if it is yours"
    )]
    UnknownKey {
        /// The name that the job says, cut to 32 letters.
        name: String,
    },
    /// The signature is not of that key, or the content is not what was signed.
    #[error(
        "the job's signature does not fit: it was changed, or signed with another secret; do not run it"
    )]
    Forged,
    /// It was signed as another kind of job.
    #[error("the job was signed as `{found}` and not as `{expected}`; do not run it as that")]
    WrongKind {
        /// What the worker opens.
        expected: String,
        /// What was signed.
        found: String,
    },
    /// It was to be run earlier.
    #[error("the job has expired; enqueue it again if it is still wanted")]
    Expired,
    /// The payload is not of this type, or cannot be written as JSON.
    #[error("the job's payload is not of the type that this worker takes: {0}")]
    Payload(#[source] serde_json::Error),
    /// The key cannot sign.
    #[error(transparent)]
    Key(#[from] crate::Error),
}
