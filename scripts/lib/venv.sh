# shellcheck shell=bash disable=SC2154
# Sourced by the scripts, with $root set: finds a Python and keeps virtual environments up to date.

. "$root/scripts/lib/say.sh"

# python_fits COMMAND VERSION: whether it runs and is Python VERSION (3.12), or newer (3.11+).
python_fits() {
    "$1" - "$2" <<'PYTHON' >/dev/null 2>&1
import sys
wanted = sys.argv[1]
numbers = tuple(int(part) for part in wanted.rstrip("+").split("."))
here = sys.version_info[:2]
sys.exit(not (here >= numbers if wanted.endswith("+") else here == numbers))
PYTHON
}

# find_python VERSION NAME...: prints the first of these commands, or of pyenv's versions, that fits.
find_python() {
    local version=$1 name path
    shift
    for name in "$@"; do
        # A version manager may leave a command in PATH that only says it is not there.
        if python_fits "$name" "$version"; then
            command -v "$name"
            return 0
        fi
    done
    command -v pyenv >/dev/null 2>&1 || return 1
    while IFS= read -r name; do
        path="$(pyenv root)/versions/$name/bin/python"
        if python_fits "$path" "$version"; then
            printf '%s\n' "$path"
            return 0
        fi
    done < <(pyenv versions --bare 2>/dev/null | grep '^3\.' | sort -rV)
    return 1
}

# requirements NAME...: prints the lines of setup.cfg that require these packages.
requirements() {
    "$root/.venv/bin/python" - "$root/setup.cfg" "$@" <<'PYTHON'
import configparser, re, sys
config = configparser.ConfigParser()
config.read(sys.argv[1], encoding="utf-8")
lines = config["options"]["install_requires"] + config["options.extras_require"]["test"]
found = {re.match(r"[\w.-]+", line)[0]: line for line in lines.split("\n") if line}
print("\n".join(found[name] for name in sys.argv[2:]))
PYTHON
}

# ensure_venv FOLDER PYTHON STAMP PIP_ARGUMENT...: makes the environment and installs into it.
# STAMP names what is installed; nothing is done while setup.cfg and pyproject.toml are as they were
# when the same was last installed.
ensure_venv() {
    local folder=$1 python=$2 stamp="$1/.installed-$3"
    shift 3
    if "$folder/bin/python" -c '' 2>/dev/null &&
        cat "$root/setup.cfg" "$root/pyproject.toml" | cmp -s - "$stamp"; then
        return 0
    fi
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        say_error "$python cannot make virtual environments; on Debian: apt-get install python3-venv"
        return 1
    fi
    printf 'Installing into %s …\n' "${folder#"$root/"}" >&2
    # An environment whose making was interrupted has a python and no pip.
    if ! "$folder/bin/python" -c 'import pip' 2>/dev/null; then
        "$python" -m venv --clear "$folder" || return 1
    fi
    rm -f "$stamp"
    # From the root, because the arguments may hold "." for the package itself.
    (cd "$root" && "$folder/bin/python" -m pip --disable-pip-version-check install --quiet "$@" </dev/null) ||
        { say_error "pip could not install into ${folder#"$root/"}"; return 1; }
    cat "$root/setup.cfg" "$root/pyproject.toml" >"$stamp"
}

# ensure_main_venv STAMP PIP_ARGUMENT...: the same for .venv, with the machine's first suitable Python.
ensure_main_venv() {
    local python=$root/.venv/bin/python
    if ! python_fits "$python" 3.11+; then
        python=$(find_python 3.11+ python3 python3.13 python3.12 python3.11) ||
            { say_error "Python 3.11 or newer is needed, and none was found"; return 1; }
        rm -rf "$root/.venv"
    fi
    ensure_venv "$root/.venv" "$python" "$@"
}
