#!/bin/sh
# A disk image for macOS. Not tested yet: written without a Mac at hand.
#
#   pip install -e '.[training,dev]'
#   python resources/packaging/package.py --only bundle        ->  dist/Mien.app
#   sh resources/packaging/macos/make_dmg.sh [IDENTITY]        ->  dist/mien-VERSION-macos-ARCH.dmg
#
# IDENTITY, a "Developer ID Application: ..." of the keychain, signs it for other computers; without
# one the signature is ad hoc, and on other computers the app must be opened by right-click, Open.
# With NOTARY_PROFILE (of `xcrun notarytool store-credentials`) the image is notarised too.
set -eu

root=$(cd "$(dirname "$0")/../../.." && pwd)
identity=${1:--}
app=$root/dist/Mien.app
[ "$(uname -s)" = Darwin ] || { echo "A disk image is made on macOS." >&2; exit 1; }
[ -d "$app" ] || { echo "There is no $app; run package.py --only bundle first." >&2; exit 1; }
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/pyproject.toml")
image=$root/dist/mien-$version-macos-$(uname -m).dmg

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
ditto "$app" "$stage/Mien.app"
ln -s /Applications "$stage/Applications"
cp "$root/LICENSE" "$stage/Licence.txt"

# torch makes code while it runs, and its libraries are signed by nobody we know.
cat >"$stage/entitlements.plist" <<'END'
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>com.apple.security.cs.allow-unsigned-executable-memory</key><true/>
	<key>com.apple.security.cs.disable-library-validation</key><true/>
</dict>
</plist>
END
codesign --force --deep --timestamp=none --options runtime \
	--entitlements "$stage/entitlements.plist" --sign "$identity" "$stage/Mien.app"
rm "$stage/entitlements.plist"
codesign --verify --deep --strict "$stage/Mien.app"

rm -f "$image"
hdiutil create -volname "Mien $version" -srcfolder "$stage" -fs HFS+ -format ULMO "$image"
if [ "$identity" != - ]; then
	codesign --sign "$identity" "$image"
	if [ -n "${NOTARY_PROFILE:-}" ]; then
		xcrun notarytool submit "$image" --keychain-profile "$NOTARY_PROFILE" --wait
		xcrun stapler staple "$image"
	fi
fi
(cd "$root/dist" && shasum -a 256 "$(basename "$image")")
