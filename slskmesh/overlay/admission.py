"""Who may knock: bounds on connections before they cost a TLS handshake (about a millisecond each). Pure.

Half-open counts hold from accept until the session is up. One host is an IPv4 address or an IPv6 /64, which any single
subscriber has to choose addresses from; neighbours are grouped by /24 and /48. Loopback is not grouped: there all
peers share one address.
"""

from __future__ import annotations

import ipaddress
from collections import Counter

import msgspec

from slskmesh.errors import PeerError


class Limits(msgspec.Struct, frozen=True):
    """Connections at once (research p2p.md 4.3)."""

    half_open: int = 64
    half_open_ip: int = 4
    half_open_net: int = 16
    sessions: int = 64
    sessions_ip: int = 8


def host_of(ip: str) -> str:
    """The address or /64 that one host is taken to have."""
    address = _address(ip)
    return str(address) if address.version == 4 else _network(address, 64)


def network_of(ip: str) -> str:
    """The /24 or /48 an address belongs to."""
    address = _address(ip)
    return _network(address, 24 if address.version == 4 else 48)


def is_loopback(ip: str) -> bool:
    """Whether the address is this machine's own."""
    return _address(ip).is_loopback


def _address(ip: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    address = ipaddress.ip_address(ip.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def _network(address: ipaddress.IPv4Address | ipaddress.IPv6Address, prefix: int) -> str:
    return str(ipaddress.ip_network((address, prefix), strict=False))


class Admission:
    """Counts connections; a refusal is a PeerError "full" without blame."""

    def __init__(self, bounds: Limits) -> None:
        self._bounds = bounds
        self._half_open: Counter[str] = Counter()
        self._half_open_nets: Counter[str] = Counter()
        self._open: Counter[str] = Counter()

    def check(self, ip: str) -> None:
        """PeerError "full" if this address has its share of connections already."""
        bounds = self._bounds
        if is_loopback(ip):
            return
        host = host_of(ip)
        if self._half_open[host] >= bounds.half_open_ip:
            raise PeerError("full", f"too many connections are being opened from {host}", blame=False)
        if self._half_open_nets[network_of(ip)] >= bounds.half_open_net:
            raise PeerError(
                "full", f"too many connections are being opened from {network_of(ip)}", blame=False
            )
        if self._open[host] >= bounds.sessions_ip:
            raise PeerError("full", f"too many sessions with {host}", blame=False)

    @property
    def crowded(self) -> bool:
        """As many connections are being opened as there may be."""
        return self._half_open.total() >= self._bounds.half_open

    def knock(self, ip: str) -> None:
        """A connection was accepted; every knock that does not raise needs one `leave`."""
        if self.crowded:
            raise PeerError("full", "too many connections are being opened", blame=False)
        self.check(ip)
        self._half_open[host_of(ip)] += 1
        self._half_open_nets[network_of(ip)] += 1

    def leave(self, ip: str) -> None:
        """The handshake is over, well or badly."""
        for counter, key in ((self._half_open, host_of(ip)), (self._half_open_nets, network_of(ip))):
            counter[key] -= 1
            if not counter[key]:
                del counter[key]

    def enter(self, ip: str) -> None:
        """A session opened; needs one `exit`. PeerError "full" over the bound."""
        if self._open.total() >= self._bounds.sessions:
            raise PeerError("full", "no free session", blame=False)
        self._open[host_of(ip)] += 1

    def exit(self, ip: str) -> None:
        """A session ended."""
        host = host_of(ip)
        self._open[host] -= 1
        if not self._open[host]:
            del self._open[host]

    @property
    def half_open(self) -> int:
        """Connections between accept and Hello."""
        return self._half_open.total()
