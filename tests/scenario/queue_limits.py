"""A published result made again: shorter class queues take replay drops from about 1 % to below 0.1 %."""
import kit

LAB = "queue-limits.cfg"
LONG, SHORT = "limits of 64", "limits of 8"


def share(summary):
    sa = kit.inbound(summary)
    return sa["replays"] / sa["arrived"]


def body(scenario, folder):
    rows, summaries = scenario.run_variants(scenario.labs / LAB, folder / "all")
    shares = {name: share(summary) for name, summary in summaries.items()}
    for name, value in shares.items():
        print(f"{name}: {100 * value:.3f} % of the SA's packets are taken for replays")
        scenario.equal(kit.inbound(summaries[name])["window"], 64, f"{name}: window")
        scenario.equal(rows[name]["sent"], rows[LONG]["sent"], f"{name}: the same traffic")
        scenario.equal(kit.class_of(summaries[name], "voice")["lost"], 0, f"{name}: voice lost")
        scenario.equal(rows[name]["other_drops"], 0, f"{name}: drops that are neither replay nor queue")
    scenario.check(0.005 <= shares[LONG] <= 0.02, f"{LONG}: {100 * shares[LONG]:.3f} %, wanted are 0.5 to 2")
    scenario.check(shares[SHORT] < 0.001, f"{SHORT}: {100 * shares[SHORT]:.3f} %, wanted is below 0.1")
    order = [shares[f"limits of {limit}"] for limit in (64, 32, 16, 8)]
    scenario.check(order == sorted(order, reverse=True), f"shorter is not better: {order}")
    # what shorter queues drop openly is less than what they save
    lost = {name: row["sent"] - row["delivered"] for name, row in rows.items()}
    scenario.check(lost[SHORT] < lost[LONG], f"all losses: {lost}")


kit.main(body)
