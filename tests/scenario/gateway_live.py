"""Two live gateways between Linux hosts: host - tap - gateway - veth - gateway - tap - host.

The hosts' ends are Linux's own stack, so ARP, neighbour discovery, ping, TCP with its path MTU discovery, and
datagrams of the largest size are those of somebody else; where there is a tshark, it decrypts what went over
the wire between the gateways.  Then a gateway is killed without a word, and the next one must not use a
sequence number again.  IPv4 first, then IPv6.

All happens in network, mount and process namespaces of our own, so that nothing outlives the test.  Skipped
without root, such namespaces, tun devices, or the tools.
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import kit

TOOLS = ("ip", "ping", "unshare", "mount")
OUTSIDE = "ESPLAB_LIVE_OUTSIDE"  # the network namespace that must not be touched
START_SECONDS = 60  # of a loaded machine
TCP_BYTES = 8 << 20
PORT = 9999
KEYS = {"a-b": "5d4c3bd1a0f7f1f9c2ab6b2c6e0d9d3e8f10a2b4",
        "b-a": "9a3f6be2170c48d5b1e0f7a6c3d2948e5b6c7d81"}
SPIS = {"a-b": 0x1001, "b-a": 0x2001}
OVERHEAD = {4: 20 + 8 + 8 + 2 + 16, 6: 40 + 8 + 8 + 2 + 16}  # headers, IV, trailer, ICV; padding besides


class Net:
    """Addresses of one family."""

    def __init__(self, version):
        self.version = version
        v4 = version == 4
        self.lan = {"a": "10.1.0.", "b": "10.2.0."} if v4 else {"a": "2001:db8:1::", "b": "2001:db8:2::"}
        wan = "192.0.2." if v4 else "2001:db8:f::"
        self.wan = {"a": wan + "1", "b": wan + "2"}
        self.lan_len, self.wan_len = (24, 30) if v4 else (64, 64)
        self.datagram = 65507 if v4 else 65487

    def network(self, end):
        return f"{self.lan[end]}{0 if self.version == 4 else ''}/{self.lan_len}"

    def gateway(self, end):
        return self.lan[end] + "1"

    def host(self, end):
        return self.lan[end] + "10"

    def config(self, end, folder):
        far = "b" if end == "a" else "a"
        ways = ((f"{end}-{far}", "out", end, far), (f"{far}-{end}", "in", far, end))
        sas = ",\n".join(
            f'{{ name = "{name}"; direction = "{way}"; spi = {SPIS[name]}; src = "{self.wan[src]}"; '
            f'dst = "{self.wan[dst]}"; transform = "esp-gcm 128"; key = "{KEYS[name]}"; window = 1024; }}'
            if way == "in" else
            f'{{ name = "{name}"; direction = "{way}"; spi = {SPIS[name]}; src = "{self.wan[src]}"; '
            f'dst = "{self.wan[dst]}"; transform = "esp-gcm 128"; key = "{KEYS[name]}"; }}'
            for name, way, src, dst in ways)
        policies = ",\n".join(
            f'{{ name = "{name}"; direction = "{way}"; action = "protect"; sa = "{name}"; '
            f'src = "{self.network(src)}"; dst = "{self.network(dst)}"; }}' for name, way, src, dst in ways)
        return f"""live = {{ control = "{folder}/{end}.sock"; }};
gateways = ({{ name = "site-{end}";
  ports = (
    {{ name = "lan"; address = "{self.gateway(end)}/{self.lan_len}"; device = "net_tap0,iface=lan"; }},
    {{ name = "wan"; address = "{self.wan[end]}/{self.wan_len}"; device = "net_af_packet0,iface=wan"; }} );
  routes = ( {{ to = "{self.network(far)}"; via = "{self.wan[far]}"; }} );
  sas = ( {sas} );
  policies = ( {policies} ); }});
"""


# Hands back what it gets; a connection as a whole, with its digest in front.
ECHO = f"""import hashlib, socket, threading
def datagrams():
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    s.bind(("::", {PORT}))
    print("bound", flush=True)
    while True:
        s.sendto(*s.recvfrom(65535))
threading.Thread(target=datagrams, daemon=True).start()
s = socket.create_server(("::", {PORT}), family=socket.AF_INET6, dualstack_ipv6=True)
print("bound", flush=True)
while True:
    c, _ = s.accept()
    digest = hashlib.sha256()
    while data := c.recv(65536):
        digest.update(data)
    c.sendall(digest.hexdigest().encode())
    c.close()
"""
DATAGRAM = """import os, socket, sys
host, port, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
s.settimeout(2)
good = 0
for i in range(6):
    data = os.urandom(size)
    s.sendto(data, (host, port))
    try:
        good += s.recv(65535) == data and i > 0  # by the first the ends may learn the path's MTU
    except socket.timeout:
        pass
print(good)
"""
CONNECT = """import hashlib, os, socket, sys
host, port, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
data = os.urandom(size)
s = socket.create_connection((host, port), 20)
s.sendall(data)
s.shutdown(socket.SHUT_WR)
answer = b""
while more := s.recv(65536):
    answer += more
print(answer.decode() == hashlib.sha256(data).hexdigest())
"""
# ESP packets that come to a gateway: "SPI SEQUENCE" a line.  What it sends goes past those who listen.
LISTEN = """import socket, struct
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind(("wan", 0))
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
print("bound", flush=True)
while True:
    frame = s.recv(65535)
    kind, at = frame[12:14], 0
    if kind == b"\\x08\\0" and frame[23] == 50 and not struct.unpack("!H", frame[20:22])[0] & 0x1fff:
        at = 14 + 4 * (frame[14] & 15)
    elif kind == b"\\x86\\xdd" and frame[20] == 50:
        at = 54
    if at:
        print(*struct.unpack("!II", frame[at:at + 8]), flush=True)
"""


class World:
    """Four namespaces, two gateways."""

    def __init__(self, scenario, folder, net):
        self.scenario, self.folder, self.net = scenario, folder, net
        self.processes = []
        self.gateways = {}

    def run(self, where, *command, seconds=60):
        return subprocess.run(["ip", "netns", "exec", where, *command], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=seconds, check=False)

    def spawn(self, where, *command, out=subprocess.PIPE):
        self.processes.append(subprocess.Popen(["ip", "netns", "exec", where, *command],
                                               stdin=subprocess.DEVNULL, stdout=out, stderr=out))
        return self.processes[-1]

    def wire_up(self):
        for name in ("ha", "ga", "gb", "hb"):
            subprocess.run(["ip", "netns", "add", name], check=True)
            subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        ip("-n", "ga", "link", "add", "wan", "type", "veth", "peer", "name", "wan", "netns", "gb")
        for name in ("ga", "gb"):
            ip("-n", name, "link", "set", "wan", "addrgenmode", "none", "up")

    def start(self, end):
        """A gateway, and its tap where its host is; returns once it runs."""
        config = self.folder / f"site-{end}.cfg"
        config.write_text(self.net.config(end, self.folder))
        config.chmod(0o600)
        with open(self.folder / f"{end}.log", "w", encoding="utf-8") as log:
            self.gateways[end] = self.spawn("g" + end, str(self.scenario.binary), "gateway", str(config),
                                            out=log)
        deadline = time.monotonic() + START_SECONDS
        while "running" not in self.log(end) and time.monotonic() < deadline:
            time.sleep(0.1)
        if not self.scenario.check("running" in self.log(end), f"gateway {end}: {self.log(end)}"):
            raise kit.Stop
        host, version = "h" + end, f"-{self.net.version}"
        ip("-n", "g" + end, "link", "set", "lan", "netns", host)
        ip("-n", host, "addr", "add", f"{self.net.host(end)}/{self.net.lan_len}", "dev", "lan",
           *(["nodad"] if self.net.version == 6 else []))
        ip("-n", host, "link", "set", "lan", "up")
        ip("-n", host, version, "route", "add", "default", "via", self.net.gateway(end))

    def log(self, end):
        path = self.folder / f"{end}.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def show(self, end, *words):
        return self.scenario.esplab("show", "--socket", self.folder / f"{end}.sock", *words)

    def ping(self, where, address, *args):
        """Answers of 5."""
        done = self.run(where, "ping", "-c", "5", "-i", "0.2", "-W", "2", *args, address)
        found = re.search(r"(\d+) received", done.stdout)
        return int(found[1]) if found else 0

    def close(self):
        for process in reversed(self.processes):
            process.kill()
            process.wait()
        for name in ("ha", "ga", "gb", "hb"):
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def ip(*args):
    subprocess.run(["ip", *args], check=True, capture_output=True)


def check_ping(scenario, world):
    net = world.net
    world.ping("ha", net.host("b"))  # the first questions for MACs
    scenario.equal(world.ping("ha", net.host("b")), 5, f"IPv{net.version}: pings from host to host")
    scenario.equal(world.ping("hb", net.host("a"), "-s", "1300"), 5, f"IPv{net.version}: large pings back")
    scenario.equal(world.ping("ha", net.gateway("a")), 5, f"IPv{net.version}: pings of the near gateway")
    scenario.equal(world.ping("ha", net.gateway("b")), 5,
                   f"IPv{net.version}: pings of the far gateway, through the tunnel")


def check_sizes(scenario, world):
    """TCP finds the path's MTU by itself; the largest datagrams arrive whole."""
    net = world.net
    echo = world.spawn("hb", sys.executable, "-c", ECHO)
    for _ in range(2):
        echo.stdout.readline()
    done = world.run("ha", sys.executable, "-c", CONNECT, net.host("b"), str(PORT), str(TCP_BYTES))
    scenario.equal(done.stdout.strip(), "True",
                   f"IPv{net.version}: TCP, {TCP_BYTES} bytes: {done.stderr[-300:]}")
    route = world.run("ha", "ip", "route", "get", net.host("b")).stdout
    mtu = re.search(r"mtu (\d+)", route)
    if scenario.check(mtu, f"IPv{net.version}: TCP learnt no MTU: {route}"):
        scenario.check(1500 - OVERHEAD[net.version] - 4 <= int(mtu[1]) <= 1500 - OVERHEAD[net.version],
                       f"IPv{net.version}: MTU {mtu[1]}")
    for size in (1, 1400, 1500, 9000, net.datagram):
        done = world.run("ha", sys.executable, "-c", DATAGRAM, net.host("b"), str(PORT), str(size))
        drops = world.show("a", "drops").stdout + world.show("b", "drops").stdout
        scenario.equal(done.stdout.strip(), "5",
                       f"IPv{net.version}: datagrams of {size} bytes: {done.stderr[-300:]}{drops}")


def check_tshark(scenario, world):
    """What is on the wire opens with the keys, and there is nothing in the clear."""
    net = world.net
    if not shutil.which("tshark"):
        return
    capture = world.folder / f"wan{net.version}.pcap"
    listener = world.spawn("gb", "tshark", "-q", "-i", "wan", "-c", "10", "-w", str(capture))
    for _ in range(20):
        world.ping("ha", net.host("b"))
        if listener.poll() is not None:
            break
    if not scenario.equal(listener.poll(), 0, f"IPv{net.version}: tshark that listens"):
        return
    options = ["-o", "esp.enable_encryption_decode:TRUE", "-o", "esp.enable_authentication_check:TRUE"]
    for name in KEYS:
        src, dst = (net.wan[end] for end in name.split("-"))
        options += ["-o", f'uat:esp_sa:"IPv{net.version}","{src}","{dst}","{SPIS[name]:#010x}",'
                    f'"AES-GCM with 16 octet ICV [RFC4106]","0x{KEYS[name]}","NULL",""']
    done = world.run("ga", "tshark", "-r", str(capture), *options, "-T", "fields", "-e", "icmp.type", "-e",
                     "icmpv6.type", "-e", "esp.spi")
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    esp = [row for row in rows if row[-1]]
    scenario.check(esp and all(row[0] or row[1] for row in esp),
                   f"IPv{net.version}: tshark opens {len(esp)} packets of {len(rows)}: {done.stdout}")
    clear = [row for row in rows if row[0] and not row[-1]]
    scenario.equal(clear, [], f"IPv{net.version}: pings in the clear")


def check_kill(scenario, world):
    """kill -9, and on: no number twice."""
    net = world.net
    listener = world.spawn("gb", sys.executable, "-c", LISTEN)
    listener.stdout.readline()
    world.ping("ha", net.host("b"))
    pid = subprocess.run(["pgrep", "-P", str(world.gateways["a"].pid)], capture_output=True, text=True,
                         check=False).stdout.split()
    os.kill(int(pid[0]) if pid else world.gateways["a"].pid, signal.SIGKILL)
    world.gateways["a"].wait()
    world.start("a")
    world.ping("ha", net.host("b"))
    scenario.equal(world.ping("ha", net.host("b")), 5, f"IPv{net.version}: pings after kill -9 and restart")
    listener.terminate()
    seen = [tuple(map(int, line.split())) for line in listener.stdout.read().decode().splitlines()]
    sent = [number for spi, number in seen if spi == SPIS["a-b"]]
    if not scenario.check(len(sent) >= 10, f"IPv{net.version}: only {len(sent)} packets seen"):
        return
    scenario.equal(len(sent), len(set(sent)),
                   f"IPv{net.version}: sequence numbers sent twice: {sorted(sent)}")
    scenario.check(sent == sorted(sent) and sent[-1] - sent[0] >= 1 << 19,
                   f"IPv{net.version}: the reservation was left behind: {sent[:3]} ... {sent[-3:]}")


def check_end(scenario, world):
    """What consoles see, and the totals at the end."""
    done = world.show("a", "crypto", "ipsec", "sa")
    scenario.check("#pkts encaps" in done.stdout,
                   f"show crypto ipsec sa: {done.stdout}{done.stderr}")
    for end, process in world.gateways.items():
        process.send_signal(signal.SIGTERM)
        scenario.equal(process.wait(20), 0, f"gateway {end} at the end: {world.log(end)}")
        totals = re.search(r"rx (\d+) \+ created (\d+) = tx (\d+) \+ consumed (\d+) \+ held 0(.*)",
                           world.log(end))
        if scenario.check(totals, f"totals of {end}: {world.log(end)}"):
            drops = sum(int(number) for number in re.findall(r"(\d+)(?: \+|$)", totals[5]))
            rx, created, tx, consumed = map(int, totals.groups()[:4])
            scenario.equal(rx + created, tx + consumed + drops, f"balance of {end}")


def body(scenario, folder):
    for version in (4, 6):
        world = World(scenario, folder, Net(version))
        try:
            world.wire_up()
            world.start("a")
            world.start("b")
            check_ping(scenario, world)
            check_sizes(scenario, world)
            check_tshark(scenario, world)
            check_kill(scenario, world)
            check_end(scenario, world)
        finally:
            world.close()


def enter():
    """Into namespaces of our own, where the tools are there."""
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if os.geteuid() != 0:
        kit.skip("not root")
    if missing:
        kit.skip(f"not there: {', '.join(missing)}")
    into = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    probe = subprocess.run([*into, "true"], capture_output=True, text=True, check=False)
    if probe.returncode:
        kit.skip(f"no namespaces: {probe.stderr.strip()}")
    os.environ[OUTSIDE] = os.readlink("/proc/self/ns/net")
    os.execvp("unshare", [*into, sys.executable, *sys.argv])


def settle():
    """In the namespaces: a /run of our own, and a look whether tun and veth devices can be made."""
    if os.readlink("/proc/self/ns/net") == os.environ[OUTSIDE] or os.getpid() != 1:
        sys.exit(f"{OUTSIDE} is for the test itself to set")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    for words in ("tuntap add dev probe mode tap", "link del probe",
                  "link add probe type veth peer name probe1", "link del probe"):
        done = subprocess.run(["ip", *words.split()], capture_output=True, text=True, check=False)
        if done.returncode:
            kit.skip(f"ip {words}: {done.stderr.strip()}")


if __name__ == "__main__":
    if OUTSIDE not in os.environ:
        enter()
    settle()
    kit.main(body)
