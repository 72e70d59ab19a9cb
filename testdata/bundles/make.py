#!/usr/bin/env python3
"""Makes the golden bundles beside it, and for each a list of what a reader must find (NAME.events).

Run once per format version; the results are committed and frozen. Independent of Meerkat's own code on purpose.
(written.zip is not made here: it is what Meerkat's writer gave first and must give for ever.)
"""
import hashlib
import io
import json
import os
import stat
import struct
import tarfile
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
APP = b"#!/bin/sh\nexec sleep 1000\n" + bytes(range(256)) * 40
SIG0 = ("MEUCIBqoBCdkSKTQr8X9uAiGFUazohwWB5qM+hSTOjLxCg1uAiEA7453Gp5pEhAdEBbRSf9pwqP+GUH7Ldpph13qNPl9Gh8=")


def tar(format):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as t:
        def add(name, data=None, mode=0o644, target=None, mtime=1681207200):
            m = tarfile.TarInfo(name)
            m.mode, m.mtime = mode, mtime
            if target is not None:
                m.type, m.linkname = tarfile.SYMTYPE, target
            elif data is None:
                m.type = tarfile.DIRTYPE
            else:
                m.size = len(data)
            t.addfile(m, None if data is None else io.BytesIO(data))
        add("./", mode=0o755)
        add("./conf0.json", b'{"http":{"listen_addr":"127.0.0.1:8080"}}\n')
        add("./conf.json", b'{"mine":true}\n')
        add("./www", mode=0o755)
        add("./www/index.html", b"<h1>hello</h1>\n", mtime=1681207200.25)
        add("./www/empty", b"")
        add("./bin/run", b"x" * 512, mode=0o4755)
        add("./home", target="www/index.html", mode=0o777)
        add("./www/up", target="../conf0.json", mode=0o777)
        add("./gr\u00fcn/" + "n" * 120 + ".txt", b"long\n")
        add("./long-link", target="www/" + "t" * 140, mode=0o777)
    return out.getvalue()


def part(type, src, data, **more):
    return dict(type=type, src=src, size=len(data), cs_sha1=hashlib.sha1(data).hexdigest(),
                cs_sha256=hashlib.sha256(data).hexdigest(), **more)


def build(name, manifest, files, top="", method=zipfile.ZIP_STORED, extra=b"", raw_manifest=None):
    text = raw_manifest or json.dumps(manifest, indent=2, sort_keys=True).encode()
    with zipfile.ZipFile(os.path.join(HERE, name + ".zip"), "w", method) as z:
        def add(entry, data, extra=b""):
            info = zipfile.ZipInfo(top + entry, (2023, 4, 11, 10, 0, 0))
            info.compress_type, info.extra = method, extra
            z.writestr(info, data)
        add("manifest.json", text, extra)
        for entry in sorted(files):
            add(entry, files[entry])
    lines = ["manifest {name} {version} {build_id} {platform}".format(**json.loads(text))]
    if extra:
        lines += ["attribute %s=%s" % kv for kv in sorted(json.loads(extra[4:]).items())]
    wanted = {p.get("src"): n for n, p in json.loads(text)["parts"].items()}
    for entry in sorted(files):
        if entry not in wanted:
            continue
        lines.append("part %s %d %s" % (wanted[entry], len(files[entry]), hashlib.sha256(files[entry]).hexdigest()))
        if entry.endswith(".tar"):
            lines += members(files[entry])
    lines.append("end")
    with open(os.path.join(HERE, name + ".events"), "w", encoding="utf-8", newline="\n") as f:
        f.write("\n".join(lines) + "\n")


def members(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as t:
        for m in t:
            path = m.name.removeprefix("./")
            if m.name in (".", "./") or path == "":
                continue
            if path == "conf.json":
                yield "skipped conf.json"
                continue
            what = "%s %s %o" % ("folder" if m.isdir() else "link" if m.issym() else "file", path, m.mode & 0o777)
            if m.issym():
                what += " " + m.linkname
            if m.isfile():
                what += " %d %s" % (m.size, hashlib.sha256(t.extractfile(m).read()).hexdigest())
            yield what


def main():
    head = dict(name="thermostat", version="1.4.0", build_id="20230411-101500/1.4.0-g1a2b3c4-master-dirty",
                build_timestamp="2023-04-11T10:15:00Z")
    host = dict(head, platform="linux-x64", ready="notify", site="lab")
    for name, format in (("pax", tarfile.PAX_FORMAT), ("gnu", tarfile.GNU_FORMAT)):
        fs = tar(format)
        build("host-" + name, dict(host, parts=dict(app=part("app", "app", APP), fs=part("fs", "fs.tar", fs))),
              {"app": APP, "fs.tar": fs})
    fs = tar(tarfile.PAX_FORMAT)
    build("deflated", dict(host, parts=dict(app=part("app", "app", APP), fs=part("fs", "fs.tar", fs))),
          {"app": APP, "fs.tar": fs, "notes.txt": b"nobody wants this"}, method=zipfile.ZIP_DEFLATED)
    boot = b"boot loader"
    build("top-folder", dict(head, platform="esp32", parts=dict(
        app=part("app", "thermostat.bin", APP, encrypt=True, ptn="app_0"),
        boot=part("boot", "bootloader.bin", boot, addr=4096, update=False),
        nvs=dict(type="nvs", fill=255, size=16384, ptn="nvs"))),
        {"thermostat.bin": APP, "bootloader.bin": boot}, top="thermostat-1.4.0/")
    text = (b'{\n "name": "vec",\n "platform": "esp32",\n "version": "1.0",\n'
            b' "build_id": "20230411-101500/g1a2b3c4-master",\n "parts": {}\n}')
    payload = json.dumps({"sig0": SIG0}, separators=(",", ":")).encode()
    build("signed", None, {}, extra=struct.pack("<HH", 0x293A, len(payload)) + payload, raw_manifest=text)


main()
