"""shrink.py PNG OUT: writes a picture of text with a palette of 64 colours at most. Only the standard library."""

import collections
import struct
import sys
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOURS = 64


def read(path):
    """The rows of an 8-bit RGB or RGBA picture, as lists of (r, g, b)."""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:8] == SIGNATURE, "no PNG"
    at, packed, head = 8, b"", None
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body, at = data[at + 8:at + 8 + length], at + 12 + length
        if kind == b"IHDR":
            head = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            packed += body
    width, height, depth, colour, _, _, interlaced = head
    assert depth == 8 and colour in (2, 6) and not interlaced, head
    size = 3 if colour == 2 else 4
    raw, rows, last, step = zlib.decompress(packed), [], bytearray(width * size), width * size + 1
    for y in range(height):
        line = unfilter(raw[y * step], bytearray(raw[y * step + 1:(y + 1) * step]), last, size)
        rows.append([tuple(line[x:x + 3]) for x in range(0, len(line), size)])
        last = line
    return rows


def unfilter(kind, line, above, size):
    """Undoes a filter of PNG (its specification, section 9)."""
    for i in range(len(line)) if kind else ():
        left = line[i - size] if i >= size else 0
        corner = above[i - size] if i >= size else 0
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = above[i]
        elif kind == 3:
            guess = (left + above[i]) // 2
        else:
            p = left + above[i] - corner
            guess = min((left, above[i], corner), key=lambda value, p=p: abs(p - value))
        line[i] = (line[i] + guess) & 255
    return line


def palette_of(rows):
    """The most frequent colours, and for each colour of the picture the nearest of them."""
    counts = collections.Counter(pixel for row in rows for pixel in row)
    palette = []
    for colour, _ in counts.most_common():  # frequent ones that look alike count once
        if all(sum(abs(a - b) for a, b in zip(colour, other)) > 12 for other in palette):
            palette.append(colour)
        if len(palette) == COLOURS:
            break
    nearest = {c: min(range(len(palette)), key=lambda i, c=c: sum((a - b) ** 2 for a, b in zip(c, palette[i]))) for c in counts}
    return palette, nearest


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def main():
    rows = read(sys.argv[1])
    palette, nearest = palette_of(rows)
    raw = b"".join(b"\0" + bytes(nearest[pixel] for pixel in row) for row in rows)
    with open(sys.argv[2], "wb") as file:
        file.write(SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 3, 0, 0, 0)))
        file.write(chunk(b"PLTE", b"".join(map(bytes, palette))) + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b""))


if __name__ == "__main__":
    main()
