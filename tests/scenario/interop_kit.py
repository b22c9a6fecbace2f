"""What the peers of interop.py share: the codec under test, SAs with their keys, and packets made by hand.

Nothing here is random: keys and packets follow from the names of what they are for.
"""
import collections
import hashlib
import itertools
import ipaddress
import json
import struct
import subprocess

UDP_NATT = 4500  # RFC 3948
TUNNEL_ENDS = {4: ("192.0.2.1", "192.0.2.2"), 6: ("2001:db8::1", "2001:db8::2")}
HOSTS = {4: ("10.1.0.5", "10.2.0.7"), 6: ("2001:db8:aaaa::5", "2001:db8:bbbb::7")}
HEADER = {4: 20, 6: 40}

Shape = collections.namedtuple("Shape", "inner outer transport natt esn align4")


def shapes(proto, esn=(False, True)):
    """All that the protocol allows: families inside and outside, mode, NAT-T, ESN, padding of AH."""
    for inner, outer, transport, natt, high, align4 in itertools.product(
            (4, 6), (4, 6), (False, True), (False, True), esn, (True, False)):
        if transport and inner != outer:
            continue
        if natt and proto == "AH" or not align4 and (proto == "ESP" or outer == 6):
            continue
        yield Shape(inner, outer, transport, natt, high, align4)


def derived(text, count):
    """As many bytes as asked for, always the same for the same text."""
    return hashlib.shake_128(text.encode()).digest(count)


class Sa:
    """One SA: a transform (a row of the codec's list) in a shape."""

    def __init__(self, transform, shape, spi):
        self.transform = transform
        self.shape = shape
        self.spi = spi
        name = f"{transform['words']} {tuple(shape)}"
        self.key = derived(name + " cipher", transform["key"])
        self.auth_key = derived(name + " auth", transform["auth_key"])
        self.src, self.dst = (HOSTS if shape.transport else TUNNEL_ENDS)[shape.outer]

    def __str__(self):
        shape = self.shape
        words = [self.transform["words"], "transport" if shape.transport else "tunnel",
                 f"IPv{shape.inner} in IPv{shape.outer}", "NAT-T" * shape.natt, "ESN" * shape.esn,
                 "" if shape.align4 else "to 8 bytes"]
        return ", ".join(word for word in words if word)

    def request(self):
        return {"transform": self.transform["words"], "key": self.key.hex(), "auth_key": self.auth_key.hex(),
                "spi": self.spi, "src": self.src, "dst": self.dst, "transport": self.shape.transport,
                "natt": self.shape.natt, "esn": self.shape.esn, "align4": self.shape.align4}


class Codec:
    """The program `interop`: esplab's codec behind pipes."""

    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the codec ended at {request}")
        return json.loads(line)

    def transforms(self):
        return self.ask(do="list")["transforms"]

    def protect(self, sa, packet, seq, tfc=0):
        """The protected packet, None where it is refused."""
        reply = self.ask(do="protect", seq=seq, packet=packet.hex(), tfc=tfc, **sa.request())
        return bytes.fromhex(reply["packet"]) if reply.get("verdict") == "ok" else None

    def open(self, sa, packet, edge=0):
        """Verdict, the 64-bit number, inner packet; the verdict alone is not None where it is not "ok"."""
        reply = self.ask(do="open", edge=edge, packet=packet.hex(), **sa.request())
        inner = bytes.fromhex(reply["packet"]) if "packet" in reply else None
        return reply.get("verdict", reply.get("error")), reply.get("seq"), inner

    def close(self):
        """Its exit status; sanitizers speak up here."""
        self.process.stdin.close()
        return self.process.wait()


def checksum(data):
    """RFC 1071."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def udp_checksum(version, addresses, datagram):
    """Of a datagram whose checksum field is zero (RFC 768, RFC 8200 §8.1); addresses: both, in bytes."""
    if version == 4:
        pseudo = addresses + struct.pack("!BBH", 0, 17, len(datagram))
    else:
        pseudo = addresses + struct.pack("!II", len(datagram), 17)
    return checksum(pseudo + datagram) or 0xffff


def ip_packet(version, payload, proto, between=b""):
    """A packet between the hosts; between: IPv4 options, or IPv6 extension headers whose first is `proto`."""
    addresses = b"".join(ipaddress.ip_address(host).packed for host in HOSTS[version])
    if version == 6:
        head = struct.pack("!IHBB", 0x6b812345, len(between) + len(payload), proto, 61)
        return head + addresses + between + payload
    size = 20 + len(between)
    head = struct.pack("!BBHHHBBH", 0x40 | size // 4, 0xb8, size + len(payload), 0x1234, 0x4000, 61, proto, 0)
    check = checksum(head + addresses + between)
    return head[:10] + struct.pack("!H", check) + addresses + between + payload


def udp_datagram(version, size, text):
    """size counts the UDP header."""
    addresses = b"".join(ipaddress.ip_address(host).packed for host in HOSTS[version])
    head = struct.pack("!HHHH", 40000, 40001, size, 0)
    datagram = head + derived(text, size - 8)
    return datagram[:6] + struct.pack("!H", udp_checksum(version, addresses, datagram)) + datagram[8:]


def udp_packet(version, size, text="payload"):
    """A UDP packet of size bytes with correct checksums."""
    return ip_packet(version, udp_datagram(version, size - HEADER[version], text), 17)


def sizes(n):
    """Two lengths of inner packets; over n = 0, 1, 2 ... 15 at all residues of the largest block."""
    return 64 + 5 * n, 1251 + 7 * n


def natt_checksum_right(packet):
    """Of the outer UDP header: zero over IPv4 (RFC 3948 §2.1), else the right one (RFC 8200 §8.1)."""
    if packet[0] >> 4 == 4:
        return packet[26:28] == b"\0\0"
    zeroed = packet[40:46] + b"\0\0" + packet[48:]
    return struct.unpack("!H", packet[46:48])[0] == udp_checksum(6, packet[8:40], zeroed)
