# check.sh - what tests that are scripts share: a folder that is gone at the end, and checks that are counted. Read by `.`.
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
failures=0

# check "what" COMMAND...: runs COMMAND; the end of its output is shown if it fails.
check()
{
  title=$1
  shift
  if "$@" > "$folder/log" 2>&1; then
    echo "ok    $title"
  else
    echo "FAIL  $title"
    tail -n 40 "$folder/log" | sed 's/^/        /'
    failures=$((failures + 1))
  fi
}
