#!/usr/bin/env python3
"""Writes an export with what waits: waiting.py scheduled|recurring COUNT SECONDS_FROM_NOW [PROVIDER] > FILE.

Scheduled actions are due at one instant, as many seconds from now; recurring ones are minutes of the day, a hundred of each tenant."""
import json
import sys
import time

what, count, ahead = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
provider = sys.argv[4] if len(sys.argv) > 4 else "log"
now = int(time.time() * 1000)
due = now + ahead * 1000
lines = 0


def instant(millis):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(millis / 1000)) + ".000Z"


def row(table, values):
    global lines
    lines += 1
    print(json.dumps({"row": [table, values]}))


payload = {"toparty": "12|15", "content": "x" * 200}
print(json.dumps({"acteon_export": 4}))
if what == "scheduled":
    for number in range(count):
        # Two tenants: one may hold half of what waits.
        tenant = ("acme", "other")[number % 2]
        action = {"id": f"later-{number}", "namespace": "incidents", "tenant": tenant, "provider": provider, "action_type": "notify",
                  "payload": payload, "created_at": instant(now), "scheduled_at": instant(due)}
        facts = json.dumps({"is_action": True})
        row("actions", [number + 1, action["id"], tenant, "incidents", now, provider, "notify", "api", "", "anonymous", "allow", None, False,
                        None, None, facts, json.dumps(action), None, None])
    for number in range(count):
        so_far = {"Scheduled": {"action_id": f"later-{number}", "scheduled_for": instant(due), "attempts": 0, "last_error": None}}
        row("jobs", [number + 1, 0, provider, due, due + 21_600_000, due, False, 0, 0, 0, False, 0, None, None, json.dumps(so_far), 1])
else:
    for number in range(count):
        definition = {"name": f"r{number}", "cron_expression": f"{number % 60} {number // 60 % 24} * * *", "timezone": "Asia/Shanghai",
                      "overlap_policy": "allow_all", "missed_runs": "run_once", "provider": provider, "action_type": "notify", "payload": payload}
        body = {"definition": definition, "status": "active", "next": instant(due), "executions": 0, "skipped": 0}
        row("flows", ["recurring", f"r-{number:06}", "incidents", f"t{number // 100}", "active", 1, due, False, 0, 0, now, now, json.dumps(body)])
print(json.dumps({"end": lines}))
