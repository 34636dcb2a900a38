#!/bin/sh
# Makes the Python environment named as $1 and puts uv into it: the part of the set-up that works without uv.
set -eu
venv=$1
python=${PYTHON:-python3}

if ! command -v "$python" >/dev/null 2>&1; then
    echo "Zhengji needs Python 3.11 or newer, and there is no program \"$python\" here. Install it (Debian, Ubuntu: apt-get install python3 python3-venv), or name another: make run PYTHON=/path/to/python3.12" >&2
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "Zhengji needs Python 3.11 or newer; \"$python\" is $("$python" -c 'import platform; print(platform.python_version())'). Name a newer one: make run PYTHON=/path/to/python3.12" >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    package=python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing $package, which Debian keeps apart from Python …"
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null
    else
        echo "This Python cannot make environments because its venv module is missing. Install it (Debian, Ubuntu: sudo apt-get install $package), then run make again." >&2
        exit 1
    fi
fi

echo "Making $venv with $("$python" --version) …"
"$python" -m venv --clear "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-setup.txt
