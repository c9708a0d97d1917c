#!/usr/bin/env python3
"""Takes Alertmanager's webhooks and posts each of their alerts to Acteon, as an action of its own.

Alertmanager is answered 200 once every alert is on Acteon's disk, 503 where it is to send the notification again, and 422 where that would not
help; it logs the text. One alert that is refused keeps none of the others back, and what of an alert is larger than Acteon takes is cut, so that
the alert goes all the same. Standard library only.
"""

import argparse
import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MAX_WEBHOOK_BYTES = 16 << 20
# What Acteon takes of an action, in bytes but for the number of labels; of the text what any provider sends.
MAX_LABELS, MAX_LABEL_BYTES, MAX_TEXT_BYTES, MAX_FINGERPRINT_BYTES = 64, 4096, 64 << 10, 40
# What Acteon holds back for now, and forgets: it is to be told again.
NOT_TAKEN = ("Throttled", "QuotaExceeded", "CircuitOpen")
# Whatever else Acteon refuses it may take later: once its key is right, or it has room.
NEVER_TAKEN = (400, 403, 409, 413, 415, 422)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nothing: a key goes to Acteon alone."""

    def redirect_request(self, *_):
        return None


# Straight to Acteon, whatever proxy the environment names.
ACTEON = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect)


def whole(text, most=MAX_LABEL_BYTES):
    """A text of whole letters, and no longer than may be: half of a letter, as templates cut them, is U+FFFD."""
    text = str(text).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if len(text.encode()) <= most:
        return text
    return text.encode()[: most - len("…".encode())].decode(errors="ignore") + "…"


def named(name):
    """The name of a label as Acteon takes it: with letters that are seen, and no blanks at its ends."""
    return "".join(letter if letter.isprintable() else " " for letter in whole(name)).strip()


def action(alert, options, now):
    """One alert as an action."""
    all_labels = {name: whole(text) for label, text in (alert.get("labels") or {}).items() if (name := named(label))}
    labels = dict(list(all_labels.items())[:MAX_LABELS])
    lines = [f"[{alert['status'].upper()}] {labels.get('alertname', 'an alert')}"]
    lines += [text for name in ("summary", "description") if (text := (alert.get("annotations") or {}).get(name))]
    if left_out := len(all_labels) - len(labels):
        lines.append(f"({left_out} labels left out)")
    fingerprint = str(alert["fingerprint"])
    if len(fingerprint) > MAX_FINGERPRINT_BYTES:
        fingerprint = hashlib.sha256(fingerprint.encode(errors="replace")).hexdigest()[:MAX_FINGERPRINT_BYTES]
    # Two Alertmanagers that tell the same, and one that tells it again because an answer was lost, give one id, which is sent once. What is told
    # again in the next --repeat of the clock is a new action: keep that below Alertmanager's repeat_interval.
    part = int(now // options.repeat)
    return {
        "id": f"am-{fingerprint}-{alert['status']}-{alert['startsAt']}-{part}",
        "namespace": options.namespace,
        "tenant": labels.get("tenant", "").strip() or options.tenant,
        "provider": options.provider,
        "action_type": "alert",
        "payload": {"content": whole("\n".join(lines), MAX_TEXT_BYTES)},
        "metadata": labels,
        "status": alert["status"],
        "fingerprint": fingerprint,
        "starts_at": alert["startsAt"],
        "ends_at": alert.get("endsAt"),
        "dedup_key": f"{fingerprint}-{alert['startsAt']}-{alert['status']}",
    }


def post(action, options):
    """Posts an action. Returns what is wrong with it, 422 or 503 and a text, or nothing where it is on disk."""
    headers = {"content-type": "application/json", "prefer": "respond-async"}
    if key := os.environ.get("ACTEON_API_KEY"):
        headers["authorization"] = f"Bearer {key}"
    request = urllib.request.Request(f"{options.acteon}/v1/dispatch", json.dumps(action).encode(), headers)
    try:
        with ACTEON.open(request, timeout=30) as response:
            outcome, = json.load(response)
        return (503, f"{outcome}: to be told again") if outcome in NOT_TAKEN else None
    except urllib.error.HTTPError as error:
        text = error.read().decode(errors="replace")
        # It was told before, with other words: annotations often hold the value of the moment.
        if error.code == 409 and "ID_CONFLICT" in text:
            return None
        return (422 if error.code in NEVER_TAKEN else 503), f"{error.code} {text}"
    except (OSError, HTTPException, TypeError, ValueError) as error:
        return 503, f"no answer of Acteon: {error!r}"


def relay(webhook, options):
    """Posts the alerts of a webhook. Returns what Alertmanager is answered: status and text."""
    now = time.time()
    try:
        actions = [action(alert, options, now) for alert in webhook["alerts"]]
        cut_off = webhook.get("truncatedAlerts", 0)
    except (AttributeError, KeyError, TypeError) as error:
        return 422, f"this is no webhook of Alertmanager: {error!r}"
    if cut_off:
        print(f"Alertmanager left out {cut_off} alerts: raise max_alerts", file=sys.stderr, flush=True)
    failures = []
    for posted in actions:
        if failure := post(posted, options):
            failures.append((failure[0], f"{posted['id']}: {failure[1]}"))
            # It will be asked for all of them again.
            if failure[1].startswith("no answer"):
                break
    if not failures:
        return 200, f"{len(actions)} accepted"
    return max(status for status, _ in failures), "; ".join(text for _, text in failures)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--acteon", default="http://127.0.0.1:8080", help="Acteon's address")
    parser.add_argument("--namespace", default="alerts")
    parser.add_argument("--tenant", default="default", help="of alerts without a label tenant")
    parser.add_argument("--provider", required=True, help="what rules may reroute")
    parser.add_argument("--repeat", type=int, default=3600, help="seconds of the clock within which the same alert is told once")
    parser.add_argument("--port", type=int, default=9099)
    parser.add_argument("--stdin", action="store_true", help="read one webhook from standard input, and end")
    options = parser.parse_args()
    if options.repeat < 1:
        parser.error("--repeat is a number of seconds from 1")
    if not options.acteon.startswith(("http://", "https://")):
        parser.error(f"--acteon is an address such as http://127.0.0.1:8080, is {options.acteon!r}")
    options.acteon = options.acteon.rstrip("/")
    if options.stdin:
        try:
            status, text = relay(json.load(sys.stdin), options)
        except ValueError as error:
            status, text = 422, f"this is no webhook of Alertmanager: {error}"
        print(status, text)
        sys.exit(0 if status == 200 else 1)

    class Handler(BaseHTTPRequestHandler):
        timeout = 30

        def do_POST(self):
            given = self.headers.get("content-length", "")
            length = int(given) if given.isascii() and given.isdigit() else None
            if length is None:
                status, text = 411, "a webhook says how long it is, with content-length"
            elif length > MAX_WEBHOOK_BYTES:
                status, text = 413, f"{length} bytes are more than the {MAX_WEBHOOK_BYTES} that are read: lower max_alerts"
            else:
                try:
                    status, text = relay(json.loads(self.rfile.read(length)), options)
                except ValueError as error:
                    status, text = 422, f"this is no webhook of Alertmanager: {error}"
            if status != 200:
                print(status, text, file=sys.stderr, flush=True)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

    ThreadingHTTPServer(("127.0.0.1", options.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
