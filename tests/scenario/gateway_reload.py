"""reload of two live gateways under the traffic of Linux hosts: host - gateway - gateway - host.

Numbered datagrams in both directions while queueing, limits and logging change with files that are read
anew: each must arrive, once.  A lower ip_mtu is what the next ping meets.  A file that cannot be taken over,
or has a mistake, is refused with its place, and nothing of it is in force.
"""
import gateway_kit
import gateway_rekey

ROUNDS = 12
QOS = ('qos = { shape = "200 Mb/s"; }', 'qos = { queue_limit = 2000; }',
       'qos = { kind = "cbwfq"; shape = "100 Mb/s"; classes = ('
       '{ name = "voice"; dscp = "ef"; priority = "1 Mb/s"; }, { name = "rest"; queue_limit = 2000; } ); }')
LOW_MTU = 1000


def config(world, end, qos="", keys="", more=""):
    """The file of a gateway: keys and queueing of its outer port, and more of its gateway."""
    text = world.net.config(end, world.folder, more=more)
    where = 'device = "net_af_packet0,iface=wan";'
    return text.replace(where, f"{where} {keys} {qos + ';' if qos else ''}")


def reload(world, end, text):
    """The answer of the gateway to another text of its file."""
    path = world.folder / f"reload-{end}.cfg"
    path.write_text(text)
    path.chmod(0o600)
    return world.scenario.esplab("reload", "--socket", world.folder / f"{end}.sock", path)


def check_good(scenario, world):
    """Nothing is lost while queues change."""
    for end in "ab":
        world.ping(f"h{end}", world.net.host("b" if end == "a" else "a"))  # MACs are known from here on
    before = {end: world.drops(end) for end in "ab"}
    streams = [gateway_rekey.Stream(world, "a", "b"), gateway_rekey.Stream(world, "b", "a")]
    for stream in streams:
        stream.start()
    for number in range(ROUNDS):
        for end in "ab":
            text = config(world, end, QOS[number % len(QOS)], f"tcp_adjust_mss = {1200 + number};",
                          f"log_rate = {number + 1}.0;")
            done = reload(world, end, text)
            scenario.equal(done.returncode, 0, f"reload {number} of {end}: {done.stderr}")
    for stream in streams:
        stream.end()
        scenario.check(not stream.failed, f"to {stream.to}: {stream.failed}")
        scenario.equal(sorted(stream.got), list(range(stream.sent)), f"to {stream.to}: each once")
    print(f"{ROUNDS} reloads of two gateways, {', '.join(str(stream.sent) for stream in streams)} datagrams")
    for end in "ab":
        scenario.equal(world.drops(end), before[end], f"drops of {end}")


def fits(world, size):
    """A ping of such packets that may not be cut."""
    done = world.run("ha", "ping", "-c", "3", "-i", "0.2", "-W", "2", "-M", "do", "-s", str(size - 28),
                     world.net.host("b"))
    return " 0% packet loss" in done.stdout


def check_limits(scenario, world):
    """ip_mtu goes down and up again."""
    scenario.check(fits(world, 1300), "1300 bytes before")
    done = reload(world, "a", config(world, "a", keys=f"ip_mtu = {LOW_MTU};"))
    scenario.equal(done.returncode, 0, f"ip_mtu: {done.stderr}")
    scenario.check(not fits(world, 1300), f"1300 bytes with an MTU of {LOW_MTU}")
    scenario.check(fits(world, 900), f"900 bytes with an MTU of {LOW_MTU}")
    world.run("ha", "ip", "route", "flush", "cache")
    done = reload(world, "a", config(world, "a"))
    scenario.equal(done.returncode, 0, f"without ip_mtu: {done.stderr}")
    scenario.check(fits(world, 1300), "1300 bytes again")


def check_bad(scenario, world):
    """What is refused, and where it stood."""
    good = config(world, "a")
    for text, place in ((good.replace("192.0.2.1/30", "192.0.2.1/29"), "address: cannot change"),
                        (good.replace("iface=wan", "iface=other"), "device: cannot change"),
                        (good.replace("live = {", 'live = { mbufs = 2048;'), "live.mbufs: cannot change"),
                        (good.replace("routes =", "rotues ="), "rotues"),
                        (config(world, "a", 'qos = { shape = "fast"; }'), "shape")):
        done = reload(world, "a", text)
        scenario.equal(done.returncode, 2, f"{place}: {done.stdout}")
        scenario.check("reload-a.cfg" in done.stderr and place in done.stderr, f"{place}: {done.stderr}")
    found = world.asked("a", "ip", "mtu")
    scenario.check(all(port["mtu"] == 1500 for port in found["interfaces"]), f"MTUs after all that: {found}")
    scenario.equal(world.ping("ha", world.net.host("b")), 5, "pings after all that")


def body(scenario, folder):
    world = gateway_kit.World(scenario, folder, gateway_kit.Net(4))
    try:
        world.wire_up()
        world.start("a")
        world.start("b")
        check_good(scenario, world)
        check_limits(scenario, world)
        check_bad(scenario, world)
        world.end()
    finally:
        world.close()


if __name__ == "__main__":
    gateway_kit.main(body)
