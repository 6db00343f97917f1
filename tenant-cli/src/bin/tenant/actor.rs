//! Who does it.

use crate::exit::Failure;

/// What `--actor` says, or `$USER@host`.
pub(crate) fn actor(said: Option<&str>) -> Result<String, Failure> {
    if let Some(said) = said {
        if said.trim().is_empty() {
            return Err(Failure::usage("`--actor` is empty; the audit log must say who did it"));
        }
        return Ok(said.to_owned());
    }
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let user = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(variable).ok_or_else(|| {
        Failure::usage("the audit log must say who did it, and $USER does not: say `--actor WHO`")
    })?;
    Ok(host().map_or_else(|| user.clone(), |host| format!("{user}@{host}")))
}

#[cfg(unix)]
fn host() -> Option<String> {
    let name = rustix::system::uname().nodename().to_str().ok()?.to_owned();
    (!name.is_empty()).then_some(name)
}

#[cfg(not(unix))]
fn host() -> Option<String> {
    std::env::var("COMPUTERNAME").ok()
}
