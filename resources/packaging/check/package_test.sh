#!/bin/sh
# `make package-test`: the installers in a Debian that has nothing, as a new user meets them.
#
#   sudo sh package_test.sh DIST [WORK]      needs root, debootstrap and a Debian mirror
#
# In WORK (default: a folder of its own below /var/tmp, removed at the end) a root without Python:
#   .deb   install with its dependencies, doctor, a fill, a batch of three, the editor on a virtual
#          screen with a picture of it, a fine-tune of a minute, remove; nothing of it is left
#   .run   the same as an ordinary user without root
# Every program runs under strace: no socket but the display's, nothing written outside the user's
# folders. ONLY=deb or ONLY=run tries one of them. KEEP=1 keeps WORK; SCREENSHOTS=DIR is where the pictures go (default: DIST).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
dist=$(cd "${1:?the folder with the .deb and the .run}" && pwd)
work=${2:-}
suite=${SUITE:-bookworm} mirror=${MIRROR:-http://deb.debian.org/debian}
pictures=${SCREENSHOTS:-$dist} python=${PYTHON:-python3}

die() {
	echo "package-test: $*" >&2
	exit 1
}
step() { echo "== $*"; }

[ "$(id -u)" = 0 ] || die "run it as root: it makes a root of its own to install in."
command -v debootstrap >/dev/null || die "debootstrap is missing: apt-get install debootstrap"
deb=$(ls "$dist"/mien_*_amd64.deb) && run=$(ls "$dist"/mien-*-linux-x86_64.run) ||
	die "no .deb and .run in $dist; make package first"
(cd "$dist" && sha256sum --quiet -c SHA256SUMS) || die "the checksums do not fit"

made=
if [ -z "$work" ]; then
	work=$(mktemp -d /var/tmp/mien-test.XXXXXX)
	made=$work
fi
root=$work/root
end() {
	for each in proc dev/pts dev/shm dev; do
		! mountpoint -q "$root/$each" || umount -l "$root/$each"
	done
	[ -z "$made" ] || [ -n "${KEEP:-}" ] || rm -rf "$made"
}
trap end EXIT
trap 'exit 130' INT TERM

if [ ! -x "$root/bin/sh" ]; then
	step "a bare Debian ($suite)"
	debootstrap --variant=minbase "$suite" "$root" "$mirror" >"$work/debootstrap.log" 2>&1 ||
		die "debootstrap failed: $work/debootstrap.log"
fi
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount -t devpts devpts "$root/dev/pts" 2>/dev/null || :
mount -t tmpfs tmpfs "$root/dev/shm"
cp /etc/resolv.conf "$root/etc/resolv.conf"
# Behind a proxy apt needs the host's settings.
for each in /etc/apt/apt.conf.d/*proxy* /etc/apt/apt.conf; do
	[ ! -f "$each" ] || cp "$each" "$root/etc/apt/apt.conf.d/"
done

as_root() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
	LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
# `env -i` also takes away `CI` and its like: libraries hold their telemetry back where those are
# set, so that a trace with them would see no socket at an inspector's and some at every user's.
as_user() { chroot --userspec=1000:1000 "$root" /usr/bin/env -i PATH=/usr/bin:/bin \
	HOME=/home/someone USER=someone LANG=C.UTF-8 OMP_NUM_THREADS="${THREADS:-1}" "$@"; }

step "what the test itself needs: a virtual screen, strace"
as_root apt-get -qq update
as_root apt-get -qq install --no-install-recommends xvfb xdotool x11-utils x11-apps strace procps fonts-dejavu-core \
	>"$work/apt.log" 2>&1 || die "apt-get failed: $work/apt.log"
! as_root sh -c 'command -v python3 python' || die "there is a Python in the bare root"
grep -q '^someone:' "$root/etc/passwd" || as_root useradd -u 1000 -m someone
material=$root/home/someone/material
rm -rf "$material"
"$python" "$here/make_photos.py" "$material"
chown -R 1000:1000 "$material"

# A picture of everything that is not the user's, to be compared after removing.
census() {
	(cd "$root" && find . -xdev \( -path ./proc -o -path ./dev -o -path ./home -o -path ./tmp \
		-o -path ./var/lib/dpkg -o -path ./var/lib/apt -o -path ./var/cache -o -path ./var/log \) \
		-prune -o -print | sort)
}

calls=socket,connect,bind,openat,creat,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat

# traced NAME COMMAND...: as the user, every socket and every file opened to write written down.
traced() {
	what=$1
	shift
	trace=home/someone/$what.trace code=0
	as_user strace -f -qq --seccomp-bpf -e "trace=$calls" -o "/$trace" "$@" || code=$?
	[ $code = 0 ] || die "$what ended with $code"
	"$python" "$here/read_trace.py" "$root/$trace" --home /home/someone >"$work/$what-offences.txt" ||
		die "$what: $(head -3 "$work/$what-offences.txt")"
	rm "$root/$trace"
}

# use PROGRAM NAME: all a new user does.
use() {
	program=$1 name=$2 home=/home/someone
	step "$name: doctor, version, manual"
	traced doctor "$program" doctor >"$work/$name-doctor.txt"
	grep -q "^mien: [0-9]" "$work/$name-doctor.txt" || die "doctor does not tell its version"
	! grep -q "not installed" "$work/$name-doctor.txt" || die "doctor misses a package"
	[ "$(as_user "$program" --version | cut -c 1-5)" = "Mien " ] || die "no version"
	step "$name: a fill, and a batch of three"
	traced inpaint "$program" inpaint $home/material/photo.jpg --mask $home/material/mask.png \
		-o $home/filled.png --json >"$work/$name-inpaint.json"
	grep -q '"kind": "face"' "$work/$name-inpaint.json" || die "the fill found no face"
	traced batch "$program" batch $home/material/photos --masks $home/material/masks \
		-o $home/batch >"$work/$name-batch.txt"
	[ "$(find "$root$home/batch" -type f -name '*.jpg' | wc -l)" = 3 ] || die "the batch is not three"
	step "$name: without a display the editor says so"
	if as_user "$program" $home/material/photo.jpg 2>"$work/$name-screenless.txt"; then
		die "no display was no failure"
	fi
	[ "$(wc -l <"$work/$name-screenless.txt")" = 1 ] || die "not one sentence: $name-screenless.txt"
	step "$name: the editor on a virtual screen"
	screen "$program" "$name"
	step "$name: a fine-tune of a minute"
	traced finetune "$program" train finetune $home/material/faces --minutes 1 --name mine \
		--run $home/run </dev/null >"$work/$name-finetune.txt"
	grep -q "The model 'mine' is installed" "$work/$name-finetune.txt" || die "nothing was learnt"
	as_user "$program" inpaint $home/material/photo.jpg --mask $home/material/mask.png \
		-o $home/mine.png --model mine >>"$work/$name-finetune.txt"
}

screen() {
	program=$1 name=$2
	# It takes a display that is free, and writes down which.
	rm -f "$work/display.txt"
	as_user Xvfb -displayfd 1 -screen 0 1600x1000x24 -nolisten tcp >"$work/display.txt" 2>"$work/xvfb.log" &
	xvfb=$!
	tries=0
	until grep -qs "[0-9]" "$work/display.txt"; do
		tries=$((tries + 1))
		[ $tries -lt 30 ] || die "no virtual screen: $work/xvfb.log"
		sleep 1
	done
	display=:$(tr -d "\n" <"$work/display.txt")
	traced editor env DISPLAY=$display "$program" /home/someone/material/photo.jpg \
		>"$work/$name-editor.txt" 2>&1 &
	editor=$!
	tries=0
	until window=$(as_user env DISPLAY=$display xdotool search --onlyvisible --class '^mien$'); do
		tries=$((tries + 1))
		[ $tries -lt 300 ] || die "no window: $work/$name-editor.txt"
		sleep 1
	done
	# The photo opened, the face found; and long enough for a library that asks for its maker only
	# ten seconds after it was imported.
	sleep "${SECONDS_DRAWN:-40}"
	as_user env DISPLAY=$display xwd -root -silent >"$work/$name.xwd"
	as_user env DISPLAY=$display xwininfo -root -tree >"$work/$name-windows.txt"
	"$python" "$here/read_xwd.py" "$work/$name.xwd" "$pictures/package-test-$name.png" ||
		die "the screen is empty"
	window=$(printf '%s\n' "$window" | tail -1)
	as_user env DISPLAY=$display xdotool windowfocus "$window" key ctrl+q
	wait $editor || die "the editor: $(tail -2 "$work/$name-editor.txt")"
	kill $xvfb 2>/dev/null || :
	wait $xvfb 2>/dev/null || :
	! grep -iE "traceback|could not|cannot" "$work/$name-editor.txt" || die "the editor complained"
}

clear_home() {
	find "$root/home/someone" -mindepth 1 -maxdepth 1 ! -name material ! -name '.bash*' \
		! -name .profile -exec rm -rf {} +
}

step "what the program depends on"
clear_home
as_root dpkg -P mien >/dev/null 2>&1 || : # of an earlier test in this root
# What it depends on first, so that the census before it and after it differ by it alone.
needed=$(dpkg-deb -f "$deb" Depends | sed 's/([^)]*)//g; s/|[^,]*//g; s/,/ /g')
# shellcheck disable=SC2086
as_root apt-get -qq install --no-install-recommends $needed >"$work/needed.log" 2>&1 ||
	die "its dependencies cannot be installed: $work/needed.log"
census >"$work/before.txt"

the_deb() {
	step ".deb: install"
	cp "$deb" "$root/tmp/mien.deb"
	as_root apt-get -qq install --no-install-recommends /tmp/mien.deb >"$work/install.log" 2>&1 ||
		die "install failed: $work/install.log"
	! as_root sh -c 'command -v python3 python' || die "the package brought a Python"
	use /usr/bin/mien deb
	step ".deb: remove"
	as_root dpkg -P mien >"$work/remove.log" 2>&1
	census >"$work/after.txt"
	diff "$work/before.txt" "$work/after.txt" || die "something is left, or gone"
}

the_run() {
	step ".run: install as an ordinary user"
	clear_home
	as_user sh -c 'cd && find . | sort' >"$work/home-before.txt"
	cp "$run" "$root/tmp/mien.run"
	as_user sh /tmp/mien.run
	use /home/someone/.local/bin/mien run
	step ".run: remove"
	as_user /home/someone/.local/lib/mien/uninstall
	# The user's own, and fontconfig's and Mesa's, which every program with a window leaves.
	for each in filled.png mine.png batch run .local/share/mien .config/Mien .cache/fontconfig \
		.cache/mesa_shader_cache; do
		rm -rf "$root/home/someone/$each"
	done
	as_user sh -c 'cd && rmdir .config .local/share .local .cache 2>/dev/null; find . | sort' >"$work/home-after.txt"
	diff "$work/home-before.txt" "$work/home-after.txt" || die "something is left in the user's folder"
	census >"$work/after.txt"
	diff "$work/before.txt" "$work/after.txt" || die "something was written outside the user's folder"
}

[ "${ONLY:-deb}" != deb ] || the_deb
[ "${ONLY:-run}" != run ] || the_run
rm -f "$root/tmp/mien.deb" "$root/tmp/mien.run"
echo "package-test: all went well; pictures in $pictures"
