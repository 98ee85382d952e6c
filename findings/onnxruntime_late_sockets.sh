#!/bin/sh
# One would guess: importing an inference library opens no socket; if it did, a trace of the
# import would show it, or the library's disable_telemetry_events(), called at once, would stop it.
# What happens: `import onnxruntime` alone, without any session, starts a thread that looks up its
# maker about ten seconds later. A trace that ends sooner shows nothing (a random device id and a
# database are in the home folder by then); disable_telemetry_events() does not stop the look-up.
# Where `CI` is set to anything but "false" it keeps still, so that a trace in CI proves nothing.
# Only ORT_DISABLE_TELEMETRY=1, set before the import, ends it. 1.28 and before: nothing.
# Seen with: onnxruntime 1.29.0 and 1.32.0, Python 3.11, Debian 12, x86-64.
# Needs strace and unshare. All of it runs in a network namespace without a network: what is
# counted are attempts, and nothing leaves the machine.
set -eu
python=${PYTHON:-python3}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
cd "$dir"
"$python" -m venv venv
venv/bin/pip install -q --disable-pip-version-check onnxruntime==1.32.0
venv/bin/pip list --disable-pip-version-check 2>/dev/null | grep -i onnxruntime

# trace NAME CODE VARIABLES...: with an empty home and no other variables.
trace() {
	name=$1 code=$2
	shift 2
	mkdir "home-$name"
	env -i PATH="$PATH" HOME="$dir/home-$name" "$@" unshare -rn \
		strace -f -qq -e trace=network -o "$name.trace" venv/bin/python -c "$code"
}
attempts() { grep -c 'connect(.*AF_INET' "$1.trace" || :; }
written() { find "home-$1" -type f | wc -l; }

wait='import time; time.sleep(20)'
trace short 'import onnxruntime'
trace long "import onnxruntime; $wait" &
trace asked "import onnxruntime; onnxruntime.disable_telemetry_events(); $wait" &
trace ci "import onnxruntime; $wait" CI=1 &
trace ci_false "import onnxruntime; $wait" CI=false &
trace off "import onnxruntime; $wait" ORT_DISABLE_TELEMETRY=1 &
wait
for name in short long asked ci ci_false off; do
	echo "$name: $(attempts $name) attempts to connect, $(written $name) files left in the home folder"
done

for name in long asked ci_false; do
	[ "$(attempts $name)" -gt 0 ] || { echo "$name keeps still now" >&2; exit 1; }
done
[ "$(attempts short)" = 0 ] && [ "$(written short)" -gt 0 ] || { echo "the import alone acts otherwise" >&2; exit 1; }
for name in ci off; do
	[ "$(attempts $name)" = 0 ] && [ "$(written $name)" = 0 ] || { echo "$name is heeded no more" >&2; exit 1; }
done
