//! Encryption by rustls: a certificate and its key, as files in PEM.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

/// How connections are encrypted.
///
/// # Errors
///
/// Why the files cannot be used, in a sentence that says nothing of the key.
pub(crate) fn read(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, String> {
    let refuse = |path: &Path, why: &str| format!("{} {why}", path.display());
    let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| refuse(certificate, &format!("has no certificate that can be read: {error}")))?;
    if chain.is_empty() {
        return Err(refuse(certificate, "has no certificate"));
    }
    let key_of = PrivateKeyDer::from_pem_file(key);
    let private = key_of.map_err(|_| refuse(key, "has no private key that can be read"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private))
        .map_err(|error| refuse(key, &format!("does not go with the certificate: {error}")))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// How this server encrypts where it is the client, and checks whom it talks to: by the certificates in a file, or those
/// of Mozilla's list.
///
/// # Errors
///
/// Why the file cannot be used, in a sentence.
pub(crate) fn client(roots: Option<&Path>) -> Result<ClientConfig, String> {
    let mut trusted = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(file) = roots {
        trusted = RootCertStore::empty();
        let certificates = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        trusted.add_parsable_certificates(certificates.unwrap_or_default());
        if trusted.is_empty() {
            return Err(format!("{} has no certificate that can be read", file.display()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| error.to_string())?;
    Ok(builder.with_root_certificates(trusted).with_no_client_auth())
}
