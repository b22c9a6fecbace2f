"""Two live gateways between Linux hosts: host - tap - gateway - veth - gateway - tap - host.

The hosts' ends are Linux's own stack, so ARP, neighbour discovery, ping, TCP with its path MTU discovery, and
datagrams of the largest size are those of somebody else; where there is a tshark, it decrypts what went over
the wire between the gateways.  Then a gateway is killed without a word, and the next one must not use a
sequence number again.  IPv4 first, then IPv6.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

import gateway_kit
from gateway_kit import KEYS, SPIS

TCP_BYTES = 8 << 20
PORT = 9999
OVERHEAD = {4: 20 + 8 + 8 + 2 + 16, 6: 40 + 8 + 8 + 2 + 16}  # headers, IV, trailer, ICV; padding besides

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


def check_confined(scenario, world):
    """No thread of a gateway has privileges left, and each is filtered; the console says so."""
    wanted = {"CapPrm": "0" * 16, "CapEff": "0" * 16, "CapInh": "0" * 16, "NoNewPrivs": "1", "Seccomp": "2"}
    threads = list(pathlib.Path(f"/proc/{world.gateways['b'].pid}/task").iterdir())
    scenario.check(len(threads) > 1, f"threads: {threads}")
    for thread in threads:
        rows = dict(line.split(":", 1) for line in (thread / "status").read_text().splitlines())
        scenario.equal({key: rows[key].strip() for key in wanted}, wanted, f"thread {thread.name}")
    done = world.show("b", "version")
    scenario.check("user 0, no capabilities, no new privileges, system calls filtered" in done.stdout,
                   f"show version: {done.stdout}{done.stderr}")


def check_end(scenario, world):
    """What consoles see, and the totals at the end."""
    done = world.show("a", "crypto", "ipsec", "sa")
    scenario.check("#pkts encaps" in done.stdout,
                   f"show crypto ipsec sa: {done.stdout}{done.stderr}")
    world.end()


def body(scenario, folder):
    for version in (4, 6):
        world = gateway_kit.World(scenario, folder, gateway_kit.Net(version))
        try:
            world.wire_up()
            world.start("a")
            world.start("b")
            check_ping(scenario, world)
            check_sizes(scenario, world)
            check_tshark(scenario, world)
            check_kill(scenario, world)
            check_confined(scenario, world)
            check_end(scenario, world)
        finally:
            world.close()


gateway_kit.main(body)
