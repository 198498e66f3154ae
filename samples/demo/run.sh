#!/bin/sh
# run.sh - the main job once: draws a street seen by two cameras, and finds out who passed both of them.
#
#   samples/demo/run.sh BUILD_FOLDER [FOLDER [SEED]]
#
# BUILD_FOLDER is where the project was built. FOLDER (BUILD_FOLDER/demo) receives the footage, and in FOLDER/found what was
# found in it. Another SEED is another street.
set -eu

if [ $# -lt 1 ] || [ $# -gt 3 ]; then
  echo "usage: run.sh BUILD_FOLDER [FOLDER [SEED]]" >&2
  exit 2
fi
programs=$1/samples
folder=${2:-$1/demo}
seed=${3:-4}
weights=$(dirname "$0")/../street/han-small-street.safetensors

mkdir -p "$folder"
echo "Two cameras film a street ..."
"$programs/clreid-street" --out "$folder" --seed "$seed"
echo "... and who passed both of them is found by the looks of the boxes of a detector."
"$programs/clreid-video" --weights "$weights" --out "$folder/found" \
  --video "$folder/camera1.mp4" --boxes "$folder/camera1.det.txt" --truth "$folder/camera1.gt.txt" \
  --video "$folder/camera2.mp4" --boxes "$folder/camera2.det.txt" --truth "$folder/camera2.gt.txt"
echo "To look at: $folder/found/identities.png, still.png, camera1.mp4 and camera2.mp4 beside it."
