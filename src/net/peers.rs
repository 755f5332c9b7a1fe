//! How many connections each peer has, by its address: one peer must not take all places of a server.
//!
//! One lock guards the table, for a look and a change. The table has an entry only for peers that have a connection.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The network part of a global IPv6 address: a host, or a household, has all addresses behind it.
const NETWORK: u128 = !(u64::MAX as u128);

/// The connections of all peers of one server.
#[derive(Debug)]
pub(crate) struct Peers {
    most: usize,
    counts: Mutex<HashMap<IpAddr, usize>>,
}

/// The place of one connection, until it is dropped.
#[derive(Debug)]
pub(crate) struct PeerPlace {
    peer: IpAddr,
    peers: Arc<Peers>,
}

impl Peers {
    /// Each peer may have `most` connections.
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, counts: Mutex::default() })
    }

    /// A place for a connection of this peer, unless it has all that it may have.
    pub(crate) fn enter(self: &Arc<Self>, peer: SocketAddr) -> Option<PeerPlace> {
        let peer = known_as(peer.ip());
        let mut counts = self.counts();
        let count = counts.get(&peer).copied().unwrap_or_default();
        if count >= self.most {
            return None;
        }
        counts.insert(peer, count + 1);
        drop(counts);
        Some(PeerPlace { peer, peers: Arc::clone(self) })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for PeerPlace {
    fn drop(&mut self) {
        if let Entry::Occupied(mut count) = self.peers.counts().entry(self.peer) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

/// What a peer is counted by.
fn known_as(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if !v6.is_unicast_link_local() => Ipv6Addr::from_bits(v6.to_bits() & NETWORK).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::{Peers, known_as};
    use std::net::SocketAddr;

    #[test]
    fn a_peer_has_its_places_and_no_more() {
        let peers = Peers::new(2);
        let (one, other): (SocketAddr, SocketAddr) = ("192.0.2.1:1".parse().unwrap(), "192.0.2.2:1".parse().unwrap());
        let first = peers.enter(one).unwrap();
        let second = peers.enter("[::ffff:192.0.2.1]:2".parse().unwrap()).unwrap();
        assert!(peers.enter(one).is_none());
        let third = peers.enter(other).unwrap();
        drop(first);
        let again = peers.enter(one).unwrap();
        assert!(peers.enter(one).is_none());
        drop((second, third, again));
        assert!(peers.counts().is_empty());
        assert!(Peers::new(0).enter(one).is_none());
    }

    #[test]
    fn a_network_of_ipv6_is_one_peer() {
        let known = |address: &str| known_as(address.parse().unwrap()).to_string();
        assert_eq!(known("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(known("2001:db8:1:3::1"), "2001:db8:1:3::");
        // All hosts of a link have this network.
        assert_eq!(known("fe80::1"), "fe80::1");
        assert_eq!(known("::ffff:192.0.2.7"), "192.0.2.7");
    }
}
