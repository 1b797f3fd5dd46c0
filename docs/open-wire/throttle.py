"""throttle.py SCOPE NEED COMMAND…: runs a command while it holds tokens, such as: throttle.py cloud/tenant-7 '{"instance": 1}' ./build.sh"""
import json
import os
import secrets
import subprocess
import sys
import time

from wire import Wire, token

scope, need, command = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3:]
wire = Wire()
lease, ttl = f"python-{secrets.token_hex(8)}", float(os.environ.get("TTL", "60"))


def ask(request, **fields):
    subject = f"{wire.ns}.throttle.{token(scope.split('/')[0])}.{request}"
    status, body = wire.request(subject, json.dumps({"v": 1, "lease": lease, **fields}).encode())
    if status:  # 503: no throttle is there now
        time.sleep(1)
        return {"answer": "none"}
    answer = json.loads(body)
    error = answer.get("error", {})
    if error and not error.get("retryable"):
        sys.exit(f"{error['code']}: {error['message']}")
    return answer


answer = {}
while answer.get("answer") != "granted":  # asked again under the same lease, it keeps its place
    asked = time.monotonic()
    answer = ask("acquire", scope=scope, need=need, ttlMs=int(ttl * 1000), waitMs=5000)
    print(json.dumps(answer), flush=True)
fence, end = answer["fence"], asked + ttl
with subprocess.Popen(command, env={**os.environ, "FENCE": str(fence)}) as running:
    while running.poll() is None:
        time.sleep(min(0.2, ttl / 10))
        if time.monotonic() > end - ttl * 2 / 3:
            asked = time.monotonic()
            answer = ask("renew", fence=fence, ttlMs=int(ttl * 1000))
            end = asked + ttl if answer["answer"] == "renewed" else end
        if answer["answer"] == "lost" or time.monotonic() > end:
            running.kill()
            sys.exit("lease_lost")
print(json.dumps(ask("release", fence=fence)), flush=True)
sys.exit(running.returncode)
