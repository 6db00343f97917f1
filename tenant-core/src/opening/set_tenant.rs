use super::ACTOR;
use crate::{Binding, Error, Layout, Seal, quote::quoted, quote_literal};

/// How a transaction is told its tenant, and who acts for it.
#[derive(Debug, Clone)]
pub(super) enum SetTenant {
    Plain(Plain),
    Seal(Seal),
}

impl SetTenant {
    pub(super) fn plain(layout: &Layout) -> Result<Self, Error> {
        Ok(Self::Plain(match layout.binding_kind() {
            Binding::SetConfig => Plain::config(layout.setting_name()),
            Binding::SetLocal => Plain::local(layout.setting_name()),
            Binding::Sealed => return Err(Error::NoSeal),
        }))
    }
}

/// A statement around the tenant's and the user's literals.
#[derive(Debug, Clone)]
pub(super) struct Plain {
    before: String,
    between: String,
    after: &'static str,
}

impl Plain {
    pub(super) fn config(setting: &str) -> Self {
        Self {
            before: format!("SELECT pg_catalog.set_config({}, ", quote_literal(setting)),
            between: format!(", true), pg_catalog.set_config('{ACTOR}', "),
            after: ", true)",
        }
    }

    pub(super) fn local(setting: &str) -> Self {
        let name: Vec<String> = setting.split('.').map(quoted).collect();
        Self {
            before: format!("SET LOCAL {} = ", name.join(".")),
            between: format!("; SET LOCAL {ACTOR} = "),
            after: "",
        }
    }

    pub(super) fn with(&self, tenant: &str, actor: &str) -> String {
        let Self { before, between, after } = self;
        format!("{before}{}{between}{}{after}", quote_literal(tenant), quote_literal(actor))
    }
}
