#!/usr/bin/env python3
"""Lists and checks an archive of dms-backup without dms-backup: python3 read-archive.py [--list] ARCHIVE

Needs Python 3.9 or later and, for .tar.zst, the program `zstd`. Written from archive-format.md alone, as an example.
Checks seal, index, places, heads (as Python's tarfile reads them) and the SHA-256 of everything. It skips the rarer rules of section 10.
"""
import base64, gzip, hashlib, json, os, struct, subprocess, sys, tarfile

END = bytes(1024)


def refuse(why):
    sys.exit(f"refused: {why}")


def read_frames(file, size):
    """Codec and frames as (offset in the file, stored size, content size)."""
    start = file.read(512)
    frames, at = [], 0
    if start[:4] == b"\x28\xb5\x2f\xfd":
        file.seek(size - 9)
        count, descriptor, magic = struct.unpack("<IBI", file.read(9))
        length = 8 + 8 * count + 9
        if magic != 0x8F92EAB1 or descriptor != 0 or length > size:
            refuse("no seek table at the end")
        file.seek(size - length)
        table = file.read(length)
        if struct.unpack_from("<II", table) != (0x184D2A5E, length - 8):
            refuse("head of the seek table")
        for stored, content in struct.iter_unpack("<II", table[8:-9]):
            frames.append((at, stored, content))
            at += stored
        return ("zstd", frames) if at == size - length else refuse("frames do not fill the file")
    if start[:2] == b"\x1f\x8b":
        while at < size:
            file.seek(at)
            head = file.read(24)
            if head[:16] != bytes.fromhex("1f8b08040000000000ff0c0044420800"):
                refuse("a gzip member that is not of dms-backup")
            stored, content = struct.unpack_from("<II", head, 16)
            frames.append((at, stored, content))
            at += max(stored, 24)
        return ("gzip", frames) if at == size else refuse("frames do not fill the file")
    return ("none", [(0, size, size)]) if start[257:262] == b"ustar" else refuse("not an archive")


def content_of(file, codec, frame):
    file.seek(frame[0])
    stored = file.read(frame[1])
    if codec == "zstd":
        stored = subprocess.run(["zstd", "-dcq"], input=stored, capture_output=True, check=True).stdout
    elif codec == "gzip":
        stored = gzip.decompress(stored)
    return stored if len(stored) == frame[2] else refuse("a frame with another size than the table says")


def padded(size):
    return -size % 512 + size


def name_of(line, field):
    return line[field].encode() if field in line else base64.b64decode(line[field + "Base64"], validate=True)


def check(path, listing):
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        codec, frames = read_frames(file, size)
        starts = [sum(frame[2] for frame in frames[:number]) for number in range(len(frames))]
        place = lambda at: starts[at["frame"]] + at["offset"]

        last = content_of(file, codec, frames[-1])
        at = last.rfind(b"seal.json\0") if codec == "none" else 0
        if last[at : at + 10] != b"seal.json\0":
            refuse("no seal")
        length = int(last[at + 124 : at + 136].rstrip(b" \0"), 8)
        if len(last) != at + 512 + padded(length) + 1024 or any(last[at + 512 + length :]):
            refuse("the seal is not the end")
        seal = json.loads(last[at + 512 : at + 512 + length])
        if seal["formatVersion"] != 1:
            refuse(f"format version {seal['formatVersion']}")
        rest = last[at + 512 : at + 512 + length].rpartition(b',\n "contentSha256"')[0] + b"\n}"
        if hashlib.sha256(rest).hexdigest() != seal["contentSha256"]:
            refuse("the seal is not as it was written")

        # the index: decompress from its frame to the end, skip its head
        start, index_size = place(seal["index"]), seal["index"]["size"]
        stream = b"".join(content_of(file, codec, frame) for frame in frames[seal["index"]["frame"] :])
        text = stream[seal["index"]["offset"] + 512 :][:index_size]
        if hashlib.sha256(text).hexdigest() != seal["index"]["sha256"]:
            refuse("the index is not the one that was sealed")
        if start + 512 + padded(index_size) != starts[-1] + at:
            refuse("index and seal do not lie side by side")
        lines = [json.loads(line) for line in text.split(b"\n")[:-1]]
        if len(lines) != seal["index"]["entries"] or [line.get("path") for line in lines[:2]] != ["README.txt", "manifest.json"]:
            refuse("the index does not fit the seal")
        if lines[1]["sha256"] != seal["manifestSha256"]:
            refuse("the manifest is not the one that was sealed")

        file.seek(0)
        command = {"zstd": ["zstd", "-dcq"], "gzip": ["gzip", "-dc"], "none": ["cat"]}[codec]
        with subprocess.Popen(command, stdin=file, stdout=subprocess.PIPE) as process:
            with tarfile.open(fileobj=process.stdout, mode="r|", encoding="utf-8", errors="surrogateescape") as tar:
                expected, seen, counts = 0, set(), {"files": 0, "directories": 0, "links": 0, "mediaBytes": 0}
                for line, member in zip([*lines, None, None], tar):
                    if line is None:
                        if member.name not in ("index.jsonl", "seal.json"):
                            refuse(f"{member.name} is not in the index")
                        continue
                    name, kind = name_of(line, "path"), line["type"]
                    content = tar.extractfile(member).read() if member.isfile() else b""
                    facts = {"file": member.isfile(), "directory": member.isdir(), "link": member.issym()}
                    seconds = int(line["mtime"][:-10]) - (line["mtime"][0] == "-" and line["mtime"][-9:] != "000000000")
                    found = (os.fsencode(member.name), facts[kind], len(content), member.mode, member.uid, member.gid, member.mtime)
                    if found != (name, True, line["size"], line["mode"], line["uid"], line["gid"], seconds):
                        refuse(f"{name!r}: the head is not as indexed: {found}")
                    if not place(line) == member.offset == expected:
                        refuse(f"{name!r} is not at its place")
                    expected = member.offset_data + padded(line["size"])
                    if kind == "file" and hashlib.sha256(content).hexdigest() != line["sha256"]:
                        refuse(f"{name!r}: other content than indexed")
                    if kind == "link" and os.fsencode(member.linkname) != name_of(line, "link"):
                        refuse(f"{name!r}: another target than indexed")
                    if listing:
                        print(line["size"], line["mtime"], "superseded" if "superseded" in line else kind, name.decode(errors="replace"))
                    if "superseded" in line:
                        continue
                    if name in seen:
                        refuse(f"{name!r} is there twice")
                    seen.add(name)
                    if name.startswith(b"media/"):
                        counts[{"file": "files", "directory": "directories", "link": "links"}[kind]] += 1
                        counts["mediaBytes"] += line["size"]
                if expected != start or process.wait() != 0:
                    refuse("the tar stream is not as indexed")
        if any(seal["counts"][key] != value for key, value in counts.items()):
            refuse("other counts than sealed")
        proof = seal["proof"]
        print(f"ok: {len(lines)} entries, {proof['documentsComplete']} of {proof['documents']} documents complete")


if __name__ == "__main__":
    check(sys.argv[-1], "--list" in sys.argv[1:-1])
