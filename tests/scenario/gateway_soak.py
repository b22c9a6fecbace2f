"""Everything at once with two live gateways between Linux hosts, for ESPLAB_SOAK_SECONDS (20).

Datagrams of all sizes both ways, and meanwhile at random: rekeys, reloads of good and bad files, SIGHUP, all
the show commands, clears, debugging on and off, two consoles, clients that stop reading or talk nonsense, and
malformed packets from the wire and from the hosts, captured ones that are changed and random bytes.  In the
end pings pass, the books of both gateways balance, and resident memory is where it was after a quarter of the
time, but for MEMORY_BYTES.  An hour by hand:

    ESPLAB_SOAK_SECONDS=3600 tests/scenario/gateway_soak.py build/esplab .

ESPLAB_SOAK_SEED chooses other chances.  Which packets come between which commands is chance anyhow: what is
checked holds for all of them.
"""
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import gateway_kit
import kit

SECONDS = float(os.environ.get("ESPLAB_SOAK_SECONDS", "20"))
SEED = int(os.environ.get("ESPLAB_SOAK_SEED", "5"))
MEMORY_BYTES = 8 << 20  # answers that nobody reads, SAs that end 30 s after their rekey
QUARTERS = 4
PORT = 9999
ETH_P_ALL = 3
COMMANDS = [
    "show crypto isakmp sa", "show crypto ipsec sa", "show crypto ipsec sa pix", "show crypto ipsec replay",
    "show crypto engine connections active", "show crypto engine accelerator statistic", "show interface",
    "show ip mtu", "show runtime", "show drops", "show drops all", "show logging", "show version",
    "show debug", "debug crypto ipsec", "debug crypto engine", "debug ip icmp", "undebug all",
    "clear counters", "clear crypto sa"]
# What malformed packets must have met at least.
REASONS = ("runt", "bad_ip_header", "ethertype", "other_mac", "no_sa", "icv", "policy_none")
# Datagrams of all sizes, also such as are cut; as fast as it goes, with a breath now and then.
LOAD = """import random, socket, sys, time
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
        self.over = threading.Event()
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


class Soak:
    def __init__(self, scenario, world):
        self.scenario, self.world = scenario, world
        self.sanitized = b"__asan_init" in scenario.binary.read_bytes()
        self.chance = random.Random(SEED)
        self.spi = 0x10000
        self.keys = dict(gateway_kit.KEYS)
        self.spis = dict(gateway_kit.SPIS)
        self.counts = {}
        self.consoles, self.silent = [], []

    def sas(self, end):
        net = self.world.net
        return [gateway_kit.group(name=name, direction=way, spi=self.spis[name], src=net.wan[src],
                                  dst=net.wan[dst], transform="esp-gcm 128", key=self.keys[name],
                                  **({"window": self.chance.choice((64, 1024, 4096))} if way == "in" else {}))
                for name, way, src, dst in net.ways(end)]

    def changes(self, end):
        return {"sas": self.sas(end), "port": {"tcp_adjust_mss": 1300}, "more": "log_rate = 10;"}

    def file(self, end):
        """As it runs, but for another window; takes the place of the old one at once."""
        world = self.world
        path = world.folder / f"site-{end}.cfg"
        fresh = path.with_suffix(".fresh")
        fresh.write_text(world.net.config(end, world.folder, **self.changes(end)))
        fresh.chmod(0o600)
        fresh.rename(path)
        return path

    def esplab(self, end, *words):
        word, *rest = words
        return self.scenario.esplab(word, "--socket", self.world.folder / f"{end}.sock", *rest)

    def end_of(self):
        return self.chance.choice("ab")

    # ---- what happens at random ----

    def do_rekey(self):
        name = self.chance.choice(("a-b", "b-a"))
        src, dst = name.split("-")
        self.spi += 1
        self.spis[name], self.keys[name] = self.spi, self.chance.randbytes(20).hex()
        for end in (dst, src):
            self.world.crypto(end, "sa", "rekey", name, "spi", hex(self.spi), "key", self.keys[name])
        for end in "ab":
            self.file(end)

    def do_reload(self):
        end = self.end_of()
        done = self.esplab(end, "reload", str(self.file(end)))
        self.scenario.equal(done.returncode, 0, f"reload of {end}: {done.stdout}{done.stderr}")

    def do_reload_bad(self):
        end = self.end_of()
        bad = self.world.folder / "bad.cfg"
        text = self.file(end).read_text()
        bad.write_text(self.chance.choice((text[:len(text) // 2], text.replace("esp-gcm", "esp-rot13"),
                                           text.replace("192.0.2.0", "192.0.3.0") + "}", "")))
        bad.chmod(0o600)
        done = self.esplab(end, "reload", str(bad))
        self.scenario.check(done.returncode, f"reload of a bad file: {done.stdout}")

    def do_sighup(self):
        self.world.gateways[self.end_of()].send_signal(signal.SIGHUP)

    def do_command(self):
        command = self.chance.choice(COMMANDS).split()
        end = self.end_of()
        done = self.esplab(end, *command, *(["--json"] if self.chance.random() < 0.5 else []))
        self.scenario.equal(done.returncode, 0, f"{command} of {end}: {done.stderr}")

    def do_ipsec_sa(self):
        end = self.end_of()
        names = {sa["name"] for tunnel in self.world.asked(end, "crypto", "ipsec", "sa")["tunnels"]
                 for sa in tunnel["sas"]}
        self.scenario.check({"a-b", "b-a"} <= names, f"SAs of {end}: {names}")
        self.world.drops(end)

    def do_console(self):
        """Two at a time, with some commands more; the oldest ends."""
        path = self.world.folder / f"{self.end_of()}.sock"
        console = subprocess.Popen(  # pylint: disable=consider-using-with
            [str(self.scenario.binary), "console", "--socket", str(path)],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)
        self.consoles.append(console)
        if len(self.consoles) > 2:
            self.console_end(self.consoles.pop(0))
        for one in self.consoles:
            one.stdin.write("".join(f"{line}\n" for line in self.chance.choices(COMMANDS, k=5)))
            one.stdin.flush()

    def console_end(self, console):
        console.communicate("exit\n", timeout=60)
        self.scenario.equal(console.returncode, 0, "exit status of a console")

    def do_silent(self):
        """A client that asks and asks, and reads nothing; the oldest goes away in the middle."""
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        client.connect(str(self.world.folder / f"{self.end_of()}.sock"))
        client.setblocking(False)
        try:
            for _ in range(200):
                client.send(b"show logging | json\nshow crypto ipsec replay\n")
        except (BlockingIOError, BrokenPipeError):
            pass
        self.silent.append(client)
        if len(self.silent) > 4:
            self.silent.pop(0).close()

    def do_nonsense(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.connect(str(self.world.folder / f"{self.end_of()}.sock"))
            try:
                client.sendall(self.chance.randbytes(self.chance.choice((1, 100, 3000))) + b"\n")
            except BrokenPipeError:
                pass

    def step(self):
        what = self.chance.choice([name for name in dir(self) if name.startswith("do_")])
        self.counts[what[3:]] = self.counts.get(what[3:], 0) + 1
        getattr(self, what)()

    # ---- from beginning to end ----

    def memory(self):
        """Resident bytes of each gateway."""
        found = {}
        for end, process in self.world.gateways.items():
            with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
                found[end] = next(int(line.split()[1]) << 10 for line in file if line.startswith("VmRSS"))
        return found

    def alive(self):
        return self.scenario.equal([process.poll() for process in self.world.gateways.values()], [None, None],
                                   f"gateways run: {self.world.log('a')[-500:]}{self.world.log('b')[-500:]}")

    def run(self):
        began = time.monotonic()
        seen = []
        while time.monotonic() < began + SECONDS and self.alive():
            self.step()
            if time.monotonic() > began + SECONDS * (len(seen) + 1) / QUARTERS:
                seen.append(self.memory())
        for console in self.consoles:
            self.console_end(console)
        for client in self.silent:
            client.close()
        if not self.alive():
            raise kit.Stop
        seen.append(self.memory())
        for end in self.world.gateways:
            memory = [one[end] for one in seen]
            # AddressSanitizer keeps what was freed, and finds leaks by itself
            self.scenario.check(self.sanitized or memory[-1] - memory[0] <= MEMORY_BYTES,
                                f"memory of {end} grew: {memory}")
            print(f"resident bytes of {end}, from quarter to quarter: {memory}")
        print(f"{SECONDS:.0f} s: {self.counts}")


def mac_of(world, end, port):
    found = [row for row in world.asked(end, "interface")["interfaces"] if row["name"] == port]
    return bytes.fromhex("".join(char for char in found[0]["device"]["mac"] if char.isalnum()))


def body(scenario, folder):
    world = gateway_kit.World(scenario, folder, gateway_kit.Net(4))
    soak = Soak(scenario, world)
    malformed = []
    try:
        world.wire_up()
        for end in "ab":
            world.start(end, **soak.changes(end))
        for here, there in (("a", "b"), ("b", "a")):
            world.ping(f"h{here}", world.net.host(there))
            seed = SEED + len(malformed)
            malformed += [
                Malformed(f"g{here}", f"g{there}", "wan", mac_of(world, there, "wan"), seed),
                Malformed(f"h{here}", f"h{here}", "lan", mac_of(world, here, "lan"), seed + 1)]
            world.spawn(f"h{here}", sys.executable, "-c", LOAD, world.net.host(there), str(PORT), str(SEED),
                        out=subprocess.DEVNULL)
        soak.run()
        for one in malformed:
            one.end()
            scenario.check(one.sent > 100, f"only {one.sent} malformed packets")
        print(f"{sum(one.sent for one in malformed)} malformed packets")
        soak.do_rekey()
        for here, there in (("a", "b"), ("b", "a")):
            world.ping(f"h{here}", world.net.host(there))
            scenario.equal(world.ping(f"h{here}", world.net.host(there)), 5, f"pings of {here} in the end")
        world.end(held=1024)  # fragments may wait for their others
        for end in "ab":
            totals = next((line for line in world.log(end).splitlines() if line.startswith("rx ")), "")
            print(f"{end}: {totals}")
            for reason in REASONS:
                scenario.check(f" {reason} " in totals, f"{end}: nothing was {reason}: {totals}")
    finally:
        for one in malformed:
            one.over.set()
        world.close()


gateway_kit.main(body)
