"""mtu-blackhole.cfg: what hangs, what helps, and where the packets that were too big ended."""
import re

import kit

LAB = "mtu-blackhole.cfg"
HANGS = {"as is": {"gwb"}, "ICMP of gateways": {"gwb", "core"}, "before": {"gwb"}, "ip mtu": {"gwb"}}
HEARS = {"ICMP of all": {"gwb", "core"}, "ip mtu, ICMP of gateways": {"gwb"}}
CLEAN = ["df-bit clear", "df-bit clear, ip mtu, before", "MSS 1300", "client MTU 1400", "client MTU 576"]
TERMINAL = 60  # answers at least
# What the extended ping with DF and 1500 bytes gets.
TOLD = {"ICMP of gateways", "ICMP of all", "ip mtu, ICMP of gateways", "client MTU 1400", "client MTU 576"}
ANSWERED = {"df-bit clear", "df-bit clear, ip mtu, before"}


def tcp_of(summary, name):
    return kit.named(summary["tcp"], "class", name)


def dropped(summary):
    """Nodes on the way to the client that dropped packets as too big; gwa and the client drop its pings."""
    return {node["name"] for node in summary["nodes"] if node["drops"].get("too_big")} & {"gwb", "core"}


def check_pings(scenario, name, folder):
    """Ping works whatever is wrong; with DF and a full packet it shows the hole."""
    wanted = "MMMMM" if name in TOLD else "!!!!!" if name in ANSWERED else "....."
    for ping, marks in (("ping", "!!!!!"), ("ping-df", wanted)):
        lines = (folder / re.sub("[^a-zA-Z0-9]", "-", name) / f"ping-{ping}.txt").read_text().splitlines()
        scenario.check(marks in lines, f"{name}: {ping}, wanted is {marks}: {lines}")


def joined(summary, node):
    stages = kit.named(summary["nodes"], "name", node)["stages"]
    return kit.named(stages, "name", "reassemble")["packets"]


def check_hangs(scenario, name, summary):
    share = tcp_of(summary, "share")
    scenario.equal(share["established"], share["connections"], f"{name}: connections")
    scenario.equal((share["bytes_back"], share["completions"]), (0, 0), f"{name}: the share hangs")
    scenario.check(share["timeouts"] > 10, f"{name}: {share['timeouts']} time-outs")
    scenario.equal(dropped(summary), HANGS[name], f"{name}: who drops")


def check_works(scenario, name, summary, least):
    share = tcp_of(summary, "share")
    scenario.check(share["goodput_back_bps"] > least, f"{name}: goodput {share['goodput_back_bps']}")
    scenario.check(share["completions"] > 80, f"{name}: {share['completions']} answers")


def check_places(scenario, summaries):
    """Who puts together: gwa three pieces a packet, or nobody but the client."""
    cleared = summaries["df-bit clear"]
    cut = kit.named(kit.named(cleared["nodes"], "name", "gwb")["stages"], "name", "post_fragment")["packets"]
    scenario.check(cut > 1000, f"df-bit clear: {cut} packets cut by gwb")
    scenario.equal(joined(cleared, "gwa"), 3 * cut, "df-bit clear: pieces that gwa puts together")
    scenario.equal(joined(summaries["df-bit clear, ip mtu, before"], "gwa"), 0, "before: pieces at gwa")


def body(scenario, folder):
    _, summaries = scenario.run_variants(scenario.labs / LAB, folder / "all")
    scenario.equal(set(summaries), {*HANGS, *HEARS, *CLEAN}, "variants")
    for name, summary in summaries.items():
        check_pings(scenario, name, folder / "all")
        terminal = tcp_of(summary, "terminal")
        scenario.check(terminal["completions"] >= TERMINAL, f"{name}: terminal {terminal['completions']}")
        scenario.equal((terminal["timeouts"], terminal["retransmissions"]), (0, 0), f"{name}: terminal")
    for name in HANGS:
        check_hangs(scenario, name, summaries[name])
    for name, nodes in HEARS.items():
        check_works(scenario, name, summaries[name], 7e6)
        scenario.equal(dropped(summaries[name]), nodes, f"{name}: who drops")
        scenario.check(tcp_of(summaries[name], "share")["path_mtu_changes"] >= 4, f"{name}: path MTUs")
    for name in CLEAN:
        check_works(scenario, name, summaries[name], 8e6)
        lost = {item["class"] for item in summaries[name]["classes"] if item["lost"]}
        scenario.equal(lost - {"ping-df"}, set(), f"{name}: who loses")
    check_places(scenario, summaries)


kit.main(body)
