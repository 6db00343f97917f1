//! From nothing to a server of our own: installed programs, else downloaded ones.

use crate::{
    Error, background,
    home::Home,
    own_server::OwnServer,
    programs::{Missing, Programs},
    server_user::ServerUser,
};

pub(crate) async fn own_server() -> Result<OwnServer, Error> {
    let (user, found) = background::off_thread(|| {
        let user = ServerUser::find()?;
        let found = Programs::find(&user);
        Ok((user, found))
    })
    .await?;
    let home = Home::open(&user)?;
    let programs = match found {
        Ok(programs) => programs,
        Err(missing) => instead(missing, &home, &user).await?,
    };
    background::off_thread(move || OwnServer::start(&programs, &home, &user)).await
}

async fn instead(missing: Missing, home: &Home, user: &ServerUser) -> Result<Programs, Error> {
    if missing.was_chosen() {
        return Err(missing.into_error("it is not used while PG_BIN_DIR is set"));
    }
    match download(home, user).await {
        Ok(programs) => Ok(programs),
        Err(why) => Err(missing.into_error(why)),
    }
}

#[cfg(feature = "download")]
async fn download(home: &Home, user: &ServerUser) -> Result<Programs, String> {
    crate::download::programs(home, user)
        .await
        .map_err(|why| format!("it is on, but that failed: {why}"))
}

#[cfg(not(feature = "download"))]
#[expect(clippy::unused_async, reason = "its twin awaits")]
async fn download(_: &Home, _: &ServerUser) -> Result<Programs, String> {
    Err("it is off".to_owned())
}
