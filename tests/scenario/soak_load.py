"""What the soak of two live gateways sends through them, and at them.

Full load is iperf3's, where there is one: TCP and UDP in both directions; and datagrams of all sizes, also
such as are cut.  Malformed packets come from the wire and from the hosts' side.
"""
import json
import random
import shutil
import socket
import struct
import subprocess
import sys
import threading

import gateway_kit

ETH_P_ALL = 3
DATAGRAM_PORT = 9999
IPERF_PORT = 5201
ROUND_SECONDS = 30  # of a stream, then a new connection
SPARE_SECONDS = 30
# Arguments of iperf3, from each host to the other.
STREAMS = (("-P", "2"), ("-u", "-b", "50M", "-l", "1200"), ("-u", "-b", "8M", "-l", "160"))
# Datagrams of all sizes, also such as are cut; as fast as it goes, with a breath now and then.
DATAGRAMS = """import random, socket, sys, time
chance = random.Random(int(sys.argv[3]))
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
data = bytes(9000)
while True:
    for _ in range(64):
        try:
            s.sendto(data[:chance.choice((0, 18, 200, 1300, 1400, 1472, 3000, 9000))], (sys.argv[1],
                     int(sys.argv[2])))
        except OSError:
            pass
    time.sleep(0.01)
"""


class Malformed:
    """A thread that sends what no gateway should be sent, from one side of one gateway.

    listen: where the packets for it can be seen; what a gateway sends goes past those who listen there.
    """

    def __init__(self, where, listen, interface, mac, seed):
        self.chance = random.Random(seed)
        self.mac = mac
        self.out, self.into = (gateway_kit.in_net(name, lambda: socket.socket(
            socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))) for name in (where, listen))
        for one in (self.out, self.into):
            one.bind((interface, 0))
        self.into.setblocking(False)
        self.captured, self.sent = [], 0
        self.over, self.paused = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def capture(self):
        try:
            for _ in range(16):
                frame = self.into.recv(65535)
                if frame[:6] == self.mac and frame[12:14] == b"\x08\0" and len(frame) >= 34:
                    self.captured.append(frame)
        except BlockingIOError:
            pass
        self.captured = self.captured[-64:]

    def changed(self):
        """A captured packet: bits, length, header; the checksum may be made right again."""
        chance = self.chance
        frame = bytearray(chance.choice(self.captured))
        for _ in range(chance.choice((1, 1, 2, 8))):
            at = chance.randrange(14, min(len(frame), chance.choice((34, 34, 50, 9999))))
            frame[at] ^= 1 << chance.randrange(8)
        if chance.random() < 0.3:
            frame = frame[:chance.randrange(14, len(frame) + 1)]
        elif chance.random() < 0.1:
            frame += chance.randbytes(chance.randrange(1, 200))
        if chance.random() < 0.7 and len(frame) >= 34:
            frame[24:26] = b"\0\0"
            end = 14 + max(20, min(4 * (frame[14] & 15), (len(frame) - 14) // 2 * 2))
            total = sum(struct.unpack(f"!{(end - 14) // 2}H", frame[14:end]))
            total = (total & 0xffff) + (total >> 16)
            frame[24:26] = struct.pack("!H", ~((total & 0xffff) + (total >> 16)) & 0xffff)
        return bytes(frame)

    def random(self):
        """Random bytes behind a good Ethernet header, which may say that they are something."""
        chance = self.chance
        kind = chance.choice((b"\x08\0", b"\x86\xdd", b"\x08\x06", b"\x81\0", chance.randbytes(2)))
        data = bytearray(chance.randbytes(chance.choice((0, 1, 20, 28, 40, 64, 300, 1500))))
        if data and chance.random() < 0.8:
            data[0] = {b"\x08\0": 0x45, b"\x86\xdd": 0x60}.get(kind, data[0])
        return chance.choice((self.mac, b"\xff" * 6)) + chance.randbytes(6) + kind + bytes(data)

    def run(self):
        while not self.over.wait(0.002):
            self.capture()
            if self.paused.is_set():
                continue
            frame = self.changed() if self.captured and self.chance.random() < 0.7 else self.random()
            try:
                self.sent += self.out.send(frame[:1514].ljust(14, b"\0")) > 0
            except OSError:
                pass  # the device is full

    def end(self):
        self.over.set()
        self.thread.join()
        self.out.close()
        self.into.close()


class Stream:
    """A thread that runs iperf3 from one host to the other, again and again, until it is told to end."""

    def __init__(self, world, here, there, port, options, seconds):
        self.world, self.ends, self.port, self.options = world, (here, there), port, options
        self.seconds = max(1, min(ROUND_SECONDS, int(seconds)))
        self.rounds, self.failed, self.why, self.bytes = 0, 0, "", 0
        self.over = threading.Event()
        self.processes = []
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def spawn(self, end, *command):
        """With less priority than the gateways, which are what is tried."""
        return subprocess.Popen(["ip", "netns", "exec", f"h{end}", "nice", "-n", "5", "iperf3", *command,
                                 "-p", str(self.port)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True)

    def round(self):
        here, there = self.ends
        server = self.spawn(there, "-s", "-1")
        self.processes = [server]
        self.over.wait(0.5)
        client = self.spawn(here, "-c", self.world.net.host(there), "-t", str(self.seconds), "-J",
                            "--connect-timeout", "5000", *self.options)
        self.processes.append(client)
        try:
            text = client.communicate(timeout=self.seconds + SPARE_SECONDS)[0]
        except subprocess.TimeoutExpired:
            text = "{}"
        for process in self.processes:
            process.kill()
            process.communicate()
        return json.loads(text)

    def take(self, found):
        end = found.get("end") or {}
        done = end.get("sum_received") or end.get("sum")
        if not done or "error" in found:
            self.failed += 1
            self.why = found.get("error", "it took too long")
            return
        self.rounds += 1
        self.bytes += done["bytes"]

    def run(self):
        while not self.over.is_set():
            try:
                found = self.round()
            except (OSError, ValueError) as error:
                found = {"error": str(error)}
            if not self.over.is_set():
                self.take(found)

    def end(self):
        self.over.set()
        for process in self.processes:
            process.kill()
        self.thread.join()

    def __str__(self):
        """Without datagrams lost: changed packets have other numbers, and some have good checksums."""
        return (f"iperf3 {' '.join(self.options)} from {self.ends[0]}: {self.rounds} rounds of "
                f"{self.seconds} s, {self.bytes * 8 / 1e9:.1f} Gbit; {self.failed} failed {self.why}")


def streams(world, seconds):
    """All that iperf3 is to send; none where there is no iperf3."""
    if not shutil.which("iperf3"):
        return []
    return [Stream(world, here, there, IPERF_PORT + i, options, seconds)
            for i, (here, there, options) in enumerate(
                (here, there, options) for here, there in ("ab", "ba") for options in STREAMS)]


def datagrams(world, seed):
    for here, there in ("ab", "ba"):
        world.spawn(f"h{here}", sys.executable, "-c", DATAGRAMS, world.net.host(there), str(DATAGRAM_PORT),
                    str(seed), out=subprocess.DEVNULL)


def malformed(world, seed):
    """Threads that send nonsense to both gateways from both sides."""
    found = []
    for here, there in ("ab", "ba"):
        found.append(Malformed(f"g{here}", f"g{there}", "wan", mac_of(world, there, "wan"), seed))
        found.append(Malformed(f"h{here}", f"h{here}", "lan", mac_of(world, here, "lan"), seed + 1))
        seed += 2
    return found


def mac_of(world, end, port):
    found = [row for row in world.asked(end, "interface")["interfaces"] if row["name"] == port]
    return bytes.fromhex("".join(char for char in found[0]["device"]["mac"] if char.isalnum()))
