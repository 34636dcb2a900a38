#!/bin/sh
# The Python environment: `make VENV PYTHON` puts uv into a new one, `fill VENV FILE` installs the locked libraries of FILE
# and the program; `apart VENV FILE UV` makes one with the libraries of FILE alone, with the uv of another.
set -eu

refuse() {
    echo "$1" >&2
    exit 1
}

make_environment() {
    venv=$1
    python=$2
    command -v "$python" >/dev/null 2>&1 ||
        refuse "Zhengji needs Python 3.11 or newer, and there is no program \"$python\" here. Install it (Debian, Ubuntu: apt-get install python3 python3-venv) or name yours: make run PYTHON=/path/to/python3.12"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        refuse "Zhengji needs Python 3.11 or newer; \"$python\" is $("$python" -c 'import platform; print(platform.python_version())'). Name a newer one: make run PYTHON=/path/to/python3.12"
    # Debian keeps the part that makes environments in a package of its own.
    if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
            echo "Installing $package …"
            apt-get update -qq
            DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null
        else
            refuse "This Python cannot make environments: its venv module is missing. Install it (Debian, Ubuntu: sudo apt-get install $package), then run make again."
        fi
    fi
    echo "Making $venv with $("$python" --version) …"
    "$python" -m venv --clear "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-setup.txt ||
        refuse "uv could not be installed. Python packages must be reachable; behind a mirror, name it: make run PIP_INDEX_URL=https://mirror.example/simple"
}

install() { # install UV VENV FILE
    # A mirror that pip was told to use serves uv as well.
    mirror=${PIP_INDEX_URL:-$("$(dirname "$1")/python" -m pip config get global.index-url 2>/dev/null || true)}
    if [ -n "$mirror" ]; then
        export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$mirror}"
    fi
    # Offices often stand behind a proxy whose certificate only the system knows.
    export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"
    echo "Installing the libraries of $3 …"
    "$1" pip install --quiet --python "$2" --require-hashes -r "$3" ||
        refuse "The libraries of $3 could not be installed; the lines above say which and why. Run make again once that is mended."
}

fill_environment() {
    venv=$1
    install "$venv/bin/uv" "$venv" "$2"
    "$venv/bin/uv" pip install --quiet --python "$venv" --no-deps --no-build-isolation --editable .
}

make_apart() {
    "$3" venv --quiet --clear --python "$(dirname "$3")/python" "$1"
    install "$3" "$1" "$2"
}

case "${1:-}" in
make) make_environment "$2" "$3" ;;
fill) fill_environment "$2" "$3" ;;
apart) make_apart "$2" "$3" "$4" ;;
*) refuse "usage: environment.sh make VENV PYTHON | fill VENV FILE | apart VENV FILE UV" ;;
esac
