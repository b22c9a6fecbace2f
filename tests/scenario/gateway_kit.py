"""What the scenarios of live gateways share: hosts and gateways in namespaces of our own.

    host ha - tap - gateway ga - veth - gateway gb - tap - host hb

All happens in network, mount and process namespaces that end with the test.  Skipped without root, such
namespaces, tun devices, or the tools.
"""
import ctypes
import json
import re
import signal
import subprocess
import sys
import time

import kit
import netns_kit

TOOLS = ("ip", "ping", "unshare", "mount")
PROBES = ("ip tuntap add dev probe mode tap", "ip link del probe",
          "ip link add probe type veth peer name probe1", "ip link del probe")
START_SECONDS = 60  # of a loaded machine
KEYS = {"a-b": "5d4c3bd1a0f7f1f9c2ab6b2c6e0d9d3e8f10a2b4",
        "b-a": "9a3f6be2170c48d5b1e0f7a6c3d2948e5b6c7d81"}
SPIS = {"a-b": 0x1001, "b-a": 0x2001}
CLONE_NEWNET = 0x40000000


def group(**keys):
    """A group of a configuration."""
    def text(value):
        return str(value).lower() if isinstance(value, (bool, int)) else f'"{value}"'
    return "{ " + " ".join(f"{key} = {text(value)};" for key, value in keys.items()) + " }"


def groups(items):
    return "(\n" + ",\n".join(f"    {item}" for item in items) + " )"


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

    def ways(self, end):
        """Name, direction, and the ends of the two SAs of a gateway."""
        far = "b" if end == "a" else "a"
        return ((f"{end}-{far}", "out", end, far), (f"{far}-{end}", "in", far, end))

    def sas(self, end):
        return [group(name=name, direction=way, spi=SPIS[name], src=self.wan[src], dst=self.wan[dst],
                      transform="esp-gcm 128", key=KEYS[name], **({"window": 1024} if way == "in" else {}))
                for name, way, src, dst in self.ways(end)]

    def policies(self, end):
        return [group(name=name, direction=way, action="protect", sa=name, src=self.network(src),
                      dst=self.network(dst)) for name, way, src, dst in self.ways(end)]

    def config(self, end, folder, sas=None, policies=None, port=None, live=None, more="", top="",
               lan="net_tap0,iface=lan", wan="net_af_packet0,iface=wan"):
        """sas, policies: groups instead of a tunnel between the networks; port, live: more keys, more: of
        the gateway, top: more sections; lan, wan: devices to the host and to the other gateway."""
        far = "b" if end == "a" else "a"
        ports = [group(name="lan", address=f"{self.gateway(end)}/{self.lan_len}",
                       device=lan, **(port or {})),
                 group(name="wan", address=f"{self.wan[end]}/{self.wan_len}",
                       device=wan, **(port or {}))]
        routes = [group(to=self.network(far), via=self.wan[far])]
        return f"""live = {group(control=f"{folder}/{end}.sock", **(live or {}))};
{top}
gateways = ({{ name = "site-{end}"; {more}
  ports = {groups(ports)};
  routes = {groups(routes)};
  sas = {groups(sas or self.sas(end))};
  policies = {groups(policies or self.policies(end))}; }});
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

    def iperf_server(self, where, *options):
        """Returns once it listens: clients with --json that find nobody end with status 0."""
        server = self.spawn(where, "iperf3", "-s", "--forceflush", *options)
        while server.poll() is None and b"listening" not in server.stdout.readline():
            pass
        return server

    def wire_up(self):
        for name in ("ha", "ga", "gb", "hb"):
            subprocess.run(["ip", "netns", "add", name], check=True)
            subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        ip("-n", "ga", "link", "add", "wan", "type", "veth", "peer", "name", "wan", "netns", "gb")
        for name in ("ga", "gb"):
            ip("-n", name, "link", "set", "wan", "addrgenmode", "none", "up")

    def start(self, end, eal=(), **changes):
        """A gateway, and its tap where its host is; returns once it runs.  changes: of Net.config()."""
        config = self.folder / f"site-{end}.cfg"
        config.write_text(self.net.config(end, self.folder, **changes))
        config.chmod(0o600)
        path = self.folder / f"{end}.log"
        path.unlink(missing_ok=True)
        with open(path, "a", encoding="utf-8") as log:  # which may be cut while it is written
            self.gateways[end] = self.spawn("g" + end, str(self.scenario.binary), "gateway", str(config),
                                            *(("--", *eal) if eal else ()), out=log)
        deadline = time.monotonic() + START_SECONDS
        while "running" not in self.log(end) and time.monotonic() < deadline:
            time.sleep(0.1)
        if not self.scenario.check("running" in self.log(end), f"gateway {end}: {self.log(end)}"):
            raise kit.Stop
        host, version = "h" + end, f"-{self.net.version}"
        ip("-n", "g" + end, "link", "set", "lan", "netns", host)
        if self.net.version == 4:
            ip("-n", host, "link", "set", "lan", "addrgenmode", "none")  # IPv6 says nothing by itself
        ip("-n", host, "addr", "add", f"{self.net.host(end)}/{self.net.lan_len}", "dev", "lan",
           *(["nodad"] if self.net.version == 6 else []))
        ip("-n", host, "link", "set", "lan", "up")
        ip("-n", host, version, "route", "add", "default", "via", self.net.gateway(end))

    def log(self, end):
        path = self.folder / f"{end}.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def show(self, end, *words):
        return self.scenario.esplab("show", "--socket", self.folder / f"{end}.sock", *words)

    def asked(self, end, *words):
        """The answer as JSON."""
        done = self.show(end, *words, "--json")
        if not self.scenario.equal(done.returncode, 0, f"show {words} of {end}: {done.stderr}"):
            raise kit.Stop
        return json.loads(done.stdout)

    def drops(self, end):
        """{reason: packets}, which must balance."""
        found = self.asked(end, "drops")
        self.scenario.check(found["balance"]["balanced"], f"balance of {end}: {found}")
        return {row["reason"]: row["packets"] for row in found["drops"]}

    def crypto(self, end, *words):
        """`esplab crypto ...`, which must succeed."""
        done = self.scenario.esplab("crypto", "--socket", self.folder / f"{end}.sock", *words)
        return self.scenario.equal(done.returncode, 0, f"{end}: crypto {words}: {done.stderr}")

    def end(self, held=0):
        """SIGTERM; what the gateways count must add up.  held: what they may hold at the end, at most."""
        for end, process in self.gateways.items():
            process.send_signal(signal.SIGTERM)
            self.scenario.equal(process.wait(20), 0, f"gateway {end} at the end: {self.log(end)}")
            totals = re.search(r"rx (\d+) \+ created (\d+) = tx (\d+) \+ consumed (\d+) \+ held (\d+)(.*)",
                               self.log(end))
            if self.scenario.check(totals, f"totals of {end}: {self.log(end)}"):
                drops = sum(int(number) for number in re.findall(r"(\d+)(?: \+|$)", totals[6]))
                rx, created, tx, consumed, left = map(int, totals.groups()[:5])
                self.scenario.equal(rx + created, tx + consumed + left + drops, f"balance of {end}")
                self.scenario.check(left <= held, f"{end} holds {left} packets at the end")

    def ping(self, where, address, *args):
        """Answers to the first 5 of 7: ping does not wait for the last ones when the machine is busy."""
        done = self.run(where, "ping", "-c", "7", "-i", "0.2", "-W", "2", *args, address)
        return answered(done.stdout, 5)

    def close(self):
        for process in reversed(self.processes):
            process.kill()
            process.wait()
        for name in ("ha", "ga", "gb", "hb"):
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def answered(text, count):
    """How many of the first so many echoes ping says were answered."""
    return len({seq for seq in re.findall(r"icmp_seq=(\d+) ttl=", text) if int(seq) <= count})


def in_net(name, make):
    """What make() makes in that namespace: a socket stays where it was made."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net", encoding="ascii") as own, \
            open(f"/run/netns/{name}", encoding="ascii") as other:
        if libc.setns(other.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns {name}")
        try:
            return make()
        finally:
            if libc.setns(own.fileno(), CLONE_NEWNET):
                sys.exit("no way back into the namespace of the test")


def ip(*args):
    subprocess.run(["ip", *args], check=True, capture_output=True)


def main(body):
    netns_kit.begin(TOOLS, PROBES)
    kit.main(body)
