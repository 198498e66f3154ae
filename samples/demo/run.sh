#!/bin/sh
# run.sh - the main job once, on pictures with a known answer: makes pictures and random weights, embeds, matches, and says
# which pictures match and how many of them are right.
#
#   samples/demo/run.sh BUILD_FOLDER [FOLDER] [NETWORK]
#
# BUILD_FOLDER is where the project was built; pictures, weights and features go to FOLDER (BUILD_FOLDER/demo).
set -eu

if [ $# -lt 1 ] || [ $# -gt 3 ]; then
  echo "usage: run.sh BUILD_FOLDER [FOLDER] [NETWORK]" >&2
  exit 2
fi
clreid=$1/samples/clreid
pictures=$1/samples/clreid-demo-pictures
folder=${2:-$1/demo}
network=${3:-rga-sc}

mkdir -p "$folder"
"$pictures" "$folder"
echo "Weights: random, as no trained ones ship. They can tell altered copies of a picture from other pictures, no more."
"$clreid" weights --network "$network" --seed 1 --out "$folder/weights.safetensors"
"$clreid" embed --weights "$folder/weights.safetensors" --out "$folder/query.npy" "$folder"/query/*
"$clreid" embed --weights "$folder/weights.safetensors" --out "$folder/gallery.npy" "$folder"/gallery/*

# Rows to names: row k of a file is the k-th picture of the folder, in the order that the shell gave them above. A picture
# of person 7 is called p07...; the copies are taken for those of another camera.
camera=0
for side in query gallery; do
  (cd "$folder/$side" && printf '%s\n' *) > "$folder/$side.txt"
  printf '%s\n' "$folder/$side"/* > "$folder/$side.paths"
  (echo pid,camid && sed "s/^p\([0-9]*\).*/\1,$camera/" "$folder/$side.txt") > "$folder/$side.csv"
  camera=1
done
set -- --query "$folder/query.npy" --query-labels "$folder/query.csv" \
  --gallery "$folder/gallery.npy" --gallery-labels "$folder/gallery.csv"
"$clreid" match "$@" --top 4 --sheet "$folder/sheet.png" \
  --query-pictures "$folder/query.paths" --gallery-pictures "$folder/gallery.paths" > "$folder/matches.txt"
awk -v queries="$folder/query.txt" -v gallery="$folder/gallery.txt" '
  BEGIN {
    while ((getline name < queries) > 0) query_name[q++] = name
    while ((getline name < gallery) > 0) gallery_name[g++] = name
  }
  NR > 1 {
    person = substr(query_name[$1], 1, 3)
    right = substr(gallery_name[$3], 1, 3) == person
    if ($2 == 1) {
      printf "%s%s:", (NR > 2 ? "\n" : ""), query_name[$1]
      first += right
    }
    printf "  %s%s %.2g", gallery_name[$3], (right ? "" : " (wrong)"), $4
    among += right
    all++
  }
  END {
    printf "\n%d of %d pictures find a copy of themselves first; %d of the %d copies are among the first 4.\n",
      first, q, among, all
    if (first < q) exit 1
  }' "$folder/matches.txt"
echo "How well, as re-identification is judged; a drawing of it is $folder/sheet.png."
"$clreid" evaluate "$@"
