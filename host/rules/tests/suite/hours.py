"""Where opening hours change within two years, found by looking at the clocks every quarter of an hour."""

import calendar
import json
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

ZONES = [
    "Europe/Berlin", "America/New_York", "America/Santiago", "Asia/Beirut", "Australia/Lord_Howe",
    "Africa/Cairo", "America/Havana", "Asia/Kolkata", "Pacific/Chatham", "America/St_Johns", "Africa/Casablanca",
]
NAMES = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
STEP = timedelta(minutes=15)
# Days, from and to; a night goes on after midnight.
WEEKLY = [
    ([0, 1, 2, 3, 4], "08:00", "12:00"),
    ([0, 1, 2, 3, 4], "13:00", "17:30"),
    ([5], "00:00", "02:30"),
    ([5], "22:00", "02:15"),
    ([6], "02:45", "24:00"),
]
SPECIAL = [
    ("christmas", "12-24", "12-26", []),
    ("short", "2026-12-24", None, [("09:00", "12:00")]),
    ("may", "last monday of may", None, []),
    ("first", "first wednesday", None, [("00:00", "01:15"), ("23:15", "24:00")]),
]


def minutes(clock):
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def special(day):
    if day == date(2026, 12, 24):
        return SPECIAL[1]
    if day.month == 12 and 24 <= day.day <= 26:
        return SPECIAL[0]
    last = max(w[calendar.MONDAY] for w in calendar.monthcalendar(day.year, 5))
    if day.month == 5 and day.day == last:
        return SPECIAL[2]
    if day.weekday() == 2 and day.day <= 7:
        return SPECIAL[3]
    return None


def parts(day):
    """The parts of a day, in minutes, and the special day's name."""
    own = special(day)
    if own:
        return [(minutes(a), minutes(b)) for a, b in own[3]], own[0]
    found = []
    for days, a, b in WEEKLY:
        begin, end = minutes(a), minutes(b)
        if day.weekday() in days:
            found.append((begin, end if end > begin else 24 * 60))
        if end <= begin and (day.weekday() - 1) % 7 in days and end > 0:
            found.append((0, end))
    return found, "-"


def changes(name, begin, end):
    zone = ZoneInfo(name)
    days = {}
    at = begin - timedelta(days=3)
    while at < end + timedelta(days=3):
        local = at.astimezone(zone)
        days.setdefault(local.date(), []).append((at, local.hour * 60 + local.minute))
        at += STEP
    found = []
    for day in sorted(days):
        shown = days[day]
        todays, label = parts(day)
        spans = []
        for a, b in todays:
            later = [at for at, minute in shown if minute >= a]
            earlier = [at for at, minute in shown if minute < b]
            if later and earlier:
                spans.append((min(later), max(earlier) + STEP))
        for at, _ in shown:
            is_open = any(a <= at < b for a, b in spans)
            state = ("open " if is_open else "closed ") + label
            if at < begin:
                continue
            if at < end and (not found or found[-1][1] != state):
                found.append((at, state))
    return [(at.strftime("%Y-%m-%dT%H:%M:%SZ"), state) for at, state in found]


def toml(zone):
    lines = [f'zone = "{zone}"']
    for days, a, b in WEEKLY:
        names = ", ".join(f'"{NAMES[day]}"' for day in days)
        lines += ["[[weekly]]", f"days = [{names}]", f'from = "{a}"', f'to = "{b}"']
    for name, on, to, spans in SPECIAL:
        lines += ["[[special]]", f'name = "{name}"', f'on = "{on}"']
        if to:
            lines.append(f'to = "{to}"')
        inner = ", ".join(f'{{ from = "{a}", to = "{b}" }}' for a, b in spans)
        lines.append(f"open = [{inner}]")
    return "\n".join(lines)


begin = datetime(2026, 1, 1, tzinfo=timezone.utc)
end = datetime(2028, 1, 1, tzinfo=timezone.utc)
form = "%Y-%m-%dT%H:%M:%SZ"
print(json.dumps([
    {"toml": toml(zone), "from": begin.strftime(form), "to": end.strftime(form), "changes": changes(zone, begin, end)}
    for zone in ZONES
]))
