#!/bin/sh
# The programs that tests need beside Python: installed by apt when root, otherwise named.
set -eu

purpose=${1:-tests} # tests, or bench, which needs more

missing=""
need() { # need PACKAGES COMMAND…: the packages are missing when the command fails
    packages=$1
    shift
    "$@" >/dev/null 2>&1 || missing="$missing $packages"
}

chromium_present() { command -v chromium || command -v chromium-browser || command -v google-chrome; }
office_present() { command -v soffice || command -v libreoffice; }
fonts_present() { fc-list 2>/dev/null | grep -qi 'noto.*cjk'; }
dovecot_present() { command -v dovecot || ls /usr/sbin/dovecot; }
postgresql_present() { ls /usr/lib/postgresql/*/bin/initdb || command -v initdb; }

look() {
    missing=""
    need chromium chromium_present
    need "libreoffice-writer-nogui libreoffice-calc-nogui" office_present
    need "fontconfig fonts-noto-cjk" fonts_present
    need poppler-utils command -v pdftotext
    need postgresql postgresql_present
    need dovecot-imapd dovecot_present
    if [ "$purpose" = bench ]; then need faketime command -v faketime; fi
}

look
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing what tests need besides Python:$missing …"
    apt-get update -qq || true
    # One by one: a package that this system does not have keeps no other from being installed.
    for package in $missing; do
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null || true
    done
    look
    [ -z "$missing" ] && exit 0
fi
echo "Tests need programs that are not here. Install them, then run make again (Debian, Ubuntu: sudo apt-get install$missing; elsewhere install Chromium, LibreOffice, the Noto CJK fonts, poppler, PostgreSQL and Dovecot)." >&2
exit 1
