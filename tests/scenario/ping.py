"""ping.cfg: what is printed is what the comments of the file and `esplab mtu` say, in its variants too."""
import json

import kit

LAB = "ping.cfg"
CORE_MTU = 1400


def fits(scenario):
    """What esplab mtu says of the tunnel."""
    done = scenario.esplab("mtu", "--json", "--mtu", str(CORE_MTU), "--transform", "esp-aes 128 esp-sha-hmac")
    return json.loads(done.stdout)["rows"][0]["inner_max"]


def pings(scenario, summary, folder):
    """Pings by name; the files say the same."""
    found = {}
    for ping in summary["pings"]:
        found[ping["name"]] = ping
        text = (folder / f"ping-{ping['name']}.txt").read_text()
        marks = "".join(line for line in text.split("\n") if line and set(line) <= set("!.MBU"))
        scenario.equal(marks, ping["marks"], f"{folder.name}, {ping['name']}: marks")
        rate = f"percent ({ping['replies']}/{ping['sent']})"
        scenario.check(rate in text, f"{folder.name}, {ping['name']}: no {rate!r} in {text!r}")
        scenario.check(text in (folder / "summary.txt").read_text(),
                       f"{folder.name}: summary.txt does not have {ping['name']}")
    return found


def check_as_is(scenario, found, most):
    scenario.equal(found["small"]["marks"], "!!!!!", "small")
    scenario.equal(found["full"]["marks"], "MMMMM", "full")
    scenario.equal(found["full"]["too_big"]["from"], "10.1.0.1", "full: who told")
    scenario.equal(found["cut"]["marks"], "!!!!!", "cut")
    scenario.equal(found["gateway"]["marks"], "!!!!!", "gateway")
    scenario.equal(found["gateway"]["dst"], "10.2.0.1", "gateway: who answers")
    sweep = found["sweep"]
    scenario.equal(sweep["largest"], most, "sweep: the largest size")
    scenario.equal(sweep["too_big"]["mtu"], most, "sweep: the MTU that was told")
    n = most - sweep["sizes"]["min"] + 1
    scenario.equal(sweep["marks"][:n + 2], "!" * n + ".M", "sweep: the first that is too big is lost")
    scenario.equal(set(sweep["marks"][n:]), set(".M"), "sweep: all others")


def body(scenario, folder):
    _, summaries = scenario.run_variants(scenario.labs / LAB, folder)
    most = fits(scenario)
    back = kit.class_of(summaries["as is"], "gateway back")
    scenario.equal((back["sent"], back["delivered"]), (5, 5), "as is: answers of gwb")
    said = " ".join((folder / "as-is" / "summary.txt").read_text().split())
    scenario.check("+ 0 copies made on wires +" in said, "as is: answers of gwb are no copies")
    check_as_is(scenario, pings(scenario, summaries["as is"], folder / "as-is"), most)
    hole = pings(scenario, summaries["black hole"], folder / "black-hole")
    scenario.equal(hole["small"]["marks"] + hole["full"]["marks"], "!!!!!.....", "black hole: small, full")
    scenario.equal(hole["sweep"]["largest"], most, "black hole: the largest size")
    scenario.equal(set(hole["sweep"]["marks"]), set("!."), "black hole: nobody says why")
    host = pings(scenario, summaries["host mtu"], folder / "host-mtu")
    scenario.equal(host["sweep"]["marks"], "!" + "M" * 150, "host mtu: sweep")
    scenario.equal(host["full"]["too_big"]["from"], "10.1.0.10", "host mtu: who told")
    scenario.equal(host["cut"]["marks"], "!!!!!", "host mtu: cut")


kit.main(body)
