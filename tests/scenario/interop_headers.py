"""scapy as a peer for what is not the plain UDP packet: headers with options, routers and NATs under way,
other payloads, padding for traffic flow confidentiality, dummy packets.

In AH the sender tells fields that change under way from those that do not, and both sides must agree
(RFC 4302 §3.3.3.1, Appendix A); here every packet passes routers, which change all that they may.

 scapy 2.5.0                                           here
 AH with an IPv4 source route covers the first         RFC 4302 Appendix A1: the destination is "mutable but
   destination, not the last                             predictable"; esplab -> scapy alone
 AH sent with an IPv6 routing header rearranges        nothing is to be rearranged; esplab -> scapy alone
   addresses though no segment is left
 an IPv4 timestamp option holds one timestamp; what    an option with one timestamp
   follows counts as another option
 IPv6 destination options stay before AH and ESP even  both places are allowed (RFC 4302 §3.1.1); the bytes
   without a routing header                              are not compared
 a decrypted packet keeps TFC padding                  compared with zeros behind it (RFC 4303 §2.7)
 behind a NAT, TCP and UDP checksums stay as they      scapy -> esplab alone (RFC 3948 §3.1.2)
   were
"""
import functools
import ipaddress
import struct

import interop_kit
from interop_kit import ip_packet
from interop_scapy import HIGH, Exchange, Peer

TRANSFORMS = {"esp-gcm 128", "esp-aes 256 esp-sha384-hmac", "ah-sha-hmac", "ah-sha256-hmac"}
LAST = {4: ipaddress.ip_address("10.3.0.9").packed, 6: ipaddress.ip_address("2001:db8:cccc::9").packed}
BETWEEN = {4: ipaddress.ip_address("10.2.0.254").packed, 6: ipaddress.ip_address("2001:db8:dddd::fe").packed}
ROUTER_ALERT = b"\x94\x04\0\0"  # RFC 2113, immutable
RECORD_ROUTE = b"\x07\x07\x04\0\0\0\0\0"  # RFC 791 §3.1, mutable
TIMESTAMP = b"\x44\x08\x05\0\1\2\3\4"  # mutable
SECURITY = b"\x82\x0b" + b"\x06\xf1\x35\xf1\x35\0\0\0\x05" + b"\x01"  # immutable, and a NOP
ROUTE_DONE = b"\x83\x07\x08" + BETWEEN[4] + b"\x01"
ROUTE_OPEN = b"\x83\x07\x04" + LAST[4] + b"\x01"
IPV4_OPTIONS = (ROUTER_ALERT, RECORD_ROUTE, TIMESTAMP, SECURITY, ROUTE_DONE, ROUTER_ALERT + RECORD_ROUTE)
HOP_BY_HOP, ROUTING, OPTIONS = 0, 43, 60
ALERT6 = b"\x05\x02\0\0\x01\0"  # RFC 2711 and PadN
MUTABLE6 = b"\x3e\x04\1\2\3\4"
ROUTE6_DONE = b"\0\0\0\0\0\0" + BETWEEN[6]
ROUTE6_OPEN = b"\0\1\0\0\0\0" + LAST[6]


def chain(*headers):
    """IPv6 extension headers, each a type and its bytes behind the length; UDP follows."""
    data, following = b"", 17
    for kind, body in reversed(headers):
        data = bytes([following, (len(body) + 2) // 8 - 1]) + body + data
        following = kind
    return following, data


IPV6_CHAINS = (
    chain((HOP_BY_HOP, ALERT6)), chain((HOP_BY_HOP, MUTABLE6)), chain((ROUTING, ROUTE6_DONE)),
    chain((ROUTING, ROUTE6_OPEN)), chain((HOP_BY_HOP, MUTABLE6), (OPTIONS, ALERT6), (ROUTING, ROUTE6_DONE)),
    chain((HOP_BY_HOP, ALERT6), (ROUTING, ROUTE6_OPEN), (OPTIONS, MUTABLE6)),
)
OPTIONS_ALONE = chain((OPTIONS, MUTABLE6))


def mend(packet):
    """IPv4 with a right header checksum."""
    size = (packet[0] & 15) * 4
    check = interop_kit.checksum(packet[:10] + b"\0\0" + packet[12:size])
    return packet[:10] + struct.pack("!H", check) + packet[12:]


def hop(packet):
    """The packet behind the routers: DSCP, TTL, checksum; class, flow label, hop limit."""
    if packet[0] >> 4 == 6:
        return b"\x60\x1f\xed\xcb" + packet[4:7] + bytes([packet[7] - 3]) + packet[8:]
    return mend(packet[:1] + b"\x48" + packet[2:8] + bytes([packet[8] - 3]) + packet[9:])


def walk(packet):
    """Behind the last router of a source route: it puts the destination in."""
    packet = hop(packet)
    if packet[0] >> 4 == 4:
        at = packet.index(ROUTE_OPEN)
        return mend(packet[:16] + LAST[4] + packet[20:at + 2] + b"\x08" + BETWEEN[4] + packet[at + 7:])
    at = packet.find(ROUTE6_OPEN)
    if at < 0:
        return packet
    return packet[:24] + LAST[6] + packet[40:at + 1] + b"\0" + packet[at + 2:at + 6] + packet[24:40] + packet[
        at + 22:]


def nat(packet, source):
    """The source address and port of the UDP header outside."""
    if packet[0] >> 4 == 6:
        packet = packet[:8] + source + packet[24:]
        return packet[:40] + b"\xc3\x50" + packet[42:]
    return mend(packet[:12] + source + packet[16:20] + b"\xc3\x50" + packet[22:])


def l4_packet(version, proto, body, check_at, source=None):
    """With the right checksum of TCP, UDP or ICMPv6 at check_at; None: as it is."""
    packet = ip_packet(version, body, proto)
    if source:
        six = packet[:8] + source + packet[24:]
        packet = six if version == 6 else mend(packet[:12] + source + packet[16:])
    if check_at is None:
        return packet
    size = interop_kit.HEADER[version]
    addresses = packet[8:40] if version == 6 else packet[12:20]
    pseudo = addresses + struct.pack("!II", len(body), proto)
    check = interop_kit.checksum(pseudo + body) or (0xffff if proto == 17 else 0)
    return packet[:size + check_at] + struct.pack("!H", check) + packet[size + check_at + 2:]


def payloads(version, source=None):
    """TCP, UDP with and without checksum, and another protocol, at odd and even lengths."""
    make = functools.partial(l4_packet, version, source=source)
    tcp = struct.pack("!HHIIHHHH", 40000, 179, 1, 2, 0x5018, 8192, 0, 0)
    for size in (0, 1, 1400, 1401):
        data = interop_kit.derived("payload", size)
        yield make(6, tcp + data, 16)
        yield make(17, struct.pack("!HHHH", 1, 2, 8 + size, 0) + data, 6)
        yield make(132, data + b"any", None)
        if version == 4:
            yield make(17, struct.pack("!HHHH", 1, 2, 8 + size, 0) + data, None)


class Headers(Exchange):
    """One packet both ways, with what happens under way."""

    def both(self, sa, inner, way=hop, same=True, back=True):
        seq = HIGH + 9 if sa.shape.esn else 9
        wanted = way(inner) if sa.shape.transport else inner
        protected = self.codec.protect(sa, inner, seq)
        peer = Peer(sa, seq, protected)
        got = peer.decrypt(way(protected))
        self.check("esplab -> scapy", got == wanted,
                   f"{sa}: scapy gets {got and got.hex()} of {wanted.hex()}")
        if same:
            self.same_bytes(sa, peer, protected, inner, seq)
        if back:
            theirs = peer.encrypt(inner, seq, interop_kit.derived(f"back {sa}", sa.transform["iv"]))
            self.to_esplab(sa, way(theirs), wanted, seq, seq - 1)

    def options4(self, sa, datagram, scapy_sends):
        for options in IPV4_OPTIONS:
            self.both(sa, ip_packet(4, datagram, 17, options))
        if sa.shape.transport:
            self.both(sa, ip_packet(4, datagram, 17, ROUTE_OPEN), walk, scapy_sends, scapy_sends)

    def options6(self, sa, datagram, scapy_sends):
        way = walk if sa.shape.transport else hop
        for first, headers in IPV6_CHAINS:
            sends = scapy_sends or ROUTE6_DONE not in headers
            self.both(sa, ip_packet(6, datagram, first, headers), way, sends, sends)
        self.both(sa, ip_packet(6, datagram, *OPTIONS_ALONE), same=not sa.shape.transport)

    def options(self, sa):
        datagram = interop_kit.udp_datagram(sa.shape.inner, 77, "options")
        scapy_sends = sa.transform["proto"] == "ESP" or not sa.shape.transport
        (self.options4 if sa.shape.inner == 4 else self.options6)(sa, datagram, scapy_sends)

    def behind_nat(self, sa):
        """The addresses that TCP and UDP have summed up are others now."""
        source = BETWEEN[sa.shape.outer]
        for inner, wanted in zip(payloads(sa.shape.inner), payloads(sa.shape.inner, source)):
            iv = interop_kit.derived(f"nat {sa}", sa.transform["iv"])
            theirs = Peer(sa, 9, b"").encrypt(inner, 9, iv)
            self.to_esplab(sa, nat(theirs, source), wanted, 9, 0)

    def confidential(self, sa):
        """TFC padding (RFC 4303 §2.7) and dummy packets (§2.6)."""
        inner = interop_kit.udp_packet(sa.shape.inner, 100)
        protected = self.codec.protect(sa, inner, 9, tfc=1000)
        peer = Peer(sa, 9, protected)
        self.check("esplab -> scapy", peer.decrypt(protected) == inner + bytes(900), f"{sa}: TFC to scapy")
        theirs = peer.encrypt(inner + bytes(333), 9, interop_kit.derived(f"tfc {sa}", sa.transform["iv"]))
        self.to_esplab(sa, theirs, inner, 9, 0)

    def dummy(self, sa):
        packet = ip_packet(sa.shape.inner, interop_kit.derived("dummy", 55), 59)
        theirs = Peer(sa, 9, b"").encrypt(packet, 9, interop_kit.derived("dummy", sa.transform["iv"]))
        verdict = self.codec.open(sa, theirs)[0]
        self.check("refused", verdict == "dummy_packet", f"{sa}: esplab says {verdict} to a dummy packet")

    def shape(self, sa):
        shape = sa.shape
        if not shape.natt:
            self.options(sa)
        if shape.transport:
            for inner in payloads(shape.inner):
                self.both(sa, inner)
        if shape.transport and shape.natt and not shape.esn:
            self.behind_nat(sa)
        if sa.transform["proto"] == "ESP" and not shape.esn:
            (self.dummy if shape.transport else self.confidential)(sa)
        self.counts["SAs"] += 1


def run(scenario, codec):
    headers = Headers(scenario, codec)
    found = [transform for transform in codec.transforms() if transform["words"] in TRANSFORMS]
    scenario.equal(len(found), len(TRANSFORMS), "transforms for headers and payloads")
    for number, transform in enumerate(found):
        for n, shape in enumerate(interop_kit.shapes(transform["proto"])):
            headers.shape(interop_kit.Sa(transform, shape, 0x1000 + 64 * number + n))
    print("scapy, with options, payloads and changes under way: "
          + ", ".join(f"{count} {what}" for what, count in headers.counts.items()))
