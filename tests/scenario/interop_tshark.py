"""tshark reads what the codec made: it decrypts ESP, checks ICVs, and dissects AH.

One capture has a packet of every SA, and of every transform whose ICV tshark can check one that was changed.
The names of algorithms are those of alg.def's column `tshark`, so a name that tshark refuses fails here.
What tshark 4.0 cannot do, and what is checked instead:

 tshark 4.0                                            here
 no GMAC, CCM, ChaCha20-Poly1305 in ESP (later         no name in alg.def; SPI, number and headers only
   versions have the last)
 no AES-XCBC, AES-CMAC                                 "ANY 96 bit authentication [no checking]": decrypted,
                                                         the ICV only cut off
 no ESN                                                decrypted; it calls the ICV bad, which is not looked at
 ICV of AH is not checked                              fields of AH, and the packet inside
"""
import collections
import os
import struct
import subprocess

import interop_kit

LINKTYPE_RAW = 101
FIELDS = ("frame.number esp.spi esp.sequence esp.icv_good esp.icv_bad esp.protocol esp.decrypted_data "
          "esp.contained_data ah.spi ah.sequence ah.length ah.next_header udp.payload ip.checksum.status "
          "udp.checksum.status").split()
PREFERENCES = ("esp.enable_encryption_decode:TRUE", "esp.enable_authentication_check:TRUE",
               "ip.check_checksum:TRUE", "udp.check_checksum:TRUE")
BAD, GOOD, NONE = "0", "1", "3"  # checksum.status
SEQ = 0x01020304

Item = collections.namedtuple("Item", "sa seq inner packet changed")


def checked(sa):
    """Whether tshark can say if the ICV is good."""
    cipher, auth = sa.transform["tshark"]
    return bool(cipher) and sa.transform["icv"] > 0 and not auth.startswith("ANY") and not sa.shape.esn


def known(sa):
    return sa.transform["proto"] == "ESP" and bool(sa.transform["tshark"][0])


def hexed(key):
    return "0x" + key.hex() if key else ""


def esp_sa(sas):
    """Wireshark's table of SAs."""
    for sa in sas:
        cipher, auth = sa.transform["tshark"]
        row = (f"IPv{sa.shape.outer}", sa.src, sa.dst, f"0x{sa.spi:08x}", cipher, hexed(sa.key), auth,
               hexed(sa.auth_key))
        yield ",".join(f'"{value}"' for value in row) + "\n"


def items(codec):
    """What goes into the capture."""
    for number, transform in enumerate(codec.transforms()):
        for n, shape in enumerate(interop_kit.shapes(transform["proto"])):
            sa = interop_kit.Sa(transform, shape, 0x1000 + 64 * number + n)
            seq = SEQ + (7 << 32) * shape.esn
            inner = interop_kit.udp_packet(
                shape.inner, interop_kit.sizes((n // 2 + number) % 16)[(n // 4 + number) % 2])
            packet = codec.protect(sa, inner, seq)
            yield Item(sa, seq, inner, packet, False)
            if n == number % 16 // 2 * 2 and transform["proto"] == "ESP" and checked(sa):
                at = len(packet) - 1 - number % transform["icv"]
                yield Item(sa, seq, inner, packet[:at] + bytes([packet[at] ^ 4]) + packet[at + 1:], True)


def write_pcap(path, packets):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, LINKTYPE_RAW))
        for i, packet in enumerate(packets):
            file.write(struct.pack("<IIII", i, 0, len(packet), len(packet)) + packet)


def tshark(capture, folder):
    """One dictionary of FIELDS a packet, and what it says on stderr."""
    command = ["tshark", "-n", "-r", str(capture), "-T", "fields"]
    for preference in PREFERENCES:
        command += ["-o", preference]
    for field in FIELDS:
        command += ["-e", field]
    env = dict(os.environ, WIRESHARK_CONFIG_DIR=str(folder / "wireshark"), HOME=str(folder))
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    return [dict(zip(FIELDS, line.split("\t"))) for line in done.stdout.splitlines()], done.stderr


class Reading:
    """Checks of what tshark says, and counts."""

    def __init__(self, scenario):
        self.scenario = scenario
        self.counts = collections.Counter()
        self.transforms = collections.defaultdict(set)

    def equal(self, got, wanted, item, what):
        return self.scenario.equal(got, wanted, f"tshark: {item.sa}: {what}")

    def count(self, item, what):
        self.counts[what] += 1
        self.transforms[what].add(item.sa.transform["words"])

    def headers(self, item, row):
        """Outer checksums as they must be; SPI and number."""
        shape, proto = item.sa.shape, item.sa.transform["proto"].lower()
        self.equal(int(row[f"{proto}.spi"].split(",")[0], 16), item.sa.spi, item, "SPI")
        self.equal(int(row[f"{proto}.sequence"].split(",")[0]), item.seq & 0xffffffff, item, "number")
        if shape.outer == 4:
            self.equal(row["ip.checksum.status"].split(",")[0], GOOD, item, "checksum of the outer IPv4")
        if shape.natt:
            wanted = NONE if shape.outer == 4 else BAD if item.changed else GOOD
            self.equal(row["udp.checksum.status"].split(",")[0], wanted, item, "checksum of the UDP outside")

    def inside(self, item, row):
        """The packet inside is whole: payload, and checksums that tshark computes."""
        payload = item.inner[interop_kit.HEADER[item.sa.shape.inner] + 8:]
        self.equal(row["udp.payload"].split(",")[-1], payload.hex(), item, "payload inside")
        self.equal(row["udp.checksum.status"].split(",")[-1], GOOD, item, "checksum of the UDP inside")

    def icv(self, item, row):
        verdict = row["esp.icv_good"], row["esp.icv_bad"]
        if item.changed:
            self.equal(verdict, ("0", "1"), item, "ICV that was changed")
            self.count(item, "changed ICVs refused")
        elif checked(item.sa):
            self.equal(verdict, ("1", "0"), item, "ICV")
            self.count(item, "ICVs good")
        else:
            self.count(item, "without a check of the ICV")

    def esp(self, item, row):
        """Text and trailer: 1, 2, 3 ..., at most what the block needs, and the next header."""
        shape, block = item.sa.shape, item.sa.transform["block"]
        wanted = item.inner[interop_kit.HEADER[shape.inner]:] if shape.transport else item.inner
        pad = -(len(wanted) + 2) % block
        header = 17 if shape.transport else {4: 4, 6: 41}[shape.inner]
        trailer = bytes(range(1, pad + 1)) + bytes([pad, header])
        self.equal(row["esp.contained_data"], wanted.hex(), item, "packet inside")
        self.equal(row["esp.decrypted_data"], (wanted + trailer).hex(), item, "text")
        self.equal(row["esp.protocol"], f"0x{header:02x}", item, "next header")
        self.inside(item, row)
        self.icv(item, row)
        self.count(item, "decrypted")

    def ah(self, item, row):
        shape, icv = item.sa.shape, item.sa.transform["icv"]
        size = (12 + icv + 7) // 8 * 8 if shape.outer == 6 or not shape.align4 else 12 + icv
        self.equal(row["ah.length"], str(size // 4 - 2), item, "length of AH")
        self.equal(row["ah.next_header"], str(17 if shape.transport else {4: 4, 6: 41}[shape.inner]), item,
                   "next header")
        self.inside(item, row)
        self.count(item, "AH dissected")

    def item(self, item, row):
        self.headers(item, row)
        if known(item.sa):
            self.esp(item, row)
        elif item.sa.transform["proto"] == "AH":
            self.ah(item, row)
        else:
            self.count(item, "ESP dissected only")


def run(scenario, codec, folder):
    capture = list(items(codec))
    (folder / "wireshark").mkdir()
    sas = {item.sa.spi: item.sa for item in capture if known(item.sa)}
    (folder / "wireshark" / "esp_sa").write_text("".join(esp_sa(sas.values())))
    write_pcap(folder / "interop.pcap", [item.packet for item in capture])
    rows, errors = tshark(folder / "interop.pcap", folder)
    scenario.check("esp_sa" not in errors, f"tshark refuses names of alg.def: {errors}")
    scenario.equal(len(rows), len(capture), "packets that tshark read")
    reading = Reading(scenario)
    for item, row in zip(capture, rows):
        reading.item(item, row)
    scenario.check(len(reading.transforms["changed ICVs refused"]) > 50, "tshark: few changed ICVs")
    print(f"tshark: {len(capture)} packets, {len(sas)} SAs known; " + ", ".join(
        f"{count} {what} ({len(reading.transforms[what])} transforms)"
        for what, count in reading.counts.items()))
