"""What two live gateways do to the traffic of Linux hosts on its way: host - gateway - gateway - host.

MSS: ip tcp adjust-mss of one gateway is seen in the SYN and the SYN ACK of Linux's own TCP.  Rekey: numbered
datagrams in both directions while both SAs get new SPIs and keys again and again; each must arrive, once,
and in order.
"""
import random
import socket
import struct

import gateway_kit
from gateway_stream import Stream, rekey

PORT = 9999
SECONDS = 20
MSS = 1100
OWN_MSS = 1460
ROUNDS = 40  # each rekeys both directions at both ends
ETH_P_ALL = 3
SYN, ACK = 0x02, 0x10


def syn_mss(frame):
    """Flags and MSS of a SYN to or from PORT; None where it is none."""
    if frame[12:14] != b"\x08\0" or frame[23] != socket.IPPROTO_TCP:
        return None
    tcp = frame[14 + 4 * (frame[14] & 15):]
    if PORT not in struct.unpack("!HH", tcp[:4]) or not tcp[13] & SYN:
        return None
    options = tcp[20:4 * (tcp[12] >> 4)]
    while options and options[0]:
        if options[0] == 2:
            return tcp[13] & (SYN | ACK), struct.unpack("!H", options[2:4])[0]
        options = options[1 if options[0] == 1 else options[1]:]
    return tcp[13] & (SYN | ACK), None


class Tap:
    """SYNs that pass the interface of a host."""

    def __init__(self, where):
        self.socket = gateway_kit.in_net(where, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                                                      socket.htons(ETH_P_ALL)))
        self.socket.bind(("lan", 0))
        self.socket.setblocking(False)

    def syns(self):
        found = {}
        while True:
            try:
                syn = syn_mss(self.socket.recv(65535))
            except BlockingIOError:
                return found
            if syn:
                found[syn[0]] = syn[1]


def check_mss(scenario, world):
    """From a, whose gateway clamps, to b, and from b to a."""
    for here, there in (("a", "b"), ("b", "a")):
        taps = {end: Tap(f"h{end}") for end in (here, there)}
        server = gateway_kit.in_net(f"h{there}", lambda: socket.create_server(("", PORT)))
        client = gateway_kit.in_net(f"h{here}", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        for one in (server, client):
            one.settimeout(SECONDS)
        client.connect((world.net.host(there), PORT))
        accepted = server.accept()[0]
        seen = {end: tap.syns() for end, tap in taps.items()}
        scenario.equal(seen[here], {SYN: OWN_MSS, SYN | ACK: MSS},
                       f"{here} to {there}: MSS at the host that begins")
        scenario.equal(seen[there], {SYN: MSS, SYN | ACK: OWN_MSS},
                       f"{here} to {there}: MSS at the host that answers")
        for one in (client, accepted):
            mss = one.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
            scenario.check(mss <= MSS, f"{here} to {there}: Linux sends segments of {mss}")
        for one in (client, accepted, server, *(tap.socket for tap in taps.values())):
            one.close()


def check_rekey(scenario, world):
    chance = random.Random(4303)
    for end in "ab":
        world.ping(f"h{end}", world.net.host("b" if end == "a" else "a"))  # MACs are known from here on
    before = {end: world.drops(end) for end in "ab"}
    streams = [Stream(world, "a", "b"), Stream(world, "b", "a")]
    for stream in streams:
        stream.start()
    for number in range(ROUNDS):
        if not (rekey(world, "a-b", 0x10000 + number, chance)
                and rekey(world, "b-a", 0x20000 + number, chance)):
            break
    for stream in streams:
        stream.end()
        scenario.check(not stream.failed, f"to {stream.to}: {stream.failed}")
        missing = sorted(set(range(stream.sent)) - set(stream.got))
        scenario.equal(missing, [], f"to {stream.to}: lost of {stream.sent}")
        scenario.equal(stream.got, list(range(stream.sent)), f"to {stream.to}: numbers, in order")
    print(f"{ROUNDS} rekeys of two SAs, {', '.join(str(stream.sent) for stream in streams)} datagrams")
    for end in "ab":
        after = world.drops(end)
        found = {reason: count - before[end].get(reason, 0) for reason, count in after.items()
                 if count != before[end].get(reason, 0)}
        scenario.equal(found, {}, f"drops of {end}")
        sas = [sa for tunnel in world.asked(end, "crypto", "ipsec", "sa")["tunnels"] for sa in tunnel["sas"]]
        outbound = [sa for sa in sas if sa["direction"] == "out"]
        last = (0x10000 if end == "a" else 0x20000) + ROUNDS - 1
        scenario.equal([int(str(sa["spi"]), 0) for sa in outbound], [last], f"outbound SAs of {end}")


def body(scenario, folder):
    world = gateway_kit.World(scenario, folder, gateway_kit.Net(4))
    try:
        world.wire_up()
        world.start("a", port={"tcp_adjust_mss": MSS})
        world.start("b")
        check_mss(scenario, world)
        check_rekey(scenario, world)
        world.end()
    finally:
        world.close()


if __name__ == "__main__":
    gateway_kit.main(body)
