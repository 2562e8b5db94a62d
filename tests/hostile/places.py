"""Where a stranger might send a node, and what would be got from going there.

Each row is an address, the range that refuses it, and why whoever names it in a peer
record, by a DNS name or by any other way would like it dialled.
"""

from __future__ import annotations

from typing import Final

Row = tuple[str, str, str]

HOME: Final[tuple[Row, ...]] = (
    ("127.0.0.1", "loopback", "the operator's own pages ask nobody else who they are"),
    ("127.0.0.53", "loopback", "the resolver of this machine"),
    ("127.255.255.254", "loopback", "all of 127/8 is this machine, to its last"),
    ("::1", "loopback", "the same in IPv6"),
    ("10.0.0.1", "private", "the router's own pages"),
    ("10.255.255.255", "private", "the last address of 10/8"),
    ("172.16.0.1", "private", "where containers' host is"),
    ("172.31.255.255", "private", "the last address of 172.16/12"),
    ("192.168.1.1", "private", "the router at home"),
    ("192.168.255.255", "private", "the last address of 192.168/16"),
    ("fc00::1", "private", "unique local, the half that nobody assigns"),
    ("fdff:ffff::1", "private", "unique local, the half that LANs use"),
    ("169.254.0.1", "link-local", "a machine without DHCP, such as a printer"),
    ("fe80::1", "link-local", "the router of every IPv6 LAN"),
    ("fe80::1%eth0", "link-local", "the same, by an interface of this machine"),
    ("febf::1", "link-local", "the end of fe80::/10"),
    ("100.64.0.1", "carrier-grade NAT", "the provider's own machines"),
    ("100.127.255.255", "carrier-grade NAT", "the last address of 100.64/10"),
)
"""Open to those who live there: a LAN's node may dial its neighbours."""

NOWHERE: Final[tuple[Row, ...]] = (
    ("0.0.0.0", "this network", "Linux takes it for loopback"),
    ("0.255.255.255", "this network", "the rest of 0/8, which some take so too"),
    ("169.254.169.254", "cloud metadata", "hands the machine's keys to who asks (AWS)"),
    ("169.254.170.2", "cloud metadata", "the keys of a container's role (ECS)"),
    ("100.100.100.200", "cloud metadata", "the same service at Alibaba, inside CGNAT"),
    ("168.63.129.16", "cloud metadata", "Azure's, at an address that looks public"),
    ("fd00:ec2::254", "cloud metadata", "AWS in IPv6, inside the LAN's own range"),
    ("fd20:ce::254", "cloud metadata", "Google's in IPv6, the same"),
    ("192.0.0.8", "protocol assignment", "a dummy that some stacks answer at"),
    ("192.0.0.192", "protocol assignment", "Oracle's old metadata service"),
    ("2001:1::1", "protocol assignment", "the nearest port-mapping server"),
    ("100::1", "protocol assignment", "discard-only: a dial that hangs"),
    ("5f00::1", "protocol assignment", "segment routing inside a provider"),
    ("192.0.2.1", "documentation", "an example, copied; some networks route it inside"),
    ("198.51.100.1", "documentation", "the second such range"),
    ("203.0.113.1", "documentation", "the third"),
    ("2001:db8::1", "documentation", "the same in IPv6"),
    ("3fff::1", "documentation", "its newer and larger one (RFC 9637)"),
    ("198.18.0.1", "benchmark", "test benches, and the fake addresses of VPN clients"),
    ("198.19.255.255", "benchmark", "the last address of 198.18/15"),
    ("2001:2::1", "benchmark", "the same in IPv6"),
    ("224.0.0.1", "multicast", "every machine of the LAN at once"),
    ("239.255.255.250", "multicast", "SSDP: every router that opens ports"),
    ("239.255.255.255", "multicast", "the last of 224/4"),
    ("ff02::1", "multicast", "every machine of the LAN, in IPv6"),
    ("ff0e::1", "multicast", "global, and `is_global` says yes to it"),
    ("240.0.0.1", "reserved", "clouds use it inside, since nobody has it outside"),
    ("255.255.255.255", "reserved", "broadcast"),
    ("192.88.99.1", "6to4", "the relay, which unwraps what we send"),
    ("2002:7f00:1::", "6to4", "carries 127.0.0.1, and a tunnel would unwrap it"),
    ("2002:a9fe:a9fe::", "6to4", "carries 169.254.169.254"),
    ("2002:808:808::", "6to4", "carries 8.8.8.8: no peer is behind 6to4 any more"),
    ("2001::1", "Teredo", "a tunnel through a server that the address names"),
    ("2001:0:808:808::80ff:fffe", "Teredo", "carries 127.0.0.1, inverted"),
    ("2001:0:808:808::5601:5601", "Teredo", "carries 169.254.169.254, inverted"),
    ("64:ff9b::7f00:1", "NAT64", "carries 127.0.0.1 to the translator's own loopback"),
    ("64:ff9b::a00:1", "NAT64", "carries 10.0.0.1, behind the translator"),
    ("64:ff9b::a9fe:a9fe", "NAT64", "carries 169.254.169.254"),
    ("64:ff9b:1::7f00:1", "NAT64", "the same with a prefix of the network's own"),
    ("64:ff9b:1:7f00:0:100::", "NAT64", "the same, the address wrapped by /48"),
    ("::ffff:127.0.0.1", "IPv4-mapped", "the kernel dials 127.0.0.1"),
    ("::ffff:169.254.169.254", "IPv4-mapped", "the kernel dials the metadata service"),
    ("::ffff:8.8.8.8", "IPv4-mapped", "public, but whoever means it can say 8.8.8.8"),
    ("::", "IPv4-compatible", "unspecified: Linux takes it for loopback"),
    ("::127.0.0.1", "IPv4-compatible", "IPv4 by the oldest of all tunnels"),
    ("::8.8.8.8", "IPv4-compatible", "the same"),
    ("fec0::1", "site-local", "old LANs still route it"),
    ("::ffff:0:127.0.0.1", "unassigned", "IPv4-translated (SIIT)"),
    ("1fff::1", "unassigned", "the last before what is assigned"),
    ("4000::1", "unassigned", "the first after it"),
    ("8000::1", "unassigned", "whoever routes it does so for themselves"),
    ("fe00::1", "unassigned", "between unique local and link-local"),
)
"""Closed to all: no peer is there, LAN or not."""

PUBLIC: Final[tuple[Row, ...]] = (
    ("1.1.1.1", "", "an ordinary address"),
    ("9.255.255.255", "", "just before 10/8"),
    ("11.0.0.0", "", "just after it"),
    ("100.63.255.255", "", "just before 100.64/10"),
    ("100.128.0.0", "", "just after it"),
    ("128.0.0.1", "", "just after 127/8"),
    ("169.253.255.255", "", "just before 169.254/16"),
    ("172.15.255.255", "", "just before 172.16/12"),
    ("172.32.0.0", "", "just after it"),
    ("192.167.255.255", "", "just before 192.168/16"),
    ("192.0.1.1", "", "between two ranges of 192.0/16"),
    ("198.17.255.255", "", "just before 198.18/15"),
    ("198.20.0.0", "", "just after it"),
    ("223.255.255.255", "", "just before multicast"),
    ("2001:200::1", "", "just after 2001::/23"),
    ("2003::1", "", "just after 2002::/16"),
    ("2606:4700:4700::1111", "", "an ordinary address"),
    ("2a00::1", "", "an ordinary address"),
    ("3ffe::1", "", "just before 3fff::/20"),
)
"""Open: peers are there, and a rule that is too wide would lose them."""
