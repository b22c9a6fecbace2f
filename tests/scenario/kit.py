"""What the scenarios share: running esplab, reading its results, and counting what is wrong.

A scenario is called as `SCRIPT ESPLAB ROOT [more]`: the binary and the root of the sources.  Exit status:
0; 1 where a check failed; 77 where a tool is missing (meson calls that skipped).
"""
import collections
import json
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

SKIPPED = 77
RUN_SECONDS = 600  # a run that takes longer hangs; sanitizers are slow


class Scenario:
    """The binary, the sources, a folder for results that disappears, and the checks."""

    def __init__(self):
        if len(sys.argv) < 3:
            sys.exit(f"usage: {sys.argv[0]} ESPLAB ROOT [...]")
        self.binary = pathlib.Path(sys.argv[1]).resolve()
        self.root = pathlib.Path(sys.argv[2]).resolve()
        self.more = sys.argv[3:]
        self.labs = self.root / "config" / "lab"
        self.checks = 0
        self.failures = 0

    def check(self, good, text):
        """Counts; tells only what is wrong, so that a failure is not buried."""
        self.checks += 1
        if not good:
            self.failures += 1
            print(f"FAILED: {text}")
        return bool(good)

    def equal(self, got, wanted, text):
        return self.check(got == wanted, f"{text}: {got!r}, wanted {wanted!r}")

    def esplab(self, *args, binary=None, cwd=None, prefix=(), stdin=None):
        """Runs it; never fails by itself."""
        command = [*prefix, str(binary or self.binary), *map(str, args)]
        return subprocess.run(command, stdin=stdin or subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, cwd=cwd, text=True, timeout=RUN_SECONDS, check=False)

    def run(self, lab, out, *sets, **options):
        """One laboratory, which must succeed and balance; returns its summary."""
        args = ["run", lab, "--quiet", "--out", out]
        for key, value in options.items():
            args += [f"--{key}", value]
        for change in sets:
            args += ["--set", change]
        done = self.esplab(*args)
        if not self.equal(done.returncode, 0, f"exit status of {args}: {done.stderr.strip()}"):
            raise Stop
        summary = read_json(pathlib.Path(out) / "summary.json")
        self.balanced(summary, f"{pathlib.Path(lab).name} {sets}")
        return summary

    def balanced(self, summary, name):
        """Nothing is lost without a name, and nothing arrives changed."""
        self.check(summary["balance"]["ok"] is True, f"{name}: {summary['balance']}")
        self.equal(summary["corrupt"], 0, f"{name}: corrupt packets")
        for group in ("packets", "mbufs"):
            self.check(summary["balance"][group]["ok"] is True, f"{name}: balance of {group}")
        packets = summary["balance"]["packets"]
        self.equal(packets["consumed"] + packets["held"] + packets["dropped"], packets["created"],
                   f"{name}: consumed, held and dropped packets together")


    def decrypt(self, capture, keys, *args):
        """What `esplab decrypt` says as JSON; it must succeed, and its kinds must add up."""
        done = self.esplab("decrypt", capture, "--keys", keys, "--json", *args)
        if not self.equal(done.returncode, 0, f"decrypt {capture} {args}: {done.stderr.strip()}"):
            raise Stop
        found = json.loads(done.stdout)
        totals = found["totals"]
        self.equal(sum(totals["kinds"].values()), totals["packets"], f"{capture}: kinds add up")
        return found

    def run_variants(self, lab, out, *args):
        """All variants; returns {name: row of comparison.json} and {name: summary}."""
        done = self.esplab("run", lab, "--quiet", "--variants", "--out", out, *args)
        if not self.equal(done.returncode, 0, f"exit status of --variants: {done.stderr.strip()}"):
            raise Stop
        rows = {row["name"]: row for row in read_json(pathlib.Path(out) / "comparison.json")["variants"]}
        summaries = {}
        for name, row in rows.items():
            folder = re.sub(r"[^a-zA-Z0-9]", "-", name)
            summaries[name] = read_json(pathlib.Path(out) / folder / "summary.json")
            self.check(row["balanced"] is True, f"{name} is not balanced")
            self.balanced(summaries[name], name)
        return rows, summaries


class Stop(Exception):
    """Going on makes no sense; the failure is counted already."""


def main(body):
    """Calls body(scenario, folder) and exits."""
    sys.stdout.reconfigure(line_buffering=True)
    scenario = Scenario()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="esplab-scenario-"))
    try:
        body(scenario, folder)
    except Stop:
        pass
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{pathlib.Path(sys.argv[0]).stem}: {scenario.checks} checks, {scenario.failures} failed")
    sys.exit(1 if scenario.failures or not scenario.checks else 0)


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def named(items, key, name):
    """The one item whose `key` is `name`."""
    found = [item for item in items if item[key] == name]
    if len(found) != 1:
        raise LookupError(f"{len(found)} items with {key} = {name}")
    return found[0]


def class_of(summary, name):
    return named(summary["classes"], "class", name)


def inbound(summary, name="a-b"):
    """The decrypting end of an SA."""
    return named([sa for sa in summary["sas"] if sa["direction"] == "in"], "name", name)


def replay_losses(item):
    """Packets of a class or flow that replay windows threw away."""
    return sum(n for reason, n in item["lost_by_reason"].items() if reason.startswith("replay"))


def lost_by_window(summary, window, name="a-b"):
    """From the histogram of lags: with window W the packets with lag >= W are lost."""
    return sum(count for lag, count in inbound(summary, name)["lag"]["histogram"] if lag >= window)


def aged(packet, hops):
    """The packet after so many routers: TTL and checksum (RFC 791, RFC 1071), or hop limit."""
    header = bytearray(packet[:20])
    if header[0] >> 4 == 6:
        header[7] -= hops
        return bytes(header) + packet[20:]
    header[8] -= hops
    header[10:12] = b"\0\0"
    total = sum(struct.unpack("!10H", header))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    header[10:12] = struct.pack("!H", ~total & 0xffff)
    return bytes(header) + packet[20:]


LINKTYPE_RAW = 101


def write_pcap(path, packets, link_type=LINKTYPE_RAW, snaplen=65535):
    """Little-endian pcap with ns; packet i at i ms."""
    data = [struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, snaplen, link_type)]
    for i, packet in enumerate(packets):
        data.append(struct.pack("<IIII", 1000 + i // 1000, i % 1000 * 1000000, min(len(packet), snaplen),
                                len(packet)))
        data.append(packet[:snaplen])
    path.write_bytes(b"".join(data))
    return path


Packet = collections.namedtuple("Packet", "interface time_ns data")


def read_pcapng(path):
    """Packets of a little-endian pcapng file with times in ns; written from the draft, not from esplab."""
    data = path.read_bytes()
    interfaces = 0
    at = 0
    while at < len(data):
        kind, total = struct.unpack_from("<II", data, at)
        if total < 12 or total % 4 or struct.unpack_from("<I", data, at + total - 4)[0] != total:
            raise ValueError(f"{path}: block at {at} has a bad length")
        if kind == 1:
            if b"\x09\x00\x01\x00\x09" not in data[at + 16:at + total]:
                raise ValueError(f"{path}: interface without if_tsresol of 9")
            interfaces += 1
        elif kind == 6:
            interface, high, low, captured, original = struct.unpack_from("<IIIII", data, at + 8)
            if interface >= interfaces or captured != original:
                raise ValueError(f"{path}: packet at {at} is cut or of no interface")
            yield Packet(interface, high << 32 | low, data[at + 28:at + 28 + captured])
        at += total
