# shellcheck shell=bash disable=SC2154
# Sourced by the scripts, with $root set: finds a Python and keeps virtual environments up to date.

. "$root/scripts/lib/say.sh"

# find_python COMMAND...: prints the first of these commands that runs and is Python 3.11 or newer.
find_python() {
    local command
    for command in "$@"; do
        # A version manager may leave a command in PATH that only says that it is not installed.
        if "$command" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s\n' "$command"
            return
        fi
    done
    return 1
}

# ensure_venv FOLDER PYTHON PIP_ARGUMENT...: makes the environment and installs into it, unless the
# same was installed since setup.cfg last changed.
ensure_venv() {
    local folder=$1 python=$2 what=${*:3} stamp
    shift 2
    stamp=$folder/.installed-${what//[^a-z]/}
    [ ! "$stamp" -nt "$root/setup.cfg" ] || ! find_python "$folder/bin/python" >/dev/null || return 0
    printf 'Installing into %s …\n' "${folder#"$root/"}" >&2
    # An environment whose making was interrupted has a Python and no pip.
    if ! find_python "$folder/bin/python" >/dev/null || ! "$folder/bin/python" -c 'import pip' 2>/dev/null; then
        "$python" -m venv --clear "$folder" >&2 || {
            say_error "$python cannot make virtual environments; on Debian: apt-get install python3-venv"
            return 1
        }
    fi
    # From the root, because the arguments may hold "." for the package itself.
    (cd "$root" && "$folder/bin/python" -m pip --disable-pip-version-check install --quiet "$@" </dev/null) || {
        say_error "pip could not install into ${folder#"$root/"}"
        return 1
    }
    touch "$stamp"
}

# ensure_main_venv PIP_ARGUMENT...: the same for .venv, with the machine's first suitable Python.
ensure_main_venv() {
    local python
    python=$(find_python python3 python3.13 python3.12 python3.11) || {
        say_error "Python 3.11 or newer is needed, and none was found"
        return 1
    }
    ensure_venv "$root/.venv" "$python" "$@"
}
