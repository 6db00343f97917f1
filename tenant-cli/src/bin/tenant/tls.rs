//! TLS as a URL asks for it. A certificate is always verified.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use tokio_postgres::{CancelToken, Client, Config, Error, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{background, exit::Failure};

/// None, or that of the system's authorities, or of one that is named.
#[derive(Clone)]
pub(crate) enum Tls {
    None,
    Verified(MakeRustlsConnect),
}

impl Tls {
    /// With the authorities in this file, or the system's.
    pub(crate) fn verified(authorities: Option<&str>) -> Result<Self, Failure> {
        let mut roots = RootCertStore::empty();
        match authorities {
            Some(path) => {
                let unread = |why: String| {
                    Failure::usage(format!(
                        "sslrootcert: {path} cannot be read ({why}); name a PEM file"
                    ))
                };
                let found =
                    CertificateDer::pem_file_iter(path).map_err(|e| unread(e.to_string()))?;
                for certificate in found {
                    let certificate = certificate.map_err(|e| unread(e.to_string()))?;
                    roots.add(certificate).map_err(|e| unread(e.to_string()))?;
                }
            }
            None => {
                // One that cannot be read is missed when a server shows its certificate.
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Failure::usage(format!("TLS cannot be used here: {error}")))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self::Verified(MakeRustlsConnect::new(config)))
    }

    /// A connection, which goes on in the background.
    pub(crate) async fn connect(&self, config: &Config) -> Result<Client, Error> {
        match self {
            Self::None => {
                let (client, connection) = config.connect(NoTls).await?;
                background(connection);
                Ok(client)
            }
            Self::Verified(tls) => {
                let (client, connection) = config.connect(tls.clone()).await?;
                background(connection);
                Ok(client)
            }
        }
    }

    pub(crate) async fn cancel(&self, token: &CancelToken) -> Result<(), Error> {
        match self {
            Self::None => token.cancel_query(NoTls).await,
            Self::Verified(tls) => token.cancel_query(tls.clone()).await,
        }
    }
}
