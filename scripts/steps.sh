# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What ./run and ./test share: installing packages, configuring, and steps whose output goes to a
# log that is shown only when they fail. Sourced; `root` is the folder of the repository.

: "${root:?}"
logs="$root/build/logs"
jobs="${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}"

say() { printf '%s\n' "$*" >&2; }

# step NAME COMMAND...: runs the command without input. A terminal sees the last line of the log.
step() {
  local name="$1" log="$logs/${1// /-}.log" started=$SECONDS code=0
  shift
  mkdir -p "$logs"
  if [[ -t 2 ]]; then
    "$@" >"$log" 2>&1 </dev/null &
    watch_step "$name" "$log" $! || code=$?
  else
    "$@" >"$log" 2>&1 </dev/null || code=$?
  fi
  step_seconds=$((SECONDS - started))
  if ((code != 0)); then
    say "$name: failed after $step_seconds s. From $log:"
    log_excerpt "$log" >&2
  fi
  return "$code"
}

watch_step() {
  local name="$1" log="$2" pid="$3" started=$SECONDS line code=0
  trap 'kill "$pid" 2>/dev/null; wait "$pid"; printf "\n" >&2; exit 130' INT TERM
  while kill -0 "$pid" 2>/dev/null; do
    line="$name, $((SECONDS - started)) s: $(tail -c 400 "$log" | tr -d '\r' | tail -n 1)"
    printf '\r\033[K%s' "${line:0:$(($(tput cols 2>/dev/null || echo 80) - 1))}" >&2
    sleep 0.3
  done
  printf '\r\033[K' >&2
  wait "$pid" || code=$?
  trap - INT TERM
  return "$code"
}

# The first line that looks like an error with what follows, and the end.
log_excerpt() {
  local first last
  last=$(wc -l <"$1")
  first=$(grep -nE -m 1 '^FAILED:|error:|Error |^E: |\*\*\*Failed|ERROR: ' "$1") || true
  first=${first%%:*}
  if [[ -z "$first" ]]; then
    tail -n 40 "$1"
  elif ((last - first > 80)); then
    sed -n "$first,$((first + 60))p" "$1"
    printf '...\n'
    tail -n 20 "$1"
  else
    tail -n "+$first" "$1"
  fi | cut -c 1-300
}

# packages SECTION...: the names in these sections of packages.txt.
packages() {
  local section
  for section in "$@"; do
    sed -n "/^\[$section\]/,/^\[/p" "$root/packages.txt" | grep -vE '^(\[|#|$)'
  done
}

# install_packages SECTION...: by apt-get, what is not installed yet; nothing, as a rule.
install_packages() {
  local wanted missing as_root=()
  wanted=$(packages "$@")
  if ! command -v dpkg-query >/dev/null; then
    say "not a Debian system: what packages.txt lists is taken to be installed"
    return 0
  fi
  # shellcheck disable=SC2086  # one argument a name
  missing=$(comm -23 <(sort -u <<<"$wanted") \
    <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null |
      sed -n 's/^installed //p' | sort -u))
  [[ -n "$missing" ]] || return 0
  # shellcheck disable=SC2086
  say "installing:" $missing
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
      # shellcheck disable=SC2086
      say "this needs root, and there is no sudo. As root: apt-get install" $missing
      return 1
    fi
    [[ ! -t 2 ]] || sudo -v
    as_root=(sudo)
  fi
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y
    -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
  # An update that fails is no reason to stop: the lists may be recent enough.
  step "apt-get update" "${apt[@]}" update || true
  # shellcheck disable=SC2086
  step "apt-get install" "${apt[@]}" install --no-install-recommends $missing
}

# configure PRESET FOLDER: unless FOLDER is already configured for it, from this place.
configure() {
  local preset="$1" folder="$root/$2" stamp="$root/$2/preset.stamp"
  if [[ -f "$folder/build.ninja" && "$(cat "$stamp" 2>/dev/null)" == "$preset $root" &&
    ! "$root/CMakePresets.json" -nt "$stamp" ]]; then
    return 0
  fi
  step "configure $preset" cmake --fresh -S "$root" --preset "$preset" || return
  printf '%s' "$preset $root" >"$stamp"
}

# build FOLDER TARGET...
build() {
  local folder="$1"
  shift
  step "$folder" cmake --build "$root/$folder" -j "$jobs" --target "$@"
}
