# read: its own memory, inherited from the process it was forked from, for what earlier submissions brought along
# place: last
import ctypes
import re

found = set()
with open("/proc/self/maps") as maps:
    regions = [line.split() for line in maps]
for region in regions:
    if not region[1].startswith("rw") or region[-1].startswith(("/", "[v")):
        continue
    start, end = (int(part, 16) for part in region[0].split("-"))
    while start < end:
        block = ctypes.string_at(start, min(end - start, 2**24))
        # Put together from parts, so as not to find this very text.
        found.update(re.findall(b"canary" + b"-[0-9a-z-]{8,}", block))
        start += len(block)
print(len(regions), sorted(found))
