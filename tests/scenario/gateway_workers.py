"""Gateways of several workers between Linux hosts: host - tap - gateway - veth - gateway - tap - host.

Three tunnels lie side by side, each to a network of its own behind the other gateway, so that SAs have
different owners and packets come in at workers that do not own theirs.  Numbered datagrams must arrive, each
once, while SAs get new keys; iperf3 runs both ways with several connections.  Then the gateways'
counters say whether a sequence number was used twice: as many packets as numbers, no replay at the other end,
nothing lost between the workers.

First with two queues of each device, then with one at the WAN and a process path that has a thread of its
own, then likewise with two queue pairs of one crypto device.
"""
import json
import random
import shutil

import gateway_kit
from gateway_kit import group
from gateway_stream import Stream, rekey

TUNNELS = 3
WORKERS = 2
ROUNDS = 6  # each rekeys all SAs
IPERF_SECONDS = 3
IPERF_PORT = 5200
PROCESS = 'switching = "fast"; process_rate = 5000; process_queue = 4000; process_delay = "1 ms";'
PARTS = 64  # addresses of each tunnel's network


class Tunnels(gateway_kit.Net):
    """Each network in four parts; the first three have a tunnel each, to the same part of the other."""

    def __init__(self):
        super().__init__(4)
        chance = random.Random(4301)
        self.keys = {(name, i): chance.randbytes(20).hex()
                     for name in gateway_kit.SPIS for i in range(TUNNELS)}

    def address(self, end, i):
        return f"{self.lan[end]}{10 + PARTS * i}"

    def part(self, end, i):
        return f"{self.lan[end]}{PARTS * i}/26"

    def sas(self, end):
        return [group(name=f"{name}-{i}", direction=way, spi=gateway_kit.SPIS[name] + i, src=self.wan[src],
                      dst=self.wan[dst], transform="esp-gcm 128", key=self.keys[name, i],
                      **({"window": 1024} if way == "in" else {}))
                for i in range(TUNNELS) for name, way, src, dst in self.ways(end)]

    def policies(self, end):
        return [group(name=f"{name}-{i}", direction=way, action="protect", sa=f"{name}-{i}",
                      src=self.part(src, i), dst=self.part(dst, i))
                for i in range(TUNNELS) for name, way, src, dst in self.ways(end)]


def start(world, end, **changes):
    """A gateway, and more addresses of its host."""
    world.start(end, **changes)
    for i in range(1, TUNNELS):
        gateway_kit.ip("-n", "h" + end, "addr", "add", f"{world.net.address(end, i)}/24", "dev", "lan")


def check_ping(scenario, world):
    """Each tunnel leads both ways; all ends know their neighbours then."""
    for i in range(TUNNELS):
        for here, there in (("a", "b"), ("b", "a")):
            got = world.ping(f"h{here}", world.net.address(there, i), "-I", world.net.address(here, i))
            scenario.check(got > 0, f"pings from {here} by tunnel {i}")


def streams_make(world):
    streams = []
    for i in range(TUNNELS):
        for here, there in (("a", "b"), ("b", "a")):
            stream = Stream(world, here, there, world.net.address(there, i))
            stream.out.bind((world.net.address(here, i), 0))
            streams.append(stream)
    return streams


def check_streams(scenario, world, rounds):
    """None is lost, none comes twice, nothing is dropped.  Order is that of the queues by which they come;
    after a rekey the kernel may choose another one."""
    chance = random.Random(4303)
    before = {end: world.drops(end) for end in "ab"}
    streams = streams_make(world)
    for stream in streams:
        stream.start()
    for number in range(rounds):
        for i in range(TUNNELS):
            for name, spi in (("a-b", 0x10000), ("b-a", 0x20000)):
                scenario.check(rekey(world, f"{name}-{i}", spi + 0x100 * i + number, chance),
                               f"rekey {number} of {name}-{i}")
    for stream in streams:
        stream.end()
        scenario.check(not stream.failed, f"to {stream.to}: {stream.failed}")
        missing = sorted(set(range(stream.sent)) - set(stream.got))
        scenario.equal(missing, [], f"to {stream.to}: lost of {stream.sent}")
        scenario.equal(len(stream.got), stream.sent - len(missing), f"to {stream.to}: datagrams, each once")
    print(f"{rounds} rekeys of {2 * TUNNELS} SAs, {sum(stream.sent for stream in streams)} datagrams")
    for end in "ab":
        after = world.drops(end)
        found = {reason: count - before[end].get(reason, 0) for reason, count in after.items()
                 if count != before[end].get(reason, 0)}
        scenario.equal(found, {}, f"drops of {end}")


def check_iperf(scenario, world):
    """Several connections by each tunnel, all at once, in both directions."""
    if not shutil.which("iperf3"):
        return
    servers, clients = [], []
    for i in range(TUNNELS):
        near, far, port = world.net.address("a", i), world.net.address("b", i), str(IPERF_PORT + i)
        servers.append(world.iperf_server("hb", "-p", port))
        clients.append(world.spawn("ha", "iperf3", "--json", "--bidir", "-P", "2", "-t", str(IPERF_SECONDS),
                                   "-B", near, "-c", far, "-p", port,
                                   "--logfile", str(world.folder / f"iperf{i}")))
    for i, client in enumerate(clients):
        client.wait(120)
        out = (world.folder / f"iperf{i}").read_text(encoding="utf-8")
        done = json.loads(out or "{}")
        for way in ("sum_received", "sum_received_bidir_reverse"):
            got = done.get("end", {}).get(way, {}).get("bytes", 0)
            scenario.check(got > 0, f"iperf3 by tunnel {i}: {way} {got} bytes: {out[-500:]}")
    for server in servers:
        server.terminate()


def sas_of(world, end):
    return {(sa["name"], sa["direction"]): sa
            for tunnel in world.asked(end, "crypto", "ipsec", "sa")["tunnels"] for sa in tunnel["sas"]}


def check_numbers(scenario, world):
    """A number for each packet, and none of them twice: the other end would say so.  Late ones there may be:
    where a queue of an af_packet is full the kernel goes on with the next one, and order is lost."""
    for end in "ab":
        for (name, direction), sa in sas_of(world, end).items():
            if direction == "out":
                scenario.check(sa["packets"] > 0, f"{end}: {name} carried nothing")
                scenario.equal(sa["last_seq"], sa["packets"], f"{end}: numbers and packets of {name}")
            else:
                scenario.equal(sa["errors"], 0, f"{end}: errors of {name}")
        found = world.asked(end, "drops")
        scenario.check(found["balance"]["balanced"], f"balance of {end}: {found}")
        scenario.check(found["balance"]["handed"] > 100, f"{end}: handed over: {found['balance']}")
        scenario.equal(found["balance"]["handed"], found["balance"]["taken"], f"{end}: all of it was taken")
        reasons = {row["reason"] for row in found["drops"]}
        scenario.equal(reasons & {"replay_duplicate", "handover_full"}, set(), f"{end}: drops")


def check_process(scenario, world):
    """The process path had its packets, and only the first of a flow."""
    for end in "ab":
        stages = {row["name"]: row["packets"] for row in world.asked(end, "runtime")["stages"]}
        scenario.check(stages["switching"] > 100, f"{end}: packets at ports with two paths: {stages}")


def check_cryptodev(scenario, world):
    """All that was submitted came back, and there was room for it."""
    check_process(scenario, world)
    for end in "ab":
        found = world.asked(end, "crypto", "engine", "accelerator", "statistic")
        scenario.equal((found["kind"], found["queue_full"]), ("cryptodev", 0), f"engine of {end}")
        scenario.check(found["completed"] > 100, f"engine of {end}: {found}")


def run(scenario, folder, rounds, more_checks, **changes):
    world = gateway_kit.World(scenario, folder, Tunnels())
    try:
        world.wire_up()
        for end in "ab":
            start(world, end, **changes)
        check_ping(scenario, world)
        check_streams(scenario, world, rounds)
        more_checks(scenario, world)
        check_numbers(scenario, world)
        world.end()
    finally:
        world.close()


def body(scenario, folder):
    live = {"workers": WORKERS, "state": ""}
    wan = "net_af_packet0,iface=wan,framecnt=4096"  # a loaded machine lets a worker wait
    run(scenario, folder, ROUNDS, check_iperf, live=live, wan=f"{wan},qpairs={WORKERS}")
    run(scenario, folder, 1, check_process, live=live, wan=wan,
        more=PROCESS)
    run(scenario, folder, 1, check_cryptodev, live=live, wan=wan, more='engine = "dev"; ' + PROCESS,
        top='engines = ( { name = "dev"; kind = "cryptodev"; device = "crypto_aesni_mb0"; } );')


gateway_kit.main(body)
