"""scapy's IPsec layer as the peer of a live gateway: host - tap - gateway - veth - scapy.

What scapy encrypts arrives at the host in the clear, byte for byte, and what the host sends is decrypted by
scapy; ESP tunnels over IPv4 with every kind of transform, and transport mode with the gateway itself.  What
is replayed, too old, forged, of an unknown SA or in the clear is dropped by name, and nothing else is.
"""
import importlib.util
import socket

import gateway_kit
import kit

PORT = 9999
SECONDS = 20  # a packet that takes longer is lost
WINDOW = 64
STRANGER = "198.51.100.9"  # nobody has rules for what it sends
SIZES = (0, 1, 2, 13, 64, 500, 1100, 1372)
# Transform; scapy's names; bytes of the keys, for GCM with the salt.
TRANSFORMS = [
    ("esp-gcm 128", "AES-GCM", "NULL", 20, 0),
    ("esp-gcm 256", "AES-GCM", "NULL", 36, 0),
    ("esp-aes 128 esp-sha-hmac", "AES-CBC", "HMAC-SHA1-96", 16, 20),
    ("esp-aes 256 esp-sha256-hmac", "AES-CBC", "SHA2-256-128", 32, 32),
    ("esp-3des esp-md5-hmac", "3DES", "HMAC-MD5-96", 24, 16),
    ("esp-aes-ctr 128 esp-sha512-hmac", "AES-CTR", "SHA2-512-256", 20, 64),
]


def key_bytes(n, seed):
    return bytes((seed * 37 + i * 11 + i * i) % 256 for i in range(n))


class Pair:
    """The two SAs of scapy and the gateway, for one address behind scapy; transport: for scapy's own."""

    def __init__(self, net, number, row, transport=False):
        self.transform, cipher, auth, key, auth_key = row
        self.net, self.number, self.transport = net, number, transport
        self.address = net.wan["b"] if transport else f"{net.lan['b']}{20 + number}"
        self.host = net.wan["a"] if transport else net.host("a")
        self.seq = 0
        self.spis = {"out": 0x1100 + number, "in": 0x2100 + number}
        self.keys = {way: (key_bytes(key, spi), key_bytes(auth_key, spi + 1))
                     for way, spi in self.spis.items()}
        self.scapy = {}
        for way, (src, dst) in {"out": "ab", "in": "ba"}.items():
            outer = None if transport else IP(src=net.wan[src], dst=net.wan[dst], id=77, ttl=9)
            self.scapy[way] = ipsec.SecurityAssociation(
                ipsec.ESP, spi=self.spis[way], crypt_algo=cipher, crypt_key=self.keys[way][0],
                auth_algo=auth, auth_key=self.keys[way][1] or None, tunnel_header=outer)

    def sas(self):
        for way, (src, dst) in {"out": "ab", "in": "ba"}.items():
            key, auth_key = self.keys[way]
            more = {"auth_key": auth_key.hex()} if auth_key else {}
            if self.transport:
                more["mode"] = "transport"
            yield gateway_kit.group(name=f"{way}-{self.number}", direction=way, spi=self.spis[way],
                                    src=self.net.wan[src], dst=self.net.wan[dst], key=key.hex(),
                                    transform=self.transform,
                                    **({"window": WINDOW} if way == "in" else {}), **more)

    def policies(self):
        here, there = f"{self.host}/32", f"{self.address}/32"
        for way, src, dst in (("out", here, there), ("in", there, here)):
            more = {"proto": "icmp"} if self.transport else {}
            yield gateway_kit.group(name=f"{way}-{self.number}", direction=way, action="protect", src=src,
                                    dst=dst, sa=f"{way}-{self.number}", **more)

    def datagram(self, data):
        return IP(src=self.address, dst=self.host) / UDP(sport=PORT, dport=PORT) / Raw(data)

    def encrypt(self, packet, seq=None):
        """With the next sequence number, unless told which."""
        if seq is None:
            self.seq += 1
            seq = self.seq
        return raw(self.scapy["in"].encrypt(packet, seq_num=seq))


class Peer:
    """scapy's place on the wire, and a socket of the host."""

    def __init__(self, scenario, world):
        self.scenario, self.world = scenario, world
        self.wire = gateway_kit.in_net("gb", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW,
                                                                   socket.IPPROTO_ESP))
        self.wire.setsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL, 1)
        self.host = gateway_kit.in_net("ha", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self.host.bind(("", PORT))
        for one in (self.wire, self.host):
            one.settimeout(SECONDS)

    def send(self, packet):
        self.wire.sendto(packet, (self.world.net.wan["a"], 0))

    def received(self, one, what):
        try:
            return one.recvfrom(65535)
        except socket.timeout:
            self.scenario.check(False, f"{what}: nothing arrives; {self.world.show('a', 'drops').stdout}")
            raise kit.Stop from None

    def decrypted(self, pair, what):
        packet = IP(self.received(self.wire, what)[0])
        self.scenario.equal(packet[ipsec.ESP].spi, pair.spis["out"], f"{what}: SPI")
        try:
            return packet[ipsec.ESP].seq, IP(raw(pair.scapy["out"].decrypt(packet)))
        except ipsec.IPSecIntegrityError:
            self.scenario.check(False, f"{what}: scapy says that the ICV is wrong")
            raise kit.Stop from None

    def arrives(self, pair, data, what):
        got, (address, _) = self.received(self.host, what)
        self.scenario.equal((got.hex(), address), (data.hex(), pair.address), what)


def check_tunnel(scenario, peer, pair):
    name = pair.transform
    for size in SIZES:
        data = key_bytes(size, size)
        peer.send(pair.encrypt(pair.datagram(data)))
        peer.arrives(pair, data, f"{name}: {size} bytes of scapy at the host")
    for number, size in enumerate(SIZES, 1):
        data = key_bytes(size, size + 1)
        peer.host.sendto(data, (pair.address, PORT))
        seq, inner = peer.decrypted(pair, f"{name}: {size} bytes of the host at scapy")
        scenario.equal((seq, inner.src, inner.dst, raw(inner[UDP].payload)[:size].hex(), inner[UDP].len),
                       (number, pair.host, pair.address, data.hex(), size + 8),
                       f"{name}: {size} bytes of the host at scapy")


def check_transport(scenario, peer, pair):
    """ping of the gateway itself."""
    for number, size in enumerate((0, 1, 100, 1300), 1):
        data = key_bytes(size, size)
        echo = IP(src=pair.address, dst=pair.host) / ICMP(id=7, seq=number) / Raw(data)
        peer.send(pair.encrypt(IP(raw(echo))))
        seq, answer = peer.decrypted(pair, f"transport: answer to {size} bytes")
        scenario.equal((seq, answer.src, answer.dst, answer[ICMP].type, answer[ICMP].seq,
                        raw(answer[ICMP].payload)[:size].hex()),
                       (number, pair.host, pair.address, 0, number, data.hex()),
                       f"transport: answer to {size} bytes")


def check_refused(scenario, world, peer, pair):
    """Each kind has its name; a good packet behind them says when all have been looked at."""
    name = pair.transform
    before = world.drops("a")
    data = b"again and again"
    again = pair.encrypt(pair.datagram(data))
    peer.send(again)
    peer.arrives(pair, data, f"{name}: before replays")
    for _ in range(3):
        peer.send(again)
    old, pair.seq = pair.seq + 1, pair.seq + WINDOW + 1  # old: nobody has sent it, but it comes too late
    peer.send(pair.encrypt(pair.datagram(data)))
    peer.arrives(pair, data, f"{name}: a window further")
    for seq in (old, old - 1):
        peer.send(pair.encrypt(pair.datagram(data), seq))
    peer.send(pair.encrypt(pair.datagram(data), old + 2))  # the last that the window has
    peer.arrives(pair, data, f"{name}: at the edge of the window")
    zero = bytearray(pair.encrypt(pair.datagram(data), pair.seq))  # scapy does not make one itself
    zero[24:28] = bytes(4)
    peer.send(bytes(zero))
    forged = bytearray(pair.encrypt(pair.datagram(data), pair.seq + 1000))
    forged[-1] ^= 1
    peer.send(bytes(forged))
    stray = bytearray(pair.encrypt(pair.datagram(data), pair.seq + 1))
    stray[20:24] = b"\0\0\x77\x77"
    peer.send(bytes(stray))
    peer.send(raw(pair.datagram(data)))  # a bypass of the way out is no leave to come in in the clear
    peer.send(raw(IP(src=STRANGER, dst=pair.host) / UDP(sport=PORT, dport=PORT) / Raw(data)))
    peer.send(pair.encrypt(pair.datagram(b"end")))
    peer.arrives(pair, b"end", f"{name}: after what is refused")
    after = world.drops("a")
    found = {reason: count - before.get(reason, 0) for reason, count in after.items()
             if count != before.get(reason, 0)}
    scenario.equal(found, {"replay_duplicate": 3, "replay_old": 2, "seq_zero": 1, "icv": 1, "no_sa": 1,
                           "not_ipsec": 1, "policy_none": 1}, f"{name}: drops")
    scenario.check("%CRYPTO-4-RECVD_PKT_NOT_IPSEC: Rec'd packet not an IPSEC packet. (ip) vrf/dest_addr= "
                   f"/{pair.host}, src_addr= {pair.address}, prot= 17" in world.log("a"), f"{name}: log")


def check_counters(scenario, world, pairs):
    sas = {sa["name"]: sa for tunnel in world.asked("a", "crypto", "ipsec", "sa")["tunnels"]
           for sa in tunnel["sas"]}
    for pair in pairs:
        sa = sas[f"in-{pair.number}"]
        scenario.equal((sa["replays"], sa["right_edge"], sa["packets"]), (5 + 1, pair.seq, len(SIZES) + 4),
                       f"{pair.transform}: show crypto ipsec sa: {sa}")
        scenario.equal(sas[f"out-{pair.number}"]["last_seq"], len(SIZES), f"{pair.transform}: last_seq")


def body(scenario, folder):
    net = gateway_kit.Net(4)
    pairs = [Pair(net, number, row) for number, row in enumerate(TRANSFORMS)]
    transport = Pair(net, len(TRANSFORMS), TRANSFORMS[0], transport=True)
    world = gateway_kit.World(scenario, folder, net)
    try:
        world.wire_up()
        gateway_kit.ip("-n", "gb", "addr", "add", f"{net.wan['b']}/{net.wan_len}", "dev", "wan")
        world.start("a", sas=[sa for pair in [*pairs, transport] for sa in pair.sas()],
                    policies=[*(policy for pair in [*pairs, transport] for policy in pair.policies()),
                              gateway_kit.group(name="rest", action="bypass")])
        peer = Peer(scenario, world)
        for pair in pairs:
            check_tunnel(scenario, peer, pair)
        check_transport(scenario, peer, transport)
        for pair in pairs:
            check_refused(scenario, world, peer, pair)
        check_counters(scenario, world, pairs)
        world.end()
    finally:
        world.close()


if not importlib.util.find_spec("scapy"):
    kit.skip("no scapy")
from scapy.compat import raw  # noqa: E402  pylint: disable=wrong-import-position
from scapy.layers import ipsec  # noqa: E402  pylint: disable=wrong-import-position
from scapy.layers.inet import ICMP, IP, UDP  # noqa: E402  pylint: disable=wrong-import-position
from scapy.packet import Raw  # noqa: E402  pylint: disable=wrong-import-position
gateway_kit.main(body)
