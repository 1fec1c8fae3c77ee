//! What a client is made of.
//!
//! **Invariant:** building does not fail: what makes no sense is said by the
//! first question, as everything else that goes wrong is.

use std::cell::RefCell;
use std::env;
use std::fmt;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use first_programs::tell;
use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use serde_json::{Map, Value, json};

use super::{Base, Inner, OpenAi};
use crate::http::{Http, Proxy, Settings, Url};
use crate::notice::{Notice, Notify};

/// The model that is asked where none is named: the embedded server's own, or
/// the one of the page that these programs follow.
const EMBEDDED_MODEL: &str = "demo-ngram";
const USUAL_MODEL: &str = "gpt-4";
const EMBEDDING_MODEL: &str = "text-embedding-3-small";

/// Makes an [`OpenAi`].
///
/// ```
/// use llm_demo::OpenAi;
/// use std::time::Duration;
///
/// let llm = OpenAi::builder()
///     .base_url("http://127.0.0.1:8080/v1")
///     .api_key("no one sees this")
///     .model("gpt-4")
///     .idle_timeout(Duration::from_secs(10))
///     .build();
/// assert!(!format!("{llm:?}").contains("sees"));
/// ```
#[derive(Clone)]
#[must_use = "call `build` on it"]
pub struct Builder {
    base_url: Option<String>,
    api_key: Option<String>,
    organization: Option<String>,
    project: Option<String>,
    model: Option<String>,
    embedding_model: Option<String>,
    options: Map<String, Value>,
    max_retries: u32,
    total: Option<Duration>,
    settings: Settings,
    notify: Notify,
    chance: fastrand::Rng,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("base_url", &self.base_url)
            .field("model", &self.model)
            .finish_non_exhaustive() // above all not the key
    }
}

impl Builder {
    pub(super) fn new() -> Self {
        Builder {
            base_url: None,
            api_key: None,
            organization: None,
            project: None,
            model: None,
            embedding_model: None,
            options: Map::new(),
            max_retries: 2,
            total: None,
            settings: Settings::default(),
            notify: Notify::new(show_retries),
            chance: fastrand::Rng::new(),
        }
    }

    /// Starts from what the environment says; see [`OpenAi::from_env`].
    pub fn from_env() -> Self {
        let mut builder = Builder::new();
        builder.base_url = var("OPENAI_BASE_URL").or_else(|| var("OPENAI_API_BASE"));
        builder.api_key = var("OPENAI_API_KEY");
        builder.organization = var("OPENAI_ORG_ID");
        builder.project = var("OPENAI_PROJECT_ID");
        builder.model = var("OPENAI_MODEL");
        builder.settings.proxy = Proxy::from_env();
        builder
    }

    /// Where the API is, up to and with `/v1`.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// The key. It is sent to the server and shown nowhere.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = Some(key.into());
        self
    }

    /// The model to ask.
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// The model that makes embeddings.
    pub fn embedding_model(mut self, model: impl Into<String>) -> Self {
        self.embedding_model = Some(model.into());
        self
    }

    /// One more field of every chat request, such as `temperature`.
    pub fn option(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.options.insert(name.into(), value.into());
        self
    }

    /// The functions that the model may call, as the API has them.
    pub fn tools(self, tools: impl Into<Value>) -> Self {
        self.option("tools", tools)
    }

    /// Makes answers the same each time, as far as the server can, and the
    /// waits of this client too.
    pub fn seed(mut self, seed: u64) -> Self {
        self.chance = fastrand::Rng::with_seed(seed);
        self.option("seed", json!(seed))
    }

    /// How often a request that failed is sent again; 2 if not said.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// How long a connection may take; 5 seconds if not said.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.settings.timeouts.connect = limit;
        self
    }

    /// How long the head of an answer may take; 60 seconds if not said.
    pub fn first_byte_timeout(mut self, limit: Duration) -> Self {
        self.settings.timeouts.first_byte = limit;
        self
    }

    /// How long an answer may stall; 60 seconds if not said. Any bytes start
    /// it anew, a comment that keeps the connection alive too.
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.settings.timeouts.idle = limit;
        self
    }

    /// How long all of it may take, retries and stream; forever if not said.
    pub fn total_timeout(mut self, limit: Duration) -> Self {
        self.total = Some(limit);
        self
    }

    /// The way to `https` origins.
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.settings.proxy = proxy;
        self
    }

    /// A file of certificates to trust in place of the machine's.
    pub fn ca_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.settings.ca_file = Some(file.into());
        self
    }

    /// Receives the client's notices. If it is not set, retries are
    /// announced on stderr.
    pub fn notices(mut self, hear: impl Fn(&Notice) + 'static) -> Self {
        self.notify = Notify::new(hear);
        self
    }

    /// Returns whether there is a key without a server to send it to.
    pub(crate) fn has_unused_key(&self) -> bool {
        self.api_key.is_some() && self.base_url.is_none()
    }

    /// The client.
    pub fn build(self) -> OpenAi {
        let (base, usual_model) = match &self.base_url {
            None => (Base::Embedded, EMBEDDED_MODEL),
            Some(url) => (read_url(url), USUAL_MODEL),
        };
        let (base, headers) = match self.headers() {
            Ok(headers) => (base, headers),
            Err(why) => (Base::Bad(why), HeaderMap::new()),
        };
        let or = |name: Option<String>, usual: &str| name.unwrap_or_else(|| usual.into());
        OpenAi {
            inner: Rc::new(Inner {
                base,
                headers,
                model: or(self.model, usual_model),
                embedding_model: or(self.embedding_model, EMBEDDING_MODEL),
                options: self.options,
                max_retries: self.max_retries,
                total: self.total,
                http: Http::new(self.settings),
                notify: self.notify,
                chance: RefCell::new(self.chance),
            }),
        }
    }

    fn headers(&self) -> Result<HeaderMap, String> {
        let agent = concat!("llm-demo/", env!("CARGO_PKG_VERSION"));
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let bearer = self
            .api_key
            .as_ref()
            .map(|key| format!("Bearer {}", key.trim()));
        let more = [
            (AUTHORIZATION, "OPENAI_API_KEY", bearer.as_ref()),
            (
                HeaderName::from_static("openai-organization"),
                "OPENAI_ORG_ID",
                self.organization.as_ref(),
            ),
            (
                HeaderName::from_static("openai-project"),
                "OPENAI_PROJECT_ID",
                self.project.as_ref(),
            ),
        ];
        for (name, variable, value) in more {
            let Some(value) = value else { continue };
            let mut value = HeaderValue::from_str(value)
                .map_err(|_| format!("{variable} has characters that cannot be sent"))?;
            value.set_sensitive(name == AUTHORIZATION);
            headers.insert(name, value);
        }
        Ok(headers)
    }
}

fn read_url(url: &str) -> Base {
    match url.parse::<Url>() {
        Ok(url) => Base::Url(url),
        Err(error) => Base::Bad(format!("--base-url or OPENAI_BASE_URL: {error}")),
    }
}

/// A variable that says something.
fn var(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.trim().is_empty())
}

fn show_retries(notice: &Notice) {
    if let Notice::Retry {
        connected: true, ..
    } = notice
    {
        tell(format_args!("{notice}"));
    }
}
