"""Prints what a system's loader would read in an addon, as JSON: describe_binary.py FILE.

Facts only. What they should be is in check.mjs.
"""

import hashlib
import json
import re
import struct
import sys

import lief


def describe(path):
    binary = lief.parse(path)
    if isinstance(binary, lief.ELF.Binary):
        return describe_elf(binary)
    if isinstance(binary, lief.PE.Binary):
        return describe_pe(binary)
    if isinstance(binary, lief.MachO.Binary):
        with open(path, "rb") as file:
            return describe_macho(binary, file.read())
    raise SystemExit(f"{path} is no binary of a known format")


def describe_elf(binary):
    versions = {
        version.name
        for requirement in binary.symbols_version_requirement
        for version in requirement.get_auxiliary_symbols()
    }
    glibc = [tuple(map(int, match.group(1).split("."))) for match in map(GLIBC.fullmatch, versions) if match]
    return {
        "format": "ELF",
        "machine": binary.header.machine_type.name,
        "needs": sorted(binary.libraries),
        "exports": sorted({symbol.name for symbol in binary.exported_symbols}),
        # Not lief's imported_symbols, which are only those whose kind is known.
        "imports": sorted({symbol.name for symbol in binary.dynamic_symbols if symbol.shndx == 0 and symbol.name}),
        "runPath": [entry.path for entry in binary.dynamic_entries if isinstance(entry, lief.ELF.DynamicEntryRunPath)],
        "glibc": ".".join(map(str, max(glibc))) if glibc else None,
    }


GLIBC = re.compile(r"GLIBC_([0-9.]+)")


def describe_pe(binary):
    node = [entry for entry in binary.imports if entry.name.lower() == "node.exe"]
    return {
        "format": "PE",
        "machine": binary.header.machine.name,
        "needs": sorted(entry.name for entry in binary.imports),
        "exports": sorted(entry.name for entry in binary.get_export().entries),
        "imports": sorted(function.name for entry in node for function in entry.entries),
    }


def describe_macho(binary, content):
    version = binary.build_version or binary.version_min
    minimum = version.minos if binary.build_version else version.version
    return {
        "format": "Mach-O",
        "machine": binary.header.cpu_type.name,
        "needs": sorted(library.name for library in binary.libraries if library.command in LOADED),
        "exports": sorted({symbol.name for symbol in binary.exported_symbols}),
        "imports": sorted({symbol.name for symbol in binary.imported_symbols}),
        # Bound to whichever image of the process has them, which is how an addon finds Node's functions.
        "flat": sorted(
            info.symbol.name
            for info in binary.bindings
            if info.has_symbol and info.library_ordinal == FLAT_LOOKUP
        ),
        "oldestSystem": ".".join(map(str, minimum[:2])),
        "signature": describe_signature(content, binary),
    }


LOADED = (lief.MachO.LoadCommand.TYPE.LOAD_DYLIB, lief.MachO.LoadCommand.TYPE.LOAD_WEAK_DYLIB)
FLAT_LOOKUP = -2  # BIND_SPECIAL_DYLIB_FLAT_LOOKUP


def describe_signature(content, binary):
    """Whether the pages are those that were signed; None when there is no signature. Apple's cs_blobs.h."""
    if not binary.has_code_signature:
        return None
    command = binary.code_signature
    blob = content[command.data_offset : command.data_offset + command.data_size]
    magic, _, count = struct.unpack_from(">III", blob)
    if magic != 0xFADE0CC0:  # CSMAGIC_EMBEDDED_SIGNATURE
        return "broken"
    offsets = [struct.unpack_from(">II", blob, 12 + 8 * each)[1] for each in range(count)]
    [directory] = [at for at in offsets if struct.unpack_from(">I", blob, at)[0] == 0xFADE0C02]  # CSMAGIC_CODEDIRECTORY
    hashes, _, _, pages, limit = struct.unpack_from(">IIIII", blob, directory + 16)
    size, kind, _, page = struct.unpack_from("BBBB", blob, directory + 36)
    if (size, kind) != (32, 2):  # CS_HASHTYPE_SHA256
        return "broken"
    length = 1 << page
    for index in range(pages):
        at = directory + hashes + 32 * index
        part = content[index * length : min((index + 1) * length, limit)]
        if hashlib.sha256(part).digest() != blob[at : at + 32]:
            return "broken"
    return "valid"


if __name__ == "__main__":
    print(json.dumps(describe(sys.argv[1])))
