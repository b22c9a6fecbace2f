"""tshark decrypts what qos-reorder.cfg puts on the WAN, for each transform; scapy what has extended numbers.

Every packet must have a good ICV and hold exactly the packet that its sequence number stands for: the k-th
one that the host sent, one hop older.  What the receiving host got must be those too, two hops older.
tshark and scapy share no code with esplab.
"""
import hmac
import importlib.util
import os
import shutil
import struct
import subprocess

import kit

LAB = "qos-reorder.cfg"
LINKS = ("lan-a", "wan", "lan-b")
ENDS = {"192.0.2.1": "lan-a", "192.0.2.2": "lan-b"}  # tunnel end: where what it encrypts comes from
# Pads of 0 to 3 bytes where the block has 4, of 0, 2, 13 and 15 where it has 16.
SIZES = ["traffic.transactions.size=401", "traffic.file.size=399", "traffic.rest.size=574"]
# transform, bytes of the ICV
TRANSFORMS = [
    ("esp-gcm 128", 16), ("esp-gcm 256", 16),
    ("esp-aes 128 esp-sha-hmac", 12), ("esp-aes 256 esp-sha-hmac", 12),
    ("esp-aes 128 esp-sha256-hmac", 16), ("esp-aes 256 esp-sha256-hmac", 16),
    ("esp-null esp-sha-hmac", 12), ("esp-null esp-sha256-hmac", 16),
    ("esp-aes 128", 0), ("esp-aes 256", 0),
]
ESN_TRANSFORMS = ["esp-gcm 128", "esp-gcm 256", "esp-aes 128 esp-sha-hmac", "esp-aes 256 esp-sha256-hmac"]
ESN_FIRST = 2**32 - 500  # so that the upper half of the number, which is not sent, changes on the way
SCAPY_CIPHER = {"AES-GCM with 16 octet ICV [RFC4106]": "AES-GCM", "AES-CBC [RFC3602]": "AES-CBC"}
HMAC = {"HMAC-SHA-1-96 [RFC2404]": ("sha1", 12), "HMAC-SHA-256-128 [RFC4868]": ("sha256", 16)}


def sa_sets(*changes):
    return [f"gateways.{gateway}.sas.{sa}.{change}" for gateway in ("gwa", "gwb") for sa in ("a-b", "b-a")
            for change in changes]


def run(scenario, out, changes):
    """Runs with captures of all links; returns summary and packets: {link: [[one way], [the other]]}."""
    captures = [f"links.{link}.capture=true" for link in LINKS]
    summary = scenario.run(scenario.labs / LAB, out, *captures, *SIZES, *sa_sets(*changes),
                           duration="2 s")
    packets = {}
    for link in LINKS:
        packets[link] = [[], []]
        for packet in kit.read_pcapng(out / f"{link}.pcapng"):
            packets[link][packet.interface].append(packet.data)
    return summary, packets


def tshark(out, folder):
    """Rows (source, number, good, bad, next header, decrypted, inner) of all that tshark sees as ESP."""
    profile = folder / "wireshark"
    profile.mkdir(exist_ok=True)
    shutil.copy(out / "esp_sa", profile / "esp_sa")
    fields = ["ip.src", "esp.sequence", "esp.icv_good", "esp.icv_bad", "esp.protocol", "esp.decrypted_data",
              "esp.contained_data"]
    command = ["tshark", "-n", "-r", str(out / "wan.pcapng"), "-Y", "esp", "-T", "fields",
               "-o", "esp.enable_encryption_decode:TRUE", "-o", "esp.enable_authentication_check:TRUE"]
    for field in fields:
        command += ["-e", field]
    env = dict(os.environ, WIRESHARK_CONFIG_DIR=str(profile), HOME=str(folder))
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    return [(row[0].split(",")[0], int(row[1]), row[2], row[3], row[4], bytes.fromhex(row[5]),
             bytes.fromhex(row[6])) for row in rows]


def trailer_right(decrypted, inner):
    """Pad 1, 2, 3, ... its length, and the next header: IPv4 (RFC 4303 §2.4-2.6)."""
    pad = len(decrypted) - len(inner) - 2
    return pad >= 0 and decrypted[len(inner):] == bytes(range(1, pad + 1)) + bytes([pad, 4])


def check_rows(scenario, name, rows, packets, authenticated):
    """Each row is the packet of its number."""
    pads = set()
    wrong = {"ICV": 0, "number": 0, "inner packet": 0, "trailer": 0}
    for source, number, good, bad, header, decrypted, inner in rows:
        sent = packets[ENDS[source]][0]
        # without an ICV there is nothing that tshark could call good
        wrong["ICV"] += authenticated and (good, bad) != ("1", "0")
        if not 1 <= number <= len(sent):
            wrong["number"] += 1
            continue
        wrong["inner packet"] += inner != kit.aged(sent[number - 1], 1) or inner[9] != 17
        pads.add(len(decrypted) - len(inner) - 2)
        wrong["trailer"] += header != "0x04" or not trailer_right(decrypted, inner)
    scenario.check(len(pads) >= 4, f"{name}: only pads of {sorted(pads)} bytes")
    for what, count in wrong.items():
        scenario.equal(count, 0, f"{name}: packets with a wrong {what}")


def check_counts(scenario, name, numbers, summary, packets):
    """Every number of both SAs once, and as many packets as esplab counts."""
    for tunnel_end, link in ENDS.items():
        sent = len(packets[link][0])
        seen = sorted(number for source, number in numbers if source == tunnel_end)
        scenario.check(seen == list(range(1, sent + 1)), f"{name}: numbers from {tunnel_end}: {len(seen)}, "
                       f"{len(set(seen))} different, of 1 to {sent}")
    sent = sum(item["sent"] for item in summary["classes"])
    scenario.check(sent > 1000, f"{name}: {sent} packets are too few to say anything")
    scenario.equal(sum(len(packets[link][0]) for link in ENDS.values()), sent, f"{name}: packets on the LANs")
    scenario.equal(sum(len(way) for way in packets["wan"]), sent, f"{name}: packets on the WAN")
    scenario.equal(len(numbers), sent, f"{name}: packets decrypted")


def check_delivered(scenario, name, summary, packets):
    """What came out at the other end was sent, once and unchanged."""
    for sender, receiver in (("lan-a", "lan-b"), ("lan-b", "lan-a")):
        sent = {kit.aged(packet, 2) for packet in packets[sender][0]}
        got = packets[receiver][1]
        scenario.equal(len(got), len(set(got)), f"{name}: {receiver} delivers packets twice")
        scenario.check(sent.issuperset(got), f"{name}: {receiver} delivers what was not sent")
    delivered = sum(item["delivered"] for item in summary["classes"])
    scenario.equal(sum(len(packets[link][1]) for link in ENDS.values()), delivered, f"{name}: delivered")


def check_transform(scenario, folder, transform, icv):
    out = folder / transform.replace(" ", "-")
    summary, packets = run(scenario, out, [f"transform={transform}"])
    rows = tshark(out, folder)
    check_rows(scenario, transform, rows, packets, icv > 0)
    check_counts(scenario, transform, [row[:2] for row in rows], summary, packets)
    check_delivered(scenario, transform, summary, packets)
    print(f"tshark: {transform}: {len(rows)} packets")


class ScapySa:
    """An SA made of a row of esp_sa: scapy decrypts; it knows no HMAC over ESN, so that is checked here."""

    def __init__(self, row):
        from scapy.layers.inet import IP  # pylint: disable=import-outside-toplevel
        from scapy.layers.ipsec import ESP, SecurityAssociation  # pylint: disable=import-outside-toplevel
        _, source, destination, spi, cipher, key, self.auth, auth_key = row[1:-1].split('","')
        self.ip = IP
        self.auth_key = bytes.fromhex(auth_key[2:])
        icv = HMAC[self.auth][1] if self.auth in HMAC else None
        self.sa = SecurityAssociation(
            ESP, spi=int(spi, 16), crypt_algo=SCAPY_CIPHER[cipher], crypt_key=bytes.fromhex(key[2:]),
            crypt_icv_size=icv, auth_algo="NULL", tunnel_header=IP(src=source, dst=destination), esn_en=True)

    def decrypt(self, packet, esn):
        """The inner packet, or None where the ICV is bad."""
        from scapy.layers.ipsec import IPSecIntegrityError  # pylint: disable=import-outside-toplevel
        if self.auth in HMAC:
            name, size = HMAC[self.auth]
            covered = packet[20:-size] + struct.pack("!I", esn)  # RFC 4303 §3.3.2.1
            if hmac.new(self.auth_key, covered, name).digest()[:size] != packet[-size:]:
                return None
        try:
            return bytes(self.sa.decrypt(self.ip(packet), esn_en=True, esn=esn))
        except IPSecIntegrityError:
            return None


def check_esn(scenario, folder, transform):
    """The ICV covers the upper half of the number, which is not sent."""
    name = f"{transform} with ESN"
    out = folder / name.replace(" ", "-")
    summary, packets = run(scenario, out, [f"transform={transform}", "esn=true", f"first_seq={ESN_FIRST}"])
    rows = (out / "esp_sa").read_text().splitlines()
    numbers, wrong, high = [], 0, 0
    for direction, (source, link) in enumerate(ENDS.items()):
        sa = ScapySa(rows[direction])
        for packet in packets["wan"][direction]:
            low = struct.unpack_from("!I", packet, 24)[0]
            esn = 0 if low >= ESN_FIRST else 1
            number = (esn << 32 | low) - ESN_FIRST
            wrong += sa.decrypt(packet, esn) != kit.aged(packets[link][0][number], 1)
            high += esn
            numbers.append((source, number + 1))
    scenario.equal(wrong, 0, f"{name}: packets with a wrong ICV or inner packet")
    scenario.check(0 < high < len(numbers), f"{name}: the upper half does not change")
    scenario.equal(sa.decrypt(packet, esn + 1), None, f"{name}: ICV with another upper half")
    check_counts(scenario, name, numbers, summary, packets)
    check_delivered(scenario, name, summary, packets)
    print(f"scapy: {name}: {len(numbers)} packets, {high} above 2^32")


def body(scenario, folder):
    if not shutil.which("tshark"):
        kit.skip("there is no tshark")
    for transform, icv in TRANSFORMS:
        check_transform(scenario, folder, transform, icv)
    if not scenario.check(importlib.util.find_spec("scapy"), "no scapy: extended numbers were not checked"):
        return
    for transform in ESN_TRANSFORMS:
        check_esn(scenario, folder, transform)


kit.main(body)
