#!/bin/sh
# offline.sh - every program that a GPU is given, compiled for GPUs that are not there, as a table.
#
#   sh tests/offline.sh [FOLDER]    after a build; BUILD_FOLDER names it (build), OFFLINE_TARGETS the targets of the list
#
# The programs are what the library hands to OpenCL (tests/dump_programs.c), written to FOLDER or to one that is removed.
# Targets: gfxNNN, by clang to code of AMD's GPUs, whose notes tell registers, spills and local memory; smNN, by clang to
# PTX and by ptxas, if it is there, to NVIDIA's; spirv, by clang and llvm-spirv, checked by spirv-val. The builtins are
# libclc's. A row is a kernel in a tile and a storage, the most over all epilogues: vector registers, then what does not
# fit them (registers or bytes that are spilled), then bytes of local memory if it has its own. A kernel that is not the
# plain twin and spills fails, and so does whatever does not compile.
set -u
source=${SOURCE_FOLDER:-$(dirname "$0")/..}
build=${BUILD_FOLDER:-$source/build}
targets=${OFFLINE_TARGETS:-gfx900 gfx906 gfx1010 gfx1030 gfx1100 sm75 sm86 spirv}
clc=/usr/lib/clc
clang=clang-14
ptxas=$(command -v ptxas || { [ -x /usr/local/cuda/bin/ptxas ] && echo /usr/local/cuda/bin/ptxas; })
command -v $clang >/dev/null || { echo "SKIPPED: no $clang (Debian: clang-14 libclc-14 llvm-spirv-14 spirv-tools)"; exit 77; }
[ -x "$build/tests/dump_programs" ] || { echo "SKIPPED: nothing is built in $build"; exit 77; }
[ -e $clc/amdgcn--amdhsa.bc ] || { echo "SKIPPED: no $clc/amdgcn--amdhsa.bc (Debian: libclc-14)"; exit 77; }

scratch=$(mktemp -d "${TMPDIR:-/tmp}/clreid-offline.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
programs=${1:-$scratch/programs}
mkdir -p "$programs"
[ -e "$programs/000.cl" ] || "$build/tests/dump_programs" "$programs" || exit 1

compile() # PROGRAM OPTION...
{
  program=$1
  shift
  # shellcheck disable=SC2046
  $clang -x cl -Xclang -finclude-default-header -nogpulib -O2 $(cat "$programs/$program.options") "$@" \
    "$programs/$program.cl" 2>>"$scratch/log"
}

# Notes of one object -> KERNEL REGISTERS SPILLS LOCAL
read_notes()
{
  llvm-readelf-14 --notes "$1" | awk '
    /^    \.group_segment_fixed_size:/ { local_bytes = $2 }
    /^    \.name:/ { name = $2 }
    /^    \.sgpr_spill_count:/ { spills = $2 }
    /^    \.vgpr_count:/ { registers = $2 }
    /^    \.vgpr_spill_count:/ { print name, registers, spills + $2, local_bytes }'
}

# What ptxas -v says -> the same; it counts bytes of spilled stores, and local memory among "smem".
read_ptxas()
{
  awk '
    /Compiling entry function/ { split($0, part, "\x27"); name = part[2] }
    /bytes spill stores/ { for (i = 1; i < NF; i++) if ($(i + 2) == "spill" && $(i + 3) ~ /^stores/) spills = $i }
    /Used [0-9]+ registers/ {
      local_bytes = 0
      for (i = 1; i <= NF; i++) { if ($i == "Used") registers = $(i + 1); if ($(i + 2) == "smem,") local_bytes = $i }
      print name, registers, spills, local_bytes
    }' "$1"
}

compile_for() # TARGET PROGRAM: rows on stdout; false if a tool refuses it
{
  out=$scratch/out
  case $1 in
  gfx*)
    compile "$2" -target amdgcn-amd-amdhsa "-mcpu=$1" -Xclang -mlink-builtin-bitcode -Xclang $clc/amdgcn--amdhsa.bc \
      -c -o "$out.o" && read_notes "$out.o"
    ;;
  sm*)
    compile "$2" -target nvptx64--nvidiacl -Xclang -cl-ext=+cl_khr_fp16 -Xclang -target-cpu -Xclang "sm_${1#sm}" -Xclang -mlink-builtin-bitcode \
      -Xclang $clc/nvptx64--nvidiacl.bc -S -o "$out.ptx" || return
    if [ -n "$ptxas" ]; then
      "$ptxas" -v "-arch=sm_${1#sm}" "$out.ptx" -o "$out.cubin" >"$out.said" 2>&1 || {
        cat "$out.said" >>"$scratch/log"
        return 1
      }
      read_ptxas "$out.said"
    else
      sed -n 's/^[.a-z ]*\.entry \([a-z_0-9]*\).*/\1 - 0 0/p' "$out.ptx"
    fi
    ;;
  spirv)
    compile "$2" -target spir64-unknown-unknown -O0 -emit-llvm -c -o "$out.bc" &&
      llvm-spirv-14 "$out.bc" -o "$out.spv" 2>>"$scratch/log" && spirv-val "$out.spv" >>"$scratch/log" 2>&1 &&
      sed -n 's/^__kernel void \([a-z_0-9]*\)(.*/\1 ok 0 0/p' "$programs/$2.cl"
    ;;
  esac
}

# The tile as its options say it: 8x1x4, vec4, or nothing; and the storage.
variant_of()
{
  tr ' ' '\n' <"$programs/$1.options" | awk -F= '
    { o[$1] = $2 }
    END {
      tile = "-DTM" in o ? o["-DTM"] "x" o["-DTN"] "x" o["-DV"] : "-DV" in o ? "vec" o["-DV"] : "-"
      print tile, o["-DHALF"] ? "fp16" : "fp32"
    }'
}

# Targets that a tool does not know are left out in sight.
known=
for target in $targets; do
  case $target in
  gfx*) echo | $clang -x cl -target amdgcn-amd-amdhsa "-mcpu=$target" -nogpulib -c -o /dev/null - 2>"$scratch/log" ;;
  spirv) command -v llvm-spirv-14 >"$scratch/log" && command -v spirv-val >>"$scratch/log" ;;
  esac
  if [ $? -eq 0 ]; then
    known="$known $target"
  else
    echo "SKIPPED: $target, which the tools here do not know"
  fi
done
targets=$known

failures=0
count=0
: >"$scratch/all"
for path in "$programs"/*.cl; do
  program=$(basename "$path" .cl)
  count=$((count + 1))
  for target in $targets; do
    : >"$scratch/log"
    if compile_for "$target" "$program" >"$scratch/rows"; then
      sed "s/^/$(variant_of "$program") $target /" "$scratch/rows" >>"$scratch/all"
    else
      failures=$((failures + 1))
      echo "FAILED: $target does not take program $program ($(cat "$programs/$program.options"))"
      head -n 3 "$scratch/log" | sed 's/^/    /'
    fi
  done
done

# all: TILE STORAGE TARGET KERNEL REGISTERS SPILLS LOCAL
awk -v targets="$targets" '
  {
    row = $4 " | " $1 " | " $2
    rows[row]
    at = row SUBSEP $3
    seen[at]
    if (!(at in most) || $5 + 0 > most[at] + 0) most[at] = $5
    if ($6 > spilled[at]) spilled[at] = $6
    if ($7 > held[at]) held[at] = $7
  }
  END {
    n = split(targets, target, " ")
    printf "| kernel | tile | storage |"
    for (i = 1; i <= n; i++) printf " %s |", target[i]
    printf "\n|---|---|---|"
    for (i = 1; i <= n; i++) printf "---|"
    printf "\n"
    for (row in rows) {
      line = "| " row " |"
      for (i = 1; i <= n; i++) {
        at = row SUBSEP target[i]
        cell = at in seen ? most[at] : ""
        if (spilled[at]) cell = cell ", " spilled[at] " spilled"
        if (held[at]) cell = cell ", " held[at] " B local"
        line = line " " cell " |"
      }
      print line | "sort"
    }
  }' "$scratch/all"
spills=$(awk '$6 > 0 && $4 !~ /_plain$/' "$scratch/all" | sort -u)
if [ -n "$spills" ]; then
  echo "FAILED: these spill: tile, storage, target, kernel, registers, spills, local memory"
  echo "$spills" | sed 's/^/    /'
  failures=$((failures + 1))
fi
echo "$count programs, $failures failures"
[ "$failures" -eq 0 ]
