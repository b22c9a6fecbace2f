"""The codec against a live strongSwan whose datapath is kernel-libipsec, which shares no code with esplab.

Two ends of strongSwan stand in network namespaces, joined by a wire, and agree on keys by IKEv2; the test
reads those from the log and listens on the wire.  For each proposal: what either end encrypts (IPv4 and IPv6
inside IPv4, UDP 4500) opens in esplab, and packets that esplab makes, put on the wire, are accepted by the
other end and answered.  libipsec knows neither AH, transport mode without UDP, ESN nor GMAC.

The ends are charon-cmd, strongSwan's client: the package of its daemon would start one on the host.  All
happens in network, mount and process namespaces of our own with a /run of their own, so that nothing outlives
the test however it ends.  Skipped without root, such namespaces, tun devices, or the packages of
scripts/packages.txt.
"""
import fcntl
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

import interop_kit
import kit
import netns_kit

PLUGINS = pathlib.Path("/usr/lib/ipsec/plugins")
LOADED = ("random nonce aes sha1 sha2 md5 hmac kdf gcm ccm ctr openssl curve25519 cmac xcbc chapoly gmp pem "
          "kernel-libipsec kernel-netlink socket-default vici")
TOOLS = ("charon-cmd", "swanctl", "ip", "unshare", "nsenter", "mount")
TUNSETIFF, IFF_TUN = 0x400454ca, 1
START_SECONDS = 60  # of a loaded machine
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
# What charon-cmd is started for is a connection that nobody answers, and that it never gives up.
NOBODY = "10.9.0.99"
CHARON_CONF = """charon-cmd {{
  load = {loaded}
  port = 500
  port_nat_t = 4500
  retransmit_base = 1
  retransmit_timeout = 2
  retransmit_tries = 1000
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
print("bound", flush=True)
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
        self.processes = []
        # A copy: AppArmor's profile of swanctl, in its package, lets it read no files of ours.
        self.control = shutil.copy(shutil.which("swanctl"), folder)

    def start(self):
        """Returns why it is not running, or None."""
        holder = self.spawn("unshare", "-n", sys.executable, "-c", "print('here', flush=True); input()")
        holder.stdout.readline()
        self.enter_b = ["nsenter", "-t", str(holder.pid), "-n"]
        self.wire_up(holder.pid)
        self.spawn(*self.enter_b, sys.executable, "-c", ECHO).stdout.readline()
        for end, enter in (("a", []), ("b", self.enter_b)):
            self.conf(end).write_text(CHARON_CONF.format(folder=self.folder, end=end, loaded=LOADED))
            self.spawn(*enter, "charon-cmd", "--host", NOBODY, "--identity", end, env=self.env(end),
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        waiting = list(WIRE)
        while waiting and time.monotonic() < deadline:
            waiting = [end for end in waiting if self.swanctl(end, "--stats").returncode]
            time.sleep(0.1)
        return f"not up: {waiting}\n{self.log('a')}\n{self.log('b')}" if waiting else None

    def spawn(self, *command, env=None, stdin=subprocess.PIPE, stdout=subprocess.PIPE):
        """Without a terminal: charon-cmd would ask there for a key besides the one that it is told."""
        self.processes.append(subprocess.Popen(command, env=env, stdin=stdin, stdout=stdout,
                                               stderr=subprocess.DEVNULL, start_new_session=True))
        return self.processes[-1]

    def conf(self, end):
        return self.folder / f"{end}.conf"

    def env(self, end):
        """With nothing from /etc/strongswan.d and /etc/swanctl."""
        return dict(os.environ, STRONGSWAN_CONF=str(self.conf(end)), SWANCTL_DIR=str(self.folder))

    def log(self, end, begin=0):
        path = self.folder / f"{end}.log"
        return path.read_text()[begin:] if path.exists() else ""

    def wire_up(self, pid_b):
        in_b = " ".join(self.enter_b)
        for command in (
                "ip link set lo up", f"ip link add va type veth peer name vb netns {pid_b}",
                f"ip addr add {WIRE['a']}/24 dev va", "ip link set va up",
                f"ip addr add {HOSTS[4][0]}/24 dev lo", f"ip addr add {HOSTS[6][0]}/64 dev lo nodad",
                f"{in_b} ip link set lo up", f"{in_b} ip addr add {WIRE['b']}/24 dev vb",
                f"{in_b} ip link set vb up", f"{in_b} ip addr add {HOSTS[4][1]}/24 dev lo",
                f"{in_b} ip addr add {HOSTS[6][1]}/64 dev lo nodad"):
            subprocess.run(command.split(), check=True)

    def swanctl(self, end, *args):
        command = ["timeout", str(START_SECONDS), self.control, *args, "--uri",
                   f"unix://{self.folder}/{end}.vici"]
        return subprocess.run(command, env=self.env(end), capture_output=True, text=True, check=False)

    def agree(self, proposal):
        """Keys of a new pair of SAs: inbound SPI at a, outbound one, keys; or why not, a string."""
        for end, far in (("a", "b"), ("b", "a")):
            conf = self.folder / f"{end}.swan"
            conf.write_text(SWAN_CONF.format(
                end=end, far=far, wire=WIRE[end], far_wire=WIRE[far], nets=NETS[end], far_nets=NETS[far],
                proposal=proposal))
            loaded = self.swanctl(end, "--load-all", "--file", str(conf))
            if loaded.returncode:
                return loaded.stderr
        self.swanctl("a", "--terminate", "--ike", "c")
        begin = len(self.log("a"))
        done = self.swanctl("a", "--initiate", "--child", "net")
        spis = re.search(r"SPIs ([0-9a-f]{8})_i ([0-9a-f]{8})_o", done.stdout)
        if done.returncode or not spis:
            return done.stdout + done.stderr
        return int(spis[1], 16), int(spis[2], 16), keys_of(self.log("a", begin))

    def close(self):
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
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
    if not scenario.check(not isinstance(agreed, str), f"{proposal}: no agreement: {agreed}"):
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
        failure = ends.start()
        if not scenario.check(not failure, f"strongSwan: {failure}"):
            raise kit.Stop
        wire = Wire(codec)
        for proposal, words in PROPOSALS.items():
            counts = exchange(scenario, ends, wire, proposal, transforms[words])
            totals = [total + count for total, count in zip(totals, counts)]
    finally:
        ends.close()
    print(f"strongSwan: {len(PROPOSALS)} proposals; {totals[0]} of its packets opened, {totals[1]} of "
          "esplab's answered")
    scenario.equal(codec.close(), 0, "exit status of the codec")


def settle():
    """Into namespaces of our own, where plugins, veth and tun devices are there."""
    files = [PLUGINS / f"libstrongswan-{name}.so" for name in LOADED.split()]
    netns_kit.begin(TOOLS, ("ip link add probe type veth peer name eborp", "ip link del probe"),
                    [str(path) for path in files if not path.exists()])
    try:
        with open("/dev/net/tun", "r+b", buffering=0) as tun:
            fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", b"probe", IFF_TUN))
    except OSError as error:
        kit.skip(f"no tun devices: {error}")
    tempfile.tempdir = "/run"


settle()
kit.main(body)
