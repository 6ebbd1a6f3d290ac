#!/bin/sh
# What runs on a machine with a GPU: run.sh PARTS OUT [seconds of each measurement]
#
# PARTS is the folder that scripts/gpu/prepare.mjs has filled, or the part of it that has arrived: with the parts called
# "first" alone, only what needs no builder can succeed. OUT gets log.txt, results.json and a version compatible plan.
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
  wanted=$(grep -c " $name.tar.zst." "$parts/SHA256SUMS")
  here=$(find "$parts" -maxdepth 1 -name "$name.tar.zst.*" | wc -l)
  if [ "$here" -ne "$wanted" ]; then
    echo "$name: $here of $wanted parts are here"
    continue
  fi
  if [ ! -e "$work/$name.done" ]; then
    cat "$parts/$name".tar.zst.* | LD_LIBRARY_PATH=$parts "$parts/zstd" -q -d --long=31 | tar -C "$work" -xf -
    touch "$work/$name.done"
  fi
done

# TensorRT opens its builder's code by name. What the machine has of CUDA's runtime is not needed.
LD_LIBRARY_PATH=$work/tensorrt${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
ACCELNODE_CUDA_LIBRARY=$(find "$work/tensorrt" -name 'libnvinfer.so.*')
export LD_LIBRARY_PATH ACCELNODE_CUDA_LIBRARY
status=0
"$work/node" "$work/accelnode/scripts/gpu/visit.mjs" --models "$work/models" --out "$out" --seconds "$seconds" \
  >"$out/log.txt" 2>&1 || status=$?
cat "$out/log.txt"
exit "$status"
