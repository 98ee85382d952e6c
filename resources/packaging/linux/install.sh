#!/bin/sh
# Mien @VERSION@: installs for this user alone, without root and without a network.
#
#   sh mien-@VERSION@-linux-x86_64.run [--prefix DIR] [--check]
#
# Into ~/.local (or DIR): lib/mien, the program; bin/mien; a menu entry, icons, a manual page.
# To remove it: ~/.local/lib/mien/uninstall. An installed Mien is replaced when the new one is whole.
# The program follows as a compressed archive after the last line of this script.
set -eu

version="@VERSION@" digest="@DIGEST@" lines="@LINES@" kilobytes="@KILOBYTES@"
id=org.mien.Mien

fail() {
	echo "$*" >&2
	exit 1
}

usage() {
	echo "Usage: sh $0 [--prefix DIR] [--check]"
	echo "Installs Mien $version into ~/.local, or into DIR; --check only checks this file."
}

prefix=${HOME:-}/.local only_check=
while [ $# -gt 0 ]; do
	case $1 in
	--prefix)
		[ $# -ge 2 ] || fail "--prefix needs a folder."
		prefix=$2
		shift
		;;
	--check) only_check=yes ;;
	-h | --help)
		usage
		exit 0
		;;
	*)
		usage >&2
		exit 2
		;;
	esac
	shift
done
case $prefix in
/.local) fail "HOME is not set; give a folder with --prefix." ;;
/*) ;;
*) prefix=$(pwd)/$prefix ;;
esac

payload() {
	tail -n "+$((lines + 1))" "$0"
}

machine=$(uname -s)-$(uname -m)
[ "$machine" = Linux-x86_64 ] || fail "This Mien is for Linux on x86-64; this computer is $machine."
if command -v sha256sum >/dev/null 2>&1; then
	found=$(payload | sha256sum | cut -d " " -f 1)
	[ "$found" = "$digest" ] || fail "This file is damaged or not complete; download it again."
fi
if [ -n "$only_check" ]; then
	echo "Mien $version: this file is whole."
	exit 0
fi

# Folders that were not there are written down, so that removing leaves none of them.
made=""
folder() {
	[ -d "$1" ] && return
	folder "$(dirname "$1")"
	mkdir "$1" || fail "$1 cannot be made; give a folder of yours with --prefix."
	made="$made$1
"
}

folder "$prefix/lib"
free=$(df -Pk "$prefix/lib" | awk 'NR == 2 { print $4 }')
if [ "$free" -lt "$kilobytes" ]; then
	printf %s "$made" | sort -r | while read -r each; do rmdir "$each"; done
	fail "Mien needs $((kilobytes / 1024)) MB in $prefix; $((free / 1024)) MB are free there."
fi

home=$prefix/lib/mien new=$prefix/lib/.mien-new.$$ old=$prefix/lib/.mien-old.$$
share=$prefix/share
[ ! -e "$home" ] || [ -f "$home/installed" ] ||
	fail "$home is there and is no Mien; move it away or give another folder with --prefix."

leave() { # whatever happened: a whole Mien, the new one or the old one
	rm -rf "$new"
	if [ -e "$old" ] && [ ! -e "$home" ]; then mv "$old" "$home"; fi
	rm -rf "$old"
}
trap leave EXIT
trap 'exit 130' INT TERM HUP
mkdir "$new"
echo "Installing Mien $version into $prefix ..."
payload | gzip -dc | tar -xf - -C "$new" || fail "Mien could not be unpacked into $prefix."
before=""
if [ -f "$home/installed" ]; then
	before=$(cat "$home/installed")
	mv "$home" "$old"
fi
mv "$new" "$home"

# A list of what lies outside the program's folder; folders end in a slash.
list=$home/installed
printf '%s\n' "$before" | grep '/$' >"$list" || :
place() { # FILE TARGET
	folder "$(dirname "$2")"
	cp -P "$1" "$2"
	printf '%s\n' "$2" >>"$list"
}
files=$(cd "$home/share" && find . -type f | sed 's|^\./||')
while read -r each; do
	place "$home/share/$each" "$share/$each"
done <<END
$files
END
# The menu's starter names the program in full: ~/.local/bin is not on everyone's path.
entry=$share/applications/$id.desktop
PROGRAM="$home/mien" awk '
	/^TryExec=/ { next }
	/^Exec=mien/ { print "Exec=\"" ENVIRON["PROGRAM"] "\"" substr($0, 10); next }
	{ print }' "$home/share/applications/$id.desktop" >"$entry"
command=$prefix/bin/mien
if [ ! -e "$command" ] || [ "$(readlink "$command")" = "$home/mien" ]; then
	rm -f "$command"
	ln -s "$home/mien" "$new.link"
	place "$new.link" "$command"
	rm "$new.link"
else
	echo "$command is another program; it was left alone."
fi
printf %s "$made" | sed 's|$|/|' >>"$list"
printf '%s\n' "$before" | grep -v '/$' | while read -r each; do
	grep -Fqx -- "$each" "$list" || rm -f "$each"
done

cat >"$home/uninstall" <<'END'
#!/bin/sh
# Removes this Mien; your own models and trainings, and your settings, stay.
set -eu
home=$(dirname "$(readlink -f "$0")")
list=$(cat "$home/installed")
printf '%s\n' "$list" | grep -v '/$' | while read -r each; do rm -f "$each"; done
rm -rf "$home"
applications=$(dirname "$(dirname "$home")")/share/applications
mime=$(dirname "$applications")/mime
if ls "$mime"/packages/*.xml >/dev/null 2>&1; then
	update-mime-database "$mime" 2>/dev/null || :
else # what update-mime-database wrote of our type alone; it leaves its files when no type is left
	rm -f "$mime/application/x-mien-session.xml" "$mime/mime.cache" "$mime/version"
	for each in XMLnamespaces aliases generic-icons globs globs2 icons magic subclasses treemagic types; do
		rm -f "$mime/$each"
	done
	rmdir "$mime/application" 2>/dev/null || :
fi
if ! ls "$applications"/*.desktop >/dev/null 2>&1; then
	rm -f "$applications/mimeinfo.cache"
elif command -v update-desktop-database >/dev/null 2>&1; then
	update-desktop-database -q "$applications" 2>/dev/null || :
fi
printf '%s\n' "$list" | grep '/$' | sort -ru | while read -r each; do
	rmdir "$each" 2>/dev/null || :
done
echo "Mien is removed. Your own models and settings, if you made any, are in"
echo "  ${XDG_DATA_HOME:-$HOME/.local/share}/mien"
echo "  ${XDG_CONFIG_HOME:-$HOME/.config}/Mien"
END
chmod 755 "$home/uninstall"
if command -v update-desktop-database >/dev/null 2>&1; then
	update-desktop-database -q "$share/applications" 2>/dev/null || :
fi
if command -v update-mime-database >/dev/null 2>&1; then
	update-mime-database "$share/mime" 2>/dev/null || :
fi

echo "Mien is in your menu of programs."
case :${PATH:-}: in
*:"$prefix/bin":*) echo "In a terminal: mien" ;;
*) echo "In a terminal: $command" ;;
esac
echo "To remove it: $home/uninstall"
exit 0
