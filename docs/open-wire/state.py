"""state.py ID: what an operation does now, in one word, and what it waits for."""
import sys

from wire import Wire, token

DOING = {
    "step": {"delay": "waiting timer", "write": "waiting store", "run": "running", "retry": "retrying"},
    "poll": {"delay": "waiting timer", "write": "waiting store", "look": "running", "pause": "waiting timer"},
    "lease": {"ask": "waiting lease"},
    "pause": "waiting timer", "signal": "waiting signal", "wait": "waiting resource", "child": "waiting child",
    "expand": {"write": "waiting store", "look": "waiting store", "parked": "parked"}, "transition": "waiting store",
}
FIRST = ["parked", "running", "retrying", *(f"waiting {what}" for what in ("lease", "signal", "resource", "child", "timer", "store"))]


def state(record, tombstone):
    if record is None:
        return f"expired {tombstone['outcome']}" if tombstone else "unknown"
    if "q" in record:
        return f"quarantined {record['q']['reason']}"
    operation = record["s"]
    phase, progress = operation["phase"], operation["progress"]
    if phase == "ended":
        return f"ended {progress['outcome']}"
    if phase in ("accepting", "givingBack"):
        behind = operation.get("accepting", {}).get("waitFor") if phase == "accepting" else None
        return f"queued {behind['operation']}" if behind else "accepting"
    if phase == "ending":
        return "cancelling" if progress.get("outcome") == "cancelled" else "waiting store"
    if "stop" in progress:
        return "cancelling"
    if "paused" in progress:
        return "paused"
    nodes = operation.get("active", {}).values()
    doing = [DOING.get(node["k"]) for node in nodes]
    words = {word.get(node["p"]) if isinstance(word, dict) else word for node, word in zip(nodes, doing)}
    return next((word for word in FIRST if word in words), "running")


if __name__ == "__main__":
    wire, key = Wire(), token(sys.argv[1])
    record = wire.last(f"{wire.ns}.state.operation.{key}")
    print(state(record, None if record else wire.last(f"{wire.ns}.tomb.operation.{key}")))
