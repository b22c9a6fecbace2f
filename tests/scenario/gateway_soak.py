"""Everything at once with two live gateways between Linux hosts, for ESPLAB_SOAK_SECONDS (20).

Full load both ways (soak_load.py), and meanwhile at random: rekeys, reloads of good and bad files, SIGHUP,
all the show commands, clears, debugging on and off, captures, /metrics, two consoles, clients that stop
reading, stop in the middle of a line or talk nonsense, and malformed packets from the wire and from the
hosts, captured ones that are changed and random bytes.  Now and then a calm, without malformed packets: in
it no packet is lost to an SA, whatever is rekeyed and reloaded.  In the end pings pass, the books of both
gateways balance, nothing was dropped for a reason that has no business here, and memory is flat
(soak_memory.py).  An hour by hand: scripts/validate-soak.

ESPLAB_SOAK_WORKERS, 1, is for each gateway; ESPLAB_SOAK_SEED chooses other chances.  Which packets come
between which commands is chance anyhow: what is checked holds for all of them.
"""
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import time

import gateway_kit
import kit
import soak_load
import soak_memory

SECONDS = float(os.environ.get("ESPLAB_SOAK_SECONDS", "20"))
SEED = int(os.environ.get("ESPLAB_SOAK_SEED", "5"))
WORKERS = int(os.environ.get("ESPLAB_SOAK_WORKERS", "1"))
SAMPLES = 10  # of memory, at least
SAMPLE_SECONDS = 30  # between two of them, at most
CALM_EVERY, CALM_STEPS = 4, 8  # a calm comes after so many samples
CALM_SECONDS = 1  # until malformed packets that are under way have gone
METRICS_PORT = 9101
ANSWER_SECONDS = 60
PING_ROUNDS = 8
STREAM_SECONDS = 120  # in less a slow machine may not end a stream
FIRST_SPI = 0x10000
LOG_BYTES = 32 << 20  # of a gateway's log, until it begins anew
COMMANDS = [
    "show crypto isakmp sa", "show crypto ipsec sa", "show crypto ipsec sa pix", "show crypto ipsec replay",
    "show crypto engine connections active", "show crypto engine accelerator statistic", "show interface",
    "show ip mtu", "show runtime", "show drops", "show drops all", "show logging", "show version",
    "show debug", "debug crypto ipsec", "debug crypto engine", "debug ip icmp", "undebug all",
    "clear counters", "clear crypto sa"]
STAGES = ("classify", "sa_out", "crypto_submit", "sa_in", "policy_check", "tx")
# What malformed packets must have met at least.
REASONS = ("runt", "bad_ip_header", "ethertype", "other_mac", "no_sa", "icv", "policy_none")
# What packets are lost to where an SA is not what its sender thinks; in a calm there is none.
SA_REASONS = ("no_sa", "sa_expired", "seq_exhausted", "seq_zero", "replay_old", "replay_duplicate",
              "esp_length", "icv", "padding", "next_header", "policy_inbound", "tunnel_down",
              "no_crypto_session")
# What has no business here at all.
NEVER = ("tunnel_down", "sa_expired", "seq_exhausted", "icv_esn_old", "padding", "next_header",
         "dummy_packet", "engine_full", "engine_lost", "engine_error", "no_crypto_session", "inbox_full",
         "no_mbuf", "no_room", "qos_tail", "qos_police", "wire_queue", "wire_loss", "wire_mtu")


class Soak:
    def __init__(self, scenario, world):
        self.scenario, self.world = scenario, world
        self.sanitized = b"__asan_init" in scenario.binary.read_bytes()
        self.chance = random.Random(SEED)
        self.spi = FIRST_SPI
        self.keys = dict(gateway_kit.KEYS)
        self.spis = dict(gateway_kit.SPIS)
        self.counts = {}
        self.consoles, self.silent, self.captures, self.malformed = [], [], {}, []
        self.memory = {end: soak_memory.Samples() for end in "ab"}
        self.logged = dict.fromkeys("ab", 0)
        self.calms, self.captured = 0, 0
        self.began = time.monotonic()

    def sas(self, end):
        net = self.world.net
        return [gateway_kit.group(name=name, direction=way, spi=self.spis[name], src=net.wan[src],
                                  dst=net.wan[dst], transform="esp-gcm 128", key=self.keys[name],
                                  **({"window": self.chance.choice((64, 1024, 4096))} if way == "in" else {}))
                for name, way, src, dst in net.ways(end)]

    def changes(self, end):
        return {"sas": self.sas(end), "port": {"tcp_adjust_mss": 1300}, "more": "log_rate = 10;",
                "live": {"metrics": str(METRICS_PORT), "workers": WORKERS}}

    def file(self, end):
        """As it runs, but for another window; takes the place of the old one at once."""
        world = self.world
        path = world.folder / f"site-{end}.cfg"
        fresh = path.with_suffix(".fresh")
        fresh.write_text(world.net.config(end, world.folder, **self.changes(end)))
        fresh.chmod(0o600)
        fresh.rename(path)
        return path

    def ask(self, end, line):
        """The answer, and whether it is a good one; without a process for each, so that there are many."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(ANSWER_SECONDS)
            client.connect(str(self.world.folder / f"{end}.sock"))
            with client.makefile("rwb") as file:
                file.write(f"{line}\n".encode())
                file.flush()
                try:
                    *status, size = file.readline().split()
                    return file.read(int(size)).decode(), status == [b"ok"]
                except TimeoutError as error:
                    self.stuck(end, line)
                    raise kit.Stop from error

    def stuck(self, end, line):
        """No answer: where its threads are."""
        pid = str(self.world.gateways[end].pid)
        where = "no gdb"
        if shutil.which("gdb"):
            done = subprocess.run(["gdb", "-p", pid, "-batch", "-ex", "thread apply all backtrace 12"],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
            where = "\n".join(text for text in done.stdout.splitlines() if text.startswith(("Thread", "#")))
        self.scenario.check(False, f"{end} has no answer to {line} in {ANSWER_SECONDS} s: {where}")

    def told(self, end, line):
        """What must succeed."""
        text, good = self.ask(end, line)
        self.scenario.check(good, f"{line} of {end}: {text}")
        return text

    def end_of(self):
        return self.chance.choice("ab")

    # ---- what happens at random ----

    def do_rekey(self):
        name = self.chance.choice(("a-b", "b-a"))
        src, dst = name.split("-")
        self.spi += 1
        self.spis[name], self.keys[name] = self.spi, self.chance.randbytes(20).hex()
        for end in (dst, src):
            self.told(end, f"crypto sa rekey {name} spi {self.spi:#x} key {self.keys[name]}")
        for end in "ab":
            self.file(end)

    def do_reload(self):
        end = self.end_of()
        self.told(end, f'reload "{self.file(end)}"')

    def do_reload_bad(self):
        end = self.end_of()
        bad = self.world.folder / "bad.cfg"
        text = self.file(end).read_text()
        bad.write_text(self.chance.choice((text[:len(text) // 2], text.replace("esp-gcm", "esp-rot13"),
                                           text.replace("192.0.2.0", "192.0.3.0") + "}", "")))
        bad.chmod(0o600)
        text, good = self.ask(end, f'reload "{bad}"')
        self.scenario.check(not good, f"reload of a bad file: {text}")

    def do_sighup(self):
        self.world.gateways[self.end_of()].send_signal(signal.SIGHUP)

    def do_command(self):
        json_too = self.chance.random() < 0.5
        text = self.told(self.end_of(), self.chance.choice(COMMANDS) + (" | json" if json_too else ""))
        if json_too:
            json.loads(text)

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

    def do_half(self):
        """A client that never ends its line."""
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        client.connect(str(self.world.folder / f"{self.end_of()}.sock"))
        client.send(b"show crypto ipsec")
        self.silent.append(client)
        if len(self.silent) > 4:
            self.silent.pop(0).close()

    def do_metrics(self):
        self.metrics(self.end_of())

    def capture_end(self, end):
        path = self.captures.pop(end)
        self.told(end, "no monitor capture soak")
        self.captured += sum(1 for _ in kit.read_pcapng(path))  # which finds what is no pcapng
        path.unlink()

    def do_capture(self):
        """Begins one, or ends it and reads it."""
        end = self.end_of()
        if end in self.captures:
            self.capture_end(end)
            return
        where = self.chance.choice(["port lan", "port wan", *(f"stage {stage}" for stage in STAGES)])
        self.captures[end] = self.world.folder / f"{end}.pcapng"
        self.told(end, f"monitor capture soak {where} limit {self.chance.choice((1, 100, 5000))} "
                  f'file "{self.captures[end]}" start')

    def do_nonsense(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.connect(str(self.world.folder / f"{self.end_of()}.sock"))
            try:
                client.sendall(self.chance.randbytes(self.chance.choice((1, 100, 3000))) + b"\n")
            except BrokenPipeError:
                pass

    def step(self, what=None):
        what = what or self.chance.choice([name for name in dir(self) if name.startswith("do_")])
        self.counts[what[3:]] = self.counts.get(what[3:], 0) + 1
        getattr(self, what)()

    # ---- from beginning to end ----

    def metrics(self, end):
        """{name: value} of /metrics, with drops as {reason: packets}; they never go back."""
        client = gateway_kit.in_net(
            f"g{end}", lambda: socket.create_connection(("127.0.0.1", METRICS_PORT), ANSWER_SECONDS))
        with client, client.makefile("rwb") as file:
            file.write(b"GET /metrics HTTP/1.0\r\n\r\n")
            file.flush()
            text = file.read().decode()
        self.scenario.check(text.startswith("HTTP/1.1 200"), f"/metrics of {end}: {text[:200]}")
        rows = dict(line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("esplab_"))
        rows["drops"] = {row.split('"')[1]: int(value) for row, value in rows.items()
                         if row.startswith("esplab_drops_total")}
        return rows

    def let_go(self):
        """Nobody asks any more, nobody waits for an answer, and nothing is captured."""
        for end in list(self.captures):
            self.capture_end(end)
        for console in self.consoles:
            self.console_end(console)
        for client in self.silent:
            client.close()
        self.consoles, self.silent = [], []

    def sample(self):
        self.let_go()
        time.sleep(0.2)  # they find out
        for end, process in self.world.gateways.items():
            found = self.metrics(end)
            heap = int(found["esplab_heap_used_bytes"])
            held = int(found["esplab_heap_held_bytes"])
            private = soak_memory.private_bytes(process.pid)
            self.memory[end].add(heap, held, private, self.spi - FIRST_SPI)
            drops = sum(found["drops"].values())
            print(f"{time.monotonic() - self.began:6.0f} s {end}: heap {heap >> 10} KiB of "
                  f"{held >> 10}, private {private >> 10}; "
                  f"{found['esplab_received_packets_total']} packets received, "
                  f"{found['esplab_sent_packets_total']} sent, {drops} dropped")
            log = self.world.folder / f"{end}.log"
            if log.stat().st_size > LOG_BYTES:
                self.logged[end] += log.stat().st_size
                os.truncate(log, 0)

    def calm(self):
        """Rekeys and whatever else at full load, and no malformed packets."""
        for one in self.malformed:
            one.paused.set()
        time.sleep(CALM_SECONDS)
        before = {end: self.metrics(end)["drops"] for end in "ab"}
        for i in range(CALM_STEPS):
            self.step("do_rekey" if i % 2 else None)
            time.sleep(0.1)
        time.sleep(CALM_SECONDS / 2)
        for end in "ab":
            after = self.metrics(end)["drops"]
            lost = {reason: after[reason] - before[end][reason] for reason in SA_REASONS
                    if after[reason] != before[end][reason]}
            self.scenario.equal(lost, {}, f"{end}: lost in a calm with {CALM_STEPS // 2} rekeys")
        for one in self.malformed:
            one.paused.clear()
        self.calms += 1

    def alive(self):
        found = [process.poll() for process in self.world.gateways.values()]
        if found != [None, None]:
            self.scenario.check(False, f"gateways run: {found}{[self.world.log(end)[-500:] for end in 'ab']}")
        return found == [None, None]

    def run(self):
        every = min(SAMPLE_SECONDS, SECONDS / SAMPLES)
        self.began = time.monotonic()
        samples = 0
        while self.alive() and time.monotonic() < self.began + SECONDS:
            self.step()
            if time.monotonic() < self.began + samples * every:
                continue
            self.sample()
            samples += 1
            if samples % CALM_EVERY == 0:
                self.calm()
        if not self.alive():
            raise kit.Stop
        for _ in range(max(1, soak_memory.QUARTERS - samples)):
            self.sample()
        for end in "ab":
            if not self.sanitized:  # its allocator keeps what was freed, and finds leaks by itself
                self.memory[end].judge(self.scenario, end)
        print(f"{SECONDS:.0f} s, {self.calms} calms, {self.captured} packets captured: {self.counts}")

    def judge_drops(self):
        """By the totals of the end, which have those of the ports, too."""
        for end in "ab":
            totals = next((line for line in self.world.log(end).splitlines() if line.startswith("rx ")), "")
            size = (self.world.folder / f"{end}.log").stat().st_size + self.logged[end]
            print(f"{end}: {totals}; {size >> 20} MiB of log")
            for reason in REASONS:
                self.scenario.check(f" {reason} " in totals, f"{end}: nothing was {reason}: {totals}")
            for reason in NEVER:
                self.scenario.check(f" {reason} " not in totals, f"{end}: packets were {reason}: {totals}")


def loaded(soak, world):
    """From the first packet to the last."""
    for here, there in ("ab", "ba"):
        world.ping(f"h{here}", world.net.host(there))
    soak.malformed = soak_load.malformed(world, SEED)
    soak_load.datagrams(world, SEED)
    streams = soak_load.streams(world, SECONDS / 2)
    try:
        soak.run()
    finally:
        for one in (*streams, *soak.malformed):
            one.over.set()
        for one in (*streams, *soak.malformed):
            one.end()
    for one in streams:
        print(one)
        soak.scenario.check(one.rounds or SECONDS < STREAM_SECONDS, f"nothing came through: {one}")
    for one in soak.malformed:
        soak.scenario.check(one.sent > 100, f"only {one.sent} malformed packets")
    print(f"{sum(one.sent for one in soak.malformed)} malformed packets")


def body(scenario, folder):
    world = gateway_kit.World(scenario, folder, gateway_kit.Net(4))
    soak = Soak(scenario, world)
    try:
        world.wire_up()
        for end in "ab":
            world.start(end, **soak.changes(end))
        loaded(soak, world)
        soak.do_rekey()
        for here, there in ("ab", "ba"):
            best = 0
            for _ in range(PING_ROUNDS):  # as many as a starved machine may want; the first asks for MACs
                best = max(best, world.ping(f"h{here}", world.net.host(there)))
                if best == 5:
                    break
            scenario.equal(best, 5, f"pings of {here} in the end")
        world.end(held=1024)  # fragments may wait for their others
        soak.judge_drops()
    finally:
        world.close()


gateway_kit.main(body)
