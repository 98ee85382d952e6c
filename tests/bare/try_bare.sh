#!/bin/sh
# The README's commands in Debians that have nothing: `make run` and `make test` with the Python
# that each brings (trixie 3.13, forky 3.14), as someone who has just cloned the project.
#
#   sudo sh tests/bare/try_bare.sh [WORK]      needs root, debootstrap, git and a Debian mirror
#
# WORK (default: a folder of its own below /var/tmp, removed at the end) takes some 9 GB a Debian:
# torch comes with CUDA there. With WORK given, roots and downloads stay for the next time, and
# REUSE=1 keeps what was installed in .venv. SUITES="trixie forky" says which Debians, ONLY=run or
# ONLY=test tries one of the commands, TESTS="tests/engine" a part of the tests. What is committed
# is tried.
# PYTHON is the Python of this checkout (default .venv/bin/python): the same photo filled by it and
# by each Debian's may differ by one grey level at most. Both calculate with THREADS=1 threads: more
# add up in another order (two move 0.03 % of the sample's bytes, by three levels at most).
set -eu

project=$(cd "$(dirname "$0")/../.." && pwd)
work=${1:-} suites=${SUITES:-trixie forky} mirror=${MIRROR:-http://deb.debian.org/debian}
python=${PYTHON:-$project/.venv/bin/python}

die() {
	echo "try-bare: $*" >&2
	exit 1
}
step() { echo "== $(date +%H:%M:%S) $*"; }

[ "$(id -u)" = 0 ] || die "run it as root: it makes roots of its own."
for each in debootstrap git; do
	command -v $each >/dev/null || die "$each is missing: apt-get install $each"
done
[ -x "$python" ] || die "no $python to compare with: make setup first, or name one with PYTHON="

# What `make test` asks beyond it: the editor's libraries, a virtual screen, and someone's hand.
for_tests="libegl1 libxkbcommon-x11-0 libdbus-1-3 libfontconfig1 libxcb-cursor0 libxcb-icccm4
	libxcb-keysyms1 libxcb-shape0 libxcb-image0 libxcb-render-util0 libxcb-xinerama0 libxcb-randr0
	xvfb xauth xdotool fonts-noto-cjk"

made=
if [ -z "$work" ]; then
	work=$(mktemp -d /var/tmp/mien-bare.XXXXXX)
	made=$work
fi
mkdir -p "$work/pip"
work=$(cd "$work" && pwd)
root=
release() {
	[ -n "$root" ] || return 0
	for each in home/someone/.cache/pip dev/shm dev/pts dev proc; do
		! mountpoint -q "$root/$each" || umount -l "$root/$each"
	done
}
end() {
	release
	[ -z "$made" ] || rm -rf "$made"
}
trap end EXIT
trap 'exit 130' INT TERM

as_root() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
	LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
# Without a display and without the caller's settings: only what the Debian itself says.
as_user() { chroot --userspec=1000:1000 "$root" /usr/bin/env -i PATH=/usr/bin:/bin \
	HOME=/home/someone USER=someone LANG=C.UTF-8 OMP_NUM_THREADS="${THREADS:-1}" \
	sh -c "cd /home/someone/mien && $1"; }

# enter SUITE: its root made where there is none, and what a running system has mounted.
enter() {
	root=$work/$1
	if [ ! -e "$root/made" ]; then
		step "$1: a bare Debian"
		# A debootstrap older than the suite has no script for it; all of them are sid's.
		script=/usr/share/debootstrap/scripts/$1
		[ -e "$script" ] || script=/usr/share/debootstrap/scripts/sid
		debootstrap --variant=minbase "$1" "$root" "$mirror" "$script" >"$work/$1-debootstrap.log" 2>&1 ||
			die "debootstrap failed: $work/$1-debootstrap.log"
		touch "$root/made"
	fi
	mount -t proc proc "$root/proc"
	mount --bind /dev "$root/dev"
	mount --bind /dev/pts "$root/dev/pts"
	mount -t tmpfs tmpfs "$root/dev/shm"
	cp /etc/resolv.conf "$root/etc/resolv.conf"
	# Behind a proxy apt needs the host's settings, and pip its certificates.
	for each in /etc/apt/apt.conf.d/*proxy* /etc/apt/apt.conf; do
		[ ! -f "$each" ] || cp "$each" "$root/etc/apt/apt.conf.d/"
	done
	# A mirror that is a snapshot serves testing past its date; it is signed all the same.
	echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/99snapshot"
	mkdir -p "$root/usr/local/share/ca-certificates"
	for each in /usr/local/share/ca-certificates/*.crt; do
		[ ! -f "$each" ] || cp "$each" "$root/usr/local/share/ca-certificates/"
	done
	grep -q '^someone:' "$root/etc/passwd" || as_root useradd -u 1000 -m someone
	mkdir -p "$root/home/someone/.cache/pip"
	chown 1000:1000 "$work/pip" "$root/home/someone/.cache" "$root/home/someone/.cache/pip"
	mount --bind "$work/pip" "$root/home/someone/.cache/pip"
}

# need SUITE PACKAGE...: Debian's packages that are asked of the user.
need() {
	name=$1
	shift
	as_root apt-get -qq update
	as_root apt-get -qq install --no-install-recommends ca-certificates "$@" \
		>"$work/$name-apt.log" 2>&1 || die "apt-get failed: $work/$name-apt.log"
	as_root update-ca-certificates >/dev/null 2>&1
}

try() {
	enter "$1"
	step "$1: what the README asks for, and the clone"
	asked=$(sed -n 's/.*apt-get install \(git make [^`]*\)`.*/\1/p' "$project/README.md")
	[ -n "$asked" ] || die "the README no longer says what a Debian without a desktop needs"
	# shellcheck disable=SC2086
	need "$1" $asked
	clone=$root/home/someone/mien
	rm -rf "$work/venv"
	[ -z "${REUSE:-}" ] || [ ! -e "$clone/.venv" ] || mv "$clone/.venv" "$work/venv"
	rm -rf "$clone"
	git clone --quiet --depth 1 "file://$project" "$clone"
	[ ! -e "$work/venv" ] || mv "$work/venv" "$clone/.venv"
	chown -R 1000:1000 "$clone"
	[ "${ONLY:-run}" != run ] || the_run "$1"
	[ "${ONLY:-test}" != test ] || the_test "$1"
}

the_run() {
	step "$1: make run, $(as_user "python3 --version")"
	as_user "make run" >"$work/$1-run.log" 2>&1 || die "make run failed: $work/$1-run.log"
	cp "$clone/mien-sample.png" "$work/$1.png"
	"$python" "$project/tests/bare/compare_fills.py" "$work/here.png" "$work/$1.png" ||
		die "the fill of $1 differs"
}

the_test() {
	step "$1: make test"
	# shellcheck disable=SC2086
	need "$1" $for_tests
	as_user "make setup" >"$work/$1-setup.log" 2>&1 || die "make setup failed: $work/$1-setup.log"
	as_user ".venv/bin/pip check" || die "packages of $1 do not fit together"
	as_user "make test PYTEST_ADDOPTS='${TESTS:-}'" >"$work/$1-test.log" 2>&1 ||
		die "make test failed: $(tail -1 "$work/$1-test.log"); $work/$1-test.log"
	step "$1: $(tail -1 "$work/$1-test.log")"
}

if [ "${ONLY:-run}" = run ]; then
	step "the fill to compare with, by $("$python" --version)"
	(cd "$project" && OMP_NUM_THREADS="${THREADS:-1}" "$python" main.py inpaint \
		resources/samples/portrait.jpg --mask resources/samples/portrait-mask.png \
		-o "$work/here.png" --overwrite >"$work/here.log" 2>&1) || die "the fill failed: $work/here.log"
fi
for suite in $suites; do
	try "$suite"
	release
done
if [ "${ONLY:-run}" = run ]; then
	step "all fills beside each other"
	set --
	for suite in $suites; do set -- "$@" "$work/$suite.png"; done
	"$python" "$project/tests/bare/compare_fills.py" "$work/here.png" "$@" || die "the fills differ"
fi
step "all went well"
