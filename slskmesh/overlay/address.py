"""Addresses as people and peers write them: "host:port", "[v6]:port"."""

from __future__ import annotations

import ipaddress
import re
import socket

from slskmesh.errors import UserError
from slskmesh.text import sanitize

# A label the resolver refuses to encode is an error of its own kind there, so none gets that far.
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_PORT = re.compile(r"[0-9]{1,5}")
_SCOPE = re.compile(r"[A-Za-z0-9_.-]{0,32}")  # the interface of a link-local address
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*\Z")


def split_address(text: str) -> tuple[str, int]:
    """(host, port) of "host:port" or "[v6]:port"; UserError says what is wrong with it."""
    host, colon, port = text.strip().rpartition(":")
    if not colon or not _PORT.fullmatch(port) or int(port) > 65535:
        raise UserError(f"“{sanitize(text, 80)}” is not host:port (a port is a number from 0 to 65535)")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        if not _is_ipv6(host):
            raise UserError(f"“{sanitize(host, 80)}” is not an IPv6 address")
    elif not _HOST.match(host):
        raise UserError(
            f"“{sanitize(host, 80)}” is not a host name or address (IPv6 goes in square brackets)"
        )
    return host, int(port)


def _is_ipv6(host: str) -> bool:
    address, _, scope = host.partition("%")
    try:
        ipaddress.IPv6Address(address)
    except ValueError:
        return False
    return _SCOPE.fullmatch(scope) is not None


def join_address(host: str, port: int) -> str:
    """Text form; IPv6 in brackets, IPv4-mapped IPv6 as plain IPv4."""
    try:
        ip = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return f"{host}:{port}"
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        return f"{ip.ipv4_mapped}:{port}"
    return f"[{host}]:{port}" if ip.version == 6 else f"{host}:{port}"


def own_addresses(host: str, port: int) -> list[str]:
    """Where others may reach a listener bound to `host`: itself, or for a wildcard the machine's outgoing addresses.

    Finding the outgoing address sends nothing: a datagram socket is only pointed at a documentation address.
    """
    if host not in ("0.0.0.0", "::", ""):
        return [join_address(host, port)]
    found: list[str] = []
    probes = [(socket.AF_INET, "192.0.2.1")]
    if host != "0.0.0.0":
        probes.append((socket.AF_INET6, "2001:db8::1"))
    for family, target in probes:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((target, 9))
                found.append(join_address(probe.getsockname()[0], port))
        except OSError:
            continue  # no route of this family
    return found or [join_address("127.0.0.1", port)]
