"""mtu-blackhole.cfg: what hangs, what helps, and where the packets that were too big ended."""
import kit

LAB = "mtu-blackhole.cfg"
HANGS = {"as is": {"gwb"}, "ICMP of gwb": {"gwb", "core"}, "before": {"gwb"}, "ip mtu": {"gwb"}}
HEARS = {"ICMP of all": {"gwb", "core"}, "ip mtu, ICMP of gwb": {"gwb"}}
CLEAN = ["df-bit clear", "df-bit clear, ip mtu, before", "client MTU 1400", "client MTU 576"]
TERMINAL = 60  # answers at least


def tcp_of(summary, name):
    return kit.named(summary["tcp"], "class", name)


def dropped(summary):
    """Nodes that dropped packets as too big."""
    return {node["name"] for node in summary["nodes"] if node["drops"].get("too_big")}


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
        scenario.equal(summaries[name]["drops"], {}, f"{name}: drops")
    check_places(scenario, summaries)


kit.main(body)
