#!/bin/sh
# What runs on a machine with a GPU: run.sh PARTS OUT [seconds of each measurement]
#
# PARTS is the folder that scripts/gpu/prepare.mjs has filled, or the part of it that has arrived: with the parts called
# "first" alone, what needs the builder is left out. Other parts, copied over these, are unpacked anew. OUT gets log.txt,
# results.json and a version compatible plan.
set -eu
parts=$(cd "$1" && pwd)
mkdir -p "$2"
out=$(cd "$2" && pwd)
seconds=${3:-2}
work=$parts/work

(cd "$parts" && sha256sum --check --ignore-missing --quiet SHA256SUMS)
chmod +x "$parts/zstd"
mkdir -p "$work"
for name in first builder; do
  # What is unpacked is known by the sums of its parts.
  sums=$(grep " $name.tar.zst." "$parts/SHA256SUMS")
  if [ -e "$work/$name.done" ] && [ "$(cat "$work/$name.done")" = "$sums" ]; then continue; fi
  rm -rf "$work/$name" "$work/$name.done"
  names=$(echo "$sums" | sed 's/.* //')
  wanted=$(echo "$names" | wc -l)
  here=$(cd "$parts" && for part in $names; do [ ! -e "$part" ] || echo "$part"; done | wc -l)
  if [ "$here" -ne "$wanted" ]; then
    echo "$name: $here of $wanted parts are here"
    continue
  fi
  mkdir "$work/$name"
  (cd "$parts" && echo "$names" | xargs cat) |
    LD_LIBRARY_PATH=$parts "$parts/zstd" -q -d --long=31 | tar -C "$work/$name" -xf -
  echo "$sums" >"$work/$name.done"
done
if [ ! -e "$work/first.done" ]; then exit 2; fi

# TensorRT opens its builder's code by name. What the machine has of CUDA's runtime is not needed.
LD_LIBRARY_PATH=$work/first/tensorrt:$work/builder/tensorrt${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
ACCELNODE_CUDA_LIBRARY=$(find "$work/first/tensorrt" -name 'libnvinfer.so.*')
export LD_LIBRARY_PATH ACCELNODE_CUDA_LIBRARY
status=0
"$work/first/node" "$work/first/accelnode/scripts/gpu/visit.mjs" --models "$work/builder/models" --out "$out" \
  --seconds "$seconds" >"$out/log.txt" 2>&1 || status=$?
cat "$out/log.txt"
exit "$status"
