"""Takes some files out of a wheel: unpack_wheel.py WHEEL FOLDER LIST

LIST is a JSON file of [name in the wheel, path in FOLDER] pairs. After each file the bytes written so far
are printed. A name that the wheel lacks, or a path that leads out of FOLDER, ends it.
"""

import json
import os
import shutil
import sys
import zipfile


def main(wheel, folder, list_file):
    with open(list_file, encoding="utf-8") as file:
        pairs = json.load(file)
    root = os.path.realpath(folder)
    done = 0
    with zipfile.ZipFile(wheel) as archive:
        present = set(archive.namelist())
        for member, path in pairs:
            target = os.path.realpath(os.path.join(root, path))
            if os.path.commonpath([root, target]) != root or target == root:
                raise ValueError("%s would be written outside of the folder" % path)
            if member not in present:
                raise ValueError("the wheel has no %s" % member)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            # Reading to the end checks the member's CRC.
            with archive.open(member) as source, open(target, "xb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
                done += sink.tell()
            print(done, flush=True)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception as error:
        sys.exit("%s: %s" % (type(error).__name__, error))
