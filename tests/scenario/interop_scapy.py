"""scapy as a peer of the codec: each decrypts what the other encrypts, and both make the same bytes.

For every SA: (1) scapy decrypts esplab's packet to the inner packet; (2) scapy makes, with the IV and the
outer header of that packet, the same packet byte for byte, hence padding, trailer, lengths and ICV too;
(3) esplab opens what scapy made, also with an IV and an outer header of its own; (4) both refuse a changed
packet, and one whose number has another high half.

What scapy 2.5.0 lacks is put in here, under its own framing, with the primitives of python3-cryptography:

 scapy 2.5.0                                             here
 HMAC and CMAC in ESP do not cover the high half of an   EsnAuth (RFC 4303 §2.2.1)
   ESN; in AH they do
 AES-GCM: ICV of 16 bytes only, whatever icv_size says   ShortGcm (RFC 4106 §6)
 no GMAC (scapy 2.6 has AES-NULL-GMAC)                   Gmac (RFC 4543 §3)
 no AES-XCBC                                             Xcbc (RFC 3566)
 AH over IPv4 is padded to 4 bytes, never to 8 as old    PaddedAuth
   Linux does (align4 = false)
 the length in the UDP header of NAT-T over IPv4 is 8,   mended (RFC 768); esplab does not look at it inbound
   whatever follows
 UDP of NAT-T has a checksum of 0 over IPv6 too, which   (2) compares with that field zero, and it is checked
   RFC 8200 §8.1 forbids outside of RFC 6935               by itself; esplab does not look at it inbound
 decrypt() of NAT-T in transport mode over IPv6 looks    the UDP header is taken out before
   for a next header in UDP and fails
 decrypt() over IPv6 in transport mode takes what was    the class of the payload is not guessed: bytes count
   encrypted for an extension header where one stands
   before ESP
"""
import copy
import struct
from unittest import mock

from cryptography.hazmat.primitives.ciphers import Cipher, aead, algorithms, modes
from scapy.compat import raw
from scapy.layers import ipsec
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.packet import Raw

import interop_kit
import kit

CIPHERS = {
    "NULL": "NULL", "DES_CBC": "DES", "3DES_CBC": "3DES", "AES_128_CBC": "AES-CBC", "AES_192_CBC": "AES-CBC",
    "AES_256_CBC": "AES-CBC", "AES_128_CTR": "AES-CTR", "AES_192_CTR": "AES-CTR", "AES_256_CTR": "AES-CTR",
    "CHACHA20_POLY1305": "CHACHA20-POLY1305",
}
AUTHS = {
    "NONE": "NULL", "HMAC_MD5_96": "HMAC-MD5-96", "HMAC_SHA1_96": "HMAC-SHA1-96",
    "HMAC_SHA256_128": "SHA2-256-128", "HMAC_SHA384_192": "SHA2-384-192", "HMAC_SHA512_256": "SHA2-512-256",
    "AES_CMAC_96": "AES-CMAC-96",
}
HIGH = 1 << 32
# Of tunnels, unlike those that esplab makes.
OWN_HEADERS = {4: bytes(IP(src="192.0.2.1", dst="192.0.2.2", id=77, ttl=9, tos=0x28)),
               6: bytes(IPv6(src="2001:db8::1", dst="2001:db8::2", hlim=9, tc=0x28, fl=0x54321))}


class EsnAuth:
    """A MAC of scapy over ESP and the high half of the number."""

    def __init__(self, algo, high):
        self.algo = algo
        self.icv_size = algo.icv_size
        self.high = struct.pack("!I", high)

    def icv(self, covered, key):
        mac = self.algo.new_mac(key)
        mac.update(covered + self.high)
        return mac.finalize()[:self.icv_size]

    def sign(self, esp, key):
        esp.data += self.icv(raw(esp), key)

    def verify(self, esp, key):
        data = raw(esp)
        if self.icv(data[:-self.icv_size], key) != data[-self.icv_size:]:
            raise ipsec.IPSecIntegrityError("ICV with the high half")


def aes_cbc(key, data):
    encryptor = Cipher(algorithms.AES(key), modes.CBC(bytes(16))).encryptor()
    return encryptor.update(data) + encryptor.finalize()


class PaddedMac:
    """A mac object whose result is cut to an ICV and padded with zeros."""

    def __init__(self, mac, icv_size, pad):
        self.mac = mac
        self.icv_size = icv_size
        self.pad = pad
        self.update = mac.update

    def finalize(self):
        return self.mac.finalize()[:self.icv_size] + bytes(self.pad)


class PaddedAuth(ipsec.AuthAlgo):
    """A MAC of scapy for AH whose length is a multiple of 8: the padding counts as part of the ICV."""

    def __init__(self, algo):
        self.algo = algo
        self.pad = -(12 + algo.icv_size) % 8
        super().__init__(algo.name, algo.mac, algo.digestmod, algo.icv_size + self.pad, algo.key_size)

    def new_mac(self, key):
        return PaddedMac(self.algo.new_mac(key), self.algo.icv_size, self.pad)


class XcbcMac:
    """RFC 3566 §4, as a mac object of python3-cryptography."""

    def __init__(self, key):
        self.keys = [aes_cbc(key, bytes([n]) * 16) for n in (1, 2, 3)]
        self.data = b""

    def update(self, data):
        self.data += data

    def finalize(self):
        whole = self.data and len(self.data) % 16 == 0
        padded = self.data if whole else self.data + b"\x80" + bytes(-(len(self.data) + 1) % 16)
        mask = self.keys[1 if whole else 2]
        last = bytes(a ^ b for a, b in zip(padded[-16:], mask))
        return aes_cbc(self.keys[0], padded[:-16] + last)[-16:]


class Xcbc(ipsec.AuthAlgo):
    def __init__(self):
        super().__init__("AES-XCBC-96", mac=XcbcMac, digestmod=None, icv_size=12, key_size=(16,))

    def new_mac(self, key):
        return XcbcMac(key)


class ShortGcm:
    """AES-GCM whose tag is cut, as a class of cryptography's aead."""
    tag = 0

    def __init__(self, key):
        self.key = key

    def encrypt(self, nonce, data, aad):
        return aead.AESGCM(self.key).encrypt(nonce, data, aad)[:self.tag - 16]

    def decrypt(self, nonce, data, aad):
        mode = modes.GCM(nonce, data[-self.tag:], min_tag_length=self.tag)
        decryptor = Cipher(algorithms.AES(self.key), mode).decryptor()
        decryptor.authenticate_additional_data(aad)
        return decryptor.update(data[:-self.tag]) + decryptor.finalize()


class ShortGcm8(ShortGcm):
    tag = 8


class ShortGcm12(ShortGcm):
    tag = 12


class Gmac:
    """RFC 4543 §3: IV and text count as additional data, and nothing is enciphered."""

    def __init__(self, key):
        self.gcm = aead.AESGCM(key)

    def encrypt(self, nonce, data, aad):
        return data + self.gcm.encrypt(nonce, b"", aad + nonce[4:] + data)

    def decrypt(self, nonce, data, aad):
        self.gcm.decrypt(nonce, data[-16:], aad + nonce[4:] + data[:-16])
        return data[:-16]


def aead_algo(name, cipher):
    """AES-GCM of scapy with another cipher."""
    algo = copy.copy(ipsec.CRYPT_ALGOS["AES-GCM"])
    algo.name = name
    algo.cipher = cipher
    return algo


EXTRA_CIPHERS = {("GCM", 8): aead_algo("AES-GCM-8", ShortGcm8),
                 ("GCM", 12): aead_algo("AES-GCM-12", ShortGcm12),
                 ("GMAC", 16): aead_algo("AES-NULL-GMAC", Gmac)}


def cipher_of(transform):
    """scapy's algorithm, or the one put in here; KeyError for a row of alg.def that is not known here."""
    name = transform["cipher"]
    if name in CIPHERS:
        return ipsec.CRYPT_ALGOS[CIPHERS[name]]
    mode = name.split("_")[2]
    if (mode, transform["icv"]) in EXTRA_CIPHERS:
        return EXTRA_CIPHERS[mode, transform["icv"]]
    return ipsec.CRYPT_ALGOS[{"GCM": "AES-GCM", "CCM": "AES-CCM"}[mode]]


def auth_of(transform):
    return Xcbc() if transform["auth"] == "AES_XCBC_96" else ipsec.AUTH_ALGOS[AUTHS[transform["auth"]]]


def is_own(transform):
    """Whether the algorithm is ours, under scapy's framing."""
    return cipher_of(transform) in EXTRA_CIPHERS.values() or transform["auth"] == "AES_XCBC_96"


class Peer:
    """scapy with one SA; outer: bytes of the header that its tunnel uses."""

    def __init__(self, sa, seq, outer):
        self.sa = sa
        proto = ipsec.ESP if sa.transform["proto"] == "ESP" else ipsec.AH
        kind = IP if sa.shape.outer == 4 else IPv6
        icv = sa.transform["icv"] if sa.transform["auth"] == "NONE" else None
        self.high = seq >> 32
        natt = UDP(sport=interop_kit.UDP_NATT, dport=interop_kit.UDP_NATT) if sa.shape.natt else None
        self.scapy = ipsec.SecurityAssociation(
            proto, spi=sa.spi, crypt_icv_size=icv, nat_t_header=natt, esn_en=sa.shape.esn, esn=self.high,
            tunnel_header=None if sa.shape.transport else kind(outer[:interop_kit.HEADER[sa.shape.outer]]))
        self.scapy.crypt_algo = cipher_of(sa.transform)
        salt = sa.transform["salt"]
        self.scapy.crypt_key, self.scapy.crypt_salt = sa.key[:len(sa.key) - salt], sa.key[len(sa.key) - salt:]
        self.scapy.auth_algo = auth_of(sa.transform)
        self.scapy.auth_key = sa.auth_key
        if sa.shape.esn and proto is ipsec.ESP and sa.transform["auth"] != "NONE":
            self.scapy.auth_algo = EsnAuth(self.scapy.auth_algo, self.high)
        if not sa.shape.align4:
            self.scapy.auth_algo = PaddedAuth(self.scapy.auth_algo)

    def encrypt(self, inner, seq, iv):
        kind = IP if inner[0] >> 4 == 4 else IPv6
        packet = raw(self.scapy.encrypt(kind(inner), seq_num=seq & HIGH - 1, iv=iv))
        if self.sa.shape.natt and self.sa.shape.outer == 4:
            packet = packet[:24] + struct.pack("!H", len(packet) - 20) + packet[26:]
        return packet

    def decrypt(self, packet):
        """The inner packet, None where the ICV is bad or scapy cannot read what comes out."""
        shape = self.sa.shape
        if shape.natt and shape.transport and shape.outer == 6:
            packet = packet[:4] + struct.pack("!HB", len(packet) - 48, 50) + packet[7:40] + packet[48:]
        packet = IP(packet) if shape.outer == 4 else IPv6(packet)
        try:
            with mock.patch.object(IPv6, "guess_payload_class", lambda *_: Raw):
                return raw(self.scapy.decrypt(packet))
        except (ipsec.IPSecIntegrityError, struct.error, IndexError, ValueError):
            return None


def ipsec_at(packet, natt=False):
    """Where ESP or AH begins."""
    if packet[0] >> 4 == 4:
        return (packet[0] & 15) * 4 + 8 * natt
    at, following = 40, packet[6]
    while following in (0, 43, 60):
        following, at = packet[at], at + (packet[at + 1] + 1) * 8
    return at + 8 * natt


class Exchange:
    """Counts of what was exchanged, and the checks."""

    def __init__(self, scenario, codec):
        self.scenario = scenario
        self.codec = codec
        self.counts = {"SAs": 0, "esplab -> scapy": 0, "scapy -> esplab": 0, "equal bytes": 0, "refused": 0}

    def check(self, count, good, text):
        self.scenario.check(good, f"scapy: {text}")
        self.counts[count] += bool(good)

    def same_bytes(self, sa, peer, protected, inner, seq):
        """scapy with the IV of the packet makes the packet, and is given back."""
        at = ipsec_at(protected, sa.shape.natt)
        made = peer.encrypt(inner, seq, protected[at + 8:at + 8 + sa.transform["iv"]])
        if sa.shape.natt:
            self.scenario.check(interop_kit.natt_checksum_right(protected), f"{sa}: checksum of UDP")
            protected = protected[:at - 2] + b"\0\0" + protected[at:]
        self.check("equal bytes", made == protected, f"{sa}: other bytes: {made.hex()}, {protected.hex()}")
        return made

    def refusals(self, sa, peer, protected, theirs, seq):
        """A flipped bit; another high half."""
        if not sa.transform["icv"]:
            return
        at = len(protected) - 1 - sa.transform["icv"] // 2
        changed = protected[:at] + bytes([protected[at] ^ 0x10]) + protected[at + 1:]
        self.check("refused", peer.decrypt(changed) is None, f"{sa}: scapy takes a changed packet")
        changed = theirs[:-3] + bytes([theirs[-3] ^ 1]) + theirs[-2:]
        verdict = self.codec.open(sa, changed, seq - 1)[0]
        self.check("refused", verdict == "icv", f"{sa}: esplab says {verdict} to a changed packet")
        if sa.shape.esn:
            other = Peer(sa, seq + HIGH, theirs)
            self.check("refused", other.decrypt(protected) is None, f"{sa}: scapy takes another high half")
            verdict = self.codec.open(sa, theirs, seq - 1 + HIGH)[0]
            self.check("refused", verdict == "icv", f"{sa}: esplab says {verdict} to another high half")

    def to_scapy(self, sa, inner, seq):
        """scapy decrypts, and makes the same packet; returns the peer and both packets."""
        protected = self.codec.protect(sa, inner, seq)
        if not self.scenario.check(protected, f"{sa}: esplab does not protect {len(inner)} bytes"):
            raise kit.Stop
        peer = Peer(sa, seq, protected)
        got = peer.decrypt(protected)
        self.check("esplab -> scapy", got == inner, f"{sa}: scapy gets {got and got.hex()} of {inner.hex()}")
        return peer, protected, self.same_bytes(sa, peer, protected, inner, seq)

    def to_esplab(self, sa, packet, inner, seq, edge):
        answer = self.codec.open(sa, packet, edge)
        self.check("scapy -> esplab", answer == ("ok", seq, inner),
                   f"{sa}: esplab gets {answer} of {inner.hex()}")

    def sa(self, sa, n):
        """Two packets both ways and what must be refused."""
        seq, edge = (HIGH + 3, HIGH - 5) if sa.shape.esn else (5, 0)
        first, second = (interop_kit.udp_packet(sa.shape.inner, size) for size in interop_kit.sizes(n % 16))
        _, _, theirs = self.to_scapy(sa, first, seq)
        self.to_esplab(sa, theirs, first, seq, edge)
        _, protected, _ = self.to_scapy(sa, second, seq + 1)
        peer = Peer(sa, seq + 1, OWN_HEADERS[sa.shape.outer])
        theirs = peer.encrypt(second, seq + 1, interop_kit.derived(f"iv {sa}", sa.transform["iv"]))
        self.to_esplab(sa, theirs, second, seq + 1, edge)
        self.refusals(sa, peer, protected, theirs, seq + 1)
        self.counts["SAs"] += 1


def run(scenario, codec):
    exchange = Exchange(scenario, codec)
    own, transforms = 0, codec.transforms()
    scenario.check(len(transforms) >= 100, f"the codec has only {len(transforms)} transforms")
    for number, transform in enumerate(transforms):
        own += is_own(transform)
        for n, shape in enumerate(interop_kit.shapes(transform["proto"])):
            exchange.sa(interop_kit.Sa(transform, shape, 0x1000 + 64 * number + n), n)
    print(f"scapy: {len(transforms)} transforms, of {own} the algorithm is ours and the framing scapy's; "
          + ", ".join(f"{count} {what}" for what, count in exchange.counts.items()))
