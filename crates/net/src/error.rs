use std::net::IpAddr;

/// Why a fetch failed, or which rule refused it. The messages are for people and models.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// Not a URL.
    #[error("\"{url}\" is not a URL: {reason}. Give a whole one, like https://example.org/page")]
    Url {
        /// As it was given, cut to 200 characters.
        url: String,
        /// What the parser said.
        reason: String,
    },
    /// Neither http nor https.
    #[error("only http and https can be fetched, not {0}")]
    Scheme(String),
    /// `user:password@`.
    #[error("a URL with a user name or password in it is refused")]
    Userinfo,
    /// A port that no web server listens on.
    #[error("port {0} is refused: 80, 443 and most ports from 1024 on can be fetched")]
    Port(u16),
    /// An address that is not public.
    #[error("{host} is refused: its address {address} is not public ({range})")]
    Address {
        /// The host of the URL.
        host: String,
        /// What it resolves to.
        address: IpAddr,
        /// The range that forbids it.
        range: &'static str,
    },
    /// The name has no address.
    #[error("the name {0} does not resolve; check its spelling")]
    Resolve(String),
    /// One more than the cap.
    #[error("more than {0} redirects")]
    Redirects(usize),
    /// A redirect to what can't be fetched.
    #[error("redirected to where it may not go: {0}")]
    Redirect(Box<NetError>),
    /// A redirect would carry the body to another site.
    #[error("the answer redirects a request with a body to another site, {0}; it is not followed")]
    RedirectedBody(String),
    /// Over the time cap.
    #[error("no complete answer within {0} seconds")]
    Timeout(u64),
    /// As many bytes as may be went through a proxy.
    #[error("nothing more can be loaded: {} MB were, which is all that may be", .0 >> 20)]
    Spent(u64),
    /// No connection, or no valid certificate.
    #[error("no connection to {host}: {reason}")]
    Connect {
        /// The host of the URL.
        host: String,
        /// The innermost cause.
        reason: String,
    },
    /// The answer broke off or isn't HTTP.
    #[error("the answer of {host} can't be read: {reason}")]
    Answer {
        /// The host of the URL.
        host: String,
        /// The innermost cause.
        reason: String,
    },
}

impl NetError {
    /// Whether a rule said no, and not the network.
    pub const fn is_refusal(&self) -> bool {
        !matches!(
            self,
            Self::Resolve(_)
                | Self::Redirects(_)
                | Self::Timeout(_)
                | Self::Connect { .. }
                | Self::Answer { .. }
        )
    }
}
