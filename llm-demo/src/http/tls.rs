//! TLS, by rustls.
//!
//! **Invariant:** a certificate is always verified; there is no way to switch
//! that off. What it is verified against can be chosen: `SSL_CERT_FILE`.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use executor::to_thread;
use futures::io::{AsyncRead, AsyncWrite};
use futures::lock::Mutex;
use futures_rustls::TlsConnector;
use futures_rustls::pki_types::ServerName;
use futures_rustls::rustls::crypto::ring;
use futures_rustls::rustls::{ClientConfig, RootCertStore};

/// A stream with or without TLS.
pub(super) type Stream = Pin<Box<dyn Duplex>>;

pub(super) trait Duplex: AsyncRead + AsyncWrite {}
impl<S: AsyncRead + AsyncWrite> Duplex for S {}

/// The certificates are read when the first `https` origin is connected to.
#[derive(Default)]
pub(super) struct Lazy {
    connector: Mutex<Option<TlsConnector>>,
}

impl fmt::Debug for Lazy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lazy")
    }
}

impl Lazy {
    /// Puts TLS on a stream to `host`.
    pub(super) async fn secure(
        &self,
        host: &str,
        ca_file: Option<&PathBuf>,
        stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    ) -> io::Result<Stream> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let connector = self.connector(ca_file).await?;
        Ok(Box::pin(connector.connect(name, stream).await?))
    }

    async fn connector(&self, ca_file: Option<&PathBuf>) -> io::Result<TlsConnector> {
        let mut connector = self.connector.lock().await;
        if let Some(connector) = &*connector {
            return Ok(connector.clone());
        }
        let ca_file = ca_file.cloned();
        let config = to_thread(move || config(ca_file.as_deref())).await?;
        Ok(connector
            .insert(TlsConnector::from(Arc::new(config)))
            .clone())
    }
}

fn config(ca_file: Option<&Path>) -> io::Result<ClientConfig> {
    // Named, because the one that is there by default depends on which
    // features of rustls other crates have switched on.
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    let roots = roots(ca_file)?;
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The file's certificates, or those of the machine (or of `SSL_CERT_FILE`,
/// `SSL_CERT_DIR`), or Mozilla's where the machine has none.
fn roots(ca_file: Option<&Path>) -> io::Result<RootCertStore> {
    let found = match ca_file {
        Some(file) => rustls_native_certs::load_certs_from_paths(Some(file), None),
        None => rustls_native_certs::load_native_certs(),
    };
    let mut roots = RootCertStore::empty();
    let (added, _unreadable) = roots.add_parsable_certificates(found.certs);
    if added > 0 {
        return Ok(roots);
    }
    let asked_for = ["SSL_CERT_FILE", "SSL_CERT_DIR"].map(std::env::var_os);
    if ca_file.is_some() || asked_for.iter().any(Option::is_some) {
        let why = found.errors.first().map(ToString::to_string);
        let why = why.unwrap_or_else(|| "there is none in it".into());
        let text = format!("no certificates to trust (SSL_CERT_FILE, SSL_CERT_DIR): {why}");
        return Err(io::Error::new(io::ErrorKind::NotFound, text));
    }
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    Ok(roots)
}
