//! https, against a server with a certificate authority of its own, straight
//! and through a proxy.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use executor::net::{TcpListener, TcpStream};
use futures::io::{AsyncReadExt, AsyncWriteExt, copy};
use futures_rustls::TlsAcceptor;
use futures_rustls::pki_types::PrivateKeyDer;
use futures_rustls::rustls::ServerConfig;
use futures_rustls::rustls::crypto::ring;
use llm_demo::http::Proxy;
use llm_demo::{Error, OpenAi};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use super::common::said_with;
use super::script::{read_request, run};

const BODY: &str = r#"{"choices":[{"message":{"content":"over TLS"},"finish_reason":"stop"}]}"#;

/// A server that answers every question over TLS with [`BODY`], and the file
/// with the authority that signed its certificate.
struct Secure {
    port: u16,
    ca_file: PathBuf,
    _directory: Directory,
}

/// Taken away with its contents at the end of a test.
struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Secure {
    /// With a certificate for this name.
    async fn start(name: &str) -> Secure {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let directory =
            std::env::temp_dir().join(format!("llm-demo-{}-{port}", std::process::id()));
        std::fs::create_dir(&directory).unwrap();
        let ca_file = directory.join("ca.pem");
        std::fs::write(&ca_file, authority.as_ref().pem()).unwrap();
        drop(executor::spawn(serve(
            listener,
            TlsAcceptor::from(Arc::new(config)),
        )));
        Secure {
            port,
            ca_file,
            _directory: Directory(directory),
        }
    }

    fn url(&self, host: &str) -> String {
        format!("https://{host}:{}/v1", self.port)
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor) {
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        drop(executor::spawn(async move {
            // A client that does not trust us leaves here.
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            while read_request(&mut stream).await.is_some() {
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{BODY}",
                    BODY.len()
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
                stream.flush().await.unwrap();
            }
        }));
    }
}

#[test]
fn a_certificate_that_fits_is_trusted_and_the_connection_is_kept() {
    run(async {
        let server = Secure::start("localhost").await;
        let llm = OpenAi::builder()
            .base_url(server.url("localhost"))
            .ca_file(&server.ca_file)
            .max_retries(0)
            .build();
        for _ in 0..2 {
            assert_eq!(llm.acomplete("x").await.unwrap().text(), "over TLS");
        }
    });
}

#[test]
fn an_authority_that_nobody_knows_is_not_trusted() {
    run(async {
        let server = Secure::start("localhost").await;
        let llm = OpenAi::builder().base_url(server.url("localhost")).build();
        let error = llm.acomplete("x").await.unwrap_err();
        assert!(matches!(error, Error::Connect { .. }), "{error:?}");
        let text = error.to_string();
        assert!(
            text.contains("certificate") && text.contains("SSL_CERT_FILE"),
            "{text}"
        );
    });
}

#[test]
fn a_certificate_for_another_name_is_not_trusted() {
    run(async {
        let server = Secure::start("example.com").await;
        let llm = OpenAi::builder()
            .base_url(server.url("localhost"))
            .ca_file(&server.ca_file)
            .build();
        let text = llm.acomplete("x").await.unwrap_err().to_string();
        assert!(text.contains("certificate not valid for name"), "{text}");
    });
}

#[test]
fn an_address_may_have_a_certificate_too() {
    run(async {
        let server = Secure::start("127.0.0.1").await;
        let llm = OpenAi::builder()
            .base_url(server.url("127.0.0.1"))
            .ca_file(&server.ca_file)
            .build();
        assert_eq!(llm.acomplete("x").await.unwrap().text(), "over TLS");
    });
}

#[test]
fn a_file_without_certificates_is_said_to_be_one() {
    run(async {
        let llm = OpenAi::builder()
            .base_url("https://127.0.0.1:1")
            .ca_file("/nonexistent/ca.pem")
            .max_retries(0);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let llm = llm.base_url(format!("https://127.0.0.1:{port}")).build();
        let text = llm.acomplete("x").await.unwrap_err().to_string();
        assert!(text.contains("no certificates to trust"), "{text}");
    });
}

#[test]
fn a_server_without_tls_is_said_to_be_one() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/v1", listener.local_addr().unwrap());
        drop(executor::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream
                .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                .await
                .unwrap();
            while matches!(stream.read(&mut [0; 1024]).await, Ok(1..)) {}
        }));
        let llm = OpenAi::builder().base_url(url).max_retries(0).build();
        let text = llm.acomplete("x").await.unwrap_err().to_string();
        assert!(text.contains("does not speak TLS"), "{text}");
    });
}

#[test]
fn ssl_cert_file_says_whom_a_program_trusts() {
    run(async {
        let server = Secure::start("localhost").await;
        let url = server.url("localhost");
        let ca_file = server.ca_file.clone();
        let ask = move |variables: Vec<(&'static str, PathBuf)>| {
            let url = url.clone();
            executor::to_thread(move || {
                let variables: Vec<_> = variables
                    .iter()
                    .map(|(name, value)| (*name, value.as_os_str()))
                    .collect();
                said_with(
                    env!("CARGO_BIN_EXE_achat"),
                    &["--base-url", &url, "hi"],
                    &variables,
                )
            })
        };
        let said = ask(vec![("SSL_CERT_FILE", ca_file)]).await;
        assert_eq!(
            (said.out.as_str(), said.err.as_str(), said.code),
            ("over TLS\n", "", 0)
        );
        let said = ask(vec![]).await;
        assert_eq!(
            (said.out.as_str(), said.code, said.err.lines().count()),
            ("", 1, 1),
            "{said:?}"
        );
        assert!(said.err.contains("SSL_CERT_FILE"), "{said:?}");
    });
}

/// A proxy that leads everywhere to one port; what it was asked for is kept.
async fn proxy(to: u16, refuses: bool) -> (u16, Rc<RefCell<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Rc::new(RefCell::new(Vec::new()));
    let heard = Rc::clone(&asked);
    drop(executor::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let request = read_request(&mut stream).await.unwrap();
            heard.borrow_mut().push(request);
            if refuses {
                stream
                    .write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n")
                    .await
                    .unwrap();
                continue;
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            let server = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
            drop(executor::spawn(async move {
                let (mut to_server, mut to_client) = (&server, &stream);
                let there = copy(&stream, &mut to_server);
                let back = copy(&server, &mut to_client);
                drop(executor::race((there, back)).await);
            }));
        }
    }));
    (port, asked)
}

#[test]
fn a_proxy_is_asked_to_connect_and_sees_neither_key_nor_words() {
    run(async {
        let server = Secure::start("model.test").await;
        let (port, asked) = proxy(server.port, false).await;
        let proxy = Proxy::new(&format!("http://me:p%40ss@127.0.0.1:{port}"), "other.test");
        assert!(!format!("{proxy:?}").contains("ss"), "{proxy:?}");
        let llm = OpenAi::builder()
            .base_url("https://model.test/v1") // a name that only the proxy knows
            .api_key("secret")
            .ca_file(&server.ca_file)
            .proxy(proxy)
            .build();
        assert_eq!(llm.acomplete("x").await.unwrap().text(), "over TLS");
        let expected = "CONNECT model.test:443 HTTP/1.1\r\nHost: model.test:443\r\nProxy-Authorization: Basic bWU6cEBzcw==\r\n\r\n";
        assert_eq!(*asked.borrow(), [expected]);
    });
}

#[test]
fn a_proxy_that_refuses_is_named() {
    run(async {
        let (port, _) = proxy(1, true).await;
        let llm = OpenAi::builder()
            .base_url("https://model.test/v1")
            .proxy(Proxy::new(&format!("127.0.0.1:{port}"), ""))
            .max_retries(0)
            .build();
        let text = llm.acomplete("x").await.unwrap_err().to_string();
        let expected = format!(
            "the proxy 127.0.0.1:{port} refuses to connect to model.test:443: HTTP/1.1 403 Forbidden"
        );
        assert!(text.contains(&expected), "{text}");
    });
}

#[test]
fn a_proxy_of_a_kind_that_is_not_supported_is_refused() {
    run(async {
        for server in ["socks5://127.0.0.1:1", "https://me:secret@127.0.0.1:1"] {
            let proxy = Proxy::new(server, "");
            let llm = OpenAi::builder()
                .base_url("https://model.test/v1")
                .proxy(proxy)
                .build();
            let text = llm.acomplete("x").await.unwrap_err().to_string();
            assert!(
                text.contains("HTTPS_PROXY") && text.contains("not supported"),
                "{text}"
            );
            assert!(!text.contains("secret"), "{text}");
        }
    });
}

#[test]
fn this_machine_is_connected_to_straight() {
    run(async {
        let server = Secure::start("localhost").await;
        let never = || Proxy::new("http://127.0.0.1:1", "");
        let llm = OpenAi::builder()
            .base_url(server.url("localhost"))
            .ca_file(&server.ca_file);
        assert_eq!(
            llm.proxy(never())
                .build()
                .acomplete("x")
                .await
                .unwrap()
                .text(),
            "over TLS"
        );
    });
}
