"""Addresses on the wire and the networks they stand in: /24 of IPv4, /56 of IPv6.

Rules:
- Whoever owns one address of a network is taken to own all of it: tables, lookups, quotas and rates count networks.
- Loopback and private networks may be exempt from this counting (`exempt_local`): one household has many nodes there,
  and each address with its port counts as a source.
"""

from __future__ import annotations

import functools
import ipaddress
from typing import Final

from slskmesh.errors import PeerError

Address = tuple[str, int]  # a numeric host without scope, and a port

PACKED: Final = (6, 18)  # bytes of a packed address of IPv4, of IPv6


@functools.lru_cache(4096)
def _parsed(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    ip = ipaddress.ip_address(host.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        return ip.ipv4_mapped
    return ip


def plain(address: Address) -> Address:
    """`address` with IPv4-mapped IPv6 as IPv4 and no scope. ValueError: the host is not numeric."""
    return str(_parsed(address[0])), address[1]


def is_v6(host: str) -> bool:
    """Whether a plain numeric host is of IPv6."""
    return ":" in host


def text(address: Address) -> str:
    """ "host:port", IPv6 in brackets."""
    return f"[{address[0]}]:{address[1]}" if is_v6(address[0]) else f"{address[0]}:{address[1]}"


def pack(address: Address) -> bytes:
    """6 bytes (IPv4) or 18 (IPv6): the host, then the port big-endian. ValueError: the host is not numeric."""
    return _parsed(address[0]).packed + address[1].to_bytes(2, "big")


def unpack(data: bytes) -> Address:
    """The address of `pack`. PeerError("bad-endpoint"): a wrong length or an address nobody can answer at."""
    if len(data) not in PACKED:
        raise PeerError("bad-endpoint", f"an endpoint of {len(data)} bytes")
    ip = ipaddress.ip_address(data[:-2])
    port = int.from_bytes(data[-2:], "big")
    mapped = isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None
    if port == 0 or ip.is_multicast or ip.is_unspecified or mapped or str(ip) == "255.255.255.255":
        raise PeerError("bad-endpoint", "an endpoint that nobody can answer at")
    return str(ip), port


@functools.lru_cache(4096)
def network_of(host: str) -> bytes:
    """The network `host` stands in: 3 bytes for a /24 of IPv4, 7 for a /56 of IPv6."""
    ip = _parsed(host)
    return ip.packed[:3] if ip.version == 4 else ip.packed[:7]


@functools.lru_cache(4096)
def is_local(host: str) -> bool:
    """Loopback, link-local and private addresses, where one network is one household."""
    ip = _parsed(host)
    return ip.is_loopback or ip.is_private or ip.is_link_local


def voice(host: str, port: int, counted: bool) -> bytes:
    """Who speaks from an address: its network where networks are `counted`, else the address alone."""
    return network_of(host) if counted else pack((host, port))
