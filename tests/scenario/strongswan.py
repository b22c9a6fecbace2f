"""The codec against a live strongSwan whose datapath is kernel-libipsec, which shares no code with esplab.

Two ends of strongSwan stand in network namespaces, joined by a wire, and agree on keys by IKEv2; the test
reads those from the log and listens on the wire.  For each proposal: what either end encrypts (IPv4 and IPv6
inside IPv4, UDP 4500) opens in esplab, and packets that esplab makes, put on the wire, are accepted by the
other end and answered.  libipsec knows neither AH, transport mode without UDP, ESN nor GMAC.

Needs root, and charon with kernel-libipsec (packages strongswan-charon, strongswan-swanctl,
libcharon-extra-plugins, libstrongswan-extra-plugins); is skipped otherwise.
"""
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import sys
import time

import interop_kit
import kit

CHARON = pathlib.Path("/usr/lib/ipsec/charon")
LIBIPSEC = CHARON.parent / "plugins" / "libstrongswan-kernel-libipsec.so"
TOOLS = ("swanctl", "ip", "unshare", "nsenter", "mount")
INSIDE = "ESPLAB_STRONGSWAN_NAMESPACE"
PORT = 9999  # of an echo server at the far end
WIRE = {"a": "10.9.0.1", "b": "10.9.0.2"}
HOSTS = {4: ("10.1.0.1", "10.2.0.1"), 6: ("fd00:1::1", "fd00:2::1")}
NETS = {"a": "10.1.0.0/24,fd00:1::/64", "b": "10.2.0.0/24,fd00:2::/64"}
SIZES = (1, 2, 3, 4, 17, 33, 500, 1201)
# strongSwan's word, esplab's
PROPOSALS = {
    "aes128gcm16": "esp-gcm 128", "aes192gcm16": "esp-gcm 192", "aes256gcm16": "esp-gcm 256",
    "aes128gcm12": "esp-gcm-12 128", "aes256gcm8": "esp-gcm-8 256", "aes128ccm16": "esp-ccm 128",
    "aes192ccm12": "esp-ccm-12 192", "aes256ccm8": "esp-ccm-8 256",
    "chacha20poly1305": "esp-chacha20-poly1305", "aes128ctr-sha256": "esp-aes-ctr 128 esp-sha256-hmac",
    "aes192ctr-sha384": "esp-aes-ctr 192 esp-sha384-hmac",
    "aes256ctr-sha512": "esp-aes-ctr 256 esp-sha512-hmac", "aes128-sha1": "esp-aes 128 esp-sha-hmac",
    "aes192-md5": "esp-aes 192 esp-md5-hmac", "aes256-sha512": "esp-aes 256 esp-sha512-hmac",
    "aes256-sha384": "esp-aes 256 esp-sha384-hmac", "aes128-sha256": "esp-aes 128 esp-sha256-hmac",
    "3des-sha1": "esp-3des esp-sha-hmac", "des-md5": "esp-des esp-md5-hmac",
    "aes128-aesxcbc": "esp-aes 128 esp-aes-xcbc-mac", "aes256-aescmac": "esp-aes 256 esp-aes-cmac",
    "null-sha256": "esp-null esp-sha256-hmac",
}
CHARON_CONF = """charon {{
  load = random nonce aes sha1 sha2 md5 hmac kdf gcm ccm ctr openssl curve25519 cmac xcbc chapoly gmp pem \
kernel-libipsec kernel-netlink socket-default vici
  filelog {{ log {{ path = {folder}/{end}.log
    default = 1
    chd = 4
    flush_line = yes }} }}
  plugins {{ vici {{ socket = unix://{folder}/{end}.vici }} }}
}}
"""
SWAN_CONF = """connections {{ c {{ version = 2
  local_addrs = {wire}
  remote_addrs = {far_wire}
  proposals = aes128-sha256-x25519
  encap = yes
  local {{ auth = psk
    id = {end} }}
  remote {{ auth = psk
    id = {far} }}
  children {{ net {{ local_ts = {nets}
    remote_ts = {far_nets}
    esp_proposals = {proposal} }} }} }} }}
secrets {{ ike-1 {{ secret = "interop" }} }}
"""
ECHO = f"""import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("::", {PORT}))
while True:
    s.sendto(*s.recvfrom(65535))
"""


def keys_of(log):
    """{("encryption", "initiator"): bytes ...} of the last child SA that was made."""
    keys, now, size = {}, None, 0
    for line in log.splitlines():
        head = re.search(r"\[CHD\] (encryption|integrity) (initiator|responder) key => (\d+) bytes", line)
        row = re.search(r"\[CHD\]\s+\d+: ((?:[0-9A-F]{2} )+) ", line)
        if head:
            now, size = head.groups()[:2], int(head[3])
            keys[now] = b""
        elif row and now:
            keys[now] = (keys[now] + bytes.fromhex(row[1]))[:size]
        else:
            now = None
    return keys


class Ends:
    """Both strongSwans, this process's namespace being that of a."""

    def __init__(self, folder):
        self.folder = folder
        self.processes = [subprocess.Popen(["unshare", "-n", "sleep", "1000"])]
        time.sleep(0.3)  # the namespace is there when sleep is
        self.enter_b = ["nsenter", "-t", str(self.processes[0].pid), "-n"]
        self.wire_up()
        self.processes.append(subprocess.Popen([*self.enter_b, sys.executable, "-c", ECHO]))
        for end, enter in (("a", []), ("b", self.enter_b)):
            (folder / f"{end}.conf").write_text(CHARON_CONF.format(folder=folder, end=end))
            mounted = f"mount -t tmpfs tmpfs /run && exec {CHARON}"
            env = dict(os.environ, STRONGSWAN_CONF=str(folder / f"{end}.conf"))
            self.processes.append(subprocess.Popen(
                [*enter, "unshare", "-m", "sh", "-c", mounted], env=env, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL))
        for _ in range(300):
            if all((folder / f"{end}.vici").exists() for end in WIRE):
                break
            time.sleep(0.1)

    def wire_up(self):
        in_b = " ".join(self.enter_b)
        for command in (
                "ip link set lo up", f"ip link add va type veth peer name vb netns {self.processes[0].pid}",
                f"ip addr add {WIRE['a']}/24 dev va", "ip link set va up",
                f"ip addr add {HOSTS[4][0]}/24 dev lo", f"ip addr add {HOSTS[6][0]}/64 dev lo nodad",
                f"{in_b} ip link set lo up", f"{in_b} ip addr add {WIRE['b']}/24 dev vb",
                f"{in_b} ip link set vb up", f"{in_b} ip addr add {HOSTS[4][1]}/24 dev lo",
                f"{in_b} ip addr add {HOSTS[6][1]}/64 dev lo nodad"):
            subprocess.run(command.split(), check=True)

    def swanctl(self, end, *args):
        env = dict(os.environ, STRONGSWAN_CONF=str(self.folder / f"{end}.conf"))
        return subprocess.run(["swanctl", *args, "--uri", f"unix://{self.folder}/{end}.vici"], env=env,
                              capture_output=True, text=True, check=False)

    def agree(self, proposal):
        """Keys of a new pair of SAs: their inbound SPI at a, the outbound one, and the log; None: refused."""
        for end, far in (("a", "b"), ("b", "a")):
            conf = self.folder / f"{end}.swan"
            conf.write_text(SWAN_CONF.format(
                end=end, far=far, wire=WIRE[end], far_wire=WIRE[far], nets=NETS[end], far_nets=NETS[far],
                proposal=proposal))
            self.swanctl(end, "--load-all", "--file", str(conf))
        self.swanctl("a", "--terminate", "--ike", "c")
        log = self.folder / "a.log"
        begin = log.stat().st_size
        done = self.swanctl("a", "--initiate", "--child", "net")
        spis = re.search(r"SPIs ([0-9a-f]{8})_i ([0-9a-f]{8})_o", done.stdout)
        if done.returncode or not spis:
            return None
        return int(spis[1], 16), int(spis[2], 16), keys_of(log.read_text()[begin:])

    def close(self):
        for process in reversed(self.processes):
            process.terminate()
            process.wait()


class Wire:
    """The wire between the ends."""

    def __init__(self, codec):
        self.codec = codec
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.bind(("va", 0))
        self.frame = b""

    def listen(self, sas, wanted, ways=("out", "in"), seconds=20.0):
        """Payloads of those UDP packets inside ESP that are in `wanted`, by the SA's direction."""
        found = {"out": set(), "in": set()}
        end = time.monotonic() + seconds
        while time.monotonic() < end and not all(wanted <= found[way] for way in ways):
            self.socket.settimeout(0.2)
            try:
                frame = self.socket.recv(65535)
            except socket.timeout:
                continue
            way, payload = self.read(sas, frame)
            if payload in wanted:
                found[way].add(payload)
        return found

    def read(self, sas, frame):
        """Direction and UDP payload, or (None, None)."""
        if frame[12:14] != b"\x08\0" or frame[23] != 17 or len(frame) < 46:
            return None, None
        packet = frame[14:14 + struct.unpack("!H", frame[16:18])[0]]
        for way, sa in sas.items():
            if packet[28:32] == struct.pack("!I", sa.spi):
                if way == "out":
                    self.frame = frame[:14]
                verdict, _, inner = self.codec.open(sa, packet)
                inner = inner if verdict == "ok" else b""
                return way, inner[interop_kit.HEADER[inner[0] >> 4] + 8:] if inner else None
        return None, None

    def send(self, packet):
        self.socket.send(self.frame + packet)


def sa_of(transform, spi, keys, role, way):
    sa = interop_kit.Sa(transform, interop_kit.Shape(4, 4, False, True, False, True), spi)
    sa.key = keys.get(("encryption", role), b"")
    sa.auth_key = keys.get(("integrity", role), b"")
    sa.src, sa.dst = (WIRE["a"], WIRE["b"]) if way == "out" else (WIRE["b"], WIRE["a"])
    return sa


def udp_packet(version, payload):
    """To the echo server."""
    src, dst = (socket.inet_pton(socket.AF_INET if version == 4 else socket.AF_INET6, host)
                for host in HOSTS[version])
    datagram = struct.pack("!HHHH", 45678, PORT, 8 + len(payload), 0) + payload
    check = interop_kit.udp_checksum(version, src + dst, datagram)
    datagram = datagram[:6] + struct.pack("!H", check) + payload
    if version == 6:
        return struct.pack("!IHBB", 6 << 28, len(datagram), 17, 64) + src + dst + datagram
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(datagram), 1, 0, 64, 17, 0) + src + dst
    return head[:10] + struct.pack("!H", interop_kit.checksum(head)) + head[12:] + datagram


def exchange(scenario, ends, wire, proposal, transform):
    """Returns the packets that went each way."""
    agreed = ends.agree(proposal)
    if not scenario.check(agreed, f"{proposal}: the two strongSwans do not agree"):
        return 0, 0
    spi_in, spi_out, keys = agreed
    sas = {"out": sa_of(transform, spi_out, keys, "initiator", "out"),
           "in": sa_of(transform, spi_in, keys, "responder", "in")}
    sent = set()
    for version, family in ((4, socket.AF_INET), (6, socket.AF_INET6)):
        with socket.socket(family, socket.SOCK_DGRAM) as plain:
            plain.bind((HOSTS[version][0], 0))
            for size in SIZES:
                payload = interop_kit.derived(f"{proposal} {version} {size}", 8 + size)
                sent.add(payload)
                plain.sendto(payload, (HOSTS[version][1], PORT))
    found = wire.listen(sas, sent)
    for way in ("out", "in"):
        scenario.equal(len(found[way]), len(sent), f"{proposal}: packets of strongSwan that open, {way}")
    ours = {bytes([0, version, n]) + interop_kit.derived(f"esplab {proposal} {n}", 5 + 37 * n): version
            for n, version in enumerate((4, 6) * 4)}
    for n, (payload, version) in enumerate(ours.items()):
        wire.send(wire.codec.protect(sas["out"], udp_packet(version, payload), 1000 + n))
    answered = wire.listen(sas, set(ours), ("in",))["in"]
    scenario.equal(len(answered), len(ours), f"{proposal}: packets of esplab that strongSwan answers")
    return len(found["out"]) + len(found["in"]), len(answered)


def body(scenario, folder):
    codec = interop_kit.Codec(scenario.more[0])
    transforms = {transform["words"]: transform for transform in codec.transforms()}
    ends = Ends(folder)
    totals = [0, 0]
    try:
        wire = Wire(codec)
        for proposal, words in PROPOSALS.items():
            counts = exchange(scenario, ends, wire, proposal, transforms[words])
            totals = [total + count for total, count in zip(totals, counts)]
    finally:
        ends.close()
    print(f"strongSwan: {len(PROPOSALS)} proposals; {totals[0]} of its packets opened, {totals[1]} of "
          "esplab's answered")
    scenario.equal(codec.close(), 0, "exit status of the codec")


def enter():
    """Into namespaces of our own, where the tools are there."""
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    missing += [str(path) for path in (CHARON, LIBIPSEC) if not path.exists()]
    if missing or os.geteuid() != 0:
        kit.skip(f"no root, or not there: {missing}")
    probe = subprocess.run(["unshare", "-m", "-n", "true"], capture_output=True, check=False)
    if probe.returncode:
        kit.skip("no namespaces here")
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", "-m", "-n", sys.executable, *sys.argv])


if INSIDE not in os.environ:
    enter()
kit.main(body)
