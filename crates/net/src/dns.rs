use crate::{NetError, address};
use async_trait::async_trait;
use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

/// Resolves names; a trait so that tests can change the answer between two questions.
#[async_trait]
pub trait Dns: Send + Sync {
    /// All addresses of a name.
    async fn resolve(&self, host: &str) -> std::io::Result<Vec<IpAddr>>;
}

/// The operating system's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemDns;

#[async_trait]
impl Dns for SystemDns {
    async fn resolve(&self, host: &str) -> std::io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// Stands between names and connections: what it lets through is what the connection is made to.
pub(crate) struct VettedDns {
    pub dns: Arc<dyn Dns>,
    pub allow: Arc<[IpNet]>,
}

impl Resolve for VettedDns {
    fn resolve(&self, name: Name) -> Resolving {
        let (dns, allow) = (self.dns.clone(), self.allow.clone());
        Box::pin(async move {
            let addresses = vetted(&*dns, name.as_str(), &allow).await?;
            let addresses: Addrs = Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

/// All addresses of a name; one that is not public refuses the name as a whole.
pub(crate) async fn vetted(dns: &dyn Dns, host: &str, allow: &[IpNet]) -> Result<Vec<IpAddr>, NetError> {
    let bare = host.trim_end_matches('.').to_ascii_lowercase();
    // RFC 6761: these names are this machine, whatever a name server says.
    let found = if bare == "localhost" || bare.ends_with(".localhost") {
        vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
    } else {
        dns.resolve(host).await.map_err(|_| NetError::Resolve(host.to_owned()))?
    };
    if found.is_empty() {
        return Err(NetError::Resolve(host.to_owned()));
    }
    for &address in &found {
        if let Some(range) = address::refused_unless(address, allow) {
            return Err(NetError::Address { host: host.to_owned(), address, range });
        }
    }
    Ok(found)
}
