"""What happens by calendars that are put together at random, as `recurring-ical-events` finds it.

With `pip install icalendar recurring-ical-events` it writes `calendars.json`, which a test reads:
`python3 calendars.py > calendars.json`.
"""

import json
import random
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events

HOW_MANY = 40
BEGIN = date(2025, 1, 1)
END = date(2150, 1, 1)
ZONES = [
    "Europe/Berlin", "America/New_York", "America/Santiago", "Asia/Beirut", "Australia/Lord_Howe", "Asia/Kolkata",
    "Pacific/Chatham", "UTC",
]
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
# A zone that no database has, as some programs describe theirs.
OFFICE = """BEGIN:VTIMEZONE
TZID:Office Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""

dice = random.Random(7)


def rule(start, whole):
    """A rule that names its first day, and how it is ended."""
    kind = dice.choice(["DAILY", "WEEKLY", "MONTHLY", "MONTHLY", "YEARLY", "YEARLY"])
    parts = [f"FREQ={kind}"]
    if dice.random() < 0.4:
        parts.append(f"INTERVAL={dice.randint(2, 4)}")
    weekday = DAYS[start.weekday()]
    nth = (start.day - 1) // 7 + 1
    if kind == "WEEKLY":
        days = {weekday} | set(dice.sample(DAYS, dice.randint(0, 3)))
        parts.append("BYDAY=" + ",".join(sorted(days)))
        if dice.random() < 0.5:
            parts.append("WKST=" + dice.choice(["MO", "SU"]))
    elif kind == "MONTHLY":
        parts.append(dice.choice([
            f"BYDAY={nth}{weekday}",
            f"BYMONTHDAY={start.day}",
            f"BYDAY={weekday};BYSETPOS={nth}",
        ]))
    elif kind == "YEARLY":
        parts.append(dice.choice([
            f"BYMONTH={start.month};BYMONTHDAY={start.day}",
            f"BYMONTH={start.month};BYDAY={nth}{weekday}",
        ]))
    if dice.random() < 0.5:
        parts.append(f"COUNT={dice.randint(2, 15)}")
    else:
        end = start + timedelta(days=dice.randint(20, 120) * (12 if kind == 'YEARLY' else 1))
        parts.append(f"UNTIL={end:%Y%m%d}" if whole else f"UNTIL={end:%Y%m%d}T235959Z")
    return ";".join(parts)


def event(number, lines):
    whole = dice.random() < 0.5
    start = date(2025, 3, 1) + timedelta(days=dice.randint(0, 700))
    body = [f"UID:event-{number}", f"SUMMARY:Event {number}"]
    zone = dice.choice(ZONES + ["Office Time", None])
    clock = f"{dice.randint(6, 21):02}{dice.choice(['00', '15', '30'])}00"
    # Without the changes of clocks within it, what it takes is the same for all who read it.
    minutes = dice.choice([30, 60, 120])
    if whole:
        days = dice.randint(1, 3)
        begin = [f"DTSTART;VALUE=DATE:{start:%Y%m%d}"]
        if dice.random() < 0.3:
            begin.append(f"DURATION:P{days}D")
        elif days > 1 or dice.random() < 0.5:
            begin.append(f"DTEND;VALUE=DATE:{start + timedelta(days=days):%Y%m%d}")
        mark = lambda day: f"{day:%Y%m%d}"
        of = ";VALUE=DATE"
    else:
        of = "" if zone is None else f";TZID={zone}"
        begin = [f"DTSTART{of}:{start:%Y%m%d}T{clock}"]
        if dice.random() < 0.5:
            begin.append(f"DURATION:PT{minutes}M")
        else:
            end = datetime.combine(start, time(int(clock[:2]), int(clock[2:4]))) + timedelta(minutes=minutes)
            begin.append(f"DTEND{of}:{end:%Y%m%dT%H%M%S}")
        mark = lambda day: f"{day:%Y%m%d}T{clock}"
    recurs = dice.random() < 0.7
    if recurs:
        body.append("RRULE:" + rule(start, whole))
        if dice.random() < 0.4:
            body.append(f"EXDATE{of}:" + mark(start))
        if dice.random() < 0.3:
            body.append(f"RDATE{of}:" + mark(start + timedelta(days=11)))
    lines += ["BEGIN:VEVENT", *begin, *body, "END:VEVENT"]
    if recurs and not whole and dice.random() < 0.5:
        # The first one is moved to another day, or called off.
        lines += ["BEGIN:VEVENT", f"UID:event-{number}", f"RECURRENCE-ID{of}:" + mark(start), "SEQUENCE:1"]
        moved = start + timedelta(days=1)
        lines += [f"DTSTART{of}:" + mark(moved), "DURATION:PT45M", f"SUMMARY:Moved {number}"]
        if dice.random() < 0.3:
            lines.append("STATUS:CANCELLED")
        lines.append("END:VEVENT")


def folded(line):
    parts = [line[:60]]
    rest = line[60:]
    while rest:
        parts.append(" " + rest[:60])
        rest = rest[60:]
    return "\r\n".join(parts)


def moment(value, zone):
    if not isinstance(value, datetime):
        value = datetime.combine(value, time(0))
    if value.tzinfo is None:
        value = value.replace(tzinfo=zone)
    return value.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def calendar(number):
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//test//EN"]
    lines += OFFICE.strip().split("\n")
    for index in range(dice.randint(1, 6)):
        event(index, lines)
    lines.append("END:VCALENDAR")
    text = "\r\n".join(folded(line) for line in lines) + "\r\n"
    zone = ZONES[number % len(ZONES)]
    own = ZoneInfo(zone)
    found = {}
    parsed = icalendar.Calendar.from_ical(text)
    for one in recurring_ical_events.of(parsed).between(BEGIN, END):
        if str(one.get("STATUS", "")) == "CANCELLED":
            continue
        begin, end = one["DTSTART"].dt, one["DTEND"].dt
        if begin == end:
            continue
        found.setdefault(str(one["SUMMARY"]), []).append(moment(begin, own) + "/" + moment(end, own))
    return {"text": text, "zone": zone, "happenings": {name: sorted(times) for name, times in found.items()}}


print(json.dumps([calendar(number) for number in range(HOW_MANY)], indent=0))
