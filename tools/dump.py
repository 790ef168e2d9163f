#!/usr/bin/env python3
"""Read a Donjon store from its disks, written from the format document (format 1) alone.

    dump.py DISK_FOLDER...              one JSON line for each snapshot and head, in the order of the line
    dump.py --check DISK_FOLDER...      verify every checksum and rule; print the findings, exit 1 if there are any
    dump.py --structure DISK_FOLDER...  describe every file: headers, records, groups, blocks

A dump uses whichever copy of a thing is sound and tells on standard error which was not; it exits with 2 and prints
nothing on standard output if something that it needs has no sound copy. Keys and values are printed as latin-1 text.
Zstandard blocks cannot be read: Python's standard library does not unpack them.
"""
import argparse
import hashlib
import json
import os
import re
import struct
import sys

HEADER, SECTOR, CHUNK = 4096, 4096, 1 << 20
M32, M64 = (1 << 32) - 1, (1 << 64) - 1


# ---------------------------------------------------------------------------------------------------- Conventions

class Damage(Exception):
    """Something that the format document does not allow, and where it stands."""

    def __init__(self, path, offset, text):
        super().__init__(f"{path} at {offset}: {text}")


class Findings:
    """What was found wrong, each thing once and in order; `notes` is what may be in order, but worth a look."""

    def __init__(self):
        self.lines, self.notes = {}, []

    def add(self, damage):
        self.lines.setdefault(str(damage))


class Cursor:
    """Reads fields one after the other; `path` and `base` say in errors where the bytes come from."""

    def __init__(self, data, path, base, pos=0, end=None):
        self.data, self.path, self.base, self.pos = data, path, base, pos
        self.end = len(data) if end is None else end

    def fail(self, text):
        raise Damage(self.path, self.base, f"{text} (byte {self.pos} of what begins there)")

    def more(self):
        return self.pos < self.end

    def take(self, n):
        if n > self.end - self.pos:
            self.fail(f"{n} bytes wanted, {self.end - self.pos} left")
        self.pos += n
        return self.data[self.pos - n:self.pos]

    def fixed(self, n):
        return int.from_bytes(self.take(n), "big")

    def u8(self):
        return self.fixed(1)

    def u32(self):
        return self.fixed(4)

    def u64(self):
        return self.fixed(8)

    def varint(self):
        value = 0
        for shift in range(0, 70, 7):
            byte = self.u8()
            value |= (byte & 127) << shift
            if byte < 128:
                return value if value <= M64 else self.fail("varint above 64 bits")
        self.fail("varint longer than 10 bytes")

    def varints(self, n):
        return [self.varint() for _ in range(n)]

    def bytes(self):
        return self.take(self.varint())

    def text(self):
        raw = self.bytes()
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            self.fail("text is not UTF-8")

    def fields(self, pattern):
        """Fields by pattern: v varint, b bytes, t text, B u8, i id; what stands in brackets repeats to the end."""
        read = {"v": self.varint, "b": self.bytes, "t": self.text, "B": self.u8, "i": lambda: self.take(16)}
        once, _, repeated = pattern.rstrip(")").partition("(")
        found = [read[c]() for c in once]
        while repeated and self.more():
            found += [read[c]() for c in repeated]
        return found

    def finish(self):
        if self.more():
            self.fail(f"{self.end - self.pos} bytes too many")

    def items(self, known):
        """The items of an item list as (tag, cursor over the body), unknown ones from 64 on left out."""
        while self.more():
            tag, body = self.varint(), self.bytes()
            if tag in known:
                item = Cursor(body, self.path, self.base)
                yield tag, item
                item.finish()
            elif tag < 64:
                self.fail(f"item with unknown tag {tag}")


def crc_table():
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
        yield n


CRC_TABLE = tuple(crc_table())


def crc32c(*parts):
    """CRC-32C (Castagnoli) over the parts one behind the other."""
    crc, table = M32, CRC_TABLE
    for part in parts:
        for byte in part:
            crc = table[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ M32


def seed(a, b):
    return struct.pack(">QQ", a, b)


P1, P2, P3, P4, P5 = (11400714785074694791, 14029467366897019727, 1609587929392839161, 9650029242287828579,
                      2870177450012600261)


def xxh64(data):
    """XXH64 with seed 0."""
    def rotl(x, n):
        return (x << n | x >> 64 - n) & M64

    def mix(acc, word):
        return rotl((acc + word * P2) & M64, 31) * P1 & M64

    size, pos = len(data), 0
    if size >= 32:
        a, b, c, d = P1 + P2 & M64, P2, 0, -P1 & M64
        for w0, w1, w2, w3 in struct.iter_unpack("<4Q", memoryview(data)[:size & ~31]):
            a, b, c, d = mix(a, w0), mix(b, w1), mix(c, w2), mix(d, w3)
        h = rotl(a, 1) + rotl(b, 7) + rotl(c, 12) + rotl(d, 18) & M64
        for lane in (a, b, c, d):
            h = (h ^ mix(0, lane)) * P1 + P4 & M64
        pos = size & ~31
    else:
        h = P5
    h = h + size & M64
    while pos + 8 <= size:
        h = rotl(h ^ mix(0, int.from_bytes(data[pos:pos + 8], "little")), 27) * P1 + P4 & M64
        pos += 8
    if pos + 4 <= size:
        h = rotl(h ^ int.from_bytes(data[pos:pos + 4], "little") * P1 & M64, 23) * P2 + P3 & M64
        pos += 4
    for byte in data[pos:]:
        h = rotl(h ^ byte * P5 & M64, 11) * P1 & M64
    h = (h ^ h >> 33) * P2 & M64
    h = (h ^ h >> 29) * P3 & M64
    return h ^ h >> 32


def lz4_block(cur, plain):
    """Unpacks an LZ4 block that must give exactly `plain` bytes."""
    out = bytearray()

    def length(nibble):
        total = nibble
        while nibble == 15:
            byte = cur.u8()
            total += byte
            nibble = 15 if byte == 255 else 0
        return total

    while True:
        token = cur.u8()
        out += cur.take(length(token >> 4))
        if not cur.more():
            break
        distance = int.from_bytes(cur.take(2), "little")
        count = length(token & 15) + 4
        if not 0 < distance <= len(out) or len(out) + count > plain:
            cur.fail(f"LZ4 match of {count} bytes {distance} back, with {len(out)} of {plain} bytes unpacked")
        out += (out[-distance:] * (count // distance + 1))[:count]
    if len(out) != plain:
        cur.fail(f"LZ4 block gives {len(out)} bytes, not {plain}")
    return bytes(out)


# ---------------------------------------------------------------------------------------- 1. Files of a disk

KINDS = {  # kind: the struct of its own fields and their names
    "DK": (">IQ", ("number", "made")),
    "FN": (">QQ", ("generation", "closed")),
    "MF": (">IQQ", ("slot", "generation", "edit")),
    "LG": (">QIIQQ", ("segment", "copy", "state", "generation", "edit")),
    "SC": (">QII", ("extent", "copy", "file")),
}
NAMES = (  # pattern of a file's name, its kind, its numbers: (field of the header, base)
    (r"disk", "DK", ()),
    (r"fence", "FN", ()),
    (r"manifest-([01])", "MF", (("slot", 10),)),
    (r"log-([0-9a-f]{16})", "LG", (("segment", 16),)),
    (r"x-([0-9a-f]{16})-(\d+)-([0-9a-f]{4,})", "SC", (("extent", 16), ("copy", 10), ("file", 16))),
)


class Disk:
    """One directory of the store. `headers` has the sound headers of its files by name."""

    def __init__(self, folder, findings):
        self.folder, self.headers, self.kinds = folder, {}, {}
        try:
            self.names = sorted(os.listdir(folder))
        except OSError as e:
            raise Damage(folder, 0, f"cannot be listed: {e.strerror}")
        for name in self.names:
            for pattern, kind, numbers in NAMES:
                match = re.fullmatch(pattern, name)
                if match:
                    self.kinds[name] = kind
                    expected = {field: int(text, base) for (field, base), text in zip(numbers, match.groups())}
                    try:
                        self.headers[name] = self.header(name, kind, expected)
                    except Damage as e:
                        findings.add(e)
        self.id = self.identity("disk", findings)
        self.store = self.identity("store", findings)

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name, offset, size):
        """Up to `size` bytes: fewer where the file ends."""
        try:
            with open(self.path(name), "rb") as f:
                f.seek(offset)
                return f.read(size)
        except OSError as e:
            raise Damage(self.path(name), offset, f"cannot be read: {e.strerror}")

    def header(self, name, kind, expected):
        """The verified header of a file as a dict of its fields."""
        raw, path = self.read(name, 0, HEADER), self.path(name)
        if len(raw) < HEADER:
            raise Damage(path, 0, f"header cut off after {len(raw)} bytes")
        if raw[:8] != b"DONJON" + kind.encode():
            raise Damage(path, 0, f"magic is {raw[:8]!r}")
        fmt, required, crc = struct.unpack(">HHI", raw[8:16])
        if crc != crc32c(raw[:12], raw[16:]):
            raise Damage(path, 12, "checksum of the header is wrong")
        if fmt != 1 or required:
            raise Damage(path, 8, f"format {fmt}, required {required:#x}: this reader knows format 1, required 0")
        layout, fields = KINDS[kind]
        end = 48 + struct.calcsize(layout)
        if any(raw[end:]):
            raise Damage(path, end, "reserved bytes of the header are not zero")
        found = dict(zip(fields, struct.unpack(layout, raw[48:end])))
        for field, number in expected.items():
            if found[field] != number:
                raise Damage(path, 48, f"header says {field} {found[field]}, the name {number}")
        if kind == "LG" and (found["state"] > 1 or found["copy"] > 1):
            raise Damage(path, 56, f"copy {found['copy']}, state {found['state']}")
        return dict(found, store=raw[16:32], disk=raw[32:48])

    def identity(self, field, findings):
        """What the headers say in a field that is the same in all files of a disk."""
        wanted = None
        for name, header in self.headers.items():
            wanted = wanted or header[field]
            if header[field] != wanted:
                findings.add(Damage(self.path(name), 16, f"{field} id {header[field].hex()}, others {wanted.hex()}"))
        if not wanted:
            raise Damage(self.folder, 0, "no file with a sound header: not a disk of a store")
        return wanted


# -------------------------------------------------------------------------------------------- 2. The manifest

class Record:
    """One sound copy of a manifest record."""

    def __init__(self, path, raw, pos, store):
        cur = Cursor(raw, path, pos, pos)
        if cur.take(4) != b"DJMR":
            cur.fail("no manifest record here")
        length, self.generation, self.edit, self.page = cur.u32(), cur.u64(), cur.u64(), cur.u32()
        self.kind, self.copy, reserved, crc = cur.u8(), cur.u8(), cur.fixed(2), cur.u32()
        self.path, self.pos, self.body = path, pos, cur.take(length)
        self.after = -(-cur.pos // SECTOR) * SECTOR
        if crc != crc32c(seed(int.from_bytes(store[:8], "big"), pos), raw[pos:pos + 32], self.body):
            cur.fail("checksum of the manifest record is wrong")
        if not length or reserved or self.kind not in (1, 2, 3) or self.copy > 1:
            cur.fail(f"length {length}, reserved {reserved}, kind {self.kind}, copy {self.copy}")
        if any(raw[cur.pos:self.after]):
            cur.fail("bytes behind the manifest record are not zero")
        self.number = (self.generation, self.edit)

    def __str__(self):
        kind = ("page of checkpoint", "last page of checkpoint", "edit")[self.kind - 1]
        return f"{kind} {self.generation}.{self.edit}, page {self.page}"


class Slot:
    """One manifest file: its sound records, one copy of each, and the (generation, edit) it reaches.

    `newest` is what any sound record in the file has: more than `number` if the file is damaged between."""

    def __init__(self, disk, name, findings):
        self.disk, self.name, self.records = disk, name, []
        raw, path = disk.read(name, 0, -1), disk.path(name)
        sound, wrong = {}, {}
        for pos in range(HEADER, len(raw), SECTOR):
            try:
                sound[pos] = Record(path, raw, pos, disk.store)
            except Damage as e:
                wrong[pos] = e
        pos = HEADER
        while record := sound.get(pos) or self.second_copy(sound, pos):
            size = record.after - record.pos
            for copy in (0, 1):
                at = pos + copy * size
                twin = sound.get(at)
                if twin is None or (twin.copy, twin.number, twin.body) != (copy, record.number, record.body):
                    findings.add(wrong.get(at) or Damage(path, at, f"not copy {copy} of the manifest record at {pos}"))
            try:
                self.follows(record)
            except Damage as e:
                findings.add(e)
                break
            self.records.append(record)
            pos += 2 * size
        for later in sorted(p for p in sound if p >= pos)[:1]:
            findings.add(Damage(path, pos, f"damaged manifest: a sound record stands behind, at {later}"))
        if any(raw[pos:]) and not any(p >= pos for p in sound):
            findings.add(Damage(path, pos, "neither records nor zeros behind the last sound manifest record"))
        self.newest = max((r.number for r in sound.values()), default=(0, -1))
        self.number = self.records[-1].number if any(r.kind == 2 for r in self.records) else (0, -1)
        header = disk.headers.get(name)
        if self.records and header and self.records[0].number != (header["generation"], header["edit"]):
            findings.add(Damage(path, 52, "the header names another checkpoint than the first record"))

    @staticmethod
    def second_copy(sound, pos):
        """The second copy of the record at `pos`, found without its length, which stood in the first."""
        record = next((sound[p] for p in sorted(sound) if p > pos), None)
        return record if record and record.copy == 1 and 2 * record.pos - record.after == pos else None

    def follows(self, record):
        """Checks that a record may stand behind those before it."""
        last = self.records[-1] if self.records else None
        if last is None or last.kind == 1:
            ok = record.kind < 3 and record.page == len(self.records) and (not last or record.number == last.number)
        else:
            ok = record.kind == 3 and record.page == 0 and record.number == (last.generation, last.edit + 1)
        if not ok:
            raise Damage(record.path, record.pos, f"{record} does not follow the one before")


MANIFEST_ITEMS = {  # tag: name, fields
    1: ("members", "v(v)"), 2: ("disk", "vivt"), 3: ("settings", "v"), 4: ("counters", "vv"), 5: ("extent", "vvv(vvB)"),
    6: ("extent gone", "v"), 7: ("segment", "v(v)"), 8: ("segment's end", "vv"), 9: ("segment gone", "v"), 10: ("state", ""),
    11: ("extent's begin", "vv"),
}


class Manifest:
    """What the records of one slot say: members, disks, extents, segments and the engine's state."""

    def __init__(self, records):
        self.disks, self.members = {}, []
        self.extents, self.segments, self.ends, self.state = {}, {}, {}, State()
        for record in records:
            members = False
            for tag, cur in Cursor(record.body, record.path, record.pos + 36).items(MANIFEST_ITEMS):
                members = members or tag == 1
                self.apply(tag, cur)
            if not members and (record.kind == 3 or record.page == 0):
                raise Damage(record.path, record.pos, "manifest record without its members")

    def apply(self, tag, cur):
        if tag == 1:
            self.members = cur.varints(cur.varint())
        elif tag == 2:
            number, ident, left_out, path = cur.fields(MANIFEST_ITEMS[2][1])
            self.disks[number] = (ident, left_out, path)
        elif tag in (3, 4):                 # settings and counters: only for who writes
            cur.fields(MANIFEST_ITEMS[tag][1])
        elif tag == 5:
            extent = Extent(cur)
            if self.extents.setdefault(extent.id, extent) is not extent:
                cur.fail(f"extent {extent.id} a second time")
        elif tag == 6:
            self.forget(self.extents, "extent", cur)
        elif tag == 7:
            segment, disks = cur.varint(), cur.varints(cur.varint())
            self.segments[segment] = disks
        elif tag == 8:
            segment, length = cur.varint(), cur.varint()
            if segment not in self.segments:
                cur.fail(f"end of segment {segment}, which is not there")
            self.ends[segment] = length
        elif tag == 9:
            self.ends.pop(self.forget(self.segments, "segment", cur), None)
        elif tag == 11:
            ident, chunk = cur.varint(), cur.varint()
            extent = self.extents.get(ident)
            if extent is None or not extent.begin <= chunk <= len(extent.chunks):
                cur.fail(f"extent {ident} begins at chunk {chunk}, which " + (
                    f"is not {extent.begin} to {len(extent.chunks)}" if extent else "is not there"))
            extent.begin = chunk
        else:
            self.state.apply(cur)

    @staticmethod
    def forget(things, what, cur):
        ident = cur.varint()
        if ident not in things:
            cur.fail(f"{what} {ident} is gone, but was not there")
        del things[ident]
        return ident


# ------------------------------------------------------------------------ 3. Extents, chunks, superchunk files

BLOCK_TYPES = ("", "data", "index", "filter", "version table", "change directory", "key sample", "value piece",
               "footer", "value list")
DATA, INDEX, FILTER, TABLE, DIRECTORY, SAMPLE, PIECE, FOOTER, LIST = range(1, 10)


class Extent:
    """Where the chunks of an extent lie: `chunks[chunk][copy]` is (disk, file, slot). Those before `begin` may be gone."""

    def __init__(self, cur):
        self.begin = 0
        self.id, self.length, self.copies = cur.varints(3)
        if not self.copies or self.length > cur.end * CHUNK:
            cur.fail(f"extent {self.id} of {self.length} bytes in {self.copies} copies")
        self.chunks = [[(cur.varint(), cur.varint(), cur.u8()) for _ in range(self.copies)]
                       for _ in range(-(-self.length // CHUNK))]


class Block:
    """A verified block, still packed."""

    def __init__(self, extent, offset, raw, path, at):
        cur = Cursor(raw, path, at)
        crc, self.type, self.codec, reserved, stored, self.plain = struct.unpack(">IBBHII", cur.take(16))
        self.path, self.at, self.size, self.packed = path, at, 16 + stored, cur.take(stored)
        if crc != crc32c(seed(extent, offset), raw[4:self.size]):
            cur.fail("checksum of the block is wrong")
        if not stored or not self.plain or reserved or not 1 <= self.type <= 9 or self.codec > 2:
            cur.fail(f"block of type {self.type}, codec {self.codec}, {stored} bytes for {self.plain}")

    def cursor(self):
        """A cursor over the unpacked bytes."""
        cur = Cursor(self.packed, self.path, self.at + 16)
        if self.codec == 2:
            cur.fail("Zstandard frame: not supported, Python's standard library does not unpack them")
        if self.codec == 0 and len(self.packed) != self.plain:
            cur.fail(f"block kept as it is has {len(self.packed)} bytes, not {self.plain}")
        return Cursor(lz4_block(cur, self.plain), self.path, self.at) if self.codec else cur


class Store:
    """The disks together: the newest manifest, blocks and log by way of their copies."""

    def __init__(self, folders, findings):
        self.findings, self.blocks = findings, {}
        self.disks = [Disk(folder, self.findings) for folder in folders]
        for disk in self.disks:
            if disk.store != self.disks[0].store:
                raise Damage(disk.folder, 0, f"belongs to another store than {self.disks[0].folder}")
        self.slots = [Slot(disk, name, self.findings) for disk in self.disks
                      for name, kind in disk.kinds.items() if kind == "MF"]
        slot = max(self.slots, key=lambda s: s.number, default=None)
        if slot is None or slot.number < (0, 0):
            raise Damage(self.disks[0].folder, 0, "no manifest with a whole checkpoint on any disk")
        self.number = slot.number
        for other in self.slots:
            if other.newest > slot.number:
                raise Damage(other.disk.path(other.name), 0, f"damaged manifest: has a record {other.newest} that cannot"
                             f" be reached; what can be reached on any disk ends with {slot.number}")
        self.manifest = Manifest(slot.records)
        self.by_number = self.number_disks()
        for disk in self.disks:
            self.check_age(disk)

    def number_disks(self):
        """The given disks by their number in the store."""
        found = {disk.id: disk for disk in self.disks}
        by_number = {}
        for number in self.manifest.members:
            ident, _, path = self.manifest.disks.get(number, (None, 0, "nowhere"))
            if ident in found:
                disk = by_number[number] = found[ident]
                if disk.headers.get("disk", {"number": number})["number"] != number:
                    self.findings.add(Damage(disk.path("disk"), 48, f"the manifest has this disk as number {number}"))
            else:
                self.findings.add(Damage(path, 0, f"disk {number} of the store is missing"))
        return by_number

    def check_age(self, disk):
        """Nothing on a disk may be newer than the manifest, nor the manifest newer than the fence."""
        for name, header in disk.headers.items():
            kind = disk.kinds[name]
            if kind == "LG" and header["state"] == 1 and (header["generation"], header["edit"]) > self.number:
                raise Damage(disk.path(name), 64, "this segment is newer than every manifest, which is an old one")
            if kind == "FN" and header["generation"] < max(
                    (s.number[0] for s in self.slots if s.disk is disk), default=0):
                self.findings.add(Damage(disk.path(name), 48, "the manifest of this disk is newer than its fence"))
            if kind == "FN" and header["closed"] and (header["generation"], header["closed"] - 1) > self.number:
                raise Damage(disk.path(name), 56, "the store was closed with a newer manifest than there is")
        for name in ("disk", "fence"):
            if name not in disk.names:
                self.findings.add(Damage(disk.path(name), 0, "missing"))

    def copy_of_block(self, extent, offset, copy, size=None):
        """The block at `offset` from one copy. Without a size, that in its header; None at the end of a chunk."""
        number, file, slot = extent.chunks[offset // CHUNK][copy]
        name = f"x-{extent.id:016x}-{copy}-{file:04x}"
        disk = self.by_number.get(number)
        if disk is None:
            raise Damage(f"disk {number}/{name}", 0, "this disk is not there")
        if name not in disk.names:
            raise Damage(disk.path(name), 0, f"missing: copy {copy} of extent {extent.id:016x} should be here")
        at = HEADER + slot * CHUNK + offset % CHUNK
        room = min(CHUNK - offset % CHUNK, extent.length - offset)
        if slot > 63:
            raise Damage(disk.path(name), 0, f"slot {slot} of a superchunk file")
        if size is None:
            raw = disk.read(name, at, room)
            if len(raw) < room:
                raise Damage(disk.path(name), at, f"file ends {room - len(raw)} bytes before its extent")
            if room < 16 or raw[8:12] == b"\0\0\0\0":
                if any(raw):
                    raise Damage(disk.path(name), at, "neither a block nor zeros up to the end of the chunk")
                return None
        elif not 16 < size <= room:
            raise Damage(disk.path(name), at, f"block of {size} bytes, where there is room for {room}")
        else:
            raw = disk.read(name, at, size)
        block = Block(extent.id, offset, raw, disk.path(name), at)
        if size not in (None, block.size):
            raise Damage(disk.path(name), at, f"block of {block.size} bytes, where {size} were expected")
        return block

    def block(self, number, offset, size, *types):
        """A block of one of these types, from the first copy of it that is sound."""
        where, wanted = f"extent {number:016x}", " or ".join(BLOCK_TYPES[t] for t in types)
        extent = self.manifest.extents.get(number)
        if extent is None or not extent.begin * CHUNK <= offset < extent.length:
            raise Damage(where, offset, f"a {wanted} block should be here, but no extent of the manifest has this place")
        if (number, offset) not in self.blocks:
            for copy in range(extent.copies):
                try:
                    self.blocks[number, offset] = self.copy_of_block(extent, offset, copy, size)
                    break
                except Damage as e:
                    self.findings.add(e)
            else:
                raise Damage(where, offset, f"no sound copy of this {wanted} block")
        block = self.blocks[number, offset]
        if block.type not in types or block.size != size:
            raise Damage(block.path, block.at, f"{BLOCK_TYPES[block.type]} block of {block.size} bytes, where a "
                         f"{wanted} block of {size} was expected")
        return block

    def walk(self, extent, copies):
        """Walks an extent in some of its copies: (offset, sound blocks there), with findings for those that are not."""
        offset = extent.begin * CHUNK
        while offset < extent.length:
            blocks, gap = [], False
            for copy in copies:
                try:
                    block = self.copy_of_block(extent, offset, copy)
                    gap = gap or block is None
                    blocks += [block] if block else []
                except Damage as e:
                    self.findings.add(e)
            if gap and blocks:
                self.findings.add(Damage(blocks[0].path, blocks[0].at, "a block here, zeros in another copy"))
            if blocks:
                yield offset, blocks
            offset = offset + blocks[0].size if blocks else (offset // CHUNK + 1) * CHUNK

    def check_extent(self, extent):
        """Verifies all blocks of an extent, and that zeros fill its files up."""
        for _, blocks in self.walk(extent, range(extent.copies)):
            for block in blocks:
                self.attempt(block.cursor)
        for chunk, copies in enumerate(extent.chunks[extent.begin:], extent.begin):
            for copy, (number, file, slot) in enumerate(copies):
                disk, name = self.by_number.get(number), f"x-{extent.id:016x}-{copy}-{file:04x}"
                end = HEADER + slot * CHUNK + min(extent.length - chunk * CHUNK, CHUNK)
                room = -end % SECTOR
                if disk and name in disk.names and disk.read(name, end, room) != bytes(room):
                    self.findings.add(Damage(disk.path(name), end, "no zeros up to the next multiple of 4096"))

    def attempt(self, action, *arguments):
        """Does something that may find damage; gives what it gives, or None."""
        try:
            return action(*arguments)
        except Damage as e:
            self.findings.add(e)


# ------------------------------------------------------------------------------------------------ 4. The log

PUT, DELETE, KEYSPACE, SNAPSHOT, CLONE, ROLLBACK, DROP, RENAME, VIEW = 1, 2, 16, 17, 18, 19, 20, 21, 22
IDENTIFIED, KEYSPACE_OF_TREE = 23, 24
OPERATIONS = {  # kind: (name, its fields: v varint, b bytes, t text, i 16 bytes)
    PUT: ("put", "vbb"), DELETE: ("delete", "vb"), KEYSPACE: ("keyspace", "vvt"), SNAPSHOT: ("snapshot", "vvvt"),
    CLONE: ("clone", "vvvt"), ROLLBACK: ("rollback", "vvvv"), DROP: ("drop", "v"), RENAME: ("rename", "vt"),
    VIEW: ("view", "vvv"), IDENTIFIED: ("snapshot", "vvvti"), KEYSPACE_OF_TREE: ("keyspace of a tree", "vvtt"),
}


def operation(cur):
    """(kind, fields...)"""
    kind = cur.u8()
    if kind not in OPERATIONS:
        cur.fail(f"operation of unknown kind {kind}")
    return (kind, *cur.fields(OPERATIONS[kind][1]))


def group_tag(segment, offset):
    return (segment * 0x9E3779B97F4A7C15 + offset * 0xC2B2AE3D27D4EB4F & M64) >> 32


class Group:
    """A sound group of a segment. Its log position is known once the segment's base is."""

    def __init__(self, path, raw, segment, offset):
        cur = Cursor(raw, path, offset, offset)
        tag, length, crc = cur.u32(), cur.u32(), cur.u32()
        if tag != group_tag(segment, offset):
            cur.fail("no log group here")
        body = cur.take(length)
        if not length or crc != crc32c(seed(segment, offset), body, raw[offset:offset + 8]):
            cur.fail("checksum of the log group is wrong")
        self.path, self.offset, self.after, self.operations = path, offset, cur.pos, []
        cur = Cursor(body, path, offset + 12)
        kind = cur.u8()
        if kind != (offset != HEADER):
            cur.fail(f"log group of kind {kind}")
        if kind:
            self.behind, self.sequence = cur.varint(), cur.varint()
            while cur.more():
                self.operations.append(operation(cur))
        else:
            self.base, self.stable = cur.u64(), cur.u64()
            cur.finish()

    def mark(self, base):
        return self.stable if self.offset == HEADER else base + self.offset - HEADER - self.behind


class Segment:
    """The copies of one log segment that hold something."""

    def __init__(self, store, number):
        self.number, self.end, self.copies, prepared = number, store.manifest.ends.get(number), [], False
        for copy, disk_number in enumerate(store.manifest.segments[number]):
            name, disk = f"log-{number:016x}", store.by_number.get(disk_number)
            if disk is None or name not in disk.names:
                where = disk.path(name) if disk else f"disk {disk_number}/{name}"
                store.findings.add(Damage(where, 0, "this copy of a log segment is missing"))
                continue
            header = disk.headers.get(name, {"copy": copy, "state": 1})     # if unsound: the groups speak for themselves
            if header["copy"] != copy:
                store.findings.add(Damage(disk.path(name), 56, f"the manifest has this as copy {copy}"))
            if header["state"] == 1:
                self.copies.append((disk.path(name), disk.read(name, 0, -1)))
            prepared = prepared or header["state"] == 0
        self.unread = not self.copies and not prepared      # it may have held something that is not there now

    def group(self, offset, findings):
        """The group at an offset from the first copy of it that is sound, or None."""
        good, bad = None, []
        for path, raw in self.copies:
            try:
                good = good or Group(path, raw, self.number, offset)
            except Damage as e:
                bad.append(e)
        if good:
            for e in bad:
                findings.add(e)
        return good

    def marks(self, offset, base):
        """The marks of all sound groups from an offset on, found by their tags; `base` unless a first group says it."""
        for path, raw in self.copies:
            for at in range(offset, len(raw) - 12):
                if int.from_bytes(raw[at:at + 4], "big") != group_tag(self.number, at):
                    continue
                try:
                    group = Group(path, raw, self.number, at)
                except Damage:
                    continue
                base = group.base if at == HEADER else base
                yield group.mark(base)


class Log:
    """The whole log: `groups` as (log position, group), `end` the position where it ends."""

    def __init__(self, store):
        self.groups, self.end, self.open = [], None, False
        self.start = store.manifest.state.position      # what is before that may be lost without being missed
        self.segments = [Segment(store, number) for number in sorted(store.manifest.segments)]
        last = None                                     # where the log ends: index of the segment, offset in it
        for i, segment in enumerate(self.segments):
            if segment.unread:
                raise Damage(f"log segment {segment.number:016x}", 0, "no copy of it is there")
            if not segment.copies:
                continue
            offset = self.read(segment, store.findings)
            if segment.end is not None and offset != segment.end:
                raise Damage(segment.copies[0][0], offset, "damaged log: no sound group here that belongs to the log,"
                             f" but the manifest has the segment's end at {segment.end}")
            last = last if last and offset == HEADER else (i, offset)
            if offset == HEADER:
                break
        if last:
            self.check_end(*last, store.findings)

    def read(self, segment, findings):
        """Takes the groups of a segment into the log and gives the offset behind them."""
        offset, base = HEADER, None
        limit = segment.end or max(len(raw) for _, raw in segment.copies)
        while offset < limit:
            group = segment.group(offset, findings)
            if group is None or base is None and not self.may_begin(group.base):
                break
            if base is None and self.end is not None and group.base < self.end:
                self.groups = [known for known in self.groups if known[0] < group.base]
            base = group.base if offset == HEADER else base
            self.groups.append((base + offset - HEADER, group))
            offset = group.after
        if base is not None:
            self.end, self.open = base + offset - HEADER, segment.end is None
        return offset

    def may_begin(self, base):
        """Whether a segment with that base goes on with the log."""
        if self.end is None:
            return base <= self.start
        return base == self.end or self.open and any(base == at for at, _ in self.groups)

    def check_end(self, i, offset, findings):
        """The log may end there only if no mark behind says that this place was stable."""
        end, path = max(self.end or 0, self.start), self.segments[i].copies[0][0]
        base = (self.start if self.end is None else self.end) - (offset - HEADER)
        marks = [m for k, segment in enumerate(self.segments[i:])
                 for m in segment.marks(HEADER if k else offset, end if k else base)]
        if max(marks, default=0) > end:
            raise Damage(path, offset, f"damaged log: no sound group here, at log position {end}, but a group behind says "
                         f"that the log was stable up to {max(marks)}")
        if marks:
            findings.notes.append(f"{path} at {offset}: the log ends here, before {len(marks)} sound groups, none of which"
                                  " says that this place was stable")


# --------------------------------------------------------------------------------------------------- 5. Arrays

FOOTER_ITEMS = {  # tag: name, fields
    1: ("index", "vvv"), 2: ("version table", "v(vv)"), 3: ("change directory", "(vvv)"), 4: ("key sample", "vv"),
    5: ("counts", "vvvvvvvvvv(v)"), 6: ("keys", "bb"), 7: ("block size", "v"), 8: ("outlook", "vv"),
}
OUTLOOK = 8  # the only item that may be missing
PASS, TOMBSTONE, VALUE, RESUME, LARGE = range(5)
SAMPLED_MAX = 256  # breakpoints of a key in a sample; of a key with more there are none


class Entry:
    """An entry of a sorted block. A resume has the value that it resumes."""

    def __init__(self, at, key, rank, kind, copy, value):
        self.at, self.key, self.rank, self.kind, self.copy, self.value = at, key, rank, kind, copy, value
        self.place = (key, rank)


def sorted_block(cur):
    """All entries of a sorted block in their order."""
    if cur.end < 4:
        cur.fail("sorted block without restarts")
    count = int.from_bytes(cur.data[-4:], "big")
    end = cur.end - 4 - 4 * count
    if not count or end < 0:
        cur.fail(f"sorted block of {cur.end} bytes with {count} restarts")
    restarts = [at for at, in struct.iter_unpack(">I", cur.data[end:-4])]
    cur.end = end
    entries, values, last = [], {}, None
    while cur.more():
        at, head = cur.pos, cur.u8()
        kind, same, copy = head & 15, head & 16, bool(head & 32)
        restart = at in restarts
        if kind > LARGE or head & 192 or same and (restart or last is None):
            cur.fail(f"entry with head {head:#x}")
        if same:
            key, step = last.key, cur.varint()
            rank = last.rank + step
            if not step:
                cur.fail("entry with the key and rank of the one before")
        else:
            shared = cur.varint()
            if shared > (len(last.key) if last and not restart else 0):
                cur.fail(f"entry shares {shared} bytes of the key before")
            key, rank = (last.key[:shared] if last else b"") + cur.bytes(), cur.varint()
            if last and (key, rank) <= last.place:
                cur.fail("entries out of order")
        value = None
        if kind == VALUE:
            value = values[at] = cur.bytes()
        elif kind == RESUME:
            back = at - cur.varint()
            value = values.get(back)
            if value is None or next(e.key for e in entries if e.at == back) != key:
                cur.fail(f"resumes {back}, where no value of this key is")
        elif kind == LARGE:
            value = (*cur.varints(3), cur.u64())
        last = Entry(at, key, rank, kind, copy, value)
        entries.append(last)
    if restarts != [e.at for e in entries if e.at in set(restarts)] or restarts[0] != 0:
        cur.fail("restarts that are not at entries, or not in order, or not at the first")
    return entries


class Array:
    """A sorted run: its entry in the manifest and, once loaded, its footer, version table and breakpoints."""

    def __init__(self, cur):
        (self.id, self.age, self.band_from, self.band_to, self.key_from, self.key_to, self.data, self.meta, self.values,
         self.footer_at, self.footer_size, self.breakpoint_count, self.key_count, self.size) = cur.fields(STATE_ITEMS[3][1])

        self.loaded = False

    def load(self, store):
        """Reads the footer, the version table and all data blocks."""
        footer = store.block(self.meta, self.footer_at, self.footer_size, FOOTER).cursor()
        self.path, self.at = footer.path, footer.base
        items = {}
        for tag, cur in footer.items(FOOTER_ITEMS):
            if tag in items:
                footer.fail(f"footer with item {tag} twice")
            items[tag] = cur.fields(FOOTER_ITEMS[tag][1])
        if len(items.keys() | {OUTLOOK}) < len(FOOTER_ITEMS):
            footer.fail(f"footer with the items {sorted(items)} only")
        self.root, (count, *places), sections, self.sample = items[1], items[2], items[3], items[4]
        self.counts, (self.first_key, self.last_key), (self.block_size,) = items[5], items[6], items[7]
        self.outlook, self.outlook_whole = items.get(OUTLOOK, (0, 0))
        self.sections = list(zip(*[iter(sections)] * 3))
        self.table = []
        for offset, size in zip(places[::2], places[1::2]):
            cur = store.block(self.meta, offset, size, TABLE).cursor()
            self.table += [cur.u64() for _ in range(min(8192, count - len(self.table)))]
            cur.finish()
        if len(self.table) < count:
            footer.fail(f"version table of {count} versions has {len(self.table)}")
        self.leaves = list(index_leaves(store, self.meta, self.data, DATA, self.root))
        self.breakpoints = {}                           # full key: its entries in order of rank
        self.whole = self.first_key >= self.key_from    # else its range has been narrowed
        for leaf in self.leaves:
            for entry in leaf.entries:
                if entry.key >= self.key_from:
                    self.breakpoints.setdefault(entry.key, []).append(entry)
        self.loaded = True

    def place(self, line):
        """The band as indexes into the line: from, to."""
        for version in (self.band_from, self.band_to, *self.table):
            if version not in line.position:
                raise Damage(self.path, self.at, f"array {self.id} names version {version}, which is not in the line")
        return line.position[self.band_from], line.position[self.band_to] if self.band_to else len(line.order)

    def answers(self, version, line):
        """(user key, entry) for each key of the version's tree that the array says something about at the version."""
        at, (band_from, band_to) = line.position[version], self.place(line)
        if not band_from <= at < band_to:
            return
        rank = sum(line.position[v] <= at for v in self.table) - 1
        yield from self.at_rank(rank, line.versions[version].tree)

    def at_rank(self, rank, tree):
        """(user key, entry) for each key of a tree that the array says something about at a rank."""
        for key, entries in self.breakpoints.items():
            if key[:8] == tree.to_bytes(8, "big") and self.covers(key):
                entry = next((e for e in reversed(entries) if e.rank <= rank), None)
                if entry and entry.kind != PASS:
                    yield key[8:], entry

    def covers(self, key):
        """Whether a full key lies in its range."""
        return key >= self.key_from and (not self.key_to or key < self.key_to)

    def large(self, store, length, offset, size, digest):
        """The bytes of a large value."""
        block = store.block(self.values, offset, size, PIECE, LIST)
        cur, places = block.cursor(), [(offset, size)]
        if block.type == LIST:
            places = list(zip(*[iter(cur.fields("(vv)"))] * 2))
        pieces = []
        for place in places:
            piece = store.block(self.values, *place, PIECE).cursor()
            pieces.append(piece.take(piece.end))
        value = b"".join(pieces)
        if len(value) != length or any(len(p) != 65536 for p in pieces[:-1]) or len(pieces[-1]) > 65536:
            cur.fail(f"pieces of {[len(p) for p in pieces]} bytes for a large value of {length}")
        if xxh64(b"".join(xxh64(p).to_bytes(8, "big") for p in pieces)) != digest:
            cur.fail("hash of a large value is wrong")
        return value


class Leaf:
    """A block that an index leads to, with its entries."""

    def __init__(self, offset, size, entries):
        self.offset, self.size, self.entries = offset, size, entries


def index_leaves(store, meta, extent, type_, root):
    """The leaves below an index block, for data (with ordinals, filters) and the change directory (without).

    The filter blocks and ordinals found on the way are verified against the leaves."""
    found, data = [], type_ == DATA
    lowest = 0 if data else 1           # the level of the index blocks right above the leaves
    begin = store.manifest.extents[extent].begin * CHUNK

    def leaf(offset, size, lower):
        if offset < begin:                              # given back
            found.append(Leaf(offset, size, []))
            return
        cur = store.block(extent, offset, size, type_).cursor()
        found.append(Leaf(offset, size, sorted_block(cur)))
        first = found[-1].entries[0].place
        before = found[-2].entries[-1].place if len(found) > 1 and found[-2].entries else None
        if lower and lower > first or before and (before >= first or lower and before >= lower):
            cur.fail("block does not lie where its index entry says")

    def descend(level, offset, size):
        cur = store.block(meta, offset, size, INDEX).cursor()
        for entry in sorted_block(cur):
            if entry.kind != VALUE:
                cur.fail(f"index entry of kind {entry.kind}")
            body = Cursor(entry.value, cur.path, cur.base)
            child = body.varints(2)
            if level == lowest:
                leaf(*child, entry.place)
            else:
                start, filter_ = len(found), (0, 0)
                if data:
                    if body.varint() != start:
                        cur.fail(f"index entry with a wrong ordinal, {start} blocks lie before")
                    filter_ = body.varints(2)
                descend(level - 1, *child)
                below = found[start:]
                whole = below and all(b.entries for b in below)
                if not below or whole and entry.place > below[0].entries[0].place or start and found[start - 1].entries and (
                        entry.place <= found[start - 1].entries[-1].place):
                    cur.fail("index block does not lie where its index entry says")
                if filter_[1] and whole:
                    check_filter(store.block(meta, *filter_, FILTER).cursor(), {e.key for b in below for e in b.entries})
            body.finish()

    level, offset, size = root
    if level > 64 or data and not level:
        raise Damage(f"extent {meta:016x}", offset, f"index root of level {level}")
    if data or level:
        descend(level, offset, size)
    else:
        leaf(offset, size, None)
    return found


def check_filter(cur, keys):
    """Verifies that a filter block has all these keys."""
    version, probes, reserved, count = cur.u8(), cur.u8(), cur.fixed(2), cur.u32()
    if version != 1 or reserved or (cur.end - 8) % 64 or cur.end == 8 or not probes:
        cur.fail(f"filter of version {version}, {probes} probes, reserved {reserved}, {cur.end} bytes")
    if count != len(keys):
        cur.fail(f"filter counts {count} keys, there are {len(keys)}")
    bits = cur.take(cur.end - 8)
    for key in keys:
        if not filter_has(bits, probes, xxh64(key)):
            cur.fail(f"filter does not have the key {key!r}")


def check_array(store, array, line):
    """Verifies what a loaded array says of itself; raises Damage."""
    def need(ok, text):
        if not ok:
            raise Damage(array.path, array.at, f"array {array.id}: {text}")

    band_from, band_to = array.place(line)
    places = [line.position[v] for v in array.table]
    need(places == sorted(set(places)), "version table not in the order of the line")
    need(all(band_from <= p < band_to for p in places), "version table outside of the band")
    entries = [e for leaf in array.leaves for e in leaf.entries if e.key >= array.key_from]
    need(all(e.rank <= len(array.table) for e in entries), "rank behind the version table")
    beyond = sum(e.rank == len(array.table) for e in entries)
    need(beyond == array.outlook or not array.whole, f"{beyond} entries behind the band, the footer says {array.outlook}")
    keys, kinds = sorted(array.breakpoints), [e.kind for e in entries]
    values = [len(e.value) if e.kind == VALUE else e.value[0] for e in entries if e.kind in (VALUE, LARGE)]
    counts = [len(array.leaves), len(entries), len(keys), *(kinds.count(k) for k in (PASS, TOMBSTONE, VALUE, RESUME, LARGE)),
              sum(map(len, keys)), sum(values), sum(e.copy for e in entries),
              sum(e.rank == 0 and e.kind >= VALUE for e in entries),
              sum([PASS, *(e.kind for e in array.breakpoints[k] if e.rank < len(array.table))][-1] >= VALUE for k in keys)]
    need(not array.whole or counts[:len(array.counts)] == array.counts, f"footer counts {array.counts}, there are {counts}")
    need(array.breakpoint_count == counts[1] and array.key_count == counts[2] or not array.whole,
         "the manifest counts other breakpoints or keys")
    need((array.first_key if array.whole else keys[0], array.last_key) == (keys[0], keys[-1]),
         "first and last key are not those of the footer")
    need(keys[0] >= array.key_from and (not array.key_to or keys[-1] < array.key_to), "keys outside of its range")
    extents = [store.manifest.extents[e].length - store.manifest.extents[e].begin * CHUNK for e in (array.data, array.meta, array.values) if e]
    need(sum(extents) == array.size, f"the manifest says {array.size} bytes, its extents have {sum(extents)}")
    for leaf in array.leaves:
        plain = store.block(array.data, leaf.offset, leaf.size, DATA).plain
        need(plain <= array.block_size or len(leaf.entries) == 1, f"data block at {leaf.offset} has {plain} bytes")
    changed = {(e.rank, i) for i, leaf in enumerate(array.leaves) for e in leaf.entries}
    if array.whole:
        need(changed == set(directory(store, array)), "the change directory is not that of its breakpoints")
        check_sample(store.block(array.meta, *array.sample, SAMPLE).cursor(), array)
    for e in entries:
        if e.kind == LARGE:
            array.large(store, *e.value)


def check_outlook(engine, array):
    """Verifies that an array says what the version shows at which its band ends."""
    version = engine.line.versions[array.band_to]
    if version.state == DROPPED:
        return
    said = {key: array.large(engine.store, *e.value) if e.kind == LARGE else e.value
            for key, e in array.at_rank(len(array.table), version.tree) if e.kind != TOMBSTONE}
    tree = version.tree.to_bytes(8, "big")
    shown = {key: value for key, value in engine.contents(version.id) if array.covers(tree + key)}
    if said != shown:
        raise Damage(array.path, array.at, f"array {array.id} says something else of version {version.id} than that shows")


def directory(store, array):
    """(rank, ordinal) for all that the change directory of an array says."""
    for section in array.sections:
        for leaf in index_leaves(store, array.meta, array.meta, DIRECTORY, section):
            for entry in leaf.entries:
                rank, ordinal = struct.unpack(">II", entry.key)
                yield rank, ordinal
                cur = Cursor(entry.value, array.path, array.at)
                while cur.more():
                    ordinal += cur.varint()
                    yield rank, ordinal


def check_sample(cur, array):
    """Verifies the key sample of an array against its breakpoints."""
    threshold, count = cur.u64(), cur.varint()
    within = {key: [e for e in entries if e.rank < len(array.table)] for key, entries in array.breakpoints.items()}
    hashes = {xxh64(key): entries for key, entries in within.items() if entries}
    expected = sorted(h for h in hashes if not threshold or h < threshold)
    if count != len(expected):
        cur.fail(f"key sample of {count} keys, {len(expected)} are below its threshold")
    for wanted in expected:
        digest, number = cur.u64(), cur.varint()
        entries = hashes[wanted] if len(hashes[wanted]) <= SAMPLED_MAX else []
        if digest != wanted or number != len(entries):
            cur.fail(f"key sample has hash {digest:016x} with {number} breakpoints, not {wanted:016x}")
        for entry in entries:
            rank, kind = cur.varint(), cur.u8()
            if (rank, kind) != (entry.rank, VALUE if entry.kind == RESUME else entry.kind):
                cur.fail(f"key sample has kind {kind} at rank {rank} for {wanted:016x}")
            if kind in (VALUE, LARGE):
                length, low = cur.varint(), cur.u32()
                actual = (entry.value[0], entry.value[3]) if kind == LARGE else (len(entry.value), xxh64(entry.value))
                if (length, low) != (actual[0], actual[1] & M32):
                    cur.fail(f"key sample has another value for {wanted:016x} at rank {rank}")
    cur.finish()


# ------------------------------------------------------------------------- 6. The engine's state in the manifest

STATE_ITEMS = {  # tag: name, fields
    1: ("position", "vvvvv"), 2: ("operations", ""), 3: ("array", "vvvvbbvvvvvvvv"), 4: ("array gone", "v"),
    5: ("versions", ""), 6: ("left", ""),
}
HEAD, SNAPSHOTTED, VIEWED, DROPPED = range(4)
STATES = ("head", "snapshot", "view", "dropped")


class Version:
    def __init__(self, ident, parent, state, created, name, tree, tree_name):
        self.id, self.parent, self.state, self.created, self.name = ident, parent, state, created, name
        self.tree, self.tree_name = tree, tree_name


class Line:
    """All versions in the order of the line. A child takes its place right behind its parent."""

    def __init__(self):
        self.order, self.versions, self.position = [0], {}, {0: 0}

    def add(self, cur, at, ident, parent, state, created, name, tree_name=None):
        if ident in self.position or parent not in self.position:
            cur.fail(f"version {ident} as a child of {parent}: the first is there already, or the second is not")
        above = self.versions.get(parent)
        tree = (above.tree, above.tree_name) if above else (ident, tree_name)
        self.versions[ident] = Version(ident, parent, state, created, name, *tree)
        self.order.insert(at, ident)
        self.position = {v: i for i, v in enumerate(self.order)}

    def checkpoint(self, cur):
        """Versions as a checkpoint lists them."""
        while cur.more():
            ident, parent, state, created, name = cur.fields("vvBvt")
            if state > DROPPED + 1:
                cur.fail(f"version {ident} in state {state}")
            if state == DROPPED + 1:  # a snapshot with an identity
                state, _ = SNAPSHOTTED, cur.take(16)
            tree_name = None if parent else cur.text()
            self.add(cur, len(self.order), ident, parent, state, created, name, tree_name)

    def leave(self, cur):
        """Versions that leave; their children are their parents' from now on."""
        gone = set()
        while cur.more():
            ident, = cur.varints(1)
            v = self.versions.get(ident)
            if v is None:
                continue
            if v.state != DROPPED:
                cur.fail(f"version {ident} leaves, which is a {STATES[v.state]}")
            gone.add(ident)
        if not gone:
            return
        for v in self.versions.values():
            while v.parent in gone and v.id not in gone:
                v.parent = self.versions[v.parent].parent
            if v.parent == 0 and v.tree != v.id and v.id not in gone:
                cur.fail(f"version {v.tree} leaves before version {v.id} of its tree")
        self.versions = {ident: v for ident, v in self.versions.items() if ident not in gone}
        self.order = [ident for ident in self.order if ident not in gone]
        self.position = {v: i for i, v in enumerate(self.order)}

    def apply(self, cur, op):
        """An operation on versions; errors are those of the cursor, which read it."""
        kind, *fields = op

        def version(ident, *states):
            v = self.versions.get(ident)
            if v is None or v.state not in states:
                cur.fail(f"{OPERATIONS[kind][0]} of version {ident}, which is {STATES[v.state] if v else 'not there'}")
            return v

        def child(of, ident, created, name, tree_name=None):
            if of not in self.position:
                cur.fail(f"a child of version {of}, which is not there")
            self.add(cur, self.position[of] + 1, ident, of, HEAD, created, name, tree_name)

        if kind == KEYSPACE:
            ident, created, name = fields
            child(0, ident, created, name, name)
        elif kind == KEYSPACE_OF_TREE:
            ident, created, name, tree_name = fields
            child(0, ident, created, name, tree_name)
        elif kind in (SNAPSHOT, IDENTIFIED, VIEW):
            head = version(fields[0], HEAD)
            child(head.id, fields[1], fields[2], head.name)
            head.state, head.name = (VIEWED, "") if kind == VIEW else (SNAPSHOTTED, fields[3])
        elif kind == CLONE:
            parent, ident, created, name = fields
            child(version(parent, HEAD, SNAPSHOTTED, VIEWED, DROPPED).id, ident, created, name)
        elif kind == ROLLBACK:
            head, parent, ident, created = fields
            head = version(head, HEAD)
            child(parent, ident, created, head.name)
            head.state, head.name = DROPPED, ""
        elif kind == DROP:
            gone = version(fields[0], HEAD, SNAPSHOTTED, VIEWED)
            gone.state, gone.name = DROPPED, ""
        else:
            version(fields[0], HEAD, SNAPSHOTTED).name = fields[1]


class State:
    """Item 10 of the manifest, applied over all records."""

    def __init__(self):
        self.position, self.sequence, self.line, self.arrays = 0, 0, Line(), {}

    def apply(self, part):
        for tag, cur in part.items(STATE_ITEMS):
            if tag == 1:
                self.position, self.sequence, *_ = cur.varints(5)
            elif tag == 2:
                while cur.more():
                    self.line.apply(cur, operation(cur))
            elif tag == 3:
                array = Array(cur)
                self.arrays[array.id] = array
            elif tag == 4:
                Manifest.forget(self.arrays, "array", cur)
            elif tag == 5:
                self.line.checkpoint(cur)
            else:
                self.line.leave(cur)


class Engine:
    """The whole store as of now: manifest, arrays, and the log replayed from the manifest's position."""

    def __init__(self, store):
        self.store, state = store, store.manifest.state
        self.line, self.log, self.writes, sequence = state.line, Log(store), {}, state.sequence
        for position, group in self.log.groups:
            if position < state.position or group.offset == HEADER:
                continue
            if group.sequence != sequence + 1:
                raise Damage(group.path, group.offset, f"commit {group.sequence} follows commit {sequence}")
            sequence = group.sequence
            self.replay(group)
        self.arrays = sorted(state.arrays.values(), key=lambda a: a.age, reverse=True)

    def replay(self, group):
        cur = Cursor(b"", group.path, group.offset)
        for op in group.operations:
            if op[0] not in (PUT, DELETE):
                self.line.apply(cur, op)
                continue
            version = self.line.versions.get(op[1])
            if version is None or version.state != HEAD:
                cur.fail(f"write to version {op[1]}, which is no head")
            self.writes.setdefault(op[1], {})[op[2]] = op[3] if op[0] == PUT else None

    def contents(self, version):
        """The entries of a version: what it and its ancestors have in the log, then the arrays, the newest first."""
        found, at = {}, version
        while at:
            for key, value in self.writes.get(at, {}).items():
                found.setdefault(key, value)
            at = self.line.versions[at].parent
        for array in self.arrays:
            for key, entry in array.answers(version, self.line):
                if key not in found:
                    found[key] = array.large(self.store, *entry.value) if entry.kind == LARGE else entry.value
        return [(key, found[key]) for key in sorted(found) if found[key] is not None]


# ------------------------------------------------------------------------------------ 7. The bits of a filter line

def filter_has(bits, probes, digest):
    """Whether a key with this hash can be among the keys of a filter."""
    line = (digest >> 32) * (len(bits) // 64) >> 32
    word = int.from_bytes(bits[line * 64:line * 64 + 64], "big")
    for i in range(probes):
        bit = ((digest & M32) * pow(0x9E3779B9, i, 1 << 32) & M32) >> 23
        if not word >> 511 - bit & 1:
            return False
    return True


# ---------------------------------------------------------------------------------------------------- The commands

def printable(value):
    if len(value) > 64:
        return {"length": len(value), "sha256": hashlib.sha256(value).hexdigest()}
    return value.decode("latin-1")


def dump(store):
    """The lines of the dump."""
    engine = Engine(store)
    for array in engine.arrays:
        array.load(store)
    for ident in engine.line.order[1:]:
        version = engine.line.versions[ident]
        if version.state in (HEAD, SNAPSHOTTED):
            yield json.dumps({
                "version": ident, "parent": version.parent, "kind": STATES[version.state], "name": version.name,
                "tree": version.tree_name,
                "entries": [[key.decode("latin-1"), printable(value)] for key, value in engine.contents(ident)]})


def check(store):
    """Verifies everything that the dump does not need as well."""
    for extent in store.manifest.extents.values():
        store.attempt(store.check_extent, extent)
    engine = store.attempt(Engine, store)
    for array in engine.arrays if engine else ():
        store.attempt(array.load, store)
        if array.loaded:
            store.attempt(check_array, store, array, engine.line)
    for array in engine.arrays if engine else ():
        if array.loaded and array.outlook_whole:
            store.attempt(check_outlook, engine, array)


def text(field):
    if isinstance(field, bytes):
        return repr(field if len(field) <= 40 else field[:30])[1:] + f" ({len(field)} bytes)"
    return str(field)


def describe_operations(cur):
    while cur.more():
        kind, *fields = operation(cur)
        yield OPERATIONS[kind][0] + " " + ", ".join(map(text, fields))


def describe_items(cur, items):
    """The items of an item list, a line each; those of the state indented below theirs."""
    for tag, body in cur.items(items):
        name, pattern = items[tag]
        yield f"{name}: " + ", ".join(map(text, body.fields(pattern)))
        if items is MANIFEST_ITEMS and tag == 10:
            for line in describe_items(body, STATE_ITEMS):
                yield "  " + line
        elif items is STATE_ITEMS and tag == 2:
            for line in describe_operations(body):
                yield "  " + line
        elif items is STATE_ITEMS and tag == 6:
            while body.more():
                yield f"  {body.varints(1)[0]}"
        elif items is STATE_ITEMS and tag == 5:
            while body.more():
                fields = body.fields("vvBvt")
                yield "  " + ", ".join(map(text, fields + ([] if fields[1] else [body.text()])))


def describe_manifest(store, disk, name):
    slot = next(s for s in store.slots if s.disk is disk and s.name == name)
    for record in slot.records:
        yield f"at {record.pos}: {record}, {len(record.body)} bytes"
        for line in describe_items(Cursor(record.body, record.path, record.pos), MANIFEST_ITEMS):
            yield "  " + line


def describe_log(store, disk, name):
    number, raw, offset = int(name[4:], 16), disk.read(name, 0, -1), HEADER
    if number not in store.manifest.segments:
        yield "not named by the manifest"
    while True:
        try:
            group = Group(disk.path(name), raw, number, offset)
        except Damage as e:
            yield f"at {offset}: end, {e}"
            return
        if offset == HEADER:
            yield f"at {offset}: start, base {group.base}, stable {group.stable}"
        else:
            yield f"at {offset}: commit {group.sequence}, log stable up to {group.behind} before it"
            for kind, *fields in group.operations:
                yield f"  {OPERATIONS[kind][0]} " + ", ".join(map(text, fields))
        offset = group.after


def describe_superchunk(store, disk, name):
    _, number, copy, _ = name.split("-")
    extent = store.manifest.extents.get(int(number, 16))
    if extent is None or int(copy) >= extent.copies:
        yield "not named by the manifest"
        return
    for offset, (block,) in store.walk(extent, [int(copy)]):
        if block.path == disk.path(name):
            line = f"at {block.at}, {offset} of the extent: {BLOCK_TYPES[block.type]}, codec {block.codec}, " \
                   f"{block.size - 16} bytes stored, {block.plain} plain"
            if block.codec < 2 and block.type in (DATA, INDEX, DIRECTORY):
                entries = sorted_block(block.cursor())
                line += f", {len(entries)} entries from {text(entries[0].key)} rank {entries[0].rank}"
            yield line
            if block.codec < 2 and block.type == FOOTER:
                for line in describe_items(block.cursor(), FOOTER_ITEMS):
                    yield "  " + line


DESCRIBE = {"MF": describe_manifest, "LG": describe_log, "SC": describe_superchunk}


def structure(store):
    """The description of all files, as lines."""
    for disk in store.disks:
        yield f"{disk.folder}: disk {disk.id.hex()} of store {disk.store.hex()}"
        for name in disk.names:
            kind, header = disk.kinds.get(name, "no file with a header"), disk.headers.get(name, {})
            size = os.path.getsize(disk.path(name))
            own = ", ".join(f"{k} {v}" for k, v in header.items() if k not in ("store", "disk"))
            yield f"  {name}: {kind}, {size} bytes; {own}"
            try:
                for line in DESCRIBE[kind](store, disk, name) if kind in DESCRIBE else ():
                    yield "    " + line
            except Damage as e:
                store.findings.add(e)
    yield f"The newest manifest record is {store.number}."


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="verify everything, print findings")
    mode.add_argument("--structure", action="store_true", help="describe every file")
    parser.add_argument("folders", nargs="+", metavar="DISK_FOLDER")
    options = parser.parse_args()
    findings, lines, refused = Findings(), [], False
    try:
        store = Store(options.folders, findings)
        if options.check:
            check(store)
        else:
            lines = list((structure if options.structure else dump)(store))
    except Damage as e:
        findings.add(e)
        refused = True
    for line in lines:
        print(line)
    for line in findings.lines:
        print(line, file=sys.stdout if options.check else sys.stderr)
    for line in findings.notes:
        print("note: " + line, file=sys.stderr)
    if options.check or options.structure:
        return 1 if findings.lines else 0
    return 2 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
