"""Commands on the gateways of a laboratory: the samples of docs/control.md are what the run prints; JSON
says the same as the results; a line that is no command is refused before anything is written.
"""
import json
import re

import kit

LAB = "qos-reorder.cfg"
SAMPLE = re.compile(r"<!-- (show [a-z ]+) -->\n```\n(.*?)```\n<!-- /show -->", re.S)
BAD = [
    ("show cry", "Incomplete command"),
    ("show crypto i", "Ambiguous"),
    ("shw drops", 'Invalid input "shw"'),
    ("show drops ; quit", 'Invalid input ";"'),
]


def check_samples(scenario, folder):
    samples = SAMPLE.findall((scenario.root / "docs" / "control.md").read_text(encoding="utf-8"))
    scenario.check(len(samples) >= 4, f"{len(samples)} samples in docs/control.md")
    shows = [word for command, _ in samples for word in ("--show", command)]
    done = scenario.esplab("run", scenario.labs / LAB, "--quiet", "--out", folder / "samples", *shows)
    scenario.equal(done.returncode, 0, f"exit status: {done.stderr}")
    for command, text in samples:
        scenario.check(text in done.stdout, f"docs/control.md: {command}: the run prints\n{done.stdout}")


def json_values(text):
    """The objects that stand one after another."""
    decoder, values = json.JSONDecoder(), []
    while text := text.strip():
        value, end = decoder.raw_decode(text)
        values.append(value)
        text = text[end:]
    return values


def check_json(scenario, folder):
    shows = ("--show", "show crypto ipsec sa | json", "--show", "show drops | json")
    done = scenario.esplab("run", scenario.labs / LAB, "--quiet", "--out", folder / "json",
                           "--duration", "5", *shows)
    scenario.equal(done.returncode, 0, f"exit status: {done.stderr}")
    sa_a, sa_b, drops_a, drops_b = json_values(done.stdout)
    summary = kit.read_json(folder / "json" / "summary.json")
    scenario.equal([v["gateway"] for v in (sa_a, sa_b, drops_a, drops_b)], ["gwa", "gwb"] * 2, "who answers")
    replays = kit.inbound(summary)["replays"]
    scenario.check(replays > 0, "nothing is thrown away")
    scenario.equal(sa_b["tunnels"][0]["recv_errors"], replays, "receive errors")
    wanted = {"reason": "replay_old", "packets": replays, "rule": "RFC 4303 §3.4.3"}
    scenario.equal(drops_b["drops"], [wanted], "drops of gwb")
    scenario.check(drops_a["balance"]["balanced"] and drops_b["balance"]["balanced"], "balance")


def check_refusals(scenario, folder):
    for line, text in BAD:
        done = scenario.esplab("run", scenario.labs / LAB, "--out", folder / "never", "--show", line)
        scenario.equal(done.returncode, 2, f"{line}: exit status")
        scenario.check(text in done.stderr, f"{line}: {done.stderr}")
    scenario.check(not (folder / "never").exists(), "something was written")


def body(scenario, folder):
    check_samples(scenario, folder)
    check_json(scenario, folder)
    check_refusals(scenario, folder)


if __name__ == "__main__":
    kit.main(body)
