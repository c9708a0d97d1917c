"""Compares occurrences with those of croniter, over ten years in four zones, and tells each kind of difference.

    python3 -m venv VENV && VENV/bin/pip install croniter==7.0.0 tzdata
    VENV/bin/python crates/schedule/tests/croniter/compare.py [SEED, default 1] [EXPRESSIONS, default 500]

An expression with few occurrences is looked at for the whole ten years, others a day before and behind each change of the clock, and in days out of the
seed. A difference that no kind explains is printed, and fails.
"""

import calendar
import collections
import datetime
import random
import re
import subprocess
import sys
import zoneinfo

from croniter import croniter

ZONES = ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]
UTC = datetime.timezone.utc
DAY = 86400
FIRST = int(datetime.datetime(2026, 1, 1, tzinfo=UTC).timestamp())
LAST = int(datetime.datetime(2036, 1, 1, tzinfo=UTC).timestamp())
MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
WEEKDAYS = "SUN MON TUE WED THU FRI SAT".split()
# Most occurrences of an expression that are all looked at.
WHOLE = 600
# Expressions whose occurrences are in memory at a time.
CHUNK = 10


def item(seed, first, last):
    low, high = sorted((seed.randint(first, last), seed.randint(first, last)))
    kind = seed.random()
    if kind < 0.6:
        return str(low)
    if kind < 0.8 or low == high:
        return f"{low}-{high}"
    return f"{low}-{high}/{seed.randint(1, high - low)}"


def field(seed, first, last, every):
    kind = seed.random()
    if kind < every:
        return "*"
    if kind < every + 0.15:
        return f"*/{seed.randint(2, last - first)}"
    return ",".join(item(seed, first, last) for _ in range(seed.choice([1, 1, 1, 2, 3])))


def expression(seed):
    minute = field(seed, 0, 59, 0.05)
    hour = field(seed, 0, 23, 0.15)
    # Hours of changes come up often enough.
    if seed.random() < 0.4:
        hour = seed.choice(["1", "2", "3", "1-3", "0,2", "*", "2-23/3", "0-23"])
    of_month, month, of_week = "*", field(seed, 1, 12, 0.7), "*"
    if month.isdigit() and seed.random() < 0.5:
        month = MONTHS[int(month) - 1]
    kind = seed.random()
    if 0.3 <= kind < 0.6 or kind >= 0.9:
        of_month = seed.choice([field(seed, 1, 31, 0), "L", f"{seed.randint(1, 31)}W", item(seed, 1, 31)])
    if kind >= 0.6:
        day = seed.randint(0, 7)
        name = WEEKDAYS[day % 7]
        of_week = seed.choice([field(seed, 0, 6, 0), item(seed, 0, 7), name, f"{name}L", f"{name}#{seed.randint(1, 5)}", "MON-FRI"])
    return " ".join([minute, hour, of_month, month, of_week])


def for_croniter(expression):
    """The expression as croniter writes it: FRIL is l5 there."""
    fields = expression.split()
    fields[4] = re.sub(r"([A-Z]{3})L", lambda name: f"l{WEEKDAYS.index(name[1])}", fields[4])
    return " ".join(fields)


def offset(zone, instant):
    return datetime.datetime.fromtimestamp(instant, zone).utcoffset().total_seconds()


def changes(zone):
    found = []
    for day in range(FIRST, LAST, DAY):
        if offset(zone, day) != offset(zone, day + DAY):
            low, high = day, day + DAY
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(zone, middle) == offset(zone, day) else (low, middle)
            found.append((high, int(offset(zone, high) - offset(zone, high - 1))))
    return found


def theirs(expression, zone, windows):
    found = set()
    for start, end in windows:
        cron = croniter(for_croniter(expression), datetime.datetime.fromtimestamp(start, zone), max_years_between_matches=50)
        while True:
            instant = int(cron.get_next(datetime.datetime).timestamp())
            if instant >= end:
                break
            found.add(instant)
    return found


def ours(lines):
    text = "".join("\t".join(map(str, line)) + "\n" for line in lines)
    command = ["cargo", "run", "-q", "-p", "acteon-schedule", "--example", "occurrences"]
    answer = subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True, check=True)
    return answer.stdout.splitlines()


def in_chunks(pairs):
    for start in range(0, len(pairs), CHUNK * len(ZONES)):
        chunk = pairs[start : start + CHUNK * len(ZONES)]
        yield from ours([(expression, name, FIRST, LAST) for expression, name in chunk])


def kind_of(expression, local, is_ours, changes):
    instant = int(local.timestamp())
    minute, hour, of_month, _, of_week = expression.split()
    length = calendar.monthrange(local.year, local.month)[1]
    if any(int(day) > length for day in re.findall(r"(\d+)W", of_month)) and not is_ours:
        return "31W in a month that has no 31st: not at all (croniter: the last day of Monday to Friday)"
    if re.search(r"(?:^|[ ,])(\d+)-\1(?:$|[ ,/])", expression):
        return "a range of one number, 1-1: that number (croniter: every)"
    both_days = of_month != "*" and of_week != "*"
    if both_days and ("W" in of_month or "#" in of_week or "L" in of_week):
        return "15W, MON#2 or FRIL beside the other kind of day: either (croniter: both)"
    for change, by in changes:
        if by > 0 and abs(instant - change) <= by and "*" not in hour:
            return "a time that is skipped, hours named: at the change, once"
        if by > 0 and abs(instant - change) <= by and not is_ours:
            return "a time that is skipped, * for the hour: not at all (croniter: at the change)"
        if by < 0 and 0 <= instant - change < -by and "*" not in hour and not is_ours:
            return "a time that is repeated, hours named: once (croniter: twice)"
        if by < 0 and abs(instant - change) <= -by and "*" in hour and is_ours:
            return "a time that is repeated, * for the hour: twice (croniter: once)"
    return None


def main():
    seed = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    expressions = [expression(seed) for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else 500)]
    zones = {name: zoneinfo.ZoneInfo(name) for name in ZONES}
    all_changes = {name: changes(zone) for name, zone in zones.items()}
    pairs = [(expression, name) for expression in expressions for name in ZONES]
    kinds, compared, unexplained, refused, unread = collections.Counter(), 0, 0, set(), set()
    examples = {}
    for (expression_, name), answer in zip(pairs, in_chunks(pairs), strict=True):
        if answer.startswith("refused: "):
            refused.add(f"{expression_}: {answer}")
            continue
        mine = set(map(int, answer.split()))
        windows = [(FIRST, LAST)]
        if len(mine) > WHOLE:
            around = [(change - DAY, change + DAY) for change, _ in all_changes[name]]
            days = [seed.randrange(FIRST, LAST - DAY) for _ in range(4)]
            windows = around + [(day, day + DAY) for day in days]
            mine = {at for at in mine if any(start < at < end for start, end in windows)}
        try:
            yours = theirs(expression_, zones[name], windows)
        except Exception as error:  # It raises several kinds, assertions among them.
            unread.add(f"{expression_}: {type(error).__name__} {error}")
            continue
        compared += len(mine | yours)
        for at in sorted(mine ^ yours):
            instant = datetime.datetime.fromtimestamp(at, zones[name])
            kind = kind_of(expression_, instant, at in mine, all_changes[name])
            kinds[kind] += 1
            local = instant.isoformat()
            examples.setdefault(kind, f"{expression_} in {name}: {'only ours' if at in mine else 'only theirs'} {local}")
            if kind is None:
                unexplained += 1
                if unexplained <= 20:
                    print("UNEXPLAINED", expression_, name, local, "only ours" if at in mine else "only theirs")
    print(f"{len(expressions)} expressions, {len(ZONES)} zones, {compared} occurrences compared")
    for kind, count in kinds.most_common():
        print(f"{count:7} {kind}; first: {examples[kind]}")
    for title, lines in [("refused", refused), ("not read by croniter", unread)]:
        print(f"{len(lines)} {title}")
        for line in sorted(lines)[:40]:
            print("       ", line[:200])
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
