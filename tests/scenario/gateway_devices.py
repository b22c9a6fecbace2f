"""A live gateway on every kind of device that a machine without network cards has, with traffic.

A table of kinds that join two gateways between Linux hosts: each carries pings, the largest packets of its
MTU and TCP of iperf3.  Then what joins nobody: files, whose packets are encrypted into a file that `esplab
decrypt` opens and that a second gateway decrypts, byte for byte; and a device that floods.  A kind that the
machine cannot have says why and is left out.
"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import time

import gateway_kit
import kit
from gateway_kit import KEYS, SPIS, group, groups

JUMBO = 9000
OVERHEAD = 20 + 8 + 8 + 2 + 16 + 3  # of the tunnel: headers, IV, trailer, ICV, padding
PACKETS = 3000  # of a file
FLOOD = 100000  # frames, at least
SECONDS = 30
FOREIGN = pathlib.Path(__file__).with_name("foreign.supp")  # leaks
AF_PACKET_JUMBO = "framesz=16384,blocksz=65536,framecnt=512"
HUGE_PAGES = 256  # of 2 MB, for two gateways
HUGE = "/proc/sys/vm/nr_hugepages"
CPUS = ",".join(map(str, sorted(os.sched_getaffinity(0))))
EAL = ("-m", "64", "--in-memory", "--single-file-segments", "--no-telemetry", "--no-pci", "--log-level=error",
       f"--lcores=0@({CPUS}),1@({CPUS})")


class Kind:
    """How two gateways are joined."""

    def __init__(self, name, a, b=None, mtu=1500, huge=False):
        self.name, self.mtu, self.huge = name, mtu, huge
        self.device = {"a": a, "b": b or a}


KINDS = (
    Kind("af_packet", "net_af_packet0,iface=wan"),
    Kind("af_packet, jumbo", f"net_af_packet0,iface=wan,{AF_PACKET_JUMBO}", mtu=JUMBO),
    Kind("af_xdp", "net_af_xdp0,iface=wan"),
    Kind("memif", "net_memif0,role=server,socket={folder}/memif.sock,socket-abstract=no",
         "net_memif0,role=client,socket={folder}/memif.sock,socket-abstract=no"),
    Kind("memif, jumbo", "net_memif0,role=server,socket={folder}/memif9.sock,socket-abstract=no,bsize=16384",
         "net_memif0,role=client,socket={folder}/memif9.sock,socket-abstract=no,bsize=16384", mtu=JUMBO),
    Kind("af_packet, hugepages", "net_af_packet0,iface=wan", huge=True),
    Kind("vhost and virtio_user", "net_vhost0,iface={folder}/vhost.sock",
         "net_virtio_user0,path={folder}/vhost.sock,queue_size=1024", huge=True),
    Kind("vhost and virtio_user, jumbo", "net_vhost0,iface={folder}/vhost9.sock",
         "net_virtio_user0,path={folder}/vhost9.sock,queue_size=1024", mtu=JUMBO, huge=True),
)


@contextlib.contextmanager
def huge_pages():
    """Reserved while it lasts; False where there are none."""
    path = pathlib.Path(HUGE)
    before = int(path.read_text()) if path.exists() else 0
    try:
        with contextlib.suppress(OSError):
            path.write_text(str(before + HUGE_PAGES))
        yield path.exists() and int(path.read_text()) >= before + HUGE_PAGES
    finally:
        with contextlib.suppress(OSError):
            path.write_text(str(before))


def can_xdp():
    """Sockets of AF_XDP, which kernels may lack."""
    try:
        socket.socket(44, socket.SOCK_RAW).close()
    except OSError as error:
        return f"AF_XDP: {error.strerror}"
    return None


def jumbo_lan(world, end):
    """net_tap knows nothing larger than 1500: a veth to the host, without the offloads of kernels."""
    gateway, ends = "g" + end, ("port", "lan")
    gateway_kit.ip("-n", gateway, "link", "add", ends[0], "type", "veth", "peer", "name", ends[1])
    for iface in ends:
        gateway_kit.ip("-n", gateway, "link", "set", iface, "mtu", str(JUMBO), "addrgenmode", "none")
        world.run(gateway, "ethtool", "-K", iface, "tx", "off", "tso", "off", "gso", "off", "gro", "off")
    gateway_kit.ip("-n", gateway, "link", "set", ends[0], "up")
    return f"net_af_packet7,iface={ends[0]},{AF_PACKET_JUMBO}"


def start(world, kind):
    for end in ("a", "b"):
        changes = {"wan": kind.device[end].format(folder=world.folder)}
        if kind.mtu == JUMBO:
            gateway_kit.ip("-n", "g" + end, "link", "set", "wan", "mtu", str(JUMBO))
            changes.update(port={"mtu": JUMBO}, lan=jumbo_lan(world, end))
        world.start(end, eal=EAL if kind.huge else (), live={"mbufs": 4096}, **changes)


def check_tcp(scenario, world, kind):
    """iperf3 of a second, in both directions."""
    if not shutil.which("iperf3"):
        return
    server = world.iperf_server("hb", "-B", world.net.host("b"))
    for way in ((), ("-R",)):
        done = world.run("ha", "iperf3", "-c", world.net.host("b"), "-t", "1", "-J", *way)
        found = json.loads(done.stdout)
        if not scenario.check("error" not in found, f"{kind.name}: iperf3 {way}: {found.get('error')}"):
            continue
        received = found["end"]["sum_received"]["bytes"]
        scenario.check(received > 1 << 20, f"{kind.name}: iperf3 {way} got {received} bytes")
        scenario.equal(found["start"]["tcp_mss_default"] > 1460, kind.mtu > 1500, f"{kind.name}: size of TCP")
    server.terminate()


def check_kind(scenario, world, kind):
    net = world.net
    deadline = time.monotonic() + SECONDS  # the two ends of a kind must find each other
    while not world.ping("ha", net.host("b")) and time.monotonic() < deadline:
        pass
    scenario.equal(world.ping("ha", net.host("b")), 5, f"{kind.name}: pings")
    largest = kind.mtu - OVERHEAD - 28
    scenario.equal(world.ping("ha", net.host("b"), "-M", "do", "-s", str(largest)), 5,
                   f"{kind.name}: pings that just fit, {largest} bytes")
    # net_af_packet hands over what the kernel put together, if its frames have the room
    fragmented = min(3 * kind.mtu, 15000)
    scenario.equal(world.ping("hb", net.host("a"), "-s", str(fragmented)), 5, f"{kind.name}: fragments")
    check_tcp(scenario, world, kind)
    for end in ("a", "b"):
        row = kit.named(world.asked(end, "interface")["interfaces"], "name", "wan")
        scenario.equal(row["device"]["driver"], re.match(r"[a-z_]+", kind.device[end])[0],
                       f"{kind.name}: driver of {end}")
        scenario.equal(sum(count for reason, count in world.drops(end).items() if reason in
                           ("bad_ip_header", "icv", "no_room", "no_sa", "replay_duplicate")), 0,
                       f"{kind.name}: {world.drops(end)}")
    world.end()


def check_kinds(scenario, folder):
    left_out = {}
    with huge_pages() as have:
        for kind in KINDS:
            why = can_xdp() if "xdp" in kind.name else "no hugepages" if kind.huge and not have else None
            if why or (kind.mtu == JUMBO and not shutil.which("ethtool")):
                left_out[kind.name] = why or "no ethtool"
                continue
            world = gateway_kit.World(scenario, folder, gateway_kit.Net(4))
            try:
                world.wire_up()
                start(world, kind)
                check_kind(scenario, world, kind)
            finally:
                world.close()
            for state in folder.glob("*.state"):
                state.unlink()
    for name, why in left_out.items():
        print(f"left out: {name}: {why}")


# ---- files ----

MAC = "02:70:63:61:70:"  # of the devices of net_pcap, numbered


def packet(number):
    """UDP from host to host; every size there is."""
    data = os.urandom(number % 1200)
    udp = struct.pack("!HHHH", 5000, 6000, 8 + len(data), 0) + data
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), number, 0, 64, 17, 0,
                       socket.inet_aton("10.1.0.10"), socket.inet_aton("10.2.0.10"))
    return kit.aged(head + udp, 0)


def framed(ip, number):
    macs = (MAC + f"{number:02x}").replace(":", "") + "020000000099"
    return bytes.fromhex(macs + "0800") + ip


def read_frames(path):
    """Frames of a pcap file of either resolution."""
    data, at = path.read_bytes(), 24
    while at < len(data):
        captured = struct.unpack_from("<I", data, at + 8)[0]
        yield data[at + 16:at + 16 + captured]
        at += 16 + captured


class Alone:
    """A gateway whose devices are files, or nothing: no namespaces, any user."""

    def __init__(self, scenario, folder, end, lan, wan):
        self.scenario, self.folder, self.end = scenario, folder, end
        net = gateway_kit.Net(4)
        far = "b" if end == "a" else "a"
        hosts = [group(address=net.host(end), mac="02:00:00:00:00:aa"),
                 group(address=net.wan[far], mac=MAC + "01")]
        config = net.config(end, folder, wan=wan, live={"mbufs": 8192},
                            more=f"neighbours = {groups(hosts)};", lan=lan)
        path = folder / f"files-{end}.cfg"
        path.write_text(config, encoding="utf-8")
        path.chmod(0o600)
        self.log = (folder / f"files-{end}.log").open("w+", encoding="utf-8")
        self.process = subprocess.Popen([str(scenario.binary), "gateway", str(path)], stdout=self.log,
                                        stdin=subprocess.DEVNULL, stderr=self.log)

    def asked(self):
        """Each port's device, by name."""
        done = self.scenario.esplab("show", "--socket", self.folder / f"{self.end}.sock", "interface",
                                    "--json")
        rows = json.loads(done.stdout)["interfaces"] if done.returncode == 0 else []
        return {row["name"]: row["device"] for row in rows}

    def until(self, port, count, wanted):
        """Waits until that device counts so many."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            if self.asked().get(port, {count: 0})[count] >= wanted:
                return
            time.sleep(0.1)
        self.log.seek(0)
        self.scenario.check(False, f"gateway {self.end} does not get there: {self.asked()} {self.log.read()}")
        raise kit.Stop

    def stop(self):
        """Its exit status is 0 only where its books balance."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(SECONDS)
        self.log.seek(0)
        text = self.log.read()
        self.scenario.equal(status, 0, f"gateway {self.end} at the end: {text}")
        return text


def run_files(scenario, folder, end, to, lan, wan):
    gateway = Alone(scenario, folder, end, lan, wan)
    try:
        gateway.until(to, "tx_packets", PACKETS)
        gateway.stop()
    finally:
        gateway.process.kill()


def check_files(scenario, folder):
    """Encrypted from file to file, opened by `esplab decrypt`, decrypted by the other gateway."""
    packets = [packet(i) for i in range(PACKETS)]
    ethernet = 1
    kit.write_pcap(folder / "lan.pcap", [framed(ip, 0) for ip in packets], ethernet)
    kit.write_pcap(folder / "none.pcap", [], ethernet)
    run_files(scenario, folder, "a", "wan",
              f"net_pcap0,rx_pcap={folder}/lan.pcap,tx_pcap={folder}/lan-back.pcap",
              f"net_pcap1,rx_pcap={folder}/none.pcap,tx_pcap={folder}/wan.pcap")
    keys = folder / "esp_sa"
    keys.write_text(f'"IPv4","192.0.2.1","192.0.2.2","0x{SPIS["a-b"]:08x}",'
                    f'"AES-GCM with 16 octet ICV [RFC4106]","0x{KEYS["a-b"]}","NULL",""\n')
    found = scenario.decrypt(folder / "wan.pcap", keys, "-w", folder / "inner.pcapng")
    scenario.equal(found["totals"]["icv"]["good"], PACKETS, "good ICVs in the file that a gateway wrote")
    inner = [one.data for one in kit.read_pcapng(folder / "inner.pcapng")]
    scenario.check(inner == [kit.aged(ip, 1) for ip in packets], "what decrypt opened is what went in")
    # the frames of the first were for the device 1 of the second
    run_files(scenario, folder, "b", "lan", f"net_pcap0,rx_pcap={folder}/none.pcap,tx_pcap={folder}/out.pcap",
              f"net_pcap1,rx_pcap={folder}/wan.pcap,tx_pcap={folder}/wan-back.pcap")
    out = [frame[14:] for frame in read_frames(folder / "out.pcap")]
    scenario.check(out == [kit.aged(ip, 2) for ip in packets], "what came out is what went in")


def check_null(scenario, folder):
    """A flood of frames of zeros: dropped by name, and the books balance."""
    gateway = Alone(scenario, folder, "a", "net_null0,size=200,copy=1", "net_null1,no-rx=1")
    try:
        gateway.until("lan", "rx_packets", FLOOD)
        text = gateway.stop()
        scenario.check(re.search(r"rx (\d+) \+ created 0 = tx 0 \+ consumed 0 \+ held 0 \+ \S+ \1$", text,
                                 re.MULTILINE), f"a flood of zeros, all dropped for one reason: {text}")
    finally:
        gateway.process.kill()


def check_tap(scenario, folder):
    """net_tap would throw away what is longer: refused."""
    path = folder / "tap.cfg"
    path.write_text(gateway_kit.Net(4).config("a", folder, port={"mtu": JUMBO}), encoding="utf-8")
    path.chmod(0o600)
    done = scenario.esplab("gateway", path)
    scenario.equal(done.returncode, 2, f"net_tap and an MTU of {JUMBO}: {done.stderr}")
    scenario.check("allowed with net_tap: at most 1504" in done.stderr, f"net_tap: {done.stderr}")


def body(scenario, folder):
    os.environ.setdefault("LSAN_OPTIONS", f"suppressions={FOREIGN}:print_suppressions=0")
    check_files(scenario, folder)
    for state in folder.glob("*.state"):
        state.unlink()
    check_null(scenario, folder)
    check_tap(scenario, folder)
    check_kinds(scenario, folder)


gateway_kit.main(body)
