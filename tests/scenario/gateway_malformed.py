"""Malformed frames at both ports of a live gateway, of either family: it goes on as if they had not been.

    host - tap - gateway - veth - raw socket

Each good frame of the corpus (IP, ARP, neighbour discovery, fragments, ICMP, ESP that is really encrypted,
ESP whose text is broken before that) is cut off everywhere, gets every byte wrong, and is changed by chance,
always the same.  After each batch the books balance and a good packet comes through the tunnel.  What a row
of tests/dataplane/malformed/rows.def becomes is checked there.
"""
import importlib.util
import random
import re
import socket
import struct
import time

import gateway_kit
import kit

PORT = 9999
SECONDS = 20  # of a loaded machine, for a good packet
BATCH = 100  # frames, then a moment for the gateway: a queue that overflows would hide what it does
MOMENT = 0.005
CHANCE = 1500  # frames by chance for each good one
BYTES = 90  # that are changed one by one
KEY = bytes(range(1, 17))
SALT = b"salt"
SPI = 0x2001
ETHER = 14


def checksum(data):
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Corpus:
    """Good frames for a port, and what is made of them."""

    def __init__(self, net, macs):
        self.net, self.macs = net, macs
        self.v6 = net.version == 6
        self.seq = 0
        self.chance = random.Random(net.version)
        self.aead = AESGCM(KEY)

    def address(self, text):
        return socket.inet_pton(socket.AF_INET6 if self.v6 else socket.AF_INET, text)

    def header(self, src, dst, proto, data, hops=64):
        src, dst = self.address(src), self.address(dst)
        if self.v6:
            return struct.pack("!IHBB", 6 << 28, len(data), proto, hops) + src + dst + data
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(data), 7, 0, hops, proto, 0) + src + dst
        return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + data

    def icmp(self, src, dst, kind, data, hops=64):
        """Of ICMP the type of IPv4 or IPv6, whichever is asked."""
        message = struct.pack("!BBH", kind, 0, 0) + data
        pseudo = b""
        if self.v6:
            pseudo = self.address(src) + self.address(dst) + struct.pack("!II", len(message), 58)
        message = message[:2] + struct.pack("!H", checksum(pseudo + message)) + message[4:]
        return self.header(src, dst, 58 if self.v6 else 1, message, hops)

    def datagram(self, src, dst, data):
        """UDP, in IPv4 without a checksum."""
        length = 8 + len(data)
        udp = struct.pack("!HHHH", PORT, PORT, length, 0)
        if self.v6:
            pseudo = self.address(src) + self.address(dst) + struct.pack("!II", length, 17)
            udp = udp[:6] + struct.pack("!H", checksum(pseudo + udp + data))
        return self.header(src, dst, 17, udp + data)

    def inner(self, data):
        return self.datagram(self.net.host("b"), self.net.host("a"), data)

    def seal(self, text):
        """ESP with AES-GCM round text, trailer and all, with the next number (RFC 4106)."""
        self.seq += 1
        esp, iv = struct.pack("!II", SPI, self.seq), struct.pack("!Q", self.seq)
        sealed = esp + iv + self.aead.encrypt(SALT + iv, text, esp)
        return self.header(self.net.wan["b"], self.net.wan["a"], 50, sealed)

    def trailer(self, packet, pad=None, following=None):
        count = -(len(packet) + 2) % 4
        return packet + bytes(range(1, count + 1)) + bytes([count if pad is None else pad,
                                                           following or (41 if self.v6 else 4)])

    def frame(self, port, data):
        kind = 0x86dd if self.v6 else 0x800
        return self.macs[port]["to"] + self.macs[port]["from"] + struct.pack("!H", kind) + data

    def fragment(self, packet, offset, count, more):
        """Count bytes of what packet carries."""
        if self.v6:
            piece = struct.pack("!BBHI", packet[6], 0, offset | more, self.seq)
            piece += packet[40 + offset:][:count]
            return packet[:4] + struct.pack("!HB", len(piece), 44) + packet[7:40] + piece
        piece = packet[20 + offset:][:count]
        head = (packet[:2] + struct.pack("!HHH", 20 + len(piece), self.seq & 0xffff, more << 13 | offset // 8)
                + packet[8:10] + b"\0\0" + packet[12:20])
        return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + piece

    def neighbours(self, port, own, other):
        """A question of a neighbour, and an answer."""
        mac = self.macs[port]["from"]
        if not self.v6:
            for operation in (1, 2):
                yield (self.macs[port]["to"] + mac + struct.pack("!HHHBBH", 0x806, 1, 0x800, 6, 4, operation)
                       + mac + self.address(other) + bytes(6) + self.address(own))
            return
        for kind, option in ((135, 1), (136, 2)):
            target = self.address(own if kind == 135 else other)
            message = bytes(4) + target + bytes([option, 1]) + mac
            yield self.frame(port, self.icmp(other, own, kind, message, 255))

    def good(self, port):
        """Frames of every kind for that port."""
        net, data = self.net, b"corpus" * 8
        echo = struct.pack("!HH", 7, 7) + data
        if port == "lan":
            here, own = net.host("a"), net.gateway("a")
            yield self.frame(port, self.datagram(here, net.host("b"), data))
        else:
            here, own = net.wan["b"], net.wan["a"]
            sealed = self.seal(self.trailer(self.inner(data)))
            yield self.frame(port, sealed)
            yield self.frame(port, self.inner(data))
            yield self.frame(port, self.fragment(sealed, 0, 64, 1))
            yield self.frame(port, self.fragment(sealed, 64, len(sealed), 0))
        yield self.frame(port, self.icmp(here, own, 128 if self.v6 else 8, echo))
        yield self.frame(port, self.icmp(here, own, 2 if self.v6 else 3, bytes(4) + sealed_head(self)))
        syn = struct.pack("!HHIIHHHH", 1, 2, 3, 4, 0xa002, 9, 0, 0) + b"\2\4\5\xb4" * 5
        yield self.frame(port, self.header(here, net.host("b"), 6, syn))
        yield from self.neighbours(port, own, here)

    def broken(self, frame):
        """Cut off everywhere, each byte wrong, and anything."""
        for count in range(ETHER, len(frame)):
            yield frame[:count]
        for at in range(12, min(len(frame), BYTES)):
            for value in (0, 0xff, frame[at] ^ 1, frame[at] ^ 0x80):
                yield frame[:at] + bytes([value]) + frame[at + 1:]
        for _ in range(CHANCE):
            changed = bytearray(frame)
            for _ in range(self.chance.randrange(1, 6)):
                changed[self.chance.randrange(12, len(frame))] = self.chance.choice(
                    (0, 1, 0x7f, 0x80, 0xff, self.chance.randrange(256)))
            yield bytes(changed) + bytes(self.chance.randrange(40) if self.chance.random() < .2 else 0)

    def broken_text(self):
        """ESP with a good ICV round a text that is not."""
        inner = self.inner(b"broken" * 8)
        good = self.trailer(inner)
        for count in range(2, len(good)):
            yield good[:count]
        for at in range(min(len(good), BYTES)):
            for value in (0, 0xff, good[at] ^ 1):
                yield good[:at] + bytes([value]) + good[at + 1:]
        for value in range(256):
            yield self.trailer(inner, pad=value)
            yield self.trailer(inner, following=value or 255)

    def frames(self, port):
        for frame in self.good(port):
            yield frame
            yield from self.broken(frame)
        if port == "wan":
            for text in self.broken_text():
                yield self.frame(port, self.seal(text))
            for count in (1514, 1515, 4000, 8000):  # giants
                yield self.frame(port, self.inner(bytes(count)))[:count]


def sealed_head(corpus):
    """What ICMP says of a packet of the gateway's."""
    wan = corpus.net.wan
    return corpus.header(wan["a"], wan["b"], 50, struct.pack("!II", 0x1001, 1) + bytes(64))


class Tester:
    """Sockets on both sides of the gateway."""

    def __init__(self, scenario, world):
        self.scenario, self.world, self.net = scenario, world, world.net
        self.ports = {"lan": self.raw("ha", "lan"), "wan": self.raw("gb", "wan")}
        family = socket.AF_INET if self.net.version == 4 else socket.AF_INET6
        self.host = gateway_kit.in_net("ha", lambda: socket.socket(family, socket.SOCK_DGRAM))
        self.host.bind(("", PORT))
        self.host.settimeout(1)
        own = {"lan": self.mac("ha", "lan"), "wan": self.mac("gb", "wan")}
        self.corpus = Corpus(self.net, {"lan": {"to": self.neighbour(), "from": own["lan"]},
                                        "wan": {"to": self.mac("ga", "wan"), "from": own["wan"]}})
        self.number = 0

    @staticmethod
    def raw(name, interface):
        one = gateway_kit.in_net(name, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
        gateway_kit.in_net(name, lambda: one.bind((interface, 0)))
        return one

    def mac(self, name, interface):
        shown = self.world.run(name, "cat", f"/sys/class/net/{interface}/address").stdout
        if not re.match(r"[0-9a-f:]{17}\s*$", shown):  # sysfs is of another namespace
            shown = re.search(r"link/ether ([0-9a-f:]{17})",
                              self.world.run(name, "ip", "link", "show", interface).stdout)[1]
        return bytes.fromhex(shown.strip().replace(":", ""))

    def neighbour(self):
        """The gateway's MAC at the port where its host is."""
        self.world.ping("ha", self.net.gateway("a"))
        shown = self.world.run("ha", "ip", "neigh", "show", self.net.gateway("a")).stdout
        return bytes.fromhex(re.search(r"lladdr ([0-9a-f:]{17})", shown)[1].replace(":", ""))

    def send(self, port, frames):
        for count, frame in enumerate(frames, 1):
            try:
                self.ports[port].send(frame)
            except OSError:  # longer than the interface has
                pass
            if count % BATCH == 0:
                time.sleep(MOMENT)
        return count

    def check_good(self, what):
        """A good packet of the far host arrives; others that came out of the corpus may, too."""
        corpus = self.corpus
        self.number += 1
        data = f"good {self.number}".encode()
        for _ in range(SECONDS):
            for frame in corpus.neighbours("lan", self.net.gateway("a"), self.net.host("a")):
                self.ports["lan"].send(frame)  # a neighbour's word is believed, a wrong one too
            corpus.seq += 100  # what the corpus made of numbers may have moved the window
            self.ports["wan"].send(corpus.frame("wan", corpus.seal(corpus.trailer(corpus.inner(data)))))
            try:
                while self.host.recv(65535) != data:
                    pass
                return
            except socket.timeout:
                pass
        self.scenario.check(False, f"{what}: no good packet any more; {self.world.drops('a')}")
        raise kit.Stop


def check_corpus(scenario, world, tester):
    for port in ("lan", "wan"):
        before = world.asked("a", "drops")["balance"]
        sent = tester.send(port, tester.corpus.frames(port))
        tester.check_good(port)
        after = world.asked("a", "drops")["balance"]
        drops = world.drops("a")  # checks the balance, too
        scenario.check(after["rx"] - before["rx"] > sent / 2, f"{port}: of {sent} frames: {before} {after}")
        scenario.check(len(drops) >= 4, f"{port}: kinds of drops: {drops}")
    for reason in ("runt", "bad_ip_header", "icv", "padding", "next_header", "not_ipsec", "no_sa"):
        scenario.check(drops.get(reason, 0) > 0, f"no drop is called {reason}: {drops}")
    scenario.equal(world.ping("ha", world.net.gateway("a")), 5, "pings of the gateway at the end")


def sas(net):
    key = {"transform": "esp-gcm 128", "key": (KEY + SALT).hex()}
    near, far = net.wan["a"], net.wan["b"]
    yield gateway_kit.group(name="a-b", direction="out", spi=0x1001, src=near, dst=far, **key)
    yield gateway_kit.group(name="b-a", direction="in", spi=SPI, src=far, dst=near, window=1024, **key)


def family(scenario, folder, version):
    net = gateway_kit.Net(version)
    world = gateway_kit.World(scenario, folder, net)
    try:
        world.wire_up()
        for name in ("ga", "gb"):
            gateway_kit.ip("-n", name, "link", "set", "wan", "mtu", "9000")
        gateway_kit.ip("-n", "gb", "addr", "add", f"{net.wan['b']}/{net.wan_len}", "dev", "wan",
                       *(["nodad"] if version == 6 else []))
        world.start("a", sas=list(sas(net)))
        tester = Tester(scenario, world)
        tester.check_good("before all")
        check_corpus(scenario, world, tester)
        world.end(held=1000)  # fragments that wait
        for reason in ("ethertype", "other_mac", "bad_neighbour_message"):  # of ports
            scenario.check(f"+ {reason} " in world.log("a"), f"no drop is called {reason}: {world.log('a')}")
    finally:
        world.close()


def body(scenario, folder):
    for version in (4, 6):
        (folder / str(version)).mkdir()
        family(scenario, folder / str(version), version)


if not importlib.util.find_spec("cryptography"):
    kit.skip("no python3-cryptography")
# pylint: disable-next=wrong-import-position
from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: E402
gateway_kit.main(body)
